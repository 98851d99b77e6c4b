package hyperv

// PowerState is Get-VM's State, by name. The numbers differ between Windows
// versions and are never used.
type PowerState string

// Power states lifeboat decides on. A host may report others; they are passed
// on as they are and treated as neither on nor off.
const (
	PowerRunning  PowerState = "Running"
	PowerOff      PowerState = "Off"
	PowerStopping PowerState = "Stopping"
	PowerStarting PowerState = "Starting"
	PowerSaved    PowerState = "Saved"
	PowerPaused   PowerState = "Paused"
)

// Heartbeat is VMHeartbeatStatus.
type Heartbeat string

// Heartbeats as Hyper-V names them.
const (
	HeartbeatUnknown           Heartbeat = "Unknown"
	HeartbeatDisabled          Heartbeat = "Disabled"
	HeartbeatNoContact         Heartbeat = "NoContact"
	HeartbeatError             Heartbeat = "Error"
	HeartbeatLostCommunication Heartbeat = "LostCommunication"
	HeartbeatOkUnknown         Heartbeat = "OkApplicationsUnknown"
	HeartbeatOkHealthy         Heartbeat = "OkApplicationsHealthy"
	HeartbeatOkCritical        Heartbeat = "OkApplicationsCritical"
	HeartbeatPaused            Heartbeat = "Paused"
)

// Alive reports whether the guest is up: its heartbeat is Ok with healthy or
// unknown applications.
func (h Heartbeat) Alive() bool { return h == HeartbeatOkUnknown || h == HeartbeatOkHealthy }

// StartAction is the automatic start action.
type StartAction string

// Start actions as Hyper-V names them.
const (
	StartNothing   StartAction = "Nothing"
	StartIfRunning StartAction = "StartIfRunning"
	StartAlways    StartAction = "Start"
)

// Mode is VMReplicationMode: a VM's role.
type Mode string

// Modes as Hyper-V names them.
const (
	ModeNone            Mode = "None"
	ModePrimary         Mode = "Primary"
	ModeReplica         Mode = "Replica"
	ModeTestReplica     Mode = "TestReplica"
	ModeExtendedReplica Mode = "ExtendedReplica"
)

// ReplicationState is VMReplicationState, as Get-VMReplication names it.
type ReplicationState string

// Replication states as Get-VMReplication names them.
const (
	StateDisabled                    ReplicationState = "Disabled"
	StateReadyForInitialReplication  ReplicationState = "ReadyForInitialReplication"
	StateInitialInProgress           ReplicationState = "InitialReplicationInProgress"
	StateWaitingForInitial           ReplicationState = "WaitingForInitialReplication"
	StateReplicating                 ReplicationState = "Replicating"
	StatePreparedForFailover         ReplicationState = "PreparedForFailover"
	StateFailedOverWaitingCompletion ReplicationState = "FailedOverWaitingCompletion"
	StateFailedOver                  ReplicationState = "FailedOver"
	StateSuspended                   ReplicationState = "Suspended"
	StateError                       ReplicationState = "Error"
	StateWaitingForStartResync       ReplicationState = "WaitingForStartResynchronize"
	StateResynchronizing             ReplicationState = "Resynchronizing"
	StateResynchronizeSuspended      ReplicationState = "ResynchronizeSuspended"
	StateRecoveryInProgress          ReplicationState = "RecoveryInProgress"
	StateFailbackInProgress          ReplicationState = "FailbackInProgress"
	StateFailbackComplete            ReplicationState = "FailbackComplete"
	StateWaitingForUpdate            ReplicationState = "WaitingForUpdateCompletion"
	StateUpdateError                 ReplicationState = "UpdateError"
)

// Health is VMReplicationHealthState.
type Health string

// Healths as Hyper-V names them.
const (
	HealthNotApplicable Health = "NotApplicable"
	HealthNormal        Health = "Normal"
	HealthWarning       Health = "Warning"
	HealthCritical      Health = "Critical"
)

// ReplicationType is VMReplicationType.
type ReplicationType string

// Replication types as Hyper-V names them.
const (
	TypeNone                  ReplicationType = "None"
	TypeRegular               ReplicationType = "Regular"
	TypeApplicationConsistent ReplicationType = "ApplicationConsistent"
	TypePlanned               ReplicationType = "Planned"
)

// Authentication is how replication authenticates.
type Authentication string

// Authentications as Hyper-V names them.
const (
	AuthKerberos    Authentication = "Kerberos"
	AuthCertificate Authentication = "Certificate"
)
