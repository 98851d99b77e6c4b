package progress

import (
	"strings"

	"lifeboat.io/events"
	"lifeboat.io/services/ticket-intake/ticket"
	"lifeboat.io/services/ticket-intake/vmruns"
)

// MayClose reports whether a failover event can be the one after which a ticket
// has its last word.
func MayClose(data any) bool {
	switch data.(type) {
	case *events.FailoverRefused, *events.FailoverResumed, *events.FailoverCommitted,
		*events.FailoverCancelled, *events.FailoverSucceeded, *events.FailoverFailed:
		return true
	}
	return false
}

// Open reports whether a revision waits for its last word.
func Open(t ticket.Ticket, number int) bool {
	revision, ok := t.Revision(number)
	return ok && revision.Accepted != nil && revision.Closed == nil
}

// Target is the number of the ticket whose runs a revision is about.
func Target(t ticket.Ticket, ref events.TicketRef) string {
	if revision, ok := t.Revision(ref.Revision); ok && revision.Accepted != nil && revision.Accepted.Refers != "" {
		return revision.Accepted.Refers
	}
	return ref.Ticket
}

// Reads lists the ids of the VMs that a revision's last word depends on.
func Reads(t ticket.Ticket, number int) []string {
	revision, _ := t.Revision(number)
	if revision.Accepted == nil {
		return nil
	}
	var ids []string
	for _, item := range revision.Accepted.Items {
		if item.Accepted() {
			ids = append(ids, item.VM.ID)
		}
	}
	return ids
}

// Settled reports whether the part of a revision that is about one VM has
// ended. As long as it has not for one of them, there is no last word.
func Settled(t, target ticket.Ticket, ref events.TicketRef, id string, vm vmruns.VM) bool {
	revision, _ := t.Revision(ref.Revision)
	if revision.Accepted == nil {
		return false
	}
	for _, item := range revision.Accepted.Items {
		if item.Accepted() && item.VM.ID == id {
			if _, ok := itemEnd(revision, target, ref, item, vm); !ok {
				return false
			}
		}
	}
	return true
}

// Closed is the last word on a ticket's revision. There is none as long as one
// of its VMs has none, and none twice. target is the ticket whose runs it is
// about: t itself unless it refers to another.
func Closed(t, target ticket.Ticket, ref events.TicketRef, vms map[string]vmruns.VM) (*events.TicketClosed, bool) {
	if !Open(t, ref.Revision) {
		return nil, false
	}
	revision, _ := t.Revision(ref.Revision)
	closed := &events.TicketClosed{TicketRef: ref}
	for _, item := range revision.Accepted.Items {
		end := ending{outcome: events.OutcomeRefused, sentence: reasons(item.Reasons)}
		if item.Accepted() {
			var ok bool
			if end, ok = itemEnd(revision, target, ref, item, vms[item.VM.ID]); !ok {
				return nil, false
			}
		}
		closed.Items = append(closed.Items, end.item(item))
	}
	closed.Outcome = sum(closed.Items)
	return closed, true
}

// ending is how the part of a revision that is about one VM ended.
type ending struct {
	outcome  events.Outcome
	sentence string
	// measured is set when a run that the revision asked for succeeded.
	measured *events.FailoverSucceeded
}

// item is the ending in a ticket's last word.
func (e ending) item(of events.Item) events.ClosedItem {
	last := events.ClosedItem{VM: of.VM, Run: of.Run, Outcome: e.outcome, Sentence: e.sentence}
	if e.measured != nil {
		last.RTOMillis, last.DataLoss = e.measured.RTO.Millis, &e.measured.DataLoss
	}
	return last
}

// itemEnd is how one accepted VM of a revision ended, if it has.
func itemEnd(revision ticket.Revision, target ticket.Ticket, ref events.TicketRef, item events.Item, vm vmruns.VM) (ending, bool) {
	run := vm.Runs[item.Run]
	if revision.Accepted.Action.Starts() {
		return runEnd(revision, run)
	}
	return steeringEnd(revision.Accepted.Action, ref, run, withdrew(target, item.Run, ref))
}

// runEnd is how a run ended for the revision that asked for it.
func runEnd(revision ticket.Revision, run vmruns.Run) (ending, bool) {
	switch {
	case run.Over():
		return ending{run.Outcome, run.Sentence, run.Measured}, true
	case !run.Began() && revision.SupersededBy > 0:
		return ending{outcome: events.OutcomeCancelled, sentence: "superseded before it began"}, true
	case !run.Began() && revision.Cancelled != nil:
		return ending{outcome: events.OutcomeCancelled, sentence: "withdrawn before it began"}, true
	}
	return ending{}, false
}

// withdrew reports whether the ticket by kept the run from beginning.
func withdrew(target ticket.Ticket, run string, by events.TicketRef) bool {
	for _, r := range target.Runs() {
		if r.ID == run && r.WithdrawnBy == by {
			return true
		}
	}
	return false
}

// steeringEnd is how the wish to steer a run ended for the ticket that had it.
func steeringEnd(action events.Action, by events.TicketRef, run vmruns.Run, withdrew bool) (ending, bool) {
	end := func(outcome events.Outcome, sentence string) (ending, bool) {
		return ending{outcome: outcome, sentence: sentence}, true
	}
	answer, answered := run.Steering[by]
	switch {
	case withdrew && !run.Began():
		return end(events.OutcomeSucceeded, "withdrawn before it began")
	case answered && answer.Refused:
		return end(events.OutcomeRefused, answer.Sentence)
	case answered && answer.Decided:
		return end(events.OutcomeSucceeded, answer.Sentence)
	case !answered:
		return ending{}, false
	case action == events.ActionCommit && run.Committed != "":
		return end(events.OutcomeSucceeded, run.Committed)
	case !run.Over():
		return ending{}, false
	case action == events.ActionCancel && run.Outcome == events.OutcomeCancelled:
		return end(events.OutcomeSucceeded, run.Sentence)
	case action == events.ActionCancel:
		return end(events.OutcomeFailed, run.Sentence)
	default:
		return end(run.Outcome, run.Sentence)
	}
}

// sum is the outcome of all items together.
func sum(items []events.ClosedItem) events.Outcome {
	outcome := events.OutcomeMixed
	for i, item := range items {
		if i > 0 && item.Outcome != outcome {
			return events.OutcomeMixed
		}
		outcome = item.Outcome
	}
	return outcome
}

func reasons(rs []events.Reason) string {
	lines := make([]string, len(rs))
	for i, r := range rs {
		lines[i] = r.String()
	}
	return strings.Join(lines, " | ")
}
