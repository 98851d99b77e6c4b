package ticketing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"lifeboat.io/events"
	"lifeboat.io/pkg/secret"
)

// Limits of a desk.
const (
	// maxTickets is how many tickets are kept; the oldest go first.
	maxTickets = 10_000
	// maxAnswers is how many answers are kept with each.
	maxAnswers = 1000
)

// submittedType is the type of what a ticket system writes.
const submittedType = "io.lifeboat.ticket.submitted.v1"

// ErrBusAway means that a ticket could not be published because there is no
// bus to publish it to.
var ErrBusAway = errors.New("the bus is away")

// Options make a desk.
type Options struct {
	// URL is the bus, such as nats://127.0.0.1:4222.
	URL string
	// System is the name of the ticket system, as the inventory knows it.
	System string
	// Bearer is the token for ticket-intake; needed only to post there.
	Bearer secret.Text
	// Log gets a line for every ticket and every answer.
	Log *slog.Logger
}

// Answer is one event that came back on a ticket.
type Answer struct {
	// Event is the event's short name, such as "accepted".
	Event string `json:"event"`
	// Time is when lifeboat wrote it.
	Time time.Time `json:"time"`
	// Sentence tells it in one line.
	Sentence string `json:"sentence"`
	// Data is the event's data.
	Data json.RawMessage `json:"data"`
}

// Ticket is a ticket with what came back.
type Ticket struct {
	// ID is the ticket's number.
	ID string `json:"id"`
	// Account is the customer's.
	Account string `json:"account"`
	// Revision is the newest one submitted.
	Revision int `json:"revision"`
	// Submitted is when that was, and how often.
	Submitted time.Time `json:"submitted"`
	Times     int       `json:"times"`
	// Request is what was asked for, as it was published.
	Request json.RawMessage `json:"request,omitempty"`
	// State is the short name of the last answer; "submitted" before any.
	State string `json:"state"`
	// Answers are the events that came back, in order.
	Answers []Answer `json:"answers"`
}

// Desk is the ticket system. It is safe for concurrent use.
type Desk struct {
	options Options
	line    line

	mu      sync.Mutex
	last    int // number of the last ticket the desk has named
	tickets map[string]*Ticket
	order   []string // ids, oldest first
	changed chan struct{}
}

// New makes a desk. Run connects it.
func New(o Options) *Desk {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Desk{options: o, tickets: map[string]*Ticket{}, changed: make(chan struct{})}
}

// Route says how a ticket goes to lifeboat.
type Route struct {
	// Intake is ticket-intake's base URL; empty means over the bus.
	Intake string
	// Raw publishes the body as it is, without looking into it. It then needs
	// Account.
	Raw bool
	// Account is whose inbox a raw body goes to.
	Account string
}

// Submit submits a ticket, so many times: its body is a request in the words
// of the event contract. What it leaves out the desk fills in: system, number
// and revision. It returns the ticket's number.
func (d *Desk) Submit(ctx context.Context, body []byte, times int, r Route) (string, error) {
	request, data, err := d.read(body, r)
	if err != nil {
		return "", err
	}
	e, err := envelope(request, data)
	if err != nil {
		return "", err
	}
	for range times {
		if r.Intake != "" {
			err = d.post(ctx, r.Intake, e)
		} else {
			err = d.line.publish(ctx, events.InboxSubject(request.Account), e)
		}
		if err != nil {
			return "", err
		}
		d.submitted(request, data)
	}
	d.options.Log.Info("ticket submitted", "ticket", request.Ticket, "account", request.Account, "revision", request.Revision, "action", request.Action, "times", times)
	return request.Ticket, nil
}

// read reads a body and fills in what it leaves out.
func (d *Desk) read(body []byte, r Route) (events.Request, json.RawMessage, error) {
	var request events.Request
	if r.Raw {
		_ = json.Unmarshal(body, &request) // only to know it by its number, if it has one
		request.Account = r.Account
		d.name(&request)
		if r.Account == "" {
			return request, nil, errors.New("account: it is empty; name the inbox a raw ticket goes to")
		}
		if !json.Valid(body) {
			text, err := json.Marshal(string(body))
			return request, text, err
		}
		return request, body, nil
	}
	decoder := json.NewDecoder(strings.NewReader(string(body)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&request); err != nil {
		return request, nil, fmt.Errorf("body: %w; give a request as lifeboat's event %s describes it", err, submittedType)
	}
	if request.Account == "" {
		return request, nil, errors.New(`account: it is empty; give the customer's account, such as "acme"`)
	}
	d.name(&request)
	data, err := json.Marshal(request)
	return request, data, err
}

// name gives a request the desk's own name, and a number and a revision unless
// it has them.
func (d *Desk) name(request *events.Request) {
	if request.System == "" {
		request.System = d.options.System
	}
	if request.Ticket == "" {
		request.Ticket = d.number()
	}
	if request.Revision == 0 {
		request.Revision = 1
	}
}

// number is a ticket number that is not in use, not even by a ticket of an
// earlier desk on the same bus.
func (d *Desk) number() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	for {
		d.last++
		if id := fmt.Sprintf("LAB-%d", d.last); d.tickets[id] == nil {
			return id
		}
	}
}

