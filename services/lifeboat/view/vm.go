package view

import (
	"slices"
	"time"

	"lifeboat.io/events"
	"lifeboat.io/pkg/inventory"
)

// VM is a VM of the inventory with what the log knows of it.
type VM struct {
	// ID, Name and Account are the inventory's.
	ID      string `json:"id"`
	Name    string `json:"name"`
	Account string `json:"account"`
	// Primary, Replica and Extended are the hosts it is normally on.
	Primary  string `json:"primary"`
	Replica  string `json:"replica"`
	Extended string `json:"extended,omitempty"`
	// RPOMinutes and RTOMinutes are its objectives; 0 when none is set.
	RPOMinutes int `json:"rpoMinutes,omitempty"`
	RTOMinutes int `json:"rtoMinutes,omitempty"`
	// Unlisted tells that the inventory does not have it (any more).
	Unlisted bool `json:"unlisted,omitempty"`
	// Live is the host it was last seen running on; nil when it never was seen running.
	Live *Live `json:"live,omitempty"`
	// Seen is what was last read of it on each host.
	Seen []Sighting `json:"seen,omitempty"`
	// Run is its latest run, shortened; nil when it has none.
	Run *RunSummary `json:"run,omitempty"`
}

// Live is where a VM was last seen running as the primary copy.
type Live struct {
	// Host is where, At when.
	Host string    `json:"host"`
	At   time.Time `json:"at"`
	// Stale tells that it is too old to be taken for the present.
	Stale bool `json:"stale"`
}

// RunSummary is a run in a list of VMs.
type RunSummary struct {
	// ID, Kind and Ticket are the run's.
	ID     string           `json:"run"`
	Kind   events.Kind      `json:"kind"`
	Ticket events.TicketRef `json:"ticket"`
	// Event is the short name of what was heard last, At when, News in a sentence.
	Event string    `json:"event"`
	At    time.Time `json:"at"`
	News  string    `json:"news"`
	// Over tells that it has ended.
	Over bool `json:"over"`
}

// VMs joins the VMs of an inventory with the newest events of each VM's
// aggregate: the last of each type are enough. A VM that has events but is not
// in the inventory is left out.
func VMs(inv *inventory.Inventory, newest map[string][]Event, now time.Time) []VM {
	vms := make([]VM, 0, len(inv.VMs))
	for _, v := range inv.VMs {
		vms = append(vms, VMOf(v, newest[v.ID], now))
	}
	return vms
}

// VMOf is one VM of the inventory with its newest events.
func VMOf(v inventory.VM, newest []Event, now time.Time) VM {
	out := VM{
		ID: v.ID, Name: v.Name, Account: v.Account, Primary: v.Primary, Replica: v.Replica, Extended: v.Extended,
		RPOMinutes: v.RPOMinutes, RTOMinutes: v.RTOMinutes,
	}
	var seen Sightings
	var hosts []string
	for _, h := range []string{v.Primary, v.Replica, v.Extended} {
		if h != "" {
			hosts = append(hosts, h)
		}
	}
	for _, e := range newest {
		seen.Add(e)
		for _, r := range readings(e.Data) {
			if !slices.Contains(hosts, r.Host) {
				hosts = append(hosts, r.Host)
			}
		}
	}
	out.Seen = seen.Of(v.ID, hosts, now)
	out.Live = live(out.Seen)
	out.Run = summary(newest)
	return out
}

// live finds the copy that runs. When two were seen running, as before an old
// primary is fenced, the newer sighting is told; both stand in Seen.
func live(seen []Sighting) *Live {
	var found *Live
	for _, s := range seen {
		r := s.Reading
		if r.Power != "Running" || found != nil && !found.At.Before(r.ReadAt) {
			continue
		}
		found = &Live{Host: r.Host, At: r.ReadAt, Stale: s.Stale}
	}
	return found
}

// ending are the events after which a run is over.
var ending = []string{"succeeded", "failed", "cancelled", "refused"}

// summary is the run that was heard of last. What was refused to a run that is
// under way tells nothing of how it stands.
func summary(newest []Event) *RunSummary {
	var last *Event
	for i, e := range newest {
		if e.Run.Run != "" && !refusedSteering(e) && (last == nil || last.Seq < e.Seq) {
			last = &newest[i]
		}
	}
	if last == nil {
		return nil
	}
	over := slices.ContainsFunc(newest, func(e Event) bool {
		return e.Run.Run == last.Run.Run && slices.Contains(ending, events.ShortName(e.Type)) && !refusedSteering(e)
	})
	return &RunSummary{
		ID: last.Run.Run, Kind: last.Run.Kind, Ticket: last.Run.Ticket,
		Event: events.ShortName(last.Type), At: last.At, News: last.Sentence, Over: over,
	}
}

// refusedSteering reports whether an event refuses to steer a run.
func refusedSteering(e Event) bool {
	d, ok := e.Data.(*events.FailoverRefused)
	return ok && !d.Action.Starts()
}

// Unfinished reports whether a VM, by its newest events, has a run under way or
// an old primary that is still to be fenced.
func Unfinished(newest []Event) bool {
	run := summary(newest)
	if run == nil {
		return false
	}
	if !run.Over {
		return true
	}
	var due, fenced uint64
	for _, e := range newest {
		switch d := e.Data.(type) {
		case *events.FailoverSucceeded:
			if d.FenceDue != "" {
				due = max(due, e.Seq)
			}
		case *events.FailoverFailed:
			if d.FenceDue != "" {
				due = max(due, e.Seq)
			}
		case *events.FailoverFenced:
			fenced = max(fenced, e.Seq)
		}
	}
	return due > fenced
}
