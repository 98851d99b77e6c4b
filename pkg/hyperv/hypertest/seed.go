package hypertest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"lifeboat.io/pkg/hyperv"
)

// A failover that is completed cannot be cancelled, and neither can an old
// primary that was made a replica. The way back leads forward: the replica
// becomes the primary, its copy is seeded, and a planned failover brings the
// VM home.

// mustSeed tells whether the pair is on that way.
func mustSeed(primary, replica hyperv.Replication) bool {
	return replica.State == hyperv.StateFailedOver || primary.State == hyperv.StateWaitingForInitial ||
		primary.Mode == hyperv.ModeReplica && replica.Mode == hyperv.ModeReplica
}

// needsSeed skips a case from which only seeding leads back.
func (t *trial) needsSeed() {
	t.Helper()
	if !t.Disposable && (t.Seed == nil || t.Resume == nil) {
		t.Skip("the fixture can neither seed a copy nor throw the VM away")
	}
}

// seed makes the replica the primary and waits until its copy is whole.
func (p *Pair) seed(ctx context.Context, primary, replica hyperv.VM) error {
	if p.Seed == nil {
		return errors.New("the copy on " + p.Primary.Name() + " would have to be seeded, and the fixture cannot")
	}
	var steps []verb
	if replica.TestVM != nil {
		steps = append(steps, func(ctx context.Context) (hyperv.Change, error) { return p.Replica.StopTestFailover(ctx, p.VM) })
	}
	if replica.Replication.Mode == hyperv.ModeReplica {
		steps = append(steps, p.lead(primary.Replication, replica.Replication)...)
	}
	if err := p.each(ctx, steps...); err != nil {
		return err
	}
	return p.seeded(ctx)
}

// lead is what is still to be done until the replica is the primary.
func (p *Pair) lead(primary, replica hyperv.Replication) []verb {
	var steps []verb
	if replica.State != hyperv.StateFailedOver && replica.State != hyperv.StateFailedOverWaitingCompletion {
		steps = append(steps, func(ctx context.Context) (hyperv.Change, error) { return p.Replica.FailOver(ctx, p.VM, "") })
	}
	if primary.Mode == hyperv.ModePrimary && primary.State != hyperv.StatePreparedForFailover {
		steps = append(steps,
			func(ctx context.Context) (hyperv.Change, error) { return p.Primary.Stop(ctx, p.VM, stopOptions) },
			func(ctx context.Context) (hyperv.Change, error) { return p.Primary.BecomeReplica(ctx, p.VM) })
	}
	return append(steps,
		func(ctx context.Context) (hyperv.Change, error) { return p.Replica.Stop(ctx, p.VM, stopOptions) },
		func(ctx context.Context) (hyperv.Change, error) { return p.Replica.Reverse(ctx, p.VM, p.ToPrimary) })
}

// seeded waits until the copy on the primary's host is whole.
func (p *Pair) seeded(ctx context.Context) error {
	var failed error // the last one: seeding may be early, while disks merge
	for passed := time.Duration(0); ; passed += checkPoll {
		primary, replica, err := p.both(ctx)
		if err != nil {
			return err
		}
		switch state := replica.Replication.State; {
		case state == hyperv.StateReplicating && primary.Replication.State == hyperv.StateReplicating:
			return nil
		case passed >= p.patience():
			return errors.Join(fmt.Errorf("the copy is not seeded: primary %s, replica %s", essence(primary), essence(replica)), failed)
		case state == hyperv.StateReadyForInitialReplication:
			failed = p.Seed(p.Replica)
		case needsResuming(state) && p.Resume != nil:
			failed = p.Resume(p.Replica)
		}
		p.Pass(checkPoll)
	}
}
