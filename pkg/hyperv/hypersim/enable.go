package hypersim

import (
	"context"
	"fmt"
	"net"
	"slices"
	"time"

	"lifeboat.io/pkg/hyperv"
)

// Replication frequencies Hyper-V knows.
const (
	frequencyShort  = Duration(30 * time.Second)
	frequencyMiddle = Duration(5 * time.Minute)
	frequencyLong   = Duration(15 * time.Minute)
)

const (
	maxRecoveryHistory = 24
	maxVSSHours        = 12
)

// EnableVMReplicationOptions are the parameters of Enable-VMReplication. With
// AsReplica only AllowedPrimaryServer goes.
type EnableVMReplicationOptions struct {
	AsReplica            bool
	AllowedPrimaryServer string

	ReplicaServerName     string
	ReplicaServerPort     int
	AuthenticationType    string
	CertificateThumbprint string
	CompressionEnabled    bool
	// BypassProxyServer and ReplicateHostKvpItems are remembered; nil means off
	// and on. There are neither proxies nor items here.
	BypassProxyServer, ReplicateHostKvpItems *bool
	// ReplicationFrequencySec is 30, 300 or 900; 0 means 300.
	ReplicationFrequencySec int
	// RecoveryHistory is the number of additional hourly recovery points.
	RecoveryHistory int
	// VSSSnapshotFrequencyHour is how often one of them is application-consistent; 0 for never.
	VSSSnapshotFrequencyHour int
	AutoResynchronizeEnabled bool
	// AutoResynchronizeIntervalStart and End are times of day; both zero means 18:30 to 06:00.
	AutoResynchronizeIntervalStart, AutoResynchronizeIntervalEnd time.Duration
	// ExcludedVhdPath are the disks not to replicate.
	ExcludedVhdPath []string
}

// EnableVMReplication is Enable-VMReplication: on an ordinary VM it makes it a
// primary and creates its replica; on a replica it extends it to a third host;
// with AsReplica it makes an ordinary VM a replica that waits.
func (m *Machine) EnableVMReplication(ctx context.Context, id hyperv.VMID, o EnableVMReplicationOptions) error {
	if o.AsReplica {
		return m.call(ctx, "Enable-VMReplication -AsReplica", id, func(c *vmCopy) outcome { return m.enableAsReplica(c, o) })
	}
	return m.call(ctx, "Enable-VMReplication", id, func(c *vmCopy) outcome { return m.enable(c, o) })
}

func (m *Machine) enable(c *vmCopy, o EnableVMReplicationOptions) outcome {
	extend := c.mode == hyperv.ModeReplica
	switch {
	case c.mode == hyperv.ModePrimary, extend && c.extended != nil:
		return fails(&CmdletError{ID: idOperationFailed, Category: catInvalidOperation, Target: c.name, Simulated: true,
			Message: "Replication is already enabled for virtual machine '" + c.name + "'."})
	case c.mode == hyperv.ModeTestReplica, c.mode == hyperv.ModeExtendedReplica:
		return fails(m.notApplicable(c, "Enable-VMReplication"))
	}
	if o.ReplicationFrequencySec == 0 {
		o.ReplicationFrequencySec = int(time.Duration(frequencyMiddle).Seconds())
	}
	if err := o.check(); err != nil {
		return fails(err)
	}
	if err := c.checkExtension(extend, o); err != nil {
		return fails(err)
	}
	if err := c.checkDisks(o.ExcludedVhdPath); err != nil {
		return fails(err)
	}
	if c.locked() {
		return fails(busy(c))
	}
	return runs(m.begin(&job{vm: c, locks: true, finish: func(*job) *CmdletError {
		return c.enableTo(extend, o)
	}}, m.w.durations.Enable))
}

