package hypertest

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"lifeboat.io/pkg/hyperv"
)

// Absent is an id no host has. The suite asks for it to see it refused.
const Absent hyperv.VMID = "00000000-dead-4bad-8000-00000000beef"

var readingCases = []Case{
	{"Info", func(t *trial) {
		info, err := t.Replica.Info(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if info.ComputerName == "" || info.FQDN == "" || info.PowerShell == "" || info.Module == "" || info.Clock.IsZero() || !info.ReplicaServer {
			t.Errorf("incomplete: %+v", info)
		}
		if info.Clock.Location() != time.UTC {
			t.Errorf("the clock is in %s, not UTC", info.Clock.Location())
		}
		if !info.Cmdlets["Start-VMFailover"] || !info.Cmdlets["Get-VM"] {
			t.Errorf("the host knows %v", info.Cmdlets)
		}
		found := false
		for _, s := range info.Switches {
			found = found || s == t.TestSwitch
		}
		if !found {
			t.Errorf("switch %q is not among %q", t.TestSwitch, info.Switches)
		}
	}},
	{"FindVM", func(t *trial) {
		for _, h := range []hyperv.Host{t.Primary, t.Replica} {
			if id, err := h.FindVM(t.Context(), t.VMName); err != nil || id != t.VM {
				t.Fatalf("%s: %q is %s, %v", h.Name(), t.VMName, id, err)
			}
		}
		for _, name := range []string{t.VMName + "x", strings.ToUpper(t.VMName), "*", t.VMName[:len(Mark)] + "*", "[a-z]*", "?" + t.VMName[1:], ""} {
			_, err := t.Primary.FindVM(t.Context(), name)
			t.isError("FindVM "+name, err, hyperv.ClassRefuse, hyperv.CodeVMNotFound)
		}
	}},
	{"FindVMAmbiguous", func(t *trial) {
		if t.NewVM == nil {
			t.Skip("the fixture makes no VMs")
		}
		other, ok := t.NewVM(t.T, t.Primary, t.VMName)
		if !ok {
			t.Skip("the host has no two VMs of one name")
		}
		_, err := t.Primary.FindVM(t.Context(), t.VMName)
		e := t.isError("FindVM", err, hyperv.ClassRefuse, hyperv.CodeVMAmbiguous)
		if !strings.Contains(e.Message, string(t.VM)) || !strings.Contains(e.Message, string(other)) {
			t.Errorf("the error does not name both ids: %v", err)
		}
	}},
	{"ListVMs", func(t *trial) {
		for h, mode := range map[hyperv.Host]hyperv.Mode{t.Primary: hyperv.ModePrimary, t.Replica: hyperv.ModeReplica} {
			if s, ok := t.listed(h, t.VM); !ok || s.Name != t.VMName || s.Mode != mode {
				t.Errorf("%s lists %+v", h.Name(), s)
			}
		}
	}},
	{"Read", func(t *trial) {
		p, r := t.read(t.Primary), t.read(t.Replica)
		for _, vm := range []hyperv.VM{p, r} {
			switch rep := vm.Replication; {
			case !vm.Present || vm.ID != t.VM || len(vm.OperationalStatus) == 0 || vm.AutoStart == "":
				t.Errorf("incomplete: %+v", vm)
			case vm.HostTime.IsZero() || vm.HostTime.Location() != time.UTC || rep.LastReplication.Location() != time.UTC:
				t.Errorf("times are not there or not UTC: %+v", vm)
			case rep.LastReplication.IsZero() || rep.LastReplication.After(vm.HostTime):
				t.Errorf("last replication %s at %s", rep.LastReplication, vm.HostTime)
			case rep.Health != hyperv.HealthNormal || rep.Frequency < 30*time.Second || rep.PrimaryServer == "" || rep.ReplicaServer == "" || rep.ReplicaPort == 0 || rep.Authentication == "":
				t.Errorf("replication is incomplete: %+v", rep)
			}
		}
		if !p.Heartbeat.Alive() {
			t.Errorf("the primary's heartbeat is %s", p.Heartbeat)
		}
		if r.Replication.FailedOver != hyperv.TypeNone {
			t.Errorf("the replica says it is failed over from %s", r.Replication.FailedOver)
		}
		for i, point := range r.RecoveryPoints {
			if point.ID == "" || point.Type == "" || i > 0 && point.Time.Before(r.RecoveryPoints[i-1].Time) {
				t.Errorf("recovery points: %+v", r.RecoveryPoints)
			}
		}
		found := 0
		for _, a := range p.Adapters {
			if a.Name == t.Adapter {
				found++
			}
		}
		if found != 1 {
			t.Errorf("adapter %q is there %d times: %+v", t.Adapter, found, p.Adapters)
		}
	}},
	{"ReadState", func(t *trial) {
		for _, h := range []hyperv.Host{t.Primary, t.Replica} {
			whole := t.read(h)
			state, err := h.ReadState(t.Context(), t.VM)
			if err != nil {
				t.Fatalf("reading the state of %s on %s: %v", t.VM, h.Name(), err)
			}
			if state.Adapters != nil || state.RecoveryPoints != nil || state.HostTime.Before(whole.HostTime) {
				t.Errorf("%s: %+v after %s", h.Name(), state, whole.HostTime)
			}
			if got, want := essence(state), essence(whole.State()); got != want {
				t.Errorf("%s: the state reads\n%s, the whole\n%s", h.Name(), got, want)
			}
		}
	}},
	{"ReadAbsent", func(t *trial) {
		if vm := t.readVM(t.Primary, Absent); vm.Present || vm.HostTime.IsZero() {
			t.Errorf("got %+v", vm)
		}
	}},
	{"AbsentVM", func(t *trial) {
		h := t.Replica
		calls := map[string]verb{
			"Stop":              func(ctx context.Context) (hyperv.Change, error) { return h.Stop(ctx, Absent, stopOptions) },
			"Start":             func(ctx context.Context) (hyperv.Change, error) { return h.Start(ctx, Absent) },
			"SetTestNetwork":    func(ctx context.Context) (hyperv.Change, error) { return h.SetTestNetwork(ctx, Absent, nil) },
			"StartTestFailover": func(ctx context.Context) (hyperv.Change, error) { return h.StartTestFailover(ctx, Absent, "") },
			"StopTestFailover":  func(ctx context.Context) (hyperv.Change, error) { return h.StopTestFailover(ctx, Absent) },
			"Prepare":           func(ctx context.Context) (hyperv.Change, error) { return h.Prepare(ctx, Absent) },
			"FailOver":          func(ctx context.Context) (hyperv.Change, error) { return h.FailOver(ctx, Absent, "") },
			"Reverse":           func(ctx context.Context) (hyperv.Change, error) { return h.Reverse(ctx, Absent, t.ToPrimary) },
			"Complete":          func(ctx context.Context) (hyperv.Change, error) { return h.Complete(ctx, Absent) },
			"CancelFailover":    func(ctx context.Context) (hyperv.Change, error) { return h.CancelFailover(ctx, Absent) },
			"SetAutoStart": func(ctx context.Context) (hyperv.Change, error) {
				return h.SetAutoStart(ctx, Absent, hyperv.StartNothing)
			},
			"BecomeReplica": func(ctx context.Context) (hyperv.Change, error) { return h.BecomeReplica(ctx, Absent) },
		}
		for _, name := range slices.Sorted(maps.Keys(calls)) {
			t.refused(name, h, hyperv.CodeVMNotFound, calls[name])
		}
	}},
}

// listed finds a VM in a host's list.
func (t *trial) listed(h hyperv.Host, id hyperv.VMID) (hyperv.VMSummary, bool) {
	t.Helper()
	all, err := h.ListVMs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if s.ID == id {
			return s, true
		}
	}
	return hyperv.VMSummary{}, false
}
