// Package replication is the room of the service replication-manager. The
// service is not built: there is nothing here but this text, no program, and
// `lifeboat serve` refuses its name.
//
// It will compare the replication that the inventory wants of each VM with the
// one that hosts report, and bring the second to the first: enable, seed,
// extend, repair, resynchronize, remove. It will hold host keys of its own.
//
// It will hear the inventory's revisions and, to keep its hands off a VM that is
// in a run, lifeboat.failover.>. It will be the one writer of
// lifeboat.replication.<account>.<vm>.<event>; the family is reserved in
// lifeboat.io/events and has no event types yet.
//
// What this package is not: the reverse replication that ends a planned failover
// is a step of the run, and stays with failover-executor.
package replication
