package lab

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"lifeboat.io/pkg/hyperv/hypersim"
)

// bubble runs a test on a clock that runs in a bubble of its own time.
func bubble(t *testing.T, scale float64, run func(t *testing.T, c *Clock)) {
	synctest.Test(t, func(t *testing.T) {
		spec := hypersim.Pair(1)
		spec.Live, spec.Start = true, time.Now()
		w, err := hypersim.New(spec)
		if err != nil {
			t.Fatal(err)
		}
		c := newClock(w, scale, func() {})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); c.run(ctx) }()
		run(t, c)
		stop()
		<-done
	})
}

func TestClockFollowsRealTime(t *testing.T) {
	for _, scale := range []float64{0, 0.5, 1, 60} {
		bubble(t, scale, func(t *testing.T, c *Clock) {
			began, real := c.Now(), time.Now()
			time.Sleep(10 * time.Second) // of the bubble
			want := time.Duration(scale * float64(time.Since(real)))
			if passed := c.Now().Sub(began); passed != want {
				t.Errorf("at scale %v %v passed, want %v", scale, passed, want)
			}
		})
	}
}

// Calls into the world end when they should, with nobody but the clock to move
// it, and at once when they only read.
func TestClockMovesCalls(t *testing.T) {
	bubble(t, 10, func(t *testing.T, c *Clock) {
		m := c.world.Machine("p1")
		vms, err := m.GetVMs(t.Context())
		if err != nil || len(vms) != 1 {
			t.Fatal(vms, err)
		}
		real := time.Now()
		if err := m.StopVM(t.Context(), vms[0].ID, hypersim.StopVMOptions{}); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(real); took < 2*time.Second || took > 3*time.Second {
			t.Errorf("a guest that shuts down in 20 s took %v at ten times real time", took)
		}
	})
}

func TestClockJumpsAndChangesPace(t *testing.T) {
	bubble(t, 1, func(t *testing.T, c *Clock) {
		began := c.Now()
		if err := c.Advance(time.Hour); err != nil {
			t.Fatal(err)
		}
		if err := c.SetScale(2); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute) // of the bubble
		if passed := c.Now().Sub(began); passed != time.Hour+2*time.Minute {
			t.Errorf("%v passed, want 1h2m", passed)
		}
		if c.Advance(-time.Second) == nil || c.SetScale(-1) == nil || c.SetScale(MaxScale+1) == nil {
			t.Error("time goes backwards, or too fast")
		}
	})
}

func TestClockCarriesPlansOutInOrderAndOnTime(t *testing.T) {
	bubble(t, 1, func(t *testing.T, c *Clock) {
		var order []int
		var when []time.Duration
		began := c.Now()
		plan := func(after time.Duration, n int) {
			c.Plan(began.Add(after), func() {
				order = append(order, n)
				when = append(when, c.world.Now().Sub(began))
			})
		}
		plan(3*time.Second, 3)
		plan(time.Second, 1)
		plan(3*time.Second, 4)
		plan(2*time.Second, 2)
		plan(-time.Second, 0)
		if err := c.Advance(2500 * time.Millisecond); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second) // of the bubble
		synctest.Wait()
		if !slices.Equal(order, []int{0, 1, 2, 3, 4}) {
			t.Errorf("in order %v", order)
		}
		if !slices.Equal(when, []time.Duration{0, time.Second, 2 * time.Second, 3 * time.Second, 3 * time.Second}) {
			t.Errorf("at %v", when)
		}
	})
}

func TestSleepTakesTheWorldsTime(t *testing.T) {
	bubble(t, 60, func(t *testing.T, c *Clock) {
		real := time.Now()
		if err := c.Sleep(t.Context(), time.Minute); err != nil || time.Since(real).Round(time.Millisecond) != time.Second {
			t.Errorf("a minute at sixty times real time took %v, %v", time.Since(real), err)
		}
		jumped := make(chan error)
		go func() { jumped <- c.Sleep(t.Context(), time.Hour) }()
		synctest.Wait()
		real = time.Now()
		if err := c.Advance(2 * time.Hour); err != nil {
			t.Fatal(err)
		}
		if err := <-jumped; err != nil || time.Since(real) > time.Millisecond {
			t.Errorf("after a jump it went on for %v, %v", time.Since(real), err)
		}
		if err := c.SetScale(0); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if err := c.Sleep(ctx, time.Second); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("in a world that stands still: %v", err)
		}
	})
}
