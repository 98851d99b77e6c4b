package hyperv

import "time"

// HostInfo is what a host is.
type HostInfo struct {
	// ComputerName is the host's own NetBIOS or DNS host name.
	ComputerName string
	// FQDN is its fully qualified name.
	FQDN string
	// Clock is the host's clock when it answered, in UTC.
	Clock time.Time
	// PowerShell is the PowerShell version, such as "5.1.20348.2227".
	PowerShell string
	// Module is the Hyper-V module's version, such as "2.0.0.0".
	Module string
	// Cmdlets tells for each cmdlet lifeboat uses whether the host knows it.
	Cmdlets map[string]bool
	// ReplicaServer tells whether the host accepts replication.
	ReplicaServer bool
	// Switches are the names of its virtual switches.
	Switches []string
}

// VMSummary is one row of ListVMs.
type VMSummary struct {
	ID    VMID
	Name  string
	Power PowerState
	Mode  Mode
}

// VM is everything read of a VM in one look at one host.
type VM struct {
	// Present is false when the host has no VM with this id; everything else but HostTime is zero then.
	Present bool
	ID      VMID
	Name    string
	// HostTime is the host's clock in the same look, UTC. Times below are by the same clock.
	HostTime time.Time
	Power    PowerState
	// Heartbeat is the guest's integration service heartbeat.
	Heartbeat Heartbeat
	AutoStart StartAction
	// OperationalStatus is Hyper-V's list, such as "Ok" or "MergingDisks".
	OperationalStatus []string
	// Replication is the VM's own (Simple) relationship; Mode is None without one.
	Replication Replication
	// Extended is the relationship to a third site, which a replica may have as well.
	Extended *Replication
	// RecoveryPoints are a replica's points, oldest first; nil when not read.
	RecoveryPoints []RecoveryPoint
	// TestVM is the test VM made from this replica, when there is one.
	TestVM *TestVM
	// Adapters are the network adapters in order; nil when not read.
	Adapters []Adapter
}

// State is the VM as ReadState reads it.
func (v VM) State() VM {
	v.Adapters, v.RecoveryPoints = nil, nil
	if v.TestVM != nil {
		test := *v.TestVM
		test.Adapters = nil
		v.TestVM = &test
	}
	return v
}

// Replication is one replication relationship as one host sees it.
type Replication struct {
	Mode   Mode
	State  ReplicationState
	Health Health
	// Frequency is the replication frequency: 30 s, 5 min or 15 min.
	Frequency time.Duration
	// LastReplication is when changes were last sent or received; zero when never.
	LastReplication time.Time
	// LastApplied is when changes were last applied, on a replica; zero when never.
	LastApplied time.Time
	// FailedOver is what a failed-over replica was failed over from: None, Regular, ApplicationConsistent or Planned.
	FailedOver ReplicationType
	// PrimaryServer and ReplicaServer are the partners' names as this host stores them.
	PrimaryServer, ReplicaServer string
	// ReplicaPort is the receiving port.
	ReplicaPort int
	// Authentication is Kerberos or Certificate.
	Authentication Authentication
	// CertificateThumbprint is this side's certificate, with Certificate.
	CertificateThumbprint string
}

// RecoveryPoint is one point a replica can be failed over to.
type RecoveryPoint struct {
	ID   RecoveryPointID
	Name string
	// Time is when it was created, UTC.
	Time time.Time
	// Type is Replica, AppConsistentReplica or SyncedReplica.
	Type string
}

// TestVM is the duplicate a test failover made.
type TestVM struct {
	ID        VMID
	Name      string
	Power     PowerState
	Heartbeat Heartbeat
	Adapters  []Adapter
}

// Adapter is one network adapter of a VM.
type Adapter struct {
	Name string
	// Switch is the virtual switch it is connected to; empty when disconnected.
	Switch string
	// TestSwitch is the switch the test VM's adapter will get; empty when it stays disconnected.
	TestSwitch string
}
