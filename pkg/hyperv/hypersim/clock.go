package hypersim

import "time"

// instant is simulated time, counted from the world's start.
type instant int64

// never is before everything: the time of what has not happened.
const never instant = -1 << 63

// plus adds a duration.
func (i instant) plus(d Duration) instant { return i + instant(d) }

// schedule puts something into the queue. A time that is past means now.
func (w *World) schedule(at instant, what due, turn uint32) {
	w.seq++
	w.queue.push(event{at: max(at, w.now), seq: w.seq, turn: turn, what: what})
}

// step fires the next event if it is due by limit, and tells whether it was.
// Otherwise time stands at limit. The world is locked.
func (w *World) step(limit instant) bool {
	if len(w.queue) == 0 || w.queue[0].at > limit {
		w.now = max(w.now, limit)
		return false
	}
	e := w.queue.pop()
	w.now = e.at
	if m := e.what.on(); m != nil && m.frozen {
		m.held = append(m.held, e)
		return true
	}
	e.what.fire(w, e.turn)
	return true
}

// Advance lets time pass by d: everything due by then happens, in order.
func (w *World) Advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for limit := w.now + instant(d); w.step(limit); {
	}
}

// AdvanceTo lets time pass until t. A time already past changes nothing.
func (w *World) AdvanceTo(t time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for limit := w.instantOf(t); limit > w.now && w.step(limit); {
	}
}

// Step lets time pass until the next event has happened, but no longer than d.
// It tells whether one happened.
func (w *World) Step(d time.Duration) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.step(w.now + instant(d))
}

// Now is the world's true time, UTC. A host's own clock may differ.
func (w *World) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.timeOf(w.now)
}

// NextEvent is when something happens next, if anything will: what drives a
// live world need not wake before.
func (w *World) NextEvent() (time.Time, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.queue) == 0 {
		return time.Time{}, false
	}
	return w.timeOf(w.queue[0].at), true
}

// timeOf is the true time of an instant; never is the zero time.
func (w *World) timeOf(i instant) time.Time {
	if i == never {
		return time.Time{}
	}
	return w.start.Add(time.Duration(i))
}

func (w *World) instantOf(t time.Time) instant { return instant(t.Sub(w.start)) }
