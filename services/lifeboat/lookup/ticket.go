package lookup

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"lifeboat.io/events"
	"lifeboat.io/services/lifeboat/view"
)

// TicketName is a ticket as a person writes it: <system>~<number>, or the
// number alone, with or without "ticket/" before it.
func TicketName(name string) (system, number string) {
	name = strings.TrimPrefix(name, "ticket/")
	return view.SplitTicket(name)
}

// TicketAggregate finds a ticket by its name. Account may be empty.
func (l Lookup) TicketAggregate(ctx context.Context, account, name string) (events.Aggregate, error) {
	system, number := TicketName(name)
	var systems []string
	if system != "" {
		systems = []string{system}
	} else {
		inv, err := l.Inventory(ctx)
		if err != nil {
			return events.Aggregate{}, err
		}
		for _, s := range inv.Systems {
			systems = append(systems, s.Name)
		}
	}
	var found []events.Aggregate
	for _, s := range systems {
		aggs, err := l.aggregates(ctx, events.FamilyTicket, account, events.TicketID(s, number))
		if err != nil {
			return events.Aggregate{}, err
		}
		found = append(found, aggs...)
	}
	switch len(found) {
	case 0:
		return events.Aggregate{}, &NotFound{"ticket", name, "lifeboat get tickets lists those that were answered; one that was just submitted has its answer in a moment"}
	case 1:
		return found[0], nil
	}
	names := make([]string, len(found))
	for i, agg := range found {
		names[i] = fmt.Sprintf("%s of account %s", agg.ID, agg.Account)
	}
	return events.Aggregate{}, &Ambiguous{"ticket", name, names, "write <system>~<number> and --account"}
}

// Ticket reads a ticket as it stands.
func (l Lookup) Ticket(ctx context.Context, agg events.Aggregate) (view.Ticket, error) {
	history, err := l.history(ctx, agg)
	if err != nil {
		return view.Ticket{}, err
	}
	t, ok := view.TicketOf(history)
	if !ok {
		return t, &NotFound{"ticket", agg.ID, "it has no answer yet, or was never submitted to account " + agg.Account}
	}
	return t, nil
}

// Query says which tickets or runs to list.
type Query struct {
	// Account, when set, must match.
	Account string
	// VM, when set, is the id of the VM they are about.
	VM string
	// Since is how far back those that are over are listed. What is not over is always listed.
	Since time.Time
}

// Tickets lists tickets, those heard of last first.
func (l Lookup) Tickets(ctx context.Context, q Query) ([]view.Ticket, error) {
	newest, err := l.newest(ctx, events.FamilyTicket, q.Account)
	if err != nil {
		return nil, err
	}
	var wanted []events.Aggregate
	for agg, last := range newest {
		if changed(last).Before(q.Since) && closed(last) {
			continue
		}
		wanted = append(wanted, agg)
	}
	tickets := make([]view.Ticket, len(wanted))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxReads)
	for i, agg := range wanted {
		group.Go(func() (err error) {
			tickets[i], err = l.Ticket(ctx, agg)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	tickets = slices.DeleteFunc(tickets, func(t view.Ticket) bool {
		return t.Over() && t.ChangedAt.Before(q.Since) || q.VM != "" && !about(t, q.VM)
	})
	slices.SortFunc(tickets, func(a, b view.Ticket) int { return b.ChangedAt.Compare(a.ChangedAt) })
	return tickets, nil
}

// about reports whether a ticket names a VM.
func about(t view.Ticket, vm string) bool {
	return slices.ContainsFunc(t.Revisions, func(r view.Revision) bool {
		return slices.ContainsFunc(r.Items, func(i events.Item) bool { return i.VM.ID == vm })
	})
}

// changed is the time of the newest of some events.
func changed(newest []view.Event) time.Time {
	var at time.Time
	for _, e := range newest {
		if e.At.After(at) {
			at = e.At
		}
	}
	return at
}

// closed reports whether a ticket's last event is one after which none comes by
// itself.
func closed(newest []view.Event) bool {
	var last view.Event
	for _, e := range newest {
		if e.Seq >= last.Seq {
			last = e
		}
	}
	switch last.Data.(type) {
	case *events.TicketClosed, *events.TicketRefused:
		return true
	}
	return false
}
