package hypertest

import (
	"context"
	"time"

	"lifeboat.io/pkg/hyperv"
)

// noPoint is a recovery point no replica has.
const noPoint hyperv.RecoveryPointID = "00000000-dead-4bad-8000-0000000000aa"

var testCases = []Case{
	{"TestFailover", func(t *trial) {
		t.firstTestNetwork(t.TestSwitch)
		before := t.shows(t.Primary, hyperv.ModePrimary, hyperv.StateReplicating)
		t.acts("StartTestFailover", t.startTest(t.Replica, ""))
		test := t.isTestVM(t.read(t.Replica))
		start := func(ctx context.Context) (hyperv.Change, error) { return t.Replica.Start(ctx, test.ID) }
		t.acts("Start of the test VM", start)
		t.until("the test VM's heartbeat", func() bool { return t.read(t.Replica).TestVM.Heartbeat.Alive() })
		if vm := t.readVM(t.Replica, test.ID); !vm.Present || vm.Replication.Mode != hyperv.ModeTestReplica || vm.Power != hyperv.PowerRunning {
			t.Errorf("the test VM reads %+v", vm)
		}
		if s, ok := t.listed(t.Replica, test.ID); !ok || s.Mode != hyperv.ModeTestReplica {
			t.Errorf("the test VM is listed as %+v", s)
		}
		t.replicates(t.Replica) // a test stops nothing
		t.acts("StopTestFailover", t.stopTest(t.Replica))
		if vm := t.readVM(t.Replica, test.ID); vm.Present {
			t.Errorf("the test VM is still there: %+v", vm)
		}
		if after := t.shows(t.Primary, hyperv.ModePrimary, hyperv.StateReplicating); essence(after) != essence(before) {
			t.Errorf("the primary was\n%s and is\n%s", essence(before), essence(after))
		}
		t.shows(t.Replica, hyperv.ModeReplica, hyperv.StateReplicating)
	}},
	{"TestFailoverWrites", func(t *trial) {
		if t.Writes == nil {
			t.Skip("the fixture counts no writes")
		}
		t.acts("StartTestFailover", t.startTest(t.Replica, ""))
		test := t.read(t.Replica).TestVM
		if _, err := t.Replica.Start(t.Context(), test.ID); err != nil {
			t.Fatal(err)
		}
		before := t.Writes(t.T, t.Primary)
		t.Pass(10 * time.Minute)
		if after := t.Writes(t.T, t.Primary); after <= before {
			t.Errorf("the primary stood still at %d writes", after)
		}
		t.acts("StopTestFailover", t.stopTest(t.Replica))
		t.replicates(t.Replica)
		if p, r := t.Writes(t.T, t.Primary), t.Writes(t.T, t.Replica); r > p || r <= before {
			t.Errorf("after the test the replica holds %d writes, the primary %d", r, p)
		}
	}},
	{"TestFailoverFromPoint", func(t *trial) {
		point := t.anyPoint()
		t.acts("StartTestFailover", t.startTest(t.Replica, point.ID))
		t.acts("StopTestFailover", t.stopTest(t.Replica))
		t.refused("StartTestFailover", t.Replica, hyperv.CodeNoSuchRecoveryPoint, t.startTest(t.Replica, noPoint))
	}},
	{"TestFailoverRefused", func(t *trial) {
		t.needsResume()
		t.refused("StartTestFailover on the primary", t.Primary, hyperv.CodeWrongState, t.startTest(t.Primary, ""))
		t.idle("StopTestFailover without a test", t.stopTest(t.Replica))
		t.acts("FailOver", t.failOver(t.Replica, ""))
		t.refused("StartTestFailover after FailOver", t.Replica, hyperv.CodeWrongState, t.startTest(t.Replica, ""))
	}},
}

// isTestVM checks the test VM of a reading.
func (t *trial) isTestVM(vm hyperv.VM) *hyperv.TestVM {
	t.Helper()
	test := vm.TestVM
	if test == nil || test.ID == "" || test.ID == t.VM || test.Name == t.VMName || test.Power != hyperv.PowerOff {
		t.Fatalf("test VM: %+v", test)
	}
	for _, a := range test.Adapters {
		want := "" // adapters that were not named
		if a.Name == t.Adapter {
			want = t.TestSwitch
		}
		if a.Switch != want {
			t.Errorf("its adapter %q is on switch %q, want %q", a.Name, a.Switch, want)
		}
	}
	return test
}

