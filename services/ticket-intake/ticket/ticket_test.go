package ticket_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"lifeboat.io/events"
	"lifeboat.io/services/ticket-intake/ticket"
)

func ref(revision int) events.TicketRef {
	return events.TicketRef{System: "desk", Ticket: "T-1", Revision: revision}
}

func accepted(revision int, action events.Action, runs ...string) *events.TicketAccepted {
	a := &events.TicketAccepted{Request: events.Request{TicketRef: ref(revision), Action: action}}
	for _, run := range runs {
		item := events.Item{VM: events.VMRef{ID: "vm-" + run}, Run: run}
		if run == "" {
			item.Reasons = []events.Reason{{Code: "x"}}
		}
		a.Items = append(a.Items, item)
	}
	return a
}

func fold(data ...any) ticket.Ticket {
	var history []ticket.Event
	for i, d := range data {
		history = append(history, ticket.Event{Seq: uint64(10 + i), ID: string(rune('a' + i)), At: time.Unix(int64(i), 0), Data: d})
	}
	return ticket.Fold(history)
}

func TestStatusOfARevision(t *testing.T) {
	for _, tt := range []struct {
		name string
		data []any
		want ticket.Status
	}{
		{"accepted", []any{accepted(1, "test", "r-1")}, ticket.Accepted},
		{"refused", []any{&events.TicketRefused{TicketRef: ref(1)}}, ticket.Refused},
		{"superseded", []any{accepted(1, "test", "r-1"), &events.TicketSuperseded{TicketRef: ref(1), By: 2}}, ticket.Superseded},
		{"cancelled", []any{accepted(1, "test", "r-1"), &events.TicketCancelled{TicketRef: ref(1), By: ref(2)}}, ticket.Cancelled},
		{"closed", []any{accepted(1, "test", "r-1"), &events.TicketClosed{TicketRef: ref(1)}}, ticket.Closed},
		{"progress is no status", []any{accepted(1, "test", "r-1"), &events.TicketProgressed{TicketRef: ref(1), Cause: "f"}}, ticket.Accepted},
		{"the first answer stands", []any{accepted(1, "test", "r-1"), &events.TicketRefused{TicketRef: ref(1)}}, ticket.Accepted},
		{"the first refusal stands", []any{&events.TicketRefused{TicketRef: ref(1)}, accepted(1, "test", "r-1")}, ticket.Refused},
		{"others change nothing", []any{accepted(1, "test", "r-1"), &events.TicketRefused{TicketRef: ref(2)}, nil, &events.FailoverFailed{}}, ticket.Accepted},
	} {
		t.Run(tt.name, func(t *testing.T) {
			folded := fold(tt.data...)
			r, ok := folded.Revision(1)
			if !ok || r.Status != tt.want {
				t.Errorf("status %q, want %q", r.Status, tt.want)
			}
			if folded.Count != uint64(len(tt.data)) || folded.Seq != uint64(9+len(tt.data)) {
				t.Errorf("count %d and sequence %d after %d events", folded.Count, folded.Seq, len(tt.data))
			}
		})
	}
}

func TestEventsOfUnknownRevisionsAreHarmless(t *testing.T) {
	folded := fold(&events.TicketSuperseded{TicketRef: ref(1), By: 2}, &events.TicketClosed{TicketRef: ref(1)},
		&events.TicketCancelled{TicketRef: ref(1)}, &events.TicketProgressed{TicketRef: ref(1)})
	if len(folded.Revisions) != 0 {
		t.Errorf("revisions %+v out of nothing", folded.Revisions)
	}
}

func TestAnswersAndDisputes(t *testing.T) {
	folded := fold(accepted(2, "test", "r-1"), accepted(1, "test", "r-0"), &events.TicketRefused{TicketRef: ref(2)})
	two, _ := folded.Revision(2)
	for id, want := range map[string]bool{"a": true, "c": true, "b": false, "": false} {
		if two.Answers(id) != want {
			t.Errorf("answered by %q: %t, want %t", id, !want, want)
		}
	}
	latest, ok := folded.Latest()
	if !ok || latest.Number != 2 || folded.Revisions[0].Number != 1 {
		t.Errorf("latest is %d of %+v", latest.Number, folded.Revisions)
	}
}

func TestPassedOn(t *testing.T) {
	folded := fold(accepted(1, "test", "r-1"), &events.TicketProgressed{TicketRef: ref(1), Run: "r-1", Cause: "f-1", Progress: "started"},
		&events.TicketProgressed{TicketRef: ref(1), Run: "r-1", Cause: "f-2", Progress: "held"})
	if !folded.PassedOn(1, "f-1") || !folded.PassedOn(1, "f-2") || folded.PassedOn(1, "f-3") || folded.PassedOn(2, "f-1") {
		t.Error("what was passed on is not what was folded")
	}
	if r, _ := folded.Revision(1); r.Progress["r-1"].Progress != "held" {
		t.Errorf("progress %+v, want the last", r.Progress)
	}
}

func TestRuns(t *testing.T) {
	folded := fold(accepted(1, "test", "r-1", "", "r-2"), &events.TicketSuperseded{TicketRef: ref(1), By: 2},
		accepted(2, "planned", "r-3"), &events.TicketCancelled{TicketRef: ref(2), By: ref(3)}, accepted(3, "cancel", "r-3"))
	var ids []string
	for _, run := range folded.Runs() {
		ids = append(ids, run.ID)
		if !run.Withdrawn() {
			t.Errorf("run %s is not withdrawn", run.ID)
		}
	}
	if !slices.Equal(ids, []string{"r-1", "r-2", "r-3"}) {
		t.Errorf("runs %v: refused items and steering have none of their own", ids)
	}
	if last := folded.Runs()[2]; last.WithdrawnBy != ref(3) || last.Kind != events.KindPlanned || last.Revision != 2 {
		t.Errorf("run %+v", last)
	}
}

// TestApplyDoesNotChangeItsReceiver: two futures of one past do not meddle
// with each other.
func TestApplyDoesNotChangeItsReceiver(t *testing.T) {
	past := fold(accepted(1, "test", "r-1"), &events.TicketProgressed{TicketRef: ref(1), Run: "r-1", Cause: "f-1"})
	before, _ := past.Revision(1)
	for _, data := range []any{
		&events.TicketProgressed{TicketRef: ref(1), Run: "r-1", Cause: "f-2"}, &events.TicketClosed{TicketRef: ref(1)},
		&events.TicketRefused{TicketRef: ref(1)}, accepted(2, "test", "r-2"), accepted(0, "test", "r-0"),
	} {
		past.Apply(ticket.Event{Seq: 99, ID: "z", Data: data})
		after, _ := past.Revision(1)
		if !reflect.DeepEqual(before, after) || len(past.Revisions) != 1 || past.PassedOn(1, "f-2") {
			t.Errorf("applying %T changed the past", data)
		}
	}
}
