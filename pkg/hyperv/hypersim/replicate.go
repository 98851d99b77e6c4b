package hypersim

import (
	"time"

	"lifeboat.io/pkg/hyperv"
)

// bytesPerWrite turns counted writes into traffic.
const bytesPerWrite = 4096

func (r *relation) on() *Machine { return r.vm.m }

// fire is the end of a replication cycle on the sender: the log is closed and
// sent, and the next cycle begins.
func (r *relation) fire(w *World, turn uint32) {
	if turn != r.turn || !r.cycles() || r.vm.m.down {
		return
	}
	w.schedule(w.now.plus(r.frequency), r, r.turn)
	r.newInterval()
	if r.extended && r.vm.rel.wmi != wmiReplicating {
		return // a replica that has nothing coming in has nothing to pass on
	}
	if r.sending {
		r.stats.missed++
		return
	}
	cut := r.vm.holds()
	size := r.pending(cut)
	if limit := r.vm.diskSize() / 2; limit > 0 && size > limit {
		r.outgrown()
		return
	}
	_, link, problem := r.reach()
	if problem != passes {
		r.sendFailed(problem)
		return
	}
	r.sending = true
	d := &delivery{rel: r, content: cut, size: size, took: link.transfer(size)}
	if d.took == 0 {
		d.fire(w, r.turn)
		return
	}
	w.schedule(w.now.plus(d.took), d, r.turn)
}

// outgrown is a log that takes more than half the size of the disks.
func (r *relation) outgrown() {
	if r.exporting() {
		r.loseExport()
		return
	}
	r.to(wmiWaitingResync)
}

// pending is how much is still to be sent, in bytes.
func (r *relation) pending(c content) int64 {
	if r.sent.within(c) {
		return (c.writes - r.sent.writes) * bytesPerWrite
	}
	return 0 // the receiver will find out
}

// problem is why a delta is not taken.
type problem uint8

const (
	passes   problem = iota
	passing          // worth another try: network, host, pause
	lasting          // the receiver will never take it: it is no longer the replica
	sequence         // the receiver's disks are not a past of the sender's
)

// reach looks whether the receiver would take a delta now.
func (r *relation) reach() (*relation, Link, problem) {
	to, code := r.vm.m.connect(r.call())
	if code != 0 {
		return nil, Link{}, passing
	}
	if !to.admits(r.vm.m) {
		return nil, Link{}, passing
	}
	link := r.vm.m.w.linkBetween(r.vm.m, to)
	peer := r.receiver(to)
	switch {
	case peer == nil:
		return nil, link, lasting
	case peer.wmi == wmiSuspended, peer.wmi == wmiFailoverRuns:
		return peer, link, passing
	case peer.wmi != wmiReplicating && !(peer.wmi == wmiWaitingIR && r.exporting()):
		return peer, link, lasting
	case to.storageFull():
		return peer, link, passing
	}
	return peer, link, passes
}

// delivery is a delta on its way.
type delivery struct {
	rel     *relation
	content content
	size    int64
	took    Duration
}

func (d *delivery) on() *Machine { return d.rel.vm.m }

// fire is the arrival: the receiver applies the delta, if it still would.
func (d *delivery) fire(_ *World, turn uint32) {
	r := d.rel
	if turn != r.turn {
		return
	}
	r.sending = false
	peer, _, problem := r.reach()
	if problem == passes && !peer.base().within(d.content) {
		problem = sequence
	}
	switch {
	case problem != passes:
		r.sendFailed(problem)
		return
	case peer.wmi == wmiWaitingIR:
		r.keep(peer, d.content, d.size, d.took)
		return
	case r.exporting():
		r.to(wmiReplicating) // it was imported meanwhile
	}
	r.delivered(peer, d.content, d.size, d.took)
}

// delivered records a delta on both sides and makes recovery points when due.
func (r *relation) delivered(peer *relation, c content, size int64, took Duration) {
	now := r.vm.m.w.now
	stamp := now
	if r.vm.m.w.assume.StampAtCut {
		stamp = max(c.asOf, now-instant(took))
	}
	r.sent, peer.vm.content = c, c
	r.lastReplication, peer.lastReplication, peer.lastApplied = stamp, stamp, now
	r.lastType, peer.lastType = hyperv.TypeRegular, hyperv.TypeRegular
	r.failures, r.cannotSend = 0, false
	r.stats.succeeded(size, took)
	peer.newInterval()
	peer.stats.good++
	peer.makePoint(now, r.vssHours)
}

// base is what the next delta must follow.
func (r *relation) base() content {
	if r.wmi == wmiWaitingIR {
		return r.ahead
	}
	return r.vm.content
}

// succeeded counts a cycle that was delivered.
func (s *statistics) succeeded(size int64, took Duration) {
	s.good++
	s.bytes += size
	s.biggest = max(s.biggest, size)
	s.latency += took
	s.worst = max(s.worst, took)
}

// makePoint keeps a recovery point once an hour, and as many as the history
// allows besides the latest data.
func (r *relation) makePoint(now instant, vssHours int) {
	const hour = instant(time.Hour)
	if r.history == 0 || r.lastPoint != never && r.hourOf(now) == r.hourOf(r.lastPoint) {
		return
	}
	kind := SnapshotReplica
	if vssHours > 0 && !r.extended && (r.lastVSS == never || now-r.lastVSS >= instant(vssHours)*hour) {
		kind = SnapshotAppConsistentReplica
		r.lastVSS, r.lastType = now, hyperv.TypeApplicationConsistent
	}
	r.lastPoint = now
	r.addPoint(kind, now, r.vm.content)
}

// hourOf counts hours of true time.
func (r *relation) hourOf(i instant) int64 {
	return r.vm.m.w.timeOf(i).Unix() / int64(time.Hour/time.Second)
}

func (r *relation) addPoint(kind string, at instant, holds content) {
	c := r.vm
	c.points = append(c.points, snapshot{
		id: hyperv.RecoveryPointID(c.m.w.random.guid()), kind: kind, at: at, content: holds,
		name: c.name + " - (" + c.m.clock(at).Format("2006-01-02 15:04:05") + ")",
	})
	if n := len(c.points) - r.history; n > 0 {
		c.points = c.points[n:]
	}
}

// sendFailed counts a cycle that was not delivered and gives up where Hyper-V does.
func (r *relation) sendFailed(p problem) {
	r.stats.missed++
	r.stats.errors++
	r.failures++
	r.cannotSend = true
	switch {
	case p == sequence && r.exporting():
		r.loseExport()
	case p == sequence:
		r.to(wmiWaitingResync)
	case p == lasting, r.failures >= r.vm.m.w.assume.FailuresBeforeError:
		r.to(wmiCritical)
	}
}

// newInterval resets the statistics when a monitoring interval has begun since.
func (r *relation) newInterval() {
	if since := r.vm.m.intervalStart(); r.stats.since < since {
		r.stats = statistics{since: since}
	}
}

// monitoringEpoch is a midnight before anything here: intervals of several days
// are counted from it.
var monitoringEpoch = time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)

// intervalStart is when the current monitoring interval began, by the host's clock.
func (m *Machine) intervalStart() instant {
	counted := Duration(m.clock(m.w.now).Sub(monitoringEpoch)) - *m.server.MonitoringStartTime
	i := m.server.MonitoringInterval
	return m.w.now - instant((counted%i+i)%i)
}

func (c *vmCopy) diskSize() int64 {
	var sum int64
	for i := range c.disks {
		if c.disks[i].replicated {
			sum += c.disks[i].size
		}
	}
	return sum
}
