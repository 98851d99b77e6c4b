package view_test

import (
	"slices"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"lifeboat.io/events"
	"lifeboat.io/services/lifeboat/internal/story"
	"lifeboat.io/services/lifeboat/view"
	"lifeboat.io/services/ticket-intake/vmruns"
)

// runOf is the one run of a VM in a log.
func runOf(t *testing.T, log *story.Log, vm events.VMRef) view.Run {
	t.Helper()
	runs := view.Runs(log.Of(story.VM(vm)))
	if len(runs) != 1 {
		t.Fatalf("%d runs of %s, want 1", len(runs), vm.Name)
	}
	return runs[0]
}

// states are the states of a run's steps.
func states(r view.Run) []view.StepState {
	out := make([]view.StepState, len(r.Steps))
	for i, s := range r.Steps {
		out[i] = s.State
	}
	return out
}

func TestRunsOfTheDays(t *testing.T) {
	log := story.Days()
	for _, tt := range []struct {
		vm     events.VMRef
		status string
		over   bool
		phase  vmruns.Phase
		steps  []view.StepState
	}{
		{story.Web01, "succeeded", true, vmruns.Ended, []view.StepState{view.StepDone, view.StepDone, view.StepDone, view.StepDone, view.StepDone, view.StepDone}},
		{story.DB01, "succeeded", true, vmruns.Ended, []view.StepState{view.StepDone, view.StepDone, view.StepDone, view.StepDone, view.StepDone, view.StepDone}},
		{story.App01, "held", false, vmruns.Held, []view.StepState{view.StepDone, view.StepDone, view.StepHeld, view.StepPending}},
		{story.Web02, "running", false, vmruns.Running, []view.StepState{view.StepDone, view.StepRunning, view.StepPending, view.StepPending, view.StepPending, view.StepPending}},
	} {
		r := runOf(t, log, tt.vm)
		if r.Status() != tt.status || r.Over() != tt.over || r.Phase != tt.phase {
			t.Errorf("%s: status %q, over %v, phase %q; want %q, %v, %q", tt.vm.Name, r.Status(), r.Over(), r.Phase, tt.status, tt.over, tt.phase)
		}
		if got := states(r); !slices.Equal(got, tt.steps) {
			t.Errorf("%s: steps %v, want %v", tt.vm.Name, got, tt.steps)
		}
	}
}

func TestRunTellsWhatWasMeasured(t *testing.T) {
	r := runOf(t, story.Days(), story.DB01)
	if r.RTO == nil || r.RTO.Millis != 108000 || r.DowntimeMillis != 66000 || r.DataLoss == nil || r.DataLoss.Bound != events.LossNone {
		t.Errorf("RTO %+v, downtime %d, loss %+v", r.RTO, r.DowntimeMillis, r.DataLoss)
	}
	if r.Requester == nil || r.Requester.Email != story.Ada.Email || r.Reason == "" || r.Trace != "b94ff96c14dcdeb0191e9f043e104b33" {
		t.Errorf("requester %+v, reason %q, trace %q", r.Requester, r.Reason, r.Trace)
	}
	step := r.Steps[0]
	if step.Took(story.End) != 40*time.Second || step.Attempts != 1 || step.How != events.HowActed || step.After == nil || step.After.Power != "Off" {
		t.Errorf("first step %+v took %s", step, step.Took(story.End))
	}
}

func TestHeldRunAsksItsQuestion(t *testing.T) {
	r := runOf(t, story.Days(), story.App01)
	h := r.Hold
	if h == nil || h.Code != events.HoldDeadline || h.Step != events.StepAwaitHeartbeat || len(h.Choices) != 4 || len(h.Evidence) != 1 {
		t.Fatalf("hold %+v", h)
	}
	if r.Override == nil || len(r.Witnesses) != 1 || r.AtStake == nil || r.AtStake.Bound != events.LossAtMost {
		t.Errorf("override %+v, witnesses %v, at stake %+v", r.Override, r.Witnesses, r.AtStake)
	}
	if start := r.Steps[1]; start.How != events.HowFound || start.Fault == nil || start.Fault.Class != events.ClassUnknown {
		t.Errorf("a step whose answer was lost: %+v", start)
	}
}

// continued appends to a log and folds the VM's runs again.
func continued(t *testing.T, log *story.Log, vm events.VMRef, data ...any) view.Run {
	t.Helper()
	for _, d := range data {
		log.After(time.Second).Add(d)
	}
	return runOf(t, log, vm)
}

// reference is what every event of a run says of it.
func reference(t *testing.T, log *story.Log, vm events.VMRef) events.RunRef {
	t.Helper()
	r := runOf(t, log, vm)
	return events.RunRef{Account: r.Account, Run: r.ID, VM: r.VM, Kind: r.Kind, Ticket: r.Ticket}
}

