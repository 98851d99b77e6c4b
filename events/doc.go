// Package events is the contract between lifeboat and everybody who listens to
// it: every event type with its Go struct, its place in the subject tree, its
// one writer and a sentence a person can read.
//
// An event is a CloudEvents 1.0 event whose data is one of the structs here,
// as JSON. It is published once, on the subject
//
//	lifeboat.<family>.<account>.<id>.<event>
//
// and it is the change of state it tells of: state is the fold of events, and
// nothing else is stored. The schemas (JSON Schema 2020-12), golden examples,
// the catalogue and the AsyncAPI document beside this file are generated from
// the structs and checked against them.
//
// What this package is not: it opens no connection, reads no clock, and knows
// nothing of NATS. Binding to the bus is pkg/bus; deciding what to publish is
// each service's own core.
package events
