package winrm_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.uber.org/goleak"

	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/winrm"
	"lifeboat.io/pkg/hyperv/winrm/internal/corpus"
	"lifeboat.io/pkg/hyperv/winrm/internal/fakehost"
	"lifeboat.io/pkg/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const vm = hyperv.VMID("11111111-2222-3333-4444-555555555555")

// running is a VM as a host tells of it.
func running() map[string]any {
	return map[string]any{
		"present": true, "id": string(vm), "name": "web01", "hostTime": time.Now().UTC().Format(time.RFC3339Nano), "power": "Running",
		"heartbeat": "OkApplicationsHealthy", "autoStart": "Start", "operationalStatus": []string{"Ok"},
		"replication": map[string]any{"mode": "Primary", "state": "Replicating", "health": "Normal", "frequencySec": 300,
			"lastReplication": "2026-01-02T03:04:05.1234567Z", "lastApplied": nil, "failedOver": "None", "primaryServer": "hv01", "replicaServer": "hv02",
			"replicaPort": 443, "authentication": "Certificate", "thumbprint": "AB"},
		"extended": nil, "recoveryPoints": []any{}, "testVM": nil,
		"adapters": []any{map[string]any{"name": "Network Adapter", "switchName": "LAN", "testSwitchName": ""}},
	}
}

// with is a VM with some fields changed.
func with(machine map[string]any, fields ...any) map[string]any {
	for i := 0; i < len(fields); i += 2 {
		machine[fields[i].(string)] = fields[i+1]
	}
	return machine
}

// done answers every verb: readings read, effects act.
func done(_ context.Context, f fakehost.Frame) fakehost.Answer {
	if f.Verb == "read" {
		return fakehost.Answer{"ok": true, "value": running()}
	}
	return fakehost.Answer{"ok": true, "value": map[string]any{"acted": true, "before": running(), "after": running()}}
}

// host makes a Host for a fake one. When the test ends nothing may be left.
func host(t *testing.T, h *fakehost.Host, change func(*winrm.Config)) *winrm.Host {
	t.Helper()
	if h.Answer == nil {
		h.Answer = done
	}
	fakehost.StartTLS(t, h)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: h.Server().Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(h.Server().URL)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		t.Fatal(err)
	}
	c := winrm.Config{Name: "hv01", Address: u.Hostname(), Port: port, CAFile: ca, ServerName: "example.com", Auth: winrm.Basic, User: "operator",
		Password: func() (secret.Text, error) { return secret.NewText("hunter2"), nil },
		Limits:   winrm.Limits{OperationTimeout: time.Second, AnswerSlack: time.Second}}
	if change != nil {
		change(&c)
	}
	w, err := winrm.Dial(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := w.Close(ctx); err != nil {
			t.Error(err)
		}
		if n := w.Counts().OpenShells; n != 0 {
			t.Errorf("%d shells are open", n)
		}
		if names := ours(h); len(names) != 0 {
			t.Errorf("shells %q are left", names)
		}
	})
	return w
}

// ours are the shells of this process on a fake host.
func ours(h *fakehost.Host) []string {
	return slices.DeleteFunc(h.Shells(), func(name string) bool { return strings.HasPrefix(name, "foreign") })
}

// eventually polls until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.NewTimer(10 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("it never happened that %s", what)
		}
	}
}

// is checks class and code of an error.
func is(t *testing.T, err error, class hyperv.Class, code string) *hyperv.Error {
	t.Helper()
	var e *hyperv.Error
	if !errors.As(err, &e) {
		t.Fatalf("error %v is no *hyperv.Error", err)
	}
	if e.Class != class || e.Code != code {
		t.Fatalf("%v; want %s %s", e, class, code)
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the password is in %q", err)
	}
	return e
}

