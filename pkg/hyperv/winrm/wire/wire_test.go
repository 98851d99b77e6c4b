package wire_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"lifeboat.io/pkg/hyperv/winrm/wire"
	"lifeboat.io/pkg/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func password(text string) wire.Password {
	return func() (secret.Text, error) { return secret.NewText(text), nil }
}

// address is where a test server listens.
func address(t *testing.T, s *httptest.Server) (host string, port int) {
	t.Helper()
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	port, err = strconv.Atoi(u.Port())
	if err != nil {
		t.Fatal(err)
	}
	return u.Hostname(), port
}

// trusting is a TLS configuration that trusts a test server.
func trusting(s *httptest.Server) *tls.Config {
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return &tls.Config{RootCAs: roots, ServerName: "example.com"}
}

func serveTLS(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewTLSServer(h)
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s
}

// dial opens a connection with Basic over TLS, closed with the test.
func dial(t *testing.T, s *httptest.Server, change func(*wire.Config)) (*wire.Conn, *wire.Endpoint) {
	t.Helper()
	c := wire.Config{Name: "hv01", TLS: trusting(s), Timeout: 2 * time.Second, Auth: wire.Basic{User: "operator", Password: password("hunter2")}}
	c.Address, c.Port = address(t, s)
	if change != nil {
		change(&c)
	}
	e, err := wire.NewEndpoint(c)
	if err != nil {
		t.Fatal(err)
	}
	conn := e.Open()
	t.Cleanup(conn.Close)
	return conn, e
}

func kindOf(t *testing.T, err error) (wire.Kind, bool) {
	t.Helper()
	var e *wire.Error
	if !errors.As(err, &e) {
		t.Fatalf("error %v is no *wire.Error", err)
	}
	return e.Kind, e.Sent
}

func TestAnswerComesBack(t *testing.T) {
	s := serveTLS(t, func(w http.ResponseWriter, r *http.Request) {
		user, pass, _ := r.BasicAuth()
		body, _ := io.ReadAll(r.Body)
		if user != "operator" || pass != "hunter2" || r.URL.Path != "/wsman" || r.Method != http.MethodPost {
			t.Errorf("%s %s as %s with %s", r.Method, r.URL.Path, user, pass)
		}
		_, _ = w.Write(append([]byte("echo "), body...))
	})
	conn, e := dial(t, s, nil)
	for range 3 {
		got, err := conn.Post(t.Context(), "Test", []byte("<a/>"))
		if err != nil || string(got) != "echo <a/>" {
			t.Fatalf("got %q, %v", got, err)
		}
	}
	if n := e.Counts().Requests.Load(); n != 3 {
		t.Errorf("%d requests, want 3", n)
	}
	if n := e.Counts().Dials.Load(); n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
}

func TestStatusesAreTyped(t *testing.T) {
	tests := []struct {
		status int
		body   string
		kind   wire.Kind
		sent   bool
	}{
		{401, "", wire.Denied, false},
		{403, "no", wire.Denied, false},
		{404, "no", wire.Garbage, false},
		{405, "no", wire.Garbage, false},
		{301, "", wire.Garbage, true},
		{200, "", wire.Garbage, true},
		{500, "", wire.Garbage, true},
		{502, "no", wire.Unavailable, true},
		{503, "no", wire.Unavailable, true},
		{204, "", wire.Garbage, true},
	}
	for _, tt := range tests {
		t.Run(strconv.Itoa(tt.status), func(t *testing.T) {
			s := serveTLS(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", "https://elsewhere.example/")
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.body)
			})
			conn, e := dial(t, s, nil)
			_, err := conn.Post(t.Context(), "Test", []byte("<a/>"))
			if kind, sent := kindOf(t, err); kind != tt.kind || sent != tt.sent {
				t.Errorf("%v: %s, sent %v; want %s, %v", err, kind, sent, tt.kind, tt.sent)
			}
			if n := e.Counts().Requests.Load(); n != 1 {
				t.Errorf("%d requests, want 1", n)
			}
		})
	}
}

func TestBrokenConnectionsAreTyped(t *testing.T) {
	hijacked := func(do func(net.Conn)) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			c, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			do(c)
		}
	}
	tests := map[string]func(net.Conn){
		"closed without a word": func(net.Conn) {},
		"half an answer":        func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf") },
		"no HTTP":               func(c net.Conn) { _, _ = io.WriteString(c, "SSH-2.0-OpenSSH\r\n") },
		"a header without end": func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 128<<10))
		},
	}
	for name, do := range tests {
		t.Run(name, func(t *testing.T) {
			conn, e := dial(t, serveTLS(t, hijacked(do)), nil)
			_, err := conn.Post(t.Context(), "Test", []byte("<a/>"))
			if kind, sent := kindOf(t, err); kind != wire.ReplyLost || !sent {
				t.Errorf("%v: %s, sent %v", err, kind, sent)
			}
			if n := e.Counts().Requests.Load(); n != 1 {
				t.Errorf("%d requests, want 1: a request that may have arrived is not repeated", n)
			}
		})
	}
}

