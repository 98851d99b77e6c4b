package run

import (
	"fmt"
	"time"

	"lifeboat.io/events"
	"lifeboat.io/pkg/hyperv"
)

// atStake is how much data a run may lose, judged before anything is changed.
func atStake(kind events.Kind, replica hyperv.VM, point *hyperv.RecoveryPoint) events.DataLoss {
	switch kind {
	case events.KindTest:
		return events.DataLoss{Bound: events.LossNone, Basis: "a test leaves the primary and its replication untouched"}
	case events.KindPlanned:
		return events.DataLoss{Bound: events.LossNone, Basis: "the primary is shut down and its last write handed over before the replica starts"}
	default:
		return between(dataTime(replica, point), replica.HostTime, basis(point))
	}
}

// dataTime is the age of the data a failover hands over: the recovery point's
// time, or when the replica last received changes.
func dataTime(replica hyperv.VM, point *hyperv.RecoveryPoint) time.Time {
	if point != nil {
		return point.Time
	}
	return replica.Replication.LastReplication
}

func basis(point *hyperv.RecoveryPoint) string {
	if point != nil {
		return fmt.Sprintf("everything after recovery point %q is given up, by the replica host's clock", point.Name)
	}
	return "everything after the last received changes is given up, by the replica host's clock"
}

// between bounds the loss of what was written from since until until.
func between(since, until time.Time, basis string) events.DataLoss {
	if since.IsZero() || until.IsZero() {
		return events.DataLoss{Bound: events.LossUnknown, Basis: "the replica host does not tell when it last received changes"}
	}
	return events.DataLoss{
		Bound:   events.LossAtMost,
		Seconds: max(0, until.Sub(since).Seconds()),
		Since:   instant(since),
		Until:   instant(until),
		Basis:   basis,
	}
}

// lost is how much data a run that did its work has lost, from its evidence.
func (r *Run) lost() events.DataLoss {
	switch r.Kind {
	case events.KindTest:
		return events.DataLoss{Bound: events.LossNone, Basis: "read on the hosts: the primary is primary and the replica still receives"}
	case events.KindPlanned:
		return r.plannedLoss()
	default:
		return r.unplannedLoss()
	}
}

// plannedLoss is none when the run has seen the primary prepared, which means
// that its last write was sent, before the replica was failed over.
func (r *Run) plannedLoss() events.DataLoss {
	d, ok := r.done(events.StepPreparePrimary)
	if ok && d.After != nil && d.After.Replication != nil && d.After.Replication.State == string(hyperv.StatePreparedForFailover) {
		return events.DataLoss{Bound: events.LossNone, Basis: "read on the primary: PreparedForFailover, its last write was sent before the replica took over"}
	}
	return events.DataLoss{Bound: events.LossUnknown, Basis: "the primary was not seen prepared for failover"}
}

// unplannedLoss counts from the data handed over to the primary's last possible
// write: the failover, or when a primary that was seen running after it stopped.
func (r *Run) unplannedLoss() events.DataLoss {
	d, ok := r.done(events.StepFailOverReplica)
	if !ok || d.After == nil || d.After.HostTime == nil || d.After.Replication == nil {
		return events.DataLoss{Bound: events.LossUnknown, Basis: "the failover left no reading of the replica"}
	}
	since := r.Plan.RecoveryPointTime
	basis := "from the recovery point"
	if since == nil {
		since, basis = r.received(d), "from the last received changes"
	}
	if since == nil {
		return events.DataLoss{Bound: events.LossUnknown, Basis: "the replica host does not tell when it last received changes"}
	}
	until, end := *d.After.HostTime, "to the failover, by the replica host's clock; the primary may have stopped earlier"
	if at, why := r.lastWrite(); at.After(d.After.ReadAt) {
		// What a primary wrote that ran on is lost as well. The time is taken over to
		// the replica host's clock.
		until, end = at.Add(d.After.HostTime.Sub(d.After.ReadAt)), why
	}
	return between(*since, until, basis+" "+end)
}

// lastWrite is when the last can have been written to a primary that was seen
// running, by lifeboat's clock, and what that rests on; zero when it was not.
func (r *Run) lastWrite() (time.Time, string) {
	switch {
	case r.lastRan.IsZero():
		return time.Time{}, ""
	case r.lastStopped.IsZero():
		return r.lastRan, "until the old primary, which ran on, was last seen running"
	case r.stoppedBy != "":
		return r.lastStopped, fmt.Sprintf("until %s answered for it that the old primary, which ran on, is down", r.stoppedBy)
	default:
		return r.lastStopped, "until the old primary, which ran on, was seen off"
	}
}

// received is when the replica last received changes, as read before it was
// failed over.
func (r *Run) received(failover events.StepDone) *time.Time {
	for _, reading := range []*events.Reading{failover.Before, failover.After} {
		if reading != nil && reading.Replication != nil && reading.Replication.LastReplication != nil {
			return reading.Replication.LastReplication
		}
	}
	return nil
}
