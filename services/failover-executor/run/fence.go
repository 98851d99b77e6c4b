package run

import (
	"fmt"
	"time"

	"lifeboat.io/events"
	"lifeboat.io/pkg/hyperv"
)

// decideFence looks after an old primary that may come back beside the live
// copy. ok is false when nothing is to be done for it now; next is when to look
// again, zero when nothing is awaited.
//
// It never fences on a guess: the other host must show the copy that is live
// instead. Months may have passed, and people may have made the old primary the
// live copy again by hand.
func decideFence(p Policy, s State, m Mind, now time.Time) (ask Ask, next time.Time, ok bool) {
	f := s.Fence
	if open, busy := s.underWay(); busy && !fenceOpen(s, open) {
		return Ask{}, time.Time{}, false // one effect at a time
	}
	if s.Duty.Open == nil && (s.Run.Undoing && s.Active() || f.Quiet && !f.Committed) {
		return Ask{}, time.Time{}, false
	}
	for _, h := range []string{f.Host, f.Live} {
		if _, seen := m.fresh(h, now, p.FenceProbe); !seen {
			return look(f.Host, f.Live), time.Time{}, true
		}
	}
	old, live := m.Sights[f.Host], m.Sights[f.Live]
	next = old.At.Add(p.FenceProbe)
	switch {
	case s.Duty.Open != nil && !old.answers():
		return s.fenceLost(p, old, now), next, true
	case s.Duty.Open != nil: // its outcome comes first
		return decideStep(p, s, m, s.fenceStage(p, s.Duty.Open.Step), now), next, true
	case !old.answers():
		return Ask{}, next, false
	case !live.answers():
		return Ask{}, live.At.Add(p.FenceProbe), false
	}
	if code, why := s.notLive(live.VM); why != "" {
		return s.fenceHeld(m, code, why), next, !f.Held
	}
	step, more := fenceStep(f, old.VM)
	if !more {
		return record(s.fencedEvent(m)), next, true
	}
	return decideStep(p, s, m, s.fenceStage(p, step), now), next, true
}

// fenceStage is a step of the fence, to be carried out.
func (s State) fenceStage(p Policy, step events.Step) stage {
	return stage{slot: s.Duty, step: planStep(p, step, s.Fence.Host, s.Fence.Live), duty: true}
}

// fenceLost gives an attempt at fencing up when the old primary has fallen
// silent and nothing asked of it can begin any more: the run must not wait for
// it. When it answers again, it is looked at again.
func (s State) fenceLost(p Policy, old Sight, now time.Time) Ask {
	o := s.Duty.Open
	if now.Before(o.At.Add(p.settle())) {
		return wait(now.Add(p.PollEvery))
	}
	return record(&events.StepFailed{
		RunRef: s.Fence.RunRef, Step: o.Step, Host: o.Host, Attempt: o.Attempt,
		Fault: events.Fault{Class: events.ClassRetry, Code: old.Fault.Code, Message: "the old primary has fallen silent; it is looked at again when it answers: " + old.Fault.Message},
	})
}

// fenceOpen reports whether the effect under way is the fence's own.
func fenceOpen(s State, open Open) bool {
	return s.Duty.Open != nil && *s.Duty.Open == open
}

// notLive says why the copy that should be live instead of the old primary is
// not; "" when it is. It may be off when a run is about to start it, or when the
// failover is completed and whoever owns the VM shut it down.
func (s State) notLive(vm hyperv.VM) (events.HoldCode, string) {
	goesOn := s.Active() && s.Run.Run == s.Fence.Run
	switch {
	case !vm.Present:
		return events.HoldFenceAmbiguous, "the host that should run the live copy has no such VM"
	case vm.Replication.Mode != hyperv.ModePrimary && vm.Replication.Mode != hyperv.ModeNone && !failedOver(vm):
		return events.HoldFenceAmbiguous, fmt.Sprintf("the copy that should be live is %s and %s", vm.Replication.Mode, vm.Replication.State)
	case !goesOn && !s.Fence.Committed && !lives(vm):
		return events.HoldLiveCopyOff, fmt.Sprintf("the run was ended where it stood and the copy that should be live is %s", vm.Power)
	default:
		return "", ""
	}
}

// fenceStep is the next step of fencing an old primary, from what is seen of it.
// more is false when it is quiet and that is not recorded yet.
func fenceStep(f *Fence, old hyperv.VM) (step events.Step, more bool) {
	harmless := !old.Present || old.Replication.Mode == hyperv.ModeReplica
	switch {
	case !f.Quiet && harmless:
		return "", false
	case !f.Quiet && old.AutoStart != hyperv.StartNothing:
		return events.StepFencePrimary, true
	case !f.Quiet && old.Power != hyperv.PowerOff:
		return events.StepPowerOffOldPrimary, true
	case !f.Quiet:
		return "", false
	default:
		return events.StepBecomeReplica, true
	}
}

// fencedEvent tells that the old primary is quiet.
func (s State) fencedEvent(m Mind) *events.FailoverFenced {
	f := s.Fence
	d := &events.FailoverFenced{RunRef: f.RunRef, Host: f.Host, WasRunning: s.ranBeside(m), Before: f.Before, After: m.reading(f.Host)}
	if d.Before == nil {
		d.Before = d.After
	}
	return d
}

// ranBeside reports whether the old primary was seen running since the live copy
// was asked to start and did. A run that has ended since must be taken to have
// started it.
func (s State) ranBeside(m Mind) bool {
	f := s.Fence
	switch {
	case f.Ran.IsZero():
		return false
	case s.Run.Run != f.Run:
		return true
	default:
		stands := s.Run.did(events.StepStartReplica) && !s.Run.did(events.StepStopReplica)
		started := stands || lives(m.Sights[f.Live].VM)
		return started && f.Ran.After(s.Run.startBegan)
	}
}

// fenceHeld asks a person, because fencing would be a guess.
func (s State) fenceHeld(m Mind, code events.HoldCode, why string) Ask {
	f := s.Fence
	return record(&events.FailoverHeld{
		RunRef: f.RunRef, Step: events.StepFencePrimary, Code: code,
		Why:      fmt.Sprintf("The old primary on %s answers again, but %s: powering it off could take the only live copy down.", f.Host, why),
		Decider:  deciderOperator,
		Choices:  []events.Choice{events.ChoiceRetry, events.ChoiceAbandon},
		Evidence: m.evidence(f.Host, f.Live),
	})
}
