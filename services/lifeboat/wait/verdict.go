package wait

import (
	"slices"
	"strings"

	"lifeboat.io/events"
	"lifeboat.io/services/ticket-intake/ticket"
	"lifeboat.io/services/ticket-intake/vmruns"
)

// Outcome is how the waiting for a ticket, or for one of its VMs, came out.
type Outcome string

const (
	// Pending means there is more to wait for.
	Pending Outcome = "pending"
	// Done means everything asked was done.
	Done Outcome = "done"
	// Open means it was done as far as it goes without a cleanup or a commit.
	Open Outcome = "open"
	// Held means a person must decide.
	Held Outcome = "held"
	// Refused means nothing was done.
	Refused Outcome = "refused"
	// Withdrawn means it was cancelled, or a newer revision took its place.
	Withdrawn Outcome = "withdrawn"
	// Failed means it ended without what was asked.
	Failed Outcome = "failed"
	// Partial means the VMs of the ticket came out differently.
	Partial Outcome = "partial"
)

// Values implements events.Enum.
func (Outcome) Values() []events.Value {
	return []events.Value{
		{Name: string(Pending), Doc: "There is more to wait for."},
		{Name: string(Done), Doc: "Everything asked was done and verified."},
		{Name: string(Open), Doc: "Done as far as it goes without a cleanup or a commit."},
		{Name: string(Held), Doc: "A person must decide."},
		{Name: string(Refused), Doc: "Nothing was done."},
		{Name: string(Withdrawn), Doc: "It was cancelled, or a newer revision took its place."},
		{Name: string(Failed), Doc: "It ended without what was asked."},
		{Name: string(Partial), Doc: "The VMs of the ticket came out differently."},
	}
}

// Item is how one VM of the ticket came out.
type Item struct {
	// VM and Run say which.
	VM  events.VMRef
	Run string
	// Outcome is how.
	Outcome Outcome
	// Phase is where its run stands, when it has one.
	Phase vmruns.Phase
	// Kind is which failover its run is, and Ticket the one that asked for it.
	Kind   events.Kind
	Ticket events.TicketRef
	// Hold is the question, when it is held.
	Hold *events.FailoverHeld
	// Reasons say why it was refused, when it was.
	Reasons []events.Reason
	// Sentence tells it for a person.
	Sentence string
}

// Verdict is where the ticket stands.
type Verdict struct {
	// Outcome sums the items up; Pending until the waiting is over.
	Outcome Outcome
	// Reasons say why the ticket was refused as a whole.
	Reasons []events.Reason
	// Items are its VMs.
	Items []Item
}

// Verdict says where the ticket stands.
func (w *Wait) Verdict() Verdict {
	revision, _ := w.ticket.Revision(w.ref.Revision)
	if !w.Answered() {
		return Verdict{Outcome: Pending}
	}
	for _, d := range revision.Disputes {
		if d.ID == w.content && d.Refused != nil {
			return refusal(d.Refused)
		}
	}
	if revision.Refused != nil {
		return refusal(revision.Refused)
	}
	var v Verdict
	for _, answer := range revision.Accepted.Items {
		v.Items = append(v.Items, w.item(revision, answer))
	}
	v.Outcome = w.sum(v.Items)
	return v
}

func refusal(r *events.TicketRefused) Verdict {
	v := Verdict{Outcome: Refused, Reasons: r.Reasons}
	for _, item := range r.Items {
		v.Items = append(v.Items, refused(item))
	}
	return v
}

// refused is a VM that was refused at intake.
func refused(answer events.Item) Item {
	lines := make([]string, len(answer.Reasons))
	for i, r := range answer.Reasons {
		lines[i] = r.String()
	}
	return Item{VM: answer.VM, Run: answer.Run, Outcome: Refused, Reasons: answer.Reasons, Sentence: strings.Join(lines, " | ")}
}

