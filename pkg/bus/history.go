package bus

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/synadia-io/orbit.go/jetstreamext"
	"go.opentelemetry.io/otel/trace"

	"lifeboat.io/events"
	"lifeboat.io/pkg/bus/binding"
)

// Recorded is an event as it is stored.
type Recorded struct {
	// Seq is its place in its stream. The next event of its aggregate is appended expecting it.
	Seq uint64
	// Subject is the NATS subject it was published on.
	Subject string
	// Stored is when the stream took it, by the server's clock.
	Stored time.Time
	// Event is the event.
	Event event.Event
	// Trace is the span that published it; not valid when it was not traced.
	Trace trace.SpanContext
}

// record decodes a stored message.
func record(seq uint64, subject string, stored time.Time, header nats.Header, data []byte) (Recorded, error) {
	e, err := binding.Decode(header, data)
	if err != nil {
		return Recorded{}, fmt.Errorf("message %d on %s: %w", seq, subject, err)
	}
	return Recorded{Seq: seq, Subject: subject, Stored: stored, Event: e, Trace: hop(header)}, nil
}

func recordRaw(m *jetstream.RawStreamMsg) (Recorded, error) {
	return record(m.Sequence, m.Subject, m.Time, m.Header, m.Data)
}

// History returns all events of an aggregate, in order, up to the last one at
// the moment of the call. An aggregate without events has an empty history.
func (b *Bus) History(ctx context.Context, agg events.Aggregate) ([]Recorded, error) {
	return b.HistoryAfter(ctx, agg, 0)
}

// HistoryAfter returns the events of an aggregate that came after the one with
// this sequence, in order, up to the last one at the moment of the call; none
// when that is the last one. It is for who keeps what came before.
// Errors: ErrNotFound when the aggregate does not reach as far, because this is
// not the log that was read before.
func (b *Bus) HistoryAfter(ctx context.Context, agg events.Aggregate, seq uint64) ([]Recorded, error) {
	if err := b.here(); err != nil {
		return nil, err
	}
	last, err := b.leaderGet(ctx, StreamEvents, getRequest{LastFor: agg.Filter()})
	if seq == 0 && errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("history of %s: %w", agg, err)
	}
	if last.Sequence < seq {
		return nil, fmt.Errorf("history of %s: %w: its last event is %d, not %d or later", agg, ErrNotFound, last.Sequence, seq)
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	var history []Recorded
	for from := seq + 1; from <= last.Sequence; {
		page, err := b.historyPage(ctx, agg.Filter(), from, last.Sequence)
		if err != nil {
			return nil, fmt.Errorf("history of %s: %w", agg, err)
		}
		if len(page) == 0 {
			// Pages come from any replica, and this one has not caught up.
			if err := sleep(ctx, lagWait); err != nil {
				return nil, fmt.Errorf("history of %s: replica does not catch up with %d: %w", agg, last.Sequence, err)
			}
			continue
		}
		history = append(history, page...)
		from = page[len(page)-1].Seq + 1
	}
	return history, nil
}

// historyPage reads the events of a filter from one sequence to another, both
// included, or as many of them as one page holds.
func (b *Bus) historyPage(ctx context.Context, filter string, from, to uint64) ([]Recorded, error) {
	messages, err := jetstreamext.GetBatch(ctx, b.js, StreamEvents, historyPage,
		jetstreamext.GetBatchSubject(filter), jetstreamext.GetBatchSeq(from), jetstreamext.GetBatchMaxBytes(historyPageBytes))
	if err != nil {
		return nil, b.readError(StreamEvents, err)
	}
	var page []Recorded
	for m, err := range messages {
		if errors.Is(err, jetstreamext.ErrNoMessages) {
			return page, nil
		}
		if err != nil {
			return nil, b.readError(StreamEvents, err)
		}
		if m.Sequence > to {
			return page, nil
		}
		recorded, err := recordRaw(m)
		if err != nil {
			return nil, err
		}
		page = append(page, recorded)
	}
	return page, nil
}

// Last returns an aggregate's last event; ok is false when it has none.
func (b *Bus) Last(ctx context.Context, agg events.Aggregate) (last Recorded, ok bool, err error) {
	if err := b.here(); err != nil {
		return Recorded{}, false, err
	}
	m, err := b.leaderGet(ctx, StreamEvents, getRequest{LastFor: agg.Filter()})
	if errors.Is(err, ErrNotFound) {
		return Recorded{}, false, nil
	}
	if err != nil {
		return Recorded{}, false, fmt.Errorf("last of %s: %w", agg, err)
	}
	last, err = recordRaw(m)
	return last, err == nil, err
}

// LastOfEach yields the last event of every aggregate of a family, oldest
// first. It keeps a sequence per aggregate in memory, not the events. It ends
// at the first error, which it yields. An aggregate that moves on meanwhile may
// be yielded with the event it had when the call began.
func (b *Bus) LastOfEach(ctx context.Context, family events.Family) iter.Seq2[Recorded, error] {
	return func(yield func(Recorded, error) bool) {
		places, err := b.lastPlaces(ctx, family)
		if err != nil {
			yield(Recorded{}, fmt.Errorf("last of each %s: %w", family, err))
			return
		}
		for _, seq := range slices.Sorted(maps.Values(places)) {
			m, err := b.leaderGet(ctx, StreamEvents, getRequest{Seq: seq})
			if errors.Is(err, ErrNotFound) {
				continue // it aged out between the two looks
			}
			if err != nil {
				yield(Recorded{}, fmt.Errorf("last of each %s: %w", family, err))
				return
			}
			recorded, err := recordRaw(m)
			if !yield(recorded, err) || err != nil {
				return
			}
		}
	}
}

// lastPlaces finds the sequence of the last event of every aggregate of a
// family. The stream knows the last of each subject; an aggregate has as many
// subjects as it has seen event types, and the highest of them is its last.
func (b *Bus) lastPlaces(ctx context.Context, family events.Family) (map[string]uint64, error) {
	places := make(map[string]uint64)
	err := b.scan(ctx, follow{
		stream:      StreamEvents,
		filters:     []string{events.FamilyFilter(family)},
		start:       FromLastOfEachSubject(),
		headersOnly: true,
	}, func(m *message) error {
		agg, _, err := events.ParseSubject(m.subject)
		if err != nil {
			b.log.Warn("a subject in the log is no aggregate's", "subject", m.subject, "seq", m.seq, "error", err)
			return nil
		}
		places[agg.Filter()] = m.seq // in the stream's order, so the highest stands
		return nil
	})
	return places, err
}

// sleep waits unless the context ends first.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
