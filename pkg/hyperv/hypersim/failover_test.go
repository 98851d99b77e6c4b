package hypersim

import (
	"context"
	"testing"
	"time"

	"lifeboat.io/pkg/hyperv"
)

// pair is a world of two hosts and one VM, with what tests look at most.
type pair struct {
	t    *testing.T
	w    *World
	p, r hyperv.Host
	id   hyperv.VMID
}

func newPair(t *testing.T, change func(s *Spec)) *pair {
	t.Helper()
	s := Pair(1)
	if change != nil {
		change(&s)
	}
	w := must(t, s)
	return &pair{t: t, w: w, p: w.Host("p1"), r: w.Host("r1"), id: w.lineages[0].id}
}

// done fails the test unless a verb succeeded and acted.
func (p *pair) done(c hyperv.Change, err error) hyperv.Change {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
	if !c.Acted {
		p.t.Fatalf("nothing was done: %+v", c.After)
	}
	return c
}

// fails fails the test unless an error has this class and code.
func (p *pair) fails(err error, class hyperv.Class, code string) *hyperv.Error {
	p.t.Helper()
	e := hyperv.AsError(err)
	if e == nil || e.Class != class || e.Code != code {
		p.t.Fatalf("got %v, want %s (%s)", err, code, class)
	}
	return e
}

func (p *pair) do(a Action) {
	p.t.Helper()
	if err := p.w.Do(a); err != nil {
		p.t.Fatal(err)
	}
}

func (p *pair) read(h hyperv.Host) hyperv.VM {
	p.t.Helper()
	vm, err := h.Read(context.Background(), p.id)
	if err != nil {
		p.t.Fatal(err)
	}
	return vm
}

// shows fails the test unless a host shows mode and state.
func (p *pair) shows(h hyperv.Host, mode hyperv.Mode, state hyperv.ReplicationState) hyperv.VM {
	p.t.Helper()
	vm := p.read(h)
	if vm.Replication.Mode != mode || vm.Replication.State != state {
		p.t.Fatalf("%s shows %s/%s, want %s/%s", h.Name(), vm.Replication.Mode, vm.Replication.State, mode, state)
	}
	return vm
}

func (p *pair) truth(host string) CopyTruth {
	p.t.Helper()
	c, ok := p.w.Copy(host, p.id)
	if !ok {
		p.t.Fatalf("%s has no copy", host)
	}
	return c
}

func (p *pair) overlaps(n int) {
	p.t.Helper()
	if o := p.w.Overlaps(p.id); len(o) != n {
		p.t.Fatalf("%d overlaps, want %d: %+v", len(o), n, o)
	}
}

var gracefully = hyperv.StopOptions{Grace: 5 * time.Minute, Force: true}

func TestPlannedFailoverLosesNothing(t *testing.T) {
	p := newPair(t, nil)
	ctx := context.Background()
	p.w.Advance(17 * time.Minute)
	p.done(p.p.Stop(ctx, p.id, gracefully))
	last := p.truth("p1").Writes
	p.done(p.p.Prepare(ctx, p.id))
	p.shows(p.p, hyperv.ModePrimary, hyperv.StatePreparedForFailover)
	c := p.done(p.r.FailOver(ctx, p.id, ""))
	if got := c.After.Replication.FailedOver; got != hyperv.TypePlanned {
		t.Errorf("failed over from %s", got)
	}
	p.shows(p.r, hyperv.ModeReplica, hyperv.StateFailedOverWaitingCompletion)
	p.done(p.r.Reverse(ctx, p.id, hyperv.ReplicaServer{}))
	p.shows(p.p, hyperv.ModeReplica, hyperv.StateReplicating)
	p.shows(p.r, hyperv.ModePrimary, hyperv.StateReplicating)
	p.done(p.r.Start(ctx, p.id))
	p.w.Advance(time.Hour)

	r, old := p.truth("r1"), p.truth("p1")
	if r.ForkedAt != last || r.Lost != 0 {
		t.Errorf("the new primary went on from write %d of %d and lost %d", r.ForkedAt, last, r.Lost)
	}
	if r.Writes <= last || old.Writes <= last || old.Branch != r.Branch {
		t.Errorf("writes do not flow back: new primary %+v, old primary %+v", r, old)
	}
	p.overlaps(0)

	// And back again.
	plannedFailover(t, p.w, "r1", "p1", p.id)
	if c := p.truth("p1"); c.Lost != 0 || !c.Runs {
		t.Errorf("failback: %+v", c)
	}
	p.overlaps(0)
}

