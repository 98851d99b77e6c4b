package ticket

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"lifeboat.io/events"
)

// Ticket is the fold of one ticket's events.
type Ticket struct {
	// Seq is the stream sequence of its last event: what the next one expects. 0 without any.
	Seq uint64
	// Count is how many events it has.
	Count uint64
	// Revisions are the revisions that were answered, lowest number first.
	Revisions []Revision
	// causes are the ids of failover events that were passed on.
	causes map[cause]bool
}

// cause is a failover event passed on to a revision.
type cause struct {
	revision int
	event    string
}

// Revision is one answered revision of a ticket.
type Revision struct {
	// Number is the revision's number.
	Number int
	// Status is where it stands.
	Status Status
	// Answer is the id of the event that answered it first, and AnsweredAt that event's time.
	Answer     string
	AnsweredAt time.Time
	// Accepted is the answer when it was accepted.
	Accepted *events.TicketAccepted
	// Refused is the answer when it was refused.
	Refused *events.TicketRefused
	// SupersededBy is the revision that took its place; 0 when none did.
	SupersededBy int
	// Cancelled tells who withdrew it; nil when nobody did.
	Cancelled *events.TicketCancelled
	// Progress is what was passed on of each run last, by run.
	Progress map[string]events.TicketProgressed
	// Closed is the last word; nil before.
	Closed *events.TicketClosed
	// Disputes are the refusals of other contents that came under the same number.
	Disputes []Dispute
}

// Dispute is the refusal of another content under a number that had its answer.
type Dispute struct {
	// ID is the id of the event, At its time.
	ID string
	At time.Time
	// Refused is the refusal; nil for an answer of another kind, which is never given.
	Refused *events.TicketRefused
}

// Status is where a revision stands.
type Status string

const (
	// Accepted means its runs are to begin, or are under way.
	Accepted Status = "accepted"
	// Refused means nothing of it is done.
	Refused Status = "refused"
	// Superseded means a newer revision took its place.
	Superseded Status = "superseded"
	// Cancelled means it was withdrawn.
	Cancelled Status = "cancelled"
	// Closed means all its runs have ended.
	Closed Status = "closed"
)

// Values implements events.Enum.
func (Status) Values() []events.Value {
	return []events.Value{
		{Name: string(Accepted), Doc: "Accepted; its runs are to begin or are under way."},
		{Name: string(Refused), Doc: "Refused; nothing of it is done, and the reasons say what would make it acceptable."},
		{Name: string(Superseded), Doc: "A newer revision took its place before its runs began."},
		{Name: string(Cancelled), Doc: "Withdrawn; runs that had not begun will not begin."},
		{Name: string(Closed), Doc: "All its runs have ended."},
	}
}

// Event is one recorded ticket event.
type Event struct {
	// Seq is its stream sequence.
	Seq uint64
	// ID is its CloudEvents id.
	ID string
	// At is its time.
	At time.Time
	// Data is a pointer to its data struct, as events.Decode returns it.
	Data any
}

// Fold applies events in order to the ticket that has none.
func Fold(history []Event) Ticket {
	var t Ticket
	for _, e := range history {
		t = t.Apply(e)
	}
	return t
}

