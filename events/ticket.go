package events

import "time"

// Action is what a ticket asks for.
type Action string

const (
	// ActionTest asks for a test failover.
	ActionTest Action = "test"
	// ActionPlanned asks for a planned failover with reverse replication.
	ActionPlanned Action = "planned"
	// ActionUnplanned asks for an unplanned failover.
	ActionUnplanned Action = "unplanned"
	// ActionCleanup asks to end a test failover that is held open.
	ActionCleanup Action = "cleanup"
	// ActionCommit asks to complete an unplanned failover within its commit window.
	ActionCommit Action = "commit"
	// ActionCancel asks to withdraw a ticket or to undo a run.
	ActionCancel Action = "cancel"
	// ActionResume answers a held run.
	ActionResume Action = "resume"
)

// Values implements Enum.
func (Action) Values() []Value {
	return []Value{
		{string(ActionTest), "Start a duplicate of the VM from its replica on an isolated network; the primary and its replication go on untouched."},
		{string(ActionPlanned), "Shut the primary down, hand the last write over, run on the replica and replicate back; loses nothing."},
		{string(ActionUnplanned), "Run on the replica because the primary is lost; may lose what was not yet replicated."},
		{string(ActionCleanup), "End a test failover that is held open: the test VM is removed."},
		{string(ActionCommit), "Complete an unplanned failover before its commit window ends; cannot be undone."},
		{string(ActionCancel), "Withdraw a ticket that has not begun, or undo a run as far as Hyper-V can."},
		{string(ActionResume), "Answer a held run with one of its choices; the requester is the person who decided."},
	}
}

// Starts reports whether the action begins a run of its own, rather than
// steering one that exists.
func (a Action) Starts() bool {
	return a == ActionTest || a == ActionPlanned || a == ActionUnplanned
}

// Person is somebody who asks, decides or answers for something.
type Person struct {
	// Name is the person's full name.
	Name string `json:"name"`
	// Email identifies the person among an account's contacts; compared without regard to case.
	Email string `json:"email"`
}

// TicketRef points at one revision of one ticket.
type TicketRef struct {
	// System is the ticket system's name as written in the inventory, such as "desk".
	System string `json:"system"`
	// Ticket is the ticket's number in that system.
	Ticket string `json:"ticket"`
	// Revision numbers the ticket's versions, upwards from 1; 0 only in the refusal of a ticket that did not say. The same (system, ticket, revision) is one request however often it arrives.
	Revision int `json:"revision"`
}

// VMRef names a VM. Its identity is the id; the name is for people.
type VMRef struct {
	// ID is the VMId GUID in lower case without braces. The replica VM has the same id as the primary.
	ID string `json:"id,omitempty"`
	// Name is the VM's name. Names are not unique.
	Name string `json:"name,omitempty"`
}

// Window bounds when a run may begin. Once begun, a run is not stopped by it.
type Window struct {
	// NotBefore is the earliest start; absent means at once.
	NotBefore *time.Time `json:"notBefore,omitempty"`
	// NotAfter is the latest start; past it the request is refused. Absent means no limit.
	NotAfter *time.Time `json:"notAfter,omitempty"`
}

// TestOptions shape a test failover.
type TestOptions struct {
	// Switch is the virtual switch every network adapter of the test VM is connected to. Empty leaves them disconnected.
	Switch string `json:"switch,omitempty"`
	// Adapters overrides Switch for single adapters, by adapter name.
	Adapters []AdapterSwitch `json:"adapters,omitempty"`
	// HoldOpenMinutes is how long the test VM stays up when no cleanup ticket comes; 0 means the account's default.
	HoldOpenMinutes int `json:"holdOpenMinutes,omitempty"`
}

// AdapterSwitch connects one network adapter to one virtual switch.
type AdapterSwitch struct {
	// Adapter is the network adapter's name in the VM.
	Adapter string `json:"adapter"`
	// Switch is the virtual switch's name on the replica's host; empty leaves the adapter disconnected.
	Switch string `json:"switch"`
}

// Override is a named person taking the responsibility that the primary is
// down although no witness could show it.
type Override struct {
	// Person is who answers for it; must be a contact of the account with the right to override.
	Person Person `json:"person"`
	// Reason is what makes the person sure, in their words.
	Reason string `json:"reason"`
}

