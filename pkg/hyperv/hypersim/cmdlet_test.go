package hypersim

import (
	"context"
	"strings"
	"testing"
	"time"

	"lifeboat.io/pkg/hyperv"
)

func TestScheduledResynchronization(t *testing.T) {
	p := newPair(t, nil)
	ctx, m := context.Background(), p.w.Machine("p1")
	if err := m.SuspendVMReplication(ctx, p.id, ""); err != nil {
		t.Fatal(err)
	}
	o := ResumeVMReplicationOptions{Resynchronize: true, ResynchronizeStartTime: p.w.Now().Add(-time.Hour)}
	cmdletFails(t, m.ResumeVMReplication(ctx, p.id, o), idInvalidParameter)
	o.ResynchronizeStartTime = p.w.Now().Add(time.Hour)
	if err := m.ResumeVMReplication(ctx, p.id, o); err != nil {
		t.Fatal(err)
	}
	p.w.Advance(59 * time.Minute)
	p.shows(p.p, hyperv.ModePrimary, hyperv.StateSuspended)
	p.w.Advance(2 * time.Minute)
	p.shows(p.p, hyperv.ModePrimary, hyperv.StateResynchronizing)
	cmdletFails(t, p.w.Machine("r1").ResumeVMReplication(ctx, p.id, ResumeVMReplicationOptions{Resynchronize: true}), idInvalidState)
	p.do(Action{Do: DoKill, Host: "p1"})
	p.do(Action{Do: DoStart, Host: "p1"})
	p.w.Advance(5 * time.Minute)
	p.shows(p.p, hyperv.ModePrimary, hyperv.StateWaitingForStartResync)
}

func TestResumeNeedsTheLink(t *testing.T) {
	p := newPair(t, nil)
	ctx, m := context.Background(), p.w.Machine("p1")
	if err := m.SuspendVMReplication(ctx, p.id, ""); err != nil {
		t.Fatal(err)
	}
	p.do(Action{Do: DoSetLink, From: "p1", To: "r1", Link: &Link{Down: true}})
	cmdletFails(t, m.ResumeVMReplication(ctx, p.id, ResumeVMReplicationOptions{Resynchronize: true}), idOperationFailed)
	p.shows(p.p, hyperv.ModePrimary, hyperv.StateSuspended)
}

func TestStatistics(t *testing.T) {
	p := newPair(t, nil)
	ctx, m := context.Background(), p.w.Machine("p1")
	p.w.Advance(time.Hour)
	v := p.replication("p1")
	if v.SuccessfulReplicationCount != 12 || v.AverageReplicationSize == 0 || v.LastReplicationType != hyperv.TypeRegular || v.MissedReplicationCount != 0 {
		t.Errorf("%+v", v)
	}
	if err := m.ResetVMReplicationStatistics(ctx, p.id, ""); err != nil {
		t.Fatal(err)
	}
	if v := p.replication("p1"); v.SuccessfulReplicationCount != 0 || v.AverageReplicationSize != 0 {
		t.Errorf("after a reset: %+v", v)
	}
	p.w.Advance(12 * time.Hour) // a monitoring interval begins at 21:00
	if v := p.replication("p1"); v.SuccessfulReplicationCount != 12 {
		t.Errorf("an hour into the interval: %+v", v)
	}
	if v := p.replication("r1"); v.PendingReplicationSize != 0 || v.SuccessfulReplicationCount != 12 {
		t.Errorf("on the replica: %+v", v)
	}
	cmdletFails(t, m.ResetVMReplicationStatistics(ctx, p.id, RelationExtended), idOperationFailed)
}

func TestReplicatedDisks(t *testing.T) {
	p := newPair(t, func(s *Spec) { s.VMs[0].Disks = []DiskSpec{{Path: "a"}, {Path: "b", Excluded: true}} })
	ctx, m := context.Background(), p.w.Machine("p1")
	all, err := m.GetVMReplication(ctx, p.id)
	if err != nil || len(all[0].ReplicatedDisks) != 1 || len(all[0].ExcludedDisks) != 1 {
		t.Fatalf("%+v, %v", all, err)
	}
	cmdletFails(t, m.SetVMReplication(ctx, p.id, SetVMReplicationOptions{ReplicatedDiskPaths: []string{}}), idInvalidParameter)
	if err := m.SetVMReplication(ctx, p.id, SetVMReplicationOptions{ReplicatedDiskPaths: []string{"a", "b"}}); err != nil {
		t.Fatal(err)
	}
	if all, _ := m.GetVMReplication(ctx, p.id); len(all[0].ReplicatedDisks) != 2 {
		t.Errorf("%+v", all)
	}
}

