package ntlm

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var (
	testTarget = Target{NetBIOSComputer: "HV1", DNSComputer: "hv1.lab.test", NetBIOSDomain: "LAB", DNSDomain: "lab.test"}
	testNow    = time.Date(2025, 11, 23, 12, 0, 0, 0, time.UTC)
)

// testAccounts knows one account, in any domain.
func testAccounts(_, user string) (Hash, bool) {
	return HashPassword("Grüße 1!"), strings.EqualFold(user, "Administrator")
}

func TestHandshake(t *testing.T) {
	binding := ChannelBindings([]byte("tls-server-end-point:x"))
	for _, c := range []struct {
		name    string
		client  func(*testClient)
		message func([]byte) []byte
		now     time.Time
		want    error
	}{
		{name: "as Windows does it"},
		{name: "user in another case", client: func(c *testClient) { c.user = "administrator" }},
		{name: "no domain", client: func(c *testClient) { c.domain = "" }},
		{name: "no MIC", client: func(c *testClient) { c.mic = false }},
		{name: "no key exchange", client: func(c *testClient) { c.flags &^= FlagKeyExchange }},
		{name: "56 bit", client: func(c *testClient) { c.flags &^= Flag128 }},
		{name: "40 bit", client: func(c *testClient) { c.flags &^= Flag128 | Flag56 }},
		{name: "right channel binding", client: func(c *testClient) { c.binding = binding[:] }},
		{name: "empty channel binding", client: func(c *testClient) { c.binding = make([]byte, 16) }},
		{name: "wrong password", client: func(c *testClient) { c.password = "Grüße 1" }, want: ErrPassword},
		{name: "unknown user", client: func(c *testClient) { c.user = "Guest" }, want: ErrUnknownUser},
		{name: "wrong channel binding", client: func(c *testClient) { c.binding = bytes.Repeat([]byte{1}, 16) }, want: ErrChannelBinding},
		{name: "offers OEM only", client: func(c *testClient) { c.flags &^= FlagUnicode }},
		{name: "connectionless", client: func(c *testClient) { c.flags |= FlagDatagram }, want: ErrFlags},
		{name: "does not say NTLM", client: func(c *testClient) { c.flags &^= FlagNTLM }},
		{name: "clock 36 hours off", now: testNow.Add(MaxSkew)},
		{name: "clock further off", now: testNow.Add(MaxSkew + time.Second), want: ErrClockSkew},
		{name: "changed on the way", message: func(b []byte) []byte { b[len(b)-1] ^= 1; return b }, want: ErrMIC},
		{name: "cut", message: func(b []byte) []byte { return b[:70] }, want: ErrMalformed},
		{name: "NTLMv1", message: func(b []byte) []byte { b[20], b[21] = ntlmv1Length, 0; return b }, want: ErrVersion1},
		{name: "anonymous", message: func(b []byte) []byte { b[20], b[21], b[36], b[37] = 0, 0, 0, 0; return b }, want: ErrAnonymous},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := newTestClient("LAB", "Administrator", "Grüße 1!")
			if c.client != nil {
				c.client(client)
			}
			login, session, err := handshake(client, &binding, c.now, c.message)
			if !errors.Is(err, c.want) {
				t.Fatalf("handshake: %v, want %v", err, c.want)
			}
			if c.want != nil {
				return
			}
			if login.MIC != client.mic || login.User != client.user {
				t.Errorf("login is %+v", login)
			}
			exchange(t, session, login.Session)
		})
	}
}

func handshake(c *testClient, binding *[16]byte, now time.Time, change func([]byte) []byte) (*Login, *Session, error) {
	h := NewHandshake(testTarget)
	negotiate := c.negotiate()
	challenge, err := h.Challenge(negotiate, testNow)
	if err != nil {
		return nil, nil, err
	}
	message, session := c.authenticate(negotiate, challenge)
	if change != nil {
		message = change(message)
	}
	if now.IsZero() {
		now = testNow
	}
	login, err := h.Authenticate(message, testAccounts, binding, now)
	return login, session, err
}

