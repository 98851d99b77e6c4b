package hypersim

import (
	"time"

	"lifeboat.io/pkg/hyperv"
)

// The truth is what no host would tell: which copies really run, what their
// disks really hold, and what was really lost.

// CopyTruth is one copy of a VM.
type CopyTruth struct {
	Host string      `json:"host"`
	VM   hyperv.VMID `json:"vm"`
	Name string      `json:"name"`
	// Test marks a test VM; Of is then the VM it was made from.
	Test  bool                    `json:"test,omitempty"`
	Of    hyperv.VMID             `json:"of,omitempty"`
	Power hyperv.PowerState       `json:"power"`
	Mode  hyperv.Mode             `json:"mode"`
	State hyperv.ReplicationState `json:"state"`
	// Runs tells whether the guest executes, and writes.
	Runs bool `json:"runs"`
	// Writes is how many writes of the VM's life the copy holds.
	Writes int64 `json:"writes"`
	// Branch is the line of writes the copy is on; ForkedFrom and ForkedAt
	// tell which line that forked off, after how many writes. 0 is none.
	Branch     uint32 `json:"branch"`
	ForkedFrom uint32 `json:"forkedFrom,omitempty"`
	ForkedAt   int64  `json:"forkedAt,omitempty"`
	// DataAsOf is until when the copy holds what its writer wrote.
	DataAsOf time.Time `json:"dataAsOf"`
	// LastReplication is the stamp both sides show, in true time; zero when never.
	LastReplication time.Time `json:"lastReplication"`
	// Lost is how many writes made by any copy, ever, this one does not hold,
	// those of test VMs and of cancelled failovers not counted. A failover
	// that loses nothing leaves it as it is.
	Lost int64 `json:"lost"`
}

// Overlap is a time in which more than one copy of a VM ran.
type Overlap struct {
	VM    hyperv.VMID `json:"vm"`
	Hosts []string    `json:"hosts"`
	From  time.Time   `json:"from"`
	// To is zero while it lasts.
	To time.Time `json:"to"`
}

// Truth is everything at one moment.
type Truth struct {
	Time     time.Time   `json:"time"`
	Copies   []CopyTruth `json:"copies"`
	Overlaps []Overlap   `json:"overlaps,omitempty"`
}

// Truth returns everything as it is now.
func (w *World) Truth() Truth {
	w.mu.Lock()
	defer w.mu.Unlock()
	t := Truth{Time: w.timeOf(w.now), Overlaps: w.allOverlaps()}
	for _, m := range w.machines {
		for _, c := range m.copies {
			t.Copies = append(t.Copies, c.truth())
		}
	}
	return t
}

func (c *vmCopy) truth() CopyTruth {
	holds := c.holds()
	t := CopyTruth{
		Host: c.m.name, VM: c.id, Name: c.name, Test: c.isTest(), Power: c.power, Mode: c.mode, State: c.rel.state(),
		Runs: c.writing, Writes: holds.writes, DataAsOf: c.m.w.timeOf(holds.asOf),
		LastReplication: c.m.w.timeOf(c.rel.lastReplication), Lost: c.life.lost(holds),
	}
	if c.testOf != nil {
		t.Of = c.testOf.id
	}
	if b := holds.branch; b != nil {
		t.Branch = b.number
		if b.parent != nil {
			t.ForkedFrom, t.ForkedAt = b.parent.number, b.forkedAt
		}
	}
	return t
}

// Copy is the truth of one copy; false when the host has no such VM.
func (w *World) Copy(host string, id hyperv.VMID) (CopyTruth, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	m := w.machine(host)
	if m == nil || m.byID[id] == nil {
		return CopyTruth{}, false
	}
	return m.byID[id].truth(), true
}

// Running names the hosts on which a VM runs now, test VMs not counted.
func (w *World) Running(id hyperv.VMID) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	l := w.vms[id]
	if l == nil {
		return nil
	}
	var hosts []string
	for _, c := range l.copies {
		if c.writing && !c.isTest() {
			hosts = append(hosts, c.m.name)
		}
	}
	return hosts
}

// Overlaps returns every time in which more than one copy of a VM ran, test
// VMs not counted. An empty id means all VMs.
func (w *World) Overlaps(id hyperv.VMID) []Overlap {
	w.mu.Lock()
	defer w.mu.Unlock()
	if id == "" {
		return w.allOverlaps()
	}
	if l := w.vms[id]; l != nil {
		return l.overlapsFrom(w, nil)
	}
	return nil
}

func (w *World) allOverlaps() []Overlap {
	var all []Overlap
	for _, l := range w.lineages {
		all = l.overlapsFrom(w, all)
	}
	return all
}

func (l *lineage) overlapsFrom(w *World, all []Overlap) []Overlap {
	for i := range l.overlaps {
		o := &l.overlaps[i]
		all = append(all, Overlap{VM: l.id, Hosts: o.hosts, From: w.timeOf(o.from), To: w.timeOf(o.to)})
	}
	return all
}

// Diverged tells whether two copies of a VM, test VMs not counted, hold writes
// that the other does not.
func (w *World) Diverged(id hyperv.VMID) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	l := w.vms[id]
	if l == nil {
		return false
	}
	for i, a := range l.copies {
		for _, b := range l.copies[i+1:] {
			if !a.isTest() && !b.isTest() && !a.holds().within(b.holds()) && !b.holds().within(a.holds()) {
				return true
			}
		}
	}
	return false
}
