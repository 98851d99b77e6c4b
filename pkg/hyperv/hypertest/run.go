package hypertest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"lifeboat.io/pkg/hyperv"
)

// cases are the whole suite.
var cases = [][]Case{readingCases, powerCases, networkCases, testCases, plannedCases, unplannedCases, cancelCases, roleCases, boundaryCases, nameCases, faultCases}

// Run runs the suite. Each case is a subtest with a pair of its own.
func Run(t *testing.T, f Fixture) {
	for _, c := range Cases() {
		t.Run(c.Name, func(t *testing.T) { c.Run(t, f.Pair(t)) })
	}
}

// mustBeMarked refuses a VM whose name does not say that it may be used.
func (p *Pair) mustBeMarked(t T) {
	t.Helper()
	if !strings.HasPrefix(p.VMName, Mark) {
		t.Fatalf("the VM is named %q: the suite uses only VMs whose name begins with %q", p.VMName, Mark)
	}
}

// trial is a case being run.
type trial struct {
	T
	*Pair
}

// start checks that the pair is what the fixture promises.
func (t *trial) start() {
	t.Helper()
	p, r := t.read(t.Primary), t.read(t.Replica)
	switch {
	case p.Name != t.VMName || r.Name != t.VMName:
		t.Fatalf("the VM is named %q on the primary and %q on the replica, not %q", p.Name, r.Name, t.VMName)
	case p.Power != hyperv.PowerRunning || r.Power != hyperv.PowerOff || r.TestVM != nil:
		t.Fatalf("not in the starting state: primary %s, replica %s, test VM %v", p.Power, r.Power, r.TestVM)
	}
	t.shows(t.Primary, hyperv.ModePrimary, hyperv.StateReplicating)
	t.shows(t.Replica, hyperv.ModeReplica, hyperv.StateReplicating)
}

func (t *trial) read(h hyperv.Host) hyperv.VM {
	t.Helper()
	return t.readVM(h, t.VM)
}

func (t *trial) readVM(h hyperv.Host, id hyperv.VMID) hyperv.VM {
	t.Helper()
	vm, err := h.Read(t.Context(), id)
	if err != nil {
		t.Fatalf("reading %s on %s: %v", id, h.Name(), err)
	}
	return vm
}

// shows reads the VM and checks its role and state.
func (t *trial) shows(h hyperv.Host, mode hyperv.Mode, state hyperv.ReplicationState) hyperv.VM {
	t.Helper()
	vm := t.read(h)
	if vm.Replication.Mode != mode || vm.Replication.State != state {
		t.Fatalf("%s shows %s/%s, want %s/%s", h.Name(), vm.Replication.Mode, vm.Replication.State, mode, state)
	}
	return vm
}

// verb is a call of one of the changing verbs on one host and VM.
type verb func(ctx context.Context) (hyperv.Change, error)

// acts calls a verb whose effect is not there yet and checks the change; then
// calls it again and checks that nothing is done a second time.
func (t *trial) acts(what string, call verb) hyperv.Change {
	t.Helper()
	c := t.actsOnce(what, call)
	again, err := call(t.Context())
	switch {
	case err != nil:
		t.Fatalf("%s again: %v", what, err)
	case again.Acted:
		t.Fatalf("%s again: acted a second time", what)
	case !again.Before.Present || !again.After.Present:
		t.Fatalf("%s again: gave no readings: %+v", what, again)
	}
	return c
}

func (t *trial) actsOnce(what string, call verb) hyperv.Change {
	t.Helper()
	c, err := call(t.Context())
	switch {
	case err != nil:
		t.Fatalf("%s: %v", what, err)
	case !c.Acted:
		t.Fatalf("%s: did nothing; after: %+v", what, c.After)
	case !c.Before.Present || !c.After.Present || c.After.HostTime.Before(c.Before.HostTime):
		t.Fatalf("%s: readings are missing or out of order: %+v", what, c)
	}
	return c
}

// idle calls a verb whose effect is there already.
func (t *trial) idle(what string, call verb) {
	t.Helper()
	if c, err := call(t.Context()); err != nil || c.Acted {
		t.Fatalf("%s: acted %v, error %v; the effect was there already", what, c.Acted, err)
	}
}

// refused calls a verb that must be refused with a code, and checks that
// nothing has changed on the host.
func (t *trial) refused(what string, h hyperv.Host, code string, call verb) *hyperv.Error {
	t.Helper()
	return t.fails(what, h, hyperv.ClassRefuse, code, call)
}

func (t *trial) fails(what string, h hyperv.Host, class hyperv.Class, code string, call verb) *hyperv.Error {
	t.Helper()
	before := t.read(h)
	_, err := call(t.Context())
	e := t.isError(what, err, class, code)
	if e.Host != h.Name() || e.Op == "" {
		t.Errorf("%s: the error does not say where: host %q, op %q", what, e.Host, e.Op)
	}
	if after := t.read(h); essence(before) != essence(after) {
		t.Errorf("%s: failed, and yet changed\n%s to\n%s", what, essence(before), essence(after))
	}
	return e
}

