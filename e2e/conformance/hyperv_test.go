package conformance_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"lifeboat.io/e2e/lab/cmdlets"
	lab "lifeboat.io/e2e/lab/winrm"
	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/hypersim"
	"lifeboat.io/pkg/hyperv/hypertest"
	"lifeboat.io/pkg/hyperv/winrm"
)

const testedVM hyperv.VMID = "6f9619ff-8b86-4011-b42d-00c04fc964ff"

// TestConformance runs the suite of hyperv.Host over WinRM: our scripts,
// executed by the lab, on cmdlets over simulated hosts.
func TestConformance(t *testing.T) {
	hypertest.Run(t, hypertest.Fixture{Pair: func(t *testing.T) *hypertest.Pair { return newPair(t).fixture() }})
}

// pair is a simulated pair of hosts, each behind a WinRM service of the lab.
type pair struct {
	world   *hypersim.World
	sites   map[string]*site
	hosts   map[string]*winrm.Host
	adapter string
}

func newPair(t *testing.T) *pair {
	t.Helper()
	spec := hypersim.Pair(1)
	spec.Live = true
	spec.VMs[0].Name, spec.VMs[0].ID, spec.VMs[0].FrequencySec = hypertest.Mark+"-1", testedVM, 30
	spec.VMs[0].Adapters = []hypersim.AdapterSpec{
		{Name: "Front", Switch: "Production", TestSwitch: "Isolated"},
		{Name: "Back", Switch: "Production", TestSwitch: "Isolated"},
	}
	spec.Hosts[0].Skew, spec.Hosts[1].Skew = hypersim.Duration(-7*time.Minute), hypersim.Duration(3*time.Hour)
	world, err := hypersim.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	drive(t, world)
	p := &pair{world: world, sites: map[string]*site{}, hosts: map[string]*winrm.Host{}, adapter: "Front"}
	for name, way := range map[string]string{"p1": "https", "r1": "sealed"} {
		host, err := cmdlets.NewHost(t.Context(), world, name, cmdlets.Settings{})
		if err != nil {
			t.Fatal(err)
		}
		s := start(t, func(c *lab.Config) { c.Run = runner(host.Options(user)) })
		c := s.config(t, ways[way].transport, ways[way].auth)
		c.Name, c.Limits.OperationTimeout = name, time.Second
		p.sites[name], p.hosts[name] = s, s.dial(t, c)
	}
	return p
}

// drive lets a live world's time pass until the test ends, 200 times as fast
// as ours.
func drive(t *testing.T, w *hypersim.World) {
	stop, stopped := make(chan struct{}), make(chan struct{})
	tick := time.NewTicker(time.Millisecond)
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				w.Advance(200 * time.Millisecond)
			}
		}
	}()
	t.Cleanup(func() { tick.Stop(); close(stop); <-stopped })
}

func (p *pair) fixture() *hypertest.Pair {
	machine := func(h hyperv.Host) *hypersim.Machine { return p.world.Machine(h.Name()) }
	return &hypertest.Pair{
		Primary: p.hosts["p1"], Replica: p.hosts["r1"], VM: testedVM, VMName: hypertest.Mark + "-1",
		ToPrimary: hyperv.ReplicaServer{Server: "p1.hyperv.example", Port: 80, Authentication: hyperv.AuthKerberos},
		ToReplica: hyperv.ReplicaServer{Server: "r1.hyperv.example", Port: 80, Authentication: hyperv.AuthKerberos},
		Adapter:   "Front", TestSwitch: "Isolated", Pass: p.world.Advance, Disposable: true,
		Writes: func(t hypertest.T, h hyperv.Host) int64 {
			c, there := p.world.Copy(h.Name(), testedVM)
			if !there {
				t.Fatalf("%s has no copy", h.Name())
			}
			return c.Writes
		},
		Save: func(t hypertest.T, h hyperv.Host) {
			if err := machine(h).SaveVM(t.Context(), testedVM); err != nil {
				t.Fatal(err)
			}
		},
		Resume: func(h hyperv.Host) error {
			return machine(h).ResumeVMReplication(context.Background(), testedVM, hypersim.ResumeVMReplicationOptions{})
		},
		NewVM: func(t hypertest.T, h hyperv.Host, name string) (hyperv.VMID, bool) {
			id, err := machine(h).NewVM(t.Context(), name)
			return id, err == nil
		},
		RenameAdapter: func(t hypertest.T, h hyperv.Host, name string) bool {
			err := machine(h).RenameVMNetworkAdapter(t.Context(), testedVM, p.adapter, name)
			if err == nil {
				p.adapter = name
			}
			return err == nil
		},
		NewSwitch: func(t hypertest.T, h hyperv.Host, name string) bool {
			return machine(h).NewVMSwitch(t.Context(), name) == nil
		},
		Changing: func(_ hypertest.T, h hyperv.Host) []string {
			var all []string
			entries, _ := p.world.Journal()
			for _, e := range entries {
				if e.Host == h.Name() && e.Cmdlet != "" && e.Changed {
					all = append(all, e.Cmdlet)
				}
			}
			return all
		},
		Break: p.breakNext,
		Mend:  p.mend,
	}
}

// faults are what the suite asks for, as the lab's WinRM does it. A request is
// held up by its host for longer than its caller waits only until the caller
// deletes the shell it was for, so what is held up dies in any case.
var faults = map[hypertest.Fault][]lab.Fault{
	hypertest.NeverArrives: {{Kind: lab.FaultHalfOpen, Action: lab.ActionSend, When: lab.Before}},
	hypertest.ReplyLost:    {{Kind: lab.FaultReset, Action: lab.ActionReceive, When: lab.After}},
	hypertest.NoReply:      {{Kind: lab.FaultHalfOpen, Action: lab.ActionReceive, When: lab.After}},
	hypertest.Denied:       {{Kind: lab.FaultAccessDenied, Action: lab.ActionSend}},
	hypertest.Full:         {{Kind: lab.FaultQuota, Action: lab.ActionSend}, {Kind: lab.FaultQuota, Action: lab.ActionCreate, Count: -1}},
	hypertest.Garbage:      {{Kind: lab.FaultGarbage, Action: lab.ActionReceive}},
	hypertest.Unreachable:  {},
}

// breakNext makes the next call to a host go wrong. The lanes are opened
// before, so that it is the call that meets the fault and not their start.
func (p *pair) breakNext(t hypertest.T, h hyperv.Host, f hypertest.Fault) bool {
	t.Helper()
	armed, known := faults[f]
	if !known {
		return false
	}
	_, read := h.Read(t.Context(), nobody)
	_, acted := h.StopTestFailover(t.Context(), nobody)
	if e := hyperv.AsError(acted); read != nil || e == nil || e.Code != hyperv.CodeVMNotFound {
		t.Fatal(errors.Join(read, acted))
	}
	s := p.sites[h.Name()]
	if f == hypertest.Unreachable {
		s.Stop()
		return true
	}
	if _, err := s.Arm(armed...); err != nil {
		t.Fatal(err)
	}
	return true
}

func (p *pair) mend() {
	for _, s := range p.sites {
		s.DisarmAll()
		if !s.Listening() {
			_ = s.Resume() // a host that does not come back fails the next call
		}
	}
}
