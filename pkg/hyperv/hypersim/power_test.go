package hypersim

import (
	"context"
	"testing"
	"time"

	"lifeboat.io/pkg/hyperv"
)

func TestStopMeetsItsGuest(t *testing.T) {
	const grace = time.Minute
	for _, c := range []struct {
		name  string
		guest Guest
		force bool
		code  string        // of the error, all of class hold
		took  time.Duration // until the call came back
		later hyperv.PowerState
	}{
		{"willing", Guest{}, false, "", 20 * time.Second, hyperv.PowerOff},
		{"never", Guest{NeverShutsDown: true}, false, hyperv.CodeGuestWontStop, grace, hyperv.PowerRunning},
		{"never, by force", Guest{NeverShutsDown: true}, true, "", grace + time.Second, hyperv.PowerOff},
		{"slow", Guest{Shutdown: Duration(90 * time.Second)}, false, hyperv.CodeGuestWontStop, grace, hyperv.PowerOff},
		{"slow, by force", Guest{Shutdown: Duration(90 * time.Second)}, true, "", grace + time.Second, hyperv.PowerOff},
		{"deaf once", Guest{IgnoreShutdowns: 1}, false, hyperv.CodeGuestWontStop, grace, hyperv.PowerRunning},
		{"no integration", Guest{NoIntegration: true}, false, hyperv.CodeGuestWontStop, 0, hyperv.PowerRunning},
		{"no integration, by force", Guest{NoIntegration: true}, true, "", time.Second, hyperv.PowerOff},
	} {
		for _, shows := range []bool{false, true} {
			p := newPair(t, func(s *Spec) {
				a, d := DefaultAssumptions(), DefaultDurations()
				a.ShutdownShowsStopping, d.Visit = shows, 0
				s.Assumptions, s.Durations = &a, &d
				s.VMs[0].Guest = c.guest
			})
			before := p.w.Now()
			_, err := p.p.Stop(context.Background(), p.id, hyperv.StopOptions{Grace: grace, Force: c.force})
			if c.code == "" && err != nil {
				t.Errorf("%s: %v", c.name, err)
			} else if c.code != "" {
				p.fails(err, hyperv.ClassHold, c.code)
			}
			if took := p.w.Now().Sub(before); took != c.took {
				t.Errorf("%s: it took %v, want %v", c.name, took, c.took)
			}
			p.w.Advance(time.Minute)
			if got := p.read(p.p).Power; got != c.later {
				t.Errorf("%s: a minute later it is %s, want %s", c.name, got, c.later)
			}
			if c.name == "deaf once" {
				p.done(p.p.Stop(context.Background(), p.id, hyperv.StopOptions{Grace: grace}))
			}
		}
	}
}

func TestStopIsSeenWhileItLasts(t *testing.T) {
	for shows, want := range map[bool]hyperv.PowerState{false: hyperv.PowerRunning, true: hyperv.PowerStopping} {
		p := newPair(t, func(s *Spec) {
			a := DefaultAssumptions()
			a.ShutdownShowsStopping = shows
			s.Assumptions = &a
		})
		_, err := p.p.Stop(WithDeadline(context.Background(), 5*time.Second), p.id, gracefully)
		p.fails(err, hyperv.ClassUnknown, hyperv.CodeTimeout)
		if got := p.read(p.p).Power; got != want {
			t.Errorf("it is %s, want %s", got, want)
		}
		// A second stop joins the first: the guest is not asked to begin anew.
		before := p.w.Now()
		p.done(p.p.Stop(context.Background(), p.id, gracefully))
		if took := p.w.Now().Sub(before); took > 16*time.Second {
			t.Errorf("the second stop took %v", took)
		}
	}
}

