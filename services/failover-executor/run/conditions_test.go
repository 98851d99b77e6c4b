package run

import (
	"strings"
	"testing"
	"time"

	"lifeboat.io/events"
	"lifeboat.io/pkg/hyperv"
)

// midRun is a run of a kind whose steps before the given one are done.
func midRun(kind events.Kind, before events.Step) State {
	steps := program(DefaultPolicy(), kind, "p", "r", true, 0)
	r := &Run{
		RunRef: events.RunRef{Run: "r-1", Kind: kind, VM: events.VMRef{ID: "11111111-1111-1111-1111-111111111111", Name: "db"}},
		Plan: events.FailoverPlanned{
			Primary: "p", Replica: "r", Steps: steps, RecoveryPoint: pointLatest,
			Evidence: []events.Reading{{Host: "p", Power: "Running", AutoStart: "Start"}},
		},
		Program: steps, Phase: PhaseRunning,
	}
	for _, s := range steps {
		if s.Step == before {
			break
		}
		r.Done = append(r.Done, events.StepDone{Step: s.Step, Host: s.Host, How: events.HowActed})
		r.Tried = append(r.Tried, s.Step)
		r.Next++
	}
	return State{Run: r, At: noon, Ended: map[string]events.Outcome{}, Answered: map[string]bool{}}
}

// decideOn decides with the given looks at both hosts.
func decideOn(s State, primary, replica Sight) Ask {
	return Decide(DefaultPolicy(), s, Mind{Sights: map[string]Sight{"p": primary, "r": replica}, Stands: Standing{Run: s.Run.Run}}, noon)
}

// TestWhatOthersDidHoldsTheRun: for every step that only this run should cause,
// finding it done without an attempt holds the run; having tried it, it counts.
func TestWhatOthersDidHoldsTheRun(t *testing.T) {
	p := at(hyperv.ModePrimary, hyperv.StateReplicating, hyperv.PowerOff)
	r := at(hyperv.ModeReplica, hyperv.StateReplicating, hyperv.PowerOff)
	withTest := r
	withTest.VM.TestVM = &hyperv.TestVM{ID: "2", Name: "db - Test", Power: hyperv.PowerOff}
	seen := 0
	for _, c := range []struct {
		kind    events.Kind
		step    events.Step
		primary Sight
		replica Sight
	}{
		{events.KindTest, events.StepStartTestFailover, p, withTest},
		{events.KindPlanned, events.StepPreparePrimary, at(hyperv.ModePrimary, hyperv.StatePreparedForFailover, hyperv.PowerOff), r},
		{events.KindPlanned, events.StepFailOverReplica, p, at(hyperv.ModeReplica, hyperv.StateFailedOverWaitingCompletion, hyperv.PowerOff)},
		{events.KindPlanned, events.StepReverseReplication, p, at(hyperv.ModePrimary, hyperv.StateReplicating, hyperv.PowerOff)},
		{events.KindPlanned, events.StepStartReplica, p, at(hyperv.ModePrimary, hyperv.StateReplicating, hyperv.PowerRunning)},
		{events.KindUnplanned, events.StepCompleteFailover, p, at(hyperv.ModeReplica, hyperv.StateFailedOver, hyperv.PowerRunning)},
	} {
		seen++
		s := midRun(c.kind, c.step)
		s.Run.opened = c.step
		held, ok := decideOn(s, c.primary, c.replica).Data.(*events.FailoverHeld)
		if !ok || held.Code != events.HoldMovedByOthers {
			t.Errorf("%s found done by others: %+v", c.step, decideOn(s, c.primary, c.replica))
		}
		s.Step = Slot{Attempts: 1, Tries: 1, Since: noon}
		done, ok := decideOn(s, c.primary, c.replica).Data.(*events.StepDone)
		if !ok || done.How != events.HowFound {
			t.Errorf("%s found done after an attempt: %+v", c.step, decideOn(s, c.primary, c.replica))
		}
	}
	for _, row := range table {
		if row.ours {
			seen--
		}
	}
	if seen != 0 {
		t.Errorf("%d steps that are ours are not covered", -seen)
	}
}

