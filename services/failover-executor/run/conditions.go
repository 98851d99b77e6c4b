package run

import (
	"fmt"
	"slices"

	"lifeboat.io/events"
	"lifeboat.io/pkg/hyperv"
)

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
		return fmt.Sprintf("the VM is %s, not Replica", roleHere(vm))
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
func lives(vm hyperv.VM) bool { return vm.Present && livesIn(vm.Power) }

// livesIn reports whether a VM in this state runs or may write.
func livesIn(power hyperv.PowerState) bool {
	return power != hyperv.PowerOff && power != hyperv.PowerSaved
}

func replicaMayStart(s scene) string {
	switch {
	case s.own.Replication.Mode != hyperv.ModePrimary && !failedOver(s.own):
		return fmt.Sprintf("the VM is %s and %s here: not failed over", s.own.Replication.Mode, s.own.Replication.State)
	case !s.primary.answers() && s.run.Kind == events.KindUnplanned && !s.vouched:
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

// roleHere is a VM's role on a host, in words.
func roleHere(vm hyperv.VM) string {
	if vm.Replication.Mode == hyperv.ModeNone {
		return "not replicated here any more"
	}
	return string(vm.Replication.Mode) + " here"
}

func mustBePrimary(s scene) string {
	if !s.own.Present {
		return "the host has no VM with this id"
	}
	if s.own.Replication.Mode != hyperv.ModePrimary {
		return fmt.Sprintf("the VM is %s, not Primary", roleHere(s.own))
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
		return fmt.Sprintf("the VM is %s, not Replica", roleHere(s.own))
	case !failedOver(s.own):
		return fmt.Sprintf("replication is %s, not failed over", s.own.Replication.State)
	case s.own.Extended != nil:
		return "the replica has an extended replica; reversing would cut it off"
	}
	return ""
}

// replicaCanComplete: completing merges the recovery points away. When nobody has
// asked for it but a deadline, a VM that does not run has not shown that it will
// not need them.
func replicaCanComplete(s scene) string {
	switch {
	case s.own.Replication.State != hyperv.StateFailedOverWaitingCompletion:
		return fmt.Sprintf("replication is %s, not FailedOverWaitingCompletion", s.own.Replication.State)
	case s.run.openedByDeadline && !lives(s.own):
		return fmt.Sprintf("the window has ended with the VM %s, and completing gives up every other recovery point", s.own.Power)
	default:
		return ""
	}
}

func replicaCanBeUndone(s scene) string {
	if s.own.Replication.Mode != hyperv.ModeReplica {
		return fmt.Sprintf("the VM is %s, not Replica: it is not ours to stop", roleHere(s.own))
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
// swapped, both replicating, and something sent since before the reversal. The
// reading after it is no measure: the first changes may be across by then, and
// the next ones a whole replication interval away.
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
	if !ok {
		return true
	}
	from := reversed.Before
	if from == nil || from.HostTime == nil {
		from = reversed.After
	}
	if from == nil || from.Replication == nil || from.HostTime == nil {
		return true
	}
	since := *from.HostTime
	return now.Replication.LastReplication.After(since)
}
