package events

import "time"

// Reading is what was read of one VM on one host in one look: the evidence in
// every step. Names of states are Hyper-V's own, in English whatever the
// host's language.
type Reading struct {
	// Host is the host by inventory name.
	Host string `json:"host"`
	// ReadAt is when, by lifeboat's clock.
	ReadAt time.Time `json:"readAt"`
	// HostTime is the host's own clock in the same look. LastReplication is to be compared with this.
	HostTime *time.Time `json:"hostTime,omitempty"`
	// Fault says why nothing could be read; all below is absent then.
	Fault *Fault `json:"fault,omitempty"`
	// Absent tells that the host has no VM with this id.
	Absent bool `json:"absent,omitempty"`
	// Power is the VM's state, such as "Running" or "Off".
	Power string `json:"power,omitempty"`
	// Heartbeat is the guest's heartbeat, such as "OkApplicationsHealthy".
	Heartbeat string `json:"heartbeat,omitempty"`
	// AutoStart is the automatic start action: "Nothing", "StartIfRunning" or "Start".
	AutoStart string `json:"autoStart,omitempty"`
	// Replication is the VM's own relationship.
	Replication *ReplicationReading `json:"replication,omitempty"`
	// Extended is the relationship to the third site, on a replica that has one.
	Extended *ReplicationReading `json:"extended,omitempty"`
	// TestVM is the test VM of this replica, when there is one.
	TestVM *TestVMReading `json:"testVm,omitempty"`
	// RecoveryPoints counts the recovery points of this replica; absent when there are none, on a primary, and in a reading that left them out: those that a test or an unplanned failover is planned on have them, those of the steps do not.
	RecoveryPoints int `json:"recoveryPoints,omitempty"`
}

// ReplicationReading is one replication relationship as its host reports it.
type ReplicationReading struct {
	// Mode is the VM's role: "Primary", "Replica", "TestReplica" or "ExtendedReplica".
	Mode string `json:"mode"`
	// State is the replication state, such as "Replicating".
	State string `json:"state"`
	// Health is "Normal", "Warning", "Critical" or "NotApplicable".
	Health string `json:"health"`
	// FrequencySeconds is the replication frequency: 30, 300 or 900.
	FrequencySeconds int `json:"frequencySeconds,omitempty"`
	// LastReplication is when changes were last replicated, by this host's clock.
	LastReplication *time.Time `json:"lastReplication,omitempty"`
	// PrimaryServer is the primary as this host knows it.
	PrimaryServer string `json:"primaryServer,omitempty"`
	// ReplicaServer is the replica server as this host knows it.
	ReplicaServer string `json:"replicaServer,omitempty"`
}

// TestVMReading is a test VM as its host reports it.
type TestVMReading struct {
	// ID is the test VM's own VMId.
	ID string `json:"id"`
	// Name is its name.
	Name string `json:"name"`
	// Power is its state.
	Power string `json:"power"`
	// Heartbeat is its guest's heartbeat.
	Heartbeat string `json:"heartbeat,omitempty"`
}
