package hypersim

import (
	"context"
	"time"

	"lifeboat.io/pkg/hyperv"
)

// Initial replication and resynchronization: the two ways a receiver gets a
// whole new content. Both take a while, send what the sender's disks held when
// they began, and end with both sides replicating.

// startInitial begins initial replication from the sender. A seeded one
// compares blocks with what the receiver has.
func (r *relation) startInitial(seeded bool) {
	r.irAt, r.irSeeded, r.exported = never, seeded, 0
	r.to(wmiWaitingIR)
	took := r.vm.m.w.durations.Resync
	if !seeded {
		took = r.vm.m.w.durations.InitialReplication
		if to, code := r.vm.m.connect(r.call()); code == 0 {
			took += r.vm.m.w.linkBetween(r.vm.m, to).transfer(r.vm.diskSize())
		}
	}
	r.copyWhole(took, wmiWaitingIR)
}

// startResync begins resynchronization from the sender; the receiver shows it
// too. Recovery points are gone when it ends.
func (r *relation) startResync() {
	r.resyncAt = never
	r.to(wmiResyncing)
	if to := r.vm.m.w.machine(r.replicaServer); to != nil {
		if peer := r.receiver(to); peer != nil && peer.in(wmiReplicating, wmiSuspended, wmiCritical) {
			peer.to(wmiResyncing)
		}
	}
	r.copyWhole(r.vm.m.w.durations.Resync, wmiResyncing)
}

// copyWhole is the background task of both: it succeeds only if the
// relationship is still in the state it was begun in and the receiver is there
// and waiting.
func (r *relation) copyWhole(took Duration, during wmiState) {
	turn := r.turn
	whole := r.vm.holds()
	r.task = r.vm.m.begin(&job{vm: r.vm, finish: func(j *job) *CmdletError {
		if r.turn != turn || r.task != j {
			return nil
		}
		r.task = nil
		peer := r.waitingReceiver(during)
		if peer == nil {
			r.cannotSend = true
			r.stats.errors++
			r.to(wmiCritical)
			return nil
		}
		peer.vm.content, peer.vm.points = whole, nil
		peer.lastPoint, peer.lastVSS = never, never
		peer.irAt = never
		peer.to(wmiReplicating)
		r.to(wmiReplicating)
		r.delivered(peer, whole, 0, took)
		return nil
	}}, took)
}

// waitingReceiver is the receiver if it can be reached and expects the copy.
func (r *relation) waitingReceiver(during wmiState) *relation {
	to, code := r.vm.m.connect(r.call())
	if code != 0 || !to.admits(r.vm.m) || to.storageFull() {
		return nil
	}
	peer := r.receiver(to)
	if peer == nil || peer.wmi != during {
		return nil
	}
	return peer
}

// stopTask ends a running initial replication or resynchronization. Whoever
// waits for an export is told at once.
func (r *relation) stopTask() {
	t := r.task
	r.task = nil
	if t != nil && t.waiter != nil {
		t.fire(r.vm.m.w, 0)
	}
}

// irDue is a scheduled initial replication.
type irDue relation

func (d *irDue) on() *Machine { return (*relation)(d).vm.m }

func (d *irDue) fire(w *World, turn uint32) {
	if r := (*relation)(d); turn == r.turn && r.wmi == wmiReady && r.irAt != never && r.irAt <= w.now {
		r.startInitial(r.irSeeded)
	}
}

// resyncDue is a scheduled resynchronization.
type resyncDue relation

func (d *resyncDue) on() *Machine { return (*relation)(d).vm.m }

func (d *resyncDue) fire(w *World, turn uint32) {
	if r := (*relation)(d); turn == r.turn && r.resyncAt != never && r.resyncAt <= w.now && r.in(resumable...) {
		r.startResync()
	}
}

// StartVMInitialReplicationOptions are the parameters of Start-VMInitialReplication.
type StartVMInitialReplicationOptions struct {
	// DestinationPath is the folder to export to, for the receiver to import;
	// empty goes over the network.
	DestinationPath string
	// UseBackup compares blocks with what the replica has instead of sending everything.
	UseBackup bool
	// InitialReplicationStartTime is when, by the host's clock; zero means now.
	// An export begins now whatever it says.
	InitialReplicationStartTime time.Time
}

func (o *StartVMInitialReplicationOptions) check() *CmdletError {
	switch {
	case o.UseBackup && o.DestinationPath != "":
		return badParameter("UseBackup and DestinationPath cannot be used together.")
	case o.UseBackup && !o.InitialReplicationStartTime.IsZero():
		return badParameter("UseBackup cannot be used with a start time.")
	}
	return nil
}

// StartVMInitialReplication is Start-VMInitialReplication. Over the network it
// goes on after this returns; an export is over then.
func (m *Machine) StartVMInitialReplication(ctx context.Context, id hyperv.VMID, o StartVMInitialReplicationOptions) error {
	return m.call(ctx, "Start-VMInitialReplication", id, func(c *vmCopy) outcome {
		r := c.sender()
		wrong := o.check()
		switch {
		case r == nil:
			return fails(m.notApplicable(c, "Start-VMInitialReplication"))
		case wrong != nil:
			return fails(wrong)
		case r.wmi != wmiReady:
			return fails(wrongReplicationState(c, "Start-VMInitialReplication"))
		case c.locked():
			return fails(busy(c))
		case o.DestinationPath != "":
			return runs(r.startExport(o.DestinationPath))
		}
		if !o.InitialReplicationStartTime.IsZero() {
			at, err := m.scheduled(o.InitialReplicationStartTime)
			if err != nil {
				return fails(err)
			}
			r.irAt, r.irSeeded = at, o.UseBackup
			m.w.schedule(at, (*irDue)(r), r.turn)
			return did(true)
		}
		r.startInitial(o.UseBackup)
		return did(true)
	})
}

// StopVMInitialReplication is Stop-VMInitialReplication.
func (m *Machine) StopVMInitialReplication(ctx context.Context, id hyperv.VMID) error {
	return m.call(ctx, "Stop-VMInitialReplication", id, func(c *vmCopy) outcome {
		r := c.sender()
		switch {
		case r == nil:
			return fails(m.notApplicable(c, "Stop-VMInitialReplication"))
		case r.irAt == never && !r.in(wmiWaitingIR, wmiSuspended, wmiCritical), r.lastReplication != never:
			return fails(wrongReplicationState(c, "Stop-VMInitialReplication"))
		}
		r.stopTask()
		r.irAt, r.exported = never, 0
		if peer := r.peer(); peer != nil {
			peer.ahead = content{}
		}
		r.to(wmiReady)
		return did(true)
	})
}
