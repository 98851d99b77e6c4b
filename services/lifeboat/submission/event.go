package submission

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/goccy/go-yaml"

	"lifeboat.io/events"
	"lifeboat.io/pkg/contract"
)

// Source is the CloudEvents source of what operators submit.
const Source = "/lifeboat/operator"

// idChars is how many base-32 characters of the hash make an event's id: 130 bits.
const idChars = 26

var alphabet = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Event wraps a request into the event that is submitted, made now. The error
// is a *contract.Error with every reason why the contract does not allow it.
func Event(r events.Request, now time.Time) (event.Event, error) {
	content, err := json.Marshal(r)
	if err != nil {
		return event.Event{}, fmt.Errorf("ticket: %w", err)
	}
	sum := sha256.Sum256(content)
	agg := events.Aggregate{Family: events.FamilyTicket, Account: r.Account, ID: r.Aggregate()}
	e, err := events.New(agg, events.Meta{
		ID: "o-" + alphabet.EncodeToString(sum[:])[:idChars], Source: Source, Time: now,
	}, events.TicketSubmitted{Request: r})
	if err != nil {
		return event.Event{}, err
	}
	return e, contract.Validate(e)
}

// maxFile bounds a ticket file, in bytes: YAML takes a little more room than the
// JSON it stands for.
const maxFile = 4 * events.MaxSubmittedBytes

// Read reads a ticket from the text of a file: the data of a submitted ticket
// as JSON or YAML, or the whole CloudEvent in structured mode. A member that is
// not known is an error; one that is missing may be given by a flag.
func Read(raw []byte) (events.Request, error) {
	if len(raw) > maxFile {
		return events.Request{}, fmt.Errorf("is %d bytes long; a ticket has at most %d", len(raw), maxFile)
	}
	asJSON, err := toJSON(raw)
	if err != nil {
		return events.Request{}, fmt.Errorf("is neither JSON nor YAML: %s", firstLine(err))
	}
	var whole struct {
		SpecVersion string          `json:"specversion"`
		Type        string          `json:"type"`
		Data        json.RawMessage `json:"data"`
	}
	if json.Unmarshal(asJSON, &whole) == nil && whole.SpecVersion != "" {
		if entry, _ := events.EntryOf(events.TicketSubmitted{}); whole.Type != entry.Type {
			return events.Request{}, fmt.Errorf("is an event of type %q; a ticket is %s", whole.Type, entry.Type)
		}
		asJSON = whole.Data
	}
	var r events.Request
	decoder := json.NewDecoder(strings.NewReader(string(asJSON)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil {
		return events.Request{}, fmt.Errorf("is no ticket: %s; the schema is in lifeboat.io/events", strings.TrimPrefix(err.Error(), "json: "))
	}
	return r, nil
}

// toJSON reads YAML, of which JSON is a form. A panic of the parser on broken
// text becomes an error.
func toJSON(raw []byte) (out []byte, err error) {
	defer func() {
		if recover() != nil {
			out, err = nil, errors.New("the text is broken")
		}
	}()
	return yaml.YAMLToJSON(raw)
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
