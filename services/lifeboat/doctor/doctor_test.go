package doctor_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"lifeboat.io/events"
	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/hypersim"
	"lifeboat.io/pkg/inventory"
	"lifeboat.io/services/lifeboat/doctor"
)

const (
	vm1 = "00000000-0000-4000-8000-000000000001"
	vm2 = "00000000-0000-4000-8000-000000000002"
	vm3 = "00000000-0000-4000-8000-000000000003"
)

// spec is a world of three hosts that is in order: vm1 and vm2 from p1 to r1,
// vm1 extended to x1, and vm3 the other way.
func spec() hypersim.Spec {
	return hypersim.Spec{
		Hosts: []hypersim.HostSpec{{Name: "p1", Site: "east"}, {Name: "r1", Site: "west"}, {Name: "x1", Site: "vault"}},
		VMs: []hypersim.VMSpec{
			{ID: vm1, Name: "vm1", Host: "p1", Replica: "r1", Extended: "x1"},
			{ID: vm2, Name: "vm2", Host: "p1", Replica: "r1"},
			{ID: vm3, Name: "vm3", Host: "r1", Replica: "p1"},
		},
	}
}

// inventoryOf describes that world.
func inventoryOf(t testing.TB, change func(*inventory.Document)) *inventory.Inventory {
	t.Helper()
	var doc inventory.Document
	doc.Accounts = []inventory.Account{{ID: "acme", Kind: inventory.Managed}}
	doc.Credentials = []inventory.Credential{{Name: "c", User: "u"}}
	doc.Credentials[0].Password.Env = "X"
	for _, site := range []string{"east", "west", "vault"} {
		doc.Sites = append(doc.Sites, inventory.Site{Name: site})
	}
	for name, site := range map[string]string{"p1": "east", "r1": "west", "x1": "vault"} {
		doc.Hosts = append(doc.Hosts, inventory.Host{Name: name, Site: site, Address: name + ".test", FQDN: name + ".hyperv.example", WinRM: inventory.WinRM{Credential: "c"}})
	}
	doc.VMs = []inventory.VM{
		{ID: vm1, Name: "vm1", Account: "acme", Primary: "p1", Replica: "r1", Extended: "x1", Test: inventory.TestNetwork{Switch: "Isolated"}},
		{ID: vm2, Name: "vm2", Account: "acme", Primary: "p1", Replica: "r1"},
		{ID: vm3, Name: "vm3", Account: "acme", Primary: "r1", Replica: "p1"},
	}
	if change != nil {
		change(&doc)
	}
	inv, err := inventory.New(doc)
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

// examine looks at a world and judges it.
func examine(t testing.TB, s hypersim.Spec, inv *inventory.Inventory, before func(*hypersim.World)) []doctor.Finding {
	t.Helper()
	w, err := hypersim.New(s)
	if err != nil {
		t.Fatal(err)
	}
	if before != nil {
		before(w)
	}
	told := 0
	l := doctor.Looker{
		Inventory: inv, Now: w.Now, Parallel: 2,
		Connect: func(_ context.Context, _ *inventory.Inventory, h inventory.Host) (hyperv.Host, error) {
			return w.Host(h.Name), nil
		},
		Progress: func(done int) { told = done },
	}
	facts := l.Look(t.Context(), inv.Hosts)
	if told != len(inv.Hosts) {
		t.Errorf("progress was told of %d hosts, want %d", told, len(inv.Hosts))
	}
	return doctor.Judge(inv, facts)
}

// lines are the findings that are not ok, one a line.
func lines(findings []doctor.Finding) string {
	var b strings.Builder
	for _, f := range findings {
		if f.Level != doctor.OK {
			fmt.Fprintf(&b, "%s %s %s: %s\n", f.Level, f.Check, f.Subject, f.Detail)
		}
	}
	return b.String()
}

func TestAWorldInOrderIsOK(t *testing.T) {
	findings := examine(t, spec(), inventoryOf(t, nil), nil)
	if got := lines(findings); got != "" || doctor.Worst(findings) != doctor.OK {
		t.Errorf("found\n%s", got)
	}
	if n := doctor.Count(findings, doctor.OK); n != 3*4+1 {
		t.Errorf("%d things are ok, want four for each host and one for the VMs: %+v", n, findings)
	}
}

func TestWhatIsWrongIsFound(t *testing.T) {
	inject := func(f hypersim.Fault) func(*testing.T, *hypersim.World) {
		return func(t *testing.T, w *hypersim.World) {
			if err := w.Inject(f); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, tt := range []struct {
		name   string
		world  func(*hypersim.Spec)
		inv    func(*inventory.Document)
		before func(*testing.T, *hypersim.World)
		worst  doctor.Level
		want   []string
	}{
		{"a host that is away", nil, nil, inject(hypersim.Fault{Kind: hypersim.FaultUnreachable, Host: "r1", Times: -1}), doctor.Fail,
			[]string{"fail log-on r1: r1 Info: unreachable", "warn vms inventory: 3 VMs could not be checked"}},
		{"a host that lets nobody in", nil, nil, inject(hypersim.Fault{Kind: hypersim.FaultAccessDenied, Host: "x1", Times: -1}), doctor.Fail,
			[]string{"fail log-on x1: x1 Info: access-denied"}},
		{"VMs that cannot be listed", nil, nil, inject(hypersim.Fault{Kind: hypersim.FaultAccessDenied, Host: "r1", Verb: "ListVMs", Times: -1}), doctor.Fail,
			[]string{"fail vms r1: r1 ListVMs: access-denied", "3 VMs could not be checked"}},
		{"a clock that is off", func(s *hypersim.Spec) { s.Hosts[1].Skew = hypersim.Duration(20 * time.Second) }, nil, nil, doctor.Warn,
			[]string{"warn clock r1: "}},
		{"a clock that is far off", func(s *hypersim.Spec) { s.Hosts[1].Skew = hypersim.Duration(-10 * time.Minute) }, nil, nil, doctor.Fail,
			[]string{"fail clock r1: -"}},
		{"a missing cmdlet", func(s *hypersim.Spec) { s.Hosts[0].MissingCmdlets = []string{"Set-VMReplication"} }, nil, nil, doctor.Fail,
			[]string{"fail cmdlets p1: missing: Set-VMReplication"}},
		{"another name", nil, func(d *inventory.Document) { d.VMs[1].Name = "old-vm2" }, nil, doctor.Warn,
			[]string{`warn vm old-vm2 ` + vm2 + `: is called "vm2" on p1`, `is called "vm2" on r1`}},
		{"swapped roles", nil, func(d *inventory.Document) { d.VMs[2].Primary, d.VMs[2].Replica = "p1", "r1" }, nil, doctor.Warn,
			[]string{"warn vm vm3 " + vm3 + ": the roles are swapped, as after a planned failover: it belongs to r1 and replicates to p1"}},
		{"a VM that is not there", nil, func(d *inventory.Document) {
			d.VMs = append(d.VMs, inventory.VM{ID: "00000000-0000-4000-8000-000000000009", Name: "gone", Account: "acme", Primary: "p1", Replica: "r1"})
		}, nil, doctor.Fail, []string{"gone 00000000-0000-4000-8000-000000000009: p1 has no VM with this id", "r1 has no VM with this id"}},
		{"a VM that does not replicate", func(s *hypersim.Spec) { s.VMs[1].Replica = "" }, nil, nil, doctor.Fail,
			[]string{"fail vm vm2 " + vm2 + ": r1 has no VM with this id"}},
		{"an extended copy that is not there", nil, func(d *inventory.Document) { d.VMs[1].Extended = "x1" }, nil, doctor.Fail,
			[]string{"vm2 " + vm2 + ": x1 has no copy, but the inventory names it as extended"}},
		{"a switch that is not there", nil, func(d *inventory.Document) { d.VMs[1].Test.Switch = "Nowhere" }, nil, doctor.Fail,
			[]string{`fail test switch vm2 ` + vm2 + `: r1 has no virtual switch "Nowhere"`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := spec()
			if tt.world != nil {
				tt.world(&s)
			}
			findings := examine(t, s, inventoryOf(t, tt.inv), func(w *hypersim.World) {
				if tt.before != nil {
					tt.before(t, w)
				}
			})
			got := lines(findings)
			for _, want := range tt.want {
				if !strings.Contains(got, want) {
					t.Errorf("%q is not in\n%s", want, got)
				}
			}
			if tt.want == nil && got != "" {
				t.Errorf("found\n%s", got)
			}
			if worst := doctor.Worst(findings); worst != tt.worst {
				t.Errorf("worst is %s, want %s:\n%s", worst, tt.worst, got)
			}
			for _, f := range findings {
				if f.Level != doctor.OK && f.Fix == "" {
					t.Errorf("no fix for %q", f.Detail)
				}
			}
		})
	}
}

// TestHostsThatReceiveMustAccept: who needs no replication need not accept any.
// TestClocks: how far a clock is off is told as seen from the middle of question
// and answer, and what the way takes is given to it.
func TestClocks(t *testing.T) {
	asked := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		off, took time.Duration
		want      string
	}{
		{20 * time.Second, time.Second, "warn clock p1: 20s off, give or take 500ms"},
		{-10 * time.Minute, time.Second, "fail clock p1: -10m0s off, give or take 500ms"},
		{5 * time.Second, 2 * time.Second, ""},
		{7 * time.Second, 10 * time.Second, ""},
		{7 * time.Second, time.Second, "warn clock p1: 7s off, give or take 500ms"},
	} {
		facts := doctor.HostFacts{Host: "p1", Asked: asked, Answered: asked.Add(tt.took)}
		facts.Info.Clock = asked.Add(tt.took/2 + tt.off)
		got := ""
		for _, line := range strings.Split(lines(doctor.Judge(inventoryOf(t, nil), []doctor.HostFacts{facts})), "\n") {
			if strings.Contains(line, " clock ") {
				got = line
			}
		}
		if got != tt.want {
			t.Errorf("%s off in %s: %q, want %q", tt.off, tt.took, got, tt.want)
		}
	}
}

func TestHostsThatReceiveMustAccept(t *testing.T) {
	inv := inventoryOf(t, func(d *inventory.Document) { d.VMs = d.VMs[:2] })
	facts := func(host string) []doctor.HostFacts {
		return []doctor.HostFacts{{Host: host, VMsErr: errors.New("not asked")}}
	}
	for host, want := range map[string]string{
		"r1": "fail replication r1: accepts no replication, but is to hold the replicas of 2 VMs",
		"x1": "fail replication x1: accepts no replication, but is to hold the replicas of 1 VMs",
		"p1": "warn replication p1: accepts no replication: a planned failover of its 2 VMs cannot replicate back",
	} {
		if got := lines(doctor.Judge(inv, facts(host))); !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
}

// TestTwoRunningCopiesAreNotMissed: nothing is worse.
func TestTwoRunningCopiesAreNotMissed(t *testing.T) {
	inv := inventoryOf(t, func(d *inventory.Document) { d.VMs = d.VMs[1:2] })
	both := func(host string) doctor.HostFacts {
		return doctor.HostFacts{Host: host, VMs: []hyperv.VMSummary{{ID: vm2, Name: "vm2", Power: hyperv.PowerRunning, Mode: hyperv.ModePrimary}}}
	}
	got := lines(doctor.Judge(inv, []doctor.HostFacts{both("p1"), both("r1")}))
	for _, want := range []string{"fail vm vm2 " + vm2 + ": RUNS ON BOTH p1 and r1", "is Primary on p1 and Primary on r1"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
}

func TestAConnectionThatCannotBeMade(t *testing.T) {
	inv := inventoryOf(t, nil)
	l := doctor.Looker{Inventory: inv, Now: time.Now, Connect: func(context.Context, *inventory.Inventory, inventory.Host) (hyperv.Host, error) {
		return nil, errors.New("ca: no such file")
	}}
	findings := doctor.Judge(inv, l.Look(t.Context(), inv.Hosts))
	if got := lines(findings); strings.Count(got, "ca: no such file") != 3 {
		t.Errorf("found\n%s", got)
	}
}

func TestJudgeBus(t *testing.T) {
	well := doctor.BusFacts{URL: "nats://a", Digest: "d"}
	for _, tt := range []struct {
		name   string
		change func(*doctor.BusFacts)
		worst  doctor.Level
		want   string
	}{
		{"well", func(*doctor.BusFacts) {}, doctor.OK, ""},
		{"away", func(f *doctor.BusFacts) { f.Err = errors.New("no servers") }, doctor.Fail, "fail bus nats://a: no servers"},
		{"no inventory", func(f *doctor.BusFacts) { f.Digest = "" }, doctor.Fail, "no inventory is stored on the bus"},
		{"another inventory", func(f *doctor.BusFacts) { f.Digest = "e" }, doctor.Warn, "not the one in the file"},
		{"dead letters", func(f *doctor.BusFacts) { f.Letters = 2 }, doctor.Warn, "warn dead letters nats://a: 2 that nobody has settled"},
		{"dead letters not known", func(f *doctor.BusFacts) { f.LettersErr = errors.New("x") }, doctor.Fail, "fail dead letters nats://a: x"},
		{"held runs", func(f *doctor.BusFacts) { f.Held = 1 }, doctor.Warn, "1 that wait for a person"},
	} {
		f := well
		tt.change(&f)
		findings := doctor.JudgeBus(f, "d")
		if got := lines(findings); doctor.Worst(findings) != tt.worst || !strings.Contains(got, tt.want) {
			t.Errorf("%s: %s\n%s", tt.name, doctor.Worst(findings), got)
		}
	}
}

func TestLevelsAreDocumented(t *testing.T) {
	for _, level := range []doctor.Level{doctor.OK, doctor.Warn, doctor.Fail} {
		if !events.Known(doctor.Level(""), string(level)) {
			t.Errorf("level %q has no documentation", level)
		}
	}
}
