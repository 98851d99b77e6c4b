package run

import (
	"fmt"
	"slices"
	"time"

	"lifeboat.io/events"
	"lifeboat.io/pkg/hyperv"
)

// Phase is where a run stands.
type Phase string

// The phases of a run.
const (
	// PhaseRunning: steps are being carried out.
	PhaseRunning Phase = "running"
	// PhaseAwaitingCleanup: the test VM is up.
	PhaseAwaitingCleanup Phase = "awaiting-cleanup"
	// PhaseAwaitingCommit: the replica runs and can be undone.
	PhaseAwaitingCommit Phase = "awaiting-commit"
	// PhaseHeld: a person must decide.
	PhaseHeld Phase = "held"
	// PhaseEnded: the run is over.
	PhaseEnded Phase = "ended"
)

// State is the fold of one VM's failover events.
type State struct {
	// Seq is the stream sequence of the last event: what the next one expects.
	Seq uint64
	// Count is how many events the VM has.
	Count uint64
	// At is the time of the last event.
	At time.Time
	// Run is the VM's latest run; nil before the first.
	Run *Run
	// Ended are the outcomes of runs that are over, and of requests refused.
	Ended map[string]events.Outcome
	// Answered are the orders that have their answer, by answerKey.
	Answered map[string]bool
	// Fence is the duty to fence an old primary; nil when there is none.
	Fence *Fence
	// Step is how far the run's current step is, Duty how far the current step of
	// fencing is. At most one effect is under way on a VM at any time; watching,
	// which has no effect, may go on beside fencing.
	Step, Duty Slot
}

// Slot is how far one step is.
type Slot struct {
	// Open is the step-started that has no outcome yet.
	Open *Open
	// Attempts counts the attempts so far, Tries those since a person last
	// resumed the step; Policy.Attempts bounds the latter.
	Attempts, Tries int
	// Since is when the step was first attempted, or resumed by a person; its
	// deadline counts from here.
	Since time.Time
	// Fault is the last failure, and RetryAt when the next attempt is due.
	Fault   *events.Fault
	RetryAt time.Time
}

// Open is a step begun and without outcome.
type Open struct {
	Step    events.Step
	Host    string
	Attempt int
	// At is when it was recorded.
	At time.Time
}

// Run is one execution.
type Run struct {
	events.RunRef
	// Plan is the run as planned.
	Plan events.FailoverPlanned
	// PlannedAt is when.
	PlannedAt time.Time
	// Program is what is being carried out: the planned steps, or the steps that undo them.
	Program []events.PlannedStep
	// Next is the index of the current step in Program.
	Next int
	// Done are all steps done, in order, undoing ones included.
	Done []events.StepDone
	// Tried are the steps with an effect that were begun: what may have changed.
	Tried []events.Step
	// adrift are the attempts that were given up without an answer.
	adrift []Open
	// Phase is where it stands.
	Phase Phase
	// Held is the hold it rests in, in PhaseHeld, and the phase it came from.
	Held       *events.FailoverHeld
	heldBefore Phase
	// Until is the deadline of an awaiting phase.
	Until time.Time
	// opened is the gated step that a ticket, a deadline or a person let through.
	opened events.Step
	// openedByDeadline tells that nobody but a deadline let it through.
	openedByDeadline bool
	// accepted is the step a person told the run to count as done.
	accepted events.Step
	// Override is who answers for a silent primary; nil also when the VM was seen
	// running there since.
	Override *events.Override
	// primarySeen is what the log last says of the VM on the primary, as of
	// primarySeenAt.
	primarySeen   sighting
	primarySeenAt time.Time
	// lastRan is when the VM was last seen running on the primary, and
	// lastStopped when it then was first taken for down: seen so, or by the word
	// of the person named in stoppedBy. Zero when it was not.
	lastRan, lastStopped time.Time
	stoppedBy            string
	// Undoing tells that Program undoes the run; UndoneBy is who asked, nil for a deadline.
	Undoing  bool
	UndoneBy *events.Person
	// Abandoned tells that a person ended the run where it stood.
	Abandoned *events.FailoverResumed
	// Committed tells that the failover was completed.
	Committed bool
	// Clock is where the time went.
	Clock Clock
	// startBegan is when the replica was last asked to start; zero when it was not.
	startBegan time.Time
	// Served is when the VM was verified to serve; zero before.
	Served time.Time
	// DownFrom is when the VM was first asked to stop; zero when it was not.
	DownFrom time.Time
	// Outcome is set in PhaseEnded.
	Outcome events.Outcome
}

