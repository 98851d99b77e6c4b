package winrm

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bodgit/ntlmssp"

	"lifeboat.io/e2e/lab/winrm/pki"
)

// testPKI is an authority with a certificate for the test host.
func testPKI(t testing.TB) (*pki.Authority, tls.Certificate) {
	t.Helper()
	now := time.Now()
	ca, err := pki.NewAuthority("lab", pki.Days(now, 10))
	if err != nil {
		t.Fatal(err)
	}
	cert, err := ca.Host(pki.Days(now, 5), "hv1.lab.test", "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	return ca, cert
}

// secureClient reaches a host by HTTPS.
func secureClient(t testing.TB, s *Server, roots *x509.CertPool, own ...tls.Certificate) *client {
	c := newClient(t, s)
	_, address := s.Addresses()
	c.url = "https://" + address + "/wsman"
	c.http.Transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: roots, Certificates: own}
	return c
}

func TestClientCertificates(t *testing.T) {
	ca, cert := testPKI(t)
	other, _ := testPKI(t)
	now := time.Now()
	issue := func(by *pki.Authority, v pki.Validity, name, upn string) tls.Certificate {
		c, err := by.Client(v, name, upn)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	server, err := ca.Host(pki.Days(now, 5), "admin@localhost")
	if err != nil {
		t.Fatal(err)
	}
	s := startHost(t, func(c *Config) {
		c.Certificate, c.ClientCAs, c.Auth.Certificate = &cert, ca.Pool(), true
	})
	for _, c := range []struct {
		name string
		own  []tls.Certificate
		want int
	}{
		{"mapped by principal name", []tls.Certificate{issue(ca, pki.Days(now, 1), "x", "admin@localhost")}, 200},
		{"mapped by common name", []tls.Certificate{issue(ca, pki.Days(now, 1), "admin@localhost", "x@y")}, 200},
		{"not mapped", []tls.Certificate{issue(ca, pki.Days(now, 1), "x", "x@localhost")}, 401},
		{"expired", []tls.Certificate{issue(ca, pki.Expired(now), "x", "admin@localhost")}, 401},
		{"another authority", []tls.Certificate{issue(other, pki.Days(now, 1), "x", "admin@localhost")}, 401},
		{"for servers", []tls.Certificate{server}, 401},
		{"none", nil, 401},
	} {
		t.Run(c.name, func(t *testing.T) {
			cl := secureClient(t, s, ca.Pool(), c.own...)
			cl.user = ""
			a, err := cl.post(cl.message(actionCreate, resourceCmd, "", createBody), func(r *http.Request) {
				r.Header.Set("Authorization", mutualTLS)
			})
			if err != nil {
				t.Fatal(err)
			}
			if a.status != c.want {
				t.Errorf("HTTP %d, want %d", a.status, c.want)
			}
		})
	}
}

func TestHostCertificate(t *testing.T) {
	ca, good := testPKI(t)
	now := time.Now()
	s := startHost(t, func(c *Config) { c.Certificate = &good })
	expired, err := ca.Host(pki.Expired(now), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	elsewhere, err := ca.Host(pki.Days(now, 1), "hv2.lab.test")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		cert tls.Certificate
		want string // part of the client's error; empty: none
	}{
		{"good", good, ""},
		{"expired", expired, "expired"},
		{"another name", elsewhere, "127.0.0.1"},
		{"good again", good, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.SetCertificate(c.cert)
			cl := secureClient(t, s, ca.Pool())
			_, err := cl.post(cl.message(actionCreate, resourceCmd, "", createBody))
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// TestChannelBinding: over TLS a log-on made for another channel is refused.
func TestChannelBinding(t *testing.T) {
	ca, cert := testPKI(t)
	_, otherCert := testPKI(t)
	s := startHost(t, func(c *Config) { c.Certificate = &cert })
	for _, c := range []struct {
		name string
		to   *tls.Certificate
		want int
	}{{"none", nil, 200}, {"this channel", &cert, 200}, {"another channel", &otherCert, 401}} {
		t.Run(c.name, func(t *testing.T) {
			cl := newSealedClient(t, s, "Administrator", "Pass-1")
			cl.client = secureClient(t, s, ca.Pool())
			cl.user = ""
			cl.http.Transport.(*http.Transport).MaxConnsPerHost = 1
			var bindings *ntlmssp.ChannelBindings
			if c.to != nil {
				leaf, err := x509.ParseCertificate(c.to.Certificate[0])
				if err != nil {
					t.Fatal(err)
				}
				bindings = &ntlmssp.ChannelBindings{ApplicationData: endPoint(leaf)}
			}
			first, _ := cl.ntlm.Authenticate(nil, nil)
			_, challenge := cl.token(first)
			second, err := cl.ntlm.Authenticate(challenge, bindings)
			if err != nil {
				t.Fatal(err)
			}
			if a, _ := cl.token(second); a.status != c.want {
				t.Errorf("HTTP %d, want %d", a.status, c.want)
			}
		})
	}
}

// TestChannelBindingOfItsOwnConnection: a certificate that was exchanged since
// is no concern of the connections that were there before, and it is of those
// that come.
func TestChannelBindingOfItsOwnConnection(t *testing.T) {
	ca, old := testPKI(t)
	renewed, err := ca.Host(pki.Days(time.Now(), 5), "hv1.lab.test", "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	s := startHost(t, func(c *Config) { c.Certificate = &old })
	for _, c := range []struct {
		name string
		swap bool // after the connection is there
		to   tls.Certificate
		want int
	}{
		{"there before, the old one", true, old, 200},
		{"there before, the new one", true, renewed, 401},
		{"new, the new one", false, renewed, 200},
		{"new, the old one", false, old, 401},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.SetCertificate(renewed)
			if c.swap {
				s.SetCertificate(old)
			}
			leaf, err := x509.ParseCertificate(c.to.Certificate[0])
			if err != nil {
				t.Fatal(err)
			}
			cl := newSealedClient(t, s, "Administrator", "Pass-1")
			cl.client = secureClient(t, s, ca.Pool())
			cl.user = ""
			cl.http.Transport.(*http.Transport).MaxConnsPerHost = 1
			first, _ := cl.ntlm.Authenticate(nil, nil)
			_, challenge := cl.token(first)
			s.SetCertificate(renewed)
			second, err := cl.ntlm.Authenticate(challenge, &ntlmssp.ChannelBindings{ApplicationData: endPoint(leaf)})
			if err != nil {
				t.Fatal(err)
			}
			if a, _ := cl.token(second); a.status != c.want {
				t.Errorf("HTTP %d, want %d", a.status, c.want)
			}
		})
	}
}

// endPoint is the channel of a certificate signed with SHA-256.
func endPoint(leaf *x509.Certificate) []byte {
	sum := sha256.Sum256(leaf.Raw)
	return append([]byte("tls-server-end-point:"), sum[:]...)
}
