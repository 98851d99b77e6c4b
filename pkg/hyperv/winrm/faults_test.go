package winrm_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/winrm"
	"lifeboat.io/pkg/hyperv/winrm/internal/fakehost"
)

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
