package hypersim

import (
	"errors"
	"fmt"

	"lifeboat.io/pkg/hyperv"
)

// CmdletError is the ErrorRecord a cmdlet writes.
type CmdletError struct {
	// ID is the part of FullyQualifiedErrorId before the comma.
	ID string
	// Category is PowerShell's error category.
	Category string
	// Message is the text, in English.
	Message string
	// HResult is the Windows error code behind it, 0 when none is known.
	HResult uint32
	// Target is the TargetObject, such as the name that was not found.
	Target string
	// Simulated marks a text that no source gives: Hyper-V's own will differ.
	Simulated bool
}

// Error is the text with the id, in one line.
func (e *CmdletError) Error() string { return e.Message + " (" + e.ID + ")" }

// Errors of a blocking cmdlet call that are not the cmdlet's.
var (
	// ErrHostDown means that the host died or was down; a cmdlet under way
	// then had no effect.
	ErrHostDown = errors.New("the host is down")
	// ErrNoAnswer means that the cmdlet did not end within Durations.CmdletLimit.
	ErrNoAnswer = errors.New("the host did not answer within the cmdlet limit")
)

// Error ids and categories.
const (
	idInvalidParameter = "InvalidParameter"
	idInvalidState     = "InvalidState"
	idInvalidOperation = "InvalidOperation"
	idOperationFailed  = "OperationFailed"
	idObjectNotFound   = "ObjectNotFound"
	idObjectInUse      = "ObjectInUse"
	idAccessDenied     = "AccessDenied"

	catInvalidArgument  = "InvalidArgument"
	catInvalidOperation = "InvalidOperation"
	catNotSpecified     = "NotSpecified"
	catObjectNotFound   = "ObjectNotFound"
	catResourceBusy     = "ResourceBusy"
	catPermissionDenied = "PermissionDenied"
)

// VMNotFound is the error of a VM name the host does not know. Callers that
// resolve names give it for a name, the cmdlets here for an id.
func VMNotFound(name string) *CmdletError {
	return &CmdletError{ID: idInvalidParameter, Category: catInvalidArgument, Target: name,
		Message: fmt.Sprintf("Hyper-V was unable to find a virtual machine with name %q.", name)}
}

func vmIDNotFound(id hyperv.VMID) *CmdletError {
	return &CmdletError{ID: idInvalidParameter, Category: catInvalidArgument, Target: string(id), Simulated: true,
		Message: "No virtual machine with id " + string(id) + " was found."}
}

func wrongPower() *CmdletError {
	return &CmdletError{ID: idInvalidState, Category: catInvalidOperation,
		Message: "The operation cannot be performed while the object is in its current state."}
}

// wrongReplicationState names the VM and says that the cmdlet cannot be done;
// the exact sentence is not known.
func wrongReplicationState(c *vmCopy, what string) *CmdletError {
	return &CmdletError{ID: idInvalidState, Category: catInvalidOperation, Target: c.name, Simulated: true,
		Message: fmt.Sprintf("%s cannot be performed on virtual machine '%s' in the current replication state.", what, c.name)}
}

// notApplicable is the error of a cmdlet on a VM whose replication mode does
// not allow it. Its id changed between module versions.
func (m *Machine) notApplicable(c *vmCopy, cmdlet string) *CmdletError {
	id := idOperationFailed
	if m.oldModule() {
		id = idInvalidOperation
	}
	return &CmdletError{ID: id, Category: catInvalidOperation, Target: c.name,
		Message: fmt.Sprintf("'%s' is not applicable on virtual machine '%s'. The name of the virtual machine is %s and its ID is %s.",
			cmdlet, c.name, c.name, c.id)}
}

// oldModule tells whether the host has version 1.1 of the Hyper-V module.
func (m *Machine) oldModule() bool { return m.module == "1.1" || m.module == "1.1.0.0" }

func badParameter(text string) *CmdletError {
	return &CmdletError{ID: idInvalidParameter, Category: catInvalidArgument, Message: text, Simulated: true}
}

func operationFailed(text string) *CmdletError {
	return &CmdletError{ID: idOperationFailed, Category: catNotSpecified, Message: text, Simulated: true}
}

func busy(c *vmCopy) *CmdletError {
	return &CmdletError{ID: idObjectInUse, Category: catResourceBusy, Target: c.name, Simulated: true,
		Message: fmt.Sprintf("Another operation is in progress on virtual machine '%s'.", c.name)}
}

// connectFailed is a replication connection that failed with a Windows code.
func connectFailed(what, server string, code uint32) *CmdletError {
	e := &CmdletError{ID: idOperationFailed, Category: catNotSpecified, HResult: code}
	switch code {
	case codeNotResolved:
		e.Message = fmt.Sprintf("%s: The server name or address could not be resolved (0x%08X).", what, code)
	case codeTimedOut:
		e.Message = fmt.Sprintf("Hyper-V cannot connect to the specified Replica server '%s' due to connection timed out. "+
			"Verify if a network connection exists to the Replica server or if the proxy settings have been configured appropriately to allow replication traffic.", server)
	case codeAborted:
		e.Message = fmt.Sprintf("%s: The connection with the server was terminated abnormally (0x%08X).", what, code)
	case codeTargetUnknown:
		e.Message = fmt.Sprintf("Hyper-V failed to authenticate the Replica server %s using Kerberos authentication. "+
			"Error: The specified target is unknown or unreachable (0x%08X).", server, code)
	default:
		e.Message = fmt.Sprintf("%s: connection to %s failed (0x%08X).", what, server, code)
		e.Simulated = true
	}
	return e
}

// reverseFailed is all Hyper-V says when reversing fails, whatever the cause.
func reverseFailed(code uint32) *CmdletError {
	return &CmdletError{ID: idOperationFailed, Category: catNotSpecified, HResult: code, Message: "Could not reverse replication."}
}
