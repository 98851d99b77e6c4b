package winrm

import (
	"bytes"
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lifeboat.io/e2e/lab/winrm/pki"
)

// FuzzRequest: whatever is sent, reading it ends, and in a fault or in a
// request whose operations end as well.
func FuzzRequest(f *testing.F) {
	c := &client{t: f, url: "http://hv1/wsman", timeout: "PT0.001S", envelope: 153600}
	const id = "AAAAAAAA-0000-4000-8000-000000000000"
	for _, m := range []string{
		c.message(actionCreate, resourceCmd, "", createBody),
		c.message(actionCommand, resourceCmd, shellSelector(id), commandBody("echo", "a")),
		c.message(actionSend, resourceCmd, shellSelector(id), sendBody(id, "abc", true)),
		c.message(actionReceive, resourceCmd, shellSelector(id), receiveBody(id)),
		c.message(actionSignal, resourceCmd, shellSelector(id), signalBody(id, "terminate")),
		c.message(actionEnumerate, resourceShell, "", `<n:Enumerate><w:OptimizeEnumeration/></n:Enumerate>`),
		c.message(actionGet, resourceConfig, `<w:OptionSet><w:Option Name="WINRS_NOPROFILE" MustComply="true">TRUE</w:Option></w:OptionSet>`, ""),
	} {
		f.Add([]byte(m))
	}
	files, _ := filepath.Glob(filepath.Join("testdata", "golden", "*.xml"))
	for _, file := range files {
		if data, err := os.ReadFile(file); err == nil {
			f.Add(data)
		}
	}
	s, err := New(testConfig())
	if err != nil {
		f.Fatal(err)
	}
	user := s.accounts.find("Administrator")
	f.Fuzz(func(t *testing.T, data []byte) {
		plain, _, err := decodeText(data, "")
		if err != nil {
			return
		}
		req, err := parseRequest(plain)
		if err != nil || req.identify {
			return
		}
		s.mu.Lock()
		s.shells[id] = &shell{id: id, owner: user, commands: map[string]*command{}, env: map[string]string{}, idleTimeout: time.Hour}
		s.mu.Unlock()
		answer, err := s.dispatch(&call{ctx: t.Context(), req: req, user: user, envelope: 153600, timeout: time.Millisecond})
		if err == nil {
			if _, err := parseXML(envelope(English, answer.action, req.messageID, "", answer.body)); err != nil {
				t.Errorf("the answer is no XML: %v\n%s", err, answer.body)
			}
		}
		s.Restart()
	})
}

// FuzzFaultText: whatever ends up in a fault, the answer is XML.
func FuzzFaultText(f *testing.F) {
	f.Add("<a>&]]>\x00\xff", "hv1", uint32(codeQuotaShells))
	f.Fuzz(func(t *testing.T, text, machine string, code uint32) {
		fault := newFault(code, "%s", text)
		for _, wmi := range []bool{true, false} {
			if _, err := parseXML(fault.envelope(faultStyle{machine, English, wmi}, text)); err != nil {
				t.Errorf("no XML: %v", err)
			}
		}
	})
}

// FuzzSealed: a body that is taken apart consists of what it declares.
func FuzzSealed(f *testing.F) {
	const boundary = "Encrypted Boundary"
	part := "--" + boundary + "\r\n\tContent-Type: " + protocolSPNEGO + "\r\n\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=5\r\n--" +
		boundary + "\r\n\tContent-Type: application/octet-stream\r\n\x10\x00\x00\x000123456789abcdefhello"
	f.Add([]byte(part + "--" + boundary + "--\r\n"))
	f.Add([]byte(part + part + "--" + boundary + "--\r\n"))
	f.Add([]byte(strings.Replace(part, "Length=5", "Length=50", 1)))
	f.Fuzz(func(t *testing.T, body []byte) {
		parts, err := splitSealed(body, boundary)
		if err != nil {
			return
		}
		if len(parts) == 0 || len(parts) > maxParts {
			t.Errorf("%d parts", len(parts))
		}
		for _, p := range parts {
			if p.length != len(p.data) || !bytes.Contains(body, p.data) {
				t.Errorf("a part of %d bytes declares %d", len(p.data), p.length)
			}
		}
	})
}

// FuzzPrincipalNames: reading the names of a certificate ends.
func FuzzPrincipalNames(f *testing.F) {
	ca, err := pki.NewAuthority("lab", pki.Days(time.Now(), 1))
	if err != nil {
		f.Fatal(err)
	}
	cert, err := ca.Client(pki.Days(time.Now(), 1), "x", "admin@localhost")
	if err != nil {
		f.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(cert.Certificate[0])
	if err != nil {
		f.Fatal(err)
	}
	for _, e := range leaf.Extensions {
		f.Add(e.Value)
	}
	f.Fuzz(func(_ *testing.T, extension []byte) { principalNames(extension) })
}

// FuzzDuration: what is read is positive, and what Windows writes is read.
func FuzzDuration(f *testing.F) {
	for _, s := range []string{"PT20S", "P1DT2H3M4.5S", "PT0.001S", "PT-1S", "P", "PT", "P1Y"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, ok := parseDuration(s)
		if !ok {
			return
		}
		if d < 0 {
			t.Fatalf("%q is %s", s, d)
		}
		if back, ok := parseDuration(formatTimeout(d)); d >= time.Millisecond && (!ok || back-d > time.Millisecond || d-back > time.Millisecond) {
			t.Errorf("%q is %s and back %s", s, d, back)
		}
	})
}
