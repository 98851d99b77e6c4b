package hypersim_test

import (
	"context"
	"testing"
	"time"

	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/hypersim"
	"lifeboat.io/pkg/hyperv/hypertest"
)

const testedVM hyperv.VMID = "6f9619ff-8b86-4011-b42d-00c04fc964ff"

// tested is a pair's world as the suite needs it: a marked VM with two adapters.
func tested(live bool) hypersim.Spec {
	s := hypersim.Pair(1)
	s.Live = live
	s.VMs[0].Name = hypertest.Mark + "-1"
	s.VMs[0].ID = testedVM
	s.VMs[0].FrequencySec = 30
	s.VMs[0].Adapters = []hypersim.AdapterSpec{
		{Name: "Front", Switch: "Production", TestSwitch: "Isolated"},
		{Name: "Back", Switch: "Production", TestSwitch: "Isolated"},
	}
	return s
}

func TestConformance(t *testing.T) {
	hypertest.Run(t, hypertest.Fixture{Pair: func(t *testing.T) *hypertest.Pair {
		w := newWorld(t, tested(false))
		return pairOf(w, w.Advance)
	}})
}

// TestConformanceLive runs the suite on a live world, whose calls wait for a
// goroutine that lets time pass.
func TestConformanceLive(t *testing.T) {
	hypertest.Run(t, hypertest.Fixture{Pair: func(t *testing.T) *hypertest.Pair {
		w := newWorld(t, tested(true))
		drive(t, w)
		return pairOf(w, w.Advance)
	}})
}

// drive lets a live world's time pass until the test ends: five seconds of it
// in a millisecond.
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
				w.Advance(5 * time.Second)
			}
		}
	}()
	t.Cleanup(func() { tick.Stop(); close(stop); <-stopped })
}

// TestConformanceBroughtBack runs the suite on one and the same pair, as it
// would be run on real hosts.
func TestConformanceBroughtBack(t *testing.T) {
	w := newWorld(t, tested(false))
	hypertest.Run(t, hypertest.Fixture{Pair: func(*testing.T) *hypertest.Pair {
		p := pairOf(w, w.Advance)
		p.Disposable = false
		p.NewVM, p.NewSwitch, p.RenameAdapter = nil, nil, nil
		return p
	}})
}

func newWorld(t *testing.T, s hypersim.Spec) *hypersim.World {
	t.Helper()
	w, err := hypersim.New(s)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// pairOf is a world as a fixture's pair.
func pairOf(w *hypersim.World, pass func(time.Duration)) *hypertest.Pair {
	p := &hypertest.Pair{
		Primary: w.Host("p1"), Replica: w.Host("r1"), VM: testedVM, VMName: hypertest.Mark + "-1",
		ToPrimary: hyperv.ReplicaServer{Server: "p1.hyperv.example", Port: 80, Authentication: hyperv.AuthKerberos},
		ToReplica: hyperv.ReplicaServer{Server: "r1.hyperv.example", Port: 80, Authentication: hyperv.AuthKerberos},
		Adapter:   "Front", TestSwitch: "Isolated", Pass: pass, Now: w.Now, Disposable: true,
	}
	p.Writes = func(t hypertest.T, h hyperv.Host) int64 {
		c, ok := w.Copy(h.Name(), testedVM)
		if !ok {
			t.Fatalf("%s has no copy", h.Name())
		}
		return c.Writes
	}
	p.Save = func(t hypertest.T, h hyperv.Host) {
		if err := w.Machine(h.Name()).SaveVM(t.Context(), testedVM); err != nil {
			t.Fatal(err)
		}
	}
	p.Resume = func(h hyperv.Host) error {
		return w.Machine(h.Name()).ResumeVMReplication(context.Background(), testedVM, hypersim.ResumeVMReplicationOptions{})
	}
	p.Seed = func(h hyperv.Host) error {
		return w.Machine(h.Name()).StartVMInitialReplication(context.Background(), testedVM, hypersim.StartVMInitialReplicationOptions{UseBackup: true})
	}
	p.NewVM = func(t hypertest.T, h hyperv.Host, name string) (hyperv.VMID, bool) {
		id, err := w.Machine(h.Name()).NewVM(t.Context(), name)
		return id, err == nil
	}
	adapter := "Front"
	p.RenameAdapter = func(t hypertest.T, h hyperv.Host, name string) bool {
		err := w.Machine(h.Name()).RenameVMNetworkAdapter(t.Context(), testedVM, adapter, name)
		if err == nil {
			adapter = name
		}
		return err == nil
	}
	p.NewSwitch = func(t hypertest.T, h hyperv.Host, name string) bool {
		return w.Machine(h.Name()).NewVMSwitch(t.Context(), name) == nil
	}
	p.Changing = func(_ hypertest.T, h hyperv.Host) []string {
		var all []string
		entries, _ := w.Journal()
		for _, e := range entries {
			if e.Host == h.Name() && e.Cmdlet != "" && e.Changed {
				all = append(all, e.Cmdlet)
			}
		}
		return all
	}
	p.Break = func(t hypertest.T, h hyperv.Host, f hypertest.Fault) bool { return breakNext(t, w, h, f) }
	p.Mend = func() { _ = w.Do(hypersim.Action{Do: hypersim.DoClearFaults}) }
	return p
}

// breakNext maps the suite's faults to the simulator's.
func breakNext(t hypertest.T, w *hypersim.World, h hyperv.Host, f hypertest.Fault) bool {
	kind, ok := map[hypertest.Fault]hypersim.FaultKind{
		hypertest.Unreachable: hypersim.FaultUnreachable, hypertest.NeverArrives: hypersim.FaultTimeout,
		hypertest.ReplyLost: hypersim.FaultReplyLost, hypertest.NoReply: hypersim.FaultNoReply,
		hypertest.Denied: hypersim.FaultAccessDenied, hypertest.Full: hypersim.FaultBusy, hypertest.Garbage: hypersim.FaultGarbage,
		hypertest.HeldUp: hypersim.FaultLate,
	}[f]
	if !ok {
		return false
	}
	if err := w.Inject(hypersim.Fault{Kind: kind, Host: h.Name(), Delay: hypersim.Duration(time.Minute)}); err != nil {
		t.Fatal(err)
	}
	return true
}
