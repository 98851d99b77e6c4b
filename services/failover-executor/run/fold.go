package run

import (
	"fmt"
	"maps"
	"time"

	"lifeboat.io/events"
)

// Event is one recorded failover event as the core sees it.
type Event struct {
	// Seq is its stream sequence.
	Seq uint64
	// At is its time.
	At time.Time
	// Data is a pointer to its data struct, as events.Decode returns it.
	Data any
}

// Fold applies events in order to the empty state.
func Fold(history []Event) (State, error) {
	var s State
	for _, e := range history {
		next, err := s.Apply(e)
		if err != nil {
			return s, fmt.Errorf("event at sequence %d: %w", e.Seq, err)
		}
		s = next
	}
	return s, nil
}

// legal are the events each phase allows, beside refused, which is always
// allowed because it changes nothing. Everything absent is illegal.
var legal = map[Phase]map[string]bool{
	"":                   set("planned"),
	PhaseRunning:         set("step-started", "step-done", "step-failed", "held", "resumed", "instructed", "awaiting-cleanup", "awaiting-commit", "committed", "cancelled", "succeeded", "failed", "fenced"),
	PhaseAwaitingCleanup: set("instructed", "held"),
	PhaseAwaitingCommit:  set("instructed", "held", "resumed", "step-started", "step-done", "step-failed", "fenced"),
	PhaseHeld:            set("resumed", "instructed", "step-started", "step-done", "step-failed", "fenced", "held"),
	PhaseEnded:           set("planned", "step-started", "step-done", "step-failed", "held", "resumed", "fenced"),
}

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, n := range names {
		m[n] = true
	}
	return m
}

// phase is the phase the latest run is in; empty before the first run.
func (s State) phase() Phase {
	if s.Run == nil {
		return ""
	}
	return s.Run.Phase
}

// Apply returns the state after an event. The receiver is not changed.
func (s State) Apply(e Event) (State, error) {
	entry, ok := events.EntryOf(e.Data)
	if !ok || entry.Family != events.FamilyFailover {
		return s, &Illegal{Event: fmt.Sprintf("%T", e.Data), Phase: s.phase(), Detail: "not a failover event"}
	}
	if entry.Event != "refused" && !legal[s.phase()][entry.Event] {
		return s, &Illegal{Event: entry.Event, Phase: s.phase(), Detail: "not in the table of legal events"}
	}
	s = s.clone()
	s.Seq, s.At = e.Seq, e.At
	s.Count++
	return s, s.apply(e)
}

// clone copies what apply changes.
func (s State) clone() State {
	s.Ended = maps.Clone(s.Ended)
	s.Answered = maps.Clone(s.Answered)
	if s.Ended == nil {
		s.Ended, s.Answered = map[string]events.Outcome{}, map[string]bool{}
	}
	if s.Run != nil {
		r := *s.Run
		s.Run = &r
	}
	if s.Fence != nil {
		f := *s.Fence
		s.Fence = &f
	}
	return s
}

// apply dispatches an event to its part of the fold.
func (s *State) apply(e Event) error {
	switch d := e.Data.(type) {
	case *events.FailoverRefused:
		s.refused(d)
	case *events.FailoverPlanned:
		return s.planned(d, e.At)
	case *events.StepStarted:
		return s.stepStarted(d, e.At)
	case *events.StepDone:
		return s.stepDone(d, e.At)
	case *events.StepFailed:
		return s.stepFailed(d, e.At)
	case *events.FailoverHeld:
		return s.held(d, e.At)
	case *events.FailoverResumed:
		return s.resumed(d, e.At)
	case *events.FailoverInstructed:
		return s.instructed(d, e.At)
	case *events.FailoverAwaitingCleanup:
		s.awaiting(PhaseAwaitingCleanup, d.Until, e.At)
	case *events.FailoverAwaitingCommit:
		s.awaiting(PhaseAwaitingCommit, d.Until, e.At)
	case *events.FailoverCommitted:
		s.committed(e.At)
	case *events.FailoverCancelled:
		s.end(events.OutcomeCancelled, e.At)
		s.Fence = nil // the primary is the live copy again
	case *events.FailoverSucceeded:
		s.end(events.OutcomeSucceeded, e.At)
	case *events.FailoverFailed:
		s.end(events.OutcomeFailed, e.At)
	case *events.FailoverFenced:
		return s.fenced(d)
	}
	return nil
}