// check is what the cmdlet checks before it asks any service, in its order.
func (o *EnableVMReplicationOptions) check() *CmdletError {
	frequency := Duration(o.ReplicationFrequencySec) * Duration(time.Second)
	switch {
	case o.ReplicaServerName == "" || net.ParseIP(o.ReplicaServerName) != nil:
		return badParameter("The Replica server must be given by its DNS name.")
	case o.AuthenticationType != authKerberos && o.AuthenticationType != authCertificate:
		return badParameter("The authentication type must be Kerberos or Certificate.")
	case o.AuthenticationType == authCertificate && o.CertificateThumbprint == "":
		return badParameter("A certificate thumbprint is needed for certificate authentication.")
	case o.AuthenticationType == authKerberos && o.CertificateThumbprint != "":
		return badParameter("A certificate thumbprint cannot be used with Kerberos authentication.")
	case o.RecoveryHistory < 0 || o.RecoveryHistory > maxRecoveryHistory:
		return badParameter("RecoveryHistory must be between 0 and 24.")
	case o.VSSSnapshotFrequencyHour < 0 || o.VSSSnapshotFrequencyHour > maxVSSHours:
		return badParameter("VSSSnapshotFrequencyHour must be between 1 and 12.")
	case o.VSSSnapshotFrequencyHour > 0 && o.RecoveryHistory == 0:
		return badParameter("Application-consistent recovery points need a recovery history.")
	case !slices.Contains([]Duration{frequencyShort, frequencyMiddle, frequencyLong}, frequency):
		return badParameter("ReplicationFrequencySec must be 30, 300 or 900.")
	}
	return nil
}

// checkExtension is what holds for an extended replica besides.
func (c *vmCopy) checkExtension(extend bool, o EnableVMReplicationOptions) *CmdletError {
	frequency := Duration(o.ReplicationFrequencySec) * Duration(time.Second)
	switch {
	case extend && frequency == frequencyShort:
		return badParameter("An extended replica can replicate every 300 or 900 seconds.")
	case extend && frequency < c.rel.frequency:
		return badParameter("An extended replica cannot replicate more often than its replica.")
	}
	return nil
}

// checkDisks refuses disks that Hyper-V Replica cannot track.
func (c *vmCopy) checkDisks(excluded []string) *CmdletError {
	for _, path := range excluded {
		if !slices.ContainsFunc(c.disks, func(d disk) bool { return d.path == path }) {
			e := badParameter(fmt.Sprintf("The hard disk '%s' is not attached to virtual machine '%s'.", path, c.name))
			e.Target = path
			return e
		}
	}
	replicated := 0
	for _, d := range c.disks {
		if slices.Contains(excluded, d.path) {
			continue
		}
		if d.shared || d.passDisk != nil {
			return &CmdletError{ID: idInvalidParameter, Category: catInvalidArgument, HResult: codeParameterWrong,
				Message: "Enabling replication failed. The parameter is incorrect. (0x80070057)"}
		}
		replicated++
	}
	if replicated == 0 {
		return &CmdletError{ID: idInvalidOperation, Category: catInvalidOperation, Simulated: true,
			Message: "Virtual machine '" + c.name + "' has no disk to replicate."}
	}
	return nil
}

