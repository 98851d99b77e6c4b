package bus

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"

	"lifeboat.io/events"
)

// headerDue carries when a timer was to fire: the server copies our headers
// from the armed to the due message, and says nothing of the time itself.
const headerDue = "Lifeboat-Due"

// Timer is something to be reminded of. The server keeps it and survives
// restarts with it; there is one timer per owner and key.
type Timer struct {
	// Owner is whose timer it is: the name of a service, as in a consumer's name.
	Owner string
	// Key tells the owner's timers apart; any text, such as a run's id.
	Key string
	// Due is when it fires. In the past means at once.
	Due time.Time
	// Body comes back with it; at most 48 kB.
	Body []byte
}

// maxTimerBody leaves room for headers in a message of maxSmallMessage.
const maxTimerBody = maxSmallMessage - headerRoom

// Fired is a timer that is due. It may come late, when the bus was down at its
// time; twice, when a handler failed or the timer was armed again meanwhile;
// or although it was disarmed a moment ago. So a handler compares with the
// state it reads, and with Due.
type Fired struct {
	// Owner and Key are the timer's.
	Owner, Key string
	// Due is when it was to fire.
	Due time.Time
	// At is when it fired, by the server's clock.
	At time.Time
	// Body is what it was armed with.
	Body []byte
	// Attempt counts its deliveries from 1.
	Attempt int
}

// Arm sets a timer, or moves the one with the same owner and key. Arming the
// same again changes nothing. A timer that has fired is armed anew.
func (b *Bus) Arm(ctx context.Context, t Timer) (err error) {
	m, err := t.message()
	if err != nil {
		return err
	}
	ctx, span := b.startPublish(ctx, m, nil)
	defer func() { endSpan(span, err) }()
	_, err = b.send(ctx, m, sameID)
	return err
}

func (t Timer) message() (*nats.Msg, error) {
	switch {
	case !consumerName.MatchString(t.Owner):
		return nil, fmt.Errorf("%w: timer owner %q: want 1 to 64 letters, digits, - or _", ErrInvalid, t.Owner)
	case t.Key == "" || t.Due.IsZero():
		return nil, fmt.Errorf("%w: timer of %s: key and due must be given", ErrInvalid, t.Owner)
	case len(t.Body) > maxTimerBody:
		return nil, fmt.Errorf("%w: timer %s %q: body has %d bytes, want at most %d", ErrTooLarge, t.Owner, t.Key, len(t.Body), maxTimerBody)
	}
	// The client library formats whole seconds, which fires up to a second early.
	due := t.Due.UTC().Format(time.RFC3339Nano)
	return &nats.Msg{
		Subject: armedSubject(t.Owner, t.Key),
		Header: nats.Header{
			jetstream.ScheduleHeader:       {"@at " + due},
			jetstream.ScheduleTargetHeader: {duePrefix + "." + t.Owner + "." + events.Token(t.Key)},
			jetstream.ScheduleTTLHeader:    {dueTTL.String()},
			jetstream.MsgIDHeader:          {nuid.Next()},
			headerDue:                      {due},
		},
		Data: t.Body,
	}, nil
}

func armedSubject(owner, key string) string {
	return armedPrefix + "." + owner + "." + events.Token(key)
}

// Disarm takes a timer back. One that is not armed is none to take back, and
// one that is just firing may still come.
func (b *Bus) Disarm(ctx context.Context, owner, key string) error {
	if err := b.here(); err != nil {
		return err
	}
	stream, err := b.js.Stream(ctx, StreamTimers)
	if err != nil {
		return fmt.Errorf("disarm %s %q: %w", owner, key, err)
	}
	if err := stream.Purge(ctx, jetstream.WithPurgeSubject(armedSubject(owner, key))); err != nil {
		return fmt.Errorf("disarm %s %q: %w", owner, key, err)
	}
	return nil
}

// ConsumeTimers delivers an owner's timers as they fire, until the context
// ends. Retries, dead letters and the end are as in Consume.
func (b *Bus) ConsumeTimers(ctx context.Context, owner string, handle func(context.Context, Fired) error) error {
	if !consumerName.MatchString(owner) {
		return fmt.Errorf("%w: timer owner %q: want 1 to 64 letters, digits, - or _", ErrInvalid, owner)
	}
	c := Consumer{Name: "timers-" + owner, Stream: StreamTimers, Filters: []string{duePrefix + "." + owner + ".>"}}.withDefaults()
	return b.consume(ctx, c, func(ctx context.Context, m *message) (err error) {
		fired, err := firedOf(m)
		if err != nil {
			return Poison(err)
		}
		ctx, span := b.startProcess(ctx, c.Name, m, nil)
		defer func() { endSpan(span, err) }()
		return handle(ctx, fired)
	})
}

// firedOf reads a due timer's message.
func firedOf(m *message) (Fired, error) {
	owner, token, ok := strings.Cut(strings.TrimPrefix(m.subject, duePrefix+"."), ".")
	key, err := events.Untoken(token)
	if !ok || err != nil {
		return Fired{}, fmt.Errorf("timer on %s: %w", m.subject, errors.Join(err, ErrInvalid))
	}
	due, err := time.Parse(time.RFC3339Nano, headerOf(m.header, headerDue))
	if err != nil {
		return Fired{}, fmt.Errorf("timer on %s: header %s: %w", m.subject, headerDue, err)
	}
	return Fired{Owner: owner, Key: key, Due: due, At: m.stored, Body: m.data, Attempt: m.attempt}, nil
}
