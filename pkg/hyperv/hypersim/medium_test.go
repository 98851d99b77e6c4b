package hypersim

import (
	"context"
	"testing"
	"time"

	"lifeboat.io/pkg/hyperv"
)

// exported is a pair whose primary has exported to R:\out, on a disk that still
// stands there.
func exported(t *testing.T) *pair {
	t.Helper()
	p := newSingle(t, nil)
	p.ran(p.w.Machine("p1").EnableVMReplication(context.Background(), p.id, kerberosTo("r1")))
	p.export()
	return p
}

func (p *pair) ran(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *pair) export() {
	p.t.Helper()
	p.ran(p.w.Machine("p1").StartVMInitialReplication(context.Background(), p.id, StartVMInitialReplicationOptions{DestinationPath: `R:\out\`}))
}

func (p *pair) ship(path string) {
	p.t.Helper()
	p.do(Action{Do: DoShipMedia, Host: "p1", Path: `R:\out`, To: "r1", ToPath: path})
}

// folder is the VM's folder in another.
func (p *pair) folder(path string) string { return path + `\vm1_` + string(p.id) }

func (p *pair) importFrom(path string) error {
	return p.w.Machine("r1").ImportVMInitialReplication(context.Background(), p.id, path)
}

func TestExportIsShippedAndImported(t *testing.T) {
	p := exported(t)
	p.shows(p.p, hyperv.ModePrimary, hyperv.StateInitialInProgress)
	p.shows(p.r, hyperv.ModeReplica, hyperv.StateWaitingForInitial)
	cmdletFails(t, p.importFrom(p.folder(`R:\out`)), idObjectNotFound) // it stands at the primary
	p.ship(`D:\in`)
	cmdletFails(t, p.importFrom(`D:\in`), idObjectNotFound) // the folder above
	p.w.Advance(8 * time.Hour)
	if m := p.replication("p1"); m.SuccessfulReplicationCount == 0 || !m.LastReplication.IsZero() {
		t.Errorf("changes do not flow before the import: %+v", m)
	}
	if r := p.read(p.r).Replication; !r.LastReplication.IsZero() || r.State != hyperv.StateWaitingForInitial {
		t.Errorf("the replica says it has something already: %+v", r)
	}
	_, err := p.r.FailOver(context.Background(), p.id, "")
	p.fails(err, hyperv.ClassRefuse, hyperv.CodeWrongState)
	p.ran(p.importFrom(p.folder(`d:\IN`) + `\`))
	p.shows(p.p, hyperv.ModePrimary, hyperv.StateReplicating)
	p.shows(p.r, hyperv.ModeReplica, hyperv.StateReplicating)
	if a, b := p.truth("p1"), p.truth("r1"); a.DataAsOf.Sub(b.DataAsOf) > 20*time.Minute {
		t.Errorf("what flowed before the import is not in the replica: it is %v behind", a.DataAsOf.Sub(b.DataAsOf))
	}
	cmdletFails(t, p.importFrom(p.folder(`D:\in`)), idInvalidState)
	p.w.Advance(time.Hour)
	p.done(p.r.FailOver(context.Background(), p.id, ""))
}

func TestImportRefuses(t *testing.T) {
	ctx := context.Background()
	t.Run("on a primary", func(t *testing.T) {
		p := exported(t)
		cmdletFails(t, p.w.Machine("p1").ImportVMInitialReplication(ctx, p.id, p.folder(`R:\out`)), idOperationFailed)
	})
	t.Run("while the copy goes over the network", func(t *testing.T) {
		p := exported(t)
		p.ship(`D:\in`)
		m := p.w.Machine("p1")
		p.ran(m.StopVMInitialReplication(ctx, p.id))
		p.ran(m.StartVMInitialReplication(ctx, p.id, StartVMInitialReplicationOptions{}))
		cmdletFails(t, p.importFrom(p.folder(`D:\in`)), idObjectInUse)
		p.w.Advance(time.Hour)
		p.shows(p.r, hyperv.ModeReplica, hyperv.StateReplicating)
	})
	t.Run("what was exported before", func(t *testing.T) {
		p := exported(t)
		p.ship(`D:\in`)
		p.ran(p.w.Machine("p1").StopVMInitialReplication(ctx, p.id))
		cmdletFails(t, p.importFrom(p.folder(`D:\in`)), idInvalidParameter)
		p.export()
		cmdletFails(t, p.importFrom(p.folder(`D:\in`)), idInvalidParameter)
		p.ship(`D:\in`)
		p.ran(p.importFrom(p.folder(`D:\in`)))
	})
	t.Run("another VM", func(t *testing.T) {
		p := newPair(t, func(s *Spec) { s.VMs = []VMSpec{{Name: "vm1", Host: "p1"}, {Name: "vm2", Host: "p1"}} })
		m := p.w.Machine("p1")
		other := p.w.Truth().Copies[1].VM
		for _, id := range []hyperv.VMID{p.id, other} {
			p.ran(m.EnableVMReplication(ctx, id, kerberosTo("r1")))
			p.ran(m.StartVMInitialReplication(ctx, id, StartVMInitialReplicationOptions{DestinationPath: `\\files\out`}))
		}
		cmdletFails(t, p.importFrom(`\\files\out\vm2_`+string(other)), idInvalidParameter)
		p.ran(p.importFrom(p.folder(`\\files\out`))) // a share is there for every host
	})
}

// TestImportUnseenByThePrimary: the import needs no link, and the primary
// learns of it with its next cycle.
func TestImportUnseenByThePrimary(t *testing.T) {
	p := exported(t)
	p.ship(`D:\in`)
	p.do(Action{Do: DoSetLink, From: "p1", To: "r1", Link: &Link{Down: true}})
	p.ran(p.importFrom(p.folder(`D:\in`)))
	p.shows(p.r, hyperv.ModeReplica, hyperv.StateReplicating)
	p.shows(p.p, hyperv.ModePrimary, hyperv.StateInitialInProgress)
	p.do(Action{Do: DoSetLink, From: "p1", To: "r1", Link: &Link{}})
	p.w.Advance(10 * time.Minute)
	p.shows(p.p, hyperv.ModePrimary, hyperv.StateReplicating)
	p.w.Advance(time.Hour)
	if a, b := p.truth("p1"), p.truth("r1"); a.DataAsOf.Sub(b.DataAsOf) > 6*time.Minute {
		t.Errorf("the replica is %v behind", a.DataAsOf.Sub(b.DataAsOf))
	}
}

func TestPausedExportGoesOn(t *testing.T) {
	p := exported(t)
	ctx, m := context.Background(), p.w.Machine("p1")
	p.ship(`D:\in`)
	p.ran(m.SuspendVMReplication(ctx, p.id, ""))
	p.ran(m.ResumeVMReplication(ctx, p.id, ResumeVMReplicationOptions{}))
	p.shows(p.p, hyperv.ModePrimary, hyperv.StateInitialInProgress)
	p.ran(p.importFrom(p.folder(`D:\in`)))
	p.shows(p.p, hyperv.ModePrimary, hyperv.StateReplicating)
}

// TestCrashVoidsTheExport: what changed in the open log is lost, so what was
// exported is of no use any more.
func TestCrashVoidsTheExport(t *testing.T) {
	p := exported(t)
	p.ship(`D:\in`)
	p.do(Action{Do: DoKill, Host: "p1"})
	p.do(Action{Do: DoStart, Host: "p1"})
	p.w.Advance(10 * time.Minute)
	p.shows(p.p, hyperv.ModePrimary, hyperv.StateError)
	cmdletFails(t, p.importFrom(p.folder(`D:\in`)), idInvalidParameter)
	p.ran(p.w.Machine("p1").ResumeVMReplication(context.Background(), p.id, ResumeVMReplicationOptions{}))
	p.w.Advance(time.Hour)
	p.shows(p.r, hyperv.ModeReplica, hyperv.StateReplicating)
}

func TestExportIsCancelled(t *testing.T) {
	p := newPair(t, func(s *Spec) { s.Live, s.VMs[0].Replica = true, "" })
	ctx, m := context.Background(), p.w.Machine("p1")
	enabled := make(chan error, 1)
	go func() { enabled <- m.EnableVMReplication(ctx, p.id, kerberosTo("r1")) }()
	for waiting := true; waiting; {
		select {
		case err := <-enabled:
			p.ran(err)
			waiting = false
		default:
			p.w.Advance(time.Second)
		}
	}
	exported := make(chan error, 1)
	go func() {
		exported <- m.StartVMInitialReplication(ctx, p.id, StartVMInitialReplicationOptions{DestinationPath: `R:\out`})
	}()
	for m.StopVMInitialReplication(ctx, p.id) != nil { // until it has begun
	}
	cmdletFails(t, <-exported, idOperationFailed)
	p.w.Advance(time.Hour)
	if v := p.replication("p1"); v.State != hyperv.StateReadyForInitialReplication {
		t.Errorf("the primary shows %s", v.State)
	}
}

func TestExportTakesNoSeed(t *testing.T) {
	p := newSingle(t, nil)
	ctx, m := context.Background(), p.w.Machine("p1")
	p.ran(m.EnableVMReplication(ctx, p.id, kerberosTo("r1")))
	for _, o := range []StartVMInitialReplicationOptions{
		{UseBackup: true, DestinationPath: `R:\out`},
		{UseBackup: true, InitialReplicationStartTime: p.w.Now().Add(time.Hour)},
	} {
		cmdletFails(t, m.StartVMInitialReplication(ctx, p.id, o), idInvalidParameter)
	}
}

func TestFirstReplicationIsPutOff(t *testing.T) {
	p := newSingle(t, nil)
	ctx, m := context.Background(), p.w.Machine("p1")
	p.ran(m.EnableVMReplication(ctx, p.id, kerberosTo("r1")))
	first, later := p.w.Now().Add(time.Hour), p.w.Now().Add(3*time.Hour)
	p.ran(m.StartVMInitialReplication(ctx, p.id, StartVMInitialReplicationOptions{InitialReplicationStartTime: first}))
	p.ran(m.SetVMReplication(ctx, p.id, SetVMReplicationOptions{InitialReplicationStartTime: &later}))
	p.w.AdvanceTo(later.Add(-time.Minute))
	if v := p.replication("p1"); v.State != hyperv.StateReadyForInitialReplication || !v.InitialReplicationStartTime.Equal(later) || v.InitialReplicationSize == 0 {
		t.Errorf("%+v", v)
	}
	p.w.AdvanceTo(later.Add(time.Minute))
	p.shows(p.p, hyperv.ModePrimary, hyperv.StateInitialInProgress)
	cmdletFails(t, m.SetVMReplication(ctx, p.id, SetVMReplicationOptions{InitialReplicationStartTime: &later}), idInvalidState)
	p.w.Advance(2 * time.Hour)
	if v := p.replication("p1"); v.InitialReplicationSize != 0 {
		t.Errorf("%d bytes are still to be copied", v.InitialReplicationSize)
	}
}
