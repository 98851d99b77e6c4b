package winrm

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bodgit/ntlmssp"
	"github.com/jcmturner/gofork/encoding/asn1"
	"github.com/jcmturner/gokrb5/v8/gssapi"
	"github.com/jcmturner/gokrb5/v8/spnego"
	masterzen "github.com/masterzen/winrm"

	"lifeboat.io/e2e/lab/winrm/ntlm"
	"lifeboat.io/e2e/lab/winrm/pki"
)

func TestWaysToLogOn(t *testing.T) {
	for _, c := range []struct {
		name string
		auth Auth
		want []string
	}{
		{"as shipped", Auth{Negotiate: true}, []string{"Negotiate"}},
		{"Basic in clear", Auth{Negotiate: true, Basic: true, AllowUnencrypted: true}, []string{"Negotiate", `Basic realm="WSMAN"`}},
		{"Basic only where it is safe", Auth{Negotiate: true, Basic: true}, []string{"Negotiate"}},
		{"nothing", Auth{}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := startHost(t, func(cfg *Config) { cfg.Auth = c.auth })
			cl := newClient(t, s)
			cl.user = ""
			a, err := cl.post(cl.message(actionCreate, resourceCmd, "", createBody))
			if err != nil {
				t.Fatal(err)
			}
			got := a.header.Values("WWW-Authenticate")
			if a.status != 401 || fmt.Sprint(got) != fmt.Sprint(c.want) || a.raw != "" {
				t.Errorf("HTTP %d, %q, want 401 and %q; body %q", a.status, got, c.want, a.raw)
			}
		})
	}
}

func TestBasic(t *testing.T) {
	for _, c := range []struct {
		name, user, password string
		unencrypted          bool
		status               int
		fault                uint32
	}{
		{"administrator", "Administrator", "Pass-1", true, 200, 0},
		{"in another case", "ADMINISTRATOR", "Pass-1", true, 200, 0},
		{"with a domain", `HV1\Administrator`, "Pass-1", true, 200, 0},
		{"as a principal", "administrator@lab.test", "Pass-1", true, 200, 0},
		{"wrong password", "Administrator", "pass-1", true, 401, 0},
		{"no password", "Administrator", "", true, 401, 0},
		{"unknown", "nobody", "Pass-1", true, 401, 0},
		{"expired", "gone", "Pass-4", true, 401, 0},
		{"not an administrator", "guest", "Pass-3", true, 500, codeAccessDenied},
		{"unencrypted not allowed", "Administrator", "Pass-1", false, 401, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := startHost(t, func(cfg *Config) { cfg.Auth.AllowUnencrypted = c.unencrypted })
			cl := newClient(t, s)
			cl.user, cl.password = c.user, c.password
			a, err := cl.post(cl.message(actionCreate, resourceCmd, "", createBody))
			if err != nil {
				t.Fatal(err)
			}
			if a.status != c.status || a.code() != c.fault {
				t.Errorf("HTTP %d with fault %d, want %d with %d", a.status, a.code(), c.status, c.fault)
			}
			if st := s.Stats(); c.unencrypted && st.Logins[schemeBasic]+st.LoginFailures[schemeBasic] != 1 {
				t.Errorf("counted %v and %v", st.Logins, st.LoginFailures)
			}
		})
	}
}

// sealedClient speaks NTLM with message sealing, with the security context of
// another library, over one connection.
type sealedClient struct {
	*client
	ntlm *ntlmssp.Client
}

func newSealedClient(t testing.TB, s *Server, user, password string) *sealedClient {
	t.Helper()
	c := newClient(t, s)
	c.user = ""
	c.http.Transport.(*http.Transport).MaxConnsPerHost = 1
	n, err := ntlmssp.NewClient(ntlmssp.SetUserInfo(user, password), ntlmssp.SetDomain("HV1"), ntlmssp.SetVersion(ntlmssp.DefaultVersion()))
	if err != nil {
		t.Fatal(err)
	}
	return &sealedClient{c, n}
}

// token posts an empty body with a token and returns the answer's.
func (c *sealedClient) token(token []byte) (answer, []byte) {
	c.t.Helper()
	a, err := c.post("", func(r *http.Request) {
		r.Header.Set("Authorization", "Negotiate "+base64.StdEncoding.EncodeToString(token))
	})
	if err != nil {
		c.t.Fatal(err)
	}
	reply, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(a.header.Get("WWW-Authenticate"), "Negotiate"+" "))
	if err != nil {
		reply = nil
	}
	return a, reply
}

