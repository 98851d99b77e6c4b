package run

import (
	"strings"
	"testing"

	"lifeboat.io/events"
)

func TestEveryStepHasARow(t *testing.T) {
	policy := DefaultPolicy()
	for _, v := range events.Step("").Values() {
		step := events.Step(v.Name)
		row, ok := table[step]
		if !ok {
			t.Errorf("%s: no row in the table of steps", step)
			continue
		}
		if row.done == nil {
			t.Errorf("%s: no way to tell that it is done", step)
		}
		if row.watches == (row.call != nil) {
			t.Errorf("%s: must either watch or have a call", step)
		}
		if _, ok := policy.Deadlines[step]; !ok {
			t.Errorf("%s: no deadline", step)
		}
		if row.final && len(row.undo) > 0 {
			t.Errorf("%s: final and yet it has an undo", step)
		}
		for _, undo := range row.undo {
			if _, ok := table[undo]; !ok {
				t.Errorf("%s: undo %s has no row", step, undo)
			}
		}
	}
	for step := range table {
		if !events.Known(events.Step(""), string(step)) {
			t.Errorf("%s: in the table but not among the steps that travel", step)
		}
	}
}

func TestPrograms(t *testing.T) {
	for kind, want := range map[events.Kind]string{
		events.KindTest:      "SetTestNetwork@r StartTestFailover@r StartTestVM@r AwaitTestHeartbeat@r StopTestFailover@r VerifyUntouched@r",
		events.KindPlanned:   "ShutDownPrimary@p PreparePrimary@p FailOverReplica@r ReverseReplication@r StartReplica@r AwaitHeartbeat@r RestoreAutoStart@r VerifyReplication@r",
		events.KindUnplanned: "FencePrimary@p ShutDownPrimary@p FailOverReplica@r StartReplica@r AwaitHeartbeat@r RestoreAutoStart@r CompleteFailover@r",
	} {
		if got := sketch(program(DefaultPolicy(), kind, "p", "r", true, 0)); got != want {
			t.Errorf("%s:\n got %s\nwant %s", kind, got, want)
		}
	}
	silent := sketch(program(DefaultPolicy(), events.KindUnplanned, "p", "r", false, 0))
	if want := "FailOverReplica@r StartReplica@r AwaitHeartbeat@r CompleteFailover@r"; silent != want {
		t.Errorf("unplanned with a silent primary:\n got %s\nwant %s", silent, want)
	}
}

func sketch(steps []events.PlannedStep) string {
	var out []string
	for _, s := range steps {
		out = append(out, string(s.Step)+"@"+s.Host)
	}
	return strings.Join(out, " ")
}

// TestUndo walks every program step by step and lists what would take it back
// after each one.
func TestUndo(t *testing.T) {
	want := map[events.Kind][]string{
		events.KindTest: {
			"", "", "StopTestFailover@r", "StopTestFailover@r", "StopTestFailover@r", "StopTestFailover@r", "StopTestFailover@r",
		},
		events.KindPlanned: {
			"",
			"StartPrimary@p",
			"CancelPrepare@p StartPrimary@p",
			"StopReplica@r CancelFailover@r CancelPrepare@p StartPrimary@p",
			"!ReverseReplication", "!ReverseReplication", "!ReverseReplication", "!ReverseReplication", "!ReverseReplication",
		},
		events.KindUnplanned: {
			"",
			"UnfencePrimary@p",
			"StartPrimary@p UnfencePrimary@p",
			"StopReplica@r CancelFailover@r StartPrimary@p UnfencePrimary@p",
			"StopReplica@r CancelFailover@r StartPrimary@p UnfencePrimary@p",
			"StopReplica@r CancelFailover@r StartPrimary@p UnfencePrimary@p",
			"StopReplica@r CancelFailover@r StartPrimary@p UnfencePrimary@p",
			"!CompleteFailover",
		},
	}
	for kind, rows := range want {
		steps := program(DefaultPolicy(), kind, "p", "r", true, 0)
		r := &Run{RunRef: events.RunRef{Kind: kind}, Plan: events.FailoverPlanned{
			Primary: "p", Replica: "r", Steps: steps,
			Evidence: []events.Reading{{Host: "p", Power: "Running"}},
		}}
		for i, want := range rows {
			if i > 0 {
				r.Done = append(r.Done, events.StepDone{Step: steps[i-1].Step, How: events.HowActed})
			}
			undo, final, ok := State{Run: r}.undoing(DefaultPolicy())
			got := sketch(undo)
			if !ok {
				got = "!" + string(final)
			}
			if got != want {
				t.Errorf("%s after %d steps:\n got %q\nwant %q", kind, i, got, want)
			}
		}
	}
}

