package conformance_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"lifeboat.io/e2e/lab/powershell"
	lab "lifeboat.io/e2e/lab/winrm"
	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/winrm"
)

// ways are the transports the faults are tried over: in clear text below TLS,
// and sealed.
var ways = map[string]struct {
	transport winrm.Transport
	auth      winrm.Auth
}{
	"https":  {winrm.HTTPS, winrm.Basic},
	"sealed": {winrm.HTTP, winrm.NTLM},
}

// inClear are the faults every request meets below TLS. A fault with nothing
// to choose acts after the request was carried out.
var inClear = []lab.Fault{
	{Kind: lab.FaultReset, When: lab.Before}, {Kind: lab.FaultReset, When: lab.After},
	{Kind: lab.FaultHalfOpen, When: lab.Before}, {Kind: lab.FaultHalfOpen, When: lab.After},
	{Kind: lab.FaultStatus, When: lab.Before}, {Kind: lab.FaultStatus, When: lab.After},
	{Kind: lab.FaultStatus, Status: 401}, {Kind: lab.FaultStatus, Status: 404}, {Kind: lab.FaultStatus, Status: 302},
	{Kind: lab.FaultSOAP, Code: 2150858843, When: lab.Before}, {Kind: lab.FaultSOAP, Code: 995, When: lab.After},
	{Kind: lab.FaultQuota, When: lab.Before}, {Kind: lab.FaultQuota, When: lab.After}, {Kind: lab.FaultAccessDenied},
	{Kind: lab.FaultRestart, When: lab.Before}, {Kind: lab.FaultRestart, When: lab.After},
	{Kind: lab.FaultResetBody}, {Kind: lab.FaultEmptyBody}, {Kind: lab.FaultTruncated}, {Kind: lab.FaultGarbage},
	{Kind: lab.FaultLocalized, Language: "ja-JP"}, {Kind: lab.FaultDelay, DelayMillis: 100}, {Kind: lab.FaultSlow, BytesPerSecond: 10_000},
}

// sealed are those that a security context of its own makes different.
var sealed = []lab.Fault{
	{Kind: lab.FaultReset, When: lab.After}, {Kind: lab.FaultStatus, Status: 401}, {Kind: lab.FaultStatus, When: lab.After},
	{Kind: lab.FaultSOAP, Code: 2150858843, When: lab.Before}, {Kind: lab.FaultRestart, When: lab.Before}, {Kind: lab.FaultResetBody},
	{Kind: lab.FaultEmptyBody}, {Kind: lab.FaultTruncated}, {Kind: lab.FaultGarbage},
	{Kind: lab.FaultEmptyBody, Layer: lab.LayerHTTP}, {Kind: lab.FaultTruncated, Layer: lab.LayerHTTP}, {Kind: lab.FaultGarbage, Layer: lab.LayerHTTP},
}

// TestFaultMatrix meets every fault of the lab's WinRM on every request of a
// call. Whatever happens: the call ends, its error says what may be done, the
// next call works, and nothing is left behind.
func TestFaultMatrix(t *testing.T) {
	for way, faults := range map[string][]lab.Fault{"https": inClear, "sealed": sealed} {
		for _, action := range []string{lab.ActionCreate, lab.ActionCommand, lab.ActionSend, lab.ActionReceive} {
			for _, f := range faults {
				f.Action = action
				if action == lab.ActionSend || action == lab.ActionReceive {
					f.Skip = 1 // that of the start
				}
				name := fmt.Sprintf("%s/%s/%s %d %s %s", way, action, f.Kind, max(int(f.Code), f.Status), f.Layer, f.When)
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					meets(t, way, f)
				})
			}
		}
	}
}

// meets makes a call that meets a fault.
func meets(t *testing.T, way string, f lab.Fault) {
	s := start(t, nil)
	c := s.config(t, ways[way].transport, ways[way].auth)
	c.Limits.OperationTimeout = time.Second
	h := s.dial(t, c)
	if _, err := s.Arm(f); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_, err := h.Start(ctx, nobody)
	e := hyperv.AsError(err)
	if e == nil || !slices.Contains([]hyperv.Class{hyperv.ClassRefuse, hyperv.ClassRetry, hyperv.ClassHold, hyperv.ClassUnknown}, e.Class) {
		t.Fatalf("%v", err)
	}
	if e.Class == hyperv.ClassRefuse && e.Code != hyperv.CodeVMNotFound {
		t.Errorf("refused by nobody: %v", e)
	}
	s.DisarmAll()
	works(t, h)
}

func TestRebootIsSurvived(t *testing.T) {
	for way, w := range ways {
		t.Run(way, func(t *testing.T) {
			s := start(t, nil)
			h := s.dial(t, s.config(t, w.transport, w.auth))
			works(t, h)
			s.Stop()
			// The first call may go into a connection that is already gone.
			_, err := h.Start(t.Context(), nobody)
			if e := hyperv.AsError(err); e == nil || e.Code != hyperv.CodeUnreachable && e.Code != hyperv.CodeReplyLost {
				t.Errorf("%v", err)
			}
			_, err = h.Start(t.Context(), nobody)
			isError(t, err, hyperv.ClassRetry, hyperv.CodeUnreachable)
			if err := s.Resume(); err != nil {
				t.Fatal(err)
			}
			works(t, h)
			s.Restart()
			works(t, h)
		})
	}
}

