package executor

import (
	"context"
	"errors"
	"time"

	"lifeboat.io/events"
	"lifeboat.io/pkg/bus"
)

// lease is the right to work on a VM until further notice, kept in the
// background. A nil lease is none.
type lease struct {
	held   *bus.Lease
	cancel context.CancelFunc
	kept   chan struct{}
}

// acquire takes the VM's lease.
func (x *Executor) acquire(ctx context.Context, agg events.Aggregate) (*lease, error) {
	held, err := x.Bus.Acquire(ctx, name+"."+events.Token(agg.ID), x.config.Instance, time.Duration(x.config.LeaseSeconds)*time.Second)
	if errors.As(err, new(*bus.ErrHeld)) {
		return nil, errHeldElsewhere
	}
	if err != nil {
		return nil, err
	}
	keep, cancel := context.WithCancel(context.WithoutCancel(ctx))
	l := &lease{held: held, cancel: cancel, kept: make(chan struct{})}
	go func() {
		defer close(l.kept)
		_ = held.Keep(keep) // lost or ended: valid tells
	}()
	return l, nil
}

// valid reports whether new work may be begun.
func (l *lease) valid(now time.Time) bool { return l != nil && l.held.Valid(now) }

// release gives the lease up, if there is one.
func (l *lease) release() {
	if l == nil {
		return
	}
	l.cancel()
	<-l.kept
	ctx, cancel := context.WithTimeout(context.Background(), closeWithin)
	defer cancel()
	_ = l.held.Release(ctx) // it runs out by itself
}
