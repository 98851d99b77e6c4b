package contract

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/cloudevents/sdk-go/v2/event"

	"lifeboat.io/events"
)

// Error tells why an event is not what the contract says.
type Error struct {
	// Type and ID name the event.
	Type, ID string
	// Reasons are all faults that were found; at least one.
	Reasons []events.Reason
}

// Error implements error.
func (e *Error) Error() string {
	reasons := make([]string, len(e.Reasons))
	for i, r := range e.Reasons {
		reasons[i] = r.String()
	}
	return fmt.Sprintf("event %s %s breaks the contract: %s", e.Type, e.ID, strings.Join(reasons, " | "))
}

// Validate holds an event against the contract. What lifeboat writes must have
// its whole envelope, data that fits its schema, and a subject that names the
// ticket or VM the data is about. A submitted ticket is held against what is
// asked of ticket systems. The error is an *Error.
func Validate(e event.Event) error {
	entry, ok := events.EntryByType(e.Type())
	if !ok {
		return &Error{e.Type(), e.ID(), []events.Reason{reason(NotOneOf, "type", e.Type(), "is not in the catalogue", "use a type of package events")}}
	}
	var reasons []events.Reason
	if entry.Submitted() {
		_, reasons = ValidateSubmitted(e)
	} else {
		reasons = written(e, entry)
	}
	if len(reasons) > 0 {
		return &Error{e.Type(), e.ID(), reasons}
	}
	return nil
}

// written checks an event that lifeboat writes.
func written(e event.Event, entry events.Entry) []events.Reason {
	refuse := func(code Code, problem, fix string) []events.Reason {
		return []events.Reason{reason(code, wholeData, "", problem, fix)}
	}
	raw := e.Data()
	if len(raw) > events.MaxEventBytes {
		return refuse(TooLarge, fmt.Sprintf("is %d bytes long", len(raw)), fmt.Sprintf("use at most %d", events.MaxEventBytes))
	}
	compiled, err := schemas()
	if err != nil {
		return refuse(NoSchema, err.Error(), "render the schemas again")
	}
	var data any
	if err := json.Unmarshal(raw, &data); err != nil {
		return refuse(WrongForm, "is not JSON that can be read: "+plainError(err), "correct the JSON")
	}
	schema := compiled[entry.Type]
	found := violations(schema, data, schema.Validate(data))
	reasons := append(envelope(e, entry), inOrder(found)...)
	if len(reasons) > 0 {
		return reasons
	}
	return aboutSubject(e, entry, data)
}
