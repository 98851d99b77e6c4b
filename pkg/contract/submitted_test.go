package contract

import (
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"pgregory.net/rapid"

	"lifeboat.io/events"
)

// vm is a VMId for tests.
const vm = "3b5c1d9e-7f24-4a60-9c1b-52d0e8a7f611"

// submit wraps data the way a ticket system that writes the least would.
func submit(data string) event.Event {
	e := event.New()
	e.SetID("1")
	e.SetSource("https://desk.example.com")
	e.SetType("io.lifeboat.ticket.submitted.v1")
	e.DataEncoded = []byte(data)
	return e
}

// ticket is the members every ticket has, with the action and more members.
func ticket(action, more string) string {
	return `{"system":"desk","ticket":"DR-1","revision":1,"account":"acme",` +
		`"requester":{"name":"Ada Example","email":"ada@acme.example"},"action":"` + action + `"` + more + `}`
}

func TestValidateSubmittedAccepts(t *testing.T) {
	const vms = `,"vms":[{"name":"web01"}]`
	for name, data := range map[string]string{
		"test":                  ticket("test", vms),
		"test with options":     ticket("test", vms+`,"test":{"switch":"Isolated","adapters":[{"adapter":"Backup","switch":""}],"holdOpenMinutes":0}`),
		"planned in a window":   ticket("planned", vms+`,"window":{"notBefore":"2026-03-02T09:00:00+01:00"}`),
		"planned from latest":   ticket("planned", vms+`,"recoveryPoint":"latest"`),
		"unplanned":             ticket("unplanned", `,"vms":[{"id":"`+vm+`"}],"recoveryPoint":"2026-03-02T09:00:00Z","unplanned":{"shutDownPrimary":true}`),
		"cleanup of all":        ticket("cleanup", `,"refers":"DR-0"`),
		"commit":                ticket("commit", vms),
		"cancel":                ticket("cancel", `,"reason":"put off"`),
		"resume":                ticket("resume", `,"refers":"DR-0","choice":"retry","reason":"the link is back"`),
		"whole number as float": strings.Replace(ticket("cancel", ""), `"revision":1`, `"revision":1.0`, 1),
		"revision is a time":    strings.Replace(ticket("cancel", ""), `"revision":1`, `"revision":1772442000000`, 1),
		"names of any kind":     ticket("test", `,"vms":[{"name":"'; Remove-VM * #"},{"name":"Zürich \u0000\n“1”"}]`),
	} {
		t.Run(name, func(t *testing.T) {
			got, reasons := ValidateSubmitted(submit(data))
			if len(reasons) > 0 {
				t.Fatalf("refused: %v", reasons)
			}
			if got.System != "desk" || got.Requester.Email != "ada@acme.example" || got.Revision < 1 {
				t.Errorf("decoded %+v", got)
			}
		})
	}
}

