package kit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"lifeboat.io/e2e/programs"
	"lifeboat.io/pkg/hyperv/hypertest/kit"
)

var update = flag.Bool("update", false, "write the recording of the lab's answers anew")

// recording is where the kit keeps the lab's answers.
const recording = "../../pkg/hyperv/hypertest/kit/lab.txt"

// folder is where the programs are built, once.
var folder string

func TestMain(m *testing.M) {
	flag.Parse()
	dir, err := os.MkdirTemp("", "lifeboat-kit-")
	if err == nil {
		folder = dir
		err = programs.Build(context.Background(), dir, "lab", "hypertest")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

const (
	marked   = "lifeboat-test-1"
	unmarked = "lifeboat-test-2"
	off      = "lifeboat-test-3"
	payroll  = "payroll"

	// timeScale lets a guest boot in 150 ms.
	timeScale = 200
	// runWithin bounds one run of the program.
	runWithin = 4 * time.Minute
)

const world = `{
 "hosts": [{"name": "hv1", "site": "east", "skew": "-3m"}, {"name": "hv2", "site": "west", "skew": "5m"}],
 "vms": [
  {"name": "lifeboat-test-1", "notes": "Of the storage team.\r\nlifeboat-test: throw-away\r\n", "host": "hv1", "replica": "hv2", "frequencySec": 30, "recoveryHistory": 4,
   "adapters": [{"name": "Network Adapter", "switch": "Production", "replicaSwitch": "Production"}, {"name": "Back", "switch": "Production"}]},
  {"name": "lifeboat-test-2", "notes": "not lifeboat-test: throw-away", "host": "hv1", "replica": "hv2", "frequencySec": 30},
  {"name": "lifeboat-test-3", "notes": "lifeboat-test: throw-away", "host": "hv1", "replica": "hv2", "frequencySec": 30, "off": true},
  {"name": "payroll", "notes": "lifeboat-test: throw-away", "host": "hv1", "replica": "hv2"}]
}`

// bench is a lab with what the kit needs to know of it.
type bench struct {
	t   *testing.T
	lab *programs.Lab
	dir string
}

func start(t *testing.T) *bench {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "world.json")
	if err := os.WriteFile(path, []byte(world), 0o600); err != nil {
		t.Fatal(err)
	}
	lab, err := programs.StartLab(t.Context(), folder, nil, "--world", path, "--dir", dir, "--address", "127.0.0.1", "--nats", "nats://127.0.0.1:1",
		"--time-scale", fmt.Sprint(timeScale), "--ps-start", "0", "--cmdlet-latency", "0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := lab.Stop(); err != nil {
			t.Error(err)
		}
	})
	return &bench{t, lab, dir}
}

// command is the program about to run on a VM.
func (b *bench) command(vm string, args ...string) (*exec.Cmd, *bytes.Buffer) {
	b.t.Helper()
	var text strings.Builder
	text.WriteString("hosts:\n")
	for _, h := range b.lab.Hosts {
		u, err := url.Parse(h.HTTPS)
		if err != nil {
			b.t.Fatal(err)
		}
		fmt.Fprintf(&text, "  - {name: %s, address: %s, fqdn: %s.hyperv.example, winrm: {port: %s, credential: admin, ca: ca.pem}, replica: {authentication: Kerberos}}\n",
			h.Name, h.Address, h.Name, u.Port())
	}
	fmt.Fprintf(&text, "credentials:\n  - {name: admin, user: %s, password: {file: secrets/administrator}}\n", b.lab.Hosts[0].User)
	fmt.Fprintf(&text, "vms:\n  - {name: %s, testSwitch: Isolated}\ntimeScale: %d\n", vm, timeScale)
	config := filepath.Join(b.dir, vm+".yaml")
	if err := os.WriteFile(config, []byte(text.String()), 0o600); err != nil {
		b.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(b.t.Context(), runWithin)
	b.t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, filepath.Join(folder, "hypertest"), append([]string{"--config", config, "--report", b.report()}, args...)...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	return cmd, &out
}

func (b *bench) report() string { return filepath.Join(b.dir, "report") }

// run runs the program and returns its exit code.
func (b *bench) run(vm string, args ...string) (string, int) {
	b.t.Helper()
	cmd, out := b.command(vm, args...)
	code := b.code(cmd.Run(), out)
	return out.String(), code
}

func (b *bench) code(err error, out *bytes.Buffer) int {
	b.t.Helper()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	}
	b.t.Fatalf("%v\n%s", err, out)
	return -1
}

