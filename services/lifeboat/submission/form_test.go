package submission_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"lifeboat.io/events"
	"lifeboat.io/pkg/contract"
	"lifeboat.io/pkg/inventory"
	"lifeboat.io/services/lifeboat/submission"
)

var now = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func parse(t testing.TB, systems string) *inventory.Inventory {
	t.Helper()
	inv, err := inventory.Parse("inventory.yaml", []byte("systems: "+systems+`
accounts:
  - {id: acme, kind: managed, contacts: [{name: Ada Example, email: Ada@acme.example, may: [test]}]}
  - {id: globex, kind: unmanaged}
sites: [{name: north}]
credentials: [{name: hyperv, user: svc, password: {env: X}}]
hosts:
  - {name: hv1, site: north, address: 192.0.2.1, fqdn: hv1.lab.test, winrm: {credential: hyperv}}
  - {name: hv2, site: north, address: 192.0.2.2, fqdn: hv2.lab.test, winrm: {credential: hyperv}}
vms:
  - {id: 3b5c1d9e-7f24-4a60-9c1b-52d0e8a7f611, name: web01, account: acme, primary: hv1, replica: hv2}
  - {id: 4c6d2e0f-8035-4b71-8d2c-63e1f9b80722, name: db01, account: acme, primary: hv1, replica: hv2}
  - {id: 8e1f60a2-4c7d-4f19-b3a8-6d95c2e07b14, name: db01, account: globex, primary: hv1, replica: hv2}
`))
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

const desk = `[{name: desk, accounts: ["*"]}]`

func TestRequest(t *testing.T) {
	f := submission.Form{
		Action: "unplanned", VMs: []string{"web01", "{4C6D2E0F-8035-4B71-8D2C-63E1F9B80722}"}, Requester: "ada@acme.example", Reason: "rack down",
		NotBefore: "+2h30m", NotAfter: "2026-03-03T00:00:00Z", RecoveryPoint: "latest", URL: "https://desk.example/1",
		ShutDownPrimary: true, OverrideReason: "seen", OverrideBy: "Ben Example <ben@acme.example>", CommitAfter: 90 * time.Minute,
	}
	r, err := f.Request(events.Request{}, parse(t, desk), now, "op-1")
	if err != nil {
		t.Fatal(err)
	}
	if r.System != "desk" || r.Ticket != "op-1" || r.Revision != 1 || r.Account != "acme" {
		t.Errorf("ticket %s of %q", r.TicketRef, r.Account)
	}
	if r.Requester != (events.Person{Name: "Ada Example", Email: "ada@acme.example"}) {
		t.Errorf("requester %+v: the name is the contact's", r.Requester)
	}
	if r.VMs[0] != (events.VMRef{Name: "web01"}) || r.VMs[1] != (events.VMRef{ID: "4c6d2e0f-8035-4b71-8d2c-63e1f9b80722"}) {
		t.Errorf("VMs %+v", r.VMs)
	}
	if r.Window == nil || !r.Window.NotBefore.Equal(now.Add(150*time.Minute)) || !r.Window.NotAfter.Equal(now.Add(15*time.Hour)) {
		t.Errorf("window %+v", r.Window)
	}
	u := r.Unplanned
	if u == nil || !u.ShutDownPrimary || u.CommitAfterMinutes != 90 || u.Override == nil || u.Override.Person.Name != "Ben Example" || u.Override.Reason != "seen" {
		t.Errorf("unplanned %+v", u)
	}
	e, err := submission.Event(r, now)
	if err != nil {
		t.Fatal(err)
	}
	if e.Source() != submission.Source || e.Subject() != "ticket/acme/desk~op-1" || !e.Time().Equal(now) {
		t.Errorf("event %s", e)
	}
}

func TestRequestOfATest(t *testing.T) {
	f := submission.Form{Action: "test", VMs: []string{"web01"}, Requester: "ada@acme.example", Switch: "Isolated", Adapters: []string{"Backup=", "Mgmt=DR=Mgmt"}, HoldOpen: time.Hour}
	r, err := f.Request(events.Request{}, parse(t, desk), now, "op-1")
	if err != nil {
		t.Fatal(err)
	}
	want := []events.AdapterSwitch{{Adapter: "Backup"}, {Adapter: "Mgmt", Switch: "DR=Mgmt"}}
	if r.Test == nil || r.Test.Switch != "Isolated" || r.Test.HoldOpenMinutes != 60 || len(r.Test.Adapters) != 2 || r.Test.Adapters[0] != want[0] || r.Test.Adapters[1] != want[1] {
		t.Errorf("test %+v", r.Test)
	}
	if r.Unplanned != nil || r.Window != nil {
		t.Error("members that nobody asked for")
	}
}

func TestRequestSaysEverythingThatIsWrong(t *testing.T) {
	f := submission.Form{
		VMs: []string{"web01"}, Requester: "not an address", NotBefore: "tomorrow", NotAfter: "+2 hours", HoldOpen: 90 * time.Second,
		Adapters: []string{"Backup"}, OverrideBy: "ben@acme.example", CommitAfter: -time.Minute,
	}
	_, err := f.Request(events.Request{}, parse(t, desk), now, "op-1")
	if err == nil {
		t.Fatal("accepted")
	}
	for _, part := range []string{`--requester "not an address"`, `--not-before "tomorrow"`, `--not-after "+2 hours"`, "--hold-open 1m30s", `--adapter "Backup"`, "--override-by", "--override-reason", "--commit-after -1m0s"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not in\n%v", part, err)
		}
	}
}

