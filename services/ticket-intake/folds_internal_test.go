package intake

import (
	"slices"
	"strings"
	"testing"
	"time"

	"lifeboat.io/events"
	"lifeboat.io/pkg/bus"
	"lifeboat.io/pkg/bus/bustest"
)

// TestFoldsReadOnlyWhatIsNew: what was folded before is not folded again, and a
// log that does not reach as far as what is kept is folded from its beginning.
func TestFoldsReadOnlyWhatIsNew(t *testing.T) {
	b := bustest.Open(t)
	agg := vmAggregate("acme", "vm-1")
	var last uint64
	happens := func(id string) {
		t.Helper()
		data := &events.StepStarted{RunRef: events.RunRef{Run: "r-1", Kind: events.KindTest, VM: events.VMRef{ID: "vm-1", Name: "web01"}}, Step: events.StepStartTestVM, Host: "hv01", Attempt: 1}
		e, err := events.New(agg, events.Meta{ID: id, Source: "/test", Time: time.Now(), Sequence: last + 1, Correlation: "c"}, data)
		if err != nil {
			t.Fatal(err)
		}
		if last, err = b.Append(t.Context(), agg, last, e); err != nil {
			t.Fatal(err)
		}
	}
	applied := 0
	f, err := newFolds(b, func(all []string, r bus.Recorded, _ any) []string {
		applied++
		return append(slices.Clip(all), r.Event.ID())
	})
	if err != nil {
		t.Fatal(err)
	}
	reads := func(want string, steps int) {
		t.Helper()
		applied = 0
		got, err := f.read(t.Context(), agg)
		if err != nil || strings.Join(got, " ") != want || applied != steps {
			t.Errorf("%q by %d steps, %v; want %q by %d", got, applied, err, want, steps)
		}
	}
	reads("", 0)
	happens("a")
	happens("b")
	reads("a b", 2)
	reads("a b", 0)
	happens("c")
	reads("a b c", 1)
	f.kept.Add(agg.String(), fold[[]string]{seq: last + 1000, value: []string{"of", "another", "log"}})
	reads("a b c", 3)
}
