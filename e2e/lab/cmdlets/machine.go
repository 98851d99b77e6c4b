package cmdlets

import (
	"context"
	"time"

	"lifeboat.io/e2e/lab/powershell"
	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/hypersim"
)

// stale is how old, by the host's time, what an object shows may be.
const stale = time.Second

// machine is the Data of a VirtualMachine object. It shows the VM as it is
// now: see look.
type machine struct {
	*session
	// ctx is that of the process; a property has no context of its own.
	ctx     context.Context
	shown   hypersim.VM
	at      time.Time // the host's clock when it was read
	changes int       // of the session, then
	gone    bool
}

// look is the VM as the object shows it.
func (m *machine) look() *hypersim.VM {
	if !m.current(m.at, m.changes) {
		if vm, err := m.host.machine.GetVM(m.host.waiting(m.ctx), m.shown.ID); err == nil {
			m.shown = vm
			m.at, m.changes = m.host.Clock(), m.changesSoFar()
		} else if m.host.failure("", err) != nil {
			m.gone = !m.host.has(m.ctx, m.shown.ID)
		}
	}
	return &m.shown
}

// current tells whether what was read then needs no second look.
func (s *session) current(at time.Time, changes int) bool {
	return changes == s.changesSoFar() && s.host.Clock().Sub(at) < stale
}

// has tells whether the host has a VM of this id.
func (h *Host) has(ctx context.Context, id hyperv.VMID) bool {
	all, err := h.machine.GetVMs(h.waiting(ctx))
	if err != nil {
		return true
	}
	for _, vm := range all {
		if vm.ID == id {
			return true
		}
	}
	return false
}

// machineObject makes a VirtualMachine object.
func (s *session) machineObject(ctx context.Context, vm hypersim.VM) powershell.Value {
	return powershell.NewInstance(classVirtualMachine, &machine{session: s, ctx: ctx, shown: vm, at: s.host.Clock(), changes: s.changesSoFar()})
}

// machineByID reads a VM and makes its object.
func (s *session) machineByID(ctx context.Context, id hyperv.VMID) ([]powershell.Value, error) {
	vm, err := s.host.machine.GetVM(s.host.waiting(ctx), id)
	if err != nil {
		return nil, err
	}
	return []powershell.Value{s.machineObject(ctx, vm)}, nil
}

// of makes a property of what look shows.
func vmProperty(name, typ string, get func(vm *hypersim.VM) powershell.Value) powershell.Property {
	return powershell.Property{Name: name, Type: typ, Get: func(v powershell.Value) powershell.Value { return get(v.(*machine).look()) }}
}

// Short names of .NET types.
const (
	tString   = "System.String"
	tInt32    = "System.Int32"
	tInt64    = "System.Int64"
	tUInt32   = "System.UInt32"
	tUInt64   = "System.UInt64"
	tBool     = "System.Boolean"
	tGuid     = "System.Guid"
	tTimeSpan = "System.TimeSpan"
	tDateTime = "System.DateTime"
)

// guid is an id as PowerShell has it.
func guid(id string) powershell.Value {
	g, err := powershell.ParseGuid(id)
	if err != nil {
		return powershell.Guid{}
	}
	return g
}

// running tells whether a VM has memory and processors.
func running(vm *hypersim.VM) bool {
	switch vm.State {
	case hyperv.PowerRunning, hyperv.PowerPaused, hyperv.PowerStopping:
		return true
	}
	return false
}

func assigned(vm *hypersim.VM) int64 {
	if running(vm) {
		return vm.Config.Memory
	}
	return 0
}

// statusText is the English text of the first operational status.
func statusText(vm *hypersim.VM) powershell.Value {
	if len(vm.OperationalStatus) > 1 {
		return "Merging disks"
	}
	return "Operating normally"
}

// statuses are operational statuses as enumeration values.
func statuses(vm *hypersim.VM) powershell.Value {
	all := powershell.NewArray()
	for _, s := range vm.OperationalStatus {
		all.Items = append(all.Items, enum("VMOperationalStatus", s))
	}
	return all
}

// heartbeat is null while a VM has no guest to ask.
func heartbeat(vm *hypersim.VM) powershell.Value {
	switch vm.State {
	case hyperv.PowerOff, hyperv.PowerSaved:
		return nil
	}
	return enum("VMHeartbeatStatus", string(vm.Heartbeat))
}

// powerState is the VM's state; what hypersim calls by a name the enumeration
// lacks is Other.
func powerState(vm *hypersim.VM) powershell.Value { return enum("VMState", string(vm.State)) }

// replicationState is what (Get-VM).ReplicationState shows: with the bug, the
// member that has WMI's number.
func replicationState(v powershell.Value) powershell.Value {
	m := v.(*machine)
	vm := m.look()
	if m.host.numberBug {
		return powershell.Enum{Type: enums()["VMReplicationState"], Value: int64(vm.ReplicationWMIState)}
	}
	return enum("VMReplicationState", string(vm.ReplicationState))
}

// partOf makes a property of things that belong to the VM and are read when
// somebody asks for them.
func partOf(name, typ string, read func(s *session, ctx context.Context, id hyperv.VMID) ([]powershell.Value, error)) powershell.Property {
	return powershell.Property{Name: name, Type: typ, Get: func(v powershell.Value) powershell.Value {
		m := v.(*machine)
		parts, err := read(m.session, m.ctx, m.shown.ID)
		if err != nil {
			return powershell.NewArray()
		}
		return powershell.NewArray(parts...)
	}}
}

