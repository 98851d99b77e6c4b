package hypersim

import (
	"fmt"
	"slices"
	"time"

	"lifeboat.io/pkg/hyperv"
)

// Action is something done to the world from outside: by a person, by fate, by
// a script. It is plain data, so that scenarios and the lab can state it.
type Action struct {
	// Do is one of the actions below.
	Do ActionKind `json:"do"`
	// Host is the host concerned.
	Host string `json:"host,omitempty"`
	// From and To are the ends of a link: two hosts or two sites. To is also
	// the host that something is carried to.
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
	// Path is a folder of Host, ToPath one of To.
	Path   string `json:"path,omitempty"`
	ToPath string `json:"toPath,omitempty"`
	// VM is the VM concerned.
	VM hyperv.VMID `json:"vm,omitempty"`
	// Link is what a link becomes.
	Link *Link `json:"link,omitempty"`
	// Fault is what is injected.
	Fault *Fault `json:"fault,omitempty"`
	// Guest is how the guest behaves from now on, on every copy of the VM.
	Guest *Guest `json:"guest,omitempty"`
	// Skew is how far the host's clock goes ahead of the true time.
	Skew Duration `json:"skew,omitempty"`
	// Merge is how long disks merge on the host from now on; a merge under way
	// keeps its time. Not negative.
	Merge Duration `json:"merge,omitempty"`
	// Drive and Bytes are for the space a volume has left.
	Drive string `json:"drive,omitempty"`
	Bytes int64  `json:"bytes,omitempty"`
	// Thumbprint is the certificate that goes bad.
	Thumbprint string `json:"thumbprint,omitempty"`
}

// ActionKind names an action.
type ActionKind string

// Actions.
const (
	// DoKill takes Host's power away.
	DoKill ActionKind = "kill"
	// DoShutDown shuts Host down gracefully.
	DoShutDown ActionKind = "shut-down"
	// DoStart switches Host on.
	DoStart ActionKind = "start"
	// DoFreeze freezes Host's management.
	DoFreeze ActionKind = "freeze"
	// DoUnfreeze ends that.
	DoUnfreeze ActionKind = "unfreeze"
	// DoCutWinRM makes Host unreachable for lifeboat.
	DoCutWinRM ActionKind = "cut-winrm"
	// DoRestoreWinRM ends that.
	DoRestoreWinRM ActionKind = "restore-winrm"
	// DoSetLink sets the direction From → To to Link.
	DoSetLink ActionKind = "set-link"
	// DoInject injects Fault.
	DoInject ActionKind = "inject"
	// DoClearFaults takes back the faults of Host, or all.
	DoClearFaults ActionKind = "clear-faults"
	// DoSetGuest changes how the guest of VM behaves.
	DoSetGuest ActionKind = "set-guest"
	// DoSetSkew sets Host's clock apart from the true time.
	DoSetSkew ActionKind = "set-skew"
	// DoSetMerge sets how long disks merge on Host, as on slow or fragmented disks.
	DoSetMerge ActionKind = "set-merge"
	// DoSetSpace sets what the volume Drive of Host has left to Bytes.
	DoSetSpace ActionKind = "set-space"
	// DoSpoilCertificate makes a certificate of Host unusable.
	DoSpoilCertificate ActionKind = "spoil-certificate"
	// DoDropRecoveryPoints deletes the recovery points of VM on Host.
	DoDropRecoveryPoints ActionKind = "drop-recovery-points"
	// DoBreakReplication puts the relationship of VM on Host into Error, if it
	// replicates, waits or resynchronizes.
	DoBreakReplication ActionKind = "break-replication"
	// DoShipMedia carries what initial replication was exported to in the folder
	// Path of Host to the folder ToPath of To. What is there already is replaced.
	DoShipMedia ActionKind = "ship-media"
	// DoOrphanTestVM breaks the tie between VM on Host and its test VM.
	DoOrphanTestVM ActionKind = "orphan-test-vm"
)

// Do carries out an action now.
func (w *World) Do(a Action) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.checkAction(a); err != nil {
		return err
	}
	w.act(a)
	return nil
}

// Schedule carries out an action when the world's time has come to at, or now
// when that is past: also in the middle of a call.
func (w *World) Schedule(at time.Time, a Action) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.checkAction(a); err != nil {
		return err
	}
	w.schedule(w.instantOf(at), &scheduledAction{a}, 0)
	return nil
}

// scheduledAction is an action that waits for its time.
type scheduledAction struct{ Action }

func (s *scheduledAction) on() *Machine { return nil }

func (s *scheduledAction) fire(w *World, _ uint32) { w.act(s.Action) }

