package cmdlets

import (
	"context"

	"lifeboat.io/e2e/lab/powershell"
	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/hypersim"
)

// adapterModels are the cmdlets about network adapters and switches.
var adapterModels = map[string]*model{
	"Get-VMNetworkAdapter":                      {takes: "VMName VM Name All", run: getAdapter},
	"Set-VMNetworkAdapter":                      {takes: "VMName VM VMNetworkAdapter Name TestReplicaSwitchName Passthru", run: setAdapter},
	"Connect-VMNetworkAdapter":                  {takes: "VMName VMNetworkAdapter Name SwitchName VMSwitch Passthru", run: connectAdapter},
	"Disconnect-VMNetworkAdapter":               {takes: "VMName VMNetworkAdapter Name Passthru", run: disconnectAdapter},
	"Get-VMNetworkAdapterFailoverConfiguration": {takes: "VMName VM VMNetworkAdapter VMNetworkAdapterName", run: getFailoverIP},
	"Set-VMNetworkAdapterFailoverConfiguration": {takes: "VMName VM VMNetworkAdapter VMNetworkAdapterName " + failoverAddresses + " ClearFailoverIPv4Settings ClearFailoverIPv6Settings Passthru", run: setFailoverIP},
	"Get-VMSwitch":                              {takes: "Name", run: getSwitch},
}

const failoverAddresses = "IPv4Address IPv4SubnetMask IPv4DefaultGateway IPv4PreferredDNSServer IPv4AlternateDNSServer IPv6Address IPv6SubnetPrefixLength IPv6DefaultGateway IPv6PreferredDNSServer IPv6AlternateDNSServer"

// nic is the Data of a VMNetworkAdapter object: the adapter as it was read.
type nic struct {
	hypersim.NetworkAdapter
	vm string // its name
	on *session
}

func nicProperty(name, typ string, get func(n *nic) powershell.Value) powershell.Property {
	return powershell.Property{Name: name, Type: typ, Get: func(v powershell.Value) powershell.Value { return get(v.(*nic)) }}
}

