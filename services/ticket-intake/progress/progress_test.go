package progress_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"lifeboat.io/events"
	"lifeboat.io/services/ticket-intake/progress"
	"lifeboat.io/services/ticket-intake/ticket"
	"lifeboat.io/services/ticket-intake/vmruns"
)

var (
	ask     = events.TicketRef{System: "desk", Ticket: "T-1", Revision: 1}
	steer   = events.TicketRef{System: "desk", Ticket: "T-2", Revision: 1}
	run     = events.RunRef{Account: "acme", Run: "r-1", VM: events.VMRef{ID: "vm-1", Name: "db"}, Kind: events.KindUnplanned, Ticket: ask}
	until   = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	planned = &events.FailoverPlanned{RunRef: run}
)

// one is the data of every failover event about a run.
func one() map[string]any {
	return map[string]any{
		"refused":          &events.FailoverRefused{RunRef: run, Action: events.ActionUnplanned, By: ask},
		"planned":          planned,
		"held":             &events.FailoverHeld{RunRef: run, Choices: []events.Choice{events.ChoiceRetry}},
		"resumed":          &events.FailoverResumed{RunRef: run, By: steer, Choice: events.ChoiceRetry},
		"instructed":       &events.FailoverInstructed{RunRef: run, By: &steer, Action: events.ActionCancel},
		"awaiting-cleanup": &events.FailoverAwaitingCleanup{RunRef: run, Until: until},
		"awaiting-commit":  &events.FailoverAwaitingCommit{RunRef: run, Until: until},
		"committed":        &events.FailoverCommitted{RunRef: run},
		"cancelled":        &events.FailoverCancelled{RunRef: run},
		"succeeded":        &events.FailoverSucceeded{RunRef: run, RTO: events.RTO{Millis: 61000}, DataLoss: events.DataLoss{Bound: events.LossNone}},
		"failed":           &events.FailoverFailed{RunRef: run},
	}
}

func TestEventsThatAreNewsAreThoseWithARun(t *testing.T) {
	if got := len(one()); got != len(progress.Events) {
		t.Errorf("%d events in the test, %d that are news", got, len(progress.Events))
	}
	for _, name := range progress.Events {
		data, ok := one()[name]
		entry, known := events.EntryOf(data)
		ref, has := progress.Run(data)
		if !ok || !known || entry.Event != name || entry.Family != events.FamilyFailover || !has || ref != run {
			t.Errorf("%s: data %T, run %+v", name, data, ref)
		}
	}
	if _, has := progress.Run(&events.StepDone{RunRef: run}); has {
		t.Error("steps are news")
	}
}

func TestConcerned(t *testing.T) {
	steered := vmruns.Fold([]any{planned, &events.FailoverInstructed{RunRef: run, By: &steer, Action: events.ActionCommit}})
	refusedToSteer := &events.FailoverRefused{RunRef: run, Action: events.ActionCommit, By: steer}
	for name, tt := range map[string]struct {
		data any
		vm   vmruns.VM
		want []events.TicketRef
	}{
		"planned":           {planned, vmruns.VM{}, []events.TicketRef{ask}},
		"refused":           {one()["refused"], vmruns.VM{}, []events.TicketRef{ask}},
		"refused to steer":  {refusedToSteer, vmruns.VM{}, []events.TicketRef{steer}},
		"resumed":           {one()["resumed"], vmruns.VM{}, []events.TicketRef{ask, steer}},
		"instructed":        {one()["instructed"], vmruns.VM{}, []events.TicketRef{ask}},
		"committed":         {one()["committed"], steered, []events.TicketRef{ask, steer}},
		"ended":             {one()["succeeded"], steered, []events.TicketRef{ask, steer}},
		"ended by itself":   {one()["succeeded"], vmruns.VM{}, []events.TicketRef{ask}},
		"a step":            {&events.StepDone{RunRef: run}, steered, nil},
		"something unknown": {nil, steered, nil},
	} {
		if got := progress.Concerned(tt.data, tt.vm); !slices.Equal(got, tt.want) {
			t.Errorf("%s concerns %v, want %v", name, got, tt.want)
		}
	}
}

// accepted is a ticket with one accepted revision.
func accepted(ref events.TicketRef, action events.Action, items ...events.Item) ticket.Ticket {
	return ticket.Fold([]ticket.Event{{Seq: 1, ID: "a", Data: &events.TicketAccepted{Request: events.Request{TicketRef: ref, Action: action}, Items: items}}})
}

