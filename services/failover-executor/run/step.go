package run

import (
	"fmt"
	"time"

	"lifeboat.io/events"
	"lifeboat.io/pkg/hyperv"
)

// Who must decide a hold.
const (
	deciderOperator = "the Hyper-V support team"
	deciderAccount  = "a contact of the account"
	deciderOverride = "a contact of the account with the right to override"
)

// Codes of faults that decide how a step goes on.
const (
	// codeNoEffect: what was asked for is not to be seen, and can no longer begin.
	codeNoEffect = "no-effect"
	// codeInUse is Hyper-V's: it works on the VM for somebody else, be it a backup,
	// a migration or an attempt of ours that was given up.
	codeInUse = "ObjectInUse"
)

// stage is a step to be carried out: the run's current one, or one of the fence.
type stage struct {
	slot Slot
	step events.PlannedStep
	// duty tells that it belongs to the fence.
	duty bool
}

// decideStep goes on with one step: look, find it done, wait, begin an attempt,
// or hold.
func decideStep(p Policy, s State, m Mind, g stage, now time.Time) Ask {
	if ask, ok := lookFirst(p, s, m, g, now); ok {
		return ask
	}
	sp := table[g.step.Step]
	sc := s.scene(m, g)
	switch {
	case sp.done(sc):
		return found(p, s, m, g, now)
	case g.slot.Open != nil:
		return decideOpen(p, s, m, g, sc, now)
	case overdue(g, now):
		return hold(p, s, m, g, now, events.HoldDeadline, fmt.Sprintf("%s on %s is not done after %s.", g.step.Step, g.step.Host, deadline(g.step)), g.slot.Fault)
	case sp.pending != nil && sp.pending(sc):
		return wait(now.Add(p.poll(g.slot.Since, now)))
	case now.Before(g.slot.RetryAt):
		return wait(g.slot.RetryAt)
	}
	return attempt(p, s, m, g, sc, now)
}

// scene is what a stage is judged on.
func (s State) scene(m Mind, g stage) scene {
	return scene{
		run: s.Run, own: m.Sights[g.step.Host].VM, fence: s.Fence,
		primary: m.Sights[s.Run.Plan.Primary], replica: m.Sights[s.Run.Plan.Replica],
		vouched: s.Run.vouched(m),
	}
}

// lookFirst asks for the looks a step rests on, and deals with hosts that do
// not answer: the step's own host must; the other one may be silent, which the
// step's own conditions judge.
func lookFirst(p Policy, s State, m Mind, g stage, now time.Time) (Ask, bool) {
	hosts := []string{g.step.Host}
	if table[g.step.Step].both {
		hosts = []string{s.Run.Plan.Primary, s.Run.Plan.Replica}
	}
	seen, again := m.fresh, look
	if table[g.step.Step].whole {
		seen, again = m.freshWhole, lookWhole
	}
	for _, h := range hosts {
		if _, ok := seen(h, now, p.SightAge); !ok {
			return again(hosts...), true
		}
	}
	own := m.Sights[g.step.Host]
	if own.answers() {
		return Ask{}, false
	}
	since := g.slot.Since
	if since.IsZero() {
		since = s.At
	}
	if ask, ok := silentPrimary(p, s, m, g, now, since); ok {
		return ask, true
	}
	switch {
	case own.Fault.Class == hyperv.ClassHold:
		return hold(p, s, m, g, now, events.HoldAccessDenied, fmt.Sprintf("%s does not let lifeboat in: %s", g.step.Host, own.Fault.Message), fault(own.Fault)), true
	case now.Sub(since) >= max(p.LookPatience, p.settle()):
		return hold(p, s, m, g, now, events.HoldHostSilent, silentWhy(g), fault(own.Fault)), true
	default:
		return wait(now.Add(p.PollEvery)), true
	}
}

