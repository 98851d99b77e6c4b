package hypersim

import (
	"context"
	"testing"
	"time"

	"lifeboat.io/pkg/hyperv"
)

func TestAutomaticStart(t *testing.T) {
	for _, c := range []struct {
		action  hyperv.StartAction
		off     bool
		prepare bool
		want    hyperv.PowerState
	}{
		{action: hyperv.StartNothing, want: hyperv.PowerOff},
		{action: hyperv.StartIfRunning, want: hyperv.PowerRunning},
		{action: hyperv.StartIfRunning, off: true, want: hyperv.PowerOff},
		{action: hyperv.StartAlways, off: true, want: hyperv.PowerRunning},
		{action: hyperv.StartAlways, off: true, prepare: true, want: hyperv.PowerOff}, // locked
	} {
		p := newPair(t, func(s *Spec) { s.VMs[0].AutoStart, s.VMs[0].AutoStartDelay = c.action, Duration(30*time.Second) })
		if c.off {
			p.done(p.p.Stop(context.Background(), p.id, gracefully))
		}
		if c.prepare {
			p.done(p.p.Prepare(context.Background(), p.id))
		}
		p.do(Action{Do: DoKill, Host: "p1"})
		p.w.Advance(time.Minute)
		p.do(Action{Do: DoStart, Host: "p1"})
		p.w.Advance(2 * time.Minute)
		if got := p.read(p.p).Power; got != hyperv.PowerOff {
			t.Errorf("%+v: %s before the automatic start delay", c, got)
		}
		p.w.Advance(time.Minute)
		if got := p.read(p.p).Power; got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
	// A replica that is not failed over does not start, whatever its action.
	p := newPair(t, nil)
	p.done(p.r.SetAutoStart(context.Background(), p.id, hyperv.StartAlways))
	p.do(Action{Do: DoKill, Host: "r1"})
	p.do(Action{Do: DoStart, Host: "r1"})
	p.w.Advance(5 * time.Minute)
	if got := p.read(p.r).Power; got != hyperv.PowerOff {
		t.Errorf("the replica is %s", got)
	}
}

func TestWhatAStoppedHostLeaves(t *testing.T) {
	for _, c := range []struct {
		name  string
		stop  ActionKind
		auto  StopAction
		error bool
		state hyperv.ReplicationState
		power hyperv.PowerState
	}{
		{"power loss", DoKill, StopSave, true, hyperv.StateWaitingForStartResync, hyperv.PowerOff},
		{"graceful, saving", DoShutDown, StopSave, true, hyperv.StateError, hyperv.PowerSaved},
		{"graceful, turning off", DoShutDown, StopTurnOff, true, hyperv.StateError, hyperv.PowerOff},
		{"graceful, shutting down", DoShutDown, StopShutDown, true, hyperv.StateError, hyperv.PowerOff},
		{"graceful, patched host", DoShutDown, StopSave, false, hyperv.StateReplicating, hyperv.PowerSaved},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPair(t, func(s *Spec) {
				a := DefaultAssumptions()
				a.GracefulStopErrors = c.error
				s.Assumptions = &a
				s.VMs[0].AutoStop, s.VMs[0].AutoStart = c.auto, hyperv.StartNothing
			})
			p.do(Action{Do: c.stop, Host: "p1"})
			p.w.Advance(2 * time.Minute)
			if m := p.w.Machine("p1"); !m.Condition().Down {
				t.Fatal("the host is not down")
			}
			if c := p.truth("p1"); c.Runs {
				t.Error("the VM runs on a host that is down")
			}
			p.do(Action{Do: DoStart, Host: "p1"})
			p.w.Advance(3 * time.Minute)
			vm := p.shows(p.p, hyperv.ModePrimary, c.state)
			if vm.Power != c.power {
				t.Errorf("the VM is %s, want %s", vm.Power, c.power)
			}
		})
	}
}

func TestHostDiesDuringFailover(t *testing.T) {
	for stays, state := range map[bool]hyperv.ReplicationState{false: hyperv.StateReplicating, true: hyperv.StateRecoveryInProgress} {
		p := newPair(t, func(s *Spec) {
			a := DefaultAssumptions()
			a.InterruptedFailoverStays = stays
			s.Assumptions = &a
		})
		ctx := context.Background()
		p.done(p.p.Stop(ctx, p.id, gracefully))
		if err := p.w.Schedule(p.w.Now().Add(3*time.Second), Action{Do: DoKill, Host: "r1"}); err != nil {
			t.Fatal(err)
		}
		_, err := p.r.FailOver(ctx, p.id, "")
		p.fails(err, hyperv.ClassUnknown, hyperv.CodeReplyLost)
		p.do(Action{Do: DoStart, Host: "r1"})
		p.w.Advance(3 * time.Minute)
		p.shows(p.r, hyperv.ModeReplica, state)
		if stays {
			_, err = p.r.FailOver(ctx, p.id, "")
			p.fails(err, hyperv.ClassRetry, idObjectInUse)
			p.done(p.r.CancelFailover(ctx, p.id))
		}
		p.done(p.r.FailOver(ctx, p.id, ""))
	}
}

