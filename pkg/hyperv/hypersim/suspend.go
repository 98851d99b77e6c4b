package hypersim

import (
	"context"
	"time"

	"lifeboat.io/pkg/hyperv"
)

// States the pausing and resuming cmdlets accept.
var (
	suspendable = []wmiState{wmiWaitingIR, wmiReplicating, wmiResyncing}
	resumable   = []wmiState{wmiSuspended, wmiCritical, wmiWaitingResync, wmiResyncPaused, wmiUpdateError}
)

// maxScheduleAhead is how far ahead initial replication and resynchronization
// can be scheduled.
const maxScheduleAhead = 7 * 24 * time.Hour

// relationship picks the relationship a cmdlet means: the extended one when it
// is asked for, or when the cmdlet is about sending and the VM is a replica.
func (c *vmCopy) relationship(kind string) *relation {
	switch {
	case kind == RelationExtended:
		return c.extended
	case c.mode == hyperv.ModeNone, c.mode == hyperv.ModeTestReplica:
		return nil
	}
	return &c.rel
}

// SuspendVMReplication is Suspend-VMReplication. The relationship is Simple or
// Extended; empty means Simple.
func (m *Machine) SuspendVMReplication(ctx context.Context, id hyperv.VMID, relationship string) error {
	return m.call(ctx, "Suspend-VMReplication", id, func(c *vmCopy) outcome {
		r := c.relationship(relationship)
		switch {
		case r == nil:
			return fails(m.notApplicable(c, "Suspend-VMReplication"))
		case !r.in(suspendable...):
			return fails(wrongReplicationState(c, "Suspend-VMReplication"))
		case c.locked():
			return fails(busy(c))
		case r.wmi == wmiResyncing:
			r.stopTask()
			r.to(wmiResyncPaused)
		default:
			r.stopTask()
			r.to(wmiSuspended)
		}
		return did(true)
	})
}

// ResumeVMReplicationOptions are the parameters of Resume-VMReplication.
type ResumeVMReplicationOptions struct {
	// Relationship is Simple or Extended; empty means Simple.
	Relationship string
	// Resynchronize compares all blocks.
	Resynchronize bool
	// ResynchronizeStartTime is when, by the host's clock; zero means now.
	ResynchronizeStartTime time.Time
	// Continue makes the extended replica the replica after a failover.
	Continue bool
}

func (o *ResumeVMReplicationOptions) cmdlet() string {
	switch {
	case o.Continue:
		return "Resume-VMReplication -Continue"
	case o.Resynchronize:
		return "Resume-VMReplication -Resynchronize"
	}
	return "Resume-VMReplication"
}

// ResumeVMReplication is Resume-VMReplication. Resynchronization goes on after
// it returns.
func (m *Machine) ResumeVMReplication(ctx context.Context, id hyperv.VMID, o ResumeVMReplicationOptions) error {
	return m.call(ctx, o.cmdlet(), id, func(c *vmCopy) outcome {
		if o.Continue {
			return m.continueExtended(c)
		}
		return m.resume(c, o)
	})
}

func (m *Machine) resume(c *vmCopy, o ResumeVMReplicationOptions) outcome {
	r := c.relationship(o.Relationship)
	switch {
	case r == nil:
		return fails(m.notApplicable(c, "Resume-VMReplication"))
	case !r.in(resumable...):
		return fails(wrongReplicationState(c, "Resume-VMReplication"))
	case c.locked():
		return fails(busy(c))
	case o.Resynchronize && !r.sends():
		return fails(m.notApplicable(c, "Resume-VMReplication"))
	}
	if o.Resynchronize && !o.ResynchronizeStartTime.IsZero() {
		at, err := m.scheduled(o.ResynchronizeStartTime)
		if err != nil {
			return fails(err)
		}
		r.resyncAt = at
		m.w.schedule(at, (*resyncDue)(r), r.turn)
		return did(true)
	}
	switch {
	case r.sends() && (o.Resynchronize || r.in(wmiWaitingResync, wmiResyncPaused)):
		if _, code := m.connect(r.call()); code != 0 {
			return fails(connectFailed("Hyper-V failed to resume replication", r.replicaServer, code))
		}
		r.startResync()
	case r.sends() && r.exported != 0:
		r.to(wmiWaitingIR) // the import is still to come
	case r.sends() && r.lastReplication == never:
		r.startInitial(r.irSeeded) // it was paused before it was through
	case !r.sends() && r.lastReplication == never:
		r.to(wmiWaitingIR)
	default:
		r.to(wmiReplicating)
	}
	return did(true)
}

// scheduled checks a start time given by the host's clock.
func (m *Machine) scheduled(t time.Time) (instant, *CmdletError) {
	at := m.w.instantOf(t) - instant(m.skew)
	switch {
	case at < m.w.now:
		return 0, badParameter("The start time has passed already.")
	case at > m.w.now+instant(maxScheduleAhead):
		return 0, badParameter("The start time is more than seven days ahead.")
	}
	return at, nil
}

// StopVMReplication is Stop-VMReplication: it cancels a resynchronization.
func (m *Machine) StopVMReplication(ctx context.Context, id hyperv.VMID, relationship string) error {
	return m.call(ctx, "Stop-VMReplication", id, func(c *vmCopy) outcome {
		r := c.relationship(relationship)
		switch {
		case r == nil || !r.sends():
			return fails(m.notApplicable(c, "Stop-VMReplication"))
		case r.in(wmiUpdating, wmiUpdateError):
			r.to(wmiReplicating)
			return did(true)
		case !r.in(wmiResyncing, wmiResyncPaused):
			return fails(wrongReplicationState(c, "Stop-VMReplication"))
		}
		r.stopTask()
		r.to(wmiWaitingResync)
		if to := m.w.machine(r.replicaServer); to != nil {
			if peer := r.receiver(to); peer != nil && peer.in(wmiResyncing, wmiResyncPaused) {
				peer.to(wmiReplicating)
			}
		}
		return did(true)
	})
}

// RemoveVMReplication is Remove-VMReplication on one side. The other side
// keeps what it has until it is removed there too.
func (m *Machine) RemoveVMReplication(ctx context.Context, id hyperv.VMID, relationship string) error {
	return m.call(ctx, "Remove-VMReplication", id, func(c *vmCopy) outcome {
		r := c.relationship(relationship)
		switch {
		case r == nil || r.wmi == wmiDisabled:
			return fails(wrongReplicationState(c, "Remove-VMReplication"))
		case !r.extended && c.extended != nil:
			return fails(operationFailed("Extended replication of virtual machine '" + c.name + "' must be removed first."))
		case c.locked():
			return fails(busy(c))
		}
		r.stopTask()
		r.turn++
		if r.extended {
			c.extended = nil
			return did(true)
		}
		turn := r.turn
		merge := len(c.points) > 0 || c.failedOver()
		c.rel = newRelation(c, false)
		c.rel.turn = turn
		c.mode, c.points, c.base = hyperv.ModeNone, nil, content{}
		if merge {
			c.beginMerge()
		}
		return did(true)
	})
}

// ResetVMReplicationStatistics is Reset-VMReplicationStatistics.
func (m *Machine) ResetVMReplicationStatistics(ctx context.Context, id hyperv.VMID, relationship string) error {
	return m.call(ctx, "Reset-VMReplicationStatistics", id, func(c *vmCopy) outcome {
		r := c.relationship(relationship)
		if r == nil {
			return fails(m.notApplicable(c, "Reset-VMReplicationStatistics"))
		}
		r.stats = statistics{since: m.w.now}
		return did(true)
	})
}
