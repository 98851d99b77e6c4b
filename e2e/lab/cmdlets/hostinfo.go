package cmdlets

import (
	"context"

	"lifeboat.io/e2e/lab/powershell"
	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/hypersim"
)

// hostModels are the cmdlets about the host itself, and about what VMs have of
// it.
var hostModels = map[string]*model{
	"Get-VMHost":               {run: getVMHost},
	"Get-VMIntegrationService": {takes: "VMName VM Name", run: getIntegrationService},
	"Get-VMProcessor":          {takes: "VMName VM", run: getProcessor},
	"Get-VMMemory":             {takes: "VMName VM", run: getMemory},
}

func hostProperty(name, typ string, get func(h *hypersim.HostRecord) powershell.Value) powershell.Property {
	return powershell.Property{Name: name, Type: typ, Get: func(v powershell.Value) powershell.Value { return get(v.(*hypersim.HostRecord)) }}
}

var classVMHost = &powershell.Class{
	Name: typeSpace + ".VMHost", Bases: []string{typeSpace + ".VirtualizationObject"},
	Table: []powershell.Column{{Property: "Name"}, {Property: "LogicalProcessorCount"}, {Property: "MemoryCapacity"}, {Property: "VirtualMachineMigrationEnabled"}},
	Properties: []powershell.Property{
		hostProperty("Name", tString, func(h *hypersim.HostRecord) powershell.Value { return h.Name }),
		hostProperty("ComputerName", tString, func(h *hypersim.HostRecord) powershell.Value { return h.Name }),
		hostProperty("FullyQualifiedDomainName", tString, func(h *hypersim.HostRecord) powershell.Value { return domainOf(h.FullyQualifiedDomainName) }),
		hostProperty("LogicalProcessorCount", tInt32, func(h *hypersim.HostRecord) powershell.Value { return int32(h.LogicalProcessorCount) }),
		hostProperty("MemoryCapacity", tInt64, func(h *hypersim.HostRecord) powershell.Value { return h.MemoryCapacity }),
		hostProperty("VirtualMachinePath", tString, func(h *hypersim.HostRecord) powershell.Value { return h.VirtualMachinePath }),
		hostProperty("VirtualHardDiskPath", tString, func(h *hypersim.HostRecord) powershell.Value { return h.VirtualHardDiskPath }),
		hostProperty("VirtualMachineMigrationEnabled", tBool, func(*hypersim.HostRecord) powershell.Value { return false }),
		hostProperty("SupportedVmVersions", tString+"[]", func(*hypersim.HostRecord) powershell.Value {
			return powershell.NewArray("8.0", "9.0", "10.0")
		}),
	},
}

func getVMHost(c *call) error {
	h, err := c.host.machine.GetVMHost(c.ctx())
	if err != nil {
		return c.fail(err)
	}
	return c.Write(powershell.NewInstance(classVMHost, &h))
}

// integrationService is the Data of a VMIntegrationComponent object.
type integrationService struct {
	hypersim.IntegrationService
	vm string
}

func serviceProperty(name, typ string, get func(s *integrationService) powershell.Value) powershell.Property {
	return powershell.Property{Name: name, Type: typ, Get: func(v powershell.Value) powershell.Value { return get(v.(*integrationService)) }}
}

// statusDescriptions are the English texts of integration services' states.
var statusDescriptions = map[string]string{"Ok": "OK", "NoContact": "No Contact", "ApplicationCritical": "Application Critical"}

var classIntegrationService = &powershell.Class{
	Name: typeSpace + ".VMIntegrationComponent", Bases: []string{typeSpace + ".VirtualizationObject"},
	Table: []powershell.Column{{Property: "VMName"}, {Property: "Name"}, {Property: "Enabled"}, {Property: "PrimaryStatusDescription"}, {Property: "SecondaryStatusDescription"}},
	Properties: []powershell.Property{
		serviceProperty("VMName", tString, func(s *integrationService) powershell.Value { return s.vm }),
		serviceProperty("Name", tString, func(s *integrationService) powershell.Value { return s.Name }),
		serviceProperty("Enabled", tBool, func(s *integrationService) powershell.Value { return s.Enabled }),
		serviceProperty("PrimaryOperationalStatus", typeSpace+".VMIntegrationComponentOperationalStatus", func(s *integrationService) powershell.Value {
			return enum("VMIntegrationComponentOperationalStatus", s.PrimaryOperationalStatus)
		}),
		serviceProperty("PrimaryStatusDescription", tString, func(s *integrationService) powershell.Value { return statusDescriptions[s.PrimaryOperationalStatus] }),
		serviceProperty("SecondaryStatusDescription", tString, func(*integrationService) powershell.Value { return "" }),
	},
}

