package cmdlets

import (
	"errors"
	"fmt"
	"strings"

	"lifeboat.io/e2e/lab/powershell"
	"lifeboat.io/pkg/hyperv/hypersim"
)

// Exceptions of module 2.0, and of 1.1.
const (
	exceptionNow = typeSpace + ".VirtualizationException"
	exceptionOld = typeSpace + ".VirtualizationOperationFailedException"
)

// categories of error records by the names hypersim uses.
var categories = map[string]powershell.Category{
	"InvalidArgument": powershell.InvalidArgument, "InvalidOperation": powershell.InvalidOperation, "NotSpecified": powershell.NotSpecified,
	"ObjectNotFound": powershell.ObjectNotFound, "ResourceBusy": powershell.ResourceBusy, "PermissionDenied": powershell.PermissionDenied,
	"OperationTimeout": powershell.OperationTimeout, "ResourceUnavailable": powershell.ResourceUnavailable, "NotImplemented": powershell.NotImplemented,
}

// errorName is the class a cmdlet of the Hyper-V module has, as
// FullyQualifiedErrorId ends with it.
func (h *Host) errorName(cmdlet string) string {
	return errorClass(cmdlet, h.oldModule)
}

func errorClass(cmdlet string, oldModule bool) string {
	name := cmdletSpace + "." + strings.ReplaceAll(cmdlet, "-", "")
	if oldModule {
		name += "Command"
	}
	return name
}

// failure is an error of hypersim as the record a cmdlet writes. Nil when it
// is none to be written but ends the process.
func (h *Host) failure(cmdlet string, err error) *powershell.ErrorRecord {
	var e *hypersim.CmdletError
	switch {
	case errors.As(err, &e):
	case errors.Is(err, hypersim.ErrNoAnswer):
		e = &hypersim.CmdletError{ID: "OperationTimeout", Category: "OperationTimeout", Message: "The operation timed out."}
	case errors.Is(err, hypersim.ErrHostDown):
		e = h.objectNotFound(h.record.Name)
	default:
		return nil
	}
	exception := exceptionNow
	if h.oldModule {
		exception = exceptionOld
	}
	category, known := categories[e.Category]
	if !known {
		category = powershell.NotSpecified
	}
	r := powershell.NewErrorRecord(exception, e.ID, category, e.Message)
	r.Command, r.Activity = h.errorName(cmdlet), cmdlet
	if e.HResult != 0 {
		r.Exception.HResult = int32(e.HResult)
	}
	if e.Target != "" {
		r.Target = e.Target
	}
	return r
}

// objectNotFound is what the module says when the host's management service is
// not there, or not to be talked to.
func (h *Host) objectNotFound(computer string) *hypersim.CmdletError {
	return &hypersim.CmdletError{ID: "ObjectNotFound", Category: "ObjectNotFound", Message: fmt.Sprintf(
		"Hyper-V encountered an error trying to access an object on computer '%s' because the object was not found. "+
			"The object might have been deleted, or you might not have permission to perform the task. "+
			"Verify that the Virtual Machine Management service on the computer is running. "+
			"If the service is running, try to perform the task again by using Run as Administrator.", computer)}
}

// accessDenied is what a host without the caller's permission says; from
// within a session that is every other host.
func accessDenied(computer string) *hypersim.CmdletError {
	return &hypersim.CmdletError{ID: "AccessDenied", Category: "PermissionDenied", Message: fmt.Sprintf(
		"You do not have the required permission to complete this task. Contact the administrator of the authorization policy for the computer '%s'.", computer)}
}

// invalid is an argument the module itself refuses.
func invalid(format string, args ...any) *hypersim.CmdletError {
	return &hypersim.CmdletError{ID: "InvalidParameter", Category: "InvalidArgument", Message: fmt.Sprintf(format, args...), Simulated: true}
}

// unsupported is what this lab does not do, by name.
func unsupported(what string) *powershell.ErrorRecord {
	return powershell.NewErrorRecord("System.NotSupportedException", "NotSupportedByLab", powershell.NotImplemented, what+" is not supported by this lab.")
}