func TestWhatIsLeftOutIsLookedUp(t *testing.T) {
	for _, tt := range []struct {
		name, systems string
		form          submission.Form
		account       string
		system        string
		err           string
	}{
		{"one account has it", desk, submission.Form{VMs: []string{"web01"}}, "acme", "desk", ""},
		{"two have one of that name", desk, submission.Form{VMs: []string{"db01"}}, "", "", "it could be any of acme, globex"},
		{"one has both", desk, submission.Form{VMs: []string{"db01", "web01"}}, "acme", "desk", ""},
		{"by id", desk, submission.Form{VMs: []string{"8e1f60a2-4c7d-4f19-b3a8-6d95c2e07b14"}}, "globex", "desk", ""},
		{"none has it", desk, submission.Form{VMs: []string{"web02"}}, "", "", `no account of the inventory has "web02"`},
		{"no VM and several accounts", desk, submission.Form{}, "", "", "--account is missing"},
		{"said", desk, submission.Form{VMs: []string{"db01"}, Account: "globex", System: "jira"}, "globex", "jira", ""},
		{"the operators' own system", `[{name: desk, accounts: ["*"]}, {name: operator, accounts: ["*"]}]`, submission.Form{VMs: []string{"web01"}}, "acme", "operator", ""},
		{"two systems", `[{name: desk, accounts: ["*"]}, {name: jira, accounts: ["*"]}]`, submission.Form{VMs: []string{"web01"}}, "", "", "desk, jira"},
		{"one of two may", `[{name: desk, accounts: [globex]}, {name: jira, accounts: [acme]}]`, submission.Form{VMs: []string{"web01"}}, "acme", "jira", ""},
		{"no system may", `[{name: desk, accounts: [globex]}]`, submission.Form{VMs: []string{"web01"}}, "", "", `add {name: operator, accounts: ["acme"]}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.form.Requester = "ada@acme.example"
			r, err := tt.form.Request(events.Request{}, parse(t, tt.systems), now, "op-1")
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("error %v, want %q", err, tt.err)
				}
				return
			}
			if err != nil || r.Account != tt.account || r.System != tt.system {
				t.Errorf("account %q, system %q, %v; want %q, %q", r.Account, r.System, err, tt.account, tt.system)
			}
		})
	}
}

func TestRequesterIsNeeded(t *testing.T) {
	_, err := submission.Form{VMs: []string{"web01"}}.Request(events.Request{}, parse(t, desk), now, "op-1")
	if err == nil || !strings.Contains(err.Error(), "--requester is missing") {
		t.Errorf("error %v", err)
	}
}

// TestFlagsGoBeforeTheFile: what the flags leave out, the file says.
func TestFlagsGoBeforeTheFile(t *testing.T) {
	base, err := submission.Read([]byte(`
ticket: DR-104
revision: 2
account: acme
requester: {name: Sam Example, email: sam@acme.example}
action: test
vms: [{name: web01}]
reason: Monthly drill
test: {switch: Isolated, holdOpenMinutes: 30}
window: {notBefore: 2026-03-02T10:00:00Z}
`))
	if err != nil {
		t.Fatal(err)
	}
	f := submission.Form{Reason: "Again", Switch: "Other", NotAfter: "+4h"}
	r, err := f.Request(base, parse(t, desk), now, "op-1")
	if err != nil {
		t.Fatal(err)
	}
	if r.Ticket != "DR-104" || r.Revision != 2 || r.Reason != "Again" || r.Requester.Name != "Sam Example" {
		t.Errorf("%+v", r)
	}
	if r.Test.Switch != "Other" || r.Test.HoldOpenMinutes != 30 || base.Test.Switch != "Isolated" {
		t.Errorf("test %+v, base %+v", r.Test, base.Test)
	}
	if !r.Window.NotBefore.Equal(now.Add(time.Hour)) || !r.Window.NotAfter.Equal(now.Add(4*time.Hour)) {
		t.Errorf("window %+v", r.Window)
	}
}

// TestSameContentSameEvent: the id is what makes submitting safe to repeat.
func TestSameContentSameEvent(t *testing.T) {
	f := submission.Form{Action: "planned", VMs: []string{"web01"}, Requester: "ada@acme.example", Ticket: "DR-1"}
	inv := parse(t, desk)
	id := func(f submission.Form, at time.Time) string {
		t.Helper()
		r, err := f.Request(events.Request{}, inv, at, "op-1")
		if err != nil {
			t.Fatal(err)
		}
		e, err := submission.Event(r, at)
		if err != nil {
			t.Fatal(err)
		}
		return e.ID()
	}
	first := id(f, now)
	if again := id(f, now.Add(time.Hour)); again != first {
		t.Errorf("the same ticket an hour later is event %s, not %s", again, first)
	}
	f.Reason = "another"
	if other := id(f, now); other == first {
		t.Error("another content is the same event")
	}
}

func TestMalformedTicketsAreToldBeforeTheyAreSent(t *testing.T) {
	f := submission.Form{Action: "test", VMs: []string{"web01"}, Requester: "ada@acme.example", Choice: "retry", System: "no system!"}
	r, err := f.Request(events.Request{}, parse(t, desk), now, "op-1")
	if err != nil {
		t.Fatal(err)
	}
	_, err = submission.Event(r, now)
	var wrong *contract.Error
	if !errors.As(err, &wrong) {
		t.Fatalf("error %v, want a *contract.Error", err)
	}
	for _, field := range []string{"choice", "system"} {
		if !strings.Contains(err.Error(), field) {
			t.Errorf("%q is not in %v", field, err)
		}
	}
}
