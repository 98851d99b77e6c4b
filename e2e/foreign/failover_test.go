package foreign

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"lifeboat.io/e2e/lab"
	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/hypersim"
	"lifeboat.io/pkg/secret"
)

// failoverPassword is plain, because it goes through many hands here.
const failoverPassword = "Lab-Failover-1"

// world is a pair of hosts with a VM that replicates from one to the other, as
// programs nobody here wrote find it.
type world struct {
	*lab.Lab
	vm  hyperv.VMID
	dir string
	env []string
}

func startWorld(t *testing.T) *world {
	t.Helper()
	spec := hypersim.Pair(1)
	spec.VMs[0].Name, spec.VMs[0].ID = "web 01's", "6f9619ff-8b86-4011-b42d-00c04fc964ff"
	l, err := lab.Start(t.Context(), lab.Options{World: spec, Address: "127.0.0.1", TimeScale: 200, Password: secret.NewText(failoverPassword)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &world{Lab: l, vm: spec.VMs[0].ID, dir: t.TempDir()}
	legacy, err := filepath.Abs("testdata/openssl-legacy.cnf")
	if err != nil {
		t.Fatal(err)
	}
	w.env = append(os.Environ(), "OPENSSL_CONF="+legacy, "HOME="+w.dir, "PYTHONWARNINGS=ignore", "NO_PROXY=127.0.0.1", "LC_ALL=C.UTF-8", "ANSIBLE_NOCOLOR=1")
	return w
}

// run runs a program to its end.
func (w *world) run(t *testing.T, input, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), programTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env, cmd.Dir, cmd.Stdin = w.env, w.dir, strings.NewReader(input)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s\n%s", name, err, out.String(), errs.String())
	}
	return out.String()
}

// handedOver checks in the lab's own books that the VM runs on r1 with every
// write it ever made, replicates back, and never ran twice.
func (w *world) handedOver(t *testing.T) {
	t.Helper()
	truth := w.World().Truth()
	if len(truth.Overlaps) != 0 {
		t.Errorf("two copies ran at once: %+v", truth.Overlaps)
	}
	for _, c := range truth.Copies {
		switch {
		case c.Host == "r1" && (!c.Runs || c.Lost != 0 || c.Mode != hyperv.ModePrimary || c.State != hyperv.StateReplicating):
			t.Errorf("the new primary is %+v", c)
		case c.Host == "p1" && (c.Runs || c.Mode != hyperv.ModeReplica || c.State != hyperv.StateReplicating):
			t.Errorf("the old primary is %+v", c)
		}
	}
	var changes []string
	entries, _ := w.World().Journal()
	for _, e := range entries {
		if e.Cmdlet != "" && e.Changed {
			changes = append(changes, e.Host+" "+e.Cmdlet)
		}
	}
	want := "[p1 Stop-VM p1 Start-VMFailover -Prepare r1 Start-VMFailover r1 Set-VMReplication -Reverse r1 Start-VM]"
	if got := fmt.Sprint(changes); got != want {
		t.Errorf("the hosts were asked for\n%s\nwant\n%s", got, want)
	}
	for _, h := range w.Hosts() {
		if st := h.WinRM().Stats(); st.Shells != 0 || st.Processes != 0 {
			t.Errorf("%s is left with %d shells and %d processes", h.Name(), st.Shells, st.Processes)
		}
	}
}

// failover is a planned failover as an operator would write it: host, script,
// and what the script must say.
var failover = []struct{ host, script, says string }{
	{"p1", `(Get-VMReplication -VMName "web 01's").Health`, "Normal"},
	{"p1", `$vm = Get-VM "web 01's"; Stop-VM -VM $vm -Force -ErrorAction Stop; (Get-VM -Id $vm.Id).State`, "Off"},
	{"p1", `Start-VMFailover -VMName "web 01's" -Prepare -Confirm:$false -ErrorAction Stop; (Get-VMReplication "web 01's").State`, "PreparedForFailover"},
	{"r1", `Start-VMFailover -VMName "web 01's" -Confirm:$false -ErrorAction Stop; (Get-VMReplication "web 01's").State`, "FailedOverWaitingCompletion"},
	{"r1", `Set-VMReplication -VMName "web 01's" -Reverse -Confirm:$false -ErrorAction Stop; (Get-VMReplication "web 01's").State`, "Replicating"},
	{"r1", `Start-VM -Name "web 01's" -ErrorAction Stop; $n = 0; while ((Get-VM "web 01's").Heartbeat -notlike 'OkApp*' -and $n -lt 120) { Start-Sleep 1; $n++ }; (Get-VM "web 01's").Heartbeat`, "OkApplicationsHealthy"},
}

