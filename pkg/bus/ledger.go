package bus

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

// ledger is everything in the dead letters' stream, put together.
type ledger struct {
	letters map[delivered]*DeadLetter
	settled map[uint64][]Settlement
}

// readLedger reads the whole stream, which is bounded: headers suffice for
// copies and settlements, advisories are small.
func (b *Bus) readLedger(ctx context.Context) (*ledger, error) {
	l := &ledger{letters: make(map[delivered]*DeadLetter), settled: make(map[uint64][]Settlement)}
	if err := b.here(); err != nil {
		return nil, err
	}
	advisories := follow{stream: StreamDeadLetters, filters: []string{exhaustedFilter, terminatedFilter}}
	if err := b.scan(ctx, advisories, l.addAdvisory); err != nil {
		return nil, fmt.Errorf("dead letters: %w", err)
	}
	copies := follow{stream: StreamDeadLetters, filters: []string{deadFilter, replayFilter, discardFilter}, headersOnly: true}
	if err := b.scan(ctx, copies, l.addOurs); err != nil {
		return nil, fmt.Errorf("dead letters: %w", err)
	}
	return l, nil
}

// advisoryBody is what we need of both kinds of advisory.
type advisoryBody struct {
	Stream     string `json:"stream"`
	Consumer   string `json:"consumer"`
	StreamSeq  uint64 `json:"stream_seq"`
	Deliveries int    `json:"deliveries"`
	Reason     string `json:"reason"`
}

func (l *ledger) addAdvisory(m *message) error {
	var a advisoryBody
	if err := json.Unmarshal(m.data, &a); err != nil || a.Stream == "" || a.StreamSeq == 0 {
		return nil // not an advisory we could do anything about
	}
	reason := plainText(a.Reason)
	if strings.HasPrefix(m.subject, strings.TrimSuffix(exhaustedFilter, ">")) {
		reason = fmt.Sprintf("delivered %d times without an answer", a.Deliveries)
	}
	at := delivered{a.Stream, a.Consumer, a.StreamSeq}
	l.letters[at] = &DeadLetter{
		ID: m.seq, Stream: a.Stream, Seq: a.StreamSeq, Consumer: strings.TrimSuffix(a.Consumer, replaySuffix),
		Deliveries: a.Deliveries, Reason: reason, Buried: m.stored, delivered: at, advisory: true,
	}
	return nil
}

// addOurs adds a copy or a settlement. A copy takes the place of the advisory
// about the same message.
func (l *ledger) addOurs(m *message) error {
	h := m.header
	if !strings.HasPrefix(m.subject, deadPrefix+".") {
		action := ActionReplay
		if strings.HasPrefix(m.subject, discardPrefix+".") {
			action = ActionDiscard
		}
		letter, err := strconv.ParseUint(h.Get(headerSettledLetter), 10, 64)
		if err == nil {
			l.settled[letter] = append(l.settled[letter], *settlementOf(action, h, m.stored))
		}
		return nil
	}
	d := &DeadLetter{
		ID:        m.seq,
		Stream:    h.Get(headerDeadStream),
		Consumer:  h.Get(headerDeadConsumer),
		Subject:   plainText(h.Get(headerDeadSubject)),
		Reason:    plainText(h.Get(headerDeadReason)),
		Buried:    m.stored,
		EventID:   plainText(headerOf(h, "ce-id")),
		EventType: plainText(headerOf(h, "ce-type")),
	}
	var replay uint64
	if _, err := fmt.Sscan(h.Get(headerDeadSeq)+" "+h.Get(headerDeadDeliveries)+" "+h.Get(headerDeadReplay), &d.Seq, &d.Deliveries, &replay); err != nil {
		return nil // not a copy we made
	}
	if stored, err := time.Parse(time.RFC3339Nano, h.Get(headerDeadStored)); err == nil {
		d.Stored = stored
	}
	d.delivered = delivered{d.Stream, d.Consumer, d.Seq}
	if replay != 0 {
		d.delivered = delivered{StreamDeadLetters, d.Consumer + replaySuffix, replay}
	}
	l.letters[d.delivered] = d
	return nil
}

func settlementOf(action Action, h nats.Header, at time.Time) *Settlement {
	return &Settlement{Action: action, By: plainText(h.Get(headerSettledBy)), Why: plainText(h.Get(headerSettledWhy)), At: at}
}

// newestFirst lists the letters with their settlements.
func (l *ledger) newestFirst() []DeadLetter {
	letters := make([]DeadLetter, 0, len(l.letters))
	for _, d := range l.letters {
		d.Settlements = l.settled[d.ID]
		letters = append(letters, *d)
	}
	slices.SortFunc(letters, func(a, b DeadLetter) int { return cmp.Compare(b.ID, a.ID) })
	return letters
}