func TestValidateSubmittedRefuses(t *testing.T) {
	const vms = `,"vms":[{"name":"web01"}]`
	const notKnown = "is not known here"
	type reasons []events.Reason
	for name, test := range map[string]struct {
		data string
		want reasons
	}{
		"misspelt window": {ticket("planned", vms+`,"windows":{"notBefore":"2026-04-11T22:00:00Z"}`),
			reasons{{Code: "unknown-member", Field: "windows", Problem: notKnown, Fix: "write window"}}},
		"other case": {ticket("test", vms+`,"Reason":"x"`),
			reasons{{Code: "unknown-member", Field: "Reason", Problem: notKnown, Fix: "write reason"}}},
		"member in the wrong place": {ticket("unplanned", vms+`,"override":{}`),
			reasons{{Code: "unknown-member", Field: "override", Problem: notKnown, Fix: "write it as unplanned.override"}}},
		"member nobody could have meant": {ticket("test", vms+`,"password":"hunter2"`),
			reasons{{Code: "unknown-member", Field: "password", Problem: notKnown,
				Fix: "leave it out; known here are account, action, choice, reason, recoveryPoint, refers, requester, revision, system, test, ticket, unplanned, url, vms, window"}}},
		"secret in a member out of place": {ticket("cleanup", `,"window":{"password":"hunter2"}`),
			reasons{{Code: "out-of-place", Field: "window", Problem: "has no effect with action cleanup",
				Fix: "leave it out; it goes with test, planned, unplanned"},
				{Code: "unknown-member", Field: "window.password", Problem: notKnown, Fix: "leave it out; known here are notAfter, notBefore"}}},
		"misspelt deep inside": {ticket("test", `,"vms":[{"name":"web01"},{"nam":"web02"}]`),
			reasons{{Code: "unknown-member", Field: "vms[1].nam", Problem: notKnown, Fix: "write name"}}},
		"member that is no word": {ticket("test", vms+`,"a\n.b[0]":1`),
			reasons{{Code: "unknown-member", Field: `["a\n.b[0]"]`, Problem: notKnown,
				Fix: "leave it out; known here are account, action, choice, reason, recoveryPoint, refers, requester, revision, system, test, ticket, unplanned, url, vms, window"}}},
		"no VMs": {ticket("test", ""),
			reasons{{Code: "missing", Field: "vms", Problem: "is missing, and test needs it",
				Fix: "add it: vms are the VMs it is asked for, each by id or by name. Each is answered on its own. A cleanup, commit, cancel or resume may leave it out to mean every VM of the ticket it refers to"}}},
		"empty list of VMs": {ticket("cleanup", `,"vms":[]`),
			reasons{{Code: "empty", Field: "vms", Problem: "is an empty list", Fix: "give at least one entry, or leave it out"}}},
		"VM without a name": {ticket("test", `,"vms":[{}]`),
			reasons{{Code: "empty", Field: "vms[0]", Problem: "is empty", Fix: "give id or name"}}},
		"VM twice": {ticket("test", `,"vms":[{"name":"a"},{"name":"b"},{"name":"a"}]`),
			reasons{{Code: "twice", Field: "vms[2]", Problem: "is there twice", Fix: "keep entry 0 and leave this one out"}}},
		"VMId in braces": {ticket("test", `,"vms":[{"id":"{3B5C1D9E-7F24-4A60-9C1B-52D0E8A7F611}"}]`),
			reasons{{Code: "wrong-form", Field: "vms[0].id", Value: "{3B5C1D9E-7F24-4A60-9C1B-52D0E8A7F611}", Problem: "is not a VMId", Fix: "write " + vm}}},
		"no VMId": {ticket("test", `,"vms":[{"id":"web01"}]`),
			reasons{{Code: "wrong-form", Field: "vms[0].id", Value: "web01", Problem: "is not a VMId",
				Fix: "write the GUID in lower case without braces, like d4927c3b-0e58-4d6a-a1f7-93b6e5c8201f"}}},
		"unknown action": {ticket("Planed", vms),
			reasons{{Code: "not-one-of", Field: "action", Value: "Planed", Problem: "is not a value known here",
				Fix: "write planned; known are test, planned, unplanned, cleanup, commit, cancel, resume"}}},
		"window on a cleanup": {ticket("cleanup", `,"window":{}`),
			reasons{{Code: "out-of-place", Field: "window", Problem: "has no effect with action cleanup",
				Fix: "leave it out; it goes with test, planned, unplanned"}}},
		"override on a planned failover": {ticket("planned", vms+`,"unplanned":{}`),
			reasons{{Code: "out-of-place", Field: "unplanned", Problem: "has no effect with action planned",
				Fix: "leave it out; it goes with unplanned"}}},
		"recovery point on a planned failover": {ticket("planned", vms+`,"recoveryPoint":"2026-03-02T09:00:00Z"`),
			reasons{{Code: "not-one-of", Field: "recoveryPoint", Value: "2026-03-02T09:00:00Z", Problem: "is not what this action takes",
				Fix: `write "latest", or leave it out`}}},
		"resume without a reason": {ticket("resume", `,"choice":"retry"`),
			reasons{{Code: "missing", Field: "reason", Problem: "is missing, and resume needs it", Fix: "add it: reason is why, in the requester's words"}}},
		"blank reason": {ticket("resume", `,"choice":"retry","reason":" \n"`),
			reasons{{Code: "wrong-form", Field: "reason", Value: " \n", Problem: "is blank", Fix: "write something"}}},
		"null": {ticket("test", vms+`,"window":null`),
			reasons{{Code: "wrong-type", Field: "window", Value: "null", Problem: "is null", Fix: "write an object, or leave it out"}}},
		"revision as text": {strings.Replace(ticket("cancel", ""), `"revision":1`, `"revision":"1"`, 1),
			reasons{{Code: "wrong-type", Field: "revision", Value: "1", Problem: "is a text", Fix: "write a whole number"}}},
		"revision zero": {strings.Replace(ticket("cancel", ""), `"revision":1`, `"revision":0`, 1),
			reasons{{Code: "out-of-range", Field: "revision", Value: "0", Problem: "is too small", Fix: "use at least 1"}}},
		"local time": {ticket("test", vms+`,"window":{"notAfter":"2026-03-02 09:00"}`),
			reasons{{Code: "wrong-form", Field: "window.notAfter", Value: "2026-03-02 09:00", Problem: "is not a time",
				Fix: "write date, time and zone like 2026-03-02T09:00:00Z"}}},
		"leap second": {ticket("test", vms+`,"window":{"notAfter":"2016-12-31T23:59:60Z"}`),
			reasons{{Code: "wrong-form", Field: "data",
				Problem: `cannot be read: parsing time "2016-12-31T23:59:60Z": second out of range`, Fix: "write times like 2026-03-02T09:00:00Z"}}},
		"tilde in the system": {strings.Replace(ticket("cancel", ""), `"desk"`, `"de~sk"`, 1),
			reasons{{Code: "wrong-form", Field: "system", Value: "de~sk", Problem: "is not the name of a ticket system",
				Fix: "use letters, digits, dot, hyphen and underscore, beginning with a letter or digit"}}},
		"ticket with a space": {strings.Replace(ticket("cancel", ""), `"DR-1"`, `"DR 1"`, 1),
			reasons{{Code: "wrong-form", Field: "ticket", Value: "DR 1", Problem: "is not a ticket's number", Fix: "use printable ASCII without spaces"}}},
		"address that runs code": {ticket("cancel", `,"url":"javascript:alert(1)"`),
			reasons{{Code: "wrong-form", Field: "url", Value: "javascript:alert(1)", Problem: "is not a web address",
				Fix: "begin with https:// or http:// and use printable ASCII without spaces"}}},
		"no e-mail address": {strings.Replace(ticket("cancel", ""), `ada@acme.example`, `ada`, 1),
			reasons{{Code: "wrong-form", Field: "requester.email", Value: "ada", Problem: "is not an e-mail address", Fix: "write it like ada@acme.example"}}},
		"member twice": {ticket("test", vms+`,"action":"unplanned"`),
			reasons{{Code: "twice", Field: "action", Problem: "is there twice", Fix: "keep one"}}},
		"member twice deep inside": {ticket("test", `,"vms":[{"name":"a","name":"b"}]`),
			reasons{{Code: "twice", Field: "vms[0].name", Problem: "is there twice", Fix: "keep one"}}},
		"no JSON": {"system: desk",
			reasons{{Code: "wrong-form", Field: "data", Problem: "is not JSON that can be read: invalid character 's' looking for beginning of value", Fix: "correct the JSON"}}},
		"two values": {ticket("cancel", "") + "{}",
			reasons{{Code: "wrong-form", Field: "data", Problem: "is not JSON that can be read: invalid character '{' after top-level value", Fix: "correct the JSON"}}},
		"no object": {"[]",
			reasons{{Code: "wrong-type", Field: "data", Problem: "is a list", Fix: "write an object"}}},
		"no data": {"",
			reasons{{Code: "missing", Field: "data", Problem: "is missing", Fix: "put the ticket into the event's data, as JSON"}}},
		"not UTF-8": {ticket("cancel", ",\"reason\":\"Z\xfcrich\""),
			reasons{{Code: "wrong-form", Field: "data", Problem: "is not UTF-8", Fix: "encode the JSON as UTF-8"}}},
		"too large": {ticket("cancel", `,"reason":"`+strings.Repeat("x", events.MaxSubmittedBytes)+`"`),
			reasons{{Code: "too-large", Field: "data", Problem: fmt.Sprintf("is %d bytes long", events.MaxSubmittedBytes+len(ticket("cancel", `,"reason":""`))),
				Fix: "use at most 65536; split the VMs into several tickets"}}},
		"number without measure": {strings.Replace(ticket("cancel", ""), `"revision":1`, `"revision":1e999999999`, 1),
			reasons{{Code: "wrong-form", Field: "data", Problem: "is not JSON that can be read: cannot unmarshal number 1e999999999 into Go value of type float64", Fix: "correct the JSON"}}},
		"several faults, in order": {ticket("test", `,"vms":[{"name":""},{"id":1}],"window":{"notBefor":"x"},"choice":"retry"`),
			reasons{
				{Code: "out-of-place", Field: "choice", Value: "retry", Problem: "has no effect with action test", Fix: "leave it out; it goes with resume"},
				{Code: "empty", Field: "vms[0].name", Problem: "is empty", Fix: "write something, or leave it out"},
				{Code: "wrong-type", Field: "vms[1].id", Value: "1", Problem: "is a number", Fix: "write a text"},
				{Code: "unknown-member", Field: "window.notBefor", Problem: notKnown, Fix: "write notBefore"},
			}},
	} {
		t.Run(name, func(t *testing.T) {
			_, got := ValidateSubmitted(submit(test.data))
			if !slices.Equal(got, test.want) {
				t.Errorf("reasons\n%s\nwant\n%s", show(got), show(test.want))
			}
		})
	}
}

