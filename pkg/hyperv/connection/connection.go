package connection

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"go.opentelemetry.io/otel/trace"

	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/winrm"
	"lifeboat.io/pkg/inventory"
	"lifeboat.io/pkg/secret"
)

// tracerName is the instrumentation scope of the spans of calls to hosts.
const tracerName = "lifeboat.io/pkg/hyperv/winrm"

// Dialer connects to hosts.
type Dialer struct {
	// Folder is where relative paths of the inventory start: passwords, keys,
	// certificates and Kerberos configurations.
	Folder string
	// Instance names this program among those that talk to the same hosts, such
	// as "executor-1"; see winrm.Config.Instance.
	Instance string
	// Limits bound what a connection uses; winrm's own where zero.
	Limits winrm.Limits
	// Tracing makes the spans of calls; nil means the global provider's.
	Tracing trace.TracerProvider
	// WireLog gets what is said on the wire, without values; nil means none. It
	// must be safe for concurrent use, as a WireLog is.
	WireLog io.Writer
}

// Config is how the inventory says a host is reached, but for the Kerberos
// log-on, which Connect adds. Secrets are not read here but at each log-on, so
// that a changed one is used without a restart.
func (d Dialer) Config(inv *inventory.Inventory, h inventory.Host) (winrm.Config, error) {
	login, ok := inv.Credential(h.WinRM.Credential)
	if !ok {
		return winrm.Config{}, fmt.Errorf("host %s: winrm.credential %q is not among the inventory's credentials", h.Name, h.WinRM.Credential)
	}
	c := winrm.Config{
		Name:        h.Name,
		Address:     h.Address,
		Port:        h.WinRM.Port,
		Transport:   winrm.Transport(h.WinRM.Transport),
		CAFile:      d.path(h.WinRM.CA),
		ServerName:  h.WinRM.ServerName,
		Fingerprint: h.WinRM.Fingerprint,
		Auth:        winrm.Auth(h.WinRM.Auth),
		Service:     h.WinRM.SPN,
		Instance:    d.Instance,
		Limits:      d.Limits,
		WireLog:     d.WireLog,
	}
	switch c.Auth {
	case winrm.Certificate:
		c.ClientCertificate = d.certificate(login)
	case winrm.NTLM, winrm.Basic:
		c.User, c.Password = login.User, d.password(login)
	}
	if d.Tracing != nil {
		c.Tracer = d.Tracing.Tracer(tracerName)
	}
	return c, nil
}

// password reads a credential's password; nil when it has none.
func (d Dialer) password(l inventory.Credential) func() (secret.Text, error) {
	if l.Password.IsZero() {
		return nil
	}
	return func() (secret.Text, error) { return l.Password.Read(d.Folder) }
}

// certificate reads a credential's certificate and key; nil when it has none.
func (d Dialer) certificate(l inventory.Credential) func() (tls.Certificate, error) {
	if l.Certificate == nil {
		return nil
	}
	return func() (tls.Certificate, error) {
		shown, err := os.ReadFile(d.path(l.Certificate.File))
		if err != nil {
			return tls.Certificate{}, err
		}
		key, err := l.Certificate.Key.Read(d.Folder)
		if err != nil {
			return tls.Certificate{}, err
		}
		pair, err := tls.X509KeyPair(shown, []byte(key.Reveal()))
		if err != nil {
			return tls.Certificate{}, fmt.Errorf("%s with the key of %s: %w", l.Certificate.File, l.Certificate.Key, err)
		}
		return pair, nil
	}
}

// path is a path of the inventory as this process finds it.
func (d Dialer) path(p string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(d.Folder, p)
}

// Connect gives a host to talk to. It reads the files the inventory names and
// makes no connection yet: a host that is down is no error here.
func (d Dialer) Connect(ctx context.Context, inv *inventory.Inventory, h inventory.Host) (hyperv.Host, error) {
	c, err := d.Config(inv, h)
	if err != nil {
		return nil, err
	}
	if c.Auth == winrm.Kerberos {
		return d.connectByTicket(ctx, inv, c, h)
	}
	host, err := winrm.Dial(ctx, c)
	if err != nil {
		return nil, err // not a nil *winrm.Host in an interface
	}
	return host, nil
}
