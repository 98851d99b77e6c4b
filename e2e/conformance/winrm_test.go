package conformance_test

import (
	"context"
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"lifeboat.io/e2e/lab/powershell"
	"lifeboat.io/e2e/lab/powershell/console"
	lab "lifeboat.io/e2e/lab/winrm"
	"lifeboat.io/e2e/lab/winrm/pki"
	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/winrm"
	"lifeboat.io/pkg/secret"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// The lab's interpreter matches patterns with a library whose clock stops by itself a moment later.
		goleak.IgnoreAnyFunction("github.com/dlclark/regexp2.runClock"),
		// The lab's Kerberos service forgets tickets it has seen in a goroutine that lives for as long.
		goleak.IgnoreAnyFunction("github.com/jcmturner/gokrb5/v8/service.VerifyAPREQ.GetReplayCache.func1.1"),
		goleak.IgnoreAnyFunction("github.com/jcmturner/gokrb5/v8/service.GetReplayCache.func1.1"),
		// What reads a simulated process's standard input may outlive the process.
		goleak.IgnoreAnyFunction("lifeboat.io/e2e/lab/powershell.(*Input).pump"))
}

const (
	hostName = "hv1.lab.test"
	user     = "Administrator"
	pass     = "p\u00e4ssw\u00f6rd 1!"
	nobody   = hyperv.VMID("00000000-dead-4bad-8000-00000000beef")
)

