package intake_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"lifeboat.io/events"
	"lifeboat.io/pkg/bus"
	"lifeboat.io/pkg/bus/bustest"
	"lifeboat.io/pkg/secret"
	intake "lifeboat.io/services/ticket-intake"
	"lifeboat.io/services/ticket-intake/signature"
)

func TestATicketOverHTTPIsStoredAndAnswered(t *testing.T) {
	h := open(t)
	got := h.asks("POST", "/v1/tickets", structured(t, wants("T-1", events.ActionTest, "bank-db")), asDesk)
	if got.status != http.StatusAccepted {
		t.Fatalf("%d %s", got.status, got.body)
	}
	var receipt struct {
		Status, Account, Event, Location string
		Ticket                           events.TicketRef
	}
	if err := json.Unmarshal([]byte(got.body), &receipt); err != nil {
		t.Fatal(err)
	}
	if receipt.Status != "stored" || receipt.Account != "acme" || receipt.Event != "desk~T-1-1" || receipt.Ticket.Ticket != "T-1" {
		t.Errorf("receipt %+v", receipt)
	}
	if receipt.Location != "/v1/tickets/desk/T-1?account=acme" || got.header.Get("Location") != receipt.Location {
		t.Errorf("location %q and %q", receipt.Location, got.header.Get("Location"))
	}
	h.awaits("T-1", "accepted")
	shown := h.asks("GET", receipt.Location, "", asDesk)
	var view intake.TicketView
	if err := json.Unmarshal([]byte(shown.body), &view); err != nil || shown.status != http.StatusOK {
		t.Fatalf("%d %s", shown.status, shown.body)
	}
	if len(view.Revisions) != 1 || view.Revisions[0].Status != "accepted" || view.Revisions[0].Items[0].Run == "" {
		t.Errorf("shown %+v", view)
	}
}

// inBinary sends a ticket in binary mode.
func inBinary(r *http.Request) {
	asDesk(r)
	for name, value := range map[string]string{
		"Content-Type": "application/json", "ce-specversion": "1.0", "ce-id": "Z%C3%BCrich%201", "ce-source": "/desk",
		"ce-type": "io.lifeboat.ticket.submitted.v1", "ce-time": "2026-03-02T09:00:00Z", "ce-comment": `"100%25"`,
	} {
		r.Header.Set(name, value)
	}
}

func TestBinaryModeIsDecodedAsItsBindingSays(t *testing.T) {
	h := open(t)
	raw, err := json.Marshal(wants("T-1", events.ActionTest, "bank-db"))
	if err != nil {
		t.Fatal(err)
	}
	if got := h.asks("POST", "/v1/tickets", string(raw), inBinary); got.status != http.StatusAccepted || !strings.Contains(got.body, `"Zürich 1"`) {
		t.Fatalf("%d %s", got.status, got.body)
	}
	h.awaits("T-1", "accepted")
	e := h.history("T-1")[0].Event
	if cause := events.Extension(e, events.ExtCausation); cause != "Zürich 1" {
		t.Errorf("caused by %q", cause)
	}
	data, err := events.Decode(e)
	if err != nil {
		t.Fatal(err)
	}
	if at := data.(*events.TicketAccepted).SubmittedAt; at.Format(time.RFC3339) != "2026-03-02T09:00:00Z" {
		t.Errorf("submitted at %s", at)
	}
}

