package progress

import (
	"slices"
	"strings"

	"lifeboat.io/events"
	"lifeboat.io/services/ticket-intake/ticket"
	"lifeboat.io/services/ticket-intake/vmruns"
)

// Events are the short names of the failover events that are news to a ticket.
// Steps are not: whoever wants them listens to the runs.
var Events = []string{
	"refused", "planned", "held", "resumed", "instructed", "awaiting-cleanup", "awaiting-commit",
	"committed", "cancelled", "succeeded", "failed",
}

// Run is the run that a failover event is about.
func Run(data any) (events.RunRef, bool) {
	switch d := data.(type) {
	case *events.FailoverRefused:
		return d.RunRef, true
	case *events.FailoverPlanned:
		return d.RunRef, true
	case *events.FailoverHeld:
		return d.RunRef, true
	case *events.FailoverResumed:
		return d.RunRef, true
	case *events.FailoverInstructed:
		return d.RunRef, true
	case *events.FailoverAwaitingCleanup:
		return d.RunRef, true
	case *events.FailoverAwaitingCommit:
		return d.RunRef, true
	case *events.FailoverCommitted:
		return d.RunRef, true
	case *events.FailoverCancelled:
		return d.RunRef, true
	case *events.FailoverSucceeded:
		return d.RunRef, true
	case *events.FailoverFailed:
		return d.RunRef, true
	}
	return events.RunRef{}, false
}

// Concerned lists the tickets that a failover event may be news to: the one
// that asked for the run and those that steered it. vm is the VM's runs with
// the event applied.
func Concerned(data any, vm vmruns.VM) []events.TicketRef {
	ref, ok := Run(data)
	if !ok {
		return nil
	}
	run := vm.Runs[ref.Run]
	switch d := data.(type) {
	case *events.FailoverRefused:
		return []events.TicketRef{d.By}
	case *events.FailoverResumed:
		return []events.TicketRef{ref.Ticket, d.By}
	case *events.FailoverCommitted, *events.FailoverCancelled, *events.FailoverSucceeded, *events.FailoverFailed:
		refs := []events.TicketRef{ref.Ticket}
		for by := range run.Steering {
			refs = append(refs, by)
		}
		slices.SortFunc(refs[1:], compareRefs)
		return refs
	default:
		return []events.TicketRef{ref.Ticket}
	}
}

func compareRefs(a, b events.TicketRef) int {
	if c := strings.Compare(a.Aggregate(), b.Aggregate()); c != 0 {
		return c
	}
	return a.Revision - b.Revision
}

// passedOn is what the requester is told of the phases of a run.
func passedOn(data any) (events.Progress, bool) {
	switch d := data.(type) {
	case *events.FailoverPlanned:
		return events.ProgressStarted, true
	case *events.FailoverHeld:
		return events.ProgressHeld, true
	case *events.FailoverResumed:
		return events.ProgressResumed, true
	case *events.FailoverAwaitingCleanup:
		return events.ProgressAwaitingCleanup, true
	case *events.FailoverAwaitingCommit:
		return events.ProgressAwaitingCommit, true
	case *events.FailoverCommitted:
		return events.ProgressCommitted, true
	case *events.FailoverInstructed:
		return events.ProgressUndoing, d.Action == events.ActionCancel
	}
	return "", false
}

// Progressed is the event that passes a failover event with the id cause on to
// the ticket revision that asked for the run. There is none when the event is
// no progress, when the revision did not ask for the run, and when it was
// passed on before.
func Progressed(t ticket.Ticket, to events.TicketRef, cause string, data any) (*events.TicketProgressed, bool) {
	progress, ok := passedOn(data)
	ref, known := Run(data)
	revision, answered := t.Revision(to.Revision)
	if !ok || !known || !answered || ref.Ticket != to || revision.Accepted == nil || t.PassedOn(to.Revision, cause) {
		return nil, false
	}
	entry, ok := events.EntryOf(data)
	if !ok {
		return nil, false
	}
	p := &events.TicketProgressed{
		TicketRef: to, VM: ref.VM, Run: ref.Run, Progress: progress, Sentence: entry.Sentence(data), Cause: cause,
	}
	switch d := data.(type) {
	case *events.FailoverHeld:
		p.Choices = d.Choices
	case *events.FailoverAwaitingCleanup:
		p.Until = &d.Until
	case *events.FailoverAwaitingCommit:
		p.Until = &d.Until
	}
	return p, true
}
