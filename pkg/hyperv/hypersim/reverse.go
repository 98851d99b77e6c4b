package hypersim

import (
	"lifeboat.io/pkg/hyperv"
)

// reverse is Set-VMReplication -Reverse: a failed-over replica becomes the
// primary. Where the old primary is prepared for failover the two change roles
// and replicate on; where it was made a replica by hand, initial replication
// is next; anything else fails.
func (m *Machine) reverse(c *vmCopy, o SetVMReplicationOptions) outcome {
	r := &c.rel
	if !c.isReplica() {
		return fails(m.notApplicable(c, "Set-VMReplication"))
	}
	to := r.reverseCall(o)
	if to.auth == authCertificate && to.thumbprint == "" {
		return fails(badParameter("A certificate thumbprint is needed to reverse replication with certificate authentication."))
	}
	if to.auth == authKerberos && to.thumbprint != "" {
		return fails(badParameter("A certificate thumbprint cannot be used with Kerberos authentication."))
	}
	if !c.failedOver() {
		return fails(wrongReplicationState(c, "Set-VMReplication -Reverse"))
	}
	if c.extended != nil {
		return fails(operationFailed("Extended replication of virtual machine '" + c.name + "' must be removed first."))
	}
	if c.power != hyperv.PowerOff && !m.w.assume.ReverseWhileRunning {
		return fails(wrongPower())
	}
	if c.locked() {
		return fails(busy(c))
	}
	return runs(m.begin(&job{vm: c, locks: true, finish: func(*job) *CmdletError { return r.reverseTo(to) }}, m.w.durations.Reverse))
}

// reverseCall is where the reversed relationship will send to: what is asked
// for, else what is stored.
func (r *relation) reverseCall(o SetVMReplicationOptions) call {
	to := call{server: o.ReplicaServerName, port: o.ReplicaServerPort, auth: o.AuthenticationType, thumbprint: o.CertificateThumbprint}
	if to.server == "" {
		to.server = r.primaryServer
	}
	if to.auth == "" {
		to.auth = r.auth
	}
	if to.port == 0 {
		to.port = r.port
	}
	return to
}

// reverseTo changes the roles.
func (r *relation) reverseTo(to call) *CmdletError {
	c := r.vm
	target, code := c.m.connect(to)
	if code != 0 {
		return reverseFailed(code)
	}
	old := target.byID[c.id]
	switch {
	case target == c.m, !target.admits(c.m), old == nil, old.locked():
		return reverseFailed(0)
	case old.mode == hyperv.ModePrimary && old.rel.wmi == wmiPrepared:
		r.exchange(&old.rel, target, to)
	case old.mode == hyperv.ModeReplica && old.rel.wmi == wmiWaitingIR:
		r.lead(target, to)
		old.rel.primaryServer, old.rel.replicaServer = c.m.fqdn, target.fqdn
		old.rel.settingsFrom(r)
		old.rel.port, old.rel.thumbprint = to.port, target.server.CertificateThumbprint
		r.lastReplication, r.lastApplied = never, never // in this direction
		r.to(wmiReady)
	default:
		return reverseFailed(0)
	}
	return nil
}

// exchange makes the prepared primary the replica, and the replica the primary.
func (r *relation) exchange(old *relation, target *Machine, to call) {
	r.lead(target, to)
	o := old.vm
	o.mode = hyperv.ModeReplica
	old.settingsFrom(r)
	old.primaryServer, old.replicaServer = r.vm.m.fqdn, target.fqdn
	old.port, old.thumbprint = to.port, target.server.CertificateThumbprint
	old.lastReplication, old.lastApplied = r.lastReplication, r.vm.m.w.now
	old.lastType, old.failedOver = hyperv.TypeRegular, hyperv.TypeNone
	old.lastPoint, old.lastVSS = never, never
	old.to(wmiReplicating)
	r.sent = o.content
	if !o.content.within(r.vm.holds()) {
		r.to(wmiWaitingResync) // the old primary holds what the new one was not failed over to
		return
	}
	r.to(wmiReplicating)
}

