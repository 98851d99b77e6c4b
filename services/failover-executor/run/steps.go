package run

import (
	"fmt"
	"maps"

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
	// vouched tells that the primary, should it be silent, may be taken for down.
	vouched bool
	fence   *Fence
}

// spec is one row of the table of steps: everything the core knows of a step.
type spec struct {
	// watches: the step has no effect of its own and only waits to see something.
	watches bool
	// serves: when this is done the VM is known to serve; the RTO ends here.
	serves bool
	// both: the step is judged on a fresh look at both hosts.
	both bool
	// whole: the step is judged on adapters, too.
	whole bool
	// ours: finding the effect there without having attempted it means that
	// somebody else moves the VM, and holds the run.
	ours bool
	// acceptable: a person may count the step as done.
	acceptable bool
	// done: the effect is there.
	done func(scene) bool
	// pending: the effect is on its way; wait.
	pending func(scene) bool
	// unseen: nothing shows the effect on its way, only done.
	unseen bool
	// blocked says why the effect must not be asked for now; "" when it may.
	blocked func(scene) string
	// call is what to ask of the host; nil for a step that watches.
	call func(Policy, State) Call
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

// table holds every step there is. It is put together at start because rows
// and conditions refer to each other.
var table map[events.Step]spec

func init() {
	table = map[events.Step]spec{}
	for _, rows := range []map[events.Step]spec{testSteps(), handoverSteps(), undoSteps(), fencingSteps()} {
		maps.Copy(table, rows)
	}
}

// testSteps are the steps of a test failover.
func testSteps() map[events.Step]spec {
	return map[events.Step]spec{
		events.StepSetTestNetwork: {
			whole:   true,
			done:    testNetworkSet,
			blocked: replicaCanTest,
			call: func(_ Policy, s State) Call {
				return Call{Verb: VerbSetTestNetwork, VM: s.Run.vmid(), Switches: s.Run.switches()}
			},
		},
		events.StepStartTestFailover: {
			ours: true, unseen: true,
			done:    func(s scene) bool { return s.own.TestVM != nil },
			blocked: replicaCanTest,
			call: func(_ Policy, s State) Call {
				return Call{Verb: VerbStartTestFailover, VM: s.Run.vmid(), Point: s.Run.point()}
			},
			undo: []events.Step{events.StepStopTestFailover},
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
			call: func(_ Policy, s State) Call { return Call{Verb: VerbStart, VM: s.Run.testVM()} },
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
			call: func(_ Policy, s State) Call { return Call{Verb: VerbStopTestFailover, VM: s.Run.vmid()} },
		},
		events.StepVerifyUntouched: {
			watches: true, acceptable: true, both: true,
			done: untouched,
		},
	}
}

// handoverSteps hand a VM over to its replica, planned or not.
func handoverSteps() map[events.Step]spec {
	return map[events.Step]spec{
		events.StepShutDownPrimary: {
			done:    func(s scene) bool { return s.own.Power == hyperv.PowerOff },
			pending: func(s scene) bool { return s.own.Power == hyperv.PowerStopping },
			blocked: mustBePrimary,
			call: func(p Policy, s State) Call {
				return Call{Verb: VerbStop, VM: s.Run.vmid(), Stop: hyperv.StopOptions{Grace: s.Run.grace(p), Force: true}}
			},
			undo: []events.Step{events.StepStartPrimary},
		},
		events.StepPreparePrimary: {
			ours:    true,
			done:    func(s scene) bool { return s.own.Replication.State == hyperv.StatePreparedForFailover },
			blocked: primaryCanPrepare,
			call:    func(_ Policy, s State) Call { return Call{Verb: VerbPrepare, VM: s.Run.vmid()} },
			undo:    []events.Step{events.StepCancelPrepare},
		},
		events.StepFailOverReplica: {
			ours: true, both: true,
			done:    func(s scene) bool { return failedOver(s.own) },
			pending: func(s scene) bool { return s.own.Replication.State == hyperv.StateRecoveryInProgress },
			blocked: replicaCanFailOver,
			call:    func(_ Policy, s State) Call { return Call{Verb: VerbFailOver, VM: s.Run.vmid(), Point: s.Run.point()} },
			undo:    []events.Step{events.StepStopReplica, events.StepCancelFailover},
		},
		events.StepReverseReplication: {
			ours:    true,
			done:    func(s scene) bool { return s.own.Replication.Mode == hyperv.ModePrimary },
			blocked: replicaCanReverse,
			call:    func(_ Policy, s State) Call { return Call{Verb: VerbReverse, VM: s.Run.vmid(), Target: s.Run.target()} },
			final:   true,
		},
		events.StepStartReplica: {
			ours: true, both: true,
			done:    func(s scene) bool { return s.own.Power == hyperv.PowerRunning },
			pending: func(s scene) bool { return s.own.Power == hyperv.PowerStarting },
			blocked: replicaMayStart,
			call:    func(_ Policy, s State) Call { return Call{Verb: VerbStart, VM: s.Run.vmid()} },
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
			call: func(_ Policy, s State) Call {
				return Call{Verb: VerbSetAutoStart, VM: s.Run.vmid(), AutoStart: hyperv.StartAction(s.Run.primaryAutoStart())}
			},
		},
		events.StepCompleteFailover: {
			ours: true, final: true,
			done: func(s scene) bool {
				return s.own.Replication.State == hyperv.StateFailedOver || s.own.Replication.Mode == hyperv.ModePrimary
			},
			blocked: replicaCanComplete,
			call:    func(_ Policy, s State) Call { return Call{Verb: VerbComplete, VM: s.Run.vmid()} },
		},
	}
}

// undoSteps take a run back.
func undoSteps() map[events.Step]spec {
	return map[events.Step]spec{
		events.StepStopReplica: {
			done:    func(s scene) bool { return s.own.Power == hyperv.PowerOff },
			pending: func(s scene) bool { return s.own.Power == hyperv.PowerStopping },
			blocked: replicaCanBeUndone,
			call: func(_ Policy, s State) Call {
				return Call{Verb: VerbStop, VM: s.Run.vmid(), Stop: hyperv.StopOptions{Force: true}}
			},
		},
		events.StepCancelFailover: {
			done:    func(s scene) bool { return s.own.Replication.Mode == hyperv.ModeReplica && !failedOver(s.own) },
			pending: func(s scene) bool { return s.own.Replication.State == hyperv.StateRecoveryInProgress },
			blocked: replicaCanBeUndone,
			call:    func(_ Policy, s State) Call { return Call{Verb: VerbCancelFailover, VM: s.Run.vmid()} },
		},
		events.StepCancelPrepare: {
			done:    func(s scene) bool { return s.own.Replication.State != hyperv.StatePreparedForFailover },
			blocked: mustBePrimary,
			call:    func(_ Policy, s State) Call { return Call{Verb: VerbCancelFailover, VM: s.Run.vmid()} },
		},
		events.StepUnfencePrimary: {
			done: func(s scene) bool { return s.own.AutoStart == s.run.unfenced(s.fence) },
			call: func(_ Policy, s State) Call {
				return Call{Verb: VerbSetAutoStart, VM: s.Run.vmid(), AutoStart: s.Run.unfenced(s.Fence)}
			},
		},
		events.StepStartPrimary: {
			both:    true,
			done:    func(s scene) bool { return s.own.Power == hyperv.PowerRunning },
			pending: func(s scene) bool { return s.own.Power == hyperv.PowerStarting },
			blocked: primaryMayStart,
			call:    func(_ Policy, s State) Call { return Call{Verb: VerbStart, VM: s.Run.vmid()} },
		},
	}
}

// fencingSteps make an old primary harmless.
func fencingSteps() map[events.Step]spec {
	return map[events.Step]spec{
		events.StepFencePrimary: {
			done:    func(s scene) bool { return s.own.AutoStart == hyperv.StartNothing },
			blocked: mustBePrimary,
			call: func(_ Policy, s State) Call {
				return Call{Verb: VerbSetAutoStart, VM: s.Run.vmid(), AutoStart: hyperv.StartNothing}
			},
			undo: []events.Step{events.StepUnfencePrimary},
		},
		events.StepPowerOffOldPrimary: {
			done:    func(s scene) bool { return s.own.Power == hyperv.PowerOff },
			pending: func(s scene) bool { return s.own.Power == hyperv.PowerStopping },
			blocked: mustBePrimary,
			call: func(_ Policy, s State) Call {
				return Call{Verb: VerbStop, VM: s.Run.vmid(), Stop: hyperv.StopOptions{Force: true}}
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
			call: func(_ Policy, s State) Call { return Call{Verb: VerbBecomeReplica, VM: s.Run.vmid()} },
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
