package hypertest

import (
	"context"
	"slices"
	"time"

	"lifeboat.io/pkg/hyperv"
)

// Fault is something that goes wrong with the next call to a host.
type Fault string

// Faults the suite asks a fixture for.
const (
	// Unreachable: no connection can be made.
	Unreachable Fault = "unreachable"
	// NeverArrives: the request is sent and never carried out, and no answer comes.
	NeverArrives Fault = "never-arrives"
	// ReplyLost: the request is carried out, and the connection breaks before the answer.
	ReplyLost Fault = "reply-lost"
	// NoReply: the request is carried out, and no answer comes.
	NoReply Fault = "no-reply"
	// Denied: the credentials are refused.
	Denied Fault = "denied"
	// Full: the host has no shell left for the request.
	Full Fault = "full"
	// Garbage: the request is carried out, and the answer is none.
	Garbage Fault = "garbage"
	// HeldUp: the request is held up until after its caller has given up, and
	// reaches the host within Patience after that.
	HeldUp Fault = "held-up"
)

// verdict is what a call with a fault must come to.
type verdict struct {
	fault Fault
	class hyperv.Class
	codes []string
	// happens tells whether the effect is on the host afterwards.
	happens bool
}

var verdicts = []verdict{
	{Unreachable, hyperv.ClassRetry, []string{hyperv.CodeUnreachable}, false},
	{NeverArrives, hyperv.ClassUnknown, []string{hyperv.CodeTimeout}, false},
	{ReplyLost, hyperv.ClassUnknown, []string{hyperv.CodeReplyLost}, true},
	{NoReply, hyperv.ClassUnknown, []string{hyperv.CodeTimeout}, true},
	{Denied, hyperv.ClassHold, []string{hyperv.CodeAccessDenied}, false},
	{Full, hyperv.ClassRetry, []string{hyperv.CodeBusy}, false},
	{Garbage, hyperv.ClassUnknown, []string{hyperv.CodeGarbage, hyperv.CodeReplyLost}, true},
}

var faultCases = []Case{
	{"HeldUpLands", func(t *trial) {
		t.holdUp(func(ctx context.Context) context.Context { return ctx })
		t.until("the effect of the request held up", func() bool { return t.read(t.Primary).Power == hyperv.PowerOff })
	}},
	{"HeldUpDies", func(t *trial) {
		t.holdUp(func(ctx context.Context) context.Context { return hyperv.BeginBy(ctx, t.now().Add(beginSoon)) })
		t.Pass(t.patience())
		if vm := t.read(t.Primary); vm.Power != hyperv.PowerRunning {
			t.Errorf("a request was begun after the time to begin by: the VM is %s", vm.Power)
		}
	}},
	{"FaultsOfSetAutoStart", func(t *trial) {
		actions := []hyperv.StartAction{hyperv.StartAlways, hyperv.StartNothing}
		t.eachFault(t.Primary, func(v verdict) (call verb, there func(vm hyperv.VM) bool) {
			want := actions[0]
			if t.read(t.Primary).AutoStart == want {
				want = actions[1]
			}
			return t.autoStart(t.Primary, want), func(vm hyperv.VM) bool { return vm.AutoStart == want }
		})
	}},
	{"FaultsOfStop", func(t *trial) {
		t.eachFault(t.Primary, func(verdict) (verb, func(vm hyperv.VM) bool) {
			if t.read(t.Primary).Power == hyperv.PowerOff {
				t.actsOnce("Start", t.powerOn(t.Primary))
			}
			return t.stop(t.Primary), func(vm hyperv.VM) bool { return vm.Power == hyperv.PowerOff }
		})
	}},
	{"FaultsOfTestFailover", func(t *trial) {
		t.eachFault(t.Replica, func(verdict) (verb, func(vm hyperv.VM) bool) {
			if t.read(t.Replica).TestVM != nil {
				t.actsOnce("StopTestFailover", t.stopTest(t.Replica))
			}
			return t.startTest(t.Replica, ""), func(vm hyperv.VM) bool { return vm.TestVM != nil }
		})
	}},
	{"FaultsOfPrepare", func(t *trial) {
		t.needsBreak()
		t.acts("Stop", t.stop(t.Primary))
		t.eachFault(t.Primary, func(verdict) (verb, func(vm hyperv.VM) bool) {
			if t.read(t.Primary).Replication.State == hyperv.StatePreparedForFailover {
				t.actsOnce("CancelFailover", t.cancel(t.Primary))
			}
			return t.prepare(t.Primary), func(vm hyperv.VM) bool { return vm.Replication.State == hyperv.StatePreparedForFailover }
		})
	}},
	{"FaultsOfFailOver", func(t *trial) {
		t.needsResume()
		t.needsBreak()
		t.acts("Stop", t.stop(t.Primary))
		t.eachFault(t.Replica, func(verdict) (verb, func(vm hyperv.VM) bool) {
			if t.read(t.Replica).Replication.State == hyperv.StateFailedOverWaitingCompletion {
				t.actsOnce("CancelFailover", t.cancel(t.Replica))
			}
			return t.failOver(t.Replica, ""), func(vm hyperv.VM) bool {
				return vm.Replication.State == hyperv.StateFailedOverWaitingCompletion
			}
		})
	}},
	{"FaultsOfRead", func(t *trial) {
		t.needsBreak()
		for _, v := range verdicts {
			if !t.Break(t.T, t.Primary, v.fault) {
				continue
			}
			_, err := t.Primary.Read(t.Context(), t.VM)
			want := v.class
			if want == hyperv.ClassUnknown {
				want = hyperv.ClassRetry // a reading has no effect
			}
			if e := t.isError(string(v.fault), err, want, ""); !slices.Contains(v.codes, e.Code) {
				t.Errorf("%s: code %s, want one of %v", v.fault, e.Code, v.codes)
			}
			t.mended()
			t.read(t.Primary)
		}
	}},
}

