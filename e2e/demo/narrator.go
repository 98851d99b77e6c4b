package demo

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"lifeboat.io/events"
)

// untold are events whose news another event tells better.
var untold = map[string]bool{"step-started": true, "progressed": true}

// narrate tells every event as it is published, as any program on the bus
// could: with a NATS client and the contract, and nothing else of lifeboat.
func (s *stage) narrate(ctx context.Context) {
	nc, err := nats.Connect(s.lifeboat.NATS)
	if err != nil {
		s.note("a NATS client connects", err)
		return
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		s.note("a JetStream client connects", err)
		return
	}
	log, err := js.OrderedConsumer(ctx, "EVENTS", jetstream.OrderedConsumerConfig{})
	if err != nil {
		s.note("the log can be read", err)
		return
	}
	messages, err := log.Consume(func(m jetstream.Msg) { s.tell(m) })
	if err != nil {
		s.note("the log can be followed", err)
		return
	}
	defer messages.Stop()
	<-ctx.Done()
}

// tell tells one event in its own sentence.
func (s *stage) tell(m jetstream.Msg) {
	entry, ok := events.EntryByType(header(m.Headers(), "ce-type"))
	if !ok || untold[entry.Event] {
		return
	}
	data := entry.New()
	if json.Unmarshal(m.Data(), data) != nil {
		return
	}
	s.detail("%s", entry.Sentence(data))
}

// header reads a header whatever its case.
func header(h nats.Header, name string) string {
	for key, values := range h {
		if strings.EqualFold(key, name) && len(values) > 0 {
			return values[0]
		}
	}
	return ""
}
