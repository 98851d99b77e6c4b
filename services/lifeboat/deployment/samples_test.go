package deployment

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/coreos/go-systemd/v22/unit"

	"lifeboat.io/services/lifeboat/config"
)

// TestTheConfigurations: the samples of lifeboat itself pass the check that its
// programs make. Those of the other programs are loaded by their own tests.
func TestTheConfigurations(t *testing.T) {
	if _, inv, err := config.Check(filepath.Join(deploy, "lifeboat.yaml")); err != nil || len(inv.VMs) != 2 || len(inv.Hosts) != 2 {
		t.Errorf("lifeboat.yaml: %v", err)
	}
	s := prepare(t)
	if _, _, err := config.Check(s.sampleAt(t, "lifeboat.yaml", "tls://127.0.0.1:4222")); err != nil {
		t.Errorf("external/lifeboat.yaml: %v", err)
	}
	c, err := config.Load(filepath.Join(deploy, "external", "operator.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	client, err := c.Client()
	if err != nil || client.Validate() != nil || client.InboxPrefix != "_INBOX.operator" {
		t.Errorf("external/operator.yaml: %v, %v, %+v", err, client.Validate(), client)
	}
}

// variable is one that a NATS configuration takes from the environment; the
// subjects of JetStream begin with a dollar sign as well, and stand in quotes.
var variable = regexp.MustCompile(`[^"A-Z.]\$([A-Z][A-Z0-9_]+)`)

// TestTheEnvironmentIsComplete: what the configurations of NATS take from the
// environment is in the sample of it, and nothing else.
func TestTheEnvironmentIsComplete(t *testing.T) {
	var want, have []string
	for _, file := range []string{"server.conf", "cluster.conf", "accounts.conf"} {
		for _, m := range variable.FindAllStringSubmatch(read(t, "nats/"+file), -1) {
			want = append(want, m[1])
		}
	}
	for line := range strings.Lines(read(t, "nats/environment")) {
		if name, _, ok := strings.Cut(line, "="); ok && !strings.HasPrefix(line, "#") {
			have = append(have, name)
		}
	}
	slices.Sort(want)
	slices.Sort(have)
	if want = slices.Compact(want); !slices.Equal(want, have) {
		t.Errorf("the configurations take %v, the environment has %v", want, have)
	}
}

func read(t *testing.T, sample string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(deploy, sample))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// hardening is what every unit has.
var hardening = map[string]string{
	"Type": "notify", "NoNewPrivileges": "yes", "CapabilityBoundingSet": "", "ProtectSystem": "strict", "ProtectHome": "yes",
	"PrivateTmp": "yes", "PrivateDevices": "yes", "MemoryDenyWriteExecute": "yes", "RestrictNamespaces": "yes", "UMask": "0077",
	"SystemCallArchitectures": "native", "Restart": "on-failure",
}

// TestTheUnits: each starts a program that there is with a sample that there is,
// as a user of its own, shut in, and has no secret in it.
func TestTheUnits(t *testing.T) {
	units, err := filepath.Glob(filepath.Join(deploy, "systemd", "*.service"))
	if err != nil || len(units) != 4 {
		t.Fatalf("units %v, %v; want four", units, err)
	}
	for _, path := range units {
		name := filepath.Base(path)
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		options, err := unit.DeserializeOptions(file)
		_ = file.Close()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		service := map[string]string{}
		for _, o := range options {
			if o.Section == "Service" {
				service[o.Name] = o.Value
			}
		}
		for key, want := range hardening {
			if got, ok := service[key]; !ok || got != want {
				t.Errorf("%s: %s=%s, want %q", name, key, got, want)
			}
		}
		if user := service["User"]; user == "" || user == "root" || service["Environment"] != "" {
			t.Errorf("%s: user %q, environment %q", name, user, service["Environment"])
		}
		command := strings.Fields(service["ExecStart"])
		program := filepath.Base(command[0])
		if _, err := os.Stat(filepath.Join("../..", program, "cmd", program)); err != nil {
			t.Errorf("%s starts %s, which is no program of ours: %v", name, program, err)
		}
		at := slices.IndexFunc(command, func(arg string) bool { return strings.TrimLeft(arg, "-") == "config" })
		if want := "/etc/" + program + "/" + program + ".yaml"; at < 0 || command[at+1] != want {
			t.Errorf("%s: %v does not name %s", name, command, want)
		}
	}
}
