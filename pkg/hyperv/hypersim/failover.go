package hypersim

import (
	"context"

	"lifeboat.io/pkg/hyperv"
)

// StartVMFailoverOptions are the parameters of Start-VMFailover. Prepare
// cannot be combined with the others.
type StartVMFailoverOptions struct {
	// Prepare prepares a planned failover, on the sending side.
	Prepare bool
	// AsTest creates a test VM.
	AsTest bool
	// Snapshot is the recovery point; empty means the latest data.
	Snapshot hyperv.RecoveryPointID
}

// cmdlet is how the journal tells the operations of Start-VMFailover apart.
func (o StartVMFailoverOptions) cmdlet() string {
	switch {
	case o.Prepare:
		return "Start-VMFailover -Prepare"
	case o.AsTest:
		return "Start-VMFailover -AsTest"
	}
	return "Start-VMFailover"
}

// StartVMFailover is Start-VMFailover in its three meanings: failing a replica
// over, preparing a primary, creating a test VM.
func (m *Machine) StartVMFailover(ctx context.Context, id hyperv.VMID, o StartVMFailoverOptions) error {
	if o.Prepare && (o.AsTest || o.Snapshot != "") {
		return badParameter("Prepare cannot be used together with AsTest or a recovery point.")
	}
	return m.call(ctx, o.cmdlet(), id, func(c *vmCopy) outcome { return m.startFailover(c, o) })
}

func (m *Machine) startFailover(c *vmCopy, o StartVMFailoverOptions) outcome {
	switch {
	case o.Prepare:
		return m.prepare(c)
	case o.AsTest:
		return m.testFailover(c, o.Snapshot)
	}
	return m.failOver(c, o.Snapshot)
}

// locked tells whether an operation or a merge keeps others off the VM.
func (c *vmCopy) locked() bool {
	return c.op != nil || c.merge != nil && c.m.w.assume.MergeBlocks
}

// prepare sends the last delta of a VM that is off and locks it.
func (m *Machine) prepare(c *vmCopy) outcome {
	r := c.sender()
	if r == nil {
		return fails(m.notApplicable(c, "Start-VMFailover"))
	}
	extended := r.extended && r.in(wmiUpdating, wmiUpdateError)
	if r.wmi != wmiReplicating && !extended {
		return fails(wrongReplicationState(c, "Start-VMFailover -Prepare"))
	}
	if c.power != hyperv.PowerOff {
		return fails(wrongPower())
	}
	if c.locked() {
		return fails(busy(c))
	}
	took := m.w.durations.Prepare
	if _, link, p := r.reach(); p == passes {
		took += link.transfer(r.pending(c.content))
	}
	return runs(m.begin(&job{vm: c, locks: true, finish: func(*job) *CmdletError { return r.sendLast() }}, took))
}

// sendLast hands the last write over and locks the sender against starting.
func (r *relation) sendLast() *CmdletError {
	peer, _, p := r.reach()
	if p == passes && !peer.vm.content.within(r.vm.content) {
		p = sequence
	}
	if p != passes {
		if p == lasting || p == sequence {
			r.sendFailed(p)
		}
		return operationFailed("The last changes could not be sent to the Replica server.")
	}
	size := r.pending(r.vm.content)
	r.delivered(peer, r.vm.content, size, 0)
	r.lastType, peer.lastType = hyperv.TypePlanned, hyperv.TypePlanned
	r.to(wmiPrepared)
	return nil
}

// failOver makes a replica startable on its latest data or on a point.
func (m *Machine) failOver(c *vmCopy, point hyperv.RecoveryPointID) outcome {
	r := &c.rel
	if !c.isReplica() {
		return fails(m.notApplicable(c, "Start-VMFailover"))
	}
	if c.power != hyperv.PowerOff {
		return fails(wrongPower())
	}
	if !r.in(wmiReplicating, wmiSuspended, wmiResyncing, wmiUpdating) || r.lastReplication == never {
		return fails(wrongReplicationState(c, "Start-VMFailover"))
	}
	chosen, err := c.point(point)
	if err != nil {
		return fails(err)
	}
	if c.locked() {
		return fails(busy(c))
	}
	before := r.wmi
	if before == wmiSuspended || before == wmiResyncing {
		before = wmiReplicating // the cmdlet itself resumes or cancels the resync first
	}
	r.to(wmiFailoverRuns)
	return runs(m.begin(&job{vm: c, locks: true,
		finish: func(*job) *CmdletError {
			c.base, c.content = c.content, chosen.content
			c.forkNext = true
			r.failedOver = r.failoverType(chosen)
			r.to(wmiRecovered)
			return nil
		},
		abort: func() {
			if !m.w.assume.InterruptedFailoverStays {
				r.to(before)
			}
		},
	}, m.w.durations.Failover))
}

// failoverType tells what the replica is failed over from. A chosen recovery
// point has an id, the latest data has none.
func (r *relation) failoverType(chosen snapshot) hyperv.ReplicationType {
	switch {
	case chosen.kind == SnapshotAppConsistentReplica:
		return hyperv.TypeApplicationConsistent
	case chosen.id == "" && r.lastType == hyperv.TypePlanned:
		return hyperv.TypePlanned
	}
	return hyperv.TypeRegular
}