// needs is what each kind of action must name.
var needs = map[ActionKind]struct{ host, vm bool }{
	DoKill: {host: true}, DoShutDown: {host: true}, DoStart: {host: true}, DoFreeze: {host: true}, DoUnfreeze: {host: true},
	DoCutWinRM: {host: true}, DoRestoreWinRM: {host: true}, DoSetLink: {}, DoInject: {}, DoClearFaults: {},
	DoSetGuest: {vm: true}, DoSetSkew: {host: true}, DoSetMerge: {host: true}, DoSetSpace: {host: true}, DoSpoilCertificate: {host: true},
	DoDropRecoveryPoints: {host: true, vm: true}, DoOrphanTestVM: {host: true, vm: true},
	DoBreakReplication: {host: true, vm: true}, DoShipMedia: {host: true},
}

// checkAction tells why an action cannot be carried out in this world.
func (w *World) checkAction(a Action) error {
	need, known := needs[a.Do]
	if !known {
		return fmt.Errorf("action %q: there is no such action", a.Do)
	}
	if need.host || a.Do == DoClearFaults && a.Host != "" {
		if w.machine(a.Host) == nil {
			return fmt.Errorf("action %s: host %q: this world has none of that name", a.Do, a.Host)
		}
	}
	if need.vm && w.vms[a.VM] == nil {
		return fmt.Errorf("action %s: vm %q: this world has none of that id", a.Do, a.VM)
	}
	switch a.Do {
	case DoSetLink:
		if a.Link == nil {
			return fmt.Errorf("action %s: link is missing", a.Do)
		}
		if err := a.Link.check(); err != nil {
			return fmt.Errorf("action %s: %w", a.Do, err)
		}
		if hosts := w.machine(a.From) != nil && w.machine(a.To) != nil; !hosts && !(w.hasSite(a.From) && w.hasSite(a.To)) {
			return fmt.Errorf("action %s: from %q to %q: name two hosts or two sites of this world", a.Do, a.From, a.To)
		}
	case DoInject:
		if a.Fault == nil {
			return fmt.Errorf("action %s: fault is missing", a.Do)
		}
		if err := w.checkFault(a.Fault); err != nil {
			return fmt.Errorf("action %s: %w", a.Do, err)
		}
	case DoShipMedia:
		if w.machine(a.To) == nil {
			return fmt.Errorf("action %s: to %q: this world has no host of that name", a.Do, a.To)
		}
		if a.Path == "" || a.ToPath == "" {
			return fmt.Errorf("action %s: path %q, toPath %q: name both folders", a.Do, a.Path, a.ToPath)
		}
	case DoSetGuest:
		if a.Guest == nil {
			return fmt.Errorf("action %s: guest is missing", a.Do)
		}
		if err := a.Guest.check(); err != nil {
			return fmt.Errorf("action %s: %w", a.Do, err)
		}
	case DoSetMerge:
		if a.Merge < 0 {
			return fmt.Errorf("action %s: merge %s: must not be negative", a.Do, time.Duration(a.Merge))
		}
	case DoSetSpace:
		if !slices.ContainsFunc(w.machine(a.Host).volumes, func(v Volume) bool { return sameServer(v.DriveLetter, a.Drive) }) {
			return fmt.Errorf("action %s: drive %q: host %s has no such volume", a.Do, a.Drive, a.Host)
		}
	}
	return nil
}

// act carries out an action that has been checked.
func (w *World) act(a Action) {
	m := w.machine(a.Host)
	switch a.Do {
	case DoKill:
		m.kill()
	case DoShutDown:
		m.shutDown()
	case DoStart:
		m.switchOn()
	case DoFreeze:
		m.freeze()
	case DoUnfreeze:
		m.unfreeze()
	case DoCutWinRM, DoRestoreWinRM:
		m.setReachable(a.Do == DoRestoreWinRM)
	case DoSetLink:
		_ = w.setLink(a.From, a.To, *a.Link) // checked
	case DoInject:
		_ = w.inject(*a.Fault) // checked
	case DoClearFaults:
		w.clearFaults(a.Host)
	case DoSetGuest:
		w.setGuest(a.VM, *a.Guest)
	case DoSetSkew:
		m.skew = a.Skew
	case DoSetMerge:
		m.merge = a.Merge
	case DoSetSpace:
		m.setSpace(a.Drive, a.Bytes)
	case DoSpoilCertificate:
		m.spoil(a.Thumbprint)
	case DoDropRecoveryPoints:
		if c := m.byID[a.VM]; c != nil {
			c.points = nil
		}
	case DoBreakReplication:
		if c := m.byID[a.VM]; c != nil && c.rel.in(wmiWaitingIR, wmiReplicating, wmiSuspended, wmiResyncing) {
			c.rel.stopTask()
			c.rel.to(wmiCritical)
		}
	case DoShipMedia:
		w.ship(m, a.Path, w.machine(a.To), a.ToPath)
	case DoOrphanTestVM:
		m.orphanTestVM(a.VM)
	}
}

// setGuest changes the guest of every copy of a VM. What a running guest has
// written so far stays written.
func (w *World) setGuest(id hyperv.VMID, g Guest) {
	for _, c := range w.vms[id].copies {
		if c.writing {
			c.content = c.holds()
			c.writingSince = w.now
		}
		c.guest = g
	}
}
