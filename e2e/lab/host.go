package lab

import (
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"lifeboat.io/e2e/lab/cmdexe"
	"lifeboat.io/e2e/lab/cmdlets"
	"lifeboat.io/e2e/lab/powershell/console"
	"lifeboat.io/e2e/lab/winrm"
	"lifeboat.io/pkg/hyperv/hypersim"
)

// memoryPerPowerShell is what a PowerShell process with the Hyper-V module
// takes of its shell's memory quota, in bytes.
const memoryPerPowerShell = 100 << 20

// exitNoMemory is STATUS_NO_MEMORY, with which a process ends that cannot start.
const exitNoMemory = -1073741801

// Host is one host of a lab: a machine of the world with a WinRM service.
type Host struct {
	lab     *Lab
	spec    hypersim.HostSpec
	machine *hypersim.Machine
	shell   *cmdlets.Host
	server  *winrm.Server
	address string
	version string // of Windows, as ver shows it

	powerShells atomic.Uint64 // started so far
	running     atomic.Int64  // running now

	// down, still are what the wire shows; stuck tells that only the machine's
	// management service stands still. Guarded by Lab.mu.
	down, still, stuck bool
}

func (l *Lab) newHost(ctx context.Context, spec hypersim.HostSpec, address string, seed uint64) (*Host, error) {
	h := &Host{lab: l, spec: spec, machine: l.world.Machine(spec.Name), address: address}
	settings := cmdlets.Settings{Latency: l.options.CmdletLatency, CatchUp: l.clock.CatchUp, Sleep: l.clock.Sleep, Zone: l.options.Zones[spec.Site]}
	var err error
	if h.shell, err = cmdlets.NewHost(ctx, l.world, spec.Name, settings); err != nil {
		return nil, err
	}
	h.version = "10.0." + strings.TrimPrefix(h.shell.PowerShellVersion(), "5.1.")
	certificate, err := h.certificate(CertificateValid)
	if err != nil {
		return nil, fmt.Errorf("host %q: certificate: %w", spec.Name, err)
	}
	h.server, err = winrm.New(winrm.Config{
		Name:        h.machine.FQDN(),
		Users:       []winrm.User{{Name: Administrator, Password: l.options.Password, CertificateUPN: Administrator, Administrator: true}},
		Run:         h.run,
		Executable:  func(path string) bool { return program(path) != "" },
		Auth:        winrm.Auth{Basic: true, Negotiate: true, Kerberos: l.options.Keytab != nil, Certificate: true, AllowUnencrypted: l.options.AllowUnencrypted},
		Keytab:      l.options.Keytab,
		Quotas:      l.options.Quotas,
		Certificate: &certificate, ClientCAs: l.ca.Pool(),
		Now: h.shell.Clock, Seed: l.options.World.Seed + seed, Observe: l.options.Observe,
		PowerCut: func() { _ = l.Do(hypersim.Action{Do: hypersim.DoKill, Host: spec.Name}) }, // a host there is
	})
	if err != nil {
		return nil, fmt.Errorf("host %q: %w", spec.Name, err)
	}
	return h, nil
}

// listen opens the host's ports: WinRM's own, or any where hosts share an
// address.
func (h *Host) listen(shared bool) error {
	http, https := httpPort, httpsPort
	if shared {
		http, https = 0, 0
	}
	err := h.server.Start(net.JoinHostPort(h.address, strconv.Itoa(http)), net.JoinHostPort(h.address, strconv.Itoa(https)))
	if err != nil {
		return fmt.Errorf("host %q: %w (is another lab running? give this one another --address, such as 127.0.9.1)", h.spec.Name, err)
	}
	return nil
}

// Name is the host's name in the world, and in the inventory.
func (h *Host) Name() string { return h.spec.Name }

// FQDN is the host's full name.
func (h *Host) FQDN() string { return h.machine.FQDN() }

// Site is where the host stands.
func (h *Host) Site() string { return h.spec.Site }

// Address is the host's IP address.
func (h *Host) Address() string { return h.address }

// HTTP and HTTPS are the base URLs of WinRM; the path is /wsman.
func (h *Host) HTTP() string  { return "http://" + h.listener(0) }
func (h *Host) HTTPS() string { return "https://" + h.listener(1) }

func (h *Host) listener(i int) string {
	http, https := h.server.Addresses()
	return [...]string{http, https}[i]
}

