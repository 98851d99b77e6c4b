package interop

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"lifeboat.io/events"
	"lifeboat.io/pkg/bus"
	"lifeboat.io/pkg/bus/binding"
	"lifeboat.io/pkg/bus/bustest"
)

// hostile is text that a careless encoding spoils.
const hostile = `VM "Zürich 1" 100% €😀 %41 a\b`

// foreign is what the JavaScript client prints.
type foreign struct {
	Read   []map[string]any
	Stored []uint64
}

// TestJavaScriptClientOnTheBus has a JavaScript client read what we stored and
// store what we read, in both modes of the NATS binding.
func TestJavaScriptClientOnTheBus(t *testing.T) {
	b := bustest.Open(t, func(c *bus.Config) { c.Listen = "127.0.0.1:0" })
	agg := events.Aggregate{Family: events.FamilyFailover, Account: "acme", ID: hostile}
	stored := event.Event{}
	var err error
	stored, err = events.New(agg, events.Meta{ID: hostile, Source: "/lifeboat/interop", Time: time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC), Sequence: 1, Correlation: hostile},
		events.StepStarted{RunRef: events.RunRef{Run: hostile}, Host: hostile})
	if err != nil {
		t.Fatal(err)
	}
	seq, err := b.Append(t.Context(), agg, 0, stored)
	if err != nil {
		t.Fatal(err)
	}
	structured := storeStructured(t, b, stored)

	read, _ := json.Marshal([]map[string]any{{"stream": bus.StreamEvents, "seq": seq}, {"stream": bus.StreamInbox, "seq": structured}})
	write, _ := json.Marshal([]map[string]any{
		{"subject": events.InboxSubject("acme"), "mode": "binary", "event": submitted("T-binary")},
		{"subject": events.InboxSubject("acme"), "mode": "structured", "event": submitted("T-structured")},
	})
	var got foreign
	if err := json.Unmarshal(runNode(t, "bus.mjs", b.URL(), string(read), string(write)), &got); err != nil {
		t.Fatal(err)
	}
	for i, e := range got.Read {
		for name, want := range map[string]string{
			"id": hostile, "type": "io.lifeboat.failover.step-started.v1", "subject": agg.String(),
			events.ExtCorrelation: hostile, events.ExtSequence: "0000000001", "datacontenttype": "application/json",
		} {
			if e[name] != want {
				t.Errorf("event %d: JavaScript read %s as %q, want %q", i, name, e[name], want)
			}
		}
		if data, ok := e["data"].(map[string]any); !ok || data["host"] != hostile || data["run"] != hostile {
			t.Errorf("event %d: JavaScript read the data as %v", i, e["data"])
		}
	}
	if len(got.Read) != 2 || len(got.Stored) != 2 {
		t.Fatalf("JavaScript read %d and stored %d events", len(got.Read), len(got.Stored))
	}
	checkInbox(t, b)
}

// submitted is a ticket as the JavaScript client writes it.
func submitted(id string) map[string]any {
	return map[string]any{
		"id": id, "source": "/desk", "type": "io.lifeboat.ticket.submitted.v1", "subject": hostile,
		"time": "2026-01-31T12:00:00.000Z", "datacontenttype": "application/json",
		"custom": hostile, "data": map[string]any{"reason": hostile},
	}
}

// storeStructured stores an event in structured mode, which lifeboat itself never writes.
func storeStructured(t *testing.T, b *bus.Bus, e event.Event) uint64 {
	t.Helper()
	nc, err := nats.Connect(b.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	header, body, err := binding.Structured(e)
	if err != nil {
		t.Fatal(err)
	}
	ack, err := js.PublishMsg(t.Context(), &nats.Msg{Subject: events.InboxSubject("acme"), Header: header, Data: body})
	if err != nil {
		t.Fatal(err)
	}
	return ack.Sequence
}

// checkInbox reads what the JavaScript client submitted.
func checkInbox(t *testing.T, b *bus.Bus) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	got := map[string]event.Event{}
	err := b.Consume(ctx, bus.Consumer{Name: "intake", Stream: bus.StreamInbox, Lanes: 1}, func(_ context.Context, d bus.Delivery) error {
		got[d.Event.ID()] = d.Event
		if len(got) == 3 {
			stop()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"T-binary", "T-structured"} {
		e, ok := got[id]
		if !ok {
			t.Errorf("%s did not arrive", id)
			continue
		}
		var data struct{ Reason string }
		if err := json.Unmarshal(e.Data(), &data); err != nil || data.Reason != hostile {
			t.Errorf("%s: data %s, %v", id, e.Data(), err)
		}
		if e.Subject() != hostile || e.Source() != "/desk" || events.Extension(e, "custom") != hostile || e.Time().IsZero() {
			t.Errorf("%s arrived as %s", id, e)
		}
	}
}
