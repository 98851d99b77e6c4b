package hypertest

import (
	"context"

	"lifeboat.io/pkg/hyperv"
)

var powerCases = []Case{
	{"StopAndStart", func(t *trial) {
		c := t.acts("Stop", t.stop(t.Primary))
		if c.Before.Power != hyperv.PowerRunning || c.After.Power != hyperv.PowerOff {
			t.Errorf("Stop went from %s to %s", c.Before.Power, c.After.Power)
		}
		t.shows(t.Primary, hyperv.ModePrimary, hyperv.StateReplicating)
		c = t.acts("Start", t.powerOn(t.Primary))
		if c.After.Power != hyperv.PowerRunning {
			t.Errorf("Start left it %s", c.After.Power)
		}
		t.alive(t.Primary)
	}},
	{"StopAtOnce", func(t *trial) {
		t.acts("Stop without grace", func(ctx context.Context) (hyperv.Change, error) {
			return t.Primary.Stop(ctx, t.VM, hyperv.StopOptions{Force: true})
		})
	}},
	{"StopSaved", func(t *trial) {
		if t.Save == nil {
			t.Skip("the fixture saves no VMs")
		}
		t.Save(t.T, t.Primary)
		if c := t.acts("Stop", t.stop(t.Primary)); c.Before.Power != hyperv.PowerSaved {
			t.Errorf("was %s", c.Before.Power)
		}
	}},
	{"StartRefusedOnReplica", func(t *trial) {
		e := t.refused("Start", t.Replica, hyperv.CodeWrongState, t.powerOn(t.Replica))
		if e.Before == nil || !e.Before.Present {
			t.Errorf("the error does not carry what was read: %+v", e.Before)
		}
	}},
	{"SetAutoStart", func(t *trial) {
		was := t.read(t.Primary).AutoStart
		for _, a := range []hyperv.StartAction{hyperv.StartAlways, hyperv.StartNothing, hyperv.StartIfRunning} {
			if a == t.read(t.Primary).AutoStart {
				t.idle("SetAutoStart "+string(a), t.autoStart(t.Primary, a))
				continue
			}
			if c := t.acts("SetAutoStart "+string(a), t.autoStart(t.Primary, a)); c.After.AutoStart != a {
				t.Errorf("it is %s, want %s", c.After.AutoStart, a)
			}
		}
		t.refused("SetAutoStart", t.Primary, "", t.autoStart(t.Primary, "Sometimes"))
		if t.read(t.Primary).AutoStart != was {
			t.acts("SetAutoStart back", t.autoStart(t.Primary, was))
		}
	}},
}

var networkCases = []Case{
	{"SetTestNetwork", func(t *trial) {
		c := t.firstTestNetwork(t.TestSwitch)
		for _, a := range c.After.Adapters {
			switch {
			case a.Name == t.Adapter && a.TestSwitch != t.TestSwitch:
				t.Errorf("adapter %q has test switch %q", a.Name, a.TestSwitch)
			case a.Name != t.Adapter && a.TestSwitch != "":
				t.Errorf("adapter %q was not named and yet has test switch %q", a.Name, a.TestSwitch)
			}
		}
		c = t.acts("SetTestNetwork to nothing", t.testNetwork(t.Replica))
		for _, a := range c.After.Adapters {
			if a.TestSwitch != "" {
				t.Errorf("adapter %q still has test switch %q", a.Name, a.TestSwitch)
			}
		}
		t.acts("SetTestNetwork again", t.testNetwork(t.Replica, hyperv.AdapterSwitch{Adapter: t.Adapter, Switch: t.TestSwitch}))
	}},
	{"SetTestNetworkRefused", func(t *trial) {
		t.refused("unknown adapter", t.Replica, hyperv.CodeNoSuchAdapter,
			t.testNetwork(t.Replica, hyperv.AdapterSwitch{Adapter: t.Adapter + "x", Switch: t.TestSwitch}))
		t.refused("unknown switch", t.Replica, hyperv.CodeNoSuchSwitch,
			t.testNetwork(t.Replica, hyperv.AdapterSwitch{Adapter: t.Adapter, Switch: t.TestSwitch + "x"}))
		t.refused("two switches", t.Replica, "",
			t.testNetwork(t.Replica, hyperv.AdapterSwitch{Adapter: t.Adapter, Switch: t.TestSwitch}, hyperv.AdapterSwitch{Adapter: t.Adapter}))
	}},
}

// firstTestNetwork connects Adapter to a switch for tests, whatever it was before.
func (t *trial) firstTestNetwork(name string) hyperv.Change {
	t.Helper()
	call := t.testNetwork(t.Replica, hyperv.AdapterSwitch{Adapter: t.Adapter, Switch: name})
	c, err := call(t.Context())
	if err != nil {
		t.Fatalf("SetTestNetwork: %v", err)
	}
	t.idle("SetTestNetwork again", call)
	return c
}