// TestBlocked: what forbids each step, in the words of the reason.
func TestBlocked(t *testing.T) {
	prepared := at(hyperv.ModePrimary, hyperv.StatePreparedForFailover, hyperv.PowerOff)
	primaryRuns := at(hyperv.ModePrimary, hyperv.StateReplicating, hyperv.PowerRunning)
	primaryOff := at(hyperv.ModePrimary, hyperv.StateReplicating, hyperv.PowerOff)
	replica := at(hyperv.ModeReplica, hyperv.StateReplicating, hyperv.PowerOff)
	failed := at(hyperv.ModeReplica, hyperv.StateFailedOverWaitingCompletion, hyperv.PowerOff)
	failedRuns := at(hyperv.ModeReplica, hyperv.StateFailedOverWaitingCompletion, hyperv.PowerRunning)
	complete := at(hyperv.ModeReplica, hyperv.StateFailedOver, hyperv.PowerRunning)
	newPrimary := at(hyperv.ModePrimary, hyperv.StateReplicating, hyperv.PowerOff)
	swapped := at(hyperv.ModeReplica, hyperv.StateReplicating, hyperv.PowerOff)
	extended := failed
	extended.VM.Extended = &hyperv.Replication{}
	for _, c := range []struct {
		kind             events.Kind
		step             events.Step
		primary, replica Sight
		why              string // "" when it may be done
	}{
		{events.KindPlanned, events.StepShutDownPrimary, primaryRuns, replica, ""},
		{events.KindPlanned, events.StepShutDownPrimary, at(hyperv.ModeReplica, hyperv.StateReplicating, hyperv.PowerRunning), replica, "not Primary"},
		{events.KindPlanned, events.StepPreparePrimary, primaryOff, replica, ""},
		{events.KindPlanned, events.StepPreparePrimary, primaryRuns, replica, "not Off"},
		{events.KindPlanned, events.StepPreparePrimary, at(hyperv.ModePrimary, hyperv.StateSuspended, hyperv.PowerOff), replica, "not Replicating"},
		{events.KindPlanned, events.StepFailOverReplica, prepared, replica, ""},
		{events.KindPlanned, events.StepFailOverReplica, primaryOff, replica, "not PreparedForFailover"},
		{events.KindPlanned, events.StepFailOverReplica, silent(), replica, "does not answer"},
		{events.KindPlanned, events.StepReverseReplication, prepared, failed, ""},
		{events.KindPlanned, events.StepReverseReplication, prepared, replica, "not failed over"},
		{events.KindPlanned, events.StepReverseReplication, prepared, extended, "extended"},
		{events.KindPlanned, events.StepStartReplica, swapped, newPrimary, ""},
		{events.KindPlanned, events.StepStartReplica, silent(), newPrimary, ""},
		{events.KindPlanned, events.StepStartReplica, primaryRuns, newPrimary, "primary runs"},
		{events.KindPlanned, events.StepStartReplica, swapped, replica, "not failed over"},
		{events.KindUnplanned, events.StepFencePrimary, primaryRuns, replica, ""},
		{events.KindUnplanned, events.StepFailOverReplica, primaryOff, replica, ""},
		{events.KindUnplanned, events.StepFailOverReplica, primaryRuns, replica, "primary runs"},
		{events.KindUnplanned, events.StepFailOverReplica, primaryOff, at(hyperv.ModeReplica, hyperv.StateError, hyperv.PowerOff), "replication is Error"},
		{events.KindUnplanned, events.StepStartReplica, primaryOff, failed, ""},
		{events.KindUnplanned, events.StepStartReplica, primaryRuns, failed, "primary runs"},
		{events.KindUnplanned, events.StepCompleteFailover, primaryOff, failedRuns, ""},
		{events.KindUnplanned, events.StepCompleteFailover, primaryOff, replica, "not FailedOverWaitingCompletion"},
		{events.KindUnplanned, events.StepStopReplica, primaryOff, failedRuns, ""},
		{events.KindUnplanned, events.StepStopReplica, primaryOff, at(hyperv.ModePrimary, hyperv.StateReplicating, hyperv.PowerRunning), "not ours"},
		{events.KindUnplanned, events.StepCancelFailover, primaryOff, complete, "completed"},
		{events.KindUnplanned, events.StepStartPrimary, primaryOff, replica, ""},
		{events.KindUnplanned, events.StepStartPrimary, primaryOff, failedRuns, "replica runs"},
		{events.KindUnplanned, events.StepStartPrimary, prepared, replica, "prepared"},
		{events.KindUnplanned, events.StepBecomeReplica, primaryOff, complete, ""},
		{events.KindUnplanned, events.StepBecomeReplica, primaryRuns, complete, "not Off"},
		{events.KindUnplanned, events.StepPowerOffOldPrimary, at(hyperv.ModeReplica, hyperv.StateReplicating, hyperv.PowerRunning), complete, "not Primary"},
	} {
		s := midRun(c.kind, c.step)
		sights := map[string]Sight{"p": c.primary, "r": c.replica}
		got := why(table[c.step], s.scene(Mind{Sights: sights}, stage{step: planStep(DefaultPolicy(), c.step, "p", "r")}))
		if (c.why == "") != (got == "") || !strings.Contains(got, c.why) {
			t.Errorf("%s failover, %s: blocked by %q, want %q", c.kind, c.step, got, c.why)
		}
	}
}

