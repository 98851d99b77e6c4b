package bus

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"go.opentelemetry.io/otel/trace"

	"lifeboat.io/pkg/secret"
)

// Config says which bus to use. The zero value with Dir set is an embedded
// server that only this process can reach.
type Config struct {
	// URL is an external server or cluster, comma separated, such as
	// "tls://bus1:4222,tls://bus2:4222". Empty embeds a server.
	URL string `json:"url,omitempty" yaml:"url,omitempty"`

	// Dir is the embedded server's directory for streams. Required when URL is empty.
	Dir string `json:"dir,omitempty" yaml:"dir,omitempty"`
	// Listen is the embedded server's address for clients of other processes,
	// such as "127.0.0.1:4222"; port 0 takes any free one. Empty means none.
	// An address beyond this machine needs a ServerConfig that names users.
	Listen string `json:"listen,omitempty" yaml:"listen,omitempty"`
	// ServerConfig is a nats-server configuration file for the embedded server:
	// accounts, users, TLS, monitoring. Dir and Listen go before what it says.
	ServerConfig string `json:"serverConfig,omitempty" yaml:"serverConfig,omitempty"`

	// Credentials say who we are on a server that asks.
	Credentials Credentials `json:"credentials,omitzero" yaml:"credentials,omitempty"`

	// Replicas is how many servers keep each stream: 1 or 3. 0 means 1 when
	// embedded and 3 otherwise.
	Replicas int `json:"replicas,omitempty" yaml:"replicas,omitempty"`
	// EventsMaxBytes bounds the EVENTS stream when it is created; 0 means 2 GiB.
	EventsMaxBytes int64 `json:"eventsMaxBytes,omitempty" yaml:"eventsMaxBytes,omitempty"`
	// Name is the connection's name on the server, such as "failover-executor".
	Name string `json:"name,omitempty" yaml:"name,omitempty"`
	// InboxPrefix begins the subjects of answers, for users whose permissions
	// name them, such as "_INBOX.fx". Empty means the client's own.
	InboxPrefix string `json:"inboxPrefix,omitempty" yaml:"inboxPrefix,omitempty"`
	// ConnectWait is how long Open waits for a server that does not answer
	// yet; 0 means one attempt.
	ConnectWait time.Duration `json:"connectWait,omitempty" yaml:"connectWait,omitempty"`
	// AppendWindow is how long a publish whose outcome is open is retried; 0
	// means DefaultAppendWindow. At least 15 s, to outlive an election.
	AppendWindow time.Duration `json:"appendWindow,omitempty" yaml:"appendWindow,omitempty"`

	// Attach takes the streams as they are: none is created, and one that would
	// break a promise is logged and not refused. For operators' tools, which
	// must not decide how a bus is made.
	Attach bool `json:"-" yaml:"-"`
	// Folder is where relative paths start: the folder of the configuration
	// file. Empty means the working directory.
	Folder string `json:"-" yaml:"-"`
	// Check is asked before every Append and Submit, when set; an event that
	// it refuses is not published. It is for package contract.
	Check func(event.Event) error `json:"-" yaml:"-"`
	// Logger is where the bus and its embedded server write; nil means slog's default.
	Logger *slog.Logger `json:"-" yaml:"-"`
	// Tracing makes the spans; nil means none.
	Tracing trace.TracerProvider `json:"-" yaml:"-"`
}

// Credentials are references, never secrets themselves. At most one of
// CredsFile, NKeyFile, User and Token is set; the TLS fields go with any.
type Credentials struct {
	// CredsFile is a NATS credentials file: JWT and seed.
	CredsFile string `json:"credsFile,omitempty" yaml:"credsFile,omitempty"`
	// NKeyFile is a file with an nkey seed.
	NKeyFile string `json:"nkeyFile,omitempty" yaml:"nkeyFile,omitempty"`
	// User goes with Password.
	User string `json:"user,omitempty" yaml:"user,omitempty"`
	// Password says where the user's password is.
	Password secret.Ref `json:"password,omitzero" yaml:"password,omitempty"`
	// Token says where a token is.
	Token secret.Ref `json:"token,omitzero" yaml:"token,omitempty"`
	// CAFile is a file with the certificates that sign the servers'.
	CAFile string `json:"caFile,omitempty" yaml:"caFile,omitempty"`
	// CertFile and KeyFile are our client certificate and its key.
	CertFile string `json:"certFile,omitempty" yaml:"certFile,omitempty"`
	KeyFile  string `json:"keyFile,omitempty" yaml:"keyFile,omitempty"`
}