// logOn does the handshake with raw NTLM tokens.
func (c *sealedClient) logOn() int {
	c.t.Helper()
	first, err := c.ntlm.Authenticate(nil, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	_, challenge := c.token(first)
	second, err := c.ntlm.Authenticate(challenge, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	a, _ := c.token(second)
	return a.status
}

const sealedContentType = `multipart/encrypted;protocol="application/HTTP-SPNEGO-session-encrypted";boundary="Encrypted Boundary"`

// sealMessages writes a sealed body of one part for each message.
func (c *sealedClient) sealMessages(messages ...string) string {
	var b strings.Builder
	for _, m := range messages {
		sealed, sig, err := c.ntlm.SecuritySession().Wrap([]byte(m))
		if err != nil {
			c.t.Fatal(err)
		}
		b.WriteString("--Encrypted Boundary\r\n\tContent-Type: application/HTTP-SPNEGO-session-encrypted\r\n\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=" +
			strconv.Itoa(len(m)) + "\r\n--Encrypted Boundary\r\n\tContent-Type: application/octet-stream\r\n\x10\x00\x00\x00")
		b.Write(sig)
		b.Write(sealed)
	}
	return b.String() + "--Encrypted Boundary--\r\n"
}

// exchange posts a sealed request and opens the answer.
func (c *sealedClient) exchange(messages ...string) answer {
	c.t.Helper()
	a, err := c.post(c.sealMessages(messages...), func(r *http.Request) { r.Header.Set("Content-Type", sealedContentType) })
	if err != nil {
		c.t.Fatal(err)
	}
	if a.header.Get("Content-Type") != sealedContentType {
		return a
	}
	parts, err := splitSealed([]byte(a.raw), "Encrypted Boundary")
	if err != nil {
		c.t.Fatal(err)
	}
	plain, err := c.ntlm.SecuritySession().Unwrap(parts[0].data, parts[0].header)
	if err != nil {
		c.t.Fatal(err)
	}
	a.raw = string(plain)
	a.root, _ = parseXML(plain)
	return a
}

func TestSealedNTLM(t *testing.T) {
	s := startHost(t, func(c *Config) { c.Auth.AllowUnencrypted = false })
	c := newSealedClient(t, s, "Administrator", "Pass-1")
	if status := c.logOn(); status != 200 {
		t.Fatalf("HTTP %d", status)
	}
	create := c.message(actionCreate, resourceCmd, "", createBody)
	for i := range 3 {
		if a := c.exchange(create); a.status != 200 || !strings.Contains(a.raw, "CreateResponse") {
			t.Fatalf("message %d: HTTP %d: %s", i, a.status, a.raw)
		}
	}
	if a := c.exchange(create[:300], create[300:]); a.status != 200 {
		t.Errorf("cut in two: HTTP %d", a.status)
	}
	if a := c.exchange(c.message(actionDelete, resourceCmd, shellSelector("none"), "")); a.status != 500 || a.code() != codeSelectorsUnexpected {
		t.Errorf("a sealed fault: HTTP %d, %d", a.status, a.code())
	}
	if a, _ := c.post(create); a.status != 500 || a.raw != "" {
		t.Errorf("clear SOAP on a sealed connection: HTTP %d", a.status)
	}
	body := []byte(c.sealMessages(create))
	body[len(body)-30] ^= 1
	if a, _ := c.post(string(body), func(r *http.Request) { r.Header.Set("Content-Type", sealedContentType) }); a.status != 400 {
		t.Errorf("a changed message: HTTP %d", a.status)
	}
	if st := s.Stats(); st.Logins[schemeNTLM] != 1 || st.ConnectionsTotal != 1 {
		t.Errorf("%d log-ons on %d connections", st.Logins[schemeNTLM], st.ConnectionsTotal)
	}
}

func TestNTLMRefusals(t *testing.T) {
	for _, c := range []struct {
		name, user, password string
		change               func(*Config)
		want                 int
	}{
		{"right, by the host's clock, which the client takes over", "Administrator", "Pass-1", nil, 200},
		{"wrong password", "Administrator", "no", nil, 401},
		{"unknown", "nobody", "Pass-1", nil, 401},
		{"expired", "gone", "Pass-4", nil, 401},
		{"Negotiate switched off", "Administrator", "Pass-1", func(c *Config) { c.Auth.Negotiate = false }, 401},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := startHost(t, func(cfg *Config) {
				cfg.Now = func() time.Time { return time.Now().Add(-48 * time.Hour) }
				if c.change != nil {
					c.change(cfg)
				}
			})
			cl := newSealedClient(t, s, c.user, c.password)
			first, _ := cl.ntlm.Authenticate(nil, nil)
			_, challenge := cl.token(first)
			if !cl.validChallenge(challenge) {
				if c.want != 401 {
					t.Fatal("no challenge")
				}
				return
			}
			second, err := cl.ntlm.Authenticate(challenge, nil)
			if err != nil {
				t.Fatal(err)
			}
			if a, _ := cl.token(second); a.status != c.want {
				t.Errorf("HTTP %d, want %d", a.status, c.want)
			}
		})
	}
}

