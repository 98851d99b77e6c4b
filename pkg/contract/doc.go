// Package contract holds events against their JSON Schemas: the ones lifeboat
// writes, so that a writer that broke the contract is found before its event is
// stored, and the tickets others submit, so that a refusal names every fault
// with its fix.
//
// What this package is not: it does not judge. Whether an account, a VM or a
// person is known, and whether the request may be carried out, is for
// ticket-intake. It does no I/O and reads no clock; the schemas are compiled in
// with package events. Rendering them is package documents and the program
// contractgen.
package contract
