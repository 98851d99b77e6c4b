package documents

import (
	"bytes"
	"strings"

	"github.com/goccy/go-yaml"

	"lifeboat.io/events"
)

// asyncAPI is the part of an AsyncAPI 3.0 document that lifeboat uses. Maps
// are slices so that the order is the catalogue's.
type asyncAPI struct {
	AsyncAPI    string         `yaml:"asyncapi"`
	ID          string         `yaml:"id"`
	Info        apiInfo        `yaml:"info"`
	ContentType string         `yaml:"defaultContentType"`
	Servers     yaml.MapSlice  `yaml:"servers"`
	Channels    yaml.MapSlice  `yaml:"channels"`
	Operations  yaml.MapSlice  `yaml:"operations"`
	Components  apiComponents  `yaml:"components"`
	Streams     []jetstreamDoc `yaml:"x-jetstream-streams"`
}

type apiInfo struct {
	Title       string     `yaml:"title"`
	Version     string     `yaml:"version"`
	Description string     `yaml:"description"`
	License     apiLicense `yaml:"license"`
}

type apiLicense struct {
	Name string `yaml:"name"`
	URL  string `yaml:"url"`
}

type apiServer struct {
	Host        string `yaml:"host"`
	Protocol    string `yaml:"protocol"`
	Description string `yaml:"description"`
}

// ref is a Reference Object.
type ref struct {
	Ref string `yaml:"$ref"`
}

type apiChannel struct {
	Address    string        `yaml:"address"`
	Title      string        `yaml:"title"`
	Summary    string        `yaml:"summary"`
	Messages   yaml.MapSlice `yaml:"messages"`
	Parameters yaml.MapSlice `yaml:"parameters"`
	JetStream  channelStream `yaml:"x-jetstream"`
}

// channelStream says how a channel lies on JetStream; AsyncAPI's NATS binding
// has no words for it.
type channelStream struct {
	Stream string `yaml:"stream"`
	// Lock is the filter of the expected last sequence that every publish
	// carries: the order of an aggregate's events.
	Lock string `yaml:"expectedLastSequenceOf,omitempty"`
}

type apiOperation struct {
	Action  string `yaml:"action"`
	Channel ref    `yaml:"channel"`
	Summary string `yaml:"summary"`
	Writer  string `yaml:"x-writer"`
}

type apiMessage struct {
	Name        string `yaml:"name"`
	Title       string `yaml:"title"`
	Summary     string `yaml:"summary"`
	ContentType string `yaml:"contentType"`
	Traits      []ref  `yaml:"traits"`
	Payload     ref    `yaml:"payload"`
	Example     string `yaml:"x-example"`
}

type apiComponents struct {
	Messages   yaml.MapSlice `yaml:"messages"`
	Traits     yaml.MapSlice `yaml:"messageTraits"`
	Parameters yaml.MapSlice `yaml:"parameters"`
}

type apiParameter struct {
	Description string   `yaml:"description"`
	Examples    []string `yaml:"examples"`
}

type messageTrait struct {
	Headers headerSchema `yaml:"headers"`
}

type headerSchema struct {
	Type       string        `yaml:"type"`
	Required   []string      `yaml:"required,omitempty"`
	Properties yaml.MapSlice `yaml:"properties"`
}

type headerProperty struct {
	Type        string   `yaml:"type"`
	Description string   `yaml:"description"`
	Examples    []string `yaml:"examples,omitempty"`
}

// jetstreamDoc is what a listener may rely on of a stream.
type jetstreamDoc struct {
	Name        string   `yaml:"name"`
	Subjects    []string `yaml:"subjects"`
	Description string   `yaml:"description"`
	Storage     string   `yaml:"storage"`
	Discard     string   `yaml:"discard"`
	DenyDelete  bool     `yaml:"denyDelete,omitempty"`
	DenyPurge   bool     `yaml:"denyPurge,omitempty"`
}

// Streams the channels lie on.
const (
	streamEvents = "EVENTS"
	streamInbox  = "INBOX"
)

// renderAsyncAPI makes the AsyncAPI document. Lifeboat is the application it
// describes: what lifeboat writes is sent, what ticket systems write is
// received.
func renderAsyncAPI() ([]byte, error) {
	doc := asyncAPI{
		AsyncAPI: "3.0.0",
		ID:       "urn:io:lifeboat:events",
		Info: apiInfo{
			Title:   "lifeboat events",
			Version: "1.0.0",
			Description: "Disaster recovery for Microsoft Hyper-V, told as CloudEvents on NATS JetStream.\n" +
				"CATALOGUE.md beside this document tells every type in a sentence.\n",
			License: apiLicense{Name: "Apache-2.0", URL: "https://www.apache.org/licenses/LICENSE-2.0"},
		},
		ContentType: "application/json",
		Servers: yaml.MapSlice{
			{Key: "embedded", Value: apiServer{"127.0.0.1:4222", "nats", "The bus inside `lifeboat serve`."}},
			{Key: "cluster", Value: apiServer{"nats.example.com:4222", "nats", "A NATS cluster of your own, with TLS; the address is an example."}},
		},
		Streams: streams(),
	}
	for _, entry := range events.Catalogue() {
		key := string(entry.Family) + "." + entry.Event
		doc.Channels = append(doc.Channels, yaml.MapItem{Key: key, Value: channel(entry, key)})
		doc.Operations = append(doc.Operations, yaml.MapItem{Key: verb(entry) + "." + key, Value: operation(entry, key)})
		doc.Components.Messages = append(doc.Components.Messages, yaml.MapItem{Key: key, Value: message(entry, key)})
	}
	doc.Components.Traits = yaml.MapSlice{
		{Key: "written", Value: messageTrait{headers(true)}},
		{Key: "submitted", Value: messageTrait{headers(false)}},
	}
	doc.Components.Parameters = parameters()

	var text bytes.Buffer
	text.WriteString("# " + mark + "\n")
	encoder := yaml.NewEncoder(&text, yaml.Indent(2), yaml.IndentSequence(true), yaml.UseLiteralStyleIfMultiline(true))
	if err := encoder.Encode(doc); err != nil {
		return nil, err
	}
	return text.Bytes(), encoder.Close()
}

