// Package hyperv says what lifeboat asks of a Hyper-V host: the verbs of
// interface Host, the typed answers they give and the classes their errors
// fall into. Names of states, modes and enumerations are Hyper-V's own.
//
// Every verb that changes something is an ensure: it reads the VM, acts only
// when the effect is not there yet, reads again and returns both readings, all
// in one visit to the host. Calling it a second time changes nothing.
//
// Two implementations exist and pass the same conformance suite (hypertest):
// winrm, which runs embedded PowerShell on real hosts, and hypersim, a
// simulated Hyper-V in memory.
//
// What this package is not: it decides nothing. Which verb is called when, and
// whether an outcome is acceptable, is the caller's.
package hyperv
