package binding

import (
	"errors"
	"fmt"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/cloudevents/sdk-go/v2/types"
	"github.com/nats-io/nats.go"
)

const (
	// Prefix begins the header name of every attribute in binary mode.
	Prefix = "ce-"
	// ContentType is the header that tells structured mode.
	ContentType = "Content-Type"
	// StructuredJSON is the content type of structured mode as we write it.
	StructuredJSON = event.ApplicationCloudEventsJSON
)

// Binary encodes an event in binary mode: headers and payload. The header
// names are lower case, as the binding writes them.
func Binary(e event.Event) (nats.Header, []byte, error) {
	if err := writable(e); err != nil {
		return nil, nil, err
	}
	h := make(nats.Header, 8+len(e.Extensions()))
	set := func(name, value string) error {
		escaped, err := Escape(value)
		if err != nil {
			return fmt.Errorf("attribute %s: %w", name, err)
		}
		h[Prefix+name] = []string{escaped}
		return nil
	}
	err := errors.Join(
		set("specversion", e.SpecVersion()),
		set("id", e.ID()),
		set("source", e.Source()),
		set("type", e.Type()),
		setOptional(set, "subject", e.Subject()),
		setOptional(set, "datacontenttype", e.DataContentType()),
		setOptional(set, "dataschema", e.DataSchema()),
	)
	if !e.Time().IsZero() {
		err = errors.Join(err, set("time", types.FormatTime(e.Time())))
	}
	for name, value := range e.Extensions() {
		text, formatErr := types.Format(value)
		if formatErr != nil {
			err = errors.Join(err, fmt.Errorf("attribute %s: %w", name, formatErr))
			continue
		}
		err = errors.Join(err, set(name, text))
	}
	if err != nil {
		return nil, nil, fmt.Errorf("event %s: %w", e.ID(), err)
	}
	return h, e.Data(), nil
}

// Structured encodes an event in structured mode: its JSON as payload and the
// header that says so.
func Structured(e event.Event) (nats.Header, []byte, error) {
	if err := writable(e); err != nil {
		return nil, nil, err
	}
	body, err := e.MarshalJSON()
	if err != nil {
		return nil, nil, fmt.Errorf("event %s: %w", e.ID(), err)
	}
	return nats.Header{ContentType: {StructuredJSON}}, body, nil
}

// writable refuses what no conformant reader could take.
func writable(e event.Event) error {
	if e.Context == nil {
		return errors.New("event is empty")
	}
	if e.SpecVersion() != event.CloudEventsVersionV1 {
		return fmt.Errorf("event %s: specversion %q: want %q", e.ID(), e.SpecVersion(), event.CloudEventsVersionV1)
	}
	if err := e.Validate(); err != nil {
		return fmt.Errorf("event %s: %w", e.ID(), err)
	}
	return nil
}

func setOptional(set func(name, value string) error, name, value string) error {
	if value == "" {
		return nil
	}
	return set(name, value)
}
