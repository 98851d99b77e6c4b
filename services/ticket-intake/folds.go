package intake

import (
	"context"
	"errors"

	lru "github.com/hashicorp/golang-lru/v2"

	"lifeboat.io/events"
	"lifeboat.io/pkg/bus"
)

// keptFolds bounds how many tickets, and how many VMs, are remembered with all
// that happened to them.
const keptFolds = 256

// fold is what the events of an aggregate come to, up to one of them.
type fold[T any] struct {
	seq   uint64
	value T
}

// folds keeps what was folded last. A run has some twenty events and each of
// them is passed on: without this the history of the VM and of the ticket would
// be read anew for each. The end of the log is asked for every time, so what is
// returned is never older than the call.
type folds[T any] struct {
	bus   *bus.Bus
	apply func(value T, r bus.Recorded, data any) T
	kept  *lru.Cache[string, fold[T]]
}

// newFolds makes folds by a function that leaves the value it gets as it is.
func newFolds[T any](b *bus.Bus, apply func(T, bus.Recorded, any) T) (*folds[T], error) {
	kept, err := lru.New[string, fold[T]](keptFolds)
	return &folds[T]{b, apply, kept}, err
}

// read folds an aggregate.
func (f *folds[T]) read(ctx context.Context, agg events.Aggregate) (T, error) {
	known, _ := f.kept.Get(agg.String())
	history, err := f.bus.HistoryAfter(ctx, agg, known.seq)
	if known.seq > 0 && errors.Is(err, bus.ErrNotFound) {
		known = fold[T]{} // of another log
		history, err = f.bus.History(ctx, agg)
	}
	var none T
	if err != nil {
		return none, err
	}
	for _, r := range history {
		data, err := decode(r)
		if err != nil {
			return none, err
		}
		known = fold[T]{r.Seq, f.apply(known.value, r, data)}
	}
	f.kept.Add(agg.String(), known)
	return known.value, nil
}