// verb is what lifeboat does with events of a type.
func verb(entry events.Entry) string {
	if entry.Submitted() {
		return "receive"
	}
	return "send"
}

// channel is the subject of one event type.
func channel(entry events.Entry, key string) apiChannel {
	c := apiChannel{
		Address:    address(entry),
		Title:      key,
		Summary:    entry.Summary,
		Messages:   yaml.MapSlice{{Key: entry.Event, Value: ref{"#/components/messages/" + key}}},
		Parameters: yaml.MapSlice{{Key: "account", Value: ref{"#/components/parameters/account"}}},
		JetStream:  channelStream{Stream: streamInbox},
	}
	if !entry.Submitted() {
		c.JetStream = channelStream{Stream: streamEvents, Lock: strings.TrimSuffix(c.Address, entry.Event) + ">"}
		c.Parameters = append(c.Parameters, yaml.MapItem{Key: "id", Value: ref{"#/components/parameters/" + parameter(entry.Family)}})
	}
	return c
}

// operation says who sends or receives an event type.
func operation(entry events.Entry, key string) apiOperation {
	return apiOperation{
		Action:  verb(entry),
		Channel: ref{"#/channels/" + key},
		Summary: entry.Summary,
		Writer:  entry.Writer(),
	}
}

// message is one event type's headers and data.
func message(entry events.Entry, key string) apiMessage {
	trait := "written"
	if entry.Submitted() {
		trait = "submitted"
	}
	return apiMessage{
		Name:        entry.Type,
		Title:       key,
		Summary:     entry.Summary,
		ContentType: "application/json",
		Traits:      []ref{{"#/components/messageTraits/" + trait}},
		Payload:     ref{"./schema/" + entry.SchemaFile()},
		Example:     "./example/" + entry.SchemaFile(),
	}
}

// headers is the envelope in binary mode. CloudEvents itself asks for four
// attributes; what lifeboat writes has more.
func headers(written bool) headerSchema {
	schema := headerSchema{Type: "object"}
	asked := map[string]bool{"specversion": true, "id": true, "source": true, "type": true}
	for _, a := range attributes {
		if asked[a.name] || written && a.always {
			schema.Required = append(schema.Required, a.header())
		}
		property := headerProperty{Type: "string", Description: a.doc}
		if a.example != "" {
			property.Examples = []string{a.example}
		}
		schema.Properties = append(schema.Properties, yaml.MapItem{Key: a.header(), Value: property})
	}
	return schema
}

// parameter names the component that describes a family's aggregate id.
func parameter(f events.Family) string { return string(f) + "-id" }

// parameters describes the variable parts of a subject.
func parameters() yaml.MapSlice {
	const escaped = " Letters, digits and - _ ~ : stand for themselves; every other byte is = and two hexadecimal digits."
	return yaml.MapSlice{
		{Key: "account", Value: apiParameter{"The customer's account." + escaped, []string{events.Token("acme"), events.Token("a.b")}}},
		{Key: parameter(events.FamilyTicket), Value: apiParameter{"The ticket: its system, a tilde, and its number there." + escaped, []string{events.Token(events.TicketID("desk", "DR-301"))}}},
		{Key: parameter(events.FamilyFailover), Value: apiParameter{"The VMId GUID, in lower case.", []string{"d4927c3b-0e58-4d6a-a1f7-93b6e5c8201f"}}},
	}
}

// streams is what a listener may rely on of the streams.
func streams() []jetstreamDoc {
	doc := jetstreamDoc{
		Name:        streamEvents,
		Description: "Every event lifeboat writes. It refuses new ones rather than lose old ones.",
		Storage:     "file",
		Discard:     "new",
		DenyDelete:  true,
		DenyPurge:   true,
	}
	for _, v := range events.Family("").Values() {
		doc.Subjects = append(doc.Subjects, events.FamilyFilter(events.Family(v.Name)))
	}
	return []jetstreamDoc{doc, {
		Name:        streamInbox,
		Subjects:    []string{events.InboxFilter},
		Description: "Tickets as submitted, until they are answered on " + streamEvents + ".",
		Storage:     "file",
		Discard:     "new",
	}}
}
