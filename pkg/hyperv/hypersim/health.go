package hypersim

import (
	"time"

	"lifeboat.io/pkg/hyperv"
)

// behindLimit is how old the last replication may be before health suffers.
const behindLimit = instant(time.Hour)

// missedPercent is how many cycles of the interval may be missed.
const missedPercent = 20

// healthRule is one reason for a health worse than Normal.
type healthRule struct {
	worse hyperv.Health
	when  func(r *relation) bool
	// detail is the text Measure-VMReplication shows; %s is the VM's name.
	// Empty where no text is known.
	detail string
}

// healthRules hold in this order; the first that applies decides, so the
// Critical ones stand first.
var healthRules = []healthRule{
	{hyperv.HealthCritical, func(r *relation) bool { return r.in(wmiCritical, wmiWaitingResync, wmiUpdateError) },
		"Replication for virtual machine '%s' is in error. Fix the error(s) and resume replication."},
	{hyperv.HealthCritical, func(r *relation) bool { return r.wmi == wmiSuspended && !r.sends() }, ""},
	{hyperv.HealthCritical, func(r *relation) bool { return r.cannotSend && r.sends() && r.wmi != wmiPrepared }, ""},
	{hyperv.HealthWarning, func(r *relation) bool { return r.in(wmiReady, wmiWaitingIR, wmiResyncing, wmiResyncPaused) }, ""},
	{hyperv.HealthWarning, func(r *relation) bool { return r.in(wmiRecovered, wmiCommitted, wmiFailoverRuns) }, ""},
	{hyperv.HealthWarning, func(r *relation) bool { return r.wmi == wmiSuspended && r.sends() }, ""},
	{hyperv.HealthWarning, func(r *relation) bool { return r.stats.missed*100 > (r.stats.missed+r.stats.good)*missedPercent },
		"More than 20 percent of replication cycles have been missed for virtual machine '%s'. Replication might be encountering problems."},
	{hyperv.HealthWarning, func(r *relation) bool { return r.behind() },
		"Replica virtual machine '%s' is behind the primary by more than an hour."},
}

func (r *relation) behind() bool {
	return r.lastReplication != never && r.wmi != wmiPrepared && r.vm.m.w.now-r.lastReplication > behindLimit
}

// health is the relationship's health as the host shows it.
func (r *relation) health() hyperv.Health {
	if r.wmi == wmiDisabled || r.vm.mode == hyperv.ModeNone || r.vm.mode == hyperv.ModeTestReplica {
		return hyperv.HealthNotApplicable
	}
	if r.wmi == wmiPrepared {
		if h := r.vm.m.w.assume.PreparedHealth; h != "" {
			return hyperv.Health(h)
		}
		return hyperv.HealthWarning
	}
	for i := range healthRules {
		if healthRules[i].when(r) {
			return healthRules[i].worse
		}
	}
	return hyperv.HealthNormal
}
