package bus

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"lifeboat.io/events"
	"lifeboat.io/pkg/bus/binding"
)

// Append stores an event as the successor of the aggregate's event at sequence
// expect (0 when it has none), and returns the event's own sequence. The one
// publish is both the write and the lock.
//
// Calling it again with the same event and expectation is safe: an event of
// the same source and id in that very place counts as this one. It fails with
// *Conflict when another event is there, with ErrAway when nothing could be
// sent, with ErrFull, ErrTooLarge or ErrInvalid when it is refused, and with
// ErrUnknown when the outcome could not be found out within the window.
func (b *Bus) Append(ctx context.Context, agg events.Aggregate, expect uint64, e event.Event) (seq uint64, err error) {
	m, err := b.appendMessage(agg, expect, e)
	if err != nil {
		return 0, err
	}
	ctx, span := b.startPublish(ctx, m, &e)
	defer func() { endSpan(span, err) }()
	return b.send(ctx, m, func(ctx context.Context, duplicate uint64) (finding, bool) {
		if duplicate != 0 {
			return b.findDuplicate(ctx, duplicate, m)
		}
		return b.findAppended(ctx, agg, expect, e)
	})
}

// appendMessage checks the event and lays it out as a message.
func (b *Bus) appendMessage(agg events.Aggregate, expect uint64, e event.Event) (*nats.Msg, error) {
	entry, ok := events.EntryByType(e.Type())
	if !ok || entry.Family != agg.Family {
		return nil, fmt.Errorf("%w: event type %q is not one of family %q", ErrInvalid, e.Type(), agg.Family)
	}
	if e.Subject() != agg.String() {
		return nil, fmt.Errorf("%w: event subject %q: want the aggregate, %q", ErrInvalid, e.Subject(), agg)
	}
	m, err := b.encode(agg.Subject(entry.Event), e)
	if err != nil {
		return nil, err
	}
	m.Header[jetstream.ExpectedStreamHeader] = []string{StreamEvents}
	m.Header[jetstream.ExpectedLastSubjSeqHeader] = []string{strconv.FormatUint(expect, 10)}
	m.Header[jetstream.ExpectedLastSubjSeqSubjHeader] = []string{agg.Filter()}
	return m, nil
}

// encode makes the message of an event that was checked, with the id by which
// streams recognise its repetitions.
func (b *Bus) encode(subject string, e event.Event) (*nats.Msg, error) {
	if b.config.Check != nil {
		if err := b.config.Check(e); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
		}
	}
	header, data, err := binding.Binary(e)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	id, err := messageID(e)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	header[jetstream.MsgIDHeader] = []string{id}
	return &nats.Msg{Subject: subject, Header: header, Data: data}, nil
}

// messageID is unique per event: CloudEvents promises that of source and id.
func messageID(e event.Event) (string, error) { return binding.Escape(e.Source() + "|" + e.ID()) }

// findDuplicate decides what it means that the stream already has a message
// with this id. On a replicated stream that is how a repeated try of ours is
// answered; the same id in another place is another event's.
func (b *Bus) findDuplicate(ctx context.Context, seq uint64, m *nats.Msg) (finding, bool) {
	stored, err := b.leaderGet(ctx, StreamEvents, getRequest{Seq: seq})
	if err != nil {
		return finding{}, false
	}
	expected := jetstream.ExpectedLastSubjSeqHeader
	if stored.Subject == m.Subject && stored.Header.Get(expected) == m.Header.Get(expected) {
		return finding{seq: seq}, true
	}
	return finding{err: reused(m.Header.Get(binding.Prefix+"id"), stored)}, true
}

func reused(id string, stored *jetstream.RawStreamMsg) error {
	return fmt.Errorf("%w: event id %q was used before, at %d on %s; an id belongs to one event", ErrInvalid, id, stored.Sequence, stored.Subject)
}

// findAppended reads what came after expect. The chain of expectations leaves
// room for exactly one event there, so it tells whether ours won.
func (b *Bus) findAppended(ctx context.Context, agg events.Aggregate, expect uint64, e event.Event) (finding, bool) {
	next, err := b.leaderGet(ctx, StreamEvents, getRequest{Seq: expect + 1, NextFor: agg.Filter()})
	switch {
	case errors.Is(err, ErrNotFound):
		return b.findBehind(ctx, agg, expect, e)
	case err != nil:
		return finding{}, false
	}
	if holds(next, e) {
		return finding{seq: next.Sequence}, true
	}
	return b.conflict(ctx, agg, expect)
}

// findBehind decides what it means that nothing came after expect although the
// publish was not plainly accepted.
func (b *Bus) findBehind(ctx context.Context, agg events.Aggregate, expect uint64, e event.Event) (finding, bool) {
	last, err := b.leaderGet(ctx, StreamEvents, getRequest{LastFor: agg.Filter()})
	switch {
	case errors.Is(err, ErrNotFound) && expect == 0:
		return finding{}, false // a publish on its way; ask again
	case errors.Is(err, ErrNotFound):
		return finding{err: &Conflict{Aggregate: agg, Expected: expect}}, true
	case err != nil:
		return finding{}, false
	case holds(last, e):
		return finding{err: reused(e.ID(), last)}, true
	case last.Sequence != expect:
		return finding{err: &Conflict{Aggregate: agg, Expected: expect, Last: last.Sequence, LastID: idOf(last)}}, true
	default:
		return finding{}, false // the expectation holds; a publish was on its way
	}
}

// conflict reads who is last, to tell the caller.
func (b *Bus) conflict(ctx context.Context, agg events.Aggregate, expect uint64) (finding, bool) {
	last, err := b.leaderGet(ctx, StreamEvents, getRequest{LastFor: agg.Filter()})
	if err != nil {
		return finding{}, false
	}
	return finding{err: &Conflict{Aggregate: agg, Expected: expect, Last: last.Sequence, LastID: idOf(last)}}, true
}

// holds reports whether a stored message is this very event.
func holds(m *jetstream.RawStreamMsg, e event.Event) bool {
	stored, err := binding.Decode(m.Header, m.Data)
	return err == nil && stored.ID() == e.ID() && stored.Source() == e.Source()
}

// idOf is the id of a stored event, or what stands in its place.
func idOf(m *jetstream.RawStreamMsg) string {
	stored, err := binding.Decode(m.Header, m.Data)
	if err != nil {
		return "undecodable"
	}
	return stored.ID()
}
