package bus

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// verdict is what becomes of a delivery after its handling.
type verdict string

const (
	// verdictDone: it was handled.
	verdictDone verdict = "done"
	// verdictAgain: it is delivered again after a wait.
	verdictAgain verdict = "again"
	// verdictDead: it is given up and kept as a dead letter.
	verdictDead verdict = "dead"
)

// decide says what becomes of a delivery: pure, so that it stands in a table.
func decide(err error, attempt, maxDeliver int, backoff []time.Duration) (verdict, time.Duration) {
	switch {
	case err == nil:
		return verdictDone, 0
	case isPoison(err):
		return verdictDead, 0
	case maxDeliver > 0 && attempt >= maxDeliver:
		return verdictDead, 0
	default:
		return verdictAgain, backoff[min(max(attempt, 1), len(backoff))-1]
	}
}

// conclude tells the server what became of a delivery. It returns after which
// wait the delivery comes again; 0 when it does not.
func (c *consumption) conclude(j *job, err error) time.Duration {
	log := c.bus.log.With("consumer", c.spec.Name, "subject", j.m.subject, "seq", j.m.seq, "attempt", j.m.attempt)
	ctx, cancel := context.WithTimeout(context.Background(), ackTimeout)
	defer cancel()

	outcome, wait := decide(err, j.m.attempt, c.spec.MaxDeliver, c.spec.Backoff)
	if outcome == verdictDead {
		log.Error("given up, kept as a dead letter", "error", err)
		if buryErr := c.bus.bury(ctx, c.spec, j.m, err); buryErr != nil {
			// The server still has it: it comes again, or the server's own
			// advisory becomes the dead letter.
			log.Error("the dead letter could not be stored", "error", buryErr)
			outcome, wait = verdictAgain, c.spec.Backoff[len(c.spec.Backoff)-1]
		}
	}
	switch outcome {
	case verdictDone:
		if ackErr := acknowledge(ctx, j.raw); ackErr != nil {
			log.Warn("acknowledgement not confirmed; the event may come again", "error", ackErr)
		}
		return 0
	case verdictDead:
		if termErr := j.raw.TermWithReason(headerText(err.Error())); termErr != nil {
			log.Warn("terminating failed; the event may come again", "error", termErr)
		}
		return 0
	}
	if c.handlers.Err() != nil {
		// Told to stop: whoever goes on need not wait.
		c.giveBack(j.raw, 0)
		return 0
	}
	log.Warn("handling failed, comes again", "wait", wait, "error", err)
	wait += rand.N(wait/4 + 1)
	if nakErr := j.raw.NakWithDelay(wait); nakErr != nil {
		log.Warn("negative acknowledgement failed; it comes again after the ack wait", "error", nakErr)
	}
	return wait
}

// acknowledge confirms a delivery. While the consumer has no leader nobody
// listens; that passes.
func acknowledge(ctx context.Context, raw jetstream.Msg) error {
	for wait := retryWaitMin; ; wait = min(2*wait, retryWaitMax) {
		err := raw.DoubleAck(ctx)
		if !errors.Is(err, nats.ErrNoResponders) || sleep(ctx, wait) != nil {
			return err
		}
	}
}
