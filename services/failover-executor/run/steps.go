package run

import (
	"fmt"
	"slices"
	"time"

	"lifeboat.io/events"
	"lifeboat.io/pkg/hyperv"
)

// scene is what a step is judged on: the run, and a fresh look at its hosts.
type scene struct {
	run *Run
	// own is the VM on the step's host.
	own hyperv.VM
	// primary and replica are the looks at both hosts; the zero Sight when the
	// step does not ask for one.
	primary, replica Sight
	fence            *Fence
}

// spec is one row of the table of steps: everything the core knows of a step.
type spec struct {
	// watches: the step has no effect of its own and only waits to see something.
	watches bool
	// serves: when this is done the VM is known to serve; the RTO ends here.
	serves bool
	// both: the step is judged on a fresh look at both hosts.
	both bool
	// ours: finding the effect there without having attempted it means that
	// somebody else moves the VM, and holds the run.
	ours bool
	// acceptable: a person may count the step as done.
	acceptable bool
	// done: the effect is there.
	done func(scene) bool
	// pending: the effect is on its way; wait.
	pending func(scene) bool
	// blocked says why the effect must not be asked for now; "" when it may.
	blocked func(scene) string
	// call is what to ask of the host; nil for a step that watches.
	call func(Policy, *Run) Call
	// undo are the steps that take it back, in order; nil when there is nothing to take back.
	undo []events.Step
	// final: once done the run cannot be undone.
	final bool
}

// gates are the steps that wait for a ticket or a deadline, and for which action.
var gates = map[events.Step]events.Action{
	events.StepStopTestFailover: events.ActionCleanup,
	events.StepCompleteFailover: events.ActionCommit,
}

// fenceSteps are the steps that fence an old primary.
var fenceSteps = map[events.Step]bool{
	events.StepFencePrimary:       true,
	events.StepPowerOffOldPrimary: true,
	events.StepBecomeReplica:      true,
}

// table holds every step there is.
var table map[events.Step]spec

