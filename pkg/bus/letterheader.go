package bus

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/nats-io/nats.go"

	"lifeboat.io/pkg/bus/binding"
)

// Headers of dead letters and of what was done about them. The original's own
// headers stay beside them, except those that steered its publish.

// headerPrefixOurs begins every header that is set by this file.
const headerPrefixOurs = "Lifeboat-"

// headerText makes any text fit for a header, cut to maxReason bytes.
func headerText(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) > maxReason {
		cut := maxReason
		for !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut] + "…"
	}
	escaped, err := binding.Escape(s)
	if err != nil {
		return "unreadable"
	}
	return escaped
}

// plainText reverses headerText; text it cannot read stays as it is.
func plainText(header string) string {
	if text, err := binding.Unescape(header); err == nil {
		return text
	}
	return header
}

// headerOf returns the one value of a header whose name is matched without
// regard to case, or "".
func headerOf(h nats.Header, name string) string {
	for key, values := range h {
		if strings.EqualFold(key, name) && len(values) > 0 {
			return values[0]
		}
	}
	return ""
}

// letterHeader is the header of a copy of a message: its own, and where it was.
func letterHeader(m *message, consumer string) nats.Header {
	h := make(nats.Header, len(m.header)+8)
	for name, values := range m.header {
		if !strings.HasPrefix(name, "Nats-") && !strings.HasPrefix(name, headerPrefixOurs) {
			h[name] = values
		}
	}
	h.Set(headerDeadStream, m.stream)
	h.Set(headerDeadConsumer, consumer)
	h.Set(headerDeadSubject, headerText(m.subject))
	h.Set(headerDeadSeq, strconv.FormatUint(m.seq, 10))
	h.Set(headerDeadStored, m.stored.UTC().Format(time.RFC3339Nano))
	h.Set(headerDeadDeliveries, strconv.Itoa(m.attempt))
	h.Set(headerDeadReplay, strconv.FormatUint(m.replaySeq, 10))
	return h
}

// restore turns the delivery of a replay back into the message it is a copy
// of, as its consumer knew it.
func (m *message) restore() error {
	seq, err := strconv.ParseUint(m.header.Get(headerDeadSeq), 10, 64)
	if err != nil {
		return fmt.Errorf("replay %d: header %s: %w", m.seq, headerDeadSeq, err)
	}
	stored, err := time.Parse(time.RFC3339Nano, m.header.Get(headerDeadStored))
	if err != nil {
		return fmt.Errorf("replay %d: header %s: %w", m.seq, headerDeadStored, err)
	}
	m.replay = settlementOf(ActionReplay, m.header, m.stored)
	m.replaySeq = m.seq
	m.stream = m.header.Get(headerDeadStream)
	m.subject = plainText(m.header.Get(headerDeadSubject))
	m.seq, m.stored = seq, stored
	header := make(nats.Header, len(m.header))
	for name, values := range m.header {
		if !strings.HasPrefix(name, headerPrefixOurs) {
			header[name] = values
		}
	}
	m.header = header
	return nil
}
