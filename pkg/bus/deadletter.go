package bus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"
)

// DeadLetter is a message its consumer gave up on. There are two kinds on the
// server: a copy with the handler's reason, made by the consumer, and the
// server's own advisory when the consumer could not, because it died with
// every delivery. They look the same here.
type DeadLetter struct {
	// ID names it, among the dead letters.
	ID uint64
	// Stream, Seq and Subject say where the original is, or was.
	Stream  string
	Seq     uint64
	Subject string
	// Stored is when the original was stored; zero when the original is gone.
	Stored time.Time
	// Consumer is who gave up on it.
	Consumer string
	// Deliveries is how often it was delivered.
	Deliveries int
	// Reason is the last error of its handling.
	Reason string
	// Buried is when it was given up.
	Buried time.Time
	// EventID and EventType are the event's own, when it is one.
	EventID, EventType string
	// Settlements are what people did about it, oldest first.
	Settlements []Settlement

	delivered delivered
	advisory  bool
}

// Open reports whether nobody has done anything about it yet.
func (d DeadLetter) Open() bool { return len(d.Settlements) == 0 }

// Action is what a person did about a dead letter.
type Action string

const (
	// ActionReplay: it was handed to its consumer again.
	ActionReplay Action = "replay"
	// ActionDiscard: it was left be, for good.
	ActionDiscard Action = "discard"
)

// Settlement records what was done about a dead letter, by whom and why.
type Settlement struct {
	// Action is what was done.
	Action Action
	// By is who did it.
	By string
	// Why is their reason.
	Why string
	// At is when, by the server's clock.
	At time.Time
}

// DeadLetterContent is a dead letter with the message itself.
type DeadLetterContent struct {
	DeadLetter
	// Header and Data are the original's.
	Header nats.Header
	Data   []byte
}

// DeadLetterQuery selects dead letters; the zero value selects the newest 100.
type DeadLetterQuery struct {
	// Stream and Consumer, when set, must match.
	Stream, Consumer string
	// OpenOnly leaves out what was settled.
	OpenOnly bool
	// Limit is how many at most; 0 means 100.
	Limit int
}

// defaultLetters is how many dead letters a query returns that does not say.
const defaultLetters = 100

// delivered names one message as one consumer had it: a dead letter's identity
// whichever way we learn of it.
type delivered struct {
	stream, consumer string
	seq              uint64
}

func settlementSubject(prefix, stream, consumer string) string {
	return prefix + "." + stream + "." + consumer
}

// bury keeps a copy of a message its consumer gives up on, with the reason.
func (b *Bus) bury(ctx context.Context, c Consumer, m *message, reason error) error {
	h := letterHeader(m, c.Name)
	h.Set(headerDeadReason, headerText(reason.Error()))
	h.Set(jetstream.MsgIDHeader, fmt.Sprintf("dead|%s|%s|%d|%d|%d", m.stream, c.Name, m.seq, m.replaySeq, m.attempt))
	letter := &nats.Msg{Subject: settlementSubject(deadPrefix, m.stream, c.Name), Header: h, Data: m.data}
	_, err := b.send(ctx, letter, sameID)
	return err
}

// sameID takes the server's word that it has a message with this id: it is for
// ids that are made from all that matters.
func sameID(_ context.Context, duplicate uint64) (finding, bool) {
	return finding{seq: duplicate}, duplicate != 0
}

// DeadLetters lists dead letters, newest first.
func (b *Bus) DeadLetters(ctx context.Context, q DeadLetterQuery) ([]DeadLetter, error) {
	if q.Limit <= 0 {
		q.Limit = defaultLetters
	}
	ledger, err := b.readLedger(ctx)
	if err != nil {
		return nil, err
	}
	letters := slices.DeleteFunc(ledger.newestFirst(), func(d DeadLetter) bool {
		return q.Stream != "" && d.Stream != q.Stream || q.Consumer != "" && d.Consumer != q.Consumer || q.OpenOnly && !d.Open()
	})
	letters = letters[:min(len(letters), q.Limit)]
	for i := range letters {
		if letters[i].advisory {
			// An advisory only points at the original; look what it was.
			if content, err := b.contentOf(ctx, letters[i]); err == nil {
				letters[i] = content.DeadLetter
			}
		}
	}
	return letters, nil
}

// DeadLetter returns one dead letter with its content. It fails with
// ErrNotFound when there is none, or when the original it points at is gone.
func (b *Bus) DeadLetter(ctx context.Context, id uint64) (DeadLetterContent, error) {
	d, err := b.findLetter(ctx, id)
	if err != nil {
		return DeadLetterContent{}, err
	}
	return b.contentOf(ctx, d)
}

