package winrm

import (
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bodgit/ntlmssp"
	"github.com/jcmturner/gofork/encoding/asn1"
	"github.com/jcmturner/gokrb5/v8/gssapi"
	"github.com/jcmturner/gokrb5/v8/spnego"

	"lifeboat.io/e2e/lab/winrm/ntlm"
)

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
