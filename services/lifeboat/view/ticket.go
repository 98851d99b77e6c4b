package view

import (
	"maps"
	"slices"
	"time"

	"lifeboat.io/events"
	"lifeboat.io/services/ticket-intake/ticket"
)

// Ticket is one ticket as it stands.
type Ticket struct {
	// ID is the ticket's aggregate id, <system>~<ticket>.
	ID string `json:"id"`
	// System, Ticket and Account say which it is.
	System  string `json:"system"`
	Ticket  string `json:"ticket"`
	Account string `json:"account"`
	// ChangedAt is when it was last heard of, News what was heard.
	ChangedAt time.Time `json:"changedAt"`
	News      string    `json:"news"`
	// Revisions are its answered revisions, lowest number first.
	Revisions []Revision `json:"revisions"`
	// Trace is the id of its trace; empty when it was not traced.
	Trace string `json:"trace,omitempty"`
}

// Revision is one answered revision of a ticket.
type Revision struct {
	// Revision is its number, Action what it asked for, Status where it stands.
	Revision int           `json:"revision"`
	Action   events.Action `json:"action,omitempty"`
	Status   ticket.Status `json:"status"`
	// AnsweredAt is when it was answered.
	AnsweredAt time.Time `json:"answeredAt"`
	// Request is what was asked; nil when it was refused, for a refusal does not repeat it.
	Request *events.Request `json:"request,omitempty"`
	// Reasons say why it was refused as a whole.
	Reasons []events.Reason `json:"reasons,omitempty"`
	// Items are the answers for each VM.
	Items []events.Item `json:"items,omitempty"`
	// SupersededBy is the revision that took its place.
	SupersededBy int `json:"supersededBy,omitempty"`
	// Cancelled tells who withdrew it.
	Cancelled *events.TicketCancelled `json:"cancelled,omitempty"`
	// Progress is what was last heard of each run.
	Progress []events.TicketProgressed `json:"progress,omitempty"`
	// Closed is the last word.
	Closed *events.TicketClosed `json:"closed,omitempty"`
}

// TicketOf folds a ticket's events, in order. ok is false when there are none.
func TicketOf(history []Event) (t Ticket, ok bool) {
	if len(history) == 0 {
		return Ticket{}, false
	}
	folded := ticket.Fold(TicketEvents(history))
	first, last := history[0], history[len(history)-1]
	t = Ticket{ID: first.Aggregate.ID, Account: first.Aggregate.Account, ChangedAt: last.At, News: last.Sentence}
	t.System, t.Ticket = SplitTicket(t.ID)
	for _, e := range history {
		if t.Trace == "" {
			t.Trace = e.Trace
		}
	}
	for _, r := range folded.Revisions {
		t.Revisions = append(t.Revisions, revisionOf(r))
	}
	return t, true
}

// TicketEvents is a history as package ticket folds it.
func TicketEvents(history []Event) []ticket.Event {
	out := make([]ticket.Event, len(history))
	for i, e := range history {
		out[i] = ticket.Event{Seq: e.Seq, ID: e.ID, At: e.At, Data: e.Data}
	}
	return out
}

func revisionOf(r ticket.Revision) Revision {
	v := Revision{
		Revision: r.Number, Status: r.Status, AnsweredAt: r.AnsweredAt,
		SupersededBy: r.SupersededBy, Cancelled: r.Cancelled, Closed: r.Closed,
	}
	switch {
	case r.Accepted != nil:
		v.Action, v.Items, v.Request = r.Accepted.Action, r.Accepted.Items, &r.Accepted.Request
	case r.Refused != nil:
		v.Action, v.Items, v.Reasons = r.Refused.Action, r.Refused.Items, r.Refused.Reasons
	}
	for _, run := range slices.Sorted(maps.Keys(r.Progress)) {
		v.Progress = append(v.Progress, r.Progress[run])
	}
	return v
}

// Latest is the answered revision with the highest number.
func (t Ticket) Latest() (Revision, bool) {
	if len(t.Revisions) == 0 {
		return Revision{}, false
	}
	return t.Revisions[len(t.Revisions)-1], true
}

// Status is where the latest revision stands: its outcome once it is closed.
func (t Ticket) Status() string {
	latest, ok := t.Latest()
	switch {
	case !ok:
		return ""
	case latest.Closed != nil:
		return string(latest.Closed.Outcome)
	case latest.Held():
		return string(events.ProgressHeld)
	default:
		return string(latest.Status)
	}
}

// Over reports whether nothing more comes of the ticket by itself.
func (t Ticket) Over() bool {
	latest, ok := t.Latest()
	return ok && latest.Status != ticket.Accepted
}

// Held reports whether one of the revision's runs waits for a decision.
func (r Revision) Held() bool {
	return r.Closed == nil && slices.ContainsFunc(r.Progress, func(p events.TicketProgressed) bool { return p.Progress == events.ProgressHeld })
}

// Runs lists the runs a ticket's revisions began or steer, without repetition.
func (t Ticket) Runs() []string {
	var ids []string
	for _, r := range t.Revisions {
		for _, i := range r.Items {
			if i.Run != "" && !slices.Contains(ids, i.Run) {
				ids = append(ids, i.Run)
			}
		}
	}
	return ids
}

// SplitTicket splits a ticket's aggregate id into its system and its number.
// An id without a tilde, which nothing writes, is all number.
func SplitTicket(id string) (system, number string) {
	for i := range len(id) {
		if id[i] == '~' {
			return id[:i], id[i+1:]
		}
	}
	return "", id
}
