package wait

import (
	"lifeboat.io/events"
	"lifeboat.io/services/lifeboat/view"
	"lifeboat.io/services/ticket-intake/judgement"
	"lifeboat.io/services/ticket-intake/ticket"
	"lifeboat.io/services/ticket-intake/vmruns"
)

// Until is how long to wait.
type Until string

const (
	// UntilRest waits until nothing more happens without somebody asking for it.
	UntilRest Until = "rest"
	// UntilClosed waits for the end of every run, through holds and open windows.
	UntilClosed Until = "closed"
)

// Values implements events.Enum.
func (Until) Values() []events.Value {
	return []events.Value{
		{Name: string(UntilRest), Doc: "Until every VM has ended, waits for a person, or waits for a cleanup or a commit."},
		{Name: string(UntilClosed), Doc: "Until every VM's run has ended."},
	}
}

// Wait is the waiting for one revision of a ticket.
type Wait struct {
	account string
	ref     events.TicketRef
	until   Until
	// content is the id of the answer to the content that was submitted; empty
	// when whatever came first under the number is waited for.
	content string

	// ticket is the ticket's own state, target that of another one it refers to.
	ticket, target ticket.Ticket
	vms            map[string]vmruns.VM
	// refusals are the reasons of the executor, by run, when it refuses what the
	// ticket asks for.
	refusals map[string][]events.Reason
	// seen is how far each aggregate was taken in.
	seen map[events.Aggregate]uint64
	// answer is where the ticket's answer stands in the log; 0 before.
	answer uint64
}

// New waits for a revision of a ticket of an account.
func New(account string, ref events.TicketRef, until Until) *Wait {
	return &Wait{account: account, ref: ref, until: until, vms: map[string]vmruns.VM{}, refusals: map[string][]events.Reason{}, seen: map[events.Aggregate]uint64{}}
}

// Submitted makes it the waiting for the answer to this very content: another
// one may have come before under the same number, and have its answer.
func (w *Wait) Submitted(r events.Request) { w.content = judgement.AnswerID(r) }

// Aggregate is the ticket waited for.
func (w *Wait) Aggregate() events.Aggregate { return w.aggregate(w.ref.Ticket) }

func (w *Wait) aggregate(number string) events.Aggregate {
	return events.Aggregate{Family: events.FamilyTicket, Account: w.account, ID: events.TicketID(w.ref.System, number)}
}

// Reads lists what decides about the waiting, once the ticket has its answer:
// the ticket, the one it refers to, and the VMs of its runs.
func (w *Wait) Reads() []events.Aggregate {
	reads := []events.Aggregate{w.Aggregate()}
	revision, ok := w.ticket.Revision(w.ref.Revision)
	if !ok || revision.Accepted == nil {
		return reads
	}
	if refers := revision.Accepted.Refers; refers != "" && refers != w.ref.Ticket {
		reads = append(reads, w.aggregate(refers))
	}
	for _, item := range revision.Accepted.Items {
		if item.Accepted() {
			reads = append(reads, events.Aggregate{Family: events.FamilyFailover, Account: w.account, ID: item.VM.ID})
		}
	}
	return reads
}

// Answered reports whether the ticket has its answer.
func (w *Wait) Answered() bool {
	r, ok := w.ticket.Revision(w.ref.Revision)
	return ok && (w.content == "" || r.Answers(w.content))
}

// Apply takes in an event; an aggregate's events come in order, and one that was
// taken in before changes nothing. It reports whether the event is worth a line
// to whoever waits: what happens to the ticket itself, and to its runs.
func (w *Wait) Apply(e view.Event) (news bool) {
	if e.Seq <= w.seen[e.Aggregate] || e.Aggregate.Account != w.account {
		return false
	}
	w.seen[e.Aggregate] = e.Seq
	switch e.Aggregate.Family {
	case events.FamilyFailover:
		w.vms[e.Aggregate.ID] = w.vms[e.Aggregate.ID].Apply(e.Data)
		if d, ok := e.Data.(*events.FailoverRefused); ok && d.By == w.ref {
			w.refusals[d.Run] = d.Reasons
		}
		return w.runs(e)
	case events.FamilyTicket:
		fact := ticket.Event{Seq: e.Seq, ID: e.ID, At: e.At, Data: e.Data}
		if e.Aggregate != w.Aggregate() {
			w.target = w.target.Apply(fact)
			return false
		}
		w.ticket = w.ticket.Apply(fact)
		if w.answer == 0 && w.Answered() {
			w.answer = e.Seq
		}
		return w.speaks(e)
	}
	return false
}

// runs reports whether an event is about one of the ticket's runs, and came
// after the ticket: a run that is steered has a past of its own.
func (w *Wait) runs(e view.Event) bool {
	revision, ok := w.ticket.Revision(w.ref.Revision)
	if !ok || revision.Accepted == nil || e.Seq < w.answer {
		return false
	}
	for _, item := range revision.Accepted.Items {
		if item.Run != "" && item.Run == e.Run.Run {
			return true
		}
	}
	return false
}

// speaks reports whether a ticket event says what neither the runs nor the
// verdict say better. A refusal of the ticket is the verdict.
func (w *Wait) speaks(e view.Event) bool {
	switch d := e.Data.(type) {
	case *events.TicketAccepted:
		return d.Revision == w.ref.Revision && (w.content == "" || e.ID == w.content)
	case *events.TicketSuperseded:
		return d.Revision == w.ref.Revision
	case *events.TicketCancelled:
		return d.Revision == w.ref.Revision
	default:
		return false
	}
}

// steered is the ticket whose runs a steering ticket is about.
func (w *Wait) steered(r ticket.Revision) ticket.Ticket {
	if r.Accepted.Refers == "" || r.Accepted.Refers == w.ref.Ticket {
		return w.ticket
	}
	return w.target
}
