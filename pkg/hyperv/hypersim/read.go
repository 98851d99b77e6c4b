package hypersim

import (
	"fmt"
	"time"

	"lifeboat.io/pkg/hyperv"
)

// read is everything a visit reads of a VM in one look.
func (m *Machine) read(id hyperv.VMID) hyperv.VM {
	v := hyperv.VM{HostTime: m.clock(m.w.now)}
	c := m.byID[id]
	if c == nil {
		return v
	}
	v.Present, v.ID, v.Name = true, c.id, c.name
	v.Power, v.Heartbeat, v.AutoStart = c.power, c.heartbeat(), c.autoStart
	v.OperationalStatus = c.operationalStatus()
	v.Replication = c.rel.read()
	if c.extended != nil {
		x := c.extended.read()
		v.Extended = &x
	}
	if len(c.points) > 0 {
		v.RecoveryPoints = make([]hyperv.RecoveryPoint, len(c.points))
		for i := range c.points {
			p := &c.points[i]
			v.RecoveryPoints[i] = hyperv.RecoveryPoint{ID: p.id, Name: p.name, Time: m.clock(p.at), Type: p.kind}
		}
	}
	if t := c.testVM; t != nil {
		v.TestVM = &hyperv.TestVM{ID: t.id, Name: t.name, Power: t.power, Heartbeat: t.heartbeat(), Adapters: t.readAdapters()}
	}
	v.Adapters = c.readAdapters()
	return v
}

func (c *vmCopy) readAdapters() []hyperv.Adapter {
	if len(c.adapters) == 0 {
		return nil
	}
	all := make([]hyperv.Adapter, len(c.adapters))
	for i := range c.adapters {
		a := &c.adapters[i]
		all[i] = hyperv.Adapter{Name: a.name, Switch: a.switchName, TestSwitch: a.testSwitch}
	}
	return all
}

// read is the relationship as hyperv shows it.
func (r *relation) read() hyperv.Replication {
	c := r.vm
	if c.mode == hyperv.ModeNone {
		return hyperv.Replication{Mode: hyperv.ModeNone, State: hyperv.StateDisabled, Health: hyperv.HealthNotApplicable, FailedOver: hyperv.TypeNone}
	}
	return hyperv.Replication{
		Mode: c.mode, State: r.state(), Health: r.health(), Frequency: time.Duration(r.frequency),
		LastReplication: c.m.clock(r.lastReplication), LastApplied: c.m.clock(r.lastApplied), FailedOver: r.failedOver,
		PrimaryServer: r.primaryServer, ReplicaServer: r.replicaServer, ReplicaPort: r.port,
		Authentication: hyperv.Authentication(r.auth), CertificateThumbprint: r.thumbprint,
	}
}

// info is what a visit reads of the host itself.
func (m *Machine) info() hyperv.HostInfo {
	known := make(map[string]bool, len(cmdletsUsed))
	for _, name := range cmdletsUsed {
		known[name] = !m.missing[name]
	}
	return hyperv.HostInfo{
		ComputerName: m.computerName(), FQDN: m.fqdn, Clock: m.clock(m.w.now),
		PowerShell: m.powerShell, Module: m.module, Cmdlets: known,
		ReplicaServer: m.server.ReplicationEnabled, Switches: append([]string(nil), m.switches...),
	}
}

// cmdletsUsed are the cmdlets the verbs of hyperv.Host are made of.
var cmdletsUsed = []string{
	"Get-VM", "Get-VMHost", "Get-VMSwitch", "Get-VMReplication", "Get-VMReplicationServer", "Get-VMSnapshot", "Get-VMNetworkAdapter",
	"Start-VM", "Stop-VM", "Set-VM", "Remove-VMSavedState", "Set-VMNetworkAdapter",
	"Start-VMFailover", "Stop-VMFailover", "Complete-VMFailover", "Set-VMReplication",
}

func (m *Machine) list() []hyperv.VMSummary {
	all := make([]hyperv.VMSummary, 0, len(m.copies))
	for _, c := range m.copies {
		all = append(all, hyperv.VMSummary{ID: c.id, Name: c.name, Power: c.power, Mode: c.mode})
	}
	return all
}

// find resolves a name, compared exactly.
func (m *Machine) find(name string) (hyperv.VMID, *hyperv.Error) {
	var found []hyperv.VMID
	for _, c := range m.copies {
		if c.name == name {
			found = append(found, c.id)
		}
	}
	switch len(found) {
	case 0:
		return "", &hyperv.Error{Class: hyperv.ClassRefuse, Code: hyperv.CodeVMNotFound,
			Message: fmt.Sprintf("the host has no virtual machine named %q", name)}
	case 1:
		return found[0], nil
	}
	return "", &hyperv.Error{Class: hyperv.ClassRefuse, Code: hyperv.CodeVMAmbiguous,
		Message: fmt.Sprintf("the host has %d virtual machines named %q: %v", len(found), name, found)}
}
