package bus_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"lifeboat.io/events"
	"lifeboat.io/pkg/bus"
	"lifeboat.io/pkg/bus/bustest"
)

// watch follows in the background and sends the ids it sees.
func watch(t testing.TB, b *bus.Bus, w bus.Watch) (seen chan string, caughtUp chan struct{}) {
	t.Helper()
	seen, caughtUp = make(chan string, 2000), make(chan struct{}, 10)
	w.CaughtUp = func() { caughtUp <- struct{}{} }
	background(t, func(ctx context.Context) error {
		return b.Watch(ctx, w, func(r bus.Recorded) error {
			seen <- r.Event.ID()
			return nil
		})
	})
	return seen, caughtUp
}

func TestWatchStarts(t *testing.T) {
	all := []string{"vm-1-0", "vm-1-1", "vm-1-2", "vm-2-0", "vm-2-1"}
	for _, row := range []struct {
		name  string
		watch func(third bus.Recorded) bus.Watch
		want  []string
	}{
		{"beginning", func(bus.Recorded) bus.Watch { return bus.Watch{} }, all},
		{"filters", func(bus.Recorded) bus.Watch {
			return bus.Watch{Filters: []string{events.AccountFilter("acme"), events.FamilyFilter(events.FamilyTicket)}}
		}, all},
		{"a sequence", func(third bus.Recorded) bus.Watch { return bus.Watch{Start: bus.FromSeq(third.Seq)} }, all[2:]},
		{"a time", func(third bus.Recorded) bus.Watch { return bus.Watch{Start: bus.FromTime(third.Stored)} }, all[2:]},
		{"last of each subject", func(bus.Recorded) bus.Watch { return bus.Watch{Start: bus.FromLastOfEachSubject()} }, []string{"vm-1-2", "vm-2-1"}},
		{"now", func(bus.Recorded) bus.Watch { return bus.Watch{Start: bus.FromNow()} }, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			b := bustest.Open(t)
			fill(t, b, vm("vm-1"), 3)
			fill(t, b, vm("vm-2"), 2)
			third, _, err := b.Last(t.Context(), vm("vm-1"))
			if err != nil {
				t.Fatal(err)
			}
			seen, caughtUp := watch(t, b, row.watch(third))
			receive(t, "caught up", caughtUp)
			var got []string
			for len(seen) > 0 {
				got = append(got, <-seen)
			}
			if !slices.Equal(got, row.want) {
				t.Errorf("saw %v, want %v", got, row.want)
			}
			fill(t, b, vm("vm-3"), 1)
			if id := receive(t, "a new event", seen); id != "vm-3-0" {
				t.Errorf("saw %s", id)
			}
			if len(caughtUp) != 0 {
				t.Error("caught up twice")
			}
		})
	}
}

func TestWatchFilters(t *testing.T) {
	b := bustest.Open(t)
	fill(t, b, vm("vm-1"), 2)
	fill(t, b, vm("vm-2"), 2)
	seen, caughtUp := watch(t, b, bus.Watch{Filters: []string{vm("vm-2").Filter()}})
	receive(t, "caught up", caughtUp)
	if len(seen) != 2 || <-seen != "vm-2-0" || <-seen != "vm-2-1" {
		t.Error("did not see just the events of the filter")
	}
}

func TestWatchEndsWithItsHandlersError(t *testing.T) {
	b := bustest.Open(t)
	fill(t, b, vm("vm-1"), 2)
	enough := errors.New("enough")
	calls := 0
	err := b.Watch(t.Context(), bus.Watch{}, func(bus.Recorded) error {
		calls++
		return enough
	})
	if !errors.Is(err, enough) || calls != 1 {
		t.Fatalf("%v after %d calls", err, calls)
	}
	if err := b.Watch(t.Context(), bus.Watch{Stream: bus.StreamInbox}, nil); !errors.Is(err, bus.ErrInvalid) {
		t.Fatalf("watching the inbox: %v", err)
	}
	if err := b.Watch(t.Context(), bus.Watch{Stream: "NONE"}, nil); err == nil {
		t.Fatal("watching no stream succeeds")
	}
}

func TestWatchLeavesOutWhatIsNoEvent(t *testing.T) {
	b := bustest.Open(t, listening)
	js, err := jetstream.New(dial(t, b.URL()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.Publish(t.Context(), vm("vm-1").Subject("noise"), []byte("no event")); err != nil {
		t.Fatal(err)
	}
	fill(t, b, vm("vm-2"), 1)
	var skipped []uint64
	seen, caughtUp := watch(t, b, bus.Watch{Undecodable: func(seq uint64, _ string, err error) {
		if err == nil {
			t.Error("no reason given")
		}
		skipped = append(skipped, seq)
	}})
	receive(t, "caught up", caughtUp)
	if id := receive(t, "the event", seen); id != "vm-2-0" || !slices.Equal(skipped, []uint64{1}) {
		t.Fatalf("saw %s, left out %v", id, skipped)
	}
	if _, err := b.History(t.Context(), vm("vm-1")); err == nil {
		t.Error("a history with garbage in it was read without an error")
	}
}

// TestWatchBridgesBrokenConnections cuts the connection again and again while
// events come in, and loses what was on its way: every event is seen once, in order.
func TestWatchBridgesBrokenConnections(t *testing.T) {
	t.Parallel()
	b := bustest.Open(t, listening)
	u, err := url.Parse(b.URL())
	if err != nil {
		t.Fatal(err)
	}
	proxy := bustest.NewProxy(t, u.Host)
	reader := bustest.OpenConfig(t, bus.Config{URL: proxy.URL(), Replicas: 1, Logger: bustest.Logger(t)})
	seen, caughtUp := watch(t, reader, bus.Watch{Start: bus.FromNow()})
	receive(t, "the watch runs", caughtUp)
	const rounds, each = 5, 20
	last := uint64(0)
	count := 0
	for range rounds {
		proxy.LoseAnswers(true)
		for range each {
			if last, err = b.Append(t.Context(), vm("vm-1"), last, stepStarted(t, vm("vm-1"), fmt.Sprint("e-", count))); err != nil {
				t.Fatal(err)
			}
			count++
		}
		proxy.LoseAnswers(false)
		proxy.Cut()
		bustest.Eventually(t, 20*time.Second, "the reader is back", func() bool { return reader.Healthy() == nil })
	}
	for i := range count {
		if id := receive(t, fmt.Sprint("event ", i), seen); id != fmt.Sprint("e-", i) {
			t.Fatalf("event %d is %s", i, id)
		}
	}
}

// TestWatchEndsWhileTheBusIsAway must not wait for the bus to come back.
func TestWatchEndsWhileTheBusIsAway(t *testing.T) {
	t.Parallel()
	c := bustest.Config(t)
	listening(&c)
	server, err := bus.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	client := bustest.OpenConfig(t, bus.Config{URL: server.URL(), Replicas: 1, Logger: bustest.Logger(t)})
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	caughtUp := make(chan struct{})
	go func() {
		result <- client.Watch(ctx, bus.Watch{CaughtUp: func() { close(caughtUp) }}, func(bus.Recorded) error { return nil })
	}()
	receive(t, "the watch runs", caughtUp)
	if err := server.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	bustest.Eventually(t, 10*time.Second, "the client notices", func() bool { return client.Healthy() != nil })
	cancel()
	select {
	case err := <-result:
		if err != nil {
			t.Errorf("ended with %v", err)
		}
	case <-time.After(3 * time.Second):
		t.Fatal("did not end while the bus was away")
	}
}
