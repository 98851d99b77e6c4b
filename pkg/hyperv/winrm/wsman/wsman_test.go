package wsman_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"lifeboat.io/pkg/hyperv/winrm/internal/fakehost"
	"lifeboat.io/pkg/hyperv/winrm/wire"
	"lifeboat.io/pkg/hyperv/winrm/wsman"
	"lifeboat.io/pkg/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func dial(t *testing.T, h *fakehost.Host) (*wsman.Client, *wire.Endpoint) {
	t.Helper()
	fakehost.StartTLS(t, h)
	roots := x509.NewCertPool()
	roots.AddCert(h.Server().Certificate())
	u, err := url.Parse(h.Server().URL)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		t.Fatal(err)
	}
	e, err := wire.NewEndpoint(wire.Config{Name: "hv01", Address: u.Hostname(), Port: port, Timeout: 2 * time.Second,
		TLS:  &tls.Config{RootCAs: roots, ServerName: "example.com"},
		Auth: wire.Basic{User: "u", Password: func() (secret.Text, error) { return secret.NewText("p"), nil }}})
	if err != nil {
		t.Fatal(err)
	}
	c := wsman.NewClient(e, wsman.Settings{OperationTimeout: time.Second, EnvelopeSize: 150 << 10})
	t.Cleanup(c.Close)
	return c, e
}

