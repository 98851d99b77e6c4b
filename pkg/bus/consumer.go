package bus

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Consumer says what to hear, and how. Its name is its identity on the server:
// several processes with one name share the work, and a process that comes
// back goes on where the name was.
type Consumer struct {
	// Name is the durable's name: letters, digits, - and _.
	Name string
	// Stream is the stream; empty means EVENTS.
	Stream string
	// Filters are subject filters, of which any may match; none means everything.
	Filters []string
	// Start is where a name that is new begins; it is ignored for one that exists.
	Start Start

	// Lanes is how many aggregates are worked on at a time; 0 means DefaultLanes.
	Lanes int
	// MaxDeliver is how often a message is delivered before it becomes a dead
	// letter; 0 means DefaultMaxDeliver, negative means for ever. A delivery
	// that ended with the death of its process counts.
	MaxDeliver int
	// AckWait is how long after the death of a process its messages go to
	// another; 0 means DefaultAckWait.
	AckWait time.Duration
	// Heartbeat is how often the server is told that messages are being worked
	// on; 0 means a third of AckWait.
	Heartbeat time.Duration
	// Backoff are the waits after each failed handling; the last one repeats.
	// None means from one second to two minutes.
	Backoff []time.Duration
	// MaxWork is how long one handling may take before its context ends and
	// the message is given back; 0 means DefaultMaxWork.
	MaxWork time.Duration
	// Grace is how long handlers may go on after Consume was told to stop; 0
	// means DefaultGrace.
	Grace time.Duration
}

// Delivery is one delivery of an event to a consumer.
type Delivery struct {
	Recorded
	// Stream is the stream it is stored in.
	Stream string
	// Attempt counts its deliveries to this consumer from 1. Above 1, an
	// earlier handling may have had any part of its effect.
	Attempt int
	// Final tells that a failure of this handling makes it a dead letter.
	Final bool
	// Replay tells who handed a dead letter to this consumer again; nil otherwise.
	Replay *Settlement
}

// consumerName is what NATS takes as a name and we take as a subject token.
var consumerName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

func (c Consumer) withDefaults() Consumer {
	if c.Stream == "" {
		c.Stream = StreamEvents
	}
	if c.Lanes == 0 {
		c.Lanes = DefaultLanes
	}
	if c.MaxDeliver == 0 {
		c.MaxDeliver = DefaultMaxDeliver
	}
	if c.AckWait == 0 {
		c.AckWait = DefaultAckWait
	}
	if c.Heartbeat == 0 {
		c.Heartbeat = c.AckWait / 3
	}
	if len(c.Backoff) == 0 {
		c.Backoff = defaultBackoff
	}
	if c.MaxWork == 0 {
		c.MaxWork = DefaultMaxWork
	}
	if c.Grace == 0 {
		c.Grace = DefaultGrace
	}
	return c
}

func (c Consumer) validate() error {
	var faults []error
	fault := func(field string, value any, fix string) {
		faults = append(faults, fmt.Errorf("%w: consumer %q: %s %v: %s", ErrInvalid, c.Name, field, value, fix))
	}
	if !consumerName.MatchString(c.Name) {
		fault("name", c.Name, "want 1 to 64 letters, digits, - or _")
	}
	if c.Lanes < 1 {
		fault("lanes", c.Lanes, "want at least 1")
	}
	if c.Heartbeat <= 0 || c.Heartbeat > c.AckWait/2 {
		fault("heartbeat", c.Heartbeat, "want more than 0 and at most half of ackWait")
	}
	if c.MaxWork <= 0 || c.Grace < 0 {
		fault("maxWork and grace", []time.Duration{c.MaxWork, c.Grace}, "want more than 0")
	}
	for _, wait := range c.Backoff {
		if wait <= 0 {
			fault("backoff", wait, "want more than 0")
		}
	}
	return errors.Join(faults...)
}

// replays is the consumer through which this one hears of replays: its own
// part of the dead letters' stream, under the same rules.
func (c Consumer) replays() Consumer {
	r := c
	r.Name = c.Name + replaySuffix
	r.Stream = StreamDeadLetters
	r.Filters = []string{settlementSubject(replayPrefix, c.Stream, c.Name)}
	r.Start = FromBeginning()
	return r
}

// ensureConsumer returns the durable consumer on the server, made or adapted.
// Where an existing one began stays as it was: the server cannot change that.
func (b *Bus) ensureConsumer(ctx context.Context, c Consumer) (jetstream.Consumer, error) {
	want := jetstream.ConsumerConfig{
		Durable:        c.Name,
		AckPolicy:      jetstream.AckExplicitPolicy,
		AckWait:        c.AckWait,
		MaxDeliver:     max(c.MaxDeliver, -1),
		MaxAckPending:  c.Lanes * pendingPerLane,
		FilterSubjects: c.Filters,
	}
	c.Start.apply(&want)
	existing, err := b.js.Consumer(ctx, c.Stream, c.Name)
	switch {
	case errors.Is(err, jetstream.ErrConsumerNotFound):
	case err != nil:
		return nil, fmt.Errorf("consumer %s on %s: %w", c.Name, c.Stream, err)
	default:
		have := existing.CachedInfo().Config
		if sameConsumer(have, want) {
			return existing, nil
		}
		want.DeliverPolicy, want.OptStartSeq, want.OptStartTime = have.DeliverPolicy, have.OptStartSeq, have.OptStartTime
	}
	made, err := b.js.CreateOrUpdateConsumer(ctx, c.Stream, want)
	if err != nil {
		return nil, fmt.Errorf("consumer %s on %s: %w", c.Name, c.Stream, err)
	}
	return made, nil
}

// sameConsumer reports whether a consumer needs no change, so that a service
// without the right to change consumers can use what was prepared for it.
func sameConsumer(have, want jetstream.ConsumerConfig) bool {
	filters := have.FilterSubjects
	if have.FilterSubject != "" {
		filters = []string{have.FilterSubject}
	}
	return have.AckPolicy == want.AckPolicy && have.AckWait == want.AckWait && have.MaxDeliver == want.MaxDeliver &&
		have.MaxAckPending == want.MaxAckPending && slices.Equal(sorted(filters), sorted(want.FilterSubjects))
}
