package journey

import (
	"context"

	"github.com/cloudevents/sdk-go/v2/event"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"lifeboat.io/events"
)

// w3c is fixed, whatever the process-wide propagator is: events are a contract.
var w3c = propagation.TraceContext{}

// Start is where an event's journey began; not valid when it is not known or
// not readable.
func Start(e event.Event) trace.SpanContext {
	return trace.SpanContextFromContext(w3c.Extract(context.Background(), propagation.MapCarrier{
		events.ExtTraceParent: events.Extension(e, events.ExtTraceParent),
		events.ExtTraceState:  events.Extension(e, events.ExtTraceState),
	}))
}

// Begin writes the current span as the start of a journey into the envelope of
// its first event. Without a span, or when a start stands there already, it
// changes nothing.
func Begin(ctx context.Context, meta *events.Meta) {
	if meta.TraceParent != "" {
		return
	}
	carrier := propagation.MapCarrier{}
	w3c.Inject(ctx, carrier)
	meta.TraceParent, meta.TraceState = carrier[events.ExtTraceParent], carrier[events.ExtTraceState]
}

// Continue copies the start of a journey from an event into the envelope of
// one that it causes.
func Continue(cause event.Event, meta *events.Meta) {
	if !Start(cause).IsValid() {
		return
	}
	meta.TraceParent = events.Extension(cause, events.ExtTraceParent)
	meta.TraceState = events.Extension(cause, events.ExtTraceState)
}

// Link leads a span to the start of an event's journey; ok is false when there
// is none, or when it is the span in ctx itself.
func Link(ctx context.Context, e event.Event) (link trace.Link, ok bool) {
	start := Start(e)
	if !start.IsValid() || start.SpanID() == trace.SpanContextFromContext(ctx).SpanID() {
		return trace.Link{}, false
	}
	return trace.Link{SpanContext: start}, true
}