// exchange sends sealed messages both ways, out of pace with one another.
func exchange(t *testing.T, client, server *Session) {
	t.Helper()
	for i, way := range "cscsscc" {
		from, to := client, server
		if way == 's' {
			from, to = server, client
		}
		plain := []byte(fmt.Sprintf("message %d from %c", i, way))
		sig, sealed, err := from.Seal(plain)
		if err != nil {
			t.Fatal(err)
		}
		got, err := to.Unseal(sig, sealed)
		if err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("message %d: %q, %v", i, got, err)
		}
	}
	list := []byte("mechanisms")
	if err := server.Verify(list, client.Sign(list)); err != nil {
		t.Fatal(err)
	}
	if err := client.Verify(list, server.Sign(list)); err != nil {
		t.Fatal(err)
	}
	client.RestartCiphers()
	server.RestartCiphers()
	sig, sealed, _ := client.Seal([]byte("after"))
	if _, err := server.Unseal(sig, sealed); err != nil {
		t.Fatalf("after the ciphers were restarted: %v", err)
	}
	if _, err := server.Unseal(sig, sealed); !errors.Is(err, ErrSignature) {
		t.Fatalf("a replayed message gives %v, want %v", err, ErrSignature)
	}
}

func TestAuthenticateWithoutChallenge(t *testing.T) {
	if _, err := NewHandshake(testTarget).Authenticate(nil, testAccounts, nil, testNow); !errors.Is(err, ErrOrder) {
		t.Fatalf("got %v, want %v", err, ErrOrder)
	}
}

func TestWithoutExtendedSecurityNothingIsSealed(t *testing.T) {
	client := newTestClient("LAB", "Administrator", "Grüße 1!")
	client.flags &^= FlagExtendedSession
	login, _, err := handshake(client, nil, testNow, nil)
	if err != nil {
		t.Fatal(err)
	}
	if login.Session.CanSeal() {
		t.Error("a session without extended security says it can seal")
	}
}

// TestAnyAccount: whatever the names and the password, the right password
// opens and another one does not.
func TestAnyAccount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		domain := rapid.StringN(0, 20, 60).Draw(t, "domain")
		user := rapid.StringN(1, 20, 60).Draw(t, "user")
		password := rapid.StringN(0, 40, 120).Draw(t, "password")
		client := newTestClient(domain, user, password)
		h := NewHandshake(testTarget)
		negotiate := client.negotiate()
		challenge, err := h.Challenge(negotiate, testNow)
		if err != nil {
			t.Fatal(err)
		}
		message, _ := client.authenticate(negotiate, challenge)
		know := func(d, u string) (Hash, bool) { return HashPassword(password), d == domain && u == user }
		if _, err := h.Authenticate(message, know, nil, testNow); err != nil {
			t.Fatalf("right password: %v", err)
		}
		other := func(string, string) (Hash, bool) { return HashPassword(password + "x"), true }
		if _, err := h.Authenticate(message, other, nil, testNow); !errors.Is(err, ErrPassword) {
			t.Fatalf("wrong password: %v", err)
		}
	})
}

func TestHashIsNotPrinted(t *testing.T) {
	h := HashPassword("secret")
	for _, verb := range []string{"%v", "%s", "%#v", "%+v"} {
		if got := fmt.Sprintf(verb, h); got != "[nt hash]" {
			t.Errorf("%s prints %s", verb, got)
		}
	}
}

func FuzzNegotiate(f *testing.F) {
	f.Add(newTestClient("", "", "").negotiate())
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := NewHandshake(testTarget).Challenge(b, testNow); err == nil && len(b) > maxMessage {
			t.Error("a message beyond the limit was taken")
		}
	})
}

func FuzzAuthenticate(f *testing.F) {
	client := newTestClient("LAB", "Administrator", "p")
	h := NewHandshake(testTarget)
	h.random = [8]byte{1, 2, 3, 4, 5, 6, 7, 8}
	negotiate := client.negotiate()
	challenge, err := h.Challenge(negotiate, testNow)
	if err != nil {
		f.Fatal(err)
	}
	message, _ := client.authenticate(negotiate, challenge)
	f.Add(message)
	f.Add(message[:90])
	f.Fuzz(func(t *testing.T, b []byte) {
		login, err := h.Authenticate(b, testAccounts, nil, testNow)
		if err == nil {
			t.Errorf("a message that knows no password logged %q on", login.User)
		}
	})
}
