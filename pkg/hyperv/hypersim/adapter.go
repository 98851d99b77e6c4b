package hypersim

import (
	"context"
	"slices"

	"lifeboat.io/pkg/hyperv"
)

// NetworkAdapter is what Get-VMNetworkAdapter shows of one adapter.
type NetworkAdapter struct {
	ID                    string
	Name                  string
	VMID                  hyperv.VMID
	MacAddress            string
	SwitchName            string
	TestReplicaSwitchName string
	Connected             bool
	FailoverIP            FailoverIP
}

// FailoverIP is the guest address an adapter gets after a failover.
type FailoverIP struct {
	IPv4Address            string `json:"ipv4Address,omitempty"`
	IPv4SubnetMask         string `json:"ipv4SubnetMask,omitempty"`
	IPv4DefaultGateway     string `json:"ipv4DefaultGateway,omitempty"`
	IPv4PreferredDNSServer string `json:"ipv4PreferredDnsServer,omitempty"`
	IPv4AlternateDNSServer string `json:"ipv4AlternateDnsServer,omitempty"`
	IPv6Address            string `json:"ipv6Address,omitempty"`
	IPv6SubnetPrefixLength int    `json:"ipv6SubnetPrefixLength,omitempty"`
	IPv6DefaultGateway     string `json:"ipv6DefaultGateway,omitempty"`
	IPv6PreferredDNSServer string `json:"ipv6PreferredDnsServer,omitempty"`
	IPv6AlternateDNSServer string `json:"ipv6AlternateDnsServer,omitempty"`
}

// GetVMNetworkAdapter is Get-VMNetworkAdapter: every adapter of a VM in order.
func (m *Machine) GetVMNetworkAdapter(ctx context.Context, id hyperv.VMID) ([]NetworkAdapter, error) {
	return lookAt(ctx, m, "Get-VMNetworkAdapter", id, func(c *vmCopy) []NetworkAdapter {
		var all []NetworkAdapter
		for _, a := range c.adapters {
			all = append(all, NetworkAdapter{ID: a.id, Name: a.name, VMID: id, MacAddress: a.mac, SwitchName: a.switchName,
				TestReplicaSwitchName: a.testSwitch, Connected: a.switchName != "", FailoverIP: a.failoverIP})
		}
		return all
	})
}

// SetTestReplicaSwitchName is Set-VMNetworkAdapter -TestReplicaSwitchName on
// every adapter of that name; names are compared without case, as Hyper-V does.
func (m *Machine) SetTestReplicaSwitchName(ctx context.Context, id hyperv.VMID, name, switchName string) error {
	return m.call(ctx, "Set-VMNetworkAdapter", id, func(c *vmCopy) outcome {
		if m.w.assume.CheckTestSwitch && switchName != "" && !m.hasSwitch(switchName) {
			return fails(switchNotFound(switchName))
		}
		return c.eachAdapter(name, func(a *adapter) bool { return set(&a.testSwitch, switchName) })
	})
}

// RenameVMNetworkAdapter is Rename-VMNetworkAdapter.
func (m *Machine) RenameVMNetworkAdapter(ctx context.Context, id hyperv.VMID, name, newName string) error {
	return m.call(ctx, "Rename-VMNetworkAdapter", id, func(c *vmCopy) outcome {
		return c.eachAdapter(name, func(a *adapter) bool { return set(&a.name, newName) })
	})
}

// ConnectVMNetworkAdapter is Connect-VMNetworkAdapter on every adapter of that name.
func (m *Machine) ConnectVMNetworkAdapter(ctx context.Context, id hyperv.VMID, name, switchName string) error {
	return m.call(ctx, "Connect-VMNetworkAdapter", id, func(c *vmCopy) outcome {
		if !m.hasSwitch(switchName) {
			return fails(switchNotFound(switchName))
		}
		return c.eachAdapter(name, func(a *adapter) bool { return set(&a.switchName, switchName) })
	})
}