// anyPoint is a recovery point of the replica; without one the case is skipped.
func (t *trial) anyPoint() hyperv.RecoveryPoint {
	t.Helper()
	points := t.read(t.Replica).RecoveryPoints
	if len(points) == 0 {
		t.Skip("the replica keeps no recovery points")
	}
	return points[len(points)/2] // neither about to expire nor the latest data
}

var plannedCases = []Case{
	{"PlannedFailover", func(t *trial) {
		t.refused("Prepare while running", t.Primary, hyperv.CodeWrongState, t.prepare(t.Primary))
		t.refused("Prepare on the replica", t.Replica, hyperv.CodeWrongState, t.prepare(t.Replica))
		t.plan(t.Primary, t.Replica, t.ToPrimary)
		t.replicates(t.Primary)
		t.alive(t.Replica)
		t.idle("BecomeReplica on what is one", t.becomeReplica(t.Primary))
		t.refused("Complete after Reverse", t.Replica, hyperv.CodeWrongState, t.complete(t.Replica))
		t.settled(t.Replica)
		t.plan(t.Replica, t.Primary, t.ToReplica) // and back
		t.replicates(t.Replica)
	}},
	{"PlannedFailoverWrites", func(t *trial) {
		if t.Writes == nil {
			t.Skip("the fixture counts no writes")
		}
		t.acts("Stop", t.stop(t.Primary))
		last := t.Writes(t.T, t.Primary)
		t.acts("Prepare", t.prepare(t.Primary))
		t.acts("FailOver", t.failOver(t.Replica, ""))
		if got := t.Writes(t.T, t.Replica); got != last {
			t.Errorf("the primary had %d writes, %d were handed over", last, got)
		}
	}},
	{"ReverseRefused", func(t *trial) {
		t.needsResume()
		t.refused("Reverse without FailOver", t.Replica, hyperv.CodeWrongState, t.reverse(t.Replica, t.ToPrimary))
		elsewhere := t.ToPrimary
		elsewhere.Server = "nowhere." + elsewhere.Server
		t.refused("Reverse on the primary", t.Primary, hyperv.CodeWrongState, t.reverse(t.Primary, elsewhere))
		t.acts("FailOver", t.failOver(t.Replica, ""))
		// The primary has neither been prepared nor made a replica.
		t.fails("Reverse with a live primary", t.Replica, hyperv.ClassRetry, "", t.reverse(t.Replica, t.ToPrimary))
	}},
}

// plan runs a planned failover from one host to the other, checking each step.
func (t *trial) plan(from, to hyperv.Host, back hyperv.ReplicaServer) {
	t.Helper()
	t.acts("Stop", t.stop(from))
	t.acts("Prepare", t.prepare(from))
	t.shows(from, hyperv.ModePrimary, hyperv.StatePreparedForFailover)
	t.refused("Start while prepared", from, hyperv.CodeWrongState, t.powerOn(from))
	c := t.acts("FailOver", t.failOver(to, ""))
	if got := c.After.Replication.FailedOver; got != hyperv.TypePlanned || c.After.Power != hyperv.PowerOff {
		t.Errorf("failed over from %s, and the VM is %s", got, c.After.Power)
	}
	t.shows(to, hyperv.ModeReplica, hyperv.StateFailedOverWaitingCompletion)
	t.acts("Reverse", t.reverse(to, back))
	t.shows(to, hyperv.ModePrimary, hyperv.StateReplicating)
	t.shows(from, hyperv.ModeReplica, hyperv.StateReplicating)
	t.acts("Start", t.powerOn(to))
}

// settled waits until no disks merge any more on a host.
func (t *trial) settled(h hyperv.Host) {
	t.Helper()
	t.until("the end of merging on "+h.Name(), func() bool {
		for _, s := range t.read(h).OperationalStatus {
			if s == "MergingDisks" {
				return false
			}
		}
		return true
	})
}

