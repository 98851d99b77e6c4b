// Package intake is lifeboat's front door: every request becomes a judged
// ticket. Tickets come in over the bus, into the inbox of their account, and
// over HTTP, as CloudEvents. Each is answered on the log, once: accepted with
// the run of every VM, or refused with every reason. After that the ticket is
// told how its runs go on, and how they ended.
//
// What is decided stands in three packages that touch nothing: ticket folds
// what was answered, judgement decides the answer, progress what is passed on.
// This package reads for them and writes what they say.
//
// What this package is not: it holds no key to any host and never talks to
// one. What it accepts, failover-executor carries out, having looked at the
// hosts.
package intake
