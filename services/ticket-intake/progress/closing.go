package progress

import (
	"strings"

	"lifeboat.io/events"
	"lifeboat.io/services/ticket-intake/ticket"
	"lifeboat.io/services/ticket-intake/vmruns"
)

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
		last := events.ClosedItem{VM: item.VM, Run: item.Run, Outcome: events.OutcomeRefused, Sentence: reasons(item.Reasons)}
		if item.Accepted() {
			outcome, sentence, ok := itemEnd(revision, target, ref, item, vms[item.VM.ID])
			if !ok {
				return nil, false
			}
			last.Outcome, last.Sentence = outcome, sentence
		}
		closed.Items = append(closed.Items, last)
	}
	closed.Outcome = sum(closed.Items)
	return closed, true
}

// itemEnd is how one accepted VM of a revision ended, if it has.
func itemEnd(revision ticket.Revision, target ticket.Ticket, ref events.TicketRef, item events.Item, vm vmruns.VM) (events.Outcome, string, bool) {
	run := vm.Runs[item.Run]
	if revision.Accepted.Action.Starts() {
		return runEnd(revision, run)
	}
	return steeringEnd(revision.Accepted.Action, ref, run, withdrew(target, item.Run, ref))
}

// runEnd is how a run ended for the revision that asked for it.
func runEnd(revision ticket.Revision, run vmruns.Run) (events.Outcome, string, bool) {
	switch {
	case run.Over():
		return run.Outcome, run.Sentence, true
	case !run.Began() && revision.SupersededBy > 0:
		return events.OutcomeCancelled, "superseded before it began", true
	case !run.Began() && revision.Cancelled != nil:
		return events.OutcomeCancelled, "withdrawn before it began", true
	}
	return "", "", false
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
func steeringEnd(action events.Action, by events.TicketRef, run vmruns.Run, withdrew bool) (events.Outcome, string, bool) {
	answer, answered := run.Steering[by]
	switch {
	case withdrew && !run.Began():
		return events.OutcomeSucceeded, "withdrawn before it began", true
	case answered && answer.Refused:
		return events.OutcomeRefused, answer.Sentence, true
	case answered && answer.Decided:
		return events.OutcomeSucceeded, answer.Sentence, true
	case !answered:
		return "", "", false
	case action == events.ActionCommit && run.Committed != "":
		return events.OutcomeSucceeded, run.Committed, true
	case !run.Over():
		return "", "", false
	case action == events.ActionCancel && run.Outcome == events.OutcomeCancelled:
		return events.OutcomeSucceeded, run.Sentence, true
	case action == events.ActionCancel:
		return events.OutcomeFailed, run.Sentence, true
	default:
		return run.Outcome, run.Sentence, true
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
