package story

import (
	"slices"
	"time"

	"lifeboat.io/events"
)

// Days is the whole log: a drill with its cleanup, a planned failover, a refused
// ticket, an unplanned failover that is held, and a drill under way.
func Days() *Log {
	l := &Log{Now: Begin}
	Drill(l)
	l.Now = Begin.Add(12 * time.Hour)
	Planned(l)
	l.Now = Begin.Add(30 * time.Hour)
	Refused(l)
	l.Now = time.Date(2026, 3, 4, 3, 16, 5, 0, time.UTC)
	Held(l)
	l.Now = time.Date(2026, 3, 4, 3, 29, 0, 0, time.UTC)
	UnderWay(l)
	return l
}

// Drill is a test failover of web01 that is cleaned up by ticket DR-102.
func Drill(l *Log) {
	r := begin(l, Desk("DR-101", 1), Web01, events.KindTest, "ams-hv1", "fra-hv1", func(q *events.Request) {
		q.Reason, q.Test = "Monthly drill", &events.TestOptions{Switch: "Isolated", HoldOpenMinutes: 60}
	})
	l.After(1700 * time.Millisecond)
	r.planned(func(d *events.FailoverPlanned) { d.HoldOpenMinutes, d.Reason = 60, "Monthly drill" }, slices.Concat(
		steps("fra-hv1", events.StepSetTestNetwork, events.StepStartTestFailover, events.StepStartTestVM, events.StepAwaitTestHeartbeat, events.StepStopTestFailover),
		steps("ams-hv1", events.StepVerifyUntouched))...)
	replica := func() *events.Reading { return r.reading("fra-hv1", "Off", "Replica", "Replicating", "Normal") }
	testVM := events.VMRef{ID: "c07a4e18-1d3f-4b92-8e65-0af2b9d4c733", Name: "web01 - Test"}
	r.step(events.StepSetTestNetwork, "fra-hv1", 800*time.Millisecond, replica())
	r.step(events.StepStartTestFailover, "fra-hv1", 6*time.Second, replica())
	r.step(events.StepStartTestVM, "fra-hv1", 2*time.Second, replica())
	up := replica()
	up.TestVM = &events.TestVMReading{ID: testVM.ID, Name: testVM.Name, Power: "Running", Heartbeat: "OkApplicationsHealthy"}
	r.step(events.StepAwaitTestHeartbeat, "fra-hv1", 31*time.Second, up)
	until := l.Now.Add(time.Hour)
	l.Add(events.FailoverAwaitingCleanup{RunRef: r.ref, TestVM: testVM, Until: until})
	r.news(events.ProgressAwaitingCleanup, "the test VM is up")

	l.After(20 * time.Minute)
	r.steer(Desk("DR-102", 1), events.ActionCleanup, "", "Drill passed")
	by := Desk("DR-102", 1)
	l.After(100 * time.Millisecond).Add(events.FailoverInstructed{
		RunRef: r.ref, Action: events.ActionCleanup, By: &by, Person: &Ada, Reason: "Drill passed",
		Steps: slices.Concat(steps("fra-hv1", events.StepStopTestFailover), steps("ams-hv1", events.StepVerifyUntouched)),
	})
	r.step(events.StepStopTestFailover, "fra-hv1", 5*time.Second, replica())
	r.step(events.StepVerifyUntouched, "ams-hv1", time.Second, r.reading("ams-hv1", "Running", "Primary", "Replicating", "Normal"))
	l.After(100 * time.Millisecond).Add(events.FailoverSucceeded{
		RunRef: r.ref,
		RTO: events.RTO{Millis: 41880, Parts: []events.Part{
			{Name: "intake", From: Begin, Millis: 300},
			{Name: "planning", From: Begin.Add(300 * time.Millisecond), Millis: 1700},
			{Name: "SetTestNetwork", From: Begin.Add(2 * time.Second), Millis: 830},
			{Name: "StartTestFailover", From: Begin.Add(2830 * time.Millisecond), Millis: 6020},
			{Name: "StartTestVM", From: Begin.Add(8850 * time.Millisecond), Millis: 2020},
			{Name: "AwaitTestHeartbeat", From: Begin.Add(10870 * time.Millisecond), Millis: 31010},
		}},
		DataLoss: events.DataLoss{Bound: events.LossNone, Basis: "The primary was not touched."},
		Evidence: []events.Reading{*r.reading("ams-hv1", "Running", "Primary", "Replicating", "Normal")},
	})
	r.closed(by, events.OutcomeSucceeded, "test failover of web01 succeeded: RTO 41.88s, no data lost")
	r.closed(r.ref.Ticket, events.OutcomeSucceeded, "test failover of web01 succeeded: RTO 41.88s, no data lost")
}

