package command

import (
	"errors"
	"fmt"

	"lifeboat.io/services/lifeboat/wait"
)

// Exit codes. They are part of the contract with scripts; `lifeboat help
// exit-codes` prints them.
const (
	// ExitOK: what was asked for was done.
	ExitOK = 0
	// ExitError: it failed.
	ExitError = 1
	// ExitUsage: the command line or a configuration is wrong; nothing was done.
	ExitUsage = 2
	// ExitRefused: lifeboat will not do it, or something is not ready.
	ExitRefused = 3
	// ExitHeld: a person must decide.
	ExitHeld = 4
	// ExitPartial: some of it was done, some not.
	ExitPartial = 5
	// ExitRunning: the waiting ended first; it goes on without this command.
	ExitRunning = 6
)

// exitCodes documents the codes, in order.
var exitCodes = []struct {
	code int
	text string
}{
	{ExitOK, "done; a test VM that is up, or a failover that can still be undone, counts as done"},
	{ExitError, "failed: the error says what, where, and what to do next"},
	{ExitUsage, "the command line or a configuration is wrong; nothing was done"},
	{ExitRefused, "refused, with the reasons; or a check found something that is not ready"},
	{ExitHeld, "a person must decide; the choices and the commands to answer are printed"},
	{ExitPartial, "some VMs of the ticket came out differently from others; or a check found warnings only"},
	{ExitRunning, "stopped waiting (time-out or Ctrl-C); what was begun goes on without this command"},
}

// exit is an error with the code the program ends with.
type exit struct {
	code int
	// err is printed; nil prints nothing, because everything was said.
	err error
	// help tells that the command's help says how it is written.
	help bool
}

func (e *exit) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exit) Unwrap() error { return e.err }

// usage is an error of the command line.
func usage(format string, args ...any) error {
	return &exit{code: ExitUsage, err: fmt.Errorf(format, args...), help: true}
}

// wrong is an error of what a command was given: nothing was done, and its help
// would not tell more.
func wrong(err error) error { return &exit{code: ExitUsage, err: err} }

// quietly ends with a code when everything was said already.
func quietly(code int) error {
	if code == ExitOK {
		return nil
	}
	return &exit{code: code}
}

// codeOf is the exit code of an error.
func codeOf(err error) int {
	var e *exit
	switch {
	case err == nil:
		return ExitOK
	case errors.As(err, &e):
		return e.code
	default:
		return ExitError
	}
}

// codes are the exit codes of the ends of a wait.
var codes = map[wait.Outcome]int{
	wait.Pending:   ExitRunning,
	wait.Done:      ExitOK,
	wait.Open:      ExitOK,
	wait.Held:      ExitHeld,
	wait.Refused:   ExitRefused,
	wait.Withdrawn: ExitError,
	wait.Failed:    ExitError,
	wait.Partial:   ExitPartial,
}
