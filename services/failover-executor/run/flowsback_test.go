package run

import (
	"testing"
	"time"

	"lifeboat.io/events"
	"lifeboat.io/pkg/hyperv"
)

// TestFlowsBack: changes that went across while the reversal was still being
// confirmed count; what had arrived in the old direction does not.
func TestFlowsBack(t *testing.T) {
	before := time.Date(2030, 1, 7, 9, 0, 0, 0, time.UTC)
	after := before.Add(2 * time.Second)
	reading := func(at time.Time) *events.Reading {
		return &events.Reading{HostTime: &at, Replication: &events.ReplicationReading{}}
	}
	for name, tt := range map[string]struct {
		before, after *events.Reading
		last          time.Time
		want          bool
	}{
		"only in the old direction":        {reading(before), reading(after), before.Add(-time.Minute), false},
		"before the reversal was read":     {reading(before), reading(after), before.Add(time.Second), true},
		"later":                            {reading(before), reading(after), after.Add(time.Second), true},
		"found done, nothing since":        {nil, reading(after), before.Add(time.Second), false},
		"found done, and something since":  {nil, reading(after), after.Add(time.Second), true},
		"nothing was read of the reversal": {nil, nil, before, true},
	} {
		r := &Run{Done: []events.StepDone{{Step: events.StepReverseReplication, Before: tt.before, After: tt.after}}}
		side := func(mode hyperv.Mode) Sight {
			return Sight{VM: hyperv.VM{Present: true, Replication: hyperv.Replication{Mode: mode, State: hyperv.StateReplicating, LastReplication: tt.last}}}
		}
		s := scene{run: r, primary: side(hyperv.ModeReplica), replica: side(hyperv.ModePrimary)}
		if got := flowsBack(s); got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}
