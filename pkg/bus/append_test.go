package bus_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"lifeboat.io/events"
	"lifeboat.io/pkg/bus"
	"lifeboat.io/pkg/bus/bustest"
)

func TestAppendIsWriteAndLock(t *testing.T) {
	b := bustest.Open(t)
	agg := vm("vm-1")

	first, err := b.Append(t.Context(), agg, 0, stepStarted(t, agg, "e-1"))
	if err != nil {
		t.Fatal(err)
	}
	second, err := b.Append(t.Context(), agg, first, stepStarted(t, agg, "e-2"))
	if err != nil {
		t.Fatal(err)
	}
	other := vm("vm-2")
	if _, err := b.Append(t.Context(), other, 0, stepStarted(t, other, "e-3")); err != nil {
		t.Fatalf("another aggregate is in the way: %v", err)
	}

	for _, row := range []struct {
		name   string
		expect uint64
	}{{"nothing yet", 0}, {"the one before", first}, {"one that is not there", second + 100}} {
		_, err := b.Append(t.Context(), agg, row.expect, stepStarted(t, agg, "late-"+row.name))
		var conflict *bus.Conflict
		if !errors.As(err, &conflict) || conflict.Expected != row.expect || conflict.Last != second || conflict.LastID != "e-2" {
			t.Errorf("expecting %s: %v; want a conflict with %d (e-2)", row.name, err, second)
		}
	}
	history, err := b.History(t.Context(), agg)
	if err != nil || len(history) != 2 || history[1].Seq != second || history[1].Event.ID() != "e-2" {
		t.Fatalf("history %v, %v", history, err)
	}
}

func TestAppendConflictOnAnEmptyAggregate(t *testing.T) {
	b := bustest.Open(t)
	_, err := b.Append(t.Context(), vm("vm-1"), 7, stepStarted(t, vm("vm-1"), "e-1"))
	var conflict *bus.Conflict
	if !errors.As(err, &conflict) || conflict.Last != 0 || conflict.Expected != 7 {
		t.Fatalf("%v; want a conflict that says there is no event", err)
	}
}

// TestAppendAgainIsSafe repeats a publish the caller has forgotten about. The two
// kinds of stream answer that differently: a single server compares before it
// recognises the id, a replicated stream the other way round.
func TestAppendAgainIsSafe(t *testing.T) {
	for name, open := range eachKind {
		t.Run(name, func(t *testing.T) {
			b := open(t)
			agg := vm("vm-1")
			first, err := b.Append(t.Context(), agg, 0, stepStarted(t, agg, "e-1"))
			if err != nil {
				t.Fatal(err)
			}
			again, err := b.Append(t.Context(), agg, 0, stepStarted(t, agg, "e-1"))
			if err != nil || again != first {
				t.Fatalf("again: %d, %v; want %d", again, err, first)
			}
			second, err := b.Append(t.Context(), agg, first, stepStarted(t, agg, "e-2"))
			if err != nil {
				t.Fatal(err)
			}
			again, err = b.Append(t.Context(), agg, 0, stepStarted(t, agg, "e-1"))
			if err != nil || again != first {
				t.Fatalf("again, after another: %d, %v; want %d", again, err, first)
			}
			if _, err := b.Append(t.Context(), agg, second, stepStarted(t, agg, "e-1")); !errors.Is(err, bus.ErrInvalid) {
				t.Fatalf("an id used in another place: %v; want ErrInvalid", err)
			}
			other := vm("vm-2")
			if _, err := b.Append(t.Context(), other, 0, stepStarted(t, other, "e-1")); !errors.Is(err, bus.ErrInvalid) {
				t.Fatalf("an id used by another aggregate: %v; want ErrInvalid", err)
			}
			history, err := b.History(t.Context(), agg)
			if err != nil || len(history) != 2 {
				t.Fatalf("history has %d events, %v; want 2", len(history), err)
			}
		})
	}
}

// eachKind opens a bus on one server and on three.
var eachKind = map[string]func(testing.TB) *bus.Bus{
	"one server":    func(t testing.TB) *bus.Bus { return bustest.Open(t) },
	"three servers": func(t testing.TB) *bus.Bus { return bustest.OpenConfig(t, bustest.NewCluster(t, 3).Config()) },
}

