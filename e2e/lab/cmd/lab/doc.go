// Program lab runs a simulated world until it is interrupted: Hyper-V hosts
// with WinRM on loopback, a ticket system, and an HTTP API to put it all
// through something. When everything is up it prints one line of JSON.
//
// What it is not: it keeps nothing. Its world ends with it.
package main
