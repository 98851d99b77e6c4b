package bus_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"lifeboat.io/events"
	"lifeboat.io/pkg/bus"
	"lifeboat.io/pkg/bus/bustest"
)

// writers append to a few aggregates at once, several to each, as executors
// that fight would: on a conflict they read and go on from there.
type writers struct {
	mu    sync.Mutex
	acked map[string]uint64 // event id to sequence
	stop  context.CancelFunc
	wg    sync.WaitGroup
}

func startWriters(t testing.TB, b *bus.Bus, aggregates, each int) *writers {
	ctx, cancel := context.WithCancel(context.Background())
	w := &writers{acked: map[string]uint64{}, stop: cancel}
	for i := range aggregates {
		for j := range each {
			w.wg.Go(func() { w.write(ctx, t, b, vm(fmt.Sprint("vm-", i)), j) })
		}
	}
	t.Cleanup(w.end)
	return w
}

func (w *writers) write(ctx context.Context, t testing.TB, b *bus.Bus, agg events.Aggregate, writer int) {
	last := uint64(0)
	for n := 0; ctx.Err() == nil; n++ {
		id := fmt.Sprintf("%s/%d/%d", agg.ID, writer, n)
		seq, err := b.Append(context.WithoutCancel(ctx), agg, last, stepStarted(t, agg, id))
		var conflict *bus.Conflict
		switch {
		case err == nil:
			last = seq
			w.mu.Lock()
			w.acked[id] = seq
			w.mu.Unlock()
		case errors.As(err, &conflict):
			last = conflict.Last
		case errors.Is(err, bus.ErrAway):
			<-time.After(50 * time.Millisecond)
		default:
			t.Errorf("append %s: %v", id, err)
			return
		}
	}
}

func (w *writers) end() {
	w.stop()
	w.wg.Wait()
}

func (w *writers) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.acked)
}

// progress waits until a number of further events are acknowledged.
func (w *writers) progress(t testing.TB, more int) {
	t.Helper()
	goal := w.count() + more
	bustest.Eventually(t, 60*time.Second, fmt.Sprint(more, " further events are acknowledged"), func() bool { return w.count() >= goal })
}

// check verifies what must hold whatever happened: every acknowledged event is
// there, once, where the writer was told, and every chain is whole.
func (w *writers) check(t testing.TB, b *bus.Bus, aggregates int) {
	t.Helper()
	w.end()
	total := 0
	for i := range aggregates {
		agg := vm(fmt.Sprint("vm-", i))
		history, err := b.History(t.Context(), agg)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]uint64{}
		for _, r := range history {
			if _, twice := seen[r.Event.ID()]; twice {
				t.Errorf("%s is stored twice", r.Event.ID())
			}
			seen[r.Event.ID()] = r.Seq
			total++
		}
		for id, seq := range w.acked {
			if subject := agg.ID + "/"; len(id) > len(subject) && id[:len(subject)] == subject && seen[id] != seq {
				t.Errorf("%s was acknowledged at %d, found at %d", id, seq, seen[id])
			}
		}
	}
	checked, err := b.VerifyChains(t.Context())
	if err != nil || checked != total {
		t.Errorf("chains: %d of %d checked: %v", checked, total, err)
	}
	t.Logf("%d events stored, %d acknowledged", total, len(w.acked))
}

func TestChainsUnderContention(t *testing.T) {
	t.Parallel()
	for name, open := range eachKind {
		t.Run(name, func(t *testing.T) {
			b := open(t)
			w := startWriters(t, b, 4, 4)
			w.progress(t, 400)
			w.check(t, b, 4)
		})
	}
}

// TestLeaderLeavesMidAppend has the log's leader hand over, and then stop, while
// events are appended and consumed.
func TestLeaderLeavesMidAppend(t *testing.T) {
	t.Parallel()
	cluster := bustest.NewCluster(t, 3)
	b := bustest.OpenConfig(t, cluster.Config())
	w := startWriters(t, b, 4, 2)
	var mu sync.Mutex
	consumed := map[uint64]int{}
	consume(t, b, quick("observer"), func(_ context.Context, d bus.Delivery) error {
		mu.Lock()
		defer mu.Unlock()
		consumed[d.Seq]++
		return nil
	})
	w.progress(t, 100)
	for range 3 {
		cluster.StepDown(bus.StreamEvents)
		w.progress(t, 50)
	}
	for range 2 {
		var leader int
		bustest.Eventually(t, 30*time.Second, "the log has a leader", func() bool {
			leader = cluster.Leader(bus.StreamEvents)
			return leader >= 0
		})
		cluster.Stop(leader)
		w.progress(t, 50)
		cluster.Start(leader)
		w.progress(t, 50)
	}
	w.check(t, b, 4)
	bustest.Eventually(t, 60*time.Second, "the consumer has seen every acknowledged event", func() bool {
		mu.Lock()
		defer mu.Unlock()
		for _, seq := range w.acked {
			if consumed[seq] == 0 {
				return false
			}
		}
		return true
	})
}

