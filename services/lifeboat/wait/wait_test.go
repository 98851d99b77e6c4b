package wait_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"lifeboat.io/events"
	"lifeboat.io/services/lifeboat/internal/story"
	"lifeboat.io/services/lifeboat/view"
	"lifeboat.io/services/lifeboat/wait"
	"lifeboat.io/services/ticket-intake/judgement"
)

// waitFor takes a log in and returns the wait, and what was news.
func waitFor(log *story.Log, ref events.TicketRef, until wait.Until) (*wait.Wait, []string) {
	w := wait.New(story.Account, ref, until)
	var news []string
	for _, e := range log.Events() {
		if w.Apply(e) {
			news = append(news, events.ShortName(e.Type))
		}
	}
	return w, news
}

func TestVerdictsOfTheDays(t *testing.T) {
	for _, tt := range []struct {
		number string
		until  wait.Until
		want   wait.Outcome
	}{
		{"DR-101", wait.UntilRest, wait.Done},
		{"DR-102", wait.UntilRest, wait.Done},
		{"DR-201", wait.UntilClosed, wait.Done},
		{"DR-250", wait.UntilRest, wait.Refused},
		{"DR-301", wait.UntilRest, wait.Held},
		{"DR-301", wait.UntilClosed, wait.Pending},
		{"DR-401", wait.UntilRest, wait.Pending},
		{"DR-999", wait.UntilRest, wait.Pending},
	} {
		w, _ := waitFor(story.Days(), story.Desk(tt.number, 1), tt.until)
		if got := w.Verdict(); got.Outcome != tt.want {
			t.Errorf("%s until %s: %s, want %s (%+v)", tt.number, tt.until, got.Outcome, tt.want, got)
		}
		if w.Answered() != (tt.number != "DR-999") {
			t.Errorf("%s: answered %v", tt.number, w.Answered())
		}
	}
}

// TestNewsIsWhatIsAsked: the story of the ticket and its runs, without what
// happened before and without the passing on.
func TestNewsIsWhatIsAsked(t *testing.T) {
	drill := &story.Log{Now: story.Begin}
	story.Drill(drill)
	_, news := waitFor(drill, story.Desk("DR-101", 1), wait.UntilRest)
	steps := []string{"step-started", "step-done"}
	want := slices.Concat([]string{"accepted", "planned"}, steps, steps, steps, steps, []string{"awaiting-cleanup", "instructed"}, steps, steps, []string{"succeeded"})
	if !slices.Equal(news, want) {
		t.Errorf("news of DR-101: %v\nwant %v", news, want)
	}
	_, news = waitFor(drill, story.Desk("DR-102", 1), wait.UntilRest)
	want = slices.Concat([]string{"accepted", "instructed"}, steps, steps, []string{"succeeded"})
	if !slices.Equal(news, want) {
		t.Errorf("news of DR-102: %v\nwant %v", news, want)
	}
}

// TestOpenTestIsRest: a test VM that is up needs nobody until its cleanup.
func TestOpenTestIsRest(t *testing.T) {
	drill := &story.Log{Now: story.Begin}
	story.Drill(drill)
	rest, closed := wait.New(story.Account, story.Desk("DR-101", 1), wait.UntilRest), wait.New(story.Account, story.Desk("DR-101", 1), wait.UntilClosed)
	for _, e := range drill.Events() {
		rest.Apply(e)
		closed.Apply(e)
		if events.ShortName(e.Type) == "awaiting-cleanup" {
			break
		}
	}
	v := rest.Verdict()
	if v.Outcome != wait.Open || v.Items[0].Ticket != story.Desk("DR-101", 1) || v.Items[0].Kind != events.KindTest {
		t.Errorf("until rest: %+v", v)
	}
	if got := closed.Verdict().Outcome; got != wait.Pending {
		t.Errorf("until closed: %s", got)
	}
}

// heldRun is the reference of the held run of the days.
func heldRun() (*story.Log, events.RunRef) {
	log := story.Days()
	r := view.Runs(log.Of(story.VM(story.App01)))[0]
	return log, events.RunRef{Account: r.Account, Run: r.ID, VM: r.VM, Kind: r.Kind, Ticket: r.Ticket}
}