// embedded reports whether the configuration asks for an embedded server.
func (c Config) embedded() bool { return c.URL == "" }

// withDefaults fills in what was left out.
func (c Config) withDefaults() Config {
	if c.Replicas == 0 {
		c.Replicas = 3
		if c.embedded() || c.Attach {
			c.Replicas = 1
		}
	}
	if c.EventsMaxBytes == 0 {
		c.EventsMaxBytes = defaultEventsMaxBytes
	}
	if c.AppendWindow == 0 {
		c.AppendWindow = DefaultAppendWindow
	}
	if c.Name == "" {
		c.Name = "lifeboat"
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c
}

// Validate tells what is wrong with the configuration, every fault with its
// field, its value and the fix.
func (c Config) Validate() error {
	c = c.withDefaults()
	return errors.Join(append(c.validatePlace(), c.validateRest()...)...)
}

// validatePlace checks what says where the server is.
func (c Config) validatePlace() []error {
	var faults []error
	fault := func(field, value, fix string) {
		faults = append(faults, fmt.Errorf("bus: %s %q: %s", field, value, fix))
	}
	if c.embedded() {
		if c.Dir == "" {
			fault("dir", c.Dir, "name a directory for the streams, or give the url of a server")
		}
		if c.Replicas != 1 {
			fault("replicas", fmt.Sprint(c.Replicas), "an embedded server keeps 1; give the url of a cluster for more")
		}
		if c.Listen != "" {
			host, _, err := net.SplitHostPort(c.Listen)
			if err != nil {
				fault("listen", c.Listen, `want host:port, such as "127.0.0.1:4222"`)
			} else if !loopback(host) && c.ServerConfig == "" {
				fault("listen", c.Listen, "an address beyond this machine needs a serverConfig that names users; use 127.0.0.1 otherwise")
			}
		}
		return faults
	}
	for _, field := range [][2]string{{"dir", c.Dir}, {"listen", c.Listen}, {"serverConfig", c.ServerConfig}} {
		if field[1] != "" {
			fault(field[0], field[1], "is for an embedded server; leave it out when url is given")
		}
	}
	return faults
}

func (c Config) validateRest() []error {
	var faults []error
	fault := func(field, value, fix string) {
		faults = append(faults, fmt.Errorf("bus: %s %q: %s", field, value, fix))
	}
	if c.Replicas != 1 && c.Replicas != 3 && c.Replicas != 5 {
		fault("replicas", fmt.Sprint(c.Replicas), "want 1, 3 or 5")
	}
	if c.AppendWindow < minAppendWindow {
		fault("appendWindow", c.AppendWindow.String(), "want at least "+minAppendWindow.String()+", to outlive the election of a stream's leader")
	}
	if c.AppendWindow >= duplicateWindow {
		fault("appendWindow", c.AppendWindow.String(), "want less than the streams' duplicate window of "+duplicateWindow.String())
	}
	if c.EventsMaxBytes < 1<<20 {
		fault("eventsMaxBytes", fmt.Sprint(c.EventsMaxBytes), "want at least 1 MiB")
	}
	if strings.Contains(c.URL, "@") {
		fault("url", "(not shown)", "leave user and password out of the url; name them in credentials")
	}
	cr := c.Credentials
	ways := 0
	for _, given := range []bool{cr.CredsFile != "", cr.NKeyFile != "", cr.User != "", !cr.Token.IsZero()} {
		if given {
			ways++
		}
	}
	if ways > 1 {
		fault("credentials", "", "give only one of credsFile, nkeyFile, user and token")
	}
	if (cr.User == "") != cr.Password.IsZero() {
		fault("credentials.user", cr.User, "user and password go together")
	}
	if (cr.CertFile == "") != (cr.KeyFile == "") {
		fault("credentials.certFile", cr.CertFile, "certFile and keyFile go together")
	}
	return faults
}

// loopback reports whether a host part names this machine only.
func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// path resolves a path of the configuration; "" stays "".
func (c Config) path(p string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(c.Folder, p)
}

// anchored is the configuration with all its paths resolved, but those of
// secrets, which are read with the folder.
func (c Config) anchored() Config {
	for _, p := range []*string{&c.Dir, &c.ServerConfig, &c.Credentials.CredsFile, &c.Credentials.NKeyFile,
		&c.Credentials.CAFile, &c.Credentials.CertFile, &c.Credentials.KeyFile} {
		*p = c.path(*p)
	}
	return c
}
