package foreign

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"lifeboat.io/e2e/lab/winrm"
)

// result is what came of one call of pywinrm.
type result struct {
	Code      int    `json:"code"`
	Out       string `json:"out"`
	Err       string `json:"err"`
	Exception string `json:"exception"`
	Text      string `json:"text"`
}

// pywinrm runs calls in one session.
func (h *host) pywinrm(t *testing.T, url, name string, options map[string]any, calls ...[]any) []result {
	t.Helper()
	job := map[string]any{"url": url, "user": name, "password": passwordOf(name), "options": options, "calls": calls}
	input, err := json.Marshal(job)
	if err != nil {
		t.Fatal(err)
	}
	script, err := filepath.Abs("testdata/pywinrm_run.py")
	if err != nil {
		t.Fatal(err)
	}
	out, errs, err := h.run(t, string(input), python, script)
	if err != nil {
		t.Fatalf("%v: %s", err, errs)
	}
	var results []result
	if err := json.Unmarshal([]byte(out), &results); err != nil {
		t.Fatalf("%v in %q", err, out)
	}
	return results
}

// said reads what the runner repeated.
func said(t *testing.T, out string) echo {
	t.Helper()
	var e echo
	if err := json.Unmarshal([]byte(out), &e); err != nil {
		t.Fatalf("%v in %q", err, out)
	}
	return e
}

func TestPywinrm(t *testing.T) {
	needModules(t, "winrm", "requests_ntlm")
	for _, c := range []struct {
		name      string
		https     bool
		transport string
		options   map[string]any
		auth      func(*winrm.Auth)
	}{
		{name: "Basic in clear", transport: "basic", auth: func(a *winrm.Auth) { a.AllowUnencrypted = true }},
		{name: "Basic over HTTPS", transport: "basic", https: true},
		{name: "NTLM sealed", transport: "ntlm"},
		{name: "NTLM in clear", transport: "ntlm", options: map[string]any{"message_encryption": "never"}, auth: func(a *winrm.Auth) { a.AllowUnencrypted = true }},
		{name: "NTLM over HTTPS, bound to the channel", transport: "ntlm", https: true},
		{name: "NTLM sealed over HTTPS", transport: "ntlm", https: true, options: map[string]any{"message_encryption": "always"}},
		{name: "certificate", transport: "certificate", https: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := startHost(t, func(cfg *winrm.Config) {
				if c.auth != nil {
					c.auth(&cfg.Auth)
				}
			})
			url, options := h.http, map[string]any{"transport": c.transport}
			for k, v := range c.options {
				options[k] = v
			}
			if c.https {
				url, options["ca_trust_path"] = h.https, filepath.Join(h.dir, "ca.pem")
			}
			if c.transport == "certificate" {
				options["cert_pem"], options["cert_key_pem"] = filepath.Join(h.dir, "client.pem"), filepath.Join(h.dir, "client.key")
			}
			got := h.pywinrm(t, url, user, options,
				[]any{"run_cmd", "ipconfig", []string{"/all", "a b", "Ä<&>\"'"}},
				[]any{"run_ps", "Get-VM 'Ünï' | Select-Object -First 1"})
			for _, r := range got {
				if r.Exception != "" || r.Code != 0 || r.Err != "" {
					t.Fatalf("%+v", r)
				}
			}
			// pywinrm joins arguments into one.
			if e := said(t, got[0].Out); e.Command != "ipconfig" || len(e.Args) != 1 || e.Args[0] != "/all a b Ä<&>\"'" || e.User != `HV1\`+user {
				t.Errorf("run_cmd: %+v", e)
			}
			if e := said(t, got[1].Out); e.Script != "Get-VM 'Ünï' | Select-Object -First 1" {
				t.Errorf("run_ps: %+v", e)
			}
			h.clean(t)
		})
	}
}

// TestPywinrmUnicodePassword: NTLM hashes UTF-16, so any character will do.
func TestPywinrmUnicodePassword(t *testing.T) {
	needModules(t, "winrm", "requests_ntlm")
	h := startHost(t, nil)
	got := h.pywinrm(t, h.http, unicodeUser, map[string]any{"transport": "ntlm"}, []any{"run_cmd", "hostname"})
	if got[0].Exception != "" {
		t.Fatalf("%+v", got[0])
	}
	h.clean(t)
}

func TestPywinrmRefused(t *testing.T) {
	needModules(t, "winrm", "requests_ntlm")
	h := startHost(t, nil)
	for _, c := range []struct {
		name, user, transport string
		options               map[string]any
		exception, text       string
	}{
		{"wrong user", "nobody", "ntlm", nil, "InvalidCredentialsError", ""},
		{"expired", "gone", "ntlm", nil, "InvalidCredentialsError", ""},
		{"not an administrator", "guest", "ntlm", nil, "WinRMError", "'wsmanfault_code': '5'"},
		{"Basic in clear", user, "basic", nil, "InvalidCredentialsError", ""},
		{"NTLM in clear", user, "ntlm", map[string]any{"message_encryption": "never"}, "WinRMTransportError", "Code 500"},
	} {
		t.Run(c.name, func(t *testing.T) {
			options := map[string]any{"transport": c.transport}
			for k, v := range c.options {
				options[k] = v
			}
			got := h.pywinrm(t, h.http, c.user, options, []any{"run_cmd", "hostname"})
			if got[0].Exception != c.exception || !strings.Contains(got[0].Text, c.text) {
				t.Errorf("%+v, want %s with %q", got[0], c.exception, c.text)
			}
		})
	}
	if n := h.Stats().ShellsOpened; n != 0 {
		t.Errorf("%d shells were opened", n)
	}
}

// TestPywinrmQuota: the client understands the fault of a quota.
func TestPywinrmQuota(t *testing.T) {
	needModules(t, "winrm", "requests_ntlm")
	for _, legacy := range []bool{false, true} {
		h := startHost(t, func(c *winrm.Config) { c.Quotas.LegacyFaults = legacy })
		if _, err := h.Arm(winrm.Fault{Kind: winrm.FaultQuota}); err != nil {
			t.Fatal(err)
		}
		got := h.pywinrm(t, h.http, user, map[string]any{"transport": "ntlm"}, []any{"run_cmd", "hostname"}, []any{"run_cmd", "hostname"})
		if !strings.Contains(got[0].Text, "'fault_subcode': 'w:QuotaLimit'") || got[1].Exception != "" {
			t.Errorf("legacy %v: %+v", legacy, got)
		}
		h.clean(t)
	}
}