var unplannedCases = []Case{
	{"UnplannedFailover", func(t *trial) {
		t.needsResume()
		t.refused("FailOver on the primary", t.Primary, hyperv.CodeWrongState, t.failOver(t.Primary, ""))
		t.refused("Complete without FailOver", t.Replica, hyperv.CodeWrongState, t.complete(t.Replica))
		t.acts("Stop", t.stop(t.Primary))
		c := t.acts("FailOver", t.failOver(t.Replica, ""))
		if got := c.After.Replication.FailedOver; got == hyperv.TypePlanned || got == hyperv.TypeNone {
			t.Errorf("failed over from %s", got)
		}
		t.acts("Start", t.powerOn(t.Replica))
		t.alive(t.Replica)
	}},
	{"UnplannedFailoverToPoint", func(t *trial) {
		t.needsResume()
		point := t.anyPoint()
		t.refused("FailOver", t.Replica, hyperv.CodeNoSuchRecoveryPoint, t.failOver(t.Replica, noPoint))
		t.acts("Stop", t.stop(t.Primary))
		latest := int64(0)
		if t.Writes != nil {
			latest = t.Writes(t.T, t.Replica)
		}
		t.acts("FailOver", t.failOver(t.Replica, point.ID))
		if t.Writes != nil {
			if got := t.Writes(t.T, t.Replica); got >= latest {
				t.Errorf("holds %d writes, the latest data has %d", got, latest)
			}
		}
		t.acts("CancelFailover", t.cancel(t.Replica))
		if t.Writes != nil {
			if got := t.Writes(t.T, t.Replica); got < latest {
				t.Errorf("after cancelling it holds %d writes of %d", got, latest)
			}
		}
	}},
	{"Complete", func(t *trial) {
		t.needsSeed()
		t.acts("Stop", t.stop(t.Primary))
		t.acts("FailOver", t.failOver(t.Replica, ""))
		t.acts("Start", t.powerOn(t.Replica))
		t.acts("Complete", t.complete(t.Replica))
		if points := t.read(t.Replica).RecoveryPoints; len(points) != 0 {
			t.Errorf("recovery points are left: %+v", points)
		}
		t.shows(t.Replica, hyperv.ModeReplica, hyperv.StateFailedOver)
		t.idle("FailOver after Complete", t.failOver(t.Replica, ""))
		t.refused("CancelFailover after Complete", t.Replica, hyperv.CodeWrongState, t.cancel(t.Replica))
		t.settled(t.Replica)
		t.acts("BecomeReplica", t.becomeReplica(t.Primary))
		t.shows(t.Primary, hyperv.ModeReplica, hyperv.StateWaitingForInitial)
		t.acts("Reverse", t.reverse(t.Replica, t.ToPrimary))
		t.shows(t.Replica, hyperv.ModePrimary, hyperv.StateReadyForInitialReplication)
	}},
}

