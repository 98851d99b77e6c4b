package winrm_test

import (
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
	"testing"
	"time"

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
	if f.Verb == "read" || f.Verb == "read-state" {
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
	h := &fakehost.Host{Answer: func(ctx context.Context, f fakehost.Frame) fakehost.Answer {
		if f.Verb == "find" {
			return fakehost.Answer{"ok": true, "value": map[string]any{"ids": []string{string(vm)}}}
		}
		return done(ctx, f)
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
