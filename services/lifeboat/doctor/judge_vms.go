package doctor

import (
	"fmt"
	"slices"
	"strings"

	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/inventory"
)

// judgeVMs compares where VMs are with where the inventory says they are.
func judgeVMs(inv *inventory.Inventory, byHost map[string]HostFacts) []Finding {
	var findings []Finding
	well, unknown := 0, 0
	for _, v := range inv.VMs {
		primary, replica := copyOn(byHost, v.Primary, v.ID), copyOn(byHost, v.Replica, v.ID)
		if !primary.known || !replica.known {
			unknown++
			continue
		}
		found := judgeCopies(v, primary, replica)
		found = append(found, judgeExtended(v, byHost)...)
		found = append(found, judgeSwitches(v, byHost[v.Replica])...)
		if len(found) == 0 {
			well++
		}
		findings = append(findings, found...)
	}
	if well > 0 {
		findings = append(findings, Finding{Level: OK, Check: checkVMs, Subject: "inventory", Detail: fmt.Sprintf("%d VMs are on their hosts in the roles the inventory says", well)})
	}
	if unknown > 0 {
		findings = append(findings, Finding{Warn, checkVMs, "inventory", fmt.Sprintf("%d VMs could not be checked: not all of their hosts were looked at", unknown), "mend the hosts that fail, or check without --host"})
	}
	return findings
}

// copied is a VM as one host has it.
type copied struct {
	host string
	// known tells that the host was looked at, present that it has the VM.
	known, present bool
	name           string
	mode           hyperv.Mode
	power          hyperv.PowerState
}

func copyOn(byHost map[string]HostFacts, host, id string) copied {
	f, ok := byHost[host]
	if !ok || f.VMsErr != nil {
		return copied{host: host}
	}
	c := copied{host: host, known: true}
	i := slices.IndexFunc(f.VMs, func(v hyperv.VMSummary) bool { return v.ID == hyperv.VMID(id) })
	if i >= 0 {
		c.present, c.name, c.mode, c.power = true, f.VMs[i].Name, f.VMs[i].Mode, f.VMs[i].Power
	}
	return c
}

// pair is the roles of a VM's two copies.
type pair struct{ primary, replica hyperv.Mode }

// roles is what the roles of the two copies mean, {primary} and {replica} being
// the hosts by the inventory. Pairs that are not here are failures.
var roles = map[pair]struct {
	level       Level
	detail, fix string
}{
	{hyperv.ModePrimary, hyperv.ModeReplica}: {OK, "", ""},
	{hyperv.ModeReplica, hyperv.ModePrimary}: {Warn,
		"the roles are swapped, as after a planned failover: it belongs to {replica} and replicates to {primary}",
		"exchange primary and replica in the inventory if that is to stay, or ask for a planned failover back"},
	{hyperv.ModeReplica, hyperv.ModeReplica}: {Warn,
		"both copies are replicas, as in the middle of a failover",
		"lifeboat get runs shows whether a run is under way; if none is, reverse the replication on the host that is to be primary"},
}

// judgeCopies judges the two copies of a VM.
func judgeCopies(v inventory.VM, primary, replica copied) []Finding {
	subject := v.Name + " " + v.ID
	var findings []Finding
	for _, c := range []copied{primary, replica} {
		if !c.present {
			findings = append(findings, Finding{Fail, checkVM, subject, fmt.Sprintf("%s has no VM with this id", c.host),
				"correct the id in the inventory (lifeboat config find-vm), or enable replication for the VM"})
			continue
		}
		if c.name != v.Name {
			findings = append(findings, Finding{Warn, checkVM, subject, fmt.Sprintf("is called %q on %s", c.name, c.host), "correct the name in the inventory, or rename the VM"})
		}
	}
	if !primary.present || !replica.present {
		return findings
	}
	if primary.power == hyperv.PowerRunning && replica.power == hyperv.PowerRunning {
		findings = append(findings, Finding{Fail, checkVM, subject, fmt.Sprintf("RUNS ON BOTH %s and %s", primary.host, replica.host),
			"find out which copy serves, and turn the other one off before anything else"})
	}
	meaning, known := roles[pair{primary.mode, replica.mode}]
	switch {
	case !known:
		findings = append(findings, Finding{Fail, checkVM, subject, fmt.Sprintf("is %s on %s and %s on %s", primary.mode, primary.host, replica.mode, replica.host),
			"repair the replication: a failover would be refused"})
	case meaning.level != OK:
		findings = append(findings, Finding{meaning.level, checkVM, subject, strings.NewReplacer("{primary}", primary.host, "{replica}", replica.host).Replace(meaning.detail), meaning.fix})
	}
	return findings
}

// judgeExtended judges the copy of the copy.
func judgeExtended(v inventory.VM, byHost map[string]HostFacts) []Finding {
	if v.Extended == "" {
		return nil
	}
	c := copyOn(byHost, v.Extended, v.ID)
	switch {
	case !c.known, c.mode == hyperv.ModeExtendedReplica:
		return nil
	case !c.present:
		return []Finding{{Fail, checkVM, v.Name + " " + v.ID, fmt.Sprintf("%s has no copy, but the inventory names it as extended", v.Extended), "extend the replication, or take extended out of the inventory"}}
	default:
		return []Finding{{Warn, checkVM, v.Name + " " + v.ID, fmt.Sprintf("is %s on %s, not the extended replica", c.mode, v.Extended), "see whether a failover to the third site is under way; correct the inventory otherwise"}}
	}
}

// judgeSwitches asks whether the switches of a VM's test network are on the
// host where its test VM would be.
func judgeSwitches(v inventory.VM, replica HostFacts) []Finding {
	var findings []Finding
	wanted := []string{v.Test.Switch}
	for _, a := range v.Test.Adapters {
		wanted = append(wanted, a.Switch)
	}
	slices.Sort(wanted)
	for _, name := range slices.Compact(wanted) {
		if name != "" && !slices.Contains(replica.Info.Switches, name) {
			findings = append(findings, Finding{Fail, checkSwitch, v.Name + " " + v.ID, fmt.Sprintf("%s has no virtual switch %q", replica.Host, name),
				"create the switch there, or correct test in the inventory: a test failover would be refused"})
		}
	}
	return findings
}