func TestRead(t *testing.T) {
	h := &fakehost.Host{}
	w := host(t, h, nil)
	got, err := w.Read(t.Context(), vm)
	if err != nil {
		t.Fatal(err)
	}
	if !got.Present || got.ID != vm || got.Name != "web01" || got.Power != hyperv.PowerRunning || got.AutoStart != hyperv.StartAlways || !got.Heartbeat.Alive() {
		t.Errorf("%+v", got)
	}
	r := got.Replication
	want := time.Date(2026, 1, 2, 3, 4, 5, 123456700, time.UTC)
	if r.Mode != hyperv.ModePrimary || r.Frequency != 5*time.Minute || !r.LastReplication.Equal(want) || !r.LastApplied.IsZero() || r.ReplicaPort != 443 {
		t.Errorf("%+v", r)
	}
	if len(got.Adapters) != 1 || got.Adapters[0] != (hyperv.Adapter{Name: "Network Adapter", Switch: "LAN"}) {
		t.Errorf("%+v", got.Adapters)
	}
	if len(h.Frames()) != 1 || string(h.Frames()[0].Args) != `{"id":"`+string(vm)+`"}` {
		t.Errorf("asked %s", h.Frames()[0].Args)
	}
}

func TestReadOfNoVM(t *testing.T) {
	h := &fakehost.Host{Answer: func(context.Context, fakehost.Frame) fakehost.Answer {
		return fakehost.Answer{"ok": true, "value": map[string]any{"present": false, "hostTime": "2026-01-02T03:04:05Z"}}
	}}
	got, err := host(t, h, nil).Read(t.Context(), vm)
	if err != nil || got.Present || got.ID != "" || got.HostTime.IsZero() {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestTextsComeThrough(t *testing.T) {
	h := &fakehost.Host{Answer: func(_ context.Context, f fakehost.Frame) fakehost.Answer {
		if f.Verb == "find" {
			return fakehost.Answer{"ok": true, "value": map[string]any{"ids": []string{string(vm)}}}
		}
		return done(nil, f)
	}}
	w := host(t, h, nil)
	for _, text := range corpus.Texts {
		if _, err := w.FindVM(t.Context(), text); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if _, err := w.SetTestNetwork(t.Context(), vm, []hyperv.AdapterSwitch{{Adapter: text, Switch: text}}); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
	}
	frames := h.Frames()
	for i, text := range corpus.Texts {
		var find struct{ Name string }
		var set struct{ Switches []hyperv.AdapterSwitch }
		if err := errors.Join(json.Unmarshal(frames[2*i].Args, &find), json.Unmarshal(frames[2*i+1].Args, &set)); err != nil {
			t.Fatal(err)
		}
		if find.Name != text || set.Switches[0].Adapter != text || set.Switches[0].Switch != text {
			t.Errorf("%q became %q and %q", text, find.Name, set.Switches)
		}
	}
}

func TestFindVM(t *testing.T) {
	var ids []string
	h := &fakehost.Host{Answer: func(context.Context, fakehost.Frame) fakehost.Answer {
		return fakehost.Answer{"ok": true, "value": map[string]any{"ids": ids}}
	}}
	w := host(t, h, nil)
	ids = []string{}
	_, err := w.FindVM(t.Context(), "web01")
	is(t, err, hyperv.ClassRefuse, hyperv.CodeVMNotFound)
	ids = []string{"a", "b"}
	_, err = w.FindVM(t.Context(), "web01")
	is(t, err, hyperv.ClassRefuse, hyperv.CodeVMAmbiguous)
	ids = []string{string(vm)}
	if id, err := w.FindVM(t.Context(), "web01"); err != nil || id != vm {
		t.Errorf("%s, %v", id, err)
	}
}

func TestErrorsOfTheHost(t *testing.T) {
	fails := func(id string, fields ...any) fakehost.Answer {
		a := fakehost.Answer{"ok": false, "error": map[string]any{"fqid": id, "category": "InvalidOperation", "message": "Es ging nicht.", "hresult": -1}}
		for i := 0; i < len(fields); i += 2 {
			a[fields[i].(string)] = fields[i+1]
		}
		return a
	}
	prepared := with(running(), "replication", with(running()["replication"].(map[string]any), "state", "PreparedForFailover"))
	inError := with(running(), "replication", with(running()["replication"].(map[string]any), "state", "Error"))
	tests := map[string]struct {
		answer fakehost.Answer
		class  hyperv.Class
		code   string
	}{
		"state":                     {fails("InvalidState,Microsoft.HyperV.PowerShell.Commands.StartVMFailover"), hyperv.ClassRefuse, hyperv.CodeWrongState},
		"parameter":                 {fails("InvalidParameter,X"), hyperv.ClassRefuse, "InvalidParameter"},
		"access":                    {fails("AccessDenied,X"), hyperv.ClassHold, hyperv.CodeAccessDenied},
		"lock":                      {fails("ObjectInUse,X"), hyperv.ClassRetry, "ObjectInUse"},
		"not known, before acting":  {fails("Weird"), hyperv.ClassRetry, "Weird"},
		"no id at all":              {fails(""), hyperv.ClassRetry, "unnamed"},
		"time-out of WMI":           {fails("OperationTimeout,X"), hyperv.ClassUnknown, "OperationTimeout"},
		"effect missing":            {fails(hyperv.CodeEffectMissing, "acting", true, "before", running(), "after", running()), hyperv.ClassHold, hyperv.CodeEffectMissing},
		"acted, unchanged":          {fails("OperationFailed,X", "acting", true, "before", running(), "after", running()), hyperv.ClassRetry, "OperationFailed"},
		"acted, changed by itself":  {fails("OperationFailed,X", "acting", true, "before", running(), "after", inError), hyperv.ClassRetry, "OperationFailed"},
		"acted, changed":            {fails("OperationFailed,X", "acting", true, "before", running(), "after", prepared), hyperv.ClassUnknown, "OperationFailed"},
		"acted, power changed":      {fails("InvalidState,X", "acting", true, "before", running(), "after", with(running(), "power", "Off")), hyperv.ClassUnknown, hyperv.CodeWrongState},
		"acted, cannot be read":     {fails("InvalidState,X", "acting", true, "before", running()), hyperv.ClassUnknown, hyperv.CodeWrongState},
		"vm gone":                   {fails(hyperv.CodeVMNotFound), hyperv.ClassRefuse, hyperv.CodeVMNotFound},
		"recovery point gone":       {fails(hyperv.CodeNoSuchRecoveryPoint), hyperv.ClassRefuse, hyperv.CodeNoSuchRecoveryPoint},
		"no value":                  {fakehost.Answer{"ok": true}, hyperv.ClassUnknown, hyperv.CodeGarbage},
		"a value of another kind":   {fakehost.Answer{"ok": true, "value": "yes"}, hyperv.ClassUnknown, hyperv.CodeGarbage},
		"about another VM":          {fakehost.Answer{"ok": true, "value": map[string]any{"acted": true, "before": with(running(), "id", "x"), "after": running()}}, hyperv.ClassUnknown, hyperv.CodeGarbage},
		"a VM without power":        {fakehost.Answer{"ok": true, "value": map[string]any{"acted": true, "before": running(), "after": with(running(), "power", "")}}, hyperv.ClassUnknown, hyperv.CodeGarbage},
		"dates as PowerShell's own": {fakehost.Answer{"ok": true, "value": map[string]any{"acted": true, "before": running(), "after": with(running(), "hostTime", "/Date(1)/")}}, hyperv.ClassUnknown, hyperv.CodeGarbage},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h := &fakehost.Host{Answer: func(context.Context, fakehost.Frame) fakehost.Answer { return tt.answer }}
			_, err := host(t, h, nil).Prepare(t.Context(), vm)
			e := is(t, err, tt.class, tt.code)
			if e.Host != "hv01" || e.Op != "Prepare" || e.VM != vm {
				t.Errorf("where: %+v", e)
			}
			if _, told := tt.answer["before"]; told != (e.Before != nil) {
				t.Errorf("before: %v", e.Before)
			}
			if n := len(h.Frames()); n != 1 {
				t.Errorf("asked %d times", n)
			}
		})
	}
}

