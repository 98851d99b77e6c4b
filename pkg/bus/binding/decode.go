package binding

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"strings"
	"unicode/utf8"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/cloudevents/sdk-go/v2/types"
	"github.com/nats-io/nats.go"
)

const (
	structuredPrefix = "application/cloudevents"
	batchPrefix      = "application/cloudevents-batch"

	// maxAttributes bounds the attributes of one event; more is no event anybody wrote on purpose.
	maxAttributes = 100
)

// Decode takes an event out of a message's headers and payload, in either
// mode. Header names are matched without regard to case; the same attribute
// twice is an error, because readers would disagree on which one counts. In
// binary mode all extensions come back as strings: the headers do not carry
// their types.
func Decode(h nats.Header, payload []byte) (event.Event, error) {
	contentType, err := single(h, ContentType)
	if err != nil {
		return event.Event{}, err
	}
	media := strings.ToLower(strings.TrimSpace(contentType))
	if strings.HasPrefix(media, structuredPrefix) {
		return decodeStructured(media, payload)
	}
	return decodeBinary(h, payload)
}

// single returns the one value of a header whose name is matched without
// regard to case, or "".
func single(h nats.Header, name string) (string, error) {
	value, found := "", false
	for key, values := range h {
		if !strings.EqualFold(key, name) {
			continue
		}
		if found || len(values) != 1 {
			return "", fmt.Errorf("header %s: given more than once", name)
		}
		value, found = values[0], true
	}
	return value, nil
}

func decodeStructured(media string, payload []byte) (event.Event, error) {
	if strings.HasPrefix(media, batchPrefix) {
		return event.Event{}, fmt.Errorf("content type %q: there is no batch mode on NATS; send one event per message", media)
	}
	parsed, _, err := mime.ParseMediaType(media)
	if err != nil {
		return event.Event{}, fmt.Errorf("content type %q: %w", media, err)
	}
	if parsed != StructuredJSON {
		return event.Event{}, fmt.Errorf("content type %q: event format not supported; want %s", media, StructuredJSON)
	}
	if err := checkObject(payload); err != nil {
		return event.Event{}, fmt.Errorf("structured event: %w", err)
	}
	var e event.Event
	if err := e.UnmarshalJSON(payload); err != nil {
		return event.Event{}, fmt.Errorf("structured event: %w", err)
	}
	return readable(e)
}

// checkObject makes sure the payload is one JSON object in UTF-8 in which no
// member stands twice, which the SDK's reader would let pass.
func checkObject(payload []byte) error {
	if !utf8.Valid(payload) {
		return errors.New("not valid UTF-8")
	}
	if !json.Valid(payload) {
		return errors.New("not valid JSON")
	}
	d := json.NewDecoder(bytes.NewReader(payload))
	open, err := d.Token()
	if err != nil || open != json.Delim('{') {
		return errors.New("not a JSON object")
	}
	seen := make(map[string]bool, 16)
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return err
		}
		name := strings.ToLower(fmt.Sprint(token))
		if seen[name] {
			return fmt.Errorf("member %q is given twice", name)
		}
		if len(seen) >= maxAttributes {
			return fmt.Errorf("more than %d members", maxAttributes)
		}
		seen[name] = true
		var skipped json.RawMessage
		if err := d.Decode(&skipped); err != nil {
			return err
		}
	}
	return nil
}

func decodeBinary(h nats.Header, payload []byte) (event.Event, error) {
	attributes, err := readAttributes(h)
	if err != nil {
		return event.Event{}, err
	}
	version, ok := attributes["specversion"]
	if !ok {
		return event.Event{}, fmt.Errorf("no header %sspecversion and no content type %s: not a CloudEvent", Prefix, StructuredJSON)
	}
	if version != event.CloudEventsVersionV1 {
		return event.Event{}, fmt.Errorf("specversion %q: want %q", version, event.CloudEventsVersionV1)
	}
	delete(attributes, "specversion")

	e := event.New()
	for name, value := range attributes {
		if err := setAttribute(&e, name, value); err != nil {
			return event.Event{}, err
		}
	}
	if len(payload) > 0 {
		e.DataEncoded = bytes.Clone(payload)
		e.DataBase64 = !utf8.Valid(payload)
	}
	return readable(e)
}

// readAttributes collects the decoded attributes by lower-case name.
func readAttributes(h nats.Header) (map[string]string, error) {
	attributes := make(map[string]string, len(h))
	for key, values := range h {
		if len(key) <= len(Prefix) || !strings.EqualFold(key[:len(Prefix)], Prefix) {
			continue
		}
		name := strings.ToLower(key[len(Prefix):])
		if _, twice := attributes[name]; twice || len(values) != 1 {
			return nil, fmt.Errorf("attribute %q is given more than once", name)
		}
		if len(attributes) >= maxAttributes {
			return nil, fmt.Errorf("more than %d attributes", maxAttributes)
		}
		value, err := Unescape(values[0])
		if err != nil {
			return nil, fmt.Errorf("attribute %s: %w", name, err)
		}
		attributes[name] = value
	}
	return attributes, nil
}

// setAttribute sets one attribute. Every value is checked before the SDK's
// setters see it, which collect errors where they are easily overlooked.
func setAttribute(e *event.Event, name, value string) error {
	switch name {
	case "id":
		return e.Context.SetID(value)
	case "source":
		return e.Context.SetSource(value)
	case "type":
		return e.Context.SetType(value)
	case "subject":
		if value == "" {
			return errors.New("attribute subject: must not be empty when given")
		}
		return e.Context.SetSubject(value)
	case "datacontenttype":
		if value == "" {
			return errors.New("attribute datacontenttype: must not be empty when given")
		}
		return e.Context.SetDataContentType(value)
	case "dataschema":
		return e.Context.SetDataSchema(value)
	case "time":
		t, err := types.ParseTime(value)
		if err != nil {
			return fmt.Errorf("attribute time: %q: want RFC 3339, such as 2026-01-31T12:00:00Z", value)
		}
		return e.Context.SetTime(t)
	default:
		if err := e.Context.SetExtension(name, value); err != nil {
			return fmt.Errorf("attribute %s: %w", name, err)
		}
		return nil
	}
}

func readable(e event.Event) (event.Event, error) {
	if e.Context == nil || e.SpecVersion() != event.CloudEventsVersionV1 {
		return event.Event{}, fmt.Errorf("specversion: want %q", event.CloudEventsVersionV1)
	}
	if err := e.Validate(); err != nil {
		return event.Event{}, fmt.Errorf("event %q: %w", e.ID(), err)
	}
	return e, nil
}
