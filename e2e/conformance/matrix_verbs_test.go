package conformance_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"lifeboat.io/e2e/lab"
	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/hypersim"
)

// verb is a verb of hyperv.Host, and a VM it can be carried out on.
type verb struct {
	name string
	// host is where it goes: p1, where the VM runs, or r1, which holds its replica.
	host string
	// effect tells that it changes something, by this cmdlet.
	effect bool
	cmdlet string
	// power is what it leaves the VM's power at, where that is its effect.
	power hyperv.PowerState
	// prepare brings the VM into the state the verb is for.
	prepare func(c *cell) error
	call    func(ctx context.Context, h hyperv.Host, id hyperv.VMID) error
}

// changing makes a call of a verb that returns a Change.
func changing(f func(h hyperv.Host, ctx context.Context, id hyperv.VMID) (hyperv.Change, error)) func(context.Context, hyperv.Host, hyperv.VMID) error {
	return func(ctx context.Context, h hyperv.Host, id hyperv.VMID) error {
		_, err := f(h, ctx, id)
		return err
	}
}

// verbs are all verbs of hyperv.Host but Name and Close; Stop is there twice,
// as it works in two ways.
var verbs = []verb{
	{name: "Info", host: "p1", call: func(ctx context.Context, h hyperv.Host, _ hyperv.VMID) error {
		_, err := h.Info(ctx)
		return err
	}},
	{name: "FindVM", host: "p1", call: func(ctx context.Context, h hyperv.Host, _ hyperv.VMID) error {
		_, err := h.FindVM(ctx, "vm1")
		return err
	}},
	{name: "ListVMs", host: "p1", call: func(ctx context.Context, h hyperv.Host, _ hyperv.VMID) error {
		_, err := h.ListVMs(ctx)
		return err
	}},
	{name: "Read", host: "p1", call: func(ctx context.Context, h hyperv.Host, id hyperv.VMID) error {
		_, err := h.Read(ctx, id)
		return err
	}},
	{name: "ReadState", host: "p1", call: func(ctx context.Context, h hyperv.Host, id hyperv.VMID) error {
		_, err := h.ReadState(ctx, id)
		return err
	}},
	{name: "Stop", host: "p1", effect: true, cmdlet: "Stop-VM", power: hyperv.PowerOff, call: changing(func(h hyperv.Host, ctx context.Context, id hyperv.VMID) (hyperv.Change, error) {
		return h.Stop(ctx, id, hyperv.StopOptions{Grace: time.Minute, Force: true})
	})},
	{name: "Stop at once", host: "p1", effect: true, cmdlet: "Stop-VM", power: hyperv.PowerOff, call: changing(func(h hyperv.Host, ctx context.Context, id hyperv.VMID) (hyperv.Change, error) {
		return h.Stop(ctx, id, hyperv.StopOptions{})
	})},
	{name: "Start", host: "p1", effect: true, cmdlet: "Start-VM", power: hyperv.PowerRunning, prepare: off, call: changing(hyperv.Host.Start)},
	{name: "SetAutoStart", host: "p1", effect: true, cmdlet: "Set-VM", call: changing(func(h hyperv.Host, ctx context.Context, id hyperv.VMID) (hyperv.Change, error) {
		return h.SetAutoStart(ctx, id, hyperv.StartAlways)
	})},
	{name: "SetTestNetwork", host: "r1", effect: true, cmdlet: "Set-VMNetworkAdapter", call: changing(func(h hyperv.Host, ctx context.Context, id hyperv.VMID) (hyperv.Change, error) {
		return h.SetTestNetwork(ctx, id, []hyperv.AdapterSwitch{{Adapter: "Network Adapter", Switch: "Production"}})
	})},
	{name: "StartTestFailover", host: "r1", effect: true, cmdlet: "Start-VMFailover", call: changing(func(h hyperv.Host, ctx context.Context, id hyperv.VMID) (hyperv.Change, error) {
		return h.StartTestFailover(ctx, id, "")
	})},
	{name: "StopTestFailover", host: "r1", effect: true, cmdlet: "Stop-VMFailover", call: changing(hyperv.Host.StopTestFailover), prepare: func(c *cell) error {
		return c.machine("r1").StartVMFailover(c.soon(), c.id, hypersim.StartVMFailoverOptions{AsTest: true})
	}},
	{name: "Prepare", host: "p1", effect: true, cmdlet: "Start-VMFailover", prepare: off, call: changing(hyperv.Host.Prepare)},
	{name: "FailOver", host: "r1", effect: true, cmdlet: "Start-VMFailover", prepare: prepared, call: changing(func(h hyperv.Host, ctx context.Context, id hyperv.VMID) (hyperv.Change, error) {
		return h.FailOver(ctx, id, "")
	})},
	{name: "Reverse", host: "r1", effect: true, cmdlet: "Set-VMReplication", prepare: failedOver, call: changing(func(h hyperv.Host, ctx context.Context, id hyperv.VMID) (hyperv.Change, error) {
		return h.Reverse(ctx, id, hyperv.ReplicaServer{Server: "p1.hyperv.example", Port: 80, Authentication: hyperv.AuthKerberos})
	})},
	{name: "Complete", host: "r1", effect: true, cmdlet: "Complete-VMFailover", prepare: failedOver, call: changing(hyperv.Host.Complete)},
	{name: "CancelFailover", host: "r1", effect: true, cmdlet: "Stop-VMFailover", prepare: failedOver, call: changing(hyperv.Host.CancelFailover)},
	{name: "BecomeReplica", host: "p1", effect: true, cmdlet: "Set-VMReplication", call: changing(hyperv.Host.BecomeReplica), prepare: func(c *cell) error {
		return errors.Join(off(c), c.machine("r1").StartVMFailover(c.soon(), c.id, hypersim.StartVMFailoverOptions{}))
	}},
}

// hurrying is a context that moves the world on when somebody begins to wait
// for it. What calls a machine directly has nobody else to do that.
type hurrying struct {
	context.Context
	world *lab.Clock
}

// Done moves the world on, and gives the context's own channel.
func (h hurrying) Done() <-chan struct{} {
	h.world.CatchUp()
	return h.Context.Done()
}

// soon is the context of preparations.
func (c *cell) soon() context.Context { return hurrying{context.Background(), c.lab.Clock()} }

// off turns the VM off where it runs.
func off(c *cell) error {
	return c.machine("p1").StopVM(c.soon(), c.id, hypersim.StopVMOptions{TurnOff: true})
}

// prepared brings it as far as a planned failover goes on the primary.
func prepared(c *cell) error {
	return errors.Join(off(c), c.machine("p1").StartVMFailover(c.soon(), c.id, hypersim.StartVMFailoverOptions{Prepare: true}))
}

// failedOver brings it further, to the replica.
func failedOver(c *cell) error {
	return errors.Join(prepared(c), c.machine("r1").StartVMFailover(c.soon(), c.id, hypersim.StartVMFailoverOptions{}))
}

// TestEveryVerbIsAColumn: a verb that hyperv.Host gets is met by every fault, too.
func TestEveryVerbIsAColumn(t *testing.T) {
	host := reflect.TypeFor[hyperv.Host]()
	for i := range host.NumMethod() {
		name := host.Method(i).Name
		if name == "Name" || name == "Close" { // they ask nothing of the host
			continue
		}
		if !slices.ContainsFunc(verbs, func(v verb) bool { return v.name == name || strings.HasPrefix(v.name, name+" ") }) {
			t.Errorf("%s is no column of docs/faults.md", name)
		}
	}
}
