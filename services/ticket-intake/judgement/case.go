package judgement

import (
	"slices"
	"time"

	"lifeboat.io/events"
	"lifeboat.io/pkg/inventory"
	"lifeboat.io/services/ticket-intake/ticket"
	"lifeboat.io/services/ticket-intake/vmruns"
)

// Case is everything a judgement rests on.
type Case struct {
	// Request is the ticket; of a malformed one, what could be read of it.
	Request events.Request
	// Malformed are the reasons why the ticket is not well-formed; none when it is.
	Malformed []events.Reason
	// Answer is the id the answer will have: AnswerID, or MalformedID.
	Answer string
	// SubmittedAt is when the ticket system submitted it.
	SubmittedAt time.Time
	// Inventory is what lifeboat looks after.
	Inventory *inventory.Inventory
	// Ticket is the ticket so far.
	Ticket ticket.Ticket
	// Target is the ticket that Refers names; empty when Refers is, or names the ticket itself.
	Target ticket.Ticket
	// VMs are the runs of the VMs that Reads lists, by VM id.
	VMs map[string]vmruns.VM
	// Now is the time.
	Now time.Time
}

// Verdict is the one thing to do next.
type Verdict struct {
	// Do is what.
	Do Doing
	// Event is the data to publish, when Do is Publish.
	Event any
	// ID is the id of that event.
	ID string
	// On is the ticket whose event it is.
	On events.TicketRef
}

// Doing is what a verdict asks for.
type Doing string

const (
	// Publish asks for Event to be appended to the ticket On.
	Publish Doing = "publish"
	// Rest means the ticket has its answer.
	Rest Doing = "rest"
	// GiveUp means the ticket has too many events to be answered with another one.
	GiveUp Doing = "give-up"
)

// MaxTicketEvents bounds how many events a ticket may have before further
// submissions of it are not answered any more. An honest ticket has a few for
// each of its VMs.
const MaxTicketEvents = 10_000

// self reports whether the request steers runs of its own ticket.
func (c Case) self() bool { return c.Request.Refers == "" || c.Request.Refers == c.Request.Ticket }

// target is the ticket whose runs the request steers.
func (c Case) target() ticket.Ticket {
	if c.self() {
		return c.Ticket
	}
	return c.Target
}

// targetNumber is the number of the ticket whose runs the request steers.
func (c Case) targetNumber() string {
	if c.self() {
		return c.Request.Ticket
	}
	return c.Request.Refers
}

// Reads lists the ids of the VMs whose runs a judgement of this case needs:
// those the request names and those of runs it may supersede or steer.
func Reads(c Case) []string {
	var ids []string
	if c.Request.Action.Starts() {
		for _, ref := range c.Request.VMs {
			if found := c.Inventory.FindVM(c.Request.Account, ref); found.Outcome == inventory.FoundVM {
				ids = append(ids, found.VM.ID)
			}
		}
	}
	for _, run := range c.target().Runs() {
		ids = append(ids, run.VM.ID)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
