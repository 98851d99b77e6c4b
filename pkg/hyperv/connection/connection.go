package connection

import (
	"context"
	"fmt"
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
	// Folder is where relative paths of the inventory start: passwords and
	// certificate authorities.
	Folder string
	// Instance names this program among those that talk to the same hosts, such
	// as "executor-1"; see winrm.Config.Instance.
	Instance string
	// Limits bound what a connection uses; winrm's own where zero.
	Limits winrm.Limits
	// Tracing makes the spans of calls; nil means the global provider's.
	Tracing trace.TracerProvider
}

// Config is how the inventory says a host is reached. The password is not read
// here but at each log-on, so that a changed one is used without a restart.
func (d Dialer) Config(inv *inventory.Inventory, h inventory.Host) (winrm.Config, error) {
	login, ok := inv.Credential(h.WinRM.Credential)
	if !ok {
		return winrm.Config{}, fmt.Errorf("host %s: winrm.credential %q is not among the inventory's credentials", h.Name, h.WinRM.Credential)
	}
	c := winrm.Config{
		Name:       h.Name,
		Address:    h.Address,
		Port:       h.WinRM.Port,
		Transport:  winrm.Transport(h.WinRM.Transport),
		CAFile:     d.path(h.WinRM.CA),
		ServerName: h.WinRM.ServerName,
		Auth:       winrm.Auth(h.WinRM.Auth),
		User:       login.User,
		Password:   func() (secret.Text, error) { return login.Password.Read(d.Folder) },
		Instance:   d.Instance,
		Limits:     d.Limits,
	}
	if d.Tracing != nil {
		c.Tracer = d.Tracing.Tracer(tracerName)
	}
	return c, nil
}

// path is a path of the inventory as this process finds it.
func (d Dialer) path(p string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(d.Folder, p)
}

// Connect gives a host to talk to. It reads certificate files and makes no
// connection yet: a host that is down is no error here.
func (d Dialer) Connect(ctx context.Context, inv *inventory.Inventory, h inventory.Host) (hyperv.Host, error) {
	c, err := d.Config(inv, h)
	if err != nil {
		return nil, err
	}
	host, err := winrm.Dial(ctx, c)
	if err != nil {
		return nil, err // not a nil *winrm.Host in an interface
	}
	return host, nil
}
