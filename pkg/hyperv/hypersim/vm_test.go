package hypersim

import (
	"context"
	"testing"
	"time"

	"lifeboat.io/pkg/hyperv"
)

func TestSnapshots(t *testing.T) {
	p := newPair(t, nil)
	ctx, m := context.Background(), p.w.Machine("p1")
	cmdletFails(t, p.w.Machine("r1").CheckpointVM(ctx, p.id, "x"), idOperationFailed)
	if err := m.CheckpointVM(ctx, p.id, "before"); err != nil {
		t.Fatal(err)
	}
	then := p.truth("p1").Writes
	p.w.Advance(10 * time.Minute)
	if err := m.CheckpointVM(ctx, p.id, ""); err != nil {
		t.Fatal(err)
	}
	all, err := m.GetVMSnapshot(ctx, p.id)
	if err != nil || len(all) != 2 || all[0].Name != "before" || all[0].SnapshotType != SnapshotStandard || all[1].ParentSnapshotID != all[0].ID {
		t.Fatalf("%+v, %v", all, err)
	}
	if err := m.RestoreVMSnapshot(ctx, p.id, all[0].ID); err != nil {
		t.Fatal(err)
	}
	if c := p.truth("p1"); c.Writes != then || c.Runs || c.Lost == 0 {
		t.Errorf("restored to %+v, want %d writes", c, then)
	}
	p.shows(p.p, hyperv.ModePrimary, hyperv.StateWaitingForStartResync)
	if err := m.RemoveVMSnapshot(ctx, p.id, all[0].ID); err != nil {
		t.Fatal(err)
	}
	cmdletFails(t, m.RestoreVMSnapshot(ctx, p.id, all[0].ID), idInvalidParameter)
	if vm := p.read(p.p); vm.OperationalStatus[1] != "MergingDisks" {
		t.Errorf("it is %v", vm.OperationalStatus)
	}
	if all, _ := m.GetVMSnapshot(ctx, p.id); len(all) != 1 || all[0].ParentSnapshotID != "" {
		t.Errorf("%+v", all)
	}
}

func TestMergeBlocksReplicationCmdlets(t *testing.T) {
	for _, blocks := range []bool{true, false} {
		p := newPair(t, func(s *Spec) {
			a := DefaultAssumptions()
			a.MergeBlocks = blocks
			s.Assumptions = &a
		})
		ctx := context.Background()
		p.done(p.p.Stop(ctx, p.id, gracefully))
		p.done(p.p.Prepare(ctx, p.id))
		p.done(p.r.FailOver(ctx, p.id, ""))
		p.done(p.r.Complete(ctx, p.id))
		_, err := p.r.Reverse(ctx, p.id, hyperv.ReplicaServer{})
		if blocks {
			p.fails(err, hyperv.ClassRetry, idObjectInUse)
			p.done(p.r.Start(ctx, p.id)) // starting is allowed
			p.w.Advance(30 * time.Second)
			p.done(p.r.Reverse(ctx, p.id, hyperv.ReplicaServer{}))
		} else if err != nil {
			t.Errorf("%v", err)
		}
		if c := p.truth("r1"); c.Lost != 0 {
			t.Errorf("lost %d", c.Lost)
		}
	}
}

// TestSlowMerge: slow disks keep replication cmdlets out for as long as it takes.
func TestSlowMerge(t *testing.T) {
	p := newPair(t, nil)
	ctx := context.Background()
	p.do(Action{Do: DoSetMerge, Host: "r1", Merge: Duration(2 * time.Hour)})
	p.done(p.p.Stop(ctx, p.id, gracefully))
	p.done(p.p.Prepare(ctx, p.id))
	p.done(p.r.FailOver(ctx, p.id, ""))
	p.done(p.r.Complete(ctx, p.id))
	p.w.Advance(time.Hour)
	_, err := p.r.Reverse(ctx, p.id, hyperv.ReplicaServer{})
	p.fails(err, hyperv.ClassRetry, idObjectInUse)
	p.w.Advance(time.Hour)
	p.done(p.r.Reverse(ctx, p.id, hyperv.ReplicaServer{}))
	if err := p.w.Do(Action{Do: DoSetMerge, Host: "r1", Merge: -1}); err == nil {
		t.Error("disks merge in no time and less")
	}
}