// show prints reasons one a line.
func show(reasons []events.Reason) string {
	var b strings.Builder
	for _, r := range reasons {
		fmt.Fprintf(&b, "%+v\n", r)
	}
	return b.String()
}

// v1 is the envelope, for what its setters refuse.
func v1(e *event.Event) *event.EventContextV1 { return e.Context.(*event.EventContextV1) }

func TestValidateSubmittedEnvelope(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*event.Event)
		field  string
	}{
		"type":             {func(e *event.Event) { e.SetType("io.lifeboat.ticket.accepted.v1") }, "type"},
		"no id":            {func(e *event.Event) { v1(e).ID = "" }, "id"},
		"long id":          {func(e *event.Event) { e.SetID(strings.Repeat("x", events.MaxID+1)) }, "id"},
		"no source":        {func(e *event.Event) { v1(e).Source.URL = url.URL{} }, "source"},
		"long source":      {func(e *event.Event) { e.SetSource("/" + strings.Repeat("x", events.MaxName)) }, "source"},
		"other schema":     {func(e *event.Event) { e.SetDataSchema("https://example.com/x") }, "dataschema"},
		"other media type": {func(e *event.Event) { e.SetDataContentType("text/xml") }, "datacontenttype"},
	} {
		t.Run(name, func(t *testing.T) {
			e := submit(ticket("cancel", ""))
			test.change(&e)
			_, reasons := ValidateSubmitted(e)
			if len(reasons) != 1 || reasons[0].Field != test.field {
				t.Errorf("reasons %v, want one about %s", reasons, test.field)
			}
		})
	}
	e := submit(ticket("cancel", ""))
	e.SetDataContentType("application/json; charset=utf-8")
	e.SetDataSchema("https://lifeboat.io/schema/io.lifeboat.ticket.submitted.v1.json")
	if _, reasons := ValidateSubmitted(e); len(reasons) > 0 {
		t.Errorf("parameters and schema refused: %v", reasons)
	}
}