// TestFaultsOnTheWire breaks each request of a call in each way, for a reading
// and for an effect. What counts is that an effect is carried out at most
// once, and that it is unknown whenever it may have been.
func TestFaultsOnTheWire(t *testing.T) {
	soap := func(code uint32) fakehost.Fault { return fakehost.Fault{Kind: fakehost.SOAP, Code: code} }
	const gone = "wsman-2150858843"
	tests := map[string]struct {
		action string
		fault  fakehost.Fault
		effect string // class and code of an effect; empty means it goes well
		read   string
	}{
		"Create: quota":          {"Create", soap(2150859173), "", ""},
		"Create: access":         {"Create", soap(5), "hold access-denied", "hold access-denied"},
		"Create: 401":            {"Create", fakehost.Fault{Kind: fakehost.Status, Code: 401}, "hold access-denied", "hold access-denied"},
		"Create: 404":            {"Create", fakehost.Fault{Kind: fakehost.Status, Code: 404}, "", ""},
		"Create: 503":            {"Create", fakehost.Fault{Kind: fakehost.Status, Code: 503}, "", ""},
		"Create: reply lost":     {"Create", fakehost.Fault{Kind: fakehost.LostReset}, "", ""},
		"Create: silence":        {"Create", fakehost.Fault{Kind: fakehost.Hang}, "retry unreachable", "retry unreachable"},
		"Command: quota":         {"Command", soap(2150859241), "", ""},
		"Command: reset":         {"Command", fakehost.Fault{Kind: fakehost.Reset}, "", ""},
		"Send: shell gone":       {"Send", soap(2150858843), "", ""},
		"Send: busy":             {"Send", soap(170), "", ""},
		"Send: reset":            {"Send", fakehost.Fault{Kind: fakehost.Reset}, "unknown reply-lost", "retry reply-lost"},
		"Send: reply lost":       {"Send", fakehost.Fault{Kind: fakehost.LostReset}, "unknown reply-lost", "retry reply-lost"},
		"Send: nonsense":         {"Send", fakehost.Fault{Kind: fakehost.Garbage}, "unknown garbage", "retry garbage"},
		"Send: 503":              {"Send", fakehost.Fault{Kind: fakehost.Status, Code: 503}, "unknown reply-lost", "retry reply-lost"},
		"Send: silence":          {"Send", fakehost.Fault{Kind: fakehost.Hang}, "unknown timeout", "retry timeout"},
		"Receive: shell gone":    {"Receive", soap(2150858843), "unknown " + gone, "retry " + gone},
		"Receive: reply lost":    {"Receive", fakehost.Fault{Kind: fakehost.LostReset}, "unknown reply-lost", "retry reply-lost"},
		"Receive: cut":           {"Receive", fakehost.Fault{Kind: fakehost.Truncated}, "unknown reply-lost", "retry reply-lost"},
		"Receive: nothing":       {"Receive", fakehost.Fault{Kind: fakehost.Empty}, "unknown garbage", "retry garbage"},
		"Receive: silence":       {"Receive", fakehost.Fault{Kind: fakehost.LostHang}, "unknown timeout", "retry timeout"},
		"Receive: a slow answer": {"Receive", fakehost.Fault{Delay: 300 * time.Millisecond}, "", ""},
	}
	for name, tt := range tests {
		for _, effect := range []bool{true, false} {
			want, kind := tt.effect, "effect"
			if !effect {
				want, kind = tt.read, "reading"
			}
			t.Run(name+", "+kind, func(t *testing.T) {
				t.Parallel()
				first := 1 // the request after hello's
				if tt.action == "Create" || tt.action == "Command" {
					first = 0
				}
				h := &fakehost.Host{Break: func(action string, before int) fakehost.Fault {
					if action == tt.action && before == first {
						return tt.fault
					}
					return fakehost.Fault{}
				}}
				w := host(t, h, nil)
				var err error
				if effect {
					_, err = w.Prepare(t.Context(), vm)
				} else {
					_, err = w.Read(t.Context(), vm)
				}
				if want == "" && err != nil {
					t.Fatal(err)
				}
				if want != "" {
					class, code, _ := strings.Cut(want, " ")
					is(t, err, hyperv.Class(class), code)
				}
				if n := len(h.Frames()); effect && n > 1 {
					t.Errorf("carried out %d times", n)
				}
			})
		}
	}
}