// beginSoon is enough for a request that is not held up.
const beginSoon = 10 * time.Second

// holdUp stops the primary by a request that is held up.
func (t *trial) holdUp(with func(ctx context.Context) context.Context) {
	t.Helper()
	if t.Break == nil || !t.Break(t.T, t.Primary, HeldUp) {
		t.Skip("the fixture holds nothing up")
	}
	_, err := t.stop(t.Primary)(with(t.Context()))
	t.isError("a request held up", err, hyperv.ClassUnknown, hyperv.CodeTimeout)
	t.mended()
}

// eachFault calls a verb with every fault the fixture can make, and checks its
// error and whether the effect is there, which the next reading must tell.
// Then the verb is called again: whatever had happened, now the effect is there.
func (t *trial) eachFault(h hyperv.Host, prepare func(v verdict) (verb, func(vm hyperv.VM) bool)) {
	t.needsBreak()
	for _, v := range verdicts {
		call, there := prepare(v)
		if !t.Break(t.T, h, v.fault) {
			continue
		}
		_, err := call(t.Context())
		if e := t.isError(string(v.fault), err, v.class, ""); !slices.Contains(v.codes, e.Code) {
			t.Errorf("%s: code %s, want one of %v", v.fault, e.Code, v.codes)
		}
		t.mended()
		if v.happens {
			t.until(string(v.fault)+": the effect", func() bool { return there(t.read(h)) })
		} else if there(t.read(h)) {
			t.Errorf("%s: the effect is there", v.fault)
		}
		c, err := call(t.Context())
		switch {
		case err != nil:
			t.Fatalf("%s: again: %v", v.fault, err)
		case c.Acted == v.happens:
			t.Errorf("%s: again: acted %v", v.fault, c.Acted)
		case !there(c.After):
			t.Errorf("%s: again: the effect is not there", v.fault)
		}
	}
}

// needsBreak skips the case when the fixture cannot make calls go wrong.
func (t *trial) needsBreak() {
	t.Helper()
	if t.Break == nil {
		t.Skip("the fixture breaks nothing")
	}
}

func (t *trial) mended() {
	if t.Mend != nil {
		t.Mend()
	}
}
