package lab_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"lifeboat.io/e2e/lab"
	wsman "lifeboat.io/e2e/lab/winrm"
	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/hypersim"
	"lifeboat.io/pkg/hyperv/winrm"
	"lifeboat.io/pkg/secret"
)

func TestMain(m *testing.M) {
	// The interpreter matches patterns with a library whose clock stops by itself a moment later.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/dlclark/regexp2.runClock"))
}

const password = "Lab-p\u00e4ssw\u00f6rd 1!"

// patience is how long the tests wait for what should come soon.
const patience = 20 * time.Second

// start starts a lab that ends with the test, its hosts on one address.
func start(t *testing.T, change func(*lab.Options)) *lab.Lab {
	t.Helper()
	o := lab.Options{World: hypersim.Pair(2), Address: "127.0.0.1", TimeScale: 1, Password: secret.NewText(password)}
	if change != nil {
		change(&o)
	}
	l, err := lab.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// dial makes lifeboat's own client of a host.
func dial(t *testing.T, l *lab.Lab, name string) *winrm.Host {
	t.Helper()
	h := l.Host(name)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, l.CertificateAuthority(), 0o600); err != nil {
		t.Fatal(err)
	}
	_, port := h.Ports()
	client, err := winrm.Dial(t.Context(), winrm.Config{
		Name: name, Address: h.Address(), Port: port, CAFile: ca, User: lab.Administrator,
		Password: func() (secret.Text, error) { return secret.NewText(password), nil },
		Limits:   winrm.Limits{OperationTimeout: 2 * time.Second, AnswerSlack: time.Second},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := client.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return client
}

// until waits until something holds.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(patience)
	for !holds() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("%s: not within %v", what, patience)
		}
	}
}

func TestOurClientReadsAVM(t *testing.T) {
	l := start(t, nil)
	h := dial(t, l, "p1")
	id, err := h.FindVM(t.Context(), "vm1")
	if err != nil {
		t.Fatal(err)
	}
	vm, err := h.Read(t.Context(), id)
	if err != nil || vm.Power != hyperv.PowerRunning || vm.Replication.State != hyperv.StateReplicating {
		t.Errorf("%+v, %v", vm, err)
	}
	if off := time.Until(vm.HostTime).Abs(); off > 5*time.Second {
		t.Errorf("the host's clock is %v off", off)
	}
	if started, running := l.Host("p1").PowerShells(); started != 1 || running != 1 {
		t.Errorf("%d PowerShells were started, %d run; want one lane", started, running)
	}
}

// identify asks a host who it is, as anybody may, on a connection of its own.
func identify(t *testing.T, h *lab.Host, timeout time.Duration) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	body := `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:i="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"><s:Header/><s:Body><i:Identify/></s:Body></s:Envelope>`
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, h.HTTP()+"/wsman", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/soap+xml;charset=UTF-8")
	request.Header.Set("WSMANIDENTIFY", "unauthenticated")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if text, err := io.ReadAll(response.Body); err != nil || response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s, %w", response.Status, text, err)
	}
	return nil
}

// TestConditionsShowOnTheWire puts a host through its life and looks at it from
// outside.
func TestConditionsShowOnTheWire(t *testing.T) {
	l := start(t, func(o *lab.Options) { o.TimeScale = 1000 })
	h := l.Host("p1")
	do := func(kind hypersim.ActionKind) {
		t.Helper()
		if err := l.Do(hypersim.Action{Do: kind, Host: "p1"}); err != nil {
			t.Fatal(err)
		}
	}
	answers := func() bool { return identify(t, h, time.Second) == nil }
	silent := func() bool { return errors.Is(identify(t, h, 50*time.Millisecond), context.DeadlineExceeded) }
	refused := func() bool { return errors.Is(identify(t, h, time.Second), syscall.ECONNREFUSED) }
	for _, step := range []struct {
		do   hypersim.ActionKind
		then func() bool
	}{
		{hypersim.DoUnfreeze, answers}, {hypersim.DoFreeze, silent}, {hypersim.DoUnfreeze, answers},
		{hypersim.DoCutWinRM, silent}, {hypersim.DoFreeze, silent}, {hypersim.DoUnfreeze, silent}, {hypersim.DoRestoreWinRM, answers},
		{hypersim.DoKill, refused}, {hypersim.DoStart, answers},
		{hypersim.DoFreeze, silent}, {hypersim.DoKill, refused}, {hypersim.DoStart, answers},
		{hypersim.DoShutDown, refused}, {hypersim.DoStart, answers},
	} {
		do(step.do)
		until(t, string(step.do), step.then)
	}
	if err := l.At(l.Clock().Now().Add(time.Minute), hypersim.Action{Do: hypersim.DoKill, Host: "p1"}); err != nil {
		t.Fatal(err)
	}
	until(t, "a kill that was planned", refused)
	if identify(t, l.Host("r1"), time.Second) != nil {
		t.Error("the other host does not answer")
	}
}