func TestRestartedHostGetsANewLane(t *testing.T) {
	h := &fakehost.Host{}
	w := host(t, h, nil)
	for range 3 {
		if _, err := w.Prepare(t.Context(), vm); err != nil {
			t.Fatal(err)
		}
		h.Restart()
	}
}

func TestQuotaIsNotWaitedForEver(t *testing.T) {
	h := &fakehost.Host{Break: func(action string, _ int) fakehost.Fault {
		if action == "Create" {
			return fakehost.Fault{Kind: fakehost.SOAP, Code: 2150859173}
		}
		return fakehost.Fault{}
	}}
	w := host(t, h, nil)
	_, err := w.Prepare(t.Context(), vm)
	is(t, err, hyperv.ClassRetry, hyperv.CodeBusy)
	if n := len(h.Seen()); n > 8 {
		t.Errorf("%d requests", n)
	}
}

func TestSilentHostIsLeftAlone(t *testing.T) {
	var down atomic.Bool
	down.Store(true)
	h := &fakehost.Host{Break: func(string, int) fakehost.Fault {
		if down.Load() {
			return fakehost.Fault{Kind: fakehost.Hang}
		}
		return fakehost.Fault{}
	}}
	w := host(t, h, func(c *winrm.Config) {
		c.Limits.AnswerSlack, c.Limits.SilentCalls, c.Limits.SilentPause = 10*time.Millisecond, 2, 500*time.Millisecond
	})
	for range 2 {
		_, err := w.Read(t.Context(), vm)
		is(t, err, hyperv.ClassRetry, hyperv.CodeUnreachable)
	}
	before := w.Counts().Requests
	_, err := w.Prepare(t.Context(), vm)
	if e := is(t, err, hyperv.ClassRetry, hyperv.CodeUnreachable); !strings.Contains(e.Message, "not asked for a while") {
		t.Errorf("%v", e)
	}
	if w.Counts().Requests != before {
		t.Error("it was asked")
	}
	down.Store(false)
	eventually(t, "the host is asked again", func() bool {
		_, err := w.Read(t.Context(), vm)
		return err == nil
	})
}

