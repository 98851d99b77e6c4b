package hypersim

import (
	"slices"
	"strings"
	"sync"
	"time"

	"lifeboat.io/pkg/hyperv"
)

// World is a number of sites with Hyper-V hosts, the links between them and
// the VMs on them, in memory, with a clock of its own. It is safe for
// concurrent use; for the same Spec and the same calls in the same order
// everything comes out the same.
type World struct {
	mu        sync.Mutex
	start     time.Time
	live      bool
	now       instant
	seq       uint64
	queue     queue
	random    random
	durations Durations
	assume    Assumptions
	deadline  Duration

	machines []*Machine
	byName   map[string]*Machine
	siteLink map[[2]string]Link
	hostLink map[[2]string]Link
	vms      map[hyperv.VMID]*lineage
	lineages []*lineage
	faults   []*faultState
	log      journal
	branches uint32
	media    []*medium // in the order they were written
	exports  uint32
}

// machine finds a host by inventory name or fully qualified name, compared as
// DNS does; nil when no host answers to it.
func (w *World) machine(name string) *Machine {
	if m := w.byName[name]; m != nil {
		return m
	}
	return w.byName[strings.ToLower(name)]
}

// Machine is the host of this name, seen from within: cmdlets run on it. It
// is nil when there is none.
func (w *World) Machine(name string) *Machine {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.machine(name)
}

// Machines are all hosts in the order of the Spec.
func (w *World) Machines() []*Machine {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]*Machine(nil), w.machines...)
}

// Machine is one Hyper-V host: its VMs and its services. Its exported methods
// are the Hyper-V cmdlets, carried out by the host itself.
type Machine struct {
	w           *World
	name        string
	fqdn        string
	site        string
	module      string
	powerShell  string
	skew        Duration // host clock minus true time
	merge       Duration // how long disks merge
	processors  int
	memory      int64
	switches    []string
	server      ReplicationServer
	entries     []AuthorizationEntry
	certs       []Certificate
	volumes     []Volume
	vmPath      string
	vhdPath     string
	missing     map[string]bool // cmdlets this host does not know
	copies      []*vmCopy       // in order of creation
	byID        map[hyperv.VMID]*vmCopy
	down        bool
	goingDown   bool
	frozen      bool
	unreachable bool    // to WinRM; replication has links of its own
	held        []event // due while frozen
	jobs        []*job  // running
	visits      []*visit
	boot        uint32 // turn of the boot now awaited
}

// Name is the host's inventory name.
func (m *Machine) Name() string { return m.name }

// FQDN is the host's fully qualified name.
func (m *Machine) FQDN() string { return m.fqdn }

// clock is the host's own clock.
func (m *Machine) clock(i instant) time.Time {
	if i == never {
		return time.Time{}
	}
	return m.w.timeOf(i.plus(m.skew))
}

func (m *Machine) add(c *vmCopy) {
	m.copies = append(m.copies, c)
	m.byID[c.id] = c
	if c.life == nil {
		c.life = m.w.lineageOf(c.id)
	}
	c.life.copies = append(c.life.copies, c)
}

func (m *Machine) remove(c *vmCopy) {
	delete(m.byID, c.id)
	m.copies = without(m.copies, c)
	c.life.copies = without(c.life.copies, c)
	c.removed = true
}

// without removes one element in place, keeping the order of the others.
func without[T comparable](list []T, one T) []T {
	if i := slices.Index(list, one); i >= 0 {
		return slices.Delete(list, i, i+1)
	}
	return list
}
