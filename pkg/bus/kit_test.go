package bus_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"lifeboat.io/events"
	"lifeboat.io/pkg/bus"
)

// vm makes an aggregate of the failover family.
func vm(id string) events.Aggregate {
	return events.Aggregate{Family: events.FamilyFailover, Account: "acme", ID: id}
}

// stepStarted makes an event of an aggregate.
func stepStarted(t testing.TB, agg events.Aggregate, id string, change ...func(*events.Meta)) event.Event {
	t.Helper()
	meta := events.Meta{ID: id, Source: "/lifeboat/test", Time: time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC), Sequence: 1, Correlation: "desk~T-1"}
	for _, c := range change {
		c(&meta)
	}
	e, err := events.New(agg, meta, events.StepStarted{RunRef: events.RunRef{Run: "r-1", VM: events.VMRef{ID: agg.ID}}})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// ticket makes a submitted ticket's event.
func ticket(t testing.TB, id string) event.Event {
	t.Helper()
	agg := events.Aggregate{Family: events.FamilyTicket, Account: "acme", ID: events.TicketID("desk", id)}
	e, err := events.New(agg, events.Meta{ID: id, Source: "/desk", Time: time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)}, events.TicketSubmitted{})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// fill appends a chain of events and returns the last sequence.
func fill(t testing.TB, b *bus.Bus, agg events.Aggregate, count int) uint64 {
	t.Helper()
	last := uint64(0)
	for i := range count {
		seq, err := b.Append(t.Context(), agg, last, stepStarted(t, agg, fmt.Sprintf("%s-%d", agg.ID, i)))
		if err != nil {
			t.Fatalf("append %d to %s: %v", i, agg, err)
		}
		last = seq
	}
	return last
}

// background runs a function that blocks until its context ends, and returns
// how to end it; the test fails if it then returns an error.
func background(t testing.TB, run func(context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	stopped := false
	stop = func() {
		t.Helper()
		if stopped {
			return
		}
		stopped = true
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("ended with: %v", err)
			}
		case <-time.After(30 * time.Second):
			t.Error("did not end within 30 s of being told to")
		}
	}
	t.Cleanup(stop)
	return stop
}

// receive takes the next value from a channel or fails the test.
func receive[T any](t testing.TB, what string, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(20 * time.Second):
		t.Fatalf("not within 20 s: %s", what)
		panic("unreachable")
	}
}

// logBuffer collects a log for a test to read.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func (l *logBuffer) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// stopwatch sums up the time of what it runs.
type stopwatch struct{ total time.Duration }

func (s *stopwatch) run(work func()) {
	began := time.Now()
	work()
	s.total += time.Since(began)
}
