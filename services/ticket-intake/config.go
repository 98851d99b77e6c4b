package intake

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"lifeboat.io/pkg/secret"
	"lifeboat.io/services/ticket-intake/signature"
)

// Config is what ticket-intake is told; the part "intake" of lifeboat.yaml.
type Config struct {
	// Listen is the address for HTTP, as host:port; port 0 takes any free one. "127.0.0.1:8480" when left out.
	Listen string `json:"listen,omitempty" yaml:"listen,omitempty"`
	// TLS makes it HTTPS. Without it an address beyond this machine needs BehindProxy.
	TLS TLS `json:"tls,omitzero" yaml:"tls,omitempty"`
	// BehindProxy tells that a proxy in front ends TLS, so that plain HTTP may leave this machine's loopback.
	BehindProxy bool `json:"behindProxy,omitempty" yaml:"behindProxy,omitempty"`
	// Callers may submit tickets over HTTP and read their answers. Without any, tickets come over the bus only.
	Callers []Caller `json:"callers,omitempty" yaml:"callers,omitempty"`
	// Limits bound what HTTP takes on at a time.
	Limits Limits `json:"limits,omitzero" yaml:"limits,omitempty"`
}

// TLS names the files of a server certificate and its key, in PEM. Relative
// paths start at the folder of the configuration.
type TLS struct {
	// Certificate is the certificate's file, with intermediate ones behind it.
	Certificate string `json:"certificate,omitempty" yaml:"certificate,omitempty"`
	// Key is the private key's file.
	Key string `json:"key,omitempty" yaml:"key,omitempty"`
}

// Caller is somebody who may use HTTP.
type Caller struct {
	// Name is what signatures and logs call it.
	Name string `json:"name" yaml:"name"`
	// Systems are the ticket systems it speaks for; the single entry "*" means all.
	Systems []string `json:"systems" yaml:"systems"`
	// Accounts are the accounts it speaks for; the single entry "*" means all.
	Accounts []string `json:"accounts" yaml:"accounts"`
	// Bearer says where its token is, for the header "Authorization: Bearer <token>" or the query parameter access_token.
	Bearer secret.Ref `json:"bearer,omitzero" yaml:"bearer,omitempty"`
	// HMAC says where its key is, for signatures as package signature describes them.
	HMAC secret.Ref `json:"hmac,omitzero" yaml:"hmac,omitempty"`
	// Origins are the origins it may announce in the handshake of CloudEvents webhooks, such as "desk.example".
	Origins []string `json:"origins,omitempty" yaml:"origins,omitempty"`
	// RatePerMinute is how many requests it may make a minute; 600 when left out.
	RatePerMinute int `json:"ratePerMinute,omitempty" yaml:"ratePerMinute,omitempty"`
}

// Limits bound what HTTP takes on at a time. What is beyond is told to come
// back later.
type Limits struct {
	// Connections is how many connections are open at a time; further ones wait. 256 when left out.
	Connections int `json:"connections,omitempty" yaml:"connections,omitempty"`
	// Concurrent is how many requests are worked on at a time; further ones get 429. 64 when left out.
	Concurrent int `json:"concurrent,omitempty" yaml:"concurrent,omitempty"`
}

// What holds where the configuration says nothing, and the bounds of what it
// may say.
const (
	DefaultListen        = "127.0.0.1:8480"
	defaultRatePerMinute = 600
	defaultConnections   = 256
	defaultConcurrent    = 64
	maxRatePerMinute     = 60_000
	maxConnections       = 10_000
	maxConcurrent        = 1_000
	// minSecretBytes is the shortest key or token that is taken: 128 bits, if they are random.
	minSecretBytes = 16
	// everything stands for all systems or all accounts.
	everything = "*"
)

func (c Config) withDefaults() Config {
	if c.Listen == "" {
		c.Listen = DefaultListen
	}
	if c.Limits.Connections == 0 {
		c.Limits.Connections = defaultConnections
	}
	if c.Limits.Concurrent == 0 {
		c.Limits.Concurrent = defaultConcurrent
	}
	c.Callers = slices.Clone(c.Callers)
	for i := range c.Callers {
		if c.Callers[i].RatePerMinute == 0 {
			c.Callers[i].RatePerMinute = defaultRatePerMinute
		}
	}
	return c
}

// Validate tells what is wrong with the configuration, every fault with its
// field, its value and the fix.
func (c Config) Validate() error {
	c = c.withDefaults()
	var faults []error
	fault := func(field, value, fix string) {
		faults = append(faults, fmt.Errorf("intake: %s %q: %s", field, value, fix))
	}
	host, _, err := net.SplitHostPort(c.Listen)
	switch {
	case err != nil:
		fault("listen", c.Listen, `want host:port, such as "127.0.0.1:8480"`)
	case !loopback(host) && c.TLS == TLS{} && !c.BehindProxy:
		fault("listen", c.Listen, "tokens would leave this machine in clear: give tls, or set behindProxy when a proxy in front ends TLS")
	}
	if (c.TLS.Certificate == "") != (c.TLS.Key == "") {
		fault("tls.certificate", c.TLS.Certificate, "certificate and key go together")
	}
	bounded := func(field string, value, most int) {
		if value < 1 || value > most {
			fault(field, fmt.Sprint(value), fmt.Sprintf("want 1 to %d", most))
		}
	}
	bounded("limits.connections", c.Limits.Connections, maxConnections)
	bounded("limits.concurrent", c.Limits.Concurrent, maxConcurrent)
	first := map[string]int{}
	for i, caller := range c.Callers {
		at := fmt.Sprintf("callers[%d]", i)
		if earlier, twice := first[caller.Name]; twice {
			fault(at+".name", caller.Name, fmt.Sprintf("is used by callers[%d] already: give each its own", earlier))
		}
		first[caller.Name] = i
		bounded(at+".ratePerMinute", caller.RatePerMinute, maxRatePerMinute)
		caller.check(at, fault)
	}
	return errors.Join(faults...)
}

// check tells what is wrong with one caller.
func (c Caller) check(at string, fault func(field, value, fix string)) {
	if !signature.IsKey(c.Name) {
		fault(at+".name", c.Name, "use letters, digits and . _ - and begin with a letter or digit")
	}
	for _, list := range []struct {
		field  string
		values []string
	}{{"systems", c.Systems}, {"accounts", c.Accounts}} {
		switch {
		case len(list.values) == 0:
			fault(at+"."+list.field, "", `list what the caller speaks for, or write ["*"] for all`)
		case slices.Contains(list.values, everything) && len(list.values) > 1:
			fault(at+"."+list.field, everything, `write ["*"] alone, or the names without it`)
		case slices.Contains(list.values, ""):
			fault(at+"."+list.field, "", "leave the empty entry out")
		}
	}
	if c.Bearer.IsZero() && c.HMAC.IsZero() {
		fault(at, c.Name, "give bearer or hmac: {file: <path>} or {env: <NAME>}")
	}
	for field, ref := range map[string]secret.Ref{"bearer": c.Bearer, "hmac": c.HMAC} {
		if ref.IsZero() {
			continue
		}
		if err := ref.Check(); err != nil {
			fault(at+"."+field, ref.String(), err.Error())
		}
	}
	for i, origin := range c.Origins {
		if origin == "" || strings.ContainsAny(origin, " ,*") {
			fault(fmt.Sprintf("%s.origins[%d]", at, i), origin, `write one DNS name, such as "desk.example"`)
		}
	}
}

// loopback reports whether a host part names this machine only.
func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
