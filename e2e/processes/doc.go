// Package processes kills real processes: the bus, ticket-intake and two
// executors, each by itself and at random moments with kill -9, while failovers
// run against the lab. Nothing may be lost and nothing may happen twice.
//
// What this package is not: it knows nothing of the inside of the programs. It
// submits tickets, reads the log as any consumer could, and compares with what
// the lab says really happened.
package processes