// point finds a recovery point of the copy; the empty id is the latest data.
func (c *vmCopy) point(id hyperv.RecoveryPointID) (snapshot, *CmdletError) {
	if id == "" {
		return snapshot{content: c.content}, nil
	}
	for i := range c.points {
		if c.points[i].id == id {
			return c.points[i], nil
		}
	}
	e := badParameter("The checkpoint is not a recovery point of virtual machine '" + c.name + "'.")
	e.Target = string(id)
	return snapshot{}, e
}

// testFailover creates the test VM of a replica.
func (m *Machine) testFailover(c *vmCopy, point hyperv.RecoveryPointID) outcome {
	r := &c.rel
	if !c.isReplica() {
		return fails(m.notApplicable(c, "Start-VMFailover"))
	}
	if c.power != hyperv.PowerOff {
		return fails(wrongPower())
	}
	if !r.in(wmiReplicating, wmiSuspended) || r.lastReplication == never {
		return fails(wrongReplicationState(c, "Start-VMFailover -AsTest"))
	}
	chosen, err := c.point(point)
	if err != nil {
		return fails(err)
	}
	if c.testVM != nil {
		return fails(operationFailed("Virtual machine '" + c.name + "' already has a test virtual machine."))
	}
	if c.locked() {
		return fails(busy(c))
	}
	return runs(m.begin(&job{vm: c, locks: true, finish: func(*job) *CmdletError {
		r.lastTest = m.w.now
		m.addTestVM(c, chosen.content)
		return nil
	}}, m.w.durations.TestFailover))
}

// StopVMFailover is Stop-VMFailover: it removes a test VM if there is one,
// else takes back a failover that is not completed, or a preparation.
func (m *Machine) StopVMFailover(ctx context.Context, id hyperv.VMID) error {
	return m.call(ctx, "Stop-VMFailover", id, m.stopFailover)
}

func (m *Machine) stopFailover(c *vmCopy) outcome {
	var finish func(*job) *CmdletError
	switch s := c.sender(); {
	case c.testVM != nil:
		finish = func(*job) *CmdletError { m.removeTestVM(c); return nil }
	case c.mode == hyperv.ModeNone || c.mode == hyperv.ModeTestReplica:
		return fails(m.notApplicable(c, "Stop-VMFailover"))
	case c.isReplica() && c.rel.in(wmiRecovered, wmiFailoverRuns):
		if c.power != hyperv.PowerOff && !m.w.assume.StopFailoverTurnsOff {
			return fails(wrongPower())
		}
		finish = func(*job) *CmdletError { c.takeBack(); return nil }
	case s != nil && s.wmi == wmiPrepared:
		finish = func(*job) *CmdletError { s.to(wmiReplicating); return nil }
	default:
		return fails(wrongReplicationState(c, "Stop-VMFailover"))
	}
	if c.locked() {
		return fails(busy(c))
	}
	return runs(m.begin(&job{vm: c, locks: true, finish: finish}, m.w.durations.StopFailover))
}

// takeBack returns a failed-over replica to what it last received.
func (c *vmCopy) takeBack() {
	if c.power != hyperv.PowerOff {
		c.setPower(hyperv.PowerOff)
	}
	if c.rel.wmi == wmiRecovered {
		if b := c.content.branch; b != c.base.branch && b != nil && b.owner == c && !c.forkNext {
			b.discarded = true
		}
		c.content, c.forkNext = c.base, false
	}
	c.rel.failedOver = hyperv.TypeNone
	c.rel.to(wmiReplicating)
}

// CompleteVMFailover is Complete-VMFailover: recovery points go, and with them
// the way back.
func (m *Machine) CompleteVMFailover(ctx context.Context, id hyperv.VMID) error {
	return m.call(ctx, "Complete-VMFailover", id, m.completeFailover)
}

func (m *Machine) completeFailover(c *vmCopy) outcome {
	if !c.isReplica() {
		return fails(m.notApplicable(c, "Complete-VMFailover"))
	}
	if c.rel.wmi != wmiRecovered {
		return fails(wrongReplicationState(c, "Complete-VMFailover"))
	}
	if c.locked() {
		return fails(busy(c))
	}
	return runs(m.begin(&job{vm: c, locks: true, finish: func(*job) *CmdletError {
		c.commit()
		return nil
	}}, m.w.durations.Complete))
}

// commit drops what a failover could be taken back to, and merges the disks.
func (c *vmCopy) commit() {
	c.rel.to(wmiCommitted)
	c.points = nil
	c.base = content{}
	c.beginMerge()
}

// beginMerge merges the VM's disks in the background.
func (c *vmCopy) beginMerge() {
	if c.m.merge == 0 || c.m.down {
		return
	}
	c.merge = c.m.begin(&job{vm: c, finish: func(j *job) *CmdletError {
		if c.merge == j {
			c.merge = nil
		}
		return nil
	}}, c.m.merge)
}
