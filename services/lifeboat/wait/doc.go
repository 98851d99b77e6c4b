// Package wait decides when somebody who waits for a ticket need not wait any
// longer, and how it came out: told the events of the ticket and of the VMs its
// runs are on, it says what is worth a line and, in the end, the verdict.
//
// A ticket comes to rest when each of its VMs has ended, waits for a person, or
// waits for somebody's cleanup or commit. Whoever wants to wait through that
// says so with UntilClosed. Whoever knows what was submitted waits for the answer
// to that: another content may have come before under the same number.
//
// What this package is not: it hears nothing itself, reads no clock, and prints
// nothing.
package wait
