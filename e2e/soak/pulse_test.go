package soak_test

import (
	"context"
	"sync"
	"time"
)

// beat is how often a pulse is felt.
const beat = 20 * time.Millisecond

// pulse tells how much time this process has lost because the machine had
// something else to do, so that calls are not blamed for it.
type pulse struct {
	mu   sync.Mutex
	last time.Time
	sum  time.Duration
}

// run feels the pulse until the context ends.
func (p *pulse) run(ctx context.Context) {
	for p.beat(time.Now()); lasts(ctx, beat); p.beat(time.Now()) {
	}
}

func (p *pulse) beat(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sum += p.missing(now)
	p.last = now
}

// missing is how late the next beat is.
func (p *pulse) missing(now time.Time) time.Duration {
	if p.last.IsZero() {
		return 0
	}
	return max(0, now.Sub(p.last)-beat)
}

// lost is how much time was lost so far.
func (p *pulse) lost() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sum + p.missing(time.Now())
}