func open(t *testing.T, c *wsman.Client) (shell, command string) {
	t.Helper()
	shell, err := c.Create(t.Context(), wsman.ShellSettings{Name: `a "name" & <more>`, IdleTimeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	command, err = c.Command(t.Context(), shell, "powershell.exe", "-X", "a ]]> b & c")
	if err != nil {
		t.Fatal(err)
	}
	return shell, command
}

func TestLifeOfACommand(t *testing.T) {
	h := &fakehost.Host{Answer: func(context.Context, fakehost.Frame) fakehost.Answer { return fakehost.Answer{"raw": "hello\r\n"} }}
	c, _ := dial(t, h)
	shell, command := open(t, c)
	if names := h.Shells(); !slices.Equal(names, []string{`a "name" & <more>`}) {
		t.Errorf("shells %q", names)
	}
	// The first line is the library; e30= is {}.
	if err := c.Send(t.Context(), shell, command, []byte("library\ne30=\n")); err != nil {
		t.Fatal(err)
	}
	out, err := c.Receive(t.Context(), shell, command)
	if err != nil || string(out.Stdout) != "hello\r\n" || out.Done {
		t.Errorf("got %+v, %v", out, err)
	}
	if out, err = c.Receive(t.Context(), shell, command); err != nil || len(out.Stdout) != 0 || out.Done {
		t.Errorf("with nothing to say: %+v, %v", out, err)
	}
	if err := c.Terminate(t.Context(), shell, command); err != nil {
		t.Error(err)
	}
	if out, err = c.Receive(t.Context(), shell, command); err != nil || !out.Done || out.ExitCode != 1 {
		t.Errorf("after the end: %+v, %v", out, err)
	}
	if err := c.Delete(t.Context(), shell); err != nil {
		t.Error(err)
	}
	if names := h.Shells(); len(names) != 0 {
		t.Errorf("shells %q are left", names)
	}
}

func TestLargeInputIsCut(t *testing.T) {
	h := &fakehost.Host{Answer: func(_ context.Context, f fakehost.Frame) fakehost.Answer {
		return fakehost.Answer{"raw": f.Verb + "\n"}
	}}
	c, _ := dial(t, h)
	shell, command := open(t, c)
	data := strings.Repeat("x", 3*wsman.MaxChunk) + "\ne30=\n"
	if err := c.Send(t.Context(), shell, command, []byte(data)); err != nil {
		t.Fatal(err)
	}
	if out, err := c.Receive(t.Context(), shell, command); err != nil || string(out.Stdout) != "\n" {
		t.Errorf("got %+v, %v", out, err)
	}
	sends := 0
	for _, action := range h.Seen() {
		if action == "Send" {
			sends++
		}
	}
	if sends != 4 {
		t.Errorf("%d Sends, want 4", sends)
	}
}

func TestFaultsAreTyped(t *testing.T) {
	tests := map[uint32]func(*wsman.Fault) bool{
		2150858843: (*wsman.Fault).ShellGone,
		2147943418: (*wsman.Fault).ShellGone,
		2150859173: (*wsman.Fault).Quota,
		2150859174: (*wsman.Fault).Quota,
		2150859236: (*wsman.Fault).Quota,
		2150859241: (*wsman.Fault).Quota,
		5:          func(f *wsman.Fault) bool { return f.Code == wsman.CodeAccessDenied },
		170:        func(f *wsman.Fault) bool { return f.Code == wsman.CodeBusy },
		2147942606: func(f *wsman.Fault) bool { return !f.Quota() && !f.ShellGone() },
	}
	for code, is := range tests {
		t.Run(strconv.Itoa(int(code)), func(t *testing.T) {
			h := &fakehost.Host{Break: func(string, int) fakehost.Fault { return fakehost.Fault{Kind: fakehost.SOAP, Code: code} }}
			c, e := dial(t, h)
			for what, ask := range map[string]func() error{
				"Create":  func() error { _, err := c.Create(t.Context(), wsman.ShellSettings{Name: "x"}); return err },
				"Command": func() error { _, err := c.Command(t.Context(), "s", "x"); return err },
				"Send":    func() error { return c.Send(t.Context(), "s", "c", []byte("x")) },
				"Receive": func() error { _, err := c.Receive(t.Context(), "s", "c"); return err },
				"Signal":  func() error { return c.Terminate(t.Context(), "s", "c") },
				"Delete":  func() error { return c.Delete(t.Context(), "s") },
				"Shells":  func() error { _, err := c.Shells(t.Context()); return err },
			} {
				var f *wsman.Fault
				if err := ask(); !errors.As(err, &f) || f.Code != code || !is(f) || f.Reason != "It went wrong." {
					t.Errorf("%s: %v", what, err)
				}
			}
			if n := e.Counts().Requests.Load(); n != 7 {
				t.Errorf("%d requests, want 7: a fault is an answer", n)
			}
		})
	}
}

func TestOnlyTheTimeOutCodeIsNoFault(t *testing.T) {
	h := &fakehost.Host{Break: func(string, int) fakehost.Fault {
		return fakehost.Fault{Kind: fakehost.SOAP, Code: wsman.CodeTimedOut}
	}}
	c, _ := dial(t, h)
	if out, err := c.Receive(t.Context(), "s", "c"); err != nil || out.Done || len(out.Stdout) != 0 {
		t.Errorf("Receive: %+v, %v", out, err)
	}
	if err := c.Send(t.Context(), "s", "c", []byte("x")); err == nil {
		t.Error("Send takes a time-out for success")
	}
}

func TestNonsenseIsGarbage(t *testing.T) {
	for _, kind := range []fakehost.Kind{fakehost.Empty, fakehost.Garbage, fakehost.CutXML, fakehost.Foreign} {
		t.Run(string(kind), func(t *testing.T) {
			h := &fakehost.Host{Break: func(string, int) fakehost.Fault { return fakehost.Fault{Kind: kind} }}
			c, e := dial(t, h)
			_, err := c.Create(t.Context(), wsman.ShellSettings{Name: "x"})
			var w *wire.Error
			if !errors.As(err, &w) || w.Kind != wire.Garbage || !w.Sent {
				t.Errorf("%v", err)
			}
			if n := e.Counts().Requests.Load(); n != 1 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

func TestShellsAreListed(t *testing.T) {
	h := &fakehost.Host{}
	c, _ := dial(t, h)
	h.Leave("one")
	h.Leave("two")
	shells, err := c.Shells(t.Context())
	if err != nil || len(shells) != 2 {
		t.Fatalf("%v, %v", shells, err)
	}
	for _, s := range shells {
		if s.ID == "" || s.Name != "one" && s.Name != "two" {
			t.Errorf("%+v", s)
		}
	}
}
