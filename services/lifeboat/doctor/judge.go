package doctor

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/inventory"
)

const (
	// clockWarn is from how far off on a host's clock is worth a look: what the
	// executor allows for when it puts a time to a host's clock.
	clockWarn = 5 * time.Second
	// clockFail is from how far off on Kerberos refuses, and ages of data mean
	// nothing any more.
	clockFail = 5 * time.Minute
)

// Judge says what looks at hosts mean, the worst first. Hosts that were not
// looked at are left out, and so are VMs of which no host was.
func Judge(inv *inventory.Inventory, facts []HostFacts) []Finding {
	byHost := make(map[string]HostFacts, len(facts))
	var findings []Finding
	for _, f := range facts {
		byHost[f.Host] = f
		findings = append(findings, judgeHost(inv, f)...)
	}
	return sorted(append(findings, judgeVMs(inv, byHost)...))
}

// judgeHost judges one host by itself.
func judgeHost(inv *inventory.Inventory, f HostFacts) []Finding {
	if f.Err != nil {
		return []Finding{{Fail, checkReach, f.Host, f.Err.Error(), reachFix(inv, f)}}
	}
	findings := []Finding{
		{Level: OK, Check: checkReach, Subject: f.Host, Detail: fmt.Sprintf("%s, PowerShell %s, Hyper-V module %s", f.Info.FQDN, f.Info.PowerShell, f.Info.Module)},
		judgeClock(f), judgeCmdlets(f), judgeReplication(inv, f),
	}
	if f.VMsErr != nil {
		findings = append(findings, Finding{Fail, checkVMs, f.Host, f.VMsErr.Error(), "the account must be in the group Hyper-V Administrators, or be an administrator"})
	}
	return findings
}

// reachFixes say what to do about a host that does not let us in, by the error's code.
var reachFixes = map[string]string{
	hyperv.CodeUnreachable:  "see that the host is up, that WinRM listens on the port (winrm enumerate winrm/config/listener), and that no firewall is between",
	hyperv.CodeTimeout:      "the host takes the connection but does not answer: see its load, and restart its WinRM service if that does not help",
	hyperv.CodeAccessDenied: "correct the credential in the inventory; its account must be in the groups Hyper-V Administrators and Remote Management Users of the host",
	hyperv.CodeBusy:         "the host's quota for shells is used up: see who else logs in with this account (winrm get winrm/config/winrs)",
	hyperv.CodeGarbage:      "what listens there is not WinRM, or something between changes its answers",
}

func reachFix(inv *inventory.Inventory, f HostFacts) string {
	where := ""
	if h, ok := inv.Host(f.Host); ok {
		where = fmt.Sprintf(" (%s, %s port %d)", h.Address, h.WinRM.Transport, h.WinRM.Port)
	}
	var e *hyperv.Error
	if errors.As(f.Err, &e) {
		if fix, ok := reachFixes[e.Code]; ok {
			return fix + where
		}
		return "see the host's event log, Applications and Services > Microsoft > Windows > Windows Remote Management" + where
	}
	return "correct the host's entry in the inventory" + where
}

// judgeClock compares a host's clock with ours at the middle of the question
// and the answer.
func judgeClock(f HostFacts) Finding {
	middle := f.Asked.Add(f.Answered.Sub(f.Asked) / 2)
	off := f.Info.Clock.Sub(middle)
	doubt := f.Answered.Sub(f.Asked) / 2
	size := max(off, -off) - doubt
	finding := Finding{Level: OK, Check: checkClock, Subject: f.Host, Detail: fmt.Sprintf("%s off, give or take %s", off.Round(time.Millisecond), doubt.Round(time.Millisecond))}
	switch {
	case size > clockFail:
		finding.Level, finding.Fix = Fail, "set the host's clock, and let it follow a time server (w32tm /query /status)"
	case size > clockWarn:
		finding.Level, finding.Fix = Warn, "let the host, and this machine, follow a time server (w32tm /query /status)"
	}
	return finding
}

func judgeCmdlets(f HostFacts) Finding {
	var missing []string
	for _, name := range slices.Sorted(maps.Keys(f.Info.Cmdlets)) {
		if !f.Info.Cmdlets[name] {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return Finding{Fail, checkCmdlets, f.Host, "missing: " + strings.Join(missing, ", "),
			"install the Hyper-V module (Install-WindowsFeature Hyper-V-PowerShell), or let the account's session configuration show them"}
	}
	return Finding{Level: OK, Check: checkCmdlets, Subject: f.Host, Detail: fmt.Sprintf("all %d", len(f.Info.Cmdlets))}
}

// judgeReplication asks whether a host can receive what the inventory wants to
// send it.
func judgeReplication(inv *inventory.Inventory, f HostFacts) Finding {
	if f.Info.ReplicaServer {
		return Finding{Level: OK, Check: checkReplication, Subject: f.Host, Detail: "accepts replication"}
	}
	receives, sends := 0, 0
	for _, v := range inv.VMs {
		switch f.Host {
		case v.Replica, v.Extended:
			receives++
		case v.Primary:
			sends++
		}
	}
	const fix = "Set-VMReplicationServer -ReplicationEnabled $true, and open its firewall rule"
	switch {
	case receives > 0:
		return Finding{Fail, checkReplication, f.Host, fmt.Sprintf("accepts no replication, but is to hold the replicas of %d VMs", receives), fix}
	case sends > 0:
		return Finding{Warn, checkReplication, f.Host, fmt.Sprintf("accepts no replication: a planned failover of its %d VMs cannot replicate back", sends), fix}
	default:
		return Finding{Level: OK, Check: checkReplication, Subject: f.Host, Detail: "accepts no replication, and need not"}
	}
}
