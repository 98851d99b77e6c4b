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
// write: when it was seen off, or else when the replica took over.
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
	until := *d.After.HostTime
	if r.oldStopped != nil {
		// The old primary came back and ran on its own: what it wrote then is lost
		// as well. Its stop is taken over to the replica host's clock.
		if stopped := r.oldStopped.Add(d.After.HostTime.Sub(d.After.ReadAt)); stopped.After(until) {
			until = stopped
			return between(*since, until, basis+" until the old primary, which had come back, was powered off")
		}
	}
	return between(*since, until, basis+" to the failover, by the replica host's clock; the primary may have stopped earlier")
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
