package winrm

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"time"

	"go.opentelemetry.io/otel/trace"

	"lifeboat.io/pkg/hyperv/winrm/wire"
	"lifeboat.io/pkg/secret"
)

// Transport is what WinRM travels on.
type Transport string

const (
	// HTTPS is WinRM over TLS; the host's certificate is verified.
	HTTPS Transport = "https"
	// HTTP is WinRM in clear HTTP with sealed messages; NTLM only.
	HTTP Transport = "http"
)

// Auth is how lifeboat proves who it is.
type Auth string

const (
	// Basic sends user and password; over HTTPS only.
	Basic Auth = "basic"
	// NTLM is for accounts of a domain or of the host itself.
	NTLM Auth = "ntlm"
	// Kerberos is for accounts of a domain; over HTTPS only.
	Kerberos Auth = "kerberos"
	// Certificate is a client certificate the host maps to an account; over HTTPS only.
	Certificate Auth = "certificate"
)

// Login is one Kerberos log-on that any number of hosts share.
type Login = wire.Login

// LoginSettings say who logs in to Kerberos.
type LoginSettings = wire.LoginSettings

// NewLogin makes a Kerberos log-on. Close it when the last host is closed.
func NewLogin(s LoginSettings) (*Login, error) { return wire.NewLogin(s) }

// Config says how to reach a host and as whom.
type Config struct {
	// Name is the host's name in the inventory.
	Name string
	// Address is a DNS name or an IP address.
	Address string
	// Port is where WinRM listens; 0 means 5986 for HTTPS and 5985 for HTTP.
	Port int
	// Transport is HTTPS when empty.
	Transport Transport
	// CAFile is a PEM file with the authorities that may have signed the host's
	// certificate; empty means the system's.
	CAFile string
	// ServerName is the name in the host's certificate when it is not Address.
	ServerName string
	// Fingerprint is the SHA-256 of the host's certificate in DER form, in
	// hexadecimal. No other certificate is accepted then, and its name and who
	// signed it do not count; its dates still do. Not together with CAFile.
	Fingerprint string
	// Auth is NTLM when empty.
	Auth Auth
	// User is the account: DOMAIN\name, name@domain or name. Not for Kerberos
	// and Certificate, which have their own.
	User string
	// Password fetches the password where it is kept. It is called at each log-on.
	Password func() (secret.Text, error)
	// ClientCertificate fetches certificate and key where they are kept, for
	// Certificate. It is called at each log-on.
	ClientCertificate func() (tls.Certificate, error)
	// Login is the log-on, for Kerberos.
	Login *Login
	// Service is the host's service principal, for Kerberos; empty means
	// HTTP/ and ServerName or Address.
	Service string
	// Instance names this installation of this program, such as "executor-1".
	// Shells that an earlier life of the same instance has left on a host are
	// deleted. Two programs must never have the same. Empty deletes nothing.
	Instance string
	// Limits are the defaults where zero.
	Limits Limits
	// Tracer makes spans; nil means the global tracer provider's.
	Tracer trace.Tracer
	// WireLog gets every envelope, values removed, one JSON object a line and
	// Write; nil means none. For support. Hosts that share one need one that is
	// safe for concurrent use.
	WireLog io.Writer
}

// Limits bound what a Host uses and how long things may take.
type Limits struct {
	// ActionLanes is how many actions may run at once, ReadLanes how many lanes
	// they leave to readings; at most MaxLanes together. Default 2 and 1.
	ReadLanes, ActionLanes int
	// Waiting is how many calls may wait for a lane of either kind. Default 256.
	Waiting int
	// LaneRequests is after how many requests a lane is replaced. Default 500.
	LaneRequests int
	// LaneAge is after how long it is replaced. Default 1 h.
	LaneAge time.Duration
	// LaneIdle is after how long without use it is closed. Default 5 min.
	LaneIdle time.Duration
	// OperationTimeout is how long the host holds a request back when it has nothing to say. Default 20 s, at most 60 s.
	OperationTimeout time.Duration
	// AnswerSlack is how much longer a request may go unanswered before the host counts as silent. Default 10 s.
	AnswerSlack time.Duration
	// ReadTimeout and ActTimeout bound calls whose context has no deadline. Default 1 min and 15 min.
	ReadTimeout, ActTimeout time.Duration
	// SilentCalls is after how many unreachable calls in a row the host is left alone. Default 3.
	SilentCalls int
	// SilentPause is for how long, before one call may try again. Default 5 s: an old primary that comes back is to be fenced soon.
	SilentPause time.Duration
}

// Limits that are not up for choice.
const (
	// MaxLanes is how many lanes a host may have, each a shell of its own with
	// two processes: Windows allows a user 30 shells, which others use as well.
	MaxLanes = 3
	// maxOperationTimeout is WinRM's own MaxTimeoutms.
	maxOperationTimeout = time.Minute
	// envelopeSize is the longest answer asked for, in bytes: what every host can do.
	envelopeSize = 150 << 10
	// shellIdle is after how long without a request the host itself deletes a
	// shell that was left behind. It is longer than any LaneIdle.
	shellIdle = 15 * time.Minute
	// closeGrace is how long taking a lane down may take.
	closeGrace = 3 * time.Second
	// maxAttempts bounds how often a call is tried while it is certain that
	// nothing has happened, and attemptPause is about how long apart.
	maxAttempts  = 4
	attemptPause = 200 * time.Millisecond
)

