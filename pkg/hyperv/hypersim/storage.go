package hypersim

import (
	"context"
	"path"
	"slices"
	"strings"

	"lifeboat.io/pkg/hyperv"
)

// Volume is what Get-Volume shows of one volume.
type Volume struct {
	// DriveLetter is one letter, or empty.
	DriveLetter string `json:"driveLetter"`
	// FileSystemLabel is its label.
	FileSystemLabel string `json:"fileSystemLabel"`
	// Size and SizeRemaining are in bytes.
	Size          int64 `json:"size"`
	SizeRemaining int64 `json:"sizeRemaining"`
}

// HardDiskDrive is what Get-VMHardDiskDrive shows of one drive.
type HardDiskDrive struct {
	ID                 string
	VMID               hyperv.VMID
	Path               string
	ControllerType     string
	ControllerNumber   int
	ControllerLocation int
	// DiskNumber is set for a pass-through disk.
	DiskNumber *int
	// SupportPersistentReservations is true for a shared disk.
	SupportPersistentReservations bool
	// Replicated tells whether replication tracks the disk.
	Replicated bool
}

// VHD is what Get-VHD shows of one file.
type VHD struct {
	Path       string
	VhdFormat  string // VHD, VHDX or VHDSet
	VhdType    string // Dynamic or Differencing
	FileSize   int64
	Size       int64
	ParentPath string
}

// GetVMHardDiskDrive is Get-VMHardDiskDrive.
func (m *Machine) GetVMHardDiskDrive(ctx context.Context, id hyperv.VMID) ([]HardDiskDrive, error) {
	return lookAt(ctx, m, "Get-VMHardDiskDrive", id, func(c *vmCopy) []HardDiskDrive {
		var all []HardDiskDrive
		for _, d := range c.disks {
			all = append(all, HardDiskDrive{ID: d.id, VMID: id, Path: d.path, ControllerType: d.controller,
				ControllerNumber: d.number, ControllerLocation: d.location, DiskNumber: d.passDisk,
				SupportPersistentReservations: d.shared, Replicated: d.replicated})
		}
		return all
	})
}

// GetVHD is Get-VHD -VMId.
func (m *Machine) GetVHD(ctx context.Context, id hyperv.VMID) ([]VHD, error) {
	return lookAt(ctx, m, "Get-VHD", id, func(c *vmCopy) []VHD {
		var all []VHD
		for _, d := range c.disks {
			if d.passDisk == nil {
				all = append(all, c.vhd(d))
			}
		}
		return all
	})
}

func (c *vmCopy) vhd(d disk) VHD {
	v := VHD{Path: d.path, VhdFormat: "VHDX", VhdType: "Dynamic", Size: d.size, ParentPath: d.differsOf}
	switch strings.ToLower(path.Ext(d.path)) {
	case ".vhd", ".avhd":
		v.VhdFormat = "VHD"
	case ".vhds":
		v.VhdFormat = "VHDSet"
	}
	if d.differsOf != "" {
		v.VhdType = "Differencing"
	}
	v.FileSize = min(d.size, c.holds().writes*bytesPerWrite)
	return v
}

// GetVolume is Get-Volume.
func (m *Machine) GetVolume(ctx context.Context) ([]Volume, error) {
	return look(ctx, m, "Get-Volume", func() ([]Volume, *CmdletError) { return slices.Clone(m.volumes), nil })
}

// setSpace sets how much a volume has left. At zero, no replica on the host
// takes changes any more.
func (m *Machine) setSpace(driveLetter string, bytes int64) {
	for i := range m.volumes {
		if sameServer(m.volumes[i].DriveLetter, driveLetter) {
			m.volumes[i].SizeRemaining = bytes
		}
	}
}

// storageFull tells whether the volume that holds the replicas is full.
func (m *Machine) storageFull() bool {
	for i := range m.volumes {
		if v := &m.volumes[i]; v.SizeRemaining <= 0 && strings.HasPrefix(strings.ToUpper(m.server.DefaultStorageLocation), strings.ToUpper(v.DriveLetter)+":") {
			return true
		}
	}
	return false
}

// IntegrationService is what Get-VMIntegrationService shows of one service.
type IntegrationService struct {
	Name                     string
	Enabled                  bool
	PrimaryOperationalStatus string
}

// integrationServices are Hyper-V's, by their English names.
var integrationServices = []string{"Guest Service Interface", "Heartbeat", "Key-Value Pair Exchange", "Shutdown", "Time Synchronization", "VSS"}

// GetVMIntegrationService is Get-VMIntegrationService.
func (m *Machine) GetVMIntegrationService(ctx context.Context, id hyperv.VMID) ([]IntegrationService, error) {
	return lookAt(ctx, m, "Get-VMIntegrationService", id, func(c *vmCopy) []IntegrationService {
		var all []IntegrationService
		status := "NoContact"
		if b := c.heartbeat(); b.Alive() || b == hyperv.HeartbeatOkCritical {
			status = "Ok"
		}
		for _, name := range integrationServices {
			s := IntegrationService{Name: name, Enabled: name != "Guest Service Interface", PrimaryOperationalStatus: status}
			if name == "Heartbeat" && c.heartbeat() == hyperv.HeartbeatOkCritical {
				s.PrimaryOperationalStatus = "ApplicationCritical"
			}
			all = append(all, s)
		}
		return all
	})
}
