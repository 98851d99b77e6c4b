// Package documents renders what stands beside the event structs for readers
// who do not write Go: a JSON Schema per event type, the catalogue and the
// AsyncAPI document. The structs, their comments and the tables of package
// events are the source; nothing here adds to the contract.
//
// What this package is not: it validates nothing (that is package contract),
// and no service imports it. It is for the program contractgen and for the
// test that finds stale files. The golden examples are not rendered: they are
// written by hand, so that a change that breaks readers fails a test instead of
// rewriting them.
package documents
