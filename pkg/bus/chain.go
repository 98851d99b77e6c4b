package bus

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/nats-io/nats.go/jetstream"

	"lifeboat.io/events"
)

// ChainBreak is an event whose predecessor is not the one its writer had read:
// it cannot happen while every writer appends as Append does.
type ChainBreak struct {
	// Seq and Subject are the event's.
	Seq     uint64
	Subject string
	// Expected is the sequence its writer expected as last, as stored with it.
	Expected string
	// Before is the sequence that was last.
	Before uint64
}

// Error names the event and both sequences.
func (c *ChainBreak) Error() string {
	return fmt.Sprintf("event %d on %s was appended expecting %q, but %d was before it", c.Seq, c.Subject, c.Expected, c.Before)
}

// VerifyChains reads the whole log and checks that every event follows the one
// its writer had read, which is stored with it. It returns how many events it
// checked and every break, joined, as *ChainBreak. Events whose predecessors
// have aged out are taken as they are.
func (b *Bus) VerifyChains(ctx context.Context) (checked int, err error) {
	last := make(map[string]uint64)
	first := uint64(0)
	var breaks []error
	err = b.scan(ctx, follow{stream: StreamEvents, headersOnly: true}, func(m *message) error {
		agg, _, err := events.ParseSubject(m.subject)
		if err != nil {
			return fmt.Errorf("message %d: %w", m.seq, err)
		}
		if first == 0 {
			first = m.seq
		}
		checked++
		key := agg.Filter()
		before, known := last[key]
		last[key] = m.seq
		text := m.header.Get(jetstream.ExpectedLastSubjSeqHeader)
		expected, err := strconv.ParseUint(text, 10, 64)
		agedOut := !known && expected < first && expected > 0
		if err != nil || m.header.Get(jetstream.ExpectedLastSubjSeqSubjHeader) != key || expected != before && !agedOut {
			breaks = append(breaks, &ChainBreak{Seq: m.seq, Subject: m.subject, Expected: text, Before: before})
		}
		return nil
	})
	return checked, errors.Join(append(breaks, err)...)
}
