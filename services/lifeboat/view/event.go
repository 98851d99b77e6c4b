package view

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"lifeboat.io/events"
)

// Event is a recorded event as the views see it.
type Event struct {
	// Seq is its place in the log.
	Seq uint64
	// Aggregate is what it belongs to.
	Aggregate events.Aggregate
	// ID and Type are its CloudEvents id and type.
	ID, Type string
	// At is its time.
	At time.Time
	// Data is its decoded data, as events.Decode returns it; nil when the type is not known here.
	Data any
	// Run says which run it is about; empty for other families.
	Run events.RunRef
	// Trace is the id of the trace its journey began in; empty when it was not traced.
	Trace string
	// Sentence tells it in one line.
	Sentence string
}

// Of makes an Event of a stored one. An event that cannot be decoded, as a
// newer version may have written it, keeps its envelope.
func Of(seq uint64, e event.Event) Event {
	v := Event{
		Seq: seq, ID: e.ID(), Type: e.Type(), At: e.Time(),
		Trace: traceID(events.Extension(e, events.ExtTraceParent)), Sentence: events.Sentence(e),
	}
	v.Aggregate, _ = events.ParseAggregate(e.Subject()) // empty when it has none
	if data, err := events.Decode(e); err == nil {
		v.Data = data
	}
	if v.Aggregate.Family == events.FamilyFailover {
		// Read apart from the data, so that types not known here find their run too.
		_ = json.Unmarshal(e.Data(), &v.Run)
	}
	return v
}

// traceID is the trace's id within a W3C traceparent.
func traceID(parent string) string {
	parts := strings.Split(parent, "-")
	if len(parts) != 4 || len(parts[1]) != 32 {
		return ""
	}
	return parts[1]
}
