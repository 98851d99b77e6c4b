package run

import (
	"fmt"
	"strings"
	"time"

	"lifeboat.io/events"
	"lifeboat.io/pkg/hyperv"
)

// pointLatest is how a plan names the latest data.
const pointLatest = "latest"

// begin decides on an order that asks for a run.
func begin(p Policy, s State, m Mind, o Order, now time.Time) Ask {
	if w := o.Ticket.Window; w != nil && w.NotBefore != nil && now.Before(*w.NotBefore) {
		return Ask{Do: DoDefer, Settles: o.ID, Until: *w.NotBefore}
	}
	if reasons := outright(s, o, now); len(reasons) > 0 {
		return answer(o, refusal(o, nil, reasons...))
	}
	hosts := o.Protection.Hosts
	seen, again := m.freshWhole, lookWhole
	if o.Ticket.Action == events.ActionPlanned { // neither adapters nor recovery points matter to it
		seen, again = m.fresh, look
	}
	for _, h := range hosts {
		sight, ok := seen(h, now, p.SightAge)
		if !ok {
			return again(hosts[0], hosts[1])
		}
		if !conclusive(p, sight, o) {
			return wait(now.Add(p.PollEvery))
		}
	}
	return plan(p, m, o, now)
}

// outright are the reasons to refuse a run without looking at any host.
func outright(s State, o Order, now time.Time) []events.Reason {
	var out []events.Reason
	if o.Unknown != "" {
		out = append(out, events.NewReason("not-in-inventory", "vms", o.Protection.VM.ID, o.Unknown, "put the VM and its two hosts into the inventory, or name another VM"))
	}
	if w := o.Ticket.Window; w != nil && w.NotAfter != nil && now.After(*w.NotAfter) {
		out = append(out, events.NewReason("window-past", "window.notAfter", w.NotAfter.UTC().Format(time.RFC3339),
			"the window had ended before the run could begin", "submit a new revision with a later window"))
	}
	if s.Active() {
		out = append(out, events.NewReason("vm-in-run", "vms", s.Run.VM.Name,
			fmt.Sprintf("the VM is in run %s (%s failover, %s) for %s", s.Run.Run, s.Run.Kind, s.Run.Phase, s.Run.Ticket),
			"wait until that run has ended, or cancel it"))
	}
	return out
}

// conclusive reports whether a look at a host needs no repeating: it answered,
// or it has been silent for as long as the order waits for it.
func conclusive(p Policy, s Sight, o Order) bool {
	limit := p.LookPatience
	if o.Ticket.Action == events.ActionUnplanned {
		limit = p.SilenceConfirm
	}
	return s.answers() || s.Fault.Class == hyperv.ClassRefuse || s.Fault.Class == hyperv.ClassHold || s.At.Sub(o.Since) >= limit
}

// plan turns an order and a look at both hosts into a run, or refuses it.
func plan(p Policy, m Mind, o Order, now time.Time) Ask {
	who, unclear := cast(o.Protection, m.Sights)
	if unclear != "" {
		return answer(o, refusal(o, nil, events.NewReason("roles-unclear", "vms", o.Protection.VM.ID, unclear,
			"repair the replication, or correct the VM's hosts in the inventory")))
	}
	primary, replica := m.Sights[who.primary], m.Sights[who.replica]
	point, reason := recoveryPoint(o.Ticket, replica)
	reasons := preconditions(o, primary, replica)
	if reason != nil {
		reasons = append(reasons, *reason)
	}
	adapters, badAdapters := testAdapters(o, replica.VM)
	reasons = append(reasons, badAdapters...)
	var seen []events.Witness
	if o.Ticket.Action == events.ActionUnplanned {
		seen = witnesses(primary, replica)
	}
	if len(reasons) > 0 {
		return answer(o, refusal(o, seen, reasons...))
	}
	return answer(o, planned(p, m, o, who, point, adapters, seen))
}

// planned is the event that begins a run.
func planned(p Policy, m Mind, o Order, who roles, point *hyperv.RecoveryPoint, adapters []events.AdapterSwitch, seen []events.Witness) *events.FailoverPlanned {
	kind := events.Kind(o.Ticket.Action)
	primary, replica := m.Sights[who.primary], m.Sights[who.replica]
	d := &events.FailoverPlanned{
		RunRef:        o.ref(),
		Requester:     o.Ticket.Requester,
		Reason:        o.Ticket.Reason,
		SubmittedAt:   o.Ticket.SubmittedAt,
		AcceptedAt:    o.AcceptedAt,
		Window:        o.Ticket.Window,
		Primary:       who.primary,
		Replica:       who.replica,
		Steps:         program(p, kind, who.primary, who.replica, primary.answers() && primary.VM.Present, firstOf(o.Protection.ShutdownGrace, p.ShutdownGrace)),
		AtStake:       atStake(kind, replica.VM, point),
		RecoveryPoint: pointLatest,
		Witnesses:     seen,
		Evidence:      m.evidence(who.primary, who.replica),
	}
	if point != nil {
		d.RecoveryPoint, d.RecoveryPointTime = string(point.ID), instant(point.Time)
	}
	switch kind {
	case events.KindTest:
		d.Adapters = adapters
		d.HoldOpenMinutes = minutes(holdOpen(o.Ticket.Test), o.Protection.HoldOpen, p.HoldOpen)
	case events.KindPlanned:
		d.ShutdownGraceSeconds = int(firstOf(o.Protection.ShutdownGrace, p.ShutdownGrace).Seconds())
		d.ReverseTo = reverseTo(who.receives, who.sends)
	case events.KindUnplanned:
		u := o.Ticket.Unplanned
		if u == nil {
			u = &events.UnplannedOptions{}
		}
		d.Override, d.ShutDownPrimary = u.Override, u.ShutDownPrimary
		d.ShutdownGraceSeconds = int(firstOf(o.Protection.ShutdownGrace, p.ShutdownGrace).Seconds())
		d.CommitAfterMinutes = minutes(u.CommitAfterMinutes, o.Protection.CommitAfter, p.CommitAfter)
		d.AtWindowEnd = o.Protection.AtWindowEnd
		if d.AtWindowEnd == "" {
			d.AtWindowEnd = events.WindowEndCommit
		}
	}
	return d
}