func item(vm, run string) events.Item {
	return events.Item{VM: events.VMRef{ID: vm, Name: vm}, Run: run}
}

func TestProgressed(t *testing.T) {
	asked := accepted(ask, events.ActionUnplanned, item("vm-1", "r-1"))
	phases := map[string]events.Progress{
		"planned": events.ProgressStarted, "held": events.ProgressHeld, "resumed": events.ProgressResumed,
		"instructed": events.ProgressUndoing, "awaiting-cleanup": events.ProgressAwaitingCleanup,
		"awaiting-commit": events.ProgressAwaitingCommit, "committed": events.ProgressCommitted,
	}
	for name, data := range one() {
		got, ok := progress.Progressed(asked, ask, "f-1", data)
		want, wanted := phases[name]
		if ok != wanted || ok && (got.Progress != want || got.Cause != "f-1" || got.Run != "r-1" || got.Sentence == "" || got.TicketRef != ask) {
			t.Errorf("%s: %+v, want %q", name, got, want)
		}
		if !ok {
			continue
		}
		if (name == "held") != (len(got.Choices) > 0) || (got.Until != nil) != (name == "awaiting-cleanup" || name == "awaiting-commit") {
			t.Errorf("%s: choices %v, until %v", name, got.Choices, got.Until)
		}
		again := asked.Apply(ticket.Event{Seq: 2, ID: "b", Data: got})
		if _, twice := progress.Progressed(again, ask, "f-1", data); twice {
			t.Errorf("%s is passed on twice", name)
		}
		if _, other := progress.Progressed(again, ask, "f-2", data); !other {
			t.Errorf("another %s is not passed on", name)
		}
	}
	if _, ok := progress.Progressed(asked, ask, "f-1", &events.FailoverInstructed{RunRef: run, Action: events.ActionCommit}); ok {
		t.Error("being told to commit is progress")
	}
	if _, ok := progress.Progressed(accepted(steer, events.ActionCancel, item("vm-1", "r-1")), steer, "f-1", planned); ok {
		t.Error("a ticket that steers is told of the run's progress")
	}
	if _, ok := progress.Progressed(ticket.Ticket{}, ask, "f-1", planned); ok {
		t.Error("a ticket that was never answered is told of progress")
	}
}

func TestClosedForWhoAsked(t *testing.T) {
	refused := events.Item{VM: events.VMRef{Name: "nowhere"}, Reasons: []events.Reason{events.NewReason("vm-unknown", "vms[1].name", "nowhere", "is unknown", "name another")}}
	asked := accepted(ask, events.ActionUnplanned, item("vm-1", "r-1"), refused)
	vms := map[string]vmruns.VM{"vm-1": vmruns.Fold([]any{planned})}
	if _, ok := progress.Closed(asked, asked, ask, vms); ok || progress.Settled(asked, asked, ask, "vm-1", vms["vm-1"]) {
		t.Error("closed while the run is under way")
	}
	vms["vm-1"] = vms["vm-1"].Apply(one()["succeeded"])
	got, ok := progress.Closed(asked, asked, ask, vms)
	if !ok || !progress.Settled(asked, asked, ask, "vm-1", vms["vm-1"]) {
		t.Fatal("not closed although the run has ended")
	}
	loss := events.DataLoss{Bound: events.LossNone}
	want := []events.ClosedItem{
		{VM: events.VMRef{ID: "vm-1", Name: "vm-1"}, Run: "r-1", Outcome: events.OutcomeSucceeded, RTOMillis: 61000, DataLoss: &loss, Sentence: got.Items[0].Sentence},
		{VM: events.VMRef{Name: "nowhere"}, Outcome: events.OutcomeRefused, Sentence: `vms[1].name "nowhere": is unknown; name another`},
	}
	if got.Outcome != events.OutcomeMixed || !reflect.DeepEqual(got.Items, want) {
		t.Errorf("closed %+v, want %+v", got.Items, want)
	}
	if _, twice := progress.Closed(asked.Apply(ticket.Event{Seq: 2, ID: "z", Data: got}), asked, ask, vms); twice {
		t.Error("closed twice")
	}
}