// item is where one VM of an accepted revision stands.
func (w *Wait) item(r ticket.Revision, answer events.Item) Item {
	if !answer.Accepted() {
		return refused(answer)
	}
	run := w.vms[answer.VM.ID].Runs[answer.Run]
	i := Item{VM: answer.VM, Run: answer.Run, Phase: run.Phase, Kind: run.Kind, Ticket: run.Ticket, Hold: run.Hold}
	if r.Accepted.Action.Starts() {
		i.Outcome, i.Sentence = started(r, run)
	} else {
		i.Outcome, i.Sentence = w.steering(r, answer.Run, run)
	}
	if i.Outcome == Refused {
		i.Reasons = w.refusals[answer.Run]
	}
	return i
}

// started is where a run stands for the revision that asked for it.
func started(r ticket.Revision, run vmruns.Run) (Outcome, string) {
	switch {
	case run.Began() || run.Over():
		return standing(run)
	case r.SupersededBy > 0:
		return Withdrawn, "superseded before it began"
	case r.Cancelled != nil:
		return Withdrawn, "withdrawn before it began"
	default:
		return Pending, "has not begun"
	}
}

// standing is where a run stands by itself.
func standing(run vmruns.Run) (Outcome, string) {
	switch {
	case run.Hold != nil:
		return Held, run.Hold.Why
	case run.Outcome == events.OutcomeSucceeded:
		return Done, run.Sentence
	case run.Outcome == events.OutcomeRefused:
		return Refused, run.Sentence
	case run.Outcome == events.OutcomeCancelled:
		return Withdrawn, run.Sentence
	case run.Over():
		return Failed, run.Sentence
	case run.Phase == vmruns.AwaitingCleanup:
		return Open, "the test VM is up and awaits a cleanup"
	case run.Phase == vmruns.AwaitingCommit:
		return Open, "the replica runs and awaits a commit"
	default:
		return Pending, string(run.Phase)
	}
}

// steering is where the wish to steer a run stands. It has come to rest when the
// run has, after the wish was heard.
func (w *Wait) steering(r ticket.Revision, id string, run vmruns.Run) (Outcome, string) {
	answer, heard := run.Steering[w.ref]
	switch {
	case w.withdrew(r, id) && !run.Began():
		return Done, "withdrawn before it began"
	case heard && answer.Refused:
		return Refused, answer.Sentence
	case !heard:
		return Pending, "not heard yet"
	}
	outcome, sentence := standing(run)
	if outcome == Withdrawn && undoes(r.Accepted.Request) || outcome == Failed && r.Accepted.Choice == events.ChoiceAbandon {
		return Done, sentence // it ended as it was told to
	}
	return outcome, sentence
}

// undoes reports whether a ticket asks for a run to be taken back.
func undoes(r events.Request) bool {
	return r.Action == events.ActionCancel || r.Choice == events.ChoiceCancel
}

// withdrew reports whether the ticket kept a run from beginning.
func (w *Wait) withdrew(r ticket.Revision, run string) bool {
	return slices.ContainsFunc(w.steered(r).Runs(), func(t ticket.Run) bool { return t.ID == run && t.WithdrawnBy == w.ref })
}

// sum is the outcome of all VMs together.
func (w *Wait) sum(items []Item) Outcome {
	count := map[Outcome]int{}
	for _, i := range items {
		count[i.Outcome]++
	}
	all := func(outcomes ...Outcome) bool {
		n := 0
		for _, o := range outcomes {
			n += count[o]
		}
		return n == len(items)
	}
	switch {
	case count[Pending] > 0, w.until == UntilClosed && count[Held]+count[Open] > 0:
		return Pending
	case count[Held] > 0:
		return Held
	case all(Done):
		return Done
	case all(Done, Open):
		return Open
	case all(Refused):
		return Refused
	case all(Withdrawn):
		return Withdrawn
	case all(Failed):
		return Failed
	default:
		return Partial
	}
}
