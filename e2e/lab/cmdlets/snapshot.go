package cmdlets

import (
	"context"
	"slices"

	"lifeboat.io/e2e/lab/powershell"
	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/hypersim"
)

// snapshotModels are the cmdlets about checkpoints and recovery points.
var snapshotModels = map[string]*model{
	"Get-VMSnapshot":     {takes: "VMName VM Name SnapshotType Id", run: getSnapshot},
	"Checkpoint-VM":      {takes: "Name VM SnapshotName AsJob Passthru", run: checkpointVM},
	"Restore-VMSnapshot": {takes: "VMName VM Name VMSnapshot AsJob Passthru", run: restoreSnapshot},
	"Remove-VMSnapshot":  {takes: "VMName VM Name VMSnapshot AsJob Passthru", run: removeSnapshot},
}

// checkpoint is the Data of a VMSnapshot object: the checkpoint as it was read.
type checkpoint struct {
	hypersim.Snapshot
	parent string // name of the one before it
	on     *session
}

func checkpointProperty(name, typ string, get func(s *checkpoint) powershell.Value) powershell.Property {
	return powershell.Property{Name: name, Type: typ, Get: func(v powershell.Value) powershell.Value { return get(v.(*checkpoint)) }}
}

var classSnapshot = &powershell.Class{
	Name: typeSpace + ".VMSnapshot", Bases: []string{typeSpace + ".VirtualMachineBase", typeSpace + ".VirtualizationObject"},
	Table: []powershell.Column{{Property: "VMName"}, {Property: "Name"}, {Property: "SnapshotType"}, {Property: "CreationTime"}, {Property: "ParentSnapshotName"}},
	Properties: []powershell.Property{
		checkpointProperty("Name", tString, func(s *checkpoint) powershell.Value { return s.Name }),
		checkpointProperty("Id", tGuid, func(s *checkpoint) powershell.Value { return guid(string(s.ID)) }),
		checkpointProperty("VMName", tString, func(s *checkpoint) powershell.Value { return s.VMName }),
		checkpointProperty("VMId", tGuid, func(s *checkpoint) powershell.Value { return guid(string(s.VMID)) }),
		checkpointProperty("SnapshotType", typeSpace+".SnapshotType", func(s *checkpoint) powershell.Value { return enum("SnapshotType", s.SnapshotType) }),
		checkpointProperty("CreationTime", tDateTime, func(s *checkpoint) powershell.Value { return s.on.local(s.CreationTime) }),
		checkpointProperty("ParentSnapshotId", tGuid, func(s *checkpoint) powershell.Value {
			if s.ParentSnapshotID == "" {
				return nil
			}
			return guid(string(s.ParentSnapshotID))
		}),
		checkpointProperty("ParentSnapshotName", tString, func(s *checkpoint) powershell.Value { return s.parent }),
		checkpointProperty("ComputerName", tString, func(s *checkpoint) powershell.Value { return s.on.host.record.Name }),
	},
}

// checkpointsOf are the checkpoints of a VM that pass a filter.
func (s *session) checkpointsOf(ctx context.Context, id hyperv.VMID, passes func(hypersim.Snapshot) bool) ([]powershell.Value, error) {
	all, err := s.host.machine.GetVMSnapshot(s.host.waiting(ctx), id)
	var objects []powershell.Value
	for _, one := range all {
		if !passes(one) {
			continue
		}
		c := &checkpoint{Snapshot: one, on: s}
		if i := slices.IndexFunc(all, func(o hypersim.Snapshot) bool { return o.ID == one.ParentSnapshotID }); i >= 0 {
			c.parent = all[i].Name
		}
		objects = append(objects, powershell.NewInstance(classSnapshot, c))
	}
	return objects, err
}

