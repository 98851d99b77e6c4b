package hypersim

import (
	"lifeboat.io/pkg/hyperv"
)

// TestSuffix is what Hyper-V appends to a VM's name to name its test VM.
const TestSuffix = " - Test"

// addTestVM makes the test VM of a replica: its own VMId, off, differencing
// disks over what the replica holds, adapters on their test switches.
func (m *Machine) addTestVM(c *vmCopy, holds content) {
	t := &vmCopy{
		m: m, id: m.w.random.vmID(), life: c.life, testOf: c,
		name: c.name + TestSuffix, notes: c.notes, config: c.config,
		autoStart: hyperv.StartNothing, autoStop: StopTurnOff,
		guest: c.guest, power: hyperv.PowerOff,
		content: holds, mode: hyperv.ModeTestReplica,
	}
	t.rel = newRelation(t, false)
	t.rel.primaryServer, t.rel.replicaServer = c.rel.primaryServer, c.rel.replicaServer
	t.adapters = make([]adapter, len(c.adapters))
	for i, a := range c.adapters {
		t.adapters[i] = adapter{id: m.w.random.guid(), name: a.name, mac: a.mac, failoverIP: a.failoverIP}
		if m.hasSwitch(a.testSwitch) {
			t.adapters[i].switchName = a.testSwitch
		}
	}
	t.disks = make([]disk, len(c.disks))
	for i, d := range c.disks {
		t.disks[i] = d
		t.disks[i].id = m.w.random.guid()
		t.disks[i].differsOf = d.path
		t.disks[i].path = m.vhdPath + `\` + string(t.id) + `\` + d.id + ".avhdx"
	}
	c.testVM = t
	m.add(t)
}

// removeTestVM turns the test VM off and deletes it.
func (m *Machine) removeTestVM(c *vmCopy) {
	t := c.testVM
	if t == nil {
		return
	}
	c.testVM = nil
	if t.power != hyperv.PowerOff {
		t.setPower(hyperv.PowerOff)
	}
	m.remove(t)
}

// orphanTestVM breaks the association between a replica and its test VM, as
// happens when they end up on different nodes of a cluster: Stop-VMFailover no
// longer finds the test VM, which stays.
func (m *Machine) orphanTestVM(id hyperv.VMID) {
	if c := m.byID[id]; c != nil {
		c.testVM = nil
	}
}
