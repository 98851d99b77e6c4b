package events_test

import (
	"fmt"
	"regexp"
	"testing"

	"lifeboat.io/events"
)

func TestRunID(t *testing.T) {
	const vm = "5d5c2b0e-6f6b-4c2a-9f0d-0a3c1c5f7e01"
	ref := events.TicketRef{System: "desk", Ticket: "T-1", Revision: 1}
	// Written down so that no later version gives a known run another name.
	const want = "r-r7o3o4gph6eja"
	got := events.RunID(ref, vm)
	if got != want {
		t.Errorf("run id %s, want %s", got, want)
	}
	for name, other := range map[string]string{
		"another revision": events.RunID(events.TicketRef{System: "desk", Ticket: "T-1", Revision: 2}, vm),
		"another VM":       events.RunID(ref, "5d5c2b0e-6f6b-4c2a-9f0d-0a3c1c5f7e02"),
		"moved boundary":   events.RunID(events.TicketRef{System: "deskT", Ticket: "-1", Revision: 1}, vm),
	} {
		if other == got {
			t.Errorf("%s has the same run", name)
		}
	}
}

func TestRunIDsDifferWhereRequestsDo(t *testing.T) {
	form := regexp.MustCompile(`^r-[a-z2-7]{13}$`)
	// Every text of up to two of these characters: the ones that stand between
	// the parts of the hashed text, and one that does not.
	texts := []string{""}
	for _, a := range "01:a" {
		texts = append(texts, string(a))
		for _, b := range "01:a" {
			texts = append(texts, string([]rune{a, b}))
		}
	}
	seen := map[string]string{}
	for _, system := range texts {
		for _, ticket := range texts {
			for _, revision := range []int{0, 1, 10} {
				for _, vm := range texts {
					what := fmt.Sprintf("%q %q %d %q", system, ticket, revision, vm)
					id := events.RunID(events.TicketRef{System: system, Ticket: ticket, Revision: revision}, vm)
					if !form.MatchString(id) {
						t.Fatalf("%s: run id %q has another form", what, id)
					}
					if other, taken := seen[id]; taken {
						t.Fatalf("%s and %s have the same run %s", what, other, id)
					}
					seen[id] = what
				}
			}
		}
	}
}
