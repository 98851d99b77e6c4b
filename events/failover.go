package events

import "time"

// Kind is which of the three failovers a run carries out.
type Kind string

const (
	// KindTest is a test failover.
	KindTest Kind = "test"
	// KindPlanned is a planned failover.
	KindPlanned Kind = "planned"
	// KindUnplanned is an unplanned failover.
	KindUnplanned Kind = "unplanned"
)

// Values implements Enum.
func (Kind) Values() []Value {
	return []Value{
		{string(KindTest), "A test failover: duplicates the VM from its replica, loses nothing, stops nothing."},
		{string(KindPlanned), "A planned failover: the replica takes over and replicates back, loses nothing."},
		{string(KindUnplanned), "An unplanned failover: the replica takes over from a lost primary, may lose data."},
	}
}

// RunRef stands in every failover event: which run, on which VM, for whom.
type RunRef struct {
	// Account is the customer's account the VM belongs to.
	Account string `json:"account"`
	// Run identifies the execution; derived from the ticket revision and the VM, so the same request has the same run.
	Run string `json:"run"`
	// VM is the VM.
	VM VMRef `json:"vm"`
	// Kind is which failover; absent only when an instruction is refused because its run never was.
	Kind Kind `json:"kind,omitempty"`
	// Ticket is the ticket revision that asked for the run.
	Ticket TicketRef `json:"ticket"`
}

// PlannedStep is one step a run is going to take.
type PlannedStep struct {
	// Step names the effect.
	Step Step `json:"step"`
	// Host is the host it is carried out on, by inventory name.
	Host string `json:"host"`
	// DeadlineSeconds is how long the step may take before the run is held.
	DeadlineSeconds int `json:"deadlineSeconds"`
}

// Witness is one source of evidence on whether the primary is down.
type Witness struct {
	// Name says who was asked, such as "primary-host".
	Name string `json:"name"`
	// Verdict is what it says.
	Verdict Verdict `json:"verdict"`
	// At is when it was asked, by lifeboat's clock.
	At time.Time `json:"at"`
	// Detail is what was seen, for a person.
	Detail string `json:"detail"`
}

// Verdict is what a witness says of the primary.
type Verdict string

const (
	// VerdictUp means the primary runs the VM.
	VerdictUp Verdict = "up"
	// VerdictDown means the primary answered and does not run the VM.
	VerdictDown Verdict = "down"
	// VerdictSilent means no answer, which proves nothing.
	VerdictSilent Verdict = "silent"
)

// Values implements Enum.
func (Verdict) Values() []Value {
	return []Value{
		{string(VerdictUp), "The witness saw the primary running the VM."},
		{string(VerdictDown), "The witness saw that the primary does not run the VM."},
		{string(VerdictSilent), "The witness could not tell; silence proves nothing."},
	}
}

// DataLoss states how much data a run may lose or has lost.
type DataLoss struct {
	// Bound says what Seconds means.
	Bound LossBound `json:"bound"`
	// Seconds is from Since until Until, for at-most; 0 otherwise.
	Seconds float64 `json:"seconds"`
	// Since is the time of the newest write known to be on the replica, by the host's clock.
	Since *time.Time `json:"since,omitempty"`
	// Until is when the primary wrote last, as far as known.
	Until *time.Time `json:"until,omitempty"`
	// Basis says what the figure rests on, for a person.
	Basis string `json:"basis"`
}

// LossBound says how a data-loss figure is to be read.
type LossBound string

const (
	// LossNone means nothing is lost.
	LossNone LossBound = "none"
	// LossAtMost means up to Seconds are lost.
	LossAtMost LossBound = "at-most"
	// LossUnknown means no figure can be given.
	LossUnknown LossBound = "unknown"
)

// Values implements Enum.
func (LossBound) Values() []Value {
	return []Value{
		{string(LossNone), "Nothing is lost; the last write was handed over and verified."},
		{string(LossAtMost), "At most this many seconds of writes are lost."},
		{string(LossUnknown), "No figure can be given; the basis says why."},
	}
}

// FailoverRefused answers a request the executor will not carry out, having
// looked at the hosts. Nothing was changed.
type FailoverRefused struct {
	RunRef
	// Action is what was asked: the run itself, or a cleanup, commit, cancel or resume of it.
	Action Action `json:"action"`
	// By is the ticket that asked; equals Ticket when the run itself is refused.
	By TicketRef `json:"by"`
	// Reasons say why and what would make it acceptable.
	Reasons []Reason `json:"reasons"`
	// Witnesses is the evidence on the primary, for an unplanned failover.
	Witnesses []Witness `json:"witnesses,omitempty"`
}

