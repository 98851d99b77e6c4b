package admin_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"lifeboat.io/e2e/lab"
	"lifeboat.io/e2e/lab/admin"
	"lifeboat.io/e2e/lab/ticketing"
	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/hypersim"
	"lifeboat.io/pkg/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// api is a lab behind its admin API.
type api struct {
	t   *testing.T
	lab *lab.Lab
	url string
	vm  hyperv.VMID
}

func start(t *testing.T) *api {
	t.Helper()
	l, err := lab.Start(t.Context(), lab.Options{World: hypersim.Pair(1), Address: "127.0.0.1", Password: secret.NewText("secret-secret")})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(admin.New(l, ticketing.New(ticketing.Options{URL: "nats://127.0.0.1:1", System: lab.TicketSystem})))
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		server.Close()
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return &api{t, l, server.URL, l.World().Truth().Copies[0].VM}
}

// ask makes a request and reads its answer.
func (a *api) ask(method, path, body string, into any) (status int, text string) {
	a.t.Helper()
	request, err := http.NewRequestWithContext(a.t.Context(), method, a.url+path, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		a.t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	if into != nil {
		if err := json.Unmarshal(raw, into); err != nil {
			a.t.Fatalf("%s: %v", raw, err)
		}
	}
	return response.StatusCode, string(raw)
}

// does makes a request that must succeed.
func (a *api) does(method, path, body string, into any) {
	a.t.Helper()
	if status, text := a.ask(method, path, body, into); status != http.StatusOK {
		a.t.Fatalf("%s %s: %d %s", method, path, status, text)
	}
}

func TestTheListNamesEveryRoute(t *testing.T) {
	a := start(t)
	var list struct{ API []string }
	a.does("GET", "/", "", &list)
	for _, path := range []string{"/v1/ready", "/v1/truth", "/v1/journal", "/v1/hosts", "/v1/links", "/v1/faults", "/v1/time", "/v1/actions", "/v1/stats", "/v1/tickets"} {
		if !strings.Contains(strings.Join(list.API, "\n"), path) {
			t.Errorf("%s is not listed", path)
		}
	}
	var ready struct{ Ready bool }
	if a.does("GET", "/v1/ready", "", &ready); !ready.Ready {
		t.Error("not ready")
	}
}

// TestDrive puts the world through things and reads what became of it.
func TestDrive(t *testing.T) {
	a := start(t)
	var now, then admin.Time
	a.does("GET", "/v1/time", "", &now)
	if a.does("POST", "/v1/time", `{"advance": "10m"}`, &then); then.Now.Sub(now.Now) != 10*time.Minute || then.Scale != 0 {
		t.Errorf("%+v, then %+v", now, then)
	}
	a.does("POST", "/v1/vms/"+string(a.vm)+"/guest", `{"neverShutsDown": true}`, nil)
	a.does("POST", "/v1/links", `{"from": "east", "to": "west", "down": true}`, nil)
	var host admin.HostView
	a.does("POST", "/v1/hosts/p1/kill", "", &host)
	if !host.Down || host.Listening {
		t.Errorf("%+v", host)
	}
	var truth hypersim.Truth
	a.does("GET", "/v1/truth?vm="+string(a.vm), "", &truth)
	if len(truth.Copies) != 2 || truth.Copies[0].Runs || truth.Copies[0].Power != hyperv.PowerOff {
		t.Errorf("%+v", truth)
	}
	a.does("POST", "/v1/hosts/p1/start", "", nil)
	a.does("POST", "/v1/time", `{"advance": "5m"}`, nil)
	if a.does("GET", "/v1/hosts/p1", "", &host); host.Down || !host.Listening {
		t.Errorf("%+v", host)
	}
	a.does("POST", "/v1/actions", `{"do": "set-skew", "host": "r1", "skew": "3m", "in": "1m"}`, nil)
	a.does("POST", "/v1/time", `{"advance": "2m"}`, nil)
	if a.does("GET", "/v1/hosts/r1", "", &host); host.Clock.Sub(a.lab.Clock().Now()) != 3*time.Minute {
		t.Errorf("%+v", host)
	}
	var journal admin.Journal
	a.does("GET", "/v1/journal?host=p1&effect=host-killed", "", &journal)
	if len(journal.Entries) != 1 {
		t.Errorf("%+v", journal)
	}
	if a.does("GET", "/v1/journal?limit=2", "", &journal); len(journal.Entries) != 2 {
		t.Errorf("%+v", journal)
	}
	a.does("POST", "/v1/vms/"+string(a.vm)+"/drop-recovery-points", `{"host": "r1"}`, nil)
	for _, step := range []struct {
		verb             string
		listening, still bool
	}{
		{"freeze", true, true}, {"unfreeze", true, false}, {"cut", true, true}, {"restore", true, false},
		{"stick-vmms", true, false}, {"freeze", true, true}, {"stick-vmms", true, false}, {"unfreeze", true, false},
		{"stop-winrm", false, false}, {"start-winrm", true, false}, {"restart-winrm", true, false},
	} {
		a.does("POST", "/v1/hosts/r1/"+step.verb, "", &host)
		if host.Listening != step.listening || host.Still != step.still {
			t.Errorf("after %s: %+v", step.verb, host)
		}
	}
	for _, kind := range []string{"expired", "wrong-name", "other-authority", "valid"} {
		a.does("POST", "/v1/hosts/r1/certificate", `{"kind": "`+kind+`"}`, nil)
	}
	var stats struct{ Hosts []admin.HostStats }
	if a.does("GET", "/v1/stats", "", &stats); len(stats.Hosts) != 2 {
		t.Errorf("%+v", stats)
	}
}

func TestFaults(t *testing.T) {
	a := start(t)
	var armed admin.Armed
	a.does("POST", "/v1/faults", `{"host": "p1", "wire": [{"kind": "reset", "action": "Receive", "when": "after"}, {"kind": "status"}]}`, &armed)
	if len(armed.IDs["p1"]) != 2 {
		t.Fatalf("%+v", armed)
	}
	a.does("POST", "/v1/faults", `{"wire": [{"kind": "delay", "delayMillis": 5, "count": -1}]}`, &armed)
	a.does("POST", "/v1/faults", `{"cmdlet": {"kind": "cmdlet-fails", "host": "r1", "verb": "Start-VMFailover"}}`, nil)
	var all admin.Faults
	a.does("GET", "/v1/faults", "", &all)
	if len(all.Wire["p1"]) != 3 || len(all.Wire["r1"]) != 1 || len(all.Cmdlets) != 1 {
		t.Errorf("%+v", all)
	}
	a.does("DELETE", fmt.Sprintf("/v1/faults/p1/%s", all.Wire["p1"][0].ID), "", nil)
	a.does("DELETE", "/v1/faults?host=r1", "", nil)
	all = admin.Faults{}
	if a.does("GET", "/v1/faults", "", &all); len(all.Wire["p1"]) != 2 || len(all.Wire["r1"]) != 0 || len(all.Cmdlets) != 0 {
		t.Errorf("%+v", all)
	}
	a.does("DELETE", "/v1/faults", "", nil)
	all = admin.Faults{}
	if a.does("GET", "/v1/faults", "", &all); len(all.Wire) != 0 {
		t.Errorf("%+v", all)
	}
}

func TestBadInput(t *testing.T) {
	a := start(t)
	vm := string(a.vm)
	tests := []struct {
		method, path, body string
		status             int
		says               string
	}{
		{"GET", "/v1/nothing", "", 404, "GET / lists"},
		{"DELETE", "/v1/hosts", "", 404, "GET / lists"},
		{"GET", "/v1/hosts/nobody", "", 404, "nobody"},
		{"POST", "/v1/hosts/p1/dance", "", 404, "freeze"},
		{"GET", "/v1/truth?vm=nothing", "", 404, "nothing"},
		{"GET", "/v1/journal?sinze=1", "", 400, "sinze"},
		{"GET", "/v1/journal?since=now", "", 400, "2026-"},
		{"GET", "/v1/journal?limit=-1", "", 400, "limit"},
		{"POST", "/v1/time", `{}`, 400, "advance"},
		{"POST", "/v1/time", `{"advance": "soon"}`, 400, "soon"},
		{"POST", "/v1/time", `{"advance": "-1s"}`, 400, "forward"},
		{"POST", "/v1/time", `{"scale": -3}`, 400, "-3"},
		{"POST", "/v1/time", `{"speed": 3}`, 400, "speed"},
		{"POST", "/v1/time", `{"scale": "fast"}`, 400, "scale"},
		{"POST", "/v1/time", `{`, 400, "body"},
		{"POST", "/v1/time", `{"scale": 1} {}`, 400, "behind it"},
		{"POST", "/v1/time", `{"scale": 1, "pad": "` + strings.Repeat("x", 2<<20) + `"}`, 400, "bytes"},
		{"POST", "/v1/links", `{"from": "east", "to": "nowhere"}`, 400, "nowhere"},
		{"POST", "/v1/faults", `{}`, 400, "wire"},
		{"POST", "/v1/faults", `{"host": "nobody", "wire": [{"kind": "reset"}]}`, 404, "nobody"},
		{"POST", "/v1/faults", `{"wire": [{"kind": "flood"}]}`, 400, "flood"},
		{"POST", "/v1/faults", `{"wire": [{"kind": "reset", "when": "never"}]}`, 400, "never"},
		{"POST", "/v1/faults", `{"cmdlet": {"kind": "timeout"}}`, 400, "fault of the wire"},
		{"POST", "/v1/faults", `{"cmdlet": {"kind": "cmdlet-fails", "host": "nobody"}}`, 400, "nobody"},
		{"DELETE", "/v1/faults?host=nobody", "", 404, "nobody"},
		{"DELETE", "/v1/faults/p1/99", "", 404, "99"},
		{"POST", "/v1/vms/nothing/guest", `{}`, 400, "nothing"},
		{"POST", "/v1/vms/" + vm + "/guest", `{"mood": "bad"}`, 400, "mood"},
		{"POST", "/v1/vms/" + vm + "/dance", `{}`, 404, "orphan-test-vm"},
		{"POST", "/v1/vms/" + vm + "/break-replication", `{"host": "nobody"}`, 400, "nobody"},
		{"POST", "/v1/actions", `{"do": "dance"}`, 400, "dance"},
		{"POST", "/v1/actions", `{"do": "kill", "host": "p1", "in": "-1s"}`, 400, "positive"},
		{"POST", "/v1/actions", `{"do": "kill", "host": "p1", "in": "1s", "at": "2030-01-01T00:00:00Z"}`, 400, "keep one"},
		{"POST", "/v1/actions", `{"do": "kill", "host": "nobody", "in": "1s"}`, 400, "nobody"},
		{"POST", "/v1/actions", `{"do": "inject", "fault": {"kind": "late"}}`, 400, "fault of the wire"},
		{"POST", "/v1/hosts/p1/certificate", `{"kind": "golden"}`, 400, "golden"},
		{"POST", "/v1/tickets", `{"account": "acme"}`, 503, "start lifeboat"},
		{"POST", "/v1/tickets", `{"acount": "acme"}`, 400, "acount"},
		{"POST", "/v1/tickets", `{}`, 400, "account"},
		{"POST", "/v1/tickets?times=0", `{}`, 400, "times"},
		{"POST", "/v1/tickets?raw", `{}`, 400, "account"},
		{"GET", "/v1/tickets/LAB-7", "", 404, "LAB-7"},
		{"GET", "/v1/tickets/LAB-7?state=closed&wait=soon", "", 400, "30s"},
		{"GET", "/v1/tickets/LAB-7?state=closed&wait=1ms", "", 409, "closed"},
	}
	for _, tt := range tests {
		var p admin.Problem
		status, text := a.ask(tt.method, tt.path, tt.body, &p)
		if status != tt.status || !strings.Contains(text, tt.says) || p.Text == "" {
			t.Errorf("%s %s %.60s: %d %s; want %d with %q", tt.method, tt.path, tt.body, status, text, tt.status, tt.says)
		}
	}
}

func TestWinRMOfAHostThatIsDown(t *testing.T) {
	a := start(t)
	a.does("POST", "/v1/hosts/p1/kill", "", nil)
	if status, text := a.ask("POST", "/v1/hosts/p1/start-winrm", "", nil); status != http.StatusConflict || !strings.Contains(text, "start it first") {
		t.Errorf("%d %s", status, text)
	}
}
