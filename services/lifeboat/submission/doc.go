// Package submission turns what an operator writes, as flags or in a file, into
// a submitted ticket: the same CloudEvent any ticket system would send.
//
// A submission is idempotent: its event's id is made from its content, so the
// same one sent twice is stored once, and ticket-intake answers a ticket's
// revision once however often it comes.
//
// What this package is not: it judges nothing. What is left out is looked up in
// the inventory where that leaves no doubt, and everything else is for
// ticket-intake to accept or refuse.
package submission
