package conformance_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	lab "lifeboat.io/e2e/lab/winrm"
	"lifeboat.io/e2e/lab/winrm/pki"
	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/connection"
	"lifeboat.io/pkg/hyperv/winrm"
	"lifeboat.io/pkg/inventory"
	"lifeboat.io/pkg/secret"
)

// book is an inventory under construction, with the folder its files are in.
type book struct {
	inventory.Document
	folder string
}

func newBook(t *testing.T) *book {
	b := &book{folder: t.TempDir()}
	b.Sites = []inventory.Site{{Name: "north"}}
	b.write(t, "password", pass)
	return b
}

func (b *book) write(t *testing.T, name string, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(b.folder, name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// add enters a host of the lab.
func (b *book) add(t *testing.T, name string, s *site, w inventory.WinRM) {
	t.Helper()
	listener := s.https
	if w.Transport == inventory.HTTP {
		listener = s.http
	}
	address, port, err := net.SplitHostPort(listener)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscan(port, &w.Port); err != nil {
		t.Fatal(err)
	}
	b.Hosts = append(b.Hosts, inventory.Host{Name: name, Site: "north", Address: address, FQDN: name + ".lab.test", WinRM: w})
}

// connect connects to a host as a program does that knows only the inventory.
func (b *book) connect(t *testing.T, name string) hyperv.Host {
	t.Helper()
	inv, err := inventory.New(b.Document)
	if err != nil {
		t.Fatal(err)
	}
	h, ok := inv.Host(name)
	if !ok {
		t.Fatalf("no host %s", name)
	}
	host, err := connection.Dialer{Folder: b.folder, Limits: winrm.Limits{OperationTimeout: time.Second}}.Connect(t.Context(), inv, h)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := host.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return host
}

func TestInventoryKnowsEveryWay(t *testing.T) {
	s := start(t, nil)
	b := newBook(t)
	client, err := s.ca.Client(pki.Days(time.Now(), 1), "operator", "operator@lab.test")
	if err != nil {
		t.Fatal(err)
	}
	certificate, key, err := pki.Encode(client)
	if err != nil {
		t.Fatal(err)
	}
	b.write(t, "client.pem", string(certificate))
	b.write(t, "client.key", string(key))
	b.write(t, "ca.pem", string(s.ca.PEM()))
	b.Credentials = []inventory.Credential{
		{Name: "password", User: user, Password: secret.Ref{File: "password"}},
		{Name: "certificate", Certificate: &inventory.ClientCertificate{File: "client.pem", Key: secret.Ref{File: "client.key"}}},
	}
	now := time.Now()
	other, err := pki.NewAuthority("Nobody's CA", pki.Days(now, 1))
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := other.Host(pki.Days(now, 1), "someone.else")
	if err != nil {
		t.Fatal(err)
	}
	pinnedSite := start(t, func(c *lab.Config) { c.Certificate = &stranger })
	sum := sha256.Sum256(stranger.Certificate[0])
	trusted := inventory.WinRM{CA: "ca.pem", ServerName: hostName}
	ways := map[string]struct {
		site *site
		way  inventory.WinRM
	}{
		"ntlm-http":   {s, inventory.WinRM{Transport: inventory.HTTP, Credential: "password"}},
		"ntlm-https":  {s, with(trusted, inventory.NTLM, "password")},
		"basic":       {s, with(trusted, inventory.Basic, "password")},
		"certificate": {s, with(trusted, inventory.CertificateAuth, "certificate")},
		"pinned":      {pinnedSite, inventory.WinRM{Credential: "password", Fingerprint: fmt.Sprintf("%X", sum)}},
	}
	for name, w := range ways {
		t.Run(name, func(t *testing.T) {
			b := *b
			b.add(t, name, w.site, w.way)
			works(t, b.connect(t, name))
		})
	}
	t.Run("not the pinned one", func(t *testing.T) {
		b := *b
		b.add(t, "hv1", s, inventory.WinRM{Credential: "password", Fingerprint: fmt.Sprintf("%X", sum)})
		_, err := b.connect(t, "hv1").Start(t.Context(), nobody)
		isError(t, err, hyperv.ClassRetry, hyperv.CodeUnreachable)
	})
}

func with(w inventory.WinRM, auth inventory.Auth, credential string) inventory.WinRM {
	w.Auth, w.Credential = auth, credential
	return w
}

// TestOneLogOnForACredential: hosts of one credential share a log-on with the
// KDC, and it ends with the last of them.
func TestOneLogOnForACredential(t *testing.T) {
	names := []string{"hv1.lab.test", "hv2.lab.test", "hv3.lab.test"}
	r := newRealm(t, "HTTP/hv1.lab.test", "HTTP/hv2.lab.test", "HTTP/hv3.lab.test")
	b := newBook(t)
	b.write(t, "kerberos-password", "kerberos-1")
	keytab := r.userKeytab(t)
	b.Credentials = []inventory.Credential{
		{Name: "password", User: user + "@LAB.TEST", Password: secret.Ref{File: "kerberos-password"}, Kerberos: &inventory.KerberosLogin{KDCs: []string{r.address}}},
		{Name: "keytab", User: user, Kerberos: &inventory.KerberosLogin{Config: r.config, Keytab: keytab}},
	}
	var sites []*site
	for _, name := range names {
		s := r.member(t, name)
		sites = append(sites, s)
		b.write(t, name+".pem", string(s.ca.PEM()))
	}
	for _, credential := range []string{"password", "keytab"} {
		t.Run(credential, func(t *testing.T) {
			b := *b
			before := r.issued(t, "AS_REQ")
			for i, name := range names {
				w := inventory.WinRM{Auth: inventory.KerberosAuth, Credential: credential, CA: name + ".pem", ServerName: hostName, SPN: "HTTP/" + name}
				b.add(t, fmt.Sprintf("hv%d", i+1), sites[i], w)
			}
			for _, h := range b.Hosts {
				works(t, b.connect(t, h.Name))
			}
			if n := r.issued(t, "AS_REQ") - before; n != 1 {
				t.Errorf("%d log-ons for %d hosts, want one", n, len(b.Hosts))
			}
		})
	}
	t.Run("ended and begun again", func(t *testing.T) {
		b := *b
		b.add(t, "hv1", sites[0], inventory.WinRM{Auth: inventory.KerberosAuth, Credential: "password", CA: names[0] + ".pem", ServerName: hostName, SPN: "HTTP/" + names[0]})
		before := r.issued(t, "AS_REQ")
		works(t, b.connect(t, "hv1"))
		if n := r.issued(t, "AS_REQ") - before; n != 1 {
			t.Errorf("%d log-ons after the last host was closed, want one", n)
		}
	})
}
