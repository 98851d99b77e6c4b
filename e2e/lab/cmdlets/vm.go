package cmdlets

import (
	"context"
	"time"

	"lifeboat.io/e2e/lab/powershell"
	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/hypersim"
)

// machineModels are the cmdlets about VMs as such.
var machineModels = map[string]*model{
	"Get-VM":    {takes: "Name Id", run: getVM},
	"Set-VM":    {takes: "Name VM NewVMName Notes AutomaticStartAction AutomaticStopAction AutomaticStartDelay ProcessorCount MemoryStartupBytes Passthru", run: setVM},
	"Remove-VM": {takes: "Name VM Force AsJob Passthru", run: removeVM},
}

func getVM(c *call) error {
	if c.Has("Id") {
		return c.write(c.machineByID(c.Context(), hyperv.VMID(c.String("Id"))))
	}
	all, err := c.host.machine.GetVMs(c.ctx())
	if err != nil {
		return c.fail(err)
	}
	names := c.Strings("Name")
	if len(names) == 0 {
		return c.write(c.machineObjects(all), nil)
	}
	for _, name := range names {
		found := matchingVMs(all, name)
		if len(found) == 0 && !powershell.HasWildcard(name) {
			if err := c.fail(hypersim.VMNotFound(name)); err != nil {
				return err
			}
		}
		if err := c.write(c.machineObjects(found), nil); err != nil {
			return err
		}
	}
	return nil
}

func (c *call) machineObjects(all []hypersim.VM) []powershell.Value {
	objects := make([]powershell.Value, len(all))
	for i, vm := range all {
		objects[i] = c.machineObject(c.Context(), vm)
	}
	return objects
}

func setVM(c *call) error {
	targets, err := c.targets("Name")
	if err != nil {
		return err
	}
	var o hypersim.SetVMOptions
	if c.Has("AutomaticStartAction") {
		action := hyperv.StartAction(enumText(c.Value("AutomaticStartAction")))
		o.AutomaticStartAction = &action
	}
	if c.Has("AutomaticStopAction") {
		action := hypersim.StopAction(enumText(c.Value("AutomaticStopAction")))
		o.AutomaticStopAction = &action
	}
	if c.Has("AutomaticStartDelay") {
		delay := time.Duration(c.Int("AutomaticStartDelay")) * time.Second
		o.AutomaticStartDelay = &delay
	}
	o.NewVMName, o.Notes = c.text("NewVMName"), c.text("Notes")
	if c.Has("ProcessorCount") {
		n := int(c.Int("ProcessorCount"))
		o.ProcessorCount = &n
	}
	if c.Has("MemoryStartupBytes") {
		n := c.Int("MemoryStartupBytes")
		o.MemoryStartupBytes = &n
	}
	return c.act(targets, operation{do: func(ctx context.Context, t target) error { return c.host.machine.SetVM(ctx, t.id, o) }})
}

// text is a parameter that may be given as an empty text; nil when it was not
// given.
func (c *call) text(name string) *string {
	if !c.Has(name) {
		return nil
	}
	s := c.String(name)
	return &s
}

// removeVM asks about each VM unless -Force is given, even with -Confirm:$false.
func removeVM(c *call) error {
	targets, err := c.targets("Name")
	if err != nil {
		return err
	}
	return c.act(targets, operation{
		question: c.unlessForced("Are you sure you want to remove virtual machine \"%s\"?"),
		do:       func(ctx context.Context, t target) error { return c.host.machine.RemoveVM(ctx, t.id) },
		pass:     func(context.Context, target) ([]powershell.Value, error) { return nil, nil },
	})
}
