package connection_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
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
  - {name: shown, certificate: {file: tls/client.pem, key: {file: secrets/client.key}}}
  - {name: ticket, user: svc@lab.test, password: {env: LIFEBOAT_TEST_HOST_PASSWORD}, kerberos: {kdcs: ["127.0.0.1:1"]}}
  - {name: keytab, user: svc, kerberos: {realm: LAB.TEST, kdcs: ["127.0.0.1:1"], keytab: secrets/svc.keytab}}
  - {name: realm, user: svc, password: {env: LIFEBOAT_TEST_HOST_PASSWORD}, kerberos: {config: krb5.conf}}
hosts:
  - {name: hv1, site: north, address: 127.0.1.1, fqdn: hv1.lab.test, winrm: {credential: domain, ca: tls/ca.pem, serverName: hv1.lab.test}}
  - {name: hv2, site: south, address: hv2.lab.test, fqdn: hv2.lab.test, winrm: {transport: http, port: 15985, credential: local}}
  - {name: hv3, site: south, address: hv3.lab.test, fqdn: hv3.lab.test, winrm: {auth: basic, credential: local, ca: /etc/lab/ca.pem}}
  - {name: hv4, site: south, address: hv4.lab.test, fqdn: hv4.lab.test, winrm: {auth: certificate, credential: shown,
      fingerprint: "AA:11:22:33:44:55:66:77:88:99:00:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:00:AA:BB:CC:DD"}}
  - {name: hv5, site: south, address: hv5.lab.test, fqdn: hv5.lab.test, winrm: {auth: kerberos, credential: ticket, spn: HTTP/hv5.corp.example}}
  - {name: hv6, site: south, address: hv6.lab.test, fqdn: hv6.lab.test, winrm: {auth: kerberos, credential: keytab}}
  - {name: hv7, site: south, address: hv7.lab.test, fqdn: hv7.lab.test, winrm: {auth: kerberos, credential: realm}}
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
		"hv4": {Address: "hv4.lab.test", Port: 5986, Transport: winrm.HTTPS, Auth: winrm.Certificate, Fingerprint: "aa11223344556677889900aabbccddeeff0011223344556677889900aabbccdd"},
		"hv5": {Address: "hv5.lab.test", Port: 5986, Transport: winrm.HTTPS, Auth: winrm.Kerberos, Service: "HTTP/hv5.corp.example"},
		"hv6": {Address: "hv6.lab.test", Port: 5986, Transport: winrm.HTTPS, Auth: winrm.Kerberos},
		"hv7": {Address: "hv7.lab.test", Port: 5986, Transport: winrm.HTTPS, Auth: winrm.Kerberos},
	}
	for _, h := range inv.Hosts {
		got, err := d.Config(inv, h)
		if err != nil {
			t.Fatal(err)
		}
		w := want[h.Name]
		if got.Name != h.Name || got.Address != w.Address || got.Port != w.Port || got.Transport != w.Transport ||
			got.CAFile != w.CAFile || got.ServerName != w.ServerName || got.Auth != w.Auth || got.User != w.User || got.Service != w.Service || got.Fingerprint != w.Fingerprint {
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
		if !slices.Contains([]winrm.Auth{winrm.NTLM, winrm.Basic, winrm.Kerberos, winrm.Certificate}, winrm.Auth(name)) {
			t.Errorf("auth %q of the inventory is none of winrm", name)
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

// TestFilesAreReadInTime: what is wrong with a file the inventory names is told
// when the host is connected, by the file's name, and no content is repeated.
func TestFilesAreReadInTime(t *testing.T) {
	inv := parse(t)
	folder := t.TempDir()
	write := func(name, content string) {
		t.Helper()
		path := filepath.Join(folder, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(content), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	connect := func(name string) error {
		h, _ := inv.Host(name)
		host, err := connection.Dialer{Folder: folder}.Connect(t.Context(), inv, h)
		if err == nil {
			err = host.Close(t.Context())
		}
		return err
	}
	refuses := func(name, want string) {
		t.Helper()
		if err := connect(name); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "Tr0ub4dor") {
			t.Errorf("%s: %v; want an error with %q", name, err, want)
		}
	}
	refuses("hv4", "client.pem")
	write("tls/client.pem", "Tr0ub4dor")
	refuses("hv4", "client.key")
	write("secrets/client.key", "Tr0ub4dor")
	refuses("hv4", "tls/client.pem with the key of file secrets/client.key")
	refuses("hv6", "svc.keytab")
	refuses("hv7", "krb5.conf")
	write("krb5.conf", "[libdefaults]\n default_realm = LAB.TEST\n")
	for _, name := range []string{"hv5", "hv7"} {
		if err := connect(name); err != nil {
			t.Error(err)
		}
	}
}
