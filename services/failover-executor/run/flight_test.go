package run

import (
	"testing"
	"time"

	"lifeboat.io/events"
	"lifeboat.io/pkg/hyperv"
)

// inFlight is a planned failover whose FailOverReplica was asked for some time ago.
func inFlight(ago time.Duration) State {
	s := midRun(events.KindPlanned, events.StepFailOverReplica)
	s.Step = Slot{
		Open:     &Open{Step: events.StepFailOverReplica, Host: "r", Attempt: 1, At: noon.Add(-ago)},
		Attempts: 1, Tries: 1, Since: noon.Add(-ago),
	}
	return s
}

// TestAnUnknownOutcomeIsNotTriedAgain: an answer that was lost leaves the
// attempt open. Only a look closes it, and only once the old request can no
// longer begin.
func TestAnUnknownOutcomeIsNotTriedAgain(t *testing.T) {
	p := DefaultPolicy()
	primary := at(hyperv.ModePrimary, hyperv.StatePreparedForFailover, hyperv.PowerOff)
	replica := at(hyperv.ModeReplica, hyperv.StatePreparedForFailover, hyperv.PowerOff)
	for _, c := range []struct {
		ago  time.Duration
		want Doing
	}{{p.settle() - time.Millisecond, DoWait}, {p.settle(), DoRecord}} {
		s := inFlight(c.ago)
		next, err := s.Apply(Event{Seq: 2, At: noon, Data: &events.StepFailed{
			RunRef: s.Run.RunRef, Step: events.StepFailOverReplica, Host: "r", Attempt: 1,
			Fault: events.Fault{Class: events.ClassUnknown, Code: hyperv.CodeTimeout, Message: "no answer"},
		}})
		if err != nil {
			t.Fatal(err)
		}
		ask := decideOn(next, primary, replica)
		if ask.Do != c.want || ask.Licence != nil {
			t.Errorf("%s after the request: %+v, want %s", c.ago, ask, c.want)
		}
		if failed, ok := ask.Data.(*events.StepFailed); c.want == DoRecord && (!ok || failed.Fault.Class != events.ClassRetry) {
			t.Errorf("%s after the request: %+v, want the attempt recorded as without effect", c.ago, ask.Data)
		}
	}
}

// TestNothingIsInFlightWhenAPersonIsAsked: a hold waits until an effect that was
// asked for can no longer begin.
func TestNothingIsInFlightWhenAPersonIsAsked(t *testing.T) {
	p := DefaultPolicy()
	locked := Sight{At: noon, Fault: &hyperv.Error{Class: hyperv.ClassHold, Code: hyperv.CodeAccessDenied, Message: "access denied"}}
	for _, c := range []struct {
		ago  time.Duration
		want Doing
	}{{0, DoWait}, {p.settle() - time.Millisecond, DoWait}, {p.settle(), DoRecord}} {
		ask := decideOn(inFlight(c.ago), at(hyperv.ModePrimary, hyperv.StatePreparedForFailover, hyperv.PowerOff), locked)
		if ask.Do != c.want {
			t.Errorf("locked out %s after the request: %+v, want %s", c.ago, ask, c.want)
		}
		if _, held := ask.Data.(*events.FailoverHeld); held != (c.want == DoRecord) {
			t.Errorf("locked out %s after the request: %T", c.ago, ask.Data)
		}
	}
}

// TestAnActMakesOldLooksVoid: Hyper-V Replica carries an effect from one host to
// the other, so a look at either is old news after it.
func TestAnActMakesOldLooksVoid(t *testing.T) {
	seen := at(hyperv.ModePrimary, hyperv.StateReplicating, hyperv.PowerOff)
	for name, c := range map[string]struct {
		result Result
		want   int
	}{
		"done":           {Result{Act: Act{Host: "r"}, At: noon, Change: hyperv.Change{After: seen.VM}}, 1},
		"a test VM":      {Result{Act: Act{Host: "r"}, At: noon, Change: hyperv.Change{After: hyperv.VM{ID: "2"}}}, 0},
		"without answer": {Result{Act: Act{Host: "r"}, At: noon, Err: &hyperv.Error{Class: hyperv.ClassUnknown}}, 0},
	} {
		m := Mind{Sights: map[string]Sight{"p": seen, "r": seen}, Licence: &Act{Host: "r"}}
		m.Acted(c.result, seen.VM.ID)
		if _, kept := m.Sights["p"]; kept || len(m.Sights) != c.want || m.Licence != nil {
			t.Errorf("%s: %d looks left (primary's kept: %t), want %d; licence %v", name, len(m.Sights), kept, c.want, m.Licence)
		}
	}
}