// silentPrimary deals with a primary that falls silent while an unplanned
// failover wants to fence it: with an override its steps are passed over, and
// without one somebody must give it.
func silentPrimary(p Policy, s State, m Mind, g stage, now, since time.Time) (Ask, bool) {
	r := s.Run
	if g.duty || r.Undoing || r.Kind != events.KindUnplanned || !needsPrimary(g.step.Step) || g.step.Host != r.Plan.Primary {
		return Ask{}, false
	}
	if now.Sub(since) < max(p.SilenceConfirm, p.settle()) {
		return wait(now.Add(p.PollEvery)), true
	}
	if r.named(m) {
		return record(&events.StepDone{RunRef: r.RunRef, Step: g.step.Step, Host: g.step.Host, Attempt: g.slot.Attempts, How: events.HowAccepted, After: m.reading(g.step.Host)}), true
	}
	return overrideHold(s, m, g.step.Step), true
}

func silentWhy(g stage) string {
	if g.slot.Open != nil {
		return fmt.Sprintf("%s does not answer, and nobody can tell whether %s has happened there.", g.step.Host, g.step.Step)
	}
	return fmt.Sprintf("%s does not answer; %s is not begun.", g.step.Host, g.step.Step)
}

// found records a step whose effect is on the host. An effect that this run
// never tried, and that nobody else should cause, holds the run instead.
func found(p Policy, s State, m Mind, g stage, now time.Time) Ask {
	sp := table[g.step.Step]
	if sp.ours && g.slot.Attempts == 0 {
		return hold(p, s, m, g, now, events.HoldMovedByOthers, fmt.Sprintf("%s was found done on %s although this run has not done it: somebody else moves this VM.", g.step.Step, g.step.Host), nil)
	}
	if o, ok := s.Run.mayLand(p, g.step.Step, now); ok && s.Run.Undoing && g.slot.Attempts == 0 {
		return wait(now.Add(p.poll(o.At, now))) // or there would be something to take back after the end
	}
	if sp.watches && g.slot.Open == nil {
		return started(s, m, g)
	}
	how := events.HowFound
	if sp.watches {
		how = events.HowActed
	}
	return record(&events.StepDone{RunRef: s.Run.RunRef, Step: g.step.Step, Host: g.step.Host, Attempt: g.slot.Attempts, How: how, After: m.reading(g.step.Host)})
}

// started records the beginning of an attempt.
func started(s State, m Mind, g stage) Ask {
	return record(&events.StepStarted{RunRef: s.Run.RunRef, Step: g.step.Step, Host: g.step.Host, Attempt: g.slot.Attempts + 1, Seen: m.reading(g.step.Host)})
}

// decideOpen goes on with an attempt whose effect is not to be seen (yet).
func decideOpen(p Policy, s State, m Mind, g stage, sc scene, now time.Time) Ask {
	sp := table[g.step.Step]
	if overdue(g, now) {
		return hold(p, s, m, g, now, events.HoldDeadline, fmt.Sprintf("%s on %s is not done after %s.", g.step.Step, g.step.Host, deadline(g.step)), g.slot.Fault)
	}
	if sp.watches {
		if why := why(sp, sc); why != "" {
			return hold(p, s, m, g, now, events.HoldWrongState, fmt.Sprintf("%s on %s cannot be: %s.", g.step.Step, g.step.Host, why), nil)
		}
		return wait(now.Add(p.poll(g.slot.Since, now)))
	}
	settled := g.slot.Open.At.Add(p.settle())
	if sp.pending != nil && sp.pending(sc) || now.Before(settled) {
		return wait(now.Add(p.poll(g.slot.Since, now)))
	}
	retry := now
	return record(&events.StepFailed{
		RunRef: s.Run.RunRef, Step: g.step.Step, Host: g.step.Host, Attempt: g.slot.Attempts,
		Fault:   events.Fault{Class: events.ClassRetry, Code: codeNoEffect, Message: fmt.Sprintf("the effect is not on %s %s after it was asked for, and can no longer begin", g.step.Host, p.settle())},
		RetryAt: &retry,
		After:   m.reading(g.step.Host),
	})
}