// FailoverPlanned begins a run: what it will do, and what is at stake. It is
// published before anything is changed.
type FailoverPlanned struct {
	RunRef
	// Requester is who asked.
	Requester Person `json:"requester"`
	// Reason is why, in their words.
	Reason string `json:"reason,omitempty"`
	// SubmittedAt is when the ticket was submitted; the RTO counts from here.
	SubmittedAt time.Time `json:"submittedAt"`
	// AcceptedAt is when ticket-intake accepted it.
	AcceptedAt time.Time `json:"acceptedAt"`
	// Window is when it was allowed to begin, when the ticket says; the RTO counts from its beginning if that is later.
	Window *Window `json:"window,omitempty"`
	// Primary is the host that is primary now, by inventory name.
	Primary string `json:"primary"`
	// Replica is the host the VM fails over to, by inventory name.
	Replica string `json:"replica"`
	// Steps are the steps it will take, in order.
	Steps []PlannedStep `json:"steps"`
	// AtStake is how much data may be lost.
	AtStake DataLoss `json:"atStake"`
	// RecoveryPoint is the recovery point asked for: "latest", or the id it was resolved to.
	RecoveryPoint string `json:"recoveryPoint"`
	// RecoveryPointTime is the time of that point by the host's clock; absent for latest.
	RecoveryPointTime *time.Time `json:"recoveryPointTime,omitempty"`
	// Adapters are the switches the test VM's network adapters get, for a test failover.
	Adapters []AdapterSwitch `json:"adapters,omitempty"`
	// Witnesses is the evidence on the primary, for an unplanned failover.
	Witnesses []Witness `json:"witnesses,omitempty"`
	// Override is who answers for a silent primary.
	Override *Override `json:"override,omitempty"`
	// ShutDownPrimary tells that the ticket allows a running primary to be shut down first.
	ShutDownPrimary bool `json:"shutDownPrimary,omitempty"`
	// HoldOpenMinutes is how long a test stays up without a cleanup ticket.
	HoldOpenMinutes int `json:"holdOpenMinutes,omitempty"`
	// CommitAfterMinutes is how long an unplanned failover can still be undone.
	CommitAfterMinutes int `json:"commitAfterMinutes,omitempty"`
	// AtWindowEnd is what happens when the commit window ends without a commit ticket.
	AtWindowEnd WindowEnd `json:"atWindowEnd,omitempty"`
	// ShutdownGraceSeconds is how long the guest may take to shut down before it is turned off.
	ShutdownGraceSeconds int `json:"shutdownGraceSeconds,omitempty"`
	// ReverseTo is where the new primary will replicate to, for a planned failover.
	ReverseTo *ReplicaServer `json:"reverseTo,omitempty"`
	// Evidence is what was read on both hosts to plan this.
	Evidence []Reading `json:"evidence"`
}

// ReplicaServer is a host as a receiver of replication.
type ReplicaServer struct {
	// Server is its DNS name, as certificates and Kerberos know it.
	Server string `json:"server"`
	// Port is the port it receives replication on.
	Port int `json:"port"`
	// Authentication is "Kerberos" or "Certificate".
	Authentication string `json:"authentication"`
	// CertificateThumbprint is the certificate the sending host uses, with Certificate.
	CertificateThumbprint string `json:"certificateThumbprint,omitempty"`
}

// WindowEnd is what happens when a commit window ends without a commit ticket.
type WindowEnd string

const (
	// WindowEndCommit completes the failover.
	WindowEndCommit WindowEnd = "commit"
	// WindowEndHold holds the run for a person.
	WindowEndHold WindowEnd = "hold"
)

// Values implements Enum.
func (WindowEnd) Values() []Value {
	return []Value{
		{string(WindowEndCommit), "Complete the failover; it can no longer be undone."},
		{string(WindowEndHold), "Hold the run until a person decides."},
	}
}