func TestWhoMayCome(t *testing.T) {
	h := open(t)
	ticket := structured(t, wants("T-1", events.ActionTest, "bank-db"))
	sign := func(key string, at time.Time, nonce string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Set("Content-Type", "application/cloudevents+json")
			signature.Sign(r, "desk", secret.NewText(key), nonce, []byte(ticket), at)
		}
	}
	anonymous := func(r *http.Request) { r.Header.Set("Content-Type", "application/cloudevents+json") }
	token := func(token string) func(*http.Request) {
		return func(r *http.Request) {
			anonymous(r)
			r.Header.Set("Authorization", token)
		}
	}
	for _, tt := range []struct {
		name, path string
		change     func(*http.Request)
		status     int
		code       string
	}{
		{"token", "/v1/tickets", asDesk, 202, ""},
		{"token in the query", "/v1/tickets?access_token=" + deskToken, anonymous, 202, ""},
		{"scheme in lower case", "/v1/tickets", token("bearer " + deskToken), 202, ""},
		{"signature", "/v1/tickets", sign(deskKey, time.Now(), "aaaaaaaa1"), 202, ""},
		{"the same signature again", "/v1/tickets", sign(deskKey, time.Now(), "aaaaaaaa1"), 401, "signature-replayed"},
		{"nobody", "/v1/tickets", anonymous, 401, "no-login"},
		{"empty token", "/v1/tickets", token("Bearer "), 401, "no-login"},
		{"another scheme", "/v1/tickets", token("Basic " + deskToken), 401, "no-login"},
		{"wrong token", "/v1/tickets", token("Bearer " + deskToken + "x"), 401, "wrong-login"},
		{"the key as token", "/v1/tickets", token("Bearer " + deskKey), 401, "wrong-login"},
		{"wrong key", "/v1/tickets", sign(deskKey+"x", time.Now(), "aaaaaaaa2"), 401, "wrong-signature"},
		{"late signature", "/v1/tickets", sign(deskKey, time.Now().Add(-6*time.Minute), "aaaaaaaa3"), 401, "wrong-signature"},
		{"early signature", "/v1/tickets", sign(deskKey, time.Now().Add(6*time.Minute), "aaaaaaaa4"), 401, "wrong-signature"},
		{"signature of another address", "/v1/tickets", func(r *http.Request) {
			sign(deskKey, time.Now(), "aaaaaaaa5")(r)
			r.URL.RawQuery = "x=1"
		}, 401, "wrong-signature"},
		{"no signature", "/v1/tickets", func(r *http.Request) {
			asDesk(r) // a token does not make up for a broken signature
			r.Header.Set(signature.Header, "v1=abc")
		}, 401, "wrong-signature"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := h.asks("POST", tt.path, ticket, tt.change)
			if got.status != tt.status || got.code() != tt.code {
				t.Errorf("%d %s, want %d %s", got.status, got.body, tt.status, tt.code)
			}
			if tt.status == 401 && got.header.Get("WWW-Authenticate") == "" {
				t.Error("401 without WWW-Authenticate")
			}
		})
	}
}

func TestWhatIsTurnedAway(t *testing.T) {
	h := open(t)
	whole := structured(t, wants("T-1", events.ActionTest, "bank-db"))
	as := func(contentType string) func(*http.Request) {
		return func(r *http.Request) {
			asDesk(r)
			r.Header.Set("Content-Type", contentType)
			if contentType == "" {
				r.Header.Del("Content-Type")
			}
		}
	}
	other := func(change func(*events.Request)) string {
		r := wants("T-1", events.ActionTest, "bank-db")
		change(&r)
		return structured(t, r)
	}
	for _, tt := range []struct {
		name, body string
		change     func(*http.Request)
		status     int
		code, says string
	}{
		{"no content type", whole, as(""), 415, "no-cloudevent", "application/cloudevents+json"},
		{"text", whole, as("text/plain"), 415, "no-cloudevent", ""},
		{"JSON that is no event", whole, as("application/json"), 415, "no-cloudevent", ""},
		{"batch", "[" + whole + "]", as("application/cloudevents-batch+json"), 415, "no-cloudevent", "one event a request"},
		{"XML", whole, as("application/cloudevents+xml"), 415, "no-cloudevent", ""},
		{"no JSON", "help!", asDesk, 400, "no-cloudevent", ""},
		{"no event", "{}", asDesk, 400, "no-cloudevent", ""},
		{"event without id", strings.Replace(whole, `"id":"desk~T-1-1"`, `"id":""`, 1), asDesk, 400, "no-cloudevent", "id"},
		{"event of another type", strings.Replace(whole, "submitted", "accepted", 1), asDesk, 400, "malformed", "is not a submitted ticket"},
		{"attribute without name", "{}", func(r *http.Request) { inBinary(r); r.Header["Ce-"] = []string{"x"} }, 400, "no-cloudevent", "Ce-"},
		{"attribute twice", "{}", func(r *http.Request) { inBinary(r); r.Header.Add("ce-id", "2") }, 400, "no-cloudevent", "Ce-Id"},
		{"attribute badly encoded", "{}", func(r *http.Request) { inBinary(r); r.Header.Set("ce-id", "%zz") }, 400, "no-cloudevent", "Ce-Id"},
		{"no ticket", `{}`, inBinary, 400, "malformed", "requester"},
		{"typo in the ticket", strings.Replace(whole, `"vms"`, `"vmss"`, 1), asDesk, 400, "malformed", "write vms"},
		{"ticket of another system", other(func(r *events.Request) { r.System = "jira" }), asDesk, 403, "not-for-caller", "jira"},
		{"ticket of another account", other(func(r *events.Request) { r.Account = "globex" }), asDesk, 403, "not-for-caller", "globex"},
		{"body too large", strings.Repeat(" ", 2*events.MaxSubmittedBytes+1), asDesk, 413, "too-large", ""},
		{"ticket too large", other(func(r *events.Request) { r.Reason = strings.Repeat("x", events.MaxSubmittedBytes) }), asDesk, 413, "too-large", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := h.asks("POST", "/v1/tickets", tt.body, tt.change)
			if got.status != tt.status || got.code() != tt.code || !strings.Contains(got.body, tt.says) {
				t.Errorf("%d %s, want %d %s with %q", got.status, got.body, tt.status, tt.code, tt.says)
			}
		})
	}
	h.submits(wants("T-2", events.ActionTest, "bank-db"))
	h.awaits("T-2", "accepted")
	if got := h.said("T-1"); got != "" {
		t.Errorf("a ticket that was turned away has events %q", got)
	}
	for _, method := range []string{"PUT", "DELETE", "PATCH", "GET"} {
		if got := h.asks(method, "/v1/tickets", "", asDesk); got.status != http.StatusMethodNotAllowed {
			t.Errorf("%s gives %d", method, got.status)
		}
	}
}

