package hypersim

import "lifeboat.io/pkg/hyperv"

// wmiState is Msvm_ReplicationRelationship.ReplicationState. It is what a
// relationship is stored as; the names PowerShell shows are computed from it.
type wmiState uint8

const (
	wmiDisabled      wmiState = 0
	wmiReady         wmiState = 1
	wmiWaitingIR     wmiState = 2
	wmiReplicating   wmiState = 3
	wmiPrepared      wmiState = 4
	wmiRecovered     wmiState = 5
	wmiCommitted     wmiState = 6
	wmiSuspended     wmiState = 7
	wmiCritical      wmiState = 8
	wmiWaitingResync wmiState = 9
	wmiResyncing     wmiState = 10
	wmiResyncPaused  wmiState = 11
	wmiFailoverRuns  wmiState = 12
	wmiUpdating      wmiState = 15
	wmiUpdateError   wmiState = 16
)

// shown is one row of the table that turns a WMI state into PowerShell's, by
// who looks: a primary, a replica of either kind, or a replica at its extended
// relationship.
type shown struct{ primary, replica, extended hyperv.ReplicationState }

// shownStates has every state a relationship can be in here. States that
// belong to groups, to repurposing and to failback on other providers do not
// occur and are shown as Disabled.
var shownStates = [...]shown{
	wmiDisabled:      {hyperv.StateDisabled, hyperv.StateDisabled, hyperv.StateDisabled},
	wmiReady:         {hyperv.StateReadyForInitialReplication, hyperv.StateDisabled, hyperv.StateReadyForInitialReplication},
	wmiWaitingIR:     {hyperv.StateInitialInProgress, hyperv.StateWaitingForInitial, hyperv.StateInitialInProgress},
	wmiReplicating:   {hyperv.StateReplicating, hyperv.StateReplicating, hyperv.StateReplicating},
	wmiPrepared:      {hyperv.StatePreparedForFailover, hyperv.StateDisabled, hyperv.StateDisabled},
	wmiRecovered:     {hyperv.StateDisabled, hyperv.StateFailedOverWaitingCompletion, hyperv.StateFailedOverWaitingCompletion},
	wmiCommitted:     {hyperv.StateDisabled, hyperv.StateFailedOver, hyperv.StateFailedOver},
	wmiSuspended:     {hyperv.StateSuspended, hyperv.StateSuspended, hyperv.StateSuspended},
	wmiCritical:      {hyperv.StateError, hyperv.StateError, hyperv.StateError},
	wmiWaitingResync: {hyperv.StateWaitingForStartResync, hyperv.StateDisabled, hyperv.StateWaitingForStartResync},
	wmiResyncing:     {hyperv.StateResynchronizing, hyperv.StateResynchronizing, hyperv.StateResynchronizing},
	wmiResyncPaused:  {hyperv.StateResynchronizeSuspended, hyperv.StateResynchronizeSuspended, hyperv.StateResynchronizeSuspended},
	wmiFailoverRuns:  {hyperv.StateRecoveryInProgress, hyperv.StateRecoveryInProgress, hyperv.StateRecoveryInProgress},
	13:               {hyperv.StateDisabled, hyperv.StateFailbackInProgress, hyperv.StateFailbackInProgress},
	14:               {hyperv.StateDisabled, hyperv.StateFailbackComplete, hyperv.StateFailbackComplete},
	wmiUpdating:      {hyperv.StateWaitingForUpdate, hyperv.StateWaitingForUpdate, hyperv.StateWaitingForUpdate},
	wmiUpdateError:   {hyperv.StateUpdateError, hyperv.StateUpdateError, hyperv.StateUpdateError},
}

// state is the relationship's state as Get-VMReplication names it. It is
// computed, never stored.
func (r *relation) state() hyperv.ReplicationState {
	if int(r.wmi) >= len(shownStates) {
		return hyperv.StateDisabled
	}
	row := &shownStates[r.wmi]
	switch {
	case r.extended:
		return row.extended
	case r.vm.mode == hyperv.ModePrimary:
		return row.primary
	}
	return row.replica
}

// in tells whether the relationship is in one of the states.
func (r *relation) in(states ...wmiState) bool {
	for _, s := range states {
		if r.wmi == s {
			return true
		}
	}
	return false
}
