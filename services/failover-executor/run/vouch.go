package run

import (
	"time"

	"lifeboat.io/events"
	"lifeboat.io/pkg/hyperv"
)

// sighting is what the log last says of the VM on the primary.
type sighting string

const (
	// notSeen: nothing, or nothing that still counts.
	notSeen sighting = ""
	// seenDown: it was read there, and did not run.
	seenDown sighting = "down"
	// seenUp: it was read there, and ran.
	seenUp sighting = "up"
)

// saw takes in readings of any host, for the run and for the fence.
func (s *State) saw(readings ...*events.Reading) {
	for _, read := range readings {
		if read == nil || read.Fault != nil {
			continue
		}
		runs := !read.Absent && livesIn(hyperv.PowerState(read.Power))
		if read.Host == s.Run.Plan.Primary {
			s.Run.sawPrimary(runs, read.ReadAt)
		}
		if f := s.Fence; f != nil && read.Host == f.Host && runs {
			f.Ran = read.ReadAt
		}
	}
}

// sawPrimary takes in that the VM was read on the primary. Seen running, nobody's
// word that it is down counts any more: whoever gave it must say so again.
func (r *Run) sawPrimary(runs bool, at time.Time) {
	r.primarySeenAt = at
	if runs {
		r.primarySeen, r.Override = seenUp, nil
		r.lastRan, r.lastStopped = at, time.Time{}
		return
	}
	r.primarySeen = seenDown
	r.stopped(at, "")
}

// stopped takes in that a primary seen running is taken for down, by a reading
// or by somebody's word.
func (r *Run) stopped(at time.Time, by string) {
	if !r.lastRan.IsZero() && r.lastStopped.IsZero() {
		r.lastStopped, r.stoppedBy = at, by
	}
}

// witnessed takes in what the witnesses of a plan say together.
func (r *Run) witnessed(ws []events.Witness, at time.Time) {
	r.primarySeenAt = at
	switch overall(ws) {
	case events.VerdictUp:
		r.primarySeen, r.Override = seenUp, nil
	case events.VerdictDown:
		r.primarySeen = seenDown
	case events.VerdictSilent:
		r.primarySeen = notSeen
	}
}

// decided takes in that a person has decided on a held run. That the primary was
// seen down before then is old news; that a person answers for it is not.
func (r *Run) decided(d *events.FailoverResumed, at time.Time) {
	if r.primarySeen == seenDown {
		r.primarySeen = notSeen
	}
	if d.Choice == events.ChoiceOverride {
		r.Override = &events.Override{Person: d.Person, Reason: d.Reason}
		r.primarySeenAt = at
		r.stopped(at, d.Person.Name)
	}
}

// ranSince returns a look at the primary, newer than what the log says of it,
// that saw the VM running; false when there was none. It is not in the log
// because nothing was recorded while it was fresh.
func (r *Run) ranSince(m Mind) (Sight, bool) {
	s, ok := m.Answers[r.Plan.Primary]
	return s, ok && lives(s.VM) && s.At.After(r.primarySeenAt)
}

// named reports whether a named person answers for the primary being down, and
// nothing seen since says otherwise.
func (r *Run) named(m Mind) bool {
	_, ran := r.ranSince(m)
	return r.Override != nil && !ran
}

// vouched reports whether a silent primary may be taken for down: it was seen
// so, or a named person answers for it.
func (r *Run) vouched(m Mind) bool {
	_, ran := r.ranSince(m)
	return !ran && (r.Override != nil || r.primarySeen == seenDown)
}