func TestShowingATicket(t *testing.T) {
	h := open(t)
	h.submits(wants("T-1", events.ActionTest, "bank-db"))
	odd := wants("T/1?#%", events.ActionTest, "bank-db")
	odd.Account = "ACME corp."
	if got := h.asks("POST", "/v1/tickets", structured(t, odd), asDesk); got.status != 202 {
		t.Fatalf("%d %s", got.status, got.body)
	} else {
		bustest.Eventually(t, patience, "the odd ticket is answered", func() bool {
			return h.asks("GET", got.header.Get("Location"), "", asDesk).status == 200
		})
	}
	h.awaits("T-1", "accepted")
	// Tickets that are there, and are not the desk's.
	theirs, jiras := wants("T-2", events.ActionTest, "bank-db"), wants("T-3", events.ActionTest, "bank-db")
	theirs.Account, jiras.System = "globex", "jira"
	h.submits(theirs)
	h.submits(jiras)
	asTight := func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+tightKey) }
	bustest.Eventually(t, patience, "the tickets of others are answered", func() bool {
		for account, ref := range map[string]events.TicketRef{"globex": theirs.TicketRef, "acme": jiras.TicketRef} {
			_, ok, err := h.bus.Last(t.Context(), events.Aggregate{Family: events.FamilyTicket, Account: account, ID: ref.Aggregate()})
			if err != nil || !ok {
				return false
			}
		}
		return true
	})
	for _, tt := range []struct {
		name, path string
		change     func(*http.Request)
		status     int
	}{
		{"right", "/v1/tickets/desk/T-1?account=acme", asDesk, 200},
		{"the one account need not be said", "/v1/tickets/desk/T-1", asTight, 200},
		{"which account", "/v1/tickets/desk/T-1", asDesk, 400},
		{"no such ticket", "/v1/tickets/desk/T-9?account=acme", asDesk, 404},
		{"ticket of another account", "/v1/tickets/desk/T-2?account=globex", asDesk, 404},
		{"ticket of another system", "/v1/tickets/jira/T-3?account=acme", asDesk, 404},
		{"overlong", "/v1/tickets/desk/" + strings.Repeat("x", 200) + "?account=acme", asDesk, 404},
		{"nobody", "/v1/tickets/desk/T-1?account=acme", nil, 401},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := h.asks("GET", tt.path, "", tt.change); got.status != tt.status {
				t.Errorf("%d %s, want %d", got.status, got.body, tt.status)
			}
		})
	}
}

