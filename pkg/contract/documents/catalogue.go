package documents

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/cloudevents/sdk-go/v2/event"

	"lifeboat.io/events"
	"lifeboat.io/pkg/contract"
)

// mark tells people that a file is rendered.
const mark = "Rendered from the Go structs in this folder by `make generate`; edit those."

// renderCatalogue makes the page that lists every event type.
func renderCatalogue(s *schemas) ([]byte, error) {
	var page strings.Builder
	page.WriteString("<!-- " + mark + " -->\n# Events\n\n")
	page.WriteString("Every change of state in lifeboat is a [CloudEvents 1.0](https://cloudevents.io) event, published once, on one NATS subject.\n" +
		"Beside this page: a JSON Schema (2020-12) per type in [schema](schema), a golden example per type in [example](example), and\n" +
		"[asyncapi.yaml](asyncapi.yaml) (AsyncAPI 3.0). In Go, the structs, constructors and sentences are package `lifeboat.io/events`.\n\n")
	writeSubjects(&page)
	writeEnvelope(&page)
	if err := writeTypes(&page); err != nil {
		return nil, err
	}
	writeMembers(&page)
	writeCodes(&page)
	writeEvolution(&page)
	writeEnums(&page, s)
	return []byte(page.String()), nil
}

// writeSubjects shows the subject tree and how to listen to parts of it.
func writeSubjects(page *strings.Builder) {
	page.WriteString("## Subjects\n\n```\n")
	fmt.Fprintf(page, "%-52s %s\n", "lifeboat.inbox.<account>", "written by ticket systems")
	for _, v := range events.Family("").Values() {
		id := "<id>"
		switch events.Family(v.Name) {
		case events.FamilyTicket:
			id = "<system>~<ticket>"
		case events.FamilyFailover:
			id = "<VMId>"
		case events.FamilyReplication, events.FamilyCloud, events.FamilyAlert:
		}
		fmt.Fprintf(page, "%-52s %s\n", "lifeboat."+v.Name+".<account>."+id+".<event>", "written by "+events.Family(v.Name).Writer())
	}
	page.WriteString("```\n\n")
	page.WriteString("In `<account>` and `<id>`, letters, digits and `- _ ~ :` stand for themselves; every other byte is `=` and two hexadecimal digits,\n" +
		"so `a.b` is `" + events.Token("a.b") + "`. Families without types below are reserved.\n\n")
	rows := [][2]string{
		{"everything of one account", events.AccountFilter("acme")},
		{"everything of one family", events.FamilyFilter(events.FamilyFailover)},
		{"one type, in every account", events.TypeFilter(events.FamilyTicket, "accepted")},
		{"one VM", events.Aggregate{Family: events.FamilyFailover, Account: "acme", ID: "d4927c3b-0e58-4d6a-a1f7-93b6e5c8201f"}.Filter()},
		{"one ticket", events.Aggregate{Family: events.FamilyTicket, Account: "acme", ID: events.TicketID("desk", "DR-301")}.Filter()},
	}
	page.WriteString("| to hear | subscribe to |\n|---|---|\n")
	for _, row := range rows {
		fmt.Fprintf(page, "| %s | `%s` |\n", row[0], row[1])
	}
	page.WriteString("\nAll events of one aggregate are totally ordered: each is published expecting the one before it.\n\n")
}

// writeEnvelope lists the CloudEvents attributes.
func writeEnvelope(page *strings.Builder) {
	page.WriteString("## Envelope\n\n" +
		"On NATS in binary mode: each attribute is a header, percent-encoded as the CloudEvents NATS binding says, and the data is the payload.\n" +
		"Structured mode is read as well. What a ticket system submits needs no more than CloudEvents itself asks.\n\n" +
		"| attribute | header | | meaning | example |\n|---|---|---|---|---|\n")
	for _, a := range attributes {
		always, example := "always", ""
		if !a.always {
			always = "when known"
		}
		if a.example != "" {
			example = "`" + a.example + "`"
		}
		fmt.Fprintf(page, "| `%s` | `%s` | %s | %s | %s |\n", a.name, a.header(), always, a.doc, example)
	}
	page.WriteString("\n")
}

// writeTypes lists the event types, a table per family.
func writeTypes(page *strings.Builder) error {
	page.WriteString("## Types\n\n")
	var family events.Family
	for _, entry := range events.Catalogue() {
		if entry.Family != family {
			family = entry.Family
			fmt.Fprintf(page, "### %s\n\n| type | subject | written by | when | in a sentence | |\n|---|---|---|---|---|---|\n", family)
		}
		sentence, err := exampleSentence(entry)
		if err != nil {
			return err
		}
		fmt.Fprintf(page, "| `%s` | `%s` | %s | %s | %s | [schema](schema/%s) [example](example/%s) |\n",
			entry.Type, address(entry), entry.Writer(), entry.Summary, cell(sentence), entry.SchemaFile(), entry.SchemaFile())
		if last(entry) {
			page.WriteString("\n")
		}
	}
	return nil
}

