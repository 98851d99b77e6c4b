package winrm

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/sony/gobreaker/v2"

	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/winrm/lane"
	"lifeboat.io/pkg/hyperv/winrm/wire"
	"lifeboat.io/pkg/hyperv/winrm/wsman"
)

// meaning is what an error id means to the caller.
type meaning struct {
	class hyperv.Class
	code  string // instead of the id, when not empty
}

// meanings are the error ids of hosts: what Hyper-V and PowerShell write before
// the comma of FullyQualifiedErrorId, and the scripts' own. An id that is not
// here is worth another try as long as the VM is seen to be unchanged.
var meanings = map[string]meaning{
	// The host refuses this as it stands, before doing anything.
	"InvalidState":             {hyperv.ClassRefuse, hyperv.CodeWrongState},
	"InvalidParameter":         {hyperv.ClassRefuse, ""},
	"InvalidOperation":         {hyperv.ClassRefuse, ""},
	"NotSupported":             {hyperv.ClassRefuse, ""},
	"CommandNotFoundException": {hyperv.ClassRefuse, ""},
	"NamedParameterNotFound":   {hyperv.ClassRefuse, ""},
	// Somebody has to give the account its rights.
	"AccessDenied": {hyperv.ClassHold, hyperv.CodeAccessDenied},
	// It passes: a lock, a service that restarts, a partner that is away.
	"ObjectInUse":       {hyperv.ClassRetry, ""},
	"ObjectNotFound":    {hyperv.ClassRetry, ""},
	"OperationFailed":   {hyperv.ClassRetry, ""},
	"StatusUnavailable": {hyperv.ClassRetry, ""},
	"OutOfMemory":       {hyperv.ClassRetry, ""},
	// Hyper-V itself has lost sight of the operation.
	"OperationTimeout": {hyperv.ClassUnknown, ""},
	// The scripts' own.
	hyperv.CodeVMNotFound:          {hyperv.ClassRefuse, ""},
	hyperv.CodeWrongState:          {hyperv.ClassRefuse, ""},
	hyperv.CodeNoSuchAdapter:       {hyperv.ClassRefuse, ""},
	hyperv.CodeNoSuchSwitch:        {hyperv.ClassRefuse, ""},
	hyperv.CodeNoSuchRecoveryPoint: {hyperv.ClassRefuse, ""},
	hyperv.CodeTestVMPresent:       {hyperv.ClassRefuse, ""},
	hyperv.CodeTooLate:             {hyperv.ClassRetry, ""},
	hyperv.CodeEffectMissing:       {hyperv.ClassHold, ""},
	"no-such-verb":                 {hyperv.ClassHold, ""},
	// The host has no Hyper-V module.
	"Modules_ModuleNotFound": {hyperv.ClassHold, ""},
}

// failure is an error of a call, and whether the call may be tried again.
type failure struct {
	err   *hyperv.Error
	again bool // nothing has happened, and another try now may do
	pause bool // not at once
}

// notBegun is a call that was not sent.
func notBegun(err error) *failure {
	e := &hyperv.Error{Class: hyperv.ClassRetry, Message: err.Error(), Err: err}
	switch {
	case errors.Is(err, errTooLate):
		e.Code = hyperv.CodeTooLate
	case errors.Is(err, errQueueFull):
		e.Code = hyperv.CodeBusy
	case errors.Is(err, errClosed):
		e.Class, e.Code = hyperv.ClassRefuse, "closed"
	case errors.Is(err, gobreaker.ErrOpenState), errors.Is(err, gobreaker.ErrTooManyRequests):
		e.Code, e.Message = hyperv.CodeUnreachable, "the host has not answered lately; it is not asked for a while"
	default:
		e.Code = hyperv.CodeTimeout
	}
	return &failure{err: e}
}

// lost is a call that got no answer. What matters most is whether the request
// was delivered: if not, nothing has happened.
func lost(err error, effect bool) *failure {
	switch {
	case errors.Is(err, lane.ErrTooLate):
		return notBegun(errTooLate)
	case errors.Is(err, errClosed) && !effect:
		return notBegun(errClosed)
	case errors.Is(err, lane.ErrRequest):
		return &failure{err: &hyperv.Error{Class: hyperv.ClassRefuse, Code: "InvalidParameter", Message: err.Error(), Err: err}}
	}
	var l *lane.Error
	delivered := !errors.As(err, &l) || l.Delivered
	f := &failure{err: &hyperv.Error{Class: hyperv.ClassRetry, Message: err.Error(), Err: err}}
	f.err.Code, f.again, f.pause = outcome(err, delivered)
	switch {
	case delivered:
		f.again = false
		if effect {
			f.err.Class = hyperv.ClassUnknown
		}
	case f.err.Code == hyperv.CodeAccessDenied:
		f.err.Class = hyperv.ClassHold
	}
	var r *lane.Refused
	if errors.As(err, &r) {
		m := meaningOf(r.Failure)
		f.err.Class, f.err.Code, f.err.Category = m.class, m.code, r.Category
	}
	return f
}

