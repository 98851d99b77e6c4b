package hypersim

import (
	"context"
	"strings"
	"time"
)

// HostRecord is what Get-VMHost shows.
type HostRecord struct {
	Name                     string
	FullyQualifiedDomainName string
	LogicalProcessorCount    int
	MemoryCapacity           int64
	VirtualMachinePath       string
	VirtualHardDiskPath      string
	// HyperVModule and PowerShell are versions.
	HyperVModule, PowerShell string
	// Clock is the host's own clock, UTC.
	Clock time.Time
}

// GetVMHost is Get-VMHost, with the versions and the clock a script can ask
// the host for besides.
func (m *Machine) GetVMHost(ctx context.Context) (HostRecord, error) {
	return look(ctx, m, "Get-VMHost", func() (HostRecord, *CmdletError) {
		return HostRecord{Name: m.computerName(), FullyQualifiedDomainName: m.fqdn, LogicalProcessorCount: m.processors,
			MemoryCapacity: m.memory, VirtualMachinePath: m.vmPath, VirtualHardDiskPath: m.vhdPath,
			HyperVModule: m.module, PowerShell: m.powerShell, Clock: m.clock(m.w.now)}, nil
	})
}

// MissingCmdlet tells whether the host does not know a cmdlet.
func (m *Machine) MissingCmdlet(name string) bool {
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	return m.missing[name]
}

// Clock is the host's own clock now, UTC.
func (m *Machine) Clock() time.Time {
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	return m.clock(m.w.now)
}

// computerName is the host's own name: the first label of its full name.
func (m *Machine) computerName() string {
	name, _, _ := strings.Cut(m.fqdn, ".")
	return strings.ToUpper(name)
}
