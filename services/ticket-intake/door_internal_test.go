package intake

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"lifeboat.io/events"
	"lifeboat.io/pkg/bus/bustest"
)

// TestOnlySoManyAtATime: with all places taken a request is told to come back,
// and taken again once a place is free.
func TestOnlySoManyAtATime(t *testing.T) {
	s := &Service{config: Config{Limits: Limits{Concurrent: 1}}, log: bustest.Logger(t)}
	working, release := make(chan struct{}), make(chan struct{})
	handler := s.bounded(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		working <- struct{}{}
		<-release
	}))
	ask := func() *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest("POST", "/", nil))
		return w
	}
	first := make(chan *httptest.ResponseRecorder, 1)
	go func() { first <- ask() }()
	<-working
	if w := ask(); w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") == "" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	release <- struct{}{}
	if w := <-first; w.Code != http.StatusOK {
		t.Errorf("%d", w.Code)
	}
	go func() { first <- ask() }()
	<-working
	release <- struct{}{}
	<-first
}

func TestAPanicIsAnswered(t *testing.T) {
	s := &Service{config: Config{Limits: Limits{Concurrent: 1}}, log: bustest.Logger(t)}
	handler := s.bounded(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("on purpose") }))
	for range 2 { // the place must be free again
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "purpose") {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
}

func TestTheTokenIsTakenOutOfTheAddress(t *testing.T) {
	handler := hideToken(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if address := r.URL.String() + r.RequestURI; strings.Contains(address, "s3cret") || !strings.Contains(address, "account=acme") {
			t.Errorf("the address is %s", address)
		}
		if bearer(r).Reveal() != "s3cret" {
			t.Error("the token is lost")
		}
	}))
	handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/v1/tickets/desk/T-1?access_token=s3cret&account=acme", nil))
}

// TestTheTraceOfARequestGoesIntoTheTicket: the journey of a ticket begins with
// the span of its request, which has the caller's as its parent.
func TestTheTraceOfARequestGoesIntoTheTicket(t *testing.T) {
	spans := tracetest.NewInMemoryExporter()
	provider := trace.NewTracerProvider(trace.WithSyncer(spans))
	s := crashing(t)
	s.tracing = provider
	s.callers = []*caller{{Caller: Caller{Name: "desk", Systems: []string{"*"}, Accounts: []string{"*"}}, limit: limiter(600)}}
	s.callers[0].token = digestOf("desk-token-0123456789")

	raw, err := json.Marshal(submission(t, revision(1, events.ActionPlanned)))
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("POST", "/v1/tickets?access_token=desk-token-0123456789", bytes.NewReader(raw))
	r.Header.Set("Content-Type", "application/cloudevents+json")
	r.Header.Set("Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	if w.Code != http.StatusAccepted {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	recorded := spans.GetSpans()
	if len(recorded) != 1 {
		t.Fatalf("%d spans", len(recorded))
	}
	span := recorded[0]
	if span.Name != "POST /v1/tickets" || span.Parent.SpanID().String() != "00f067aa0ba902b7" {
		t.Errorf("span %q below %s", span.Name, span.Parent.SpanID())
	}
	for _, a := range span.Attributes {
		if strings.Contains(a.Value.String(), "desk-token") {
			t.Errorf("the span holds the token: %s=%s", a.Key, a.Value.String())
		}
	}
	expect(t, s, "accepted")
	history, err := s.bus.History(t.Context(), ticketAggregate("acme", events.TicketRef{System: "desk", Ticket: "T-1"}))
	if err != nil {
		t.Fatal(err)
	}
	want := "00-4bf92f3577b34da6a3ce929d0e0e4736-" + span.SpanContext.SpanID().String() + "-01"
	if got := events.Extension(history[0].Event, events.ExtTraceParent); got != want {
		t.Errorf("the journey began in %s, want %s", got, want)
	}
}

func FuzzReadEvent(f *testing.F) {
	f.Add("application/cloudevents+json", "Ce-Id", "1", []byte(`{"specversion":"1.0","id":"1","source":"/desk","type":"io.lifeboat.ticket.submitted.v1","data":{"system":"desk"}}`))
	f.Add("application/json", "Ce-Specversion", "1.0", []byte(`{"system":"desk"}`))
	f.Add("application/json", "Ce-", "x", []byte(`{}`))
	f.Add("application/cloudevents+json; charset=utf-8", "Ce-Time", "now", []byte(`{"specversion":"1.0","data_base64":"!"}`))
	f.Add("application/cloudevents-batch+json", "X", "", []byte(`[]`))
	f.Fuzz(func(t *testing.T, contentType, name, value string, body []byte) {
		r := httptest.NewRequest("POST", "/v1/tickets", nil)
		r.Header["Content-Type"] = []string{contentType}
		for name, value := range map[string]string{"Ce-Specversion": "1.0", "Ce-Id": "1", "Ce-Source": "/desk", "Ce-Type": "t"} {
			r.Header[name] = []string{value}
		}
		r.Header[http.CanonicalHeaderKey(name)] = []string{value}
		e, p := readEvent(r, body)
		if p != nil {
			if p.Status != http.StatusBadRequest && p.Status != http.StatusUnsupportedMediaType || p.Detail == "" {
				t.Errorf("%+v", p)
			}
			return
		}
		if err := e.Validate(); err != nil {
			t.Errorf("a broken event came through: %v", err)
		}
		caller := &caller{Caller: Caller{Systems: []string{"*"}, Accounts: []string{"*"}}}
		if ticket, p := checkSubmitted(caller, e); p == nil && (ticket.System == "" || ticket.Account == "") {
			t.Errorf("a ticket of nobody came through: %+v", ticket)
		}
	})
}
