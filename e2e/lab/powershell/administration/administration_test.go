package administration

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"lifeboat.io/e2e/lab/cmdlets"
	"lifeboat.io/e2e/lab/powershell/console"
	"lifeboat.io/pkg/hyperv/hypersim"
)

var rewrite = flag.Bool("rewrite", false, "write what scripts give into the case files; review the difference")

// timeout is how long one script may run.
const timeout = time.Minute

// A file of cases is made of
//
//	=== name
//	#@ HOST of WORLD, or #@ HOST, which goes on in the world of the case before
//	script
//	--- stdout
//	--- stderr
//	--- changes
//	HOST CMDLET ERROR
//	--- exit N
var sections = []string{"stdout", "stderr", "changes"}

type scriptCase struct {
	name, script string
	gives        map[string]string // by section, without those that are empty
	exit         int
}

// worlds are those the scripts run in.
var worlds = map[string]func() hypersim.Spec{
	"pair":      func() hypersim.Spec { return hypersim.Pair(3) },
	"two-sites": hypersim.TwoSites,
	// Nothing replicates yet, and r1 does not receive.
	"plain": func() hypersim.Spec {
		s := hypersim.Pair(3)
		s.Hosts[1].Server = &hypersim.ReplicationServer{}
		for i := range s.VMs {
			s.VMs[i].Replica, s.VMs[i].RecoveryHistory = "", 0
		}
		return s
	},
}

func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.case")
	if err != nil || len(files) == 0 {
		t.Fatalf("no case files: %v", err)
	}
	for _, path := range files {
		head, cases := readCases(t, path)
		var world *hypersim.World // that of the case before
		for _, c := range cases {
			t.Run(strings.TrimSuffix(filepath.Base(path), ".case")+"/"+c.name, func(t *testing.T) {
				is := &scriptCase{name: c.name, script: c.script}
				world = is.run(t, world)
				if *rewrite {
					*c = *is
					return
				}
				for _, section := range sections {
					if is.gives[section] != c.gives[section] {
						t.Errorf("%s:\n%s\nwant:\n%s", section, is.gives[section], c.gives[section])
					}
				}
				if is.exit != c.exit {
					t.Errorf("exit code %d, want %d", is.exit, c.exit)
				}
			})
		}
		if *rewrite {
			writeCases(t, path, head, cases)
		}
	}
}

// run runs the script and keeps what it gives. It returns the world.
func (c *scriptCase) run(t *testing.T, world *hypersim.World) *hypersim.World {
	place := regexp.MustCompile(`^#@ (\S+)(?: of (\S+))?\n`).FindStringSubmatch(c.script)
	if place == nil {
		t.Fatalf("the script of %q does not begin with #@ HOST of WORLD", c.name)
	}
	if place[2] != "" {
		spec := worlds[place[2]]
		if spec == nil {
			t.Fatalf("world %q: there is none of that name", place[2])
		}
		var err error
		if world, err = hypersim.New(spec()); err != nil {
			t.Fatal(err)
		}
	}
	if world == nil {
		t.Fatalf("%q goes on in the world of no case before it", c.name)
	}
	pass := func(ctx context.Context, d time.Duration) error {
		world.Advance(d)
		return ctx.Err()
	}
	before, _ := world.Journal()
	host, err := cmdlets.NewHost(t.Context(), world, place[1], cmdlets.Settings{Sleep: pass})
	if err != nil {
		t.Fatal(err)
	}
	options := host.Options(`EXAMPLE\admin`)
	options.Seed = 1
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	var stdout, stderr bytes.Buffer
	args := []string{"-NoLogo", "-NoProfile", "-NonInteractive", "-OutputFormat", "Text", "-EncodedCommand", console.Encode(strings.TrimSuffix(c.script, "\n"))}
	c.exit = console.Exe(ctx, options, args, nil, &stdout, &stderr)
	c.gives = map[string]string{"stdout": lines(stdout.String()), "stderr": lines(stderr.String())}
	after, _ := world.Journal()
	var changes strings.Builder
	for _, e := range after[len(before):] {
		if e.Cmdlet != "" && (e.Changed || e.ErrorID != "") {
			changes.WriteString(strings.TrimRight(fmt.Sprintf("%s %s %s", e.Host, e.Cmdlet, e.ErrorID), " ") + "\n")
		}
	}
	c.gives["changes"] = changes.String()
	return world
}

func readCases(t *testing.T, path string) (head string, cases []*scriptCase) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var c *scriptCase
	section := "" // the script
	for line := range strings.Lines(string(text)) {
		mark, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		switch {
		case mark == "===":
			c = &scriptCase{name: rest, gives: map[string]string{}}
			cases = append(cases, c)
			section = ""
		case c == nil:
			head += line
		case mark == "---":
			section = rest
			if n, err := fmt.Sscanf(rest, "exit %d", &c.exit); n == 1 && err == nil {
				section = "exit"
			}
		case section == "":
			c.script += line
		case section != "exit":
			c.gives[section] += line
		}
	}
	return head, cases
}

func writeCases(t *testing.T, path, head string, cases []*scriptCase) {
	t.Helper()
	var sb strings.Builder
	sb.WriteString(head)
	for _, c := range cases {
		fmt.Fprintf(&sb, "=== %s\n%s", c.name, strings.TrimRight(c.script, "\n")+"\n")
		for _, section := range sections {
			if text := c.gives[section]; text != "" {
				fmt.Fprintf(&sb, "--- %s\n%s", section, text)
			}
		}
		fmt.Fprintf(&sb, "--- exit %d\n\n", c.exit)
	}
	if err := os.WriteFile(path, []byte(strings.TrimRight(sb.String(), "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}

// lines gives output as it stands in a case file: line feeds only, no blanks at
// the ends of lines, and a line feed at the end.
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