func init() {
	table = map[events.Step]spec{
		events.StepSetTestNetwork: {
			done:    testNetworkSet,
			blocked: replicaCanTest,
			call: func(_ Policy, r *Run) Call {
				return Call{Verb: VerbSetTestNetwork, VM: r.vmid(), Switches: r.switches()}
			},
		},
		events.StepStartTestFailover: {
			ours:    true,
			done:    func(s scene) bool { return s.own.TestVM != nil },
			blocked: replicaCanTest,
			call:    func(_ Policy, r *Run) Call { return Call{Verb: VerbStartTestFailover, VM: r.vmid(), Point: r.point()} },
			undo:    []events.Step{events.StepStopTestFailover},
		},
		events.StepStartTestVM: {
			done:    func(s scene) bool { return s.own.TestVM != nil && s.own.TestVM.Power == hyperv.PowerRunning },
			pending: func(s scene) bool { return s.own.TestVM != nil && s.own.TestVM.Power == hyperv.PowerStarting },
			blocked: func(s scene) string {
				if s.own.TestVM == nil {
					return "the test VM is gone"
				}
				return ""
			},
			call: func(_ Policy, r *Run) Call { return Call{Verb: VerbStart, VM: r.testVM()} },
		},
		events.StepAwaitTestHeartbeat: {
			watches: true, serves: true, acceptable: true,
			done: func(s scene) bool { return s.own.TestVM != nil && s.own.TestVM.Heartbeat.Alive() },
			blocked: func(s scene) string {
				if s.own.TestVM == nil || s.own.TestVM.Power == hyperv.PowerOff {
					return "the test VM is not running any more"
				}
				return ""
			},
		},
		events.StepStopTestFailover: {
			done: func(s scene) bool { return s.own.TestVM == nil },
			call: func(_ Policy, r *Run) Call { return Call{Verb: VerbStopTestFailover, VM: r.vmid()} },
		},
		events.StepVerifyUntouched: {
			watches: true, acceptable: true, both: true,
			done: untouched,
		},
		events.StepShutDownPrimary: {
			done:    func(s scene) bool { return s.own.Power == hyperv.PowerOff },
			pending: func(s scene) bool { return s.own.Power == hyperv.PowerStopping },
			blocked: mustBePrimary,
			call: func(p Policy, r *Run) Call {
				return Call{Verb: VerbStop, VM: r.vmid(), Stop: hyperv.StopOptions{Grace: r.grace(p), Force: true}}
			},
			undo: []events.Step{events.StepStartPrimary},
		},
		events.StepPreparePrimary: {
			ours:    true,
			done:    func(s scene) bool { return s.own.Replication.State == hyperv.StatePreparedForFailover },
			blocked: primaryCanPrepare,
			call:    func(_ Policy, r *Run) Call { return Call{Verb: VerbPrepare, VM: r.vmid()} },
			undo:    []events.Step{events.StepCancelPrepare},
		},
		events.StepFailOverReplica: {
			ours: true, both: true,
			done:    func(s scene) bool { return failedOver(s.own) },
			pending: func(s scene) bool { return s.own.Replication.State == hyperv.StateRecoveryInProgress },
			blocked: replicaCanFailOver,
			call:    func(_ Policy, r *Run) Call { return Call{Verb: VerbFailOver, VM: r.vmid(), Point: r.point()} },
			undo:    []events.Step{events.StepStopReplica, events.StepCancelFailover},
		},
		events.StepReverseReplication: {
			ours:    true,
			done:    func(s scene) bool { return s.own.Replication.Mode == hyperv.ModePrimary },
			blocked: replicaCanReverse,
			call:    func(_ Policy, r *Run) Call { return Call{Verb: VerbReverse, VM: r.vmid(), Target: r.target()} },
			final:   true,
		},
		events.StepStartReplica: {
			ours: true, both: true,
			done:    func(s scene) bool { return s.own.Power == hyperv.PowerRunning },
			pending: func(s scene) bool { return s.own.Power == hyperv.PowerStarting },
			blocked: replicaMayStart,
			call:    func(_ Policy, r *Run) Call { return Call{Verb: VerbStart, VM: r.vmid()} },
		},
		events.StepAwaitHeartbeat: {
			watches: true, serves: true, acceptable: true,
			done: func(s scene) bool { return s.own.Heartbeat.Alive() },
			blocked: func(s scene) string {
				if s.own.Power == hyperv.PowerOff {
					return "the VM is off again"
				}
				return ""
			},
		},
		events.StepVerifyReplication: {
			watches: true, acceptable: true, both: true,
			done: flowsBack,
		},
		events.StepRestoreAutoStart: {
			acceptable: true,
			done:       func(s scene) bool { return string(s.own.AutoStart) == s.run.primaryAutoStart() },
			call: func(_ Policy, r *Run) Call {
				return Call{Verb: VerbSetAutoStart, VM: r.vmid(), AutoStart: hyperv.StartAction(r.primaryAutoStart())}
			},
		},
		events.StepFencePrimary: {
			done:    func(s scene) bool { return s.own.AutoStart == hyperv.StartNothing },
			blocked: mustBePrimary,
			call: func(_ Policy, r *Run) Call {
				return Call{Verb: VerbSetAutoStart, VM: r.vmid(), AutoStart: hyperv.StartNothing}
			},
			undo: []events.Step{events.StepUnfencePrimary},
		},
		events.StepCompleteFailover: {
			ours: true, final: true,
			done: func(s scene) bool {
				return s.own.Replication.State == hyperv.StateFailedOver || s.own.Replication.Mode == hyperv.ModePrimary
			},
			blocked: replicaCanComplete,
			call:    func(_ Policy, r *Run) Call { return Call{Verb: VerbComplete, VM: r.vmid()} },
		},
		events.StepStopReplica: {
			done:    func(s scene) bool { return s.own.Power == hyperv.PowerOff },
			pending: func(s scene) bool { return s.own.Power == hyperv.PowerStopping },
			blocked: replicaCanBeUndone,
			call: func(_ Policy, r *Run) Call {
				return Call{Verb: VerbStop, VM: r.vmid(), Stop: hyperv.StopOptions{Force: true}}
			},
		},
		events.StepCancelFailover: {
			done:    func(s scene) bool { return s.own.Replication.Mode == hyperv.ModeReplica && !failedOver(s.own) },
			pending: func(s scene) bool { return s.own.Replication.State == hyperv.StateRecoveryInProgress },
			blocked: replicaCanBeUndone,
			call:    func(_ Policy, r *Run) Call { return Call{Verb: VerbCancelFailover, VM: r.vmid()} },
		},
		events.StepCancelPrepare: {
			done:    func(s scene) bool { return s.own.Replication.State != hyperv.StatePreparedForFailover },
			blocked: mustBePrimary,
			call:    func(_ Policy, r *Run) Call { return Call{Verb: VerbCancelFailover, VM: r.vmid()} },
		},
		events.StepUnfencePrimary: {
			done: func(s scene) bool { return string(s.own.AutoStart) == s.run.primaryAutoStart() },
			call: func(_ Policy, r *Run) Call {
				return Call{Verb: VerbSetAutoStart, VM: r.vmid(), AutoStart: hyperv.StartAction(r.primaryAutoStart())}
			},
		},
		events.StepStartPrimary: {
			both:    true,
			done:    func(s scene) bool { return s.own.Power == hyperv.PowerRunning },
			pending: func(s scene) bool { return s.own.Power == hyperv.PowerStarting },
			blocked: primaryMayStart,
			call:    func(_ Policy, r *Run) Call { return Call{Verb: VerbStart, VM: r.vmid()} },
		},
		events.StepPowerOffOldPrimary: {
			done:    func(s scene) bool { return s.own.Power == hyperv.PowerOff },
			pending: func(s scene) bool { return s.own.Power == hyperv.PowerStopping },
			blocked: mustBePrimary,
			call: func(_ Policy, r *Run) Call {
				return Call{Verb: VerbStop, VM: r.vmid(), Stop: hyperv.StopOptions{Force: true}}
			},
		},
		events.StepBecomeReplica: {
			done: func(s scene) bool { return s.own.Replication.Mode == hyperv.ModeReplica },
			blocked: func(s scene) string {
				if s.own.Power != hyperv.PowerOff {
					return fmt.Sprintf("the old primary is %s, not Off", s.own.Power)
				}
				return mustBePrimary(s)
			},
			call: func(_ Policy, r *Run) Call { return Call{Verb: VerbBecomeReplica, VM: r.vmid()} },
		},
	}
}

