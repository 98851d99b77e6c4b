package cmdlets

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"lifeboat.io/e2e/lab/powershell"
	"lifeboat.io/pkg/hyperv/hypersim"
)

// Settings are what is not the world's own about a host.
type Settings struct {
	// Latency is what each cmdlet takes besides what it does, in real time.
	Latency time.Duration
	// CatchUp, if set, is called before the host's clock is read, and when a
	// cmdlet begins to wait for its host: whoever moves a live world has
	// something to do then.
	CatchUp func()
	// Sleep waits in the host's time, or returns the context's error; nil
	// waits in real time.
	Sleep func(ctx context.Context, d time.Duration) error
	// Zone is the host's time zone; nil means UTC.
	Zone *time.Location
}

// Host is one simulated host as the PowerShell processes on it see it. It is
// safe for concurrent use.
type Host struct {
	machine  *hypersim.Machine
	world    *hypersim.World
	settings Settings
	record   hypersim.HostRecord
	modules  *powershell.Registry
	// oldModule: version 1.1, whose classes have other names. numberBug: the
	// version that shows the wrong ReplicationState of a VM.
	oldModule, numberBug bool
	firewall             firewall
}

// NewHost makes a host of a world's machine. It reads the machine, so a live
// world must be moved on meanwhile, by Settings.CatchUp at the least.
func NewHost(ctx context.Context, w *hypersim.World, name string, s Settings) (*Host, error) {
	h := &Host{machine: w.Machine(name), world: w, settings: s}
	if h.machine == nil {
		return nil, fmt.Errorf("host %q: this world has none of that name", name)
	}
	if h.settings.Zone == nil {
		h.settings.Zone = time.UTC
	}
	var err error
	if h.record, err = h.machine.GetVMHost(h.waiting(ctx)); err != nil {
		return nil, fmt.Errorf("host %q: %w", name, err)
	}
	h.oldModule = strings.HasPrefix(h.record.HyperVModule, "1.1")
	h.numberBug = strings.HasPrefix(h.record.HyperVModule, "2.0") && hasNumberBug(h.record.PowerShell)
	h.modules, err = registryFor(h.record.HyperVModule, h.machine.MissingCmdlet)
	if err != nil {
		return nil, fmt.Errorf("host %q: %w", name, err)
	}
	h.firewall.setUp()
	return h, nil
}

// hasNumberBug tells whether PowerShell is that of Windows Server 2016 or 2019,
// where (Get-VM).ReplicationState takes WMI's number for PowerShell's.
func hasNumberBug(version string) bool {
	return strings.Contains(version, ".14393.") || strings.Contains(version, ".17763.")
}

// Options are the options of one PowerShell process on the host.
func (h *Host) Options(user string) powershell.Options {
	return powershell.Options{
		Modules: h.modules, Now: h.Clock, Zone: h.settings.Zone, Sleep: h.settings.Sleep,
		ComputerName: h.record.Name, User: user, State: &session{host: h},
		Env: map[string]string{"PROCESSOR_ARCHITECTURE": "AMD64", "USERDNSDOMAIN": domainOf(h.record.FullyQualifiedDomainName)},
	}
}

// ComputerName is the host's own name: its NetBIOS name in upper case.
func (h *Host) ComputerName() string { return h.record.Name }

// PowerShellVersion is the version of PowerShell on the host.
func (h *Host) PowerShellVersion() string { return h.record.PowerShell }

// Clock is the host's own clock, UTC.
func (h *Host) Clock() time.Time {
	if h.settings.CatchUp != nil {
		h.settings.CatchUp()
	}
	return h.machine.Clock()
}

// domainOf is what follows the first label of a DNS name.
func domainOf(fqdn string) string {
	_, domain, _ := strings.Cut(fqdn, ".")
	return domain
}

// session is what the cmdlets of one PowerShell process share.
type session struct {
	host *Host
	jobs jobs

	mu sync.Mutex
	// changes counts the changes made in this process, so that objects know
	// when to look again.
	changes int
}

func (s *session) changed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes++
}

func (s *session) changesSoFar() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changes
}

// waiting is a context that tells when somebody begins to wait for it: a call
// into a live world does so once the world has taken it in.
type waiting struct {
	context.Context
	tell func()
}

// Done tells, and gives the context's own channel.
func (w waiting) Done() <-chan struct{} {
	w.tell()
	return w.Context.Done()
}

// waiting is the context for a call into the host's world.
func (h *Host) waiting(ctx context.Context) context.Context {
	if h.settings.CatchUp == nil {
		return ctx
	}
	return waiting{ctx, h.settings.CatchUp}
}

// sleep waits in the host's time.
func (h *Host) sleep(ctx context.Context, d time.Duration) error {
	if h.settings.Sleep != nil {
		return h.settings.Sleep(ctx, d)
	}
	return pause(ctx, d)
}

// pause waits in real time.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
