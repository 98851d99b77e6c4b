package hypertest

import (
	"testing"
	"time"

	"lifeboat.io/pkg/hyperv"
)

// Mark is what the name of a VM begins with that the suite may use.
const Mark = "lifeboat-test"

// Fixture gives the suite what it works on.
type Fixture struct {
	// Pair hands out a pair in its starting state, once for each case: the VM
	// runs on Primary with its guest up, both sides are Replicating, there is
	// no test VM. Where hosts are made for the purpose, each case gets new
	// ones, and they are Disposable. A fixture over real hosts hands out the
	// same pair again: the suite has brought it back after each case.
	Pair func(t *testing.T) *Pair
}

// Pair is two hosts with a VM that replicates from one to the other.
type Pair struct {
	// Primary and Replica are the two hosts. The suite does not close them.
	Primary, Replica hyperv.Host
	// VM is the VM, and VMName its name, which begins with Mark.
	VM     hyperv.VMID
	VMName string
	// ToPrimary and ToReplica are how each host is reached for replication by
	// the other.
	ToPrimary, ToReplica hyperv.ReplicaServer
	// Adapter is the name of one of the VM's adapters, no other has it;
	// TestSwitch is a switch on either host.
	Adapter, TestSwitch string
	// Pass lets about this much of the hosts' time pass.
	Pass func(d time.Duration)
	// Patience is how much of the hosts' time a change may take to be seen,
	// such as a guest's boot or the next replication cycle. Zero means 20 minutes.
	Patience time.Duration
	// Now is the clock of the process that calls; nil means time.Now.
	Now func() time.Time
	// Disposable tells that the VM need not be brought back.
	Disposable bool

	// What follows is optional: a nil field leaves out the cases that need it.

	// Writes counts the writes the VM's disks on a host hold.
	Writes func(t T, h hyperv.Host) int64
	// Resume resumes replication of the VM on a host where it is in Error.
	// Without it, cases that leave the primary there run on Disposable pairs only.
	Resume func(h hyperv.Host) error
	// Seed begins initial replication of the VM from a host where it is
	// ReadyForInitialReplication, onto the disks the other host has. Without it,
	// cases that complete a failover or make a replica of a primary run on
	// Disposable pairs only.
	Seed func(h hyperv.Host) error
	// Save saves the VM's state on a host.
	Save func(t T, h hyperv.Host)
	// NewVM makes another VM, off and not replicated, on a host, and returns
	// its id; false when the host will not have the name.
	NewVM func(t T, h hyperv.Host, name string) (hyperv.VMID, bool)
	// RenameAdapter gives Adapter another name on a host; false when the host
	// will not have it.
	RenameAdapter func(t T, h hyperv.Host, name string) bool
	// NewSwitch makes a virtual switch on a host; false when the host will not
	// have the name.
	NewSwitch func(t T, h hyperv.Host, name string) bool
	// Changing lists the cmdlets that have changed something on a host so far.
	Changing func(t T, h hyperv.Host) []string
	// Break makes the next call to a host go wrong; false when the fixture
	// cannot do this one. Mend makes everything work again.
	Break func(t T, h hyperv.Host, f Fault) bool
	Mend  func()
}

const defaultPatience = 20 * time.Minute

// checkPoll is how much of the hosts' time passes between two looks.
const checkPoll = 5 * time.Second

// now is the clock BeginBy is meant by.
func (p *Pair) now() time.Time {
	if p.Now != nil {
		return p.Now()
	}
	return time.Now()
}

// patience is how long a change may take to be seen.
func (p *Pair) patience() time.Duration {
	if p.Patience == 0 {
		return defaultPatience
	}
	return p.Patience
}