// TestSilentPrimaryNeedsAnOverrideAtEachStep: neither failing over nor starting
// the replica passes without evidence or a named person.
func TestSilentPrimaryNeedsAnOverrideAtEachStep(t *testing.T) {
	replica := at(hyperv.ModeReplica, hyperv.StateReplicating, hyperv.PowerOff)
	s := midRun(events.KindUnplanned, events.StepFailOverReplica)
	s.Run.Done = nil // nothing is known of the primary
	if held, ok := decideOn(s, silent(), replica).Data.(*events.FailoverHeld); !ok || held.Code != events.HoldPrimarySilent || len(held.Witnesses) == 0 {
		t.Errorf("failing over with a silent primary: %+v", decideOn(s, silent(), replica))
	}
	s.Run.Override = &events.Override{Person: events.Person{Name: "Robin Example"}}
	if _, ok := decideOn(s, silent(), replica).Data.(*events.StepStarted); !ok {
		t.Errorf("failing over with an override: %+v", decideOn(s, silent(), replica))
	}
	s = midRun(events.KindUnplanned, events.StepStartReplica)
	s.Run.Done = nil
	failed := at(hyperv.ModeReplica, hyperv.StateFailedOverWaitingCompletion, hyperv.PowerOff)
	if held, ok := decideOn(s, silent(), failed).Data.(*events.FailoverHeld); !ok || held.Code != events.HoldPrimarySilent {
		t.Errorf("starting with a silent primary: %+v", decideOn(s, silent(), failed))
	}
}

// TestFenceNeverGuesses: an old primary that people have made the live copy
// again is left alone, and a person asked.
func TestFenceNeverGuesses(t *testing.T) {
	old := at(hyperv.ModePrimary, hyperv.StateReplicating, hyperv.PowerRunning)
	for name, c := range map[string]struct {
		live Sight
		want string
	}{
		"failed over":      {at(hyperv.ModeReplica, hyperv.StateFailedOver, hyperv.PowerRunning), "step-started"},
		"reversed by hand": {at(hyperv.ModePrimary, hyperv.StateReplicating, hyperv.PowerRunning), "step-started"},
		"a replica again":  {at(hyperv.ModeReplica, hyperv.StateReplicating, hyperv.PowerOff), "held"},
		"gone":             {absent(), "held"},
		"silent, so wait":  {silent(), ""},
	} {
		s := midRun(events.KindUnplanned, "")
		s.Run.Phase, s.Run.Outcome = PhaseEnded, events.OutcomeSucceeded
		s.Fence = &Fence{RunRef: s.Run.RunRef, Host: "p", Live: "r", Committed: true}
		ask := decideOn(s, old, c.live)
		got := ""
		if ask.Do == DoRecord {
			entry, _ := events.EntryOf(ask.Data)
			got = entry.Event
		}
		if got != c.want {
			t.Errorf("%s: %q (%+v), want %q", name, got, ask, c.want)
		}
	}
}

// TestFenceOfARunThatWasAbandoned: the old primary may be the only live copy, so
// it is left alone until the other one runs; one question is asked meanwhile.
func TestFenceOfARunThatWasAbandoned(t *testing.T) {
	old := at(hyperv.ModePrimary, hyperv.StateReplicating, hyperv.PowerRunning)
	off := at(hyperv.ModeReplica, hyperv.StateFailedOverWaitingCompletion, hyperv.PowerOff)
	on := at(hyperv.ModeReplica, hyperv.StateFailedOverWaitingCompletion, hyperv.PowerRunning)
	s := midRun(events.KindUnplanned, events.StepStartReplica)
	s.Fence = &Fence{RunRef: s.Run.RunRef, Host: "p", Live: "r"}
	if _, fences := decideOn(s, old, off).Data.(*events.StepStarted); !fences {
		t.Error("a run that goes on does not fence first")
	}
	s.Run.Phase, s.Run.Outcome = PhaseEnded, events.OutcomeFailed
	held, ok := decideOn(s, old, off).Data.(*events.FailoverHeld)
	if !ok || held.Code != events.HoldLiveCopyOff {
		t.Fatalf("with the copy off: %+v", decideOn(s, old, off))
	}
	s, err := s.Apply(Event{Seq: 2, At: noon, Data: held})
	if err != nil {
		t.Fatal(err)
	}
	if ask := decideOn(s, old, off); ask.Do != DoRest || !ask.Until.Equal(noon.Add(DefaultPolicy().FenceProbe)) {
		t.Errorf("asked once: %+v", ask)
	}
	begun, ok := decideOn(s, old, on).Data.(*events.StepStarted)
	if !ok || begun.Step != events.StepFencePrimary {
		t.Fatalf("with the copy running: %+v", decideOn(s, old, on))
	}
	if s, err = s.Apply(Event{Seq: 3, At: noon, Data: begun}); err != nil || s.Fence.Held {
		t.Errorf("still held when it is fenced: %v", err)
	}
	s.Fence = &Fence{RunRef: s.Run.RunRef, Host: "p", Live: "r", Committed: true}
	s.Duty = Slot{}
	if _, fences := decideOn(s, old, off).Data.(*events.StepStarted); !fences {
		t.Error("a completed failover leaves no doubt, even with the VM shut down")
	}
}

