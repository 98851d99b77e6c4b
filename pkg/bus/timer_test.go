package bus_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"lifeboat.io/pkg/bus"
	"lifeboat.io/pkg/bus/bustest"
)

// timers hears an owner's timers in the background.
func timers(t testing.TB, b *bus.Bus, owner string) (fired chan bus.Fired, stop func()) {
	t.Helper()
	fired = make(chan bus.Fired, 100)
	stop = background(t, func(ctx context.Context) error {
		return b.ConsumeTimers(ctx, owner, func(_ context.Context, f bus.Fired) error {
			fired <- f
			return nil
		})
	})
	return fired, stop
}

func TestTimersFire(t *testing.T) {
	t.Parallel()
	b := bustest.Open(t)
	fired, _ := timers(t, b, "executor")
	due := time.Now().Add(700 * time.Millisecond)
	key := "run/1 \"Zürich\" *.>"
	if err := b.Arm(t.Context(), bus.Timer{Owner: "executor", Key: key, Due: due, Body: []byte("commit window")}); err != nil {
		t.Fatal(err)
	}
	if err := b.Arm(t.Context(), bus.Timer{Owner: "somebody-else", Key: key, Due: due}); err != nil {
		t.Fatal(err)
	}
	f := receive(t, "the timer", fired)
	if f.Owner != "executor" || f.Key != key || string(f.Body) != "commit window" || !f.Due.Equal(due) || f.Attempt != 1 {
		t.Errorf("fired %+v", f)
	}
	if f.At.Before(due) {
		t.Errorf("fired %s early", due.Sub(f.At))
	}
	if len(fired) != 0 {
		t.Errorf("fired again, or somebody else's: %+v", <-fired)
	}
}

func TestTimersMoveAndEnd(t *testing.T) {
	t.Parallel()
	b := bustest.Open(t)
	fired, _ := timers(t, b, "executor")
	arm := func(key string, in time.Duration, body string) {
		t.Helper()
		if err := b.Arm(t.Context(), bus.Timer{Owner: "executor", Key: key, Due: time.Now().Add(in), Body: []byte(body)}); err != nil {
			t.Fatal(err)
		}
	}
	arm("moved", time.Hour, "late")
	arm("moved", 500*time.Millisecond, "early")
	arm("twice", 500*time.Millisecond, "same")
	arm("twice", 500*time.Millisecond, "same")
	arm("disarmed", 500*time.Millisecond, "never")
	if err := b.Disarm(t.Context(), "executor", "disarmed"); err != nil {
		t.Fatal(err)
	}
	if err := b.Disarm(t.Context(), "executor", "never armed"); err != nil {
		t.Errorf("disarming what is not armed: %v", err)
	}
	arm("rearmed", 500*time.Millisecond, "first")
	if err := b.Disarm(t.Context(), "executor", "rearmed"); err != nil {
		t.Fatal(err)
	}
	arm("rearmed", 500*time.Millisecond, "first")
	arm("last", time.Second, "end") // a second after all others, so it bounds the wait
	got := map[string]string{}
	for got["last"] == "" {
		f := receive(t, "timers", fired)
		if _, again := got[f.Key]; again {
			t.Errorf("%s fired again", f.Key)
		}
		got[f.Key] = string(f.Body)
	}
	want := map[string]string{"moved": "early", "twice": "same", "rearmed": "first", "last": "end"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("fired %v, want %v", got, want)
	}
}

// TestTimersOverRestart is due while the bus is down, and later.
func TestTimersOverRestart(t *testing.T) {
	t.Parallel()
	c := bustest.Config(t)
	b, err := bus.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	overdue := time.Now().Add(300 * time.Millisecond)
	for _, timer := range []bus.Timer{
		{Owner: "executor", Key: "overdue", Due: overdue},
		{Owner: "executor", Key: "later", Due: time.Now().Add(3 * time.Second)},
		{Owner: "executor", Key: "in the past", Due: time.Now().Add(-time.Hour)},
	} {
		if err := b.Arm(t.Context(), timer); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	bustest.Eventually(t, 5*time.Second, "the first is overdue", func() bool { return time.Now().After(overdue) })
	b = bustest.OpenConfig(t, c)
	fired, _ := timers(t, b, "executor")
	got := map[string]int{}
	for len(got) < 3 {
		f := receive(t, "timers", fired)
		got[f.Key]++
		if f.At.Before(f.Due) {
			t.Errorf("%s fired %s early", f.Key, f.Due.Sub(f.At))
		}
	}
	for key, times := range got {
		if times != 1 {
			t.Errorf("%s fired %d times", key, times)
		}
	}
}

func TestTimersAreChecked(t *testing.T) {
	b := bustest.Open(t)
	now := time.Now()
	for name, row := range map[string]struct {
		timer bus.Timer
		want  error
	}{
		"no owner":          {bus.Timer{Key: "k", Due: now}, bus.ErrInvalid},
		"an owner of two":   {bus.Timer{Owner: "a.b", Key: "k", Due: now}, bus.ErrInvalid},
		"no key":            {bus.Timer{Owner: "a", Due: now}, bus.ErrInvalid},
		"no time":           {bus.Timer{Owner: "a", Key: "k"}, bus.ErrInvalid},
		"too large a body":  {bus.Timer{Owner: "a", Key: "k", Due: now, Body: make([]byte, 49<<10)}, bus.ErrTooLarge},
		"largest body goes": {bus.Timer{Owner: "a", Key: "k", Due: now, Body: make([]byte, 48<<10)}, nil},
	} {
		if err := b.Arm(t.Context(), row.timer); !errors.Is(err, row.want) {
			t.Errorf("%s: %v; want %v", name, err, row.want)
		}
	}
}
