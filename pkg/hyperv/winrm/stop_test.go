package winrm_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/winrm"
	"lifeboat.io/pkg/hyperv/winrm/internal/fakehost"
)

// guest is a VM on a host whose clock goes a second with each look at it.
type guest struct {
	offAfter int64  // seconds until the guest is off after it was asked; 0 means never
	refusal  string // why it will not
	clock    atomic.Int64
	off      atomic.Bool
}

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func (g *guest) machine() map[string]any {
	power := "Running"
	if now := g.clock.Add(1); g.off.Load() || g.offAfter != 0 && now > g.offAfter {
		power = "Off"
	}
	return with(running(), "power", power, "hostTime", epoch.Add(time.Duration(g.clock.Load())*time.Second).Format(time.RFC3339Nano))
}

func (g *guest) answer(_ context.Context, f fakehost.Frame) fakehost.Answer {
	before := g.machine()
	switch f.Verb {
	case "read-state":
		return fakehost.Answer{"ok": true, "value": before}
	case "turn-off":
		g.off.Store(true)
	}
	return fakehost.Answer{"ok": true, "value": map[string]any{"acted": true, "before": before, "after": g.machine(), "refusal": g.refusal}}
}

func (g *guest) stop(t *testing.T, o hyperv.StopOptions) (hyperv.Change, []string, error) {
	t.Helper()
	h := &fakehost.Host{Answer: g.answer}
	change, err := host(t, h, func(c *winrm.Config) {}).Stop(t.Context(), vm, o)
	var verbs []string
	for _, f := range h.Frames() {
		verbs = append(verbs, f.Verb)
	}
	return change, verbs, err
}

func TestStop(t *testing.T) {
	tests := map[string]struct {
		guest   *guest
		options hyperv.StopOptions
		verbs   []string
		class   hyperv.Class // empty means it goes well
		code    string
	}{
		"at once":                  {&guest{}, hyperv.StopOptions{}, []string{"turn-off"}, "", ""},
		"off right away":           {&guest{offAfter: 1}, hyperv.StopOptions{Grace: time.Minute}, []string{"stop"}, "", ""},
		"off after a while":        {&guest{offAfter: 3}, hyperv.StopOptions{Grace: time.Minute}, []string{"stop", "read-state", "read-state"}, "", ""},
		"grace over, force":        {&guest{}, hyperv.StopOptions{Grace: 3 * time.Second, Force: true}, []string{"stop", "read-state", "read-state", "turn-off"}, "", ""},
		"grace over, no force":     {&guest{}, hyperv.StopOptions{Grace: 3 * time.Second}, []string{"stop", "read-state", "read-state"}, hyperv.ClassHold, hyperv.CodeGuestWontStop},
		"guest refuses, force":     {&guest{refusal: "locked"}, hyperv.StopOptions{Grace: time.Hour, Force: true}, []string{"stop", "turn-off"}, "", ""},
		"guest refuses, no force":  {&guest{refusal: "locked"}, hyperv.StopOptions{Grace: time.Hour}, []string{"stop"}, hyperv.ClassHold, hyperv.CodeGuestWontStop},
		"a grace below one second": {&guest{offAfter: 1}, hyperv.StopOptions{Grace: time.Millisecond}, []string{"stop"}, "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			change, verbs, err := tt.guest.stop(t, tt.options)
			if !slices.Equal(verbs, tt.verbs) {
				t.Errorf("asked for %v, want %v", verbs, tt.verbs)
			}
			if tt.class != "" {
				if e := is(t, err, tt.class, tt.code); e.Before == nil || e.Before.Power != hyperv.PowerRunning {
					t.Errorf("before: %+v", e.Before)
				}
				return
			}
			if err != nil || !change.Acted || change.Before.Power != hyperv.PowerRunning || change.After.Power != hyperv.PowerOff {
				t.Errorf("%+v, %v", change, err)
			}
		})
	}
}

func TestStopGivenUpIsUnknown(t *testing.T) {
	g := &guest{}
	h := &fakehost.Host{Answer: func(ctx context.Context, f fakehost.Frame) fakehost.Answer {
		g.clock.Store(0) // the host's time stands still
		return g.answer(ctx, f)
	}}
	w := host(t, h, nil)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := w.Stop(ctx, vm, hyperv.StopOptions{Grace: time.Hour, Force: true})
	is(t, err, hyperv.ClassUnknown, hyperv.CodeTimeout)
	for _, f := range h.Frames() {
		if f.Verb == "turn-off" {
			t.Error("it was turned off before its grace was over")
		}
	}
}

// The time to begin by is about asking the guest, not about what follows.
func TestStopGoesOnAfterBeginBy(t *testing.T) {
	g := &guest{}
	h := &fakehost.Host{Answer: g.answer}
	w := host(t, h, nil)
	if _, err := w.Prepare(t.Context(), vm); err != nil { // so that a lane is there
		t.Fatal(err)
	}
	beginBy := time.Now().Add(500 * time.Millisecond)
	change, err := w.Stop(hyperv.BeginBy(t.Context(), beginBy), vm, hyperv.StopOptions{Grace: 5 * time.Second, Force: true})
	if err != nil || change.After.Power != hyperv.PowerOff {
		t.Errorf("%+v, %v", change, err)
	}
	if time.Now().Before(beginBy) {
		t.Skip("it was over before the time to begin by")
	}
}