var cancelCases = []Case{
	{"CancelNothing", func(t *trial) {
		t.idle("CancelFailover on the primary", t.cancel(t.Primary))
		t.idle("CancelFailover on the replica", t.cancel(t.Replica))
	}},
	{"CancelPrepared", func(t *trial) {
		t.acts("Stop", t.stop(t.Primary))
		t.acts("Prepare", t.prepare(t.Primary))
		t.acts("CancelFailover", t.cancel(t.Primary))
		t.shows(t.Primary, hyperv.ModePrimary, hyperv.StateReplicating)
		t.acts("Start", t.powerOn(t.Primary))
		t.replicates(t.Primary)
	}},
	{"CancelPreparedAndFailedOver", func(t *trial) {
		t.acts("Stop", t.stop(t.Primary))
		t.acts("Prepare", t.prepare(t.Primary))
		t.acts("FailOver", t.failOver(t.Replica, ""))
		t.acts("Start", t.powerOn(t.Replica))
		t.refused("CancelFailover of a running replica", t.Replica, hyperv.CodeWrongState, t.cancel(t.Replica))
		t.acts("Stop", t.stop(t.Replica))
		t.acts("CancelFailover on the replica", t.cancel(t.Replica))
		t.shows(t.Replica, hyperv.ModeReplica, hyperv.StateReplicating)
		t.refused("Start of the replica", t.Replica, hyperv.CodeWrongState, t.powerOn(t.Replica))
		t.acts("CancelFailover on the primary", t.cancel(t.Primary))
		t.acts("Start", t.powerOn(t.Primary))
		t.replicates(t.Replica)
	}},
	{"CancelUnplanned", func(t *trial) {
		t.needsResume()
		t.acts("Stop", t.stop(t.Primary))
		t.acts("FailOver", t.failOver(t.Replica, ""))
		t.acts("CancelFailover", t.cancel(t.Replica))
		vm := t.shows(t.Replica, hyperv.ModeReplica, hyperv.StateReplicating)
		if vm.Replication.FailedOver != hyperv.TypeNone {
			t.Errorf("still says failed over from %s", vm.Replication.FailedOver)
		}
		t.acts("FailOver once more", t.failOver(t.Replica, ""))
	}},
	{"CancelWithTestVM", func(t *trial) {
		t.needsResume()
		t.acts("StartTestFailover", t.startTest(t.Replica, ""))
		t.idle("CancelFailover with nothing but a test", t.cancel(t.Replica))
		if t.read(t.Replica).TestVM == nil {
			t.Fatal("CancelFailover removed the test VM")
		}
		if _, err := t.Replica.FailOver(t.Context(), t.VM, ""); err != nil {
			t.Skipf("the host does not fail over with a test VM present: %v", err)
		}
		t.refused("CancelFailover", t.Replica, hyperv.CodeTestVMPresent, t.cancel(t.Replica))
		t.acts("StopTestFailover", t.stopTest(t.Replica))
		t.acts("CancelFailover", t.cancel(t.Replica))
	}},
}

var roleCases = []Case{
	{"BecomeReplica", func(t *trial) {
		t.needsSeed()
		t.refused("BecomeReplica while running", t.Primary, hyperv.CodeWrongState, t.becomeReplica(t.Primary))
		t.acts("Stop", t.stop(t.Primary))
		t.acts("FailOver", t.failOver(t.Replica, ""))
		t.refused("BecomeReplica of a failed-over replica", t.Replica, hyperv.CodeWrongState, t.becomeReplica(t.Replica))
		t.acts("BecomeReplica", t.becomeReplica(t.Primary))
		t.shows(t.Primary, hyperv.ModeReplica, hyperv.StateWaitingForInitial)
		t.refused("FailOver of what never received", t.Primary, hyperv.CodeWrongState, t.failOver(t.Primary, ""))
		t.refused("Start", t.Primary, hyperv.CodeWrongState, t.powerOn(t.Primary))
	}},
	{"BecomeReplicaSaved", func(t *trial) {
		t.needsSeed()
		if t.Save == nil {
			t.Skip("the fixture saves no VMs")
		}
		t.Save(t.T, t.Primary)
		if c := t.acts("BecomeReplica", t.becomeReplica(t.Primary)); c.Before.Power != hyperv.PowerSaved || c.After.Power != hyperv.PowerOff {
			t.Errorf("went from %s to %s", c.Before.Power, c.After.Power)
		}
	}},
}

var boundaryCases = []Case{
	{"BeginByPast", func(t *trial) {
		t.fails("Stop", t.Primary, hyperv.ClassRetry, hyperv.CodeTooLate, func(ctx context.Context) (hyperv.Change, error) {
			return t.stop(t.Primary)(hyperv.BeginBy(ctx, time.Unix(0, 0)))
		})
	}},
	{"BeginByFuture", func(t *trial) {
		t.acts("Stop", func(ctx context.Context) (hyperv.Change, error) {
			return t.stop(t.Primary)(hyperv.BeginBy(ctx, t.now().Add(time.Hour)))
		})
	}},
	{"ContextEnded", func(t *trial) {
		t.fails("Stop", t.Primary, hyperv.ClassRetry, "", func(ctx context.Context) (hyperv.Change, error) {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			return t.stop(t.Primary)(ctx)
		})
		if _, err := t.Primary.Read(t.Context(), t.VM); err != nil {
			t.Errorf("the next call fails too: %v", err)
		}
	}},
}
