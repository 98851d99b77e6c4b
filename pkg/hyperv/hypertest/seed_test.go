package hypertest_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/hypersim"
	"lifeboat.io/pkg/hyperv/hypertest"
)

// TestBringBackFromAnywhere breaks ways of no return off after each step, as a
// run that is killed does, and brings the pair back from there.
func TestBringBackFromAnywhere(t *testing.T) {
	type step = func(ctx context.Context, p *hypertest.Pair) error
	change := func(do func(ctx context.Context, p *hypertest.Pair) (hyperv.Change, error)) step {
		return func(ctx context.Context, p *hypertest.Pair) error {
			_, err := do(ctx, p)
			return err
		}
	}
	var (
		stop = change(func(ctx context.Context, p *hypertest.Pair) (hyperv.Change, error) {
			return p.Primary.Stop(ctx, p.VM, hyperv.StopOptions{})
		})
		prepare = change(func(ctx context.Context, p *hypertest.Pair) (hyperv.Change, error) {
			return p.Primary.Prepare(ctx, p.VM)
		})
		failOver = change(func(ctx context.Context, p *hypertest.Pair) (hyperv.Change, error) {
			return p.Replica.FailOver(ctx, p.VM, "")
		})
		start    = change(func(ctx context.Context, p *hypertest.Pair) (hyperv.Change, error) { return p.Replica.Start(ctx, p.VM) })
		complete = func(ctx context.Context, p *hypertest.Pair) error {
			_, err := p.Replica.Complete(ctx, p.VM)
			p.Pass(time.Minute) // its disks merge
			return err
		}
		become = change(func(ctx context.Context, p *hypertest.Pair) (hyperv.Change, error) {
			return p.Primary.BecomeReplica(ctx, p.VM)
		})
		reverse = func(ctx context.Context, p *hypertest.Pair) error {
			_, err := p.Replica.Reverse(ctx, p.VM, p.ToPrimary)
			p.Pass(time.Minute)
			return err
		}
		test = change(func(ctx context.Context, p *hypertest.Pair) (hyperv.Change, error) {
			return p.Replica.StartTestFailover(ctx, p.VM, "")
		})
		seed = func(_ context.Context, p *hypertest.Pair) error { return p.Seed(p.Replica) }
	)
	for name, way := range map[string][]step{
		"completed":              {stop, failOver, start, complete, become, reverse, seed},
		"not completed":          {stop, failOver, become, reverse, seed},
		"planned and completed":  {stop, prepare, failOver, complete, reverse},
		"replica before the end": {stop, test, become, failOver, reverse, seed},
	} {
		for n := range len(way) + 1 {
			p := mutatedPair(t, func(m mutant) hyperv.Host { return m })
			p.Disposable = false
			w := p.Primary.(mutant).w
			p.Resume = func(h hyperv.Host) error {
				return w.Machine(h.Name()).ResumeVMReplication(t.Context(), testedVM, hypersim.ResumeVMReplicationOptions{})
			}
			p.Seed = func(h hyperv.Host) error {
				return w.Machine(h.Name()).StartVMInitialReplication(t.Context(), testedVM, hypersim.StartVMInitialReplicationOptions{UseBackup: true})
			}
			before, err := p.Settings(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for i, do := range way[:n] {
				if err := do(t.Context(), p); err != nil {
					t.Fatalf("%s: step %d: %v", name, i+1, err)
				}
			}
			if err := p.BringBack(t.Context(), before); err != nil {
				t.Errorf("%s, after step %d: %v", name, n, err)
				continue
			}
			for h, mode := range map[hyperv.Host]hyperv.Mode{p.Primary: hyperv.ModePrimary, p.Replica: hyperv.ModeReplica} {
				vm, err := h.Read(t.Context(), testedVM)
				if err != nil || vm.Replication.Mode != mode || vm.Replication.State != hyperv.StateReplicating || vm.TestVM != nil ||
					(vm.Power == hyperv.PowerRunning) != (mode == hyperv.ModePrimary) {
					t.Errorf("%s, after step %d: %s is left as %+v, %v", name, n, h.Name(), vm, err)
				}
			}
			entries, _ := w.Journal()
			if seeded := slices.ContainsFunc(entries, func(e hypersim.Entry) bool { return e.Cmdlet == "Start-VMInitialReplication" }); seeded && name == "planned and completed" {
				t.Errorf("%s, after step %d: a copy that has everything was seeded", name, n)
			}
			if o := w.Overlaps(testedVM); len(o) != 0 {
				t.Errorf("%s, after step %d: two copies ran at once: %+v", name, n, o)
			}
		}
	}
}