// asks accepts a ticket that steers the held run.
func asks(log *story.Log, ref events.RunRef, by events.TicketRef, action events.Action, choice events.Choice) {
	log.After(time.Second).Add(events.TicketAccepted{
		Request:     events.Request{TicketRef: by, Account: story.Account, Requester: story.Ada, Action: action, Choice: choice, Refers: ref.Ticket.Ticket, Reason: "r"},
		SubmittedAt: log.Now, Items: []events.Item{{VM: ref.VM, Run: ref.Run}},
	})
}

func TestSteeringWaitsForTheRun(t *testing.T) {
	by := story.Desk("DR-302", 1)
	resumed := func(ref events.RunRef, choice events.Choice) events.FailoverResumed {
		return events.FailoverResumed{RunRef: ref, By: by, Person: story.Ada, Choice: choice, Reason: "r"}
	}
	refused := func(ref events.RunRef) events.FailoverRefused {
		return events.FailoverRefused{RunRef: ref, Action: events.ActionResume, By: by, Reasons: []events.Reason{events.NewReason("not-a-choice", "choice", "x", "p", "f")}}
	}
	held := func(ref events.RunRef) events.FailoverHeld {
		return events.FailoverHeld{RunRef: ref, Code: events.HoldDeadline, Why: "again", Decider: "d", Choices: []events.Choice{events.ChoiceRetry}}
	}
	for _, tt := range []struct {
		name   string
		action events.Action
		choice events.Choice
		then   func(events.RunRef) []any
		want   wait.Outcome
	}{
		{"not heard yet", events.ActionResume, events.ChoiceRetry, func(events.RunRef) []any { return nil }, wait.Pending},
		{"heard, and running", events.ActionResume, events.ChoiceRetry, func(r events.RunRef) []any { return []any{resumed(r, events.ChoiceRetry)} }, wait.Pending},
		{"refused by the executor", events.ActionResume, events.ChoiceRetry, func(r events.RunRef) []any { return []any{refused(r)} }, wait.Refused},
		{"held again", events.ActionResume, events.ChoiceRetry, func(r events.RunRef) []any { return []any{resumed(r, events.ChoiceRetry), held(r)} }, wait.Held},
		{"accepted, awaiting commit", events.ActionResume, events.ChoiceAccept, func(r events.RunRef) []any {
			return []any{resumed(r, events.ChoiceAccept), events.FailoverAwaitingCommit{RunRef: r, Until: story.End}}
		}, wait.Open},
		{"abandoned as told", events.ActionResume, events.ChoiceAbandon, func(r events.RunRef) []any {
			return []any{resumed(r, events.ChoiceAbandon), events.FailoverFailed{RunRef: r, Why: "w", State: "s"}}
		}, wait.Done},
		{"failed although resumed", events.ActionResume, events.ChoiceRetry, func(r events.RunRef) []any {
			return []any{resumed(r, events.ChoiceRetry), events.FailoverFailed{RunRef: r, Why: "w", State: "s"}}
		}, wait.Failed},
		{"undone as told", events.ActionCancel, "", func(r events.RunRef) []any {
			return []any{events.FailoverInstructed{RunRef: r, Action: events.ActionCancel, By: &by, Person: &story.Ada, Steps: []events.PlannedStep{}}, events.FailoverCancelled{RunRef: r, By: story.Ada}}
		}, wait.Done},
		{"committed and done", events.ActionCommit, "", func(r events.RunRef) []any {
			return []any{
				events.FailoverInstructed{RunRef: r, Action: events.ActionCommit, By: &by, Person: &story.Ada, Steps: []events.PlannedStep{}}, events.FailoverCommitted{RunRef: r},
				events.FailoverSucceeded{RunRef: r, RTO: events.RTO{Parts: []events.Part{}}, DataLoss: events.DataLoss{Bound: events.LossNone, Basis: "b"}},
			}
		}, wait.Done},
	} {
		t.Run(tt.name, func(t *testing.T) {
			log, ref := heldRun()
			asks(log, ref, by, tt.action, tt.choice)
			for _, data := range tt.then(ref) {
				log.After(time.Second).Add(data)
			}
			w, _ := waitFor(log, by, wait.UntilRest)
			if got := w.Verdict(); got.Outcome != tt.want {
				t.Errorf("%s, want %s (%+v)", got.Outcome, tt.want, got)
			}
			if reads := w.Reads(); len(reads) != 3 || reads[1] != story.Ticket("DR-301") || reads[2] != story.VM(story.App01) {
				t.Errorf("reads %v", reads)
			}
		})
	}
}

