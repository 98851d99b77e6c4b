// Package admin is the lab's HTTP API, for people and programs that put a
// simulated world through something and ask what is really true in it. Bodies
// and answers are JSON; GET / lists what there is.
//
// Bad input is answered with status 400 and a problem that names the field, the
// value and the fix. What the world itself will not do is 409, a name that is
// not there 404, and a ticket that cannot be delivered 503.
//
// FAULTS.md lists every way a host can misbehave with the request for it.
//
// What this package is not: it has no log-on and is meant for loopback only.
package admin
