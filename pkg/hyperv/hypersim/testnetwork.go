package hypersim

import (
	"fmt"
	"slices"

	"lifeboat.io/pkg/hyperv"
)

var verbSetTestNetwork = &ensure{
	verb: "SetTestNetwork",
	there: func(vm *hyperv.VM, a *arguments) bool {
		for _, n := range vm.Adapters {
			if n.TestSwitch != wantedSwitch(n.Name, a.switches) {
				return false
			}
		}
		return testNetworkRefused(vm, a.switches) == nil
	},
	refuse: func(m *Machine, vm *hyperv.VM, a *arguments) *hyperv.Error {
		if err := testNetworkRefused(vm, a.switches); err != nil {
			return err
		}
		for _, s := range a.switches {
			if s.Switch != "" && !m.hasSwitch(s.Switch) {
				return &hyperv.Error{Class: hyperv.ClassRefuse, Code: hyperv.CodeNoSuchSwitch,
					Message: fmt.Sprintf("the host has no virtual switch %q", s.Switch)}
			}
		}
		return nil
	},
	acts: []act{{cmdlet: "Set-VMNetworkAdapter", do: func(_ *Machine, c *vmCopy, a *arguments) outcome {
		changed := false
		for i := range c.adapters {
			n := &c.adapters[i]
			changed = set(&n.testSwitch, wantedSwitch(n.name, a.switches)) || changed
		}
		return did(changed)
	}}},
}

// wantedSwitch is the test switch an adapter is to have: none when it is not named.
func wantedSwitch(adapter string, switches []hyperv.AdapterSwitch) string {
	for _, s := range switches {
		if s.Adapter == adapter {
			return s.Switch
		}
	}
	return ""
}

// testNetworkRefused tells whether the request fits the VM's adapters.
func testNetworkRefused(vm *hyperv.VM, switches []hyperv.AdapterSwitch) *hyperv.Error {
	for _, s := range switches {
		if !slices.ContainsFunc(vm.Adapters, func(n hyperv.Adapter) bool { return n.Name == s.Adapter }) {
			return &hyperv.Error{Class: hyperv.ClassRefuse, Code: hyperv.CodeNoSuchAdapter,
				Message: fmt.Sprintf("the virtual machine has no network adapter %q", s.Adapter)}
		}
		if wantedSwitch(s.Adapter, switches) != s.Switch {
			return &hyperv.Error{Class: hyperv.ClassRefuse, Code: idInvalidParameter,
				Message: fmt.Sprintf("adapter %q is given two switches", s.Adapter)}
		}
	}
	return nil
}
