package view_test

import (
	"testing"

	"lifeboat.io/events"
	"lifeboat.io/services/lifeboat/internal/story"
	"lifeboat.io/services/lifeboat/view"
)

func TestTicketsOfTheDays(t *testing.T) {
	log := story.Days()
	for _, tt := range []struct {
		number, status string
		over           bool
		action         events.Action
		runs           int
	}{
		{"DR-101", "succeeded", true, events.ActionTest, 1},
		{"DR-102", "succeeded", true, events.ActionCleanup, 1},
		{"DR-201", "succeeded", true, events.ActionPlanned, 1},
		{"DR-250", "refused", true, events.ActionPlanned, 0},
		{"DR-301", "held", false, events.ActionUnplanned, 1},
		{"DR-401", "accepted", false, events.ActionTest, 1},
	} {
		v, ok := view.TicketOf(log.Of(story.Ticket(tt.number)))
		if !ok {
			t.Fatalf("no ticket %s", tt.number)
		}
		latest, _ := v.Latest()
		if v.Status() != tt.status || v.Over() != tt.over || latest.Action != tt.action || len(v.Runs()) != tt.runs {
			t.Errorf("%s: status %q, over %v, action %q, runs %v", tt.number, v.Status(), v.Over(), latest.Action, v.Runs())
		}
		if v.System != "desk" || v.Ticket != tt.number || v.Account != story.Account {
			t.Errorf("%s is shown as %s %s of %s", tt.number, v.System, v.Ticket, v.Account)
		}
	}
	if _, ok := view.TicketOf(nil); ok {
		t.Error("a ticket without events is one")
	}
}

func TestSplitTicket(t *testing.T) {
	for id, want := range map[string][2]string{
		"desk~DR-1": {"desk", "DR-1"}, "desk~a~b": {"desk", "a~b"}, "DR-1": {"", "DR-1"}, "~": {"", ""}, "": {"", ""},
	} {
		if system, number := view.SplitTicket(id); system != want[0] || number != want[1] {
			t.Errorf("%q: %q, %q; want %q", id, system, number, want)
		}
	}
}
