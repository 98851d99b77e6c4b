package events

import (
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
)

// Names of the CloudEvents extension attributes lifeboat's events carry.
const (
	// ExtTraceParent is the W3C trace context of the journey's start, copied from event to event.
	ExtTraceParent = "traceparent"
	// ExtTraceState goes with ExtTraceParent.
	ExtTraceState = "tracestate"
	// ExtSequence counts an aggregate's events from 1, as ten decimal digits.
	ExtSequence = "sequence"
	// ExtCorrelation is the ticket: the aggregate id of the ticket all this is for.
	ExtCorrelation = "correlationid"
	// ExtCausation is the id of the event this one is the answer to.
	ExtCausation = "causationid"
)

// SchemaBase is where the schemas are published. Schema addresses are stable
// names; a copy of every schema is in this module and served by ticket-intake.
const SchemaBase = "https://lifeboat.io/schema/"

// Meta is what an event's envelope says beside its data.
type Meta struct {
	// ID is unique per event; the same logical event keeps its id however often it is published.
	ID string
	// Source is the writer, such as "/lifeboat/failover-executor".
	Source string
	// Time is when it happened, by the writer's clock.
	Time time.Time
	// Sequence counts the aggregate's events from 1.
	Sequence uint64
	// Correlation is the ticket's aggregate id.
	Correlation string
	// Causation is the id of the event that led to this one; may be empty.
	Causation string
	// TraceParent and TraceState are the trace the journey began in; may be empty.
	TraceParent, TraceState string
}

// New wraps data, one of the structs of this package, into a CloudEvent of its
// aggregate. It fails on data that the catalogue does not know. Lists that are
// always there are written [] when they are nil.
func New(agg Aggregate, meta Meta, data any) (event.Event, error) {
	entry, ok := EntryOf(data)
	if !ok {
		return event.Event{}, fmt.Errorf("no event type for %T in the catalogue", data)
	}
	if v := reflect.ValueOf(data); v.Kind() == reflect.Pointer && v.IsNil() {
		return event.Event{}, fmt.Errorf("event %s: data is nil", entry.Type)
	}
	if entry.Family != agg.Family {
		return event.Event{}, fmt.Errorf("event %s does not belong to family %s", entry.Type, agg.Family)
	}
	e := event.New()
	e.SetID(meta.ID)
	e.SetSource(meta.Source)
	e.SetType(entry.Type)
	e.SetSubject(agg.String())
	e.SetTime(meta.Time.UTC())
	e.SetDataSchema(entry.SchemaURI())
	if meta.Sequence > 0 {
		e.SetExtension(ExtSequence, fmt.Sprintf("%010d", meta.Sequence))
	}
	for name, value := range map[string]string{
		ExtCorrelation: meta.Correlation,
		ExtCausation:   meta.Causation,
		ExtTraceParent: meta.TraceParent,
		ExtTraceState:  meta.TraceState,
	} {
		if value != "" {
			e.SetExtension(name, value)
		}
	}
	if err := e.SetData(event.ApplicationJSON, withLists(data)); err != nil {
		return event.Event{}, fmt.Errorf("event %s: encode data: %w", entry.Type, err)
	}
	if err := e.Validate(); err != nil {
		return event.Event{}, fmt.Errorf("event %s: %w", entry.Type, err)
	}
	return e, nil
}

// Decode returns the event's data as a pointer to the struct its type names.
// Unknown members are ignored, so that a newer writer can add to a version.
func Decode(e event.Event) (any, error) {
	entry, ok := EntryByType(e.Type())
	if !ok {
		return nil, fmt.Errorf("event type %q is not in the catalogue", e.Type())
	}
	data := entry.New()
	if err := json.Unmarshal(e.Data(), data); err != nil {
		return nil, fmt.Errorf("event %s %s: data: %w", entry.Type, e.ID(), err)
	}
	return data, nil
}

// Extension returns a string extension attribute, or "".
func Extension(e event.Event, name string) string {
	value, _ := e.Extensions()[name].(string)
	return value
}
