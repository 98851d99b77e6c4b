package hyperv

import (
	"context"
	"time"
)

// Host is one Hyper-V host. Every call is carried out on that host and
// concerns only what is on it; no call makes the host talk to another one on
// lifeboat's behalf, except as Hyper-V Replica itself does.
//
// Every call is bounded by its context. A call that was cut off after the
// request left returns an Error of ClassUnknown: the effect may have happened,
// and Read tells. A verb whose context carries BeginBy is not begun on the host
// after that time, so that a request held up on its way dies there; a call that
// could not be sent in time fails with ClassRetry and CodeTooLate.
//
// Implementations are safe for concurrent use.
type Host interface {
	// Name is the host's name in the inventory.
	Name() string

	// Info reads what the host is and what its clock says.
	Info(ctx context.Context) (HostInfo, error)

	// FindVM resolves a VM's name, compared exactly and case-sensitively, to
	// its VMId. It is for setting up; everything else goes by id.
	// Errors: CodeVMNotFound (refuse), CodeVMAmbiguous (refuse) with the ids.
	FindVM(ctx context.Context, name string) (VMID, error)

	// ListVMs reads id, name, power and replication mode of every VM, test VMs
	// included.
	ListVMs(ctx context.Context) ([]VMSummary, error)

	// Read reads everything lifeboat wants to know of a VM in one look. A VM
	// that is not there is no error: VM.Present is false.
	Read(ctx context.Context, id VMID) (VM, error)

	// ReadState reads what failovers change and wait for: everything Read does
	// but VM.Adapters, VM.RecoveryPoints and TestVM.Adapters, which stay nil. On
	// a replica it costs the host half as many cmdlets.
	ReadState(ctx context.Context, id VMID) (VM, error)

	// Stop brings a VM to power state Off: by shutting the guest down, and by
	// turning the VM off when that takes longer than o.Grace. Saved and paused
	// VMs are turned off, which loses their saved memory.
	Stop(ctx context.Context, id VMID, o StopOptions) (Change, error)

	// Start brings a VM to power state Running. Hyper-V refuses it on a
	// replica that is not failed over and on a primary prepared for failover.
	Start(ctx context.Context, id VMID) (Change, error)

	// SetTestNetwork sets the switch that each adapter of the test VM will be
	// connected to. Adapters not named become disconnected in the test VM.
	SetTestNetwork(ctx context.Context, id VMID, switches []AdapterSwitch) (Change, error)

	// StartTestFailover creates the test VM of a replica, powered off, from
	// the latest data or from the recovery point named.
	StartTestFailover(ctx context.Context, id VMID, point RecoveryPointID) (Change, error)

	// StopTestFailover turns the test VM off and removes it.
	StopTestFailover(ctx context.Context, id VMID) (Change, error)

	// Prepare prepares a planned failover on the primary, which must be Off:
	// the last delta is sent, and the VM cannot be started any more.
	Prepare(ctx context.Context, id VMID) (Change, error)

	// FailOver makes a replica startable on its latest data or on the recovery
	// point named. It does not start it.
	FailOver(ctx context.Context, id VMID, point RecoveryPointID) (Change, error)

	// Reverse makes a failed-over replica the primary, replicating to target.
	Reverse(ctx context.Context, id VMID, target ReplicaServer) (Change, error)

	// Complete completes a failover: recovery points are removed, and it can
	// no longer be cancelled.
	Complete(ctx context.Context, id VMID) (Change, error)

	// CancelFailover takes back a failover that is not complete, on the
	// replica, or a preparation, on the primary. A running replica must be
	// stopped first. It never removes a test VM: with one present it refuses.
	CancelFailover(ctx context.Context, id VMID) (Change, error)

	// SetAutoStart sets the automatic start action.
	SetAutoStart(ctx context.Context, id VMID, action StartAction) (Change, error)

	// BecomeReplica turns an old primary, which must be Off, into a replica
	// that waits for its new primary. A saved state is dropped first.
	BecomeReplica(ctx context.Context, id VMID) (Change, error)

	// Close releases what the implementation holds on the host, such as remote
	// shells. No call may follow.
	Close(ctx context.Context) error
}

// VMID is a VMId GUID in lower case without braces. The replica VM has the
// same id as its primary; a test VM has its own.
type VMID string

// RecoveryPointID is the GUID of a recovery point; empty means latest.
type RecoveryPointID string

// StopOptions say how a VM is stopped.
type StopOptions struct {
	// Grace is how long the guest may take to shut down. Zero turns the VM off at once.
	Grace time.Duration
	// Force turns the VM off when Grace is over. Without it a guest that will
	// not shut down is an Error of ClassHold with CodeGuestWontStop.
	Force bool
}

// AdapterSwitch connects a network adapter, by name, to a virtual switch. An
// empty switch disconnects it.
type AdapterSwitch struct {
	Adapter string `json:"adapter"`
	Switch  string `json:"switch"`
}

// ReplicaServer is where a primary replicates to.
type ReplicaServer struct {
	// Server is the DNS name of the receiving host or of its replica broker. Empty keeps what the relationship has stored.
	Server string `json:"server"`
	// Port is its listening port; 0 keeps what is stored.
	Port int `json:"port"`
	// Authentication is Kerberos or Certificate; empty keeps what is stored.
	Authentication Authentication `json:"authentication"`
	// CertificateThumbprint is the sending host's own certificate, needed with Certificate.
	CertificateThumbprint string `json:"certificateThumbprint"`
}

// Change is what an ensure found, did and left. The VM is read as Read does by
// SetTestNetwork, and as ReadState does by every other verb.
type Change struct {
	// Acted tells whether this call caused the effect. False with After as Before
	// means that it was there already; false otherwise that the host's cmdlet failed
	// and the effect is there nonetheless, whoever caused it.
	Acted bool
	// Before is the VM as read before.
	Before VM
	// After is the VM as read after.
	After VM
}
