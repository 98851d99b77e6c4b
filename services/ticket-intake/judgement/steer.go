package judgement

import (
	"fmt"
	"slices"
	"strings"

	"lifeboat.io/events"
	"lifeboat.io/pkg/inventory"
	"lifeboat.io/services/ticket-intake/ticket"
	"lifeboat.io/services/ticket-intake/vmruns"
)

// steered is a run that a ticket may steer, and how it stands.
type steered struct {
	ticket.Run
	state vmruns.Run
}

// waiting reports whether the run can still be kept from beginning.
func (s steered) waiting() bool { return !s.state.Began() && !s.state.Over() && !s.Withdrawn() }

// steerable lists the runs of the target, one for each VM: the one under way
// if there is one, and that of the newest revision otherwise.
func steerable(c Case) []steered {
	var runs []steered
	for _, run := range c.target().Runs() {
		next := steered{Run: run, state: c.VMs[run.VM.ID].Runs[run.ID]}
		at := slices.IndexFunc(runs, func(s steered) bool { return s.VM.ID == run.VM.ID })
		switch {
		case at < 0:
			runs = append(runs, next)
		case !runs[at].state.Began() || runs[at].state.Over():
			runs[at] = next
		}
	}
	return runs
}

// steeringItems answers each VM of a ticket that steers, and says what speaks
// against it as a whole.
func steeringItems(c Case) ([]events.Reason, []events.Item) {
	runs := steerable(c)
	if len(runs) == 0 {
		return []events.Reason{nothingToSteer(c)}, nil
	}
	chosen, refused := choose(c, runs)
	var items []events.Item
	for _, run := range chosen {
		item := events.Item{VM: run.VM, Reasons: steerReasons(c, run)}
		if c.Request.Action == events.ActionCancel && run.waiting() && !allWaiting(runs, chosen) {
			item.Reasons = append(item.Reasons, inPart(run))
		}
		if item.Accepted() {
			item.Run = run.ID
		}
		items = append(items, item)
	}
	return nil, append(items, refused...)
}

// nothingToSteer says why there is no run.
func nothingToSteer(c Case) events.Reason {
	r := c.Request
	const fix = "give in refers the number of the ticket that asked for the failover"
	switch {
	case !c.self() && c.Target.Count == 0:
		return reason(RefersUnknown, "refers", r.Refers, fmt.Sprintf("is not a ticket of system %s and account %s", r.System, r.Account), fix)
	case c.self() && len(c.Ticket.Revisions) == 0:
		return reason(RefersWithoutRuns, "refers", r.Refers, "is empty, and this ticket has no earlier revision to "+string(r.Action), fix)
	default:
		return reason(RefersWithoutRuns, "refers", r.Refers, "leads to a ticket that was not accepted for any failover", fix)
	}
}

// choose picks the runs of the VMs the request names, all if it names none,
// and refuses names that lead to none.
func choose(c Case, runs []steered) (chosen []steered, refused []events.Item) {
	if len(c.Request.VMs) == 0 {
		return runs, nil
	}
	first := map[string]int{}
	for i, ref := range c.Request.VMs {
		run, wrong := pick(c, runs, i, ref)
		if wrong != nil {
			refused = append(refused, events.Item{VM: ref, Reasons: []events.Reason{*wrong}})
			continue
		}
		if earlier, twice := first[run.VM.ID]; twice {
			refused = append(refused, events.Item{VM: run.VM, Reasons: []events.Reason{vmTwice(i, ref, earlier)}})
			continue
		}
		first[run.VM.ID] = i
		chosen = append(chosen, run)
	}
	return chosen, refused
}

// pick finds the run of one VM by id, by name, or by both.
func pick(c Case, runs []steered, i int, ref events.VMRef) (steered, *events.Reason) {
	field, value := vmField(i, ref)
	var found []steered
	for _, run := range runs {
		if ref.ID == run.VM.ID || ref.ID == "" && ref.Name == run.VM.Name {
			found = append(found, run)
		}
	}
	var wrong events.Reason
	switch {
	case len(found) == 0:
		wrong = reason(VMNotInTicket, field, value, "is not a VM of the ticket referred to", "name one of its VMs: "+vmNames(runs))
	case len(found) > 1:
		ids := make([]events.VMRef, len(found))
		for n, run := range found {
			ids[n] = run.VM
		}
		wrong = ambiguous(field, value, fmt.Sprintf("is the name of %d VMs of the ticket referred to", len(ids)), ids)
	case ref.Name != "" && ref.Name != found[0].VM.Name:
		wrong = otherName(i, ref, found[0].VM.Name)
	default:
		return found[0], nil
	}
	return steered{}, &wrong
}

// vmNames lists the VMs of runs in a reason.
func vmNames(runs []steered) string {
	var names []string
	for i, run := range runs {
		if i == maxCandidates {
			names = append(names, fmt.Sprintf("and %d more", len(runs)-i))
			break
		}
		names = append(names, run.VM.Name)
	}
	return strings.Join(names, ", ")
}

