package hypersim

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"lifeboat.io/pkg/hyperv"
)

// FaultKind is what goes wrong with a call.
type FaultKind string

// Kinds of fault on the way to a host and back. They befall verbs of
// World.Host, except the last two, which befall cmdlets however they are run.
const (
	// FaultUnreachable: no connection; nothing was sent.
	FaultUnreachable FaultKind = "unreachable"
	// FaultTimeout: the request is lost, nothing is ever carried out, and the caller waits until its deadline.
	FaultTimeout FaultKind = "timeout"
	// FaultReplyLost: the request is carried out, and the connection breaks before the answer.
	FaultReplyLost FaultKind = "reply-lost"
	// FaultNoReply: the request is carried out, no answer comes, and the caller waits until its deadline.
	FaultNoReply FaultKind = "no-reply"
	// FaultLate: the request is held up on its way; the caller waits until its
	// deadline, and Delay after that the request is carried out.
	FaultLate FaultKind = "late"
	// FaultAccessDenied: the credentials are refused.
	FaultAccessDenied FaultKind = "access-denied"
	// FaultBusy: the host has no capacity left; nothing was carried out.
	FaultBusy FaultKind = "busy"
	// FaultGarbage: the request is carried out, and what comes back is no answer.
	FaultGarbage FaultKind = "garbage"
	// FaultGarbageBefore: nothing is carried out, and what comes back is no answer.
	FaultGarbageBefore FaultKind = "garbage-before"
	// FaultCmdletFails: the cmdlet fails with ID, Category and Message and has no effect.
	FaultCmdletFails FaultKind = "cmdlet-fails"
	// FaultCmdletHangs: the cmdlet takes Delay, keeps the VM locked meanwhile, and fails then.
	FaultCmdletHangs FaultKind = "cmdlet-hangs"
)

var faultKinds = []FaultKind{FaultUnreachable, FaultTimeout, FaultReplyLost, FaultNoReply, FaultLate, FaultAccessDenied,
	FaultBusy, FaultGarbage, FaultGarbageBefore, FaultCmdletFails, FaultCmdletHangs}

// Fault makes calls go wrong.
type Fault struct {
	// Kind is what goes wrong.
	Kind FaultKind `json:"kind"`
	// Host is the inventory name; empty means every host.
	Host string `json:"host,omitempty"`
	// Verb is the method of hyperv.Host; for the cmdlet kinds it is the
	// cmdlet as the journal names it, such as "Start-VMFailover -Prepare", or
	// its name alone. Empty means every one.
	Verb string `json:"verb,omitempty"`
	// VM is the VMId; empty means every one.
	VM hyperv.VMID `json:"vm,omitempty"`
	// Skip lets this many matching calls through first.
	Skip int `json:"skip,omitempty"`
	// Times is how many matching calls go wrong then; 0 means one, negative means all.
	Times int `json:"times,omitempty"`
	// Delay is for FaultLate and FaultCmdletHangs.
	Delay Duration `json:"delay,omitempty"`
	// ID, Category and Message are for FaultCmdletFails; empty means OperationFailed, NotSpecified and a simulated text.
	ID       string `json:"id,omitempty"`
	Category string `json:"category,omitempty"`
	Message  string `json:"message,omitempty"`
}

func (f *Fault) ofCmdlet() bool { return f.Kind == FaultCmdletFails || f.Kind == FaultCmdletHangs }

// faultState is a fault with what is left of it.
type faultState struct {
	Fault
	skip, left int
}

// Inject makes matching calls go wrong from now on. Faults that match the same
// call take effect in the order they were injected.
func (w *World) Inject(f Fault) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.inject(f)
}

// checkFault tells why a fault cannot be injected in this world.
func (w *World) checkFault(f *Fault) error {
	switch {
	case !slices.Contains(faultKinds, f.Kind):
		return fmt.Errorf("fault: kind %q: it is one of %v", f.Kind, faultKinds)
	case f.Delay < 0 || f.Skip < 0:
		return fmt.Errorf("fault: delay %v, skip %d: they must not be negative", time.Duration(f.Delay), f.Skip)
	case f.Host != "" && w.machine(f.Host) == nil:
		return fmt.Errorf("fault: host %q: this world has none of that name", f.Host)
	}
	return nil
}

func (w *World) inject(f Fault) error {
	if err := w.checkFault(&f); err != nil {
		return err
	}
	if f.Host != "" {
		f.Host = w.machine(f.Host).name
	}
	s := &faultState{Fault: f, skip: f.Skip, left: f.Times}
	if s.left == 0 {
		s.left = 1
	}
	w.faults = append(w.faults, s)
	return nil
}

// clearFaults takes back every fault of a host; of all when the name is empty.
func (w *World) clearFaults(host string) {
	if m := w.machine(host); m != nil {
		host = m.name
	}
	w.faults = slices.DeleteFunc(w.faults, func(f *faultState) bool { return host == "" || f.Host == host })
}

// verbFault takes the fault that befalls a verb, if any.
func (w *World) verbFault(host, verb string, vm hyperv.VMID) *faultState {
	return w.takeFault(func(f *faultState) bool {
		return !f.ofCmdlet() && (f.Host == "" || f.Host == host) && (f.Verb == "" || f.Verb == verb) && (f.VM == "" || f.VM == vm)
	})
}

// cmdletFault takes the fault that befalls a cmdlet, if any.
func (w *World) cmdletFault(m *Machine, cmdlet string, vm hyperv.VMID) *faultState {
	if m.missing != nil {
		if name, _, _ := strings.Cut(cmdlet, " "); m.missing[name] {
			return &faultState{Fault: Fault{Kind: FaultCmdletFails, ID: "CommandNotFoundException", Category: "ObjectNotFound",
				Message: "The term '" + name + "' is not recognized as a name of a cmdlet."}}
		}
	}
	return w.takeFault(func(f *faultState) bool {
		if !f.ofCmdlet() || f.Host != "" && f.Host != m.name || f.VM != "" && f.VM != vm {
			return false
		}
		name, _, _ := strings.Cut(cmdlet, " ")
		return f.Verb == "" || f.Verb == cmdlet || f.Verb == name
	})
}

func (w *World) takeFault(matches func(f *faultState) bool) *faultState {
	for _, f := range w.faults {
		switch {
		case !matches(f):
		case f.skip > 0:
			f.skip--
		default:
			if f.left > 0 {
				f.left--
			}
			if f.left == 0 {
				w.faults = without(w.faults, f)
			}
			return f
		}
	}
	return nil
}

// outcome is what a faulty cmdlet comes to. The VM is nil where there is none.
func (f *faultState) outcome(m *Machine, c *vmCopy) outcome {
	err := &CmdletError{ID: f.ID, Category: f.Category, Message: f.Message}
	if err.ID == "" {
		err.ID, err.Category = idOperationFailed, catNotSpecified
	}
	if err.Message == "" {
		err.Message, err.Simulated = "The operation failed.", true
	}
	if f.Kind != FaultCmdletHangs || c == nil {
		return fails(err)
	}
	return runs(m.begin(&job{vm: c, locks: c.op == nil, finish: func(*job) *CmdletError { return err }}, f.Delay))
}
