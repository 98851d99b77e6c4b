package journey_test

import (
	"context"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace"

	"lifeboat.io/events"
	"lifeboat.io/pkg/telemetry/journey"
)

const (
	parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	state  = "vendor=value"
)

func spanContext(t *testing.T) trace.SpanContext {
	t.Helper()
	traceID, err := trace.TraceIDFromHex("0af7651916cd43dd8448eb211c80319c")
	if err != nil {
		t.Fatal(err)
	}
	spanID, err := trace.SpanIDFromHex("b7ad6b7169203331")
	if err != nil {
		t.Fatal(err)
	}
	ts, err := trace.ParseTraceState(state)
	if err != nil {
		t.Fatal(err)
	}
	return trace.NewSpanContext(trace.SpanContextConfig{TraceID: traceID, SpanID: spanID, TraceFlags: trace.FlagsSampled, TraceState: ts})
}

func TestJourneyIsBegunOnceAndCopied(t *testing.T) {
	agg := events.Aggregate{Family: events.FamilyTicket, Account: "acme", ID: "desk~T-1"}
	ctx := trace.ContextWithSpanContext(context.Background(), spanContext(t))
	meta := events.Meta{ID: "1", Source: "/s", Time: time.Unix(0, 0)}
	journey.Begin(ctx, &meta)
	if meta.TraceParent != parent || meta.TraceState != state {
		t.Fatalf("begun as %q, %q", meta.TraceParent, meta.TraceState)
	}
	journey.Begin(context.Background(), &meta)
	if meta.TraceParent != parent {
		t.Fatal("begun twice")
	}
	first, err := events.New(agg, meta, events.TicketClosed{})
	if err != nil {
		t.Fatal(err)
	}
	if got := journey.Start(first); got.SpanID().String() != "b7ad6b7169203331" || !got.IsRemote() || got.TraceState().String() != state {
		t.Fatalf("the event began at %v", got)
	}
	next := events.Meta{ID: "2", Source: "/s", Time: time.Unix(0, 0)}
	journey.Continue(first, &next)
	if next.TraceParent != parent || next.TraceState != state {
		t.Fatalf("continued as %q, %q", next.TraceParent, next.TraceState)
	}
	if _, ok := journey.Link(ctx, first); ok {
		t.Error("a span is linked to itself")
	}
	if link, ok := journey.Link(context.Background(), first); !ok || link.SpanContext.TraceID() != spanContext(t).TraceID() {
		t.Errorf("link %v, %v", link, ok)
	}
}

func TestJourneyUnknownOrUnreadable(t *testing.T) {
	agg := events.Aggregate{Family: events.FamilyTicket, Account: "acme", ID: "desk~T-1"}
	for name, traceParent := range map[string]string{"none": "", "garbage": "00-zz", "zero": "00-00000000000000000000000000000000-0000000000000000-00"} {
		e, err := events.New(agg, events.Meta{ID: "1", Source: "/s", Time: time.Unix(0, 0), TraceParent: traceParent}, events.TicketClosed{})
		if err != nil {
			t.Fatal(err)
		}
		if journey.Start(e).IsValid() {
			t.Errorf("%s: has a start", name)
		}
		var meta events.Meta
		journey.Continue(e, &meta)
		if meta.TraceParent != "" {
			t.Errorf("%s: was copied", name)
		}
		if _, ok := journey.Link(context.Background(), e); ok {
			t.Errorf("%s: gives a link", name)
		}
	}
	var meta events.Meta
	journey.Begin(context.Background(), &meta)
	if meta.TraceParent != "" {
		t.Error("a journey was begun without a span")
	}
}
