package bus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Watch says what to follow.
type Watch struct {
	// Stream is the stream; empty means EVENTS. INBOX cannot be watched: a
	// ticket there is for one consumer only.
	Stream string
	// Filters are subject filters, of which any may match; none means everything.
	Filters []string
	// Start is where to begin.
	Start Start
	// CaughtUp, when set, is called once, when everything that was stored at
	// the beginning has been seen. It runs on Watch's goroutine.
	CaughtUp func()
	// Undecodable, when set, is told of messages that are no CloudEvents; they
	// are logged and left out otherwise.
	Undecodable func(seq uint64, subject string, err error)
}

// Watch calls handle for every matching event in the stream's order, first
// those that are stored, then new ones as they come, until the context ends
// (it returns nil then) or handle fails (it returns that error). Nothing is
// acknowledged and nothing kept on the server: whoever must not miss an event
// while away uses Consume. A broken connection is bridged without a gap.
func (b *Bus) Watch(ctx context.Context, w Watch, handle func(Recorded) error) error {
	if w.Stream == "" {
		w.Stream = StreamEvents
	}
	if w.Stream == StreamInbox {
		return fmt.Errorf("%w: stream %s cannot be watched", ErrInvalid, StreamInbox)
	}
	err := b.follow(ctx, follow{stream: w.Stream, filters: w.Filters, start: w.Start, caughtUp: w.CaughtUp}, func(m *message) error {
		recorded, err := m.record()
		if err == nil {
			return handle(recorded)
		}
		if w.Undecodable != nil {
			w.Undecodable(m.seq, m.subject, err)
		} else {
			b.log.Warn("left out what is no event", "error", err)
		}
		return nil
	})
	if err != nil && ctx.Err() != nil {
		return nil
	}
	return err
}

// follow says how to read a stream in order.
type follow struct {
	stream      string
	filters     []string
	start       Start
	headersOnly bool
	caughtUp    func()
	// storedOnly ends it with errCaughtUp instead of waiting for what is new.
	storedOnly bool
}

// errCaughtUp ends a scan.
var errCaughtUp = errors.New("caught up")

// scan reads what is stored at the moment and ends there.
func (b *Bus) scan(ctx context.Context, f follow, handle func(*message) error) error {
	f.storedOnly = true
	err := b.follow(ctx, f, handle)
	if errors.Is(err, errCaughtUp) {
		return nil
	}
	return err
}

// cursor is how far a follow has come.
type cursor struct {
	// start is where it would begin if it began now.
	start Start
	// goal is the last message that matched when it began; it has caught up
	// with that one, whatever the replica that serves it believes to be last.
	goal      uint64
	goalKnown bool
	caughtUp  bool
}

// follow reads a stream in order until the context ends or handle fails. It is
// an ordered consumer. The client library has one, but it cannot be stopped
// while it waits for an absent server, and forgets "from now" when it starts
// over before the first message.
func (b *Bus) follow(ctx context.Context, f follow, handle func(*message) error) error {
	if err := b.here(); err != nil {
		return err
	}
	start, err := b.pin(ctx, f.stream, f.start)
	if err != nil {
		return err
	}
	at := cursor{start: start}
	patience := time.Now().Add(followPatience)
	for wait := retryWaitMin; ; wait = min(2*wait, retryWaitMax) {
		before := at.start
		err := b.followOnce(ctx, f, &at, handle)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, errCaughtUp):
			return err
		case isHandlers(err):
			return errors.Unwrap(err)
		case errors.Is(err, jetstream.ErrStreamNotFound), errors.Is(b.here(), ErrClosed):
			return fmt.Errorf("stream %s: %w", f.stream, err)
		}
		if at.start != before {
			wait = retryWaitMin // it got somewhere
		}
		if at.start != before || b.here() != nil {
			patience = time.Now().Add(followPatience)
		} else if time.Now().After(patience) {
			return fmt.Errorf("stream %s: cannot be read: %w", f.stream, err)
		}
		b.log.Debug("reading starts over", "stream", f.stream, "error", err)
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// handlersError tells a handler's error from one of reading.
type handlersError struct{ error }

func (h *handlersError) Unwrap() error { return h.error }

func isHandlers(err error) bool {
	var h *handlersError
	return errors.As(err, &h)
}

