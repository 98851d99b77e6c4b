package inventory

import "lifeboat.io/events"

// Where a ticket says nothing, the inventory does. These functions are the one
// place that decides which of the two holds.

// HoldOpenMinutes is how long a test VM stays up, in minutes.
func (a Account) HoldOpenMinutes(asked *events.TestOptions) int {
	if asked != nil && asked.HoldOpenMinutes > 0 {
		return asked.HoldOpenMinutes
	}
	return a.Defaults.HoldOpenMinutes
}

// CommitAfterMinutes is how long an unplanned failover can be undone, in minutes.
func (a Account) CommitAfterMinutes(asked *events.UnplannedOptions) int {
	if asked != nil && asked.CommitAfterMinutes > 0 {
		return asked.CommitAfterMinutes
	}
	return a.Defaults.CommitAfterMinutes
}

// Given reports whether the network is described at all. A described network
// may leave every adapter disconnected, but only by naming the adapters.
func (n TestNetwork) Given() bool { return n.Switch != "" || len(n.Adapters) > 0 }

// AskedNetwork is the test network a ticket describes.
func AskedNetwork(asked *events.TestOptions) TestNetwork {
	if asked == nil {
		return TestNetwork{}
	}
	n := TestNetwork{Switch: asked.Switch}
	for _, a := range asked.Adapters {
		n.Adapters = append(n.Adapters, Adapter{Adapter: a.Adapter, Switch: a.Switch})
	}
	return n
}

// Network is the test network that holds for a test failover of the VM: the
// ticket's when it describes one, and the inventory's otherwise. The two are
// never mixed, so that a ticket which names a switch is not surprised by an
// adapter that goes elsewhere.
func (v VM) Network(asked *events.TestOptions) TestNetwork {
	if n := AskedNetwork(asked); n.Given() {
		return n
	}
	return v.Test
}

// SwitchOf is the switch of one network adapter by name; empty means the
// adapter stays disconnected.
func (n TestNetwork) SwitchOf(adapter string) string {
	for _, a := range n.Adapters {
		if a.Adapter == adapter {
			return a.Switch
		}
	}
	return n.Switch
}