// serviceObjects are the integration services of a VM, as objects.
func (s *session) serviceObjects(ctx context.Context, id hyperv.VMID) ([]powershell.Value, error) {
	ctx = s.host.waiting(ctx)
	vm, err := s.host.machine.GetVM(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.servicesOf(ctx, target{id: id, name: vm.Name}, nil)
}

func (s *session) servicesOf(ctx context.Context, t target, patterns []string) ([]powershell.Value, error) {
	all, err := s.host.machine.GetVMIntegrationService(s.host.waiting(ctx), t.id)
	var objects []powershell.Value
	for _, one := range all {
		if matches(patterns, one.Name) {
			objects = append(objects, powershell.NewInstance(classIntegrationService, &integrationService{one, t.name}))
		}
	}
	return objects, err
}

func getIntegrationService(c *call) error {
	targets, err := c.targets("VMName")
	if err != nil {
		return err
	}
	for _, t := range targets {
		if err := c.write(c.servicesOf(c.Context(), t, c.Strings("Name"))); err != nil {
			return err
		}
	}
	return nil
}

func partProperty(name, typ string, get func(vm *hypersim.VM) powershell.Value) powershell.Property {
	return powershell.Property{Name: name, Type: typ, Get: func(v powershell.Value) powershell.Value { return get(v.(*hypersim.VM)) }}
}

var classProcessor = &powershell.Class{
	Name: typeSpace + ".VMProcessor", Bases: []string{typeSpace + ".VirtualizationObject"},
	Table: []powershell.Column{{Property: "VMName"}, {Property: "Count"}, {Property: "CompatibilityForMigrationEnabled"}, {Property: "CompatibilityForOlderOperatingSystemsEnabled"}},
	Properties: []powershell.Property{
		partProperty("VMName", tString, func(vm *hypersim.VM) powershell.Value { return vm.Name }),
		partProperty("VMId", tGuid, func(vm *hypersim.VM) powershell.Value { return guid(string(vm.ID)) }),
		partProperty("Count", tInt64, func(vm *hypersim.VM) powershell.Value { return int64(vm.Config.Processors) }),
		partProperty("CompatibilityForMigrationEnabled", tBool, func(*hypersim.VM) powershell.Value { return false }),
		partProperty("CompatibilityForOlderOperatingSystemsEnabled", tBool, func(*hypersim.VM) powershell.Value { return false }),
	},
}

var classMemory = &powershell.Class{
	Name: typeSpace + ".VMMemory", Bases: []string{typeSpace + ".VirtualizationObject"},
	Table: []powershell.Column{{Property: "VMName"}, {Property: "DynamicMemoryEnabled"}, {Label: "Startup(M)", Show: func(v powershell.Value) powershell.Value { return v.(*hypersim.VM).Config.Memory >> 20 }}},
	Properties: []powershell.Property{
		partProperty("VMName", tString, func(vm *hypersim.VM) powershell.Value { return vm.Name }),
		partProperty("VMId", tGuid, func(vm *hypersim.VM) powershell.Value { return guid(string(vm.ID)) }),
		partProperty("DynamicMemoryEnabled", tBool, func(*hypersim.VM) powershell.Value { return false }),
		partProperty("Startup", tInt64, func(vm *hypersim.VM) powershell.Value { return vm.Config.Memory }),
	},
}

func getProcessor(c *call) error { return c.writeParts(classProcessor) }

func getMemory(c *call) error { return c.writeParts(classMemory) }

// writeParts puts out, for each VM named, an object made of the VM itself.
func (c *call) writeParts(class *powershell.Class) error {
	targets, err := c.targets("VMName")
	if err != nil {
		return err
	}
	for _, t := range targets {
		vm, err := c.host.machine.GetVM(c.ctx(), t.id)
		if err != nil {
			if err := c.fail(err); err != nil {
				return err
			}
			continue
		}
		if err := c.Write(powershell.NewInstance(class, &vm)); err != nil {
			return err
		}
	}
	return nil
}