// block is a host whose effects wait until told, and tells when one has begun.
func block() (h *fakehost.Host, begun chan struct{}, release chan struct{}) {
	begun, release = make(chan struct{}, 100), make(chan struct{})
	h = &fakehost.Host{Answer: func(ctx context.Context, f fakehost.Frame) fakehost.Answer {
		if f.Verb != "read" {
			begun <- struct{}{}
			select {
			case <-release:
			case <-ctx.Done():
			}
		}
		return done(ctx, f)
	}}
	return h, begun, release
}

func TestCancelReturnsAtOnce(t *testing.T) {
	h, begun, _ := block()
	w := host(t, h, func(c *winrm.Config) { c.Limits.OperationTimeout = time.Minute })
	h.OperationTimeout = time.Minute
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() {
		_, err := w.Prepare(ctx, vm)
		result <- err
	}()
	<-begun
	cancel()
	limit := time.NewTimer(time.Second)
	defer limit.Stop()
	select {
	case err := <-result:
		is(t, err, hyperv.ClassUnknown, hyperv.CodeTimeout)
	case <-limit.C:
		t.Error("a second after the cancel it had not returned")
		<-result
	}
	eventually(t, "the shell is deleted", func() bool { return len(h.Shells()) == 0 })
}

func TestQueueIsBounded(t *testing.T) {
	h, begun, release := block()
	w := host(t, h, func(c *winrm.Config) { c.Limits.ActionLanes, c.Limits.Waiting = 1, 1 })
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			if _, err := w.Prepare(t.Context(), vm); err != nil {
				t.Error(err)
			}
		})
	}
	<-begun
	eventually(t, "one call too many is turned away", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		_, err := w.Prepare(ctx, vm)
		return hyperv.AsError(err).Code == hyperv.CodeBusy
	})
	if _, err := w.Read(t.Context(), vm); err != nil {
		t.Errorf("a reading has a lane of its own: %v", err)
	}
	close(release)
	all.Wait()
}

