package run

import (
	"context"
	"fmt"

	"lifeboat.io/pkg/hyperv"
)

// Do asks a host for the call. It is here, and not in a shell, so that every
// shell asks the same.
func (c Call) Do(ctx context.Context, h hyperv.Host) (hyperv.Change, error) {
	switch c.Verb {
	case VerbStop:
		return h.Stop(ctx, c.VM, c.Stop)
	case VerbStart:
		return h.Start(ctx, c.VM)
	case VerbSetTestNetwork:
		return h.SetTestNetwork(ctx, c.VM, c.Switches)
	case VerbStartTestFailover:
		return h.StartTestFailover(ctx, c.VM, c.Point)
	case VerbStopTestFailover:
		return h.StopTestFailover(ctx, c.VM)
	case VerbPrepare:
		return h.Prepare(ctx, c.VM)
	case VerbFailOver:
		return h.FailOver(ctx, c.VM, c.Point)
	case VerbReverse:
		return h.Reverse(ctx, c.VM, c.Target)
	case VerbComplete:
		return h.Complete(ctx, c.VM)
	case VerbCancelFailover:
		return h.CancelFailover(ctx, c.VM)
	case VerbSetAutoStart:
		return h.SetAutoStart(ctx, c.VM, c.AutoStart)
	case VerbBecomeReplica:
		return h.BecomeReplica(ctx, c.VM)
	default:
		return hyperv.Change{}, fmt.Errorf("no host verb %q", c.Verb)
	}
}