func TestWithdrawnBeforeItBegan(t *testing.T) {
	log := &story.Log{Now: story.Begin}
	ref := story.Desk("DR-501", 1)
	run := events.RunID(ref, story.Web01.ID)
	log.Add(events.TicketAccepted{
		Request:     events.Request{TicketRef: ref, Account: story.Account, Requester: story.Ada, Action: events.ActionTest, VMs: []events.VMRef{story.Web01}},
		SubmittedAt: log.Now, Items: []events.Item{{VM: story.Web01, Run: run}},
	})
	by := story.Desk("DR-502", 1)
	log.After(time.Second).Add(events.TicketCancelled{TicketRef: ref, By: by, Person: story.Ada})
	log.Add(events.TicketAccepted{
		Request:     events.Request{TicketRef: by, Account: story.Account, Requester: story.Ada, Action: events.ActionCancel, Refers: "DR-501"},
		SubmittedAt: log.Now, Items: []events.Item{{VM: story.Web01, Run: run}},
	})
	for number, want := range map[events.TicketRef]wait.Outcome{ref: wait.Withdrawn, by: wait.Done} {
		w, _ := waitFor(log, number, wait.UntilRest)
		if got := w.Verdict(); got.Outcome != want {
			t.Errorf("%s: %s, want %s", number, got.Outcome, want)
		}
	}
}

// ends is a log with one ticket for several VMs whose runs end as told.
func ends(outcomes ...events.Outcome) *story.Log {
	log := &story.Log{Now: story.Begin}
	ref := story.Desk("DR-601", 1)
	vms := []events.VMRef{story.Web01, story.Web02, story.DB01, story.App01}
	accepted := events.TicketAccepted{
		Request:     events.Request{TicketRef: ref, Account: story.Account, Requester: story.Ada, Action: events.ActionPlanned, VMs: vms[:len(outcomes)]},
		SubmittedAt: log.Now,
	}
	for i, o := range outcomes {
		item := events.Item{VM: vms[i], Run: events.RunID(ref, vms[i].ID)}
		if o == events.OutcomeRefused {
			item = events.Item{VM: vms[i], Reasons: []events.Reason{events.NewReason("c", "f", "v", "p", "f")}}
		}
		accepted.Items = append(accepted.Items, item)
	}
	log.Add(accepted)
	for i, o := range outcomes {
		r := events.RunRef{Account: story.Account, Run: events.RunID(ref, vms[i].ID), VM: vms[i], Kind: events.KindPlanned, Ticket: ref}
		switch o {
		case events.OutcomeSucceeded:
			log.Add(events.FailoverSucceeded{RunRef: r, RTO: events.RTO{Parts: []events.Part{}}, DataLoss: events.DataLoss{Bound: events.LossNone, Basis: "b"}})
		case events.OutcomeFailed:
			log.Add(events.FailoverFailed{RunRef: r, Why: "w", State: "s"})
		case events.OutcomeCancelled:
			log.Add(events.FailoverCancelled{RunRef: r, By: story.Ada})
		case events.OutcomeMixed: // still under way
			log.Add(events.FailoverHeld{RunRef: r, Code: events.HoldDecision, Why: "w", Decider: "d", Choices: []events.Choice{events.ChoiceRetry}})
		}
	}
	return log
}

