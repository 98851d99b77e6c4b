package powershell

import (
	"fmt"
	"strings"

	"lifeboat.io/e2e/lab/powershell/syntax"
)

// Category is an ErrorCategory; its number is the one .NET gives it.
type Category int32

// The error categories.
const (
	NotSpecified Category = iota
	OpenError
	CloseError
	DeviceError
	DeadlockDetected
	InvalidArgument
	InvalidData
	InvalidOperation
	InvalidResult
	InvalidType
	MetadataError
	NotImplemented
	NotInstalled
	ObjectNotFound
	OperationStopped
	OperationTimeout
	SyntaxError
	ParserError
	PermissionDenied
	ResourceBusy
	ResourceExists
	ResourceUnavailable
	ReadError
	WriteErrorCategory
	FromStdErr
	SecurityError
	ProtocolError
	ConnectionError
	AuthenticationError
	LimitsExceeded
	QuotaExceeded
	NotEnabled
)

var enumCategory = func() *EnumType {
	t := &EnumType{Name: "System.Management.Automation.ErrorCategory"}
	for i, n := range strings.Fields(`NotSpecified OpenError CloseError DeviceError DeadlockDetected InvalidArgument
		InvalidData InvalidOperation InvalidResult InvalidType MetadataError NotImplemented NotInstalled ObjectNotFound
		OperationStopped OperationTimeout SyntaxError ParserError PermissionDenied ResourceBusy ResourceExists
		ResourceUnavailable ReadError WriteError FromStdErr SecurityError ProtocolError ConnectionError
		AuthenticationError LimitsExceeded QuotaExceeded NotEnabled`) {
		t.Members = append(t.Members, EnumMember{n, int64(i)})
	}
	return t
}()

func (c Category) String() string { return Enum{enumCategory, int64(c)}.String() }

// ErrorRecord is PowerShell's error record.
type ErrorRecord struct {
	Exception *Exception
	// ID is the identifier without the name of the command.
	ID string
	// Command is what FullyQualifiedErrorId adds behind a comma: the class of a
	// cmdlet, or the name of a function; empty adds nothing.
	Command  string
	Category Category
	// Activity is the command that failed, Reason the exception's type; both
	// are filled in when empty. TargetName and TargetType follow Target.
	Activity, Reason, TargetName, TargetType string
	Target                                   Value
	// Details replaces the exception's message, if not empty.
	Details string

	position *position
	stack    string
}

// position is where in a script something happened.
type position struct {
	src     *syntax.Source
	span    syntax.Span
	command string // the command at fault, "" for an expression
}

// NewErrorRecord makes a record the way modules do: an exception type, an
// identifier, a category and a message.
func NewErrorRecord(exceptionType, id string, category Category, message string) *ErrorRecord {
	return &ErrorRecord{
		Exception: &Exception{Type: exceptionType, Message: message, HResult: defaultHResult(exceptionType)},
		ID:        id, Category: category,
	}
}

// FullyQualifiedErrorID is the identifier with the command.
func (r *ErrorRecord) FullyQualifiedErrorID() string {
	if r.Command == "" {
		return r.ID
	}
	if r.ID == "" {
		return r.Command
	}
	return r.ID + "," + r.Command
}

// Message is what ToString gives.
func (r *ErrorRecord) Message() string {
	if r.Details != "" {
		return r.Details
	}
	return r.Exception.Message
}

func (r *ErrorRecord) reason() string {
	if r.Reason != "" {
		return r.Reason
	}
	return r.Exception.short()
}

func (r *ErrorRecord) target() (name, typ string) {
	name, typ = r.TargetName, r.TargetType
	if r.Target != nil {
		if name == "" {
			name = plainString(r.Target)
		}
		if typ == "" {
			typ = typeOf(r.Target).short()
		}
	}
	return name, typ
}

// CategoryMessage is CategoryInfo.ToString().
func (r *ErrorRecord) CategoryMessage() string {
	name, typ := r.target()
	return fmt.Sprintf("%s: (%s:%s) [%s], %s", r.Category, ellipsize(name), typ, r.Activity, r.reason())
}

// ellipsize shortens a target's name the way CategoryInfo does.
func ellipsize(s string) string {
	s = strings.Map(func(c rune) rune {
		if c == '\r' || c == '\n' {
			return ' '
		}
		return c
	}, strings.TrimSpace(s))
	if utf16Len(s) <= 40 {
		return s
	}
	u := toUTF16(s)
	return fromUTF16(u[:15]) + "..." + fromUTF16(u[len(u)-15:])
}

// Terminating is an error that ends the statement it happens in, or with
// Thrown the script, unless it is caught.
type Terminating struct {
	Record *ErrorRecord
	// Thrown tells that a throw statement raised it.
	Thrown bool
	// stop tells that an error action of Stop raised it.
	stop bool
}

// Error gives the message.
func (t *Terminating) Error() string { return t.Record.Message() }

// Throw makes a terminating error of a record.
func Throw(r *ErrorRecord) *Terminating { return &Terminating{Record: r} }

// newError makes a terminating error.
func newError(exceptionType, id string, c Category, message string) *Terminating {
	return Throw(NewErrorRecord(exceptionType, id, c, message))
}

func (t *Terminating) target(v Value) *Terminating {
	t.Record.Target = v
	return t
}

// runtimeError is an InvalidOperation RuntimeException, which most of the
// language's own errors are.
func runtimeError(id, format string, args ...any) *Terminating {
	return newError("System.Management.Automation.RuntimeException", id, InvalidOperation, fmt.Sprintf(format, args...))
}

// netError is what a .NET method throws; a call turns it into a
// MethodInvocationException.
type netError struct{ ex *Exception }

func (e *netError) Error() string { return e.ex.Message }

func throwNet(typ, format string, args ...any) error {
	return &netError{&Exception{Type: typ, Message: fmt.Sprintf(format, args...), HResult: defaultHResult(typ)}}
}

// invocationError wraps what a method threw.
func invocationError(name string, args int, inner *Exception) *Terminating {
	t := newError("System.Management.Automation.MethodInvocationException", inner.short(), NotSpecified,
		fmt.Sprintf(`Exception calling "%s" with "%d" argument(s): "%s"`, name, args, inner.Message))
	t.Record.Exception.Inner = inner
	t.Record.Exception.HResult = -2146233087
	return t
}
