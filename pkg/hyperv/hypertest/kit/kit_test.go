package kit

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/hypersim"
	"lifeboat.io/pkg/hyperv/hypertest"
)

const hosts = `
hosts:
  - {name: hv1, address: 192.0.2.1, fqdn: hv1.corp.example, winrm: {credential: admin}, replica: {authentication: Kerberos}}
  - {name: hv2, address: 192.0.2.2, fqdn: hv2.corp.example, winrm: {credential: admin}, replica: {authentication: Kerberos}}
credentials: [{name: admin, user: admin, password: {file: secrets/admin}}]
`

func load(t *testing.T, text string) (*Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kit.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Load(path)
}

func TestConfig(t *testing.T) {
	c, err := load(t, hosts+"vms: [{name: lifeboat-test-1, primary: hv2, testSwitch: Isolated}]")
	if err != nil {
		t.Fatal(err)
	}
	p, r := c.sides(c.VMs[0])
	if p.Name != "hv2" || r.Name != "hv1" || c.patience() != 20*time.Minute || c.TimeScale != 1 || c.VMs[0].Adapter != "Network Adapter" {
		t.Errorf("%+v, primary %s", c, p.Name)
	}
	if got := receives(p, r); got.Server != "hv2.corp.example" || got.Port != 80 || got.Authentication != hyperv.AuthKerberos {
		t.Errorf("%+v", got)
	}
}

func TestConfigIsRefused(t *testing.T) {
	one := strings.SplitAfter(hosts, "\n")
	for name, tt := range map[string]struct{ text, says string }{
		"a VM of somebody's":   {hosts + "vms: [{name: payroll, testSwitch: I}]", `vms[0].name "payroll"`},
		"a name in the middle": {hosts + "vms: [{name: my-lifeboat-test, testSwitch: I}]", `begins with lifeboat-test`},
		"no VM":                {hosts, "vms: 0"},
		"no switch":            {hosts + "vms: [{name: lifeboat-test-1}]", "vms[0].testSwitch"},
		"twice":                {hosts + "vms: [{name: lifeboat-test-1, testSwitch: I}, {name: lifeboat-test-1, testSwitch: I}]", "vms[1].name"},
		"no such host":         {hosts + "vms: [{name: lifeboat-test-1, primary: hv9, testSwitch: I}]", `vms[0].primary "hv9"`},
		"one host":             {strings.Join(slices.Delete(slices.Clone(one), 3, 4), "") + "vms: [{name: lifeboat-test-1, testSwitch: I}]", "hosts: 1"},
		"a slip":               {hosts + "vmz: []", "vmz"},
		"a password":           {strings.Replace(hosts, "{file: secrets/admin}", "geheim-1", 1) + "vms: []", "where mapping is expected"},
		"no credential":        {strings.Replace(hosts, "{credential: admin}", "{credential: root}", 1) + "vms: []", "root"},
		"patience":             {hosts + "vms: [{name: lifeboat-test-1, testSwitch: I}]\npatienceMinutes: 9999", "patienceMinutes 9999"},
	} {
		if _, err := load(t, tt.text); err == nil || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: %v, want %q", name, err, tt.says)
		}
	}
}

// sim is a pair of simulated hosts behind the guard, with a second VM.
func sim(t *testing.T) (*hypersim.World, *guarded, hyperv.VMID) {
	t.Helper()
	s := hypersim.Pair(2)
	s.VMs[0].Name = "lifeboat-test-1"
	w, err := hypersim.New(s)
	if err != nil {
		t.Fatal(err)
	}
	r := w.Host("r1")
	id, err := r.FindVM(t.Context(), "lifeboat-test-1")
	if err != nil {
		t.Fatal(err)
	}
	other, err := r.FindVM(t.Context(), "vm2")
	if err != nil {
		t.Fatal(err)
	}
	return w, &guarded{r, newBook(VM{Name: "lifeboat-test-1", Adapter: "Network Adapter", TestSwitch: "Isolated"}, id, "p1.hyperv.example", "r1.hyperv.example"), SideReplica}, other
}