// steerReasons says what speaks against steering one run.
func steerReasons(c Case, run steered) []events.Reason {
	var reasons []events.Reason
	account, _ := c.Inventory.Account(c.Request.Account)
	if contact, ok := account.Contact(c.Request.Requester.Email); ok {
		reasons = lacking(contact, inventory.RightTo(run.Kind))
		if c.Request.Choice == events.ChoiceOverride && !contact.Has(inventory.MayOverride) {
			reasons = append(reasons, reason(OverrideNotAllowed, "requester.email", contact.Email,
				"has no right to override", "let a contact decide who has it"))
		}
	}
	switch c.Request.Action {
	case events.ActionCleanup:
		return append(reasons, openRule(c, run, events.KindTest)...)
	case events.ActionCommit:
		return append(reasons, openRule(c, run, events.KindUnplanned)...)
	case events.ActionCancel:
		return append(reasons, cancelRule(c, run)...)
	case events.ActionResume:
		return append(reasons, resumeRule(c, run)...)
	default:
		return reasons // an action that is not known is the contract's to refuse
	}
}

// openRule is for cleanup and commit, which let a run of one kind through the
// gate it waits at. Whether it waits there at this moment is the executor's to
// see.
func openRule(c Case, run steered, kind events.Kind) []events.Reason {
	if run.Kind != kind {
		return []events.Reason{reason(RunOfOtherKind, "action", string(c.Request.Action),
			fmt.Sprintf("does not go with the %s failover of VM %s", run.Kind, run.VM.Name), otherKindFix(run.Kind))}
	}
	return notUnderWay(c, run)
}

func otherKindFix(kind events.Kind) string {
	switch kind {
	case events.KindTest:
		return "a test failover is ended with cleanup"
	case events.KindUnplanned:
		return "an unplanned failover is completed with commit"
	default:
		return "a planned failover ends by itself; ask for a planned failover back to undo it"
	}
}

// notUnderWay refuses to steer a run that is not under way.
func notUnderWay(c Case, run steered) []events.Reason {
	one := func(code Code, problem, fix string) []events.Reason {
		return []events.Reason{aboutRun(c, run, code, problem, fix)}
	}
	switch {
	case run.state.Over():
		return one(RunEnded, fmt.Sprintf("has ended (%s)", run.state.Outcome), "nothing is left to do; ask for a new failover if one is wanted")
	case !run.state.Began() && run.Withdrawn():
		return one(RunWithdrawn, "was withdrawn before it began", "nothing is left to do; ask for a new failover if one is wanted")
	case !run.state.Began():
		return one(RunNotBegun, "has not begun", "wait until it has, or submit a cancel to withdraw it")
	case run.state.Phase == vmruns.Undoing:
		return one(RunUndoing, "is being undone already", "wait until it has ended")
	}
	return nil
}

// aboutRun builds a reason that lies in how a run stands.
func aboutRun(c Case, run steered, code Code, problem, fix string) events.Reason {
	return reason(code, "refers", c.targetNumber(), fmt.Sprintf("leads to run %s of VM %s, which %s", run.ID, run.VM.Name, problem), fix)
}

// cancelRule allows what is under way, what has not begun, and what this very
// ticket has just kept from beginning.
func cancelRule(c Case, run steered) []events.Reason {
	if run.waiting() || run.WithdrawnBy == c.Request.TicketRef && !run.state.Over() {
		return nil
	}
	return notUnderWay(c, run)
}

// resumeRule allows what is held, with a choice it offers. The fencing of an
// old primary can be held after its run has ended.
func resumeRule(c Case, run steered) []events.Reason {
	hold := run.state.Hold
	if hold == nil {
		if reasons := notUnderWay(c, run); reasons != nil {
			return reasons
		}
		return []events.Reason{aboutRun(c, run, RunNotHeld,
			fmt.Sprintf("is %s and waits for no decision", run.state.Phase), "wait until it is held, or submit a cancel")}
	}
	if slices.Contains(hold.Choices, c.Request.Choice) {
		return nil
	}
	choices := make([]string, len(hold.Choices))
	for i, choice := range hold.Choices {
		choices[i] = string(choice)
	}
	return []events.Reason{reason(ChoiceNotOffered, "choice", string(c.Request.Choice),
		fmt.Sprintf("is not offered by the held run on VM %s", run.VM.Name), "choose one of: "+strings.Join(choices, ", "))}
}

// allWaiting reports whether the chosen runs hold every run that has not begun.
// A ticket is withdrawn as a whole: there is no event that withdraws a part.
func allWaiting(runs, chosen []steered) bool {
	return !slices.ContainsFunc(runs, func(run steered) bool {
		return run.waiting() && !slices.ContainsFunc(chosen, func(s steered) bool { return s.ID == run.ID })
	})
}

func inPart(run steered) events.Reason {
	return reason(WithdrawnInPart, "vms", run.VM.Name, "is one of several VMs whose runs have not begun",
		"cancel without naming VMs to withdraw them all, or submit a new revision of the ticket without this VM")
}

// withdrawable is the newest revision of the target with runs that a cancel
// keeps from beginning.
func withdrawable(c Case) (int, bool) {
	if c.Request.Action != events.ActionCancel {
		return 0, false
	}
	chosen, _ := choose(c, steerable(c))
	revision := 0
	for _, run := range chosen {
		if run.waiting() && run.Revision > revision {
			revision = run.Revision
		}
	}
	return revision, revision > 0
}
