package hypersim

import (
	"context"
	"fmt"

	"lifeboat.io/pkg/hyperv"
)

// StartVM is Start-VM: from Off, Saved or Paused to Running. On a VM that runs
// already it does nothing.
func (m *Machine) StartVM(ctx context.Context, id hyperv.VMID) error {
	return m.call(ctx, "Start-VM", id, m.startVM)
}

func (m *Machine) startVM(c *vmCopy) outcome {
	switch c.power {
	case hyperv.PowerRunning:
		return did(false)
	case hyperv.PowerOff, hyperv.PowerSaved, hyperv.PowerPaused:
	default:
		return fails(wrongPower())
	}
	if why := c.startRefused(); why != "" {
		return fails(operationFailed(fmt.Sprintf("'%s' failed to start: %s.", c.name, why)))
	}
	if c.op != nil {
		return fails(busy(c))
	}
	return runs(c.beginStart())
}

// beginStart starts the copy: Starting until its job is done, then Running.
func (c *vmCopy) beginStart() *job {
	m, before := c.m, c.power
	took := m.w.durations.PowerOn
	if before == hyperv.PowerSaved {
		took = m.w.durations.Save
	}
	if before == hyperv.PowerOff {
		c.power = hyperv.PowerStarting
	}
	return m.begin(&job{vm: c, locks: true,
		finish: func(*job) *CmdletError { c.powerUp(); return nil },
		abort:  func() { c.power = before },
	}, took)
}

// StopVMOptions are the switches of Stop-VM.
type StopVMOptions struct {
	// TurnOff takes the VM's power away.
	TurnOff bool
	// Save saves its state.
	Save bool
	// Force turns it off when the guest has not shut down within Durations.ShutdownLimit.
	Force bool
}

// StopVM is Stop-VM. Without TurnOff or Save it asks the guest to shut down
// and waits for it. On a VM that is off already it does nothing.
func (m *Machine) StopVM(ctx context.Context, id hyperv.VMID, o StopVMOptions) error {
	switch {
	case o.TurnOff && o.Save:
		return badParameter("TurnOff and Save cannot be used together.")
	case o.TurnOff:
		return m.call(ctx, "Stop-VM -TurnOff", id, m.turnOff)
	case o.Save:
		return m.call(ctx, "Save-VM", id, m.saveVM)
	}
	return m.call(ctx, "Stop-VM", id, func(c *vmCopy) outcome {
		return m.shutDownGuest(c, m.w.durations.ShutdownLimit, o.Force)
	})
}

func (m *Machine) turnOff(c *vmCopy) outcome {
	switch c.power {
	case hyperv.PowerOff:
		return did(false)
	case hyperv.PowerRunning, hyperv.PowerPaused, hyperv.PowerSaved, hyperv.PowerStopping:
	default:
		return fails(wrongPower())
	}
	if c.op != nil {
		return fails(busy(c))
	}
	return runs(m.begin(&job{vm: c, locks: true, finish: func(*job) *CmdletError {
		c.setPower(hyperv.PowerOff)
		return nil
	}}, m.w.durations.PowerOff))
}

// shutDownGuest asks the guest to shut down and waits up to limit. With force
// the VM is turned off then; without, the cmdlet fails and the guest may still
// shut down later.
func (m *Machine) shutDownGuest(c *vmCopy, limit Duration, force bool) outcome {
	switch c.power {
	case hyperv.PowerOff:
		return did(false)
	case hyperv.PowerRunning, hyperv.PowerStopping:
	default:
		return fails(wrongPower())
	}
	if c.guest.NoIntegration {
		if force {
			return m.turnOff(c)
		}
		return fails(operationFailed(fmt.Sprintf("'%s' cannot be shut down: its guest has no integration services.", c.name)))
	}
	if c.power == hyperv.PowerRunning {
		c.askGuest()
	}
	j := m.begin(&job{vm: c, finish: func(j *job) *CmdletError {
		c.stopping = without(c.stopping, j)
		switch {
		case c.power == hyperv.PowerOff || c.removed:
			return nil
		case force:
			c.setPower(hyperv.PowerOff)
			return nil
		}
		return operationFailed(fmt.Sprintf("'%s' did not shut down in time.", c.name))
	}}, limit)
	c.stopping = append(c.stopping, j)
	return runs(j)
}

