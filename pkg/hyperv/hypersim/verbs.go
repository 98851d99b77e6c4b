package hypersim

import (
	"fmt"
	"slices"

	"lifeboat.io/pkg/hyperv"
)

// The verbs of hyperv.Host that change something, as a table. What a verb
// accepts is checked on the reading first, so that a state it cannot deal with
// is refused by name and not by whatever the cmdlet would say.

var verbStop = &ensure{
	verb:  "Stop",
	there: func(vm *hyperv.VM, _ *arguments) bool { return vm.Power == hyperv.PowerOff },
	refuse: func(_ *Machine, vm *hyperv.VM, _ *arguments) *hyperv.Error {
		return inTransition(vm, hyperv.PowerRunning, hyperv.PowerStopping, hyperv.PowerSaved, hyperv.PowerPaused)
	},
	acts: []act{
		{
			cmdlet: "Stop-VM",
			when: func(c *vmCopy, a *arguments) bool {
				return a.stop.Grace > 0 && (c.power == hyperv.PowerRunning || c.power == hyperv.PowerStopping)
			},
			do: func(m *Machine, c *vmCopy, a *arguments) outcome {
				return m.shutDownGuest(c, Duration(a.stop.Grace), false)
			},
			failed: func(err *CmdletError, a *arguments) *hyperv.Error {
				switch {
				case err.ID != idOperationFailed:
					return classify(err)
				case a.stop.Force:
					return nil
				}
				return &hyperv.Error{Class: hyperv.ClassHold, Code: hyperv.CodeGuestWontStop, Category: err.Category, Err: err,
					Message: fmt.Sprintf("the guest did not shut down within %v", a.stop.Grace)}
			},
		},
		{
			cmdlet: "Stop-VM -TurnOff",
			when:   func(c *vmCopy, _ *arguments) bool { return c.power != hyperv.PowerOff },
			do:     func(m *Machine, c *vmCopy, _ *arguments) outcome { return m.turnOff(c) },
		},
	},
}

var verbStart = &ensure{
	verb:  "Start",
	there: func(vm *hyperv.VM, _ *arguments) bool { return vm.Power == hyperv.PowerRunning },
	refuse: func(_ *Machine, vm *hyperv.VM, _ *arguments) *hyperv.Error {
		switch {
		case replica(vm) && !failedOver(vm):
			return wrongState(vm, "a replica that is not failed over cannot be started")
		case prepared(vm):
			return wrongState(vm, "a primary that is prepared for failover cannot be started")
		}
		return inTransition(vm, hyperv.PowerOff, hyperv.PowerSaved, hyperv.PowerPaused)
	},
	acts: []act{{cmdlet: "Start-VM", do: func(m *Machine, c *vmCopy, _ *arguments) outcome { return m.startVM(c) }}},
}

var verbStartTestFailover = &ensure{
	verb:  "StartTestFailover",
	there: func(vm *hyperv.VM, _ *arguments) bool { return vm.TestVM != nil },
	refuse: func(_ *Machine, vm *hyperv.VM, a *arguments) *hyperv.Error {
		return failoverRefused(vm, a.point, hyperv.StateReplicating, hyperv.StateSuspended)
	},
	acts: []act{{
		cmdlet: "Start-VMFailover -AsTest",
		do:     func(m *Machine, c *vmCopy, a *arguments) outcome { return m.testFailover(c, a.point) },
		failed: pointGone,
	}},
}

var verbStopTestFailover = &ensure{
	verb:   "StopTestFailover",
	there:  func(vm *hyperv.VM, _ *arguments) bool { return vm.TestVM == nil },
	refuse: func(*Machine, *hyperv.VM, *arguments) *hyperv.Error { return nil },
	acts:   []act{{cmdlet: "Stop-VMFailover", do: func(m *Machine, c *vmCopy, _ *arguments) outcome { return m.stopFailover(c) }}},
}

var verbPrepare = &ensure{
	verb:  "Prepare",
	there: func(vm *hyperv.VM, _ *arguments) bool { return prepared(vm) },
	refuse: func(_ *Machine, vm *hyperv.VM, _ *arguments) *hyperv.Error {
		switch {
		case vm.Replication.Mode != hyperv.ModePrimary:
			return wrongState(vm, "only a primary can be prepared for failover")
		case vm.Replication.State != hyperv.StateReplicating:
			return wrongState(vm, "only a replicating primary can be prepared for failover")
		case vm.Power != hyperv.PowerOff:
			return wrongState(vm, "a VM must be off to be prepared for failover")
		}
		return nil
	},
	acts: []act{{cmdlet: "Start-VMFailover -Prepare", do: func(m *Machine, c *vmCopy, _ *arguments) outcome { return m.prepare(c) }}},
}

