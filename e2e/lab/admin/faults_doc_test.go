package admin_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"lifeboat.io/e2e/lab/admin"
)

// row is one row of FAULTS.md: what it is for, and a request.
var row = regexp.MustCompile("^\\| ([^|]+) \\| `(POST) (/\\S+)(?: (\\{.*\\}))?` \\|$")

// TestDocumentedFaults sends every request FAULTS.md shows to a lab of its own,
// and looks whether something came of it.
func TestDocumentedFaults(t *testing.T) {
	text, err := os.ReadFile("FAULTS.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.SplitSeq(string(text), "\n") {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| what") {
			continue
		}
		m := row.FindStringSubmatch(line)
		if m == nil {
			t.Errorf("no request in %s", line)
			continue
		}
		rows++
		t.Run(m[1], func(t *testing.T) {
			a := start(t)
			a.does("GET", "/v1/truth", "", nil)
			a.does(m[2], m[3], m[4], nil)
			var faults admin.Faults
			var hosts struct{ Hosts []admin.HostView }
			a.does("GET", "/v1/faults", "", &faults)
			a.does("GET", "/v1/hosts", "", &hosts)
			p1 := hosts.Hosts[0]
			shows := map[string]bool{
				"/v1/faults":                 len(faults.Wire["p1"])+len(faults.Cmdlets) > 0,
				"/v1/hosts/p1/freeze":        p1.Still,
				"/v1/hosts/p1/cut":           p1.Still,
				"/v1/hosts/p1/stick-vmms":    p1.Frozen && !p1.Still,
				"/v1/hosts/p1/kill":          p1.Down && !p1.Listening,
				"/v1/hosts/p1/cut-power":     p1.Down && p1.Still,
				"/v1/hosts/p1/reboot":        p1.Down && !p1.Listening,
				"/v1/hosts/p1/restart-winrm": p1.Listening && !p1.Down,
			}
			if seen, known := shows[m[3]]; known && !seen {
				t.Errorf("nothing came of it: %+v, %+v", faults, p1)
			}
		})
	}
	if rows < 30 {
		t.Errorf("%d rows were read", rows)
	}
}

// TestReboot: the host comes back by itself.
func TestReboot(t *testing.T) {
	a := start(t)
	a.does("POST", "/v1/hosts/p1/reboot", "", nil)
	a.does("POST", "/v1/time", `{"advance": "15m"}`, nil)
	var host admin.HostView
	if a.does("GET", "/v1/hosts/p1", "", &host); host.Down || !host.Listening {
		t.Errorf("%+v", host)
	}
}