func TestClosedForWhoSteered(t *testing.T) {
	target := accepted(ask, events.ActionUnplanned, item("vm-1", "r-1"))
	withdrawn := target.Apply(ticket.Event{Seq: 2, ID: "c", Data: &events.TicketCancelled{TicketRef: ask, By: steer}})
	told := func(action events.Action) any {
		return &events.FailoverInstructed{RunRef: run, Action: action, By: &steer}
	}
	for _, tt := range []struct {
		name   string
		action events.Action
		target ticket.Ticket
		then   []any
		want   events.Outcome
	}{
		{"not yet obeyed", events.ActionCancel, target, []any{planned}, ""},
		{"ended without it", events.ActionCancel, target, []any{planned, one()["succeeded"]}, ""},
		{"being undone", events.ActionCancel, target, []any{planned, told(events.ActionCancel)}, ""},
		{"undone", events.ActionCancel, target, []any{planned, told(events.ActionCancel), one()["cancelled"]}, events.OutcomeSucceeded},
		{"could not be undone", events.ActionCancel, target, []any{planned, told(events.ActionCancel), one()["failed"]}, events.OutcomeFailed},
		{"withdrawn", events.ActionCancel, withdrawn, nil, events.OutcomeSucceeded},
		{"withdrawn and refused as there is no run", events.ActionCancel, withdrawn, []any{&events.FailoverRefused{RunRef: run, Action: events.ActionCancel, By: steer}}, events.OutcomeSucceeded},
		{"withdrawn too late", events.ActionCancel, withdrawn, []any{planned}, ""},
		{"refused", events.ActionCommit, target, []any{planned, &events.FailoverRefused{RunRef: run, Action: events.ActionCommit, By: steer}}, events.OutcomeRefused},
		{"committing", events.ActionCommit, target, []any{planned, told(events.ActionCommit)}, ""},
		{"committed", events.ActionCommit, target, []any{planned, told(events.ActionCommit), one()["committed"]}, events.OutcomeSucceeded},
		{"decided", events.ActionResume, target, []any{planned, one()["held"], one()["resumed"]}, events.OutcomeSucceeded},
		{"cleaning up", events.ActionCleanup, target, []any{planned, told(events.ActionCleanup)}, ""},
		{"cleaned up", events.ActionCleanup, target, []any{planned, told(events.ActionCleanup), one()["succeeded"]}, events.OutcomeSucceeded},
		{"cleanup failed", events.ActionCleanup, target, []any{planned, told(events.ActionCleanup), one()["failed"]}, events.OutcomeFailed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			own := accepted(steer, tt.action, item("vm-1", "r-1"))
			got, ok := progress.Closed(own, tt.target, steer, map[string]vmruns.VM{"vm-1": vmruns.Fold(tt.then)})
			if ok != (tt.want != "") || ok && got.Outcome != tt.want {
				t.Errorf("closed %+v, want %q", got, tt.want)
			}
			if ok && got.Items[0].Sentence == "" {
				t.Error("an end without a sentence")
			}
		})
	}
}

func TestWhatTheLastWordDependsOn(t *testing.T) {
	other := accepted(steer, events.ActionCancel, item("vm-1", "r-1"), events.Item{VM: events.VMRef{ID: "vm-2"}, Reasons: []events.Reason{{Code: "x"}}})
	if got := progress.Reads(other, 1); !slices.Equal(got, []string{"vm-1"}) {
		t.Errorf("reads %v", got)
	}
	if progress.Reads(other, 2) != nil || progress.Open(other, 2) || !progress.Open(other, 1) {
		t.Error("a revision that was never answered is open")
	}
	if got := progress.Target(other, steer); got != "T-2" {
		t.Errorf("target %s, want the ticket itself", got)
	}
	refers := ticket.Fold([]ticket.Event{{Seq: 1, ID: "a", Data: &events.TicketAccepted{Request: events.Request{TicketRef: steer, Action: events.ActionCancel, Refers: "T-1"}}}})
	if got := progress.Target(refers, steer); got != "T-1" {
		t.Errorf("target %s, want T-1", got)
	}
	for _, name := range progress.Events {
		ends := slices.Contains([]string{"refused", "resumed", "committed", "cancelled", "succeeded", "failed"}, name)
		if progress.MayClose(one()[name]) != ends {
			t.Errorf("%s may close a ticket: %t", name, !ends)
		}
	}
}
