package view

import (
	"time"

	"lifeboat.io/events"
)

// StepState is where a step of a run stands.
type StepState string

const (
	// StepPending means it has not begun.
	StepPending StepState = "pending"
	// StepRunning means its effect was asked of the host.
	StepRunning StepState = "running"
	// StepRetrying means an attempt failed and another follows.
	StepRetrying StepState = "retrying"
	// StepUnknown means an attempt's outcome is not known yet.
	StepUnknown StepState = "unknown"
	// StepFailed means the last attempt failed and none is planned.
	StepFailed StepState = "failed"
	// StepHeld means the run is held at it.
	StepHeld StepState = "held"
	// StepDone means its effect is on the host.
	StepDone StepState = "done"
	// StepNotTaken means the run ended or turned back without it.
	StepNotTaken StepState = "not-taken"
)

// Values implements events.Enum.
func (StepState) Values() []events.Value {
	return []events.Value{
		{Name: string(StepPending), Doc: "It has not begun."},
		{Name: string(StepRunning), Doc: "Its effect was asked of the host."},
		{Name: string(StepRetrying), Doc: "An attempt failed; another follows."},
		{Name: string(StepUnknown), Doc: "An attempt's outcome is not known; the host is looked at."},
		{Name: string(StepFailed), Doc: "The last attempt failed; none is planned."},
		{Name: string(StepHeld), Doc: "The run is held at it."},
		{Name: string(StepDone), Doc: "Its effect is on the host."},
		{Name: string(StepNotTaken), Doc: "The run ended or turned back without it."},
	}
}

// Purpose is what a step is there for.
type Purpose string

const (
	// PurposeDo means the step does what was asked.
	PurposeDo Purpose = "do"
	// PurposeUndo means it takes the run back.
	PurposeUndo Purpose = "undo"
	// PurposeFence means it fences an old primary, or was not in the plan.
	PurposeFence Purpose = "fence"
)

// Step is one step of a run.
type Step struct {
	// Step names the effect, Host where it is carried out.
	Step events.Step `json:"step"`
	Host string      `json:"host"`
	// Purpose is what it is there for.
	Purpose Purpose `json:"purpose"`
	// State is where it stands.
	State StepState `json:"state"`
	// DeadlineSeconds is how long it may take; 0 when it was not in a plan.
	DeadlineSeconds int `json:"deadlineSeconds,omitempty"`
	// Attempts is how often its effect was tried.
	Attempts int `json:"attempts,omitempty"`
	// How tells how it came to be done.
	How events.How `json:"how,omitempty"`
	// StartedAt is when it was first asked of the host, EndedAt when it was seen done.
	StartedAt *time.Time `json:"startedAt,omitempty"`
	EndedAt   *time.Time `json:"endedAt,omitempty"`
	// HeldAt is when the run came to rest at it, while it is held.
	HeldAt *time.Time `json:"heldAt,omitempty"`
	// RetryAt is when the next attempt is made, while retrying.
	RetryAt *time.Time `json:"retryAt,omitempty"`
	// Fault is what went wrong last; it stays when a later attempt succeeded.
	Fault *events.Fault `json:"fault,omitempty"`
	// Before and After are what was read on the host around it.
	Before *events.Reading `json:"before,omitempty"`
	After  *events.Reading `json:"after,omitempty"`
}

// Took is how long the step took, or has taken by now or until it was held; 0
// before it began.
func (s Step) Took(now time.Time) time.Duration {
	switch {
	case s.StartedAt == nil:
		return 0
	case s.EndedAt != nil:
		return s.EndedAt.Sub(*s.StartedAt)
	case s.HeldAt != nil:
		return s.HeldAt.Sub(*s.StartedAt)
	case s.State == StepNotTaken:
		return 0
	default:
		return max(0, now.Sub(*s.StartedAt))
	}
}

// over reports whether nothing more is heard of the step.
func (s Step) over() bool { return s.State == StepDone || s.State == StepNotTaken }

// program is the steps of one run in the order they were planned.
type program []Step

// plan adds steps that are to be taken.
func (p *program) plan(steps []events.PlannedStep, purpose Purpose) {
	for _, s := range steps {
		*p = append(*p, Step{Step: s.Step, Host: s.Host, Purpose: purpose, State: StepPending, DeadlineSeconds: s.DeadlineSeconds})
	}
}

// at finds the step an event is about: the first of this name and host that is
// not over. One that was not planned, as fencing is not, is added.
func (p *program) at(step events.Step, host string) *Step {
	for i := range *p {
		if s := &(*p)[i]; s.Step == step && s.Host == host && !s.over() {
			return s
		}
	}
	*p = append(*p, Step{Step: step, Host: host, Purpose: PurposeFence, State: StepPending})
	return &(*p)[len(*p)-1]
}

// drop marks every step that is not done as one that will not be taken.
func (p program) drop() {
	for i := range p {
		if !p[i].over() {
			p[i].State, p[i].HeldAt, p[i].RetryAt = StepNotTaken, nil, nil
		}
	}
}

// hold marks the step a run rests at; resume lets it go on.
func (p *program) hold(step events.Step, at time.Time) {
	for i := range *p {
		if s := &(*p)[i]; s.Step == step && !s.over() {
			s.State, s.HeldAt, s.RetryAt = StepHeld, &at, nil
			return
		}
	}
}

func (p program) resume() {
	for i := range p {
		if p[i].State == StepHeld {
			p[i].State, p[i].HeldAt = StepPending, nil
		}
	}
}

func (p *program) started(d *events.StepStarted, at time.Time) {
	s := p.at(d.Step, d.Host)
	s.State, s.Attempts, s.RetryAt = StepRunning, d.Attempt, nil
	if s.StartedAt == nil {
		s.StartedAt = &at
	}
	if s.Before == nil {
		s.Before = d.Seen
	}
}

func (p *program) done(d *events.StepDone, at time.Time) {
	s := p.at(d.Step, d.Host)
	s.State, s.How, s.EndedAt, s.HeldAt, s.RetryAt = StepDone, d.How, &at, nil, nil
	s.Attempts = max(s.Attempts, d.Attempt)
	if d.Before != nil {
		s.Before = d.Before
	}
	s.After = d.After
}

func (p *program) failed(d *events.StepFailed) {
	s := p.at(d.Step, d.Host)
	fault := d.Fault
	s.Fault, s.RetryAt = &fault, d.RetryAt
	switch {
	case d.Fault.Class == events.ClassUnknown:
		s.State = StepUnknown
	case d.RetryAt != nil:
		s.State = StepRetrying
	default:
		s.State = StepFailed
	}
	if d.After != nil {
		s.After = d.After
	}
}