// outcome is the code of what went wrong on the way, and whether another try
// makes sense if nothing can have happened.
func outcome(err error, delivered bool) (code string, again, pause bool) {
	var f *wsman.Fault
	if errors.As(err, &f) {
		switch {
		case f.Code == wsman.CodeAccessDenied:
			return hyperv.CodeAccessDenied, false, false
		case f.Quota(), f.Code == wsman.CodeBusy:
			return hyperv.CodeBusy, true, true
		case f.ShellGone():
			return "wsman-" + strconv.FormatUint(uint64(f.Code), 10), true, false
		}
		return "wsman-" + strconv.FormatUint(uint64(f.Code), 10), true, true
	}
	var w *wire.Error
	if !errors.As(err, &w) {
		return hyperv.CodeGarbage, false, false
	}
	switch w.Kind {
	case wire.Cancelled:
		return hyperv.CodeTimeout, false, false
	case wire.Denied:
		return hyperv.CodeAccessDenied, false, false
	case wire.Garbage:
		return hyperv.CodeGarbage, true, true
	case wire.ReplyLost:
		return hyperv.CodeReplyLost, true, true
	case wire.NoAnswer:
		if delivered {
			return hyperv.CodeTimeout, false, false
		}
	case wire.Unavailable:
		if delivered {
			return hyperv.CodeReplyLost, true, true
		}
		return hyperv.CodeUnreachable, true, true
	}
	return hyperv.CodeUnreachable, false, false
}

// silentAfter is how long a host may take to accept a request without being
// taken for silent when the caller gives up.
const silentAfter = 2 * time.Second

// verdict is what an attempt tells the circuit breaker: nil for a host that
// answers, whatever it says.
func verdict(err error, took time.Duration) error {
	var w *wire.Error
	if !errors.As(err, &w) {
		return nil
	}
	switch w.Kind {
	case wire.Unreachable, wire.NoAnswer:
		return w
	case wire.Cancelled:
		var l *lane.Error
		accepted := errors.As(err, &l) && l.Delivered
		if !accepted && took >= silentAfter && errors.Is(err, context.DeadlineExceeded) {
			return w
		}
		return errInconclusive
	}
	return nil
}

// refused is a call the host answered with an error.
func refused(a lane.Answer, c call) *failure {
	m := meaningOf(*a.Error)
	e := &hyperv.Error{Class: m.class, Code: m.code, Message: a.Error.Message, Category: a.Error.Category}
	before, known := someVM(a.Before)
	if known {
		e.Before = &before
	}
	if c.effect && a.Acting && e.Class != hyperv.ClassHold {
		after, seen := someVM(a.After)
		if !seen || !known || changed(&before, &after) {
			e.Class = hyperv.ClassUnknown
		}
	}
	if !c.effect && e.Class == hyperv.ClassUnknown {
		e.Class = hyperv.ClassRetry
	}
	// The host's clock had moved since it was last read: with the reading that
	// came with this answer, the next try says the right time.
	late := e.Code == hyperv.CodeTooLate
	return &failure{err: e, again: late, pause: false}
}

// meaningOf looks an error up by its id.
func meaningOf(f lane.Failure) meaning {
	id, _, _ := strings.Cut(f.ID, ",")
	m, known := meanings[id]
	if !known {
		m.class = hyperv.ClassRetry
	}
	if m.code == "" {
		m.code = id
	}
	if m.code == "" {
		m.code = "unnamed"
	}
	return m
}

// changed tells whether a VM differs in anything a verb could have done to it.
// States that come and go by themselves are not looked at.
func changed(a, b *hyperv.VM) bool {
	if a.Present != b.Present || a.Power != b.Power || a.AutoStart != b.AutoStart || (a.TestVM == nil) != (b.TestVM == nil) {
		return true
	}
	if a.Replication.Mode != b.Replication.Mode || phase(a.Replication.State) != phase(b.Replication.State) || len(a.Adapters) != len(b.Adapters) {
		return true
	}
	for i := range a.Adapters {
		if a.Adapters[i].TestSwitch != b.Adapters[i].TestSwitch {
			return true
		}
	}
	return false
}

// phase is how far a failover has got; empty when there is none.
func phase(s hyperv.ReplicationState) hyperv.ReplicationState {
	switch s {
	case hyperv.StatePreparedForFailover, hyperv.StateFailedOverWaitingCompletion, hyperv.StateFailedOver, hyperv.StateRecoveryInProgress:
		return s
	}
	return ""
}