func TestDecisionsMoveARun(t *testing.T) {
	by := story.Desk("DR-302", 1)
	undo := []events.PlannedStep{{Step: events.StepStopReplica, Host: "fra-hv2", DeadlineSeconds: 60}, {Step: events.StepCancelFailover, Host: "fra-hv2", DeadlineSeconds: 60}}
	for _, tt := range []struct {
		name   string
		then   func(events.RunRef) []any
		status string
		steps  []view.StepState
	}{
		{"retry", func(ref events.RunRef) []any {
			return []any{events.FailoverResumed{RunRef: ref, By: by, Person: story.Ada, Choice: events.ChoiceRetry, Reason: "why not"}}
		}, "running", []view.StepState{view.StepDone, view.StepDone, view.StepPending, view.StepPending}},
		{"accept", func(ref events.RunRef) []any {
			return []any{
				events.FailoverResumed{RunRef: ref, By: by, Person: story.Ada, Choice: events.ChoiceAccept, Reason: "it serves"},
				events.StepDone{RunRef: ref, Step: events.StepAwaitHeartbeat, Host: "fra-hv2", Attempt: 1, How: events.HowAccepted},
				events.FailoverAwaitingCommit{RunRef: ref, Until: story.End.Add(time.Hour)},
			}
		}, "awaiting commit", []view.StepState{view.StepDone, view.StepDone, view.StepDone, view.StepPending}},
		{"cancel", func(ref events.RunRef) []any {
			return []any{events.FailoverResumed{RunRef: ref, By: by, Person: story.Ada, Choice: events.ChoiceCancel, Reason: "the primary is back", Steps: undo}}
		}, "being undone", []view.StepState{view.StepDone, view.StepDone, view.StepNotTaken, view.StepNotTaken, view.StepPending, view.StepPending}},
		{"cancel, to its end", func(ref events.RunRef) []any {
			return []any{
				events.FailoverResumed{RunRef: ref, By: by, Person: story.Ada, Choice: events.ChoiceCancel, Reason: "the primary is back", Steps: undo},
				events.StepStarted{RunRef: ref, Step: events.StepStopReplica, Host: "fra-hv2", Attempt: 1},
				events.StepDone{RunRef: ref, Step: events.StepStopReplica, Host: "fra-hv2", Attempt: 1, How: events.HowActed},
				events.StepDone{RunRef: ref, Step: events.StepCancelFailover, Host: "fra-hv2", How: events.HowFound},
				events.FailoverCancelled{RunRef: ref, By: story.Ada},
			}
		}, "cancelled", []view.StepState{view.StepDone, view.StepDone, view.StepNotTaken, view.StepNotTaken, view.StepDone, view.StepDone}},
		{"abandon", func(ref events.RunRef) []any {
			return []any{
				events.FailoverResumed{RunRef: ref, By: by, Person: story.Ada, Choice: events.ChoiceAbandon, Reason: "by hand from here"},
				events.FailoverFailed{RunRef: ref, Why: "It was abandoned.", State: "app01 runs on fra-hv2.", FenceDue: "ams-hv2"},
			}
		}, "failed", []view.StepState{view.StepDone, view.StepDone, view.StepNotTaken, view.StepNotTaken}},
		{"a retry that fails", func(ref events.RunRef) []any {
			next := story.End.Add(time.Minute)
			return []any{
				events.FailoverResumed{RunRef: ref, By: by, Person: story.Ada, Choice: events.ChoiceRetry, Reason: "why not"},
				events.StepStarted{RunRef: ref, Step: events.StepAwaitHeartbeat, Host: "fra-hv2", Attempt: 2},
				events.StepFailed{RunRef: ref, Step: events.StepAwaitHeartbeat, Host: "fra-hv2", Attempt: 2, Fault: events.Fault{Class: events.ClassRetry, Code: "busy", Message: "m"}, RetryAt: &next},
			}
		}, "running", []view.StepState{view.StepDone, view.StepDone, view.StepRetrying, view.StepPending}},
		{"a refused decision changes nothing", func(ref events.RunRef) []any {
			return []any{events.FailoverRefused{RunRef: ref, Action: events.ActionCommit, By: by, Reasons: []events.Reason{events.NewReason("not-now", "action", "commit", "p", "f")}}}
		}, "held", []view.StepState{view.StepDone, view.StepDone, view.StepHeld, view.StepPending}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			log := story.Days()
			r := continued(t, log, story.App01, tt.then(reference(t, log, story.App01))...)
			if r.Status() != tt.status || !slices.Equal(states(r), tt.steps) {
				t.Errorf("status %q with steps %v; want %q with %v", r.Status(), states(r), tt.status, tt.steps)
			}
			if len(r.Decisions) == 0 || r.Decisions[0].By == nil || *r.Decisions[0].By != by {
				t.Errorf("decisions %+v do not name ticket %s", r.Decisions, by)
			}
			if !r.ChangedAt.Equal(log.Now) {
				t.Errorf("changed at %s, want %s", r.ChangedAt, log.Now)
			}
		})
	}
}

