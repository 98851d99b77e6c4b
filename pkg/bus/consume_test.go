package bus_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"lifeboat.io/events"
	"lifeboat.io/pkg/bus"
	"lifeboat.io/pkg/bus/bustest"
)

// quick is a consumer whose waits are short enough for a test.
func quick(name string) bus.Consumer {
	return bus.Consumer{
		Name:      name,
		AckWait:   2 * time.Second,
		Heartbeat: 300 * time.Millisecond,
		Backoff:   []time.Duration{50 * time.Millisecond},
		Grace:     5 * time.Second,
	}
}

// consume runs a consumer in the background.
func consume(t testing.TB, b *bus.Bus, c bus.Consumer, handle func(context.Context, bus.Delivery) error) (stop func()) {
	t.Helper()
	return background(t, func(ctx context.Context) error { return b.Consume(ctx, c, handle) })
}

// TestOrderPerAggregate handles many aggregates at once, with failures and
// panics between: within one aggregate nothing overlaps and nothing overtakes.
func TestOrderPerAggregate(t *testing.T) {
	b := bustest.Open(t)
	const aggregates, each = 12, 15
	for i := range each {
		for a := range aggregates {
			agg := vm(fmt.Sprint("vm-", a))
			last, _, err := b.Last(t.Context(), agg)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := b.Append(t.Context(), agg, last.Seq, stepStarted(t, agg, fmt.Sprintf("%s#%02d", agg.ID, i))); err != nil {
				t.Fatal(err)
			}
		}
	}
	var mu sync.Mutex
	done := map[string][]string{}
	busy := map[string]bool{}
	running, most := 0, 0
	finished := make(chan struct{})
	total := 0
	c := quick("order")
	c.Lanes = 4
	consume(t, b, c, func(_ context.Context, d bus.Delivery) error {
		key := d.Event.Subject()
		mu.Lock()
		if busy[key] {
			t.Errorf("two events of %s at once", key)
		}
		busy[key] = true
		running++
		most = max(most, running)
		mu.Unlock()
		defer func() {
			mu.Lock()
			defer mu.Unlock()
			busy[key] = false
			running--
		}()
		if d.Attempt == 1 && d.Seq%11 == 0 {
			return errors.New("not this time")
		}
		if d.Attempt == 1 && d.Seq%17 == 0 {
			panic("not this time either")
		}
		mu.Lock()
		defer mu.Unlock()
		done[key] = append(done[key], d.Event.ID())
		if total++; total == aggregates*each {
			close(finished)
		}
		return nil
	})
	receive(t, "everything is handled", finished)
	mu.Lock()
	defer mu.Unlock()
	if most > 4 {
		t.Errorf("%d ran at once; want at most 4", most)
	}
	for key, ids := range done {
		if len(ids) != each || !slices.IsSorted(ids) {
			t.Errorf("%s was handled as %v", key, ids)
		}
	}
}

