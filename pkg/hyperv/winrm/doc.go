// Package winrm is hyperv.Host over WinRM and PowerShell: the verbs of the
// contract, carried out on a real host by the embedded scripts of package
// script.
//
// A Host keeps at most three shells on its machine, each a lane: a
// powershell.exe that answers one request after another. Actions leave one of
// them to readings. Lanes are started when needed, closed when idle, and
// replaced after some use and after anything unexpected. A shell that a host in
// trouble could not delete is deleted when it answers again. What waits for a lane is bounded, a
// host that does not answer is asked only now and then until it does, and each
// call ends with its context within a second.
//
// Errors say what may be done about them (see classes.go), and above all
// whether something may have happened: a request that may have reached the
// host and was not answered is hyperv.ClassUnknown, whatever the reason.
//
// What this package is not: it decides nothing and repeats nothing that may
// have had an effect.
package winrm