func TestValidateSubmittedLimits(t *testing.T) {
	text := func(n int) string { return strings.Repeat("é", n) }
	ascii := func(n int) string { return strings.Repeat("x", n) }
	list := func(n int, entry string) string {
		entries := make([]string, n)
		for i := range entries {
			entries[i] = fmt.Sprintf(entry, i)
		}
		return "[" + strings.Join(entries, ",") + "]"
	}
	const vms = `,"vms":[{"name":"web01"}]`
	for name, test := range map[string]struct {
		limit int
		field string
		data  func(n int) string
	}{
		"account":       {events.MaxID, "account", func(n int) string { return strings.Replace(ticket("cancel", ""), "acme", text(n), 1) }},
		"system":        {events.MaxID, "system", func(n int) string { return strings.Replace(ticket("cancel", ""), "desk", ascii(n), 1) }},
		"ticket":        {events.MaxID, "ticket", func(n int) string { return strings.Replace(ticket("cancel", ""), "DR-1", ascii(n), 1) }},
		"refers":        {events.MaxID, "refers", func(n int) string { return ticket("cancel", `,"refers":"`+ascii(n)+`"`) }},
		"recoveryPoint": {events.MaxID, "recoveryPoint", func(n int) string { return ticket("test", vms+`,"recoveryPoint":"`+ascii(n)+`"`) }},
		"VM name":       {events.MaxName, "vms[0].name", func(n int) string { return ticket("test", `,"vms":[{"name":"`+text(n)+`"}]`) }},
		"person":        {events.MaxName, "requester.name", func(n int) string { return strings.Replace(ticket("cancel", ""), "Ada Example", text(n), 1) }},
		"email": {events.MaxEmail, "requester.email", func(n int) string {
			return strings.Replace(ticket("cancel", ""), "ada@acme.example", "a@"+ascii(n-2), 1)
		}},
		"switch": {events.MaxName, "test.switch", func(n int) string { return ticket("test", vms+`,"test":{"switch":"`+text(n)+`"}`) }},
		"url":    {events.MaxURL, "url", func(n int) string { return ticket("cancel", `,"url":"https://`+ascii(n-8)+`"`) }},
		"reason": {events.MaxReason, "reason", func(n int) string { return ticket("cancel", `,"reason":"`+text(n)+`"`) }},
		"VMs":    {events.MaxVMs, "vms", func(n int) string { return ticket("test", `,"vms":`+list(n, `{"name":"%d"}`)) }},
		"adapters": {events.MaxAdapters, "test.adapters", func(n int) string {
			return ticket("test", vms+`,"test":{"adapters":`+list(n, `{"adapter":"%d","switch":""}`)+`}`)
		}},
		"hold open": {events.MaxHoldOpenMinutes, "test.holdOpenMinutes", func(n int) string { return ticket("test", vms+fmt.Sprintf(`,"test":{"holdOpenMinutes":%d}`, n)) }},
		"commit after": {events.MaxCommitAfterMinutes, "unplanned.commitAfterMinutes", func(n int) string {
			return ticket("unplanned", vms+fmt.Sprintf(`,"unplanned":{"commitAfterMinutes":%d}`, n))
		}},
		"revision": {events.MaxRevision, "revision", func(n int) string {
			return strings.Replace(ticket("cancel", ""), `"revision":1`, fmt.Sprintf(`"revision":%d`, n), 1)
		}},
		"override": {events.MaxReason, "unplanned.override.reason", func(n int) string {
			return ticket("unplanned", vms+`,"unplanned":{"override":{"person":{"name":"Ben","email":"ben@acme.example"},"reason":"`+text(n)+`"}}`)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			if _, reasons := ValidateSubmitted(submit(test.data(test.limit))); len(reasons) > 0 {
				t.Errorf("at the limit %d: %s", test.limit, show(reasons))
			}
			_, reasons := ValidateSubmitted(submit(test.data(test.limit + 1)))
			if !slices.ContainsFunc(reasons, func(r events.Reason) bool {
				return r.Field == test.field && strings.Contains(r.Fix, fmt.Sprintf("at most %d", test.limit))
			}) {
				t.Errorf("past the limit %d: %s", test.limit, show(reasons))
			}
		})
	}
}