func TestCmdletsOnTheWrongVM(t *testing.T) {
	p := newSingle(t, nil)
	ctx, m := context.Background(), p.w.Machine("p1")
	for what, err := range map[string]error{
		"Start-VMFailover":           m.StartVMFailover(ctx, p.id, StartVMFailoverOptions{}),
		"Start-VMFailover -Prepare":  m.StartVMFailover(ctx, p.id, StartVMFailoverOptions{Prepare: true}),
		"Start-VMFailover -AsTest":   m.StartVMFailover(ctx, p.id, StartVMFailoverOptions{AsTest: true}),
		"Stop-VMFailover":            m.StopVMFailover(ctx, p.id),
		"Complete-VMFailover":        m.CompleteVMFailover(ctx, p.id),
		"Set-VMReplication":          m.SetVMReplication(ctx, p.id, SetVMReplicationOptions{ReplicaServerPort: 80}),
		"Set -Reverse":               m.SetVMReplication(ctx, p.id, SetVMReplicationOptions{Reverse: true}),
		"Set -AsReplica":             m.SetVMReplication(ctx, p.id, SetVMReplicationOptions{AsReplica: true}),
		"Start-VMInitialReplication": m.StartVMInitialReplication(ctx, p.id, StartVMInitialReplicationOptions{}),
		"Stop-VMInitialReplication":  m.StopVMInitialReplication(ctx, p.id),
		"Suspend-VMReplication":      m.SuspendVMReplication(ctx, p.id, ""),
		"Resume-VMReplication":       m.ResumeVMReplication(ctx, p.id, ResumeVMReplicationOptions{}),
		"Resume -Continue":           m.ResumeVMReplication(ctx, p.id, ResumeVMReplicationOptions{Continue: true}),
		"Stop-VMReplication":         m.StopVMReplication(ctx, p.id, ""),
		"failover configuration":     m.SetVMNetworkAdapterFailoverConfiguration(ctx, p.id, "", FailoverIP{}),
	} {
		t.Run(what, func(t *testing.T) {
			cmdletFails(t, err, idOperationFailed)
			if !strings.Contains(err.Error(), "'vm1'") || !strings.Contains(err.Error(), string(p.id)) {
				t.Errorf("%v", err)
			}
		})
	}
	cmdletFails(t, m.StartVMFailover(ctx, p.id, StartVMFailoverOptions{Prepare: true, AsTest: true}), idInvalidParameter)
	if all, err := m.MeasureVMReplication(ctx, p.id); err != nil || len(all) != 0 {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestOldModuleHasOtherIDs(t *testing.T) {
	p := newSingle(t, func(s *Spec) { s.Hosts[0].Module = "1.1" })
	cmdletFails(t, p.w.Machine("p1").CompleteVMFailover(context.Background(), p.id), idInvalidOperation)
}

func TestReverseByCertificate(t *testing.T) {
	p := newPair(t, func(s *Spec) {
		for i := range s.Hosts {
			tp := "AA0" + s.Hosts[i].Name
			s.Hosts[i].Certificates = []Certificate{{Thumbprint: tp}}
			s.Hosts[i].Server = &ReplicationServer{ReplicationEnabled: true, AllowedAuthenticationType: authBoth, CertificateThumbprint: tp,
				ReplicationAllowedFromAnyServer: true, DefaultStorageLocation: defaultStorage}
		}
		s.VMs[0].Authentication, s.VMs[0].CertificateThumbprint = authCertificate, "AA0p1"
	})
	ctx := context.Background()
	p.done(p.p.Stop(ctx, p.id, gracefully))
	p.done(p.p.Prepare(ctx, p.id))
	p.done(p.r.FailOver(ctx, p.id, ""))
	_, err := p.r.Reverse(ctx, p.id, hyperv.ReplicaServer{})
	p.fails(err, hyperv.ClassRefuse, idInvalidParameter) // no thumbprint
	_, err = p.r.Reverse(ctx, p.id, hyperv.ReplicaServer{CertificateThumbprint: "BB"})
	p.fails(err, hyperv.ClassRetry, idOperationFailed) // not one of its own
	_, err = p.r.Reverse(ctx, p.id, hyperv.ReplicaServer{Authentication: hyperv.AuthKerberos, CertificateThumbprint: "AA0r1"})
	p.fails(err, hyperv.ClassRefuse, idInvalidParameter)
	c := p.done(p.r.Reverse(ctx, p.id, hyperv.ReplicaServer{CertificateThumbprint: "AA0r1"}))
	if r := c.After.Replication; r.CertificateThumbprint != "AA0r1" || r.ReplicaPort != 443 || r.ReplicaServer != "p1.hyperv.example" || r.PrimaryServer != "r1.hyperv.example" {
		t.Errorf("%+v", r)
	}
	p.w.Advance(10 * time.Minute)
	p.shows(p.r, hyperv.ModePrimary, hyperv.StateReplicating)
}

func TestReverseFails(t *testing.T) {
	for name, do := range map[string]func(p *pair){
		"host down":    func(p *pair) { p.do(Action{Do: DoKill, Host: "p1"}) },
		"link down":    func(p *pair) { p.do(Action{Do: DoSetLink, From: "r1", To: "p1", Link: &Link{Down: true}}) },
		"not admitted": func(p *pair) { p.w.Machine("p1").server.ReplicationAllowedFromAnyServer = false },
	} {
		p := newPair(t, nil)
		ctx := context.Background()
		p.done(p.p.Stop(ctx, p.id, gracefully))
		p.done(p.p.Prepare(ctx, p.id))
		p.done(p.r.FailOver(ctx, p.id, ""))
		do(p)
		_, err := p.r.Reverse(ctx, p.id, hyperv.ReplicaServer{})
		if e := p.fails(err, hyperv.ClassRetry, idOperationFailed); e.Message != "Could not reverse replication." || e.Before == nil {
			t.Errorf("%s: %v", name, err)
		}
		p.shows(p.r, hyperv.ModeReplica, hyperv.StateFailedOverWaitingCompletion)
	}
}

func TestAssumptionsOfCmdlets(t *testing.T) {
	p := newPair(t, func(s *Spec) {
		a := DefaultAssumptions()
		a.StopFailoverTurnsOff, a.ReverseWhileRunning, a.CheckTestSwitch, a.PreparedHealth = false, false, true, string(hyperv.HealthNormal)
		s.Assumptions = &a
	})
	ctx, r := context.Background(), p.w.Machine("r1")
	cmdletFails(t, r.SetTestReplicaSwitchName(ctx, p.id, "", "nowhere"), idInvalidParameter)
	p.done(p.p.Stop(ctx, p.id, gracefully))
	c := p.done(p.p.Prepare(ctx, p.id))
	if c.After.Replication.Health != hyperv.HealthNormal {
		t.Errorf("health %s", c.After.Replication.Health)
	}
	p.done(p.r.FailOver(ctx, p.id, ""))
	p.done(p.r.Start(ctx, p.id))
	cmdletFails(t, r.StopVMFailover(ctx, p.id), idInvalidState)
	_, err := p.r.Reverse(ctx, p.id, hyperv.ReplicaServer{})
	p.fails(err, hyperv.ClassRefuse, hyperv.CodeWrongState)
}

func TestStopFailoverTurnsOff(t *testing.T) {
	p := newPair(t, nil)
	ctx := context.Background()
	p.do(Action{Do: DoKill, Host: "p1"})
	p.done(p.r.FailOver(ctx, p.id, ""))
	p.done(p.r.Start(ctx, p.id))
	p.w.Advance(time.Minute)
	if err := p.w.Machine("r1").StopVMFailover(ctx, p.id); err != nil {
		t.Fatal(err)
	}
	if vm := p.shows(p.r, hyperv.ModeReplica, hyperv.StateReplicating); vm.Power != hyperv.PowerOff {
		t.Errorf("the VM is %s", vm.Power)
	}
	// What it wrote was given up on purpose and does not count as lost.
	if c := p.truth("p1"); c.Lost != 0 {
		t.Errorf("the primary lacks %d writes", c.Lost)
	}
}

func TestDeltaIsLostWithItsSender(t *testing.T) {
	p := newPair(t, func(s *Spec) {
		s.Links = []LinkSpec{{From: "p1", To: "r1", Link: Link{Latency: Duration(time.Minute)}}}
	})
	next, _ := p.w.NextEvent()
	p.w.AdvanceTo(next.Add(time.Second)) // a delta is on its way
	before := p.truth("r1")
	p.do(Action{Do: DoKill, Host: "p1"})
	p.w.Advance(time.Hour)
	if after := p.truth("r1"); after.Writes != before.Writes || after.LastReplication != before.LastReplication {
		t.Errorf("it arrived nevertheless: %+v, %+v", before, after)
	}
}
