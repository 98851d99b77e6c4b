package bus

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"lifeboat.io/events"
)

// Consume delivers matching events to handle until the context ends. Events of
// one aggregate are handled one at a time and in order, several aggregates at
// once. What handle returns decides: nil acknowledges; an error has the event
// delivered again after a wait, and made a dead letter when it was delivered
// often enough; Poison makes it one at once; a panic counts as an error. What
// is no CloudEvent is made a dead letter without asking handle.
//
// Every event is delivered at least once: a crash between handling and
// acknowledgement repeats it, and several processes under one name, or a
// redelivery after a crash, may swap the order. Handlers therefore compare
// with the state they read, and never count.
//
// When the context ends, no new event is begun; handlers that run may finish
// within Grace, then their contexts end too. Consume returns nil after that,
// or an error when a handler did not return or the bus cannot be used.
func (b *Bus) Consume(ctx context.Context, c Consumer, handle func(context.Context, Delivery) error) error {
	c = c.withDefaults()
	return b.consume(ctx, c, func(ctx context.Context, m *message) (err error) {
		recorded, err := m.record()
		if err != nil {
			return Poison(err)
		}
		ctx, span := b.startProcess(ctx, c.Name, m, &recorded.Event)
		defer func() { endSpan(span, err) }()
		return handle(ctx, Delivery{
			Recorded: recorded,
			Stream:   m.stream,
			Attempt:  m.attempt,
			Final:    c.MaxDeliver > 0 && m.attempt >= c.MaxDeliver,
			Replay:   m.replay,
		})
	})
}

// consumption is one running Consume.
type consumption struct {
	bus  *Bus
	spec Consumer
	work func(context.Context, *message) error
	// handlers is the context of the handlers. It outlives Consume's own by the grace.
	handlers context.Context

	mu      sync.Mutex
	order   *order[*job]
	stopped bool
	running sync.WaitGroup
}

// job is one delivery that is held here, waiting or running.
type job struct {
	raw jetstream.Msg
	m   *message
	// began is when its handling began; zero while it waits. Guarded by consumption.mu.
	began time.Time
}

// consume is Consume for messages of any content.
func (b *Bus) consume(ctx context.Context, spec Consumer, work func(context.Context, *message) error) error {
	if err := spec.validate(); err != nil {
		return err
	}
	if err := b.here(); err != nil {
		return err
	}
	handlers, cancelHandlers := context.WithCancel(context.WithoutCancel(ctx))
	defer cancelHandlers()
	c := &consumption{bus: b, spec: spec, work: work, handlers: handlers, order: newOrder[*job](spec.Lanes)}

	pulling, stopPulling := context.WithCancelCause(ctx)
	defer stopPulling(nil)
	var pulls sync.WaitGroup
	for _, source := range []Consumer{spec, spec.replays()} {
		consumer, err := b.ensureConsumer(ctx, source)
		if err != nil {
			stopPulling(err)
			break
		}
		pulls.Go(func() {
			if err := c.pull(pulling, source, consumer); err != nil {
				stopPulling(err)
			}
		})
	}
	beating, stopBeating := context.WithCancel(handlers)
	var beats sync.WaitGroup
	beats.Go(func() { c.beat(beating) })

	<-pulling.Done()
	pulls.Wait()
	err := c.drain(cancelHandlers)
	stopBeating()
	beats.Wait()
	if ctx.Err() != nil {
		return err
	}
	return errors.Join(context.Cause(pulling), err)
}

// pull takes messages in until the context ends, over whatever happens to the
// connection and the consumer on the server.
func (c *consumption) pull(ctx context.Context, source Consumer, consumer jetstream.Consumer) error {
	for wait := retryWaitMin; ; wait = min(2*wait, retryWaitMax) {
		began := time.Now()
		err := c.pullOnce(ctx, consumer)
		if ctx.Err() != nil {
			return nil
		}
		if errors.Is(c.bus.here(), ErrClosed) {
			return fmt.Errorf("consumer %s: %w", source.Name, ErrClosed)
		}
		if time.Since(began) > requestTimeout {
			wait = retryWaitMin
		}
		c.bus.log.Warn("consumer starts over", "consumer", source.Name, "stream", source.Stream, "error", err)
		if sleep(ctx, wait) != nil {
			return nil
		}
		if errors.Is(err, jetstream.ErrConsumerDeleted) || errors.Is(err, jetstream.ErrConsumerNotFound) {
			made, err := c.bus.ensureConsumer(ctx, source)
			if err == nil {
				consumer = made
			}
		}
	}
}

func (c *consumption) pullOnce(ctx context.Context, consumer jetstream.Consumer) error {
	messages, err := consumer.Messages(jetstream.PullMaxMessages(c.spec.Lanes*pendingPerLane), jetstream.PullHeartbeat(watchHeartbeat))
	if err != nil {
		return err
	}
	defer messages.Stop()
	for {
		raw, err := messages.Next(jetstream.NextContext(ctx))
		if ctx.Err() != nil {
			c.stop()
			if err == nil {
				c.take(raw)
			}
			c.takeRest(messages)
			return nil
		}
		if err != nil {
			return err
		}
		c.take(raw)
	}
}

