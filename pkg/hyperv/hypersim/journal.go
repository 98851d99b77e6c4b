package hypersim

import (
	"time"

	"lifeboat.io/pkg/hyperv"
)

// Entry is one line of the journal: a cmdlet that ran on a host, or something
// that befell it.
type Entry struct {
	// Time is true time when it ended.
	Time time.Time `json:"time"`
	// Host is the inventory name.
	Host string `json:"host"`
	// Cmdlet is the cmdlet with the switches that make it another operation,
	// such as "Start-VMFailover -Prepare". Empty when it was none.
	Cmdlet string `json:"cmdlet,omitempty"`
	// Effect names what happened when no cmdlet did it, such as "host-killed".
	Effect string `json:"effect,omitempty"`
	// VM is the VMId concerned, if any.
	VM hyperv.VMID `json:"vm,omitempty"`
	// Changed tells whether anything was changed.
	Changed bool `json:"changed"`
	// ErrorID is the id of the error it ended with, if any; "host-down" when the host died meanwhile.
	ErrorID string `json:"errorId,omitempty"`
}

// record is an Entry as it is kept.
type record struct {
	at      instant
	m       *Machine
	cmdlet  string
	effect  string
	vm      hyperv.VMID
	changed bool
	errorID string
}

// defaultJournalLimit is how many entries are kept unless the Spec says otherwise.
const defaultJournalLimit = 100_000

// journal keeps the newest entries, up to its limit.
type journal struct {
	limit   int
	reads   bool
	records []record
	oldest  int // index of the oldest once the limit is reached
	dropped int
}

func (l *journal) add(r record) {
	r.at = r.m.w.now
	if len(l.records) < l.limit {
		l.records = append(l.records, r)
		return
	}
	l.records[l.oldest] = r
	l.oldest = (l.oldest + 1) % l.limit
	l.dropped++
}

func (l *journal) cmdlet(m *Machine, what string, c *vmCopy, changed bool, err *CmdletError, aborted bool) {
	id := ""
	switch {
	case err != nil:
		id = err.ID
	case aborted:
		id = "host-down"
	}
	l.add(record{m: m, cmdlet: what, vm: c.id, changed: changed, errorID: id})
}

func (l *journal) cmdletOn(m *Machine, what string, id hyperv.VMID, changed bool, err *CmdletError) {
	r := record{m: m, cmdlet: what, vm: id, changed: changed}
	if err != nil {
		r.errorID = err.ID
	}
	l.add(r)
}

func (l *journal) read(m *Machine, what string, id hyperv.VMID, err *CmdletError) {
	if l.reads || err != nil {
		l.cmdletOn(m, what, id, false, err)
	}
}

func (l *journal) effect(m *Machine, what string, id hyperv.VMID) {
	l.add(record{m: m, effect: what, vm: id, changed: true})
}

// Journal returns the entries kept, oldest first, and how many older ones were
// dropped.
func (w *World) Journal() (entries []Entry, dropped int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	l := &w.log
	entries = make([]Entry, 0, len(l.records))
	for i := range l.records {
		r := &l.records[(l.oldest+i)%len(l.records)]
		entries = append(entries, Entry{Time: w.timeOf(r.at), Host: r.m.name, Cmdlet: r.cmdlet,
			Effect: r.effect, VM: r.vm, Changed: r.changed, ErrorID: r.errorID})
	}
	return entries, l.dropped
}
