// Package judgement decides what is answered to a submitted ticket, as a pure
// function over values: the ticket, what the inventory says, what was answered
// to earlier revisions, how the runs of its VMs stand, and the time.
//
// Judge is asked again after every event it wanted published, with everything
// read anew, until it wants nothing more. That makes a crash between two
// events harmless, and it closes the gap between a run that begins and a
// ticket that is withdrawn: what was withdrawn is looked at once more before
// anything new is accepted.
//
// Every reason to refuse is given, not just the first, each with a code of
// enumeration Code. What can be seen from the ticket alone is package
// contract's to check; its reasons are passed in and given along. What only
// the hosts can tell is failover-executor's, who has the last word.
//
// What this package is not: it reads no clock, no file and no bus.
package judgement