func (c *sealedClient) validChallenge(b []byte) bool { return len(b) > 12 && b[8] == 2 }

// TestEmptyPost is the switch for what an empty POST without credentials gets
// on a connection that is logged on.
func TestEmptyPost(t *testing.T) {
	for accept, want := range map[bool]int{false: 401, true: 200} {
		s := startHost(t, func(c *Config) { c.Auth.AcceptEmptyPost = accept })
		c := newSealedClient(t, s, "Administrator", "Pass-1")
		c.logOn()
		a, err := c.post("")
		if err != nil || a.status != want {
			t.Errorf("accept %v: HTTP %d, %v, want %d", accept, a.status, err, want)
		}
	}
}

// TestLogOnBelongsToTheConnection: another connection of the same client is a stranger.
func TestLogOnBelongsToTheConnection(t *testing.T) {
	s := startHost(t, nil)
	c := newSealedClient(t, s, "Administrator", "Pass-1")
	c.logOn()
	create := c.message(actionCreate, resourceCmd, "", createBody)
	if a, _ := c.post(create); a.status != 200 {
		t.Fatalf("same connection: HTTP %d", a.status)
	}
	c.http.CloseIdleConnections()
	if a, _ := c.post(create); a.status != 401 {
		t.Errorf("new connection: HTTP %d", a.status)
	}
}

// TestSPNEGO wraps NTLM in SPNEGO, as pypsrp and native clients do.
func TestSPNEGO(t *testing.T) {
	for _, c := range []struct {
		name  string
		mechs []asn1.ObjectIdentifier
		first bool // the first token is NTLM's
		mic   string
		want  int
	}{
		{"NTLM first", []asn1.ObjectIdentifier{oidNTLM}, true, "", 200},
		{"Kerberos first, NTLM second", []asn1.ObjectIdentifier{gssapi.OIDKRB5.OID(), oidNTLM}, false, "", 200},
		{"with a signed list", []asn1.ObjectIdentifier{oidNTLM}, true, "right", 200},
		{"with a wrongly signed list", []asn1.ObjectIdentifier{oidNTLM}, true, "0123456789abcdef", 401},
		{"nothing known", []asn1.ObjectIdentifier{{1, 2, 3}}, true, "", 401},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := startHost(t, nil)
			cl := newSealedClient(t, s, "Administrator", "Pass-1")
			if got := cl.negotiate(c.mechs, c.first, c.mic); got != c.want {
				t.Fatalf("HTTP %d, want %d", got, c.want)
			}
			if c.want == 200 && c.mic == "" {
				if a := cl.exchange(cl.message(actionCreate, resourceCmd, "", createBody)); a.status != 200 {
					t.Errorf("sealed: HTTP %d", a.status)
				}
			}
		})
	}
}