// side is the host a step is carried out on.
func side(step events.Step, primary, replica string) string {
	switch step {
	case events.StepShutDownPrimary, events.StepPreparePrimary, events.StepFencePrimary,
		events.StepCancelPrepare, events.StepUnfencePrimary, events.StepStartPrimary,
		events.StepPowerOffOldPrimary, events.StepBecomeReplica:
		return primary
	default:
		return replica
	}
}

// failedOver reports whether a replica has been failed over and not undone.
func failedOver(vm hyperv.VM) bool {
	return vm.Replication.State == hyperv.StateFailedOverWaitingCompletion || vm.Replication.State == hyperv.StateFailedOver
}

// failsOverFrom are the replica states Start-VMFailover accepts.
var failsOverFrom = []hyperv.ReplicationState{
	hyperv.StateReplicating, hyperv.StateResynchronizing, hyperv.StateSuspended, hyperv.StateWaitingForUpdate,
}

// testsFrom are the replica states Start-VMFailover -AsTest accepts.
var testsFrom = []hyperv.ReplicationState{hyperv.StateReplicating, hyperv.StateSuspended}

func replicaCanTest(s scene) string { return cannotStartFrom(s.own, testsFrom) }

func replicaCanFailOver(s scene) string {
	if why := cannotStartFrom(s.own, failsOverFrom); why != "" {
		return why
	}
	if s.run.Kind == events.KindPlanned {
		if !s.primary.answers() {
			return "the primary does not answer, so nobody can tell that its last write was sent"
		}
		if st := s.primary.VM.Replication.State; st != hyperv.StatePreparedForFailover {
			return fmt.Sprintf("the primary is %s, not PreparedForFailover: its last write was not sent", st)
		}
		return ""
	}
	return primaryLives(s)
}