func (s *State) refused(d *events.FailoverRefused) {
	s.Answered[answerKey(d.Run, d.By)] = true
	if d.Action.Starts() {
		s.Ended[d.Run] = events.OutcomeRefused
	}
}

func (s *State) planned(d *events.FailoverPlanned, at time.Time) error {
	if _, seen := s.Ended[d.Run]; seen {
		return &Illegal{Event: "planned", Phase: s.phase(), Detail: "run " + d.Run + " has ended before"}
	}
	r := &Run{
		RunRef:    d.RunRef,
		Plan:      *d,
		PlannedAt: at,
		Program:   d.Steps,
		Phase:     PhaseRunning,
		Override:  d.Override,
		Clock:     startClock(d.SubmittedAt, d.AcceptedAt, begins(d)),
	}
	r.witnessed(d.Witnesses, at)
	r.Clock.lap("intake", d.AcceptedAt)
	r.Clock.lap("planning", at)
	s.Run = r
	s.Answered[answerKey(d.Run, d.Ticket)] = true
	s.Step = Slot{}
	return nil
}

// begins is the earliest time a plan was allowed to begin; zero for at once.
func begins(d *events.FailoverPlanned) time.Time {
	if d.Window == nil || d.Window.NotBefore == nil {
		return time.Time{}
	}
	return *d.Window.NotBefore
}

// duty reports whether a step event is about fencing an old primary rather
// than about the run's current step.
func (s *State) duty(run string, step events.Step, host string) bool {
	if s.Fence == nil || s.Fence.Run != run || s.Fence.Host != host || !fenceSteps[step] {
		return false
	}
	current, ok := s.Run.current()
	return !ok || s.Run.Phase == PhaseEnded || current.Step != step
}

// slot finds where a step event belongs, and refuses one that is neither about
// the run's current step nor about the fence.
func (s *State) slot(event string, ref events.RunRef, step events.Step, host string) (*Slot, error) {
	if s.duty(ref.Run, step, host) {
		return &s.Duty, nil
	}
	current, ok := s.Run.current()
	if ok && s.Run.Phase == PhaseRunning && ref.Run == s.Run.Run && current.Step == step && current.Host == host {
		return &s.Step, nil
	}
	return nil, &Illegal{Event: event, Phase: s.phase(), Detail: fmt.Sprintf("%s on %s of run %s is not the current step", step, host, ref.Run)}
}

func (s *State) stepStarted(d *events.StepStarted, at time.Time) error {
	slot, err := s.slot("step-started", d.RunRef, d.Step, d.Host)
	if err != nil {
		return err
	}
	if open, ok := s.underWay(); ok {
		return &Illegal{Event: "step-started", Phase: s.phase(), Detail: string(open.Step) + " is still under way"}
	}
	if slot == &s.Duty {
		s.Fence.Held, s.Fence.Watched = false, false
		if s.Fence.Before == nil {
			s.Fence.Before = d.Seen
		}
	}
	s.saw(d.Seen)
	slot.Open = &Open{Step: d.Step, Host: d.Host, Attempt: d.Attempt, At: at}
	slot.Attempts = d.Attempt
	slot.Tries++
	if slot.Since.IsZero() {
		slot.Since = at
	}
	if r := s.Run; !table[d.Step].watches && !r.tried(d.Step) {
		r.Tried = append(r.Tried[:len(r.Tried):len(r.Tried)], d.Step)
	}
	switch {
	case d.Step == events.StepShutDownPrimary && s.Run.DownFrom.IsZero():
		s.Run.DownFrom = at
	case d.Step == events.StepStartReplica:
		s.Run.startBegan = at
	}
	return nil
}

