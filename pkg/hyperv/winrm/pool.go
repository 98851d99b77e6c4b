package winrm

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"lifeboat.io/pkg/hyperv/winrm/lane"
)

// slot is the place of one lane. It has a lane, or may get one.
type slot struct {
	lane   *lane.Lane
	opened time.Time
	served int
	idle   *time.Timer // closes the lane; set while the slot is free and has one
}

// pool is a fixed number of slots and a bounded queue of callers for them.
type pool struct {
	mu      sync.Mutex
	size    int
	limit   int
	free    []*slot // those with a lane at the end, where they are taken from
	waiting []chan *slot
}

var (
	errQueueFull = errors.New("too many calls wait for this host")
	errClosed    = errors.New("the host was closed")
	errTooLate   = errors.New("the time by which the call had to begin passed before it could be sent")
)

func newPool(size, limit int) *pool {
	p := &pool{size: size, limit: limit}
	for range size {
		p.free = append(p.free, &slot{})
	}
	return p
}

// take waits for a slot, no longer than to a time when one is given.
func (p *pool) take(ctx context.Context, notAfter time.Time) (*slot, error) {
	p.mu.Lock()
	if n := len(p.free); n > 0 {
		s := p.free[n-1]
		p.free = p.free[:n-1]
		p.mu.Unlock()
		if s.idle != nil {
			s.idle.Stop()
			s.idle = nil
		}
		return s, nil
	}
	if len(p.waiting) >= p.limit {
		p.mu.Unlock()
		return nil, errQueueFull
	}
	turn := make(chan *slot, 1)
	p.waiting = append(p.waiting, turn)
	p.mu.Unlock()

	var late <-chan time.Time
	if !notAfter.IsZero() {
		t := time.NewTimer(time.Until(notAfter))
		defer t.Stop()
		late = t.C
	}
	select {
	case s := <-turn:
		return s, nil
	case <-late:
		p.leave(turn)
		return nil, errTooLate
	case <-ctx.Done():
		p.leave(turn)
		return nil, context.Cause(ctx)
	}
}

// leave gives up waiting, and passes on a slot that came at the same moment.
func (p *pool) leave(turn chan *slot) {
	p.mu.Lock()
	if i := slices.Index(p.waiting, turn); i >= 0 {
		p.waiting = slices.Delete(p.waiting, i, i+1)
		p.mu.Unlock()
		return
	}
	p.mu.Unlock()
	p.give(<-turn, 0, nil)
}

// give puts a slot back. If it stays free with a lane for so long, it is taken
// out again and handed to retire.
func (p *pool) give(s *slot, idle time.Duration, retire func(*slot)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting) > 0 {
		p.waiting[0] <- s
		p.waiting = slices.Delete(p.waiting, 0, 1)
		return
	}
	if s.lane == nil {
		p.free = slices.Insert(p.free, 0, s)
		return
	}
	p.free = append(p.free, s)
	if retire != nil {
		s.idle = time.AfterFunc(idle, func() {
			if p.remove(s) {
				retire(s)
			}
		})
	}
}

// remove takes a certain slot out, if it is free.
func (p *pool) remove(s *slot) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.Index(p.free, s)
	if i < 0 {
		return false
	}
	p.free = slices.Delete(p.free, i, i+1)
	s.idle = nil
	return true
}
