package hypersim

import "encoding/json"

// Assumptions are the answers hypersim takes where no source tells what
// Hyper-V does. Each can be switched, so that a test can show that lifeboat
// does not depend on it. Start from DefaultAssumptions; JSON that leaves a
// field out keeps its default.
type Assumptions struct {
	// FailuresBeforeError is how many replication cycles in a row may fail for
	// a passing reason before the relationship falls into Error.
	FailuresBeforeError int `json:"failuresBeforeError"`
	// StampAtCut stamps LastReplicationTime with the moment the delta was cut
	// on the sender. Otherwise it is the moment the receiver had it all, by
	// which the data is older than the stamp says by the transfer's length.
	StampAtCut bool `json:"stampAtCut"`
	// ShutdownShowsStopping shows power state Stopping while the guest shuts
	// down. Otherwise the VM stays Running until the guest has powered off.
	ShutdownShowsStopping bool `json:"shutdownShowsStopping"`
	// StopFailoverTurnsOff lets Stop-VMFailover turn a running replica off by
	// itself, as its documentation says. Otherwise it refuses, as was observed.
	StopFailoverTurnsOff bool `json:"stopFailoverTurnsOff"`
	// MergeBlocks makes replication cmdlets fail with ObjectInUse while disks
	// of the VM merge. Start-VM and Stop-VM are allowed either way.
	MergeBlocks bool `json:"mergeBlocks"`
	// GracefulStopErrors leaves primaries in Error when their host is shut
	// down gracefully. Otherwise they go on replicating afterwards.
	GracefulStopErrors bool `json:"gracefulStopErrors"`
	// InterruptedFailoverStays leaves a replica in RecoveryInProgress when its
	// host dies in the middle of Start-VMFailover. Otherwise it is as before.
	InterruptedFailoverStays bool `json:"interruptedFailoverStays"`
	// ReverseWhileRunning lets Set-VMReplication -Reverse work on a running VM.
	ReverseWhileRunning bool `json:"reverseWhileRunning"`
	// PreparedHealth is the health of a primary prepared for failover.
	// Empty means Warning.
	PreparedHealth string `json:"preparedHealth,omitempty"`
	// CheckTestSwitch makes Set-VMNetworkAdapter refuse a TestReplicaSwitchName
	// the host has no switch for. Otherwise any name is stored, and the test
	// VM's adapter stays disconnected.
	CheckTestSwitch bool `json:"checkTestSwitch"`
}

// DefaultAssumptions are the answers taken unless a test says otherwise.
func DefaultAssumptions() Assumptions {
	return Assumptions{
		FailuresBeforeError:  3,
		StopFailoverTurnsOff: true,
		MergeBlocks:          true,
		GracefulStopErrors:   true,
		ReverseWhileRunning:  true,
	}
}

// UnmarshalJSON keeps the default of every field that is left out.
func (a *Assumptions) UnmarshalJSON(text []byte) error {
	type plain Assumptions
	p := plain(DefaultAssumptions())
	if err := json.Unmarshal(text, &p); err != nil {
		return err
	}
	*a = Assumptions(p)
	return nil
}