func TestEndlessAnswerIsCutOff(t *testing.T) {
	s := serveTLS(t, func(w http.ResponseWriter, _ *http.Request) {
		for chunk := bytes.Repeat([]byte("x"), 1<<20); ; {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	})
	conn, _ := dial(t, s, nil)
	_, err := conn.Post(t.Context(), "Test", []byte("<a/>"))
	if kind, sent := kindOf(t, err); kind != wire.Garbage || !sent {
		t.Errorf("%v: %s, sent %v", err, kind, sent)
	}
}

// hang serves requests by never answering them, and tells when one is there.
func hang(t *testing.T) (*httptest.Server, chan struct{}) {
	arrived := make(chan struct{}, 10)
	return serveTLS(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		arrived <- struct{}{}
		<-r.Context().Done()
	}), arrived
}

func TestSilentHostIsNoticed(t *testing.T) {
	s, _ := hang(t)
	conn, _ := dial(t, s, func(c *wire.Config) { c.Timeout = time.Second })
	_, err := conn.Post(t.Context(), "Test", []byte("<a/>"))
	if kind, sent := kindOf(t, err); kind != wire.NoAnswer || !sent {
		t.Errorf("%v: %s, sent %v", err, kind, sent)
	}
}

func TestCancelEndsARequest(t *testing.T) {
	s, arrived := hang(t)
	conn, _ := dial(t, s, func(c *wire.Config) { c.Timeout = time.Hour })
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	_, err := conn.Post(ctx, "Test", []byte("<a/>"))
	if kind, sent := kindOf(t, err); kind != wire.Cancelled || !sent {
		t.Errorf("%v: %s, sent %v", err, kind, sent)
	}
}

func TestConnectionIsMadeAgain(t *testing.T) {
	var mu sync.Mutex
	broken := true
	s := serveTLS(t, func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if broken {
			broken = false
			c, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				_ = c.Close()
			}
			return
		}
		_, _ = io.WriteString(w, "<b/>")
	})
	conn, _ := dial(t, s, nil)
	if _, err := conn.Post(t.Context(), "Test", []byte("<a/>")); err == nil {
		t.Fatal("no error from a closed connection")
	}
	if _, err := conn.Post(t.Context(), "Test", []byte("<a/>")); err != nil {
		t.Errorf("after that: %v", err)
	}
}

func TestNobodyListens(t *testing.T) {
	s := serveTLS(t, func(http.ResponseWriter, *http.Request) {})
	conn, _ := dial(t, s, nil)
	s.Close()
	_, err := conn.Post(t.Context(), "Test", []byte("<a/>"))
	if kind, sent := kindOf(t, err); kind != wire.Unreachable || sent {
		t.Errorf("%v: %s, sent %v", err, kind, sent)
	}
}

func TestCertificateIsVerified(t *testing.T) {
	s := serveTLS(t, func(w http.ResponseWriter, _ *http.Request) { t.Error("a request came through") })
	s.Config.ErrorLog = nil
	tests := map[string]*tls.Config{
		"unknown authority": {ServerName: "example.com"},
		"another name":      {RootCAs: trusting(s).RootCAs, ServerName: "hv02.corp.example"},
		"told not to look":  {InsecureSkipVerify: true, ServerName: "example.com"},
	}
	for name, settings := range tests {
		t.Run(name, func(t *testing.T) {
			conn, _ := dial(t, s, func(c *wire.Config) { c.TLS = settings })
			_, err := conn.Post(t.Context(), "Test", []byte("<a/>"))
			if kind, sent := kindOf(t, err); kind != wire.Unreachable || sent {
				t.Errorf("%v: %s, sent %v", err, kind, sent)
			}
		})
	}
}

// TestPinnedCertificate: the pinned one is accepted whatever its name and
// whoever signed it, within its dates; no other is, however good.
func TestPinnedCertificate(t *testing.T) {
	answered := func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<a/>")) }
	now := time.Now()
	good, other, expired := serveTLS(t, answered), selfSigned(t, answered, now.Add(time.Hour)), selfSigned(t, answered, now.Add(-time.Minute))
	tests := map[string]struct {
		server *httptest.Server
		pin    *x509.Certificate
		tls    *tls.Config
		ok     bool
	}{
		"pinned":                       {other, other.Certificate(), &tls.Config{ServerName: "hv02.corp.example"}, true},
		"another than the pinned":      {other, good.Certificate(), &tls.Config{}, false},
		"trusted but not the pinned":   {good, other.Certificate(), trusting(good), false},
		"pinned and out of date":       {expired, expired.Certificate(), &tls.Config{}, false},
		"pinned, and told not to look": {other, good.Certificate(), &tls.Config{InsecureSkipVerify: true}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			sum := sha256.Sum256(tt.pin.Raw)
			conn, _ := dial(t, tt.server, func(c *wire.Config) { c.TLS, c.Pin = tt.tls, sum[:] })
			for range 2 { // and again by another connection
				_, err := conn.Post(t.Context(), "Test", []byte("<a/>"))
				if (err == nil) != tt.ok {
					t.Fatalf("%v", err)
				}
				if err != nil {
					if kind, sent := kindOf(t, err); kind != wire.Unreachable || sent {
						t.Errorf("%v: %s, sent %v", err, kind, sent)
					}
				}
				conn.Close()
			}
		})
	}
}

