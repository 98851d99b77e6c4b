package events

// Step names one effect of a run on one host. Steps are ensures: each can tell
// whether it has already happened.
type Step string

const (
	// StepSetTestNetwork sets the test switch on each network adapter of the replica VM.
	StepSetTestNetwork Step = "SetTestNetwork"
	// StepStartTestFailover creates the test VM from the replica.
	StepStartTestFailover Step = "StartTestFailover"
	// StepStartTestVM powers the test VM on.
	StepStartTestVM Step = "StartTestVM"
	// StepAwaitTestHeartbeat waits until the test VM's guest answers.
	StepAwaitTestHeartbeat Step = "AwaitTestHeartbeat"
	// StepStopTestFailover removes the test VM.
	StepStopTestFailover Step = "StopTestFailover"
	// StepVerifyUntouched reads that primary and replication went on as if no test had been.
	StepVerifyUntouched Step = "VerifyUntouched"

	// StepShutDownPrimary shuts the primary's guest down, by force after its grace.
	StepShutDownPrimary Step = "ShutDownPrimary"
	// StepPreparePrimary sends the last delta and locks the primary against starting.
	StepPreparePrimary Step = "PreparePrimary"
	// StepFailOverReplica makes the replica startable on the chosen recovery point.
	StepFailOverReplica Step = "FailOverReplica"
	// StepReverseReplication makes the replica primary and the primary its replica.
	StepReverseReplication Step = "ReverseReplication"
	// StepStartReplica powers the replica VM on.
	StepStartReplica Step = "StartReplica"
	// StepAwaitHeartbeat waits until the replica VM's guest answers.
	StepAwaitHeartbeat Step = "AwaitHeartbeat"
	// StepVerifyReplication waits until changes flow back to the old primary.
	StepVerifyReplication Step = "VerifyReplication"
	// StepRestoreAutoStart gives the VM on its new host the automatic start action it had on the old one.
	StepRestoreAutoStart Step = "RestoreAutoStart"

	// StepFencePrimary turns automatic start off on the primary, so that it stays down when its host restarts.
	StepFencePrimary Step = "FencePrimary"
	// StepCompleteFailover removes the recovery points; cannot be undone.
	StepCompleteFailover Step = "CompleteFailover"

	// StepStopReplica powers the replica VM off before its failover is undone.
	StepStopReplica Step = "StopReplica"
	// StepCancelFailover undoes the failover on the replica; what it wrote is discarded.
	StepCancelFailover Step = "CancelFailover"
	// StepCancelPrepare unlocks the primary again.
	StepCancelPrepare Step = "CancelPrepare"
	// StepUnfencePrimary gives the primary its automatic start action back.
	StepUnfencePrimary Step = "UnfencePrimary"
	// StepStartPrimary powers the primary on again.
	StepStartPrimary Step = "StartPrimary"

	// StepPowerOffOldPrimary powers an old primary off that came back running.
	StepPowerOffOldPrimary Step = "PowerOffOldPrimary"
	// StepBecomeReplica turns an old primary into a replica.
	StepBecomeReplica Step = "BecomeReplica"
)

// Values implements Enum.
func (Step) Values() []Value {
	return []Value{
		{string(StepSetTestNetwork), "Set the test switch on each network adapter of the replica VM."},
		{string(StepStartTestFailover), "Create the test VM from the replica."},
		{string(StepStartTestVM), "Power the test VM on."},
		{string(StepAwaitTestHeartbeat), "Wait until the test VM's guest answers."},
		{string(StepStopTestFailover), "Remove the test VM."},
		{string(StepVerifyUntouched), "Read that primary and replication went on as if no test had been."},
		{string(StepShutDownPrimary), "Shut the primary's guest down, by force after its grace."},
		{string(StepPreparePrimary), "Send the last delta and lock the primary against starting."},
		{string(StepFailOverReplica), "Make the replica startable on the chosen recovery point."},
		{string(StepReverseReplication), "Make the replica primary and the primary its replica."},
		{string(StepStartReplica), "Power the replica VM on."},
		{string(StepAwaitHeartbeat), "Wait until the replica VM's guest answers."},
		{string(StepVerifyReplication), "Wait until changes flow back to the old primary."},
		{string(StepRestoreAutoStart), "Give the VM on its new host the automatic start action it had on the old one."},
		{string(StepFencePrimary), "Turn automatic start off on the primary, so that it stays down when its host restarts."},
		{string(StepCompleteFailover), "Remove the recovery points; cannot be undone."},
		{string(StepStopReplica), "Power the replica VM off before its failover is undone."},
		{string(StepCancelFailover), "Undo the failover on the replica; what it wrote is discarded."},
		{string(StepCancelPrepare), "Unlock the primary again."},
		{string(StepUnfencePrimary), "Give the primary its automatic start action back."},
		{string(StepStartPrimary), "Power the primary on again."},
		{string(StepPowerOffOldPrimary), "Power off an old primary that came back running."},
		{string(StepBecomeReplica), "Turn an old primary into a replica."},
	}
}
