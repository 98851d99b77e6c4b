package executor

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"lifeboat.io/events"
	"lifeboat.io/services/failover-executor/run"
)

// stretch is the span of what lies between two events of a run. It begins when
// the last event was recorded, by that event's time, and ends with the next
// one's: so the spans of a run follow each other without a gap, whichever
// process made them and whatever time passed in between.
type stretch struct {
	ctx  context.Context
	span trace.Span
}

// journey is where the ticket's trace began.
func (w *worker) journey(ctx context.Context) context.Context {
	parent, state := w.last.traceParent, w.last.traceState
	if len(w.mind.Orders) > 0 && !w.state.Active() {
		if letters := w.letters[w.mind.Orders[0].ID]; len(letters) > 0 {
			from := letters[0].from.Event
			parent, state = events.Extension(from, events.ExtTraceParent), events.Extension(from, events.ExtTraceState)
		}
	}
	carrier := propagation.MapCarrier{"traceparent": parent, "tracestate": state}
	return propagation.TraceContext{}.Extract(ctx, carrier)
}

// inStretch is the context of the present stretch; calls to hosts are its children.
func (w *worker) inStretch(ctx context.Context) context.Context {
	if w.stretch == nil {
		began := time.Now()
		if w.state.Active() {
			began = w.state.At
		} else if len(w.mind.Orders) > 0 {
			began = w.mind.Orders[0].AcceptedAt
		}
		spanCtx, span := w.x.tracer.Start(w.journey(ctx), "failover", trace.WithTimestamp(began))
		w.stretch = &stretch{ctx: spanCtx, span: span}
	}
	return trace.ContextWithSpan(ctx, w.stretch.span)
}

// within names the present stretch by what ends it, and returns its context.
func (w *worker) within(ctx context.Context, ask run.Ask) context.Context {
	ctx = w.inStretch(ctx)
	span := w.stretch.span
	if !span.IsRecording() {
		return ctx
	}
	entry, _ := events.EntryOf(ask.Data)
	title, attributes := describe(ask.Data)
	span.SetName(title)
	span.SetAttributes(append(attributes,
		attribute.String("lifeboat.event", entry.Event),
		attribute.String("lifeboat.vm", w.agg.ID),
		attribute.String("lifeboat.account", w.agg.Account),
	)...)
	for _, l := range w.letters[ask.Settles] {
		if l.from.Trace.IsValid() {
			span.AddLink(trace.Link{SpanContext: l.from.Trace})
		}
	}
	return ctx
}

// endStretch ends the present stretch with the event that was recorded. One
// whose end this process does not see is never exported: the process that
// records the next event begins it anew, from the same time.
func (w *worker) endStretch(at time.Time) {
	if w.stretch != nil {
		w.stretch.span.End(trace.WithTimestamp(at))
		w.stretch = nil
	}
}

// describe names a stretch and tells its attributes.
func describe(data any) (string, []attribute.KeyValue) {
	switch d := data.(type) {
	case *events.FailoverPlanned:
		return "plan " + string(d.Kind), refAttributes(d.RunRef)
	case *events.FailoverRefused:
		return "refuse", refAttributes(d.RunRef)
	case *events.StepStarted:
		return "begin " + string(d.Step), stepAttributes(d.RunRef, d.Step, d.Host, "started")
	case *events.StepDone:
		return "step " + string(d.Step), stepAttributes(d.RunRef, d.Step, d.Host, string(d.How))
	case *events.StepFailed:
		return "step " + string(d.Step), stepAttributes(d.RunRef, d.Step, d.Host, string(d.Fault.Class))
	case *events.FailoverHeld:
		return "hold", append(refAttributes(d.RunRef), attribute.String("lifeboat.hold", string(d.Code)))
	case *events.FailoverResumed:
		return "held", append(refAttributes(d.RunRef), attribute.String("lifeboat.choice", string(d.Choice)))
	case *events.FailoverInstructed:
		return "window", append(refAttributes(d.RunRef), attribute.String("lifeboat.action", string(d.Action)))
	default:
		return "record", nil
	}
}

func refAttributes(r events.RunRef) []attribute.KeyValue {
	return []attribute.KeyValue{
		attribute.String("lifeboat.run", r.Run),
		attribute.String("lifeboat.kind", string(r.Kind)),
		attribute.String("messaging.message.conversation_id", r.Ticket.Aggregate()),
	}
}

func stepAttributes(r events.RunRef, step events.Step, host, outcome string) []attribute.KeyValue {
	return append(refAttributes(r),
		attribute.String("lifeboat.step", string(step)),
		attribute.String("lifeboat.host", host),
		attribute.String("lifeboat.outcome", outcome),
	)
}