// stop keeps further deliveries from being begun.
func (c *consumption) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = true
}

// takeRest takes in what was sent to us but not looked at, so that it can be
// given back with the rest.
func (c *consumption) takeRest(messages jetstream.MessagesContext) {
	messages.Drain()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	for {
		raw, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			return
		}
		c.take(raw)
	}
}

// take puts one delivery in line.
func (c *consumption) take(raw jetstream.Msg) {
	m, err := messageOf(raw)
	if err == nil && m.stream == StreamDeadLetters {
		err = m.restore()
	}
	if err != nil {
		// Not even a delivery we understand: nothing to keep but the fact.
		c.bus.log.Error("a delivery cannot be read", "consumer", c.spec.Name, "error", err)
		if err := raw.TermWithReason(err.Error()); err != nil {
			c.bus.log.Warn("terminating failed", "consumer", c.spec.Name, "error", err)
		}
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.order.add(laneKey(m), place{seq: m.seq, replay: m.replaySeq}, &job{raw: raw, m: m})
	c.dispatch()
}

// laneKey is what deliveries are kept in order by: the aggregate for events,
// and for anything else its subject and what the event says it is about.
func laneKey(m *message) string {
	if agg, _, err := events.ParseSubject(m.subject); err == nil {
		return agg.Filter()
	}
	return m.subject + " " + headerOf(m.header, "ce-subject")
}

// dispatch starts what may run. c.mu is held.
func (c *consumption) dispatch() {
	for !c.stopped {
		key, j, ok := c.order.take()
		if !ok {
			return
		}
		j.began = time.Now()
		c.running.Go(func() { c.run(key, j) })
	}
}

// run handles one delivery and settles it.
func (c *consumption) run(key string, j *job) {
	ctx, cancel := context.WithTimeout(c.handlers, c.spec.MaxWork)
	defer cancel()
	err := c.safely(ctx, j.m)
	again := c.conclude(j, err)

	c.mu.Lock()
	defer c.mu.Unlock()
	if again > 0 {
		c.order.postpone(key, time.Now().Add(again+c.spec.AckWait))
	} else {
		c.order.settle(key)
	}
	c.dispatch()
}

// safely turns a panic into an error.
func (c *consumption) safely(ctx context.Context, m *message) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			c.bus.log.Error("a handler panicked", "consumer", c.spec.Name, "subject", m.subject, "seq", m.seq, "panic", cause, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", cause)
		}
	}()
	return c.work(ctx, m)
}

// beat tells the server, as long as it runs, that what is held here is being
// worked on, also what only waits for its turn. A handling that takes too long
// is no longer vouched for.
func (c *consumption) beat(ctx context.Context) {
	ticker := time.NewTicker(c.spec.Heartbeat)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		for _, j := range c.alive() {
			if err := j.raw.InProgress(); err != nil {
				c.bus.log.Debug("heartbeat failed", "consumer", c.spec.Name, "seq", j.m.seq, "error", err)
			}
		}
	}
}

// alive lists the deliveries to vouch for, and gives up absent ones.
func (c *consumption) alive() []*job {
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.order.expire(now)
	c.dispatch()
	var held []*job
	c.order.each(func(j *job) {
		if j.began.IsZero() || now.Sub(j.began) < c.spec.MaxWork {
			held = append(held, j)
		}
	})
	return held
}

// drain lets finish what runs, and then gives back what waits: in this order,
// because what waits may be of the same aggregate.
func (c *consumption) drain(cancelHandlers context.CancelFunc) error {
	c.stop()
	defer c.giveBackWaiting()
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.running.Wait()
	}()
	select {
	case <-done:
		return nil
	case <-time.After(c.spec.Grace):
		cancelHandlers()
	}
	select {
	case <-done:
		return nil
	case <-time.After(stopWait):
		return fmt.Errorf("consumer %s: a handler does not return although its context ended %s ago", c.spec.Name, stopWait)
	}
}

// giveBackWaiting returns what was not begun, so that the next process gets it
// now and not after the ack wait. The oldest goes first and alone: our pull
// request is still with the server, and a server that finds nobody behind it
// puts the message it was about to deliver at the end of its line.
func (c *consumption) giveBackWaiting() {
	c.mu.Lock()
	waiting := c.order.removeWaiting()
	c.mu.Unlock()
	slices.SortFunc(waiting, func(a, b *job) int { return cmp.Compare(a.m.delivered(), b.m.delivered()) })
	first := map[bool]bool{}
	for _, j := range waiting {
		replay := j.m.replay != nil // of another stream, with a line of its own
		if first[replay] {
			c.giveBack(j.raw, giveBackGap)
			continue
		}
		first[replay] = true
		c.giveBack(j.raw, 0)
	}
}

func (c *consumption) giveBack(raw jetstream.Msg, wait time.Duration) {
	nak := raw.Nak
	if wait > 0 {
		nak = func() error { return raw.NakWithDelay(wait) }
	}
	if err := nak(); err != nil {
		c.bus.log.Debug("a message is not given back; it comes again after the ack wait", "consumer", c.spec.Name, "error", err)
	}
}
