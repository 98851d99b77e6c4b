package conformance_test

import (
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/jcmturner/gokrb5/v8/client"
	"github.com/jcmturner/gokrb5/v8/config"
	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/jcmturner/gokrb5/v8/spnego"
	//lint:ignore SA1019 the NT hash is MD4 by definition
	"golang.org/x/crypto/md4"

	lab "lifeboat.io/e2e/lab/winrm"
	"lifeboat.io/e2e/lab/winrm/pki"
	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/winrm"
	"lifeboat.io/pkg/secret"
)

// notepad is a wire log in memory.
type notepad struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (n *notepad) Write(entry []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.Write(entry)
}

func (n *notepad) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.String()
}

// TestWireLogTellsNoSecret logs calls of every way to log on, with and without
// faults, and looks for whatever must not be in a file that goes to support.
func TestWireLogTellsNoSecret(t *testing.T) {
	const value = "s3cret-name-of-a-machine"
	for name, tt := range map[string]struct {
		transport winrm.Transport
		auth      winrm.Auth
	}{
		"basic": {winrm.HTTPS, winrm.Basic}, "ntlm": {winrm.HTTPS, winrm.NTLM}, "sealed": {winrm.HTTP, winrm.NTLM},
		"certificate": {winrm.HTTPS, winrm.Certificate}, "kerberos": {winrm.HTTPS, winrm.Kerberos},
	} {
		t.Run(name, func(t *testing.T) {
			who := newVisitor(t, tt.transport, tt.auth)
			s, c := who.site, who.config
			var log notepad
			c.WireLog = &log
			h := s.dial(t, c)
			works(t, h)
			if _, err := h.FindVM(t.Context(), value); err == nil {
				t.Error("there is such a VM")
			}
			for _, f := range []lab.Fault{
				{Kind: lab.FaultGarbage, Action: lab.ActionReceive}, {Kind: lab.FaultTruncated, Action: lab.ActionReceive}, {Kind: lab.FaultResetBody, Action: lab.ActionSend},
				{Kind: lab.FaultAccessDenied, Action: lab.ActionCreate, Language: "de-DE"}, {Kind: lab.FaultStatus, Status: 401, Action: lab.ActionSend},
			} {
				if _, err := s.Arm(f); err != nil {
					t.Fatal(err)
				}
				_, _ = h.FindVM(t.Context(), value) // how it ends is told elsewhere
				s.DisarmAll()
			}
			if who.mistyped != nil {
				wrong := *who.mistyped
				wrong.WireLog = &log
				_, err := s.dial(t, wrong).Start(t.Context(), nobody)
				isError(t, err, hyperv.ClassHold, hyperv.CodeAccessDenied)
			}
			forbidden := who.forbidden
			for _, said := range append(variants(value), variants("function Invoke-Frame")...) {
				forbidden = append(forbidden, variants(said)...) // frames are base64 in streams that are base64
			}
			if err := h.Close(t.Context()); err != nil { // shells are deleted beside the calls
				t.Error(err)
			}
			tellsNothing(t, log.String(), forbidden)
		})
	}
}

// visitor is somebody who logs on to a host of the lab in one way.
type visitor struct {
	site   *site
	config winrm.Config
	// mistyped is the same with a wrong password; nil where there is none.
	mistyped *winrm.Config
	// forbidden is what must be in no log.
	forbidden []string
}

const mistyped = "another-Tr0ub4dor"

func newVisitor(t *testing.T, transport winrm.Transport, auth winrm.Auth) visitor {
	t.Helper()
	switch auth {
	case winrm.Certificate:
		s := start(t, nil)
		pair, err := s.ca.Client(pki.Days(time.Now(), 1), "operator", "operator@lab.test")
		if err != nil {
			t.Fatal(err)
		}
		c := s.config(t, transport, auth)
		c.User, c.Password = "", nil
		c.ClientCertificate = func() (tls.Certificate, error) { return pair, nil }
		_, key, err := pki.Encode(pair)
		if err != nil {
			t.Fatal(err)
		}
		block, _ := pem.Decode(key)
		return visitor{site: s, config: c, forbidden: []string{base64.StdEncoding.EncodeToString(block.Bytes)[:40]}}
	case winrm.Kerberos:
		r := newRealm(t, "HTTP/"+hostName)
		s := r.member(t, hostName)
		c := s.config(t, transport, auth)
		c.User, c.Password, c.Login = "", nil, r.login(t, "kerberos-1")
		wrong := c
		wrong.Login = r.login(t, mistyped)
		forbidden := append(append(secretsOf(user, "kerberos-1"), secretsOf(user, mistyped)...), r.marks(t)...)
		return visitor{s, c, &wrong, forbidden}
	}
	s := start(t, nil)
	c := s.config(t, transport, auth)
	wrong := c
	wrong.Password = func() (secret.Text, error) { return secret.NewText(mistyped), nil }
	return visitor{s, c, &wrong, append(secretsOf(user, pass), secretsOf(user, mistyped)...)}
}