// StepStarted is recorded before a step's effect is asked of a host. A crash
// after it means: look before acting again.
type StepStarted struct {
	RunRef
	// Step names the effect.
	Step Step `json:"step"`
	// Host is the host it is carried out on.
	Host string `json:"host"`
	// Attempt counts from 1 within the step. A later attempt follows only a look that showed the effect did not happen.
	Attempt int `json:"attempt"`
	// Seen is the look at the host that the decision rests on.
	Seen *Reading `json:"seen,omitempty"`
}

// How tells how a step came to be done.
type How string

const (
	// HowActed means this attempt did it.
	HowActed How = "acted"
	// HowFound means it had already happened and was only seen.
	HowFound How = "found"
	// HowAccepted means a person decided to count it as done.
	HowAccepted How = "accepted"
)

// Values implements Enum.
func (How) Values() []Value {
	return []Value{
		{string(HowActed), "This attempt caused the effect and saw it on the host."},
		{string(HowFound), "The effect was already there when the host was read; nothing was done again."},
		{string(HowAccepted), "A named person looked and told the run to go on."},
	}
}

// StepDone tells that a step's effect is on the host, with what was read there.
type StepDone struct {
	RunRef
	// Step names the effect.
	Step Step `json:"step"`
	// Host is the host.
	Host string `json:"host"`
	// Attempt is the attempt it belongs to; 0 when it was found done before any attempt.
	Attempt int `json:"attempt"`
	// How it came to be done.
	How How `json:"how"`
	// Before is what was read on the host before, when anything was.
	Before *Reading `json:"before,omitempty"`
	// After is what was read on the host after; it shows the effect.
	After *Reading `json:"after,omitempty"`
}

// Class is how an error is dealt with.
type Class string

const (
	// ClassRefuse means the request cannot be carried out as it stands.
	ClassRefuse Class = "refuse"
	// ClassRetry means nothing happened and it is worth another, bounded try.
	ClassRetry Class = "retry"
	// ClassHold means a person must decide.
	ClassHold Class = "hold"
	// ClassUnknown means the effect may have happened; look before anything else.
	ClassUnknown Class = "unknown"
)

// Values implements Enum.
func (Class) Values() []Value {
	return []Value{
		{string(ClassRefuse), "The host refuses this as it stands; trying again is pointless."},
		{string(ClassRetry), "Nothing happened; a bounded number of further tries follows."},
		{string(ClassHold), "A person must decide."},
		{string(ClassUnknown), "The effect may have happened; the host is looked at before anything else."},
	}
}

// Fault is an error as a host or the way to it reported it.
type Fault struct {
	// Class is how it is dealt with.
	Class Class `json:"class"`
	// Code is locale-independent: PowerShell's FullyQualifiedErrorId, a WinRM fault code, or lifeboat's own word such as "timeout".
	Code string `json:"code"`
	// Message is the text, possibly in the host's language.
	Message string `json:"message"`
}

// StepFailed tells that an attempt did not bring the effect, or that nobody
// knows yet.
type StepFailed struct {
	RunRef
	// Step names the effect.
	Step Step `json:"step"`
	// Host is the host.
	Host string `json:"host"`
	// Attempt is the attempt that failed.
	Attempt int `json:"attempt"`
	// Fault is what went wrong.
	Fault Fault `json:"fault"`
	// RetryAt is when the next try is made; absent when there is none.
	RetryAt *time.Time `json:"retryAt,omitempty"`
	// Before is what was read before the attempt, when anything was.
	Before *Reading `json:"before,omitempty"`
	// After is what was read after the attempt, when anything was.
	After *Reading `json:"after,omitempty"`
}

// Choice is what a person may answer to a held run.
type Choice string

const (
	// ChoiceRetry looks at the hosts again and goes on from what is there.
	ChoiceRetry Choice = "retry"
	// ChoiceAccept counts the step as done.
	ChoiceAccept Choice = "accept"
	// ChoiceOverride takes the responsibility that the primary is down.
	ChoiceOverride Choice = "override"
	// ChoiceCancel undoes the run as far as Hyper-V can.
	ChoiceCancel Choice = "cancel"
	// ChoiceAbandon ends the run where it stands.
	ChoiceAbandon Choice = "abandon"
)

// Values implements Enum.
func (Choice) Values() []Value {
	return []Value{
		{string(ChoiceRetry), "Look at the hosts again and go on from what is there."},
		{string(ChoiceAccept), "Count the step as done: the person has looked for themselves."},
		{string(ChoiceOverride), "Take the responsibility that the primary is down and go on."},
		{string(ChoiceCancel), "Undo the run as far as Hyper-V can."},
		{string(ChoiceAbandon), "End the run where it stands; nothing more is changed on any host."},
	}
}