// TestOldNewsIsLookedAtAgain: a decision never rests on a look older than the
// policy allows.
func TestOldNewsIsLookedAtAgain(t *testing.T) {
	p := DefaultPolicy()
	s := midRun(events.KindPlanned, events.StepPreparePrimary)
	seen := at(hyperv.ModePrimary, hyperv.StateReplicating, hyperv.PowerOff)
	m := Mind{Sights: map[string]Sight{"p": seen}, Stands: Standing{Run: s.Run.Run}}
	if ask := Decide(p, s, m, noon.Add(p.SightAge-time.Millisecond)); ask.Do != DoRecord {
		t.Errorf("a young look: %+v", ask)
	}
	if ask := Decide(p, s, m, noon.Add(p.SightAge)); ask.Do != DoLook {
		t.Errorf("an old look: %+v", ask)
	}
}

// TestWhatNeedsTheWholeVM: a look that left out adapters and recovery points,
// such as the one after an act, plans no run and says nothing of a test's
// switches.
func TestWhatNeedsTheWholeVM(t *testing.T) {
	p := DefaultPolicy()
	primary, replica := at(hyperv.ModePrimary, hyperv.StateReplicating, hyperv.PowerRunning), at(hyperv.ModeReplica, hyperv.StateReplicating, hyperv.PowerOff)
	whole := replica
	whole.Whole, whole.VM.Adapters = true, []hyperv.Adapter{{Name: "Network Adapter", TestSwitch: "Production"}}
	s := midRun(events.KindTest, events.StepSetTestNetwork)
	s.Run.Plan.Adapters = []events.AdapterSwitch{{Adapter: "Network Adapter", Switch: "Isolated"}}
	if ask := decideOn(s, primary, replica); ask.Do != DoLook || !ask.Whole {
		t.Errorf("adapters were not read: %+v", ask)
	}
	if ask := decideOn(s, primary, whole); ask.Licence == nil {
		t.Errorf("adapters were read: %+v", ask)
	}
	o := Order{Ticket: events.TicketAccepted{Request: events.Request{Action: events.ActionTest}}, Protection: Protection{Hosts: [2]string{"p", "r"}}, Since: noon}
	m := Mind{Sights: map[string]Sight{"p": primary, "r": whole}}
	if ask := begin(p, State{}, m, o, noon); ask.Do != DoLook || !ask.Whole {
		t.Errorf("one look left something out: %+v", ask)
	}
	primary.Whole = true
	m.Saw("p", primary)
	if ask := begin(p, State{}, m, o, noon); ask.Do != DoRecord {
		t.Errorf("both looks are whole: %+v", ask)
	}
	m.Saw("p", silent())
	if ask := begin(p, State{}, m, o, noon); ask.Do != DoWait {
		t.Errorf("a silent host has nothing to leave out: %+v", ask)
	}
	o.Ticket.Action = events.ActionPlanned
	whole.Whole, primary.Whole = false, false
	m = Mind{Sights: map[string]Sight{"p": primary, "r": whole}}
	if ask := begin(p, State{}, m, o, noon); ask.Do != DoRecord {
		t.Errorf("a planned failover has no use for what was left out: %+v", ask)
	}
}

// TestATicketWithdrawnWhilePlannedEndsTheRun: before the first step it is asked
// once more whether the ticket stands.
func TestATicketWithdrawnWhilePlannedEndsTheRun(t *testing.T) {
	s := midRun(events.KindPlanned, events.StepShutDownPrimary)
	p, r := at(hyperv.ModePrimary, hyperv.StateReplicating, hyperv.PowerRunning), at(hyperv.ModeReplica, hyperv.StateReplicating, hyperv.PowerOff)
	m := Mind{Sights: map[string]Sight{"p": p, "r": r}}
	if ask := Decide(DefaultPolicy(), s, m, noon); ask.Do != DoConfirm {
		t.Errorf("before the first step: %+v", ask)
	}
	m.Stands = Standing{Run: s.Run.Run, Withdrawn: "superseded by revision 2"}
	if _, ok := Decide(DefaultPolicy(), s, m, noon).Data.(*events.FailoverCancelled); !ok {
		t.Errorf("withdrawn: %+v", Decide(DefaultPolicy(), s, m, noon))
	}
	m.Stands.Withdrawn = ""
	if _, ok := Decide(DefaultPolicy(), s, m, noon).Data.(*events.StepStarted); !ok {
		t.Errorf("standing: %+v", Decide(DefaultPolicy(), s, m, noon))
	}
}
