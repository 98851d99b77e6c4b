package lookup

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"lifeboat.io/events"
	"lifeboat.io/pkg/bus"
	"lifeboat.io/pkg/inventory"
	"lifeboat.io/services/lifeboat/view"
)

var vmID = regexp.MustCompile(events.PatternVMID)

// VMAggregate finds a VM by name or id, with or without "vm/" before it.
// Account may be empty. By id it also finds a VM that is in the log only.
func (l Lookup) VMAggregate(ctx context.Context, account, name string) (events.Aggregate, error) {
	name = strings.TrimPrefix(name, "vm/")
	inv, err := l.Inventory(ctx)
	if err != nil {
		return events.Aggregate{}, err
	}
	found := slices.DeleteFunc(matching(inv.Inventory, name), func(v inventory.VM) bool { return account != "" && v.Account != account })
	switch {
	case len(found) == 1:
		return aggregateOf(found[0]), nil
	case len(found) > 1:
		names := make([]string, len(found))
		for i, v := range found {
			names[i] = fmt.Sprintf("%s of account %s", v.ID, v.Account)
		}
		return events.Aggregate{}, &Ambiguous{"VM", name, names, "name it by id"}
	}
	if id := inventory.NormalVMID(name); vmID.MatchString(id) {
		aggs, err := l.aggregates(ctx, events.FamilyFailover, account, id)
		if err != nil {
			return events.Aggregate{}, err
		}
		if len(aggs) > 0 {
			return aggs[len(aggs)-1], nil
		}
	}
	return events.Aggregate{}, &NotFound{"VM", name, "lifeboat get vms lists those in the inventory"}
}

// matching are the VMs of an inventory with an id or a name.
func matching(inv *inventory.Inventory, name string) []inventory.VM {
	if v, ok := inv.VM(name); ok {
		return []inventory.VM{v}
	}
	var found []inventory.VM
	for _, v := range inv.VMs {
		if v.Name == name {
			found = append(found, v)
		}
	}
	return found
}

func aggregateOf(v inventory.VM) events.Aggregate {
	return events.Aggregate{Family: events.FamilyFailover, Account: v.Account, ID: v.ID}
}

// VMs lists the VMs of the inventory; of one account, unless that is empty.
func (l Lookup) VMs(ctx context.Context, account string, now time.Time) ([]view.VM, error) {
	inv, err := l.Inventory(ctx)
	if err != nil {
		return nil, err
	}
	newest, err := l.newest(ctx, events.FamilyFailover, account)
	if err != nil {
		return nil, err
	}
	byID := make(map[string][]view.Event, len(newest))
	for agg, last := range newest {
		byID[agg.ID] = last
	}
	vms := slices.DeleteFunc(view.VMs(inv.Inventory, byID, now), func(v view.VM) bool { return account != "" && v.Account != account })
	slices.SortFunc(vms, func(a, b view.VM) int {
		return cmp.Or(strings.Compare(a.Account, b.Account), strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
	})
	return vms, nil
}

// VM is a VM as it stands, with its runs, oldest first.
func (l Lookup) VM(ctx context.Context, agg events.Aggregate, now time.Time) (view.VM, []view.Run, error) {
	inv, err := l.Inventory(ctx)
	if err != nil {
		return view.VM{}, nil, err
	}
	history, err := l.history(ctx, agg)
	if err != nil {
		return view.VM{}, nil, err
	}
	runs := view.Runs(history)
	v, listed := inv.VM(agg.ID)
	listed = listed && v.Account == agg.Account
	if !listed {
		v = inventory.VM{ID: agg.ID, Account: agg.Account}
		if len(runs) > 0 {
			last := runs[len(runs)-1]
			v.Name, v.Primary, v.Replica = last.VM.Name, last.Primary, last.Replica
		}
	}
	out := view.VMOf(v, history, now)
	out.Unlisted = !listed
	return out, runs, nil
}

// Hosts lists the hosts of the inventory.
func (l Lookup) Hosts(ctx context.Context, now time.Time) ([]view.Host, error) {
	inv, err := l.Inventory(ctx)
	if err != nil {
		return nil, err
	}
	var seen view.Sightings
	if err := l.scan(ctx, bus.FromLastOfEachSubject(), seen.Add, events.FamilyFilter(events.FamilyFailover)); err != nil {
		return nil, err
	}
	return view.Hosts(inv.Inventory, seen, now), nil
}

// Host finds a host by name, with or without "host/" before it.
func (l Lookup) Host(ctx context.Context, name string, now time.Time) (view.Host, error) {
	name = strings.TrimPrefix(name, "host/")
	hosts, err := l.Hosts(ctx, now)
	if err != nil {
		return view.Host{}, err
	}
	i := slices.IndexFunc(hosts, func(h view.Host) bool { return h.Name == name })
	if i < 0 {
		return view.Host{}, &NotFound{"host", name, "lifeboat get hosts lists those in the inventory"}
	}
	return hosts[i], nil
}
