package hypertest_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/hypersim"
	"lifeboat.io/pkg/hyperv/hypertest"
)

// A suite that nothing fails proves nothing. Each mutant is a Host with one
// defect an implementation might have; the suite must find every one.

// mutant wraps a host; the embedded one does what the defect leaves alone.
type mutant struct {
	hyperv.Host
	w *hypersim.World
}

const testedVM hyperv.VMID = "6f9619ff-8b86-4011-b42d-00c04fc964ff"

type actsAlways struct{ mutant }

func (m actsAlways) Prepare(ctx context.Context, id hyperv.VMID) (hyperv.Change, error) {
	c, err := m.mutant.Prepare(ctx, id)
	c.Acted = err == nil
	return c, err
}

type stopsNothing struct{ mutant }

func (m stopsNothing) Stop(ctx context.Context, id hyperv.VMID, _ hyperv.StopOptions) (hyperv.Change, error) {
	vm, err := m.Read(ctx, id)
	return hyperv.Change{Acted: true, Before: vm, After: vm}, err
}

type ignoresPoint struct{ mutant }

func (m ignoresPoint) FailOver(ctx context.Context, id hyperv.VMID, _ hyperv.RecoveryPointID) (hyperv.Change, error) {
	return m.mutant.FailOver(ctx, id, "")
}

type removesTestVM struct{ mutant }

func (m removesTestVM) CancelFailover(ctx context.Context, id hyperv.VMID) (hyperv.Change, error) {
	if vm, err := m.Read(ctx, id); err == nil && vm.TestVM != nil {
		return m.StopTestFailover(ctx, id)
	}
	return m.mutant.CancelFailover(ctx, id)
}

type keepsOtherAdapters struct{ mutant }

func (m keepsOtherAdapters) SetTestNetwork(ctx context.Context, id hyperv.VMID, s []hyperv.AdapterSwitch) (hyperv.Change, error) {
	vm, err := m.Read(ctx, id)
	if err != nil {
		return hyperv.Change{}, err
	}
	for _, a := range vm.Adapters {
		if a.Name != "Front" && a.TestSwitch != "" {
			s = append(s, hyperv.AdapterSwitch{Adapter: a.Name, Switch: a.TestSwitch})
		}
	}
	return m.mutant.SetTestNetwork(ctx, id, s)
}

type findsByPattern struct{ mutant }

func (m findsByPattern) FindVM(ctx context.Context, name string) (hyperv.VMID, error) {
	if strings.Contains(name, "*") {
		return testedVM, nil
	}
	return m.mutant.FindVM(ctx, name)
}

type foldsCase struct{ mutant }

func (m foldsCase) FindVM(ctx context.Context, name string) (hyperv.VMID, error) {
	return m.mutant.FindVM(ctx, strings.ToLower(name))
}

type trimsNames struct{ mutant }

func (m trimsNames) Read(ctx context.Context, id hyperv.VMID) (hyperv.VM, error) {
	vm, err := m.mutant.Read(ctx, id)
	vm.Name = strings.TrimSpace(vm.Name)
	return vm, err
}

type retriesUnknown struct{ mutant }

func (m retriesUnknown) Stop(ctx context.Context, id hyperv.VMID, o hyperv.StopOptions) (hyperv.Change, error) {
	c, err := m.mutant.Stop(ctx, id, o)
	if e := hyperv.AsError(err); e != nil && e.Class == hyperv.ClassUnknown {
		return m.mutant.Stop(ctx, id, o) // what must never be done
	}
	return c, err
}

type callsLostDone struct{ mutant }

func (m callsLostDone) SetAutoStart(ctx context.Context, id hyperv.VMID, a hyperv.StartAction) (hyperv.Change, error) {
	c, err := m.mutant.SetAutoStart(ctx, id, a)
	if e := hyperv.AsError(err); e != nil && e.Class == hyperv.ClassUnknown {
		e.Class = hyperv.ClassRetry
	}
	return c, err
}

type ignoresBeginBy struct{ mutant }

func (m ignoresBeginBy) Stop(ctx context.Context, id hyperv.VMID, o hyperv.StopOptions) (hyperv.Change, error) {
	return m.mutant.Stop(context.WithoutCancel(hyperv.BeginBy(ctx, m.w.Now().Add(time.Hour))), id, o)
}

type readsLocalTime struct{ mutant }

func (m readsLocalTime) Read(ctx context.Context, id hyperv.VMID) (hyperv.VM, error) {
	vm, err := m.mutant.Read(ctx, id)
	vm.HostTime = vm.HostTime.In(time.FixedZone("there", 3600))
	return vm, err
}

type startsReplicas struct{ mutant }

func (m startsReplicas) Start(ctx context.Context, id hyperv.VMID) (hyperv.Change, error) {
	c, err := m.mutant.Start(ctx, id)
	if e := hyperv.AsError(err); e != nil && e.Code == hyperv.CodeWrongState {
		e.Class = hyperv.ClassRetry
	}
	return c, err
}

