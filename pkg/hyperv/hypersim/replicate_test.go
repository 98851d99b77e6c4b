package hypersim

import (
	"context"
	"testing"
	"time"

	"lifeboat.io/pkg/hyperv"
)

// replication is the VM's Simple relationship as its host shows it.
func (p *pair) replication(host string) Measurement {
	p.t.Helper()
	all, err := p.w.Machine(host).MeasureVMReplication(context.Background(), p.id)
	if err != nil || len(all) == 0 {
		p.t.Fatalf("%v, %v", all, err)
	}
	return all[0]
}

func TestLinkCut(t *testing.T) {
	p := newPair(t, nil)
	ctx := context.Background()
	p.do(Action{Do: DoSetLink, From: "west", To: "east", Link: &Link{Down: true}}) // the other way
	p.w.Advance(time.Hour)
	p.shows(p.p, hyperv.ModePrimary, hyperv.StateReplicating)
	p.do(Action{Do: DoSetLink, From: "p1", To: "r1", Link: &Link{Down: true}})
	cut := p.w.Now()
	p.w.Advance(6 * time.Minute)
	vm := p.shows(p.p, hyperv.ModePrimary, hyperv.StateReplicating)
	if vm.Replication.Health != hyperv.HealthCritical {
		t.Errorf("health is %s while nothing can be sent", vm.Replication.Health)
	}
	if got := p.read(p.r).Replication.LastReplication; got.After(cut) {
		t.Error("the replica receives over a link that is down")
	}
	p.w.Advance(10 * time.Minute)
	p.shows(p.p, hyperv.ModePrimary, hyperv.StateError)
	if m := p.replication("p1"); m.ReplicationErrors == 0 || m.MissedReplicationCount == 0 || m.PendingReplicationSize == 0 || len(m.ReplicationHealthDetails) == 0 {
		t.Errorf("measured %+v", m)
	}
	p.do(Action{Do: DoSetLink, From: "p1", To: "r1", Link: &Link{}})
	p.w.Advance(time.Hour)
	p.shows(p.p, hyperv.ModePrimary, hyperv.StateError) // it does not mend itself
	if err := p.w.Machine("p1").ResumeVMReplication(ctx, p.id, ResumeVMReplicationOptions{}); err != nil {
		t.Fatal(err)
	}
	p.w.Advance(time.Minute)
	vm = p.shows(p.p, hyperv.ModePrimary, hyperv.StateReplicating)
	if p.w.Now().Sub(vm.Replication.LastReplication) > time.Minute {
		t.Error("nothing was sent after resuming")
	}
}

func TestConnectionsFail(t *testing.T) {
	cert := func(s *Spec) {
		for i := range s.Hosts {
			tp := "AA0" + s.Hosts[i].Name
			s.Hosts[i].Certificates = []Certificate{{Thumbprint: tp}}
			s.Hosts[i].Server = &ReplicationServer{ReplicationEnabled: true, AllowedAuthenticationType: authCertificate, CertificateThumbprint: tp,
				ReplicationAllowedFromAnyServer: true, DefaultStorageLocation: defaultStorage}
		}
		s.VMs[0].Authentication, s.VMs[0].CertificateThumbprint = authCertificate, "AA0p1"
	}
	ctx := context.Background()
	for name, c := range map[string]struct {
		world func(s *Spec)
		do    func(p *pair)
		code  uint32 // of Test-VMReplicationConnection
	}{
		"fine":              {nil, func(*pair) {}, 0},
		"with certificates": {cert, func(*pair) {}, 0},
		"host down":         {nil, func(p *pair) { p.do(Action{Do: DoKill, Host: "r1"}) }, codeTimedOut},
		"host frozen":       {nil, func(p *pair) { p.do(Action{Do: DoFreeze, Host: "r1"}) }, codeAborted},
		"link fault": {nil, func(p *pair) {
			p.do(Action{Do: DoSetLink, From: "p1", To: "r1", Link: &Link{Fault: codeTargetUnknown}})
		}, codeTargetUnknown},
		"sender's certificate":   {cert, func(p *pair) { p.do(Action{Do: DoSpoilCertificate, Host: "p1", Thumbprint: "aa0P1"}) }, codeUntrustedRoot},
		"receiver's certificate": {cert, func(p *pair) { p.do(Action{Do: DoSpoilCertificate, Host: "r1", Thumbprint: "aa0R1"}) }, codeUntrustedRoot},
		"listener off": {nil, func(p *pair) {
			if err := p.w.Machine("r1").SetVMReplicationServer(ctx, ReplicationServer{}); err != nil {
				p.t.Fatal(err)
			}
		}, codeAborted},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPair(t, c.world)
			c.do(p)
			r := p.read(p.p).Replication
			err := p.w.Machine("p1").TestVMReplicationConnection(ctx, r.ReplicaServer, r.ReplicaPort, string(r.Authentication), r.CertificateThumbprint)
			e, _ := err.(*CmdletError)
			if (c.code == 0) != (err == nil) || e != nil && (e.HResult != c.code || e.Message == "") {
				t.Fatalf("%v, want %#x", err, c.code)
			}
			since := p.w.Now()
			p.w.Advance(30 * time.Minute)
			if p.read(p.p).Replication.LastReplication.After(since) != (c.code == 0) {
				t.Error("replication does not agree")
			}
		})
	}
	w := must(t, Pair(1))
	if e, _ := w.Machine("p1").TestVMReplicationConnection(ctx, "nowhere", 80, authKerberos, "").(*CmdletError); e == nil || e.HResult != codeNotResolved {
		t.Errorf("%v", e)
	}
}

