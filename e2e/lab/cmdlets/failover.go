package cmdlets

import (
	"context"

	"lifeboat.io/e2e/lab/powershell"
	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/hypersim"
)

// failoverModels are the cmdlets that fail over.
var failoverModels = map[string]*model{
	"Start-VMFailover":    {takes: "VMName VM VMRecoverySnapshot Prepare AsTest AsJob Passthru", run: startFailover},
	"Stop-VMFailover":     {takes: "VMName VM AsJob Passthru", run: stopFailover},
	"Complete-VMFailover": {takes: "VMName VM Passthru", run: completeFailover},
}

func startFailover(c *call) error {
	targets, err := c.failoverTargets()
	if err != nil {
		return err
	}
	o := hypersim.StartVMFailoverOptions{Prepare: c.Switch("Prepare"), AsTest: c.Switch("AsTest")}
	if point := c.recoveryPoint(); point != nil {
		o.Snapshot = point.ID
	}
	run := operation{do: func(ctx context.Context, t target) error { return c.host.machine.StartVMFailover(ctx, t.id, o) }}
	if o.AsTest {
		// The test VM is put out in any case, and nothing else.
		run.output = c.testMachine
		run.pass = func(context.Context, target) ([]powershell.Value, error) { return nil, nil }
	}
	return c.act(targets, run)
}

// failoverTargets are the VMs named, or the one a recovery point belongs to.
func (c *call) failoverTargets() ([]target, error) {
	if point := c.recoveryPoint(); point != nil {
		return []target{{id: point.VMID, name: point.VMName}}, nil
	}
	return c.targets("VMName")
}

// recoveryPoint is the recovery point a call names, if it does.
func (c *call) recoveryPoint() *hypersim.Snapshot {
	for _, d := range c.Data("VMRecoverySnapshot") {
		if s, ok := d.(*checkpoint); ok {
			return &s.Snapshot
		}
	}
	return nil
}

// testMachine is the test VM of a replica.
func (c *call) testMachine(ctx context.Context, t target) ([]powershell.Value, error) {
	all, err := c.host.machine.GetVMReplication(c.host.waiting(ctx), t.id)
	if err != nil {
		return nil, err
	}
	for _, r := range all {
		if r.TestVirtualMachine != "" {
			return c.machineByID(ctx, r.TestVirtualMachine)
		}
	}
	return nil, nil
}

func stopFailover(c *call) error { return c.simply((*hypersim.Machine).StopVMFailover) }

func completeFailover(c *call) error { return c.simply((*hypersim.Machine).CompleteVMFailover) }

// simply does one thing to each VM named by VMName or VM.
func (c *call) simply(do func(m *hypersim.Machine, ctx context.Context, id hyperv.VMID) error) error {
	targets, err := c.targets("VMName")
	if err != nil {
		return err
	}
	return c.act(targets, operation{do: func(ctx context.Context, t target) error { return do(c.host.machine, ctx, t.id) }})
}