var classVirtualMachine = &powershell.Class{
	Name:  typeSpace + ".VirtualMachine",
	Bases: []string{typeSpace + ".VirtualMachineBase", typeSpace + ".VirtualizationObject"},
	Table: []powershell.Column{
		{Property: "Name"}, {Property: "State"},
		{Label: "CPUUsage(%)", Property: "CPUUsage", Right: false},
		{Label: "MemoryAssigned(M)", Show: func(v powershell.Value) powershell.Value { return assigned(v.(*machine).look()) >> 20 }},
		{Property: "Uptime"}, {Property: "Status"}, {Property: "Version"},
	},
	String: func(v powershell.Value) string {
		return "VirtualMachine (Name = '" + v.(*machine).look().Name + "') [Id = '" + string(v.(*machine).shown.ID) + "']"
	},
}

func init() {
	base := `C:\ProgramData\Microsoft\Windows\Hyper-V`
	text := func(name, value string) powershell.Property {
		return vmProperty(name, tString, func(*hypersim.VM) powershell.Value { return value })
	}
	classVirtualMachine.Properties = []powershell.Property{
		vmProperty("Name", tString, func(vm *hypersim.VM) powershell.Value { return vm.Name }),
		vmProperty("VMName", tString, func(vm *hypersim.VM) powershell.Value { return vm.Name }),
		vmProperty("Id", tGuid, func(vm *hypersim.VM) powershell.Value { return guid(string(vm.ID)) }),
		vmProperty("VMId", tGuid, func(vm *hypersim.VM) powershell.Value { return guid(string(vm.ID)) }),
		vmProperty("State", typeSpace+".VMState", powerState),
		vmProperty("Heartbeat", typeSpace+".VMHeartbeatStatus", heartbeat),
		vmProperty("Uptime", tTimeSpan, func(vm *hypersim.VM) powershell.Value { return powershell.Span(vm.Uptime.Truncate(time.Millisecond)) }),
		vmProperty("OperationalStatus", typeSpace+".VMOperationalStatus[]", statuses),
		vmProperty("PrimaryOperationalStatus", typeSpace+".VMOperationalStatus", func(vm *hypersim.VM) powershell.Value {
			return statuses(vm).(*powershell.Array).Items[0]
		}),
		vmProperty("Status", tString, statusText),
		vmProperty("PrimaryStatusDescription", tString, statusText),
		vmProperty("Notes", tString, func(vm *hypersim.VM) powershell.Value { return vm.Notes }),
		vmProperty("AutomaticStartAction", typeSpace+".StartAction", func(vm *hypersim.VM) powershell.Value { return enum("StartAction", string(vm.AutomaticStartAction)) }),
		vmProperty("AutomaticStopAction", typeSpace+".StopAction", func(vm *hypersim.VM) powershell.Value { return enum("StopAction", string(vm.AutomaticStopAction)) }),
		vmProperty("AutomaticStartDelay", tInt32, func(vm *hypersim.VM) powershell.Value { return int32(vm.AutomaticStartDelay.Seconds()) }),
		vmProperty("CheckpointType", typeSpace+".CheckpointType", func(*hypersim.VM) powershell.Value { return enum("CheckpointType", "Production") }),
		vmProperty("ReplicationMode", typeSpace+".VMReplicationMode", func(vm *hypersim.VM) powershell.Value { return enum("VMReplicationMode", string(vm.ReplicationMode)) }),
		{Name: "ReplicationState", Type: typeSpace + ".VMReplicationState", Get: replicationState},
		vmProperty("ReplicationHealth", typeSpace+".VMReplicationHealthState", func(vm *hypersim.VM) powershell.Value {
			return enum("VMReplicationHealthState", string(vm.ReplicationHealth))
		}),
		vmProperty("CPUUsage", tInt32, func(*hypersim.VM) powershell.Value { return int32(0) }),
		vmProperty("MemoryAssigned", tInt64, func(vm *hypersim.VM) powershell.Value { return assigned(vm) }),
		vmProperty("MemoryDemand", tInt64, func(vm *hypersim.VM) powershell.Value { return assigned(vm) / 2 }),
		vmProperty("MemoryStartup", tInt64, func(vm *hypersim.VM) powershell.Value { return vm.Config.Memory }),
		vmProperty("DynamicMemoryEnabled", tBool, func(*hypersim.VM) powershell.Value { return false }),
		vmProperty("ProcessorCount", tInt64, func(vm *hypersim.VM) powershell.Value { return int64(vm.Config.Processors) }),
		vmProperty("Generation", tInt32, func(vm *hypersim.VM) powershell.Value { return int32(vm.Config.Generation) }),
		vmProperty("Version", tString, func(vm *hypersim.VM) powershell.Value { return vm.Config.Version }),
		text("IntegrationServicesState", ""), text("IntegrationServicesVersion", "0.0"),
		vmProperty("IsClustered", tBool, func(*hypersim.VM) powershell.Value { return false }),
		text("Path", base), text("ConfigurationLocation", base), text("CheckpointFileLocation", base), text("SnapshotFileLocation", base),
		partOf("NetworkAdapters", typeSpace+".VMNetworkAdapter[]", (*session).adapterObjects),
		partOf("HardDrives", typeSpace+".HardDiskDrive[]", (*session).driveObjects),
		partOf("VMIntegrationService", typeSpace+".VMIntegrationComponent[]", (*session).serviceObjects),
		{Name: "ComputerName", Type: tString, Get: func(v powershell.Value) powershell.Value { return v.(*machine).host.record.Name }},
		{Name: "IsDeleted", Type: tBool, Get: func(v powershell.Value) powershell.Value {
			v.(*machine).look()
			return v.(*machine).gone
		}},
	}
}
