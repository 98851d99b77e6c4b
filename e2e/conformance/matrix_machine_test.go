package conformance_test

import (
	"errors"
	"time"

	"lifeboat.io/e2e/lab"
	wsman "lifeboat.io/e2e/lab/winrm"
	"lifeboat.io/pkg/hyperv/hypersim"
)

// ofPower are machines that lose their power: no connection is closed and none
// is refused, shells are gone, and so is what ran.
func ofPower() []disturbance {
	cut := func(action, when string) []wsman.Fault {
		return []wsman.Fault{{Kind: wsman.FaultPowerCut, Action: action, When: when}}
	}
	var all []disturbance
	for _, d := range []disturbance{{name: "power is cut", hangs: true}, {name: "power is cut, and is back at once", do: bootsAgain}} {
		before, during, after := d, d, d
		before.side, before.wire = sideBefore, cut(wsman.ActionSend, wsman.Before)
		during.side, during.wire, during.races = sideDuring, cut(wsman.ActionSend, wsman.After), true
		after.side, after.wire = sideAfter, cut(wsman.ActionReceive, wsman.After)
		all = append(all, before, during, after)
	}
	all = append(all, disturbance{name: "host is without power", side: sideStart, cold: true, hangs: true, do: func(c *cell) error {
		c.host.WinRM().CutPower()
		return nil
	}})
	for i := range all {
		all[i].powerless = true
	}
	return all
}

// bootsAgain switches the verb's host on as soon as its power is gone.
func bootsAgain(c *cell) error {
	c.when(func() bool { return c.host.Machine().Condition().Down }, world(hypersim.DoStart))
	return nil
}

// watch is how often a cell looks whether the moment of a fault has come.
const watch = time.Millisecond

// when does something as soon as something is so, unless the call is over before.
func (c *cell) when(so func() bool, do func(c *cell) error) {
	c.watching.Go(func() {
		tick := time.NewTicker(watch)
		defer tick.Stop()
		for !so() {
			select {
			case <-tick.C:
			case <-c.over:
				return
			}
		}
		c.failed = do(c)
	})
}

// slowCmdlets leave a watcher the time to come between two cmdlets.
func slowCmdlets(each time.Duration) func(o *lab.Options) {
	return func(o *lab.Options) { o.CmdletLatency = each }
}

// onceDone makes something happen when the verb has had its effect, while the
// script is still at it. It takes slow cmdlets.
func onceDone(do func(c *cell) error) func(c *cell) error {
	return func(c *cell) error {
		began := c.journal()
		c.when(func() bool { return c.journal() > began }, do)
		return nil
	}
}

// stick has the management service of the verb's host stand still.
func stick(c *cell) error { return c.lab.StickVMMS(c.host.Name()) }

// ofClocks are clocks that are set while lifeboat trusts what it read of them.
func ofClocks() []disturbance {
	return []disturbance{
		{name: "clock jumps three hours ahead", side: sideBefore, do: skew(3 * time.Hour)},
		{name: "clock jumps three hours ahead", side: sideAfter, acting: true, options: slowCmdlets(20 * watch), do: onceDone(skew(3 * time.Hour))},
		{name: "clock falls seven minutes behind", side: sideBefore, do: skew(-7 * time.Minute)},
		{name: "clock falls seven minutes behind", side: sideAfter, acting: true, options: slowCmdlets(20 * watch), do: onceDone(skew(-7 * time.Minute))},
	}
}

func skew(d time.Duration) func(c *cell) error {
	return func(c *cell) error {
		return c.lab.Do(hypersim.Action{Do: hypersim.DoSetSkew, Host: c.host.Name(), Skew: hypersim.Duration(d)})
	}
}

// ofDisks befall where VMs are kept.
func ofDisks() []disturbance {
	slow := func(c *cell) error {
		return c.lab.Do(hypersim.Action{Do: hypersim.DoSetMerge, Host: c.host.Name(), Merge: hypersim.Duration(hangs)})
	}
	return []disturbance{
		{name: "disks still merge", side: sideBefore, ahead: checkpoint, do: func(c *cell) error { return errors.Join(slow(c), dropCheckpoint(c)) }},
		{name: "disks merge for an hour from then on", side: sideAfter, do: slow},
		{name: "replica storage full", side: sideBefore, do: func(c *cell) error {
			return c.lab.Do(hypersim.Action{Do: hypersim.DoSetSpace, Host: "r1", Drive: "D", Bytes: 0})
		}},
	}
}

// checkpoint gives the verb's VM a checkpoint. A replica can have one of its
// own only while it is failed over.
func checkpoint(c *cell) error {
	m, ctx := c.host.Machine(), c.soon()
	if c.host.Name() == "p1" {
		return m.CheckpointVM(ctx, c.id, "")
	}
	return errors.Join(m.StartVMFailover(ctx, c.id, hypersim.StartVMFailoverOptions{}), m.CheckpointVM(ctx, c.id, ""), m.StopVMFailover(ctx, c.id))
}

// dropCheckpoint takes it away, and so begins a merge.
func dropCheckpoint(c *cell) error {
	m, ctx := c.host.Machine(), c.soon()
	all, err := m.GetVMSnapshot(ctx, c.id)
	if err != nil {
		return err
	}
	for _, s := range all {
		if s.SnapshotType == hypersim.SnapshotStandard {
			return m.RemoveVMSnapshot(ctx, c.id, s.ID)
		}
	}
	return errors.New("there is no checkpoint")
}
