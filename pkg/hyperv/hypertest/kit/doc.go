// Package kit is the conformance suite as a command, for whoever has two real
// Hyper-V hosts: it runs the suite of package hypertest and some trials of its
// own on throw-away VMs, records everything the hosts answered, compares it
// with what the simulated hosts answered to the same, and says which
// assumptions of docs/assumptions.md are confirmed or contradicted. docs/kit.md
// tells how to use it.
//
// It is safe by construction, in this order: a VM must be named in the
// configuration; its name must begin with hypertest.Mark; its Notes must hold
// the line Marker on both hosts, before anything and again before each case; it
// must be in the starting state; a person must say yes. Every call passes a
// guard that lets nothing through to any other VM. Whatever is done is undone,
// after each case and also when the run is interrupted, and what could not be
// undone is said. Every wait is bounded.
//
// A failover that is completed cannot be cancelled; the way back is to reverse,
// to seed the other copy and to fail over once more. The case that completes
// one comes last, and only after that way was gone once from a point where it
// could still have been turned round.
//
// What this package is not: a test of Hyper-V, or of load.
package kit
