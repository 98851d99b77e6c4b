package hypersim

import (
	"context"
	"fmt"
	"testing"
	"time"

	"lifeboat.io/pkg/hyperv"
	"pgregory.net/rapid"
)

// TestVerbsKeepTheirWord calls random verbs with random faults on the way, and
// checks what the contract says of every call: an error of class refuse or
// retry has changed nothing, Acted tells the truth, and a verb that succeeded
// has nothing to do when it is called again.
func TestVerbsKeepTheirWord(t *testing.T) {
	kinds := []FaultKind{FaultUnreachable, FaultReplyLost, FaultAccessDenied, FaultBusy, FaultGarbage, FaultGarbageBefore, FaultTimeout, FaultNoReply, FaultCmdletFails}
	rapid.Check(t, func(t *rapid.T) {
		s := Pair(1)
		s.CallDeadline = Duration(2 * time.Minute)
		s.VMs[0].FrequencySec = 900
		w, err := New(s)
		if err != nil {
			t.Fatal(err)
		}
		id := w.lineages[0].id
		hosts := []hyperv.Host{w.Host("p1"), w.Host("r1")}
		for n := range rapid.IntRange(1, 30).Draw(t, "calls") {
			h := rapid.SampledFrom(hosts).Draw(t, "host")
			name, call := drawVerb(t, w, h, id)
			what := fmt.Sprintf("call %d: %s on %s", n, name, h.Name())
			if rapid.IntRange(0, 2).Draw(t, "luck") == 0 {
				if err := w.Inject(Fault{Kind: rapid.SampledFrom(kinds).Draw(t, "fault"), Host: h.Name()}); err != nil {
					t.Fatal(err)
				}
			}
			before, changes := standing(w, h.Name(), id), changesOn(w, h.Name())
			c, err := call()
			w.clearFaults("")
			after, done := standing(w, h.Name(), id), changesOn(w, h.Name())-changes
			e := hyperv.AsError(err)
			switch {
			case e == nil && c.Acted != (done > 0):
				t.Fatalf("%s: acted %v, and %d cmdlets changed something", what, c.Acted, done)
			case e == nil && (!c.Before.Present || !c.After.Present):
				t.Fatalf("%s: gave no readings", what)
			case e == nil:
				again, err := call()
				if err != nil || again.Acted {
					t.Fatalf("%s: again: acted %v, %v", what, again.Acted, err)
				}
			case (e.Class == hyperv.ClassRefuse || e.Class == hyperv.ClassRetry) && (done > 0 || before != after):
				t.Fatalf("%s: %v, and yet it changed from %s to %s by %d cmdlets", what, err, before, after, done)
			}
			w.Advance(time.Duration(rapid.IntRange(0, 60).Draw(t, "seconds")) * time.Second)
		}
	})
}

// standing is what no replication cycle changes of a copy.
func standing(w *World, host string, id hyperv.VMID) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.machine(host).byID[id]
	state := c.rel.state()
	if state == hyperv.StateError {
		state = hyperv.StateReplicating // its receiver may have been failed over meanwhile
	}
	return fmt.Sprint(c.mode, state, c.power, c.testVM != nil, c.autoStart, c.adapters)
}

func changesOn(w *World, host string) int {
	n := 0
	entries, _ := w.Journal()
	for _, e := range entries {
		if e.Host == host && e.Cmdlet != "" && e.Changed {
			n++
		}
	}
	return n
}

func drawVerb(t *rapid.T, w *World, h hyperv.Host, id hyperv.VMID) (string, func() (hyperv.Change, error)) {
	ctx := context.Background()
	points := []hyperv.RecoveryPointID{"", "", "gone"}
	if vm, err := h.Read(ctx, id); err == nil && len(vm.RecoveryPoints) > 0 {
		points = append(points, vm.RecoveryPoints[0].ID)
	}
	point := rapid.SampledFrom(points).Draw(t, "point")
	other := "p1"
	if h.Name() == other {
		other = "r1"
	}
	verbs := map[string]func() (hyperv.Change, error){
		"Stop":     func() (hyperv.Change, error) { return h.Stop(ctx, id, gracefully) },
		"Start":    func() (hyperv.Change, error) { return h.Start(ctx, id) },
		"Prepare":  func() (hyperv.Change, error) { return h.Prepare(ctx, id) },
		"FailOver": func() (hyperv.Change, error) { return h.FailOver(ctx, id, point) },
		"Reverse": func() (hyperv.Change, error) {
			return h.Reverse(ctx, id, hyperv.ReplicaServer{Server: other + ".hyperv.example"})
		},
		"Complete":  func() (hyperv.Change, error) { return h.Complete(ctx, id) },
		"Cancel":    func() (hyperv.Change, error) { return h.CancelFailover(ctx, id) },
		"Test":      func() (hyperv.Change, error) { return h.StartTestFailover(ctx, id, point) },
		"StopTest":  func() (hyperv.Change, error) { return h.StopTestFailover(ctx, id) },
		"AsReplica": func() (hyperv.Change, error) { return h.BecomeReplica(ctx, id) },
		"AutoStart": func() (hyperv.Change, error) { return h.SetAutoStart(ctx, id, hyperv.StartNothing) },
		"Network": func() (hyperv.Change, error) {
			return h.SetTestNetwork(ctx, id, []hyperv.AdapterSwitch{{Adapter: "Network Adapter", Switch: "Production"}})
		},
	}
	names := []string{"Stop", "Start", "Prepare", "FailOver", "Reverse", "Complete", "Cancel", "Test", "StopTest", "AsReplica", "AutoStart", "Network"}
	name := rapid.SampledFrom(names).Draw(t, "verb")
	return name, verbs[name]
}