// deadline is a step's deadline as its plan says.
func deadline(s events.PlannedStep) time.Duration {
	return time.Duration(s.DeadlineSeconds) * time.Second
}

// overdue reports whether a step has used up its deadline.
func overdue(g stage, now time.Time) bool {
	return !g.slot.Since.IsZero() && now.Sub(g.slot.Since) >= deadline(g.step)
}

// why is the reason a step must not be asked for now.
func why(sp spec, sc scene) string {
	if sp.blocked == nil {
		return ""
	}
	return sp.blocked(sc)
}

// attempt begins the next attempt, unless it must not be made.
func attempt(p Policy, s State, m Mind, g stage, sc scene, now time.Time) Ask {
	sp := table[g.step.Step]
	f := g.slot.Fault
	switch {
	case f != nil && f.Class == events.ClassRefuse:
		return refusedByHost(p, s, m, g, now, *f)
	case f != nil && f.Class == events.ClassHold:
		return hold(p, s, m, g, now, events.HoldDecision, fmt.Sprintf("%s on %s needs a decision: %s", g.step.Step, g.step.Host, f.Message), f)
	case g.slot.Tries >= p.Attempts:
		return hold(p, s, m, g, now, events.HoldAttemptsExhausted, fmt.Sprintf("%s on %s failed %d times.", g.step.Step, g.step.Host, g.slot.Tries), f)
	}
	if ask, ok := needsOverride(s, m, g, sc); ok {
		return ask
	}
	if why := why(sp, sc); why != "" {
		return hold(p, s, m, g, now, events.HoldWrongState, fmt.Sprintf("%s on %s must not be done now: %s.", g.step.Step, g.step.Host, why), nil)
	}
	ask := started(s, m, g)
	if !sp.watches {
		call := sp.call(p, s)
		ask.Licence = &Act{
			Step: g.step.Step, Attempt: g.slot.Attempts + 1, Host: g.step.Host, Call: call,
			BeginBy: now.Add(p.BeginWithin), Timeout: deadline(g.step) / 2, // so that a call that was lost leaves time for another
		}
	}
	return ask
}

// needsOverride holds an unplanned failover before the replica's copy goes live
// when the primary is silent and nobody has taken the responsibility that it is
// down.
func needsOverride(s State, m Mind, g stage, sc scene) (Ask, bool) {
	r := s.Run
	if g.duty || r.Undoing || r.Kind != events.KindUnplanned || !goesLive(g.step.Step) {
		return Ask{}, false
	}
	if sc.vouched || sc.primary.answers() {
		return Ask{}, false
	}
	return overrideHold(s, m, g.step.Step), true
}

// overrideHold asks for a named person to take the responsibility that a silent
// primary is down.
func overrideHold(s State, m Mind, step events.Step) Ask {
	r := s.Run
	primary, replica := m.Sights[r.Plan.Primary], m.Sights[r.Plan.Replica]
	why := "The primary does not answer, which does not prove that it is down. Somebody must take the responsibility that it is."
	evidence := m.evidence(r.Plan.Primary, r.Plan.Replica)
	last, ran := r.ranSince(m)
	if ran {
		evidence = append([]events.Reading{reading(r.Plan.Primary, last)}, evidence...)
	}
	if ran || r.primarySeen == seenUp {
		why = "The primary does not answer, and ran the VM when it last did. Somebody must take the responsibility that it is down, whatever was said before."
	}
	return record(&events.FailoverHeld{
		RunRef: r.RunRef, Step: step, Code: events.HoldPrimarySilent,
		Why:      why,
		Decider:  deciderOverride,
		Choices:  []events.Choice{events.ChoiceOverride, events.ChoiceRetry, events.ChoiceCancel},
		Evidence: evidence, Witnesses: witnesses(primary, replica),
	})
}