var verbFailOver = &ensure{
	verb:  "FailOver",
	there: func(vm *hyperv.VM, _ *arguments) bool { return failedOver(vm) },
	refuse: func(_ *Machine, vm *hyperv.VM, a *arguments) *hyperv.Error {
		return failoverRefused(vm, a.point, hyperv.StateReplicating, hyperv.StateSuspended, hyperv.StateResynchronizing, hyperv.StateWaitingForUpdate)
	},
	acts: []act{{
		cmdlet: "Start-VMFailover",
		do:     func(m *Machine, c *vmCopy, a *arguments) outcome { return m.failOver(c, a.point) },
		failed: pointGone,
	}},
}

var verbReverse = &ensure{
	verb: "Reverse",
	there: func(vm *hyperv.VM, a *arguments) bool {
		return vm.Replication.Mode == hyperv.ModePrimary &&
			(a.target.Server == "" || sameServer(a.target.Server, vm.Replication.ReplicaServer))
	},
	refuse: func(_ *Machine, vm *hyperv.VM, _ *arguments) *hyperv.Error {
		switch {
		case vm.Replication.Mode == hyperv.ModePrimary:
			return wrongState(vm, "it is a primary already, of another replica server: "+vm.Replication.ReplicaServer)
		case !failedOver(vm):
			return wrongState(vm, "only a failed-over replica can reverse replication")
		case vm.Extended != nil:
			return wrongState(vm, "its extended replication must be removed first")
		}
		return nil
	},
	acts: []act{{
		cmdlet: "Set-VMReplication -Reverse",
		do: func(m *Machine, c *vmCopy, a *arguments) outcome {
			return m.reverse(c, SetVMReplicationOptions{Reverse: true, ReplicaServerName: a.target.Server, ReplicaServerPort: a.target.Port,
				AuthenticationType: string(a.target.Authentication), CertificateThumbprint: a.target.CertificateThumbprint})
		},
	}},
}

var verbComplete = &ensure{
	verb: "Complete",
	there: func(vm *hyperv.VM, _ *arguments) bool {
		return replica(vm) && vm.Replication.State == hyperv.StateFailedOver
	},
	refuse: func(_ *Machine, vm *hyperv.VM, _ *arguments) *hyperv.Error {
		if !failedOver(vm) {
			return wrongState(vm, "only a failed-over replica can be completed")
		}
		return nil
	},
	acts: []act{{cmdlet: "Complete-VMFailover", do: func(m *Machine, c *vmCopy, _ *arguments) outcome { return m.completeFailover(c) }}},
}

var verbCancelFailover = &ensure{
	verb: "CancelFailover",
	there: func(vm *hyperv.VM, _ *arguments) bool {
		switch vm.Replication.Mode {
		case hyperv.ModePrimary, hyperv.ModeReplica, hyperv.ModeExtendedReplica:
			return !failedOver(vm) && !prepared(vm) && vm.Replication.State != hyperv.StateRecoveryInProgress
		}
		return false
	},
	refuse: func(_ *Machine, vm *hyperv.VM, _ *arguments) *hyperv.Error {
		switch {
		case vm.Replication.Mode == hyperv.ModeNone, vm.Replication.Mode == hyperv.ModeTestReplica:
			return wrongState(vm, "it is not replicated")
		case vm.TestVM != nil:
			return &hyperv.Error{Class: hyperv.ClassRefuse, Code: hyperv.CodeTestVMPresent,
				Message: "its test VM " + vm.TestVM.Name + " is in the way: remove it first"}
		case vm.Replication.State == hyperv.StateFailedOver:
			return wrongState(vm, "a completed failover cannot be cancelled")
		case vm.Power != hyperv.PowerOff:
			return wrongState(vm, "it must be stopped before its failover is cancelled")
		}
		return nil
	},
	acts: []act{{cmdlet: "Stop-VMFailover", do: func(m *Machine, c *vmCopy, _ *arguments) outcome { return m.stopFailover(c) }}},
}

var verbSetAutoStart = &ensure{
	verb:  "SetAutoStart",
	there: func(vm *hyperv.VM, a *arguments) bool { return vm.AutoStart == a.autoStart },
	refuse: func(_ *Machine, _ *hyperv.VM, a *arguments) *hyperv.Error {
		if !validStartAction(a.autoStart) {
			return &hyperv.Error{Class: hyperv.ClassRefuse, Code: idInvalidParameter,
				Message: fmt.Sprintf("automatic start action %q: it is Nothing, StartIfRunning or Start", a.autoStart)}
		}
		return nil
	},
	acts: []act{{cmdlet: "Set-VM", do: func(m *Machine, c *vmCopy, a *arguments) outcome {
		return m.setVM(c, SetVMOptions{AutomaticStartAction: &a.autoStart})
	}}},
}