// envelope makes the CloudEvent. The same revision of a ticket is the same
// event, however often it is sent.
func envelope(request events.Request, data json.RawMessage) (event.Event, error) {
	e := event.New()
	e.SetID(fmt.Sprintf("%s/%s/%d", request.System, request.Ticket, request.Revision))
	e.SetSource("/" + request.System)
	e.SetType(submittedType)
	e.SetTime(time.Now().UTC())
	if err := e.SetData(event.ApplicationJSON, data); err != nil {
		return e, err
	}
	return e, e.Validate()
}

func (d *Desk) submitted(request events.Request, data json.RawMessage) {
	d.mu.Lock()
	defer d.mu.Unlock()
	t := d.ticket(request.Ticket)
	t.Account, t.Revision, t.Submitted, t.Request = request.Account, request.Revision, time.Now().UTC(), data
	t.Times++
	d.tell()
}

// ticket finds a ticket or begins one. mu is held.
func (d *Desk) ticket(id string) *Ticket {
	t := d.tickets[id]
	if t == nil {
		t = &Ticket{ID: id, State: "submitted", Answers: []Answer{}}
		d.tickets[id] = t
		d.order = append(d.order, id)
		if len(d.order) > maxTickets {
			delete(d.tickets, d.order[0])
			d.order = d.order[1:]
		}
	}
	return t
}

// tell wakes whoever waits for a change. mu is held.
func (d *Desk) tell() {
	close(d.changed)
	d.changed = make(chan struct{})
}

// answered takes in an event of the log. Those of other ticket systems are not
// the desk's business.
func (d *Desk) answered(e event.Event) {
	aggregate, err := events.ParseAggregate(e.Subject())
	if err != nil || aggregate.Family != events.FamilyTicket {
		return
	}
	id, mine := strings.CutPrefix(aggregate.ID, d.options.System+"~")
	if !mine {
		return
	}
	a := Answer{Event: events.ShortName(e.Type()), Time: e.Time(), Sentence: events.Sentence(e), Data: json.RawMessage(e.Data())}
	d.mu.Lock()
	t := d.ticket(id)
	if t.Account == "" {
		t.Account = aggregate.Account
	}
	t.State = a.Event
	if len(t.Answers) < maxAnswers {
		t.Answers = append(t.Answers, a)
	}
	d.tell()
	d.mu.Unlock()
	d.options.Log.Info("ticket answered", "ticket", id, "event", a.Event, "sentence", a.Sentence)
}

// forget drops what came back, because the log is about to be read again.
func (d *Desk) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, t := range d.tickets {
		t.Answers, t.State = []Answer{}, "submitted"
	}
}

// Ticket is a ticket by its number; false when there is none.
func (d *Desk) Ticket(id string) (Ticket, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	t := d.tickets[id]
	if t == nil {
		return Ticket{}, false
	}
	return t.copy(), true
}

func (t *Ticket) copy() Ticket {
	c := *t
	c.Answers = slices.Clone(t.Answers)
	return c
}

// Tickets are all tickets, oldest first.
func (d *Desk) Tickets() []Ticket {
	d.mu.Lock()
	defer d.mu.Unlock()
	list := make([]Ticket, 0, len(d.order))
	for _, id := range d.order {
		list = append(list, d.tickets[id].copy())
	}
	return list
}

// Await waits until a ticket is as asked, and gives it; with the context's
// error when it is not in time.
func (d *Desk) Await(ctx context.Context, id string, as func(Ticket) bool) (Ticket, error) {
	for {
		d.mu.Lock()
		changed := d.changed
		d.mu.Unlock()
		t, found := d.Ticket(id)
		if found && as(t) {
			return t, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return t, ctx.Err()
		}
	}
}
