package conformance_test

import (
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf16"

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
		"basic": {winrm.HTTPS, winrm.Basic}, "ntlm": {winrm.HTTPS, winrm.NTLM}, "sealed": {winrm.HTTP, winrm.NTLM}, "certificate": {winrm.HTTPS, winrm.Certificate},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, nil)
			var log notepad
			c := s.config(t, tt.transport, tt.auth)
			c.WireLog = &log
			forbidden := secretsOf(user, pass)
			if tt.auth == winrm.Certificate {
				pair, err := s.ca.Client(pki.Days(time.Now(), 1), "operator", "operator@lab.test")
				if err != nil {
					t.Fatal(err)
				}
				c.User, c.Password = "", nil
				c.ClientCertificate = func() (tls.Certificate, error) { return pair, nil }
				_, key, err := pki.Encode(pair)
				if err != nil {
					t.Fatal(err)
				}
				block, _ := pem.Decode(key)
				forbidden = append(forbidden, base64.StdEncoding.EncodeToString(block.Bytes)[:40])
			}
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
			wrong := c
			if tt.auth != winrm.Certificate {
				wrong.Password = func() (secret.Text, error) { return secret.NewText("another-Tr0ub4dor"), nil }
				_, err := s.dial(t, wrong).Start(t.Context(), nobody)
				isError(t, err, hyperv.ClassHold, hyperv.CodeAccessDenied)
				forbidden = append(forbidden, secretsOf(user, "another-Tr0ub4dor")...)
			}
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