// startGivenUp is a test whose start was asked for and not answered, and which
// is cancelled. Decisions are at noon; the start was asked for some time before.
func startGivenUp(t *testing.T, ago time.Duration) State {
	t.Helper()
	s := midRun(events.KindTest, events.StepStartTestFailover)
	asked := noon.Add(-ago)
	for i, e := range []Event{
		{At: asked, Data: &events.StepStarted{RunRef: s.Run.RunRef, Step: events.StepStartTestFailover, Host: "r", Attempt: 1}},
		{At: asked.Add(15 * time.Second), Data: &events.StepFailed{
			RunRef: s.Run.RunRef, Step: events.StepStartTestFailover, Host: "r", Attempt: 1,
			Fault: events.Fault{Class: events.ClassRetry, Code: codeNoEffect},
		}},
		{At: noon, Data: &events.FailoverInstructed{
			RunRef: s.Run.RunRef, Action: events.ActionCancel, By: &events.TicketRef{},
			Steps: []events.PlannedStep{planStep(DefaultPolicy(), events.StepStopTestFailover, "p", "r")},
		}},
	} {
		e.Seq = uint64(i + 2)
		next, err := s.Apply(e)
		if err != nil {
			t.Fatal(err)
		}
		s = next
	}
	return s
}

// TestWhatMayStillLandIsAwaitedBeforeTheEnd: nothing shows a test VM in the
// making, so its absence proves nothing while a start without answer may go on.
func TestWhatMayStillLandIsAwaitedBeforeTheEnd(t *testing.T) {
	patience := DefaultPolicy().deadline(events.StepStartTestFailover)
	primary, replica := at(hyperv.ModePrimary, hyperv.StateReplicating, hyperv.PowerRunning), at(hyperv.ModeReplica, hyperv.StateReplicating, hyperv.PowerOff)
	if ask := decideOn(startGivenUp(t, patience-time.Second), primary, replica); ask.Do != DoWait {
		t.Errorf("it may still land: %+v", ask)
	}
	if done, ok := decideOn(startGivenUp(t, patience), primary, replica).Data.(*events.StepDone); !ok || done.How != events.HowFound {
		t.Error("it waits for ever")
	}
	replica.VM.TestVM = &hyperv.TestVM{ID: "2"}
	if begun, ok := decideOn(startGivenUp(t, time.Minute), primary, replica).Data.(*events.StepStarted); !ok || begun.Step != events.StepStopTestFailover {
		t.Error("it has landed and is not taken back")
	}
}

// TestALostAttemptMayHaveChangedSomething: a run is not said to have changed
// nothing when an attempt before the refused one was never answered.
func TestALostAttemptMayHaveChangedSomething(t *testing.T) {
	for name, lost := range map[string]bool{"only refused": false, "lost, then refused": true} {
		s := midRun(events.KindPlanned, events.StepShutDownPrimary)
		s.Run.Tried = []events.Step{events.StepShutDownPrimary}
		if lost {
			s.Run.setAdrift(&Open{Step: events.StepShutDownPrimary, Host: "p", Attempt: 1, At: noon.Add(-time.Minute)})
		}
		s.Step = Slot{Attempts: 2, Tries: 2, Since: noon, Fault: &events.Fault{Class: events.ClassRefuse, Code: "InvalidState"}}
		ask := decideOn(s, at(hyperv.ModePrimary, hyperv.StateReplicating, hyperv.PowerRunning), at(hyperv.ModeReplica, hyperv.StateReplicating, hyperv.PowerOff))
		if _, held := ask.Data.(*events.FailoverHeld); held != lost {
			t.Errorf("%s: %T", name, ask.Data)
		}
	}
}

// TestALockedVMIsNoFailure: while Hyper-V works on the VM for somebody else, it
// is asked again until the step's deadline, however often.
func TestALockedVMIsNoFailure(t *testing.T) {
	p := DefaultPolicy()
	for code, goesOn := range map[string]bool{codeInUse: true, "Unspecified": false} {
		s := midRun(events.KindPlanned, events.StepPreparePrimary)
		for n := 1; n <= 2*p.Attempts; n++ {
			for _, data := range []any{
				&events.StepStarted{RunRef: s.Run.RunRef, Step: events.StepPreparePrimary, Host: "p", Attempt: n},
				&events.StepFailed{RunRef: s.Run.RunRef, Step: events.StepPreparePrimary, Host: "p", Attempt: n, Fault: events.Fault{Class: events.ClassRetry, Code: code}},
			} {
				next, err := s.Apply(Event{Seq: s.Seq + 1, At: noon, Data: data})
				if err != nil {
					t.Fatal(err)
				}
				s = next
			}
		}
		primary := at(hyperv.ModePrimary, hyperv.StateReplicating, hyperv.PowerOff)
		replica := at(hyperv.ModeReplica, hyperv.StateReplicating, hyperv.PowerOff)
		if _, begun := decideOn(s, primary, replica).Data.(*events.StepStarted); begun != goesOn {
			t.Errorf("%s: %+v", code, decideOn(s, primary, replica))
		}
		s.Step.Since = noon.Add(-p.deadline(events.StepPreparePrimary))
		if held, ok := decideOn(s, primary, replica).Data.(*events.FailoverHeld); !ok || goesOn && held.Code != events.HoldDeadline {
			t.Errorf("%s, overdue: %+v", code, decideOn(s, primary, replica))
		}
	}
}