func TestFullStorageStopsReplication(t *testing.T) {
	p := newPair(t, nil)
	p.do(Action{Do: DoSetSpace, Host: "r1", Drive: "d", Bytes: 0})
	since := p.w.Now()
	p.w.Advance(20 * time.Minute)
	p.shows(p.p, hyperv.ModePrimary, hyperv.StateError)
	if p.read(p.r).Replication.LastReplication.After(since) {
		t.Error("a full volume takes changes")
	}
}

func TestTransferTakesTime(t *testing.T) {
	for _, cut := range []bool{false, true} {
		p := newPair(t, func(s *Spec) {
			a := DefaultAssumptions()
			a.StampAtCut = cut
			s.Assumptions = &a
			s.VMs[0].Guest.WritesPerSecond = 1000 // 4 MB a second
			s.Links = []LinkSpec{{From: "p1", To: "r1", Link: Link{Latency: Duration(time.Second), Bandwidth: 20_000_000}}}
		})
		p.w.Advance(30 * time.Minute)
		c := p.truth("r1")
		age := c.LastReplication.Sub(c.DataAsOf)
		if cut && age != 0 || !cut && age < 30*time.Second {
			t.Errorf("stamped at the cut %v: the data is %v older than its stamp", cut, age)
		}
		if m := p.replication("p1"); m.AverageReplicationLatency < 30*time.Second || m.MaximumReplicationSize < 100<<20 {
			t.Errorf("measured %v, %d bytes", m.AverageReplicationLatency, m.MaximumReplicationSize)
		}
	}
}

func TestFailedOverReplicaRefusesItsPrimary(t *testing.T) {
	p := newPair(t, nil)
	ctx := context.Background()
	p.done(p.r.FailOver(ctx, p.id, "")) // while the primary runs
	p.done(p.r.Start(ctx, p.id))
	p.overlaps(1)
	p.w.Advance(6 * time.Minute)
	p.shows(p.p, hyperv.ModePrimary, hyperv.StateError)
	p.done(p.r.Stop(ctx, p.id, hyperv.StopOptions{}))
	p.done(p.r.CancelFailover(ctx, p.id))
	if o := p.w.Overlaps(p.id); len(o) != 1 || o[0].To.IsZero() || len(o[0].Hosts) != 2 {
		t.Errorf("overlaps %+v", o)
	}
	if err := p.w.Machine("p1").ResumeVMReplication(ctx, p.id, ResumeVMReplicationOptions{}); err != nil {
		t.Fatal(err)
	}
	p.w.Advance(time.Minute)
	p.shows(p.p, hyperv.ModePrimary, hyperv.StateReplicating)
	if c := p.truth("p1"); c.Lost != 0 {
		t.Errorf("lost %d by a failover that was cancelled", c.Lost)
	}
}

func TestResynchronization(t *testing.T) {
	p := newPair(t, nil)
	ctx, m := context.Background(), p.w.Machine("p1")
	start := p.w.Now()
	p.do(Action{Do: DoKill, Host: "p1"})
	p.do(Action{Do: DoStart, Host: "p1"})
	p.w.Advance(3 * time.Minute)
	p.shows(p.p, hyperv.ModePrimary, hyperv.StateWaitingForStartResync)
	if err := m.ResumeVMReplication(ctx, p.id, ResumeVMReplicationOptions{Resynchronize: true}); err != nil {
		t.Fatal(err)
	}
	p.shows(p.r, hyperv.ModeReplica, hyperv.StateResynchronizing)
	_, err := p.r.StartTestFailover(ctx, p.id, "")
	p.fails(err, hyperv.ClassRefuse, hyperv.CodeWrongState)
	if err := m.SuspendVMReplication(ctx, p.id, ""); err != nil {
		t.Fatal(err)
	}
	p.shows(p.p, hyperv.ModePrimary, hyperv.StateResynchronizeSuspended)
	if err := m.ResumeVMReplication(ctx, p.id, ResumeVMReplicationOptions{}); err != nil {
		t.Fatal(err)
	}
	p.w.Advance(3 * time.Minute)
	p.shows(p.p, hyperv.ModePrimary, hyperv.StateReplicating)
	for _, point := range p.shows(p.r, hyperv.ModeReplica, hyperv.StateReplicating).RecoveryPoints {
		if point.Time.Before(start) {
			t.Errorf("outlived resynchronization: %+v", point)
		}
	}
	// An unplanned failover in the middle of another one cancels it.
	if err := m.SuspendVMReplication(ctx, p.id, ""); err != nil {
		t.Fatal(err)
	}
	if err := m.ResumeVMReplication(ctx, p.id, ResumeVMReplicationOptions{Resynchronize: true}); err != nil {
		t.Fatal(err)
	}
	p.done(p.r.FailOver(ctx, p.id, ""))
	p.w.Advance(5 * time.Minute)
	p.shows(p.p, hyperv.ModePrimary, hyperv.StateError)
	p.shows(p.r, hyperv.ModeReplica, hyperv.StateFailedOverWaitingCompletion)
}

