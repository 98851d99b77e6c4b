package hypersim

import (
	"context"
	"strings"

	"lifeboat.io/pkg/hyperv"
)

// Initial replication out of band: the sender exports the disks to a folder,
// somebody carries that to the receiver, and the receiver imports it. Changes
// go over the network from the end of the export on, and the receiver keeps
// them beside its empty disks until then.

// medium is one exported VM. It lies in a folder of a host, or of a share,
// which every host can read.
type medium struct {
	on      *Machine // nil for a share
	path    string
	vm      hyperv.VMID
	export  uint32 // which export wrote it
	content content
}

// sharePrefix begins the path of a folder on a share.
const sharePrefix = `\\`

// at tells whether the medium is what a host finds at a path.
func (e *medium) at(m *Machine, path string) bool {
	return (e.on == nil || e.on == m) && samePath(e.path, path)
}

// folderPath is a path without backslashes at its end.
func folderPath(path string) string { return strings.TrimRight(path, `\`) }

// samePath compares paths as Windows does.
func samePath(a, b string) bool { return strings.EqualFold(folderPath(a), folderPath(b)) }

// mediumAt is what a host finds at a path, nil when nothing.
func (m *Machine) mediumAt(path string) *medium {
	for _, e := range m.w.media {
		if e.at(m, path) {
			return e
		}
	}
	return nil
}

// store writes a medium, over what was at its path.
func (w *World) store(e *medium) {
	for i, old := range w.media {
		if old.on == e.on && samePath(old.path, e.path) {
			w.media[i] = e
			return
		}
	}
	w.media = append(w.media, e)
}

// ship copies every medium in a folder of one host to a folder of another.
func (w *World) ship(from *Machine, path string, to *Machine, toPath string) {
	for _, e := range append([]*medium(nil), w.media...) {
		i := strings.LastIndex(e.path, `\`)
		if i < 0 || e.on != nil && e.on != from || !samePath(e.path[:i], path) {
			continue
		}
		n := *e
		n.on, n.path = to.holder(toPath), folderPath(toPath)+e.path[i:]
		w.store(&n)
	}
}

// holder is the host a path belongs to, nil for a share.
func (m *Machine) holder(path string) *Machine {
	if strings.HasPrefix(path, sharePrefix) {
		return nil
	}
	return m
}

// startExport begins to export the sender's disks. Whoever asked waits for the
// end.
func (r *relation) startExport(destination string) *job {
	r.irAt, r.irSeeded, r.exported = never, false, 0
	r.to(wmiWaitingIR)
	turn, c := r.turn, r.vm
	whole := c.holds()
	r.task = c.m.begin(&job{vm: c, finish: func(j *job) *CmdletError {
		if r.turn != turn || r.task != j {
			return operationFailed("The initial replication of virtual machine '" + c.name + "' was cancelled.")
		}
		r.task = nil
		w := c.m.w
		w.exports++
		r.exported, r.sent = w.exports, whole
		w.store(&medium{on: c.m.holder(destination), path: folderPath(destination) + `\` + c.name + "_" + string(c.id), vm: c.id, export: r.exported, content: whole})
		r.beginCycles()
		return nil
	}}, c.m.w.durations.InitialReplication)
	return r.task
}

// exporting tells whether the sender has exported and the receiver has not
// imported yet, for all the sender knows.
func (r *relation) exporting() bool { return r.wmi == wmiWaitingIR && r.exported != 0 }

// keep records changes that arrived before the import.
func (r *relation) keep(peer *relation, c content, size int64, took Duration) {
	r.sent, peer.ahead = c, c
	r.failures, r.cannotSend = 0, false
	r.stats.succeeded(size, took)
}

// loseExport is a sender whose changes no longer fit what it exported: only
// a new initial replication helps.
func (r *relation) loseExport() {
	r.exported = 0
	r.to(wmiCritical)
}

// ImportVMInitialReplication is Import-VMInitialReplication on the replica: the
// path is that of the VM's own folder.
func (m *Machine) ImportVMInitialReplication(ctx context.Context, id hyperv.VMID, path string) error {
	return m.call(ctx, "Import-VMInitialReplication", id, func(c *vmCopy) outcome { return m.importMedium(c, path) })
}

func (m *Machine) importMedium(c *vmCopy, path string) outcome {
	r := &c.rel
	if !c.isReplica() {
		return fails(m.notApplicable(c, "Import-VMInitialReplication"))
	}
	if r.wmi != wmiWaitingIR {
		return fails(wrongReplicationState(c, "Import-VMInitialReplication"))
	}
	s := r.source()
	if c.locked() || s != nil && s.copying() {
		return fails(busy(c))
	}
	e := m.mediumAt(path)
	switch {
	case e == nil:
		return fails(noMedium(c, path))
	case e.vm != c.id:
		return fails(foreignMedium(c, path))
	case s == nil || s.exported != e.export:
		return fails(foreignMedium(c, path))
	}
	return runs(m.begin(&job{vm: c, locks: true, finish: func(*job) *CmdletError {
		if r.wmi != wmiWaitingIR || s.exported != e.export {
			return wrongReplicationState(c, "Import-VMInitialReplication")
		}
		r.imported(s, e.content)
		return nil
	}}, m.w.durations.InitialReplication))
}

// imported is the receiver with the medium on its disks, and the changes that
// arrived since. The sender learns of it at once, or with its next cycle.
func (r *relation) imported(s *relation, c content) {
	if c.within(r.ahead) {
		c = r.ahead
	}
	now := r.vm.m.w.now
	r.vm.content, r.vm.points, r.ahead = c, nil, content{}
	r.lastReplication, r.lastApplied, r.lastType = now, now, hyperv.TypeRegular
	r.to(wmiReplicating)
	if peer, _, problem := s.reach(); s.exporting() && problem == passes && peer == r {
		s.lastReplication, s.lastType = now, hyperv.TypeRegular
		s.to(wmiReplicating)
	}
}

// source is the sender of a receiving relationship, nil when there is none any
// more.
func (r *relation) source() *relation {
	from := r.vm.m.w.machine(r.primaryServer)
	if from == nil {
		return nil
	}
	c := from.byID[r.vm.id]
	if c == nil {
		return nil
	}
	s := c.sender()
	if s == nil || s.extended != (r.vm.mode == hyperv.ModeExtendedReplica) {
		return nil
	}
	return s
}

// copying tells whether initial replication goes over the network just now. A
// task of a sender that waits is that or an export, which has no number yet.
func (r *relation) copying() bool {
	return r.wmi == wmiWaitingIR && r.task != nil && r.task.what == ""
}

// noMedium is what the service says of a file that is not there.
func noMedium(c *vmCopy, path string) *CmdletError {
	return &CmdletError{ID: idObjectNotFound, Category: catObjectNotFound, HResult: codeFileNotFound, Target: c.name, Simulated: true,
		Message: "The initial replica of virtual machine '" + c.name + "' was not found in '" + path + "'."}
}

func foreignMedium(c *vmCopy, path string) *CmdletError {
	e := badParameter("The initial replica in '" + path + "' is not the one that virtual machine '" + c.name + "' waits for.")
	e.Target = c.name
	return e
}
