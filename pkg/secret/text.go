package secret

import (
	"fmt"
	"log/slog"
)

// redacted is what every way of printing a Text gives.
const redacted = "[secret]"

// Text is a secret that was read. Every way of printing, logging or encoding
// it gives a placeholder; only Reveal gives the secret.
type Text struct {
	// value is behind a pointer because fmt prints unexported fields of other
	// structs without asking any method, and then prints only the address.
	value *string
}

// NewText wraps a secret that is already in memory.
func NewText(value string) Text {
	if value == "" {
		return Text{}
	}
	return Text{value: &value}
}

// Reveal gives the secret itself. Call it where it is used, and keep the
// result nowhere.
func (t Text) Reveal() string {
	if t.value == nil {
		return ""
	}
	return *t.value
}

// IsZero reports whether there is no secret.
func (t Text) IsZero() bool { return t.value == nil }

// String gives the placeholder.
func (Text) String() string { return redacted }

// Format gives the placeholder whatever the verb.
func (Text) Format(f fmt.State, _ rune) { fmt.Fprint(f, redacted) }

// MarshalText gives the placeholder, for every encoder.
func (Text) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue gives the placeholder, for slog.
func (Text) LogValue() slog.Value { return slog.StringValue(redacted) }
