// Package bus is lifeboat's event store and its nervous system, on NATS
// JetStream: an aggregate's events are appended with a compare-and-set,
// histories are read back, durable consumers hear of what others did, timers
// fire, leases spread work and what could not be handled is kept as a dead
// letter. A server is embedded by default; an external server or cluster is
// used when a URL is given.
//
// The promises, and where they are kept:
//
//   - An event that Append acknowledged is on disk, once, and its predecessor
//     is the one its writer had read (append.go). Correctness rests on this
//     alone, never on a lease or on the order of deliveries.
//   - Nothing waits silently for an absent bus: calls fail at once with
//     ErrAway, or end within a named window (publish.go).
//   - A stream whose settings would break a promise is refused at Open with
//     the difference shown (check.go).
//   - A handler's failure is retried a bounded number of times and then kept,
//     with its reason, where it can be listed and replayed (deadletter.go).
//
// Names of streams, subjects and headers, and every limit, stand in names.go
// and limits.go. CloudEvents are put into messages by package binding. Tests
// of other packages get a real bus from package bustest.
//
// What this package is not: there are no interfaces here, because there is one
// bus; it decides nothing about events and knows their types only as far as
// their subjects need.
package bus
