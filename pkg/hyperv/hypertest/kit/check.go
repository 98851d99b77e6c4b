package kit

import (
	"context"
	"fmt"
	"slices"

	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/hypertest"
	"lifeboat.io/pkg/inventory"
)

// Check looks at hosts and VMs and finds every reason not to begin, which is a
// *Refusal. It changes nothing. Without starting, only names and marks count: so
// a VM that an earlier run left somewhere else can be brought back.
func (r *Run) Check(ctx context.Context, starting bool) error {
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	var reasons []string
	for _, h := range r.config.Hosts {
		info, err := r.hosts[h.Name].Info(ctx)
		if err != nil {
			reasons = append(reasons, fmt.Sprintf("host %s: %v", h.Name, err))
			continue
		}
		r.report.Hosts = append(r.report.Hosts, HostReport{h.Name, h.Address, string(h.WinRM.Auth), string(h.WinRM.Transport), info})
		if !info.ReplicaServer {
			reasons = append(reasons, fmt.Sprintf("host %s: accepts no replication; enable it as a replica server, so that failovers can be reversed", h.Name))
		}
		for _, v := range r.config.VMs {
			if !slices.Contains(info.Switches, v.TestSwitch) {
				reasons = append(reasons, fmt.Sprintf("host %s: has no virtual switch %q, the testSwitch of %s; it has %q", h.Name, v.TestSwitch, v.Name, info.Switches))
			}
		}
	}
	if len(reasons) > 0 {
		return &Refusal{reasons}
	}
	for _, v := range r.config.VMs {
		s, wrong := r.subject(ctx, v, starting)
		reasons = append(reasons, wrong...)
		if s != nil {
			r.subjects = append(r.subjects, s)
		}
	}
	if len(reasons) > 0 {
		r.subjects = nil
		return &Refusal{reasons}
	}
	return nil
}

// subject checks a VM.
func (r *Run) subject(ctx context.Context, v VM, starting bool) (*subject, []string) {
	p, q := r.config.sides(v)
	primary, replica := r.hosts[p.Name], r.hosts[q.Name]
	id, err := primary.FindVM(ctx, v.Name)
	if err != nil {
		return nil, []string{fmt.Sprintf("VM %s: %v", v.Name, err)}
	}
	other, err := replica.FindVM(ctx, v.Name)
	switch {
	case err != nil:
		return nil, []string{fmt.Sprintf("VM %s: %v", v.Name, err)}
	case other != id:
		return nil, []string{fmt.Sprintf("VM %s: is %s on %s and another one, %s, on %s; primary and replica must be the same VM", v.Name, id, p.Name, other, q.Name)}
	}
	s := r.pairOf(v, id, p, q)
	if wrong := unmarked(ctx, s); len(wrong) > 0 {
		return nil, wrong
	}
	if s.start, err = s.pair.Settings(ctx); err != nil {
		return nil, []string{fmt.Sprintf("VM %s: %v", v.Name, err)}
	}
	if !starting {
		return s, nil
	}
	return s, notStarting(ctx, s)
}

// pairOf makes the pair the suite works on.
func (r *Run) pairOf(v VM, id hyperv.VMID, p, q inventory.Host) *subject {
	b := newBook(v, id, p.FQDN, q.FQDN)
	return &subject{vm: v, book: b, pair: &hypertest.Pair{
		Primary: &guarded{r.hosts[p.Name], b, SidePrimary}, Replica: &guarded{r.hosts[q.Name], b, SideReplica},
		VM: id, VMName: v.Name, ToPrimary: receives(p, q), ToReplica: receives(q, p),
		Adapter: v.Adapter, TestSwitch: v.TestSwitch, Pass: r.wait, Patience: r.config.patience(), Resume: resumption, Seed: seeding, Save: saving,
	}}
}

