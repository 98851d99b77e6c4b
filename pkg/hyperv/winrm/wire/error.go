package wire

import "fmt"

// Kind says what went wrong with a request.
type Kind string

const (
	// Unreachable: no connection, or none that can be trusted.
	Unreachable Kind = "unreachable"
	// Cancelled: the context ended first.
	Cancelled Kind = "cancelled"
	// NoAnswer: the host took the request and said nothing for Config.Timeout.
	NoAnswer Kind = "no-answer"
	// ReplyLost: the connection broke before the answer was complete.
	ReplyLost Kind = "reply-lost"
	// Denied: the host does not accept who we are, or offers no way we accept.
	Denied Kind = "denied"
	// Unavailable: something answered for the service that it is not there.
	Unavailable Kind = "unavailable"
	// Garbage: what was answered is no answer.
	Garbage Kind = "garbage"
)

// Error is how a request fails on the wire.
type Error struct {
	Kind Kind
	// Sent tells whether the request may have reached the service. False is certain.
	Sent bool
	// Err is the cause. It never holds a secret.
	Err error
}

// Error tells what happened in one line.
func (e *Error) Error() string { return fmt.Sprintf("%s: %v", e.Kind, e.Err) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