var mutants = map[string]func(mutant) hyperv.Host{
	"acts always":          func(m mutant) hyperv.Host { return actsAlways{m} },
	"stops nothing":        func(m mutant) hyperv.Host { return stopsNothing{m} },
	"ignores point":        func(m mutant) hyperv.Host { return ignoresPoint{m} },
	"removes test VM":      func(m mutant) hyperv.Host { return removesTestVM{m} },
	"keeps other adapters": func(m mutant) hyperv.Host { return keepsOtherAdapters{m} },
	"finds by pattern":     func(m mutant) hyperv.Host { return findsByPattern{m} },
	"folds case":           func(m mutant) hyperv.Host { return foldsCase{m} },
	"trims names":          func(m mutant) hyperv.Host { return trimsNames{m} },
	"retries unknown":      func(m mutant) hyperv.Host { return retriesUnknown{m} },
	"calls lost done":      func(m mutant) hyperv.Host { return callsLostDone{m} },
	"ignores BeginBy":      func(m mutant) hyperv.Host { return ignoresBeginBy{m} },
	"reads local time":     func(m mutant) hyperv.Host { return readsLocalTime{m} },
	"retries replicas":     func(m mutant) hyperv.Host { return startsReplicas{m} },
}

// mutantVariable names the mutant TestMutant runs the suite with.
const mutantVariable = "LIFEBOAT_HYPERTEST_MUTANT"

// TestMutant runs the suite with one mutant. By itself it does nothing.
func TestMutant(t *testing.T) {
	make := mutants[os.Getenv(mutantVariable)]
	if make == nil {
		t.Skip("run by TestMutantsAreFound")
	}
	hypertest.Run(t, hypertest.Fixture{Pair: func(t *testing.T) *hypertest.Pair { return mutatedPair(t, make) }})
}

// TestNoDefect shows that the mutants fail for their defects alone.
func TestNoDefect(t *testing.T) {
	hypertest.Run(t, hypertest.Fixture{Pair: func(t *testing.T) *hypertest.Pair {
		return mutatedPair(t, func(m mutant) hyperv.Host { return m })
	}})
}

func TestMutantsAreFound(t *testing.T) {
	for name := range mutants {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestMutant$", "-test.timeout=60s")
			cmd.Env = append(os.Environ(), mutantVariable+"="+name)
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), "--- FAIL: TestMutant/") {
				t.Errorf("the suite passes a host that %s: %v\n%s", name, err, out)
			}
		})
	}
}

// mutatedPair is a simulated pair of hosts with the defect.
func mutatedPair(t *testing.T, make func(mutant) hyperv.Host) *hypertest.Pair {
	s := hypersim.Pair(1)
	s.VMs[0].Name, s.VMs[0].ID, s.VMs[0].FrequencySec = hypertest.Mark, testedVM, 30
	s.VMs[0].Adapters = []hypersim.AdapterSpec{{Name: "Front", TestSwitch: "Isolated"}, {Name: "Back", TestSwitch: "Isolated"}}
	w, err := hypersim.New(s)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[hypertest.Fault]hypersim.FaultKind{hypertest.ReplyLost: hypersim.FaultReplyLost, hypertest.NeverArrives: hypersim.FaultTimeout, hypertest.HeldUp: hypersim.FaultLate}
	return &hypertest.Pair{
		Primary: make(mutant{w.Host("p1"), w}), Replica: make(mutant{w.Host("r1"), w}), VM: testedVM, VMName: hypertest.Mark,
		ToPrimary: hyperv.ReplicaServer{Server: "p1"}, ToReplica: hyperv.ReplicaServer{Server: "r1"},
		Adapter: "Front", TestSwitch: "Isolated", Pass: w.Advance, Now: w.Now, Disposable: true,
		NewVM: func(t hypertest.T, h hyperv.Host, name string) (hyperv.VMID, bool) {
			id, err := w.Machine(h.Name()).NewVM(t.Context(), name)
			return id, err == nil
		},
		Writes: func(_ hypertest.T, h hyperv.Host) int64 {
			c, _ := w.Copy(h.Name(), testedVM)
			return c.Writes
		},
		Break: func(t hypertest.T, h hyperv.Host, f hypertest.Fault) bool {
			if kinds[f] == "" {
				return false
			}
			if err := w.Inject(hypersim.Fault{Kind: kinds[f], Host: h.Name(), Delay: hypersim.Duration(time.Minute)}); err != nil {
				t.Fatal(err)
			}
			return true
		},
	}
}

// TestUnmarkedVMIsRefused shows that the suite does not touch a VM without the mark.
func TestUnmarkedVMIsRefused(t *testing.T) {
	const variable = "LIFEBOAT_HYPERTEST_UNMARKED"
	if os.Getenv(variable) != "" {
		hypertest.Run(t, hypertest.Fixture{Pair: func(*testing.T) *hypertest.Pair { return &hypertest.Pair{VMName: "payroll"} }})
		return
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestUnmarkedVMIsRefused$")
	cmd.Env = append(os.Environ(), variable+"=1")
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), `"payroll"`) || strings.Contains(string(out), "panic") {
		t.Errorf("the suite accepted the VM: %v\n%s", err, out)
	}
}