// refusedByHost ends a run that has changed nothing, and holds any other.
func refusedByHost(p Policy, s State, m Mind, g stage, now time.Time, f events.Fault) Ask {
	why := fmt.Sprintf("%s refuses %s: %s", g.step.Host, g.step.Step, f.Message)
	if r := s.Run; !g.duty && len(r.Done) == 0 && len(r.Tried) == 1 && len(r.adrift) == 0 && r.Kind != events.KindUnplanned {
		return record(failed(s, m, why, &f))
	}
	return hold(p, s, m, g, now, events.HoldHostRefused, why, &f)
}

// hold asks to hold the run at a step. The choices are those that make sense
// there. It waits until an effect that was asked for can no longer begin, so
// that nothing happens on a host behind the back of whoever decides.
func hold(p Policy, s State, m Mind, g stage, now time.Time, code events.HoldCode, why string, f *events.Fault) Ask {
	r := s.Run
	if o := g.slot.Open; o != nil && !table[o.Step].watches && now.Before(o.At.Add(p.settle())) {
		return wait(now.Add(p.PollEvery))
	}
	choices := []events.Choice{events.ChoiceRetry}
	if table[g.step.Step].acceptable {
		choices = append(choices, events.ChoiceAccept)
	}
	if _, _, ok := s.undoing(p); ok && !r.Undoing && !r.Committed {
		choices = append(choices, events.ChoiceCancel)
	}
	choices = append(choices, events.ChoiceAbandon)
	if g.duty {
		code, choices = events.HoldFenceAmbiguous, []events.Choice{events.ChoiceRetry, events.ChoiceAbandon}
	}
	return record(&events.FailoverHeld{
		RunRef: r.RunRef, Step: g.step.Step, Code: code, Why: why,
		Decider: deciderOperator, Choices: choices, Fault: f,
		Evidence: m.evidence(r.Plan.Primary, r.Plan.Replica),
	})
}

// outcome records how an act came back.
func outcome(p Policy, s State, res Result) Ask {
	a := res.Act
	ref := s.Run.RunRef
	if s.Fence != nil && s.duty(s.Fence.Run, a.Step, a.Host) {
		ref = s.Fence.RunRef
	}
	if res.Err == nil {
		return actDone(s, ref, res)
	}
	f := fault(res.Err)
	failed := &events.StepFailed{RunRef: ref, Step: a.Step, Host: a.Host, Attempt: a.Attempt, Fault: *f}
	if res.Err.Before != nil {
		before := vmReading(a.Host, res.At, *res.Err.Before)
		failed.Before = &before
	}
	if res.Err.Class == hyperv.ClassRetry {
		at := res.At.Add(p.backoff(ref.Run, a.Attempt))
		failed.RetryAt = &at
	}
	return record(failed)
}

// actDone records an act that the host says is done. Whether its effect shows
// is judged on what the host read afterwards; when it does not (yet), the
// attempt stays open and is looked at again.
func actDone(s State, ref events.RunRef, res Result) Ask {
	a := res.Act
	before, after := vmReading(a.Host, res.At, res.Change.Before), vmReading(a.Host, res.At, res.Change.After)
	if !shows(s, res) {
		return record(&events.StepFailed{
			RunRef: ref, Step: a.Step, Host: a.Host, Attempt: a.Attempt,
			Fault:  events.Fault{Class: events.ClassUnknown, Code: hyperv.CodeEffectMissing, Message: "the host reported success but the effect is not to be seen yet"},
			Before: &before, After: &after,
		})
	}
	how := events.HowActed
	if !res.Change.Acted {
		how = events.HowFound
	}
	return record(&events.StepDone{RunRef: ref, Step: a.Step, Host: a.Host, Attempt: a.Attempt, How: how, Before: &before, After: &after})
}

// shows reports whether a result's last reading shows the step's effect.
func shows(s State, res Result) bool {
	if res.Act.Step == events.StepStartTestVM {
		return res.Change.After.Power == hyperv.PowerRunning
	}
	return table[res.Act.Step].done(scene{run: s.Run, own: res.Change.After, fence: s.Fence})
}