// HoldCode names a situation that holds a run.
type HoldCode string

const (
	// HoldPrimarySilent: nobody can show that the primary is down.
	HoldPrimarySilent HoldCode = "primary-silent"
	// HoldHostSilent: a host that is needed does not answer.
	HoldHostSilent HoldCode = "host-silent"
	// HoldAccessDenied: a host does not let lifeboat in.
	HoldAccessDenied HoldCode = "access-denied"
	// HoldMovedByOthers: somebody else moves the VM.
	HoldMovedByOthers HoldCode = "moved-by-others"
	// HoldWrongState: the VM is not in a state in which the step may be done.
	HoldWrongState HoldCode = "wrong-state"
	// HoldHostRefused: the host refuses the step.
	HoldHostRefused HoldCode = "host-refused"
	// HoldAttemptsExhausted: every attempt failed.
	HoldAttemptsExhausted HoldCode = "attempts-exhausted"
	// HoldDeadline: the step is not done within its deadline.
	HoldDeadline HoldCode = "deadline"
	// HoldDecision: the host leaves it to a person.
	HoldDecision HoldCode = "host-wants-decision"
	// HoldWindowEnded: the commit window ended and the account wants to be asked.
	HoldWindowEnded HoldCode = "window-ended"
	// HoldFenceAmbiguous: fencing the old primary would be a guess, or fails.
	HoldFenceAmbiguous HoldCode = "fence-ambiguous"
	// HoldLiveCopyOff: an old primary answers again, and the copy that should be
	// live instead is off. It is fenced without being asked for as soon as that runs.
	HoldLiveCopyOff HoldCode = "live-copy-off"
)

// Values implements Enum.
func (HoldCode) Values() []Value {
	return []Value{
		{string(HoldPrimarySilent), "The primary does not answer, which does not prove that it is down; somebody must take the responsibility."},
		{string(HoldHostSilent), "A host that the step needs does not answer."},
		{string(HoldAccessDenied), "A host does not let lifeboat in: credentials or rights."},
		{string(HoldMovedByOthers), "The step's effect is there although this run has not caused it: somebody else moves the VM."},
		{string(HoldWrongState), "The VM or its replication is not in a state in which the step may be done."},
		{string(HoldHostRefused), "The host refuses the step."},
		{string(HoldAttemptsExhausted), "Every attempt at the step failed."},
		{string(HoldDeadline), "The step is not done within its deadline."},
		{string(HoldDecision), "The host leaves it to a person, such as a guest that will not shut down."},
		{string(HoldWindowEnded), "The commit window has ended and the account wants a person to decide."},
		{string(HoldFenceAmbiguous), "An old primary is to be fenced, and doing so would be a guess or does not succeed."},
		{string(HoldLiveCopyOff), "A run was ended where it stood with its copy off, and the old primary answers again; it is fenced as soon as that copy runs."},
	}
}

// FailoverHeld tells that the run rests until a person decides.
type FailoverHeld struct {
	RunRef
	// Step is the step it rests at; empty when it rests between steps.
	Step Step `json:"step,omitempty"`
	// Code names the situation, for programs.
	Code HoldCode `json:"code"`
	// Why is the situation, for a person: whole sentences with their full stops.
	Why string `json:"why"`
	// Decider is who must decide.
	Decider string `json:"decider"`
	// Choices are what they may answer with a resume ticket.
	Choices []Choice `json:"choices"`
	// Fault is the error that led here, when one did.
	Fault *Fault `json:"fault,omitempty"`
	// Evidence is what was read on the hosts.
	Evidence []Reading `json:"evidence,omitempty"`
	// Witnesses is the evidence on the primary, when that is the question.
	Witnesses []Witness `json:"witnesses,omitempty"`
}

// FailoverResumed tells that a named person decided a held run.
type FailoverResumed struct {
	RunRef
	// By is the ticket that carried the decision.
	By TicketRef `json:"by"`
	// Person is who decided.
	Person Person `json:"person"`
	// Choice is what they decided.
	Choice Choice `json:"choice"`
	// Reason is why, in their words.
	Reason string `json:"reason"`
	// Steps are the steps it takes now, when the decision is to cancel.
	Steps []PlannedStep `json:"steps,omitempty"`
}