// marks are what a Kerberos log-on would show itself by: the user's key, and
// what is in clear in every token, AP-REQ and ticket, whichever they are. That
// it is there is tried on a token of a log-on of the test's own.
func (r *realm) marks(t *testing.T) []string {
	t.Helper()
	keys, err := keytab.Load(r.userKeytab(t))
	if err != nil {
		t.Fatal(err)
	}
	conf, err := config.Load(r.config)
	if err != nil {
		t.Fatal(err)
	}
	logOn := client.NewWithKeytab(user, "LAB.TEST", keys, conf, client.DisablePAFXFAST(true))
	defer logOn.Destroy()
	negotiation := spnego.SPNEGOClient(logOn, "HTTP/"+hostName)
	if err := negotiation.AcquireCred(); err != nil {
		t.Fatal(err)
	}
	token, err := negotiation.InitSecContext()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := token.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	const (
		spnegoOID   = "\x06\x06\x2b\x06\x01\x05\x05\x02"
		kerberosOID = "\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02" // before an AP-REQ
		realmName   = "\x1b\x08LAB.TEST"                             // in a ticket, and so in an AP-REQ
	)
	var all []string
	for _, mark := range []string{spnegoOID, kerberosOID, realmName} {
		forms := variants(mark)
		asText, err := json.Marshal(mark)
		if err != nil {
			t.Fatal(err)
		}
		all = append(append(all, forms...), string(asText[1:len(asText)-1]))
		for shift := range 3 {
			logged := base64.StdEncoding.EncodeToString(append(make([]byte, shift), raw...))
			if !slices.ContainsFunc(forms, func(f string) bool { return strings.Contains(logged, f) }) {
				t.Fatalf("a log with the token %q would not be noticed by %q", logged, mark)
			}
		}
	}
	for _, e := range keys.Entries {
		all = append(all, variants(string(e.Key.KeyValue))...)
	}
	return all
}

// tellsNothing checks that a wire log is of use and holds nothing forbidden.
func tellsNothing(t *testing.T, log string, forbidden []string) {
	t.Helper()
	seen := map[string]int{}
	for line := range strings.Lines(log) {
		var entry struct{ Host, What, Action, Envelope string }
		if err := json.Unmarshal([]byte(line), &entry); err != nil || entry.Host != "hv1" {
			t.Fatalf("%q: %v", line, err)
		}
		seen[entry.What+" "+entry.Action]++
	}
	for _, want := range []string{"request Create", "answer Create", "request Command", "answer Command", "request Send", "answer Send", "request Receive", "answer Receive",
		"request Delete", "answer Delete", "error Send"} {
		if seen[want] == 0 {
			t.Errorf("it has no %s: %v", want, seen)
		}
	}
	for _, f := range append(forbidden, "Authorization", "Negotiate ", "NTLMSSP", "TlRMTVNT") {
		if i := strings.Index(log, f); i >= 0 {
			t.Errorf("it holds %q in …%s…", f, log[max(0, i-80):min(len(log), i+80)])
		}
	}
}

// secretsOf are the forms in which a password could show itself, its NT hash
// among them.
func secretsOf(user, password string) []string {
	hash := md4.New()
	for _, u := range utf16.Encode([]rune(password)) {
		_, _ = hash.Write([]byte{byte(u), byte(u >> 8)}) // it does not fail
	}
	return append(append(variants(password), variants(user+":"+password)...), variants(string(hash.Sum(nil)))...)
}

// variants are a value as it is, in hexadecimal, and in base64 at each of the
// three places it can have in there, of UTF-8 and of UTF-16.
func variants(value string) []string {
	wide := make([]byte, 0, 2*len(value))
	for _, u := range utf16.Encode([]rune(value)) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	var all []string
	for _, raw := range [][]byte{[]byte(value), wide} {
		all = append(all, string(raw), hex.EncodeToString(raw))
		for shift := range 3 {
			text := base64.RawStdEncoding.EncodeToString(append(make([]byte, shift), raw...))
			all = append(all, text[(shift*8+5)/6:len(text)-1])
		}
	}
	return all
}
