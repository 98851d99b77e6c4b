package ansible

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// Exit codes of a module's process.
const (
	exitDone   = 0
	exitFailed = 1
)

// notFound is ERROR_FILE_NOT_FOUND, which a module gives as the code of a
// program that is not there.
const notFound = 2

// Start runs a program with its whole command line and variables besides the
// process's own, and gives its exit code; false when there is no such program.
type Start func(ctx context.Context, line string, env map[string]string, stdin io.Reader, stdout, stderr io.Writer) (code int, found bool)

// Host is what modules need of the machine they run on.
type Host struct {
	// Now is the host's clock.
	Now func() time.Time
	// Start starts a program.
	Start Start
	// Facts are what setup tells.
	Facts map[string]any
	// Encode makes the value of powershell.exe -EncodedCommand.
	Encode func(script string) string
}

// Result is a module's answer.
type Result map[string]any

// failed is the answer of a module that did not do what it was asked to.
func failed(format string, args ...any) Result {
	return Result{"failed": true, "changed": false, "msg": fmt.Sprintf(format, args...)}
}

// modules are those there are.
var modules = map[string]func(ctx context.Context, h Host, p *Payload) Result{
	"win_shell": shell, "win_command": command, "win_ping": ping, "setup": setup,
}

// powerShellWrapper is the action of a module written in PowerShell that runs
// at once and as who logged on.
const powerShellWrapper = "module_powershell_wrapper"

// Run carries a module out, writes its answer and gives its process's exit
// code. A result is not written once ctx is over.
func Run(ctx context.Context, h Host, p *Payload, stdout io.Writer) int {
	r := h.result(ctx, p)
	if ctx.Err() != nil {
		return exitFailed
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(r); err != nil {
		return exitFailed
	}
	if _, err := io.WriteString(stdout, strings.TrimSuffix(b.String(), "\n")+"\r\n"); err != nil || r["failed"] == true {
		return exitFailed
	}
	return exitDone
}

func (h Host) result(ctx context.Context, p *Payload) Result {
	if p.Actions[0] != powerShellWrapper {
		return failed("Running a module by the action '%s' is not supported by this lab; it runs '%s' only, without async and become.", p.Actions[0], powerShellWrapper)
	}
	run := modules[p.Module()]
	if run == nil {
		return failed("The module '%s' is not supported by this lab; there are raw, %s.", p.Module(), strings.Join(slices.Sorted(maps.Keys(modules)), ", "))
	}
	return run(ctx, h, p)
}

// refused names an argument this lab does nothing with.
func (p *Payload) refused(names ...string) Result {
	for _, name := range names {
		if p.text(name) != "" {
			return failed("The argument '%s' of %s is not supported by this lab, which has no file system and one encoding.", name, p.Module())
		}
	}
	return nil
}

func ping(_ context.Context, _ Host, p *Payload) Result {
	data := p.text("data")
	switch data {
	case "":
		data = "pong"
	case "crash":
		return failed("Unhandled exception while executing module: boom")
	}
	return Result{"changed": false, "ping": data, "invocation": map[string]any{"module_args": map[string]any{"data": data}}}
}

func setup(_ context.Context, h Host, _ *Payload) Result {
	return Result{"changed": false, "ansible_facts": h.Facts}
}
