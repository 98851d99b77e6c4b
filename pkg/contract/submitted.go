package contract

import (
	"encoding/json"
	"fmt"
	"mime"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"lifeboat.io/events"
)

// vmID is events.PatternVMID, compiled.
var vmID = regexp.MustCompile(events.PatternVMID)

// isVMID reports whether a text is a VMId the way lifeboat writes it.
func isVMID(s string) bool { return vmID.MatchString(s) }

// ValidateSubmitted holds a submitted ticket against the contract and decodes
// it. No reasons means it is well-formed; whether it is acceptable is judged
// elsewhere.
//
// With reasons, the ticket holds what can be trusted of System, Ticket,
// Revision, Account and Action, each of them empty where it cannot, so that the
// refusal can be addressed. Without System, Ticket and Account there is nobody
// to answer.
func ValidateSubmitted(e event.Event) (events.TicketSubmitted, []events.Reason) {
	compiled, err := schemas()
	if err != nil {
		return events.TicketSubmitted{}, []events.Reason{reason(NoSchema, wholeData, "", err.Error(), "report this as a fault of lifeboat")}
	}
	entry, _ := events.EntryOf(events.TicketSubmitted{})
	found := submittedEnvelope(e, entry)
	ticket, wrong := submittedData(compiled[entry.Type], e.Data())
	return ticket, append(found, wrong...)
}

// submittedEnvelope checks the attributes a ticket system writes.
func submittedEnvelope(e event.Event, entry events.Entry) []events.Reason {
	var found []events.Reason
	add := func(code Code, attribute, value, problem, fix string) {
		found = append(found, reason(code, attribute, value, problem, fix))
	}
	if e.Type() != entry.Type {
		add(NotOneOf, "type", e.Type(), "is not a submitted ticket", "write "+entry.Type)
	}
	for _, a := range []struct {
		name, value string
		most        int
	}{{"id", e.ID(), events.MaxID}, {"source", e.Source(), events.MaxName}} {
		switch n := utf8.RuneCountInString(a.value); {
		case n == 0:
			add(Missing, a.name, "", "is missing", "add it; CloudEvents asks for it")
		case n > a.most:
			add(TooLong, a.name, a.value, fmt.Sprintf("is %d characters long", n), fmt.Sprintf("use at most %d", a.most))
		}
	}
	if s := e.DataSchema(); s != "" && s != entry.SchemaURI() {
		add(NotOneOf, "dataschema", s, "is not the schema of a submitted ticket", "write "+entry.SchemaURI()+", or leave it out")
	}
	if c := e.DataContentType(); c != "" && !isJSON(c) {
		add(NotOneOf, "datacontenttype", c, "is not JSON", "write "+event.ApplicationJSON)
	}
	return found
}

// isJSON reports whether a content type is JSON, with or without parameters.
func isJSON(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && media == event.ApplicationJSON
}

// submittedData checks and decodes the data of a ticket.
func submittedData(schema *jsonschema.Schema, raw []byte) (events.TicketSubmitted, []events.Reason) {
	refuse := func(code Code, problem, fix string) (events.TicketSubmitted, []events.Reason) {
		return events.TicketSubmitted{}, []events.Reason{reason(code, wholeData, "", problem, fix)}
	}
	switch {
	case len(raw) == 0:
		return refuse(Missing, "is missing", "put the ticket into the event's data, as JSON")
	case len(raw) > events.MaxSubmittedBytes:
		return refuse(TooLarge, fmt.Sprintf("is %d bytes long", len(raw)), fmt.Sprintf("use at most %d; split the VMs into several tickets", events.MaxSubmittedBytes))
	case !utf8.Valid(raw):
		return refuse(WrongForm, "is not UTF-8", "encode the JSON as UTF-8")
	}
	var data any
	if err := json.Unmarshal(raw, &data); err != nil {
		return refuse(WrongForm, "is not JSON that can be read: "+plainError(err), "correct the JSON")
	}
	var found []violation
	twice := duplicates(raw)
	for _, location := range twice {
		found = append(found, violation{location, reason(Twice, field(data, location), "", "is there twice", "keep one")})
	}
	found = append(found, violations(schema, data, schema.Validate(data))...)
	if len(found) == 0 {
		ticket, err := decodeSubmitted(data)
		if err == nil {
			return ticket, nil
		}
		found = append(found, violation{nil, reason(WrongForm, wholeData, "", "cannot be read: "+plainError(err), "write times like 2026-03-02T09:00:00Z")})
	}
	return salvage(schema, data, twice), inOrder(found)
}

// decodeSubmitted decodes what was checked, rather than the text it came from,
// so that the two cannot differ. Schema and Go differ on few things, such as a
// leap second.
func decodeSubmitted(data any) (events.TicketSubmitted, error) {
	var ticket events.TicketSubmitted
	checked, err := json.Marshal(data)
	if err != nil {
		return ticket, err
	}
	return ticket, json.Unmarshal(checked, &ticket)
}

// salvage takes over from a malformed ticket what an answer must name, each
// part only if it is well-formed itself and there once.
func salvage(schema *jsonschema.Schema, data any, twice [][]string) events.TicketSubmitted {
	object, _ := data.(map[string]any)
	good := map[string]any{}
	for _, name := range []string{"system", "ticket", "revision", "account", "action"} {
		value, ok := object[name]
		again := slices.ContainsFunc(twice, func(l []string) bool { return l[0] == name })
		if ok && !again && schema.Properties[name].Validate(value) == nil {
			good[name] = value
		}
	}
	ticket, err := decodeSubmitted(good)
	if err != nil {
		return events.TicketSubmitted{} // texts and a whole number always decode
	}
	return ticket
}

// plainError is an error of encoding/json without its Go words.
func plainError(err error) string {
	return strings.TrimPrefix(err.Error(), "json: ")
}