func TestTestFailoverTouchesNothing(t *testing.T) {
	p := newPair(t, nil)
	ctx := context.Background()
	branch := p.truth("p1").Branch
	p.done(p.r.StartTestFailover(ctx, p.id, ""))
	test := p.read(p.r).TestVM
	if test == nil || test.Name != "vm1 - Test" || test.ID == p.id || test.Power != hyperv.PowerOff || test.Adapters[0].Switch != "Isolated" {
		t.Fatalf("test VM: %+v", test)
	}
	p.done(p.r.Start(ctx, test.ID))
	p.w.Advance(20 * time.Minute)
	if vm := p.read(p.r); !vm.TestVM.Heartbeat.Alive() {
		t.Errorf("the test VM's heartbeat is %s", vm.TestVM.Heartbeat)
	}
	if got := p.w.Running(p.id); len(got) != 1 || got[0] != "p1" {
		t.Errorf("runs on %v", got)
	}
	p.done(p.r.StopTestFailover(ctx, p.id))
	p.w.Advance(20 * time.Minute)
	primary, replica := p.truth("p1"), p.truth("r1")
	if primary.Branch != branch || replica.Branch != branch || replica.DataAsOf.Before(p.w.Now().Add(-6*time.Minute)) {
		t.Errorf("replication did not go on: %+v, %+v", primary, replica)
	}
	if all, _ := p.r.ListVMs(ctx); len(all) != 1 {
		t.Errorf("left behind: %+v", all)
	}
	p.overlaps(0)
}

func TestUnplannedFailoverLosesWhatWasNotSent(t *testing.T) {
	p := newPair(t, nil)
	ctx := context.Background()
	p.w.Advance(7 * time.Minute)
	p.do(Action{Do: DoKill, Host: "p1"})
	dead, replica := p.truth("p1"), p.truth("r1")
	if replica.Lost != dead.Writes-replica.Writes || replica.Lost == 0 {
		t.Fatalf("replica has %d of %d writes and says %d are lost", replica.Writes, dead.Writes, replica.Lost)
	}
	_, err := p.p.Read(ctx, p.id)
	p.fails(err, hyperv.ClassRetry, hyperv.CodeUnreachable)

	p.done(p.r.FailOver(ctx, p.id, ""))
	p.done(p.r.Start(ctx, p.id))
	p.w.Advance(time.Minute)
	p.done(p.r.Complete(ctx, p.id))
	p.shows(p.r, hyperv.ModeReplica, hyperv.StateFailedOver)
	if got := p.truth("r1").Lost; got != replica.Lost {
		t.Errorf("lost %d, want %d", got, replica.Lost)
	}
	p.overlaps(0)

	// The old primary comes back and starts its VM by itself.
	p.do(Action{Do: DoStart, Host: "p1"})
	p.w.Advance(5 * time.Minute)
	p.shows(p.p, hyperv.ModePrimary, hyperv.StateWaitingForStartResync)
	if o := p.w.Overlaps(p.id); len(o) != 1 || !o[0].To.IsZero() {
		t.Fatalf("two copies run, but the history says %+v", o)
	}
	_, err = p.p.BecomeReplica(ctx, p.id)
	p.fails(err, hyperv.ClassRefuse, hyperv.CodeWrongState)
	p.done(p.p.Stop(ctx, p.id, hyperv.StopOptions{Force: true}))
	p.overlaps(1)
	if !p.w.Diverged(p.id) {
		t.Error("two copies ran and did not diverge")
	}
	p.done(p.p.SetAutoStart(ctx, p.id, hyperv.StartNothing))
	p.done(p.p.BecomeReplica(ctx, p.id))
	p.shows(p.p, hyperv.ModeReplica, hyperv.StateWaitingForInitial)
	p.done(p.r.Reverse(ctx, p.id, hyperv.ReplicaServer{Server: "p1"}))
	p.shows(p.r, hyperv.ModePrimary, hyperv.StateReadyForInitialReplication)
	p.w.Advance(time.Minute) // the merge is over
	if err := p.w.Machine("r1").StartVMInitialReplication(ctx, p.id, StartVMInitialReplicationOptions{UseBackup: true}); err != nil {
		t.Fatal(err)
	}
	p.shows(p.r, hyperv.ModePrimary, hyperv.StateInitialInProgress)
	p.w.Advance(10 * time.Minute)
	p.shows(p.r, hyperv.ModePrimary, hyperv.StateReplicating)
	p.shows(p.p, hyperv.ModeReplica, hyperv.StateReplicating)
	if p.w.Diverged(p.id) {
		t.Error("still diverged after initial replication")
	}
}

