package executor

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"lifeboat.io/events"
	"lifeboat.io/pkg/telemetry"
	"lifeboat.io/services/failover-executor/run"
)

// stretch is the span of what lies between two events of a run. It begins when
// the last event was recorded, by that event's time, and ends with the next
// one's: so the spans of a run follow each other without a gap, whichever
// process made them and whatever time passed in between. Its id follows from
// the event it begins with: calls that one process made in it find their
// parent though another one ended it.
type stretch struct {
	key   string
	began time.Time
	span  trace.Span
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

// follows is the event that the present stretch begins with, and its time.
func (w *worker) follows() (key string, at time.Time) {
	if !w.state.Active() && len(w.mind.Orders) > 0 {
		return w.mind.Orders[0].ID, w.mind.Orders[0].AcceptedAt
	}
	return w.last.id, w.state.At
}

// beginStretch begins the span of the stretch that follows an event.
func (w *worker) beginStretch(ctx context.Context, key string, at time.Time) trace.Span {
	ctx = telemetry.Keyed(ctx, "stretch "+w.agg.String()+" "+key)
	_, span := w.x.tracer.Start(ctx, "failover", trace.WithTimestamp(at))
	return span
}

// inStretch is the context of the present stretch; calls to hosts are its
// children. A stretch that another process has ended meanwhile is dropped: the
// span is that one's to export.
func (w *worker) inStretch(ctx context.Context) context.Context {
	key, at := w.follows()
	if w.stretch == nil || w.stretch.key != key {
		w.stretch = &stretch{key: key, began: at, span: w.beginStretch(w.journey(ctx), key, at)}
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
	w.name(span, ask.Data)
	for _, l := range w.letters[ask.Settles] {
		if l.from.Trace.IsValid() {
			span.AddLink(trace.Link{SpanContext: l.from.Trace})
		}
	}
	return ctx
}

// name names a stretch by the event that ends it, and tells its attributes.
func (w *worker) name(span trace.Span, data any) {
	entry, _ := events.EntryOf(data)
	title, attributes := describe(data)
	if title == "" {
		title = "record " + entry.Event
		if w.state.Run != nil {
			attributes = refAttributes(w.state.Run.RunRef)
		}
	}
	span.SetName(title)
	span.SetAttributes(append(attributes,
		attribute.String("lifeboat.event", entry.Event),
		attribute.String("lifeboat.vm", w.agg.ID),
		attribute.String("lifeboat.account", w.agg.Account),
	)...)
}

// endStretch ends the present stretch with the event that was recorded. One
// whose end this process does not see is never exported: the process that
// records the next event begins it anew, from the same time and with the same id.
func (w *worker) endStretch(at time.Time) {
	if w.stretch != nil {
		w.stretch.end(at)
		w.stretch = nil
	}
}

// end ends the stretch; times of events are in whole milliseconds, and the
// first one's may therefore be before the beginning.
func (s *stretch) end(at time.Time) {
	if at.Before(s.began) {
		at = s.began
	}
	s.span.End(trace.WithTimestamp(at))
}

// retellWithin is how long before a run's last event a stretch may have ended
// that the executor which died since had not exported yet; longer than the
// export's delay and one failed try.
const retellWithin = 10 * time.Second

// retell makes the last stretches of a run anew whose executor has died, for
// it may have died before it exported them: a trace has no gap because of a
// crash. Those that were exported arrive twice, as the same span.
func (w *worker) retell(ctx context.Context) {
	if !w.state.Active() || w.state.Seq == w.recorded || w.x.rests(w.agg, w.state.Seq) {
		return // there is no run, or this process recorded its last event itself
	}
	if w.inStretch(ctx); !w.stretch.span.IsRecording() {
		return
	}
	history, err := w.x.Bus.History(ctx, w.agg)
	if err != nil || len(history) == 0 {
		w.log.WarnContext(ctx, "the trace of a run taken over may have a gap", "error", err)
		return
	}
	last := history[len(history)-1].Event.Time()
	for i := len(history) - 1; i >= 0 && last.Sub(history[i].Event.Time()) <= retellWithin; i-- {
		e, err := event(history[i])
		if err != nil {
			return // nor could it be folded: the worker says so
		}
		if planned, begins := e.Data.(*events.FailoverPlanned); begins {
			key := events.Extension(history[i].Event, events.ExtCausation) + "/" + w.agg.ID
			w.retellOne(ctx, key, planned.AcceptedAt, e)
			return // what was before is another run
		}
		if i > 0 {
			before := history[i-1].Event
			w.retellOne(ctx, before.ID(), before.Time(), e)
		}
	}
}

// retellOne makes the stretch anew that an event of the run ended.
func (w *worker) retellOne(ctx context.Context, key string, began time.Time, e run.Event) {
	s := stretch{began: began, span: w.beginStretch(w.journey(ctx), key, began)}
	w.name(s.span, e.Data)
	s.end(e.At)
}

// describe names a stretch and tells its attributes; "" where its end needs no
// words of its own.
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
		return "", nil
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
