package wire_test

import (
	"context"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"lifeboat.io/pkg/hyperv/winrm/internal/ntlmpeer"
	"lifeboat.io/pkg/hyperv/winrm/ntlm"
	"lifeboat.io/pkg/hyperv/winrm/wire"
)

// peer is a listener that authenticates connections by NTLM, breakable.
type peer struct {
	flags  uint32                                   // of its challenges; 0 means ordinary ones
	answer func(w http.ResponseWriter, text string) // instead of a sealed echo
	offer  string                                   // instead of Negotiate
	hangUp atomic.Int32                             // close the connection after this many more log-ons
	logons atomic.Int32
	// hangUpEarly closes the connection with so many challenges.
	hangUpEarly atomic.Int32
	clear       atomic.Int32 // envelopes that came in clear text
	sessions    atomic.Int32
}

type connKey struct{}

// security is what a connection is.
type security struct{ session *ntlmpeer.Session }

func (p *peer) start(t *testing.T) *httptest.Server {
	s := httptest.NewUnstartedServer(p)
	s.Config.ConnContext = func(ctx context.Context, _ net.Conn) context.Context {
		return context.WithValue(ctx, connKey{}, &security{})
	}
	s.Start()
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s
}

func (p *peer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	conn := r.Context().Value(connKey{}).(*security)
	if strings.Contains(string(body), "<secret/>") {
		p.clear.Add(1)
	}
	header := r.Header.Get("Authorization")
	token, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(header, "Negotiate "))
	switch {
	case header != "" && len(token) > 8 && token[8] == 1:
		p.challenge(w)
	case header != "" && len(token) > 8 && token[8] == 3:
		p.logon(w, conn, token)
	case conn.session == nil || header != "":
		p.demand(w)
	default:
		p.echo(w, conn, body)
	}
}

func (p *peer) demand(w http.ResponseWriter) {
	offer := p.offer
	if offer == "" {
		offer = "Negotiate"
	}
	w.Header().Set("WWW-Authenticate", offer)
	w.WriteHeader(http.StatusUnauthorized)
}

func (p *peer) challenge(w http.ResponseWriter) {
	if p.offer != "" {
		p.demand(w)
		return
	}
	if p.hangUpEarly.Add(-1) >= 0 {
		w.Header().Set("Connection", "close")
	}
	flags := p.flags
	if flags == 0 {
		flags = ntlmpeer.Flags
	}
	w.Header().Set("WWW-Authenticate", "Negotiate "+base64.StdEncoding.EncodeToString(ntlmpeer.Challenge(flags)))
	w.WriteHeader(http.StatusUnauthorized)
}

func (p *peer) logon(w http.ResponseWriter, conn *security, token []byte) {
	p.logons.Add(1)
	session, err := ntlmpeer.Accept(token, "hunter2")
	if err != nil {
		p.demand(w)
		return
	}
	conn.session = session
	p.sessions.Add(1)
	if p.hangUp.Add(-1) >= 0 {
		w.Header().Set("Connection", "close")
	}
}