func (s *State) stepDone(d *events.StepDone, at time.Time) error {
	slot, err := s.slot("step-done", d.RunRef, d.Step, d.Host)
	if err != nil {
		return err
	}
	*slot = Slot{}
	s.saw(d.Before, d.After)
	if slot == &s.Duty {
		if d.Step == events.StepBecomeReplica {
			s.Fence = nil
		}
		return nil
	}
	r := s.Run
	r.Done = append(r.Done[:len(r.Done):len(r.Done)], *d)
	r.Next++
	r.accepted = ""
	r.Clock.lap(string(d.Step), at)
	if table[d.Step].serves {
		r.Served = at
	}
	if d.Step == events.StepFailOverReplica && r.Kind == events.KindUnplanned {
		s.Fence = &Fence{RunRef: r.RunRef, Host: r.Plan.Primary, Live: r.Plan.Replica, Quiet: r.primaryQuiet()}
	}
	return nil
}

func (s *State) stepFailed(d *events.StepFailed, _ time.Time) error {
	slot, err := s.slot("step-failed", d.RunRef, d.Step, d.Host)
	if err != nil {
		return err
	}
	if slot.Open == nil || slot.Open.Attempt != d.Attempt {
		return &Illegal{Event: "step-failed", Phase: s.phase(), Detail: fmt.Sprintf("attempt %d at %s is not open", d.Attempt, d.Step)}
	}
	s.saw(d.Before, d.After)
	fault := d.Fault
	slot.Fault = &fault
	slot.RetryAt = time.Time{}
	if d.Fault.Class == events.ClassUnknown {
		return nil // still open: only a look can close it
	}
	switch {
	case d.Fault.Code == codeNoEffect && slot == &s.Step:
		s.Run.setAdrift(slot.Open)
	case d.Fault.Code == codeInUse:
		slot.Tries-- // something else works on the VM; the step's deadline bounds the waiting
	}
	slot.Open = nil
	if d.RetryAt != nil {
		slot.RetryAt = *d.RetryAt
	}
	return nil
}

func (s *State) held(d *events.FailoverHeld, at time.Time) error {
	r := s.Run
	for i := range d.Evidence {
		s.saw(&d.Evidence[i])
	}
	if s.Fence != nil && (d.Code == events.HoldFenceAmbiguous || d.Code == events.HoldLiveCopyOff) {
		s.Fence.Held, s.Fence.Watched = true, d.Code == events.HoldLiveCopyOff
		s.Duty = Slot{Attempts: s.Duty.Attempts}
		return nil
	}
	if r.Phase == PhaseHeld || r.Phase == PhaseEnded {
		return &Illegal{Event: "held", Phase: r.Phase, Detail: "only the fence can be held here"}
	}
	r.Clock.lap(r.doing(), at)
	held := *d
	r.Held, r.heldBefore = &held, r.Phase
	r.Phase = PhaseHeld
	// A run is held only when nothing asked for can begin any more; whether it
	// has happened is looked at afresh when somebody has decided.
	r.setAdrift(s.Step.Open)
	s.Step = Slot{Attempts: s.Step.Attempts}
	return nil
}

// doing names what the run's time goes to now.
func (r *Run) doing() string {
	switch r.Phase {
	case PhaseHeld:
		return "held"
	case PhaseAwaitingCleanup, PhaseAwaitingCommit:
		return "window"
	default:
		if step, ok := r.current(); ok {
			return string(step.Step)
		}
		return "closing"
	}
}