func getSnapshot(c *call) error {
	var targets []target
	var err error
	if c.Has("Id") {
		targets, err = c.named([]string{"*"})
	} else {
		targets, err = c.targets("VMName")
	}
	if err != nil {
		return err
	}
	kind := enumText(c.Value("SnapshotType"))
	found := 0
	for _, t := range targets {
		objects, err := c.checkpointsOf(c.Context(), t.id, func(s hypersim.Snapshot) bool {
			return (kind == "" || s.SnapshotType == kind) && matches(c.Strings("Name"), s.Name) && (!c.Has("Id") || sameID(string(s.ID), c.String("Id")))
		})
		found += len(objects)
		if err := c.write(objects, err); err != nil {
			return err
		}
	}
	if name := c.String("Name"); found == 0 && (c.Has("Id") || c.Has("Name") && !powershell.HasWildcard(name)) {
		return c.fail(noSnapshot(name + c.String("Id")))
	}
	return nil
}

func noSnapshot(what string) *hypersim.CmdletError {
	e := invalid("Hyper-V was unable to find a snapshot matching the given criteria.")
	e.Target = what
	return e
}

func checkpointVM(c *call) error {
	targets, err := c.targets("Name")
	if err != nil {
		return err
	}
	name := c.String("SnapshotName")
	return c.act(targets, operation{
		do: func(ctx context.Context, t target) error { return c.host.machine.CheckpointVM(ctx, t.id, name) },
		pass: func(ctx context.Context, t target) ([]powershell.Value, error) {
			objects, err := c.checkpointsOf(ctx, t.id, func(s hypersim.Snapshot) bool { return s.SnapshotType == hypersim.SnapshotStandard })
			if len(objects) > 0 {
				objects = objects[len(objects)-1:]
			}
			return objects, err
		},
	})
}

// chosenCheckpoint is a checkpoint with the VM it is of.
type chosenCheckpoint struct {
	target
	id hyperv.RecoveryPointID
}

// chosenCheckpoints are the checkpoints a call names: objects, or names on VMs.
func (c *call) chosenCheckpoints() ([]chosenCheckpoint, error) {
	var chosen []chosenCheckpoint
	for _, d := range c.Data("VMSnapshot") {
		if s, ok := d.(*checkpoint); ok {
			chosen = append(chosen, chosenCheckpoint{target{id: s.VMID, name: s.Name}, s.ID})
		}
	}
	if c.Has("VMSnapshot") {
		return chosen, nil
	}
	targets, err := c.targets("VMName")
	if err != nil {
		return nil, err
	}
	for _, t := range targets {
		all, err := c.host.machine.GetVMSnapshot(c.ctx(), t.id)
		if err != nil {
			return nil, c.fail(err)
		}
		before := len(chosen)
		for _, s := range all {
			if matches(c.Strings("Name"), s.Name) {
				chosen = append(chosen, chosenCheckpoint{target{id: t.id, name: s.Name}, s.ID})
			}
		}
		if len(chosen) == before && c.Has("Name") && !powershell.HasWildcard(c.String("Name")) {
			if err := c.fail(noSnapshot(c.String("Name"))); err != nil {
				return nil, err
			}
		}
	}
	return chosen, nil
}

// actOnCheckpoints does something to each checkpoint a call names.
func (c *call) actOnCheckpoints(do func(m *hypersim.Machine, ctx context.Context, vm hyperv.VMID, s hyperv.RecoveryPointID) error) error {
	chosen, err := c.chosenCheckpoints()
	if err != nil {
		return err
	}
	for _, s := range chosen {
		err := c.act([]target{s.target}, operation{do: func(ctx context.Context, t target) error { return do(c.host.machine, ctx, t.id, s.id) }})
		if err != nil {
			return err
		}
	}
	return nil
}

func restoreSnapshot(c *call) error {
	return c.actOnCheckpoints((*hypersim.Machine).RestoreVMSnapshot)
}

func removeSnapshot(c *call) error {
	return c.actOnCheckpoints((*hypersim.Machine).RemoveVMSnapshot)
}
