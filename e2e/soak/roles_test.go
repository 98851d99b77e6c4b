package soak_test

import (
	"context"

	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/hypersim"
)

// look learns which host has which role. What callers were told does not say:
// a call whose outcome is unknown may turn the roles at any time. Where nobody
// is the primary, because it became a replica and nothing was reversed yet, the
// roles are what they were.
func (w *worker) look() {
	if w.truth(w.replica).Mode == hyperv.ModePrimary {
		w.primary, w.replica = w.replica, w.primary
		w.tally.swaps++
	}
}

// truth is what a host really has of the VM.
func (w *worker) truth(host string) hypersim.CopyTruth {
	c, _ := w.round.lab.World().Copy(host, w.vm)
	return c
}

// mend does what somebody at the host would do about a VM that no verb leads
// on: begin or resume replication, or, when each side waits for the other's
// data, set it up anew. It tells by which cmdlet, if there was anything to do.
func (w *worker) mend(ctx context.Context) (cmdlet string, err error) {
	p, r := w.truth(w.primary), w.truth(w.replica)
	m := w.round.lab.World().Machine(w.primary)
	switch {
	case p.Mode == hyperv.ModeNone:
		return "Enable-VMReplication", m.EnableVMReplication(ctx, w.vm, hypersim.EnableVMReplicationOptions{
			ReplicaServerName: w.round.lab.Host(w.replica).FQDN(), ReplicaServerPort: replicationPort, AuthenticationType: string(hyperv.AuthKerberos)})
	case p.State == hyperv.StateWaitingForInitial && r.State == hyperv.StateWaitingForInitial:
		return "Remove-VMReplication", m.RemoveVMReplication(ctx, w.vm, "")
	case p.State == hyperv.StateReadyForInitialReplication: // the other side still has its disks
		return "Start-VMInitialReplication", m.StartVMInitialReplication(ctx, w.vm, hypersim.StartVMInitialReplicationOptions{UseBackup: true})
	case p.State == hyperv.StateError, p.State == hyperv.StateWaitingForStartResync:
		if w.dice.IntN(2) == 0 {
			return "Resume-VMReplication", m.ResumeVMReplication(ctx, w.vm, hypersim.ResumeVMReplicationOptions{})
		}
		return "Resume-VMReplication -Resynchronize", m.ResumeVMReplication(ctx, w.vm, hypersim.ResumeVMReplicationOptions{Resynchronize: true})
	}
	return "", nil
}

// replicationPort is where hosts listen for replication with Kerberos.
const replicationPort = 80