// selfSigned serves with a certificate nobody else has signed.
func selfSigned(t *testing.T, h http.HandlerFunc, until time.Time) *httptest.Server {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "hv01"}, DNSNames: []string{"hv01"},
		NotBefore: until.Add(-time.Hour * 24), NotAfter: until}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(h)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{raw}, PrivateKey: key}}}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s
}

func TestProxyIsNotUsed(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	s := serveTLS(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<b/>") })
	conn, _ := dial(t, s, nil)
	if _, err := conn.Post(t.Context(), "Test", []byte("<a/>")); err != nil {
		t.Error(err)
	}
}

func TestUnsafeCombinationsAreRefused(t *testing.T) {
	encrypted := &tls.Config{ServerName: "hv01"}
	tests := map[string]wire.Config{
		"basic over http":             {Auth: wire.Basic{User: "u", Password: password("p")}},
		"kerberos over http":          {Auth: wire.Kerberos{Login: &wire.Login{}, Service: "HTTP/hv01"}},
		"certificate over http":       {Auth: wire.Certificate{}},
		"certificate without one":     {Auth: wire.Certificate{}, TLS: encrypted},
		"basic without a user":        {Auth: wire.Basic{Password: password("p")}, TLS: encrypted},
		"basic with a colon":          {Auth: wire.Basic{User: "a:b", Password: password("p")}, TLS: encrypted},
		"ntlm without a password":     {Auth: wire.NTLM{User: "u"}},
		"kerberos without a login":    {Auth: wire.Kerberos{Service: "HTTP/hv01"}, TLS: encrypted},
		"kerberos without a service":  {Auth: wire.Kerberos{Login: &wire.Login{}}, TLS: encrypted},
		"no authentication":           {},
		"no port":                     {Auth: wire.NTLM{User: "u", Password: password("p")}, Port: -1},
		"no address":                  {Auth: wire.NTLM{User: "u", Password: password("p")}, Address: " "},
		"no time-out, waits for ever": {Auth: wire.NTLM{User: "u", Password: password("p")}, Timeout: -1},
	}
	for name, c := range tests {
		t.Run(name, func(t *testing.T) {
			fill(&c)
			if _, err := wire.NewEndpoint(c); err == nil {
				t.Error("accepted")
			}
		})
	}
}

// fill completes a configuration where the test does not say otherwise.
func fill(c *wire.Config) {
	switch c.Address {
	case "":
		c.Address = "hv01"
	case " ":
		c.Address = ""
	}
	if c.Port == 0 {
		c.Port = 5986
	}
	if c.Timeout == 0 {
		c.Timeout = time.Second
	}
}

func TestSecretsStayInside(t *testing.T) {
	var logged bytes.Buffer
	s := serveTLS(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = io.WriteString(w, "<s:Envelope><rsp:Stream>hunter2</rsp:Stream></s:Envelope>")
	})
	conn, _ := dial(t, s, func(c *wire.Config) { c.Log = &logged })
	if _, err := conn.Post(t.Context(), "Send", []byte(`<e><rsp:Stream Name="stdin">hunter2</rsp:Stream><rsp:Arguments>hunter2</rsp:Arguments><a:Action>Send</a:Action></e>`)); err != nil {
		t.Fatal(err)
	}
	s.Close()
	_, err := conn.Post(t.Context(), "Send", []byte("<e>hunter2</e>"))
	logged.WriteString(err.Error())
	encoded := base64.StdEncoding.EncodeToString([]byte("operator:hunter2"))
	for _, word := range []string{"hunter2", encoded} {
		if strings.Contains(logged.String(), word) {
			t.Errorf("%q is in\n%s", word, logged.String())
		}
	}
	for _, word := range []string{`"host":"hv01"`, `"what":"request"`, `"what":"answer"`, `"what":"error"`, "\\u003cAction\\u003eSend", "stdin"} {
		if !strings.Contains(logged.String(), word) {
			t.Errorf("%s is not in\n%s", word, logged.String())
		}
	}
}

func FuzzRedact(f *testing.F) {
	f.Add([]byte(`<a><rsp:Stream>c2VjcmV0</rsp:Stream><b x="1">t</b></a>`))
	f.Add([]byte(`<a`))
	f.Add([]byte(`</a></a>`))
	f.Fuzz(func(t *testing.T, envelope []byte) {
		const marker = "s3cr3t-payload"
		redacted := wire.Redact(append(append([]byte("<env><Stream>"+marker+"</Stream>"), envelope...), "</env>"...))
		if strings.Contains(redacted, marker) {
			t.Errorf("payload in %s", redacted)
		}
	})
}
