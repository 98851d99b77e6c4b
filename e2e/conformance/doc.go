// Package conformance holds the proof that the WinRM implementation of
// hyperv.Host does what the contract says, against the lab: its transport with
// every way to log on and every fault of the wire, and the conformance suite
// that simulated hosts pass as well.
//
// What this package is not: it has no code of its own besides tests.
package conformance