func changed(w *hypersim.World) int {
	entries, _ := w.Journal()
	return len(slices.DeleteFunc(entries, func(e hypersim.Entry) bool { return e.Cmdlet == "" || !e.Changed }))
}

func TestGuardLetsNothingThroughToOtherVMs(t *testing.T) {
	w, g, other := sim(t)
	for verb, call := range map[string]func(ctx context.Context) (hyperv.Change, error){
		"Stop":              func(ctx context.Context) (hyperv.Change, error) { return g.Stop(ctx, other, hyperv.StopOptions{}) },
		"Start":             func(ctx context.Context) (hyperv.Change, error) { return g.Start(ctx, other) },
		"SetTestNetwork":    func(ctx context.Context) (hyperv.Change, error) { return g.SetTestNetwork(ctx, other, nil) },
		"StartTestFailover": func(ctx context.Context) (hyperv.Change, error) { return g.StartTestFailover(ctx, other, "") },
		"StopTestFailover":  func(ctx context.Context) (hyperv.Change, error) { return g.StopTestFailover(ctx, other) },
		"Prepare":           func(ctx context.Context) (hyperv.Change, error) { return g.Prepare(ctx, other) },
		"FailOver":          func(ctx context.Context) (hyperv.Change, error) { return g.FailOver(ctx, other, "") },
		"Reverse": func(ctx context.Context) (hyperv.Change, error) {
			return g.Reverse(ctx, other, hyperv.ReplicaServer{})
		},
		"Complete":       func(ctx context.Context) (hyperv.Change, error) { return g.Complete(ctx, other) },
		"CancelFailover": func(ctx context.Context) (hyperv.Change, error) { return g.CancelFailover(ctx, other) },
		"SetAutoStart": func(ctx context.Context) (hyperv.Change, error) {
			return g.SetAutoStart(ctx, other, hyperv.StartNothing)
		},
		"BecomeReplica": func(ctx context.Context) (hyperv.Change, error) { return g.BecomeReplica(ctx, other) },
	} {
		if _, err := call(t.Context()); err == nil || hyperv.AsError(err).Code != CodeNotListed {
			t.Errorf("%s: %v", verb, err)
		}
	}
	if n := changed(w); n != 0 {
		t.Errorf("%d changes on the hosts", n)
	}
}