func TestAppendRefusesWhatIsWrong(t *testing.T) {
	b := bustest.Open(t, func(c *bus.Config) {
		c.Check = func(e event.Event) error {
			if e.ID() == "unchecked" {
				return errors.New("data does not match its schema")
			}
			return nil
		}
	})
	agg := vm("vm-1")
	for _, row := range []struct {
		name string
		agg  events.Aggregate
		e    event.Event
		want error
		text string
	}{
		{"another aggregate's event", agg, stepStarted(t, vm("vm-2"), "e"), bus.ErrInvalid, "failover/acme/vm-1"},
		{"another family", events.Aggregate{Family: events.FamilyTicket, Account: "acme", ID: "vm-1"}, stepStarted(t, agg, "e"), bus.ErrInvalid, "ticket"},
		{"an event without a type", agg, event.New(), bus.ErrInvalid, "type"},
		{"one that fails its check", agg, stepStarted(t, agg, "unchecked"), bus.ErrInvalid, "schema"},
		{"one that is too large for the log", agg, large(t, agg, 700<<10), bus.ErrTooLarge, "bytes"},
		{"one that is too large for the server", agg, large(t, agg, 2<<20), bus.ErrTooLarge, "bytes"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := b.Append(t.Context(), row.agg, 0, row.e)
			if !errors.Is(err, row.want) || !strings.Contains(err.Error(), row.text) {
				t.Fatalf("%v; want %v naming %q", err, row.want, row.text)
			}
		})
	}
	if history, err := b.History(t.Context(), agg); err != nil || len(history) != 0 {
		t.Fatalf("something was stored: %v, %v", history, err)
	}
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Append(done, agg, 0, stepStarted(t, agg, "e")); !errors.Is(err, context.Canceled) || errors.Is(err, bus.ErrUnknown) {
		t.Errorf("a caller who is gone: %v; want to hear that nothing was sent", err)
	}
}

func large(t testing.TB, agg events.Aggregate, size int) event.Event {
	e := stepStarted(t, agg, "large")
	if err := e.SetData(event.ApplicationJSON, map[string]string{"x": strings.Repeat("x", size)}); err != nil {
		t.Fatal(err)
	}
	return e
}

func TestAbsentBusFailsAtOnce(t *testing.T) {
	c := bustest.Config(t)
	c.Listen = "127.0.0.1:0"
	server, err := bus.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	client := bustest.OpenConfig(t, bus.Config{URL: server.URL(), Replicas: 1, Logger: bustest.Logger(t)})
	if err := client.Healthy(); err != nil {
		t.Fatal(err)
	}
	if err := server.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	bustest.Eventually(t, 10*time.Second, "the client notices", func() bool { return client.Healthy() != nil })

	// Far less than any window or time-out of ours: a call that waits fails here.
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	agg := vm("vm-1")
	calls := map[string]func() error{
		"append":  func() error { _, err := client.Append(ctx, agg, 0, stepStarted(t, agg, "e")); return err },
		"submit":  func() error { return client.Submit(ctx, "acme", ticket(t, "1")) },
		"history": func() error { _, err := client.History(ctx, agg); return err },
		"last":    func() error { _, _, err := client.Last(ctx, agg); return err },
		"watch":   func() error { return client.Watch(ctx, bus.Watch{}, func(bus.Recorded) error { return nil }) },
		"consume": func() error {
			return client.Consume(ctx, bus.Consumer{Name: "x"}, func(context.Context, bus.Delivery) error { return nil })
		},
		"arm":          func() error { return client.Arm(ctx, bus.Timer{Owner: "x", Key: "k", Due: time.Now()}) },
		"disarm":       func() error { return client.Disarm(ctx, "x", "k") },
		"acquire":      func() error { _, err := client.Acquire(ctx, "k", "me", 30*time.Second); return err },
		"seen":         func() error { _, err := client.SeenOnce(ctx, "k", time.Minute); return err },
		"dead letters": func() error { _, err := client.DeadLetters(ctx, bus.DeadLetterQuery{}); return err },
		"inventory":    func() error { _, _, err := client.Inventory().Get(ctx, "k"); return err },
		"healthy":      client.Healthy,
	}
	for name, call := range calls {
		if err := call(); !errors.Is(err, bus.ErrAway) {
			t.Errorf("%s: %v; want ErrAway", name, err)
		}
	}
}