// UnplannedOptions shape an unplanned failover.
type UnplannedOptions struct {
	// ShutDownPrimary allows a primary that answers and runs the VM to be shut down first. Without it such a primary makes the failover refuse.
	ShutDownPrimary bool `json:"shutDownPrimary,omitempty"`
	// Override is needed when the primary is silent.
	Override *Override `json:"override,omitempty"`
	// CommitAfterMinutes is how long the failover can still be undone; 0 means the account's default.
	CommitAfterMinutes int `json:"commitAfterMinutes,omitempty"`
}

// Request is what a ticket asks for, in the words every ticket system is
// translated into.
type Request struct {
	TicketRef
	// URL is where a person reads the ticket.
	URL string `json:"url,omitempty"`
	// Account is the customer's account the VMs belong to.
	Account string `json:"account"`
	// Requester is who asks; must be among the account's contacts.
	Requester Person `json:"requester"`
	// Action is what is asked.
	Action Action `json:"action"`
	// VMs are the VMs it is asked for, each by id or by name. Each is answered on its own.
	// A cleanup, commit, cancel or resume may leave it out to mean every VM of the ticket it refers to.
	VMs []VMRef `json:"vms,omitempty"`
	// Refers is the number of the earlier ticket that a cleanup, commit, cancel or resume is about; absent means this ticket's own earlier revision.
	Refers string `json:"refers,omitempty"`
	// Window bounds when the run may begin.
	Window *Window `json:"window,omitempty"`
	// RecoveryPoint is "latest" (the default), the id of a recovery point, or a time: the newest point at or before it.
	RecoveryPoint string `json:"recoveryPoint,omitempty"`
	// Reason is why, in the requester's words.
	Reason string `json:"reason,omitempty"`
	// Test shapes a test failover.
	Test *TestOptions `json:"test,omitempty"`
	// Unplanned shapes an unplanned failover.
	Unplanned *UnplannedOptions `json:"unplanned,omitempty"`
	// Choice is the answer to a held run: one of the choices its held event listed.
	Choice Choice `json:"choice,omitempty"`
}

// TicketSubmitted is what a ticket system publishes into the inbox, or posts
// to ticket-intake. It is the one event type that others write.
type TicketSubmitted struct {
	Request
}

// Item is the answer for one VM of a ticket.
type Item struct {
	// VM is the VM as the inventory knows it, or as the ticket wrote it when the inventory does not.
	VM VMRef `json:"vm"`
	// Run is the run this VM is accepted for, or the run an accepted cleanup, commit, cancel or resume is for.
	Run string `json:"run,omitempty"`
	// Reasons say why this VM is refused; empty when it is accepted.
	Reasons []Reason `json:"reasons,omitempty"`
}

// Accepted reports whether the item was accepted.
func (i Item) Accepted() bool { return len(i.Reasons) == 0 }

// TicketAccepted answers a ticket: the runs it leads to, or the runs it steers.
// It is also what failover-executor listens to.
type TicketAccepted struct {
	Request
	// SubmittedAt is when the ticket system submitted it, by the event's time; the RTO counts from here.
	SubmittedAt time.Time `json:"submittedAt"`
	// Items answer each VM on its own; at least one is accepted.
	Items []Item `json:"items"`
}

// TicketRefused answers a ticket of which nothing is done.
type TicketRefused struct {
	TicketRef
	// Account is the account the ticket named.
	Account string `json:"account"`
	// Action is what was asked.
	Action Action `json:"action,omitempty"`
	// Reasons that hold for the whole ticket.
	Reasons []Reason `json:"reasons,omitempty"`
	// Items answer each VM on its own, with its reasons.
	Items []Item `json:"items,omitempty"`
}

// TicketSuperseded tells that a newer revision took the place of an accepted
// one whose runs had not begun.
type TicketSuperseded struct {
	TicketRef
	// By is the revision that took its place.
	By int `json:"by"`
}

// TicketCancelled tells that an accepted ticket was withdrawn before its runs began.
type TicketCancelled struct {
	TicketRef
	// By is the ticket that withdrew it.
	By TicketRef `json:"by"`
	// Person is who withdrew it.
	Person Person `json:"person"`
	// Reason is why, in their words.
	Reason string `json:"reason,omitempty"`
}

// Progress is where a ticket's run stands, as far as a requester cares.
type Progress string

