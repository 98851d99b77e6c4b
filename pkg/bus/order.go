package bus

import (
	"cmp"
	"slices"
	"time"
)

// order decides which delivery runs next. Deliveries of one key run one at a
// time and in the order of their places; at most width keys run at once. A
// delivery that failed and comes back later holds its key's later ones up
// until it is back, so that a retry does not overtake what was before it.
//
// It is plain state: no locks, no clock, no goroutines. T is the delivery.
type order[T any] struct {
	width   int
	running int
	keys    map[string]*line[T]
	ready   []string // keys whose first delivery may run, in the order they became so
}

// line is one key's deliveries.
type line[T any] struct {
	running *entry[T]
	waiting []entry[T] // by place
	queued  bool       // in ready
}

type entry[T any] struct {
	place place
	item  T
	here  bool      // false while the delivery is away, to come back
	until time.Time // when an absent one is given up
}

// place orders a key's deliveries: by the original's sequence, and a replay
// after the original.
type place struct {
	seq    uint64
	replay uint64
}

func (p place) compare(q place) int {
	return cmp.Or(cmp.Compare(p.seq, q.seq), cmp.Compare(p.replay, q.replay))
}

func newOrder[T any](width int) *order[T] {
	return &order[T]{width: width, keys: make(map[string]*line[T])}
}

func (o *order[T]) line(key string) *line[T] {
	l := o.keys[key]
	if l == nil {
		l = &line[T]{}
		o.keys[key] = l
	}
	return l
}

// find returns where a place is among the waiting, or would be.
func (l *line[T]) find(p place) (int, bool) {
	return slices.BinarySearchFunc(l.waiting, p, func(e entry[T], p place) int { return e.place.compare(p) })
}

// add takes a delivery in. It returns false when the very same one is running
// at the moment: the server lost patience, but whoever runs it will settle it.
func (o *order[T]) add(key string, p place, item T) bool {
	l := o.line(key)
	if l.running != nil && l.running.place == p {
		return false
	}
	i, found := l.find(p)
	if found {
		l.waiting[i].item, l.waiting[i].here = item, true
	} else {
		l.waiting = slices.Insert(l.waiting, i, entry[T]{place: p, item: item, here: true})
	}
	o.enqueue(key, l)
	return true
}

// enqueue puts a key among the ready ones if its first delivery may run, and
// forgets a key that has none.
func (o *order[T]) enqueue(key string, l *line[T]) {
	switch {
	case l.running != nil || l.queued:
	case len(l.waiting) == 0:
		delete(o.keys, key)
	case l.waiting[0].here:
		l.queued = true
		o.ready = append(o.ready, key)
	}
}

// take hands out the next delivery to run, if there is one and a lane is free.
func (o *order[T]) take() (key string, item T, ok bool) {
	for o.running < o.width && len(o.ready) > 0 {
		key = o.ready[0]
		o.ready = o.ready[1:]
		l := o.keys[key]
		l.queued = false
		if len(l.waiting) == 0 || !l.waiting[0].here {
			o.enqueue(key, l) // an absent one got in front of it meanwhile
			continue
		}
		first := l.waiting[0]
		l.running, l.waiting = &first, slices.Delete(l.waiting, 0, 1)
		o.running++
		return key, first.item, true
	}
	return "", item, false
}

// settle ends the running delivery of a key for good.
func (o *order[T]) settle(key string) { o.free(key, o.keys[key]) }

// postpone ends the running delivery of a key for now: it will be delivered
// again, and is given up if it is not by the given time.
func (o *order[T]) postpone(key string, until time.Time) {
	l := o.keys[key]
	absent := entry[T]{place: l.running.place, until: until}
	if i, found := l.find(absent.place); !found {
		l.waiting = slices.Insert(l.waiting, i, absent)
	}
	o.free(key, l)
}

func (o *order[T]) free(key string, l *line[T]) {
	l.running = nil
	o.running--
	o.enqueue(key, l)
}

// expire gives up absent deliveries whose time is over: another process may
// have got them.
func (o *order[T]) expire(now time.Time) {
	for key, l := range o.keys {
		l.waiting = slices.DeleteFunc(l.waiting, func(e entry[T]) bool { return !e.here && now.After(e.until) })
		o.enqueue(key, l)
	}
}

// each visits every delivery that is here, running or waiting.
func (o *order[T]) each(visit func(T)) {
	for _, l := range o.keys {
		if l.running != nil {
			visit(l.running.item)
		}
		for _, e := range l.waiting {
			if e.here {
				visit(e.item)
			}
		}
	}
}

// removeWaiting takes out and returns every delivery that is not running.
func (o *order[T]) removeWaiting() []T {
	var waiting []T
	o.ready = nil
	for key, l := range o.keys {
		for _, e := range l.waiting {
			if e.here {
				waiting = append(waiting, e.item)
			}
		}
		l.waiting, l.queued = nil, false
		o.enqueue(key, l)
	}
	return waiting
}