// A client in the middle of a call learns that the host is gone, at once.
func TestKillResetsConnections(t *testing.T) {
	l := start(t, nil)
	conn, err := net.Dial("tcp", strings.TrimPrefix(l.Host("p1").HTTP(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	until(t, "the connection", func() bool { return l.Host("p1").WinRM().Stats().Connections == 1 })
	if err := l.Do(hypersim.Action{Do: hypersim.DoKill, Host: "p1"}); err != nil {
		t.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("%v, want a reset", err)
	}
}

// A host that loses its power in the middle of a call says nothing about it,
// and neither does anything else: its VMs are off, and it answers once it is on
// again.
func TestPowerCut(t *testing.T) {
	l := start(t, func(o *lab.Options) { o.World.VMs[0].AutoStart = hyperv.StartNothing })
	p := l.Host("p1")
	h := dial(t, l, "p1")
	id, err := h.FindVM(t.Context(), "vm1")
	if err != nil {
		t.Fatal(err)
	}
	p.WinRM().CutPower()
	if now := p.Machine().Condition(); !now.Down {
		t.Errorf("the machine is %+v", now)
	}
	if err := identify(t, p, 50*time.Millisecond); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("it answers %v, want nothing", err)
	}
	if err := l.Do(hypersim.Action{Do: hypersim.DoStart, Host: "p1"}); err != nil {
		t.Fatal(err)
	}
	if err := l.Clock().Advance(15 * time.Minute); err != nil {
		t.Fatal(err)
	}
	until(t, "the boot", func() bool { return identify(t, p, time.Second) == nil })
	if vm, err := h.Read(t.Context(), id); err != nil || vm.Power != hyperv.PowerOff {
		t.Errorf("%+v, %v", vm, err)
	}
}

func TestPlannedFailoverByOurClient(t *testing.T) {
	l := start(t, func(o *lab.Options) { o.TimeScale = 200 })
	p, r := dial(t, l, "p1"), dial(t, l, "r1")
	id, err := p.FindVM(t.Context(), "vm1")
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	steps := []func() (hyperv.Change, error){
		func() (hyperv.Change, error) {
			return p.Stop(ctx, id, hyperv.StopOptions{Grace: 5 * time.Minute, Force: true})
		},
		func() (hyperv.Change, error) { return p.Prepare(ctx, id) },
		func() (hyperv.Change, error) { return r.FailOver(ctx, id, "") },
		func() (hyperv.Change, error) { return r.Reverse(ctx, id, hyperv.ReplicaServer{}) },
		func() (hyperv.Change, error) { return r.Start(ctx, id) },
	}
	for i, step := range steps {
		if c, err := step(); err != nil || !c.Acted {
			t.Fatalf("step %d: acted %v, %v", i+1, c.Acted, err)
		}
	}
	for _, c := range l.World().Truth().Copies {
		if c.VM == id && (c.Runs != (c.Host == "r1") || c.Host == "r1" && c.Lost != 0) {
			t.Errorf("%+v", c)
		}
	}
	if o := l.World().Overlaps(id); len(o) != 0 {
		t.Errorf("two copies ran at once: %+v", o)
	}
}

// Waiting for a job takes the host's time, and a guest that will not stop does
// not hold a script up longer.
func TestWaitingForAJob(t *testing.T) {
	l := start(t, func(o *lab.Options) {
		o.TimeScale = 100
		o.World.VMs[0].Guest.NeverShutsDown = true
	})
	h := dial(t, l, "p1")
	id, err := h.FindVM(t.Context(), "vm1")
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.Stop(t.Context(), id, hyperv.StopOptions{Grace: time.Second})
	if e := hyperv.AsError(err); e == nil || e.Code != hyperv.CodeGuestWontStop {
		t.Errorf("%v", err)
	}
}

func TestMemoryOfAShell(t *testing.T) {
	l := start(t, func(o *lab.Options) { o.Quotas = wsman.Quotas{MaxMemoryPerShellMB: 50} })
	_, err := dial(t, l, "p1").FindVM(t.Context(), "vm1")
	if e := hyperv.AsError(err); e == nil || e.Class != hyperv.ClassRetry {
		t.Errorf("a PowerShell started without memory: %v", err)
	}
	if l.Host("p1").WinRM().Stats().MemoryRefused == 0 {
		t.Error("nothing was refused")
	}
}

// A management service that stands still holds cmdlets up and nothing else.
func TestStuckVMMS(t *testing.T) {
	l := start(t, nil)
	h := dial(t, l, "p1")
	id, err := h.FindVM(t.Context(), "vm1")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.StickVMMS("p1"); err != nil {
		t.Fatal(err)
	}
	if err := identify(t, l.Host("p1"), patience); err != nil {
		t.Errorf("WinRM does not answer: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := h.Read(ctx, id); err == nil {
		t.Error("a cmdlet came back")
	}
	if err := l.Do(hypersim.Action{Do: hypersim.DoUnfreeze, Host: "p1"}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Read(t.Context(), id); err != nil {
		t.Error(err)
	}
	if l.StickVMMS("nobody") == nil {
		t.Error("the service of a host that is not there stands still")
	}
}

func TestStartRefuses(t *testing.T) {
	good := func() lab.Options {
		return lab.Options{World: hypersim.Pair(1), Address: "127.0.0.1", TimeScale: 1, Password: secret.NewText(password)}
	}
	for name, change := range map[string]func(*lab.Options){
		"address":       func(o *lab.Options) { o.Address = "10.0.0.1" },
		"time scale":    func(o *lab.Options) { o.TimeScale = -1 },
		"PowerShell":    func(o *lab.Options) { o.PowerShellStart = -1 },
		"cmdlet":        func(o *lab.Options) { o.CmdletLatency = -1 },
		"password":      func(o *lab.Options) { o.Password = secret.Text{} },
		"world":         func(o *lab.Options) { o.World = hypersim.Spec{} },
		"hosts[1]":      func(o *lab.Options) { o.World.Hosts[1].Name = "p1" },
		"MaxShellsPerU": func(o *lab.Options) { o.Quotas.MaxShellsPerUser = -1 },
	} {
		o := good()
		change(&o)
		if l, err := lab.Start(t.Context(), o); err == nil {
			t.Errorf("%s: a lab was started", name)
			_ = l.Close()
		} else if !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCertificates(t *testing.T) {
	l := start(t, nil)
	for kind, works := range map[lab.CertificateKind]bool{
		lab.CertificateExpired: false, lab.CertificateWrongName: false, lab.CertificateOtherAuthority: false, lab.CertificateValid: true,
	} {
		if err := l.Host("p1").ShowCertificate(kind); err != nil {
			t.Fatal(err)
		}
		if _, err := dial(t, l, "p1").Info(t.Context()); (err == nil) != works {
			t.Errorf("%s: %v", kind, err)
		}
	}
	if l.Host("p1").ShowCertificate("nonsense") == nil {
		t.Error("a certificate of no kind was made")
	}
}

// Cmdlets can be made to fail, whoever runs them.
func TestInjectedCmdlets(t *testing.T) {
	l := start(t, nil)
	h := dial(t, l, "p1")
	fault := hypersim.Fault{Kind: hypersim.FaultCmdletFails, Host: "p1", Verb: "Get-VMHost", Times: -1, ID: "AccessDenied", Category: "PermissionDenied"}
	if err := l.Inject(fault); err != nil {
		t.Fatal(err)
	}
	_, err := h.Info(t.Context())
	if e := hyperv.AsError(err); e == nil || e.Code != hyperv.CodeAccessDenied {
		t.Errorf("%v", err)
	}
	if all := l.Injected(); len(all) != 1 {
		t.Errorf("%+v", all)
	}
	if err := l.ClearInjected("p1"); err != nil || len(l.Injected()) != 0 {
		t.Errorf("%v, %v", err, l.Injected())
	}
	if _, err := h.Info(t.Context()); err != nil {
		t.Error(err)
	}
}
