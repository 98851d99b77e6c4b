package ticketing_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"lifeboat.io/e2e/lab/ticketing"
	"lifeboat.io/events"
	"lifeboat.io/pkg/bus"
	"lifeboat.io/pkg/bus/bustest"
	"lifeboat.io/pkg/secret"
)

// patience is how long the tests wait for what should come soon.
const patience = 20 * time.Second

const body = `{"account": "acme", "requester": {"name": "Alex Example", "email": "alex@acme.example"}, "action": "test", "vms": [{"name": "web01"}]}`

// freeAddress is an address nobody listens at.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// openDesk runs a desk that ends with the test.
func openDesk(t *testing.T, o ticketing.Options) *ticketing.Desk {
	t.Helper()
	o.System = "desk"
	d := ticketing.New(o)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); d.Run(ctx) }()
	t.Cleanup(func() { stop(); <-done })
	return d
}

func connected(t *testing.T, d *ticketing.Desk) {
	t.Helper()
	bustest.Eventually(t, patience, "the desk's connection", d.Connected)
}

// answer writes what ticket-intake would.
func answer(t *testing.T, b *bus.Bus, ticket string, expect uint64, data any) uint64 {
	t.Helper()
	aggregate := events.Aggregate{Family: events.FamilyTicket, Account: "acme", ID: events.TicketID("desk", ticket)}
	e, err := events.New(aggregate, events.Meta{ID: "answer-" + ticket + time.Now().String(), Source: "/lifeboat/ticket-intake", Time: time.Now(), Sequence: expect + 1}, data)
	if err != nil {
		t.Fatal(err)
	}
	at, err := b.Append(t.Context(), aggregate, expect, e)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestTicketsAndAnswers(t *testing.T) {
	address := freeAddress(t)
	d := openDesk(t, ticketing.Options{URL: "nats://" + address})
	if _, err := d.Submit(t.Context(), []byte(body), 1, ticketing.Route{}); !errors.Is(err, ticketing.ErrBusAway) {
		t.Errorf("without a bus: %v", err)
	}
	dir := t.TempDir()
	b := bustest.OpenConfig(t, bus.Config{Dir: dir, Listen: address, Logger: bustest.Logger(t)})
	connected(t, d)
	id, err := d.Submit(t.Context(), []byte(body), 3, ticketing.Route{})
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := d.Ticket(id); got.Times != 3 || got.State != "submitted" || got.Account != "acme" || got.Revision != 1 {
		t.Errorf("%+v", got)
	}
	for range 3 {
		checkSubmitted(t, address, id)
	}
	ref := events.TicketRef{System: "desk", Ticket: id, Revision: 1}
	at := answer(t, b, id, 0, events.TicketRefused{TicketRef: ref, Account: "acme", Action: "test"})
	answer(t, b, id, at, events.TicketSuperseded{TicketRef: ref, By: 2})
	answer(t, b, "OTHER", 0, events.TicketRefused{TicketRef: events.TicketRef{System: "desk", Ticket: "OTHER", Revision: 1}, Account: "acme"})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	got, err := d.Await(ctx, id, func(t ticketing.Ticket) bool { return t.State == "superseded" })
	if err != nil || len(got.Answers) != 2 || got.Answers[0].Event != "refused" || got.Answers[0].Sentence == "" || !json.Valid(got.Answers[0].Data) {
		t.Fatalf("%+v, %v", got, err)
	}
	if _, err := d.Await(ctx, "OTHER", func(t ticketing.Ticket) bool { return t.State == "refused" }); err != nil {
		t.Errorf("a ticket the desk did not submit itself: %v", err)
	}
	if all := d.Tickets(); len(all) != 2 || all[0].ID != id {
		t.Errorf("%+v", all)
	}
}

// checkSubmitted takes one ticket out of the inbox.
func checkSubmitted(t *testing.T, address, id string) {
	t.Helper()
	conn, err := nats.Connect("nats://" + address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	inbox, err := js.CreateOrUpdateConsumer(t.Context(), "INBOX", jetstream.ConsumerConfig{Durable: "check", AckPolicy: jetstream.AckExplicitPolicy})
	if err != nil {
		t.Fatal(err)
	}
	m, err := inbox.Next(jetstream.FetchMaxWait(patience))
	if err != nil {
		t.Fatal(err)
	}
	if err := m.DoubleAck(t.Context()); err != nil {
		t.Fatal(err)
	}
	e := event.New()
	if err := json.Unmarshal(m.Data(), &e); err != nil || e.Validate() != nil {
		t.Fatalf("%s: %v", m.Data(), err)
	}
	var request events.Request
	if err := e.DataAs(&request); err != nil {
		t.Fatal(err)
	}
	if m.Subject() != "lifeboat.inbox.acme" || e.Type() != "io.lifeboat.ticket.submitted.v1" || e.ID() != "desk/"+id+"/1" ||
		request.Ticket != id || request.System != "desk" || request.Requester.Email != "alex@acme.example" {
		t.Errorf("%s: %s", m.Subject(), m.Data())
	}
}

// The desk finds a bus again that went away, and knows what came in meanwhile.
func TestTheBusComesBack(t *testing.T) {
	config := bus.Config{Dir: t.TempDir(), Listen: freeAddress(t), Logger: bustest.Logger(t)}
	d := openDesk(t, ticketing.Options{URL: "nats://" + config.Listen})
	open := func() *bus.Bus {
		t.Helper()
		b, err := bus.Open(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	shut := func(b *bus.Bus) {
		t.Helper()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := b.Close(ctx); err != nil {
			t.Fatal(err)
		}
	}
	b := open()
	connected(t, d)
	ref := events.TicketRef{System: "desk", Ticket: "T-1", Revision: 1}
	at := answer(t, b, "T-1", 0, events.TicketRefused{TicketRef: ref, Account: "acme"})
	shut(b)
	bustest.Eventually(t, patience, "the desk to notice", func() bool { return !d.Connected() })
	b = open()
	defer shut(b)
	answer(t, b, "T-1", at, events.TicketSuperseded{TicketRef: ref, By: 2})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	got, err := d.Await(ctx, "T-1", func(t ticketing.Ticket) bool { return t.State == "superseded" })
	if err != nil || len(got.Answers) != 2 {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestPostToIntake posts a ticket over HTTP.
func TestPostToIntake(t *testing.T) {
	var got struct{ path, auth, kind, body string }
	status := http.StatusAccepted
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		raw, err := io.ReadAll(q.Body)
		if err != nil {
			t.Error(err)
		}
		got.path, got.auth, got.kind, got.body = q.URL.Path, q.Header.Get("Authorization"), q.Header.Get("Content-Type"), string(raw)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, `{"title": "too many"}`)
	}))
	defer server.Close()
	d := openDesk(t, ticketing.Options{URL: "nats://127.0.0.1:1", Bearer: secret.NewText("token-token-token")})
	if _, err := d.Submit(t.Context(), []byte(body), 1, ticketing.Route{Intake: server.URL + "/"}); err != nil {
		t.Fatal(err)
	}
	if got.path != "/v1/tickets" || got.auth != "Bearer token-token-token" || !strings.HasPrefix(got.kind, "application/cloudevents+json") || !strings.Contains(got.body, `"alex@acme.example"`) {
		t.Errorf("%+v", got)
	}
	status = http.StatusTooManyRequests
	_, err := d.Submit(t.Context(), []byte(body), 1, ticketing.Route{Intake: server.URL})
	var said *ticketing.Refusal
	if !errors.As(err, &said) || said.Status != http.StatusTooManyRequests || !strings.Contains(said.Body, "too many") {
		t.Errorf("%v", err)
	}
	if _, err := d.Submit(t.Context(), []byte(body), 1, ticketing.Route{Intake: "::"}); err == nil {
		t.Error("a ticket was posted nowhere")
	}
}

func TestBadTickets(t *testing.T) {
	d := openDesk(t, ticketing.Options{URL: "nats://127.0.0.1:1"})
	for text, says := range map[string]string{
		`{`: "body", `{"acount": "x"}`: "acount", `{}`: "account", `[]`: "body", `{"account": 5}`: "account",
	} {
		if _, err := d.Submit(t.Context(), []byte(text), 1, ticketing.Route{}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// A raw body goes out as it is, so that lifeboat's own judgement can be tried.
func TestRawTickets(t *testing.T) {
	address := freeAddress(t)
	d := openDesk(t, ticketing.Options{URL: "nats://" + address})
	bustest.OpenConfig(t, bus.Config{Dir: t.TempDir(), Listen: address, Logger: bustest.Logger(t)})
	connected(t, d)
	for _, text := range []string{`{"nonsense": true}`, `not JSON at all`} {
		if _, err := d.Submit(t.Context(), []byte(text), 1, ticketing.Route{Raw: true, Account: "acme"}); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := d.Submit(t.Context(), []byte(`{}`), 1, ticketing.Route{Raw: true}); err == nil {
		t.Error("a raw ticket without an account went out")
	}
}
