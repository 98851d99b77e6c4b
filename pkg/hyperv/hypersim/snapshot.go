package hypersim

import (
	"context"
	"time"

	"lifeboat.io/pkg/hyperv"
)

// Snapshot is what Get-VMSnapshot shows of a checkpoint or recovery point.
type Snapshot struct {
	ID               hyperv.RecoveryPointID
	Name             string
	VMID             hyperv.VMID
	VMName           string
	CreationTime     time.Time // by the host's clock
	SnapshotType     string
	ParentSnapshotID hyperv.RecoveryPointID
}

// GetVMSnapshot is Get-VMSnapshot: checkpoints first, then recovery points,
// each oldest first.
func (m *Machine) GetVMSnapshot(ctx context.Context, id hyperv.VMID) ([]Snapshot, error) {
	return lookAt(ctx, m, "Get-VMSnapshot", id, func(c *vmCopy) []Snapshot {
		var all []Snapshot
		for _, list := range [][]snapshot{c.snapshots, c.points} {
			for _, s := range list {
				all = append(all, Snapshot{ID: s.id, Name: s.name, VMID: c.id, VMName: c.name,
					CreationTime: m.clock(s.at), SnapshotType: s.kind, ParentSnapshotID: s.parent})
			}
		}
		return all
	})
}

// CheckpointVM is Checkpoint-VM. A replica that is not failed over cannot have
// checkpoints of its own.
func (m *Machine) CheckpointVM(ctx context.Context, id hyperv.VMID, name string) error {
	return m.call(ctx, "Checkpoint-VM", id, func(c *vmCopy) outcome {
		switch {
		case c.isReplica() && !c.failedOver():
			return fails(m.notApplicable(c, "Checkpoint-VM"))
		case c.locked():
			return fails(busy(c))
		}
		s := snapshot{id: hyperv.RecoveryPointID(m.w.random.guid()), name: name, at: m.w.now, kind: SnapshotStandard, content: c.holds()}
		if name == "" {
			s.name = c.name + " - (" + m.clock(m.w.now).Format("2006-01-02 15:04:05") + ")"
		}
		if n := len(c.snapshots); n > 0 {
			s.parent = c.snapshots[n-1].id
		}
		c.snapshots = append(c.snapshots, s)
		return did(true)
	})
}

// RestoreVMSnapshot is Restore-VMSnapshot: the disks go back to a checkpoint,
// what the VM wrote since counts as lost, and a primary needs resynchronization.
func (m *Machine) RestoreVMSnapshot(ctx context.Context, id hyperv.VMID, s hyperv.RecoveryPointID) error {
	return m.call(ctx, "Restore-VMSnapshot", id, func(c *vmCopy) outcome {
		i := c.snapshot(s)
		switch {
		case i < 0:
			return fails(snapshotNotFound(s))
		case c.locked():
			return fails(busy(c))
		}
		if c.power != hyperv.PowerOff {
			c.setPower(hyperv.PowerOff)
		}
		c.content, c.forkNext = c.snapshots[i].content, true
		if c.mode == hyperv.ModePrimary && c.rel.wmi == wmiReplicating {
			c.rel.to(wmiWaitingResync)
		}
		return did(true)
	})
}

// RemoveVMSnapshot is Remove-VMSnapshot on a checkpoint; recovery points go
// with replication only.
func (m *Machine) RemoveVMSnapshot(ctx context.Context, id hyperv.VMID, s hyperv.RecoveryPointID) error {
	return m.call(ctx, "Remove-VMSnapshot", id, func(c *vmCopy) outcome {
		i := c.snapshot(s)
		switch {
		case i < 0:
			return fails(snapshotNotFound(s))
		case c.locked():
			return fails(busy(c))
		}
		gone := c.snapshots[i]
		c.snapshots = append(c.snapshots[:i:i], c.snapshots[i+1:]...)
		for k := range c.snapshots {
			if c.snapshots[k].parent == gone.id {
				c.snapshots[k].parent = gone.parent
			}
		}
		c.beginMerge()
		return did(true)
	})
}

func (c *vmCopy) snapshot(id hyperv.RecoveryPointID) int {
	for i := range c.snapshots {
		if c.snapshots[i].id == id {
			return i
		}
	}
	return -1
}

func snapshotNotFound(id hyperv.RecoveryPointID) *CmdletError {
	e := badParameter("No checkpoint with id " + string(id) + " was found.")
	e.Target = string(id)
	return e
}
