package story_test

import (
	"testing"

	"lifeboat.io/pkg/bus"
	"lifeboat.io/pkg/bus/bustest"
	"lifeboat.io/pkg/contract"
	"lifeboat.io/services/lifeboat/internal/story"
)

// TestDaysCanBeRecorded: a story that breaks the contract or the order of its
// aggregates would prove nothing.
func TestDaysCanBeRecorded(t *testing.T) {
	log := story.Days()
	b := bustest.Open(t, func(c *bus.Config) { c.Check = contract.Validate })
	if err := log.Record(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	if checked, err := b.VerifyChains(t.Context()); err != nil || checked != len(log.Events()) {
		t.Errorf("checked %d of %d events: %v", checked, len(log.Events()), err)
	}
	if last := log.Events()[len(log.Events())-1]; !last.At.Before(story.End) {
		t.Errorf("the last event is at %s, not before End", last.At)
	}
}
