package winrm

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"sort"
	"strconv"
	"strings"
)

// fakeShell is what the tests run commands with: a handful of words, enough to
// make every stream and every way to end happen.
func fakeShell(ctx context.Context, p Process) int {
	words := append(strings.Fields(p.Line()), "")
	args := words[1 : len(words)-1]
	switch strings.ToLower(words[0]) {
	case "echo":
		fmt.Fprintf(p.Stdout, "%s\r\n", strings.Join(args, " "))
	case "err":
		fmt.Fprintf(p.Stderr, "%s\r\n", strings.Join(args, " "))
		return 1
	case "exit":
		return number(args)
	case "cat":
		_, _ = io.Copy(p.Stdout, p.Stdin)
	case "lines": // answers each line, like a persistent interpreter
		in := bufio.NewScanner(p.Stdin)
		for in.Scan() {
			fmt.Fprintf(p.Stdout, "got %s\r\n", in.Text())
		}
	case "flood":
		for n := number(args); n > 0; {
			k := min(n, 10000)
			if _, err := p.Stdout.Write([]byte(strings.Repeat("x", k))); err != nil {
				return 2
			}
			n -= k
		}
	case "sleep": // until killed
		<-ctx.Done()
		return killedCode(ctx)
	case "deaf": // reads no input
		<-ctx.Done()
	case "env":
		keys := make([]string, 0, len(p.Env))
		for k := range p.Env {
			keys = append(keys, k)
		}
		sort.Strings(keys)
		for _, k := range keys {
			fmt.Fprintf(p.Stdout, "%s=%s\r\n", k, p.Env[k])
		}
		fmt.Fprintf(p.Stdout, "cd=%s user=%s cp=%d noprofile=%v console=%v skip=%v\r\n",
			p.WorkDir, p.User, p.Codepage, p.NoProfile, p.ConsoleModeStdin, p.SkipCmdShell)
	case "alloc":
		if err := p.Reserve(int64(number(args)) << 20); err != nil {
			fmt.Fprintln(p.Stderr, "out of memory")
			return 8
		}
		fmt.Fprintln(p.Stdout, "reserved")
		<-ctx.Done()
	case `c:\tools\hello.exe`:
		fmt.Fprintf(p.Stdout, "hello %s\r\n", strings.Join(args, " "))
	default:
		fmt.Fprintf(p.Stderr, "'%s' is not recognized as an internal or external command,\r\noperable program or batch file.\r\n", words[0])
		return 1
	}
	return 0
}

// killedCode is the exit code Windows gives a process ended by Ctrl+C.
func killedCode(ctx context.Context) int {
	if context.Cause(ctx) == ErrCtrlC {
		return 0xC000013A
	}
	return 1
}

// number is the first argument, 0 without one.
func number(args []string) int {
	if len(args) == 0 {
		return 0
	}
	n, _ := strconv.Atoi(args[0])
	return n
}
