package hypersim

import (
	"context"
	"slices"
	"time"

	"lifeboat.io/pkg/hyperv"
)

// SetVMReplicationOptions are the parameters of Set-VMReplication. A nil or
// empty field is a parameter not given.
type SetVMReplicationOptions struct {
	// Reverse makes a failed-over replica the primary.
	Reverse bool
	// AsReplica makes an old primary a replica that waits; only AllowedPrimaryServer goes with it.
	AsReplica            bool
	AllowedPrimaryServer string

	ReplicaServerName     string
	ReplicaServerPort     int
	AuthenticationType    string
	CertificateThumbprint string

	ReplicationFrequencySec       *int
	RecoveryHistory               *int
	VSSSnapshotFrequencyHour      *int
	DisableVSSSnapshotReplication bool
	CompressionEnabled            *bool
	BypassProxyServer             *bool
	ReplicateHostKvpItems         *bool
	// InitialReplicationStartTime puts an initial replication that is still to
	// begin to another time, by the host's clock.
	InitialReplicationStartTime    *time.Time
	AutoResynchronizeEnabled       *bool
	AutoResynchronizeIntervalStart *time.Duration
	AutoResynchronizeIntervalEnd   *time.Duration
	// ReplicatedDiskPaths is the new set of disks to replicate.
	ReplicatedDiskPaths []string
}

func (o *SetVMReplicationOptions) cmdlet() string {
	switch {
	case o.Reverse:
		return "Set-VMReplication -Reverse"
	case o.AsReplica:
		return "Set-VMReplication -AsReplica"
	}
	return "Set-VMReplication"
}

// settings tells whether any of the plain settings is given.
func (o *SetVMReplicationOptions) settings() bool {
	return o.ReplicaServerName != "" || o.ReplicaServerPort != 0 || o.AuthenticationType != "" || o.CertificateThumbprint != "" ||
		o.ReplicationFrequencySec != nil || o.RecoveryHistory != nil || o.VSSSnapshotFrequencyHour != nil ||
		o.DisableVSSSnapshotReplication || o.CompressionEnabled != nil || o.BypassProxyServer != nil || o.ReplicateHostKvpItems != nil ||
		o.InitialReplicationStartTime != nil || o.AutoResynchronizeEnabled != nil ||
		o.AutoResynchronizeIntervalStart != nil || o.AutoResynchronizeIntervalEnd != nil || o.ReplicatedDiskPaths != nil
}

// SetVMReplication is Set-VMReplication: it reverses replication, turns an old
// primary into a replica, or changes settings on the sending side.
func (m *Machine) SetVMReplication(ctx context.Context, id hyperv.VMID, o SetVMReplicationOptions) error {
	switch {
	case o.Reverse && o.AsReplica, o.AsReplica && o.settings():
		return badParameter("AsReplica cannot be used together with other settings.")
	case !o.Reverse && !o.AsReplica && !o.settings():
		return &CmdletError{ID: idInvalidOperation, Category: catInvalidOperation, Simulated: true, Message: "No setting to change was given."}
	}
	return m.call(ctx, o.cmdlet(), id, func(c *vmCopy) outcome {
		switch {
		case o.Reverse:
			return m.reverse(c, o)
		case o.AsReplica:
			return m.asReplica(c, o)
		}
		return m.changeSettings(c, o)
	})
}

func (m *Machine) changeSettings(c *vmCopy, o SetVMReplicationOptions) outcome {
	r := c.sender()
	switch {
	case c.isReplica() && r == nil:
		return fails(&CmdletError{ID: idInvalidState, Category: catInvalidOperation, Target: c.name, Simulated: true,
			Message: "Replication is not enabled for an extension of virtual machine '" + c.name + "'."})
	case r == nil:
		return fails(m.notApplicable(c, "Set-VMReplication"))
	case c.locked():
		return fails(busy(c))
	}
	n := *r
	if err := n.reschedule(o.InitialReplicationStartTime); err != nil {
		return fails(err)
	}
	if err := n.set(o); err != nil {
		return fails(err)
	}
	if o.ReplicatedDiskPaths != nil {
		if err := c.setReplicatedDisks(o.ReplicatedDiskPaths); err != nil {
			return fails(err)
		}
	}
	*r = n
	if o.InitialReplicationStartTime != nil {
		m.w.schedule(r.irAt, (*irDue)(r), r.turn)
	}
	if o.ReplicationFrequencySec != nil && r.wmi == wmiReplicating {
		r.turn++
		m.w.schedule(m.w.now.plus(r.frequency), r, r.turn)
	}
	if to := m.w.machine(r.replicaServer); to != nil {
		if peer := r.receiver(to); peer != nil {
			peer.frequency, peer.history, peer.vssHours = r.frequency, r.history, r.vssHours
			if n := len(peer.vm.points) - r.history; n > 0 {
				peer.vm.points = peer.vm.points[n:]
			}
		}
	}
	return did(true)
}

