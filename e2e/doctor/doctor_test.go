package doctor_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"lifeboat.io/e2e/programs"
)

// address is where the lab's hosts begin.
const address = "127.0.61.1"

// house is a lab of two hosts with lifeboat running on it.
func house(t *testing.T) (folder string, lab *programs.Lab) {
	t.Helper()
	folder = t.TempDir()
	if err := programs.Build(t.Context(), folder, "lab", "lifeboat"); err != nil {
		t.Fatal(err)
	}
	port, err := programs.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	lab, err = programs.StartLab(t.Context(), folder, nil, "--hosts", "2", "--vms", "1", "--address", address, "--nats", fmt.Sprintf("nats://127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = lab.Stop() })
	lifeboat, err := programs.StartLifeboat(t.Context(), folder, lab.Config, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = lifeboat.Stop() })
	return folder, lab
}

// examine runs the doctor.
func examine(ctx context.Context, t *testing.T, folder string, lab *programs.Lab, args ...string) (said string, code int) {
	t.Helper()
	out, err := exec.CommandContext(ctx, filepath.Join(folder, "lifeboat"), append([]string{"doctor", "--config", lab.Config}, args...)...).CombinedOutput()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		t.Fatal(err)
	}
	if ended != nil {
		code = ended.ExitCode()
	}
	return string(out), code
}

// TestDoctor: all is well; then a host is cut off, and the doctor says which
// and what to do. What was said on the wire is on file, without the password.
func TestDoctor(t *testing.T) {
	folder, lab := house(t)
	log := filepath.Join(t.TempDir(), "wire.jsonl")
	if said, code := examine(t.Context(), t, folder, lab, "-v", "--wire-log", log); code != 0 || !strings.Contains(said, "0 warnings, 0 failures") {
		t.Errorf("code %d:\n%s", code, said)
	}
	hosts := readWireLog(t, log, lab.Hosts[0].Password)
	for _, h := range lab.Hosts {
		if !hosts[h.Name] {
			t.Errorf("nothing of %s is on file", h.Name)
		}
	}
	if err := lab.Post(t.Context(), "/v1/hosts/"+lab.Hosts[0].Name+"/cut", nil, nil); err != nil {
		t.Fatal(err)
	}
	said, code := examine(t.Context(), t, folder, lab, "--timeout", "3s")
	if code != 3 || !strings.Contains(said, lab.Hosts[0].Name) || !strings.Contains(said, "fix:") {
		t.Errorf("with %s cut off, code %d:\n%s", lab.Hosts[0].Name, code, said)
	}
	if said, code := examine(t.Context(), t, folder, lab, "--wire-log", filepath.Join(folder, "no", "such", "folder")); code != 2 || !strings.Contains(said, "--wire-log") {
		t.Errorf("a log that cannot be opened, code %d:\n%s", code, said)
	}
}

// readWireLog checks that each line is JSON without the password, and tells of
// which hosts there are any.
func readWireLog(t *testing.T, path, password string) map[string]bool {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	hosts := map[string]bool{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var entry struct {
			Host string `json:"host"`
		}
		if err := json.Unmarshal(lines.Bytes(), &entry); err != nil {
			t.Fatalf("%q: %v", lines.Text(), err)
		}
		if strings.Contains(lines.Text(), password) {
			t.Fatalf("the password is on file: %s", lines.Text())
		}
		hosts[entry.Host] = true
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return hosts
}