func TestValidateSubmittedBoundsReasons(t *testing.T) {
	vms := strings.Repeat(`{"nam":"x"},`, events.MaxVMs)
	_, reasons := ValidateSubmitted(submit(ticket("test", `,"vms":[`+strings.TrimSuffix(vms, ",")+`]`)))
	if len(reasons) != events.MaxReasons {
		t.Fatalf("%d reasons, want %d", len(reasons), events.MaxReasons)
	}
	last := reasons[len(reasons)-1]
	if last.Code != "more" || !strings.Contains(last.Problem, fmt.Sprint(events.MaxVMs+1-events.MaxReasons+1)) {
		t.Errorf("last reason %+v", last)
	}
	if reasons[11].Field != "vms[10].nam" {
		t.Errorf("reason 11 is about %s: not in the order of the list", reasons[11].Field)
	}
}

func TestValidateSubmittedSalvages(t *testing.T) {
	ref := events.TicketRef{System: "desk", Ticket: "DR-1", Revision: 1}
	for name, test := range map[string]struct {
		data    string
		ref     events.TicketRef
		account string
		action  events.Action
	}{
		"fault elsewhere":   {ticket("test", `,"windows":1`), ref, "acme", events.ActionTest},
		"bad revision":      {strings.Replace(ticket("test", ""), `"revision":1`, `"revision":-1`, 1), events.TicketRef{System: "desk", Ticket: "DR-1"}, "acme", events.ActionTest},
		"bad system":        {strings.Replace(ticket("test", ""), `"desk"`, `"a~b"`, 1), events.TicketRef{Ticket: "DR-1", Revision: 1}, "acme", events.ActionTest},
		"ticket twice":      {ticket("test", `,"ticket":"DR-2"`), events.TicketRef{System: "desk", Revision: 1}, "acme", events.ActionTest},
		"bad action":        {ticket("x", ""), ref, "acme", ""},
		"cannot be decoded": {ticket("test", `,"vms":[{"name":"a"}],"window":{"notAfter":"2016-12-31T23:59:60Z"}`), ref, "acme", events.ActionTest},
		"nothing":           {`[1]`, events.TicketRef{}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, reasons := ValidateSubmitted(submit(test.data))
			if len(reasons) == 0 {
				t.Fatal("accepted")
			}
			want := events.TicketSubmitted{Request: events.Request{TicketRef: test.ref, Account: test.account, Action: test.action}}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("salvaged %+v, want %+v", got, want)
			}
		})
	}
}