// changes are the cmdlets that changed something, with the VM each was about.
func (b *bench) changes() []programs.Entry {
	b.t.Helper()
	all, err := b.lab.Changes(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(e programs.Entry) bool { return e.Cmdlet == "" })
}

// atHome checks in the lab's own books that the VM is where it was, and that no
// copy ran beside another.
func (b *bench) atHome() {
	b.t.Helper()
	truth, err := b.lab.Truth(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	if len(truth.Overlaps) != 0 {
		b.t.Errorf("two copies ran at once: %+v", truth.Overlaps)
	}
	copies := 0
	for _, c := range truth.Copies {
		if c.Name != marked && !strings.HasPrefix(c.Name, marked+" ") {
			continue
		}
		copies++
		if c.Test || c.Runs != (c.Host == "hv1") || c.State != "Replicating" || c.Mode == "Primary" != (c.Host == "hv1") {
			b.t.Errorf("a copy is left as %+v", c)
		}
	}
	if copies != 2 {
		b.t.Errorf("%d copies of %s", copies, marked)
	}
}

func TestPassesOnTheLab(t *testing.T) {
	b := start(t)
	args := []string{"--yes"}
	if testing.Short() && !*update {
		args = append(args, "--cases", "Read,TestFailover,PlannedFailover,Complete,AskPrepared,AskSuspended,AskReplicaPaused,AskBecomeReplica")
	}
	out, code := b.run(marked, args...)
	answers, err := os.ReadFile(filepath.Join(b.report(), "answers.txt"))
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if *update {
		if err := os.WriteFile(recording, answers, 0o644); err != nil {
			t.Fatal(err)
		}
		t.Log("written; run the test again without -update")
		return
	}
	text, err := os.ReadFile(filepath.Join(b.report(), "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	var report kit.Report
	if err := json.Unmarshal(text, &report); err != nil {
		t.Fatal(err)
	}
	if code != kit.ExitPassed || report.Outcome != kit.Passed {
		t.Errorf("exit code %d, %s\n%s", code, report.Outcome, out)
	}
	for _, d := range report.Differences {
		t.Errorf("the lab answers otherwise than it was recorded (-update if that is meant): %s", d)
	}
	verdicts := map[string]kit.Verdict{}
	for _, f := range report.Findings {
		verdicts[f.ID] = f.Verdict
	}
	if verdicts["L8"] != kit.Confirmed || verdicts["H8"] != kit.Confirmed || verdicts["L1"] != kit.Confirmed || verdicts["W1"] != kit.Confirmed || verdicts["H16"] != kit.NotExercised {
		t.Errorf("%v", verdicts)
	}
	b.atHome()
	b.onlyMarked()
	if md, err := os.ReadFile(filepath.Join(b.report(), "report.md")); err != nil || !strings.Contains(string(md), "| L8 | confirmed |") || !strings.Contains(string(md), "StartVM") {
		t.Errorf("%v\n%s", err, md)
	}
}

// onlyMarked checks that nothing was changed on any other VM.
func (b *bench) onlyMarked() {
	b.t.Helper()
	truth, err := b.lab.Truth(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	others := map[string]string{}
	for _, c := range truth.Copies {
		if c.Name != marked {
			others[c.VM] = c.Name
		}
	}
	for _, e := range b.changes() {
		if name, other := others[e.VM]; other {
			b.t.Errorf("%s was carried out on %s", e.Cmdlet, name)
		}
	}
}

func TestRefusesWithoutATrace(t *testing.T) {
	b := start(t)
	for _, tt := range []struct {
		vm   string
		args []string
		code int
		says string
	}{
		{unmarked, []string{"--yes"}, kit.ExitRefused, `Set-VM -Name 'lifeboat-test-2' -Notes 'lifeboat-test: throw-away'`},
		{unmarked, []string{"--yes", "--bring-back"}, kit.ExitRefused, "Notes"},
		{off, []string{"--yes"}, kit.ExitRefused, "must be Running, and is Off"},
		{payroll, []string{"--yes"}, kit.ExitUsage, `vms[0].name "payroll"`},
		{"lifeboat-test-absent", []string{"--yes"}, kit.ExitRefused, "vm-not-found"},
		{marked, nil, kit.ExitRefused, "nobody said yes"},
		{marked, []string{"--dry-run"}, kit.ExitPassed, "nothing was changed"},
		{marked, []string{"--yes", "--cases", "Nonsense"}, kit.ExitUsage, "there is no such case"},
		{marked, []string{"--nonsense"}, kit.ExitUsage, "nonsense"},
	} {
		if out, code := b.run(tt.vm, tt.args...); code != tt.code || !strings.Contains(out, tt.says) {
			t.Errorf("%s %v: exit code %d, want %d with %q\n%s", tt.vm, tt.args, code, tt.code, tt.says, out)
		}
	}
	if c := b.changes(); len(c) != 0 {
		t.Errorf("the hosts were changed: %+v", c)
	}
}

// during starts a run of some cases and waits until a cmdlet has changed something.
func (b *bench) during(cases, cmdlet string) (*exec.Cmd, *bytes.Buffer) {
	b.t.Helper()
	cmd, out := b.command(marked, "--yes", "--cases", cases)
	if err := cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	deadline := time.Now().Add(runWithin)
	for tick := time.NewTicker(5 * time.Millisecond); ; <-tick.C {
		if slices.ContainsFunc(b.changes(), func(e programs.Entry) bool { return e.Cmdlet == cmdlet }) {
			tick.Stop()
			return cmd, out
		}
		if time.Now().After(deadline) {
			_ = cmd.Process.Kill()
			b.t.Fatalf("there was no %s\n%s", cmdlet, out)
		}
	}
}

func TestInterruptedItBringsBack(t *testing.T) {
	b := start(t)
	cmd, out := b.during("PlannedFailover", "Start-VMFailover -Prepare")
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if code := b.code(cmd.Wait(), out); code != kit.ExitInterrupted || !strings.Contains(out.String(), "being brought back") {
		t.Errorf("exit code %d\n%s", code, out)
	}
	b.atHome()
	if _, err := os.Stat(filepath.Join(b.report(), "report.json")); err != nil {
		t.Error(err)
	}
}

func TestKilledItIsBroughtBackLater(t *testing.T) {
	for _, at := range []struct{ cases, cmdlet string }{
		{"PlannedFailover", "Start-VMFailover -Prepare"},
		{"Complete", "Complete-VMFailover"},
		{"Complete", "Set-VMReplication -Reverse"},
		{"BecomeReplicaSaved", "Set-VMReplication -AsReplica"},
		{"AskReplicaPaused", "Suspend-VMReplication"},
	} {
		t.Run(at.cmdlet, func(t *testing.T) { killed(t, at.cases, at.cmdlet) })
	}
}

// killed kills a run when it has come to a cmdlet, and brings the VM back.
func killed(t *testing.T, cases, cmdlet string) {
	b := start(t)
	cmd, out := b.during(cases, cmdlet)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
	before := len(b.changes())
	if again, code := b.run(marked, "--yes"); code != kit.ExitRefused || !strings.Contains(again, "--bring-back") {
		t.Errorf("on a VM that was left over: exit code %d\n%s\n%s", code, again, out)
	}
	if after := len(b.changes()); after > before+1 { // the one call under way when it was killed
		t.Errorf("%d changes were made by a run that refused", after-before)
	}
	if again, code := b.run(marked, "--yes", "--bring-back"); code != kit.ExitPassed {
		t.Errorf("bringing back: exit code %d\n%s", code, again)
	}
	b.atHome()
}
