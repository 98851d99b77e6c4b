package executor

import (
	"slices"
	"sync/atomic"
	"testing"

	"lifeboat.io/events"
	"lifeboat.io/pkg/bus/bustest"
	"lifeboat.io/pkg/inventory"
)

// TestAnExecutorThatHasJustBegun knows no inventory yet: it leaves tickets be
// until it does, rather than refuse them.
func TestAnExecutorThatHasJustBegun(t *testing.T) {
	r := newRig(t)
	var asked atomic.Int64
	var known atomic.Pointer[inventory.Inventory]
	r.holds = func() *inventory.Inventory {
		asked.Add(1)
		return known.Load()
	}
	r.ask("T-1", events.Request{Action: events.ActionPlanned}, "")
	r.executor("a")
	bustest.Eventually(t, waitLimit, "the executor asks for the inventory", func() bool { return asked.Load() > 5 })
	if told := r.history(); len(told) > 0 {
		t.Errorf("without an inventory it says %v", told)
	}
	known.Store(r.inv)
	r.await("planned")
	if told := r.history(); slices.Contains(told, "refused") {
		t.Errorf("it refuses: %v", told)
	}
}
