package cmdlets

import (
	"context"
	"fmt"
	"strings"

	"lifeboat.io/e2e/lab/powershell"
	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/hypersim"
)

// storageModels are the cmdlets about disks and volumes.
var storageModels = map[string]*model{
	"Get-VMHardDiskDrive":   {takes: "VMName VM ControllerType ControllerNumber ControllerLocation", run: getDrive},
	"Get-VHD":               {takes: "Path VMId", run: getVHD},
	"Get-VMFibreChannelHba": {takes: "VMName VM", run: getFibreChannel},
	"Get-Volume":            {takes: "DriveLetter FileSystemLabel", run: getVolume},
}

// drive is the Data of a HardDiskDrive object: the drive as it was read.
type drive struct {
	hypersim.HardDiskDrive
	vm string
}

func driveProperty(name, typ string, get func(d *drive) powershell.Value) powershell.Property {
	return powershell.Property{Name: name, Type: typ, Get: func(v powershell.Value) powershell.Value { return get(v.(*drive)) }}
}

var classHardDiskDrive = &powershell.Class{
	Name: typeSpace + ".HardDiskDrive", Bases: []string{typeSpace + ".Drive", typeSpace + ".VirtualizationObject"},
	Table: []powershell.Column{
		{Property: "VMName"}, {Property: "ControllerType"}, {Property: "ControllerNumber"}, {Property: "ControllerLocation"}, {Property: "DiskNumber"}, {Property: "Path"},
	},
	Properties: []powershell.Property{
		driveProperty("Path", tString, func(d *drive) powershell.Value { return d.Path }),
		driveProperty("DiskNumber", tInt32, func(d *drive) powershell.Value {
			if d.DiskNumber == nil {
				return nil
			}
			return int32(*d.DiskNumber)
		}),
		driveProperty("SupportPersistentReservations", tBool, func(d *drive) powershell.Value { return d.SupportPersistentReservations }),
		driveProperty("ControllerType", typeSpace+".ControllerType", func(d *drive) powershell.Value { return enum("ControllerType", d.ControllerType) }),
		driveProperty("ControllerNumber", tInt32, func(d *drive) powershell.Value { return int32(d.ControllerNumber) }),
		driveProperty("ControllerLocation", tInt32, func(d *drive) powershell.Value { return int32(d.ControllerLocation) }),
		driveProperty("Name", tString, func(d *drive) powershell.Value {
			return fmt.Sprintf("Hard Drive on %s controller number %d at location %d", d.ControllerType, d.ControllerNumber, d.ControllerLocation)
		}),
		driveProperty("Id", tString, func(d *drive) powershell.Value { return `Microsoft:` + string(d.VMID) + `\` + d.ID }),
		driveProperty("VMName", tString, func(d *drive) powershell.Value { return d.vm }),
		driveProperty("VMId", tGuid, func(d *drive) powershell.Value { return guid(string(d.VMID)) }),
	},
}

// drivePaths are the paths of drives given as objects.
func drivePaths(data []any) []string {
	var paths []string
	for _, d := range data {
		if one, ok := d.(*drive); ok {
			paths = append(paths, one.Path)
		}
	}
	return paths
}

// driveObjects are the drives of a VM, as objects.
func (s *session) driveObjects(ctx context.Context, id hyperv.VMID) ([]powershell.Value, error) {
	ctx = s.host.waiting(ctx)
	vm, err := s.host.machine.GetVM(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.drivesOf(ctx, target{id: id, name: vm.Name}, func(*hypersim.HardDiskDrive) bool { return true })
}

func (s *session) drivesOf(ctx context.Context, t target, passes func(*hypersim.HardDiskDrive) bool) ([]powershell.Value, error) {
	all, err := s.host.machine.GetVMHardDiskDrive(s.host.waiting(ctx), t.id)
	var objects []powershell.Value
	for _, d := range all {
		if passes(&d) {
			objects = append(objects, powershell.NewInstance(classHardDiskDrive, &drive{HardDiskDrive: d, vm: t.name}))
		}
	}
	return objects, err
}

func getDrive(c *call) error {
	targets, err := c.targets("VMName")
	if err != nil {
		return err
	}
	number, location, kind := c.number("ControllerNumber"), c.number("ControllerLocation"), enumText(c.Value("ControllerType"))
	for _, t := range targets {
		err := c.write(c.drivesOf(c.Context(), t, func(d *hypersim.HardDiskDrive) bool {
			return (number == nil || *number == d.ControllerNumber) && (location == nil || *location == d.ControllerLocation) && (kind == "" || kind == d.ControllerType)
		}))
		if err != nil {
			return err
		}
	}
	return nil
}

func vhdProperty(name, typ string, get func(v *hypersim.VHD) powershell.Value) powershell.Property {
	return powershell.Property{Name: name, Type: typ, Get: func(v powershell.Value) powershell.Value { return get(v.(*hypersim.VHD)) }}
}

var classVHD = &powershell.Class{
	Name: vhdTypeSpace + ".VirtualHardDisk",
	Properties: []powershell.Property{
		vhdProperty("Path", tString, func(v *hypersim.VHD) powershell.Value { return v.Path }),
		vhdProperty("VhdFormat", vhdTypeSpace+".VhdFormat", func(v *hypersim.VHD) powershell.Value { return enum("VhdFormat", v.VhdFormat) }),
		vhdProperty("VhdType", vhdTypeSpace+".VhdType", func(v *hypersim.VHD) powershell.Value { return enum("VhdType", v.VhdType) }),
		vhdProperty("FileSize", tUInt64, func(v *hypersim.VHD) powershell.Value { return uint64(v.FileSize) }),
		vhdProperty("Size", tUInt64, func(v *hypersim.VHD) powershell.Value { return uint64(v.Size) }),
		vhdProperty("ParentPath", tString, func(v *hypersim.VHD) powershell.Value { return v.ParentPath }),
		vhdProperty("Attached", tBool, func(*hypersim.VHD) powershell.Value { return true }),
	},
}

// getVHD shows the files of VMs by the VM's id, or those of any VM of the host
// by path.
func getVHD(c *call) error {
	if c.Has("VMId") {
		for _, id := range c.Strings("VMId") {
			all, err := c.host.machine.GetVHD(c.ctx(), hyperv.VMID(id))
			if err := c.write(vhdObjects(all), err); err != nil {
				return err
			}
		}
		return nil
	}
	targets, err := c.named([]string{"*"})
	if err != nil {
		return err
	}
	var attached []hypersim.VHD
	for _, t := range targets {
		all, err := c.host.machine.GetVHD(c.ctx(), t.id)
		if err != nil {
			return c.fail(err)
		}
		attached = append(attached, all...)
	}
	for _, path := range c.Strings("Path") {
		var found []hypersim.VHD
		for _, v := range attached {
			if strings.EqualFold(v.Path, path) {
				found = append(found, v)
			}
		}
		if len(found) == 0 {
			e := invalid("Failed to get the virtual hard disk '%s': the system cannot find the file specified. (0x80070002)", path)
			e.ID, e.Category, e.Target, e.HResult = "ObjectNotFound", "ObjectNotFound", path, 0x80070002
			if err := c.fail(e); err != nil {
				return err
			}
		}
		if err := c.write(vhdObjects(found), nil); err != nil {
			return err
		}
	}
	return nil
}

func vhdObjects(all []hypersim.VHD) []powershell.Value {
	objects := make([]powershell.Value, len(all))
	for i := range all {
		objects[i] = powershell.NewInstance(classVHD, &all[i])
	}
	return objects
}

// getFibreChannel finds none: no VM of this lab has virtual Fibre Channel.
func getFibreChannel(c *call) error {
	_, err := c.targets("VMName")
	return err
}

func volumeProperty(name, typ string, get func(v *hypersim.Volume) powershell.Value) powershell.Property {
	return powershell.Property{Name: name, Type: typ, Get: func(v powershell.Value) powershell.Value { return get(v.(*hypersim.Volume)) }}
}

var classVolume = &powershell.Class{
	Name: "Microsoft.Management.Infrastructure.CimInstance#ROOT/Microsoft/Windows/Storage/MSFT_Volume",
	Table: []powershell.Column{
		{Property: "DriveLetter"}, {Label: "FriendlyName", Property: "FileSystemLabel"}, {Label: "FileSystemType", Property: "FileSystem"}, {Property: "DriveType"},
		{Property: "HealthStatus"}, {Property: "OperationalStatus"},
		{Label: "SizeRemaining", Show: func(v powershell.Value) powershell.Value { return gigabytes(v.(*hypersim.Volume).SizeRemaining) }, Right: true},
		{Label: "Size", Show: func(v powershell.Value) powershell.Value { return gigabytes(v.(*hypersim.Volume).Size) }, Right: true},
	},
	Properties: []powershell.Property{
		volumeProperty("DriveLetter", "System.Char", func(v *hypersim.Volume) powershell.Value {
			if v.DriveLetter == "" {
				return nil
			}
			return powershell.Char(v.DriveLetter[0])
		}),
		volumeProperty("FileSystemLabel", tString, func(v *hypersim.Volume) powershell.Value { return v.FileSystemLabel }),
		volumeProperty("FileSystem", tString, func(*hypersim.Volume) powershell.Value { return "NTFS" }),
		volumeProperty("DriveType", tString, func(*hypersim.Volume) powershell.Value { return "Fixed" }),
		volumeProperty("HealthStatus", tString, func(*hypersim.Volume) powershell.Value { return "Healthy" }),
		volumeProperty("OperationalStatus", tString, func(*hypersim.Volume) powershell.Value { return "OK" }),
		volumeProperty("Size", tUInt64, func(v *hypersim.Volume) powershell.Value { return uint64(v.Size) }),
		volumeProperty("SizeRemaining", tUInt64, func(v *hypersim.Volume) powershell.Value { return uint64(max(0, v.SizeRemaining)) }),
		volumeProperty("Path", tString, func(v *hypersim.Volume) powershell.Value { return v.DriveLetter + `:\` }),
	},
}

func gigabytes(bytes int64) powershell.Value { return fmt.Sprintf("%.2f GB", float64(bytes)/(1<<30)) }

func getVolume(c *call) error {
	all, err := c.host.machine.GetVolume(c.ctx())
	if err != nil {
		return c.fail(err)
	}
	found := 0
	for _, v := range all {
		if c.Has("DriveLetter") && !matches(c.Strings("DriveLetter"), v.DriveLetter) || c.Has("FileSystemLabel") && !matches(c.Strings("FileSystemLabel"), v.FileSystemLabel) {
			continue
		}
		found++
		if err := c.Write(powershell.NewInstance(classVolume, &v)); err != nil {
			return err
		}
	}
	if found == 0 && (c.Has("DriveLetter") || c.Has("FileSystemLabel")) {
		return c.Error(notFoundByQuery("MSFT_Volume", c.String("DriveLetter")+c.String("FileSystemLabel")))
	}
	return nil
}

// notFoundByQuery is what a cmdlet made of a CIM class says when nothing fits.
func notFoundByQuery(class, value string) *powershell.ErrorRecord {
	r := powershell.NewErrorRecord("Microsoft.PowerShell.Cmdletization.Cim.CimJobException", "CmdletizationQuery_NotFound", powershell.ObjectNotFound,
		fmt.Sprintf("No %s objects found with a property equal to '%s'. Verify the value of the property and retry.", class, value))
	r.Target = value
	return r
}