// Apply is the ticket after an event. The receiver is not changed. Events of
// types that a newer version writes change only Seq and Count.
func (t Ticket) Apply(e Event) Ticket {
	t.Seq, t.Count = e.Seq, t.Count+1
	t.Revisions = slices.Clone(t.Revisions)
	switch d := e.Data.(type) {
	case *events.TicketAccepted:
		t.answer(d.Revision, Revision{Status: Accepted, Answer: e.ID, AnsweredAt: e.At, Accepted: d})
	case *events.TicketRefused:
		t.answer(d.Revision, Revision{Status: Refused, Answer: e.ID, AnsweredAt: e.At, Refused: d})
	case *events.TicketSuperseded:
		t.change(d.Revision, func(r *Revision) { r.Status, r.SupersededBy = Superseded, d.By })
	case *events.TicketCancelled:
		t.change(d.Revision, func(r *Revision) { r.Status, r.Cancelled = Cancelled, d })
	case *events.TicketProgressed:
		t.causes = maps.Clone(t.causes)
		if t.causes == nil {
			t.causes = map[cause]bool{}
		}
		t.causes[cause{d.Revision, d.Cause}] = true
		t.change(d.Revision, func(r *Revision) {
			r.Progress = maps.Clone(r.Progress)
			if r.Progress == nil {
				r.Progress = map[string]events.TicketProgressed{}
			}
			r.Progress[d.Run] = *d
		})
	case *events.TicketClosed:
		t.change(d.Revision, func(r *Revision) { r.Status, r.Closed = Closed, d })
	}
	return t
}

// answer records the first answer to a revision, or that another content came
// under its number.
func (t *Ticket) answer(number int, r Revision) {
	at, known := t.find(number)
	if known {
		t.change(number, func(first *Revision) {
			first.Disputes = append(slices.Clip(first.Disputes), Dispute{r.Answer, r.AnsweredAt, r.Refused})
		})
		return
	}
	r.Number = number
	t.Revisions = slices.Insert(t.Revisions, at, r)
}

// change edits a revision that is known. The list was cloned by Apply.
func (t *Ticket) change(number int, edit func(*Revision)) {
	if at, known := t.find(number); known {
		edit(&t.Revisions[at])
	}
}

func (t Ticket) find(number int) (int, bool) {
	return slices.BinarySearchFunc(t.Revisions, number, func(r Revision, n int) int { return cmp.Compare(r.Number, n) })
}

// Revision finds the answer to a revision.
func (t Ticket) Revision(number int) (Revision, bool) {
	at, known := t.find(number)
	if !known {
		return Revision{}, false
	}
	return t.Revisions[at], true
}

// Latest is the answered revision with the highest number.
func (t Ticket) Latest() (Revision, bool) {
	if len(t.Revisions) == 0 {
		return Revision{}, false
	}
	return t.Revisions[len(t.Revisions)-1], true
}

// PassedOn reports whether a failover event was passed on to a revision.
func (t Ticket) PassedOn(revision int, event string) bool { return t.causes[cause{revision, event}] }

// Answers reports whether the event with this id answered the revision: at
// first, or as another content under its number.
func (r Revision) Answers(id string) bool {
	return r.Answer == id || slices.ContainsFunc(r.Disputes, func(d Dispute) bool { return d.ID == id })
}

// Run is a run that a ticket was accepted for.
type Run struct {
	// Revision is the revision that started it, and Status where that stands.
	Revision int
	Status   Status
	// WithdrawnBy is the ticket that withdrew it; zero when none did.
	WithdrawnBy events.TicketRef
	// Kind is which failover.
	Kind events.Kind
	// VM is the VM.
	VM events.VMRef
	// ID is the run.
	ID string
}

// Withdrawn reports whether the run must not begin any more, if it has not.
func (r Run) Withdrawn() bool {
	return r.Status == Superseded || r.WithdrawnBy != events.TicketRef{}
}

// Runs lists the runs the ticket's revisions were accepted for, oldest revision first.
func (t Ticket) Runs() []Run {
	var runs []Run
	for _, r := range t.Revisions {
		if r.Accepted == nil || !r.Accepted.Action.Starts() {
			continue
		}
		run := Run{Revision: r.Number, Status: r.Status, Kind: events.Kind(r.Accepted.Action)}
		if r.Cancelled != nil {
			run.WithdrawnBy = r.Cancelled.By
		}
		for _, item := range r.Accepted.Items {
			if item.Accepted() {
				run.VM, run.ID = item.VM, item.Run
				runs = append(runs, run)
			}
		}
	}
	return runs
}
