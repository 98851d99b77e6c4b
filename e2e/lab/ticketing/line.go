package ticketing

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"lifeboat.io/events"
)

// Waits of the line to lifeboat.
const (
	// connectPause is between two tries to reach the bus.
	connectPause = 500 * time.Millisecond
	// publishTimeout bounds publishing one ticket.
	publishTimeout = 10 * time.Second
	// postTimeout bounds posting one ticket.
	postTimeout = 30 * time.Second
	// maxProblem bounds what is read of ticket-intake's answer, in bytes.
	maxProblem = 64 << 10
)

// structured is the content type of a CloudEvent in structured mode.
const structured = "application/cloudevents+json; charset=UTF-8"

// answersStream is the stream the answers come on.
const answersStream = "EVENTS"

// line is the connection to the bus, when there is one.
type line struct {
	mu sync.Mutex
	js jetstream.JetStream
}

func (l *line) set(js jetstream.JetStream) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.js = js
}

func (l *line) get() jetstream.JetStream {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.js
}

// publish publishes an event in structured mode and waits until it is stored.
func (l *line) publish(ctx context.Context, subject string, e event.Event) error {
	js := l.get()
	if js == nil {
		return fmt.Errorf("%w: start lifeboat, or name its bus with --nats", ErrBusAway)
	}
	body, err := json.Marshal(e)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	_, err = js.PublishMsg(ctx, &nats.Msg{Subject: subject, Data: body, Header: nats.Header{"Content-Type": {structured}}})
	if err != nil {
		return fmt.Errorf("%w: publishing to %s: %w", ErrBusAway, subject, err)
	}
	return nil
}

// Connected tells whether the bus is there.
func (d *Desk) Connected() bool { return d.line.get() != nil }

// Run keeps the desk connected until the context ends.
func (d *Desk) Run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := d.listen(ctx); err != nil && ctx.Err() == nil {
			d.options.Log.Debug("no bus yet", "url", d.options.URL, "error", err)
		}
		d.line.set(nil)
		select {
		case <-time.After(connectPause):
		case <-ctx.Done():
		}
	}
}

// listen connects, reads every answer from the log's beginning on, and returns
// when the connection or the log is gone.
func (d *Desk) listen(ctx context.Context) error {
	lost := make(chan struct{})
	var once sync.Once
	gone := func() { once.Do(func() { close(lost) }) }
	conn, err := nats.Connect(d.options.URL, nats.Name("ticket system "+d.options.System), nats.NoReconnect(),
		nats.ClosedHandler(func(*nats.Conn) { gone() }), nats.DisconnectErrHandler(func(*nats.Conn, error) { gone() }))
	if err != nil {
		return err
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		return err
	}
	consumer, err := js.OrderedConsumer(ctx, answersStream, jetstream.OrderedConsumerConfig{FilterSubjects: []string{events.FamilyFilter(events.FamilyTicket)}})
	if err != nil {
		return err
	}
	d.forget()
	reading, err := consumer.Consume(func(m jetstream.Msg) {
		if e, err := readEvent(m.Headers(), m.Data()); err == nil {
			d.answered(e)
		} else {
			d.options.Log.Warn("an answer that is no CloudEvent", "subject", m.Subject(), "error", err)
		}
	}, jetstream.ConsumeErrHandler(func(_ jetstream.ConsumeContext, err error) {
		if !errors.Is(err, nats.ErrTimeout) {
			d.options.Log.Debug("reading answers", "error", err)
		}
	}))
	if err != nil {
		return err
	}
	defer reading.Stop()
	d.line.set(js)
	d.options.Log.Info("connected to the bus", "url", d.options.URL)
	select {
	case <-lost:
	case <-reading.Closed():
	case <-ctx.Done():
	}
	return nil
}

// readEvent reads a CloudEvent from a NATS message, in structured or binary
// mode as the NATS protocol binding of CloudEvents describes them.
func readEvent(header nats.Header, body []byte) (event.Event, error) {
	e := event.New()
	if strings.HasPrefix(strings.ToLower(header.Get("Content-Type")), "application/cloudevents") {
		err := json.Unmarshal(body, &e)
		return e, err
	}
	attributes := map[string]any{}
	contentType := event.ApplicationJSON
	for name, values := range header {
		key, isAttribute := strings.CutPrefix(strings.ToLower(name), "ce-")
		switch {
		case len(values) == 0:
		case isAttribute:
			attributes[key] = unescape(values[0])
		case strings.EqualFold(name, "content-type"):
			contentType = values[0]
		}
	}
	attributes["datacontenttype"] = contentType
	attributes["data"] = json.RawMessage(body)
	text, err := json.Marshal(attributes)
	if err != nil {
		return e, err
	}
	if err := json.Unmarshal(text, &e); err != nil {
		return e, err
	}
	return e, e.Validate()
}

// unescape takes the percent-encoding of header values away. What is not
// encoded stays as it is.
func unescape(value string) string {
	var b strings.Builder
	for i := 0; i < len(value); i++ {
		if value[i] == '%' && i+2 < len(value) {
			var n byte
			if _, err := fmt.Sscanf(value[i+1:i+3], "%02x", &n); err == nil {
				b.WriteByte(n)
				i += 2
				continue
			}
		}
		b.WriteByte(value[i])
	}
	return b.String()
}

// post posts an event to ticket-intake in structured mode.
func (d *Desk) post(ctx context.Context, base string, e event.Event) error {
	body, err := json.Marshal(e)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, postTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(base, "/")+"/v1/tickets", bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("intake %q: %w", base, err)
	}
	request.Header.Set("Content-Type", structured)
	if !d.options.Bearer.IsZero() {
		request.Header.Set("Authorization", "Bearer "+d.options.Bearer.Reveal())
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("intake %q: %w", base, err)
	}
	defer response.Body.Close()
	if response.StatusCode/100 == 2 {
		return nil
	}
	problem, err := io.ReadAll(io.LimitReader(response.Body, maxProblem))
	if err != nil {
		return fmt.Errorf("intake %q: %s: %w", base, response.Status, err)
	}
	return &Refusal{Status: response.StatusCode, Body: string(problem)}
}

// Refusal is what ticket-intake says to a ticket it does not take.
type Refusal struct {
	// Status is the HTTP status, Body what came with it.
	Status int
	Body   string
}

// Error is status and body.
func (r *Refusal) Error() string {
	return fmt.Sprintf("ticket-intake answered %d: %s", r.Status, strings.TrimSpace(r.Body))
}
