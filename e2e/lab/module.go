package lab

import (
	"context"
	"io"
	"maps"
	"strconv"
	"strings"

	"lifeboat.io/e2e/lab/ansible"
	"lifeboat.io/e2e/lab/cmdexe"
	"lifeboat.io/e2e/lab/powershell"
	"lifeboat.io/e2e/lab/powershell/console"
	"lifeboat.io/e2e/lab/winrm"
)

// module carries out what a process was sent on standard input, when that is a
// module of Ansible's.
func (h *Host) module(ctx context.Context, p winrm.Process, input string, stdout io.Writer) (code int, taken bool) {
	payload, is := ansible.Read([]byte(input))
	if !is {
		return 0, false
	}
	start := func(ctx context.Context, line string, env map[string]string, stdin io.Reader, stdout, stderr io.Writer) (int, bool) {
		child := p
		child.Env, child.ConsoleModeStdin = maps.Clone(p.Env), false
		maps.Copy(child.Env, env)
		return cmdexe.Exec(ctx, h.console(child), line, stdin, stdout, stderr)
	}
	return ansible.Run(ctx, ansible.Host{Now: h.shell.Clock, Start: start, Facts: h.facts(p), Encode: console.Encode}, payload, stdout), true
}

// programs are the executables a PowerShell process can start.
func (h *Host) programs(p winrm.Process) func(name string) powershell.Program {
	return func(name string) powershell.Program {
		if !cmdexe.Has(name) {
			return nil
		}
		return func(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
			child := p
			child.ConsoleModeStdin = p.ConsoleModeStdin && stdin == p.Stdin // anything else it is given is a pipe
			code, _ := cmdexe.Exec(ctx, h.console(child), commandLine(name, args), stdin, stdout, stderr)
			return code
		}
	}
}

// commandLine is the command line PowerShell 5.1 makes for a program: words
// with blanks in quotes, quotes inside of them as they are.
func commandLine(name string, args []string) string {
	line := `"` + name + `"`
	for _, a := range args {
		if a == "" || strings.ContainsAny(a, " \t") && !strings.HasPrefix(a, `"`) {
			a = `"` + a + `"`
		}
		line += " " + a
	}
	return line
}

// facts are what Ansible's setup tells of the host.
func (h *Host) facts(p winrm.Process) map[string]any {
	fqdn := h.FQDN()
	name, domain, _ := strings.Cut(fqdn, ".")
	_, user, _ := strings.Cut(p.User, `\`)
	now := h.shell.Clock()
	major, _, _ := strings.Cut(h.shell.PowerShellVersion(), ".")
	powerShell, err := strconv.Atoi(major)
	if err != nil {
		powerShell = 5
	}
	return map[string]any{
		"ansible_os_family": "Windows", "ansible_system": "Win32NT", "ansible_kernel": h.version, "ansible_distribution_version": h.version,
		"ansible_hostname": name, "ansible_netbios_name": h.shell.ComputerName(), "ansible_fqdn": fqdn, "ansible_nodename": fqdn,
		"ansible_domain": domain, "ansible_windows_domain": domain, "ansible_user_id": user, "ansible_env": h.environment(p),
		"ansible_powershell_version": powerShell, "ansible_ip_addresses": []string{h.address},
		"ansible_date_time": map[string]string{"iso8601": now.UTC().Format("2006-01-02T15:04:05Z"), "epoch": strconv.FormatInt(now.Unix(), 10)},
	}
}