// set applies plain settings, or tells which of them cannot be.
func (r *relation) set(o SetVMReplicationOptions) *CmdletError {
	if o.ReplicationFrequencySec != nil {
		f := Duration(*o.ReplicationFrequencySec) * Duration(time.Second)
		if !slices.Contains([]Duration{frequencyShort, frequencyMiddle, frequencyLong}, f) || r.extended && f == frequencyShort {
			return badParameter("ReplicationFrequencySec must be 30, 300 or 900, and not 30 for an extended replica.")
		}
		r.frequency = f
	}
	if o.RecoveryHistory != nil {
		if *o.RecoveryHistory < 0 || *o.RecoveryHistory > maxRecoveryHistory {
			return badParameter("RecoveryHistory must be between 0 and 24.")
		}
		r.history = *o.RecoveryHistory
	}
	if o.VSSSnapshotFrequencyHour != nil {
		if *o.VSSSnapshotFrequencyHour > 0 && r.history == 0 {
			return badParameter("Application-consistent recovery points need a recovery history.")
		}
		r.vssHours = min(max(*o.VSSSnapshotFrequencyHour, 0), maxVSSHours)
	}
	if o.DisableVSSSnapshotReplication || r.history == 0 {
		r.vssHours = 0
	}
	if o.CompressionEnabled != nil {
		r.compress = *o.CompressionEnabled
	}
	give(&r.bypass, o.BypassProxyServer)
	give(&r.kvp, o.ReplicateHostKvpItems)
	if o.AutoResynchronizeEnabled != nil {
		r.auto.on = *o.AutoResynchronizeEnabled
	}
	if o.AutoResynchronizeIntervalStart != nil {
		r.auto.start = *o.AutoResynchronizeIntervalStart
	}
	if o.AutoResynchronizeIntervalEnd != nil {
		r.auto.end = *o.AutoResynchronizeIntervalEnd
	}
	return r.setPartner(o)
}

// reschedule puts an initial replication that has not begun to another time;
// nil leaves it.
func (r *relation) reschedule(to *time.Time) *CmdletError {
	if to == nil {
		return nil
	}
	if r.wmi != wmiReady {
		return wrongReplicationState(r.vm, "Set-VMReplication")
	}
	at, err := r.vm.m.scheduled(*to)
	if err != nil {
		return err
	}
	r.irAt = at
	return nil
}

func (r *relation) setPartner(o SetVMReplicationOptions) *CmdletError {
	if o.ReplicaServerName != "" {
		r.replicaServer = o.ReplicaServerName
	}
	if o.ReplicaServerPort != 0 {
		r.port = o.ReplicaServerPort
	}
	if o.AuthenticationType != "" {
		r.auth = o.AuthenticationType
	}
	if o.CertificateThumbprint != "" {
		r.thumbprint = o.CertificateThumbprint
	}
	switch {
	case r.auth == authCertificate && r.thumbprint == "":
		return badParameter("A certificate thumbprint is needed for certificate authentication.")
	case r.auth == authKerberos && o.CertificateThumbprint != "":
		return badParameter("A certificate thumbprint cannot be used with Kerberos authentication.")
	case r.auth == authKerberos:
		r.thumbprint = ""
	}
	return nil
}

// setReplicatedDisks changes which disks are replicated. The update itself is
// instantaneous here.
func (c *vmCopy) setReplicatedDisks(paths []string) *CmdletError {
	for _, p := range paths {
		if !slices.ContainsFunc(c.disks, func(d disk) bool { return d.path == p }) {
			e := badParameter("The hard disk '" + p + "' is not attached to virtual machine '" + c.name + "'.")
			e.Target = p
			return e
		}
	}
	if len(paths) == 0 {
		return badParameter("At least one disk must be replicated.")
	}
	for i := range c.disks {
		c.disks[i].replicated = slices.Contains(paths, c.disks[i].path)
	}
	return nil
}