// TestLostAcknowledgement loses the answers to publishes that were stored, on
// one server and on three: Append finds out that they were, and stores nothing twice.
func TestLostAcknowledgement(t *testing.T) {
	t.Parallel()
	for name, target := range map[string]func(t *testing.T) bus.Config{
		"one server": func(t *testing.T) bus.Config {
			return bus.Config{URL: bustest.Open(t, listening).URL(), Replicas: 1}
		},
		"three servers": func(t *testing.T) bus.Config {
			cluster := bustest.NewCluster(t, 3)
			bustest.OpenConfig(t, cluster.Config()) // so that the streams are there before the proxy spoils anything
			c := cluster.Config()
			c.URL = cluster.MemberURL(0)
			return c
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := target(t)
			u, err := url.Parse(c.URL)
			if err != nil {
				t.Fatal(err)
			}
			proxy := bustest.NewProxy(t, u.Host)
			c.URL, c.Logger = proxy.URL(), bustest.Logger(t)
			b := bustest.OpenConfig(t, c)
			direct := dial(t, "nats://"+u.Host)
			agg := vm("vm-1")
			last := uint64(0)
			for i := range 3 {
				proxy.LoseAnswers(true)
				result := make(chan error, 1)
				go func() {
					seq, err := b.Append(t.Context(), agg, last, stepStarted(t, agg, fmt.Sprint("e-", i)))
					last = seq
					result <- err
				}()
				awaitEvents(t, direct, i+1)
				proxy.LoseAnswers(false)
				proxy.Cut()
				if err := receive(t, "the outcome", result); err != nil {
					t.Fatal(err)
				}
			}
			history, err := b.History(t.Context(), agg)
			if err != nil || len(history) != 3 || history[2].Seq != last {
				t.Fatalf("%d events, last %d told as %d, %v", len(history), history[len(history)-1].Seq, last, err)
			}
			if _, err := b.VerifyChains(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// awaitEvents waits until the log has a number of messages.
func awaitEvents(t testing.TB, nc *nats.Conn, count int) {
	t.Helper()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	bustest.Eventually(t, 20*time.Second, fmt.Sprint(count, " events are stored"), func() bool {
		s, err := js.Stream(t.Context(), bus.StreamEvents)
		return err == nil && s.CachedInfo().State.Msgs >= uint64(count)
	})
}

// TestLostAcknowledgementThenAnother loses the answer to a publish, and another
// writer appends after it before we look: ours still counts.
func TestLostAcknowledgementThenAnother(t *testing.T) {
	t.Parallel()
	other := bustest.Open(t, listening)
	u, err := url.Parse(other.URL())
	if err != nil {
		t.Fatal(err)
	}
	proxy := bustest.NewProxy(t, u.Host)
	b := bustest.OpenConfig(t, bus.Config{URL: proxy.URL(), Replicas: 1, Logger: bustest.Logger(t)})
	agg := vm("vm-1")
	type outcome struct {
		seq uint64
		err error
	}
	proxy.LoseAnswers(true)
	result := make(chan outcome, 1)
	go func() {
		seq, err := b.Append(t.Context(), agg, 0, stepStarted(t, agg, "mine"))
		result <- outcome{seq, err}
	}()
	awaitEvents(t, dial(t, other.URL()), 1)
	if _, err := other.Append(t.Context(), agg, 1, stepStarted(t, agg, "theirs")); err != nil {
		t.Fatal(err)
	}
	proxy.LoseAnswers(false)
	proxy.Cut()
	if got := receive(t, "the outcome", result); got.err != nil || got.seq != 1 {
		t.Fatalf("mine is at %d, %v; want 1", got.seq, got.err)
	}
}

// TestUnknownOutcomeIsSaid loses all answers for the whole of the caller's patience.
func TestUnknownOutcomeIsSaid(t *testing.T) {
	t.Parallel()
	server := bustest.Open(t, listening)
	u, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	proxy := bustest.NewProxy(t, u.Host)
	b := bustest.OpenConfig(t, bus.Config{URL: proxy.URL(), Replicas: 1, Logger: bustest.Logger(t)})
	proxy.LoseAnswers(true)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err = b.Append(ctx, vm("vm-1"), 0, stepStarted(t, vm("vm-1"), "e"))
	if !errors.Is(err, bus.ErrUnknown) || !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("%v; want ErrUnknown and the deadline", err)
	}
	proxy.LoseAnswers(false)
	proxy.Cut()
	bustest.Eventually(t, 20*time.Second, "the bus is back", func() bool { return b.Healthy() == nil })
	seq, err := b.Append(t.Context(), vm("vm-1"), 0, stepStarted(t, vm("vm-1"), "e"))
	if err != nil || seq != 1 {
		t.Fatalf("the same again: %d, %v; want 1", seq, err)
	}
}

// TestNobodyThereIsNoDoubt has no stream to publish to: it is certain that
// nothing was stored.
func TestNobodyThereIsNoDoubt(t *testing.T) {
	b := bustest.Open(t, listening)
	js, err := jetstream.New(dial(t, b.URL()))
	if err != nil {
		t.Fatal(err)
	}
	if err := js.DeleteStream(t.Context(), bus.StreamEvents); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err = b.Append(ctx, vm("vm-1"), 0, stepStarted(t, vm("vm-1"), "e"))
	if err == nil || errors.Is(err, bus.ErrUnknown) || !errors.Is(err, jetstream.ErrNoStreamResponse) {
		t.Fatalf("%v; want to hear that nobody is there", err)
	}
	if err := b.Healthy(); err == nil {
		t.Error("healthy without a log")
	}
}
