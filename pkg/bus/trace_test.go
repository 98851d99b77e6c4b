package bus_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"lifeboat.io/events"
	"lifeboat.io/pkg/bus"
	"lifeboat.io/pkg/bus/bustest"
)

// TestTraceGoesWithTheEvent follows one event from its writer to its consumer,
// who appends another.
func TestTraceGoesWithTheEvent(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))
	b := bustest.Open(t, func(c *bus.Config) { c.Tracing = provider })

	const journey = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	agg, next := vm("vm-1"), vm("vm-2")
	ctx, ask := provider.Tracer("test").Start(t.Context(), "POST /v1/tickets")
	if _, err := b.Append(ctx, agg, 0, stepStarted(t, agg, "e-1", func(m *events.Meta) { m.TraceParent = journey })); err != nil {
		t.Fatal(err)
	}
	ask.End()
	done := make(chan bus.Delivery, 10)
	stop := consume(t, b, quick("executor"), func(ctx context.Context, d bus.Delivery) error {
		if d.Event.ID() != "e-1" {
			return nil
		}
		if d.Attempt == 1 {
			return errors.New("not yet")
		}
		_, err := b.Append(ctx, next, 0, stepStarted(t, next, "e-2"))
		done <- d
		return err
	})
	d := receive(t, "the delivery", done)
	bustest.Eventually(t, 10e9, "all spans have ended", func() bool { return len(named(spans, "process ")) >= 3 })
	stop()

	publish := named(spans, "publish lifeboat.failover.{account}.{id}.step-started")
	process := named(spans, "process lifeboat.failover.{account}.{id}.step-started")
	if len(publish) != 2 || len(process) != 3 {
		t.Fatalf("%d publish and %d process spans", len(publish), len(process))
	}
	first := publish[0]
	if first.SpanKind() != trace.SpanKindProducer || first.Parent().SpanID() != ask.SpanContext().SpanID() {
		t.Errorf("publish is a %s under %s", first.SpanKind(), first.Parent().SpanID())
	}
	if d.Trace.SpanID() != first.SpanContext().SpanID() || !d.Trace.IsRemote() {
		t.Errorf("the delivery came by %v, want the publish", d.Trace)
	}
	for i, attempt := range process[:2] {
		if attempt.SpanKind() != trace.SpanKindConsumer || attempt.Parent().SpanID() != first.SpanContext().SpanID() || attempt.SpanContext().TraceID() != ask.SpanContext().TraceID() {
			t.Errorf("attempt %d is a %s under %s", i+1, attempt.SpanKind(), attempt.Parent().SpanID())
		}
		if links := attempt.Links(); len(links) != 1 || links[0].SpanContext.SpanID().String() != "b7ad6b7169203331" {
			t.Errorf("attempt %d links to %v, want the start of the journey", i+1, links)
		}
	}
	if process[0].Status().Code != codes.Error || process[1].Status().Code == codes.Error {
		t.Errorf("outcomes %v, %v; want an error, then none", process[0].Status(), process[1].Status())
	}
	if publish[1].Parent().SpanID() != process[1].SpanContext().SpanID() {
		t.Error("what the handler appends is not under its span")
	}
	want := map[string]string{
		"messaging.system":                  "nats",
		"messaging.operation.name":          "process",
		"messaging.operation.type":          "process",
		"messaging.destination.name":        agg.Subject("step-started"),
		"messaging.destination.template":    "lifeboat.failover.{account}.{id}.step-started",
		"messaging.message.id":              "e-1",
		"messaging.message.conversation_id": "desk~T-1",
		"messaging.consumer.group.name":     "executor",
		"cloudevents.event_id":              "e-1",
		"cloudevents.event_source":          "/lifeboat/test",
		"cloudevents.event_type":            "io.lifeboat.failover.step-started.v1",
		"cloudevents.event_subject":         agg.String(),
	}
	got := map[string]string{}
	for _, a := range process[1].Attributes() {
		got[string(a.Key)] = a.Value.String()
	}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("attribute %s = %q, want %q", name, got[name], value)
		}
	}
	if got["messaging.nats.delivery_attempt"] != attribute.IntValue(2).String() {
		t.Errorf("attempt %q", got["messaging.nats.delivery_attempt"])
	}
}

// named finds spans by the beginning of their names, in the order they began.
func named(spans *tracetest.SpanRecorder, prefix string) []sdktrace.ReadOnlySpan {
	var found []sdktrace.ReadOnlySpan
	for _, s := range spans.Ended() {
		if strings.HasPrefix(s.Name(), prefix) {
			found = append(found, s)
		}
	}
	slices.SortFunc(found, func(a, b sdktrace.ReadOnlySpan) int { return a.StartTime().Compare(b.StartTime()) })
	return found
}

// TestTraceHeadersOnTheWire: the hop's header is lower case and rewritten, the
// event's own extension is left alone.
func TestTraceHeadersOnTheWire(t *testing.T) {
	provider := sdktrace.NewTracerProvider()
	b := bustest.Open(t, listening, func(c *bus.Config) { c.Tracing = provider })
	const journey = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	agg := vm("vm-1")
	if _, err := b.Append(t.Context(), agg, 0, stepStarted(t, agg, "e-1", func(m *events.Meta) { m.TraceParent = journey })); err != nil {
		t.Fatal(err)
	}
	header := storedHeader(t, b, 1)
	if header["ce-traceparent"] != journey {
		t.Errorf("ce-traceparent %q", header["ce-traceparent"])
	}
	if hop := header["traceparent"]; !strings.HasPrefix(hop, "00-") || hop == journey {
		t.Errorf("traceparent %q", hop)
	}
}

func TestNoTraceHeadersWhenOff(t *testing.T) {
	b := bustest.Open(t, listening)
	fill(t, b, vm("vm-1"), 1)
	if hop, there := storedHeader(t, b, 1)["traceparent"]; there {
		t.Errorf("traceparent %q although nothing is traced", hop)
	}
}

func storedHeader(t testing.TB, b *bus.Bus, seq uint64) map[string]string {
	t.Helper()
	js, err := jetstream.New(dial(t, b.URL()))
	if err != nil {
		t.Fatal(err)
	}
	s, err := js.Stream(t.Context(), bus.StreamEvents)
	if err != nil {
		t.Fatal(err)
	}
	m, err := s.GetMsg(t.Context(), seq)
	if err != nil {
		t.Fatal(err)
	}
	flat := map[string]string{}
	for name, values := range m.Header {
		flat[name] = values[0]
	}
	return flat
}

func TestAsSpeaksForAnotherService(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	b := bustest.Open(t)
	other := b.As("ticket-intake", sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)))
	fill(t, other, vm("vm-1"), 1)
	if len(spans.Ended()) != 1 {
		t.Errorf("%d spans, want the other service's one", len(spans.Ended()))
	}
	if err := other.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := b.Healthy(); err != nil {
		t.Errorf("closing a view closed the bus: %v", err)
	}
}
