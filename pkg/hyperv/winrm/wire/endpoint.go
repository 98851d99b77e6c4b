package wire

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// Limits that hold for every connection.
const (
	// DialTimeout is how long connecting may take.
	DialTimeout = 5 * time.Second
	// HandshakeTimeout is how long TLS may take after that.
	HandshakeTimeout = 5 * time.Second
	// IdleTimeout is how long an unused connection stays open. Windows closes
	// its side after 120 s, and a request sent into that is lost without a trace.
	IdleTimeout = 60 * time.Second
	// MaxAnswer is how long an answer may be, in bytes. Windows' own limit on
	// an envelope is 500 kB unless an administrator raised it.
	MaxAnswer = 4 << 20
	// maxHeader is how long the header of an answer may be, in bytes.
	maxHeader = 64 << 10
	// maxHandshakes is how often one request may authenticate: once, and once
	// more when the host has forgotten the connection meanwhile.
	maxHandshakes = 2
	// keepAlive probes find out about a peer that is gone without a word.
	keepAliveIdle, keepAliveInterval, keepAliveCount = 15 * time.Second, 5 * time.Second, 3
)

// Config says where an endpoint is and who asks.
type Config struct {
	// Name is the host's name in the inventory, for traces and the log.
	Name string
	// Address is a DNS name or an IP address.
	Address string
	// Port is 5986 for HTTPS and 5985 for HTTP on an ordinary Windows.
	Port int
	// TLS is nil for plain HTTP. The certificate is always verified.
	TLS *tls.Config
	// Pin is the SHA-256 of the only certificate that is accepted, whatever its
	// name and whoever signed it, within its dates; nil pins none.
	Pin []byte
	// Auth says who asks and how that is proven.
	Auth Auth
	// Timeout is how long a request may go unanswered. It must be longer than
	// the host is asked to hold requests back for.
	Timeout time.Duration
	// Tracer makes a span of every HTTP request; nil makes none.
	Tracer trace.Tracer
	// Log gets every envelope with values removed; nil means no log.
	Log io.Writer
}

// Endpoint is one WinRM listener. It is safe for concurrent use.
type Endpoint struct {
	config  Config
	url     string
	counts  Counts
	logging sync.Mutex
}

// Counts are running totals, for tests and measurements.
type Counts struct {
	// Requests are HTTP requests that left or tried to, those of authentication included.
	Requests atomic.Int64
	// Dials are TCP connections asked for.
	Dials atomic.Int64
}

// NewEndpoint checks the configuration. It makes no connection.
func NewEndpoint(c Config) (*Endpoint, error) {
	if c.Address == "" {
		return nil, errors.New("address is empty: name the host's DNS name or IP address")
	}
	if c.Port < 1 || c.Port > 65535 {
		return nil, fmt.Errorf("port %d is none: use 5986 for HTTPS or 5985 for HTTP", c.Port)
	}
	if c.Timeout <= 0 {
		return nil, errors.New("timeout is not set")
	}
	if c.Auth == nil {
		return nil, errors.New("no authentication is chosen")
	}
	if err := c.Auth.check(c.TLS); err != nil {
		return nil, err
	}
	scheme := "http"
	if c.TLS != nil {
		scheme = "https"
		c.TLS = c.Auth.adapt(hardened(c.TLS, c.Pin))
	}
	if c.Tracer == nil {
		c.Tracer = noop.NewTracerProvider().Tracer("")
	}
	u := url.URL{Scheme: scheme, Host: net.JoinHostPort(c.Address, strconv.Itoa(c.Port)), Path: "/wsman"}
	return &Endpoint{config: c, url: u.String()}, nil
}

// hardened is the configuration with the settings that are not up for choice.
func hardened(c *tls.Config, pin []byte) *tls.Config {
	c = c.Clone()
	c.InsecureSkipVerify = false
	c.MinVersion = max(c.MinVersion, tls.VersionTLS12)
	c.NextProtos = nil // NTLM authenticates connections, which HTTP/2 shares
	// Each connection sees the certificate anew: a resumed session would show
	// the one of before, and a host that has exchanged its own would refuse the
	// log-on that is bound to it. Connections are few and live long.
	c.ClientSessionCache = nil
	if pin != nil {
		c.InsecureSkipVerify = true // what is verified instead:
		c.VerifyConnection = func(s tls.ConnectionState) error { return pinned(s, pin) }
	}
	return c
}

// pinned checks a handshake's certificate against the only one that is
// accepted.
func pinned(s tls.ConnectionState, pin []byte) error {
	if len(s.PeerCertificates) == 0 {
		return errors.New("the host shows no certificate")
	}
	shown, now := s.PeerCertificates[0], time.Now()
	sum := sha256.Sum256(shown.Raw)
	switch {
	case !bytes.Equal(sum[:], pin):
		return fmt.Errorf("the host's certificate has the fingerprint %x, not %x", sum, pin)
	case now.Before(shown.NotBefore) || now.After(shown.NotAfter):
		return fmt.Errorf("the host's certificate is good from %s to %s only", shown.NotBefore.Format(time.RFC3339), shown.NotAfter.Format(time.RFC3339))
	}
	return nil
}

// URL is the endpoint's address, as the To header of envelopes wants it.
func (e *Endpoint) URL() string { return e.url }

// Counts are the endpoint's running totals.
func (e *Endpoint) Counts() *Counts { return &e.counts }
