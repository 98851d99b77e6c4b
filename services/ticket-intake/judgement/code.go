package judgement

import "lifeboat.io/events"

// Code names a rule that a ticket broke. Codes are stable: programs may act on
// them. Further codes come from package contract, for tickets that are not
// well-formed.
type Code string

// The codes of reasons.
const (
	AccountMismatch     Code = "account-mismatch"
	SubjectMismatch     Code = "subject-mismatch"
	AccountUnknown      Code = "account-unknown"
	SystemUnknown       Code = "system-unknown"
	SystemNotForAccount Code = "system-not-for-account"
	RequesterUnknown    Code = "requester-unknown"
	RequesterNotAllowed Code = "requester-not-allowed"
	WindowPast          Code = "window-past"
	WindowInverted      Code = "window-inverted"
	WindowTooFar        Code = "window-too-far"
	RecoveryPointForm   Code = "recovery-point-form"
	RecoveryPointFuture Code = "recovery-point-future"
	OverrideUnknown     Code = "override-person-unknown"
	OverrideNotAllowed  Code = "override-not-allowed"
	AdapterTwice        Code = "adapter-twice"
	AnswerTooLarge      Code = "answer-too-large"

	VMUnknown         Code = "vm-unknown"
	VMAmbiguous       Code = "vm-ambiguous"
	VMOtherName       Code = "vm-other-name"
	VMTwice           Code = "vm-twice"
	VMInRun           Code = "vm-in-run"
	TestSwitchMissing Code = "test-switch-missing"

	RevisionReused  Code = "revision-reused"
	RevisionStale   Code = "revision-stale"
	RevisionRunning Code = "revision-running"

	RefersUnknown     Code = "refers-unknown"
	RefersWithoutRuns Code = "refers-without-runs"
	VMNotInTicket     Code = "vm-not-in-ticket"
	RunOfOtherKind    Code = "run-of-other-kind"
	RunNotBegun       Code = "run-not-begun"
	RunWithdrawn      Code = "run-withdrawn"
	RunEnded          Code = "run-ended"
	RunUndoing        Code = "run-undoing"
	RunNotHeld        Code = "run-not-held"
	ChoiceNotOffered  Code = "choice-not-offered"
	WithdrawnInPart   Code = "withdrawn-in-part"
)

// Values implements events.Enum.
func (Code) Values() []events.Value {
	return []events.Value{
		{Name: string(AccountMismatch), Doc: "The ticket names another account than the address it was submitted to."},
		{Name: string(SubjectMismatch), Doc: "The event's subject attribute names another ticket than its data."},
		{Name: string(AccountUnknown), Doc: "The account is not in the inventory."},
		{Name: string(SystemUnknown), Doc: "The ticket system is not in the inventory."},
		{Name: string(SystemNotForAccount), Doc: "The ticket system may not submit tickets of this account."},
		{Name: string(RequesterUnknown), Doc: "The requester is not among the account's contacts."},
		{Name: string(RequesterNotAllowed), Doc: "The requester is a contact without the right that this needs."},
		{Name: string(WindowPast), Doc: "The window has ended already."},
		{Name: string(WindowInverted), Doc: "The window ends before it begins."},
		{Name: string(WindowTooFar), Doc: "The window begins more than a year from now."},
		{Name: string(RecoveryPointForm), Doc: "The recovery point is neither latest, nor an id, nor a time."},
		{Name: string(RecoveryPointFuture), Doc: "The recovery point's time is still to come."},
		{Name: string(OverrideUnknown), Doc: "Who answers for the override is not among the account's contacts."},
		{Name: string(OverrideNotAllowed), Doc: "Who answers for the override, or chooses it, has no right to."},
		{Name: string(AdapterTwice), Doc: "A network adapter is connected twice."},
		{Name: string(AnswerTooLarge), Doc: "The answers for all VMs together do not fit into one event."},

		{Name: string(VMUnknown), Doc: "The account has no such VM in the inventory."},
		{Name: string(VMAmbiguous), Doc: "The account has several VMs of that name."},
		{Name: string(VMOtherName), Doc: "The VM with that id has another name than the one given along."},
		{Name: string(VMTwice), Doc: "The same VM is named twice, once by id and once by name."},
		{Name: string(VMInRun), Doc: "The VM is in a run already."},
		{Name: string(TestSwitchMissing), Doc: "Neither the ticket nor the inventory says what the test VM is connected to."},

		{Name: string(RevisionReused), Doc: "The revision was answered before, with another content; that answer stands."},
		{Name: string(RevisionStale), Doc: "A newer revision of the ticket was answered before."},
		{Name: string(RevisionRunning), Doc: "Runs of an earlier revision are under way, and this one asks for new ones."},

		{Name: string(RefersUnknown), Doc: "There is no ticket of that number in this system and account."},
		{Name: string(RefersWithoutRuns), Doc: "The ticket referred to was not accepted for any run."},
		{Name: string(VMNotInTicket), Doc: "The ticket referred to has no run for this VM."},
		{Name: string(RunOfOtherKind), Doc: "A run of this kind has no such step: tests are cleaned up, unplanned failovers are committed."},
		{Name: string(RunNotBegun), Doc: "The run has not begun."},
		{Name: string(RunWithdrawn), Doc: "The run was withdrawn before it began."},
		{Name: string(RunEnded), Doc: "The run is over."},
		{Name: string(RunUndoing), Doc: "The run is being undone already."},
		{Name: string(RunNotHeld), Doc: "The run does not wait for a decision."},
		{Name: string(ChoiceNotOffered), Doc: "The held run does not offer this choice."},
		{Name: string(WithdrawnInPart), Doc: "Runs that have not begun can only be withdrawn all together."},
	}
}

// reason builds a reason.
func reason(code Code, field, value, problem, fix string) events.Reason {
	return events.NewReason(string(code), field, value, problem, fix)
}