// isError checks an error's class, and its code unless that is empty.
func (t *trial) isError(what string, err error, class hyperv.Class, code string) *hyperv.Error {
	t.Helper()
	e := hyperv.AsError(err)
	switch {
	case e == nil:
		t.Fatalf("%s: no error, want %s (%s)", what, code, class)
	case e.Class != class || code != "" && e.Code != code:
		t.Fatalf("%s: %v, want %s (%s)", what, err, code, class)
	case e.Message == "":
		t.Errorf("%s: the error has no message: %v", what, err)
	}
	return e
}

// essence is what a reading says apart from times, health and other things
// that change by themselves.
func essence(vm hyperv.VM) string {
	test := "none"
	if vm.TestVM != nil {
		test = fmt.Sprintf("%s %s", vm.TestVM.ID, vm.TestVM.Power)
	}
	r := vm.Replication
	return fmt.Sprintf("%v %s auto=%s %s/%s %s from %s to %s, test VM %s, adapters %v",
		vm.Present, vm.Power, vm.AutoStart, r.Mode, r.State, r.FailedOver, r.PrimaryServer, r.ReplicaServer, test, vm.Adapters)
}

// until lets time pass until something holds, and fails the case when it does
// not within the pair's patience.
func (t *trial) until(what string, holds func() bool) {
	t.Helper()
	patience := t.patience()
	for passed := time.Duration(0); !holds(); passed += checkPoll {
		if passed >= patience {
			t.Fatalf("%s: not within %v", what, patience)
		}
		t.Pass(checkPoll)
	}
}

// alive waits for the guest of the VM on a host.
func (t *trial) alive(h hyperv.Host) {
	t.Helper()
	t.until("the guest's heartbeat on "+h.Name(), func() bool { return t.read(h).Heartbeat.Alive() })
}

// replicates waits for a delta after now on a host.
func (t *trial) replicates(h hyperv.Host) {
	t.Helper()
	now := t.read(h).HostTime
	t.until("replication on "+h.Name(), func() bool { return t.read(h).Replication.LastReplication.After(now) })
}

// stopOptions shut the guest down, by force if need be.
var stopOptions = hyperv.StopOptions{Grace: 5 * time.Minute, Force: true}

// The verbs on the pair's VM, for brevity in the cases.

func (t *trial) stop(h hyperv.Host) verb {
	return func(ctx context.Context) (hyperv.Change, error) { return h.Stop(ctx, t.VM, stopOptions) }
}

func (t *trial) powerOn(h hyperv.Host) verb {
	return func(ctx context.Context) (hyperv.Change, error) { return h.Start(ctx, t.VM) }
}

func (t *trial) prepare(h hyperv.Host) verb {
	return func(ctx context.Context) (hyperv.Change, error) { return h.Prepare(ctx, t.VM) }
}

func (t *trial) failOver(h hyperv.Host, point hyperv.RecoveryPointID) verb {
	return func(ctx context.Context) (hyperv.Change, error) { return h.FailOver(ctx, t.VM, point) }
}

func (t *trial) reverse(h hyperv.Host, target hyperv.ReplicaServer) verb {
	return func(ctx context.Context) (hyperv.Change, error) { return h.Reverse(ctx, t.VM, target) }
}

func (t *trial) complete(h hyperv.Host) verb {
	return func(ctx context.Context) (hyperv.Change, error) { return h.Complete(ctx, t.VM) }
}

func (t *trial) cancel(h hyperv.Host) verb {
	return func(ctx context.Context) (hyperv.Change, error) { return h.CancelFailover(ctx, t.VM) }
}

func (t *trial) startTest(h hyperv.Host, point hyperv.RecoveryPointID) verb {
	return func(ctx context.Context) (hyperv.Change, error) { return h.StartTestFailover(ctx, t.VM, point) }
}

func (t *trial) stopTest(h hyperv.Host) verb {
	return func(ctx context.Context) (hyperv.Change, error) { return h.StopTestFailover(ctx, t.VM) }
}

func (t *trial) testNetwork(h hyperv.Host, switches ...hyperv.AdapterSwitch) verb {
	return func(ctx context.Context) (hyperv.Change, error) { return h.SetTestNetwork(ctx, t.VM, switches) }
}

func (t *trial) autoStart(h hyperv.Host, a hyperv.StartAction) verb {
	return func(ctx context.Context) (hyperv.Change, error) { return h.SetAutoStart(ctx, t.VM, a) }
}

func (t *trial) becomeReplica(h hyperv.Host) verb {
	return func(ctx context.Context) (hyperv.Change, error) { return h.BecomeReplica(ctx, t.VM) }
}