// emptyHyperV is a Hyper-V module of a host without VMs: what the scripts need
// to get through when all that matters is the way to the host.
func emptyHyperV(t *testing.T) *powershell.Registry {
	t.Helper()
	r, err := powershell.NewRegistry(&powershell.Module{Name: "Hyper-V", Version: "2.0.0.0", Cmdlets: []*powershell.Cmdlet{{
		Name: "Get-VM", ErrorName: "Microsoft.HyperV.PowerShell.Commands.GetVM", DefaultSet: "Name",
		Parameters: []*powershell.Parameter{{Name: "Id", Type: "System.Guid", Sets: map[string]powershell.Setting{"Id": {}}}},
		Process: func(c *powershell.Call) error {
			if !c.Has("Id") {
				return nil
			}
			return c.Error(powershell.NewErrorRecord("Microsoft.HyperV.PowerShell.VirtualizationException", "InvalidParameter", powershell.InvalidArgument,
				"Hyper-V was unable to find a virtual machine with id "+c.String("Id")+"."))
		},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// runner runs powershell.exe in the shells of a lab host.
func runner(o powershell.Options) lab.Runner {
	return func(ctx context.Context, p lab.Process) int {
		return console.Process{Options: o}.Command(ctx, p.Line(), p.Stdin, p.Stdout, p.Stderr)
	}
}

// site is a lab host and what one must know to reach it.
type site struct {
	*lab.Server
	http, https string
	ca          *pki.Authority
	caFile      string
}

// start starts a lab host that ends with the test. Whatever a test does, its
// shells must be gone by then.
func start(t *testing.T, change func(*lab.Config)) *site {
	t.Helper()
	now := time.Now()
	ca, err := pki.NewAuthority("Lab CA", pki.Days(now, 1))
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := ca.Host(pki.Days(now, 1), hostName)
	if err != nil {
		t.Fatal(err)
	}
	c := lab.Config{
		Name:  hostName,
		Users: []lab.User{{Name: user, Password: secret.NewText(pass), CertificateUPN: "operator@lab.test", Administrator: true}},
		Run:   runner(powershell.Options{Modules: emptyHyperV(t), ComputerName: "HV1", User: `HV1\` + user}),
		Auth:  lab.Auth{Basic: true, Negotiate: true, Certificate: true}, Certificate: &certificate, ClientCAs: ca.Pool(), Seed: 1,
	}
	if change != nil {
		change(&c)
	}
	server, err := lab.New(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start("127.0.0.1:0", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	s := &site{Server: server, ca: ca, caFile: file(t, "ca.pem", ca.PEM())}
	s.http, s.https = server.Addresses()
	t.Cleanup(func() {
		if open := server.Stats().Shells; open != 0 {
			t.Errorf("%d shells are open on the host", open)
		}
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func file(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// config is how to reach the host by a transport.
func (s *site) config(t *testing.T, transport winrm.Transport, auth winrm.Auth) winrm.Config {
	t.Helper()
	listener := s.https
	c := winrm.Config{Name: "hv1", Transport: transport, Auth: auth, CAFile: s.caFile, ServerName: hostName, User: user,
		Password: func() (secret.Text, error) { return secret.NewText(pass), nil },
		Limits:   winrm.Limits{OperationTimeout: 2 * time.Second, AnswerSlack: time.Second}}
	if transport == winrm.HTTP {
		listener = s.http
		c.CAFile, c.ServerName = "", ""
	}
	address, port, err := net.SplitHostPort(listener)
	if err != nil {
		t.Fatal(err)
	}
	c.Address = address
	if c.Port, err = strconv.Atoi(port); err != nil {
		t.Fatal(err)
	}
	return c
}

// dial makes a Host and closes it with the test, after which no shell is open.
func (s *site) dial(t *testing.T, c winrm.Config) *winrm.Host {
	t.Helper()
	h, err := winrm.Dial(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := h.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return h
}

// works makes calls that go all the way to the scripts and back.
func works(t *testing.T, h hyperv.Host) {
	t.Helper()
	vm, err := h.Read(t.Context(), nobody)
	if err != nil || vm.Present || time.Since(vm.HostTime).Abs() > time.Minute {
		t.Errorf("read %+v, %v", vm, err)
	}
	_, err = h.Start(t.Context(), nobody)
	isError(t, err, hyperv.ClassRefuse, hyperv.CodeVMNotFound)
}

func isError(t *testing.T, err error, class hyperv.Class, code string) *hyperv.Error {
	t.Helper()
	e := hyperv.AsError(err)
	if e == nil || e.Class != class || e.Code != code {
		t.Fatalf("%v; want %s %s", err, class, code)
	}
	if strings.Contains(e.Error(), pass) {
		t.Errorf("the password is in %q", e)
	}
	return e
}

func TestEveryWayToLogOn(t *testing.T) {
	s := start(t, nil)
	tests := map[string]struct {
		transport winrm.Transport
		auth      winrm.Auth
	}{
		"basic over https":       {winrm.HTTPS, winrm.Basic},
		"ntlm over https":        {winrm.HTTPS, winrm.NTLM},
		"ntlm over http, sealed": {winrm.HTTP, winrm.NTLM},
		"certificate over https": {winrm.HTTPS, winrm.Certificate},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := s.config(t, tt.transport, tt.auth)
			if tt.auth == winrm.Certificate {
				c.User, c.Password = "", nil
				c.ClientCertificate = func() (tls.Certificate, error) {
					return s.ca.Client(pki.Days(time.Now(), 1), "operator", "operator@lab.test")
				}
			}
			h := s.dial(t, c)
			works(t, h)
			before := h.Counts()
			for range 10 {
				if _, err := h.Read(t.Context(), nobody); err != nil {
					t.Fatal(err)
				}
			}
			after := h.Counts()
			if n := after.Requests - before.Requests; n != 20 {
				t.Errorf("%d HTTP requests for 10 commands, want 20", n)
			}
			if after.OpenShells != 1 {
				t.Errorf("%d shells are open; one is enough for one call after another", after.OpenShells)
			}
		})
	}
}

func TestLogOnRefused(t *testing.T) {
	wrong := func() (secret.Text, error) { return secret.NewText("wrong"), nil }
	tests := map[string]struct {
		host      func(*lab.Config)
		transport winrm.Transport
		auth      winrm.Auth
		change    func(*winrm.Config)
	}{
		"basic, wrong password":          {nil, winrm.HTTPS, winrm.Basic, func(c *winrm.Config) { c.Password = wrong }},
		"ntlm over https, wrong":         {nil, winrm.HTTPS, winrm.NTLM, func(c *winrm.Config) { c.Password = wrong }},
		"ntlm over http, wrong":          {nil, winrm.HTTP, winrm.NTLM, func(c *winrm.Config) { c.Password = wrong }},
		"ntlm, unknown user":             {nil, winrm.HTTP, winrm.NTLM, func(c *winrm.Config) { c.User = "nobody" }},
		"expired":                        {func(c *lab.Config) { c.Users[0].Expired = true }, winrm.HTTP, winrm.NTLM, nil},
		"no administrator":               {func(c *lab.Config) { c.Users[0].Administrator = false }, winrm.HTTP, winrm.NTLM, nil},
		"the host offers only basic":     {func(c *lab.Config) { c.Auth = lab.Auth{Basic: true, AllowUnencrypted: true} }, winrm.HTTP, winrm.NTLM, nil},
		"the host offers only negotiate": {func(c *lab.Config) { c.Auth = lab.Auth{Negotiate: true} }, winrm.HTTPS, winrm.Basic, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := start(t, tt.host)
			c := s.config(t, tt.transport, tt.auth)
			if tt.change != nil {
				tt.change(&c)
			}
			h := s.dial(t, c)
			_, err := h.Start(t.Context(), nobody)
			isError(t, err, hyperv.ClassHold, hyperv.CodeAccessDenied)
			if n := h.Counts().Requests; n > 5 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

func TestCertificateOfTheHost(t *testing.T) {
	tests := map[string]struct {
		make func(ca, other *pki.Authority) (tls.Certificate, error)
		says []string
	}{
		"expired": {func(ca, _ *pki.Authority) (tls.Certificate, error) {
			return ca.Host(pki.Expired(time.Now()), hostName)
		}, []string{"certificate", "expired", "current time", "renew"}},
		"another name": {func(ca, _ *pki.Authority) (tls.Certificate, error) {
			return ca.Host(pki.Days(time.Now(), 1), "hv2.lab.test")
		}, []string{"certificate", "hv2.lab.test", hostName, "serverName"}},
		"another authority": {func(_, other *pki.Authority) (tls.Certificate, error) {
			return other.Host(pki.Days(time.Now(), 1), hostName)
		}, []string{"certificate", "unknown authority", "CA", "fingerprint"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := start(t, nil)
			other, err := pki.NewAuthority("Other CA", pki.Days(time.Now(), 1))
			if err != nil {
				t.Fatal(err)
			}
			certificate, err := tt.make(s.ca, other)
			if err != nil {
				t.Fatal(err)
			}
			s.SetCertificate(certificate)
			_, err = s.dial(t, s.config(t, winrm.HTTPS, winrm.NTLM)).Start(t.Context(), nobody)
			e := isError(t, err, hyperv.ClassRetry, hyperv.CodeUnreachable)
			for _, part := range tt.says {
				if !contains(e.Message, part) {
					t.Errorf("%q does not say %q", e.Message, part)
				}
			}
			if n := s.Stats().HTTPRequests; n != 0 {
				t.Errorf("%d requests came through", n)
			}
		})
	}
}

// The name of a host that DNS does not know is told, with what to do about it.
func TestNameThatDoesNotResolve(t *testing.T) {
	s := start(t, nil)
	c := s.config(t, winrm.HTTPS, winrm.NTLM)
	c.Address = "no-such-host..invalid" // refused by the resolver without asking anybody
	_, err := s.dial(t, c).Start(t.Context(), nobody)
	e := isError(t, err, hyperv.ClassRetry, hyperv.CodeUnreachable)
	for _, part := range []string{c.Address, "no such host", "correct the host's address"} {
		if !contains(e.Message, part) {
			t.Errorf("%q does not say %q", e.Message, part)
		}
	}
}

// A certificate that is renewed while lanes are open ends none of them: a
// log-on on a connection is bound to what that connection was shown.
func TestCertificateIsRenewed(t *testing.T) {
	s := start(t, nil)
	h := s.dial(t, s.config(t, winrm.HTTPS, winrm.NTLM))
	works(t, h)
	renewed, err := s.ca.Host(pki.Days(time.Now(), 1), hostName)
	if err != nil {
		t.Fatal(err)
	}
	s.SetCertificate(renewed)
	if _, err := s.Arm(lab.Fault{Kind: lab.FaultStatus, Status: 401, Action: lab.ActionSend}); err != nil {
		t.Fatal(err)
	}
	before := s.Stats()
	works(t, h)
	after := s.Stats()
	if after.ConnectionsTotal != before.ConnectionsTotal || after.Logins["ntlm"] != before.Logins["ntlm"]+1 {
		t.Errorf("%d connections and %d log-ons were made, want none and one", after.ConnectionsTotal-before.ConnectionsTotal, after.Logins["ntlm"]-before.Logins["ntlm"])
	}
	s.Restart()
	works(t, h) // on connections that were shown the new one
}