const (
	// ProgressStarted means the run is planned and has begun.
	ProgressStarted Progress = "started"
	// ProgressHeld means a person must decide.
	ProgressHeld Progress = "held"
	// ProgressResumed means a person decided and the run goes on.
	ProgressResumed Progress = "resumed"
	// ProgressAwaitingCleanup means the test VM is up.
	ProgressAwaitingCleanup Progress = "awaiting-cleanup"
	// ProgressAwaitingCommit means the replica runs and can still be undone.
	ProgressAwaitingCommit Progress = "awaiting-commit"
	// ProgressCommitted means the failover was completed.
	ProgressCommitted Progress = "committed"
	// ProgressUndoing means a cancel is being carried out.
	ProgressUndoing Progress = "undoing"
)

// Values implements Enum.
func (Progress) Values() []Value {
	return []Value{
		{string(ProgressStarted), "The run is planned and has begun."},
		{string(ProgressHeld), "The run rests until a person decides; the sentence says what."},
		{string(ProgressResumed), "A person decided and the run goes on."},
		{string(ProgressAwaitingCleanup), "The test VM is up and waits for a cleanup ticket or its deadline."},
		{string(ProgressAwaitingCommit), "The replica runs; the failover can still be undone until the commit window ends."},
		{string(ProgressCommitted), "The failover was completed; it can no longer be undone."},
		{string(ProgressUndoing), "The run is being undone on request."},
	}
}

// TicketProgressed passes a run's progress on to the ticket it came from.
type TicketProgressed struct {
	TicketRef
	// VM is the VM the run is for.
	VM VMRef `json:"vm"`
	// Run is the run.
	Run string `json:"run"`
	// Progress is where the run stands.
	Progress Progress `json:"progress"`
	// Sentence is the same for a person, with the details.
	Sentence string `json:"sentence"`
	// Choices are what a person may answer, when the run is held.
	Choices []Choice `json:"choices,omitempty"`
	// Until is when the window ends by itself, when the run awaits a cleanup or a commit.
	Until *time.Time `json:"until,omitempty"`
	// Cause is the id of the failover event this passes on.
	Cause string `json:"cause"`
}

// Outcome is how a run, or a whole ticket, ended.
type Outcome string

const (
	// OutcomeSucceeded means everything asked was done and verified.
	OutcomeSucceeded Outcome = "succeeded"
	// OutcomeFailed means the run ended without what was asked.
	OutcomeFailed Outcome = "failed"
	// OutcomeRefused means nothing was done.
	OutcomeRefused Outcome = "refused"
	// OutcomeCancelled means the run was undone on request.
	OutcomeCancelled Outcome = "cancelled"
	// OutcomeMixed means the VMs of the ticket ended differently.
	OutcomeMixed Outcome = "mixed"
)

// Values implements Enum.
func (Outcome) Values() []Value {
	return []Value{
		{string(OutcomeSucceeded), "Everything that was asked was done and verified on the hosts."},
		{string(OutcomeFailed), "The run ended without what was asked; its event says what is up and what is down."},
		{string(OutcomeRefused), "Nothing was done on any host; the reasons say what would make it acceptable."},
		{string(OutcomeCancelled), "The run was undone on request."},
		{string(OutcomeMixed), "The VMs of the ticket ended differently; each item tells its own."},
	}
}

// ClosedItem is how the run of one VM ended.
type ClosedItem struct {
	// VM is the VM.
	VM VMRef `json:"vm"`
	// Run is the run; empty when the VM was refused at intake.
	Run string `json:"run,omitempty"`
	// Outcome is how it ended.
	Outcome Outcome `json:"outcome"`
	// RTOMillis is the measured recovery time in milliseconds, when the run succeeded.
	RTOMillis int64 `json:"rtoMillis,omitempty"`
	// DataLoss is the measured data loss, when the run succeeded.
	DataLoss *DataLoss `json:"dataLoss,omitempty"`
	// Sentence is the same for a person, with the figures.
	Sentence string `json:"sentence"`
}

// TicketClosed is the last word on a ticket's runs.
type TicketClosed struct {
	TicketRef
	// Outcome sums the items up.
	Outcome Outcome `json:"outcome"`
	// Items tell how each VM's run ended.
	Items []ClosedItem `json:"items"`
}
