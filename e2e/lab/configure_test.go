package lab_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lifeboat.io/e2e/lab"
	"lifeboat.io/pkg/hyperv/hypersim"
	"lifeboat.io/pkg/inventory"
	"lifeboat.io/pkg/secret"
	"lifeboat.io/services/lifeboat/config"
)

// TestConfigure reads what the lab writes the way lifeboat does.
func TestConfigure(t *testing.T) {
	l := start(t, func(o *lab.Options) {
		spec, err := lab.World(lab.DefaultHosts, lab.DefaultVMs, 1)
		if err != nil {
			t.Fatal(err)
		}
		spec.VMs = append(spec.VMs, hypersim.VMSpec{Name: "alone", Host: "hv01"},
			hypersim.VMSpec{Name: `it's "№1": [x]`, Host: "hv01", Replica: "hv11"})
		o.World = spec
	})
	dir := t.TempDir()
	path, err := l.Configure(dir, "nats://127.0.0.1:14222")
	if err != nil {
		t.Fatal(err)
	}
	if path != filepath.Join(dir, lab.ConfigFile) {
		t.Errorf("%s", path)
	}
	c, inv, err := config.Check(path)
	if err != nil {
		t.Fatal(err)
	}
	if c.Bus.Dir != filepath.Join(dir, "bus") || c.Bus.Listen != "127.0.0.1:14222" || c.Health.Listen != "127.0.0.1:0" || c.Executor.Instance == "" {
		t.Errorf("%+v", c)
	}
	if len(c.Intake.Callers) != 1 {
		t.Errorf("%+v", c.Intake)
	}
	for _, caller := range c.Intake.Callers {
		for _, ref := range []secret.Ref{caller.Bearer, caller.HMAC} {
			if _, err := ref.Read(dir); err != nil {
				t.Error(err)
			}
		}
	}
	if bearer, err := lab.DeskBearer(dir); err != nil || bearer.IsZero() {
		t.Error(err)
	}
	checkInventory(t, l, inv, dir)
	err = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm() != 0o600 {
			t.Errorf("%s may be read by others: %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Configure(dir, "127.0.0.1:4222"); err == nil || !strings.Contains(err.Error(), "nats://") {
		t.Errorf("%v", err)
	}
}

func checkInventory(t *testing.T, l *lab.Lab, inv *inventory.Inventory, dir string) {
	t.Helper()
	if len(inv.Hosts) != len(l.Hosts()) || len(inv.VMs) != lab.DefaultVMs+1 {
		t.Errorf("%d hosts, %d VMs", len(inv.Hosts), len(inv.VMs))
	}
	owners := map[string]int{}
	for _, vm := range inv.VMs {
		owners[vm.Account]++
		if copies := l.World().Truth().Copies; !slices.ContainsFunc(copies, func(c hypersim.CopyTruth) bool {
			return string(c.VM) == vm.ID && c.Name == vm.Name && c.Host == vm.Primary
		}) {
			t.Errorf("%+v is not in the world", vm)
		}
		if vm.Test.Switch != lab.IsolatedSwitch {
			t.Errorf("%s is tested on %q", vm.Name, vm.Test.Switch)
		}
	}
	if owners[lab.ManagedAccount] == 0 || owners[lab.UnmanagedAccount] == 0 {
		t.Errorf("%v", owners)
	}
	c, _ := inv.Credential(inv.Hosts[0].WinRM.Credential)
	if p, err := c.Password.Read(dir); err != nil || p.Reveal() != password {
		t.Errorf("the password is not in its file: %v", err)
	}
}
