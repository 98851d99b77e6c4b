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
	acting bool        // taken for an action
	idle   *time.Timer // closes the lane; set while the slot is free and has one
	rest   int         // numbers the times it was given back, to tell a timer of an earlier one
}

// pool is a fixed number of slots and a bounded queue of callers for them. Any
// lane serves readings and actions, but actions never take all of them:
// readings are short and must not wait for what is not.
type pool struct {
	mu      sync.Mutex
	size    int
	actions int // how many actions may run at once
	limit   int // how many callers of either kind may wait
	acting  int
	free    []*slot // those with a lane at the end, where they are taken from
	waiting []*waiter
}

// waiter is a caller in the queue.
type waiter struct {
	acting bool
	turn   chan *slot // gets one slot
}

var (
	errQueueFull = errors.New("too many calls wait for this host")
	errClosed    = errors.New("the host was closed")
	errTooLate   = errors.New("the time by which the call had to begin passed before it could be sent")
)

func newPool(readLanes, actionLanes, limit int) *pool {
	p := &pool{size: readLanes + actionLanes, actions: actionLanes, limit: limit}
	for range p.size {
		p.free = append(p.free, &slot{})
	}
	return p
}

// take waits for a slot, no longer than to a time when one is given.
func (p *pool) take(ctx context.Context, acting bool, notAfter time.Time) (*slot, error) {
	w, err := p.enter(acting)
	if err != nil {
		return nil, err
	}
	var late <-chan time.Time
	if !notAfter.IsZero() {
		t := time.NewTimer(time.Until(notAfter))
		defer t.Stop()
		late = t.C
	}
	select {
	case s := <-w.turn:
		return s, nil
	default:
	}
	select {
	case s := <-w.turn:
		return s, nil
	case <-late:
		p.leave(w)
		return nil, errTooLate
	case <-ctx.Done():
		p.leave(w)
		return nil, context.Cause(ctx)
	}
}

// enter joins the queue, which serves at once whoever can be.
func (p *pool) enter(acting bool) (*waiter, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := &waiter{acting: acting, turn: make(chan *slot, 1)}
	p.waiting = append(p.waiting, w)
	p.serve()
	same := 0
	for _, other := range p.waiting {
		if other.acting == acting {
			same++
		}
	}
	if same > p.limit {
		p.waiting = p.waiting[:len(p.waiting)-1] // nobody has come after it
		return nil, errQueueFull
	}
	return w, nil
}

// serve hands out slots in the order callers came, as far as they may have
// them. The pool is locked.
func (p *pool) serve() {
	for len(p.free) > 0 {
		i := slices.IndexFunc(p.waiting, func(w *waiter) bool { return !w.acting || p.acting < p.actions })
		if i < 0 {
			return
		}
		w := p.waiting[i]
		p.waiting = slices.Delete(p.waiting, i, i+1)
		s := p.free[len(p.free)-1]
		p.free = p.free[:len(p.free)-1]
		if s.idle != nil {
			s.idle.Stop()
			s.idle = nil
		}
		if s.acting = w.acting; s.acting {
			p.acting++
		}
		w.turn <- s
	}
}

// leave gives up waiting, and gives back a slot that came at the same moment.
func (p *pool) leave(w *waiter) {
	p.mu.Lock()
	i := slices.Index(p.waiting, w)
	if i >= 0 {
		p.waiting = slices.Delete(p.waiting, i, i+1)
	}
	p.mu.Unlock()
	if i < 0 {
		p.give(<-w.turn, 0, nil)
	}
}

// give puts a slot back. If it stays free with a lane for so long, it is taken
// out again and handed to retire.
func (p *pool) give(s *slot, idle time.Duration, retire func(*slot)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.acting {
		s.acting = false
		p.acting--
	}
	if s.lane == nil {
		p.free = slices.Insert(p.free, 0, s)
	} else {
		p.free = append(p.free, s)
	}
	s.rest++
	if s.lane != nil && retire != nil {
		rest := s.rest
		s.idle = time.AfterFunc(idle, func() {
			if p.remove(s, rest) {
				retire(s)
			}
		})
	}
	p.serve()
}

// remove takes a certain slot out, if it is free and has been since a certain
// rest began. A timer that could not be stopped any more when the slot was
// taken finds the next rest, or a slot without a lane.
func (p *pool) remove(s *slot, rest int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.Index(p.free, s)
	if i < 0 || s.rest != rest {
		return false
	}
	p.free = slices.Delete(p.free, i, i+1)
	s.idle = nil
	return true
}
