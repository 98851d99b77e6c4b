package lookup

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"lifeboat.io/events"
	"lifeboat.io/pkg/bus"
	"lifeboat.io/pkg/inventory/revisions"
	"lifeboat.io/services/lifeboat/view"
)

// maxReads bounds how many histories are read at a time.
const maxReads = 8

// Lookup finds things on a bus.
type Lookup struct {
	// Bus is where they are.
	Bus *bus.Bus
}

// NotFound tells that there is no such thing.
type NotFound struct {
	// What is what was looked for, such as "run", and Name what it was called.
	What, Name string
	// Fix is how to find it.
	Fix string
}

// Error names it and says how to find it.
func (e *NotFound) Error() string {
	return fmt.Sprintf("there is no %s %q; %s", e.What, e.Name, e.Fix)
}

// Ambiguous tells that several things have the name.
type Ambiguous struct {
	// What and Name are as in NotFound.
	What, Name string
	// Found are the names that tell them apart.
	Found []string
	// Fix is how to say which one is meant.
	Fix string
}

// Error lists them.
func (e *Ambiguous) Error() string {
	return fmt.Sprintf("%d %ss are called %q: %s; %s", len(e.Found), e.What, e.Name, strings.Join(e.Found, ", "), e.Fix)
}

// ErrNoInventory tells that nothing has stored an inventory yet.
var ErrNoInventory = errors.New("no inventory is stored on this bus yet; lifeboat serve stores the one its configuration names")

// Inventory is the inventory that holds.
func (l Lookup) Inventory(ctx context.Context) (revisions.Revision, error) {
	r, err := revisions.Latest(ctx, l.Bus)
	if errors.Is(err, bus.ErrNotFound) {
		return r, ErrNoInventory
	}
	return r, err
}

// scan reads what is stored on the filters at the moment, in order.
func (l Lookup) scan(ctx context.Context, start bus.Start, handle func(view.Event), filters ...string) error {
	stored, done := context.WithCancel(ctx)
	defer done()
	err := l.Bus.Watch(stored, bus.Watch{Filters: filters, Start: start, CaughtUp: done}, func(r bus.Recorded) error {
		handle(view.Of(r.Seq, r.Event))
		return nil
	})
	if err == nil {
		err = ctx.Err()
	}
	return err
}

// history is all events of an aggregate as views read them.
func (l Lookup) history(ctx context.Context, agg events.Aggregate) ([]view.Event, error) {
	recorded, err := l.Bus.History(ctx, agg)
	if err != nil {
		return nil, err
	}
	history := make([]view.Event, len(recorded))
	for i, r := range recorded {
		history[i] = view.Of(r.Seq, r.Event)
	}
	return history, nil
}

// newest is the last event of each type of every aggregate of a family; of one
// account, unless that is empty.
func (l Lookup) newest(ctx context.Context, family events.Family, account string) (map[events.Aggregate][]view.Event, error) {
	found := map[events.Aggregate][]view.Event{}
	err := l.scan(ctx, bus.FromLastOfEachSubject(), func(e view.Event) {
		found[e.Aggregate] = append(found[e.Aggregate], e)
	}, familyOf(family, account))
	return found, err
}

// familyOf matches all events of a family; of one account, unless that is empty.
func familyOf(family events.Family, account string) string {
	all := events.FamilyFilter(family)
	if account == "" {
		return all
	}
	return strings.TrimSuffix(all, ">") + events.Token(account) + ".>"
}

// everyAccount matches the events of an aggregate id, in whichever account.
func everyAccount(family events.Family, id string) string {
	return strings.TrimSuffix(events.FamilyFilter(family), ">") + "*." + events.Token(id) + ".>"
}

// aggregates finds which accounts have an aggregate with this id.
func (l Lookup) aggregates(ctx context.Context, family events.Family, account, id string) ([]events.Aggregate, error) {
	if account != "" {
		agg := events.Aggregate{Family: family, Account: account, ID: id}
		_, ok, err := l.Bus.Last(ctx, agg)
		if err != nil || !ok {
			return nil, err
		}
		return []events.Aggregate{agg}, nil
	}
	var found []events.Aggregate
	known := map[events.Aggregate]bool{}
	err := l.scan(ctx, bus.FromLastOfEachSubject(), func(e view.Event) {
		if !known[e.Aggregate] {
			known[e.Aggregate] = true
			found = append(found, e.Aggregate)
		}
	}, everyAccount(family, id))
	return found, err
}
