package hyperv

import (
	"context"
	"time"
)

type beginByKey struct{}

// BeginBy returns a context whose calls must not be begun on the host after t,
// by this process's clock. Implementations translate t to the host's own clock
// and let the host refuse, so that a request that was held up (in a frozen host,
// a queue, a retransmission) cannot take effect after its sender has given up
// on it and looked elsewhere. It says nothing of how long the call may run.
func BeginBy(ctx context.Context, t time.Time) context.Context {
	return context.WithValue(ctx, beginByKey{}, t)
}

// BeginByFrom returns the time set by BeginBy, if any.
func BeginByFrom(ctx context.Context) (time.Time, bool) {
	t, ok := ctx.Value(beginByKey{}).(time.Time)
	return t, ok
}
