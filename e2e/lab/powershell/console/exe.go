package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"lifeboat.io/e2e/lab/powershell"
)

// Exit codes besides those of scripts.
const (
	// ExitUsage is what a command line that cannot be read gives, as on Windows.
	ExitUsage = -1
	// ExitError is what an uncaught error gives.
	ExitError = 1
	// ExitCancelled is what a run that was cancelled gives: STATUS_CONTROL_C_EXIT.
	ExitCancelled = -1073741510
	// ExitInternal tells of a defect of the interpreter or of a limit reached.
	ExitInternal = 125
)

// Process is what one powershell.exe is started with besides its command line.
type Process struct {
	powershell.Options
	// Piped tells that standard input is a pipe, as it is for programs that
	// send input: a script that reads $input gets its lines, all of them
	// before it begins. Otherwise $input is empty.
	Piped bool
	// Take, if set, is offered that input before such a script runs. It returns
	// true when it did what the process is for, with the exit code.
	Take func(ctx context.Context, input string, stdout, stderr io.Writer) (code int, taken bool)
}

// Command runs a whole command line whose first word is the program.
func (p Process) Command(ctx context.Context, line string, stdin io.Reader, stdout, stderr io.Writer) int {
	args := Split(line)
	if len(args) == 0 {
		return ExitUsage
	}
	return p.Exe(ctx, args[1:], stdin, stdout, stderr)
}

// Exe is a powershell.exe whose standard input is no pipe.
func Exe(ctx context.Context, o powershell.Options, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return Process{Options: o}.Exe(ctx, args, stdin, stdout, stderr)
}

// Exe is powershell.exe with arguments, without the program's name. It returns
// the exit code. Standard input is read only as far as the script asks; the
// caller closes it afterwards, which ends a read that still waits.
func (p Process) Exe(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	opt, err := parse(args)
	if err != nil {
		fmt.Fprintf(stderr, "%s\r\n", err)
		return ExitUsage
	}
	max := p.Limits.OutputBytes
	if max == 0 {
		max = powershell.DefaultLimits.OutputBytes
	}
	b := &budget{left: max}
	h := &host{ctx: ctx, stdout: &limited{stdout, b}, stderr: &limited{stderr, b}, xml: opt.encoded && !opt.formatGiven}
	h.session = powershell.NewSession(p.Options)
	if p.Piped && stdin != nil && powershell.ReadsInput(opt.script) {
		input, err := readAll(ctx, stdin)
		if err != nil {
			return ExitCancelled
		}
		if p.Take != nil {
			if code, taken := p.Take(ctx, input, h.stdout, h.stderr); taken {
				return code
			}
		}
		h.session.UseInput(input)
		stdin = nil
	}
	c := powershell.NewConsole(stdin, h.stdout, h.stderr)
	defer c.Close()
	h.session.UseConsole(c)
	defer h.close()
	switch {
	case opt.help:
		fmt.Fprint(h.stdout, "PowerShell[.exe] [-NoLogo] [-NoExit] [-NoProfile] [-NonInteractive] [-InputFormat {Text | XML}]\r\n    [-OutputFormat {Text | XML}] [-ExecutionPolicy <ExecutionPolicy>]\r\n    [-File <filePath> <args>] [-EncodedCommand <Base64EncodedCommand>] [-Command { - | <script-block> | <string> }]\r\n")
		return 0
	case opt.file != "":
		return h.file(opt)
	case opt.stdin || opt.nothing:
		return h.repl(stdin)
	}
	return h.run(opt.script)
}

// file refuses -File: the host has no file system. -File - reads standard input.
func (h *host) file(o *options) int {
	fmt.Fprintf(h.stderr, "The argument '%s' to the -File parameter does not exist. Provide the path to an existing '.ps1' file as an argument to the -File parameter.\r\n", o.file)
	return -196608
}

// run runs one script and gives the exit code.
func (h *host) run(script string) int {
	res := h.session.Run(h.ctx, script, h.streams())
	return h.finish(res)
}

// finish shows what a run ended with and gives the exit code.
func (h *host) finish(res powershell.Result) int {
	if err := h.flush(); err != nil && res.Err == nil {
		res.Err = err
	}
	var t *powershell.Terminating
	var limit *powershell.LimitError
	switch {
	case res.Exited:
		return res.ExitCode
	case res.Err == nil:
		if res.OK {
			return 0
		}
		return ExitError
	case errors.As(res.Err, &t):
		if err := h.showError(t.Record); err != nil {
			return ExitInternal
		}
		return ExitError
	case h.ctx.Err() != nil:
		return ExitCancelled
	case errors.As(res.Err, &limit):
		fmt.Fprintf(h.stderr, "%s\r\n", res.Err)
		return ExitInternal
	}
	fmt.Fprintf(h.stderr, "%s\r\n", res.Err)
	return ExitInternal
}

// repl is -Command -: statements from standard input, each run as soon as it is
// complete; a block over several lines is complete after an empty line.
func (h *host) repl(stdin io.Reader) int {
	if stdin == nil {
		return 0
	}
	in := powershell.NewConsole(stdin, nil, nil)
	defer in.Close()
	code := 0
	pending := ""
	for {
		line, ok, err := in.ReadLine(h.ctx)
		if err != nil {
			return ExitCancelled
		}
		if !ok {
			break
		}
		if pending != "" && strings.TrimSpace(line) != "" {
			pending += "\n" + line
			continue
		}
		text := pending + line
		if pending == "" && powershell.Incomplete(text) {
			pending = text
			continue
		}
		pending = ""
		if strings.TrimSpace(text) == "" {
			continue
		}
		res := h.session.Run(h.ctx, text, h.streams())
		code = h.finish(res)
		if res.Exited || h.ctx.Err() != nil {
			return code
		}
	}
	// an incomplete statement at the end is dropped without a word
	return code
}

// budget bounds what a run writes; limited writes within one.
type budget struct{ left int64 }

type limited struct {
	w io.Writer
	b *budget
}

func (l *limited) Write(p []byte) (int, error) {
	if l.b.left -= int64(len(p)); l.b.left < 0 {
		return 0, &powershell.LimitError{Limit: "OutputBytes"}
	}
	if l.w == nil {
		return len(p), nil
	}
	return l.w.Write(p)
}

// maxInput bounds what a script's $input takes, in bytes.
const maxInput = 64 << 20

// readAll reads to the end, or to maxInput, without waiting beyond ctx.
func readAll(ctx context.Context, r io.Reader) (string, error) {
	all := make(chan string, 1)
	go func() {
		data, _ := io.ReadAll(io.LimitReader(r, maxInput)) // a pipe that breaks has come to its end
		all <- string(data)
	}()
	select {
	case text := <-all:
		return text, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
