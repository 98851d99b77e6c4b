package view

import (
	"time"

	"lifeboat.io/events"
)

func (r *Run) planned(d *events.FailoverPlanned) {
	submitted, requester, stake := d.SubmittedAt, d.Requester, d.AtStake
	r.VM, r.Kind, r.Ticket = d.VM, d.Kind, d.Ticket
	r.SubmittedAt, r.Requester, r.Reason = &submitted, &requester, d.Reason
	r.Primary, r.Replica, r.RecoveryPoint = d.Primary, d.Replica, d.RecoveryPoint
	r.AtStake, r.Witnesses, r.Override = &stake, d.Witnesses, d.Override
}

func (r *Run) held(d *events.FailoverHeld, at time.Time) {
	r.Hold = &Hold{
		Since: at, Step: d.Step, Code: d.Code, Why: d.Why, Decider: d.Decider,
		Choices: d.Choices, Fault: d.Fault, Evidence: d.Evidence,
	}
	if len(d.Witnesses) > 0 {
		r.Witnesses = d.Witnesses
	}
}

func (r *Run) resumed(d *events.FailoverResumed, at time.Time) {
	person, by := d.Person, d.By
	r.Hold = nil
	r.Decisions = append(r.Decisions, Decision{At: at, What: string(d.Choice), Person: &person, By: &by, Reason: d.Reason})
	if d.Choice == events.ChoiceOverride {
		r.Override = &events.Override{Person: person, Reason: d.Reason}
	}
}

func (r *Run) instructed(d *events.FailoverInstructed, at time.Time) {
	r.Hold = nil
	r.Decisions = append(r.Decisions, Decision{At: at, What: string(d.Action), Person: d.Person, By: d.By, Reason: d.Reason})
}

// refused takes in a refusal: of the run itself, or of something it was told.
func (r *Run) refused(d *events.FailoverRefused, at time.Time) {
	if d.Action.Starts() {
		r.Reasons, r.Witnesses, r.EndedAt = d.Reasons, d.Witnesses, &at
		return
	}
	by := d.By
	r.Decisions = append(r.Decisions, Decision{At: at, What: string(d.Action), By: &by, Refused: d.Reasons})
}

// ended takes in what comes at and after a run's last step, and reports whether
// the steps that are left will not be taken.
func (r *Run) ended(e Event) bool {
	at := e.At
	switch d := e.Data.(type) {
	case *events.FailoverRefused:
		r.refused(d, at)
		return false
	case *events.FailoverAwaitingCleanup:
		test := d.TestVM
		r.TestVM = &test
		return false
	case *events.FailoverCommitted:
		r.Committed = &at
		return false
	case *events.FailoverFenced:
		r.Fenced, r.FenceDue, r.Hold = d, "", nil
		return false
	case *events.FailoverCancelled:
		r.EndedAt, r.Evidence = &at, d.Evidence
	case *events.FailoverSucceeded:
		rto, loss := d.RTO, d.DataLoss
		r.EndedAt, r.Evidence, r.FenceDue = &at, d.Evidence, d.FenceDue
		r.RTO, r.DowntimeMillis, r.DataLoss = &rto, d.DowntimeMillis, &loss
	case *events.FailoverFailed:
		r.EndedAt, r.Evidence, r.FenceDue = &at, d.Evidence, d.FenceDue
		r.Why, r.State, r.Fault = d.Why, d.State, d.Fault
	default:
		return false // awaiting-commit says nothing the phase does not, and what is newer is not known here
	}
	return true
}
