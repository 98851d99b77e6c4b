package contract

import (
	"regexp"
	"strings"

	"github.com/cloudevents/sdk-go/v2/event"

	"lifeboat.io/events"
)

// sequence is ten decimal digits that count from 1.
var sequence = regexp.MustCompile(`^[0-9]{10}$`)

// noSequence is the count no event has.
const noSequence = "0000000000"

// envelope checks the attributes of an event that lifeboat writes.
func envelope(e event.Event, entry events.Entry) []events.Reason {
	var reasons []events.Reason
	check := func(ok bool, attribute, value, problem, fix string) {
		if !ok {
			reasons = append(reasons, reason(BadEnvelope, attribute, value, problem, fix))
		}
	}
	source, count := entry.Family.Source(), events.Extension(e, events.ExtSequence)
	agg, err := events.ParseAggregate(e.Subject())
	check(e.ID() != "", "id", "", "is missing", "give the event an id that is the same whenever it is published")
	check(e.Source() == source || strings.HasPrefix(e.Source(), source+"/"), "source", e.Source(),
		"is not the writer of this family", "use "+source+" or a path below it")
	check(err == nil && agg.Family == entry.Family, "subject", e.Subject(), "is not an aggregate of this family",
		"use Aggregate.String: "+string(entry.Family)+"/<account>/<id>")
	check(!e.Time().IsZero(), "time", "", "is missing", "say when it happened")
	check(e.DataSchema() == entry.SchemaURI(), "dataschema", e.DataSchema(), "is not the schema of this type", "use "+entry.SchemaURI())
	check(isJSON(e.DataContentType()), "datacontenttype", e.DataContentType(), "is not JSON", "use "+event.ApplicationJSON)
	check(sequence.MatchString(count) && count != noSequence, events.ExtSequence, count,
		"is not the event's number within its aggregate", "count from 1, as ten decimal digits")
	check(events.Extension(e, events.ExtCorrelation) != "", events.ExtCorrelation, "", "is missing",
		"name the ticket all this is for, by its aggregate id")
	return reasons
}

// aboutSubject checks that an event stands in the aggregate its data is about:
// published elsewhere, it would go past the lock that keeps one VM in one run.
// Envelope and data are valid.
func aboutSubject(e event.Event, entry events.Entry, data any) []events.Reason {
	agg, _ := events.ParseAggregate(e.Subject())
	var about string
	switch entry.Family {
	case events.FamilyTicket:
		about = events.TicketID(textAt(data, "system"), textAt(data, "ticket"))
	case events.FamilyFailover:
		about = textAt(data, "vm", "id")
	case events.FamilyReplication, events.FamilyCloud, events.FamilyAlert:
		return nil
	}
	if about == agg.ID {
		return nil
	}
	return []events.Reason{reason(BadEnvelope, "subject", e.Subject(), "is not what the data is about", "use the aggregate of "+about)}
}

// textAt is the text at a location, or "".
func textAt(data any, location ...string) string {
	v, _ := find(data, location)
	s, _ := v.(string)
	return s
}
