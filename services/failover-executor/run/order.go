package run

import (
	"time"

	"lifeboat.io/events"
	"lifeboat.io/pkg/hyperv"
)

// Protection is what the inventory says of a VM: where its copies are and what
// its account wishes. Which copy is the primary is read from the hosts.
type Protection struct {
	// VM is the VM.
	VM events.VMRef
	// Hosts are the inventory names of its two hosts, the one it normally runs on first.
	Hosts [2]string
	// Receives tells how each of Hosts receives replication, in the same order.
	Receives [2]hyperv.ReplicaServer
	// Test are the test switches when the ticket names none.
	Test events.TestOptions
	// HoldOpen, CommitAfter and ShutdownGrace are the account's wishes; zero means Policy's.
	HoldOpen, CommitAfter, ShutdownGrace time.Duration
	// AtWindowEnd is the account's wish; empty means commit.
	AtWindowEnd events.WindowEnd
}

// Order is one accepted ticket as far as it concerns this VM.
type Order struct {
	// ID is the id of the accepted event; two deliveries of one ticket have the same.
	ID string
	// Ticket is the accepted ticket.
	Ticket events.TicketAccepted
	// Run is the run it begins or steers.
	Run string
	// AcceptedAt is the accepted event's time.
	AcceptedAt time.Time
	// Protection is the VM in the inventory.
	Protection Protection
	// Unknown tells that the inventory no longer has the VM or its hosts, and why.
	Unknown string
	// Withdrawn says why a ticket that was accepted must not begin any more; empty when it may.
	Withdrawn string
	// Since is when this process first considered the order.
	Since time.Time
}

// key identifies an order among the answers in a state.
func (o Order) key() string { return answerKey(o.Run, o.Ticket.TicketRef) }

// answerKey identifies the answer to a ticket revision about a run.
func answerKey(run string, by events.TicketRef) string { return run + " " + by.String() }

// ref is the run an order begins.
func (o Order) ref() events.RunRef {
	return events.RunRef{
		Account: o.Ticket.Account,
		Run:     o.Run,
		VM:      o.Protection.VM,
		Kind:    events.Kind(o.Ticket.Action),
		Ticket:  o.Ticket.TicketRef,
	}
}