// lead makes the relationship's VM a primary that sends to target, and merges
// what the failover left.
func (r *relation) lead(target *Machine, to call) {
	c := r.vm
	c.mode = hyperv.ModePrimary
	c.points, c.base = nil, content{}
	r.primaryServer, r.replicaServer = c.m.fqdn, target.fqdn
	if to.server != "" {
		r.replicaServer = to.server
	}
	r.port, r.auth, r.thumbprint = to.port, to.auth, to.thumbprint
	r.failedOver, r.lastType = hyperv.TypeNone, hyperv.TypeRegular
	r.stats = statistics{since: c.m.w.now}
	c.beginMerge()
}

// asReplica is Set-VMReplication -AsReplica: an old primary that is off becomes
// a replica that waits for its new primary.
func (m *Machine) asReplica(c *vmCopy, o SetVMReplicationOptions) outcome {
	r := &c.rel
	if c.mode != hyperv.ModePrimary || r.wmi == wmiDisabled {
		return fails(m.notApplicable(c, "Set-VMReplication"))
	}
	if c.power != hyperv.PowerOff {
		return fails(wrongPower())
	}
	if !m.hasEntry(o.AllowedPrimaryServer) {
		return fails(authorizationEntryNotFound(o.AllowedPrimaryServer))
	}
	if c.locked() {
		return fails(busy(c))
	}
	return runs(m.begin(&job{vm: c, locks: true, finish: func(*job) *CmdletError {
		r.stopTask()
		c.mode = hyperv.ModeReplica
		r.allowed, r.exported = o.AllowedPrimaryServer, 0
		r.primaryServer, r.replicaServer = o.AllowedPrimaryServer, m.fqdn
		r.lastReplication, r.lastApplied = never, never
		r.lastType, r.failedOver = hyperv.TypeNone, hyperv.TypeNone
		c.points = nil
		r.to(wmiWaitingIR)
		return nil
	}}, m.w.durations.BecomeReplica))
}

// continueExtended is Resume-VMReplication -Continue on the middle host of an
// extended chain after a failover to it: its extended replica becomes its
// replica.
func (m *Machine) continueExtended(c *vmCopy) outcome {
	switch {
	case c.mode != hyperv.ModeReplica || c.extended == nil || c.extended.wmi == wmiDisabled:
		return fails(m.notApplicable(c, "Resume-VMReplication"))
	case !c.failedOver():
		return fails(wrongReplicationState(c, "Resume-VMReplication -Continue"))
	case c.locked():
		return fails(busy(c))
	}
	return runs(m.begin(&job{vm: c, locks: true, finish: func(*job) *CmdletError {
		return c.promote()
	}}, m.w.durations.Reverse))
}

// promote makes the extended relationship the only one.
func (c *vmCopy) promote() *CmdletError {
	to, code := c.m.connect(c.extended.call())
	if code != 0 {
		return connectFailed("Hyper-V failed to continue replication", c.extended.replicaServer, code)
	}
	peer := c.extended.receiver(to)
	if peer == nil {
		return operationFailed("The extended replica of virtual machine '" + c.name + "' was not found.")
	}
	x := *c.extended
	x.extended = false
	x.turn = max(x.turn, c.rel.turn) + 1
	x.sending = false
	wmi := x.wmi
	x.wmi = wmiDisabled
	c.extended.turn++ // its cycles are void
	c.rel, c.extended = x, nil
	c.mode, c.points, c.base = hyperv.ModePrimary, nil, content{}
	peer.vm.mode = hyperv.ModeReplica
	c.beginMerge()
	switch {
	case wmi == wmiReady, wmi == wmiWaitingIR:
		c.rel.to(wmiReady)
	case peer.vm.content.within(c.holds()):
		c.rel.to(wmiReplicating)
	default:
		c.rel.to(wmiWaitingResync)
	}
	return nil
}
