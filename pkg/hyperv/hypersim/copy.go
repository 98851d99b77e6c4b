package hypersim

import (
	"lifeboat.io/pkg/hyperv"
)

// vmCopy is one VM on one host: a primary, its replica and a test VM are three
// copies. The copies of one VM share their VMId; a test VM has its own.
type vmCopy struct {
	m       *Machine
	id      hyperv.VMID
	life    *lineage // shared by all copies of the VM; a test VM belongs to the VM it was made from
	removed bool

	name      string
	notes     string
	config    Config
	autoStart hyperv.StartAction
	autoStop  StopAction
	autoDelay Duration
	adapters  []adapter
	disks     []disk
	guest     Guest

	power        hyperv.PowerState
	bootedFrom   instant // since when the guest runs or boots
	wasRunning   bool    // when the host's service stopped, for StartIfRunning
	stopping     []*job  // Stop-VM calls waiting for the guest
	shutdown     uint32  // turn of the guest shutdown under way
	shuttingDown bool
	op           *job // holds the operation lock
	merge        *job

	content      content // what the disks hold; up to writingSince while writing
	writing      bool
	writingSince instant
	forkNext     bool
	base         content // what the disks go back to when a failover is cancelled
	snapshots    []snapshot

	mode     hyperv.Mode
	rel      relation // Simple
	extended *relation
	points   []snapshot // recovery points, oldest first
	testVM   *vmCopy
	testOf   *vmCopy
}

func (c *vmCopy) isTest() bool { return c.testOf != nil }

// isReplica tells whether the copy receives, or did until it failed over.
func (c *vmCopy) isReplica() bool {
	return c.mode == hyperv.ModeReplica || c.mode == hyperv.ModeExtendedReplica
}

// failedOver tells whether a replica has been failed over.
func (c *vmCopy) failedOver() bool { return c.rel.in(wmiRecovered, wmiCommitted) }

// sender is the relationship the copy sends by, nil when it has none.
func (c *vmCopy) sender() *relation {
	switch {
	case c.mode == hyperv.ModePrimary:
		return &c.rel
	case c.mode == hyperv.ModeReplica && c.extended != nil:
		return c.extended
	}
	return nil
}

// setPower moves the copy to a power state, with what follows for its guest.
func (c *vmCopy) setPower(p hyperv.PowerState) {
	runs := p == hyperv.PowerRunning || p == hyperv.PowerStopping
	ran := c.power == hyperv.PowerRunning || c.power == hyperv.PowerStopping
	c.power = p
	switch {
	case runs && !ran:
		c.startWriting()
	case ran && !runs:
		c.shutdown++ // whatever the guest was doing, it no longer does
		c.shuttingDown = false
		c.stopWriting()
	}
	if p == hyperv.PowerOff {
		waiting := c.stopping
		c.stopping = nil
		for _, j := range waiting {
			j.fire(c.m.w, 0)
		}
	}
}

// powerUp makes the copy Running. A cold start boots the guest; resuming from
// a saved or paused state does not.
func (c *vmCopy) powerUp() {
	if c.power == hyperv.PowerOff || c.power == hyperv.PowerStarting {
		c.bootedFrom = c.m.w.now
	}
	c.setPower(hyperv.PowerRunning)
}

// startRefused tells why Start-VM is refused because of replication; empty
// when it is not.
func (c *vmCopy) startRefused() string {
	switch {
	case c.isReplica() && !c.failedOver():
		return "the virtual machine is a replica that is not failed over"
	case c.rel.wmi == wmiPrepared, c.extended != nil && c.extended.wmi == wmiPrepared:
		return "the virtual machine is prepared for failover"
	}
	return ""
}

// Config is the part of a VM's configuration that lifeboat compares, and that
// Hyper-V does not replicate once replication is enabled.
type Config struct {
	// Generation is 1 or 2; 0 means 2.
	Generation int `json:"generation,omitempty"`
	// Version is the configuration version; empty means "10.0".
	Version string `json:"version,omitempty"`
	// Processors is the number of virtual processors; 0 means 2.
	Processors int `json:"processors,omitempty"`
	// Memory is the startup memory in bytes; 0 means 4 GiB.
	Memory int64 `json:"memory,omitempty"`
}

func (c Config) withDefaults() Config {
	if c.Generation == 0 {
		c.Generation = 2
	}
	if c.Version == "" {
		c.Version = "10.0"
	}
	if c.Processors == 0 {
		c.Processors = 2
	}
	if c.Memory == 0 {
		c.Memory = 4 << 30
	}
	return c
}

// StopAction is the automatic stop action.
type StopAction string

// Stop actions as Hyper-V names them.
const (
	StopTurnOff  StopAction = "TurnOff"
	StopSave     StopAction = "Save"
	StopShutDown StopAction = "ShutDown"
)

// adapter is one network adapter.
type adapter struct {
	id         string
	name       string
	mac        string
	switchName string
	testSwitch string
	failoverIP FailoverIP
}

// disk is one virtual hard disk.
type disk struct {
	id         string
	path       string
	size       int64
	controller string
	number     int
	location   int
	replicated bool
	shared     bool
	passDisk   *int
	differsOf  string // parent path of a differencing disk
}

// snapshot is a checkpoint or recovery point: what the disks held.
type snapshot struct {
	id      hyperv.RecoveryPointID
	name    string
	at      instant
	kind    string // Standard, Replica, AppConsistentReplica or SyncedReplica
	parent  hyperv.RecoveryPointID
	content content
}

// Kinds of snapshot, as SnapshotType names them.
const (
	SnapshotStandard             = "Standard"
	SnapshotReplica              = "Replica"
	SnapshotAppConsistentReplica = "AppConsistentReplica"
	SnapshotSyncedReplica        = "SyncedReplica"
)
