package console

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lifeboat.io/e2e/lab/powershell"
)

var rewrite = flag.Bool("rewrite", false, "write what scripts give into the case files; review the difference")

// scriptCase is one script with what it must give. A file of cases is made of
//
//	=== name
//	script
//	--- stdout
//	--- stderr
//	--- exit N
type scriptCase struct {
	name, script, stdout, stderr string
	exit                         int
}

func readCases(t *testing.T, path string) (head string, cases []*scriptCase) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var c *scriptCase
	var into *string
	for line := range strings.Lines(string(b)) {
		text := strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(text, "=== "):
			c = &scriptCase{name: strings.TrimPrefix(text, "=== ")}
			cases = append(cases, c)
			into = &c.script
		case c == nil:
			head += line
		case text == "--- stdout":
			into = &c.stdout
		case text == "--- stderr":
			into = &c.stderr
		case strings.HasPrefix(text, "--- exit "):
			if _, err := fmt.Sscan(strings.TrimPrefix(text, "--- exit "), &c.exit); err != nil {
				t.Fatalf("%s: %s: %v", path, c.name, err)
			}
			into = new(string)
		default:
			*into += line
		}
	}
	return head, cases
}

func writeCases(t *testing.T, path, head string, cases []*scriptCase) {
	t.Helper()
	var sb strings.Builder
	sb.WriteString(head)
	for _, c := range cases {
		fmt.Fprintf(&sb, "=== %s\n%s--- stdout\n%s", c.name, c.script, c.stdout)
		if c.stderr != "" {
			fmt.Fprintf(&sb, "--- stderr\n%s", c.stderr)
		}
		fmt.Fprintf(&sb, "--- exit %d\n\n", c.exit)
	}
	if err := os.WriteFile(path, []byte(strings.TrimRight(sb.String(), "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}

// caseOptions make runs repeatable: a clock that stands, a seed, no waiting.
func caseOptions() powershell.Options {
	return powershell.Options{
		ComputerName: "HV1", User: `LAB\admin`, Seed: 1,
		Now:   func() time.Time { return time.Date(2024, 5, 6, 7, 8, 9, 123456700, time.UTC) },
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}
}

// TestCases runs every script of testdata the way powershell.exe would run it
// with -EncodedCommand and -OutputFormat Text.
func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/*.case")
	if err != nil || len(files) == 0 {
		t.Fatalf("no case files: %v", err)
	}
	for _, path := range files {
		head, cases := readCases(t, path)
		for _, c := range cases {
			t.Run(strings.TrimSuffix(filepath.Base(path), ".case")+"/"+c.name, func(t *testing.T) {
				var stdout, stderr bytes.Buffer
				args := []string{"-NoLogo", "-NoProfile", "-NonInteractive", "-OutputFormat", "Text", "-EncodedCommand", Encode(strings.TrimSuffix(c.script, "\n"))}
				code := Exe(context.Background(), caseOptions(), args, nil, &stdout, &stderr)
				out, errs := lines(stdout.String()), lines(stderr.String())
				if *rewrite {
					c.stdout, c.stderr, c.exit = out, errs, code
					return
				}
				if out != c.stdout {
					t.Errorf("stdout:\n%s\nwant:\n%s", out, c.stdout)
				}
				if errs != c.stderr {
					t.Errorf("stderr:\n%s\nwant:\n%s", errs, c.stderr)
				}
				if code != c.exit {
					t.Errorf("exit code %d, want %d", code, c.exit)
				}
			})
		}
		if *rewrite {
			writeCases(t, path, head, cases)
		}
	}
}

// lines gives output as it stands in a case file: line feeds only, no white
// space at the ends of lines, and a line feed at the end.
func lines(s string) string {
	if s == "" {
		return ""
	}
	var sb strings.Builder
	for l := range strings.SplitSeq(strings.TrimSuffix(strings.ReplaceAll(s, "\r\n", "\n"), "\n"), "\n") {
		sb.WriteString(strings.TrimRight(l, " ") + "\n")
	}
	return sb.String()
}
