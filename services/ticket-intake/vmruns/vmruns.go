package vmruns

import (
	"maps"
	"time"

	"lifeboat.io/events"
)

// VM is the fold of one VM's failover events.
type VM struct {
	// Active is the run under way; empty when there is none.
	Active string
	// Runs are all runs that begun or were refused, by id.
	Runs map[string]Run
}

// Run is one run.
type Run struct {
	events.RunRef
	// Phase is where it stands; empty when it never began.
	Phase Phase
	// Until is when an awaiting phase ends by itself.
	Until time.Time
	// Hold is the question a person must answer; nil when there is none. The fencing of an old primary can be held after the run has ended.
	Hold *events.FailoverHeld
	// Committed tells for a person that the failover was completed; empty before.
	Committed string
	// Outcome is how it ended; empty before.
	Outcome events.Outcome
	// Sentence tells the end for a person.
	Sentence string
	// Measured is what was measured of a run that succeeded; nil otherwise.
	Measured *events.FailoverSucceeded
	// Steering is what became of the tickets that steered the run.
	Steering map[events.TicketRef]Steering
}

// Phase is where a run stands.
type Phase string

const (
	// Running means steps are being carried out.
	Running Phase = "running"
	// Undoing means steps are being taken back.
	Undoing Phase = "being undone"
	// AwaitingCleanup means the test VM is up.
	AwaitingCleanup Phase = "awaiting cleanup"
	// AwaitingCommit means the replica runs and can be undone.
	AwaitingCommit Phase = "awaiting commit"
	// Held means a person must decide.
	Held Phase = "held"
	// Ended means it is over.
	Ended Phase = "ended"
)

// Values implements events.Enum.
func (Phase) Values() []events.Value {
	return []events.Value{
		{Name: string(Running), Doc: "Its steps are being carried out."},
		{Name: string(Undoing), Doc: "Its steps are being taken back on request."},
		{Name: string(AwaitingCleanup), Doc: "The test VM is up and waits for a cleanup or its deadline."},
		{Name: string(AwaitingCommit), Doc: "The replica runs; the failover can still be undone."},
		{Name: string(Held), Doc: "It rests until a person decides."},
		{Name: string(Ended), Doc: "It is over."},
	}
}

// Steering is what became of a ticket that steered a run.
type Steering struct {
	// Refused tells that the executor would not do it; Sentence says why.
	Refused bool
	// Decided tells that the ticket answered a held run.
	Decided bool
	// Sentence tells it for a person.
	Sentence string
}

// Began reports whether the run was planned: something of it may be on the hosts.
func (r Run) Began() bool { return r.Phase != "" }

// Over reports whether the run has ended or was refused.
func (r Run) Over() bool { return r.Outcome != "" }

// Fold applies the data of failover events, as events.Decode returns them, in order.
func Fold(history []any) VM {
	vm := VM{}
	for _, data := range history {
		vm = vm.Apply(data)
	}
	return vm
}

// Apply is the VM after an event. The receiver is not changed. Steps and
// events of types that a newer version writes change nothing.
func (vm VM) Apply(data any) VM {
	switch d := data.(type) {
	case *events.FailoverRefused:
		return vm.change(d.RunRef, func(r *Run) { r.refused(d) })
	case *events.FailoverPlanned:
		vm = vm.change(d.RunRef, func(r *Run) { r.RunRef, r.Phase = d.RunRef, Running })
		vm.Active = d.Run
	case *events.FailoverHeld:
		return vm.change(d.RunRef, func(r *Run) { r.held(d) })
	case *events.FailoverResumed:
		return vm.change(d.RunRef, func(r *Run) { r.resumed(d) })
	case *events.FailoverInstructed:
		return vm.change(d.RunRef, func(r *Run) { r.instructed(d) })
	case *events.FailoverAwaitingCleanup:
		return vm.change(d.RunRef, func(r *Run) { r.Phase, r.Until = AwaitingCleanup, d.Until })
	case *events.FailoverAwaitingCommit:
		return vm.change(d.RunRef, func(r *Run) { r.Phase, r.Until = AwaitingCommit, d.Until })
	case *events.FailoverCommitted:
		return vm.change(d.RunRef, func(r *Run) { r.Phase, r.Committed = Running, sentence(d) })
	case *events.FailoverCancelled:
		return vm.end(d.RunRef, events.OutcomeCancelled, data)
	case *events.FailoverSucceeded:
		return vm.end(d.RunRef, events.OutcomeSucceeded, data).change(d.RunRef, func(r *Run) { r.Measured = d })
	case *events.FailoverFailed:
		return vm.end(d.RunRef, events.OutcomeFailed, data)
	case *events.FailoverFenced:
		return vm.change(d.RunRef, func(r *Run) { r.Hold = nil })
	}
	return vm
}

// change edits one run in a copy.
func (vm VM) change(ref events.RunRef, edit func(*Run)) VM {
	vm.Runs = maps.Clone(vm.Runs)
	if vm.Runs == nil {
		vm.Runs = map[string]Run{}
	}
	r, known := vm.Runs[ref.Run]
	if !known {
		r.RunRef = ref
	}
	edit(&r)
	vm.Runs[ref.Run] = r
	return vm
}

// end closes a run.
func (vm VM) end(ref events.RunRef, outcome events.Outcome, data any) VM {
	vm = vm.change(ref, func(r *Run) {
		r.Phase, r.Outcome, r.Sentence, r.Hold = Ended, outcome, sentence(data), nil
	})
	if vm.Active == ref.Run {
		vm.Active = ""
	}
	return vm
}

func (r *Run) refused(d *events.FailoverRefused) {
	if d.Action.Starts() {
		r.RunRef, r.Outcome, r.Sentence = d.RunRef, events.OutcomeRefused, sentence(d)
		return
	}
	r.steer(d.By, Steering{Refused: true, Sentence: sentence(d)})
}

func (r *Run) held(d *events.FailoverHeld) {
	r.Hold = d
	if r.Phase != Ended {
		r.Phase = Held
	}
}

func (r *Run) resumed(d *events.FailoverResumed) {
	r.Hold = nil
	switch {
	case r.Phase == Ended:
	case d.Choice == events.ChoiceCancel:
		r.Phase = Undoing
	default:
		r.Phase = Running
	}
	r.steer(d.By, Steering{Decided: true, Sentence: sentence(d)})
}

func (r *Run) instructed(d *events.FailoverInstructed) {
	r.Hold = nil
	if d.Action == events.ActionCancel {
		r.Phase = Undoing
	} else {
		r.Phase = Running
	}
	if d.By != nil {
		r.steer(*d.By, Steering{Sentence: sentence(d)})
	}
}

func (r *Run) steer(by events.TicketRef, s Steering) {
	r.Steering = maps.Clone(r.Steering)
	if r.Steering == nil {
		r.Steering = map[events.TicketRef]Steering{}
	}
	r.Steering[by] = s
}

// sentence tells an event's data for a person.
func sentence(data any) string {
	entry, ok := events.EntryOf(data)
	if !ok {
		return ""
	}
	return entry.Sentence(data)
}
