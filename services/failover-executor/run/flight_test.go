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
