package lookup

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"lifeboat.io/events"
	"lifeboat.io/pkg/bus"
	"lifeboat.io/services/lifeboat/view"
)

// RunAggregate finds the VM a run is on.
func (l Lookup) RunAggregate(ctx context.Context, name string) (events.Aggregate, error) {
	id := strings.TrimPrefix(name, "run/")
	var agg events.Aggregate
	found := false
	err := l.scan(ctx, bus.FromBeginning(), func(e view.Event) {
		if e.Run.Run == id {
			agg, found = e.Aggregate, true
		}
	}, events.TypeFilter(events.FamilyFailover, "planned"), events.TypeFilter(events.FamilyFailover, "refused"))
	if err == nil && !found {
		err = &NotFound{"run", id, "lifeboat get runs lists them; a run that waits for its window is not there before it begins"}
	}
	return agg, err
}

// Run reads a run as it stands.
func (l Lookup) Run(ctx context.Context, name string) (view.Run, error) {
	agg, err := l.RunAggregate(ctx, name)
	if err != nil {
		return view.Run{}, err
	}
	runs, err := l.RunsOf(ctx, agg)
	if err != nil {
		return view.Run{}, err
	}
	id := strings.TrimPrefix(name, "run/")
	run, ok := view.Find(runs, id)
	if !ok {
		return run, &NotFound{"run", id, "its events are gone from the log"}
	}
	return run, nil
}

// RunsOf reads all runs of a VM, oldest first.
func (l Lookup) RunsOf(ctx context.Context, vm events.Aggregate) ([]view.Run, error) {
	history, err := l.history(ctx, vm)
	if err != nil {
		return nil, err
	}
	return view.Runs(history), nil
}

// Runs lists runs: those that wait for a person first, then the newest.
func (l Lookup) Runs(ctx context.Context, q Query) ([]view.Run, error) {
	newest, err := l.newest(ctx, events.FamilyFailover, q.Account)
	if err != nil {
		return nil, err
	}
	var wanted []events.Aggregate
	for agg, last := range newest {
		if q.VM != "" && agg.ID != q.VM || changed(last).Before(q.Since) && !view.Unfinished(last) {
			continue
		}
		wanted = append(wanted, agg)
	}
	found := make([][]view.Run, len(wanted))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxReads)
	for i, agg := range wanted {
		group.Go(func() (err error) {
			found[i], err = l.RunsOf(ctx, agg)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	runs := slices.DeleteFunc(slices.Concat(found...), func(r view.Run) bool {
		return r.Over() && r.ChangedAt.Before(q.Since)
	})
	slices.SortFunc(runs, func(a, b view.Run) int {
		return cmp.Or(cmp.Compare(waits(b), waits(a)), b.BeganAt.Compare(a.BeganAt), strings.Compare(a.ID, b.ID))
	})
	return runs, nil
}

// waits is 1 for a run that waits for a person.
func waits(r view.Run) int {
	if r.Hold != nil {
		return 1
	}
	return 0
}