// TestLanesWorkAtOnce has four handlers wait for each other.
func TestLanesWorkAtOnce(t *testing.T) {
	b := bustest.Open(t)
	const lanes = 4
	for i := range lanes {
		fill(t, b, vm(fmt.Sprint("vm-", i)), 1)
	}
	var inside atomic.Int32
	together := make(chan struct{})
	c := quick("lanes")
	c.Lanes = lanes
	consume(t, b, c, func(ctx context.Context, _ bus.Delivery) error {
		if inside.Add(1) == lanes {
			close(together)
		}
		select {
		case <-together:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	receive(t, "all lanes are at work", together)
}

// TestHeartbeatsKeepLongWork handles longer than the ack wait, with more
// events waiting behind it: none is delivered a second time.
func TestHeartbeatsKeepLongWork(t *testing.T) {
	t.Parallel()
	b := bustest.Open(t)
	fill(t, b, vm("vm-1"), 3)
	c := quick("long")
	c.AckWait = time.Second
	c.Heartbeat = 200 * time.Millisecond
	handled := make(chan bus.Delivery, 10)
	consume(t, b, c, func(ctx context.Context, d bus.Delivery) error {
		if d.Event.ID() == "vm-1-0" {
			<-time.After(3500 * time.Millisecond) // the work itself
		}
		handled <- d
		return nil
	})
	for range 3 {
		if d := receive(t, "an event", handled); d.Attempt != 1 {
			t.Errorf("%s was delivered %d times", d.Event.ID(), d.Attempt)
		}
	}
	select {
	case d := <-handled:
		t.Errorf("%s came again", d.Event.ID())
	default:
	}
}

func TestMaxWorkEndsAHandler(t *testing.T) {
	b := bustest.Open(t)
	fill(t, b, vm("vm-1"), 1)
	c := quick("stuck")
	c.MaxWork = 300 * time.Millisecond
	handled := make(chan int, 10)
	consume(t, b, c, func(ctx context.Context, d bus.Delivery) error {
		if d.Attempt == 1 {
			<-ctx.Done()
			return ctx.Err()
		}
		handled <- d.Attempt
		return nil
	})
	if attempt := receive(t, "the second attempt", handled); attempt != 2 {
		t.Fatalf("attempt %d", attempt)
	}
}

func TestPoisonIsADeadLetterAtOnce(t *testing.T) {
	b := bustest.Open(t)
	fill(t, b, vm("vm-1"), 2)
	var calls atomic.Int32
	good := make(chan string, 10)
	consume(t, b, quick("poison"), func(_ context.Context, d bus.Delivery) error {
		if d.Event.ID() == "vm-1-0" {
			calls.Add(1)
			return bus.Poison(errors.New("step \"Fly\" is\nnot one"))
		}
		good <- d.Event.ID()
		return nil
	})
	receive(t, "the event behind the poisoned one", good)
	letter := oneLetter(t, b)
	if calls.Load() != 1 || letter.Deliveries != 1 {
		t.Errorf("handled %d times, letter says %d; want 1", calls.Load(), letter.Deliveries)
	}
	if letter.Reason != "step \"Fly\" is\nnot one" || letter.EventID != "vm-1-0" || letter.Consumer != "poison" ||
		letter.Stream != bus.StreamEvents || letter.Subject != vm("vm-1").Subject("step-started") || !letter.Open() {
		t.Errorf("letter %+v", letter)
	}
}

// oneLetter waits for the one dead letter there is to be.
func oneLetter(t testing.TB, b *bus.Bus) bus.DeadLetter {
	t.Helper()
	var letters []bus.DeadLetter
	bustest.Eventually(t, 20*time.Second, "a dead letter", func() bool {
		var err error
		if letters, err = b.DeadLetters(t.Context(), bus.DeadLetterQuery{OpenOnly: true}); err != nil {
			t.Fatal(err)
		}
		return len(letters) > 0
	})
	if len(letters) != 1 {
		t.Fatalf("%d dead letters, want 1: %+v", len(letters), letters)
	}
	return letters[0]
}

// TestGarbageIsADeadLetter stores what is no event, as a foreign writer might.
func TestGarbageIsADeadLetter(t *testing.T) {
	b := bustest.Open(t, listening)
	nc := dial(t, b.URL())
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.Publish(t.Context(), events.InboxSubject("acme"), []byte("help!")); err != nil {
		t.Fatal(err)
	}
	if err := b.Submit(t.Context(), "acme", ticket(t, "T-2")); err != nil {
		t.Fatal(err)
	}
	handled := make(chan string, 10)
	inbox := quick("intake")
	inbox.Stream = bus.StreamInbox
	consume(t, b, inbox, func(_ context.Context, d bus.Delivery) error {
		handled <- d.Event.ID()
		return nil
	})
	if id := receive(t, "the ticket behind the garbage", handled); id != "T-2" {
		t.Fatalf("handled %q", id)
	}
	letter := oneLetter(t, b)
	content, err := b.DeadLetter(t.Context(), letter.ID)
	if err != nil || string(content.Data) != "help!" || content.Subject != events.InboxSubject("acme") {
		t.Fatalf("content %q of %+v, %v", content.Data, content.DeadLetter, err)
	}
}

func dial(t testing.TB, url string) *nats.Conn {
	t.Helper()
	nc, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

// TestFailuresAreCountedKeptAndReplayed goes all the way: tries, dead letter,
// replay by a person, failure of the replay, a second replay, success.
func TestFailuresAreCountedKeptAndReplayed(t *testing.T) {
	t.Parallel()
	for _, stream := range []string{bus.StreamEvents, bus.StreamInbox} {
		t.Run(stream, func(t *testing.T) {
			b := bustest.Open(t)
			if stream == bus.StreamEvents {
				fill(t, b, vm("vm-1"), 1)
			} else if err := b.Submit(t.Context(), "acme", ticket(t, "T-1")); err != nil {
				t.Fatal(err)
			}
			c := quick("failing")
			c.Stream, c.MaxDeliver = stream, 3
			var works atomic.Bool
			deliveries := make(chan bus.Delivery, 50)
			consume(t, b, c, func(_ context.Context, d bus.Delivery) error {
				deliveries <- d
				if works.Load() {
					return nil
				}
				return errors.New("no")
			})
			for attempt := 1; attempt <= 3; attempt++ {
				d := receive(t, "a delivery", deliveries)
				if d.Attempt != attempt || d.Final != (attempt == 3) || d.Replay != nil {
					t.Fatalf("delivery %d: attempt %d, final %v, replay %v", attempt, d.Attempt, d.Final, d.Replay)
				}
			}
			letter := oneLetter(t, b)
			if letter.Deliveries != 3 || letter.Reason != "no" || letter.Stream != stream {
				t.Fatalf("letter %+v", letter)
			}

			if err := b.Replay(t.Context(), letter.ID, " ", "x"); !errors.Is(err, bus.ErrInvalid) {
				t.Errorf("a replay by nobody: %v", err)
			}
			if err := b.Replay(t.Context(), letter.ID+100, "ann", "x"); !errors.Is(err, bus.ErrNotFound) {
				t.Errorf("a replay of nothing: %v", err)
			}
			if err := b.Replay(t.Context(), letter.ID, "ann@example.com", "host is back"); err != nil {
				t.Fatal(err)
			}
			for attempt := 1; attempt <= 3; attempt++ {
				d := receive(t, "a delivery of the replay", deliveries)
				if d.Replay == nil || d.Replay.By != "ann@example.com" || d.Replay.Why != "host is back" || d.Seq != letter.Seq || d.Subject != letter.Subject || d.Stream != stream {
					t.Fatalf("replay %+v of %+v", d.Replay, d.Recorded)
				}
			}
			second := oneLetter(t, b) // the first is settled
			if second.ID == letter.ID || second.Seq != letter.Seq || second.Stream != stream {
				t.Fatalf("second letter %+v", second)
			}
			works.Store(true)
			if err := b.Replay(t.Context(), second.ID, "ann@example.com", "fixed"); err != nil {
				t.Fatal(err)
			}
			if d := receive(t, "the last delivery", deliveries); d.Replay == nil || d.Replay.Why != "fixed" {
				t.Fatalf("replay %+v", d.Replay)
			}
			all, err := b.DeadLetters(t.Context(), bus.DeadLetterQuery{})
			if err != nil || len(all) != 2 || all[0].ID != second.ID || len(all[1].Settlements) != 1 || all[1].Settlements[0].By != "ann@example.com" || all[1].Settlements[0].At.IsZero() {
				t.Fatalf("letters %+v, %v", all, err)
			}
		})
	}
}

// TestSilenceIsADeadLetter is a consumer that never answers, as when its
// process dies with every delivery: only the server can tell.
func TestSilenceIsADeadLetter(t *testing.T) {
	t.Parallel()
	for _, stream := range []string{bus.StreamEvents, bus.StreamInbox} {
		t.Run(stream, func(t *testing.T) {
			b := bustest.Open(t, listening)
			if stream == bus.StreamEvents {
				fill(t, b, vm("vm-1"), 1)
			} else if err := b.Submit(t.Context(), "acme", ticket(t, "T-1")); err != nil {
				t.Fatal(err)
			}
			js, err := jetstream.New(dial(t, b.URL()))
			if err != nil {
				t.Fatal(err)
			}
			dying, err := js.CreateConsumer(t.Context(), stream, jetstream.ConsumerConfig{Durable: "dying", AckPolicy: jetstream.AckExplicitPolicy, AckWait: 200 * time.Millisecond, MaxDeliver: 2})
			if err != nil {
				t.Fatal(err)
			}
			bustest.Eventually(t, 20*time.Second, "the dead letter", func() bool {
				batch, err := dying.Fetch(1, jetstream.FetchMaxWait(time.Second))
				if err != nil {
					t.Fatal(err)
				}
				for range batch.Messages() {
				}
				letters, err := b.DeadLetters(t.Context(), bus.DeadLetterQuery{})
				if err != nil {
					t.Fatal(err)
				}
				return len(letters) > 0
			})
			letter := oneLetter(t, b)
			if letter.Stream != stream || letter.Consumer != "dying" || letter.Seq != 1 || letter.EventID == "" || letter.Subject == "" {
				t.Fatalf("letter %+v", letter)
			}
			if err := b.Replay(t.Context(), letter.ID, "ann", "it was the cable"); err != nil {
				t.Fatal(err)
			}
			handled := make(chan bus.Delivery, 10)
			alive := quick("dying")
			alive.Stream = stream
			consume(t, b, alive, func(_ context.Context, d bus.Delivery) error {
				handled <- d
				return nil
			})
			if d := receive(t, "the replay", handled); d.Replay == nil || d.Event.ID() != letter.EventID {
				t.Fatalf("delivery %+v", d)
			}
			if stream == bus.StreamInbox {
				bustest.Eventually(t, 5*time.Second, "the inbox is empty", func() bool {
					s, err := js.Stream(t.Context(), stream)
					if err != nil {
						t.Fatal(err)
					}
					return s.CachedInfo().State.Msgs == 0
				})
			}
		})
	}
}

func TestDiscardIsRecorded(t *testing.T) {
	b := bustest.Open(t)
	fill(t, b, vm("vm-1"), 1)
	stop := consume(t, b, quick("c"), func(context.Context, bus.Delivery) error { return bus.Poison(errors.New("no")) })
	letter := oneLetter(t, b)
	stop()
	if err := b.Discard(t.Context(), letter.ID, "ann", "a test"); err != nil {
		t.Fatal(err)
	}
	open, err := b.DeadLetters(t.Context(), bus.DeadLetterQuery{OpenOnly: true})
	if err != nil || len(open) != 0 {
		t.Fatalf("open letters %+v, %v", open, err)
	}
	content, err := b.DeadLetter(t.Context(), letter.ID)
	if err != nil || len(content.Settlements) != 1 || content.Settlements[0].Action != bus.ActionDiscard || content.Settlements[0].Why != "a test" {
		t.Fatalf("letter %+v, %v", content.DeadLetter, err)
	}
}

// TestDrain stops a consumer in the middle: what runs finishes, what waits goes
// to the next one at once and not after the ack wait.
func TestDrain(t *testing.T) {
	t.Parallel()
	b := bustest.Open(t)
	fill(t, b, vm("vm-1"), 3)
	c := quick("drain")
	c.AckWait = time.Minute
	c.Heartbeat = time.Second
	entered, leave := make(chan string, 10), make(chan struct{})
	finished := make(chan string, 10)
	stop := consume(t, b, c, func(ctx context.Context, d bus.Delivery) error {
		entered <- d.Event.ID()
		<-leave
		if ctx.Err() != nil {
			t.Errorf("the context of %s ended before the grace did", d.Event.ID())
		}
		finished <- d.Event.ID()
		return nil
	})
	receive(t, "the first is being handled", entered)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		stop()
	}()
	select {
	case <-stopped:
		t.Fatal("stopped while a handler was running")
	case <-time.After(300 * time.Millisecond):
	}
	close(leave)
	receive(t, "the end of the consumer", stopped)
	if id := receive(t, "the first is handled", finished); id != "vm-1-0" {
		t.Fatalf("finished %s", id)
	}
	if len(finished) != 0 || len(entered) != 0 {
		t.Fatal("something was begun after the stop")
	}
	next := make(chan bus.Delivery, 10)
	consume(t, b, c, func(_ context.Context, d bus.Delivery) error {
		next <- d
		return nil
	})
	for _, want := range []string{"vm-1-1", "vm-1-2"} {
		if d := receive(t, want, next); d.Event.ID() != want {
			t.Fatalf("got %s, want %s", d.Event.ID(), want)
		}
	}
}

// TestGraceEnds cuts a handler that takes too long after the stop, and gives
// its event back.
func TestGraceEnds(t *testing.T) {
	t.Parallel()
	b := bustest.Open(t)
	fill(t, b, vm("vm-1"), 1)
	c := quick("grace")
	c.AckWait, c.Heartbeat, c.Grace = time.Minute, time.Second, 200*time.Millisecond
	entered := make(chan struct{}, 10)
	stop := consume(t, b, c, func(ctx context.Context, _ bus.Delivery) error {
		entered <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	})
	receive(t, "the handler", entered)
	stop()
	next := make(chan bus.Delivery, 10)
	consume(t, b, c, func(_ context.Context, d bus.Delivery) error {
		next <- d
		return nil
	})
	if d := receive(t, "the event again", next); d.Attempt != 2 {
		t.Fatalf("attempt %d", d.Attempt)
	}
}

func TestHandlerThatIgnoresItsEndIsNamed(t *testing.T) {
	t.Parallel()
	b := bustest.Open(t)
	fill(t, b, vm("vm-1"), 1)
	c := quick("deaf")
	c.Grace = 10 * time.Millisecond
	entered, release := make(chan struct{}, 1), make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() {
		result <- b.Consume(ctx, c, func(context.Context, bus.Delivery) error {
			entered <- struct{}{}
			<-release
			return nil
		})
	}()
	receive(t, "the handler", entered)
	cancel()
	if err := receive(t, "the end", result); err == nil {
		t.Error("no error although a handler did not return")
	}
	close(release)
}

// TestConsumerGoesOnWhereItWas stops and starts under the same name, and starts
// another that begins with what is new.
func TestConsumerGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	b := bustest.Open(t, listening)
	nc := dial(t, b.URL())
	last := fill(t, b, vm("vm-1"), 3)
	got := make(chan string, 10)
	handle := func(_ context.Context, d bus.Delivery) error {
		got <- d.Event.ID()
		return nil
	}
	stop := consume(t, b, quick("again"), handle)
	for range 3 {
		receive(t, "an old event", got)
	}
	stop()
	changed := quick("again")
	changed.Start = bus.FromBeginning()
	changed.Lanes = 2 // settings may change between starts, the place may not
	consume(t, b, changed, handle)
	late := quick("late")
	late.Start = bus.FromNow()
	lateGot := make(chan string, 10)
	consume(t, b, late, func(_ context.Context, d bus.Delivery) error {
		lateGot <- d.Event.ID()
		return nil
	})
	awaitConsumer(t, nc, "late")
	if _, err := b.Append(t.Context(), vm("vm-1"), last, stepStarted(t, vm("vm-1"), "new")); err != nil {
		t.Fatal(err)
	}
	if id := receive(t, "the new event", got); id != "new" {
		t.Errorf("the consumer that was there got %s", id)
	}
	if id := receive(t, "the new event", lateGot); id != "new" {
		t.Errorf("the late consumer got %s", id)
	}
}

// awaitConsumer waits until a durable consumer of EVENTS is there.
func awaitConsumer(t testing.TB, nc *nats.Conn, name string) {
	t.Helper()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	bustest.Eventually(t, 20*time.Second, "consumer "+name, func() bool {
		_, err := js.Consumer(t.Context(), bus.StreamEvents, name)
		return err == nil
	})
}

// listening lets other clients reach an embedded bus.
func listening(c *bus.Config) { c.Listen = "127.0.0.1:0" }

func TestConsumerSettingsAreChecked(t *testing.T) {
	b := bustest.Open(t)
	for name, c := range map[string]bus.Consumer{
		"no name":             {},
		"a name with a dot":   {Name: "a.b"},
		"heartbeat too slow":  {Name: "a", AckWait: time.Second, Heartbeat: time.Second},
		"no lanes":            {Name: "a", Lanes: -1},
		"no stream":           {Name: "a", Stream: "NONE"},
		"a wait that is none": {Name: "a", Backoff: []time.Duration{0}},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		err := b.Consume(ctx, c, func(context.Context, bus.Delivery) error { return nil })
		cancel()
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
