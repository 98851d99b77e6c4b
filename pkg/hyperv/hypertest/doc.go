// Package hypertest is the conformance suite of hyperv.Host: what every
// implementation must answer, whatever is behind it. Simulated hosts pass it,
// and so does the WinRM implementation, against the lab and, for whoever has
// them, against two real Hyper-V hosts.
//
// A Fixture hands out pairs of hosts with a VM that replicates from one to the
// other. The suite drives that VM through everything the contract promises:
// each verb once with its effect, once more without, in states where it must
// refuse, on a VM that is not there; failovers of each kind and their cancel
// at each point; names that look like code; calls that are lost, late or
// denied.
//
// The suite stops, fails over and reverses the VM it is given. So that this is
// never a VM somebody needs, it refuses any whose name does not begin with
// Mark, and touches no other.
//
// What this package is not: a test of Hyper-V itself, of timing, or of load.
package hypertest