// followOnce reads through one consumer on the server until anything goes wrong.
func (b *Bus) followOnce(ctx context.Context, f follow, at *cursor, handle func(*message) error) error {
	// What the server sent into a connection as it broke is gone, and if
	// nothing follows, no gap in the numbers tells. So a new connection means
	// a new consumer.
	status := b.nc.StatusChanged(nats.CONNECTED)
	defer b.nc.RemoveStatusListener(status)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		select {
		case <-status:
			stop()
		case <-ctx.Done():
		}
	}()

	if !at.goalKnown {
		if err := b.setGoal(ctx, f, at); err != nil {
			return err
		}
	}
	consumer, err := b.orderedConsumer(ctx, f, at.start)
	if err != nil {
		return err
	}
	defer b.dropConsumer(f.stream, consumer.CachedInfo().Name)
	messages, err := consumer.Messages(jetstream.PullMaxMessages(watchBatch),
		jetstream.PullHeartbeat(watchHeartbeat), jetstream.WithMessagesErrOnMissingHeartbeat(true))
	if err != nil {
		return err
	}
	defer messages.Stop()
	for place := uint64(1); ; place++ {
		if err := at.check(f); err != nil {
			return err
		}
		raw, err := b.next(ctx, f, at, messages)
		if err != nil {
			return err
		}
		m, err := messageOf(raw)
		if err != nil {
			return err
		}
		if m.place != place {
			return fmt.Errorf("delivery %d where %d was due", m.place, place)
		}
		if err := handle(m); err != nil {
			return &handlersError{err}
		}
		at.start = FromSeq(m.seq + 1)
	}
}

// check tells once when the goal is reached, and ends a scan there.
func (at *cursor) check(f follow) error {
	if !at.caughtUp && at.start.beyond(at.goal) {
		at.caughtUp = true
		if f.caughtUp != nil {
			f.caughtUp()
		}
	}
	if at.caughtUp && f.storedOnly {
		return errCaughtUp
	}
	return nil
}

// next waits for the next message. While the goal is not reached it looks now
// and then whether the goal is still there: messages can expire. When it is, and
// nothing comes, the request for messages was lost on its way, as happens between
// servers of a cluster that do not know yet of a consumer just made. The client
// library would not notice: every call of its Next begins to wait for a
// heartbeat anew.
func (b *Bus) next(ctx context.Context, f follow, at *cursor, messages jetstream.MessagesContext) (jetstream.Msg, error) {
	for silent := time.Duration(0); !at.caughtUp; silent += goalCheck {
		if silent >= goalPatience {
			return nil, fmt.Errorf("nothing came for %s, although message %d is there", silent, at.goal)
		}
		waiting, cancel := context.WithTimeout(ctx, goalCheck)
		raw, err := messages.Next(jetstream.NextContext(waiting))
		cancel()
		if err == nil || ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
			return raw, err
		}
		if err := errors.Join(b.setGoal(ctx, f, at), at.check(f)); err != nil {
			return nil, err
		}
	}
	return messages.Next(jetstream.NextContext(ctx))
}

// setGoal finds the last message that matches, as the leader knows it.
func (b *Bus) setGoal(ctx context.Context, f follow, at *cursor) error {
	filters := f.filters
	if len(filters) == 0 {
		filters = []string{">"}
	}
	goal := uint64(0)
	for _, filter := range filters {
		last, err := b.leaderGet(ctx, f.stream, getRequest{LastFor: filter})
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if at.start.policy != jetstream.DeliverByStartTimePolicy || !last.Time.Before(at.start.time) {
			goal = max(goal, last.Sequence)
		}
	}
	at.goal, at.goalKnown = goal, true
	return nil
}

func (b *Bus) orderedConsumer(ctx context.Context, f follow, start Start) (jetstream.Consumer, error) {
	c := jetstream.ConsumerConfig{
		AckPolicy:         jetstream.AckNonePolicy,
		FilterSubjects:    f.filters,
		HeadersOnly:       f.headersOnly,
		InactiveThreshold: inactiveThreshold,
		Replicas:          1,
		MemoryStorage:     true,
		Metadata:          map[string]string{"lifeboat": b.config.Name},
	}
	start.apply(&c)
	if len(f.filters) == 0 && start.policy == jetstream.DeliverLastPerSubjectPolicy {
		c.FilterSubjects = []string{">"}
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	return b.js.CreateConsumer(ctx, f.stream, c)
}

// dropConsumer frees what a watch held on the server. When that fails, the
// server does so itself after inactiveThreshold.
func (b *Bus) dropConsumer(stream, name string) {
	if b.here() != nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := b.js.DeleteConsumer(ctx, stream, name); err != nil {
		b.log.Debug("a watch's consumer is left to expire", "stream", stream, "consumer", name, "error", err)
	}
}
