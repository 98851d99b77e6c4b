package hypersim

import (
	"context"
	"testing"
	"time"

	"lifeboat.io/pkg/hyperv"
)

func TestFaults(t *testing.T) {
	const deadline = time.Minute
	for _, c := range []struct {
		kind    FaultKind
		class   hyperv.Class
		code    string
		cost    time.Duration // at least
		happens bool          // at once
		later   bool          // within an hour
	}{
		{FaultUnreachable, hyperv.ClassRetry, hyperv.CodeUnreachable, 5 * time.Second, false, false},
		{FaultTimeout, hyperv.ClassUnknown, hyperv.CodeTimeout, deadline, false, false},
		{FaultReplyLost, hyperv.ClassUnknown, hyperv.CodeReplyLost, time.Second, true, true},
		{FaultNoReply, hyperv.ClassUnknown, hyperv.CodeTimeout, deadline, true, true},
		{FaultLate, hyperv.ClassUnknown, hyperv.CodeTimeout, deadline, false, true},
		{FaultAccessDenied, hyperv.ClassHold, hyperv.CodeAccessDenied, 0, false, false},
		{FaultBusy, hyperv.ClassRetry, hyperv.CodeBusy, 0, false, false},
		{FaultGarbage, hyperv.ClassUnknown, hyperv.CodeGarbage, time.Second, true, true},
		{FaultGarbageBefore, hyperv.ClassUnknown, hyperv.CodeGarbage, 0, false, false},
	} {
		p := newPair(t, nil)
		if err := p.w.Inject(Fault{Kind: c.kind, Host: "p1", Verb: "Stop", Delay: Duration(10 * time.Minute)}); err != nil {
			t.Fatal(err)
		}
		before := p.w.Now()
		_, err := p.p.Stop(WithDeadline(context.Background(), deadline), p.id, hyperv.StopOptions{})
		e := p.fails(err, c.class, c.code)
		if e.Host != "p1" || e.Op != "Stop" || e.VM != p.id {
			t.Errorf("%s: the error says %s %s %s", c.kind, e.Host, e.Op, e.VM)
		}
		if cost := p.w.Now().Sub(before); cost < c.cost || c.cost == deadline && cost != deadline {
			t.Errorf("%s: it cost %v", c.kind, cost)
		}
		if off := !p.truth("p1").Runs; off != c.happens {
			t.Errorf("%s: carried out %v", c.kind, off)
		}
		p.w.Advance(time.Hour)
		if off := !p.truth("p1").Runs; off != c.later {
			t.Errorf("%s: an hour later carried out %v", c.kind, off)
		}
		if _, err := p.p.Stop(context.Background(), p.id, hyperv.StopOptions{}); err != nil {
			t.Errorf("%s: a fault that is over goes on: %v", c.kind, err)
		}
	}
}

func TestLateRequestDiesAfterBeginBy(t *testing.T) {
	p := newPair(t, nil)
	if err := p.w.Inject(Fault{Kind: FaultLate, Delay: Duration(time.Minute)}); err != nil {
		t.Fatal(err)
	}
	ctx := hyperv.BeginBy(WithDeadline(context.Background(), 30*time.Second), p.w.Now().Add(time.Minute))
	_, err := p.p.Stop(ctx, p.id, hyperv.StopOptions{})
	p.fails(err, hyperv.ClassUnknown, hyperv.CodeTimeout)
	p.w.Advance(time.Hour)
	if !p.truth("p1").Runs {
		t.Error("it was begun nevertheless")
	}
	_, err = p.p.Stop(ctx, p.id, hyperv.StopOptions{})
	p.fails(err, hyperv.ClassRetry, hyperv.CodeTooLate)
}

// A late verb that takes time itself goes on beside other calls.
func TestLateVerbRunsBesideOthers(t *testing.T) {
	p := newPair(t, nil)
	if err := p.w.Inject(Fault{Kind: FaultLate, Verb: "Stop", Delay: Duration(10 * time.Second)}); err != nil {
		t.Fatal(err)
	}
	_, err := p.p.Stop(WithDeadline(context.Background(), time.Second), p.id, gracefully)
	p.fails(err, hyperv.ClassUnknown, hyperv.CodeTimeout)
	p.w.Advance(15 * time.Second) // it has begun, and the guest is shutting down
	before := p.w.Now()
	p.read(p.p)
	if took := p.w.Now().Sub(before); took > time.Second {
		t.Errorf("reading took %v", took)
	}
	p.w.Advance(time.Minute)
	if p.truth("p1").Runs {
		t.Error("the late stop came to nothing")
	}
}

