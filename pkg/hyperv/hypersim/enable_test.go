package hypersim

import (
	"context"
	"testing"
	"time"

	"lifeboat.io/pkg/hyperv"
)

// cmdletFails fails the test unless an error is a cmdlet's with this id.
func cmdletFails(t *testing.T, err error, id string) {
	t.Helper()
	if e, is := err.(*CmdletError); !is || e.ID != id || e.Message == "" || e.Category == "" {
		t.Fatalf("%v, want %s", err, id)
	}
}

// newSingle is a pair of hosts with a VM that is not replicated yet.
func newSingle(t *testing.T, change func(s *Spec)) *pair {
	return newPair(t, func(s *Spec) {
		s.VMs[0] = VMSpec{Name: "vm1", Host: "p1", Disks: []DiskSpec{{}, {Path: `D:\v\pagefile.vhdx`}}}
		if change != nil {
			change(s)
		}
	})
}

func kerberosTo(server string) EnableVMReplicationOptions {
	return EnableVMReplicationOptions{ReplicaServerName: server, ReplicaServerPort: 80, AuthenticationType: authKerberos}
}

func TestEnableReplication(t *testing.T) {
	p := newSingle(t, nil)
	ctx, m := context.Background(), p.w.Machine("p1")
	o := kerberosTo("r1.hyperv.example")
	o.RecoveryHistory, o.ExcludedVhdPath = 2, []string{`D:\v\pagefile.vhdx`}
	if err := m.EnableVMReplication(ctx, p.id, o); err != nil {
		t.Fatal(err)
	}
	if vm := p.shows(p.p, hyperv.ModePrimary, hyperv.StateReadyForInitialReplication); vm.Replication.Health != hyperv.HealthWarning {
		t.Errorf("health is %s", vm.Replication.Health)
	}
	vm := p.shows(p.r, hyperv.ModeReplica, hyperv.StateWaitingForInitial)
	if vm.Power != hyperv.PowerOff || vm.Adapters[0].Switch != "" {
		t.Errorf("placeholder: %+v", vm)
	}
	if disks, err := p.w.Machine("r1").GetVMHardDiskDrive(ctx, p.id); err != nil || len(disks) != 1 {
		t.Errorf("its disks: %+v, %v", disks, err)
	}
	_, err := p.r.FailOver(ctx, p.id, "")
	p.fails(err, hyperv.ClassRefuse, hyperv.CodeWrongState)
	cmdletFails(t, m.EnableVMReplication(ctx, p.id, o), idOperationFailed)

	at := p.w.Now().Add(5 * time.Hour)
	cmdletFails(t, m.StartVMInitialReplication(ctx, p.id, StartVMInitialReplicationOptions{InitialReplicationStartTime: at.AddDate(0, 0, 8)}), idInvalidParameter)
	cmdletFails(t, m.StartVMInitialReplication(ctx, p.id, StartVMInitialReplicationOptions{InitialReplicationStartTime: at.AddDate(0, 0, -1)}), idInvalidParameter)
	if err := m.StartVMInitialReplication(ctx, p.id, StartVMInitialReplicationOptions{InitialReplicationStartTime: at}); err != nil {
		t.Fatal(err)
	}
	p.w.Advance(4 * time.Hour)
	p.shows(p.p, hyperv.ModePrimary, hyperv.StateReadyForInitialReplication)
	p.w.AdvanceTo(at.Add(time.Minute))
	p.shows(p.p, hyperv.ModePrimary, hyperv.StateInitialInProgress)
	p.shows(p.r, hyperv.ModeReplica, hyperv.StateWaitingForInitial)
	if err := m.StopVMInitialReplication(ctx, p.id); err != nil {
		t.Fatal(err)
	}
	p.shows(p.p, hyperv.ModePrimary, hyperv.StateReadyForInitialReplication)
	if err := m.StartVMInitialReplication(ctx, p.id, StartVMInitialReplicationOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := m.SuspendVMReplication(ctx, p.id, ""); err != nil {
		t.Fatal(err)
	}
	if err := m.ResumeVMReplication(ctx, p.id, ResumeVMReplicationOptions{}); err != nil {
		t.Fatal(err)
	}
	p.shows(p.p, hyperv.ModePrimary, hyperv.StateInitialInProgress)
	p.w.Advance(3 * time.Hour)
	p.shows(p.p, hyperv.ModePrimary, hyperv.StateReplicating)
	if vm := p.shows(p.r, hyperv.ModeReplica, hyperv.StateReplicating); len(vm.RecoveryPoints) != 2 {
		t.Errorf("recovery points: %+v", vm.RecoveryPoints)
	}
	cmdletFails(t, m.StopVMInitialReplication(ctx, p.id), idInvalidState)
	plannedFailover(t, p.w, "p1", "r1", p.id)
	if c := p.truth("r1"); c.Lost != 0 {
		t.Errorf("lost %d", c.Lost)
	}
}

func TestEnableRefused(t *testing.T) {
	ctx := context.Background()
	for name, c := range map[string]struct {
		world  func(s *Spec)
		change func(o *EnableVMReplicationOptions)
		id     string
	}{
		"address":             {nil, func(o *EnableVMReplicationOptions) { o.ReplicaServerName = "192.0.2.7" }, idInvalidParameter},
		"no name":             {nil, func(o *EnableVMReplicationOptions) { o.ReplicaServerName = "" }, idInvalidParameter},
		"authentication":      {nil, func(o *EnableVMReplicationOptions) { o.AuthenticationType = "Basic" }, idInvalidParameter},
		"no thumbprint":       {nil, func(o *EnableVMReplicationOptions) { o.AuthenticationType = authCertificate }, idInvalidParameter},
		"needless thumbprint": {nil, func(o *EnableVMReplicationOptions) { o.CertificateThumbprint = "AA" }, idInvalidParameter},
		"history":             {nil, func(o *EnableVMReplicationOptions) { o.RecoveryHistory = 25 }, idInvalidParameter},
		"VSS alone":           {nil, func(o *EnableVMReplicationOptions) { o.VSSSnapshotFrequencyHour = 4 }, idInvalidParameter},
		"frequency":           {nil, func(o *EnableVMReplicationOptions) { o.ReplicationFrequencySec = 60 }, idInvalidParameter},
		"unknown disk":        {nil, func(o *EnableVMReplicationOptions) { o.ExcludedVhdPath = []string{"x"} }, idInvalidParameter},
		"no disk":             {func(s *Spec) { s.VMs[0].Disks = []DiskSpec{{Path: "x"}} }, func(o *EnableVMReplicationOptions) { o.ExcludedVhdPath = []string{"x"} }, idInvalidOperation},
		"shared disk":         {func(s *Spec) { s.VMs[0].Disks[0].Shared = true }, nil, idInvalidParameter},
		"unknown server":      {nil, func(o *EnableVMReplicationOptions) { o.ReplicaServerName = "nowhere" }, idOperationFailed},
		"wrong port":          {nil, func(o *EnableVMReplicationOptions) { o.ReplicaServerPort = 8080 }, idOperationFailed},
		"itself":              {nil, func(o *EnableVMReplicationOptions) { o.ReplicaServerName = "p1" }, idOperationFailed},
		"not admitted": {func(s *Spec) {
			s.Hosts[1].Server = &ReplicationServer{ReplicationEnabled: true}
			s.Hosts[1].Entries = []AuthorizationEntry{{AllowedPrimaryServer: "*.elsewhere.example"}}
		}, nil, idOperationFailed},
	} {
		t.Run(name, func(t *testing.T) {
			p := newSingle(t, c.world)
			o := kerberosTo("r1")
			if c.change != nil {
				c.change(&o)
			}
			cmdletFails(t, p.w.Machine("p1").EnableVMReplication(ctx, p.id, o), c.id)
			if all, err := p.w.Host("r1").ListVMs(ctx); err != nil || len(all) != 0 {
				t.Errorf("left behind: %+v, %v", all, err)
			}
			if vm := p.read(p.p); vm.Replication.Mode != hyperv.ModeNone {
				t.Errorf("the VM is %s", vm.Replication.Mode)
			}
		})
	}
}

func TestRemoveReplication(t *testing.T) {
	p := newPair(t, nil)
	ctx := context.Background()
	for _, host := range []string{"p1", "r1"} {
		if err := p.w.Machine(host).RemoveVMReplication(ctx, p.id, ""); err != nil {
			t.Fatal(err)
		}
		cmdletFails(t, p.w.Machine(host).RemoveVMReplication(ctx, p.id, ""), idInvalidState)
		if vm := p.read(p.w.Host(host)); vm.Replication.Mode != hyperv.ModeNone || vm.Replication.Health != hyperv.HealthNotApplicable {
			t.Errorf("%s: %+v", host, vm.Replication)
		}
	}
	p.done(p.r.Start(ctx, p.id)) // an ordinary VM now
	p.overlaps(1)
	p.done(p.r.Stop(ctx, p.id, hyperv.StopOptions{}))
	// A stale VM with the same id is in the way of enabling again.
	cmdletFails(t, p.w.Machine("p1").EnableVMReplication(ctx, p.id, kerberosTo("r1")), idOperationFailed)
	p.w.Advance(time.Minute)
	if err := p.w.Machine("r1").EnableVMReplication(ctx, p.id, EnableVMReplicationOptions{AsReplica: true}); err != nil {
		t.Fatal(err)
	}
	p.shows(p.r, hyperv.ModeReplica, hyperv.StateWaitingForInitial)
	if err := p.w.Machine("p1").EnableVMReplication(ctx, p.id, kerberosTo("r1")); err != nil {
		t.Fatal(err)
	}
	if err := p.w.Machine("p1").StartVMInitialReplication(ctx, p.id, StartVMInitialReplicationOptions{UseBackup: true}); err != nil {
		t.Fatal(err)
	}
	p.w.Advance(10 * time.Minute)
	p.shows(p.p, hyperv.ModePrimary, hyperv.StateReplicating)
	if p.w.Diverged(p.id) {
		t.Error("the copies still differ")
	}
}

func TestSettings(t *testing.T) {
	p := newPair(t, nil)
	ctx, m := context.Background(), p.w.Machine("p1")
	n := func(i int) *int { return &i }
	cmdletFails(t, m.SetVMReplication(ctx, p.id, SetVMReplicationOptions{}), idInvalidOperation)
	cmdletFails(t, m.SetVMReplication(ctx, p.id, SetVMReplicationOptions{ReplicationFrequencySec: n(60)}), idInvalidParameter)
	cmdletFails(t, m.SetVMReplication(ctx, p.id, SetVMReplicationOptions{RecoveryHistory: n(0), VSSSnapshotFrequencyHour: n(2)}), idInvalidParameter)
	cmdletFails(t, m.SetVMReplication(ctx, p.id, SetVMReplicationOptions{AuthenticationType: authCertificate}), idInvalidParameter)
	cmdletFails(t, m.SetVMReplication(ctx, p.id, SetVMReplicationOptions{AsReplica: true, RecoveryHistory: n(1)}), idInvalidParameter)
	cmdletFails(t, p.w.Machine("r1").SetVMReplication(ctx, p.id, SetVMReplicationOptions{RecoveryHistory: n(1)}), idInvalidState)
	cmdletFails(t, m.SetVMReplication(ctx, p.id, SetVMReplicationOptions{ReplicatedDiskPaths: []string{"x"}}), idInvalidParameter)

	if err := m.SetVMReplication(ctx, p.id, SetVMReplicationOptions{ReplicationFrequencySec: n(30), RecoveryHistory: n(1)}); err != nil {
		t.Fatal(err)
	}
	if vm := p.read(p.r); len(vm.RecoveryPoints) != 1 || vm.Replication.Frequency != 30*time.Second {
		t.Errorf("the replica has %d points, every %v", len(vm.RecoveryPoints), vm.Replication.Frequency)
	}
	p.w.Advance(time.Minute)
	if age := p.w.Now().Sub(p.read(p.r).Replication.LastReplication); age > 31*time.Second {
		t.Errorf("the newest data is %v old", age)
	}
}

func TestServerSettings(t *testing.T) {
	w := must(t, Pair(0))
	ctx, m := context.Background(), w.Machine("r1")
	for _, s := range []ReplicationServer{
		{ReplicationEnabled: true, ReplicationAllowedFromAnyServer: true},
		{ReplicationEnabled: true, AllowedAuthenticationType: "NTLM"},
		{ReplicationEnabled: true, AllowedAuthenticationType: authBoth},
	} {
		cmdletFails(t, m.SetVMReplicationServer(ctx, s), idInvalidParameter)
	}
	if err := m.SetVMReplicationServer(ctx, ReplicationServer{ReplicationEnabled: true}); err != nil {
		t.Fatal(err)
	}
	if s, err := m.GetVMReplicationServer(ctx); err != nil || s.KerberosAuthenticationPort != 80 || s.AllowedAuthenticationType != authKerberos {
		t.Errorf("%+v, %v", s, err)
	}
	e := AuthorizationEntry{AllowedPrimaryServer: "*.hyperv.example", ReplicaStorageLocation: `D:\Replica`, TrustGroup: "tenant-a"}
	cmdletFails(t, m.SetVMReplicationAuthorizationEntry(ctx, e), idInvalidParameter)
	if err := m.NewVMReplicationAuthorizationEntry(ctx, e); err != nil {
		t.Fatal(err)
	}
	cmdletFails(t, m.NewVMReplicationAuthorizationEntry(ctx, e), idInvalidParameter)
	if !m.admits(w.Machine("p1")) || m.hasEntry("") || m.entryFor("p1") != e.AllowedPrimaryServer {
		t.Error("the entry does not admit p1")
	}
	e.TrustGroup = "tenant-b"
	if err := m.SetVMReplicationAuthorizationEntry(ctx, e); err != nil {
		t.Fatal(err)
	}
	if all, err := m.GetVMReplicationAuthorizationEntry(ctx); err != nil || len(all) != 1 || all[0] != e {
		t.Errorf("%+v, %v", all, err)
	}
	if err := m.RemoveVMReplicationAuthorizationEntry(ctx, "*.HYPERV.example"); err != nil {
		t.Fatal(err)
	}
	cmdletFails(t, m.RemoveVMReplicationAuthorizationEntry(ctx, "*.hyperv.example"), idInvalidParameter)
	if m.admits(w.Machine("p1")) {
		t.Error("p1 is admitted still")
	}
}

func TestBecomeReplicaNeedsAnEntry(t *testing.T) {
	p := newPair(t, func(s *Spec) {
		s.Hosts[0].Server = &ReplicationServer{ReplicationEnabled: true}
		s.Hosts[0].Entries = []AuthorizationEntry{{AllowedPrimaryServer: "*.hyperv.example", ReplicaStorageLocation: `D:\Replica`, TrustGroup: "a"}}
	})
	ctx, m := context.Background(), p.w.Machine("p1")
	p.done(p.p.Stop(ctx, p.id, gracefully))
	cmdletFails(t, m.SetVMReplication(ctx, p.id, SetVMReplicationOptions{AsReplica: true}), idInvalidParameter)
	p.done(p.p.BecomeReplica(ctx, p.id)) // names the entry that admits the new primary
	p.done(p.r.FailOver(ctx, p.id, ""))
	p.done(p.r.Reverse(ctx, p.id, hyperv.ReplicaServer{Server: "p1"}))
}
