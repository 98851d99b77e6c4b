package hypersim

import (
	"context"
	"encoding/json"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"lifeboat.io/pkg/hyperv"
)

func TestSpecErrors(t *testing.T) {
	for want, change := range map[string]func(s *Spec){
		`hosts[1]: name is missing`:                               func(s *Spec) { s.Hosts[1].Name = "" },
		`hosts[1]: name "p1"`:                                     func(s *Spec) { s.Hosts[1].Name = "p1" },
		`hosts[1]: name "p1.hyperv.example"`:                      func(s *Spec) { s.Hosts[1].FQDN = "P1.hyperv.example" },
		`links[0]: link from "p1" to "west"`:                      func(s *Spec) { s.Links = []LinkSpec{{From: "p1", To: "west"}} },
		`vms[0] "": name is missing`:                              func(s *Spec) { s.VMs[0].Name = "" },
		`vms[0] "vm1": host "nowhere"`:                            func(s *Spec) { s.VMs[0].Host = "nowhere" },
		`vms[0] "vm1": replica "p1"`:                              func(s *Spec) { s.VMs[0].Replica = "p1" },
		`vms[0] "vm1": extended "r1"`:                             func(s *Spec) { s.VMs[0].Extended = "r1" },
		`vms[0] "vm1": extended "r1": there is no replica`:        func(s *Spec) { s.VMs[0].Extended, s.VMs[0].Replica = "r1", "" },
		`vms[0] "vm1": autoStart "Maybe": it is`:                  func(s *Spec) { s.VMs[0].AutoStart = "Maybe" },
		`vms[0] "vm1": autoStop "Maybe": it is`:                   func(s *Spec) { s.VMs[0].AutoStop = "Maybe" },
		`vms[0] "vm1": frequencySec 60: it is 30, 300 or 900`:     func(s *Spec) { s.VMs[0].FrequencySec = 60 },
		`vms[0] "vm1": extendedFrequencySec 30: it is 300 or 900`: func(s *Spec) { s.VMs[0].ExtendedFrequencySec = 30 },
		`vms[0] "vm1": recoveryHistory 25: it is 0 to 24`:         func(s *Spec) { s.VMs[0].RecoveryHistory = 25 },
		`vms[0] "vm1": vssHours 13: it is 0 to 12`:                func(s *Spec) { s.VMs[0].VSSHours = 13 },
		`vms[0] "vm1": authentication "Basic": it is`:             func(s *Spec) { s.VMs[0].Authentication = "Basic" },
		`vms[0] "vm1": certificateThumbprint is missing`:          func(s *Spec) { s.VMs[0].Authentication = authCertificate },
		`durations: prepare -1s: it must not be`:                  func(s *Spec) { d := DefaultDurations(); d.Prepare = Duration(-time.Second); s.Durations = &d },
		`callDeadline -1s`:                                        func(s *Spec) { s.CallDeadline = Duration(-time.Second) },
		`links[0]: link: latency -1s`: func(s *Spec) {
			s.Links = []LinkSpec{{From: "p1", To: "r1", Link: Link{Latency: Duration(-time.Second)}}}
		},
		`vms[0] "vm1": autoStartDelay -1s`:         func(s *Spec) { s.VMs[0].AutoStartDelay = Duration(-time.Second) },
		`vms[0] "vm1": disks[0]: size -1`:          func(s *Spec) { s.VMs[0].Disks = []DiskSpec{{Size: -1}} },
		`vms[0] "vm1": guest: writesPerSecond -1`:  func(s *Spec) { s.VMs[0].Guest.WritesPerSecond = -1 },
		`vms[0] "vm1": guest: boot -1s`:            func(s *Spec) { s.VMs[0].Guest.Boot = Duration(-time.Second) },
		`vms[0] "vm1": guest: applications "Fine"`: func(s *Spec) { s.VMs[0].Guest.Applications = "Fine" },
		`vms[1] "vm2": id "6f9619ff-8b86-4011-b42d-00c04fc964ff": another VM of`: func(s *Spec) {
			s.VMs[0].ID, s.VMs[1].ID = "6f9619ff-8b86-4011-b42d-00c04fc964ff", "6F9619FF-8B86-4011-B42D-00C04FC964FF"
		},
	} {
		s := Pair(2)
		change(&s)
		if _, err := New(s); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestActionErrors(t *testing.T) {
	w := must(t, Pair(1))
	for want, a := range map[string]Action{
		`action "dance"`:                   {Do: "dance"},
		`action kill: host ""`:             {Do: DoKill},
		`action set-guest: vm "x"`:         {Do: DoSetGuest, VM: "x", Guest: &Guest{}},
		`action set-guest: guest`:          {Do: DoSetGuest, VM: w.lineages[0].id},
		`action set-link: link is missing`: {Do: DoSetLink, From: "p1", To: "r1"},
		`action set-link: from "p1"`:       {Do: DoSetLink, From: "p1", To: "west", Link: &Link{}},
		`action inject: fault is missing`:  {Do: DoInject},
		`action inject: fault: host "x"`:   {Do: DoInject, Fault: &Fault{Kind: FaultBusy, Host: "x"}},
		`action inject: fault: kind "x"`:   {Do: DoInject, Fault: &Fault{Kind: "x"}},
		`action inject: fault: delay -1ns`: {Do: DoInject, Fault: &Fault{Kind: FaultLate, Delay: -1}},
		`action set-guest: guest: writes`:  {Do: DoSetGuest, VM: w.lineages[0].id, Guest: &Guest{WritesPerSecond: -1}},
		`action set-link: link: latency`:   {Do: DoSetLink, From: "p1", To: "r1", Link: &Link{Bandwidth: -1}},
		`action set-space: drive "Z"`:      {Do: DoSetSpace, Host: "p1", Drive: "Z"},
		`action clear-faults: host "x"`:    {Do: DoClearFaults, Host: "x"},
	} {
		for _, err := range []error{w.Do(a), w.Schedule(w.Now(), a)} {
			if err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("got %v, want %s", err, want)
			}
		}
	}
}

func TestActionsAct(t *testing.T) {
	p := newPair(t, nil)
	p.do(Action{Do: DoSetGuest, VM: p.id, Guest: &Guest{Applications: "Critical", WritesPerSecond: 1}})
	before := p.truth("p1").Writes
	p.w.Advance(10 * time.Second)
	if got := p.truth("p1").Writes - before; got != 10 {
		t.Errorf("%d writes in ten seconds at one a second", got)
	}
	if got := p.read(p.p).Heartbeat; got != hyperv.HeartbeatOkCritical {
		t.Errorf("heartbeat %s", got)
	}
	p.do(Action{Do: DoSetSkew, Host: "p1", Skew: Duration(time.Hour)})
	if got := p.read(p.p).HostTime.Sub(p.w.Now()); got != time.Hour {
		t.Errorf("the clock is %v ahead", got)
	}
	p.do(Action{Do: DoDropRecoveryPoints, Host: "r1", VM: p.id})
	if n := len(p.read(p.r).RecoveryPoints); n != 0 {
		t.Errorf("%d recovery points are left", n)
	}
	p.do(Action{Do: DoInject, Fault: &Fault{Kind: FaultBusy}})
	_, err := p.r.Read(context.Background(), p.id)
	p.fails(err, hyperv.ClassRetry, hyperv.CodeBusy)
}

// TestSpecAsJSON shows that a Spec survives being written and read, and that
// what is left out of its durations and assumptions keeps its default.
func TestSpecAsJSON(t *testing.T) {
	s := TwoSites()
	d := DefaultDurations()
	d.Merge = Duration(7 * time.Minute)
	a := DefaultAssumptions()
	s.Durations, s.Assumptions, s.Start = &d, &a, time.Date(2031, 5, 1, 0, 0, 0, 0, time.UTC)
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var back Spec
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(s, back) {
		t.Errorf("wrote\n%+v\nread\n%+v", s, back)
	}
	var part Spec
	err = json.Unmarshal([]byte(`{"durations":{"merge":"1h"},"assumptions":{"mergeBlocks":false},"hosts":[{"name":"a"}]}`), &part)
	if err != nil {
		t.Fatal(err)
	}
	if part.Durations.Merge != Duration(time.Hour) || part.Durations.GuestBoot != d.GuestBoot || part.Assumptions.MergeBlocks || part.Assumptions.FailuresBeforeError != 3 {
		t.Errorf("%+v %+v", part.Durations, part.Assumptions)
	}
	if err := json.Unmarshal([]byte(`{"durations":{"merge":"soon"}}`), &part); err == nil || !strings.Contains(err.Error(), `"soon"`) {
		t.Errorf("%v", err)
	}
}

func TestTwoSites(t *testing.T) {
	w := must(t, TwoSites())
	w.Advance(time.Hour)
	copies := w.Truth().Copies
	if len(copies) != 16 {
		t.Errorf("%d copies", len(copies))
	}
	for _, c := range copies {
		if c.State != hyperv.StateReplicating || w.Now().Sub(c.LastReplication) > 16*time.Minute {
			t.Errorf("%+v", c)
		}
	}
	for _, m := range w.Machines() {
		if m.Condition() != (Condition{}) {
			t.Errorf("%s: %+v", m.Name(), m.Condition())
		}
	}
}

// TestSameSpecSameWorld runs the same calls twice and compares all there is.
func TestSameSpecSameWorld(t *testing.T) {
	run := func(seed uint64) ([]Entry, Truth) {
		s := TwoSites()
		s.Seed = seed
		w := must(t, s)
		w.Advance(13 * time.Minute)
		if err := w.Schedule(w.Now().Add(90*time.Second), Action{Do: DoKill, Host: "hv02"}); err != nil {
			t.Fatal(err)
		}
		for _, l := range w.lineages {
			for _, m := range []string{"hv01", "hv11"} {
				_, _ = w.Host(m).Stop(context.Background(), l.id, gracefully)
				_, _ = w.Host(m).StartTestFailover(context.Background(), l.id, "")
			}
		}
		w.Advance(3 * time.Hour)
		entries, _ := w.Journal()
		return entries, w.Truth()
	}
	e1, t1 := run(7)
	e2, t2 := run(7)
	if len(e1) == 0 || !reflect.DeepEqual(e1, e2) || !reflect.DeepEqual(t1, t2) {
		t.Error("two runs differ")
	}
	if _, t3 := run(8); reflect.DeepEqual(t1, t3) {
		t.Error("another seed makes no difference")
	}
}

func TestJournalIsBounded(t *testing.T) {
	s := Pair(1)
	s.JournalLimit, s.JournalReads = 10, true
	w := must(t, s)
	id := w.lineages[0].id
	for i := range 25 {
		if _, err := w.Machine("p1").GetVM(context.Background(), id); err != nil {
			t.Fatal(err)
		}
		w.Advance(time.Second)
		if entries, dropped := w.Journal(); len(entries) != min(i+1, 10) || dropped != max(0, i-9) {
			t.Fatalf("%d entries, %d dropped after %d", len(entries), dropped, i+1)
		}
	}
	entries, _ := w.Journal()
	for i := 1; i < len(entries); i++ {
		if !entries[i].Time.After(entries[i-1].Time) || entries[i].Cmdlet != "Get-VM" {
			t.Fatalf("out of order: %+v", entries)
		}
	}
}

// BenchmarkLargeWorld creates 500 hosts with 10,000 VMs and lets an hour pass;
// it reports the memory the world holds.
func BenchmarkLargeWorld(b *testing.B) {
	s := Large(500, 10_000)
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		w := must(b, s)
		w.Advance(time.Hour)
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(1<<20), "MB-held")
		runtime.KeepAlive(w)
	}
}