func TestHistoryLastAndLastOfEach(t *testing.T) {
	for name, open := range eachKind {
		t.Run(name, func(t *testing.T) {
			b := open(t)
			if history, err := b.History(t.Context(), vm("nobody")); err != nil || len(history) != 0 {
				t.Fatalf("history of nobody: %v, %v", history, err)
			}
			if _, ok, err := b.Last(t.Context(), vm("nobody")); err != nil || ok {
				t.Fatalf("last of nobody: %v, %v", ok, err)
			}
			want := map[string]uint64{}
			for i := range 10 {
				agg := vm(fmt.Sprint("vm-", i))
				want[agg.String()] = fill(t, b, agg, i+1)
			}
			agg := vm("vm-9")
			history, err := b.History(t.Context(), agg)
			if err != nil || len(history) != 10 {
				t.Fatalf("%d events, %v; want 10", len(history), err)
			}
			for i, r := range history {
				if r.Event.ID() != fmt.Sprintf("vm-9-%d", i) || r.Event.Subject() != agg.String() || r.Stored.IsZero() || r.Subject != agg.Subject("step-started") {
					t.Fatalf("event %d is %+v", i, r)
				}
			}
			last, ok, err := b.Last(t.Context(), agg)
			if err != nil || !ok || last.Seq != want[agg.String()] || last.Event.ID() != "vm-9-9" {
				t.Fatalf("last %+v, %v, %v", last, ok, err)
			}
			got := map[string]uint64{}
			before := uint64(0)
			for r, err := range b.LastOfEach(t.Context(), events.FamilyFailover) {
				if err != nil {
					t.Fatal(err)
				}
				if r.Seq <= before {
					t.Fatalf("not oldest first: %d after %d", r.Seq, before)
				}
				before = r.Seq
				got[r.Event.Subject()] = r.Seq
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Fatalf("last of each: %v\nwant %v", got, want)
			}
			for r, err := range b.LastOfEach(t.Context(), events.FamilyTicket) {
				t.Fatalf("a family without events has %v, %v", r, err)
			}
		})
	}
}

// TestHistoryOfManyPages is longer than a page, with other aggregates between.
func TestHistoryOfManyPages(t *testing.T) {
	t.Parallel()
	b := bustest.Open(t)
	agg, other := vm("vm-1"), vm("vm-2")
	var last, lastOther uint64
	const count = 1203
	for i := range count {
		var err error
		if last, err = b.Append(t.Context(), agg, last, stepStarted(t, agg, fmt.Sprint("e-", i))); err != nil {
			t.Fatal(err)
		}
		if lastOther, err = b.Append(t.Context(), other, lastOther, stepStarted(t, other, fmt.Sprint("o-", i))); err != nil {
			t.Fatal(err)
		}
	}
	history, err := b.History(t.Context(), agg)
	if err != nil || len(history) != count {
		t.Fatalf("%d events, %v; want %d", len(history), err, count)
	}
	for i, r := range history {
		if r.Event.ID() != fmt.Sprint("e-", i) {
			t.Fatalf("event %d is %s", i, r.Event.ID())
		}
	}
	for _, from := range []int{0, 600, count - 2, count - 1} {
		rest, err := b.HistoryAfter(t.Context(), agg, history[from].Seq)
		if err != nil || len(rest) != count-1-from || len(rest) > 0 && rest[0].Seq != history[from+1].Seq {
			t.Errorf("after event %d: %d events, %v", from, len(rest), err)
		}
	}
	for who, a := range map[string]events.Aggregate{"it": agg, "nobody": vm("nobody")} {
		if _, err := b.HistoryAfter(t.Context(), a, last+1000); !errors.Is(err, bus.ErrNotFound) {
			t.Errorf("%s does not reach as far: %v", who, err)
		}
	}
}