// askGuest asks a running guest to shut down, and tells how long it will take;
// a guest that is shutting down already is not hurried by being asked again.
func (c *vmCopy) askGuest() Duration {
	if c.shuttingDown {
		return 0
	}
	took, willing := c.shutdownTime()
	if !willing {
		return c.m.w.durations.ShutdownLimit
	}
	c.shuttingDown = true
	if c.m.w.assume.ShutdownShowsStopping {
		c.setPower(hyperv.PowerStopping)
	}
	c.m.w.schedule(c.m.w.now.plus(took), (*guestOff)(c), c.shutdown)
	return took
}

// guestOff is a guest that has shut down. Nothing on the host can hold it up.
type guestOff vmCopy

func (g *guestOff) on() *Machine { return nil }

func (g *guestOff) fire(_ *World, turn uint32) {
	if c := (*vmCopy)(g); turn == c.shutdown {
		c.setPower(hyperv.PowerOff)
	}
}

// SaveVM is Save-VM.
func (m *Machine) SaveVM(ctx context.Context, id hyperv.VMID) error {
	return m.call(ctx, "Save-VM", id, m.saveVM)
}

func (m *Machine) saveVM(c *vmCopy) outcome {
	switch c.power {
	case hyperv.PowerSaved:
		return did(false)
	case hyperv.PowerRunning, hyperv.PowerPaused:
	default:
		return fails(wrongPower())
	}
	if c.op != nil {
		return fails(busy(c))
	}
	return runs(m.begin(&job{vm: c, locks: true, finish: func(*job) *CmdletError {
		c.setPower(hyperv.PowerSaved)
		return nil
	}}, m.w.durations.Save))
}

// SuspendVM is Suspend-VM: it pauses a running VM.
func (m *Machine) SuspendVM(ctx context.Context, id hyperv.VMID) error {
	return m.call(ctx, "Suspend-VM", id, func(c *vmCopy) outcome {
		switch {
		case c.power == hyperv.PowerPaused:
			return did(false)
		case c.power != hyperv.PowerRunning:
			return fails(wrongPower())
		}
		c.setPower(hyperv.PowerPaused)
		return did(true)
	})
}

// ResumeVM is Resume-VM: it lets a paused VM run on.
func (m *Machine) ResumeVM(ctx context.Context, id hyperv.VMID) error {
	return m.call(ctx, "Resume-VM", id, func(c *vmCopy) outcome {
		switch {
		case c.power == hyperv.PowerRunning:
			return did(false)
		case c.power != hyperv.PowerPaused:
			return fails(wrongPower())
		case c.startRefused() != "":
			return fails(operationFailed(fmt.Sprintf("'%s' cannot be resumed: %s.", c.name, c.startRefused())))
		}
		c.powerUp()
		return did(true)
	})
}

// RestartVM is Restart-VM -Force: the guest boots anew without a shutdown.
func (m *Machine) RestartVM(ctx context.Context, id hyperv.VMID) error {
	return m.call(ctx, "Restart-VM", id, func(c *vmCopy) outcome {
		if c.power != hyperv.PowerRunning {
			return fails(wrongPower())
		}
		c.bootedFrom = m.w.now
		c.shutdown++
		c.shuttingDown = false
		return did(true)
	})
}

// RemoveVMSavedState is Remove-VMSavedState: a saved VM becomes Off.
func (m *Machine) RemoveVMSavedState(ctx context.Context, id hyperv.VMID) error {
	return m.call(ctx, "Remove-VMSavedState", id, m.removeSavedState)
}

func (m *Machine) removeSavedState(c *vmCopy) outcome {
	switch c.power {
	case hyperv.PowerSaved:
		c.setPower(hyperv.PowerOff)
		return did(true)
	case hyperv.PowerOff:
		return did(false)
	}
	return fails(wrongPower())
}
