package run

import (
	"time"

	"lifeboat.io/events"
)

// Clock keeps where a run's time went: stretches that follow each other
// without a gap, so that they add up to the whole to the millisecond.
type Clock struct {
	start, mark time.Time
	parts       []events.Part
}

// startClock begins a run's time at its ticket's submission, or at the window's
// beginning when it was asked for ahead of time. A ticket system whose clock is
// ahead must not produce negative time: then it begins when the ticket was
// accepted.
func startClock(submitted, accepted, notBefore time.Time) Clock {
	if submitted.IsZero() || submitted.After(accepted) {
		submitted = accepted
	}
	if notBefore.After(submitted) {
		submitted = notBefore
	}
	return Clock{start: submitted, mark: submitted}
}

// lap books the time since the last lap under name.
func (c *Clock) lap(name string, t time.Time) {
	if t.Before(c.mark) {
		t = c.mark
	}
	millis := t.UnixMilli() - c.mark.UnixMilli()
	if n := len(c.parts); n > 0 && c.parts[n-1].Name == name {
		c.parts[n-1].Millis += millis
	} else {
		c.parts = append(c.parts[:n:n], events.Part{Name: name, From: c.mark, Millis: millis})
	}
	c.mark = t
}

// until is the time from the start to t, which must be a lap's time.
func (c Clock) until(t time.Time) events.RTO {
	rto := events.RTO{Millis: t.UnixMilli() - c.start.UnixMilli()}
	for _, p := range c.parts {
		if !p.From.Before(t) {
			break
		}
		if end := p.From.UnixMilli() + p.Millis; end > t.UnixMilli() {
			p.Millis = t.UnixMilli() - p.From.UnixMilli()
		}
		rto.Parts = append(rto.Parts, p)
	}
	return rto
}