// The refusal shown to readers is the one a ticket system really gets.
func TestExampleOfRefusalIsReal(t *testing.T) {
	var refused events.TicketRefused
	decodeExample(t, "io.lifeboat.ticket.refused.v1", &refused)
	_, reasons := ValidateSubmitted(submit(ticket("planned", `,"vms":[{"name":"db01"}],"windows":{"notBefore":"2026-04-11T22:00:00Z"}`)))
	if !slices.Equal(refused.Reasons, reasons) {
		t.Errorf("the example says\n%s\nValidateSubmitted says\n%s", show(refused.Reasons), show(reasons))
	}
}

// Whatever package events can write as a well-formed ticket is accepted, and
// comes back the same.
func TestWellFormedTicketsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := events.TicketSubmitted{Request: requests().Draw(t, "request")}
		raw, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		got, reasons := ValidateSubmitted(submit(string(raw)))
		if len(reasons) > 0 {
			t.Fatalf("refused %s: %s", raw, show(reasons))
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got %+v, want %+v", got, want)
		}
	})
}

// requests draws well-formed requests of every action.
func requests() *rapid.Generator[events.Request] {
	name := rapid.StringMatching(`[^\x00-\x20]\PC{0,40}`)
	id := rapid.StringMatching(`[A-Za-z0-9][A-Za-z0-9._-]{0,40}`)
	person := rapid.Custom(func(t *rapid.T) events.Person {
		return events.Person{Name: name.Draw(t, "name"), Email: id.Draw(t, "local") + "@acme.example"}
	})
	moment := rapid.Custom(func(t *rapid.T) *time.Time {
		at := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds")).UTC()
		return &at
	})
	vms := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) events.VMRef {
		return events.VMRef{ID: rapid.SampledFrom([]string{"", vm}).Draw(t, "id"), Name: name.Draw(t, "name")}
	}), 1, 5, func(v events.VMRef) events.VMRef { return v })
	return rapid.Custom(func(t *rapid.T) events.Request {
		r := events.Request{
			TicketRef: events.TicketRef{System: id.Draw(t, "system"), Ticket: id.Draw(t, "ticket"), Revision: rapid.IntRange(1, events.MaxRevision).Draw(t, "revision")},
			Account:   name.Draw(t, "account"),
			Requester: person.Draw(t, "requester"),
			Action:    rapid.SampledFrom(actions()).Draw(t, "action"),
			Reason:    name.Draw(t, "reason"),
		}
		if r.Action.Starts() {
			r.VMs = vms.Draw(t, "vms")
			r.Window = &events.Window{NotBefore: moment.Draw(t, "notBefore"), NotAfter: moment.Draw(t, "notAfter")}
		}
		switch r.Action {
		case events.ActionTest:
			r.Test = &events.TestOptions{Switch: name.Draw(t, "switch"), HoldOpenMinutes: rapid.IntRange(0, events.MaxHoldOpenMinutes).Draw(t, "minutes")}
		case events.ActionUnplanned:
			r.Unplanned = &events.UnplannedOptions{ShutDownPrimary: rapid.Bool().Draw(t, "shut down"), Override: &events.Override{Person: person.Draw(t, "person"), Reason: name.Draw(t, "why")}}
		case events.ActionResume:
			r.Choice = events.ChoiceRetry
			r.Refers = id.Draw(t, "refers")
		case events.ActionPlanned, events.ActionCleanup, events.ActionCommit, events.ActionCancel:
		}
		return r
	})
}

