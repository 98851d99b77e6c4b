package view

import (
	"slices"
	"time"

	"lifeboat.io/events"
	"lifeboat.io/services/ticket-intake/vmruns"
)

// Run is one run as it stands.
type Run struct {
	// ID is the run.
	ID string `json:"run"`
	// Account and VM are whose and which VM it is.
	Account string       `json:"account"`
	VM      events.VMRef `json:"vm"`
	// Kind is which failover.
	Kind events.Kind `json:"kind"`
	// Ticket is the ticket revision that asked for it.
	Ticket events.TicketRef `json:"ticket"`
	// Phase is where it stands; empty when it was refused.
	Phase vmruns.Phase `json:"phase,omitempty"`
	// Outcome is how it ended; empty before.
	Outcome events.Outcome `json:"outcome,omitempty"`

	// SubmittedAt is when its ticket was submitted; BeganAt when it was planned,
	// or refused; ChangedAt when it was last heard of; EndedAt when it ended.
	SubmittedAt *time.Time `json:"submittedAt,omitempty"`
	BeganAt     time.Time  `json:"beganAt"`
	ChangedAt   time.Time  `json:"changedAt"`
	EndedAt     *time.Time `json:"endedAt,omitempty"`
	// News is what was heard last, in a sentence.
	News string `json:"news"`

	// Requester and Reason are who asked and why.
	Requester *events.Person `json:"requester,omitempty"`
	Reason    string         `json:"reason,omitempty"`
	// Primary and Replica are the hosts' roles when it was planned.
	Primary string `json:"primary,omitempty"`
	Replica string `json:"replica,omitempty"`
	// RecoveryPoint is the recovery point it uses.
	RecoveryPoint string `json:"recoveryPoint,omitempty"`
	// AtStake is how much data might be lost, as stated before it began.
	AtStake *events.DataLoss `json:"atStake,omitempty"`
	// Witnesses is the latest evidence on the primary.
	Witnesses []events.Witness `json:"witnesses,omitempty"`
	// Override is who answers for a silent primary.
	Override *events.Override `json:"override,omitempty"`

	// Steps are its steps, those of an undo and of fencing behind the planned ones.
	Steps []Step `json:"steps,omitempty"`
	// Hold is the question a person must answer.
	Hold *Hold `json:"hold,omitempty"`
	// Until is when what it awaits is over, while it awaits a cleanup or a commit.
	Until *time.Time `json:"until,omitempty"`
	// TestVM is the duplicate of a test failover, once it is up.
	TestVM *events.VMRef `json:"testVm,omitempty"`
	// Committed is when the failover was completed.
	Committed *time.Time `json:"committedAt,omitempty"`
	// Decisions are what people decided or told the run, in order.
	Decisions []Decision `json:"decisions,omitempty"`

	// RTO, DowntimeMillis and DataLoss are what was measured, when it succeeded.
	RTO            *events.RTO      `json:"rto,omitempty"`
	DowntimeMillis int64            `json:"downtimeMillis,omitempty"`
	DataLoss       *events.DataLoss `json:"dataLoss,omitempty"`
	// Why and State say what a failed run leaves; Fault is the error that led there.
	Why   string        `json:"why,omitempty"`
	State string        `json:"state,omitempty"`
	Fault *events.Fault `json:"fault,omitempty"`
	// Reasons say why it was refused.
	Reasons []events.Reason `json:"reasons,omitempty"`
	// FenceDue is the old primary's host while it waits to be fenced.
	FenceDue string `json:"fenceDue,omitempty"`
	// Fenced tells how an old primary that came back was fenced.
	Fenced *events.FailoverFenced `json:"fenced,omitempty"`
	// Evidence is what was read on the hosts at the end.
	Evidence []events.Reading `json:"evidence,omitempty"`
	// Trace is the id of its trace; empty when it was not traced.
	Trace string `json:"trace,omitempty"`
}

// Hold is a question a person must answer.
type Hold struct {
	// Since is when the run came to rest.
	Since time.Time `json:"since"`
	// Step is the step it rests at; empty between steps.
	Step events.Step `json:"step,omitempty"`
	// Code names the situation; Why tells it.
	Code events.HoldCode `json:"code"`
	Why  string          `json:"why"`
	// Decider is who must decide, Choices what they may answer.
	Decider string          `json:"decider"`
	Choices []events.Choice `json:"choices"`
	// Fault is the error that led here, Evidence what was read on the hosts.
	Fault    *events.Fault    `json:"fault,omitempty"`
	Evidence []events.Reading `json:"evidence,omitempty"`
}

