package vmruns_test

import (
	"testing"
	"time"

	"lifeboat.io/events"
	"lifeboat.io/services/ticket-intake/vmruns"
)

var (
	ask   = events.TicketRef{System: "desk", Ticket: "T-1", Revision: 1}
	steer = events.TicketRef{System: "desk", Ticket: "T-2", Revision: 1}
	run   = events.RunRef{Account: "acme", Run: "r-1", VM: events.VMRef{ID: "vm"}, Kind: events.KindUnplanned, Ticket: ask}
	until = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
)

func planned() any { return &events.FailoverPlanned{RunRef: run} }

func TestPhases(t *testing.T) {
	for _, tt := range []struct {
		name    string
		then    []any
		phase   vmruns.Phase
		outcome events.Outcome
	}{
		{"planned", nil, vmruns.Running, ""},
		{"steps", []any{&events.StepStarted{RunRef: run}, &events.StepDone{RunRef: run}}, vmruns.Running, ""},
		{"held", []any{&events.FailoverHeld{RunRef: run}}, vmruns.Held, ""},
		{"resumed", []any{&events.FailoverHeld{RunRef: run}, &events.FailoverResumed{RunRef: run, Choice: events.ChoiceRetry}}, vmruns.Running, ""},
		{"resumed to be undone", []any{&events.FailoverHeld{RunRef: run}, &events.FailoverResumed{RunRef: run, Choice: events.ChoiceCancel}}, vmruns.Undoing, ""},
		{"awaiting cleanup", []any{&events.FailoverAwaitingCleanup{RunRef: run}}, vmruns.AwaitingCleanup, ""},
		{"awaiting commit", []any{&events.FailoverAwaitingCommit{RunRef: run}}, vmruns.AwaitingCommit, ""},
		{"instructed", []any{&events.FailoverAwaitingCommit{RunRef: run}, &events.FailoverInstructed{RunRef: run, Action: events.ActionCommit}}, vmruns.Running, ""},
		{"told to undo", []any{&events.FailoverInstructed{RunRef: run, Action: events.ActionCancel}}, vmruns.Undoing, ""},
		{"committed", []any{&events.FailoverAwaitingCommit{RunRef: run}, &events.FailoverCommitted{RunRef: run}}, vmruns.Running, ""},
		{"refused to steer", []any{&events.FailoverRefused{RunRef: run, Action: events.ActionCommit, By: steer}}, vmruns.Running, ""},
		{"succeeded", []any{&events.FailoverSucceeded{RunRef: run}}, vmruns.Ended, events.OutcomeSucceeded},
		{"failed", []any{&events.FailoverFailed{RunRef: run}}, vmruns.Ended, events.OutcomeFailed},
		{"cancelled", []any{&events.FailoverCancelled{RunRef: run}}, vmruns.Ended, events.OutcomeCancelled},
		{"fenced after the end", []any{&events.FailoverSucceeded{RunRef: run}, &events.StepStarted{RunRef: run}, &events.FailoverFenced{RunRef: run}}, vmruns.Ended, events.OutcomeSucceeded},
	} {
		t.Run(tt.name, func(t *testing.T) {
			vm := vmruns.Fold(append([]any{planned()}, tt.then...))
			got := vm.Runs["r-1"]
			if got.Phase != tt.phase || got.Outcome != tt.outcome || !got.Began() || got.Over() != (tt.outcome != "") {
				t.Errorf("phase %q and outcome %q, want %q and %q", got.Phase, got.Outcome, tt.phase, tt.outcome)
			}
			if (vm.Active == "r-1") == (tt.outcome != "") {
				t.Errorf("active %q with outcome %q", vm.Active, tt.outcome)
			}
			if got.Over() && got.Sentence == "" {
				t.Error("an end without a sentence")
			}
		})
	}
}

func TestARefusedRunNeverBegan(t *testing.T) {
	vm := vmruns.Fold([]any{&events.FailoverRefused{RunRef: run, Action: events.ActionUnplanned, By: ask}})
	if got := vm.Runs["r-1"]; got.Began() || !got.Over() || got.Outcome != events.OutcomeRefused || vm.Active != "" {
		t.Errorf("run %+v, active %q", got, vm.Active)
	}
}

func TestARefusalBesideARunLeavesItActive(t *testing.T) {
	other := run
	other.Run = "r-2"
	vm := vmruns.Fold([]any{planned(), &events.FailoverRefused{RunRef: other, Action: events.ActionTest, By: steer}})
	if vm.Active != "r-1" {
		t.Errorf("active %q, want r-1", vm.Active)
	}
}

func TestSteering(t *testing.T) {
	for _, tt := range []struct {
		name             string
		data             any
		refused, decided bool
	}{
		{"instructed", &events.FailoverInstructed{RunRef: run, Action: events.ActionCommit, By: &steer}, false, false},
		{"refused", &events.FailoverRefused{RunRef: run, Action: events.ActionCommit, By: steer}, true, false},
		{"decided", &events.FailoverResumed{RunRef: run, Choice: events.ChoiceRetry, By: steer}, false, true},
	} {
		got, ok := vmruns.Fold([]any{planned(), tt.data}).Runs["r-1"].Steering[steer]
		if !ok || got.Refused != tt.refused || got.Decided != tt.decided || got.Sentence == "" {
			t.Errorf("%s: %+v", tt.name, got)
		}
	}
	byDeadline := vmruns.Fold([]any{planned(), &events.FailoverInstructed{RunRef: run, Action: events.ActionCommit}})
	if len(byDeadline.Runs["r-1"].Steering) != 0 {
		t.Errorf("a deadline counts as a ticket: %+v", byDeadline.Runs["r-1"].Steering)
	}
}

func TestTheFenceCanBeHeldAfterTheEnd(t *testing.T) {
	held := &events.FailoverHeld{RunRef: run, Choices: []events.Choice{events.ChoiceRetry}}
	vm := vmruns.Fold([]any{planned(), &events.FailoverSucceeded{RunRef: run}, held})
	if got := vm.Runs["r-1"]; got.Hold != held || got.Phase != vmruns.Ended || vm.Active != "" {
		t.Errorf("run %+v, active %q", got, vm.Active)
	}
	vm = vm.Apply(&events.FailoverResumed{RunRef: run, Choice: events.ChoiceRetry, By: steer})
	if got := vm.Runs["r-1"]; got.Hold != nil || got.Phase != vmruns.Ended {
		t.Errorf("run %+v", got)
	}
}

func TestDetailsForPeople(t *testing.T) {
	vm := vmruns.Fold([]any{planned(), &events.FailoverAwaitingCommit{RunRef: run, Until: until}})
	if got := vm.Runs["r-1"]; !got.Until.Equal(until) || got.Ticket != ask || got.Kind != events.KindUnplanned {
		t.Errorf("run %+v", got)
	}
	done := &events.FailoverSucceeded{RunRef: run, RTO: events.RTO{Millis: 5}}
	if got := vm.Apply(done).Runs["r-1"]; got.Measured != done {
		t.Errorf("measured %+v", got.Measured)
	}
}

func TestApplyDoesNotChangeItsReceiver(t *testing.T) {
	past := vmruns.Fold([]any{planned()})
	past.Apply(&events.FailoverSucceeded{RunRef: run})
	past.Apply(&events.FailoverRefused{RunRef: run, Action: events.ActionCommit, By: steer})
	if got := past.Runs["r-1"]; got.Over() || len(got.Steering) != 0 || past.Active != "r-1" {
		t.Errorf("the past changed: %+v, active %q", got, past.Active)
	}
}
