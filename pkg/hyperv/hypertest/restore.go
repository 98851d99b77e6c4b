package hypertest

import (
	"context"
	"errors"
	"time"

	"lifeboat.io/pkg/hyperv"
)

// bringBackAfter brings the pair back to its starting state when the case is
// over, whatever the case did or failed to do.
func (p *Pair) bringBackAfter(t T) {
	t.Helper()
	start, err := p.Settings(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), bringBackLimit)
		defer cancel()
		if err := p.BringBack(ctx, start); err != nil {
			t.Errorf("the VM could not be brought back to where it was; look after it by hand: %v", err)
		}
	})
}

// bringBackLimit bounds bringing a pair back, in real time: a few steps that may
// each have to wait out the pair's patience.
const bringBackLimit = 2 * time.Hour

// Settings are what cases change of a VM in its starting state besides its
// states, as it was read.
type Settings struct {
	// PrimaryAutoStart and ReplicaAutoStart are the automatic start actions.
	PrimaryAutoStart hyperv.StartAction `json:"primaryAutoStart"`
	ReplicaAutoStart hyperv.StartAction `json:"replicaAutoStart"`
	// TestNetwork is what the replica's adapters are connected to in tests.
	TestNetwork []hyperv.AdapterSwitch `json:"testNetwork,omitempty"`
}

// Settings reads the settings to bring back later.
func (p *Pair) Settings(ctx context.Context) (Settings, error) {
	primary, replica, err := p.both(ctx)
	if err != nil {
		return Settings{}, err
	}
	return Settings{PrimaryAutoStart: primary.AutoStart, ReplicaAutoStart: replica.AutoStart, TestNetwork: testNetworkOf(replica)}, nil
}

// BringBack undoes what cases do: it stops tests, cancels failovers and
// preparations, seeds what can no longer be cancelled, fails back, restores the
// settings, starts the VM on the primary and waits until it replicates. It goes
// by what it reads, wherever a case or a run was broken off.
func (p *Pair) BringBack(ctx context.Context, start Settings) error {
	if p.Mend != nil {
		p.Mend() // the verbs below must get through
	}
	if err := p.undone(ctx); err != nil {
		return err
	}
	vm, err := p.Replica.Read(ctx, p.VM)
	if err != nil {
		return err
	}
	var steps []verb
	if vm.Replication.Mode == hyperv.ModePrimary {
		steps = p.failBack()
	}
	steps = append(steps,
		func(ctx context.Context) (hyperv.Change, error) {
			return p.Replica.SetTestNetwork(ctx, p.VM, start.TestNetwork)
		},
		func(ctx context.Context) (hyperv.Change, error) {
			return p.Primary.SetAutoStart(ctx, p.VM, start.PrimaryAutoStart)
		},
		func(ctx context.Context) (hyperv.Change, error) {
			return p.Replica.SetAutoStart(ctx, p.VM, start.ReplicaAutoStart)
		},
		func(ctx context.Context) (hyperv.Change, error) { return p.Primary.Start(ctx, p.VM) })
	if err := p.each(ctx, steps...); err != nil {
		return err
	}
	return p.whole(ctx)
}

// needsResume skips a case after which a primary may be in Error, because its
// replica was failed over under it.
func (t *trial) needsResume() {
	t.Helper()
	if !t.Disposable && t.Resume == nil {
		t.Skip("the fixture cannot resume the primary's replication afterwards")
	}
}

// undone takes back what is under way on both hosts, or carries through what
// cannot be taken back.
func (p *Pair) undone(ctx context.Context) error {
	primary, replica, err := p.both(ctx)
	switch {
	case err != nil:
		return err
	case mustSeed(primary.Replication, replica.Replication):
		return p.seed(ctx, primary, replica)
	}
	for _, h := range []hyperv.Host{p.Replica, p.Primary} {
		if err := p.undo(ctx, h); err != nil {
			return err
		}
	}
	return nil
}

// both reads the VM on both hosts.
func (p *Pair) both(ctx context.Context) (primary, replica hyperv.VM, err error) {
	if primary, err = p.Primary.Read(ctx, p.VM); err == nil {
		replica, err = p.Replica.Read(ctx, p.VM)
	}
	return primary, replica, err
}

