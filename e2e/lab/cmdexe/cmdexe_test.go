package cmdexe_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"lifeboat.io/e2e/lab/cmdexe"
)

// host is a host whose powershell.exe tells what it was given.
var host = cmdexe.Host{
	ComputerName: "HV1", User: `HV1\Administrator`, Version: "10.0.20348.2849", Address: "127.0.1.1",
	Env: map[string]string{"Site": "east", "PERCENT": "100%"},
	PowerShell: func(_ context.Context, line string, stdin io.Reader, stdout, stderr io.Writer) int {
		fmt.Fprintf(stdout, "<%s>\r\n", line)
		fmt.Fprint(stderr, "told\r\n")
		if strings.Contains(line, "fail") {
			return 7
		}
		return 0
	},
}

func run(t *testing.T, line string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs strings.Builder
	code = cmdexe.Run(t.Context(), host, line, nil, &out, &errs)
	return strings.ReplaceAll(out.String(), "\r\n", "\n"), strings.ReplaceAll(errs.String(), "\r\n", "\n"), code
}

func TestLines(t *testing.T) {
	tests := []struct {
		line, stdout, stderr string
		code                 int
	}{
		{`hostname`, "HV1\n", "", 0},
		{`WHOAMI.EXE`, "hv1\\administrator\n", "", 0},
		{`echo a  "b" %SITE% %site%%nothing%`, "a  \"b\" east east%nothing%\n", "", 0},
		{`echo %PERCENT%`, "100%\n", "", 0},
		{`echo`, "ECHO is on.\n", "", 0},
		{`echo.`, "\n", "", 0},
		{`@echo off`, "", "", 0},
		{`ver`, "\nMicrosoft Windows [Version 10.0.20348.2849]\n", "", 0},
		{`set si`, "SITE=east\n", "", 0},
		{`set nothing`, "", "Environment variable nothing not defined\n", 1},
		{`set A=1& set a`, "A=1\n", "", 0},
		{`exit 3 & echo never`, "", "", 3},
		{`exit /b 4`, "", "", 4},
		{`echo a&echo b`, "a\nb\n", "", 0},
		{`nosuch && echo never & echo b || echo never`, "b \n", "'nosuch' is not recognized as an internal or external command,\noperable program or batch file.\n", 0},
		{`nosuch || echo b`, "b\n", "'nosuch' is not recognized as an internal or external command,\noperable program or batch file.\n", 0},
		{`nosuch`, "", "'nosuch' is not recognized as an internal or external command,\noperable program or batch file.\n", 1},
		{`"C:\Tools\x.exe" -a`, "", "'C:\\Tools\\x.exe' is not recognized as an internal or external command,\noperable program or batch file.\n", 1},
		{`powershell -Command "a & b | c"`, "<powershell -Command \"a & b | c\">\n", "told\n", 0},
		{`"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe" -x`, "<\"C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe\" -x>\n", "told\n", 0},
		{`powershell fail`, "<powershell fail>\n", "told\n", 7},
		{`powershell x 2>nul`, "<powershell x >\n", "", 0},
		{`powershell x >nul 2>&1`, "", "", 0},
		{`powershell x 2>&1`, "<powershell x >\ntold\n", "", 0},
		{`cmd /c "echo inner & exit 5"`, "inner \n", "", 5},
		{`echo a ^& b ^| c`, "a & b | c\n", "", 0},
		{`echo a | more`, "", "| is not supported by the cmd.exe of this lab\n", 1},
		{`echo a > c:\x`, "", "writing to files (> c:\\x) is not supported by the cmd.exe of this lab\n", 1},
		{`type c:\x`, "", "The system cannot find the file specified.\n", 1},
		{``, "", "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.line, func(t *testing.T) {
			stdout, stderr, code := run(t, tt.line)
			if stdout != tt.stdout || stderr != tt.stderr || code != tt.code {
				t.Errorf("gave %q, %q, %d; want %q, %q, %d", stdout, stderr, code, tt.stdout, tt.stderr, tt.code)
			}
		})
	}
}

func TestExec(t *testing.T) {
	for _, c := range []struct {
		line, stdout string
		code         int
		found        bool
	}{
		{`hostname`, "HV1\r\n", 0, true},
		{` "C:\Windows\System32\whoami.exe"  `, "hv1\\administrator\r\n", 0, true},
		{`powershell -Command "a & b"`, "<powershell -Command \"a & b\">\r\n", 0, true},
		{`cmd.exe /c echo %SITE%`, "east\r\n", 0, true},
		{`chcp.com 65001`, "Active code page: 65001\r\n", 0, true},
		{`chcp.com x`, "", 1, true},
		{`hostname & hostname`, "HV1\r\n", 0, true}, // words to it, as there is no cmd.exe
		{`echo a`, "", 1, false}, {`nosuch`, "", 1, false}, {``, "", 1, false},
	} {
		var stdout strings.Builder
		code, found := cmdexe.Exec(t.Context(), host, c.line, nil, &stdout, io.Discard)
		if stdout.String() != c.stdout || code != c.code || found != c.found {
			t.Errorf("%s: %q, %d, %v; want %q, %d, %v", c.line, stdout.String(), code, found, c.stdout, c.code, c.found)
		}
	}
}

func TestDepthIsBounded(t *testing.T) {
	_, stderr, code := run(t, strings.Repeat("cmd /c ", 100)+"echo x")
	if code == 0 || !strings.Contains(stderr, "not supported") {
		t.Errorf("%d %q", code, stderr)
	}
}

func FuzzRun(f *testing.F) {
	for _, seed := range []string{`echo %a% & set b=1 && ver || "x`, `powershell 2>nul ^`, `cmd /c "cmd /c echo"`, `>`, `2>&1`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		cmdexe.Run(t.Context(), host, line, nil, io.Discard, io.Discard)
	})
}