// Decision is what a person, or a deadline, told a run.
type Decision struct {
	// At is when.
	At time.Time `json:"at"`
	// What is the choice of a held run, or the action asked for.
	What string `json:"what"`
	// Person is who; nil for a deadline.
	Person *events.Person `json:"person,omitempty"`
	// By is the ticket that carried it; nil for a deadline.
	By *events.TicketRef `json:"by,omitempty"`
	// Reason is why.
	Reason string `json:"reason,omitempty"`
	// Refused tells that it was not done, with the reasons.
	Refused []events.Reason `json:"refused,omitempty"`
}

// Status is where the run stands in one word or two: its outcome once it ended,
// its phase before, and "held" whenever a person must decide.
func (r Run) Status() string {
	switch {
	case r.Hold != nil:
		return string(vmruns.Held)
	case r.Outcome != "":
		return string(r.Outcome)
	default:
		return string(r.Phase)
	}
}

// Over reports whether nothing more comes of the run by itself: it ended, no old
// primary waits to be fenced and nobody is asked.
func (r Run) Over() bool { return r.Outcome != "" && r.FenceDue == "" && r.Hold == nil }

// Runs folds a VM's events, in order, into its runs, oldest first.
func Runs(history []Event) []Run {
	var f runFold
	for _, e := range history {
		f.apply(e)
	}
	return f.finish()
}

// Find picks a run by id.
func Find(runs []Run, id string) (Run, bool) {
	i := slices.IndexFunc(runs, func(r Run) bool { return r.ID == id })
	if i < 0 {
		return Run{}, false
	}
	return runs[i], true
}

// runFold is the fold under way.
type runFold struct {
	// phases is the same history as ticket-intake judges by: one meaning of phases for both.
	phases vmruns.VM
	runs   []Run
	steps  map[string]*program
}

// at finds a run, or begins it.
func (f *runFold) at(e Event) *Run {
	i := slices.IndexFunc(f.runs, func(r Run) bool { return r.ID == e.Run.Run })
	if i >= 0 {
		return &f.runs[i]
	}
	f.runs = append(f.runs, Run{
		ID: e.Run.Run, Account: e.Run.Account, VM: e.Run.VM, Kind: e.Run.Kind, Ticket: e.Run.Ticket, BeganAt: e.At,
	})
	if f.steps == nil {
		f.steps = map[string]*program{}
	}
	f.steps[e.Run.Run] = &program{}
	return &f.runs[len(f.runs)-1]
}

func (f *runFold) apply(e Event) {
	if e.Run.Run == "" {
		return
	}
	r := f.at(e)
	steps := f.steps[r.ID]
	f.phases = f.phases.Apply(e.Data)
	r.ChangedAt, r.News = e.At, e.Sentence
	if r.Trace == "" {
		r.Trace = e.Trace
	}
	switch d := e.Data.(type) {
	case *events.StepStarted:
		steps.started(d, e.At)
	case *events.StepDone:
		steps.done(d, e.At)
	case *events.StepFailed:
		steps.failed(d)
	case *events.FailoverPlanned:
		r.planned(d)
		steps.plan(d.Steps, PurposeDo)
	case *events.FailoverHeld:
		r.held(d, e.At)
		steps.hold(d.Step, e.At)
	case *events.FailoverResumed:
		r.resumed(d, e.At)
		steps.resume()
		if d.Choice == events.ChoiceCancel {
			steps.drop()
			steps.plan(d.Steps, PurposeUndo)
		}
	case *events.FailoverInstructed:
		r.instructed(d, e.At)
		if d.Action == events.ActionCancel {
			steps.drop()
			steps.plan(d.Steps, PurposeUndo)
		}
	default:
		if r.ended(e) {
			steps.drop()
		}
	}
}

// finish puts phases and steps into the runs.
func (f *runFold) finish() []Run {
	for i := range f.runs {
		r := &f.runs[i]
		known := f.phases.Runs[r.ID]
		r.Phase, r.Outcome = known.Phase, known.Outcome
		if r.Phase == vmruns.AwaitingCleanup || r.Phase == vmruns.AwaitingCommit {
			until := known.Until
			r.Until = &until
		}
		if known.Hold == nil {
			r.Hold = nil
		}
		r.Steps = *f.steps[r.ID]
	}
	return f.runs
}
