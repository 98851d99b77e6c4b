package run

import (
	"time"

	"lifeboat.io/events"
)

// Policy holds every limit of a run. The zero value is not usable; start from
// DefaultPolicy.
type Policy struct {
	// BeginWithin bounds how long after step-started is recorded the effect may
	// begin on the host. Longer survives slower queues, shorter recovers faster
	// from a lost request.
	BeginWithin time.Duration
	// ClockSlack is added to BeginWithin before an attempt is given up, for the
	// error in translating a time to the host's clock.
	ClockSlack time.Duration
	// PollEvery is how often a host is looked at while something is awaited, and
	// PollMost how seldom: the longer it takes, the less a second matters.
	PollEvery, PollMost time.Duration
	// SightAge is how old a look may be for a decision to rest on it; longer
	// than a look may take, or a host that is slow to fail is looked at for ever.
	SightAge time.Duration
	// LookPatience is how long a host may stay silent before a run is held, or
	// a request refused, for it.
	LookPatience time.Duration
	// SilenceConfirm is how long a primary must stay silent before an unplanned
	// failover calls it silent.
	SilenceConfirm time.Duration
	// FenceProbe is how often an old primary that must still be fenced is tried.
	FenceProbe time.Duration
	// Attempts bounds how often one step's effect is tried.
	Attempts int
	// Backoff is the wait after the first failed attempt; it doubles up to BackoffMax.
	Backoff, BackoffMax time.Duration
	// HoldOpen is how long a test stays up when neither ticket nor account say.
	HoldOpen time.Duration
	// CommitAfter is how long an unplanned failover can be undone when neither ticket nor account say.
	CommitAfter time.Duration
	// ShutdownGrace is how long a guest may take to shut down when the account does not say.
	ShutdownGrace time.Duration
	// Deadlines bound each step, from its first attempt until the run is held.
	Deadlines map[events.Step]time.Duration
}

// DefaultPolicy returns the limits lifeboat starts with.
func DefaultPolicy() Policy {
	return Policy{
		BeginWithin:    10 * time.Second,
		ClockSlack:     5 * time.Second,
		PollEvery:      250 * time.Millisecond,
		PollMost:       30 * time.Second,
		SightAge:       20 * time.Second,
		LookPatience:   2 * time.Minute,
		SilenceConfirm: 10 * time.Second,
		FenceProbe:     5 * time.Second,
		Attempts:       5,
		Backoff:        time.Second,
		BackoffMax:     30 * time.Second,
		HoldOpen:       4 * time.Hour,
		CommitAfter:    4 * time.Hour,
		ShutdownGrace:  5 * time.Minute,
		Deadlines: map[events.Step]time.Duration{
			events.StepSetTestNetwork:     time.Minute,
			events.StepStartTestFailover:  10 * time.Minute,
			events.StepStartTestVM:        2 * time.Minute,
			events.StepAwaitTestHeartbeat: 15 * time.Minute,
			events.StepStopTestFailover:   10 * time.Minute,
			events.StepVerifyUntouched:    10 * time.Minute,
			events.StepShutDownPrimary:    15 * time.Minute,
			events.StepPreparePrimary:     30 * time.Minute,
			events.StepFailOverReplica:    10 * time.Minute,
			events.StepReverseReplication: 15 * time.Minute,
			events.StepStartReplica:       2 * time.Minute,
			events.StepAwaitHeartbeat:     15 * time.Minute,
			events.StepVerifyReplication:  45 * time.Minute,
			events.StepRestoreAutoStart:   time.Minute,
			events.StepFencePrimary:       time.Minute,
			events.StepCompleteFailover:   30 * time.Minute,
			events.StepStopReplica:        2 * time.Minute,
			events.StepCancelFailover:     10 * time.Minute,
			events.StepCancelPrepare:      5 * time.Minute,
			events.StepUnfencePrimary:     time.Minute,
			events.StepStartPrimary:       2 * time.Minute,
			events.StepPowerOffOldPrimary: 2 * time.Minute,
			events.StepBecomeReplica:      5 * time.Minute,
		},
	}
}

// deadline is a step's deadline; every step has one.
func (p Policy) deadline(s events.Step) time.Duration {
	if d, ok := p.Deadlines[s]; ok {
		return d
	}
	return p.LookPatience
}

// pollPatience is which part of the time waited so far the next look may come late.
const pollPatience = 20

// poll is how long to wait for the next look at something awaited since then.
func (p Policy) poll(since, now time.Time) time.Duration {
	if since.IsZero() {
		return p.PollEvery
	}
	return min(max(now.Sub(since)/pollPatience, p.PollEvery), p.PollMost)
}

// settle is how long after its record an attempt may still take effect.
func (p Policy) settle() time.Duration { return p.BeginWithin + p.ClockSlack }

// backoff is the wait before the attempt after the given one: doubling, capped,
// and spread by up to a quarter so that runs that failed together do not retry
// together. The spread comes from the run, so that the decision stays a
// function of its inputs.
func (p Policy) backoff(runID string, attempt int) time.Duration {
	d := p.Backoff
	for i := 1; i < attempt && d < p.BackoffMax; i++ {
		d *= 2
	}
	d = min(d, p.BackoffMax)
	return d + time.Duration(spread(runID, attempt)*float64(d)/4)
}

// spread maps a run and an attempt to [0,1).
func spread(runID string, attempt int) float64 {
	h := uint32(2166136261) // FNV-1a, inlined because it is four lines
	for _, c := range []byte(runID) {
		h = (h ^ uint32(c)) * 16777619
	}
	h = (h ^ uint32(attempt)) * 16777619
	return float64(h%1000) / 1000
}
