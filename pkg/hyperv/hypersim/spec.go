package hypersim

import (
	"time"

	"lifeboat.io/pkg/hyperv"
)

// Spec describes a world as it is when time begins. It is plain data and reads
// well as JSON. What is left out gets a sensible default.
type Spec struct {
	// Start is the true time at the beginning; zero means 2030-01-07 09:00 UTC, a Monday.
	Start time.Time `json:"start,omitzero"`
	// Seed decides identifiers and the phases of replication.
	Seed uint64 `json:"seed,omitempty"`
	// Live lets calls wait until somebody else advances the world. Otherwise
	// each call carries time forward itself.
	Live bool `json:"live,omitempty"`
	// CallDeadline bounds the verbs of World.Host in simulated time; 0 means 10 minutes.
	CallDeadline Duration `json:"callDeadline,omitempty"`
	// JournalLimit is how many journal entries are kept; 0 means 100,000.
	JournalLimit int `json:"journalLimit,omitempty"`
	// JournalReads keeps cmdlets that only read in the journal, too.
	JournalReads bool `json:"journalReads,omitempty"`
	// Durations; nil means DefaultDurations.
	Durations *Durations `json:"durations,omitempty"`
	// Assumptions; nil means DefaultAssumptions.
	Assumptions *Assumptions `json:"assumptions,omitempty"`

	Hosts []HostSpec `json:"hosts"`
	Links []LinkSpec `json:"links,omitempty"`
	VMs   []VMSpec   `json:"vms,omitempty"`
}

// HostSpec is one host.
type HostSpec struct {
	// Name is its name in the inventory.
	Name string `json:"name"`
	// FQDN is its full name; empty means the name in hyperv.example.
	FQDN string `json:"fqdn,omitempty"`
	// Site is where it stands.
	Site string `json:"site,omitempty"`
	// Switches are its virtual switches; nil means "Production" and "Isolated".
	Switches []string `json:"switches,omitempty"`
	// Server is how it accepts replication; nil means from any server, by
	// Kerberos on port 80.
	Server *ReplicationServer `json:"server,omitempty"`
	// Entries admit primary servers when not any server is.
	Entries []AuthorizationEntry `json:"entries,omitempty"`
	// Certificates are in its machine store.
	Certificates []Certificate `json:"certificates,omitempty"`
	// Skew is how far its clock goes ahead of the true time.
	Skew Duration `json:"skew,omitempty"`
	// Module is the version of its Hyper-V module; empty means 2.0.0.0.
	Module string `json:"module,omitempty"`
	// PowerShell is its version; empty means 5.1.20348.2227.
	PowerShell string `json:"powerShell,omitempty"`
	// MissingCmdlets are cmdlets it does not know.
	MissingCmdlets []string `json:"missingCmdlets,omitempty"`
	// Volumes are its disks; nil means C: and D: with space.
	Volumes []Volume `json:"volumes,omitempty"`
	// Processors and Memory are its size; 0 means 16 and 128 GiB.
	Processors int   `json:"processors,omitempty"`
	Memory     int64 `json:"memory,omitempty"`
}

// LinkSpec is a link, in both directions unless OneWay.
type LinkSpec struct {
	From   string `json:"from"`
	To     string `json:"to"`
	OneWay bool   `json:"oneWay,omitempty"`
	Link
}

// VMSpec is one VM, with its replica when it has one. A replicated VM has been
// replicating for a day.
type VMSpec struct {
	// ID is its VMId; empty makes one.
	ID hyperv.VMID `json:"id,omitempty"`
	// Name is its name on every host.
	Name string `json:"name"`
	// Notes are its notes.
	Notes string `json:"notes,omitempty"`
	// Host is where it is, as primary if it is replicated.
	Host string `json:"host"`
	// Off leaves it off; otherwise it has been running for a day.
	Off bool `json:"off,omitempty"`
	// AutoStart is its automatic start action; empty means StartIfRunning.
	AutoStart hyperv.StartAction `json:"autoStart,omitempty"`
	// AutoStop is its automatic stop action; empty means Save.
	AutoStop StopAction `json:"autoStop,omitempty"`
	// AutoStartDelay is waited before an automatic start.
	AutoStartDelay Duration `json:"autoStartDelay,omitempty"`
	// Adapters are its network adapters; nil means one, "Network Adapter" on
	// the host's first switch. A replica's are disconnected.
	Adapters []AdapterSpec `json:"adapters,omitempty"`
	// Disks are its disks; nil means one of 40 GiB.
	Disks []DiskSpec `json:"disks,omitempty"`
	// Guest is how its operating system behaves.
	Guest Guest `json:"guest,omitzero"`
	// Config is the rest of its configuration.
	Config Config `json:"config,omitzero"`

	// Replica is the host it replicates to; empty means it is not replicated.
	Replica string `json:"replica,omitempty"`
	// Extended is the host the replica is extended to; empty means it is not.
	Extended string `json:"extended,omitempty"`
	// FrequencySec is 30, 300 or 900; 0 means 300. ExtendedFrequencySec is 300
	// or 900; 0 means 900.
	FrequencySec         int `json:"frequencySec,omitempty"`
	ExtendedFrequencySec int `json:"extendedFrequencySec,omitempty"`
	// RecoveryHistory is the number of hourly recovery points, all there already.
	RecoveryHistory int `json:"recoveryHistory,omitempty"`
	// VSSHours is how often one of them is application-consistent.
	VSSHours int `json:"vssHours,omitempty"`
	// AutoResync resynchronizes by itself between 18:30 and 06:00.
	AutoResync bool `json:"autoResync,omitempty"`
	// Authentication is Kerberos or Certificate; empty means Kerberos.
	Authentication string `json:"authentication,omitempty"`
	// CertificateThumbprint is the primary's certificate, with Certificate.
	CertificateThumbprint string `json:"certificateThumbprint,omitempty"`
}

// AdapterSpec is one network adapter.
type AdapterSpec struct {
	// Name is its name; adapters may share one.
	Name string `json:"name"`
	// Switch is what it is connected to; empty means nothing.
	Switch string `json:"switch,omitempty"`
	// ReplicaSwitch is what the replica's adapter is connected to.
	ReplicaSwitch string `json:"replicaSwitch,omitempty"`
	// TestSwitch is what the test VM's adapter will be connected to.
	TestSwitch string `json:"testSwitch,omitempty"`
}

// DiskSpec is one disk.
type DiskSpec struct {
	// Path is its file on the primary; empty makes one.
	Path string `json:"path,omitempty"`
	// Size is in bytes; 0 means 40 GiB.
	Size int64 `json:"size,omitempty"`
	// Shared marks a disk shared with other VMs, which cannot be replicated.
	Shared bool `json:"shared,omitempty"`
	// PassThrough is the number of a physical disk, which cannot be replicated.
	PassThrough *int `json:"passThrough,omitempty"`
	// Excluded is not replicated.
	Excluded bool `json:"excluded,omitempty"`
}

// Defaults of a Spec.
const (
	defaultCallDeadline = Duration(10 * time.Minute)
	defaultDomain       = "hyperv.example"
	defaultModule       = "2.0.0.0"
	defaultPowerShell   = "5.1.20348.2227"
	defaultProcessors   = 16
	defaultMemory       = 128 << 30
	defaultDiskSize     = 40 << 30
	defaultVolumeSize   = 2 << 40
	defaultStorage      = `D:\Replica`
	// history is for how long VMs have been running when time begins.
	history = 24 * time.Hour
)

var defaultStart = time.Date(2030, 1, 7, 9, 0, 0, 0, time.UTC)