// reverseTo is where a reverse replication goes; nil keeps what the relationship
// has stored, because the inventory does not say how the host receives.
func reverseTo(receives, sends hyperv.ReplicaServer) *events.ReplicaServer {
	if receives.Server == "" {
		return nil
	}
	return &events.ReplicaServer{
		Server: receives.Server, Port: receives.Port,
		Authentication:        string(receives.Authentication),
		CertificateThumbprint: sends.CertificateThumbprint,
	}
}

// holdOpen is how long the ticket wants a test held open, in minutes; 0 when it does not say.
func holdOpen(t *events.TestOptions) int {
	if t == nil {
		return 0
	}
	return t.HoldOpenMinutes
}

// refusal is the event that answers an order with reasons.
func refusal(o Order, seen []events.Witness, reasons ...events.Reason) *events.FailoverRefused {
	return &events.FailoverRefused{RunRef: o.ref(), Action: o.Ticket.Action, By: o.Ticket.TicketRef, Reasons: reasons, Witnesses: seen}
}

// recoveryPoint resolves what the ticket asks for among the points the replica
// has now: they may have changed since the ticket was written.
func recoveryPoint(t events.TicketAccepted, replica Sight) (*hyperv.RecoveryPoint, *events.Reason) {
	want := t.RecoveryPoint
	if want == "" || want == pointLatest || !replica.answers() {
		return nil, nil
	}
	if t.Action == events.ActionPlanned {
		r := events.NewReason("planned-is-latest", "recoveryPoint", want, "a planned failover hands over the last write", `leave recoveryPoint out, or ask for an unplanned failover`)
		return nil, &r
	}
	before, timeErr := time.Parse(time.RFC3339, want)
	var best *hyperv.RecoveryPoint
	for i, point := range replica.VM.RecoveryPoints {
		if strings.EqualFold(string(point.ID), want) || timeErr == nil && !point.Time.After(before) && (best == nil || point.Time.After(best.Time)) {
			best = &replica.VM.RecoveryPoints[i]
		}
	}
	if best != nil {
		return best, nil
	}
	r := events.NewReason("no-such-recovery-point", "recoveryPoint", want, "the replica has no such recovery point now",
		"use latest or one of: "+listPoints(replica.VM.RecoveryPoints))
	return nil, &r
}

// maxListedPoints bounds how many recovery points a refusal lists; Hyper-V keeps at most 24.
const maxListedPoints = 24

func listPoints(points []hyperv.RecoveryPoint) string {
	if len(points) == 0 {
		return "none (this replica keeps no recovery points)"
	}
	var out []string
	for _, p := range points[:min(len(points), maxListedPoints)] {
		out = append(out, fmt.Sprintf("%s of %s", p.ID, p.Time.UTC().Format(time.RFC3339)))
	}
	return strings.Join(out, ", ")
}

// testAdapters resolves which switch each adapter of the test VM gets: the
// ticket's word for the adapter, the ticket's switch, the inventory's likewise,
// or none.
func testAdapters(o Order, replica hyperv.VM) ([]events.AdapterSwitch, []events.Reason) {
	if o.Ticket.Action != events.ActionTest || !replica.Present {
		return nil, nil
	}
	byTicket, byInventory := o.Ticket.Test, &o.Protection.Test
	var reasons []events.Reason
	known := map[string]bool{}
	for _, a := range replica.Adapters {
		known[a.Name] = true
	}
	if byTicket != nil {
		for i, a := range byTicket.Adapters {
			if !known[a.Adapter] {
				reasons = append(reasons, events.NewReason("no-such-adapter", fmt.Sprintf("test.adapters[%d].adapter", i), a.Adapter,
					"the replica VM has no network adapter of this name", "use one of: "+adapterNames(replica.Adapters)))
			}
		}
	}
	var out []events.AdapterSwitch
	for _, a := range replica.Adapters {
		out = append(out, events.AdapterSwitch{Adapter: a.Name, Switch: switchFor(a.Name, byTicket, byInventory)})
	}
	return out, reasons
}

func adapterNames(adapters []hyperv.Adapter) string {
	names := make([]string, len(adapters))
	for i, a := range adapters {
		names[i] = a.Name
	}
	return strings.Join(names, ", ")
}

// switchFor picks an adapter's switch; the first source that says anything wins.
func switchFor(adapter string, sources ...*events.TestOptions) string {
	for _, t := range sources {
		if t == nil {
			continue
		}
		for _, a := range t.Adapters {
			if a.Adapter == adapter {
				return a.Switch
			}
		}
		if t.Switch != "" {
			return t.Switch
		}
	}
	return ""
}

// firstOf is the first duration that is set.
func firstOf(ds ...time.Duration) time.Duration {
	for _, d := range ds {
		if d > 0 {
			return d
		}
	}
	return 0
}

// minutes is the ticket's wish, or else the first duration that is set, rounded up.
func minutes(ticket int, ds ...time.Duration) int {
	if ticket > 0 {
		return ticket
	}
	return int((firstOf(ds...) + time.Minute - 1) / time.Minute)
}