func TestGuardRecords(t *testing.T) {
	_, g, _ := sim(t)
	var c CaseReport
	g.book.open(&c)
	change, err := g.StartTestFailover(t.Context(), g.book.id, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.Start(t.Context(), change.After.TestVM.ID); err != nil {
		t.Errorf("the test VM is not let through: %v", err)
	}
	if _, err := g.Prepare(t.Context(), g.book.id); err == nil {
		t.Error("prepared a replica")
	}
	g.book.clean()
	if _, err := g.StopTestFailover(t.Context(), g.book.id); err != nil {
		t.Fatal(err)
	}
	g.book.close()
	want := []string{
		"replica StartTestFailover (latest data): acted; Off Replica/Replicating -> Off Replica/Replicating, test VM Off",
		"replica Start (the test VM): acted; Off TestReplica/Disabled -> Running TestReplica/Disabled",
		"replica Prepare: refuse, wrong-state; Off Replica/Replicating, test VM Running",
	}
	if got := c.lines(); !slices.Equal(got, want) || len(c.Calls) != 4 || !c.Calls[3].CleanUp {
		t.Errorf("%q\nwant %q", got, want)
	}
}

func TestTrial(t *testing.T) {
	for name, tt := range map[string]struct {
		do      func(x hypertest.T)
		outcome CaseOutcome
		says    string
		dirty   bool
	}{
		"passes":         {func(hypertest.T) {}, CasePassed, "", false},
		"fails":          {func(x hypertest.T) { x.Fatalf("no %d", 1); x.Error("not reached") }, CaseFailed, "no 1", false},
		"goes on":        {func(x hypertest.T) { x.Errorf("one"); x.Error("two") }, CaseFailed, "two", false},
		"skips":          {func(x hypertest.T) { x.Skip("why"); x.Error("not reached") }, CaseSkipped, "why", false},
		"panics":         {func(hypertest.T) { panic("oh") }, CaseFailed, "oh", false},
		"cannot clean":   {func(x hypertest.T) { x.Cleanup(func() { x.Errorf("left") }) }, CaseFailed, "left", true},
		"ends by itself": {func(x hypertest.T) { <-x.Context().Done(); x.Fatal(context.Cause(x.Context())) }, CaseFailed, "longer than", false},
	} {
		t.Run(name, func(t *testing.T) {
			w, g, _ := sim(t)
			p := &hypertest.Pair{Primary: w.Host("p1"), Replica: w.Host("r1"), VM: g.book.id, VMName: "lifeboat-test-1", Pass: w.Advance, Disposable: true}
			report := CaseReport{}
			limit := time.Minute
			if name == "ends by itself" {
				limit = 10 * time.Millisecond
			}
			dirty := runCase(t.Context(), limit, hypertest.NewCase("x", func(x hypertest.T, _ *hypertest.Pair) { tt.do(x) }), p, g.book, &report)
			said := strings.Join(report.Messages, "\n")
			if report.Outcome != tt.outcome || dirty != tt.dirty || !strings.Contains(said, tt.says) || strings.Contains(said, "not reached") {
				t.Errorf("%s, dirty %v: %q", report.Outcome, dirty, said)
			}
		})
	}
}

// TestCompletingComesLast: and never without the way back before it.
func TestCompletingComesLast(t *testing.T) {
	for _, only := range [][]string{nil, {"Complete"}, {"Complete", "AskPrepared", "AskBecomeReplica"}} {
		r := &Run{config: &Config{TimeScale: 1}}
		if err := r.choose(only); err != nil {
			t.Fatal(err)
		}
		last := len(r.cases) - 1
		if r.cases[last].Name != completing || !slices.ContainsFunc(r.cases, func(c hypertest.Case) bool { return c.Name == wayBack }) {
			t.Errorf("%q: the last case is %s", only, r.cases[last].Name)
		}
	}
	r := &Run{}
	r.report.Cases = []CaseReport{{VM: "a", Name: wayBack, Outcome: CasePassed}, {VM: "b", Name: wayBack, Outcome: CaseFailed}}
	if !r.mayComplete("a") || r.mayComplete("b") || r.mayComplete("c") {
		t.Error("a failover is completed on a VM that may not come back")
	}
}

func TestDifferences(t *testing.T) {
	lab := parseRecording("== A: passed\none\ntwo\n== B: skipped\n")
	calls := []Call{{Side: SidePrimary, Verb: "Start", Changes: true, Acted: true}}
	got := differences([]CaseReport{
		{VM: "v", Name: "A", Outcome: CasePassed, Calls: calls}, {VM: "v", Name: "B", Outcome: CaseFailed}, {VM: "v", Name: "C"},
	}, lab)
	want := []string{
		`v, A, answer 1: here "primary Start: acted", in the lab "one"`, `v, A, answer 2: here "(nothing)", in the lab "two"`,
		"v, B: failed here, skipped in the lab", "v, C: the lab has no recording of it",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
	r := Report{Cases: []CaseReport{{Name: "A", Outcome: CasePassed, Calls: calls}}}
	if again := differences(r.Cases, parseRecording(r.Recording())); len(again) != 0 {
		t.Errorf("a recording differs from itself: %q", again)
	}
}

// TestRecordingIsWhole: every case has its answers of the lab.
func TestRecordingIsWhole(t *testing.T) {
	lab := parseRecording(labRecording)
	for _, c := range append(hypertest.Cases(), askCases(nil)...) {
		if _, there := lab[c.Name]; !there {
			t.Errorf("lab.txt has no case %s: go test ./e2e/kit -run TestPassesOnTheLab -update", c.Name)
		}
	}
}

// TestRowsAreInTheDocument: every row a run speaks of is one of the document's,
// and the document says which ones a run settles.
func TestRowsAreInTheDocument(t *testing.T) {
	text, err := os.ReadFile("../../../../docs/assumptions.md")
	if err != nil {
		t.Fatal(err)
	}
	settles := map[string]bool{}
	for _, line := range regexp.MustCompile(`(?m)^\| ([HWL]\d+) \|.*$`).FindAllStringSubmatch(string(text), -1) {
		settles[line[1]] = strings.Contains(line[0], "*kit*")
	}
	for _, f := range findings(&Report{timeScale: 1}) {
		inDocument, known := settles[f.ID]
		if !known {
			t.Errorf("docs/assumptions.md has no row %s", f.ID)
		}
		if _, cannot := elsewhere[f.ID]; cannot == inDocument {
			t.Errorf("%s: docs/assumptions.md says *kit*: %v, and the kit can settle it: %v", f.ID, inDocument, !cannot)
		}
	}
}

func TestFindings(t *testing.T) {
	at := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	look := func(host time.Time, h hyperv.Heartbeat) Call {
		return Call{Host: "h", Verb: "Read", Began: at, Millis: 100, After: &Reading{Present: true, HostTime: host, Heartbeat: h}}
	}
	failed := &CallError{FullyQualifiedErrorID: "X,Y", Message: "no"}
	boot := func(calls ...Call) Report {
		return Report{timeScale: 1, Cases: []CaseReport{{Name: "AskBooting", Calls: append([]Call{{Verb: "Start"}}, calls...)}}}
	}
	asked := func(name string, calls ...Call) Report {
		return Report{timeScale: 1, Cases: []CaseReport{{Name: name, Calls: calls}}}
	}
	merges := &Reading{Present: true, OperationalStatus: []string{merging}}
	// paused is a primary that was last seen well, and first seen in Error, so
	// long after its replica was paused.
	paused := func(well, failed time.Duration, inError bool) Report {
		look := func(after time.Duration, s hyperv.ReplicationState) Call {
			return Call{Side: SidePrimary, Verb: "Read", After: &Reading{Present: true, State: s, HostTime: at.Add(after), FrequencySec: 30}}
		}
		calls := []Call{look(-time.Second, hyperv.StateReplicating), {Side: SideReplica, Verb: "ask", Arguments: string(AskSuspend), Acted: true},
			look(time.Second, hyperv.StateReplicating), look(well, hyperv.StateReplicating)}
		if inError {
			calls = append(calls, look(failed, hyperv.StateError))
		}
		return asked("AskReplicaPaused", calls...)
	}
	for name, tt := range map[string]struct {
		report Report
		id     string
		want   Verdict
	}{
		"a steady clock":           {boot(look(at, ""), look(at.Add(time.Second), "")), "H1", NotExercised},
		"a clock that jumps":       {boot(look(at, ""), look(at.Add(time.Minute), "")), "H1", Contradicted},
		"a guest that boots":       {boot(look(at, hyperv.HeartbeatNoContact), look(at, hyperv.HeartbeatOkHealthy)), "H14", Confirmed},
		"alive before the boot":    {boot(look(at, hyperv.HeartbeatOkHealthy), look(at, hyperv.HeartbeatNoContact)), "H14", Contradicted},
		"nobody looked":            {boot(), "H14", NotExercised},
		"a running one reversed":   {asked("AskReverseRunning", Call{Verb: "ask", Arguments: "reverse", Error: failed}), "L7", Contradicted},
		"bringing back counts not": {asked("AskReverseRunning", Call{Verb: "ask", Arguments: "reverse", CleanUp: true}), "L7", NotExercised},
		"cancel took everything": {asked("AskCancelBesideTest", Call{Verb: "ask", Arguments: "fail-over", Acted: true},
			Call{Verb: "ask", Arguments: "stop-failover", Acted: true, After: &Reading{Present: true, State: hyperv.StateReplicating}}), "H6", Contradicted},
		"an unknown server's replica": {asked("AskBecomeReplica", Call{Verb: "ask", Arguments: "replica-of"}, Call{Verb: "BecomeReplica", Acted: true}), "H8", Contradicted},
		"no entry, and one":           {asked("AskBecomeReplica", Call{Verb: "ask", Arguments: "replica-of", Error: failed}, Call{Verb: "BecomeReplica", Acted: true}), "H8", Confirmed},
		"refused in spite of an entry": {asked("AskBecomeReplica", Call{Verb: "ask", Arguments: "replica-of", Error: failed},
			Call{Verb: "BecomeReplica", Error: failed}), "H8", Contradicted},
		"not made a replica":         {asked("AskBecomeReplica", Call{Verb: "ask", Arguments: "replica-of", Error: failed}), "H8", NotExercised},
		"three cycles, then Error":   {paused(61*time.Second, 64*time.Second, true), "L1", Confirmed},
		"the third cycle's last":     {paused(88*time.Second, 95*time.Second, true), "L1", Confirmed},
		"Error after two cycles":     {paused(50*time.Second, 55*time.Second, true), "L1", Contradicted},
		"Error after five":           {paused(130*time.Second, 135*time.Second, true), "L1", Contradicted},
		"never in Error":             {paused(290*time.Second, 0, false), "L1", Contradicted},
		"not watched for long":       {paused(80*time.Second, 0, false), "L1", NotExercised},
		"busy while merging":         {asked("X", Call{Verb: "Reverse", Changes: true, Before: merges, Error: &CallError{Code: "ObjectInUse"}}), "L4", Confirmed},
		"suspended while merging":    {asked("X", Call{Verb: "ask", Arguments: "suspend", Changes: true, Acted: true, Before: merges, After: merges}), "L4", Contradicted},
		"the merge was over":         {asked("X", Call{Verb: "Prepare", Changes: true, Acted: true, Before: merges, After: &Reading{}}), "L4", NotExercised},
		"a merge of its own":         {asked("X", Call{Verb: "Complete", Changes: true, Acted: true, Before: merges, After: merges}), "L4", NotExercised},
		"nothing done while merging": {asked("X", Call{Verb: "Prepare", Changes: true, Before: merges, After: merges}), "L4", NotExercised},
	} {
		for _, f := range findings(&tt.report) {
			if f.ID == tt.id && (f.Verdict != tt.want || len(f.Evidence) == 0) {
				t.Errorf("%s: %+v, want %s", name, f, tt.want)
			}
		}
	}
}

// TestScriptAsksOnlyTheMarked: the check stands before everything that acts.
func TestScriptAsksOnlyTheMarked(t *testing.T) {
	check := strings.Index(askScript, "throw 'the VM is not marked'")
	act := regexp.MustCompile(`\b(Start|Stop|Save|Set|Suspend|Resume)-VM`).FindStringIndex(askScript)
	if check < 0 || act == nil || act[0] < check {
		t.Errorf("the mark is looked for at %d, the first act is at %v", check, act)
	}
	if regexp.MustCompile(`(?i)\$input\b|-ComputerName|Invoke-Expression|[^\x00-\x7F]`).MatchString(askScript) {
		t.Error("the script breaks the rules of pkg/hyperv/winrm/script")
	}
}

func FuzzReply(f *testing.F) {
	f.Add([]byte("noise\r\nHT1 eyJvayI6dHJ1ZX0=\r\n"))
	f.Add([]byte("HT1 ***"))
	f.Add([]byte("HT1 bnVsbA=="))
	f.Fuzz(func(t *testing.T, out []byte) {
		if r, err := replyIn(out); err != nil && r != (Reply{}) {
			t.Errorf("%+v with %v", r, err)
		}
	})
}
