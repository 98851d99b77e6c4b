package connection

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/winrm"
	"lifeboat.io/pkg/inventory"
)

// logins are the Kerberos log-ons of this process: one for a credential, shared
// by all its hosts whoever dials them, so that a KDC sees one log-on and not one
// for each host. A log-on ends with the last host that uses it.
var logins = struct {
	sync.Mutex
	open map[string]*login // by what the credential says
}{open: map[string]*login{}}

// login is a log-on and how many hosts use it.
type login struct {
	*winrm.Login
	users int
}

// hostByTicket is a host that gives its share of a log-on back.
type hostByTicket struct {
	*winrm.Host
	release func()
}

// Close closes the host, and the log-on with the last of its hosts.
func (h *hostByTicket) Close(ctx context.Context) error {
	defer h.release()
	return h.Host.Close(ctx)
}

func (d Dialer) connectByTicket(ctx context.Context, inv *inventory.Inventory, c winrm.Config, h inventory.Host) (hyperv.Host, error) {
	l, _ := inv.Credential(h.WinRM.Credential) // which Config has found
	shared, release, err := d.login(l)
	if err != nil {
		return nil, fmt.Errorf("host %q: credential %q: %w", h.Name, l.Name, err)
	}
	c.Login = shared
	host, err := winrm.Dial(ctx, c)
	if err != nil {
		release()
		return nil, err
	}
	return &hostByTicket{host, release}, nil
}

// login gives the log-on of a credential, and what gives it back.
func (d Dialer) login(l inventory.Credential) (*winrm.Login, func(), error) {
	settings, err := d.loginSettings(l)
	if err != nil {
		return nil, nil, err
	}
	said, err := json.Marshal([]any{d.Folder, l})
	if err != nil {
		return nil, nil, err
	}
	key := string(said)
	logins.Lock()
	defer logins.Unlock()
	shared := logins.open[key]
	if shared == nil {
		fresh, err := winrm.NewLogin(settings)
		if err != nil {
			return nil, nil, err
		}
		shared = &login{Login: fresh}
		logins.open[key] = shared
	}
	shared.users++
	var once sync.Once
	return shared.Login, func() { once.Do(func() { giveBack(key) }) }, nil
}

// giveBack takes one user from a log-on.
func giveBack(key string) {
	logins.Lock()
	defer logins.Unlock()
	l := logins.open[key]
	if l.users--; l.users == 0 {
		delete(logins.open, key)
		l.Close()
	}
}

// loginSettings is how the inventory says an account logs in to its realm.
func (d Dialer) loginSettings(l inventory.Credential) (winrm.LoginSettings, error) {
	if l.Kerberos == nil {
		return winrm.LoginSettings{}, errors.New("has nothing about Kerberos")
	}
	name, realm, _ := strings.Cut(l.User, "@")
	if l.Kerberos.Realm != "" {
		realm = l.Kerberos.Realm
	}
	return winrm.LoginSettings{
		ConfigFile: d.path(l.Kerberos.Config),
		KDCs:       l.Kerberos.KDCs,
		Realm:      strings.ToUpper(realm),
		User:       name,
		Password:   d.password(l),
		KeytabFile: d.path(l.Kerberos.Keytab),
	}, nil
}