func (l Limits) complete() (Limits, error) {
	setDefault(&l.ReadLanes, 1)
	setDefault(&l.ActionLanes, MaxLanes-l.ReadLanes)
	setDefault(&l.Waiting, 256)
	setDefault(&l.LaneRequests, 500)
	setDefault(&l.LaneAge, time.Hour)
	setDefault(&l.LaneIdle, 5*time.Minute)
	setDefault(&l.OperationTimeout, 20*time.Second)
	setDefault(&l.AnswerSlack, 10*time.Second)
	setDefault(&l.ReadTimeout, time.Minute)
	setDefault(&l.ActTimeout, 15*time.Minute)
	setDefault(&l.SilentCalls, 3)
	setDefault(&l.SilentPause, 5*time.Second)
	switch {
	case l.ReadLanes < 1 || l.ActionLanes < 1 || l.ReadLanes+l.ActionLanes > MaxLanes:
		return l, fmt.Errorf("read lanes %d and action lanes %d: each must be at least 1, together at most %d", l.ReadLanes, l.ActionLanes, MaxLanes)
	case l.OperationTimeout < time.Second || l.OperationTimeout > maxOperationTimeout:
		return l, fmt.Errorf("operation timeout %v: it must be 1s to %v", l.OperationTimeout, maxOperationTimeout)
	case l.LaneIdle >= shellIdle:
		return l, fmt.Errorf("lane idle %v: it must be less than %v, when the host deletes the shell", l.LaneIdle, shellIdle)
	case l.Waiting < 0 || l.LaneRequests < 1 || l.LaneAge < 0 || l.LaneIdle < 0 || l.AnswerSlack < 0 || l.SilentCalls < 1 || l.SilentPause < 0:
		return l, errors.New("limits must not be negative")
	}
	return l, nil
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// instanceName is what an instance may be called: it becomes part of names of shells.
var instanceName = regexp.MustCompile(`^[A-Za-z0-9._-]{0,64}$`)

// Dial checks the configuration and makes a Host. It reads the files named
// there and makes no connection: a host that is down is no reason not to
// start. The context bounds the reading only.
func Dial(ctx context.Context, c Config) (*Host, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	h, err := newHost(c)
	if err != nil {
		return nil, fmt.Errorf("host %q: %w", c.Name, err)
	}
	return h, nil
}

// endpoint makes the endpoint of a configuration that is complete but for it.
func (c *Config) endpoint() (*wire.Endpoint, error) {
	w := wire.Config{Name: c.Name, Address: c.Address, Port: c.Port, Tracer: c.Tracer, Log: c.WireLog,
		Timeout: c.Limits.OperationTimeout + c.Limits.AnswerSlack}
	switch c.Transport {
	case HTTPS:
		setDefault(&w.Port, 5986)
		settings, err := c.tls()
		if err != nil {
			return nil, err
		}
		w.TLS = settings
		if w.Pin, err = c.pin(); err != nil {
			return nil, err
		}
	case HTTP:
		setDefault(&w.Port, 5985)
		if c.CAFile != "" || c.ServerName != "" || c.Fingerprint != "" {
			return nil, errors.New("a CA, server name or fingerprint is given, but the transport is http: use https")
		}
	default:
		return nil, fmt.Errorf("transport %q: it is https or http", c.Transport)
	}
	var err error
	w.Auth, err = c.auth()
	if err != nil {
		return nil, err
	}
	return wire.NewEndpoint(w)
}

func (c *Config) auth() (wire.Auth, error) {
	switch c.Auth {
	case Basic:
		return wire.Basic{User: c.User, Password: c.Password}, nil
	case NTLM:
		return wire.NTLM{User: c.User, Password: c.Password}, nil
	case Certificate:
		return wire.Certificate{}, nil
	case Kerberos:
		k := wire.Kerberos{Login: c.Login, Service: c.Service}
		if k.Service == "" {
			name := c.ServerName
			setDefault(&name, c.Address)
			k.Service = "HTTP/" + name
		}
		return k, nil
	}
	return nil, fmt.Errorf("authentication %q: it is ntlm, kerberos, certificate or basic", c.Auth)
}

func (c *Config) tls() (*tls.Config, error) {
	t := &tls.Config{ServerName: c.ServerName}
	setDefault(&t.ServerName, c.Address)
	if c.CAFile != "" {
		pem, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("ca: %w", err)
		}
		t.RootCAs = x509.NewCertPool()
		if !t.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("ca: %s holds no certificate: it must be a PEM file", c.CAFile)
		}
	}
	if c.Auth == Certificate {
		if c.ClientCertificate == nil {
			return nil, errors.New("authentication certificate needs a certificate and its key")
		}
		// Once now, so that a wrong path is told when the program starts.
		if _, err := c.ClientCertificate(); err != nil {
			return nil, fmt.Errorf("client certificate: %w", err)
		}
		t.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			pair, err := c.ClientCertificate()
			return &pair, err
		}
	}
	return t, nil
}

// pin is the fingerprint in bytes; nil when there is none.
func (c *Config) pin() ([]byte, error) {
	if c.Fingerprint == "" {
		return nil, nil
	}
	sum, err := hex.DecodeString(c.Fingerprint)
	switch {
	case err != nil || len(sum) != sha256.Size:
		return nil, fmt.Errorf("fingerprint %q: it is the SHA-256 of the host's certificate, 64 hexadecimal digits", c.Fingerprint)
	case c.CAFile != "":
		return nil, errors.New("a CA and a fingerprint are given: keep one of them")
	}
	return sum, nil
}
