package cmdlets

import (
	"context"
	"fmt"

	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/hypersim"
)

// powerModels are the cmdlets that start and stop VMs.
var powerModels = map[string]*model{
	"Start-VM":            {takes: "Name VM AsJob Passthru", run: startVM},
	"Stop-VM":             {takes: "Name VM Save TurnOff Force AsJob Passthru", run: stopVM},
	"Save-VM":             {takes: "Name VM AsJob Passthru", run: simplePower((*hypersim.Machine).SaveVM)},
	"Suspend-VM":          {takes: "Name VM AsJob Passthru", run: simplePower((*hypersim.Machine).SuspendVM)},
	"Resume-VM":           {takes: "Name VM AsJob Passthru", run: simplePower((*hypersim.Machine).ResumeVM)},
	"Restart-VM":          {takes: "Name VM Force AsJob Passthru", run: restartVM},
	"Remove-VMSavedState": {takes: "VMName VM", run: removeSavedState},
}

// simplePower is a cmdlet that does one thing to each VM and takes nothing
// besides.
func simplePower(do func(m *hypersim.Machine, ctx context.Context, id hyperv.VMID) error) func(*call) error {
	return func(c *call) error {
		targets, err := c.targets("Name")
		if err != nil {
			return err
		}
		return c.act(targets, operation{do: func(ctx context.Context, t target) error { return do(c.host.machine, ctx, t.id) }})
	}
}

func startVM(c *call) error {
	targets, err := c.unlessAlready("Name", hyperv.PowerRunning, "running")
	if err != nil {
		return err
	}
	return c.act(targets, operation{do: func(ctx context.Context, t target) error { return c.host.machine.StartVM(ctx, t.id) }})
}

func stopVM(c *call) error {
	targets, err := c.unlessAlready("Name", hyperv.PowerOff, "off")
	if err != nil {
		return err
	}
	o := hypersim.StopVMOptions{TurnOff: c.Switch("TurnOff"), Save: c.Switch("Save"), Force: c.Switch("Force")}
	return c.act(targets, operation{do: func(ctx context.Context, t target) error { return c.host.machine.StopVM(ctx, t.id, o) }})
}

// unlessAlready are the targets; one that is in the wanted state already gets a
// warning, and is acted on all the same, which changes nothing.
func (c *call) unlessAlready(parameter string, state hyperv.PowerState, word string) ([]target, error) {
	targets, err := c.targets(parameter)
	if err != nil {
		return nil, err
	}
	for _, t := range targets {
		if t.power != state {
			continue
		}
		if err := c.Warning(fmt.Sprintf("The virtual machine '%s' is already %s.", t.name, word)); err != nil {
			return nil, err
		}
	}
	return targets, nil
}

// restartVM without -Force asks, because the guest is not shut down.
func restartVM(c *call) error {
	targets, err := c.targets("Name")
	if err != nil {
		return err
	}
	return c.act(targets, operation{
		question: c.unlessForced("Are you sure you want to restart virtual machine \"%s\"?"),
		do:       func(ctx context.Context, t target) error { return c.host.machine.RestartVM(ctx, t.id) },
	})
}

// unlessForced is the question a cmdlet asks without -Force, whatever -Confirm
// says.
func (c *call) unlessForced(question string) string {
	if c.Switch("Force") {
		return ""
	}
	return question
}

func removeSavedState(c *call) error { return c.simply((*hypersim.Machine).RemoveVMSavedState) }
