package wire

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/jcmturner/gokrb5/v8/client"
	"github.com/jcmturner/gokrb5/v8/config"
	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/jcmturner/gokrb5/v8/krberror"
	"github.com/jcmturner/gokrb5/v8/spnego"
)

// Login is one Kerberos log-on, shared by every endpoint the same account asks:
// one ticket-granting ticket, and one service ticket for each host.
type Login struct {
	settings LoginSettings
	mu       sync.Mutex
	client   *client.Client
	closed   bool
	// failure is why logging in failed last, and until when that answers for it:
	// the library waits long for a KDC that is away, and callers queue here.
	failure error
	until   time.Time
}

// loginPause is how long a failed log-on is not tried again.
const loginPause = 5 * time.Second

// LoginSettings say who logs in and where.
type LoginSettings struct {
	// ConfigFile is a krb5.conf.
	ConfigFile string
	// KDCs are the realm's domain controllers as host or host:port, in place of
	// a krb5.conf; Realm must be given then.
	KDCs []string
	// Realm is the account's realm; empty means the file's default.
	Realm string
	// User is the principal's name without the realm.
	User string
	// Password or KeytabFile proves it.
	Password   Password
	KeytabFile string
}

// NewLogin checks the settings. It contacts no one; the first ticket does.
func NewLogin(s LoginSettings) (*Login, error) {
	switch {
	case s.ConfigFile == "" && len(s.KDCs) == 0:
		return nil, errors.New("kerberos needs a krb5.conf, or the realm's domain controllers: name the path of the one, or the others")
	case len(s.KDCs) > 0 && s.Realm == "":
		return nil, errors.New("kerberos needs the realm whose domain controllers are given")
	case s.User == "":
		return nil, errUser
	case s.Password == nil && s.KeytabFile == "":
		return nil, errors.New("kerberos needs a password or a keytab")
	}
	l := &Login{settings: s}
	// Once now, so that a wrong path or file is told when the program starts.
	if _, err := l.config(); err != nil {
		return nil, err
	}
	if _, err := l.keytab(); err != nil {
		return nil, err
	}
	return l, nil
}

// config is the Kerberos configuration as it is at present.
func (l *Login) config() (*config.Config, error) {
	var conf *config.Config
	var err error
	if s := l.settings; len(s.KDCs) > 0 {
		conf, err = config.NewFromString(realmConfig(s.Realm, s.KDCs))
	} else {
		conf, err = config.Load(s.ConfigFile)
	}
	if err != nil {
		return nil, fmt.Errorf("kerberos: %w", err)
	}
	return conf, nil
}

// realmConfig is a krb5.conf for one realm. Tickets of Active Directory are
// too large for UDP, so it is not tried.
func realmConfig(realm string, kdcs []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "[libdefaults]\n default_realm = %s\n dns_lookup_kdc = false\n dns_lookup_realm = false\n udp_preference_limit = 1\n[realms]\n %s = {\n", realm, realm)
	for _, kdc := range kdcs {
		if _, _, err := net.SplitHostPort(kdc); err != nil {
			kdc = net.JoinHostPort(kdc, "88")
		}
		fmt.Fprintf(&b, "  kdc = %s\n", kdc)
	}
	b.WriteString(" }\n")
	return b.String()
}

// keytab is the account's keys as they are at present; nil when it has a
// password instead.
func (l *Login) keytab() (*keytab.Keytab, error) {
	if l.settings.KeytabFile == "" {
		return nil, nil
	}
	keys, err := keytab.Load(l.settings.KeytabFile)
	if err != nil {
		return nil, fmt.Errorf("kerberos: keytab: %w", err)
	}
	return keys, nil
}

// Close forgets all tickets and stops renewing them.
func (l *Login) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	if l.client != nil {
		l.client.Destroy()
		l.client = nil
	}
}

// header is the Authorization header for one request to a service. The library
// knows no contexts; its own time-outs end what a context leaves behind.
func (l *Login) header(ctx context.Context, service string) (string, error) {
	type result struct {
		header string
		err    error
	}
	done := make(chan result, 1)
	go func() {
		header, err := l.token(service)
		done <- result{header, err}
	}()
	select {
	case <-ctx.Done():
		return "", &Error{Kind: Cancelled, Err: context.Cause(ctx)}
	case r := <-done:
		if r.err == nil {
			return r.header, nil
		}
		kind := Denied
		if strings.Contains(r.err.Error(), krberror.NetworkingError) {
			kind = Unreachable
		}
		return "", &Error{Kind: kind, Err: r.err}
	}
}

func (l *Login) token(service string) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c, err := l.open()
	if err != nil {
		return "", err
	}
	context := spnego.SPNEGOClient(c, service)
	if time.Now().Before(l.until) {
		return "", l.failure
	}
	if err := context.AcquireCred(); err != nil {
		l.failure, l.until = fmt.Errorf("kerberos: log-on: %w", err), time.Now().Add(loginPause)
		l.client.Destroy()
		l.client = nil // the password may be another one next time
		return "", l.failure
	}
	token, err := context.InitSecContext()
	if err != nil {
		return "", fmt.Errorf("kerberos: ticket for %s: %w", service, err)
	}
	raw, err := token.Marshal()
	if err != nil {
		return "", fmt.Errorf("kerberos: %w", err)
	}
	return "Negotiate " + base64.StdEncoding.EncodeToString(raw), nil
}

// open makes the client on first use. The caller holds the lock.
func (l *Login) open() (*client.Client, error) {
	if l.closed {
		return nil, errors.New("kerberos: the log-on is closed")
	}
	if l.client != nil {
		return l.client, nil
	}
	s := l.settings
	conf, err := l.config()
	if err != nil {
		return nil, err
	}
	keys, err := l.keytab()
	if err != nil {
		return nil, err
	}
	// Active Directory does not do FAST for ordinary clients.
	plain := client.DisablePAFXFAST(true)
	if keys != nil {
		l.client = client.NewWithKeytab(s.User, l.realm(conf), keys, conf, plain)
		return l.client, nil
	}
	password, err := s.Password()
	if err != nil {
		return nil, err
	}
	l.client = client.NewWithPassword(s.User, l.realm(conf), password.Reveal(), conf, plain)
	return l.client, nil
}

func (l *Login) realm(conf *config.Config) string {
	if l.settings.Realm != "" {
		return l.settings.Realm
	}
	return conf.LibDefaults.DefaultRealm
}
