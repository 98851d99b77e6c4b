package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lifeboat.io/pkg/bus"
	"lifeboat.io/pkg/bus/bustest"
	"lifeboat.io/pkg/inventory"
	"lifeboat.io/pkg/inventory/revisions"
)

// asProgram makes the test binary be the program, so that tests can signal it.
const asProgram = "LIFEBOAT_TEST_AS_PROGRAM"

// patience bounds how long a test waits for something that should be there in a moment.
const patience = 60 * time.Second

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestTheSamplesAreValid(t *testing.T) {
	for _, path := range []string{"testdata/failover-executor.yaml", "../../../../deploy/external/failover-executor.yaml"} {
		c, err := load(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range []error{c.Bus.Validate(), c.Executor.Validate(), c.Telemetry.Validate()} {
			if err != nil {
				t.Errorf("%s: %v", path, err)
			}
		}
		if c.Executor.Instance != "executor-1" || filepath.Base(c.Secrets) != "hosts" || !filepath.IsAbs(c.Secrets) || c.Bus.Folder == "" {
			t.Errorf("%s: instance %q, secrets %q, folder %q", path, c.Executor.Instance, c.Secrets, c.Bus.Folder)
		}
	}
}

func TestWhatIsLeftOut(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "c.yaml")
	if err := os.WriteFile(path, []byte("bus: {dir: data}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := load(path)
	if err != nil {
		t.Fatal(err)
	}
	if c.Secrets != folder || c.Executor.Instance == "" {
		t.Errorf("secrets %q, instance %q; want the file's folder and the machine's name", c.Secrets, c.Executor.Instance)
	}
}

func TestWrongConfigurationsEndTheProgram(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"typo":      {"executor: {instanec: x}", "did you mean instance"},
		"no bus":    {"executor: {instance: x}", "bus: dir"},
		"executor":  {"executor: {leaseSeconds: 1}", "executor.leaseSeconds: 1: must be at least 10"},
		"wire log":  {"executor: {wireLog: {file: w, maxMegabytes: 1}}", "executor.wireLog.maxMegabytes: 1: must be 2 to 10000"},
		"no folder": {"bus: {dir: %s}\nexecutor: {wireLog: {file: nowhere/w}}", "executor.wireLog.file: open"},
		"no step":   {"executor: {deadlineSeconds: {StartReplicas: 9}}", "there is no such step"},
		"log":       {"log: {level: loud}", "log: level"},
		"telemetry": {"telemetry: {protocol: smoke}", "telemetry: protocol"},
		"busy port": {"bus: {dir: %s}\nhealth: nowhere", "health: listen"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "c.yaml")
			if err := os.WriteFile(path, []byte(strings.ReplaceAll(tt.text, "%s", t.TempDir())), 0o600); err != nil {
				t.Fatal(err)
			}
			err := run(t.Context(), []string{"-config", path}, t.Output(), t.Output())
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

// start starts the program in a process of its own and waits until it is ready.
func start(t *testing.T, config string) (*exec.Cmd, readyLine) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-config", config)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatalf("the program did not become ready: %v", err)
	}
	var ready readyLine
	if err := json.Unmarshal(line, &ready); err != nil || !ready.Ready {
		t.Fatalf("ready line %s: %v", line, err)
	}
	return cmd, ready
}

func TestTheProgramStartsAndStopsInOrder(t *testing.T) {
	b := bustest.Open(t, func(c *bus.Config) { c.Listen = "127.0.0.1:0" })
	path := filepath.Join(t.TempDir(), "failover-executor.yaml")
	text := fmt.Sprintf("bus: {url: %q, replicas: 1}\n", b.URL())
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd, ready := start(t, path)
	status := func() int {
		answer, err := http.Get(ready.Health + "/readyz")
		if err != nil {
			return 0
		}
		defer answer.Body.Close()
		return answer.StatusCode
	}
	bustest.Eventually(t, patience, "it says that there is no inventory", func() bool { return status() == http.StatusServiceUnavailable })
	inv, err := inventory.Parse("inventory.yaml", []byte("sites: [{name: north}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := revisions.Store(t.Context(), b, inv); err != nil {
		t.Fatal(err)
	}
	bustest.Eventually(t, patience, "it is ready once there is one", func() bool { return status() == http.StatusOK })
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the program ended with %v", err)
	}
}
