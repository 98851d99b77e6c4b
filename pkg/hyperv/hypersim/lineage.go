package hypersim

import "lifeboat.io/pkg/hyperv"

// A branch is one line of writes. Content is a branch and how many writes of
// the line it holds, counted from the VM's first write ever, so a branch that
// forks off another one at write 100 begins with write 101. Two contents agree
// up to the point where their branches part; that makes lost writes, zero loss
// and divergence countable.
type branch struct {
	number    uint32
	owner     *vmCopy // the only copy that may write to it
	parent    *branch // nil for a VM's first branch
	forkedAt  int64   // writes taken over from the parent
	head      int64   // writes ever made on this line, parents included
	lastWrite instant // when head was reached
	test      bool    // made by a test VM
	discarded bool    // taken back on purpose by Stop-VMFailover or a revert
}

// content is what a disk copy holds.
type content struct {
	branch *branch
	writes int64
	asOf   instant // up to which moment of the writer's life
}

// within tells whether c is a past of d: everything c holds, d holds too.
func (c content) within(d content) bool {
	limit := d.writes
	for b := d.branch; b != nil; b = b.parent {
		if b == c.branch {
			return c.writes <= limit
		}
		limit = min(limit, b.forkedAt)
	}
	return c.branch == nil
}

// lineage is the story of one VM over all hosts: its copies, its branches and
// the times when more than one copy ran.
type lineage struct {
	id       hyperv.VMID
	copies   []*vmCopy
	branches []*branch
	running  int // copies running now, test VMs not counted
	overlaps []overlap
}

// overlap is a time in which two copies of one VM ran.
type overlap struct {
	from, to instant // to is never while it lasts
	hosts    []string
}

func (w *World) lineageOf(id hyperv.VMID) *lineage {
	if l := w.vms[id]; l != nil {
		return l
	}
	l := &lineage{id: id}
	w.vms[id] = l
	w.lineages = append(w.lineages, l)
	return l
}

func (w *World) newBranch(owner *vmCopy, from content) *branch {
	w.branches++
	b := &branch{
		number: w.branches, owner: owner, parent: from.branch,
		forkedAt: from.writes, head: from.writes, lastWrite: from.asOf, test: owner.isTest(),
	}
	owner.life.branches = append(owner.life.branches, b)
	return b
}

// holds is what the copy's disks hold now.
func (c *vmCopy) holds() content {
	if !c.writing {
		return c.content
	}
	now := c.m.w.now
	return content{c.content.branch, c.content.writes + c.guest.writesIn(now-c.writingSince), now}
}

// startWriting lets the guest write: onto its own branch when it is at its
// tip, else onto a new one. A failed-over replica always gets a new one, so
// that taking the failover back discards just what was written since.
func (c *vmCopy) startWriting() {
	if b := c.content.branch; c.forkNext || b == nil || b.owner != c || b.head != c.content.writes {
		c.content.branch = c.m.w.newBranch(c, c.content)
		c.forkNext = false
	}
	c.writing, c.writingSince = true, c.m.w.now
	if c.isTest() {
		return
	}
	c.life.running++
	if c.life.running > 1 {
		c.life.overlapBegins(c.m.w.now)
	}
}

// stopWriting ends what startWriting began.
func (c *vmCopy) stopWriting() {
	if !c.writing {
		return
	}
	c.content = c.holds()
	c.content.branch.head, c.content.branch.lastWrite = c.content.writes, c.content.asOf
	c.writing = false
	if c.isTest() {
		return
	}
	c.life.running--
	c.life.overlapEnds(c.m.w.now)
	if c.life.running > 1 {
		c.life.overlapBegins(c.m.w.now)
	}
}

func (l *lineage) overlapBegins(now instant) {
	l.overlapEnds(now)
	o := overlap{from: now, to: never}
	for _, c := range l.copies {
		if c.writing {
			o.hosts = append(o.hosts, c.m.name)
		}
	}
	l.overlaps = append(l.overlaps, o)
}

func (l *lineage) overlapEnds(now instant) {
	if n := len(l.overlaps); n > 0 && l.overlaps[n-1].to == never {
		l.overlaps[n-1].to = now
	}
}

// headNow is how many writes a branch has by now, and when it got the last.
func (b *branch) headNow() (int64, instant) {
	if c := b.owner; c.writing && c.content.branch == b {
		h := c.holds()
		return h.writes, h.asOf
	}
	return b.head, b.lastWrite
}

// lost counts the writes of a VM that content does not hold: those of its
// branches, except test VMs' and those taken back on purpose.
func (l *lineage) lost(c content) int64 {
	var sum int64
	for _, b := range l.branches {
		if b.test || b.discarded {
			continue
		}
		head, _ := b.headNow()
		sum += max(0, head-max(b.forkedAt, held(b, c)))
	}
	return sum
}

// held is how far along branch b content c goes; nothing of it is -1.
func held(b *branch, c content) int64 {
	limit := c.writes
	for x := c.branch; x != nil; x = x.parent {
		if x == b {
			return limit
		}
		limit = min(limit, x.forkedAt)
	}
	return -1
}
