package cmdexe

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Exit codes of cmd.exe itself.
const (
	exitOK      = 0
	exitFailure = 1
)

// maxDepth bounds how deep cmd.exe starts itself.
const maxDepth = 16

// Program runs a program with its whole command line, the program's own name
// first, and gives its exit code.
type Program func(ctx context.Context, line string, stdin io.Reader, stdout, stderr io.Writer) int

// Host is what cmd.exe knows of the machine it runs on.
type Host struct {
	// ComputerName and User are what hostname and whoami say.
	ComputerName, User string
	// Version is what ver says, such as 10.0.20348.2849.
	Version string
	// Address is the IPv4 address ipconfig shows.
	Address string
	// Env are the environment variables, names in upper case.
	Env map[string]string
	// PowerShell is powershell.exe.
	PowerShell Program
}

// Run is cmd.exe /C with a command line. It returns when everything in the line
// is over, or ctx is.
func Run(ctx context.Context, h Host, line string, stdin io.Reader, stdout, stderr io.Writer) int {
	return newShell(ctx, h, stdin).line(line, stdout, stderr, 0)
}

func newShell(ctx context.Context, h Host, stdin io.Reader) *shell {
	s := &shell{Host: h, ctx: ctx, stdin: stdin, env: map[string]string{}}
	for name, value := range h.Env {
		s.env[strings.ToUpper(name)] = value
	}
	return s
}

// Has tells whether there is a program of this name, which may be a path.
func Has(name string) bool {
	switch program(name) {
	case "hostname", "whoami", "ipconfig", "chcp.com", "powershell", "cmd":
		return true
	}
	return false
}

// Exec is CreateProcess with a command line: a program, with no cmd.exe around
// it. found is false when there is no program of that name.
func Exec(ctx context.Context, h Host, line string, stdin io.Reader, stdout, stderr io.Writer) (code int, found bool) {
	line = strings.TrimSpace(line)
	if name, _ := word(line); !Has(name) {
		return exitFailure, false
	}
	code, _ = newShell(ctx, h, stdin).command(line, stdout, stderr, 0)
	return code, true
}

// shell is one cmd.exe.
type shell struct {
	Host
	ctx   context.Context
	stdin io.Reader
	env   map[string]string
}

// line runs the commands of a line, each as its joint with the one before says.
func (s *shell) line(line string, stdout, stderr io.Writer, depth int) int {
	if depth > maxDepth {
		fmt.Fprint(stderr, "cmd.exe starting itself this deep is not supported by this lab.\r\n")
		return exitFailure
	}
	parts, err := split(s.expand(line))
	if err != nil {
		fmt.Fprintf(stderr, "%s\r\n", err)
		return exitFailure
	}
	code := exitOK
	for _, p := range parts {
		if p.joint == "&&" && code != exitOK || p.joint == "||" && code == exitOK || strings.TrimSpace(p.text) == "" {
			continue
		}
		if s.ctx.Err() != nil {
			return exitFailure
		}
		out, errs := p.streams(stdout, stderr)
		var over bool
		if code, over = s.command(p.text, out, errs, depth); over {
			return code
		}
	}
	return code
}

// streams are where a command's output goes.
func (p *part) streams(stdout, stderr io.Writer) (io.Writer, io.Writer) {
	out, errs := stdout, stderr
	if p.outToNul {
		out = io.Discard
	}
	switch {
	case p.errToNul:
		errs = io.Discard
	case p.errToOut:
		errs = out
	}
	return out, errs
}