func TestFailoverToARecoveryPoint(t *testing.T) {
	p := newPair(t, nil)
	ctx := context.Background()
	points := p.read(p.r).RecoveryPoints
	if len(points) != 4 {
		t.Fatalf("%d recovery points", len(points))
	}
	_, err := p.r.FailOver(ctx, p.id, "11111111-2222-4333-8444-555555555555")
	p.fails(err, hyperv.ClassRefuse, hyperv.CodeNoSuchRecoveryPoint)
	p.done(p.p.Stop(ctx, p.id, hyperv.StopOptions{}))
	latest := p.truth("r1").Writes
	p.done(p.r.FailOver(ctx, p.id, points[1].ID))
	if got := p.truth("r1"); got.Writes >= latest || !got.DataAsOf.Equal(points[1].Time) {
		t.Errorf("holds %d of %d writes, as of %s; the point is of %s", got.Writes, latest, got.DataAsOf, points[1].Time)
	}
	p.done(p.r.Start(ctx, p.id))
	p.w.Advance(time.Minute)
	_, err = p.r.CancelFailover(ctx, p.id)
	p.fails(err, hyperv.ClassRefuse, hyperv.CodeWrongState)
	p.done(p.r.Stop(ctx, p.id, hyperv.StopOptions{}))
	p.done(p.r.CancelFailover(ctx, p.id))
	if got := p.truth("r1").Writes; got != latest {
		t.Errorf("after cancelling it holds %d writes, want %d", got, latest)
	}
	if n := len(p.read(p.r).RecoveryPoints); n != 4 {
		t.Errorf("%d recovery points are left", n)
	}
}

func TestHourlyRecoveryPoints(t *testing.T) {
	p := newPair(t, func(s *Spec) { s.VMs[0].VSSHours = 2 })
	before := p.read(p.r).RecoveryPoints
	p.w.Advance(3 * time.Hour)
	if after := p.read(p.r).RecoveryPoints; len(after) != 4 || after[0].ID != before[3].ID {
		t.Fatalf("before %+v\nafter %+v", before, after)
	}
	p.w.Advance(3 * time.Hour)
	after := p.read(p.r).RecoveryPoints
	if len(after) != 4 || after[0].Time.Before(before[3].Time) {
		t.Fatalf("before %+v\nafter %+v", before, after)
	}
	consistent := 0
	for _, point := range after {
		if point.Type == SnapshotAppConsistentReplica {
			consistent++
		}
	}
	if consistent != 2 {
		t.Errorf("%d of %+v are application-consistent", consistent, after)
	}
}