func TestTooLateToBegin(t *testing.T) {
	t.Run("before it is called", func(t *testing.T) {
		h := &fakehost.Host{}
		_, err := host(t, h, nil).Prepare(hyperv.BeginBy(t.Context(), time.Now().Add(-time.Second)), vm)
		is(t, err, hyperv.ClassRetry, hyperv.CodeTooLate)
		if len(h.Frames()) != 0 {
			t.Error("it was sent")
		}
	})
	t.Run("while it waits for a lane", func(t *testing.T) {
		h, begun, release := block()
		w := host(t, h, func(c *winrm.Config) { c.Limits.ActionLanes = 1 })
		var first sync.WaitGroup
		first.Go(func() { _, _ = w.Prepare(t.Context(), vm) })
		<-begun
		_, err := w.Prepare(hyperv.BeginBy(t.Context(), time.Now().Add(50*time.Millisecond)), vm)
		is(t, err, hyperv.ClassRetry, hyperv.CodeTooLate)
		close(release)
		first.Wait()
	})
	t.Run("the host says so", func(t *testing.T) {
		h := &fakehost.Host{Answer: func(context.Context, fakehost.Frame) fakehost.Answer {
			return fakehost.Answer{"ok": false, "error": map[string]any{"fqid": hyperv.CodeTooLate, "message": "m"}}
		}}
		_, err := host(t, h, nil).Prepare(hyperv.BeginBy(t.Context(), time.Now().Add(time.Minute)), vm)
		is(t, err, hyperv.ClassRetry, hyperv.CodeTooLate)
		if n := len(h.Frames()); n < 2 || n > 4 {
			t.Errorf("asked %d times; our clock says there is time, so the host's may have moved", n)
		}
	})
	t.Run("the host's clock has moved", func(t *testing.T) {
		var skew atomic.Int64
		h := &fakehost.Host{Clock: func() time.Time { return time.Now().Add(time.Duration(skew.Load())) }}
		h.Answer = func(ctx context.Context, f fakehost.Frame) fakehost.Answer {
			const ticksAtUnixEpoch = 621355968000000000
			if f.NotAfter != 0 && h.Clock().UnixNano()/100+ticksAtUnixEpoch > f.NotAfter {
				return fakehost.Answer{"ok": false, "error": map[string]any{"fqid": hyperv.CodeTooLate, "message": "m"}}
			}
			return done(ctx, f)
		}
		w := host(t, h, nil)
		if _, err := w.Prepare(t.Context(), vm); err != nil {
			t.Fatal(err)
		}
		skew.Store(int64(time.Hour))
		if _, err := w.Prepare(hyperv.BeginBy(t.Context(), time.Now().Add(time.Minute)), vm); err != nil {
			t.Error(err)
		}
	})
}

func TestShellsOfAnEarlierLifeAreDeleted(t *testing.T) {
	h := &fakehost.Host{}
	fakeLife := "0123456789abcdef"
	w := host(t, h, func(c *winrm.Config) { c.Instance = "executor-1" })
	h.Leave("lifeboat executor-1 " + fakeLife + " 7")
	h.Leave("foreign: lifeboat executor-2 " + fakeLife + " 7")
	h.Leave("foreign")
	if _, err := w.Read(t.Context(), vm); err != nil {
		t.Fatal(err)
	}
	for _, name := range h.Shells() {
		if strings.Contains(name, "executor-1 "+fakeLife) {
			t.Errorf("shell %q is left", name)
		}
	}
	if n := len(h.Shells()); n != 3 {
		t.Errorf("%d shells, want ours and two foreign ones: %q", n, h.Shells())
	}
}

