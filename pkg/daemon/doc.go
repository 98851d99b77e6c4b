// Package daemon is what every program of lifeboat shares: a strict reader of
// its configuration, its log, a group of parts that start and stop together,
// and the address that tells whether it lives and is ready.
//
// What this package is not: a framework. It knows no service and no bus; a
// main reads its configuration, makes its parts and gives them to Run.
package daemon
