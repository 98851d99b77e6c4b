package command

import (
	"context"
	"encoding/json"
	"fmt"

	"lifeboat.io/events"
	"lifeboat.io/services/lifeboat/lookup"
	"lifeboat.io/services/lifeboat/terminal"
)

// listing is how one kind of thing is listed and watched.
type listing[T any] struct {
	// none is said when there is nothing to list.
	none string
	// headers and row lay the table out.
	headers []string
	row     func(T) []terminal.Cell
	// name tells things apart and is what -o name prints.
	name func(T) string
	// list finds all; changed finds what an event of an aggregate may have changed.
	list    func(context.Context, lookup.Lookup) ([]T, error)
	changed func(context.Context, lookup.Lookup, events.Aggregate) ([]T, error)
	// family is whose events change it, and account whose, unless that is empty.
	family  events.Family
	account string
}

// show lists, and goes on listing what changes when watch is set.
func show[T any](ctx context.Context, c *cli, l listing[T], o *output, watch bool) error {
	return c.withLookup(ctx, func(look lookup.Lookup) error {
		p := printer[T]{cli: c, listing: l, output: o, table: c.page.NewTable(l.headers...), known: map[string]string{}}
		if !watch {
			all, err := l.list(ctx, look)
			if err != nil {
				return err
			}
			return p.all(all)
		}
		return look.Follow(ctx, l.family, l.account, func() error {
			all, err := l.list(ctx, look)
			if err != nil {
				return err
			}
			return p.news(all)
		}, func(agg events.Aggregate) error {
			some, err := l.changed(ctx, look, agg)
			if err != nil {
				return err
			}
			return p.news(some)
		})
	})
}

// printer prints one listing.
type printer[T any] struct {
	*cli
	listing[T]
	*output
	table *terminal.Table
	// known is what was printed last of each thing.
	known map[string]string
}

// all prints everything at once.
func (p *printer[T]) all(all []T) error {
	if p.people() && len(all) == 0 {
		p.say("%s", p.none)
		return nil
	}
	if p.people() || p.form == formName {
		p.rows(all)
		return nil
	}
	if all == nil {
		all = []T{}
	}
	return p.data(p.output, all, false)
}

// news prints what is not as it was printed before, one by one.
func (p *printer[T]) news(some []T) error {
	var changed []T
	for _, t := range some {
		raw, err := json.Marshal(t)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name(t), err)
		}
		if p.known[p.name(t)] != string(raw) {
			p.known[p.name(t)] = string(raw)
			changed = append(changed, t)
		}
	}
	if p.people() || p.form == formName {
		p.rows(changed)
		return nil
	}
	for _, t := range changed {
		if err := p.data(p.output, t, true); err != nil {
			return err
		}
	}
	return nil
}

// rows prints rows of the table, or names.
func (p *printer[T]) rows(some []T) {
	if p.form == formName {
		for _, t := range some {
			p.page.Printf("%s\n", terminal.Safe(p.name(t)))
		}
		return
	}
	rows := make([][]terminal.Cell, len(some))
	for i, t := range some {
		rows[i] = p.row(t)
	}
	p.table.Print(rows...)
}
