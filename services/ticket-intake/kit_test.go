package intake_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"lifeboat.io/events"
	"lifeboat.io/pkg/bus"
	"lifeboat.io/pkg/bus/bustest"
	"lifeboat.io/pkg/contract"
	"lifeboat.io/pkg/inventory/revisions"
	"lifeboat.io/pkg/secret"
	intake "lifeboat.io/services/ticket-intake"
)

const (
	// patience bounds how long a test waits for something that should be there in a moment.
	patience = 30 * time.Second

	deskToken = "desk-token-0123456789"
	deskKey   = "desk-key-0123456789abcdef"
	tightKey  = "tight-token-0123456789"
)

// openBus is a bus that refuses events which break the contract.
func openBus(t testing.TB, changes ...func(*bus.Config)) *bus.Bus {
	t.Helper()
	return bustest.Open(t, append(changes, func(c *bus.Config) { c.Check = contract.Validate })...)
}

// house is a running service with its bus.
type house struct {
	t   testing.TB
	bus *bus.Bus
	*intake.Service
	log *logBuffer
	// stop ends the service and waits until it has.
	stop func()
}

// logBuffer is a log that can be read while it is written.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// config is a configuration with two callers; their secrets are in folder.
func config(t testing.TB) (c intake.Config, folder string) {
	t.Helper()
	folder = t.TempDir()
	for name, value := range map[string]string{"token": deskToken, "key": deskKey, "tight": tightKey} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(value+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return intake.Config{Listen: "127.0.0.1:0", Callers: []intake.Caller{
		{Name: "desk", Systems: []string{"desk"}, Accounts: []string{"acme", "ACME corp."}, Bearer: secret.Ref{File: "token"}, HMAC: secret.Ref{File: "key"},
			Origins: []string{"desk.example"}, RatePerMinute: 6000},
		{Name: "tight", Systems: []string{"*"}, Accounts: []string{"acme"}, Bearer: secret.Ref{File: "tight"}, RatePerMinute: 6},
	}}, folder
}

// storeInventory puts the inventory of these tests on the bus.
func storeInventory(t testing.TB, b *bus.Bus) {
	t.Helper()
	if _, _, err := revisions.Store(t.Context(), b, deskInventory(t)); err != nil {
		t.Fatal(err)
	}
}

// start runs a service on a bus.
func start(t testing.TB, b *bus.Bus, changes ...func(*intake.Config, *intake.Tools)) *house {
	t.Helper()
	c, folder := config(t)
	h := &house{t: t, bus: b, log: &logBuffer{}}
	tools := intake.Tools{Bus: b, Folder: folder, Logger: slog.New(slog.NewTextHandler(h.log, nil))}
	for _, change := range changes {
		change(&c, &tools)
	}
	var err error
	if h.Service, err = intake.New(c, tools); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx) }()
	h.stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("the service ended with %v", err)
			}
		case <-time.After(patience):
			t.Error("the service does not end")
		}
	})
	t.Cleanup(h.stop)
	return h
}

// open is a running service on its own bus, with the inventory stored.
func open(t testing.TB, changes ...func(*intake.Config, *intake.Tools)) *house {
	t.Helper()
	b := openBus(t)
	storeInventory(t, b)
	return start(t, b, changes...)
}

// ticketEvent is a submitted ticket as an event.
func ticketEvent(t testing.TB, r events.Request) event.Event {
	t.Helper()
	e := event.New()
	e.SetID(fmt.Sprintf("%s-%d", r.Aggregate(), r.Revision))
	e.SetSource("/desk")
	e.SetType("io.lifeboat.ticket.submitted.v1")
	if err := e.SetData(event.ApplicationJSON, r); err != nil {
		t.Fatal(err)
	}
	return e
}

// wants is a request of Alex in account acme.
func wants(number string, action events.Action, vms ...string) events.Request {
	r := events.Request{
		TicketRef: events.TicketRef{System: "desk", Ticket: number, Revision: 1}, Account: "acme", Action: action,
		Requester: events.Person{Name: "Alex Example", Email: "alex@acme.example"},
	}
	for _, name := range vms {
		r.VMs = append(r.VMs, events.VMRef{Name: name})
	}
	return r
}

// history is all events of a ticket of account acme.
func (h *house) history(number string) []bus.Recorded {
	h.t.Helper()
	recorded, err := h.bus.History(context.Background(), events.Aggregate{Family: events.FamilyTicket, Account: "acme", ID: events.TicketID("desk", number)})
	if err != nil {
		h.t.Fatal(err)
	}
	return recorded
}

// said is the short names of the events of a ticket.
func (h *house) said(number string) string {
	h.t.Helper()
	var names []string
	for _, r := range h.history(number) {
		names = append(names, events.ShortName(r.Event.Type()))
	}
	return strings.Join(names, " ")
}

// awaits waits until a ticket has exactly these events.
func (h *house) awaits(number, want string) {
	h.t.Helper()
	var got string
	deadline := time.Now().Add(patience)
	for ticker := time.NewTicker(10 * time.Millisecond); ; <-ticker.C {
		if got = h.said(number); got == want {
			return
		}
		if time.Now().After(deadline) {
			h.t.Fatalf("ticket %s has events %q, want %q\n%s", number, got, want, h.log)
		}
	}
}

// submits puts a ticket into the inbox.
func (h *house) submits(r events.Request) {
	h.t.Helper()
	if err := h.bus.Submit(context.Background(), r.Account, ticketEvent(h.t, r)); err != nil {
		h.t.Fatal(err)
	}
}

// records appends a failover event, as the executor does.
func (h *house) records(data any, ref events.RunRef) {
	h.t.Helper()
	agg := events.Aggregate{Family: events.FamilyFailover, Account: "acme", ID: ref.VM.ID}
	past, err := h.bus.History(context.Background(), agg)
	if err != nil {
		h.t.Fatal(err)
	}
	var last uint64
	if len(past) > 0 {
		last = past[len(past)-1].Seq
	}
	e, err := events.New(agg, events.Meta{
		ID: fmt.Sprintf("f-%s-%d", ref.Run, len(past)), Source: events.FamilyFailover.Source(), Time: time.Now(),
		Sequence: uint64(len(past) + 1), Correlation: ref.Ticket.Aggregate(),
	}, data)
	if err != nil {
		h.t.Fatal(err)
	}
	if _, err := h.bus.Append(context.Background(), agg, last, e); err != nil {
		h.t.Fatal(err)
	}
}

// reply is an HTTP answer read to its end.
type reply struct {
	status int
	header http.Header
	body   string
}

// code is the code of a problem; "" when the answer is none.
func (r reply) code() string {
	var p struct {
		Code string `json:"code"`
	}
	if !strings.HasPrefix(r.header.Get("Content-Type"), "application/problem+json") || json.Unmarshal([]byte(r.body), &p) != nil {
		return ""
	}
	return p.Code
}

// asks sends an HTTP request. A change may add what it needs.
func (h *house) asks(method, path, body string, change func(*http.Request)) reply {
	h.t.Helper()
	r, err := http.NewRequest(method, h.URL()+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	if change != nil {
		change(r)
	}
	client := &http.Client{Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return reply{answer.StatusCode, answer.Header, string(raw)}
}

// structured is the body of a ticket in structured mode.
func structured(t testing.TB, r events.Request) string {
	t.Helper()
	raw, err := json.Marshal(ticketEvent(t, r))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// asDesk is a request in structured mode with the desk's token.
func asDesk(r *http.Request) {
	r.Header.Set("Content-Type", event.ApplicationCloudEventsJSON)
	r.Header.Set("Authorization", "Bearer "+deskToken)
}