func (s *State) resumed(d *events.FailoverResumed, at time.Time) error {
	s.Answered[answerKey(d.Run, d.By)] = true
	r := s.Run
	if s.Fence != nil && s.Fence.Held {
		s.Fence.Held, s.Fence.Watched = false, false // whoever decides on the run wants the fence looked at, too
		s.Duty = Slot{Attempts: s.Duty.Attempts}
		if r.Phase != PhaseHeld {
			if d.Choice == events.ChoiceAbandon {
				s.Fence = nil
			}
			return nil
		}
	}
	if r.Phase != PhaseHeld {
		return &Illegal{Event: "resumed", Phase: r.Phase, Detail: "nothing is held"}
	}
	r.Clock.lap(r.doing(), at)
	step := r.Held.Step
	r.Phase, r.Held = r.heldBefore, nil
	r.openedByDeadline = false
	r.decided(d, at)
	s.Step = Slot{Attempts: s.Step.Attempts, Since: at} // fresh tries, a fresh deadline
	switch d.Choice {
	case events.ChoiceOverride:
		if needsPrimary(step) {
			r.accepted = step
		}
	case events.ChoiceAbandon:
		abandoned := *d
		r.Abandoned, r.Phase = &abandoned, PhaseRunning
	case events.ChoiceCancel:
		person := d.Person
		s.undo(d.Steps, &person)
	case events.ChoiceAccept:
		r.Phase = PhaseRunning
		if gates[step] != "" {
			r.opened = step
		} else {
			r.accepted = step
		}
	case events.ChoiceRetry:
	}
	return nil
}

// undo makes the run undo itself by the given steps.
func (s *State) undo(steps []events.PlannedStep, by *events.Person) {
	r := s.Run
	r.Program, r.Next = steps, 0
	r.Undoing, r.UndoneBy = true, by
	r.Phase, r.Held = PhaseRunning, nil
	s.Step = Slot{}
}

func (s *State) instructed(d *events.FailoverInstructed, at time.Time) error {
	r := s.Run
	if d.By != nil {
		s.Answered[answerKey(d.Run, *d.By)] = true
	}
	r.Clock.lap(r.doing(), at)
	switch d.Action {
	case events.ActionCancel:
		s.undo(d.Steps, d.Person)
		return nil
	case events.ActionCleanup, events.ActionCommit:
		step, ok := r.current()
		if !ok || gates[step.Step] != d.Action {
			return &Illegal{Event: "instructed", Phase: r.Phase, Detail: string(d.Action) + " has no step waiting for it"}
		}
		r.opened, r.openedByDeadline = step.Step, d.By == nil
		r.Phase, r.Held = PhaseRunning, nil
		return nil
	default:
		return &Illegal{Event: "instructed", Phase: r.Phase, Detail: "a run cannot be told to " + string(d.Action)}
	}
}

func (s *State) awaiting(phase Phase, until, at time.Time) {
	s.Run.Clock.lap("verify", at)
	s.Run.Phase, s.Run.Until = phase, until
}

func (s *State) committed(at time.Time) {
	s.Run.Clock.lap("commit", at)
	s.Run.Committed = true
	if s.Fence != nil {
		s.Fence.Committed = true
	}
}

func (s *State) end(outcome events.Outcome, at time.Time) {
	s.Run.Clock.lap("closing", at)
	s.Run.Phase, s.Run.Outcome = PhaseEnded, outcome
	s.Ended[s.Run.Run] = outcome
	s.Step = Slot{}
	s.dropFence()
}

func (s *State) fenced(d *events.FailoverFenced) error {
	if s.Fence == nil {
		return &Illegal{Event: "fenced", Phase: s.phase(), Detail: "no old primary was to be fenced"}
	}
	if s.Duty.Open != nil {
		return &Illegal{Event: "fenced", Phase: s.phase(), Detail: string(s.Duty.Open.Step) + " has no outcome yet"}
	}
	s.saw(d.After)
	s.Fence.Quiet, s.Fence.Held, s.Fence.Watched = true, false, false
	s.dropFence()
	return nil
}

// dropFence ends the duty of a run that is over without being committed, once
// the old primary is quiet: turning it into a replica is for people to decide.
func (s *State) dropFence() {
	if f := s.Fence; f != nil && f.Quiet && !f.Committed && s.Run.Phase == PhaseEnded {
		s.Fence = nil
	}
}