func TestUndoLeavesAPrimaryThatWasOffAlone(t *testing.T) {
	r := &Run{RunRef: events.RunRef{Kind: events.KindPlanned}, Plan: events.FailoverPlanned{
		Primary: "p", Replica: "r", Steps: program(DefaultPolicy(), events.KindPlanned, "p", "r", true, 0),
		Evidence: []events.Reading{{Host: "p", Power: "Off"}},
	}}
	r.Done = []events.StepDone{{Step: events.StepShutDownPrimary, How: events.HowFound}, {Step: events.StepPreparePrimary, How: events.HowActed}}
	undo, _, _ := State{Run: r}.undoing(DefaultPolicy())
	if got := sketch(undo); got != "CancelPrepare@p" {
		t.Errorf("undo of a run whose primary was off: %s", got)
	}
}

// TestUndoCoversAnAttemptOfUnknownOutcome: what was begun may have happened.
func TestUndoCoversAnAttemptOfUnknownOutcome(t *testing.T) {
	r := &Run{RunRef: events.RunRef{Kind: events.KindPlanned}, Plan: events.FailoverPlanned{
		Primary: "p", Replica: "r", Steps: program(DefaultPolicy(), events.KindPlanned, "p", "r", true, 0),
	}, Tried: []events.Step{events.StepShutDownPrimary, events.StepPreparePrimary}}
	undo, _, _ := State{Run: r}.undoing(DefaultPolicy())
	if got := sketch(undo); got != "CancelPrepare@p" {
		t.Errorf("undo after an attempt at PreparePrimary: %s", got)
	}
	r.Tried = append(r.Tried, events.StepFailOverReplica, events.StepReverseReplication)
	if _, final, ok := (State{Run: r}).undoing(DefaultPolicy()); ok || final != events.StepReverseReplication {
		t.Error("a run that may have reversed must not be undone")
	}
}

// TestLegalTable: every event in every phase is either in the table or refused
// with a sentence that names both.
func TestLegalTable(t *testing.T) {
	for _, phase := range []Phase{"", PhaseRunning, PhaseAwaitingCleanup, PhaseAwaitingCommit, PhaseHeld, PhaseEnded} {
		for _, entry := range events.Catalogue() {
			if entry.Family != events.FamilyFailover || legal[phase][entry.Event] || entry.Event == "refused" {
				continue
			}
			s := State{}
			if phase != "" {
				s.Run = &Run{Phase: phase}
			}
			_, err := s.Apply(Event{Seq: 1, Data: entry.New()})
			if err == nil {
				t.Errorf("%s in phase %q was applied", entry.Event, phase)
				continue
			}
			name := string(phase)
			if phase == "" {
				name = "no run"
			}
			if !strings.Contains(err.Error(), entry.Event) || !strings.Contains(err.Error(), name) {
				t.Errorf("%s in phase %q: error does not name both: %v", entry.Event, phase, err)
			}
		}
	}
	for phase, names := range legal {
		for name := range names {
			if _, ok := events.EntryByType("io.lifeboat.failover." + name + ".v1"); !ok {
				t.Errorf("phase %q allows %q, which is no failover event", phase, name)
			}
		}
	}
}