func TestPywinrmFailsOver(t *testing.T) {
	needModules(t, "winrm", "requests_ntlm")
	w := startWorld(t)
	script, err := filepath.Abs("testdata/pywinrm_run.py")
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range failover {
		input, err := json.Marshal(map[string]any{"url": w.Host(step.host).HTTP() + "/wsman", "user": lab.Administrator, "password": failoverPassword,
			"options": map[string]any{"transport": "ntlm"}, "calls": [][]any{{"run_ps", step.script}}})
		if err != nil {
			t.Fatal(err)
		}
		var results []result
		if err := json.Unmarshal([]byte(w.run(t, string(input), python, script)), &results); err != nil {
			t.Fatal(err)
		}
		if r := results[0]; r.Exception != "" || r.Code != 0 || strings.TrimSpace(r.Out) != step.says {
			t.Fatalf("%s: %s\n%+v\nwant %s", step.host, step.script, r, step.says)
		}
	}
	w.handedOver(t)
}

// TestPywinrmRunsCmd runs commands of cmd.exe.
func TestPywinrmRunsCmd(t *testing.T) {
	needModules(t, "winrm", "requests_ntlm")
	w := startWorld(t)
	script, err := filepath.Abs("testdata/pywinrm_run.py")
	if err != nil {
		t.Fatal(err)
	}
	input, err := json.Marshal(map[string]any{"url": w.Host("p1").HTTP() + "/wsman", "user": lab.Administrator, "password": failoverPassword,
		"options": map[string]any{"transport": "ntlm"}, "calls": [][]any{
			{"run_cmd", "hostname"}, {"run_cmd", "whoami"}, {"run_cmd", "ipconfig", []string{"/all"}}, {"run_cmd", "nosuch"}, {"run_cmd", "echo %COMPUTERNAME% & exit 3"},
		}})
	if err != nil {
		t.Fatal(err)
	}
	var results []result
	if err := json.Unmarshal([]byte(w.run(t, string(input), python, script)), &results); err != nil {
		t.Fatal(err)
	}
	want := []result{
		{Out: "P1\r\n"}, {Out: "p1\\administrator\r\n"}, {Out: "127.0.0.1"},
		{Code: 1, Err: "'nosuch' is not recognized"}, {Code: 3, Out: "P1 \r\n"},
	}
	for i, r := range results {
		if r.Exception != "" || r.Code != want[i].Code || !strings.Contains(r.Out, want[i].Out) || !strings.Contains(r.Err, want[i].Err) {
			t.Errorf("%d: %+v, want %+v", i, r, want[i])
		}
	}
}

func TestAnsiblePlaybookFailsOver(t *testing.T) {
	needPrograms(t, "ansible-playbook")
	needModules(t, "winrm", "requests_ntlm")
	w := startWorld(t)
	hosts := map[string]any{}
	for _, h := range w.Hosts() {
		port, _ := h.Ports()
		hosts[h.Name()] = map[string]any{"ansible_host": h.Address(), "ansible_port": port, "ansible_connection": "winrm", "ansible_winrm_scheme": "http",
			"ansible_winrm_transport": "ntlm", "ansible_user": lab.Administrator, "ansible_password": failoverPassword}
	}
	playbook, err := filepath.Abs("testdata/failover.yml")
	if err != nil {
		t.Fatal(err)
	}
	inventory, err := json.Marshal(map[string]any{"all": map[string]any{"hosts": hosts}})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(w.dir, "inventory.yml")
	if err := os.WriteFile(path, inventory, 0o600); err != nil {
		t.Fatal(err)
	}
	out := w.run(t, "", "ansible-playbook", "-i", path, "-e", `{"vm": "web 01's"}`, playbook)
	if !strings.Contains(out, "OkApplicationsHealthy") {
		t.Errorf("%s", out)
	}
	w.handedOver(t)
}
