package judgement

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"lifeboat.io/events"
	"lifeboat.io/pkg/inventory"
	"lifeboat.io/services/ticket-intake/ticket"
	"lifeboat.io/services/ticket-intake/vmruns"
)

// startItems answers each VM of a ticket that asks for failovers.
func startItems(c Case) []events.Item {
	items := make([]events.Item, len(c.Request.VMs))
	first := map[string]int{}
	for i, ref := range c.Request.VMs {
		found := c.Inventory.FindVM(c.Request.Account, ref)
		if found.Outcome != inventory.FoundVM {
			items[i] = events.Item{VM: ref, Reasons: []events.Reason{notFound(c, i, ref, found)}}
			continue
		}
		item := events.Item{VM: events.VMRef{ID: found.VM.ID, Name: found.VM.Name}}
		if earlier, twice := first[found.VM.ID]; twice {
			item.Reasons = []events.Reason{vmTwice(i, ref, earlier)}
			items[i] = item
			continue
		}
		first[found.VM.ID] = i
		item.Reasons = append(inRun(c, i, found.VM), testSwitch(c, i, found.VM)...)
		if item.Accepted() {
			item.Run = events.RunID(c.Request.TicketRef, found.VM.ID)
		}
		items[i] = item
	}
	return items
}

// notFound refuses a VM that the inventory does not lead to.
func notFound(c Case, i int, ref events.VMRef, found inventory.Lookup) events.Reason {
	field, value := vmField(i, ref)
	switch found.Outcome {
	case inventory.ManyVMs:
		ids := make([]events.VMRef, len(found.Candidates))
		for n, vm := range found.Candidates {
			ids[n] = events.VMRef{ID: vm.ID, Name: vm.Name}
		}
		return ambiguous(field, value, fmt.Sprintf("is the name of %d VMs of account %s", len(ids), c.Request.Account), ids)
	case inventory.OtherName:
		return otherName(i, ref, found.VM.Name)
	default:
		return reason(VMUnknown, field, value, fmt.Sprintf("is not a VM of account %s in the inventory", c.Request.Account),
			"name the VM as the inventory does, or have it added there")
	}
}

// maxCandidates bounds how many ids a reason lists.
const maxCandidates = 10

// ambiguous refuses a name that several VMs have, listing their ids.
func ambiguous(field, value, problem string, candidates []events.VMRef) events.Reason {
	var ids []string
	for i, vm := range candidates {
		if i == maxCandidates {
			ids = append(ids, fmt.Sprintf("and %d more", len(candidates)-i))
			break
		}
		ids = append(ids, vm.ID)
	}
	return reason(VMAmbiguous, field, value, problem, "name the one that is meant by id: "+strings.Join(ids, ", "))
}

func otherName(i int, ref events.VMRef, known string) events.Reason {
	return reason(VMOtherName, fmt.Sprintf("vms[%d].name", i), ref.Name,
		fmt.Sprintf("is not the name of VM %s, which is %q", ref.ID, known), "correct the one that is wrong, or leave the name out")
}

func vmTwice(i int, ref events.VMRef, earlier int) events.Reason {
	field, value := vmField(i, ref)
	return reason(VMTwice, field, value, fmt.Sprintf("is the same VM as entry %d", earlier), "keep one of them")
}

// inRun refuses a VM that is in a run, if this one could begin at once. Whether
// a later one can is seen when its time has come. A run of this very ticket is
// told of once, for the ticket as a whole.
func inRun(c Case, i int, vm inventory.VM) []events.Reason {
	if later(c) {
		return nil
	}
	runs := c.VMs[vm.ID]
	active, ok := runs.Runs[runs.Active]
	if !ok || active.Ticket.Aggregate() == c.Request.Aggregate() {
		return nil
	}
	field, value := vmField(i, c.Request.VMs[i])
	return []events.Reason{reason(VMInRun, field, value,
		fmt.Sprintf("is in run %s (%s failover for %s, %s)", active.Run, active.Kind, active.Ticket, active.Phase),
		wayOut(active))}
}

// later reports whether the request is for a time to come.
func later(c Case) bool {
	w := c.Request.Window
	return w != nil && w.NotBefore != nil && w.NotBefore.After(c.Now)
}

// wayOut says how a run under way is brought to its end.
func wayOut(r vmruns.Run) string {
	switch r.Phase {
	case vmruns.AwaitingCleanup:
		return fmt.Sprintf("submit a cleanup that refers to %s, or wait until %s", r.Ticket.Ticket, r.Until.UTC().Format(time.RFC3339))
	case vmruns.AwaitingCommit:
		return fmt.Sprintf("submit a commit or a cancel that refers to %s, or wait until %s", r.Ticket.Ticket, r.Until.UTC().Format(time.RFC3339))
	case vmruns.Held:
		return fmt.Sprintf("submit a resume that refers to %s with one of its choices", r.Ticket.Ticket)
	case vmruns.Undoing:
		return "wait until it has ended"
	default:
		return fmt.Sprintf("wait until it has ended, or submit a cancel that refers to %s", r.Ticket.Ticket)
	}
}

// testSwitch refuses a test of a VM whose test network nobody has described.
func testSwitch(c Case, i int, vm inventory.VM) []events.Reason {
	if c.Request.Action != events.ActionTest || vm.Network(c.Request.Test).Given() {
		return nil
	}
	field, value := vmField(i, c.Request.VMs[i])
	return []events.Reason{reason(TestSwitchMissing, field, value, "has no test network, neither in the ticket nor in the inventory",
		"give test.switch, or list test.adapters, each with a switch or with an empty one to leave it disconnected")}
}

// underWay refuses new runs beside those of an earlier revision.
func underWay(c Case) []events.Reason {
	for _, run := range c.Ticket.Runs() {
		state := c.VMs[run.VM.ID].Runs[run.ID]
		if !state.Began() || state.Over() {
			continue
		}
		return []events.Reason{reason(RevisionRunning, "revision", strconv.Itoa(c.Request.Revision),
			fmt.Sprintf("asks for new runs while run %s of revision %d is %s on VM %s", run.ID, run.Revision, state.Phase, run.VM.Name),
			wayOut(state))}
	}
	return nil
}

// replaceable is the newest accepted revision whose runs have not all ended;
// that none has begun is underWay's to see.
func replaceable(c Case) (int, bool) {
	runs := c.Ticket.Runs()
	for i := len(runs) - 1; i >= 0; i-- {
		run := runs[i]
		if run.Status == ticket.Accepted && run.Revision < c.Request.Revision && !c.VMs[run.VM.ID].Runs[run.ID].Over() {
			return run.Revision, true
		}
	}
	return 0, false
}

// vmField names a VM of the request in a reason.
func vmField(i int, ref events.VMRef) (field, value string) {
	if ref.ID != "" {
		return fmt.Sprintf("vms[%d].id", i), ref.ID
	}
	return fmt.Sprintf("vms[%d].name", i), ref.Name
}
