package run

import (
	"strings"
	"testing"
	"time"

	"lifeboat.io/events"
	"lifeboat.io/pkg/hyperv"
)

// TestTheLossEndsWithTheLastWrite: a primary that was seen running after the
// failover wrote on, and what it wrote is lost as well.
func TestTheLossEndsWithTheLastWrite(t *testing.T) {
	const fast = 7 * time.Second // by which the replica host's clock is ahead
	failover, received := noon.Add(fast), noon.Add(fast-5*time.Minute)
	sight := func(power hyperv.PowerState, after time.Duration) *events.FailoverHeld {
		s := at(hyperv.ModePrimary, hyperv.StateReplicating, power)
		s.At = noon.Add(after)
		return heldSeeing(s)
	}
	down := at(hyperv.ModePrimary, hyperv.StateReplicating, hyperv.PowerOff)
	down.At = noon.Add(2 * time.Minute)
	after := reading("p", down)
	fenced := &events.FailoverFenced{RunRef: events.RunRef{Run: "r-1"}, Host: "p", After: &after}
	for name, c := range map[string]struct {
		told  []any
		until time.Duration // after the failover
		basis string
	}{
		"never seen":               {nil, 0, "to the failover"},
		"seen down":                {[]any{sight(hyperv.PowerOff, time.Minute)}, 0, "to the failover"},
		"ran before":               {[]any{sight(hyperv.PowerRunning, -time.Minute)}, 0, "to the failover"},
		"ran, then off":            {[]any{sight(hyperv.PowerRunning, time.Second), resumedBy(events.ChoiceRetry), sight(hyperv.PowerOff, time.Minute)}, time.Minute, "seen off"},
		"ran, off, still off":      {[]any{sight(hyperv.PowerRunning, time.Second), resumedBy(events.ChoiceRetry), sight(hyperv.PowerOff, time.Minute), resumedBy(events.ChoiceRetry), sight(hyperv.PowerOff, time.Hour)}, time.Minute, "seen off"},
		"ran, then a person":       {[]any{sight(hyperv.PowerRunning, time.Second), resumedBy(events.ChoiceOverride)}, 3 * time.Minute, "until Robin Example answered"},
		"ran, a person, ran again": {[]any{sight(hyperv.PowerRunning, time.Second), resumedBy(events.ChoiceOverride), sight(hyperv.PowerRunning, time.Hour)}, time.Hour, "last seen running"},
		"ran, fenced, a person":    {[]any{sight(hyperv.PowerRunning, time.Second), fenced, resumedBy(events.ChoiceOverride)}, 2 * time.Minute, "seen off"},
		"ran, only a retry":        {[]any{sight(hyperv.PowerRunning, time.Second), resumedBy(events.ChoiceRetry)}, time.Second, "last seen running"},
	} {
		s := midRun(events.KindUnplanned, events.StepStartReplica)
		s.Run.Done = []events.StepDone{{
			Step: events.StepFailOverReplica, Host: "r", How: events.HowActed,
			After: &events.Reading{Host: "r", ReadAt: noon, HostTime: &failover, Replication: &events.ReplicationReading{LastReplication: &received}},
		}}
		s.Fence = &Fence{RunRef: s.Run.RunRef, Host: "p", Live: "r"}
		for i, data := range c.told {
			next, err := s.Apply(Event{Seq: uint64(i + 2), At: noon.Add(3 * time.Minute), Data: data})
			if err != nil {
				t.Fatal(name, err)
			}
			s = next
		}
		got := s.Run.lost()
		if want := 5*time.Minute + c.until; got.Bound != events.LossAtMost || got.Seconds != want.Seconds() || !strings.Contains(got.Basis, c.basis) {
			t.Errorf("%s: %+v, want %s and %q", name, got, want, c.basis)
		}
	}
}

// TestBesideMeansSinceTheStart: two copies are said to have run at once only when
// the old one was seen running since the new one was asked to start, and that did.
func TestBesideMeansSinceTheStart(t *testing.T) {
	on, off := hyperv.VM{Present: true, Power: hyperv.PowerRunning}, hyperv.VM{Present: true, Power: hyperv.PowerOff}
	for name, c := range map[string]struct {
		ran   time.Time
		began time.Time
		did   bool
		live  hyperv.VM
		run   string
		want  bool
	}{
		"never seen running":        {time.Time{}, noon, true, on, "r-1", false},
		"seen before the start":     {noon.Add(-time.Second), noon, true, on, "r-1", false},
		"seen since":                {noon.Add(time.Second), noon, true, on, "r-1", true},
		"seen since, now off":       {noon.Add(time.Second), noon, true, off, "r-1", true},
		"asked, no answer, it runs": {noon.Add(time.Second), noon, false, on, "r-1", true},
		"asked, nothing came of it": {noon.Add(time.Second), noon, false, off, "r-1", false},
		"another run has begun":     {noon, time.Time{}, false, off, "r-0", true},
	} {
		s := midRun(events.KindUnplanned, events.StepStartReplica)
		s.Run.startBegan = c.began
		if c.did {
			s = midRun(events.KindUnplanned, events.StepCompleteFailover)
			s.Run.startBegan = c.began
		}
		s.Fence = &Fence{RunRef: events.RunRef{Run: c.run}, Host: "p", Live: "r", Ran: c.ran}
		m := Mind{Sights: map[string]Sight{"r": {At: noon, VM: c.live}}}
		if got := s.ranBeside(m); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// TestADeadlineDoesNotCompleteForAVMThatIsOff: a person may; a deadline may not.
func TestADeadlineDoesNotCompleteForAVMThatIsOff(t *testing.T) {
	off := at(hyperv.ModeReplica, hyperv.StateFailedOverWaitingCompletion, hyperv.PowerOff)
	for name, by := range map[string]*events.TicketRef{"a deadline": nil, "a ticket": {}} {
		s := midRun(events.KindUnplanned, events.StepCompleteFailover)
		s.Run.Phase = PhaseAwaitingCommit
		told := &events.FailoverInstructed{RunRef: s.Run.RunRef, Action: events.ActionCommit, By: by, Steps: s.Run.Program[s.Run.Next:]}
		s, err := s.Apply(Event{Seq: 2, At: noon, Data: told})
		if err != nil {
			t.Fatal(err)
		}
		held, isHeld := decideOn(s, silent(), off).Data.(*events.FailoverHeld)
		if isHeld != (by == nil) || isHeld && held.Code != events.HoldWrongState {
			t.Errorf("told by %s: %+v", name, decideOn(s, silent(), off).Data)
		}
		if !isHeld {
			continue
		}
		for i, data := range []any{held, resumedBy(events.ChoiceRetry)} {
			if s, err = s.Apply(Event{Seq: uint64(3 + i), At: noon, Data: data}); err != nil {
				t.Fatal(err)
			}
		}
		if _, goes := decideOn(s, silent(), off).Data.(*events.StepStarted); !goes {
			t.Errorf("a person said retry: %+v", decideOn(s, silent(), off).Data)
		}
	}
}
