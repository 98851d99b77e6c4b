package bus

import (
	"context"
	"strings"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/nats-io/nats.go"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"lifeboat.io/events"
	"lifeboat.io/pkg/telemetry/journey"
)

// Two carriers travel with an event and mean two things. The message header
// "traceparent" is this hop's context, written at each publish. The event's
// own extension traceparent is where the journey began; writers copy it from
// event to event and the bus never touches it.

// w3c reads and writes W3C trace context, whatever the process-wide
// propagator is: the wire must not depend on it.
var w3c = propagation.TraceContext{}

// carrier is a message's headers as the propagator sees them. The library's
// own carrier would write "Traceparent", and NATS headers know case.
type carrier nats.Header

func (c carrier) Get(key string) string {
	if values := c[key]; len(values) > 0 {
		return values[0]
	}
	return ""
}

func (c carrier) Set(key, value string) { c[strings.ToLower(key)] = []string{value} }

func (c carrier) Keys() []string {
	keys := make([]string, 0, len(c))
	for key := range c {
		keys = append(keys, key)
	}
	return keys
}

// hop is the context of the publish that a message came by.
func hop(h nats.Header) trace.SpanContext {
	return trace.SpanContextFromContext(w3c.Extract(context.Background(), carrier(h)))
}

// template is a subject with its names left out, so that span names stay few.
func template(subject string) string {
	if agg, name, err := events.ParseSubject(subject); err == nil {
		return "lifeboat." + string(agg.Family) + ".{account}.{id}." + name
	}
	if strings.HasPrefix(subject, strings.TrimSuffix(events.InboxFilter, "*")) {
		return strings.TrimSuffix(events.InboxFilter, "*") + "{account}"
	}
	for _, prefix := range []string{armedPrefix, duePrefix} {
		if strings.HasPrefix(subject, prefix+".") {
			return prefix + ".{owner}.{key}"
		}
	}
	return "lifeboat.other"
}

// attributesOf are the attributes of messaging spans. "nats" is not among the
// systems the conventions list; they allow others.
func attributesOf(operation, kind, subject string, e *event.Event) []attribute.KeyValue {
	attributes := []attribute.KeyValue{
		attribute.String("messaging.system", "nats"),
		attribute.String("messaging.operation.name", operation),
		attribute.String("messaging.operation.type", kind),
		attribute.String("messaging.destination.name", subject),
		attribute.String("messaging.destination.template", template(subject)),
	}
	if e == nil {
		return attributes
	}
	attributes = append(attributes,
		attribute.String("messaging.message.id", e.ID()),
		attribute.String("cloudevents.event_id", e.ID()),
		attribute.String("cloudevents.event_source", e.Source()),
		attribute.String("cloudevents.event_type", e.Type()),
		attribute.String("cloudevents.event_subject", e.Subject()),
	)
	if ticket := events.Extension(*e, events.ExtCorrelation); ticket != "" {
		attributes = append(attributes, attribute.String("messaging.message.conversation_id", ticket))
	}
	return attributes
}

// startPublish begins the span of a publish and writes its context into the message.
func (b *Bus) startPublish(ctx context.Context, m *nats.Msg, e *event.Event) (context.Context, trace.Span) {
	ctx, span := b.tracer.Start(ctx, "publish "+template(m.Subject), trace.WithSpanKind(trace.SpanKindProducer))
	if span.IsRecording() {
		span.SetAttributes(attributesOf("publish", "send", m.Subject, e)...)
	}
	w3c.Inject(ctx, carrier(m.Header))
	return ctx, span
}

// startProcess begins the span of one handling: child of the publish it came
// by, linked to the start of the journey when that is elsewhere.
func (b *Bus) startProcess(ctx context.Context, consumer string, m *message, e *event.Event) (context.Context, trace.Span) {
	ctx = trace.ContextWithRemoteSpanContext(ctx, hop(m.header))
	var links []trace.Link
	if e != nil {
		if link, ok := journey.Link(ctx, *e); ok {
			links = append(links, link)
		}
	}
	ctx, span := b.tracer.Start(ctx, "process "+template(m.subject),
		trace.WithSpanKind(trace.SpanKindConsumer), trace.WithLinks(links...))
	if span.IsRecording() {
		span.SetAttributes(attributesOf("process", "process", m.subject, e)...)
		span.SetAttributes(
			attribute.String("messaging.consumer.group.name", consumer),
			attribute.Int("messaging.nats.delivery_attempt", m.attempt),
		)
	}
	return ctx, span
}

// endSpan closes a span with the outcome of what it spans.
func endSpan(span trace.Span, err error) {
	if err != nil {
		span.RecordError(err)
		span.SetStatus(codes.Error, err.Error())
	}
	span.End()
}
