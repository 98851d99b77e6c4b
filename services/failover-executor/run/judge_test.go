package run

import (
	"strings"
	"testing"
	"time"

	"lifeboat.io/events"
	"lifeboat.io/pkg/hyperv"
	"pgregory.net/rapid"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// at makes a look at a VM in a mode, state and power.
func at(mode hyperv.Mode, state hyperv.ReplicationState, power hyperv.PowerState) Sight {
	return Sight{At: noon, VM: hyperv.VM{
		Present: true, ID: "11111111-1111-1111-1111-111111111111", Name: "db", HostTime: noon, Power: power,
		Replication: hyperv.Replication{
			Mode: mode, State: state, Health: hyperv.HealthNormal,
			Frequency: 5 * time.Minute, LastReplication: noon.Add(-40 * time.Second),
		},
	}}
}

func silent() Sight {
	return Sight{At: noon, Fault: &hyperv.Error{Class: hyperv.ClassRetry, Code: hyperv.CodeUnreachable, Message: "no route"}}
}

func absent() Sight { return Sight{At: noon, VM: hyperv.VM{HostTime: noon}} }

func TestCast(t *testing.T) {
	p := at(hyperv.ModePrimary, hyperv.StateReplicating, hyperv.PowerRunning)
	r := at(hyperv.ModeReplica, hyperv.StateReplicating, hyperv.PowerOff)
	none := at(hyperv.ModeNone, hyperv.StateDisabled, hyperv.PowerRunning)
	for name, c := range map[string]struct {
		a, b Sight
		want string // the primary; "" when unclear
	}{
		"as configured":        {p, r, "a"},
		"swapped":              {r, p, "b"},
		"replica silent":       {p, silent(), "a"},
		"primary silent":       {silent(), r, "a"},
		"swapped, old silent":  {r, silent(), "b"},
		"primary lost its VM":  {absent(), r, "a"},
		"both primary":         {p, p, ""},
		"both replica":         {r, r, ""},
		"both silent":          {silent(), silent(), ""},
		"replication removed":  {none, r, ""},
		"primary and stranger": {p, none, ""},
	} {
		got, unclear := cast(Protection{Hosts: [2]string{"a", "b"}}, map[string]Sight{"a": c.a, "b": c.b})
		if got.primary != c.want || (c.want == "") != (unclear != "") {
			t.Errorf("%s: primary %q (%s), want %q", name, got.primary, unclear, c.want)
		}
	}
}

func TestWitnesses(t *testing.T) {
	r := at(hyperv.ModeReplica, hyperv.StateReplicating, hyperv.PowerOff)
	for name, c := range map[string]struct {
		primary Sight
		want    events.Verdict
	}{
		"running":    {at(hyperv.ModePrimary, hyperv.StateReplicating, hyperv.PowerRunning), events.VerdictUp},
		"starting":   {at(hyperv.ModePrimary, hyperv.StateReplicating, hyperv.PowerStarting), events.VerdictUp},
		"paused":     {at(hyperv.ModePrimary, hyperv.StateReplicating, hyperv.PowerPaused), events.VerdictUp},
		"unheard-of": {at(hyperv.ModePrimary, hyperv.StateReplicating, "RunningCritical"), events.VerdictUp},
		"off":        {at(hyperv.ModePrimary, hyperv.StateError, hyperv.PowerOff), events.VerdictDown},
		"saved":      {at(hyperv.ModePrimary, hyperv.StateError, hyperv.PowerSaved), events.VerdictDown},
		"no such VM": {absent(), events.VerdictDown},
		"silent":     {silent(), events.VerdictSilent},
		"not let in": {Sight{Fault: &hyperv.Error{Class: hyperv.ClassHold, Code: hyperv.CodeAccessDenied}}, events.VerdictSilent},
	} {
		if got := overall(witnesses(c.primary, r)); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestPreconditions(t *testing.T) {
	p := at(hyperv.ModePrimary, hyperv.StateReplicating, hyperv.PowerRunning)
	r := at(hyperv.ModeReplica, hyperv.StateReplicating, hyperv.PowerOff)
	change := func(s Sight, f func(*hyperv.VM)) Sight { f(&s.VM); return s }
	suspended := at(hyperv.ModeReplica, hyperv.StateSuspended, hyperv.PowerOff)
	inError := at(hyperv.ModeReplica, hyperv.StateError, hyperv.PowerOff)
	for name, c := range map[string]struct {
		action  events.Action
		primary Sight
		replica Sight
		options *events.UnplannedOptions
		want    string // codes, sorted by the table
	}{
		"test, all well":                {events.ActionTest, p, r, nil, ""},
		"test, primary lost":            {events.ActionTest, silent(), r, nil, ""},
		"test, replica silent":          {events.ActionTest, p, silent(), nil, "replica-silent"},
		"test, suspended":               {events.ActionTest, p, suspended, nil, ""},
		"test, test VM there":           {events.ActionTest, p, change(r, func(v *hyperv.VM) { v.TestVM = &hyperv.TestVM{Name: "db - Test"} }), nil, "replica-not-ready"},
		"test, never replicated":        {events.ActionTest, p, change(r, func(v *hyperv.VM) { v.Replication.LastReplication = time.Time{} }), nil, "replica-not-ready"},
		"test, resynchronizing":         {events.ActionTest, p, at(hyperv.ModeReplica, hyperv.StateResynchronizing, hyperv.PowerOff), nil, "replica-not-ready"},
		"planned, all well":             {events.ActionPlanned, p, r, nil, ""},
		"planned, primary off":          {events.ActionPlanned, at(hyperv.ModePrimary, hyperv.StateReplicating, hyperv.PowerOff), r, nil, ""},
		"planned, primary saved":        {events.ActionPlanned, at(hyperv.ModePrimary, hyperv.StateReplicating, hyperv.PowerSaved), r, nil, "primary-not-ready"},
		"planned, primary silent":       {events.ActionPlanned, silent(), r, nil, "primary-silent"},
		"planned, both silent":          {events.ActionPlanned, silent(), silent(), nil, "replica-silent primary-silent"},
		"planned, suspended":            {events.ActionPlanned, at(hyperv.ModePrimary, hyperv.StateSuspended, hyperv.PowerRunning), suspended, nil, "replica-not-ready primary-not-ready"},
		"planned, critical":             {events.ActionPlanned, change(p, func(v *hyperv.VM) { v.Replication.Health = hyperv.HealthCritical }), r, nil, "primary-not-ready"},
		"planned, extended":             {events.ActionPlanned, p, change(r, func(v *hyperv.VM) { v.Extended = &hyperv.Replication{} }), nil, "extended-replica"},
		"planned, replica failed over":  {events.ActionPlanned, p, at(hyperv.ModeReplica, hyperv.StateFailedOver, hyperv.PowerOff), nil, "replica-not-ready"},
		"unplanned, primary silent":     {events.ActionUnplanned, silent(), r, nil, ""},
		"unplanned, primary off":        {events.ActionUnplanned, at(hyperv.ModePrimary, hyperv.StateError, hyperv.PowerOff), r, nil, ""},
		"unplanned, primary runs":       {events.ActionUnplanned, p, r, nil, "primary-runs"},
		"unplanned, may shut it down":   {events.ActionUnplanned, p, r, &events.UnplannedOptions{ShutDownPrimary: true}, ""},
		"unplanned, override, but runs": {events.ActionUnplanned, p, r, &events.UnplannedOptions{Override: &events.Override{}}, "primary-runs"},
		"unplanned, resynchronizing":    {events.ActionUnplanned, silent(), at(hyperv.ModeReplica, hyperv.StateResynchronizing, hyperv.PowerOff), nil, ""},
		"unplanned, replica in error":   {events.ActionUnplanned, silent(), inError, nil, "replica-not-ready"},
		"unplanned, replica runs":       {events.ActionUnplanned, silent(), at(hyperv.ModeReplica, hyperv.StateFailedOverWaitingCompletion, hyperv.PowerRunning), nil, "replica-not-ready"},
	} {
		o := Order{Ticket: events.TicketAccepted{Request: events.Request{Action: c.action, Unplanned: c.options}}}
		var codes []string
		for _, reason := range preconditions(o, c.primary, c.replica) {
			codes = append(codes, reason.Code)
			if reason.Problem == "" || reason.Fix == "" {
				t.Errorf("%s: %s lacks a problem or a fix", name, reason.Code)
			}
		}
		if got := strings.Join(codes, " "); got != c.want {
			t.Errorf("%s: refused for %q, want %q", name, got, c.want)
		}
	}
}

func TestRecoveryPoint(t *testing.T) {
	r := at(hyperv.ModeReplica, hyperv.StateReplicating, hyperv.PowerOff)
	r.VM.RecoveryPoints = []hyperv.RecoveryPoint{
		{ID: "aaaaaaaa-0000-0000-0000-000000000001", Time: noon.Add(-2 * time.Hour)},
		{ID: "aaaaaaaa-0000-0000-0000-000000000002", Time: noon.Add(-time.Hour)},
	}
	for name, c := range map[string]struct {
		action events.Action
		want   string
		point  hyperv.RecoveryPointID
		code   string
	}{
		"nothing said":      {events.ActionTest, "", "", ""},
		"latest":            {events.ActionUnplanned, "latest", "", ""},
		"by id, any case":   {events.ActionTest, "AAAAAAAA-0000-0000-0000-000000000001", "aaaaaaaa-0000-0000-0000-000000000001", ""},
		"newest before":     {events.ActionUnplanned, "2026-03-01T11:30:00Z", "aaaaaaaa-0000-0000-0000-000000000002", ""},
		"exactly at":        {events.ActionUnplanned, "2026-03-01T10:00:00Z", "aaaaaaaa-0000-0000-0000-000000000001", ""},
		"before all":        {events.ActionUnplanned, "2026-03-01T01:00:00Z", "", "no-such-recovery-point"},
		"gone":              {events.ActionTest, "aaaaaaaa-0000-0000-0000-000000000009", "", "no-such-recovery-point"},
		"planned is latest": {events.ActionPlanned, "aaaaaaaa-0000-0000-0000-000000000001", "", "planned-is-latest"},
	} {
		point, reason := recoveryPoint(events.TicketAccepted{Request: events.Request{Action: c.action, RecoveryPoint: c.want}}, r)
		var id hyperv.RecoveryPointID
		if point != nil {
			id = point.ID
		}
		var code string
		if reason != nil {
			code = reason.Code
		}
		if id != c.point || code != c.code {
			t.Errorf("%s: point %q reason %q, want %q %q", name, id, code, c.point, c.code)
		}
	}
}

func TestTestAdapters(t *testing.T) {
	vm := hyperv.VM{Present: true, Adapters: []hyperv.Adapter{{Name: "front"}, {Name: "back"}}}
	inventory := events.TestOptions{Switch: "Isolated"}
	for name, c := range map[string]struct {
		ticket *events.TestOptions
		want   string
		codes  int
	}{
		"the inventory's": {nil, "front=Isolated back=Isolated", 0},
		"the ticket's":    {&events.TestOptions{Switch: "Drill"}, "front=Drill back=Drill", 0},
		"one overridden":  {&events.TestOptions{Adapters: []events.AdapterSwitch{{Adapter: "back", Switch: ""}}}, "front=Isolated back=", 0},
		"unknown adapter": {&events.TestOptions{Adapters: []events.AdapterSwitch{{Adapter: "Back", Switch: "x"}}}, "front=Isolated back=Isolated", 1},
	} {
		o := Order{Ticket: events.TicketAccepted{Request: events.Request{Action: events.ActionTest, Test: c.ticket}}, Protection: Protection{Test: inventory}}
		adapters, reasons := testAdapters(o, vm)
		var out []string
		for _, a := range adapters {
			out = append(out, a.Adapter+"="+a.Switch)
		}
		if got := strings.Join(out, " "); got != c.want || len(reasons) != c.codes {
			t.Errorf("%s: %s (%d reasons), want %s (%d)", name, got, len(reasons), c.want, c.codes)
		}
	}
}

// TestClockHasNoGap: whatever the times, the parts follow each other and add up.
func TestClockHasNoGap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		submitted := noon.Add(time.Duration(rapid.Int64Range(-1e9, 1e9).Draw(t, "submitted")))
		c := startClock(submitted, noon, noon.Add(time.Duration(rapid.Int64Range(-1e9, 0).Draw(t, "window"))))
		now := noon
		var stops []time.Time
		for range rapid.IntRange(1, 20).Draw(t, "laps") {
			now = now.Add(time.Duration(rapid.Int64Range(0, 5e9).Draw(t, "lap")))
			c.lap(rapid.SampledFrom([]string{"a", "b", "held"}).Draw(t, "name"), now)
			stops = append(stops, now)
		}
		served := rapid.SampledFrom(stops).Draw(t, "served")
		rto := c.until(served)
		var sum int64
		at := c.start.UnixMilli()
		for _, p := range rto.Parts {
			if p.From.UnixMilli() != at {
				t.Fatalf("part %s begins at %d, the one before ends at %d", p.Name, p.From.UnixMilli(), at)
			}
			if p.Millis < 0 {
				t.Fatalf("part %s took %d ms", p.Name, p.Millis)
			}
			at += p.Millis
			sum += p.Millis
		}
		if sum != rto.Millis || at != served.UnixMilli() {
			t.Fatalf("parts add up to %d ms, the whole is %d ms", sum, rto.Millis)
		}
	})
}

func TestBackoffIsBounded(t *testing.T) {
	p := DefaultPolicy()
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.String().Draw(t, "run")
		n := rapid.IntRange(1, 60).Draw(t, "attempt")
		if d := p.backoff(id, n); d < p.Backoff || d > p.BackoffMax+p.BackoffMax/4 {
			t.Fatalf("attempt %d waits %s", n, d)
		}
	})
}
