package lab

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"lifeboat.io/pkg/hyperv/hypersim"
)

// MaxScale is how many times faster than real time a world can go.
const MaxScale = 100_000

// longestWait is how long the clock sleeps at most when nothing is due: the
// world's own time must not fall behind what is asked for.
const longestWait = 500 * time.Millisecond

// shortestWait keeps the clock from spinning.
const shortestWait = 10 * time.Microsecond

// farAway is later than anything.
var farAway = time.Unix(1<<40, 0)

// Clock moves a live world along real time, so many times as fast. It is safe
// for concurrent use.
type Clock struct {
	world *hypersim.World
	// moved is called after the world was moved, with nothing locked that the
	// world needs.
	moved func()
	poke  chan struct{}

	// moving is held while the world is moved, so that what is planned happens
	// at its time and in order.
	moving sync.Mutex
	plans  []plan // by time; guarded by moving

	mu      sync.Mutex
	scale   float64
	base    time.Time     // the world's time at since
	since   time.Time     // real time
	changed chan struct{} // closed and replaced when scale or base change
	wakes   time.Time     // when run looks next
}

// plan is something to be done at a time of the world.
type plan struct {
	at time.Time
	do func()
}

func newClock(w *hypersim.World, scale float64, moved func()) *Clock {
	return &Clock{world: w, moved: moved, poke: make(chan struct{}, 1), scale: scale, base: w.Now(), since: time.Now(), changed: make(chan struct{})}
}

// target is the world's time that goes with now.
func (c *Clock) target() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.targetAt(time.Now())
}

func (c *Clock) targetAt(real time.Time) time.Time {
	return c.base.Add(time.Duration(float64(real.Sub(c.since)) * c.scale))
}

// CatchUp moves the world to the time it should show now. Whoever has asked
// something of the world calls it, so as not to wait for the clock.
func (c *Clock) CatchUp() {
	c.moveTo(c.target())
	c.hurry()
}

// moveTo moves the world, stopping where something is planned.
func (c *Clock) moveTo(t time.Time) {
	c.moving.Lock()
	defer c.moving.Unlock()
	for len(c.plans) > 0 && !c.plans[0].at.After(t) {
		p := c.plans[0]
		c.plans = slices.Delete(c.plans, 0, 1)
		c.world.AdvanceTo(p.at)
		p.do()
	}
	c.world.AdvanceTo(t)
	c.world.Advance(0) // what is due just now
	c.moved()
}

// Plan has something done when the world's time has come to at, or at once
// when that is past.
func (c *Clock) Plan(at time.Time, do func()) {
	c.moving.Lock()
	i, _ := slices.BinarySearchFunc(c.plans, at, func(p plan, t time.Time) int {
		if p.at.After(t) {
			return 1
		}
		return -1 // those of the same time stay in the order they were planned
	})
	c.plans = slices.Insert(c.plans, i, plan{at, do})
	c.moving.Unlock()
	c.CatchUp()
}

// hurry wakes run when something is due before it would look.
func (c *Clock) hurry() {
	next, ok := c.next()
	c.mu.Lock()
	late := ok && next.Before(c.wakes)
	c.mu.Unlock()
	if !late {
		return
	}
	select {
	case c.poke <- struct{}{}:
	default: // it is being woken already
	}
}

// next is the real time when something is due next.
func (c *Clock) next() (time.Time, bool) {
	at, ok := c.world.NextEvent()
	c.moving.Lock()
	if len(c.plans) > 0 && (!ok || c.plans[0].at.Before(at)) {
		at, ok = c.plans[0].at, true
	}
	c.moving.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !ok || c.scale == 0 {
		return time.Time{}, false
	}
	wait := float64(at.Sub(c.base)) / c.scale
	if wait > math.MaxInt64/2 {
		return time.Time{}, false
	}
	return c.since.Add(time.Duration(math.Ceil(wait)) + 1), true // rather late than not yet
}

// run moves the world until the context ends.
func (c *Clock) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-c.poke:
		}
		c.mu.Lock()
		c.wakes = farAway // until it is known, whoever has something due pokes
		c.mu.Unlock()
		c.moveTo(c.target())
		wait := longestWait
		if next, ok := c.next(); ok {
			wait = min(wait, max(shortestWait, time.Until(next)))
		}
		c.mu.Lock()
		c.wakes = time.Now().Add(wait)
		c.mu.Unlock()
		timer.Reset(wait)
	}
}

// Now is the world's time.
func (c *Clock) Now() time.Time {
	c.CatchUp()
	return c.world.Now()
}

// Scale is how many times faster than real time the world goes; 0 when it
// stands still.
func (c *Clock) Scale() float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.scale
}

// SetScale makes the world go so many times as fast as real time; 0 makes it
// stand still.
func (c *Clock) SetScale(scale float64) error {
	if err := checkScale(scale); err != nil {
		return err
	}
	c.rebase(0, &scale)
	return nil
}

func checkScale(scale float64) error {
	if math.IsNaN(scale) || scale < 0 || scale > MaxScale {
		return fmt.Errorf("time scale %v: give a number from 0 (stand still) to %d", scale, MaxScale)
	}
	return nil
}

// Advance lets time pass by d at once: everything due by then happens, in
// order.
func (c *Clock) Advance(d time.Duration) error {
	if d < 0 {
		return fmt.Errorf("advance by %v: time only goes forward, give a positive duration", d)
	}
	c.rebase(d, nil)
	return nil
}

// rebase jumps forward and sets the scale from there on.
func (c *Clock) rebase(jump time.Duration, scale *float64) {
	c.mu.Lock()
	now := time.Now()
	c.base, c.since = c.targetAt(now).Add(jump), now
	if scale != nil {
		c.scale = *scale
	}
	close(c.changed)
	c.changed = make(chan struct{})
	c.mu.Unlock()
	c.CatchUp()
}

// Sleep waits until so much of the world's time has passed, or returns the
// context's error.
func (c *Clock) Sleep(ctx context.Context, d time.Duration) error {
	until := c.target().Add(d)
	for {
		c.mu.Lock()
		changed, scale := c.changed, c.scale
		rest := until.Sub(c.targetAt(time.Now()))
		c.mu.Unlock()
		if rest <= 0 {
			return ctx.Err()
		}
		if err := await(ctx, changed, rest, scale); err != nil {
			return err
		}
	}
}

// await waits until rest has passed at a scale, or something changes.
func await(ctx context.Context, changed <-chan struct{}, rest time.Duration, scale float64) error {
	var due <-chan time.Time
	if scale > 0 {
		timer := time.NewTimer(time.Duration(min(float64(rest)/scale+1, math.MaxInt64/2)))
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-due:
		return nil
	case <-changed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
