package run

import (
	"time"

	"lifeboat.io/events"
)

// Decide says the one thing to do next for a VM. It is a function of its
// arguments; the shell does what it asks, takes the outcome into m or s, and
// calls it again.
func Decide(p Policy, s State, m Mind, now time.Time) Ask {
	if m.Result != nil {
		return outcome(p, s, *m.Result)
	}
	if m.Licence != nil {
		return Ask{Do: DoAct, Act: *m.Licence}
	}
	if ask, ok := decideOrders(p, s, m, now); ok {
		return ask
	}
	rest := time.Time{}
	if f := s.Fence; f != nil && (!f.Held || f.Watched) {
		ask, next, ok := decideFence(p, s, m, now)
		if ok {
			return ask
		}
		rest = next
	}
	ask := decideRun(p, s, m, now)
	if ask.Do == DoRest || ask.Do == DoWait {
		ask.Until = earlier(ask.Until, rest)
	}
	return ask
}

// earlier is the earlier of two times, the zero time meaning never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// decideRun goes on with the run, wherever it stands.
func decideRun(p Policy, s State, m Mind, now time.Time) Ask {
	if !s.Active() {
		return Ask{Do: DoRest}
	}
	r := s.Run
	switch r.Phase {
	case PhaseHeld:
		return decideHeld(p, s, now)
	case PhaseAwaitingCleanup, PhaseAwaitingCommit:
		return decideWindow(s, now)
	default:
	}
	if r.Abandoned != nil {
		return record(abandoned(s, m))
	}
	if ask, ok := confirm(r, m); ok {
		return ask
	}
	step, ok := r.current()
	if !ok {
		return record(ending(s, m))
	}
	if r.accepted == step.Step {
		return record(&events.StepDone{RunRef: r.RunRef, Step: step.Step, Host: step.Host, Attempt: s.Step.Attempts, How: events.HowAccepted, After: m.reading(step.Host)})
	}
	if action, gated := gates[step.Step]; gated && !r.Undoing && r.opened != step.Step {
		return record(awaiting(r, action, now))
	}
	return decideStep(p, s, m, stage{slot: s.Step, step: step}, now)
}

// confirm asks once more, before the first step, whether the ticket stands. It
// may have been withdrawn while the run was planned, and whoever withdrew it
// has seen no plan then; with the plan in the log, they will from now on.
func confirm(r *Run, m Mind) (Ask, bool) {
	switch {
	case len(r.Done) > 0 || len(r.Tried) > 0 || r.Undoing:
		return Ask{}, false
	case m.Stands.Run != r.Run:
		return Ask{Do: DoConfirm}, true
	case m.Stands.Withdrawn != "":
		return record(&events.FailoverCancelled{RunRef: r.RunRef, By: r.Plan.Requester}), true
	default:
		return Ask{}, false
	}
}

// awaiting is the event that opens a window before a gated step.
func awaiting(r *Run, action events.Action, now time.Time) any {
	if action == events.ActionCleanup {
		ref := events.VMRef{ID: string(r.testVM())}
		if d, ok := r.done(events.StepStartTestFailover); ok && d.After != nil && d.After.TestVM != nil {
			ref.Name = d.After.TestVM.Name
		}
		return &events.FailoverAwaitingCleanup{RunRef: r.RunRef, TestVM: ref, Until: now.Add(time.Duration(r.Plan.HoldOpenMinutes) * time.Minute)}
	}
	return &events.FailoverAwaitingCommit{RunRef: r.RunRef, Until: now.Add(time.Duration(r.Plan.CommitAfterMinutes) * time.Minute)}
}

// decideWindow ends a window when its time has come.
func decideWindow(s State, now time.Time) Ask {
	r := s.Run
	if now.Before(r.Until) {
		return Ask{Do: DoRest, Until: r.Until}
	}
	if r.Phase == PhaseAwaitingCommit && r.Plan.AtWindowEnd == events.WindowEndHold {
		return record(&events.FailoverHeld{
			RunRef: r.RunRef, Step: events.StepCompleteFailover, Code: events.HoldWindowEnded,
			Why:     "The commit window has ended and the account wants a person to decide.",
			Decider: deciderAccount,
			Choices: []events.Choice{events.ChoiceAccept, events.ChoiceCancel},
		})
	}
	return record(&events.FailoverInstructed{
		RunRef: r.RunRef, Action: gates[r.Program[r.Next].Step],
		Reason: "the window ended at " + r.Until.UTC().Format(time.RFC3339),
		Steps:  r.Program[r.Next:],
	})
}

// decideHeld rests. A test that is held past the time it was to be held open
// is undone, so that a forgotten test VM does not stay for ever.
func decideHeld(p Policy, s State, now time.Time) Ask {
	r := s.Run
	if r.Kind != events.KindTest || r.Undoing {
		return Ask{Do: DoRest}
	}
	until := r.PlannedAt.Add(time.Duration(r.Plan.HoldOpenMinutes) * time.Minute)
	if now.Before(until) {
		return Ask{Do: DoRest, Until: until}
	}
	steps, _, ok := s.undoing(p)
	if !ok {
		return Ask{Do: DoRest}
	}
	return record(&events.FailoverInstructed{
		RunRef: r.RunRef, Action: events.ActionCancel,
		Reason: "nobody decided before the test's time was over",
		Steps:  steps,
	})
}

// reading is the newest look at a host as evidence; nil when there is none.
func (m Mind) reading(host string) *events.Reading {
	s, ok := m.Sights[host]
	if !ok {
		return nil
	}
	r := reading(host, s)
	return &r
}
