package simulation

import (
	"fmt"
	"slices"
	"time"

	"lifeboat.io/events"
	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/services/failover-executor/run"
)

// desk is the ticket system and the people behind it: it asks for the
// failover, answers holds and windows, and changes its mind.
type desk struct {
	st      *Story
	runID   string
	seen    int // events of the run
	holds   int
	tickets int
	cancels bool
}

// letter is an order on its way.
type letter struct {
	at time.Time
	run.Order
}

// patience is how many holds people answer with "try again" before they want out.
const patience = 4

func newDesk(st *Story) *desk {
	d := &desk{st: st, runID: "r-simulated"}
	first := d.order(d.request(), 0)
	for i := range st.Schedule.Deliveries {
		again := first
		again.ID = fmt.Sprintf("%s-delivery-%d", first.ID, i)
		d.st.post = append(d.st.post, letter{st.Begun.Add(time.Duration(i) * time.Minute), again})
	}
	return d
}

// request is what the story begins with.
func (d *desk) request() events.Request {
	s := d.st.Schedule
	q := events.Request{Action: events.Action(s.Kind)}
	if s.Kind == events.KindUnplanned {
		q.Unplanned = &events.UnplannedOptions{ShutDownPrimary: s.ShutDownPrimary, CommitAfterMinutes: 30}
		if s.Override {
			q.Unplanned.Override = &events.Override{Person: someone, Reason: "I stand in front of it"}
		}
		if s.Older {
			q.RecoveryPoint = d.st.Begun.Add(-90 * time.Minute).UTC().Format(time.RFC3339)
		}
	}
	if s.Kind == events.KindTest {
		q.Test = &events.TestOptions{HoldOpenMinutes: 45}
	}
	return q
}

var someone = events.Person{Name: "Robin Example", Email: "robin@example.test"}

// order makes an accepted ticket out of a request.
func (d *desk) order(q events.Request, after time.Duration) run.Order {
	d.tickets++
	now := d.st.World.Now()
	q.TicketRef = events.TicketRef{System: "desk", Ticket: "T-1", Revision: d.tickets}
	q.Account, q.Requester = "acme", someone
	return run.Order{
		ID:         fmt.Sprintf("accepted-%d", d.tickets),
		Ticket:     events.TicketAccepted{Request: q, SubmittedAt: now},
		Run:        d.runID,
		AcceptedAt: now.Add(after),
		Protection: d.st.protection(),
	}
}

// protection is the VM as the inventory would have it.
func (st *Story) protection() run.Protection {
	return run.Protection{
		VM:    events.VMRef{ID: string(st.VM), Name: "vm1"},
		Hosts: [2]string{"p1", "r1"},
		Receives: [2]hyperv.ReplicaServer{
			{Server: "p1.hyperv.example", Port: 80, Authentication: hyperv.AuthKerberos},
			{Server: "r1.hyperv.example", Port: 80, Authentication: hyperv.AuthKerberos},
		},
		Test: events.TestOptions{Switch: "Isolated"},
	}
}

// send puts a request into the post.
func (d *desk) send(q events.Request, after time.Duration) {
	d.st.post = append(d.st.post, letter{d.st.World.Now().Add(after), d.order(q, after)})
}

// due are the orders that have arrived.
func (st *Story) due(now time.Time) []run.Order {
	var out []run.Order
	for _, l := range st.post {
		if !l.at.After(now) {
			out = append(out, l.Order)
		}
	}
	return out
}

// next is when the next order arrives that has not; zero when none is on its way.
func (st *Story) next() time.Time {
	var next time.Time
	for _, l := range st.post {
		if l.at.After(st.World.Now()) && (next.IsZero() || l.at.Before(next)) {
			next = l.at
		}
	}
	return next
}

// saw lets the people react to an event.
func (d *desk) saw(e run.Event) {
	s := d.st.Schedule
	d.seen++
	if s.CancelAfter > 0 && d.seen == s.CancelAfter {
		d.send(events.Request{Action: events.ActionCancel, Reason: "changed our mind"}, 0)
	}
	switch h := e.Data.(type) {
	case *events.FailoverAwaitingCleanup:
		d.window(events.ActionCleanup)
	case *events.FailoverAwaitingCommit:
		d.window(events.ActionCommit)
	case *events.FailoverHeld:
		d.holds++
		d.send(events.Request{Action: events.ActionResume, Choice: d.choose(h), Reason: "looked at it"}, time.Duration(d.holds)*5*time.Minute)
	}
}

// window answers a run that rests in a window.
func (d *desk) window(action events.Action) {
	switch d.st.Schedule.Answer {
	case AnswerTicket:
		d.send(events.Request{Action: action}, 2*time.Minute)
	case AnswerCancel:
		if !d.cancels {
			d.cancels = true
			d.send(events.Request{Action: events.ActionCancel, Reason: "we can do without"}, 2*time.Minute)
		}
	case AnswerDeadline:
	}
}

// choose answers a hold: somebody takes the responsibility when that is the
// question; otherwise it is tried again a few times, then taken back if that
// can be, then left.
func (d *desk) choose(h *events.FailoverHeld) events.Choice {
	order := []events.Choice{events.ChoiceRetry, events.ChoiceOverride, events.ChoiceAccept}
	if h.Code == "primary-silent" {
		order = []events.Choice{events.ChoiceOverride}
	}
	if d.holds > patience {
		order = []events.Choice{events.ChoiceCancel, events.ChoiceAbandon}
	}
	if d.holds > 2*patience {
		order = []events.Choice{events.ChoiceAbandon}
	}
	for _, c := range order {
		if slices.Contains(h.Choices, c) {
			return c
		}
	}
	return h.Choices[0]
}