func TestFenceOutlivesItsRun(t *testing.T) {
	log := story.Days()
	ref := reference(t, log, story.App01)
	by := story.Desk("DR-302", 1)
	r := continued(t, log, story.App01,
		events.FailoverResumed{RunRef: ref, By: by, Person: story.Ada, Choice: events.ChoiceAccept, Reason: "it serves"},
		events.FailoverSucceeded{RunRef: ref, FenceDue: "ams-hv2", DataLoss: events.DataLoss{Bound: events.LossUnknown, Basis: "b"}, RTO: events.RTO{Parts: []events.Part{}}})
	if r.Over() || r.Outcome != events.OutcomeSucceeded || r.FenceDue != "ams-hv2" {
		t.Errorf("over %v, outcome %q, fence due %q", r.Over(), r.Outcome, r.FenceDue)
	}
	newest := log.Of(story.VM(story.App01))
	if !view.Unfinished(newest) {
		t.Error("a VM with an old primary to fence counts as finished")
	}
	r = continued(t, log, story.App01,
		events.StepStarted{RunRef: ref, Step: events.StepPowerOffOldPrimary, Host: "ams-hv2", Attempt: 1},
		events.FailoverHeld{RunRef: ref, Step: events.StepPowerOffOldPrimary, Code: events.HoldFenceAmbiguous, Why: "w", Decider: "d", Choices: []events.Choice{events.ChoiceRetry, events.ChoiceAbandon}})
	if r.Status() != "held" || r.Outcome != events.OutcomeSucceeded {
		t.Errorf("a held fence shows as %q of a run that %q", r.Status(), r.Outcome)
	}
	if last := r.Steps[len(r.Steps)-1]; last.Purpose != view.PurposeFence || last.State != view.StepHeld {
		t.Errorf("the fence's step is %+v", last)
	}
	r = continued(t, log, story.App01, events.FailoverFenced{RunRef: ref, Host: "ams-hv2", WasRunning: true})
	if !r.Over() || r.Fenced == nil || r.FenceDue != "" || r.Hold != nil {
		t.Errorf("after fencing: over %v, fenced %+v, due %q, hold %+v", r.Over(), r.Fenced, r.FenceDue, r.Hold)
	}
	if view.Unfinished(log.Of(story.VM(story.App01))) {
		t.Error("a VM whose old primary is fenced counts as unfinished")
	}
}

func TestRefusedRunTellsWhy(t *testing.T) {
	log := &story.Log{Now: story.Begin}
	ref := events.RunRef{Account: story.Account, Run: "r-aaaaaaaaaaaaa", VM: story.App01, Kind: events.KindUnplanned, Ticket: story.Desk("DR-1", 1)}
	log.Add(events.FailoverRefused{RunRef: ref, Action: events.ActionUnplanned, By: ref.Ticket, Reasons: []events.Reason{events.NewReason("c", "unplanned.override", "", "p", "f")}})
	r := runOf(t, log, story.App01)
	if r.Status() != "refused" || !r.Over() || len(r.Reasons) != 1 || r.EndedAt == nil {
		t.Errorf("%+v", r)
	}
}

// TestNewerEventsAreHeard: what a newer version writes belongs to its run, and
// changes nothing that is known.
func TestNewerEventsAreHeard(t *testing.T) {
	log := story.Days()
	history := log.Of(story.VM(story.Web02))
	e := event.New()
	e.SetID("new")
	e.SetSource("/lifeboat/failover-executor")
	e.SetType("io.lifeboat.failover.replanned.v1")
	e.SetSubject(story.VM(story.Web02).String())
	e.SetTime(story.End)
	if err := e.SetData(event.ApplicationJSON, history[len(history)-1].Run); err != nil {
		t.Fatal(err)
	}
	before := view.Runs(history)[0]
	after := view.Runs(append(history, view.Of(9999, e)))[0]
	if after.Status() != before.Status() || !slices.Equal(states(after), states(before)) {
		t.Errorf("an unknown event changed %q to %q", before.Status(), after.Status())
	}
	if !after.ChangedAt.Equal(story.End) || after.News != e.Type() {
		t.Errorf("an unknown event was not heard: changed at %s, news %q", after.ChangedAt, after.News)
	}
}

func TestFind(t *testing.T) {
	runs := view.Runs(story.Days().Of(story.VM(story.App01)))
	if r, ok := view.Find(runs, runs[0].ID); !ok || r.ID != runs[0].ID {
		t.Errorf("%+v, %v", r, ok)
	}
	if _, ok := view.Find(runs, "r-none"); ok {
		t.Error("a run that is not there was found")
	}
}