func TestTheHandshakeOfWebhooks(t *testing.T) {
	h := open(t)
	for _, tt := range []struct {
		name, origin, rate string
		status             int
		allowed, limit     string
	}{
		{"expected", "desk.example", "", 200, "desk.example", "6000"},
		{"modest", "desk.example", "120", 200, "desk.example", "120"},
		{"greedy", "desk.example", "1000000", 200, "desk.example", "6000"},
		{"nonsense", "desk.example", "many", 200, "desk.example", "6000"},
		{"unexpected", "evil.example", "", 403, "", ""},
		{"everybody", "*", "", 403, "", ""},
		{"no handshake", "", "", 204, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := h.asks("OPTIONS", "/v1/tickets", "", func(r *http.Request) {
				if tt.origin != "" {
					r.Header.Set("WebHook-Request-Origin", tt.origin)
				}
				if tt.rate != "" {
					r.Header.Set("WebHook-Request-Rate", tt.rate)
				}
				r.Header.Set("WebHook-Request-Callback", "http://127.0.0.1:1/")
			})
			if got.status != tt.status || got.header.Get("WebHook-Allowed-Origin") != tt.allowed || got.header.Get("WebHook-Allowed-Rate") != tt.limit {
				t.Errorf("%d with origin %q and rate %q, want %d %q %q", got.status,
					got.header.Get("WebHook-Allowed-Origin"), got.header.Get("WebHook-Allowed-Rate"), tt.status, tt.allowed, tt.limit)
			}
			if got.header.Get("Allow") != "OPTIONS, POST" {
				t.Errorf("allow %q", got.header.Get("Allow"))
			}
		})
	}
}

