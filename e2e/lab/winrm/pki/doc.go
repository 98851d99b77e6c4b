// Package pki makes the certificates of simulated hosts and their clients:
// an authority, host certificates that fit, are expired or name another host,
// and client certificates that carry a Windows user principal name.
//
// What it is not: a certificate authority for anything real. Keys live in
// memory, nothing is revoked, serial numbers are random.
package pki