func TestFaultsMatch(t *testing.T) {
	p := newPair(t, nil)
	ctx := context.Background()
	for _, f := range []Fault{
		{Kind: FaultBusy, Host: "r1"},
		{Kind: FaultAccessDenied, Host: "p1", Verb: "Start"},
		{Kind: FaultUnreachable, Host: "p1", Verb: "Read", VM: "11111111-2222-4333-8444-555555555555"},
		{Kind: FaultBusy, Host: "P1.hyperv.example", Verb: "Read", Skip: 1, Times: 2},
	} {
		if err := p.w.Inject(f); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for range 5 {
		code := ""
		if _, err := p.p.Read(ctx, p.id); err != nil {
			code = hyperv.AsError(err).Code
		}
		got = append(got, code)
	}
	want := []string{"", hyperv.CodeBusy, hyperv.CodeBusy, "", ""}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
	p.do(Action{Do: DoClearFaults, Host: "r1"})
	p.read(p.r)
	for _, f := range []Fault{{Kind: "gremlins"}, {Kind: FaultBusy, Host: "nowhere"}} {
		if err := p.w.Inject(f); err == nil {
			t.Errorf("%+v was accepted", f)
		}
	}
}

func TestCmdletFaults(t *testing.T) {
	for _, c := range []struct {
		fault Fault
		class hyperv.Class
		code  string
	}{
		{Fault{Kind: FaultCmdletFails}, hyperv.ClassRetry, idOperationFailed},
		{Fault{Kind: FaultCmdletFails, ID: "AccessDenied", Category: catPermissionDenied}, hyperv.ClassHold, hyperv.CodeAccessDenied},
		{Fault{Kind: FaultCmdletFails, ID: "ObjectNotFound"}, hyperv.ClassRetry, idObjectNotFound},
		{Fault{Kind: FaultCmdletFails, ID: "OperationTimeout"}, hyperv.ClassUnknown, "OperationTimeout"},
		{Fault{Kind: FaultCmdletFails, ID: "InvalidState"}, hyperv.ClassRefuse, hyperv.CodeWrongState},
		{Fault{Kind: FaultCmdletFails, ID: "OutOfMemory"}, hyperv.ClassRetry, "OutOfMemory"},
	} {
		p := newPair(t, nil)
		c.fault.Verb = "Start-VMFailover"
		if err := p.w.Inject(c.fault); err != nil {
			t.Fatal(err)
		}
		_, err := p.r.FailOver(context.Background(), p.id, "")
		p.fails(err, c.class, c.code)
		p.shows(p.r, hyperv.ModeReplica, hyperv.StateReplicating)
		p.done(p.r.FailOver(context.Background(), p.id, ""))
	}
}

func TestHangingCmdletLocksTheVM(t *testing.T) {
	p := newPair(t, nil)
	if err := p.w.Inject(Fault{Kind: FaultCmdletHangs, Verb: "Start-VMFailover -AsTest", Delay: Duration(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	_, err := p.r.StartTestFailover(WithDeadline(context.Background(), time.Minute), p.id, "")
	p.fails(err, hyperv.ClassUnknown, hyperv.CodeTimeout)
	_, err = p.r.FailOver(context.Background(), p.id, "")
	p.fails(err, hyperv.ClassRetry, idObjectInUse)
	p.w.Advance(time.Hour)
	p.done(p.r.FailOver(context.Background(), p.id, ""))
}

func TestMissingCmdlet(t *testing.T) {
	p := newPair(t, func(s *Spec) { s.Hosts[1].MissingCmdlets = []string{"Start-VMFailover"} })
	_, err := p.r.FailOver(context.Background(), p.id, "")
	p.fails(err, hyperv.ClassRefuse, "CommandNotFoundException")
	info, err := p.r.Info(context.Background())
	if err != nil || info.Cmdlets["Start-VMFailover"] || !info.Cmdlets["Get-VM"] {
		t.Errorf("%+v, %v", info.Cmdlets, err)
	}
}

func TestUnknownHostNeverAnswers(t *testing.T) {
	w := must(t, Pair(1))
	_, err := w.Host("nowhere").Info(context.Background())
	if e := hyperv.AsError(err); e == nil || e.Class != hyperv.ClassRetry || e.Code != hyperv.CodeUnreachable {
		t.Errorf("%v", err)
	}
}

func TestClosedClient(t *testing.T) {
	w := must(t, Pair(1))
	h := w.Host("p1")
	if err := h.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Info(context.Background()); hyperv.AsError(err).Class != hyperv.ClassRefuse {
		t.Errorf("%v", err)
	}
}