func TestLanesAreClosedAndReplaced(t *testing.T) {
	t.Run("when idle", func(t *testing.T) {
		h := &fakehost.Host{}
		w := host(t, h, func(c *winrm.Config) { c.Limits.LaneIdle = 10 * time.Millisecond })
		if _, err := w.Read(t.Context(), vm); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the lane is closed", func() bool { return len(h.Shells()) == 0 && w.Counts().OpenShells == 0 })
		if _, err := w.Read(t.Context(), vm); err != nil {
			t.Error(err)
		}
	})
	t.Run("after some use", func(t *testing.T) {
		h := &fakehost.Host{}
		w := host(t, h, func(c *winrm.Config) { c.Limits.LaneRequests = 3 })
		for range 7 {
			if _, err := w.Read(t.Context(), vm); err != nil {
				t.Fatal(err)
			}
		}
		created := 0
		for _, action := range h.Seen() {
			if action == "Create" {
				created++
			}
		}
		if created != 3 {
			t.Errorf("%d shells for 7 requests, want 3", created)
		}
	})
}

func TestNeverMoreShellsThanLanes(t *testing.T) {
	h := &fakehost.Host{}
	var most atomic.Int64
	h.Answer = func(ctx context.Context, f fakehost.Frame) fakehost.Answer {
		if n := int64(len(h.Shells())); n > most.Load() {
			most.Store(n)
		}
		return done(ctx, f)
	}
	w := host(t, h, func(c *winrm.Config) { c.Limits.LaneRequests = 2 })
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			_, read := w.Read(t.Context(), vm)
			_, acted := w.Start(t.Context(), vm)
			if err := errors.Join(read, acted); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if most.Load() > winrm.MaxLanes {
		t.Errorf("%d shells at once", most.Load())
	}
	if c := w.Counts(); c.Commands != 40 {
		t.Errorf("%d commands, want 40", c.Commands)
	}
}

func TestCloseEndsCalls(t *testing.T) {
	h, begun, _ := block()
	w := host(t, h, nil)
	result := make(chan error, 1)
	go func() {
		_, err := w.Prepare(t.Context(), vm)
		result <- err
	}()
	<-begun
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := w.Close(ctx); err != nil {
		t.Error(err)
	}
	is(t, <-result, hyperv.ClassUnknown, hyperv.CodeTimeout)
	_, err := w.Read(t.Context(), vm)
	is(t, err, hyperv.ClassRefuse, "closed")
}

func TestSecretsAreNowhere(t *testing.T) {
	var logged bytes.Buffer
	h := &fakehost.Host{}
	w := host(t, h, func(c *winrm.Config) { c.WireLog = &logged })
	if _, err := w.Reverse(t.Context(), vm, hyperv.ReplicaServer{Server: "payload-word"}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"hunter2", "payload-word", "Authorization", "EncodedCommand"} {
		if strings.Contains(logged.String(), word) {
			t.Errorf("%q is in the wire log", word)
		}
	}
	if n := strings.Count(logged.String(), "\n"); n != 2*8 { // Create, Command, 2 × (Send, Receive), Signal, Delete
		t.Errorf("%d lines:\n%s", n, logged.String())
	}
}

func TestSpans(t *testing.T) {
	recorder := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))
	t.Cleanup(func() { _ = provider.Shutdown(context.Background()) })
	h := &fakehost.Host{}
	w := host(t, h, func(c *winrm.Config) { c.Tracer = provider.Tracer("test") })
	if _, err := w.Prepare(t.Context(), vm); err != nil {
		t.Fatal(err)
	}
	var call sdktrace.ReadOnlySpan
	requests := 0
	for _, s := range recorder.Ended() {
		switch {
		case s.Name() == "hyperv Prepare":
			call = s
		case strings.HasPrefix(s.Name(), "winrm "):
			requests++
		}
	}
	if call == nil || requests != 6 {
		t.Fatalf("call %v, %d requests", call, requests)
	}
	for _, want := range []attribute.KeyValue{attribute.String("lifeboat.host", "hv01"), attribute.String("lifeboat.verb", "Prepare"),
		attribute.String("lifeboat.vm", string(vm)), attribute.String("lifeboat.outcome", "done"), attribute.Int("lifeboat.attempts", 1)} {
		if !slices.Contains(call.Attributes(), want) {
			t.Errorf("no %v in %v", want, call.Attributes())
		}
	}
	for _, s := range recorder.Ended() {
		if s != call && s.Parent().SpanID() != call.SpanContext().SpanID() {
			t.Errorf("%s is not part of the call", s.Name())
		}
	}
}