// Planned is a planned failover of db01 that goes through.
func Planned(l *Log) {
	r := begin(l, Desk("DR-201", 1), DB01, events.KindPlanned, "ams-hv1", "fra-hv1", func(q *events.Request) { q.Reason = "Firmware of ams-hv1" })
	l.After(1700 * time.Millisecond)
	r.planned(func(d *events.FailoverPlanned) {
		d.Reason = "Firmware of ams-hv1"
		d.AtStake.Basis = "The primary is shut down before its last changes are sent."
	}, slices.Concat(
		steps("ams-hv1", events.StepShutDownPrimary, events.StepPreparePrimary),
		steps("fra-hv1", events.StepFailOverReplica, events.StepReverseReplication, events.StepStartReplica, events.StepAwaitHeartbeat))...)
	r.step(events.StepShutDownPrimary, "ams-hv1", 40*time.Second, r.reading("ams-hv1", "Off", "Primary", "Replicating", "Normal"))
	r.step(events.StepPreparePrimary, "ams-hv1", 11*time.Second, r.reading("ams-hv1", "Off", "Primary", "PreparedForFailover", "Normal"))
	r.step(events.StepFailOverReplica, "fra-hv1", 10*time.Second, r.reading("fra-hv1", "Off", "Replica", "FailedOver", "Normal"))
	r.step(events.StepReverseReplication, "fra-hv1", 8*time.Second, r.reading("fra-hv1", "Off", "Primary", "Replicating", "Normal"))
	r.step(events.StepStartReplica, "fra-hv1", 2*time.Second, r.reading("fra-hv1", "Running", "Primary", "Replicating", "Normal"))
	r.step(events.StepAwaitHeartbeat, "fra-hv1", 35*time.Second, r.reading("fra-hv1", "Running", "Primary", "Replicating", "Normal"))
	l.After(100 * time.Millisecond).Add(events.FailoverSucceeded{
		RunRef:         r.ref,
		RTO:            events.RTO{Millis: 108000, Parts: []events.Part{{Name: "ShutDownPrimary", From: l.Now.Add(-108 * time.Second), Millis: 108000}}},
		DowntimeMillis: 66000,
		DataLoss:       events.DataLoss{Bound: events.LossNone, Basis: "The primary was off and had sent its last changes before the replica took over."},
		Evidence: []events.Reading{
			*r.reading("fra-hv1", "Running", "Primary", "Replicating", "Normal"), *r.reading("ams-hv1", "Off", "Replica", "Replicating", "Normal"),
		},
	})
	r.closed(r.ref.Ticket, events.OutcomeSucceeded, "planned failover of db01 succeeded: RTO 1m48s, no data lost")
}

// Refused is a ticket of which nothing is done.
func Refused(l *Log) {
	l.Add(events.TicketRefused{
		TicketRef: Desk("DR-250", 1), Account: Account, Action: events.ActionPlanned,
		Items: []events.Item{{VM: events.VMRef{Name: "db1"}, Reasons: []events.Reason{
			events.NewReason("vm-unknown", "vms[0].name", "db1", "is not a VM of account acme in the inventory", "name the VM as the inventory does, or have it added there"),
		}}},
	})
}