func TestRemoveVM(t *testing.T) {
	p := newPair(t, nil)
	ctx, m := context.Background(), p.w.Machine("r1")
	cmdletFails(t, m.RemoveVM(ctx, p.id), idOperationFailed)
	test := p.done(p.r.StartTestFailover(ctx, p.id, "")).After.TestVM
	p.done(p.r.Start(ctx, test.ID))
	p.do(Action{Do: DoOrphanTestVM, Host: "r1", VM: p.id})
	if vm := p.read(p.r); vm.TestVM != nil {
		t.Error("the orphan is still associated")
	}
	if c, err := p.r.StopTestFailover(ctx, p.id); err != nil || c.Acted {
		t.Errorf("stopping a test without a test VM: %v, %v", c.Acted, err)
	}
	p.done(p.r.StartTestFailover(ctx, p.id, "")) // a second one appears
	cmdletFails(t, m.RemoveVM(ctx, test.ID), idInvalidState)
	p.done(p.r.Stop(ctx, test.ID, hyperv.StopOptions{}))
	if err := m.RemoveVM(ctx, test.ID); err != nil {
		t.Fatal(err)
	}
	second := p.read(p.r).TestVM
	if err := m.RemoveVM(ctx, second.ID); err != nil {
		t.Fatal(err)
	}
	if p.read(p.r).TestVM != nil {
		t.Error("the second one is still there")
	}
}

func TestTestVMGoesWhileItStarts(t *testing.T) {
	p := newPair(t, nil)
	ctx := context.Background()
	test := p.done(p.r.StartTestFailover(ctx, p.id, "")).After.TestVM
	_, err := p.r.Start(WithDeadline(ctx, 300*time.Millisecond), test.ID)
	p.fails(err, hyperv.ClassUnknown, hyperv.CodeTimeout)
	if err := p.w.Do(Action{Do: DoKill, Host: "p1"}); err != nil {
		t.Fatal(err)
	}
	p.done(p.r.StopTestFailover(ctx, p.id))
	p.w.Advance(time.Minute)
	if got := p.w.Truth().Copies; len(got) != 2 || got[0].Runs || got[1].Runs {
		t.Errorf("%+v", got)
	}
}

func TestSetVM(t *testing.T) {
	p := newPair(t, nil)
	ctx, m := context.Background(), p.w.Machine("p1")
	name, notes, cpus, bad, stop := "a [new] *name*", "n", 4, StopAction("Never"), StopShutDown
	if err := m.SetVM(ctx, p.id, SetVMOptions{NewVMName: &name, Notes: &notes, AutomaticStopAction: &stop}); err != nil {
		t.Fatal(err)
	}
	cmdletFails(t, m.SetVM(ctx, p.id, SetVMOptions{ProcessorCount: &cpus}), idInvalidState) // it runs
	cmdletFails(t, m.SetVM(ctx, p.id, SetVMOptions{AutomaticStopAction: &bad}), idInvalidParameter)
	vm, err := m.GetVM(ctx, p.id)
	if err != nil || vm.Name != name || vm.Notes != notes || vm.AutomaticStopAction != stop || vm.Config.Processors != 2 || vm.Uptime < 24*time.Hour || vm.ReplicationWMIState != 3 {
		t.Errorf("%+v, %v", vm, err)
	}
	if all, err := m.GetVMs(ctx); err != nil || len(all) != 1 {
		t.Errorf("%+v, %v", all, err)
	}
	_, err = m.GetVM(ctx, "11111111-2222-4333-8444-555555555555")
	cmdletFails(t, err, idInvalidParameter)
	cmdletFails(t, VMNotFound("x"), idInvalidParameter)
}

