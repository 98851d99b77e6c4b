package bus

import (
	"cmp"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// message is one delivery of a stored message, of any stream and any content.
type message struct {
	stream, subject string
	seq             uint64
	stored          time.Time
	header          nats.Header
	data            []byte
	// attempt counts deliveries to this consumer from 1.
	attempt int
	// replay tells who handed it to this consumer again, and replaySeq is the
	// place of that replay among the dead letters; nil and 0 for an original.
	replay    *Settlement
	replaySeq uint64
	// place counts everything delivered to this consumer, redeliveries too.
	place uint64
}

func messageOf(m jetstream.Msg) (*message, error) {
	meta, err := m.Metadata()
	if err != nil {
		return nil, fmt.Errorf("message on %s: %w", m.Subject(), err)
	}
	return &message{
		stream:  meta.Stream,
		subject: m.Subject(),
		seq:     meta.Sequence.Stream,
		stored:  meta.Timestamp,
		header:  m.Headers(),
		data:    m.Data(),
		attempt: int(meta.NumDelivered),
		place:   meta.Sequence.Consumer,
	}, nil
}

// record decodes the event a message carries.
func (m *message) record() (Recorded, error) {
	return record(m.seq, m.subject, m.stored, m.header, m.data)
}

// delivered is the sequence it was delivered under: the replay's own, or the original's.
func (m *message) delivered() uint64 { return cmp.Or(m.replaySeq, m.seq) }