// Ports are those of WinRM, HTTP and HTTPS.
func (h *Host) Ports() (http, https int) {
	port := func(address string) int {
		_, text, err := net.SplitHostPort(address)
		if err != nil {
			return 0
		}
		n, err := strconv.Atoi(text)
		if err != nil {
			return 0
		}
		return n
	}
	return port(h.listener(0)), port(h.listener(1))
}

// WinRM is the host's WinRM service, for faults of the wire and counters.
func (h *Host) WinRM() *winrm.Server { return h.server }

// Machine is the host's machine in the world.
func (h *Host) Machine() *hypersim.Machine { return h.machine }

// PowerShells is how many PowerShell processes were started so far, and how
// many run now.
func (h *Host) PowerShells() (started uint64, running int64) {
	return h.powerShells.Load(), h.running.Load()
}

// follow lets the wire show how the machine is, and tells whether it is down.
// Lab.mu is held.
func (h *Host) follow() (down bool) {
	now := h.machine.Condition()
	if now.Down != h.down {
		h.down = now.Down
		switch {
		case !now.Down:
			_ = h.server.Resume() // its ports were its own before
		case !h.server.Powerless():
			h.server.Stop()
		}
	}
	h.stuck = h.stuck && now.Frozen
	if still := !now.Down && (now.Frozen && !h.stuck || now.Unreachable); still != h.still {
		h.still = still
		if still {
			h.server.Freeze()
		} else {
			h.server.Thaw()
		}
	}
	return now.Down
}

// run runs a process of a remote shell.
func (h *Host) run(ctx context.Context, p winrm.Process) int {
	ctx, cancel := context.WithCancel(ctx) // whatever it started ends with it
	defer cancel()
	if p.SkipCmdShell && program(p.CommandLine) == "powershell" {
		return h.powerShell(ctx, p, p.Line(), p.Stdin, p.Stdout, p.Stderr)
	}
	return cmdexe.Run(ctx, h.console(p), p.Line(), p.Stdin, p.Stdout, p.Stderr)
}

// console is what cmd.exe knows of the host, in a process.
func (h *Host) console(p winrm.Process) cmdexe.Host {
	return cmdexe.Host{
		ComputerName: h.shell.ComputerName(), User: p.User, Version: h.version, Address: h.address, Env: h.environment(p),
		PowerShell: func(ctx context.Context, line string, stdin io.Reader, stdout, stderr io.Writer) int {
			return h.powerShell(ctx, p, line, stdin, stdout, stderr)
		},
	}
}

// environment are the variables of a process: the machine's, the user's and
// those its shell was given.
func (h *Host) environment(p winrm.Process) map[string]string {
	domain, name, _ := strings.Cut(p.User, `\`)
	env := map[string]string{
		"COMPUTERNAME": h.shell.ComputerName(), "USERDOMAIN": domain, "USERNAME": name, "USERPROFILE": `C:\Users\` + name,
		"OS": "Windows_NT", "PROCESSOR_ARCHITECTURE": "AMD64", "SYSTEMDRIVE": "C:", "SYSTEMROOT": `C:\Windows`, "WINDIR": `C:\Windows`,
	}
	for name, value := range p.Env {
		env[strings.ToUpper(name)] = value
	}
	return env
}

// program is which of the programs a host has a path names; empty when none.
func program(path string) string {
	name := strings.ToLower(strings.Trim(strings.TrimSpace(path), `"`))
	name = strings.TrimSuffix(name[strings.LastIndexAny(name, `\/`)+1:], ".exe")
	switch name {
	case "powershell", "cmd":
		return name
	}
	return ""
}

// powerShell is powershell.exe on the host.
func (h *Host) powerShell(ctx context.Context, p winrm.Process, line string, stdin io.Reader, stdout, stderr io.Writer) int {
	h.powerShells.Add(1)
	h.running.Add(1)
	defer h.running.Add(-1)
	if err := p.Reserve(memoryPerPowerShell); err != nil {
		return exitNoMemory
	}
	defer func() { _ = p.Reserve(-memoryPerPowerShell) }() // giving back does not fail
	if err := pause(ctx, h.lab.options.PowerShellStart); err != nil {
		return console.ExitCancelled
	}
	o := h.shell.Options(p.User)
	for name, value := range p.Env {
		o.Env[name] = value
	}
	o.Program = h.programs(p)
	process := console.Process{Options: o, Piped: !p.ConsoleModeStdin, Take: func(ctx context.Context, input string, stdout, _ io.Writer) (int, bool) {
		return h.module(ctx, p, input, stdout)
	}}
	return process.Command(ctx, line, stdin, stdout, stderr)
}

// pause waits in real time.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