// negotiate logs on inside SPNEGO and returns the last status.
func (c *sealedClient) negotiate(mechs []asn1.ObjectIdentifier, first bool, mic string) int {
	c.t.Helper()
	hello, _ := c.ntlm.Authenticate(nil, nil)
	if mic != "" {
		hello[12] &^= byte(ntlm.FlagSeal) // in place: a session that only signs, so that the client can sign the list
	}
	init := spnego.NegTokenInit{MechTypes: mechs, MechTokenBytes: hello}
	if !first {
		init.MechTokenBytes = []byte("something else")
	}
	token := spnego.SPNEGOToken{Init: true, NegTokenInit: init}
	raw, err := token.Marshal()
	if err != nil {
		c.t.Fatal(err)
	}
	a, reply := c.token(raw)
	var resp spnego.NegTokenResp
	if resp.Unmarshal(reply) != nil {
		return a.status
	}
	if !first {
		if resp.ResponseToken != nil || !resp.SupportedMech.Equal(oidNTLM) {
			c.t.Errorf("chose %v with a token of %d bytes", resp.SupportedMech, len(resp.ResponseToken))
		}
		_, reply = c.token(negResp(spnego.NegStateAcceptIncomplete, nil, hello, nil))
		if err := resp.Unmarshal(reply); err != nil {
			c.t.Fatal(err)
		}
	}
	last, err := c.ntlm.Authenticate(resp.ResponseToken, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	var signature []byte
	list, _ := asn1.Marshal(mechs)
	switch mic {
	case "":
	case "right":
		_, signature, _ = c.ntlm.SecuritySession().Wrap(list)
	default:
		signature = []byte(mic)
	}
	a, reply = c.token(negResp(spnego.NegStateAcceptIncomplete, nil, last, signature))
	if a.status == 200 {
		if err := resp.Unmarshal(reply); err != nil || resp.State() != spnego.NegStateAcceptCompleted {
			c.t.Errorf("the last token says %v, %v", resp.State(), err)
		}
		if mic == "" && resp.MechListMIC != nil {
			c.t.Error("the list is signed though the client did not sign it")
		}
		if mic != "" {
			if _, err := c.ntlm.SecuritySession().Unwrap(list, resp.MechListMIC); err != nil {
				c.t.Errorf("the server's signature of the list: %v", err)
			}
		}
	}
	return a.status
}

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

// endPoint is the channel of a certificate signed with SHA-256.
func endPoint(leaf *x509.Certificate) []byte {
	sum := sha256.Sum256(leaf.Raw)
	return append([]byte("tls-server-end-point:"), sum[:]...)
}

// TestMasterzen runs commands through an unmodified client library, in each of
// its ways to log on.
func TestMasterzen(t *testing.T) {
	ca, cert := testPKI(t)
	own, err := ca.Client(pki.Days(time.Now(), 1), "x", "admin@localhost")
	if err != nil {
		t.Fatal(err)
	}
	certPEM, keyPEM, err := pki.Encode(own)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name      string
		https     bool
		sealed    bool // the host takes nothing else
		decorator func() masterzen.Transporter
	}{
		{"Basic", false, false, nil},
		{"Basic over HTTPS", true, false, nil},
		{"NTLM", false, false, func() masterzen.Transporter { return &masterzen.ClientNTLM{} }},
		{"NTLM sealed", false, true, func() masterzen.Transporter {
			e, err := masterzen.NewEncryption("ntlm")
			if err != nil {
				t.Error(err)
			}
			return e
		}},
		{"certificate", true, false, func() masterzen.Transporter { return &masterzen.ClientAuthRequest{} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := startHost(t, func(cfg *Config) {
				cfg.Certificate, cfg.ClientCAs, cfg.Auth.Certificate = &cert, ca.Pool(), true
				cfg.Auth.AllowUnencrypted = !c.sealed
			})
			address, secure := s.Addresses()
			if c.https {
				address = secure
			}
			host, port, _ := net.SplitHostPort(address)
			n, _ := strconv.Atoi(port)
			endpoint := masterzen.NewEndpoint(host, n, c.https, false, ca.PEM(), certPEM, keyPEM, 20*time.Second)
			params := masterzen.NewParameters("PT10S", "en-US", 153600)
			params.TransportDecorator = c.decorator
			client, err := masterzen.NewClientWithParameters(endpoint, "Administrator", "Pass-1", params)
			if err != nil {
				t.Fatal(err)
			}
			shell, err := client.CreateShell()
			if err != nil {
				t.Fatal(err)
			}
			command, err := shell.ExecuteWithContext(context.Background(), "echo hello")
			if err != nil {
				t.Fatal(err)
			}
			go io.Copy(io.Discard, command.Stderr)
			var out bytes.Buffer
			_, _ = io.Copy(&out, command.Stdout)
			command.Wait()
			if out.String() != "hello\r\n" || command.ExitCode() != 0 {
				t.Errorf("%q, exit code %d", out.String(), command.ExitCode())
			}
			if err := command.Close(); err != nil {
				t.Error(err)
			}
			if err := shell.Close(); err != nil {
				t.Error(err)
			}
			if st := s.Stats(); st.Shells != 0 || st.Processes != 0 {
				t.Errorf("left behind %d shells and %d processes", st.Shells, st.Processes)
			}
		})
	}
}