func TestSeveralVMs(t *testing.T) {
	const ok, no, bad, gone, held = events.OutcomeSucceeded, events.OutcomeRefused, events.OutcomeFailed, events.OutcomeCancelled, events.OutcomeMixed
	for _, tt := range []struct {
		outcomes []events.Outcome
		want     wait.Outcome
	}{
		{[]events.Outcome{ok, ok}, wait.Done},
		{[]events.Outcome{ok, no}, wait.Partial},
		{[]events.Outcome{ok, bad}, wait.Partial},
		{[]events.Outcome{bad, bad}, wait.Failed},
		{[]events.Outcome{gone, gone}, wait.Withdrawn},
		{[]events.Outcome{ok, bad, held}, wait.Held},
		{[]events.Outcome{no, bad}, wait.Partial},
	} {
		w, _ := waitFor(ends(tt.outcomes...), story.Desk("DR-601", 1), wait.UntilRest)
		if got := w.Verdict(); got.Outcome != tt.want || len(got.Items) != len(tt.outcomes) {
			t.Errorf("%v: %s, want %s", tt.outcomes, got.Outcome, tt.want)
		}
	}
}

// TestRepeatedAndForeignEventsChangeNothing: the log is read in two ways that
// overlap, and other tickets' events come along.
func TestRepeatedAndForeignEventsChangeNothing(t *testing.T) {
	all := story.Days().Events()
	want, _ := waitFor(story.Days(), story.Desk("DR-301", 1), wait.UntilRest)
	rapid.Check(t, func(t *rapid.T) {
		w := wait.New(story.Account, story.Desk("DR-301", 1), wait.UntilRest)
		for i := 0; i < len(all); i++ {
			w.Apply(all[i])
			if back := rapid.IntRange(0, 3).Draw(t, "back"); back == 3 && i > 2 {
				for _, again := range all[i-2 : i+1] {
					if w.Apply(again) {
						t.Fatalf("event %d is news twice", again.Seq)
					}
				}
			}
		}
		if got := w.Verdict(); got.Outcome != want.Verdict().Outcome || len(got.Items) != 1 {
			t.Fatalf("%+v, want %+v", got, want.Verdict())
		}
	})
	stranger := wait.New("globex", story.Desk("DR-301", 1), wait.UntilRest)
	for _, e := range all {
		if stranger.Apply(e) {
			t.Errorf("event %d of another account is news", e.Seq)
		}
	}
}

// TestAnotherContentUnderTheSameNumber: who submits hears the answer to what was
// submitted, not the one that another content got before.
func TestAnotherContentUnderTheSameNumber(t *testing.T) {
	ref := story.Desk("DR-701", 1)
	first := events.Request{TicketRef: ref, Account: story.Account, Requester: story.Ada, Action: events.ActionTest, VMs: []events.VMRef{story.Web01}}
	other := first
	other.Reason = "another drill"
	reused := events.NewReason("revision-reused", "revision", "1", "was accepted before with another content", "submit it as revision 2")
	log := &story.Log{Now: story.Begin}
	log.Add(events.TicketAccepted{Request: first, SubmittedAt: log.Now, Items: []events.Item{{VM: story.Web01, Run: events.RunID(ref, story.Web01.ID)}}})
	log.Add(events.TicketRefused{TicketRef: ref, Account: story.Account, Action: events.ActionTest, Reasons: []events.Reason{reused}})
	all := log.Events()
	all[0].ID, all[1].ID = judgement.AnswerID(first), judgement.AnswerID(other)

	for content, want := range map[*events.Request]wait.Outcome{&first: wait.Pending, &other: wait.Refused, nil: wait.Pending} {
		w := wait.New(story.Account, ref, wait.UntilRest)
		if content != nil {
			w.Submitted(*content)
		}
		w.Apply(all[0])
		if before := w.Answered(); before != (content != &other) {
			t.Errorf("%v: answered %v by the first answer", content, before)
		}
		w.Apply(all[1])
		if got := w.Verdict(); !w.Answered() || got.Outcome != want || (len(got.Reasons) == 1) != (want == wait.Refused) {
			t.Errorf("%v: %+v, want %s", content, got, want)
		}
	}
}