// What is wrong with a sealed body is told, rather than that there was none.
func TestDamagedSealIsTold(t *testing.T) {
	for kind, says := range map[lab.FaultKind]string{lab.FaultTruncated: "seal", lab.FaultGarbage: "seal", lab.FaultEmptyBody: "nothing else"} {
		t.Run(string(kind), func(t *testing.T) {
			s := start(t, nil)
			h := s.dial(t, s.config(t, winrm.HTTP, winrm.NTLM))
			works(t, h)
			if _, err := s.Arm(lab.Fault{Kind: kind, Layer: lab.LayerHTTP, Action: lab.ActionSend}); err != nil {
				t.Fatal(err)
			}
			_, err := h.Start(t.Context(), nobody)
			if e := isError(t, err, hyperv.ClassUnknown, hyperv.CodeGarbage); !contains(e.Message, says) {
				t.Errorf("%q does not say %q", e.Message, says)
			}
		})
	}
}

func TestFrozenHost(t *testing.T) {
	s := start(t, nil)
	h := s.dial(t, s.config(t, winrm.HTTP, winrm.NTLM))
	works(t, h)
	s.Freeze()
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() {
		_, err := h.Start(ctx, nobody)
		result <- err
	}()
	settle := time.NewTimer(200 * time.Millisecond)
	defer settle.Stop()
	select {
	case err := <-result:
		t.Fatalf("a frozen host answered: %v", err)
	case <-settle.C:
	}
	cancel()
	limit := time.NewTimer(time.Second)
	defer limit.Stop()
	select {
	case err := <-result:
		isError(t, err, hyperv.ClassUnknown, hyperv.CodeTimeout)
	case <-limit.C:
		t.Fatal("a second after the cancel it had not returned")
	}
	s.Thaw()
	works(t, h)
}

// A request that a frozen host gets to only later is not begun.
func TestHeldUpRequestDies(t *testing.T) {
	s := start(t, nil)
	h := s.dial(t, s.config(t, winrm.HTTPS, winrm.Basic))
	works(t, h)
	if _, err := s.Arm(lab.Fault{Kind: lab.FaultDelay, Action: lab.ActionSend, DelayMillis: 500}); err != nil {
		t.Fatal(err)
	}
	_, err := h.Start(hyperv.BeginBy(t.Context(), time.Now().Add(200*time.Millisecond)), nobody)
	isError(t, err, hyperv.ClassRetry, hyperv.CodeTooLate)
}

func TestShellsOfAnEarlierLife(t *testing.T) {
	s := start(t, nil)
	c := s.config(t, winrm.HTTPS, winrm.Basic)
	c.Instance = "executor-1"
	works(t, s.dial(t, c)) // tells apart its own shells while they are in use
	if n := s.Stats().Requests[lab.ActionEnumerate]; n != 1 {
		t.Errorf("%d times shells were listed, want once", n)
	}
}

func TestQuotaOfShells(t *testing.T) {
	s := start(t, func(c *lab.Config) { c.Quotas.MaxShellsPerUser = 1 })
	second := s.dial(t, s.config(t, winrm.HTTPS, winrm.Basic))
	first := s.dial(t, s.config(t, winrm.HTTPS, winrm.Basic))
	works(t, first)
	_, err := second.Start(t.Context(), nobody)
	isError(t, err, hyperv.ClassRetry, hyperv.CodeBusy)
	works(t, first)
}

func TestEndOfPowerShell(t *testing.T) {
	s := start(t, func(c *lab.Config) {
		c.Run = func(_ context.Context, p lab.Process) int {
			_, _ = p.Stderr.Write([]byte("Cannot invoke method. Method invocation is supported only on core types in this language mode.\r\n"))
			return 1
		}
	})
	h := s.dial(t, s.config(t, winrm.HTTPS, winrm.Basic))
	_, err := h.Start(t.Context(), nobody)
	e := isError(t, err, hyperv.ClassRetry, hyperv.CodeGarbage)
	for _, want := range []string{"exit code 1", "language mode"} {
		if !contains(e.Message, want) {
			t.Errorf("%q does not say %q", e.Message, want)
		}
	}
}

func TestHostWithoutHyperV(t *testing.T) {
	s := start(t, func(c *lab.Config) { c.Run = runner(bare) })
	_, err := s.dial(t, s.config(t, winrm.HTTPS, winrm.Basic)).Start(t.Context(), nobody)
	isError(t, err, hyperv.ClassHold, "Modules_ModuleNotFound")
}

// bare is a PowerShell without modules.
var bare = powershell.Options{ComputerName: "HV1"}

func contains(text, part string) bool { return strings.Contains(text, part) }