// Held is an unplanned failover of app01 that waits for a person.
func Held(l *Log) {
	override := &events.Override{Person: Ada, Reason: "The rack lost power; the data centre confirmed it by phone"}
	r := begin(l, Desk("DR-301", 1), App01, events.KindUnplanned, "ams-hv2", "fra-hv2", func(q *events.Request) {
		q.Reason, q.Unplanned = "Power loss in ams", &events.UnplannedOptions{Override: override}
	})
	l.After(14 * time.Second)
	since := l.Now.Add(-695 * time.Second)
	now := l.Now
	r.planned(func(d *events.FailoverPlanned) {
		d.Reason, d.Override, d.CommitAfterMinutes, d.AtWindowEnd = "Power loss in ams", override, 240, events.WindowEndHold
		d.AtStake = events.DataLoss{Bound: events.LossAtMost, Seconds: 695, Since: &since, Until: &now, Basis: "The replica received its last changes at 2026-03-04T03:04:44Z; the primary may have run until now."}
		d.Witnesses = []events.Witness{{Name: "primary-host", Verdict: events.VerdictSilent, At: now, Detail: "ams-hv2 did not answer within 10s, three times"}}
		d.Evidence = []events.Reading{
			{Host: "ams-hv2", ReadAt: now, Fault: &events.Fault{Class: events.ClassRetry, Code: "timeout", Message: "no answer within 10s"}},
			*r.reading("fra-hv2", "Off", "Replica", "Replicating", "Critical"),
		}
	}, steps("fra-hv2", events.StepFailOverReplica, events.StepStartReplica, events.StepAwaitHeartbeat, events.StepCompleteFailover)...)
	r.step(events.StepFailOverReplica, "fra-hv2", 12*time.Second, r.reading("fra-hv2", "Off", "Replica", "FailedOverWaitingCompletion", "Warning"))
	l.After(20 * time.Millisecond).Add(events.StepStarted{RunRef: r.ref, Step: events.StepStartReplica, Host: "fra-hv2", Attempt: 1})
	l.After(time.Minute).Add(events.StepFailed{RunRef: r.ref, Step: events.StepStartReplica, Host: "fra-hv2", Attempt: 1,
		Fault: events.Fault{Class: events.ClassUnknown, Code: "timeout", Message: "the answer did not come within 1m0s"}})
	running := r.reading("fra-hv2", "Running", "Replica", "FailedOverWaitingCompletion", "Warning")
	l.After(3 * time.Second).Add(events.StepDone{RunRef: r.ref, Step: events.StepStartReplica, Host: "fra-hv2", Attempt: 1, How: events.HowFound, After: running})
	l.After(20 * time.Millisecond).Add(events.StepStarted{RunRef: r.ref, Step: events.StepAwaitHeartbeat, Host: "fra-hv2", Attempt: 1})
	l.After(5 * time.Minute)
	silent := r.reading("fra-hv2", "Running", "Replica", "FailedOverWaitingCompletion", "Warning")
	silent.Heartbeat = "NoContact"
	l.Add(events.FailoverHeld{
		RunRef: r.ref, Step: events.StepAwaitHeartbeat, Code: events.HoldDeadline,
		Why: "app01 runs on fra-hv2, but its guest has not answered for 5m0s.", Decider: "a contact of acme",
		Choices:  []events.Choice{events.ChoiceRetry, events.ChoiceAccept, events.ChoiceCancel, events.ChoiceAbandon},
		Evidence: []events.Reading{*silent},
	})
	r.news(events.ProgressHeld, "app01 runs on fra-hv2, but its guest has not answered for 5m0s.")
}

// UnderWay is a test failover of web02 in the middle of a step.
func UnderWay(l *Log) {
	r := begin(l, Desk("DR-401", 1), Web02, events.KindTest, "ams-hv1", "fra-hv1", nil)
	l.After(1700 * time.Millisecond)
	r.planned(nil, slices.Concat(
		steps("fra-hv1", events.StepSetTestNetwork, events.StepStartTestFailover, events.StepStartTestVM, events.StepAwaitTestHeartbeat, events.StepStopTestFailover),
		steps("ams-hv1", events.StepVerifyUntouched))...)
	r.step(events.StepSetTestNetwork, "fra-hv1", 800*time.Millisecond, r.reading("fra-hv1", "Off", "Replica", "Replicating", "Normal"))
	l.After(20 * time.Millisecond).Add(events.StepStarted{RunRef: r.ref, Step: events.StepStartTestFailover, Host: "fra-hv1", Attempt: 1})
}