func TestHostDiesDuringPrepare(t *testing.T) {
	p := newPair(t, nil)
	ctx := context.Background()
	p.done(p.p.Stop(ctx, p.id, gracefully))
	if err := p.w.Schedule(p.w.Now().Add(2*time.Second), Action{Do: DoKill, Host: "r1"}); err != nil {
		t.Fatal(err)
	}
	_, err := p.p.Prepare(ctx, p.id)
	p.fails(err, hyperv.ClassRetry, idOperationFailed)
	p.shows(p.p, hyperv.ModePrimary, hyperv.StateReplicating)
}

func TestFrozenHostCostsTheDeadline(t *testing.T) {
	p := newPair(t, nil)
	ctx := WithDeadline(context.Background(), 45*time.Second)
	p.do(Action{Do: DoFreeze, Host: "p1"})
	writes, before := p.truth("p1").Writes, p.w.Now()
	_, err := p.p.Stop(ctx, p.id, hyperv.StopOptions{})
	p.fails(err, hyperv.ClassUnknown, hyperv.CodeTimeout)
	if cost := p.w.Now().Sub(before); cost != 45*time.Second {
		t.Errorf("it cost %v", cost)
	}
	_, err = p.p.Read(ctx, p.id)
	p.fails(err, hyperv.ClassRetry, hyperv.CodeTimeout)
	_, err = p.p.Stop(hyperv.BeginBy(ctx, p.w.Now().Add(time.Minute)), p.id, hyperv.StopOptions{})
	p.fails(err, hyperv.ClassUnknown, hyperv.CodeTimeout)
	if c := p.truth("p1"); !c.Runs || c.Writes <= writes {
		t.Errorf("the guest stands still: %+v", c)
	}
	p.w.Advance(time.Hour)
	if got := p.read(p.r).Replication.LastReplication; p.w.Now().Sub(got) < time.Hour {
		t.Error("a frozen host replicates")
	}
	// What came in meanwhile is carried out now, but for what was to begin by
	// a time that has passed.
	p.do(Action{Do: DoUnfreeze, Host: "p1"})
	p.w.Advance(10 * time.Second)
	if got := p.read(p.p).Power; got != hyperv.PowerOff {
		t.Errorf("the VM is %s", got)
	}
	stops := 0
	entries, _ := p.w.Journal()
	for _, e := range entries {
		if e.Cmdlet == "Stop-VM -TurnOff" {
			stops++
		}
	}
	if stops != 1 {
		t.Errorf("%d requests were carried out", stops)
	}
}

func TestUnreachablePrimaryRunsOn(t *testing.T) {
	p := newPair(t, nil)
	ctx := context.Background()
	before := p.w.Now()
	p.do(Action{Do: DoCutWinRM, Host: "p1"})
	_, err := p.p.Read(ctx, p.id)
	p.fails(err, hyperv.ClassRetry, hyperv.CodeUnreachable)
	p.w.Advance(10 * time.Minute)
	if got := p.read(p.r).Replication.LastReplication; !got.After(before) {
		t.Error("replication stopped with WinRM")
	}
	if c := p.truth("p1"); !c.Runs {
		t.Error("the VM stopped with WinRM")
	}
	p.do(Action{Do: DoRestoreWinRM, Host: "p1"})

	// Cut in the middle of a call: the caller learns nothing, the host goes on.
	if err := p.w.Schedule(p.w.Now().Add(5*time.Second), Action{Do: DoCutWinRM, Host: "p1"}); err != nil {
		t.Fatal(err)
	}
	_, err = p.p.Stop(ctx, p.id, gracefully)
	p.fails(err, hyperv.ClassUnknown, hyperv.CodeReplyLost)
	p.w.Advance(time.Minute)
	if c := p.truth("p1"); c.Runs {
		t.Error("the guest was not shut down")
	}
}

func TestClockSkew(t *testing.T) {
	p := newPair(t, func(s *Spec) { s.Hosts[1].Skew = Duration(-3 * time.Minute) })
	a, b := p.read(p.p), p.read(p.r)
	if d := a.HostTime.Sub(b.HostTime).Round(time.Second); d != 3*time.Minute {
		t.Errorf("the clocks are %v apart", d)
	}
	if d := a.Replication.LastReplication.Sub(b.Replication.LastReplication); d != 3*time.Minute {
		t.Errorf("the stamps are %v apart", d)
	}
}