func TestTheContractIsServed(t *testing.T) {
	h := open(t)
	for _, e := range events.Catalogue() {
		address, err := url.Parse(e.SchemaURI())
		if err != nil {
			t.Fatal(err)
		}
		got := h.asks("GET", address.Path, "", nil)
		want, err := events.Schema(e.Type)
		if err != nil || got.status != 200 || got.body != string(want) {
			t.Errorf("%s: %d, %d bytes", address.Path, got.status, len(got.body))
		}
	}
	if got := h.asks("GET", "/schema/../go.mod", "", nil); got.status == 200 {
		t.Error("something else than schemas is served")
	}
	if got := h.asks("GET", "/schema/nothing.json", "", nil); got.status != 404 || got.code() != "no-schema" {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := h.asks("GET", "/asyncapi.yaml", "", nil); got.status != 200 || got.body != string(events.AsyncAPI()) {
		t.Errorf("AsyncAPI: %d", got.status)
	}
	var rows []map[string]string
	if got := h.asks("GET", "/catalogue", "", nil); json.Unmarshal([]byte(got.body), &rows) != nil || len(rows) != len(events.Catalogue()) {
		t.Errorf("catalogue: %d %s", got.status, got.body)
	}
}

func TestACallersRateIsBounded(t *testing.T) {
	h := open(t)
	asTight := func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+tightKey) }
	first := h.asks("GET", "/v1/tickets/desk/T-1", "", asTight)
	second := h.asks("GET", "/v1/tickets/desk/T-1", "", asTight)
	if first.status != 404 || second.status != 429 || second.code() != "rate-exceeded" || second.header.Get("Retry-After") == "" {
		t.Errorf("%d, then %d %s with Retry-After %q", first.status, second.status, second.body, second.header.Get("Retry-After"))
	}
	// Another caller is not held up.
	if got := h.asks("GET", "/v1/tickets/desk/T-1?account=acme", "", asDesk); got.status != 404 {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// at sends a request to a handler that is served by itself.
func (h *house) at(server string, ticket string) reply {
	h.t.Helper()
	r, err := http.NewRequest("POST", server+"/v1/tickets", strings.NewReader(ticket))
	if err != nil {
		h.t.Fatal(err)
	}
	asDesk(r)
	answer, err := http.DefaultClient.Do(r)
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

func TestAFullInboxSaysComeBackLater(t *testing.T) {
	b := openBus(t, func(c *bus.Config) { c.Listen = "127.0.0.1:0" })
	nc, err := nats.Connect(b.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	inbox, err := js.Stream(t.Context(), bus.StreamInbox)
	if err != nil {
		t.Fatal(err)
	}
	narrow := inbox.CachedInfo().Config
	narrow.MaxMsgs = 1
	if _, err := js.UpdateStream(t.Context(), narrow); err != nil {
		t.Fatal(err)
	}
	c, folder := config(t)
	s, err := intake.New(c, intake.Tools{Bus: b, Folder: folder, Logger: bustest.Logger(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	server := httptest.NewServer(s.Handler())
	defer server.Close()
	h := &house{t: t, bus: b}
	if got := h.at(server.URL, structured(t, wants("T-1", events.ActionTest, "bank-db"))); got.status != 202 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	got := h.at(server.URL, structured(t, wants("T-2", events.ActionTest, "bank-db")))
	if got.status != 429 || got.code() != "inbox-full" || got.header.Get("Retry-After") == "" {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestAnAbsentBusSaysComeBackLater(t *testing.T) {
	b := openBus(t)
	c, folder := config(t)
	s, err := intake.New(c, intake.Tools{Bus: b, Folder: folder, Logger: bustest.Logger(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	server := httptest.NewServer(s.Handler())
	defer server.Close()
	if err := b.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := (&house{t: t}).at(server.URL, structured(t, wants("T-1", events.ActionTest, "bank-db")))
	if got.status != 503 || got.code() != "bus-away" || got.header.Get("Retry-After") == "" {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// TestSlowSendersHoldNobodyUp: connections that dribble their head or body are
// cut, and others are served meanwhile.
func TestSlowSendersHoldNobodyUp(t *testing.T) {
	t.Parallel()
	h := open(t, func(c *intake.Config, _ *intake.Tools) { c.Limits.Concurrent = 2 })
	address := strings.TrimPrefix(h.URL(), "http://")
	var slow []net.Conn
	for i := range 50 {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		head := "POST /v1/tickets HTTP/1.1\r\nHost: x\r\nX-Slow: "
		if i%2 == 0 {
			head = "POST /v1/tickets HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"
		}
		if _, err := io.WriteString(conn, head); err != nil {
			t.Fatal(err)
		}
		slow = append(slow, conn)
	}
	if got := h.asks("POST", "/v1/tickets", structured(t, wants("T-1", events.ActionTest, "bank-db")), asDesk); got.status != 202 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	for _, conn := range slow {
		if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		// The end may come with an answer before it; what counts is that it comes.
		if _, err := io.Copy(io.Discard, conn); err != nil && !strings.Contains(err.Error(), "reset") {
			t.Fatalf("a slow connection is still open: %v", err)
		}
	}
}

func TestAnOverlongHeadIsRefused(t *testing.T) {
	h := open(t)
	conn, err := net.Dial("tcp", strings.TrimPrefix(h.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	// The server stops reading, so both writing and reading may end in a reset.
	_, _ = fmt.Fprintf(conn, "GET /catalogue HTTP/1.1\r\nHost: x\r\nX-Long: %s\r\n\r\n", strings.Repeat("x", 64<<10))
	got, _ := io.ReadAll(conn)
	if len(got) > 0 && !strings.HasPrefix(string(got), "HTTP/1.1 431 ") {
		t.Errorf("%s", got)
	}
}

// TestRequestsUnderWayAreFinished: a request that has begun when the service is
// told to stop gets its answer.
func TestRequestsUnderWayAreFinished(t *testing.T) {
	h := open(t)
	conn, err := net.Dial("tcp", strings.TrimPrefix(h.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	body := structured(t, wants("T-1", events.ActionTest, "bank-db"))
	fmt.Fprintf(conn, "POST /v1/tickets HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Type: application/cloudevents+json\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n", deskToken, len(body))
	reader := bufio.NewReader(conn)
	// The server has begun to read the body when it says so.
	if line, err := reader.ReadString('\n'); err != nil || !strings.Contains(line, "100") {
		t.Fatalf("%q %v", line, err)
	}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		h.stop()
	}()
	bustest.Eventually(t, patience, "no further connections are taken", func() bool {
		other, err := net.DialTimeout("tcp", conn.RemoteAddr().String(), time.Second)
		if err == nil {
			_ = other.Close()
		}
		return err != nil
	})
	if _, err := io.WriteString(conn, body); err != nil {
		t.Fatal(err)
	}
	if _, err := reader.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusAccepted {
		t.Errorf("%d", answer.StatusCode)
	}
	<-stopped
}

func TestTLS(t *testing.T) {
	folder := t.TempDir()
	pool := certificate(t, folder)
	h := open(t, func(c *intake.Config, tools *intake.Tools) {
		c.TLS = intake.TLS{Certificate: folder + "/cert.pem", Key: folder + "/key.pem"}
	})
	client := &http.Client{Timeout: patience, Transport: &http.Transport{TLSClientConfig: pool}}
	answer, err := client.Get(h.URL() + "/catalogue")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != 200 || answer.TLS == nil || !strings.HasPrefix(h.URL(), "https://") {
		t.Errorf("%d at %s", answer.StatusCode, h.URL())
	}
}
