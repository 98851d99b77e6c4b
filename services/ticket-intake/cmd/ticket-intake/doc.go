// Command ticket-intake runs lifeboat's front door by itself, on an external
// bus; `lifeboat serve` runs it together with the other services.
//
//	ticket-intake -config ticket-intake.yaml
//
// When it is ready it prints one line of JSON on standard output, with the
// addresses of HTTP and of its health; logs go to standard error. It ends in
// order on SIGINT and SIGTERM.
//
// What this package is not: there is nothing here but the wiring.
package main