var classAdapter = &powershell.Class{
	Name: typeSpace + ".VMNetworkAdapter", Bases: []string{typeSpace + ".VMNetworkAdapterBase", typeSpace + ".VirtualizationObject"},
	Table: []powershell.Column{
		{Property: "Name"}, {Property: "IsManagementOs"}, {Property: "VMName"}, {Property: "SwitchName"}, {Property: "MacAddress"}, {Property: "Status"}, {Property: "IPAddresses"},
	},
	Properties: []powershell.Property{
		nicProperty("Name", tString, func(n *nic) powershell.Value { return n.Name }),
		nicProperty("Id", tString, func(n *nic) powershell.Value { return `Microsoft:` + string(n.VMID) + `\` + n.ID }),
		nicProperty("VMName", tString, func(n *nic) powershell.Value { return n.vm }),
		nicProperty("VMId", tGuid, func(n *nic) powershell.Value { return guid(string(n.VMID)) }),
		nicProperty("SwitchName", tString, func(n *nic) powershell.Value { return n.SwitchName }),
		nicProperty("TestReplicaSwitchName", tString, func(n *nic) powershell.Value { return n.TestReplicaSwitchName }),
		nicProperty("TestReplicaPoolName", tString, func(*nic) powershell.Value { return "" }),
		nicProperty("Connected", tBool, func(n *nic) powershell.Value { return n.Connected }),
		nicProperty("MacAddress", tString, func(n *nic) powershell.Value { return n.MacAddress }),
		nicProperty("DynamicMacAddressEnabled", tBool, func(*nic) powershell.Value { return true }),
		nicProperty("IsManagementOs", tBool, func(*nic) powershell.Value { return false }),
		nicProperty("IsLegacy", tBool, func(*nic) powershell.Value { return false }),
		nicProperty("Status", tString+"[]", func(n *nic) powershell.Value {
			if !n.Connected {
				return powershell.NewArray()
			}
			return powershell.NewArray("Ok")
		}),
		nicProperty("IPAddresses", tString+"[]", func(*nic) powershell.Value { return powershell.NewArray() }),
		nicProperty("ComputerName", tString, func(n *nic) powershell.Value { return n.on.host.record.Name }),
	},
}

// adapterObjects are the adapters of a VM, as objects.
func (s *session) adapterObjects(ctx context.Context, id hyperv.VMID) ([]powershell.Value, error) {
	ctx = s.host.waiting(ctx)
	vm, err := s.host.machine.GetVM(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.adaptersOf(ctx, target{id: id, name: vm.Name}, nil)
}

// adaptersOf are the adapters of a VM whose names fit the patterns.
func (s *session) adaptersOf(ctx context.Context, t target, patterns []string) ([]powershell.Value, error) {
	all, err := s.host.machine.GetVMNetworkAdapter(s.host.waiting(ctx), t.id)
	var objects []powershell.Value
	for _, a := range all {
		if matches(patterns, a.Name) {
			objects = append(objects, powershell.NewInstance(classAdapter, &nic{NetworkAdapter: a, vm: t.name, on: s}))
		}
	}
	return objects, err
}

func getAdapter(c *call) error {
	var targets []target
	var err error
	if c.Switch("All") {
		targets, err = c.named([]string{"*"})
	} else {
		targets, err = c.targets("VMName")
	}
	if err != nil {
		return err
	}
	for _, t := range targets {
		objects, err := c.adaptersOf(c.Context(), t, c.Strings("Name"))
		if len(objects) == 0 && err == nil && c.Has("Name") && !powershell.HasWildcard(c.String("Name")) {
			err = noAdapter(c.String("Name"), t.name)
		}
		if err := c.write(objects, err); err != nil {
			return err
		}
	}
	return nil
}

func noAdapter(name, vm string) *hypersim.CmdletError {
	e := invalid("No network adapter with name '%s' was found on virtual machine '%s'.", name, vm)
	e.Target = name
	return e
}

// wire is one adapter, or all of a name, of one VM.
type wire struct {
	target
	adapter string // by name; empty means every one
}

// wires are the adapters a call names: objects as they are, or names on VMs.
func (c *call) wires(nameParameter string) ([]wire, error) {
	var all []wire
	for _, d := range c.Data("VMNetworkAdapter") {
		if n, ok := d.(*nic); ok {
			all = append(all, wire{target{id: n.VMID, name: n.vm}, n.Name})
		}
	}
	if c.Has("VMNetworkAdapter") {
		return all, nil
	}
	targets, err := c.targets("VMName")
	if err != nil {
		return nil, err
	}
	for _, t := range targets {
		if !c.Has(nameParameter) {
			all = append(all, wire{target: t})
			continue
		}
		for _, pattern := range c.Strings(nameParameter) {
			names, err := c.adapterNames(t, pattern)
			if err != nil {
				return nil, err
			}
			for _, name := range names {
				all = append(all, wire{t, name})
			}
		}
	}
	return all, nil
}

// adapterNames are the names of a VM's adapters that a pattern means. A plain
// name goes as it is: the operation tells when there is none.
func (c *call) adapterNames(t target, pattern string) ([]string, error) {
	if !powershell.HasWildcard(pattern) {
		return []string{powershell.UnescapeWildcard(pattern)}, nil
	}
	all, err := c.host.machine.GetVMNetworkAdapter(c.ctx(), t.id)
	if err != nil {
		return nil, c.fail(err)
	}
	var names []string
	for _, a := range all {
		if matches([]string{pattern}, a.Name) {
			names = append(names, a.Name)
		}
	}
	return names, nil
}

// actOnAdapters does an operation to each adapter a call names.
func (c *call) actOnAdapters(nameParameter string, do func(ctx context.Context, w wire) error) error {
	wires, err := c.wires(nameParameter)
	if err != nil {
		return err
	}
	for _, w := range wires {
		one := operation{
			do: func(ctx context.Context, _ target) error { return do(ctx, w) },
			pass: func(ctx context.Context, t target) ([]powershell.Value, error) {
				if w.adapter == "" {
					return c.adaptersOf(ctx, t, nil)
				}
				return c.adaptersOf(ctx, t, []string{powershell.EscapeWildcard(w.adapter)})
			},
		}
		if err := c.act([]target{w.target}, one); err != nil {
			return err
		}
	}
	return nil
}

func setAdapter(c *call) error {
	if !c.Has("TestReplicaSwitchName") {
		return c.fail(&hypersim.CmdletError{ID: "InvalidOperation", Category: "InvalidOperation", Message: "No setting to change was given.", Simulated: true})
	}
	return c.actOnAdapters("Name", func(ctx context.Context, w wire) error {
		return c.host.machine.SetTestReplicaSwitchName(ctx, w.id, w.adapter, c.String("TestReplicaSwitchName"))
	})
}

func connectAdapter(c *call) error {
	name := c.String("SwitchName")
	for _, d := range c.Data("VMSwitch") {
		if s, ok := d.(*virtualSwitch); ok {
			name = s.name
		}
	}
	return c.actOnAdapters("Name", func(ctx context.Context, w wire) error {
		return c.host.machine.ConnectVMNetworkAdapter(ctx, w.id, w.adapter, name)
	})
}

func disconnectAdapter(c *call) error {
	return c.actOnAdapters("Name", func(ctx context.Context, w wire) error {
		return c.host.machine.DisconnectVMNetworkAdapter(ctx, w.id, w.adapter)
	})
}

// virtualSwitch is the Data of a VMSwitch object.
type virtualSwitch struct {
	name, host string
}

func switchProperty(name, typ string, get func(s *virtualSwitch) powershell.Value) powershell.Property {
	return powershell.Property{Name: name, Type: typ, Get: func(v powershell.Value) powershell.Value { return get(v.(*virtualSwitch)) }}
}

var enumSwitchType = powershell.NewEnumType(typeSpace+".VMSwitchType", map[string]int64{"Private": 0, "Internal": 1, "External": 2})

var classSwitch = &powershell.Class{
	Name: typeSpace + ".VMSwitch", Bases: []string{typeSpace + ".VirtualizationObject"},
	Table: []powershell.Column{{Property: "Name"}, {Property: "SwitchType"}, {Property: "NetAdapterInterfaceDescription"}},
	Properties: []powershell.Property{
		switchProperty("Name", tString, func(s *virtualSwitch) powershell.Value { return s.name }),
		switchProperty("SwitchType", enumSwitchType.Name, func(*virtualSwitch) powershell.Value { return enumSwitchType.Of("Private") }),
		switchProperty("NetAdapterInterfaceDescription", tString, func(*virtualSwitch) powershell.Value { return "" }),
		switchProperty("ComputerName", tString, func(s *virtualSwitch) powershell.Value { return s.host }),
	},
}

func getSwitch(c *call) error {
	all, err := c.host.machine.GetVMSwitch(c.ctx())
	if err != nil {
		return c.fail(err)
	}
	var objects []powershell.Value
	for _, name := range all {
		if matches(c.Strings("Name"), name) {
			objects = append(objects, powershell.NewInstance(classSwitch, &virtualSwitch{name, c.host.record.Name}))
		}
	}
	if err := c.write(objects, nil); err != nil {
		return err
	}
	for _, name := range c.Strings("Name") {
		if powershell.HasWildcard(name) || matchesAny(all, name) {
			continue
		}
		e := invalid("Hyper-V was unable to find a virtual switch with name \"%s\".", name)
		e.Target = name
		if err := c.fail(e); err != nil {
			return err
		}
	}
	return nil
}

func matchesAny(names []string, pattern string) bool {
	for _, n := range names {
		if matches([]string{pattern}, n) {
			return true
		}
	}
	return false
}