// DisconnectVMNetworkAdapter is Disconnect-VMNetworkAdapter on every adapter of that name.
func (m *Machine) DisconnectVMNetworkAdapter(ctx context.Context, id hyperv.VMID, name string) error {
	return m.call(ctx, "Disconnect-VMNetworkAdapter", id, func(c *vmCopy) outcome {
		return c.eachAdapter(name, func(a *adapter) bool { return set(&a.switchName, "") })
	})
}

// SetVMNetworkAdapterFailoverConfiguration is the cmdlet of that name, on every
// adapter of that name.
func (m *Machine) SetVMNetworkAdapterFailoverConfiguration(ctx context.Context, id hyperv.VMID, name string, ip FailoverIP) error {
	return m.call(ctx, "Set-VMNetworkAdapterFailoverConfiguration", id, func(c *vmCopy) outcome {
		if c.mode == hyperv.ModeNone {
			return fails(m.notApplicable(c, "Set-VMNetworkAdapterFailoverConfiguration"))
		}
		return c.eachAdapter(name, func(a *adapter) bool { return set(&a.failoverIP, ip) })
	})
}

// GetVMSwitch is Get-VMSwitch: the names of the host's switches.
func (m *Machine) GetVMSwitch(ctx context.Context) ([]string, error) {
	return look(ctx, m, "Get-VMSwitch", func() ([]string, *CmdletError) { return slices.Clone(m.switches), nil })
}

// NewVMSwitch is New-VMSwitch, as far as a name goes.
func (m *Machine) NewVMSwitch(ctx context.Context, name string) error {
	return m.configure(ctx, "New-VMSwitch", func() *CmdletError {
		if name == "" || m.hasSwitch(name) {
			return badParameter("A switch needs a name of its own.")
		}
		m.switches = append(m.switches, name)
		return nil
	})
}

// RemoveVMSwitch is Remove-VMSwitch: adapters on it become disconnected.
func (m *Machine) RemoveVMSwitch(ctx context.Context, name string) error {
	return m.configure(ctx, "Remove-VMSwitch", func() *CmdletError {
		if !m.hasSwitch(name) {
			return switchNotFound(name)
		}
		m.switches = without(m.switches, name)
		for _, c := range m.copies {
			for i := range c.adapters {
				if c.adapters[i].switchName == name {
					c.adapters[i].switchName = ""
				}
			}
		}
		return nil
	})
}

func (m *Machine) hasSwitch(name string) bool { return slices.Contains(m.switches, name) }

func switchNotFound(name string) *CmdletError {
	e := badParameter("No virtual switch with name '" + name + "' was found.")
	e.Target = name
	return e
}

// eachAdapter changes every adapter of a name; the empty name means all.
func (c *vmCopy) eachAdapter(name string, change func(a *adapter) bool) outcome {
	found, changed := false, false
	for i := range c.adapters {
		if a := &c.adapters[i]; name == "" || sameServer(a.name, name) {
			found = true
			changed = change(a) || changed
		}
	}
	if !found {
		e := badParameter("No network adapter with name '" + name + "' was found on virtual machine '" + c.name + "'.")
		e.Target = name
		return fails(e)
	}
	return did(changed)
}

// set gives a field a value and tells whether that changed it.
func set[T comparable](field *T, value T) bool {
	if *field == value {
		return false
	}
	*field = value
	return true
}

// configure carries out a cmdlet that changes the host itself.
func (m *Machine) configure(ctx context.Context, what string, body func() *CmdletError) error {
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	var failed *CmdletError
	return m.through(ctx, func(*visit) *job {
		if f := m.w.cmdletFault(m, what, ""); f != nil {
			failed = f.outcome(m, nil).err
		} else {
			failed = body()
		}
		m.w.log.cmdletOn(m, what, "", failed == nil, failed)
		return nil
	}, &failed)
}
