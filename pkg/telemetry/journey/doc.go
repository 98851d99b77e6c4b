// Package journey carries a trace inside events. Where a journey began is
// written once into the first event's traceparent and tracestate extensions,
// and copied from event to event by whoever causes the next: so that work done
// hours later, after an approval or a restart, still leads back.
//
// What this package is not: the context of each single hop, which travels in
// message headers and is the bus's own affair.
package journey
