// Package wire carries one SOAP envelope to a WinRM endpoint and brings the
// answer back: HTTP, TLS, authentication and message sealing.
//
// Each Conn is one TCP connection at most, used by one request at a time, so
// that a security context belongs to a connection and nothing else. A request
// ends with its context, in whatever state it is, and an error says whether
// anything may have reached the host (Error.Sent). Nothing is ever sent in
// clear text that was to be sealed, no request follows a redirect or goes
// through a proxy, and no answer is longer than a limit.
//
// What this package is not: it does not know what an envelope says. That is
// package wsman.
package wire
