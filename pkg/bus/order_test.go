package bus

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestOrderHoldsAKeyUntilItsFailedDeliveryIsBack(t *testing.T) {
	o := newOrder[string](4)
	now := time.Unix(1000, 0)
	for seq := uint64(1); seq <= 3; seq++ {
		o.add("vm-1", place{seq: seq}, fmt.Sprint("a", seq))
	}
	o.add("vm-2", place{seq: 4}, "b4")
	expect := func(want ...string) {
		t.Helper()
		var got []string
		for {
			_, item, ok := o.take()
			if !ok {
				break
			}
			got = append(got, item)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("ran %q, want %q", got, want)
		}
	}
	expect("a1", "b4") // one at a time per key
	o.postpone("vm-1", now.Add(time.Minute))
	o.settle("vm-2")
	expect() // a2 must not overtake a1
	if !o.add("vm-1", place{seq: 1}, "a1 again") {
		t.Fatal("a delivery that came back was not taken in")
	}
	expect("a1 again")
	o.settle("vm-1")
	expect("a2")
	o.postpone("vm-1", now.Add(time.Minute))
	o.expire(now)
	expect()
	o.expire(now.Add(2 * time.Minute)) // another process has it
	expect("a3")
	if o.add("vm-1", place{seq: 3}, "a3 again") {
		t.Fatal("a running delivery was taken in a second time")
	}
	o.settle("vm-1")
	if len(o.keys) != 0 || o.running != 0 {
		t.Fatalf("left over: %d keys, %d running", len(o.keys), o.running)
	}
}

func TestOrderBoundsWhatRunsAtOnce(t *testing.T) {
	o := newOrder[int](2)
	for i := range 5 {
		o.add(fmt.Sprint("vm-", i), place{seq: uint64(i + 1)}, i)
	}
	var keys []string
	for {
		key, _, ok := o.take()
		if !ok {
			break
		}
		keys = append(keys, key)
	}
	if len(keys) != 2 {
		t.Fatalf("%d ran at once, want 2", len(keys))
	}
	if waiting := o.removeWaiting(); len(waiting) != 3 {
		t.Fatalf("%d were waiting, want 3", len(waiting))
	}
	for _, key := range keys {
		o.settle(key)
	}
	if _, _, ok := o.take(); ok || len(o.keys) != 0 {
		t.Fatal("something is left after everything was taken out")
	}
}

// TestOrderProperty drives the order with arrivals, failures, returns and
// expiries at random. At most width deliveries run at once, one per key, never
// an event before one of its key that has arrived and is not settled, and in
// the end everything has run.
func TestOrderProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(1, 4).Draw(t, "width")
		o := newOrder[place](width)
		now := time.Unix(0, 0)
		outstanding := map[string][]place{} // arrived and not settled
		away := map[string][]place{}
		running := map[string]place{}
		next := uint64(0)
		step := func(action string) {
			key := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "key")
			switch action {
			case "arrive":
				next++
				p := place{seq: next}
				outstanding[key] = append(outstanding[key], p)
				o.add(key, p, p)
			case "take":
				for {
					key, p, ok := o.take()
					if !ok {
						break
					}
					if _, busy := running[key]; busy {
						t.Fatalf("key %s runs twice", key)
					}
					if first := slices.MinFunc(outstanding[key], place.compare); first != p {
						t.Fatalf("key %s ran %v before %v", key, p, first)
					}
					running[key] = p
				}
				if len(running) > width {
					t.Fatalf("%d run at once, width is %d", len(running), width)
				}
			case "settle":
				if p, busy := running[key]; busy {
					delete(running, key)
					outstanding[key] = slices.DeleteFunc(outstanding[key], func(q place) bool { return q == p })
					o.settle(key)
				}
			case "fail":
				if p, busy := running[key]; busy {
					delete(running, key)
					away[key] = append(away[key], p)
					o.postpone(key, now.Add(time.Minute))
				}
			case "return":
				if len(away[key]) > 0 {
					p := away[key][0]
					away[key] = away[key][1:]
					o.add(key, p, p)
				}
			case "expire":
				now = now.Add(2 * time.Minute)
				o.expire(now)
				for key, gone := range away {
					outstanding[key] = slices.DeleteFunc(outstanding[key], func(q place) bool { return slices.Contains(gone, q) })
					delete(away, key)
				}
			}
		}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			step(rapid.SampledFrom([]string{"arrive", "arrive", "take", "take", "settle", "fail", "return", "expire"}).Draw(t, "action"))
		}
		for range 500 {
			for _, action := range []string{"return", "take", "settle"} {
				step(action)
			}
			if len(o.keys) == 0 {
				break
			}
		}
		if o.running != 0 || len(o.keys) != 0 {
			t.Fatalf("%d keys are never done: outstanding %v, away %v, running %v", len(o.keys), outstanding, away, running)
		}
	})
}