// cannotStartFrom says why a failover of a replica cannot start.
func cannotStartFrom(vm hyperv.VM, from []hyperv.ReplicationState) string {
	r := vm.Replication
	switch {
	case !vm.Present:
		return "the host has no VM with this id"
	case r.Mode != hyperv.ModeReplica:
		return fmt.Sprintf("the VM is %s here, not Replica", r.Mode)
	case vm.TestVM != nil:
		return fmt.Sprintf("test VM %q is in the way", vm.TestVM.Name)
	case vm.Power != hyperv.PowerOff:
		return fmt.Sprintf("the replica VM is %s, not Off", vm.Power)
	case !slices.Contains(from, r.State):
		return fmt.Sprintf("replication is %s; it must be one of %v", r.State, from)
	case r.LastReplication.IsZero():
		return "nothing has been replicated yet"
	}
	return ""
}

// primaryLives says that the primary runs the VM, which forbids starting
// another copy of it; "" when it was seen not to, or is silent.
func primaryLives(s scene) string {
	if s.primary.answers() && lives(s.primary.VM) {
		return fmt.Sprintf("the primary runs the VM (%s)", s.primary.VM.Power)
	}
	return ""
}

// lives reports whether a VM runs or may write: anything but Off, absent or
// a saved state.
func lives(vm hyperv.VM) bool {
	return vm.Present && vm.Power != hyperv.PowerOff && vm.Power != hyperv.PowerSaved
}

func replicaMayStart(s scene) string {
	switch {
	case s.own.Replication.Mode != hyperv.ModePrimary && !failedOver(s.own):
		return fmt.Sprintf("the VM is %s and %s here: not failed over", s.own.Replication.Mode, s.own.Replication.State)
	case !s.primary.answers() && s.run.Kind == events.KindUnplanned && s.run.Override == nil && !s.run.sawPrimaryDown():
		return "the primary does not answer and nobody has taken the responsibility that it is down"
	}
	return primaryLives(s)
}

func primaryMayStart(s scene) string {
	switch {
	case !s.replica.answers() && s.run.tried(events.StepFailOverReplica):
		return "the replica does not answer, so nobody can tell that it does not run"
	case s.replica.answers() && lives(s.replica.VM):
		return fmt.Sprintf("the replica runs the VM (%s)", s.replica.VM.Power)
	case s.own.Replication.State == hyperv.StatePreparedForFailover:
		return "the primary is still prepared for failover"
	}
	return mustBePrimary(s)
}

func mustBePrimary(s scene) string {
	if !s.own.Present {
		return "the host has no VM with this id"
	}
	if s.own.Replication.Mode != hyperv.ModePrimary {
		return fmt.Sprintf("the VM is %s here, not Primary", s.own.Replication.Mode)
	}
	return ""
}

func primaryCanPrepare(s scene) string {
	if why := mustBePrimary(s); why != "" {
		return why
	}
	if s.own.Power != hyperv.PowerOff {
		return fmt.Sprintf("the primary VM is %s, not Off", s.own.Power)
	}
	if st := s.own.Replication.State; st != hyperv.StateReplicating {
		return fmt.Sprintf("replication is %s, not Replicating", st)
	}
	return ""
}

func replicaCanReverse(s scene) string {
	switch {
	case s.own.Replication.Mode != hyperv.ModeReplica:
		return fmt.Sprintf("the VM is %s here, not Replica", s.own.Replication.Mode)
	case !failedOver(s.own):
		return fmt.Sprintf("replication is %s, not failed over", s.own.Replication.State)
	case s.own.Extended != nil:
		return "the replica has an extended replica; reversing would cut it off"
	}
	return ""
}

func replicaCanComplete(s scene) string {
	if st := s.own.Replication.State; st != hyperv.StateFailedOverWaitingCompletion {
		return fmt.Sprintf("replication is %s, not FailedOverWaitingCompletion", st)
	}
	return ""
}

func replicaCanBeUndone(s scene) string {
	if s.own.Replication.Mode != hyperv.ModeReplica {
		return fmt.Sprintf("the VM is %s here, not Replica: it is not ours to stop", s.own.Replication.Mode)
	}
	if s.own.Replication.State == hyperv.StateFailedOver {
		return "the failover was completed; it cannot be undone"
	}
	return ""
}