// undo takes back a test, a failover or a preparation on one host.
func (p *Pair) undo(ctx context.Context, h hyperv.Host) error {
	vm, err := h.Read(ctx, p.VM)
	if err != nil {
		return err
	}
	var steps []verb
	if vm.TestVM != nil {
		steps = append(steps, func(ctx context.Context) (hyperv.Change, error) { return h.StopTestFailover(ctx, p.VM) })
	}
	switch vm.Replication.State {
	case hyperv.StateFailedOverWaitingCompletion:
		steps = append(steps,
			func(ctx context.Context) (hyperv.Change, error) {
				return h.Stop(ctx, p.VM, hyperv.StopOptions{Force: true})
			},
			func(ctx context.Context) (hyperv.Change, error) { return h.CancelFailover(ctx, p.VM) })
	case hyperv.StatePreparedForFailover:
		steps = append(steps, func(ctx context.Context) (hyperv.Change, error) { return h.CancelFailover(ctx, p.VM) })
	}
	return p.each(ctx, steps...)
}

// failBack is a planned failover from the replica, which leads, to the primary.
func (p *Pair) failBack() []verb {
	return []verb{
		func(ctx context.Context) (hyperv.Change, error) { return p.Replica.Stop(ctx, p.VM, stopOptions) },
		func(ctx context.Context) (hyperv.Change, error) { return p.Replica.Prepare(ctx, p.VM) },
		func(ctx context.Context) (hyperv.Change, error) { return p.Primary.FailOver(ctx, p.VM, "") },
		func(ctx context.Context) (hyperv.Change, error) { return p.Primary.Reverse(ctx, p.VM, p.ToReplica) },
	}
}

// each calls verbs in order, and calls one again that was only early, such as
// during a merge.
func (p *Pair) each(ctx context.Context, steps ...verb) error {
	for _, step := range steps {
		for passed := time.Duration(0); ; passed += checkPoll {
			_, err := step(ctx)
			if err == nil {
				break
			}
			if e := hyperv.AsError(err); e.Class != hyperv.ClassRetry || passed >= p.patience() {
				return err
			}
			p.Pass(checkPoll)
		}
	}
	return nil
}

// whole waits until the pair is in its starting state.
func (p *Pair) whole(ctx context.Context) error {
	for passed := time.Duration(0); ; passed += checkPoll {
		primary, replica, err := p.both(ctx)
		if err == nil {
			err = p.resume(primary, replica)
		}
		switch {
		case err != nil:
			return err
		case primary.Heartbeat.Alive() && primary.Replication.Health == hyperv.HealthNormal && replica.Replication.Health == hyperv.HealthNormal &&
			primary.Replication.State == hyperv.StateReplicating && replica.Replication.State == hyperv.StateReplicating:
			return nil
		case passed >= p.patience():
			return errors.New("the VM does not come up and replicate again: primary " + essence(primary) + ", replica " + essence(replica))
		}
		p.Pass(checkPoll)
	}
}

// resume resumes replication on the sides that need it, where the pair can.
func (p *Pair) resume(primary, replica hyperv.VM) error {
	if p.Resume == nil {
		return nil
	}
	var failed error
	if needsResuming(replica.Replication.State) {
		failed = p.Resume(p.Replica)
	}
	if needsResuming(primary.Replication.State) {
		failed = errors.Join(failed, p.Resume(p.Primary))
	}
	return failed
}

// needsResuming tells of a state that replication does not leave by itself.
func needsResuming(s hyperv.ReplicationState) bool {
	return s == hyperv.StateError || s == hyperv.StateWaitingForStartResync || s == hyperv.StateSuspended
}

// testNetworkOf is what SetTestNetwork needs to make the adapters as they were.
func testNetworkOf(vm hyperv.VM) []hyperv.AdapterSwitch {
	var all []hyperv.AdapterSwitch
	for _, a := range vm.Adapters {
		if a.TestSwitch != "" {
			all = append(all, hyperv.AdapterSwitch{Adapter: a.Name, Switch: a.TestSwitch})
		}
	}
	return all
}