// unmarked tells on which hosts the VM is not marked for this.
func unmarked(ctx context.Context, s *subject) []string {
	var wrong []string
	for _, h := range []hyperv.Host{s.pair.Primary, s.pair.Replica} {
		r, err := host(h).ask(ctx, AskLook, "")
		switch {
		case err != nil:
			wrong = append(wrong, fmt.Sprintf("VM %s: %v", s.vm.Name, err))
		case !r.OK:
			wrong = append(wrong, fmt.Sprintf("VM %s on %s: cannot be looked at: %s: %s", s.vm.Name, h.Name(), r.FullyQualifiedErrorID, r.Message))
		case !r.Marked:
			wrong = append(wrong, fmt.Sprintf("VM %s on %s: its Notes do not hold the line %q; if it may be thrown away, run there: Set-VM -Name '%s' -Notes '%s'",
				s.vm.Name, h.Name(), Marker, s.vm.Name, Marker))
		}
	}
	return wrong
}

// stillMarked looks for the mark again before a case.
func (r *Run) stillMarked(ctx context.Context, s *subject) error {
	if wrong := unmarked(ctx, s); len(wrong) > 0 {
		return &Refusal{wrong}
	}
	return nil
}

// notStarting tells what keeps a VM from being in the starting state.
func notStarting(ctx context.Context, s *subject) []string {
	p, err := s.pair.Primary.Read(ctx, s.pair.VM)
	if err != nil {
		return []string{fmt.Sprintf("VM %s: %v", s.vm.Name, err)}
	}
	q, err := s.pair.Replica.Read(ctx, s.pair.VM)
	if err != nil {
		return []string{fmt.Sprintf("VM %s: %v", s.vm.Name, err)}
	}
	var wrong []string
	for _, must := range []struct {
		holds bool
		host  string
		want  string
		is    any
	}{
		{p.Power == hyperv.PowerRunning, s.pair.Primary.Name(), "must be Running", p.Power},
		{p.Heartbeat.Alive(), s.pair.Primary.Name(), "its guest must be up, with a heartbeat", p.Heartbeat},
		{p.Replication.Mode == hyperv.ModePrimary, s.pair.Primary.Name(), "must be the Primary", p.Replication.Mode},
		{p.Replication.State == hyperv.StateReplicating, s.pair.Primary.Name(), "must be Replicating", p.Replication.State},
		{p.Replication.Health == hyperv.HealthNormal, s.pair.Primary.Name(), "its replication must be Normal", p.Replication.Health},
		{countAdapters(p.Adapters, s.vm.Adapter) == 1, s.pair.Primary.Name(), "must have exactly one network adapter " + s.vm.Adapter, countAdapters(p.Adapters, s.vm.Adapter)},
		{q.Power == hyperv.PowerOff, s.pair.Replica.Name(), "must be Off", q.Power},
		{q.Replication.Mode == hyperv.ModeReplica, s.pair.Replica.Name(), "must be the Replica", q.Replication.Mode},
		{q.Replication.State == hyperv.StateReplicating, s.pair.Replica.Name(), "must be Replicating", q.Replication.State},
		{q.Replication.Health == hyperv.HealthNormal, s.pair.Replica.Name(), "its replication must be Normal", q.Replication.Health},
		{q.TestVM == nil, s.pair.Replica.Name(), "must have no test VM", "there is one"},
		{p.Extended == nil && q.Extended == nil, s.pair.Replica.Name(), "must not be replicated further", "it is extended"},
		{countAdapters(q.Adapters, s.vm.Adapter) == 1, s.pair.Replica.Name(), "must have exactly one network adapter " + s.vm.Adapter, countAdapters(q.Adapters, s.vm.Adapter)},
	} {
		if !must.holds {
			wrong = append(wrong, fmt.Sprintf("VM %s on %s: %s, and is %v; bring it there, or after an interrupted run use --bring-back", s.vm.Name, must.host, must.want, must.is))
		}
	}
	return wrong
}

func countAdapters(all []hyperv.Adapter, name string) int {
	n := 0
	for _, a := range all {
		if a.Name == name {
			n++
		}
	}
	return n
}