func TestHeartbeat(t *testing.T) {
	for _, c := range []struct {
		guest Guest
		early hyperv.Heartbeat
		late  hyperv.Heartbeat
	}{
		{Guest{}, hyperv.HeartbeatNoContact, hyperv.HeartbeatOkHealthy},
		{Guest{Applications: "Unknown"}, hyperv.HeartbeatNoContact, hyperv.HeartbeatOkUnknown},
		{Guest{Applications: "Critical"}, hyperv.HeartbeatNoContact, hyperv.HeartbeatOkCritical},
		{Guest{NoIntegration: true}, hyperv.HeartbeatNoContact, hyperv.HeartbeatNoContact},
		{Guest{NeverBoots: true}, hyperv.HeartbeatNoContact, hyperv.HeartbeatNoContact},
		{Guest{Boot: Duration(5 * time.Minute)}, hyperv.HeartbeatNoContact, hyperv.HeartbeatNoContact},
		{Guest{Boot: Duration(time.Second)}, hyperv.HeartbeatOkHealthy, hyperv.HeartbeatOkHealthy},
	} {
		p := newPair(t, func(s *Spec) { s.VMs[0].Guest, s.VMs[0].Off = c.guest, true })
		if got := p.read(p.p).Heartbeat; got != hyperv.HeartbeatUnknown {
			t.Errorf("%+v: %s while off", c.guest, got)
		}
		p.done(p.p.Start(context.Background(), p.id))
		p.w.Advance(3 * time.Second)
		if got := p.read(p.p).Heartbeat; got != c.early {
			t.Errorf("%+v: %s at first", c.guest, got)
		}
		p.w.Advance(time.Minute)
		if got := p.read(p.p).Heartbeat; got != c.late {
			t.Errorf("%+v: %s after a minute", c.guest, got)
		}
	}
}

func TestPowerCmdlets(t *testing.T) {
	p := newPair(t, nil)
	ctx, m := context.Background(), p.w.Machine("p1")
	ok := func(want hyperv.PowerState, err error) {
		t.Helper()
		if got := p.read(p.p).Power; err != nil || got != want {
			t.Fatalf("%s, %v; want %s", got, err, want)
		}
	}
	refused := func(id string, err error) {
		t.Helper()
		if e, is := err.(*CmdletError); !is || e.ID != id {
			t.Fatalf("%v, want %s", err, id)
		}
	}
	ok(hyperv.PowerPaused, m.SuspendVM(ctx, p.id))
	still := p.truth("p1").Writes
	p.w.Advance(time.Minute)
	if got := p.truth("p1").Writes; got != still {
		t.Errorf("a paused VM made %d writes", got-still)
	}
	ok(hyperv.PowerPaused, m.SuspendVM(ctx, p.id))
	ok(hyperv.PowerRunning, m.ResumeVM(ctx, p.id))
	ok(hyperv.PowerSaved, m.SaveVM(ctx, p.id))
	ok(hyperv.PowerSaved, m.StopVM(ctx, p.id, StopVMOptions{Save: true}))
	refused(idInvalidState, m.StopVM(ctx, p.id, StopVMOptions{}))
	refused(idInvalidState, m.ResumeVM(ctx, p.id))
	refused(idInvalidState, m.StartVMFailover(ctx, p.id, StartVMFailoverOptions{Prepare: true})) // Saved is not Off
	ok(hyperv.PowerRunning, m.StartVM(ctx, p.id))
	if !p.read(p.p).Heartbeat.Alive() {
		t.Error("a restored VM boots")
	}
	refused(idInvalidState, m.RemoveVMSavedState(ctx, p.id))
	ok(hyperv.PowerRunning, m.RestartVM(ctx, p.id))
	if p.read(p.p).Heartbeat.Alive() {
		t.Error("a restarted VM does not boot")
	}
	p.w.Advance(time.Minute)
	ok(hyperv.PowerSaved, m.SaveVM(ctx, p.id))
	ok(hyperv.PowerOff, m.RemoveVMSavedState(ctx, p.id))
	ok(hyperv.PowerOff, m.StopVM(ctx, p.id, StopVMOptions{}))
	refused(idInvalidState, m.SuspendVM(ctx, p.id))
	refused(idInvalidState, m.SaveVM(ctx, p.id))
	refused(idInvalidParameter, m.StartVM(ctx, "11111111-2222-4333-8444-555555555555"))
	refused(idInvalidParameter, m.StopVM(ctx, p.id, StopVMOptions{TurnOff: true, Save: true}))
	ok(hyperv.PowerRunning, m.StartVM(ctx, p.id))
	ok(hyperv.PowerRunning, m.StartVM(ctx, p.id))
}