func testNetworkSet(s scene) bool {
	want := map[string]string{}
	for _, a := range s.run.Plan.Adapters {
		want[a.Adapter] = a.Switch
	}
	for _, a := range s.own.Adapters {
		if a.TestSwitch != want[a.Name] {
			return false
		}
	}
	return true
}

// untouched reports whether a test left no trace: no test VM, the replica still
// a replica and, where the primary could be read when the test was planned, the
// primary still primary and replication still arriving.
func untouched(s scene) bool {
	if !s.replica.answers() || s.replica.VM.TestVM != nil || s.replica.VM.Replication.Mode != hyperv.ModeReplica || failedOver(s.replica.VM) {
		return false
	}
	if _, read := s.run.planReading(s.run.Plan.Primary); !read {
		return true
	}
	if !s.primary.answers() || s.primary.VM.Replication.Mode != hyperv.ModePrimary {
		return false
	}
	before, _ := s.run.planReading(s.run.Plan.Replica)
	return arrivedSince(s.replica.VM, before)
}

// arrivedSince reports whether changes arrived at a replica since a reading,
// or need not have arrived yet.
func arrivedSince(vm hyperv.VM, before events.Reading) bool {
	if before.Replication == nil || before.Replication.LastReplication == nil || before.HostTime == nil {
		return true
	}
	if before.Replication.State != string(hyperv.StateReplicating) || vm.Replication.LastReplication.After(*before.Replication.LastReplication) {
		return true
	}
	return vm.HostTime.Sub(*before.HostTime) < 2*vm.Replication.Frequency
}

// flowsBack reports whether the new primary replicates to the old one: roles
// swapped, both replicating, and something received since the VM was started.
func flowsBack(s scene) bool {
	if !s.primary.answers() || !s.replica.answers() {
		return false
	}
	old, now := s.primary.VM, s.replica.VM
	if old.Replication.Mode != hyperv.ModeReplica || now.Replication.Mode != hyperv.ModePrimary ||
		old.Replication.State != hyperv.StateReplicating || now.Replication.State != hyperv.StateReplicating {
		return false
	}
	reversed, ok := s.run.done(events.StepReverseReplication)
	if !ok || reversed.After == nil || reversed.After.Replication == nil || reversed.After.HostTime == nil {
		return true
	}
	since := *reversed.After.HostTime
	return now.Replication.LastReplication.After(since)
}

// switches are the test switches of the plan.
func (r *Run) switches() []hyperv.AdapterSwitch {
	out := make([]hyperv.AdapterSwitch, len(r.Plan.Adapters))
	for i, a := range r.Plan.Adapters {
		out[i] = hyperv.AdapterSwitch{Adapter: a.Adapter, Switch: a.Switch}
	}
	return out
}

// point is the recovery point of the plan; empty for latest.
func (r *Run) point() hyperv.RecoveryPointID {
	if r.Plan.RecoveryPoint == pointLatest {
		return ""
	}
	return hyperv.RecoveryPointID(r.Plan.RecoveryPoint)
}

// target is where the new primary will replicate to.
func (r *Run) target() hyperv.ReplicaServer {
	t := r.Plan.ReverseTo
	if t == nil {
		return hyperv.ReplicaServer{}
	}
	return hyperv.ReplicaServer{
		Server: t.Server, Port: t.Port,
		Authentication:        hyperv.Authentication(t.Authentication),
		CertificateThumbprint: t.CertificateThumbprint,
	}
}

// grace is how long the guest may take to shut down.
func (r *Run) grace(p Policy) time.Duration {
	if r.Plan.ShutdownGraceSeconds > 0 {
		return time.Duration(r.Plan.ShutdownGraceSeconds) * time.Second
	}
	return p.ShutdownGrace
}

// primaryAutoStart is the primary's automatic start action when the run was planned.
func (r *Run) primaryAutoStart() string {
	before, _ := r.planReading(r.Plan.Primary)
	return before.AutoStart
}

// sawPrimaryDown reports whether the plan rests on a witness that saw the
// primary not running, or the run has shut it down itself.
func (r *Run) sawPrimaryDown() bool {
	if d, ok := r.done(events.StepShutDownPrimary); ok && d.How != events.HowAccepted {
		return true
	}
	return overall(r.Plan.Witnesses) == events.VerdictDown
}