// last reports whether an entry is the last of its family.
func last(entry events.Entry) bool {
	var end string
	for _, other := range events.Catalogue() {
		if other.Family == entry.Family {
			end = other.Type
		}
	}
	return entry.Type == end
}

// exampleSentence tells the golden example of a type.
func exampleSentence(entry events.Entry) (string, error) {
	text, err := events.Example(entry.Type)
	if err != nil {
		return "", fmt.Errorf("%s has no example: write events/example/%s: %w", entry.Type, entry.SchemaFile(), err)
	}
	var e event.Event
	if err := json.Unmarshal(text, &e); err != nil {
		return "", fmt.Errorf("example/%s: %w", entry.SchemaFile(), err)
	}
	return events.Sentence(e), nil
}

// cell makes a text fit a table.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

// address is where events of a type are published, with parameters in braces.
func address(entry events.Entry) string {
	if entry.Submitted() {
		return "lifeboat.inbox.{account}"
	}
	return "lifeboat." + string(entry.Family) + ".{account}.{id}." + entry.Event
}

// writeMembers shows which members of a submitted ticket go with which action.
func writeMembers(page *strings.Builder) {
	page.WriteString("## Members of a submitted ticket\n\n" +
		"Every ticket has `system`, `ticket`, `revision`, `account`, `requester` and `action`. The rest depends on the action; a member where it\n" +
		"has no effect is refused, and so is a member that is not known: a misspelt `window` must not start a failover at once.\n\n| member |")
	for _, a := range actions() {
		fmt.Fprintf(page, " %s |", a)
	}
	page.WriteString("\n|---|" + strings.Repeat("---|", len(actions())) + "\n")
	for _, name := range []string{"vms", "window", "test", "unplanned", "recoveryPoint", "refers", "choice", "reason"} {
		fmt.Fprintf(page, "| `%s` |", name)
		for _, a := range actions() {
			fmt.Fprintf(page, " %s |", need(name, a))
		}
		page.WriteString("\n")
	}
	page.WriteString("\n")
}

// need says whether an action needs, takes or refuses a member.
func need(name string, action events.Action) string {
	for _, n := range action.Needed() {
		if n == name {
			return "needed"
		}
	}
	allowed := events.ActionsOf(name)
	for _, a := range allowed {
		if a == action {
			return "may"
		}
	}
	if allowed == nil {
		return "may"
	}
	return "–"
}

// writeCodes lists what makes a submitted ticket malformed.
func writeCodes(page *strings.Builder) {
	page.WriteString("A malformed ticket is refused with every fault at once, each with field, problem and fix, and one of these codes:\n\n| code | meaning |\n|---|---|\n")
	for _, v := range contract.Code("").Values() {
		if c := contract.Code(v.Name); c != contract.BadEnvelope {
			fmt.Fprintf(page, "| `%s` | %s |\n", c, v.Doc)
		}
	}
	page.WriteString("\n")
}

// writeEvolution tells readers what they may rely on.
func writeEvolution(page *strings.Builder) {
	page.WriteString("## Evolution\n\n" +
		"Within a version (`.v1`) events only grow: members and values of enumerations may be added; none is removed, renamed, or given another\n" +
		"meaning. A reader ignores members it does not know and treats a value it does not know as news it cannot judge. A change that breaks a\n" +
		"reader is a new type (`.v2`), published beside the old one for a while. Stored events are never rewritten. Only `ticket.submitted`, which\n" +
		"others write, refuses members it does not know.\n\n")
}

// writeEnums lists the enumerations with a sentence per value.
func writeEnums(page *strings.Builder, s *schemas) {
	page.WriteString("## Enumerations\n")
	for _, t := range enumerations() {
		e, _ := enumOf(t)
		fmt.Fprintf(page, "\n### %s\n\n%s\n\n| value | meaning |\n|---|---|\n", t.Name(), s.comment(t, ""))
		for _, v := range e.Values() {
			fmt.Fprintf(page, "| `%s` | %s |\n", v.Name, cell(v.Doc))
		}
	}
}

// enumerations lists the enumerations that travel, in the order the catalogue
// meets them.
func enumerations() []reflect.Type {
	found := []reflect.Type{reflect.TypeFor[events.Family]()}
	seen := map[reflect.Type]bool{found[0]: true}
	var walk func(reflect.Type)
	walk = func(t reflect.Type) {
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
			t = t.Elem()
		}
		if seen[t] {
			return
		}
		seen[t] = true
		if _, ok := enumOf(t); ok {
			found = append(found, t)
		}
		if plainStruct(t) {
			for i := range t.NumField() {
				walk(t.Field(i).Type)
			}
		}
	}
	for _, entry := range events.Catalogue() {
		walk(reflect.TypeOf(entry.New()))
	}
	return found
}
