package kit

import (
	"time"

	"lifeboat.io/pkg/hyperv"
)

// Report is everything a run saw and what follows from it.
type Report struct {
	// Began and Ended are by this machine's clock.
	Began time.Time `json:"began"`
	Ended time.Time `json:"ended"`
	// Outcome is how the run ended.
	Outcome Outcome `json:"outcome"`
	// Why says more when it did not end well.
	Why string `json:"why,omitempty"`
	// Hosts are the two hosts as they describe themselves.
	Hosts []HostReport `json:"hosts"`
	// Cases are all cases, VM by VM, in the order they ran.
	Cases []CaseReport `json:"cases"`
	// Differences are where the answers are not the lab's, one a line.
	Differences []string `json:"differences"`
	// Findings settle the assumptions, as far as this run can.
	Findings []Finding `json:"findings"`
	// LeftOver is what could not be brought back, one a line.
	LeftOver []string `json:"leftOver,omitempty"`

	// timeScale is the configuration's.
	timeScale float64
}

// Outcome is how a run ended.
type Outcome string

// Outcomes.
const (
	// Passed: every case passed or was left out for a reason given.
	Passed Outcome = "passed"
	// Failed: some case failed, or an assumption is contradicted.
	Failed Outcome = "failed"
	// Refused: nothing was changed, because something was not as it must be.
	Refused Outcome = "refused"
	// Interrupted: it was ended early, and everything was brought back.
	Interrupted Outcome = "interrupted"
	// LeftOver: something could not be brought back.
	LeftOver Outcome = "left-over"
)

// HostReport is a host.
type HostReport struct {
	Name      string `json:"name"`
	Address   string `json:"address"`
	Auth      string `json:"auth"`
	Transport string `json:"transport"`
	// Info is what the host says of itself.
	Info hyperv.HostInfo `json:"info"`
}

// CaseReport is one case on one VM.
type CaseReport struct {
	VM   string `json:"vm"`
	Name string `json:"name"`
	// Outcome is passed, failed or skipped.
	Outcome CaseOutcome `json:"outcome"`
	// Messages are what failed, or why it was skipped.
	Messages []string `json:"messages,omitempty"`
	// Millis is how long it took, bringing back included.
	Millis int64 `json:"millis"`
	// Calls are what was asked of the hosts.
	Calls []Call `json:"calls,omitempty"`
}

// CaseOutcome is how a case ended.
type CaseOutcome string

// Outcomes of a case.
const (
	CasePassed  CaseOutcome = "passed"
	CaseFailed  CaseOutcome = "failed"
	CaseSkipped CaseOutcome = "skipped"
)

// Side is a host as a VM's case sees it: the one it normally runs on, or the other.
type Side string

// Sides.
const (
	SidePrimary Side = "primary"
	SideReplica Side = "replica"
)

// Call is one question and its answer.
type Call struct {
	Host string `json:"host"`
	Side Side   `json:"side"`
	// Verb is a verb of hyperv.Host, or "ask" and a Question.
	Verb string `json:"verb"`
	// Arguments are its arguments, with names of this site replaced.
	Arguments string `json:"arguments,omitempty"`
	// CleanUp tells that it was made to bring the VM back.
	CleanUp bool      `json:"cleanUp,omitempty"`
	Began   time.Time `json:"began"`
	Millis  int64     `json:"millis"`
	// Changes tells that the verb may change something.
	Changes bool `json:"changes,omitempty"`
	// Acted tells that it did, as the host says.
	Acted bool `json:"acted,omitempty"`
	// Before and After are the VM as read before and after.
	Before *Reading `json:"before,omitempty"`
	After  *Reading `json:"after,omitempty"`
	// Error is why it failed.
	Error *CallError `json:"error,omitempty"`
}

// CallError is an error, word for word.
type CallError struct {
	// Class and Code are lifeboat's; see hyperv.Error.
	Class hyperv.Class `json:"class,omitempty"`
	Code  string       `json:"code,omitempty"`
	// FullyQualifiedErrorID is PowerShell's, whole, for questions; for verbs,
	// Code holds the part before the comma.
	FullyQualifiedErrorID string `json:"fullyQualifiedErrorId,omitempty"`
	Category              string `json:"category,omitempty"`
	Message               string `json:"message"`
	HResult               int64  `json:"hresult,omitempty"`
}

// Reading is what a report keeps of a VM that was read.
type Reading struct {
	Present           bool                    `json:"present"`
	HostTime          time.Time               `json:"hostTime"`
	Power             hyperv.PowerState       `json:"power,omitempty"`
	Heartbeat         hyperv.Heartbeat        `json:"heartbeat,omitempty"`
	AutoStart         hyperv.StartAction      `json:"autoStart,omitempty"`
	OperationalStatus []string                `json:"operationalStatus,omitempty"`
	Mode              hyperv.Mode             `json:"mode,omitempty"`
	State             hyperv.ReplicationState `json:"state,omitempty"`
	Health            hyperv.Health           `json:"health,omitempty"`
	FailedOver        hyperv.ReplicationType  `json:"failedOver,omitempty"`
	FrequencySec      int                     `json:"frequencySec,omitempty"`
	LastReplication   time.Time               `json:"lastReplication,omitzero"`
	LastApplied       time.Time               `json:"lastApplied,omitzero"`
	PrimaryServer     string                  `json:"primaryServer,omitempty"`
	ReplicaServer     string                  `json:"replicaServer,omitempty"`
	RecoveryPoints    int                     `json:"recoveryPoints,omitempty"`
	TestVM            hyperv.PowerState       `json:"testVM,omitempty"`
	Adapters          []hyperv.Adapter        `json:"adapters,omitempty"`
}

// reading is what is kept of a VM; nil for one that was not read.
func reading(vm hyperv.VM) *Reading {
	if vm.HostTime.IsZero() {
		return nil
	}
	r := &Reading{
		Present: vm.Present, HostTime: vm.HostTime, Power: vm.Power, Heartbeat: vm.Heartbeat, AutoStart: vm.AutoStart,
		OperationalStatus: vm.OperationalStatus, Mode: vm.Replication.Mode, State: vm.Replication.State, Health: vm.Replication.Health,
		FailedOver: vm.Replication.FailedOver, FrequencySec: int(vm.Replication.Frequency / time.Second), LastReplication: vm.Replication.LastReplication, LastApplied: vm.Replication.LastApplied,
		PrimaryServer: vm.Replication.PrimaryServer, ReplicaServer: vm.Replication.ReplicaServer,
		RecoveryPoints: len(vm.RecoveryPoints), Adapters: vm.Adapters,
	}
	if vm.TestVM != nil {
		r.TestVM = vm.TestVM.Power
	}
	return r
}
