package bus

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Start says where in a stream a consumer or a watch begins. The zero value is
// the beginning.
type Start struct {
	policy jetstream.DeliverPolicy
	seq    uint64
	time   time.Time
}

// FromBeginning starts with the oldest message there is.
func FromBeginning() Start { return Start{policy: jetstream.DeliverAllPolicy} }

// FromNow starts with the first message stored after the call that uses it.
func FromNow() Start { return Start{policy: jetstream.DeliverNewPolicy} }

// FromSeq starts with the message at a sequence, or the first after it.
func FromSeq(seq uint64) Start {
	return Start{policy: jetstream.DeliverByStartSequencePolicy, seq: max(seq, 1)}
}

// FromTime starts with the first message stored at or after a time, by the server's clock.
func FromTime(t time.Time) Start {
	return Start{policy: jetstream.DeliverByStartTimePolicy, time: t}
}

// FromLastOfEachSubject starts with the last message of each subject, in the
// stream's order, and goes on with what is new. An aggregate has one subject
// per event type.
func FromLastOfEachSubject() Start {
	return Start{policy: jetstream.DeliverLastPerSubjectPolicy}
}

// pin turns "now" into a sequence, so that starting over after a broken
// connection misses nothing.
func (b *Bus) pin(ctx context.Context, stream string, s Start) (Start, error) {
	if s.policy != jetstream.DeliverNewPolicy {
		return s, nil
	}
	handle, err := b.js.Stream(ctx, stream)
	if err != nil {
		return s, fmt.Errorf("stream %s: %w", stream, err)
	}
	return FromSeq(handle.CachedInfo().State.LastSeq + 1), nil
}

// apply writes the start into a consumer's configuration.
func (s Start) apply(c *jetstream.ConsumerConfig) {
	c.DeliverPolicy, c.OptStartSeq = s.policy, s.seq
	if s.policy == jetstream.DeliverByStartTimePolicy {
		c.OptStartTime = &s.time
	}
}

// beyond reports whether everything up to a sequence lies before the start.
func (s Start) beyond(seq uint64) bool {
	return seq == 0 || s.policy == jetstream.DeliverByStartSequencePolicy && s.seq > seq
}