// actions lists every action.
func actions() []events.Action {
	var all []events.Action
	for _, v := range events.Action("").Values() {
		all = append(all, events.Action(v.Name))
	}
	return all
}

func FuzzValidateSubmitted(f *testing.F) {
	f.Add(ticket("test", `,"vms":[{"name":"web01"}],"windows":{}`))
	f.Add(ticket("resume", `,"choice":"retry","reason":"x","refers":"DR-0"`))
	f.Add(ticket("unplanned", `,"vms":[{"id":"`+vm+`","id":""}],"unplanned":{"override":{}}`))
	f.Add(`{"revision":1e400,"":{"":[[[]]]},"\ud800":null}`)
	f.Add(strings.Repeat(`{"a":[`, 2000))
	f.Fuzz(func(t *testing.T, data string) {
		got, reasons := ValidateSubmitted(submit(data))
		if len(reasons) > events.MaxReasons {
			t.Fatalf("%d reasons", len(reasons))
		}
		for _, r := range reasons {
			if !events.Known(Code(""), r.Code) || r.Field == "" || r.Problem == "" || r.Fix == "" || strings.ContainsAny(r.Field, "\n\r") {
				t.Fatalf("reason %+v", r)
			}
		}
		if len(reasons) > 0 {
			return
		}
		var plain events.TicketSubmitted
		if err := json.Unmarshal([]byte(data), &plain); err == nil && !reflect.DeepEqual(plain, got) {
			t.Fatalf("decoded %+v, plainly %+v", got, plain)
		}
		raw, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		if again, reasons := ValidateSubmitted(submit(string(raw))); len(reasons) > 0 || !reflect.DeepEqual(again, got) {
			t.Fatalf("written again as %s: %s", raw, show(reasons))
		}
	})
}

func BenchmarkValidateSubmitted(b *testing.B) {
	e := submit(ticket("test", `,"vms":[{"name":"web01"}],"window":{"notBefore":"2026-03-02T09:00:00Z"},"test":{"switch":"Isolated"}`))
	b.ReportAllocs()
	for b.Loop() {
		if _, reasons := ValidateSubmitted(e); len(reasons) > 0 {
			b.Fatal(reasons)
		}
	}
}