func (p *peer) echo(w http.ResponseWriter, conn *security, body []byte) {
	plain, err := conn.session.Unseal(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if p.answer != nil {
		p.answer(w, string(plain))
		return
	}
	w.Header().Set("Content-Type", ntlm.ContentType)
	_, _ = w.Write(conn.session.Seal(append([]byte("echo "), plain...)))
}

func (p *peer) dial(t *testing.T, pass string) (*wire.Conn, *wire.Endpoint) {
	t.Helper()
	s := p.start(t)
	c := wire.Config{Name: "hv01", Timeout: 2 * time.Second, Auth: wire.NTLM{User: `CORP\operator`, Password: password(pass)}}
	c.Address, c.Port = address(t, s)
	e, err := wire.NewEndpoint(c)
	if err != nil {
		t.Fatal(err)
	}
	conn := e.Open()
	t.Cleanup(conn.Close)
	return conn, e
}

func TestSealedMessages(t *testing.T) {
	p := &peer{}
	conn, e := p.dial(t, "hunter2")
	for range 5 {
		got, err := conn.Post(t.Context(), "Test", []byte("<secret/>"))
		if err != nil || string(got) != "echo <secret/>" {
			t.Fatalf("got %q, %v", got, err)
		}
	}
	if n := e.Counts().Requests.Load(); n != 7 {
		t.Errorf("%d requests for 5 messages, want 7: one handshake of two", n)
	}
	if p.logons.Load() != 1 || p.clear.Load() != 0 {
		t.Errorf("%d log-ons, %d messages in clear text", p.logons.Load(), p.clear.Load())
	}
}

func TestSecurityContextIsMadeAgain(t *testing.T) {
	p := &peer{}
	conn, _ := p.dial(t, "hunter2")
	for n := int32(1); n <= 3; n++ {
		if _, err := conn.Post(t.Context(), "Test", []byte("<secret/>")); err != nil {
			t.Fatal(err)
		}
		if got := p.sessions.Load(); got != n {
			t.Errorf("%d sessions after %d connections", got, n)
		}
		conn.Close() // the next message goes over another connection, which knows nothing of us
	}
	if p.clear.Load() != 0 {
		t.Errorf("%d messages in clear text", p.clear.Load())
	}
}

func TestConnectionLostDuringLogon(t *testing.T) {
	p := &peer{}
	p.hangUp.Store(1)
	conn, _ := p.dial(t, "hunter2")
	got, err := conn.Post(t.Context(), "Test", []byte("<secret/>"))
	if err != nil || string(got) != "echo <secret/>" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestLogonOverTwoConnectionsIsNoWrongPassword(t *testing.T) {
	p := &peer{}
	p.hangUpEarly.Store(1 << 30)
	conn, _ := p.dial(t, "hunter2")
	_, err := conn.Post(t.Context(), "Test", []byte("<secret/>"))
	if kind, sent := kindOf(t, err); kind != wire.Unreachable || sent {
		t.Errorf("%v: %s, sent %v", err, kind, sent)
	}
}

func TestLogonOverTwoConnectionsIsTriedAgain(t *testing.T) {
	p := &peer{}
	p.hangUpEarly.Store(1)
	conn, _ := p.dial(t, "hunter2")
	got, err := conn.Post(t.Context(), "Test", []byte("<secret/>"))
	if err != nil || string(got) != "echo <secret/>" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestLogonIsNotTriedForEver(t *testing.T) {
	p := &peer{}
	p.hangUp.Store(1 << 30)
	conn, e := p.dial(t, "hunter2")
	_, err := conn.Post(t.Context(), "Test", []byte("<secret/>"))
	if kind, sent := kindOf(t, err); kind != wire.Denied || sent {
		t.Errorf("%v: %s, sent %v", err, kind, sent)
	}
	if n := e.Counts().Requests.Load(); n > 6 {
		t.Errorf("%d requests, want at most two handshakes and two messages", n)
	}
}

func TestNothingIsEverSentInClear(t *testing.T) {
	tests := map[string]struct {
		peer *peer
		pass string
		kind wire.Kind
		sent bool
	}{
		"wrong password":      {&peer{}, "wrong", wire.Denied, false},
		"no sealing":          {&peer{flags: ntlmpeer.Flags &^ 0x20}, "hunter2", wire.Denied, false},
		"no signing":          {&peer{flags: ntlmpeer.Flags &^ 0x10}, "hunter2", wire.Denied, false},
		"weak keys":           {&peer{flags: ntlmpeer.Flags &^ 0x20000000}, "hunter2", wire.Denied, false},
		"basic offered":       {&peer{offer: `Basic realm="WSMAN"`}, "hunter2", wire.Denied, false},
		"kerberos only":       {&peer{offer: "Kerberos"}, "hunter2", wire.Denied, false},
		"challenge is junk":   {&peer{offer: "Negotiate AAAA"}, "hunter2", wire.Denied, false},
		"challenge is broken": {&peer{offer: "Negotiate !!"}, "hunter2", wire.Denied, false},
		"answer in clear": {&peer{answer: func(w http.ResponseWriter, text string) {
			w.Header().Set("Content-Type", "application/soap+xml")
			_, _ = io.WriteString(w, "echo "+text)
		}}, "hunter2", wire.Garbage, true},
		"fault in clear": {&peer{answer: func(w http.ResponseWriter, _ string) {
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, "<fault/>")
		}}, "hunter2", wire.Garbage, true},
		"unavailable": {&peer{answer: func(w http.ResponseWriter, _ string) {
			w.WriteHeader(http.StatusServiceUnavailable)
		}}, "hunter2", wire.Unavailable, true},
		"answer under another key": {&peer{answer: func(w http.ResponseWriter, text string) {
			w.Header().Set("Content-Type", ntlm.ContentType)
			_, _ = w.Write([]byte("--Encrypted Boundary\r\n\tOriginalContent: type=x;Length=5\r\n--Encrypted Boundary\r\n\tContent-Type: application/octet-stream\r\n\x10\x00\x00\x00" + "0123456789012345hello--Encrypted Boundary--\r\n"))
		}}, "hunter2", wire.Garbage, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := tt.peer
			conn, e := p.dial(t, tt.pass)
			_, err := conn.Post(t.Context(), "Test", []byte("<secret/>"))
			if kind, sent := kindOf(t, err); kind != tt.kind || sent != tt.sent {
				t.Errorf("%v: %s, sent %v; want %s, %v", err, kind, sent, tt.kind, tt.sent)
			}
			if p.clear.Load() != 0 {
				t.Errorf("%d messages in clear text", p.clear.Load())
			}
			if n := e.Counts().Requests.Load(); n > 6 {
				t.Errorf("%d requests", n)
			}
			if strings.Contains(err.Error(), tt.pass) {
				t.Errorf("the password is in %q", err)
			}
		})
	}
}
