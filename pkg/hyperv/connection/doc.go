// Package connection makes connections to the hosts of an inventory: it is where
// what the inventory says of a host and its login becomes the settings of
// package winrm. Every program that holds host keys connects through it, so that
// all of them read secrets and certificates from the same places.
//
// What this package is not: it pools nothing and reconnects nothing. Whoever
// connects keeps the host, and closes it.
package connection