// enableTo asks the replica server to create the replica.
func (c *vmCopy) enableTo(extend bool, o EnableVMReplicationOptions) *CmdletError {
	how := call{server: o.ReplicaServerName, port: o.ReplicaServerPort, auth: o.AuthenticationType, thumbprint: o.CertificateThumbprint}
	what := fmt.Sprintf("Hyper-V failed to enable replication for virtual machine '%s'", c.name)
	to, code := c.m.connect(how)
	if code != 0 {
		return connectFailed(what, how.server, code)
	}
	if to == c.m || !to.admits(c.m) {
		return connectFailed(what, how.server, codeAccessDenied)
	}
	peer := to.byID[c.id]
	if peer != nil && (peer.mode != hyperv.ModeReplica || peer.rel.wmi != wmiWaitingIR) {
		return operationFailed(what + ": the Replica server has a virtual machine with the same id already.")
	}
	r := newRelation(c, extend)
	r.frequency = Duration(o.ReplicationFrequencySec) * Duration(time.Second)
	r.history, r.vssHours = o.RecoveryHistory, o.VSSSnapshotFrequencyHour
	if extend {
		r.vssHours = 0
	}
	r.compress, r.auth, r.thumbprint, r.port = o.CompressionEnabled, how.auth, how.thumbprint, how.port
	give(&r.bypass, o.BypassProxyServer)
	give(&r.kvp, o.ReplicateHostKvpItems)
	r.auto.on = o.AutoResynchronizeEnabled
	if o.AutoResynchronizeIntervalStart != 0 || o.AutoResynchronizeIntervalEnd != 0 {
		r.auto.start, r.auto.end = o.AutoResynchronizeIntervalStart, o.AutoResynchronizeIntervalEnd
	}
	r.primaryServer, r.replicaServer = c.m.fqdn, how.server
	for i := range c.disks {
		c.disks[i].replicated = !slices.Contains(o.ExcludedVhdPath, c.disks[i].path)
	}
	if peer == nil {
		peer = to.placeholder(c)
	}
	peer.mode = hyperv.ModeReplica
	if extend {
		peer.mode = hyperv.ModeExtendedReplica
	}
	peer.rel = newRelation(peer, false)
	peer.rel.settingsFrom(&r)
	peer.rel.port, peer.rel.thumbprint = r.port, to.server.CertificateThumbprint
	peer.rel.primaryServer, peer.rel.replicaServer = c.m.fqdn, how.server
	peer.rel.wmi = wmiWaitingIR
	if extend {
		c.extended = &r
	} else {
		c.mode = hyperv.ModePrimary
		r.turn = c.rel.turn + 1
		c.rel = r
	}
	c.sender().to(wmiReady)
	return nil
}

// placeholder creates the replica VM of a primary: off, adapters disconnected,
// disks empty.
func (m *Machine) placeholder(of *vmCopy) *vmCopy {
	c := &vmCopy{
		m: m, id: of.id, name: of.name, notes: of.notes, config: of.config, guest: of.guest,
		autoStart: of.autoStart, autoStop: of.autoStop, autoDelay: of.autoDelay,
		power: hyperv.PowerOff,
	}
	c.adapters = make([]adapter, len(of.adapters))
	for i, a := range of.adapters {
		c.adapters[i] = adapter{id: m.w.random.guid(), name: a.name, mac: a.mac}
	}
	for _, d := range of.disks {
		if d.replicated {
			d.id = m.w.random.guid()
			d.path = m.server.DefaultStorageLocation + `\` + string(of.id) + `\` + d.id + ".vhdx"
			c.disks = append(c.disks, d)
		}
	}
	m.add(c)
	return c
}

// enableAsReplica makes an ordinary VM a replica that waits for its primary.
func (m *Machine) enableAsReplica(c *vmCopy, o EnableVMReplicationOptions) outcome {
	switch {
	case c.mode != hyperv.ModeNone:
		return fails(m.notApplicable(c, "Enable-VMReplication"))
	case c.power != hyperv.PowerOff:
		return fails(wrongPower())
	case !m.hasEntry(o.AllowedPrimaryServer):
		return fails(authorizationEntryNotFound(o.AllowedPrimaryServer))
	case c.locked():
		return fails(busy(c))
	}
	return runs(m.begin(&job{vm: c, locks: true, finish: func(*job) *CmdletError {
		turn := c.rel.turn + 1
		c.rel = newRelation(c, false)
		c.rel.turn = turn
		c.rel.allowed, c.rel.primaryServer, c.rel.replicaServer = o.AllowedPrimaryServer, o.AllowedPrimaryServer, m.fqdn
		c.mode = hyperv.ModeReplica
		c.rel.to(wmiWaitingIR)
		return nil
	}}, m.w.durations.Enable))
}
