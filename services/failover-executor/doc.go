// Package executor is the service failover-executor: it carries accepted
// tickets out on the hosts, one run at a time per VM, and records every step.
// It is the one writer of the failover family and holds the host keys.
//
// What is done next is decided by package run; this package is the shell around
// it. It hears accepted tickets, keeps one worker per VM that has something to
// do, and each worker does what the core asks: append an event, look at hosts,
// ask one effect, wait. A run's state is nowhere but in the log, so a process
// that dies loses nothing: whoever starts next reads the log and goes on.
//
// Several executors may run. A lease per VM keeps them out of each other's way;
// that no two of them carry out the same step is kept by the log's expected
// sequence, not by the lease.
//
// What this package is not: it decides nothing about a run and judges no
// ticket.
package executor
