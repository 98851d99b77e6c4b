package view_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"lifeboat.io/events"
	"lifeboat.io/services/lifeboat/internal/story"
	"lifeboat.io/services/lifeboat/view"
)

// TestFoldingNeverFails folds any events in any order, as a log that somebody
// else writes might bring them: nothing panics, every event's run is there, and
// what is folded can be printed.
func TestFoldingNeverFails(t *testing.T) {
	all := story.Days().Events()
	rapid.Check(t, func(t *rapid.T) {
		history := rapid.SliceOfN(rapid.SampledFrom(all), 0, 60).Draw(t, "events")
		for i := range history {
			history[i].Seq = uint64(i + 1)
		}
		runs := view.Runs(history)
		for _, e := range history {
			if e.Run.Run == "" {
				continue
			}
			if _, ok := view.Find(runs, e.Run.Run); !ok {
				t.Fatalf("run %s of event %s is not there", e.Run.Run, e.Type)
			}
		}
		for _, r := range runs {
			if r.Outcome == "" && r.Phase == "" && len(r.Reasons) == 0 && r.Status() != "" {
				t.Fatalf("run %s has status %q out of nothing", r.ID, r.Status())
			}
			if r.Outcome != "" && r.Outcome != events.OutcomeRefused && r.FenceDue == "" {
				for _, s := range r.Steps {
					if s.State == view.StepRetrying && s.RetryAt == nil {
						t.Fatalf("step %s of run %s retries at no time", s.Step, r.ID)
					}
				}
			}
			if _, err := json.Marshal(r); err != nil {
				t.Fatal(err)
			}
		}
		view.VMOf(story.Inventory().VMs[0], history, story.End)
		view.Unfinished(history)
		view.TicketOf(history)
	})
}

// TestFoldingChangesNoInput: histories are kept and folded again.
func TestFoldingChangesNoInput(t *testing.T) {
	log := story.Days()
	first := view.Runs(log.Of(story.VM(story.App01)))
	if second := view.Runs(log.Of(story.VM(story.App01))); !reflect.DeepEqual(first, second) {
		t.Error("the same history gives two views")
	}
}
