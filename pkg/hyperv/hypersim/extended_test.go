package hypersim

import (
	"context"
	"testing"
	"time"

	"lifeboat.io/pkg/hyperv"
)

// newChain is a world of three hosts and one VM replicated along them.
func newChain(t *testing.T) (p *pair, third hyperv.Host) {
	p = newPair(t, func(s *Spec) {
		s.Hosts = append(s.Hosts, HostSpec{Name: "e1", Site: "north"})
		s.VMs[0].Extended = "e1"
	})
	return p, p.w.Host("e1")
}

func TestChain(t *testing.T) {
	p, e := newChain(t)
	p.w.Advance(time.Hour)
	middle := p.shows(p.r, hyperv.ModeReplica, hyperv.StateReplicating)
	if x := middle.Extended; x == nil || x.State != hyperv.StateReplicating || x.ReplicaServer != "e1.hyperv.example" || x.Frequency != 15*time.Minute {
		t.Fatalf("extended: %+v", x)
	}
	p.shows(e, hyperv.ModeExtendedReplica, hyperv.StateReplicating)
	a, b, c := p.truth("p1"), p.truth("r1"), p.truth("e1")
	if c.Writes > b.Writes || b.Writes > a.Writes || a.DataAsOf.Sub(c.DataAsOf) > 21*time.Minute || p.w.Diverged(p.id) {
		t.Errorf("writes %d, %d, %d", a.Writes, b.Writes, c.Writes)
	}
	all, err := p.w.Machine("r1").GetVMReplication(context.Background(), p.id)
	if err != nil || len(all) != 2 || all[0].RelationshipType != RelationSimple || all[1].RelationshipType != RelationExtended {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestChainGoesOnAfterFailover(t *testing.T) {
	p, e := newChain(t)
	ctx := context.Background()
	p.do(Action{Do: DoKill, Host: "p1"})
	p.done(p.r.FailOver(ctx, p.id, ""))
	p.done(p.r.Start(ctx, p.id))
	_, err := p.r.Reverse(ctx, p.id, hyperv.ReplicaServer{})
	p.fails(err, hyperv.ClassRefuse, hyperv.CodeWrongState) // extended replication is in the way
	if err := p.w.Machine("r1").ResumeVMReplication(ctx, p.id, ResumeVMReplicationOptions{Continue: true}); err != nil {
		t.Fatal(err)
	}
	vm := p.shows(p.r, hyperv.ModePrimary, hyperv.StateReplicating)
	if vm.Extended != nil {
		t.Errorf("still extended: %+v", vm.Extended)
	}
	p.w.Advance(time.Hour)
	p.shows(e, hyperv.ModeReplica, hyperv.StateReplicating)
	if b, c := p.truth("r1"), p.truth("e1"); c.Branch != b.Branch || b.DataAsOf.Sub(c.DataAsOf) > 16*time.Minute {
		t.Errorf("nothing flows to the third host: %+v, %+v", b, c)
	}
}

func TestFailoverToTheThirdHost(t *testing.T) {
	p, e := newChain(t)
	ctx := context.Background()
	// Zero loss needs both to be prepared, one after the other.
	p.done(p.p.Stop(ctx, p.id, gracefully))
	p.done(p.p.Prepare(ctx, p.id))
	if err := p.w.Machine("r1").StartVMFailover(ctx, p.id, StartVMFailoverOptions{Prepare: true}); err != nil {
		t.Fatal(err)
	}
	c := p.done(e.FailOver(ctx, p.id, ""))
	if c.After.Replication.FailedOver != hyperv.TypePlanned {
		t.Errorf("failed over from %s", c.After.Replication.FailedOver)
	}
	p.done(e.Start(ctx, p.id))
	p.done(e.Complete(ctx, p.id))
	p.shows(e, hyperv.ModeExtendedReplica, hyperv.StateFailedOver)
	if c := p.truth("e1"); c.Lost != 0 {
		t.Errorf("lost %d", c.Lost)
	}
	_, err := e.Prepare(ctx, p.id)
	p.fails(err, hyperv.ClassRefuse, hyperv.CodeWrongState)
}

func TestExtendAndTakeBack(t *testing.T) {
	p := newPair(t, func(s *Spec) { s.Hosts = append(s.Hosts, HostSpec{Name: "e1"}) })
	ctx, m := context.Background(), p.w.Machine("r1")
	o := EnableVMReplicationOptions{ReplicaServerName: "e1.hyperv.example", ReplicaServerPort: 80, AuthenticationType: authKerberos, ReplicationFrequencySec: 30}
	if e, _ := m.EnableVMReplication(ctx, p.id, o).(*CmdletError); e == nil || e.ID != idInvalidParameter {
		t.Fatalf("30 seconds: %v", e)
	}
	o.ReplicationFrequencySec = 900
	if err := m.EnableVMReplication(ctx, p.id, o); err != nil {
		t.Fatal(err)
	}
	if x := p.read(p.r).Extended; x == nil || x.State != hyperv.StateReadyForInitialReplication {
		t.Fatalf("extended: %+v", x)
	}
	p.shows(p.w.Host("e1"), hyperv.ModeExtendedReplica, hyperv.StateWaitingForInitial)
	if err := m.StartVMInitialReplication(ctx, p.id, StartVMInitialReplicationOptions{}); err != nil {
		t.Fatal(err)
	}
	p.w.Advance(time.Hour)
	p.shows(p.w.Host("e1"), hyperv.ModeExtendedReplica, hyperv.StateReplicating)
	if e, _ := m.RemoveVMReplication(ctx, p.id, RelationSimple).(*CmdletError); e == nil || e.ID != idOperationFailed {
		t.Errorf("removing the first relationship first: %v", e)
	}
	if err := m.RemoveVMReplication(ctx, p.id, RelationExtended); err != nil {
		t.Fatal(err)
	}
	if x := p.read(p.r).Extended; x != nil {
		t.Errorf("still extended: %+v", x)
	}
	p.shows(p.r, hyperv.ModeReplica, hyperv.StateReplicating)
}