var verbBecomeReplica = &ensure{
	verb: "BecomeReplica",
	there: func(vm *hyperv.VM, _ *arguments) bool {
		return vm.Replication.Mode == hyperv.ModeReplica && !failedOver(vm)
	},
	refuse: func(_ *Machine, vm *hyperv.VM, _ *arguments) *hyperv.Error {
		switch {
		case vm.Replication.Mode != hyperv.ModePrimary:
			return wrongState(vm, "only an old primary can become a replica")
		case vm.Power != hyperv.PowerOff && vm.Power != hyperv.PowerSaved:
			return wrongState(vm, "it must be off to become a replica")
		}
		return nil
	},
	acts: []act{
		{
			cmdlet: "Remove-VMSavedState",
			when:   func(c *vmCopy, _ *arguments) bool { return c.power == hyperv.PowerSaved },
			do:     func(m *Machine, c *vmCopy, _ *arguments) outcome { return m.removeSavedState(c) },
		},
		{cmdlet: "Set-VMReplication -AsReplica", do: func(m *Machine, c *vmCopy, _ *arguments) outcome {
			return m.asReplica(c, SetVMReplicationOptions{AsReplica: true, AllowedPrimaryServer: m.entryFor(c.rel.replicaServer)})
		}},
	},
}

// failoverRefused tells why a replica cannot be failed over, or tested, from a
// point, given the states it can be in.
func failoverRefused(vm *hyperv.VM, point hyperv.RecoveryPointID, states ...hyperv.ReplicationState) *hyperv.Error {
	switch {
	case !replica(vm):
		return wrongState(vm, "only a replica can be failed over")
	case vm.Replication.State == hyperv.StateRecoveryInProgress:
		return inProgress("a failover is in progress")
	case !slices.Contains(states, vm.Replication.State):
		return wrongState(vm, "its replication is not in a state to fail over from")
	case vm.Replication.LastReplication.IsZero():
		return wrongState(vm, "it has never received anything")
	case vm.Power != hyperv.PowerOff:
		return wrongState(vm, "a replica must be off to be failed over")
	case point != "" && !slices.ContainsFunc(vm.RecoveryPoints, func(p hyperv.RecoveryPoint) bool { return p.ID == point }):
		return noSuchPoint(point)
	}
	return nil
}

func noSuchPoint(point hyperv.RecoveryPointID) *hyperv.Error {
	return &hyperv.Error{Class: hyperv.ClassRefuse, Code: hyperv.CodeNoSuchRecoveryPoint,
		Message: "the replica has no recovery point " + string(point) + " (any more)"}
}

// pointGone recognizes that the point vanished between reading and acting.
func pointGone(err *CmdletError, a *arguments) *hyperv.Error {
	if err.ID == idInvalidParameter && a.point != "" && err.Target == string(a.point) {
		return noSuchPoint(a.point)
	}
	return classify(err)
}

func replica(vm *hyperv.VM) bool {
	return vm.Replication.Mode == hyperv.ModeReplica || vm.Replication.Mode == hyperv.ModeExtendedReplica
}

func failedOver(vm *hyperv.VM) bool {
	s := vm.Replication.State
	return replica(vm) && (s == hyperv.StateFailedOverWaitingCompletion || s == hyperv.StateFailedOver)
}

func prepared(vm *hyperv.VM) bool {
	return vm.Replication.Mode == hyperv.ModePrimary && vm.Replication.State == hyperv.StatePreparedForFailover
}

// wrongState refuses and says what the VM is.
func wrongState(vm *hyperv.VM, why string) *hyperv.Error {
	return &hyperv.Error{Class: hyperv.ClassRefuse, Code: hyperv.CodeWrongState,
		Message: fmt.Sprintf("%s; it is %s/%s and %s", why, vm.Replication.Mode, vm.Replication.State, vm.Power)}
}

// inTransition asks for another try later when the VM is in none of the power
// states a verb can start from: it is on its way to another.
func inTransition(vm *hyperv.VM, from ...hyperv.PowerState) *hyperv.Error {
	if slices.Contains(from, vm.Power) {
		return nil
	}
	return inProgress("its power state is " + string(vm.Power))
}

func inProgress(why string) *hyperv.Error {
	return &hyperv.Error{Class: hyperv.ClassRetry, Code: idObjectInUse, Category: catResourceBusy, Message: why}
}