// Fence is the duty to make an old primary harmless: its automatic start off,
// the VM powered off and, once the failover is committed, turned into a replica.
type Fence struct {
	events.RunRef
	// Host is the old primary's host.
	Host string
	// Live is the host of the copy that is live instead.
	Live string
	// Quiet tells that automatic start is off and the VM is powered off.
	Quiet bool
	// Committed tells that the failover can no longer be undone.
	Committed bool
	// Before is what was read when it came back.
	Before *events.Reading
	// Ran is when the old primary was last seen running; zero when it was not.
	Ran time.Time
	// Held tells that a person must decide before anything is done; Watched that it
	// is done all the same once the live copy runs.
	Held, Watched bool
}

// underWay is the effect that was begun and has no outcome yet, if any.
func (s State) underWay() (Open, bool) {
	for _, o := range []*Open{s.Step.Open, s.Duty.Open} {
		if o != nil && !table[o.Step].watches {
			return *o, true
		}
	}
	return Open{}, false
}

// wasRunning tells that the old copy was seen alive when it came back.
func (f *Fence) wasRunning() bool {
	return f.Before != nil && !f.Before.Absent && livesIn(hyperv.PowerState(f.Before.Power))
}

// Active reports whether the VM is in a run.
func (s State) Active() bool { return s.Run != nil && s.Run.Phase != PhaseEnded }

// Idle reports whether nothing is left to do for the VM until a ticket comes.
func (s State) Idle() bool { return !s.Active() && s.Fence == nil }

// current is the step the run is at.
func (r *Run) current() (events.PlannedStep, bool) {
	if r.Next < len(r.Program) {
		return r.Program[r.Next], true
	}
	return events.PlannedStep{}, false
}

// did reports whether a step of the plan is done and not undone.
func (r *Run) did(step events.Step) bool {
	_, ok := r.done(step)
	return ok
}

// done returns the latest outcome of a step.
func (r *Run) done(step events.Step) (events.StepDone, bool) {
	for i := len(r.Done) - 1; i >= 0; i-- {
		if r.Done[i].Step == step {
			return r.Done[i], true
		}
	}
	return events.StepDone{}, false
}

// setAdrift takes in that an attempt was given up without an answer.
func (r *Run) setAdrift(o *Open) {
	if o != nil && !table[o.Step].watches {
		r.adrift = append(r.adrift[:len(r.adrift):len(r.adrift)], *o)
	}
}

// mayLand returns an attempt that was given up without an answer, and may still
// do what the given step is to take back: it was begun in time, and nothing shows
// that it goes on. A host works on a VM for one caller at a time, so a step that
// has been done since has outlived its lost attempts.
func (r *Run) mayLand(p Policy, undo events.Step, now time.Time) (Open, bool) {
	for _, o := range r.adrift {
		if sp := table[o.Step]; sp.unseen && slices.Contains(sp.undo, undo) && !r.did(o.Step) && now.Before(o.At.Add(p.deadline(o.Step))) {
			return o, true
		}
	}
	return Open{}, false
}

// tried reports whether a step's effect was begun in this run.
func (r *Run) tried(step events.Step) bool { return slices.Contains(r.Tried, step) }

// vmid is the VM's id as the hosts know it.
func (r *Run) vmid() hyperv.VMID { return hyperv.VMID(r.VM.ID) }

// testVM is the id of the test VM, as read when it was created.
func (r *Run) testVM() hyperv.VMID {
	d, ok := r.done(events.StepStartTestFailover)
	if !ok || d.After == nil || d.After.TestVM == nil {
		return ""
	}
	return hyperv.VMID(d.After.TestVM.ID)
}

// planReading is what was read of a host when the run was planned.
func (r *Run) planReading(host string) (events.Reading, bool) {
	for _, e := range r.Plan.Evidence {
		if e.Host == host && e.Fault == nil && !e.Absent {
			return e, true
		}
	}
	return events.Reading{}, false
}

// Illegal is an event that the state does not allow: the log was not written
// by this core, or the core is wrong. Nothing may be done on such a VM.
type Illegal struct {
	// Event is the event's short name.
	Event string
	// Phase is the phase it met; empty when there was no run.
	Phase Phase
	// Detail says what is wrong.
	Detail string
}

// Error implements error.
func (e *Illegal) Error() string {
	phase := string(e.Phase)
	if phase == "" {
		phase = "no run"
	}
	return fmt.Sprintf("event %s is not legal in phase %s: %s", e.Event, phase, e.Detail)
}