// FailoverInstructed tells that a ticket steers a run: to clean up, to commit
// or to cancel.
type FailoverInstructed struct {
	RunRef
	// Action is what is to be done.
	Action Action `json:"action"`
	// By is the ticket that asked; empty when a deadline did.
	By *TicketRef `json:"by,omitempty"`
	// Person is who asked; empty when a deadline did.
	Person *Person `json:"person,omitempty"`
	// Reason is why.
	Reason string `json:"reason,omitempty"`
	// Steps are the steps it takes now.
	Steps []PlannedStep `json:"steps"`
}

// FailoverAwaitingCleanup tells that the test VM is up and verified.
type FailoverAwaitingCleanup struct {
	RunRef
	// TestVM is the duplicate.
	TestVM VMRef `json:"testVm"`
	// Until is when it is removed without a cleanup ticket.
	Until time.Time `json:"until"`
}

// FailoverAwaitingCommit tells that the replica runs and is verified, and that
// the failover can still be undone.
type FailoverAwaitingCommit struct {
	RunRef
	// Until is when it is committed without a commit ticket.
	Until time.Time `json:"until"`
}

// FailoverCommitted tells that the failover was completed and its recovery
// points are gone.
type FailoverCommitted struct {
	RunRef
	// Evidence is what was read on the host after.
	Evidence *Reading `json:"evidence,omitempty"`
}

// FailoverCancelled ends a run that was undone.
type FailoverCancelled struct {
	RunRef
	// By is who asked for it.
	By Person `json:"by"`
	// Undone are the steps that were undone.
	Undone []Step `json:"undone,omitempty"`
	// Evidence is what was read on the hosts afterwards.
	Evidence []Reading `json:"evidence,omitempty"`
}

// Part is one stretch of a run's time.
type Part struct {
	// Name says what the time went to: "intake", "planning", a step's name, "held", "window".
	Name string `json:"name"`
	// From is when it began.
	From time.Time `json:"from"`
	// Millis is how long it took, in milliseconds.
	Millis int64 `json:"millis"`
}

// RTO is the measured recovery time: from the ticket's submission until the VM
// was verified to serve. The parts follow each other without a gap and add up
// to it.
type RTO struct {
	// Millis is the whole, in milliseconds.
	Millis int64 `json:"millis"`
	// Parts are its stretches, in order.
	Parts []Part `json:"parts"`
}

// FailoverSucceeded ends a run that did what was asked.
type FailoverSucceeded struct {
	RunRef
	// RTO is the measured recovery time with its parts.
	RTO RTO `json:"rto"`
	// DowntimeMillis is how long the VM did not serve, in milliseconds. Where nobody saw it stop, that is counted from the ticket's submission, so it is a lower bound; 0 for a test.
	DowntimeMillis int64 `json:"downtimeMillis"`
	// DataLoss is the measured data loss.
	DataLoss DataLoss `json:"dataLoss"`
	// FenceDue names the old primary's host when it could not be fenced yet: it is watched and fenced as soon as it answers.
	FenceDue string `json:"fenceDue,omitempty"`
	// Evidence is what was read on the hosts at the end.
	Evidence []Reading `json:"evidence,omitempty"`
}

// FailoverFailed ends a run without what was asked.
type FailoverFailed struct {
	RunRef
	// Why is the reason, for a person: whole sentences with their full stops.
	Why string `json:"why"`
	// State says what is up, what is down, and the safe next step, for a person.
	State string `json:"state"`
	// Fault is the error that led here, when one did.
	Fault *Fault `json:"fault,omitempty"`
	// FenceDue names the old primary's host when it could not be fenced yet.
	FenceDue string `json:"fenceDue,omitempty"`
	// Evidence is what was read on the hosts.
	Evidence []Reading `json:"evidence,omitempty"`
}

// FailoverFenced tells that an old primary that came back was fenced: auto-start
// off, powered off, turned into a replica.
type FailoverFenced struct {
	RunRef
	// Host is the old primary's host.
	Host string `json:"host"`
	// WasRunning tells that the old copy was seen running when the new one had been
	// started, or was about to be.
	WasRunning bool `json:"wasRunning"`
	// Before is what was read on the host when it came back.
	Before *Reading `json:"before,omitempty"`
	// After is what was read after fencing.
	After *Reading `json:"after,omitempty"`
}
