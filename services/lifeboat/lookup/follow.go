package lookup

import (
	"context"

	"lifeboat.io/events"
	"lifeboat.io/pkg/bus"
	"lifeboat.io/services/lifeboat/view"
)

// Follow calls caughtUp once, and changed for every aggregate of the family that
// moves on after that, until the context ends or one of them fails. Nothing is
// missed between the two; something may be told twice.
func (l Lookup) Follow(ctx context.Context, family events.Family, account string, caughtUp func() error, changed func(events.Aggregate) error) error {
	watching, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	live := false
	w := bus.Watch{
		Filters: []string{familyOf(family, account)},
		Start:   bus.FromLastOfEachSubject(),
		CaughtUp: func() {
			live = true
			if err := caughtUp(); err != nil {
				stop(err)
			}
		},
	}
	err := l.Bus.Watch(watching, w, func(r bus.Recorded) error {
		if !live {
			return nil // part of what caughtUp lists
		}
		return changed(view.Of(r.Seq, r.Event).Aggregate)
	})
	if err != nil || ctx.Err() != nil {
		return err
	}
	return context.Cause(watching)
}