// command runs one command; over tells that it ended cmd.exe.
func (s *shell) command(text string, stdout, stderr io.Writer, depth int) (code int, over bool) {
	text = strings.TrimLeft(text, " \t@")
	name, rest := word(text)
	switch base := program(name); base {
	case "echo", "echo.":
		return s.echo(base, rest, stdout), false
	case "exit":
		return exitCode(rest), true
	case "rem":
		return exitOK, false
	case "ver":
		fmt.Fprintf(stdout, "\r\nMicrosoft Windows [Version %s]\r\n", s.Version)
		return exitOK, false
	case "set":
		return s.set(rest, stdout, stderr), false
	case "cd", "chdir":
		fmt.Fprint(stdout, "C:\\Users\\"+s.account()+"\r\n")
		return exitOK, false
	case "type":
		fmt.Fprint(stderr, "The system cannot find the file specified.\r\n")
		return exitFailure, false
	case "chcp", "chcp.com":
		return chcp(rest, stdout, stderr), false
	case "hostname":
		fmt.Fprintf(stdout, "%s\r\n", s.ComputerName)
		return exitOK, false
	case "whoami":
		fmt.Fprintf(stdout, "%s\r\n", strings.ToLower(s.User))
		return exitOK, false
	case "ipconfig":
		fmt.Fprintf(stdout, "\r\nWindows IP Configuration\r\n\r\n\r\nEthernet adapter Ethernet:\r\n\r\n   IPv4 Address. . . . . . . . . . . : %s\r\n", s.Address)
		return exitOK, false
	case "powershell":
		return s.PowerShell(s.ctx, text, s.stdin, stdout, stderr), false
	case "cmd":
		return s.line(afterSlashC(rest), stdout, stderr, depth+1), false
	}
	fmt.Fprintf(stderr, "'%s' is not recognized as an internal or external command,\r\noperable program or batch file.\r\n", strings.Trim(name, `"`))
	return exitFailure, false
}

// chcp shows the code page, or takes one; output is UTF-8 in any case.
func chcp(rest string, stdout, stderr io.Writer) int {
	page := strings.TrimSpace(rest)
	if page == "" {
		page = "65001"
	}
	if n, err := strconv.ParseUint(page, 10, 16); err != nil || n == 0 {
		fmt.Fprint(stderr, "Parameter format not correct -\r\n")
		return exitFailure
	}
	fmt.Fprintf(stdout, "Active code page: %s\r\n", page)
	return exitOK
}

// account is the user's name without a domain.
func (s *shell) account() string { return s.User[strings.LastIndexByte(s.User, '\\')+1:] }

// word cuts the first word, which may be quoted, from a command.
func word(text string) (name, rest string) {
	if strings.HasPrefix(text, `"`) {
		if end := strings.IndexByte(text[1:], '"'); end >= 0 {
			return text[:end+2], text[end+2:]
		}
		return text, ""
	}
	if i := strings.IndexAny(text, " \t/="); i > 0 {
		return text[:i], text[i:]
	}
	return text, ""
}

// program is the name of a program without quotes, folder and .exe.
func program(name string) string {
	name = strings.ToLower(strings.Trim(name, `"`))
	name = name[strings.LastIndexByte(name, '\\')+1:]
	return strings.TrimSuffix(name, ".exe")
}

// afterSlashC is what cmd /c is told to run.
func afterSlashC(rest string) string {
	lower := strings.ToLower(rest)
	i := strings.Index(lower, "/c")
	if i < 0 {
		return ""
	}
	line := strings.TrimLeft(rest[i+2:], " \t")
	if n := len(line); n > 1 && line[0] == '"' && line[n-1] == '"' {
		line = line[1 : n-1]
	}
	return line
}

func (s *shell) echo(name, rest string, stdout io.Writer) int {
	text := strings.TrimPrefix(rest, " ")
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "on", "off":
		return exitOK
	case "":
		if name == "echo" && text == "" {
			text = "ECHO is on."
		}
	}
	fmt.Fprintf(stdout, "%s\r\n", text)
	return exitOK
}

// exitCode reads exit [/b] [code].
func exitCode(rest string) int {
	code := exitOK
	for _, w := range strings.Fields(rest) {
		if !strings.EqualFold(w, "/b") {
			if _, err := fmt.Sscan(w, &code); err != nil {
				return exitOK
			}
		}
	}
	return code
}

// set shows variables, all or those that begin with a name, or sets one.
func (s *shell) set(rest string, stdout, stderr io.Writer) int {
	text := strings.TrimSpace(rest)
	if n := len(text); n > 1 && text[0] == '"' && text[n-1] == '"' {
		text = text[1 : n-1]
	}
	if name, value, setting := strings.Cut(text, "="); setting {
		if value == "" {
			delete(s.env, strings.ToUpper(name))
		} else {
			s.env[strings.ToUpper(name)] = value
		}
		return exitOK
	}
	shown := 0
	for _, name := range slices.Sorted(maps.Keys(s.env)) {
		if strings.HasPrefix(name, strings.ToUpper(text)) {
			fmt.Fprintf(stdout, "%s=%s\r\n", name, s.env[name])
			shown++
		}
	}
	if shown == 0 && text != "" {
		fmt.Fprintf(stderr, "Environment variable %s not defined\r\n", text)
		return exitFailure
	}
	return exitOK
}
