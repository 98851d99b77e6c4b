package bus

import (
	"errors"
	"fmt"
	"time"

	"lifeboat.io/events"
)

var (
	// ErrAway: there is no connection to the bus and nothing was sent. Nothing
	// happened; the caller may try again when the bus is back.
	ErrAway = errors.New("the bus is away")
	// ErrFull: the stream has reached its limit and refuses new messages.
	// Nothing was stored.
	ErrFull = errors.New("the stream is full")
	// ErrTooLarge: the message exceeds the stream's limit. Nothing was stored.
	ErrTooLarge = errors.New("the message is too large")
	// ErrUnknown: it was sent, the answer is missing, and it could not be found
	// out in time whether it was stored. Repeating the very same call settles it.
	ErrUnknown = errors.New("it is not known whether it was stored")
	// ErrInvalid: the call itself is wrong. Nothing was sent.
	ErrInvalid = errors.New("invalid")
	// ErrNotFound: there is no such thing on the bus.
	ErrNotFound = errors.New("not found")
	// ErrClosed: the Bus was closed.
	ErrClosed = errors.New("the bus is closed")
)

// Conflict tells that an aggregate moved on: its last event is not the one the
// writer had read. Nothing was stored.
type Conflict struct {
	// Aggregate is what was to be written.
	Aggregate events.Aggregate
	// Expected is the sequence the writer had read as last.
	Expected uint64
	// Last is the sequence that is last; 0 when the aggregate has no event.
	Last uint64
	// LastID is the id of the event at Last.
	LastID string
}

// Error shows both sides.
func (c *Conflict) Error() string {
	return fmt.Sprintf("%s moved on: expected %d as its last event, found %d (%s)", c.Aggregate, c.Expected, c.Last, c.LastID)
}

// RevisionConflict tells that a key of a bucket was changed by another. Nothing was stored.
type RevisionConflict struct {
	// Bucket and Key say what was to be written.
	Bucket, Key string
	// Expected is the revision the writer had read.
	Expected uint64
}

// Error names the key and the revision.
func (c *RevisionConflict) Error() string {
	return fmt.Sprintf("%s key %q was changed since revision %d", c.Bucket, c.Key, c.Expected)
}

// ErrHeld tells that a lease is somebody else's at the moment.
type ErrHeld struct {
	// Key is the lease.
	Key string
	// Holder is who has it.
	Holder string
	// Renewed is when its holder last renewed it, by the server's clock.
	Renewed time.Time
}

// Error names the holder.
func (e *ErrHeld) Error() string {
	return fmt.Sprintf("lease %s is held by %s (renewed %s)", e.Key, e.Holder, e.Renewed.UTC().Format(time.RFC3339))
}

// Poison marks an error of a handler as hopeless: the message can never be
// handled, so it becomes a dead letter at once instead of being tried again.
func Poison(err error) error { return &poison{err} }

type poison struct{ error }

func (p *poison) Unwrap() error { return p.error }

func isPoison(err error) bool {
	var p *poison
	return errors.As(err, &p)
}
