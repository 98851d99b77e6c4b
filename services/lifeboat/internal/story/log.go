package story

import (
	"context"
	"fmt"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"lifeboat.io/events"
	"lifeboat.io/pkg/bus"
	"lifeboat.io/pkg/contract"
	"lifeboat.io/services/lifeboat/view"
)

// Account is whose log it is.
const Account = "acme"

// Log is a log that is being written.
type Log struct {
	// Now is the time of the next event.
	Now time.Time

	entries []entry
	counts  map[events.Aggregate]uint64
}

type entry struct {
	agg   events.Aggregate
	event event.Event
}

// After lets time pass.
func (l *Log) After(d time.Duration) *Log {
	l.Now = l.Now.Add(d)
	return l
}

// Add records data, one of the structs of package events, as an event of the
// ticket or VM it is about.
func (l *Log) Add(data any) *Log {
	agg, correlation := place(data)
	if l.counts == nil {
		l.counts = map[events.Aggregate]uint64{}
	}
	l.counts[agg]++
	e, err := events.New(agg, events.Meta{
		ID: fmt.Sprintf("e-%04d", len(l.entries)+1), Source: agg.Family.Source(), Time: l.Now,
		Sequence: l.counts[agg], Correlation: correlation,
		TraceParent: "00-b94ff96c14dcdeb0191e9f043e104b33-ab972bbce3910387-01",
	}, data)
	if err == nil {
		err = contract.Validate(e)
	}
	if err != nil {
		panic("story: " + err.Error())
	}
	l.entries = append(l.entries, entry{agg, e})
	return l
}

// place finds the aggregate and the ticket of an event's data.
func place(data any) (events.Aggregate, string) {
	ticket := func(ref events.TicketRef) (events.Aggregate, string) {
		return events.Aggregate{Family: events.FamilyTicket, Account: Account, ID: ref.Aggregate()}, ref.Aggregate()
	}
	switch d := data.(type) {
	case events.TicketAccepted:
		return ticket(d.TicketRef)
	case events.TicketRefused:
		return ticket(d.TicketRef)
	case events.TicketSuperseded:
		return ticket(d.TicketRef)
	case events.TicketCancelled:
		return ticket(d.TicketRef)
	case events.TicketProgressed:
		return ticket(d.TicketRef)
	case events.TicketClosed:
		return ticket(d.TicketRef)
	}
	ref := runRef(data)
	return events.Aggregate{Family: events.FamilyFailover, Account: Account, ID: ref.VM.ID}, ref.Ticket.Aggregate()
}

func runRef(data any) events.RunRef {
	switch d := data.(type) {
	case events.FailoverRefused:
		return d.RunRef
	case events.FailoverPlanned:
		return d.RunRef
	case events.StepStarted:
		return d.RunRef
	case events.StepDone:
		return d.RunRef
	case events.StepFailed:
		return d.RunRef
	case events.FailoverHeld:
		return d.RunRef
	case events.FailoverResumed:
		return d.RunRef
	case events.FailoverInstructed:
		return d.RunRef
	case events.FailoverAwaitingCleanup:
		return d.RunRef
	case events.FailoverAwaitingCommit:
		return d.RunRef
	case events.FailoverCommitted:
		return d.RunRef
	case events.FailoverCancelled:
		return d.RunRef
	case events.FailoverSucceeded:
		return d.RunRef
	case events.FailoverFailed:
		return d.RunRef
	case events.FailoverFenced:
		return d.RunRef
	}
	panic(fmt.Sprintf("story: %T is no event of a run", data))
}

// Events is the log as views read it; the sequence counts from 1.
func (l *Log) Events() []view.Event {
	out := make([]view.Event, len(l.entries))
	for i, e := range l.entries {
		out[i] = view.Of(uint64(i+1), e.event)
	}
	return out
}

// Of is the part of the log that one aggregate's history is.
func (l *Log) Of(agg events.Aggregate) []view.Event {
	var out []view.Event
	for _, e := range l.Events() {
		if e.Aggregate == agg {
			out = append(out, e)
		}
	}
	return out
}

// Record appends the log to a bus.
func (l *Log) Record(ctx context.Context, b *bus.Bus) error {
	last := map[events.Aggregate]uint64{}
	for _, e := range l.entries {
		seq, err := b.Append(ctx, e.agg, last[e.agg], e.event)
		if err != nil {
			return fmt.Errorf("story: %s: %w", e.event.ID(), err)
		}
		last[e.agg] = seq
	}
	return nil
}
