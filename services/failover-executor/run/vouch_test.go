package run

import (
	"testing"
	"time"

	"lifeboat.io/events"
	"lifeboat.io/pkg/hyperv"
)

// atTheBrink is an unplanned failover that is about to fail the replica over,
// with what the log says of the primary so far.
func atTheBrink(t *testing.T, told ...any) State {
	t.Helper()
	s := midRun(events.KindUnplanned, events.StepFailOverReplica)
	s.Run.Done = nil
	for i, data := range told {
		next, err := s.Apply(Event{Seq: uint64(i + 2), At: noon, Data: data})
		if err != nil {
			t.Fatal(err)
		}
		s = next
	}
	return s
}

// heldSeeing is a hold whose evidence is a look at the primary.
func heldSeeing(look Sight) *events.FailoverHeld {
	return &events.FailoverHeld{
		RunRef: events.RunRef{Run: "r-1"}, Step: events.StepFailOverReplica, Code: events.HoldWrongState,
		Evidence: []events.Reading{reading("p", look)},
	}
}

func resumedBy(choice events.Choice) *events.FailoverResumed {
	return &events.FailoverResumed{RunRef: events.RunRef{Run: "r-1"}, Choice: choice, Person: events.Person{Name: "Robin Example"}, Reason: "looked at it"}
}

// TestNobodysWordOutlivesASight: with the primary silent now, what was said and
// seen of it before decides whether the replica may go live.
func TestNobodysWordOutlivesASight(t *testing.T) {
	up, off := at(hyperv.ModePrimary, hyperv.StateReplicating, hyperv.PowerRunning), at(hyperv.ModePrimary, hyperv.StateReplicating, hyperv.PowerOff)
	replica := at(hyperv.ModeReplica, hyperv.StateReplicating, hyperv.PowerOff)
	later := func(s Sight, by time.Duration) Sight { s.At = s.At.Add(by); return s }
	for name, c := range map[string]struct {
		told     []any
		answered *Sight
		goes     bool
	}{
		"nothing known":                  {nil, nil, false},
		"named":                          {[]any{heldSeeing(silent()), resumedBy(events.ChoiceOverride)}, nil, true},
		"named, then seen running":       {[]any{heldSeeing(silent()), resumedBy(events.ChoiceOverride), heldSeeing(up), resumedBy(events.ChoiceRetry)}, nil, false},
		"seen running, then named":       {[]any{heldSeeing(up), resumedBy(events.ChoiceOverride)}, nil, true},
		"named, then silent again":       {[]any{heldSeeing(silent()), resumedBy(events.ChoiceOverride), heldSeeing(silent()), resumedBy(events.ChoiceRetry)}, nil, true},
		"seen down, then a person":       {[]any{heldSeeing(off), resumedBy(events.ChoiceRetry)}, nil, false},
		"named, ran in a look since":     {[]any{heldSeeing(silent()), resumedBy(events.ChoiceOverride)}, ptr(later(up, time.Second)), false},
		"named, ran in a look before":    {[]any{heldSeeing(silent()), resumedBy(events.ChoiceOverride)}, ptr(later(up, -time.Second)), true},
		"named, was off in a look since": {[]any{heldSeeing(silent()), resumedBy(events.ChoiceOverride)}, ptr(later(off, time.Second)), true},
	} {
		s := atTheBrink(t, c.told...)
		m := Mind{Sights: map[string]Sight{"p": silent(), "r": replica}, Stands: Standing{Run: s.Run.Run}}
		if c.answered != nil {
			m.Answers = map[string]Sight{"p": *c.answered}
		}
		ask := Decide(DefaultPolicy(), s, m, noon)
		if _, goes := ask.Data.(*events.StepStarted); goes != c.goes {
			t.Errorf("%s: %T, want it to go on: %t", name, ask.Data, c.goes)
			continue
		}
		held, asks := ask.Data.(*events.FailoverHeld)
		if asks == c.goes || asks && held.Code != events.HoldPrimarySilent {
			t.Errorf("%s: %+v", name, ask.Data)
		}
	}
}

// TestALookThatSawItRunIsRecorded: a look that saw the primary running while
// nothing was recorded goes into the hold that asks for a name, so that it
// counts after a restart, too.
func TestALookThatSawItRunIsRecorded(t *testing.T) {
	s := atTheBrink(t, heldSeeing(silent()), resumedBy(events.ChoiceOverride))
	var m Mind
	up := at(hyperv.ModePrimary, hyperv.StateReplicating, hyperv.PowerRunning)
	up.At = up.At.Add(time.Second)
	m.Saw("p", up)
	m.Waited()
	m.Saw("p", silent())
	m.Saw("r", at(hyperv.ModeReplica, hyperv.StateReplicating, hyperv.PowerOff))
	m.Stands = Standing{Run: s.Run.Run}
	held, ok := Decide(DefaultPolicy(), s, m, noon).Data.(*events.FailoverHeld)
	if !ok {
		t.Fatal("it goes on")
	}
	next, err := s.Apply(Event{Seq: 9, At: noon, Data: held})
	if err != nil {
		t.Fatal(err)
	}
	if next.Run.Override != nil {
		t.Error("the hold does not tell that the primary ran")
	}
}

func ptr[T any](v T) *T { return &v }