func TestAutomaticResynchronization(t *testing.T) {
	p := newPair(t, func(s *Spec) { s.VMs[0].AutoResync = true }) // it is 09:00
	p.do(Action{Do: DoKill, Host: "p1"})
	p.do(Action{Do: DoStart, Host: "p1"})
	p.w.Advance(9*time.Hour + 20*time.Minute)
	p.shows(p.p, hyperv.ModePrimary, hyperv.StateWaitingForStartResync)
	p.w.Advance(30 * time.Minute)
	p.shows(p.p, hyperv.ModePrimary, hyperv.StateReplicating)
}

func TestPauseOnTheReplica(t *testing.T) {
	p := newPair(t, nil)
	ctx := context.Background()
	if err := p.w.Machine("r1").SuspendVMReplication(ctx, p.id, ""); err != nil {
		t.Fatal(err)
	}
	if vm := p.shows(p.r, hyperv.ModeReplica, hyperv.StateSuspended); vm.Replication.Health != hyperv.HealthCritical {
		t.Errorf("health is %s", vm.Replication.Health)
	}
	p.w.Advance(6 * time.Minute)
	p.shows(p.p, hyperv.ModePrimary, hyperv.StateReplicating)
	p.done(p.r.FailOver(ctx, p.id, "")) // the cmdlet resumes by itself
	p.done(p.r.CancelFailover(ctx, p.id))
	p.shows(p.r, hyperv.ModeReplica, hyperv.StateReplicating)
}

func TestHealth(t *testing.T) {
	p := newPair(t, nil)
	ctx := context.Background()
	is := func(h hyperv.Host, want hyperv.Health) {
		t.Helper()
		if got := p.read(h).Replication.Health; got != want {
			t.Errorf("%s: %s, want %s", h.Name(), got, want)
		}
	}
	is(p.p, hyperv.HealthNormal)
	is(p.r, hyperv.HealthNormal)
	p.done(p.p.Stop(ctx, p.id, gracefully))
	p.done(p.p.Prepare(ctx, p.id))
	is(p.p, hyperv.HealthWarning)
	p.done(p.r.FailOver(ctx, p.id, ""))
	is(p.r, hyperv.HealthWarning)
	p.done(p.r.Reverse(ctx, p.id, hyperv.ReplicaServer{}))
	is(p.p, hyperv.HealthNormal)
	is(p.r, hyperv.HealthNormal)
	p.do(Action{Do: DoKill, Host: "r1"})
	p.w.Advance(70 * time.Minute)
	is(p.p, hyperv.HealthWarning) // behind by more than an hour
}

func TestLogOutgrowsTheDisks(t *testing.T) {
	p := newPair(t, func(s *Spec) {
		s.VMs[0].Disks = []DiskSpec{{Size: 10 << 20}}
		a := DefaultAssumptions()
		a.FailuresBeforeError = 1000
		s.Assumptions = &a
	})
	p.do(Action{Do: DoSetLink, From: "p1", To: "r1", Link: &Link{Down: true}})
	p.w.Advance(30 * time.Minute)
	p.shows(p.p, hyperv.ModePrimary, hyperv.StateWaitingForStartResync)
}

func TestPreparedToAnOlderPoint(t *testing.T) {
	p := newPair(t, nil)
	ctx := context.Background()
	p.done(p.p.Stop(ctx, p.id, gracefully))
	p.done(p.p.Prepare(ctx, p.id))
	p.done(p.r.FailOver(ctx, p.id, p.read(p.r).RecoveryPoints[0].ID))
	if got := p.read(p.r).Replication.FailedOver; got != hyperv.TypeRegular {
		t.Errorf("failed over from %s", got)
	}
	p.done(p.r.Reverse(ctx, p.id, hyperv.ReplicaServer{}))
	p.shows(p.r, hyperv.ModePrimary, hyperv.StateWaitingForStartResync)
}
