package bus

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// finding is what a look at the stream says of a message of ours.
type finding struct {
	// seq is where the message is stored; 0 when it is not.
	seq uint64
	// err, when set, is the final answer to the caller.
	err error
}

// look finds out whether a message is stored after all. duplicate is where the
// server says it already is, or 0. It returns ok false when that cannot be
// told yet.
type look func(ctx context.Context, duplicate uint64) (f finding, ok bool)

// send publishes a message until its outcome is known, and returns its place.
// It fails at once with ErrAway as long as nothing was sent; after that it
// stays for the whole window, because giving up early would leave the outcome
// open. The message must carry an id, so that the server recognises it.
func (b *Bus) send(ctx context.Context, m *nats.Msg, look look) (uint64, error) {
	if err := cmp.Or(ctx.Err(), b.here()); err != nil {
		return 0, err
	}
	deadline := time.Now().Add(b.config.AppendWindow)
	open := false // an earlier try may have stored it
	var last error
	for wait := retryWaitMin; ; wait = min(2*wait, retryWaitMax) {
		ack, err := b.try(ctx, m)
		verdict := judge(err)
		switch {
		case verdict == answerStored && !ack.Duplicate:
			return ack.Sequence, nil
		case verdict == answerOpen && !open && unsent(err):
			return 0, fmt.Errorf("%w: %w", ErrAway, err)
		case verdict == answerOpen:
			// Nobody having listened is the one silence that proves something.
			open = open || !errors.Is(err, jetstream.ErrNoStreamResponse)
		case (verdict == answerFull || verdict == answerTooLarge || verdict == answerRefused) && !open:
			return 0, refusal(m, verdict, err)
		default:
			if f, ok := look(ctx, duplicateOf(ack)); ok {
				return f.seq, f.err
			}
		}
		last = err
		if !b.pause(ctx, wait, deadline) {
			return 0, b.unsettled(ctx, m, open, last)
		}
	}
}

func duplicateOf(ack *jetstream.PubAck) uint64 {
	if ack == nil {
		return 0
	}
	return ack.Sequence
}

// try publishes once and waits for the answer.
func (b *Bus) try(ctx context.Context, m *nats.Msg) (*jetstream.PubAck, error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	return b.js.PublishMsg(ctx, m, jetstream.WithRetryAttempts(0))
}

// unsent reports whether the client refused to send at all.
func unsent(err error) bool {
	return errors.Is(err, nats.ErrReconnectBufExceeded) || errors.Is(err, nats.ErrConnectionClosed) ||
		errors.Is(err, nats.ErrConnectionReconnecting) || errors.Is(err, nats.ErrConnectionDraining) ||
		errors.Is(err, nats.ErrDisconnected)
}

// refusal puts the server's final no into our terms.
func refusal(m *nats.Msg, verdict answer, err error) error {
	switch verdict {
	case answerFull:
		return fmt.Errorf("%w: %s: %w", ErrFull, m.Subject, err)
	case answerTooLarge:
		return fmt.Errorf("%w: %s: %d bytes: %w", ErrTooLarge, m.Subject, len(m.Data), err)
	default:
		return fmt.Errorf("publish to %s refused: %w", m.Subject, err)
	}
}

// pause waits before the next try, with jitter so that writers who collided do
// not collide again. It returns false when there is to be no next try.
func (b *Bus) pause(ctx context.Context, wait time.Duration, deadline time.Time) bool {
	wait = wait/2 + rand.N(wait)
	if time.Now().Add(wait).After(deadline) {
		return false
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(wait):
		return true
	}
}

// unsettled is the error after the window closed or the caller gave up.
func (b *Bus) unsettled(ctx context.Context, m *nats.Msg, open bool, last error) error {
	err := errors.Join(last, context.Cause(ctx))
	if !open {
		return fmt.Errorf("publish to %s: not within %s: %w", m.Subject, b.config.AppendWindow, err)
	}
	return fmt.Errorf("%w: publish to %s: %w", ErrUnknown, m.Subject, err)
}