func (b *Bus) findLetter(ctx context.Context, id uint64) (DeadLetter, error) {
	ledger, err := b.readLedger(ctx)
	if err != nil {
		return DeadLetter{}, err
	}
	for _, d := range ledger.newestFirst() {
		if d.ID == id {
			return d, nil
		}
	}
	return DeadLetter{}, fmt.Errorf("dead letter %d: %w", id, ErrNotFound)
}

// contentOf reads the message of a dead letter: the copy, or the original the
// advisory points at.
func (b *Bus) contentOf(ctx context.Context, d DeadLetter) (DeadLetterContent, error) {
	stream, seq := StreamDeadLetters, d.ID
	if d.advisory {
		stream, seq = d.delivered.stream, d.delivered.seq
	}
	raw, err := b.leaderGet(ctx, stream, getRequest{Seq: seq})
	if err != nil {
		return DeadLetterContent{}, fmt.Errorf("dead letter %d: original %d of %s: %w", d.ID, seq, stream, err)
	}
	m := &message{stream: stream, subject: raw.Subject, seq: raw.Sequence, stored: raw.Time, header: raw.Header, data: raw.Data}
	if stream == StreamDeadLetters {
		if err := m.restore(); err != nil {
			return DeadLetterContent{}, fmt.Errorf("dead letter %d: %w", d.ID, err)
		}
	}
	d.Stream, d.Seq, d.Subject, d.Stored = m.stream, m.seq, m.subject, m.stored
	d.EventID, d.EventType = plainText(headerOf(m.header, "ce-id")), plainText(headerOf(m.header, "ce-type"))
	return DeadLetterContent{DeadLetter: d, Header: m.header, Data: m.data}, nil
}

// Replay hands a dead letter to its consumer again, and records who did so and
// why. The consumer gets it with Delivery.Replay set, once one runs under its
// name; if it fails again, there will be a new dead letter.
func (b *Bus) Replay(ctx context.Context, id uint64, by, why string) error {
	d, err := b.DeadLetter(ctx, id)
	if err != nil {
		return err
	}
	return b.settleLetter(ctx, d, ActionReplay, by, why)
}

// Discard records that a dead letter is to be left be. The letter stays in the
// list until it ages out.
func (b *Bus) Discard(ctx context.Context, id uint64, by, why string) error {
	d, err := b.findLetter(ctx, id)
	if err != nil {
		return err
	}
	return b.settleLetter(ctx, DeadLetterContent{DeadLetter: d}, ActionDiscard, by, why)
}

// settleLetter stores the record of what is done, which in the case of a
// replay is also the message the consumer gets.
func (b *Bus) settleLetter(ctx context.Context, d DeadLetterContent, action Action, by, why string) error {
	if strings.TrimSpace(by) == "" || strings.TrimSpace(why) == "" {
		return fmt.Errorf("%w: %s of dead letter %d: say who does it and why", ErrInvalid, action, d.ID)
	}
	prefix := replayPrefix
	if action == ActionDiscard {
		prefix = discardPrefix
	}
	h := letterHeader(&message{stream: d.Stream, subject: d.Subject, seq: d.Seq, stored: d.Stored, header: d.Header, attempt: d.Deliveries}, d.Consumer)
	h.Set(headerSettledLetter, strconv.FormatUint(d.ID, 10))
	h.Set(headerSettledBy, headerText(by))
	h.Set(headerSettledWhy, headerText(why))
	h.Set(jetstream.MsgIDHeader, nuid.Next())
	record := &nats.Msg{Subject: settlementSubject(prefix, d.Stream, d.Consumer), Header: h, Data: d.Data}
	if _, err := b.send(ctx, record, sameID); err != nil {
		return fmt.Errorf("%s of dead letter %d: %w", action, d.ID, err)
	}
	return b.clear(ctx, d.DeadLetter)
}

// clear removes the original of a settled letter from the inbox, where it
// would take up room for ever: a work queue keeps what was delivered for the
// last time.
func (b *Bus) clear(ctx context.Context, d DeadLetter) error {
	if !d.advisory || d.delivered.stream != StreamInbox {
		return nil
	}
	stream, err := b.js.Stream(ctx, StreamInbox)
	if err != nil {
		return fmt.Errorf("dead letter %d: %w", d.ID, err)
	}
	err = stream.DeleteMsg(ctx, d.delivered.seq)
	if err != nil && !errors.Is(err, jetstream.ErrMsgNotFound) {
		return fmt.Errorf("dead letter %d: remove its original: %w", d.ID, err)
	}
	return nil
}
