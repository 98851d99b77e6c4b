package foreign

import (
	"encoding/json"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"lifeboat.io/e2e/lab/winrm"
)

// inventory writes an Ansible inventory for one host; JSON is YAML.
func (h *host) inventory(t *testing.T, address string, vars map[string]any) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]any{
		"ansible_host": u.Hostname(), "ansible_port": u.Port(), "ansible_connection": "winrm",
		"ansible_winrm_scheme": u.Scheme, "ansible_user": user, "ansible_password": password,
		"ansible_winrm_ca_trust_path": filepath.Join(h.dir, "ca.pem"),
	}
	for k, v := range vars {
		all[k] = v
	}
	data, err := json.Marshal(map[string]any{"all": map[string]any{"hosts": map[string]any{"hv1": all}}})
	if err != nil {
		t.Fatal(err)
	}
	return h.write(t, "inventory.yml", data)
}

// ansible runs one module and returns what stands after the >> of its answer.
func (h *host) ansible(t *testing.T, inventory, module, args string) (string, error) {
	t.Helper()
	out, errs, err := h.run(t, "", "ansible", "all", "-i", inventory, "-m", module, "-a", args)
	if _, after, ok := strings.Cut(out, ">>\n"); ok {
		return strings.TrimSpace(after), err
	}
	return out + errs, err
}

func TestAnsibleRaw(t *testing.T) {
	needPrograms(t, "ansible")
	needModules(t, "winrm", "requests_ntlm")
	for _, c := range []struct {
		name  string
		https bool
		vars  map[string]any
	}{
		{name: "NTLM sealed", vars: map[string]any{"ansible_winrm_transport": "ntlm"}},
		{name: "Basic over HTTPS", https: true, vars: map[string]any{"ansible_winrm_transport": "basic"}},
		{name: "certificate", https: true, vars: map[string]any{
			"ansible_winrm_transport": "certificate", "ansible_winrm_cert_pem": "client.pem", "ansible_winrm_cert_key_pem": "client.key"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := startHost(t, nil)
			address := h.http
			if c.https {
				address = h.https
			}
			const script = `Get-VM -Name "Ünï" | ForEach-Object { $_.State }`
			out, err := h.ansible(t, h.inventory(t, address, c.vars), "raw", script)
			if err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			if e := said(t, out); e.Script != script || e.Codes != 65001 || !e.Console {
				t.Errorf("%+v", e)
			}
			h.clean(t)
		})
	}
}

func TestAnsibleRefused(t *testing.T) {
	needPrograms(t, "ansible")
	needModules(t, "winrm", "requests_ntlm")
	h := startHost(t, nil)
	for name, want := range map[string]string{"gone": "credentials were rejected", "guest": "Access is denied"} {
		inventory := h.inventory(t, h.http, map[string]any{"ansible_winrm_transport": "ntlm", "ansible_user": name})
		if out, err := h.ansible(t, inventory, "raw", "hostname"); err == nil || !strings.Contains(out, want) {
			t.Errorf("%s: %v: %s, want %q", name, err, out, want)
		}
	}
}

// TestAnsiblePipesInput: a module is sent through standard input as a pipe,
// with its end marked, and its exit code comes back. What the module does is
// not for this runner, so Ansible says it cannot read the answer.
func TestAnsiblePipesInput(t *testing.T) {
	needPrograms(t, "ansible")
	needModules(t, "winrm", "requests_ntlm")
	h := startHost(t, nil)
	_, _ = h.ansible(t, h.inventory(t, h.http, map[string]any{"ansible_winrm_transport": "ntlm"}), "win_shell", "Get-VM")
	st := h.Stats()
	if st.Requests[winrm.ActionSend] == 0 || len(st.SOAPFaults) != 0 {
		t.Errorf("requests %v, faults %v", st.Requests, st.SOAPFaults)
	}
	if st.BytesIn < 100_000 {
		t.Errorf("%d bytes came in, a module has more", st.BytesIn)
	}
	h.clean(t)
}
