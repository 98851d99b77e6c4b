package hypersim

import (
	"context"
	"time"

	"lifeboat.io/pkg/hyperv"
)

// VM is what Get-VM shows of a VM.
type VM struct {
	ID                   hyperv.VMID
	Name                 string
	Notes                string
	State                hyperv.PowerState
	Heartbeat            hyperv.Heartbeat
	OperationalStatus    []string
	AutomaticStartAction hyperv.StartAction
	AutomaticStopAction  StopAction
	AutomaticStartDelay  time.Duration
	Uptime               time.Duration
	ReplicationMode      hyperv.Mode
	ReplicationState     hyperv.ReplicationState
	ReplicationHealth    hyperv.Health
	// ReplicationWMIState is the relationship's number in WMI. Module 2.0 of
	// some Windows versions shows the member of VMReplicationState with this
	// number instead of the right one.
	ReplicationWMIState int
	Config              Config
}

// show is the VM as Get-VM shows it.
func (c *vmCopy) show() VM {
	v := VM{
		ID: c.id, Name: c.name, Notes: c.notes, State: c.power, Heartbeat: c.heartbeat(),
		OperationalStatus: c.operationalStatus(), AutomaticStartAction: c.autoStart, AutomaticStopAction: c.autoStop,
		AutomaticStartDelay: time.Duration(c.autoDelay), ReplicationMode: c.mode, ReplicationState: c.rel.state(),
		ReplicationHealth: c.rel.health(), ReplicationWMIState: int(c.rel.wmi), Config: c.config,
	}
	if c.writing {
		v.Uptime = time.Duration(c.m.w.now - c.bootedFrom)
	}
	return v
}

// operationalStatus is Hyper-V's list of what the VM is busy with.
func (c *vmCopy) operationalStatus() []string {
	if c.merge != nil {
		return []string{"InService", "MergingDisks"}
	}
	return []string{"Ok"}
}

// GetVM is Get-VM -Id.
func (m *Machine) GetVM(ctx context.Context, id hyperv.VMID) (VM, error) {
	return lookAt(ctx, m, "Get-VM", id, (*vmCopy).show)
}

// GetVMs is Get-VM without a name: every VM of the host in order of creation.
// Names and wildcards are the caller's to resolve.
func (m *Machine) GetVMs(ctx context.Context) ([]VM, error) {
	return look(ctx, m, "Get-VM", func() ([]VM, *CmdletError) {
		all := make([]VM, 0, len(m.copies))
		for _, c := range m.copies {
			all = append(all, c.show())
		}
		return all, nil
	})
}

// SetVMOptions are the parameters of Set-VM; nil is a parameter not given.
type SetVMOptions struct {
	AutomaticStartAction *hyperv.StartAction
	AutomaticStopAction  *StopAction
	AutomaticStartDelay  *time.Duration
	NewVMName            *string
	Notes                *string
	ProcessorCount       *int
	MemoryStartupBytes   *int64
}

// SetVM is Set-VM.
func (m *Machine) SetVM(ctx context.Context, id hyperv.VMID, o SetVMOptions) error {
	return m.call(ctx, "Set-VM", id, func(c *vmCopy) outcome { return m.setVM(c, o) })
}

func (m *Machine) setVM(c *vmCopy, o SetVMOptions) outcome {
	switch {
	case o.AutomaticStartAction != nil && !validStartAction(*o.AutomaticStartAction):
		return fails(badParameter("AutomaticStartAction must be Nothing, StartIfRunning or Start."))
	case o.AutomaticStopAction != nil && !validStopAction(*o.AutomaticStopAction):
		return fails(badParameter("AutomaticStopAction must be TurnOff, Save or ShutDown."))
	case o.NewVMName != nil && *o.NewVMName == "":
		return fails(badParameter("NewVMName must not be empty."))
	case (o.ProcessorCount != nil || o.MemoryStartupBytes != nil) && c.power != hyperv.PowerOff:
		return fails(wrongPower())
	}
	give(&c.autoStart, o.AutomaticStartAction)
	give(&c.autoStop, o.AutomaticStopAction)
	give((*time.Duration)(&c.autoDelay), o.AutomaticStartDelay)
	give(&c.name, o.NewVMName)
	give(&c.notes, o.Notes)
	give(&c.config.Processors, o.ProcessorCount)
	give(&c.config.Memory, o.MemoryStartupBytes)
	return did(true)
}

// give sets a field to a parameter that was given.
func give[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}

func validStartAction(a hyperv.StartAction) bool {
	return a == hyperv.StartNothing || a == hyperv.StartIfRunning || a == hyperv.StartAlways
}

func validStopAction(a StopAction) bool {
	return a == StopTurnOff || a == StopSave || a == StopShutDown
}

// NewVM is New-VM, as far as a name goes: a VM that is off, without disks,
// adapters or replication.
func (m *Machine) NewVM(ctx context.Context, name string) (hyperv.VMID, error) {
	var id hyperv.VMID
	err := m.configure(ctx, "New-VM", func() *CmdletError {
		if name == "" {
			return badParameter("A virtual machine needs a name.")
		}
		id = m.w.random.vmID()
		c := &vmCopy{m: m, id: id, name: name, config: Config{}.withDefaults(), autoStart: hyperv.StartIfRunning,
			autoStop: StopSave, power: hyperv.PowerOff, mode: hyperv.ModeNone}
		c.rel = newRelation(c, false)
		m.add(c)
		return nil
	})
	if err != nil {
		return "", err
	}
	return id, nil
}

// RemoveVM is Remove-VM: it deletes a VM that is off and not replicated. A
// test VM can be deleted like that too.
func (m *Machine) RemoveVM(ctx context.Context, id hyperv.VMID) error {
	return m.call(ctx, "Remove-VM", id, func(c *vmCopy) outcome {
		switch {
		case c.power != hyperv.PowerOff && c.power != hyperv.PowerSaved:
			return fails(wrongPower())
		case c.mode != hyperv.ModeNone && c.mode != hyperv.ModeTestReplica:
			return fails(operationFailed("Replication of virtual machine '" + c.name + "' must be removed first."))
		case c.locked():
			return fails(busy(c))
		}
		if o := c.testOf; o != nil && o.testVM == c {
			o.testVM = nil
		}
		m.remove(c)
		return did(true)
	})
}
