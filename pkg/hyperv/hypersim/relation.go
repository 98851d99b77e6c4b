package hypersim

import (
	"strings"
	"time"

	"lifeboat.io/pkg/hyperv"
)

// Authentication types as relationships and listeners are set.
const (
	authKerberos    = string(hyperv.AuthKerberos)
	authCertificate = string(hyperv.AuthCertificate)
)

// relation is one replication relationship as one host stores it. A primary
// has one, a replica has one, a replica that is extended has two.
type relation struct {
	vm       *vmCopy
	extended bool
	wmi      wmiState

	// Settings, as enabled.
	frequency  Duration
	history    int // additional hourly recovery points
	vssHours   int // hours between application-consistent points, 0 for none
	auth       string
	thumbprint string
	port       int
	compress   bool
	bypass     bool // proxy
	kvp        bool // replicate host KVP items
	auto       autoResync

	// Partners, as stored.
	primaryServer string
	replicaServer string
	allowed       string // AllowedPrimaryServer

	lastReplication instant
	lastApplied     instant
	lastType        hyperv.ReplicationType
	failedOver      hyperv.ReplicationType
	lastPoint       instant // newest recovery point, for the hourly rhythm
	lastVSS         instant
	lastTest        instant
	sent            content // what the receiver is known to hold
	exported        uint32  // the export that the receiver is to import; 0 for none
	ahead           content // what arrived at a receiver that has imported nothing yet

	turn       uint32  // of the replication cycle; a cycle of an older turn is void
	sending    bool    // a delta is on its way
	irSeeded   bool    // the initial replication compares blocks instead of copying
	irAt       instant // scheduled initial replication, or never
	resyncAt   instant // scheduled resynchronization, or never
	task       *job    // initial replication or resynchronization under way
	cannotSend bool
	failures   int // cycles failed in a row
	stats      statistics
}

// autoResync is the automatic resynchronization window, by the host's clock.
type autoResync struct {
	on         bool
	start, end time.Duration // time of day
}

// statistics are counted within the monitoring interval.
type statistics struct {
	since          instant
	missed, good   uint32
	errors         uint32
	bytes, biggest int64
	latency, worst Duration
}

func newRelation(c *vmCopy, extended bool) relation {
	return relation{
		vm: c, extended: extended, frequency: Duration(5 * time.Minute), compress: true, kvp: true,
		auto:     autoResync{start: 18*time.Hour + 30*time.Minute, end: 6 * time.Hour},
		lastType: hyperv.TypeNone, failedOver: hyperv.TypeNone,
		lastReplication: never, lastApplied: never, lastPoint: never, lastVSS: never, lastTest: never,
		irAt: never, resyncAt: never, stats: statistics{since: c.m.w.now},
	}
}

// settingsFrom takes over another relationship's settings.
func (r *relation) settingsFrom(o *relation) {
	r.frequency, r.history, r.vssHours = o.frequency, o.history, o.vssHours
	r.auth, r.compress, r.bypass, r.kvp, r.auto = o.auth, o.compress, o.bypass, o.kvp, o.auto
}

// to moves the relationship to a state. A sender that begins to replicate gets
// its first cycle; one that leaves replicating gets none any more.
func (r *relation) to(s wmiState) {
	if r.wmi == s {
		return
	}
	r.wmi = s
	r.turn++
	r.sending = false
	w := r.vm.m.w
	switch {
	case !r.sends():
	case s == wmiReplicating:
		r.exported = 0
		r.beginCycles()
	case r.exporting():
		r.beginCycles()
	case s == wmiWaitingResync && r.auto.on:
		w.schedule(r.auto.next(w, r.vm.m), (*autoResyncDue)(r), r.turn)
	}
}

// cycles tells whether the relationship's changes go over the network.
func (r *relation) cycles() bool { return r.wmi == wmiReplicating || r.exporting() }

// beginCycles makes the first cycle due.
func (r *relation) beginCycles() {
	w := r.vm.m.w
	r.failures, r.cannotSend = 0, false
	w.schedule(w.now.plus(w.durations.FirstCycle), r, r.turn)
}

// sends tells whether this side of the relationship is the sending one.
func (r *relation) sends() bool { return r.extended || r.vm.mode == hyperv.ModePrimary }

// kind is Simple or Extended.
func (r *relation) kind() string {
	if r.extended {
		return RelationExtended
	}
	return RelationSimple
}

// Relationship types as Hyper-V names them.
const (
	RelationSimple   = "Simple"
	RelationExtended = "Extended"
)

// receiver finds the other side of a sending relationship: the relationship of
// the copy on the replica server, if that copy is this relationship's replica.
func (r *relation) receiver(to *Machine) *relation {
	c := to.byID[r.vm.id]
	if c == nil || !c.isReplica() || c == r.vm {
		return nil
	}
	if r.extended != (c.mode == hyperv.ModeExtendedReplica) {
		return nil
	}
	return &c.rel
}

// peer is the other side of a sending relationship wherever it is, nil when
// there is none.
func (r *relation) peer() *relation {
	to := r.vm.m.w.machine(r.replicaServer)
	if to == nil {
		return nil
	}
	return r.receiver(to)
}

// call is how the relationship's sender reaches its receiver.
func (r *relation) call() call {
	return call{server: r.replicaServer, port: r.port, auth: r.auth, thumbprint: r.thumbprint}
}

// sameServer compares server names as DNS does.
func sameServer(a, b string) bool { return strings.EqualFold(a, b) }

// next is when automatic resynchronization may begin: now within its window,
// else at the window's start.
func (a autoResync) next(w *World, m *Machine) instant {
	clock := m.clock(w.now)
	day := clock.Sub(time.Date(clock.Year(), clock.Month(), clock.Day(), 0, 0, 0, 0, time.UTC))
	inside := day >= a.start && day < a.end
	if a.start > a.end {
		inside = day >= a.start || day < a.end
	}
	if inside {
		return w.now
	}
	wait := a.start - day
	if wait < 0 {
		wait += 24 * time.Hour
	}
	return w.now.plus(Duration(wait))
}

// autoResyncDue is a relationship whose automatic resynchronization is due.
type autoResyncDue relation

func (d *autoResyncDue) on() *Machine { return (*relation)(d).vm.m }

func (d *autoResyncDue) fire(_ *World, turn uint32) {
	if r := (*relation)(d); turn == r.turn && r.wmi == wmiWaitingResync && r.auto.on {
		r.startResync()
	}
}