func TestHostAndStorage(t *testing.T) {
	p := newPair(t, func(s *Spec) { s.VMs[0].Guest = Guest{Applications: "Critical"} })
	ctx, m := context.Background(), p.w.Machine("p1")
	if h, err := m.GetVMHost(ctx); err != nil || h.Name != "P1" || h.FullyQualifiedDomainName != "p1.hyperv.example" || !h.Clock.Equal(p.w.Now()) || !m.Clock().Equal(h.Clock) {
		t.Errorf("%+v, %v", h, err)
	}
	if all, err := m.GetVolume(ctx); err != nil || len(all) != 2 || all[1].SizeRemaining == 0 {
		t.Errorf("%+v, %v", all, err)
	}
	if all, err := m.GetVHD(ctx, p.id); err != nil || len(all) != 1 || all[0].VhdFormat != "VHDX" || all[0].FileSize == 0 {
		t.Errorf("%+v, %v", all, err)
	}
	test := p.done(p.r.StartTestFailover(ctx, p.id, "")).After.TestVM
	if all, err := p.w.Machine("r1").GetVHD(ctx, test.ID); err != nil || len(all) != 1 || all[0].VhdType != "Differencing" || all[0].ParentPath == "" {
		t.Errorf("%+v, %v", all, err)
	}
	if all, err := m.GetVMIntegrationService(ctx, p.id); err != nil || len(all) != 6 || all[1].PrimaryOperationalStatus != "ApplicationCritical" {
		t.Errorf("%+v, %v", all, err)
	}
	if m.MissingCmdlet("Get-VM") || m.Name() != "p1" || m.FQDN() != "p1.hyperv.example" {
		t.Error("the host is not itself")
	}
}

func TestNetwork(t *testing.T) {
	p := newPair(t, nil)
	ctx, m := context.Background(), p.w.Machine("r1")
	for _, step := range []struct {
		err error
		id  string
	}{
		{m.ConnectVMNetworkAdapter(ctx, p.id, "network adapter", "Isolated"), ""},
		{m.ConnectVMNetworkAdapter(ctx, p.id, "", "nowhere"), idInvalidParameter},
		{m.ConnectVMNetworkAdapter(ctx, p.id, "second", "Isolated"), idInvalidParameter},
		{m.SetTestReplicaSwitchName(ctx, p.id, "", "not there"), ""},
		{m.SetVMNetworkAdapterFailoverConfiguration(ctx, p.id, "", FailoverIP{IPv4Address: "192.0.2.10"}), ""},
		{m.NewVMSwitch(ctx, "Drill"), ""},
		{m.NewVMSwitch(ctx, "Drill"), idInvalidParameter},
		{m.RemoveVMSwitch(ctx, "Isolated"), ""},
		{m.RemoveVMSwitch(ctx, "Isolated"), idInvalidParameter},
	} {
		if step.id == "" && step.err != nil {
			t.Fatal(step.err)
		} else if step.id != "" {
			cmdletFails(t, step.err, step.id)
		}
	}
	all, err := m.GetVMNetworkAdapter(ctx, p.id)
	if err != nil || len(all) != 1 || all[0].Connected || all[0].TestReplicaSwitchName != "not there" || all[0].FailoverIP.IPv4Address == "" || len(all[0].MacAddress) != 12 {
		t.Fatalf("%+v, %v", all, err)
	}
	// A test VM's adapter whose test switch is not there stays disconnected.
	p.done(p.r.StartTestFailover(ctx, p.id, ""))
	if test := p.read(p.r).TestVM; test.Adapters[0].Switch != "" {
		t.Errorf("%+v", test)
	}
	if err := m.DisconnectVMNetworkAdapter(ctx, p.id, ""); err != nil {
		t.Fatal(err)
	}
	if names, err := m.GetVMSwitch(ctx); err != nil || len(names) != 2 {
		t.Errorf("%q, %v", names, err)
	}
}
