package run

import (
	"fmt"
	"strings"

	"lifeboat.io/events"
)

// ending is the event after the last step.
func ending(s State, m Mind) any {
	r := s.Run
	switch {
	case r.Undoing && r.UndoneBy == nil:
		return failed(s, m, "Nobody decided before the test's time was over.", nil)
	case r.Undoing:
		return &events.FailoverCancelled{RunRef: r.RunRef, By: *r.UndoneBy, Undone: r.undone(), Evidence: m.evidence(r.Plan.Primary, r.Plan.Replica)}
	case r.Kind == events.KindUnplanned && !r.Committed:
		return &events.FailoverCommitted{RunRef: r.RunRef, Evidence: m.reading(r.Plan.Replica)}
	default:
		return succeeded(s, m)
	}
}

// undone are the planned steps that were taken back.
func (r *Run) undone() []events.Step {
	var out []events.Step
	for _, p := range r.Plan.Steps {
		if len(table[p.Step].undo) > 0 && (r.did(p.Step) || r.tried(p.Step)) {
			out = append(out, p.Step)
		}
	}
	return out
}

func succeeded(s State, m Mind) *events.FailoverSucceeded {
	r := s.Run
	d := &events.FailoverSucceeded{
		RunRef:   r.RunRef,
		RTO:      r.Clock.until(r.Served),
		DataLoss: r.lost(),
		Evidence: m.evidence(r.Plan.Primary, r.Plan.Replica),
	}
	if r.Kind != events.KindTest {
		from := r.DownFrom
		if from.IsZero() {
			from = r.Clock.start // an outage is as old as its ticket, at least
		}
		d.DowntimeMillis = r.Served.UnixMilli() - from.UnixMilli()
	}
	if s.Fence != nil && !s.Fence.Quiet {
		d.FenceDue = s.Fence.Host
	}
	return d
}

// failed ends a run without what was asked, saying where it leaves things.
func failed(s State, m Mind, why string, fault *events.Fault) *events.FailoverFailed {
	r := s.Run
	d := &events.FailoverFailed{
		RunRef: r.RunRef, Why: why, State: standing(r, m), Fault: fault,
		Evidence: m.evidence(r.Plan.Primary, r.Plan.Replica),
	}
	if s.Fence != nil && !s.Fence.Quiet {
		d.FenceDue = s.Fence.Host
	}
	return d
}

// abandoned ends a run where a person wants it left.
func abandoned(s State, m Mind) *events.FailoverFailed {
	a := s.Run.Abandoned
	return failed(s, m, fmt.Sprintf("%s ended the run where it stood: %s.", a.Person.Name, a.Reason), s.Step.Fault)
}

// standing says what is up, what is down and what to do next, for a person.
func standing(r *Run, m Mind) string {
	if len(r.Tried) == 0 {
		return "Nothing was changed on any host."
	}
	var parts []string
	for _, host := range []string{r.Plan.Primary, r.Plan.Replica} {
		parts = append(parts, where(host, m))
	}
	var done []string
	for _, d := range r.Done {
		if !table[d.Step].watches {
			done = append(done, string(d.Step))
		}
	}
	if len(done) > 0 {
		parts = append(parts, "Done: "+strings.Join(done, ", ")+".")
	}
	return strings.Join(parts, " ") + " Look at both hosts before asking for another failover; lifeboat describe run " + r.Run + " shows every step."
}

func where(host string, m Mind) string {
	s, ok := m.Sights[host]
	switch {
	case !ok:
		return host + " was not looked at lately."
	case !s.answers():
		return host + " does not answer."
	case !s.VM.Present:
		return host + " has no such VM."
	default:
		return fmt.Sprintf("On %s the VM is %s, %s and %s.", host, s.VM.Power, s.VM.Replication.Mode, s.VM.Replication.State)
	}
}
