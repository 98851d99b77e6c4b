package connection_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lifeboat.io/events"
	"lifeboat.io/pkg/hyperv/connection"
	"lifeboat.io/pkg/hyperv/winrm"
	"lifeboat.io/pkg/inventory"
)

const document = `
sites: [{name: north}, {name: south}]
credentials:
  - {name: domain, user: 'LAB\svc', password: {file: secrets/hyperv}}
  - {name: local, user: svc, password: {env: LIFEBOAT_TEST_HOST_PASSWORD}}
hosts:
  - {name: hv1, site: north, address: 127.0.1.1, fqdn: hv1.lab.test, winrm: {credential: domain, ca: tls/ca.pem, serverName: hv1.lab.test}}
  - {name: hv2, site: south, address: hv2.lab.test, fqdn: hv2.lab.test, winrm: {transport: http, port: 15985, credential: local}}
  - {name: hv3, site: south, address: hv3.lab.test, fqdn: hv3.lab.test, winrm: {auth: basic, credential: local, ca: /etc/lab/ca.pem}}
`

func parse(t *testing.T) *inventory.Inventory {
	t.Helper()
	inv, err := inventory.Parse("inventory.yaml", []byte(document))
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

func TestConfigSaysWhatTheInventorySays(t *testing.T) {
	inv := parse(t)
	d := connection.Dialer{Folder: "/etc/lifeboat", Instance: "executor-1", Limits: winrm.Limits{SilentCalls: 5}}
	want := map[string]winrm.Config{
		"hv1": {Address: "127.0.1.1", Port: 5986, Transport: winrm.HTTPS, CAFile: "/etc/lifeboat/tls/ca.pem", ServerName: "hv1.lab.test", Auth: winrm.NTLM, User: `LAB\svc`},
		"hv2": {Address: "hv2.lab.test", Port: 15985, Transport: winrm.HTTP, Auth: winrm.NTLM, User: "svc"},
		"hv3": {Address: "hv3.lab.test", Port: 5986, Transport: winrm.HTTPS, CAFile: "/etc/lab/ca.pem", Auth: winrm.Basic, User: "svc"},
	}
	for _, h := range inv.Hosts {
		got, err := d.Config(inv, h)
		if err != nil {
			t.Fatal(err)
		}
		w := want[h.Name]
		if got.Name != h.Name || got.Address != w.Address || got.Port != w.Port || got.Transport != w.Transport ||
			got.CAFile != w.CAFile || got.ServerName != w.ServerName || got.Auth != w.Auth || got.User != w.User {
			t.Errorf("%s: %+v, want %+v", h.Name, got, w)
		}
		if got.Instance != "executor-1" || got.Limits.SilentCalls != 5 {
			t.Errorf("%s: instance %q and limits %+v are not the dialer's", h.Name, got.Instance, got.Limits)
		}
	}
}

// TestEveryWayIsKnown: a transport or a log-on that the inventory knows and
// winrm does not would fail only when the host is first needed.
func TestEveryWayIsKnown(t *testing.T) {
	for _, name := range events.Names(inventory.Transport("")) {
		if w := winrm.Transport(name); w != winrm.HTTP && w != winrm.HTTPS {
			t.Errorf("transport %q of the inventory is none of winrm", name)
		}
	}
	for _, name := range events.Names(inventory.Auth("")) {
		if w := winrm.Auth(name); w != winrm.NTLM && w != winrm.Basic {
			t.Errorf("auth %q of the inventory needs more than user and password", name)
		}
	}
}

func TestPasswordIsReadAtEachLogOn(t *testing.T) {
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "secrets"), 0o700); err != nil {
		t.Fatal(err)
	}
	inv := parse(t)
	c, err := connection.Dialer{Folder: folder}.Config(inv, inv.Hosts[0])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Password(); err == nil {
		t.Error("no error for a secret that is not there")
	}
	for _, password := range []string{"first", "second"} {
		if err := os.WriteFile(filepath.Join(folder, "secrets", "hyperv"), []byte(password+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := c.Password()
		if err != nil || got.Reveal() != password {
			t.Errorf("password %q, %v; want %q", got.Reveal(), err, password)
		}
	}
}

func TestConnect(t *testing.T) {
	inv := parse(t)
	host, err := connection.Dialer{}.Connect(t.Context(), inv, inv.Hosts[1])
	if err != nil {
		t.Fatal(err)
	}
	if host.Name() != "hv2" {
		t.Errorf("host %q", host.Name())
	}
	if err := host.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if host, err := (connection.Dialer{Folder: t.TempDir()}).Connect(t.Context(), inv, inv.Hosts[0]); err == nil || host != nil {
		t.Errorf("a missing CA file gives %v, %v", host, err)
	} else if !strings.Contains(err.Error(), "ca.pem") {
		t.Errorf("the error does not name the file: %v", err)
	}
	stray := inv.Hosts[0]
	stray.WinRM.Credential = "nobody"
	if _, err := (connection.Dialer{}).Connect(t.Context(), inv, stray); err == nil || !strings.Contains(err.Error(), "nobody") {
		t.Errorf("an unknown credential gives %v", err)
	}
}
