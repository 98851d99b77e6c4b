package hyperv

import (
	"errors"
	"fmt"
)

// Class says what a caller may do about an error.
type Class string

const (
	// ClassRefuse: the host refuses this as it stands. Nothing happened; trying again is pointless.
	ClassRefuse Class = "refuse"
	// ClassRetry: nothing happened, and a later try may do.
	ClassRetry Class = "retry"
	// ClassHold: a person must decide. What happened is known; going on is not obvious.
	ClassHold Class = "hold"
	// ClassUnknown: the effect may have happened. Only a look at the host tells; it is never simply tried again.
	ClassUnknown Class = "unknown"
)

// Codes lifeboat gives where Hyper-V has no FullyQualifiedErrorId of its own.
const (
	// CodeVMNotFound: the host has no such VM.
	CodeVMNotFound = "vm-not-found"
	// CodeVMAmbiguous: more than one VM has this name.
	CodeVMAmbiguous = "vm-ambiguous"
	// CodeWrongState: the VM or its replication is not in a state this verb accepts.
	CodeWrongState = "wrong-state"
	// CodeGuestWontStop: the guest did not shut down within its grace.
	CodeGuestWontStop = "guest-wont-stop"
	// CodeNoSuchAdapter: the VM has no network adapter of this name.
	CodeNoSuchAdapter = "no-such-adapter"
	// CodeNoSuchSwitch: the host has no virtual switch of this name.
	CodeNoSuchSwitch = "no-such-switch"
	// CodeNoSuchRecoveryPoint: the recovery point is gone or never was.
	CodeNoSuchRecoveryPoint = "no-such-recovery-point"
	// CodeTestVMPresent: a test VM is in the way.
	CodeTestVMPresent = "test-vm-present"
	// CodeUnreachable: no connection to the host.
	CodeUnreachable = "unreachable"
	// CodeTimeout: no answer within the deadline.
	CodeTimeout = "timeout"
	// CodeAccessDenied: the credentials are not accepted or not sufficient.
	CodeAccessDenied = "access-denied"
	// CodeGarbage: the host answered something that is no answer.
	CodeGarbage = "garbage"
	// CodeBusy: the host has no capacity left for lifeboat: a quota, or too many calls waiting.
	CodeBusy = "busy"
	// CodeReplyLost: the connection broke after the request was sent.
	CodeReplyLost = "reply-lost"
	// CodeTooLate: the time set by BeginBy had passed before the host could begin; nothing was done.
	CodeTooLate = "too-late"
	// CodeEffectMissing: the host reported success but the effect is not to be seen.
	CodeEffectMissing = "effect-missing"
)

// Error is how a verb fails.
type Error struct {
	// Class says what may be done about it.
	Class Class
	// Code is locale-independent: one of the Code constants, a PowerShell
	// FullyQualifiedErrorId without the part after the comma, or
	// "wsman-<number>" for a WinRM fault.
	Code string
	// Message is the text, possibly in the host's language. Never parsed.
	Message string
	// Category is PowerShell's error category, when there is one.
	Category string
	// Host, Op and VM say where: inventory name, verb, VMId.
	Host, Op string
	VM       VMID
	// Before is the VM as read before the attempt, when that far.
	Before *VM
	// Err is the cause in this process, when there is one.
	Err error
}

// Error tells where, what and of which class, in one line.
func (e *Error) Error() string {
	where := e.Host
	if e.Op != "" {
		where += " " + e.Op
	}
	if e.VM != "" {
		where += " " + string(e.VM)
	}
	return fmt.Sprintf("%s: %s (%s): %s", where, e.Code, e.Class, e.Message)
}

// Unwrap returns the cause in this process.
func (e *Error) Unwrap() error { return e.Err }

// AsError finds the *Error in a chain. Any other non-nil error is treated as
// an unknown outcome, because nothing is known about it.
func AsError(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Class: ClassUnknown, Code: "unclassified", Message: err.Error(), Err: err}
}
