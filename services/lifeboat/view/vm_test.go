package view_test

import (
	"slices"
	"testing"
	"time"

	"lifeboat.io/events"
	"lifeboat.io/services/lifeboat/internal/story"
	"lifeboat.io/services/lifeboat/view"
)

// newest groups a log by VM, as the bus brings the last events of each type.
func newest(log *story.Log) map[string][]view.Event {
	byID := map[string][]view.Event{}
	for _, e := range log.Events() {
		if e.Aggregate.Family == events.FamilyFailover {
			byID[e.Aggregate.ID] = append(byID[e.Aggregate.ID], e)
		}
	}
	return byID
}

func TestVMsAreWhereTheyWereSeen(t *testing.T) {
	vms := view.VMs(story.Inventory(), newest(story.Days()), story.End)
	for _, tt := range []struct {
		name, live string
		stale      bool
		run        string
		over       bool
	}{
		{"web01", "ams-hv1", true, "succeeded", true},
		{"web02", "ams-hv1", false, "step-started", false},
		{"db01", "fra-hv1", true, "succeeded", true},
		{"app01", "fra-hv2", true, "held", false},
		{"report01", "", false, "", false},
	} {
		i := slices.IndexFunc(vms, func(v view.VM) bool { return v.Name == tt.name })
		v := vms[i]
		if tt.live == "" {
			if v.Live != nil || v.Run != nil {
				t.Errorf("%s was never in a run: %+v", tt.name, v)
			}
			continue
		}
		if v.Live == nil || v.Live.Host != tt.live || v.Live.Stale != tt.stale {
			t.Errorf("%s: seen running %+v, want on %s, stale %v", tt.name, v.Live, tt.live, tt.stale)
		}
		if v.Run == nil || v.Run.Event != tt.run || v.Run.Over != tt.over {
			t.Errorf("%s: run %+v, want %s, over %v", tt.name, v.Run, tt.run, tt.over)
		}
	}
}

// TestOldNewsIsNotThePresent: what is fresh now is old after FreshFor, and what
// was never seen is never fresh.
func TestOldNewsIsNotThePresent(t *testing.T) {
	now := story.End
	for _, tt := range []struct {
		name string
		seen time.Time
		want bool
	}{
		{"now", now, true},
		{"a moment ago", now.Add(-time.Second), true},
		{"just in time", now.Add(-view.FreshFor + time.Nanosecond), true},
		{"too long ago", now.Add(-view.FreshFor), false},
		{"never", time.Time{}, false},
		{"by a clock that is a little ahead", now.Add(time.Minute), true},
		{"in the future", now.Add(view.FreshFor), false},
	} {
		if got := view.Fresh(tt.seen, now); got != tt.want {
			t.Errorf("%s: fresh %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestARefusedInstructionDoesNotEndARun(t *testing.T) {
	log := story.Days()
	ref := reference(t, log, story.App01)
	log.After(time.Second).Add(events.FailoverRefused{RunRef: ref, Action: events.ActionCommit, By: story.Desk("DR-9", 1), Reasons: []events.Reason{events.NewReason("c", "f", "v", "p", "f")}})
	history := log.Of(story.VM(story.App01))
	if v := view.VMOf(story.Inventory().VMs[3], history, story.End); v.Run.Event != "held" || v.Run.Over {
		t.Errorf("run %+v, want one that is held", v.Run)
	}
	if !view.Unfinished(history) {
		t.Error("a held run counts as finished")
	}
}

func TestHostsTellWhenTheyAnswered(t *testing.T) {
	var seen view.Sightings
	for _, e := range story.Days().Events() {
		seen.Add(e)
	}
	hosts := view.Hosts(story.Inventory(), seen, story.End)
	want := map[string]struct {
		stale, fault        bool
		primaries, replicas int
	}{
		"ams-hv1": {false, false, 3, 0}, "ams-hv2": {true, true, 2, 0}, "fra-hv1": {false, false, 0, 3}, "fra-hv2": {true, false, 0, 2},
	}
	for _, h := range hosts {
		w := want[h.Name]
		if h.Seen == nil || h.Seen.Stale != w.stale || (h.Seen.Fault != nil) != w.fault {
			t.Errorf("%s: seen %+v, want stale %v, fault %v", h.Name, h.Seen, w.stale, w.fault)
		}
		if len(h.Primaries) != w.primaries || len(h.Replicas) != w.replicas {
			t.Errorf("%s: %d primaries and %d replicas, want %d and %d", h.Name, len(h.Primaries), len(h.Replicas), w.primaries, w.replicas)
		}
	}
	for _, h := range view.Hosts(story.Inventory(), view.Sightings{}, story.End) {
		if h.Seen != nil {
			t.Errorf("%s was never looked at, but seen %+v", h.Name, h.Seen)
		}
	}
}
