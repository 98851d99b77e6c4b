package run

import (
	"fmt"
	"slices"

	"lifeboat.io/events"
	"lifeboat.io/pkg/hyperv"
)

// precondition is one row of what must hold before a run is planned.
type precondition struct {
	// code names the rule.
	code string
	// kinds are the failovers it holds for.
	kinds []events.Kind
	// broken says how the rule is broken; "" when it holds.
	broken func(primary, replica Sight, o Order) string
	// fix is what would make the request acceptable.
	fix string
}

var (
	all       = []events.Kind{events.KindTest, events.KindPlanned, events.KindUnplanned}
	testOnly  = []events.Kind{events.KindTest}
	planOnly  = []events.Kind{events.KindPlanned}
	unplanned = []events.Kind{events.KindUnplanned}
)

// conditions are checked on a fresh look at both hosts; every broken one is
// told. The sources are Hyper-V's own checks (Start-VMFailover and
// Set-VMReplication -Reverse) and the promises.
var conditions = []precondition{
	{
		code: "replica-silent", kinds: all,
		broken: func(_, r Sight, _ Order) string {
			if r.answers() {
				return ""
			}
			return fmt.Sprintf("the replica's host does not answer (%s): %s", r.Fault.Code, r.Fault.Message)
		},
		fix: "make the host answer (lifeboat doctor shows what is wrong), then submit a new revision",
	},
	{
		code: "primary-silent", kinds: planOnly,
		broken: func(p, _ Sight, _ Order) string {
			if p.answers() {
				return ""
			}
			return fmt.Sprintf("the primary's host does not answer (%s): %s", p.Fault.Code, p.Fault.Message)
		},
		fix: "make the host answer, or ask for an unplanned failover if the primary is lost",
	},
	{
		code: "replica-not-ready", kinds: testOnly,
		broken: onReplica(func(vm hyperv.VM) string { return cannotStartFrom(vm, testsFrom) }),
		fix:    "wait until replication runs and no failover or test is left on the replica, then submit a new revision",
	},
	{
		code: "replica-not-ready", kinds: planOnly,
		broken: onReplica(func(vm hyperv.VM) string {
			return cannotStartFrom(vm, []hyperv.ReplicationState{hyperv.StateReplicating})
		}),
		fix: "wait until replication runs and no failover or test is left on the replica, then submit a new revision",
	},
	{
		code: "replica-not-ready", kinds: unplanned,
		broken: onReplica(func(vm hyperv.VM) string { return cannotStartFrom(vm, failsOverFrom) }),
		fix:    "if the replica was failed over outside lifeboat, finish or undo that first; a replica in Error needs Resume-VMReplication on its host",
	},
	{
		code: "primary-not-ready", kinds: planOnly,
		broken: onPrimary(plannedFrom),
		fix:    "repair or resume the replication until it is Replicating, then submit a new revision",
	},
	{
		code: "extended-replica", kinds: planOnly,
		broken: onReplica(func(vm hyperv.VM) string {
			if vm.Extended == nil {
				return ""
			}
			return "the replica is replicated on to a third site, which reversing would cut off"
		}),
		fix: "remove the extended replication first",
	},
	{
		code: "primary-runs", kinds: unplanned,
		broken: func(p, _ Sight, o Order) string {
			if u := o.Ticket.Unplanned; !p.answers() || !lives(p.VM) || u != nil && u.ShutDownPrimary {
				return ""
			}
			return fmt.Sprintf("the primary answers and runs the VM (%s)", p.VM.Power)
		},
		fix: "ask for a planned failover, which loses nothing, or set unplanned.shutDownPrimary to have it shut down first",
	},
}

func onReplica(broken func(hyperv.VM) string) func(p, r Sight, o Order) string {
	return func(_, r Sight, _ Order) string {
		if !r.answers() {
			return "" // told by its own rule
		}
		return broken(r.VM)
	}
}

func onPrimary(broken func(hyperv.VM) string) func(p, r Sight, o Order) string {
	return func(p, _ Sight, _ Order) string {
		if !p.answers() {
			return ""
		}
		return broken(p.VM)
	}
}

// plannedFrom says why a primary cannot begin a planned failover.
func plannedFrom(vm hyperv.VM) string {
	switch {
	case !vm.Present:
		return "the primary's host has no VM with this id"
	case vm.Replication.State != hyperv.StateReplicating:
		return fmt.Sprintf("replication on the primary is %s, not Replicating", vm.Replication.State)
	case vm.Replication.Health == hyperv.HealthCritical:
		return "replication health on the primary is Critical"
	case vm.Power != hyperv.PowerRunning && vm.Power != hyperv.PowerOff:
		return fmt.Sprintf("the primary VM is %s; it must be Running or Off", vm.Power)
	}
	return ""
}

// preconditions lists every rule an order breaks.
func preconditions(o Order, primary, replica Sight) []events.Reason {
	var out []events.Reason
	for _, c := range conditions {
		if !slices.Contains(c.kinds, events.Kind(o.Ticket.Action)) {
			continue
		}
		if problem := c.broken(primary, replica, o); problem != "" {
			out = append(out, events.NewReason(c.code, "vms", o.Protection.VM.Name, problem, c.fix))
		}
	}
	return out
}
