package run

import (
	"slices"
	"time"

	"lifeboat.io/events"
)

// programs are the steps of each kind of failover, in order, when nothing
// leaves one out.
var programs = map[events.Kind][]events.Step{
	events.KindTest: {
		events.StepSetTestNetwork,
		events.StepStartTestFailover,
		events.StepStartTestVM,
		events.StepAwaitTestHeartbeat,
		events.StepStopTestFailover,
		events.StepVerifyUntouched,
	},
	events.KindPlanned: {
		events.StepShutDownPrimary,
		events.StepPreparePrimary,
		events.StepFailOverReplica,
		events.StepReverseReplication,
		events.StepStartReplica,
		events.StepAwaitHeartbeat,
		events.StepRestoreAutoStart,
		events.StepVerifyReplication,
	},
	events.KindUnplanned: {
		events.StepFencePrimary,
		events.StepShutDownPrimary,
		events.StepFailOverReplica,
		events.StepStartReplica,
		events.StepAwaitHeartbeat,
		events.StepRestoreAutoStart,
		events.StepCompleteFailover,
	},
}

// program lists a kind's steps with their hosts and deadlines, leaving out
// those that need a primary that answers when it does not. A call may take half
// a step's deadline, so the shutdown's makes room for the guest's grace.
func program(p Policy, kind events.Kind, primary, replica string, primaryAnswers bool, grace time.Duration) []events.PlannedStep {
	var out []events.PlannedStep
	for _, step := range programs[kind] {
		if kind == events.KindUnplanned && !primaryAnswers && needsPrimary(step) {
			continue
		}
		planned := planStep(p, step, primary, replica)
		if step == events.StepShutDownPrimary {
			planned.DeadlineSeconds = max(planned.DeadlineSeconds, int((2 * (grace + time.Minute)).Seconds()))
		}
		out = append(out, planned)
	}
	return out
}

// needsPrimary reports whether a step of an unplanned failover makes no sense
// with a silent primary.
func needsPrimary(step events.Step) bool {
	return step == events.StepFencePrimary || step == events.StepShutDownPrimary || step == events.StepRestoreAutoStart
}

// goesLive reports whether a step makes the replica's copy live.
func goesLive(step events.Step) bool {
	return step == events.StepFailOverReplica || step == events.StepStartReplica
}

func planStep(p Policy, step events.Step, primary, replica string) events.PlannedStep {
	return events.PlannedStep{
		Step:            step,
		Host:            side(step, primary, replica),
		DeadlineSeconds: int(p.deadline(step).Seconds()),
	}
}

// undoing lists the steps that take a run back: the undo of every step that was
// done or begun, last first. ok is false when a step that cannot be undone was
// done or begun; then which one is returned.
func (s State) undoing(p Policy) (steps []events.PlannedStep, final events.Step, ok bool) {
	r := s.Run
	planned := r.Plan.Steps
	for i := len(planned) - 1; i >= 0; i-- {
		step := planned[i].Step
		if d, ok := r.done(step); !r.tried(step) && (!ok || d.How == events.HowAccepted) {
			continue
		}
		if table[step].final {
			return nil, step, false
		}
		for _, undo := range table[step].undo {
			if undo == events.StepStartPrimary && !r.primaryRan() {
				continue
			}
			steps = append(steps, planStep(p, undo, r.Plan.Primary, r.Plan.Replica))
		}
	}
	return append(steps, s.unfencing(p, steps)...), "", true
}

// unfencing lists what takes the fence back, as far as the run's own steps do
// not: an old primary that came back running is wanted running again.
func (s State) unfencing(p Policy, already []events.PlannedStep) []events.PlannedStep {
	f := s.Fence
	if f == nil || f.Before == nil || f.Before.AutoStart == "" {
		return nil
	}
	var steps []events.PlannedStep
	for _, step := range []events.Step{events.StepStartPrimary, events.StepUnfencePrimary} {
		if step == events.StepStartPrimary && !f.wasRunning() {
			continue
		}
		planned := planStep(p, step, f.Host, f.Live)
		if !slices.Contains(already, planned) {
			steps = append(steps, planned)
		}
	}
	return steps
}

// primaryQuiet reports whether the run itself has seen the primary off with its
// automatic start off.
func (r *Run) primaryQuiet() bool {
	for _, step := range []events.Step{events.StepFencePrimary, events.StepShutDownPrimary} {
		if d, ok := r.done(step); !ok || d.How == events.HowAccepted {
			return false
		}
	}
	return true
}

// primaryRan reports whether the primary was running when the run was planned:
// only then is it started again when the run is undone.
func (r *Run) primaryRan() bool {
	before, ok := r.planReading(r.Plan.Primary)
	return ok && before.Power == "Running"
}
