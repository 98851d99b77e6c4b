package hypersim_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/hypersim"
	"pgregory.net/rapid"
)

// The model is Hyper-V Replica's transition table once more, written down
// independently of the simulator: what each cmdlet requires of the two sides,
// and what it makes of them. Random sequences of cmdlets, cycles, cut links and
// crashes must come out the same in both.

// side is one host's copy in the model.
type side struct {
	mode     string // Primary or Replica
	wmi      int
	power    string // Off, Running or Saved
	test     bool   // has a test VM
	received bool   // LastReplicationTime is set
	fails    int    // cycles failed in a row
	planned  bool   // the last thing received was the last delta
	task     bool   // initial replication or resynchronization is under way
	down     bool
}

// model is both sides; cut[i] is the link from i to the other.
type model struct {
	s   [2]side
	cut [2]bool
}

func (m *model) peer(i int) *side { return &m.s[1-i] }

// reaches tells whether i can open a connection to the other side.
func (m *model) reaches(i int) bool { return !m.cut[i] && !m.s[1-i].down }

func is(n int, list ...int) bool { return slices.Contains(list, n) }

// rule is a row of the table: an error id instead of an effect, or the effect.
type rule struct {
	op     string
	refuse func(m *model, me *side, i int) string
	effect func(m *model, me *side, i int)
}

const (
	state  = "InvalidState"
	failed = "OperationFailed"
)

// on returns an error id when a condition does not hold.
func on(ok bool, id string) string {
	if ok {
		return ""
	}
	return id
}

func firstOf(ids ...string) string {
	for _, id := range ids {
		if id != "" {
			return id
		}
	}
	return ""
}

var rules = []rule{
	{"Start-VM", func(_ *model, me *side, _ int) string {
		return on(me.power == "Running" || !(me.mode == "Replica" && !is(me.wmi, 5, 6)) && me.wmi != 4, failed)
	}, func(_ *model, me *side, _ int) { me.power = "Running" }},
	{"Stop-VM -TurnOff", func(*model, *side, int) string { return "" }, func(_ *model, me *side, _ int) { me.power = "Off" }},
	{"Save-VM", func(_ *model, me *side, _ int) string { return on(me.power != "Off", state) }, func(_ *model, me *side, _ int) { me.power = "Saved" }},
	{"Prepare", func(m *model, me *side, i int) string {
		return firstOf(on(me.mode == "Primary", failed), on(me.wmi == 3, state), on(me.power == "Off", state),
			on(m.reaches(i) && m.peer(i).mode == "Replica" && m.peer(i).wmi == 3, failed))
	}, func(m *model, me *side, i int) {
		me.wmi = 4
		m.peer(i).received, m.peer(i).planned = true, true
		me.received = true
	}},
	{"Failover", func(_ *model, me *side, _ int) string {
		return firstOf(on(me.mode == "Replica", failed), on(me.power == "Off", state), on(is(me.wmi, 3, 7, 10, 15) && me.received, state))
	}, func(_ *model, me *side, _ int) { me.wmi = 5 }},
	{"Test", func(_ *model, me *side, _ int) string {
		return firstOf(on(me.mode == "Replica", failed), on(me.power == "Off", state), on(is(me.wmi, 3, 7) && me.received, state), on(!me.test, failed))
	}, func(_ *model, me *side, _ int) { me.test = true }},
	{"Stop-VMFailover", func(_ *model, me *side, _ int) string {
		return on(me.test || me.mode == "Replica" && is(me.wmi, 5, 12) || me.mode == "Primary" && me.wmi == 4, state)
	}, func(_ *model, me *side, _ int) {
		switch {
		case me.test:
			me.test = false
		case me.mode == "Replica":
			me.power, me.wmi, me.planned = "Off", 3, false
		default:
			me.wmi, me.fails = 3, 0
		}
	}},
	{"Complete", func(_ *model, me *side, _ int) string {
		return firstOf(on(me.mode == "Replica", failed), on(me.wmi == 5, state))
	}, func(_ *model, me *side, _ int) { me.wmi = 6 }},
	{"Reverse", func(m *model, me *side, i int) string {
		o := m.peer(i)
		return firstOf(on(me.mode == "Replica", failed), on(is(me.wmi, 5, 6), state),
			on(m.reaches(i) && (o.mode == "Primary" && o.wmi == 4 || o.mode == "Replica" && o.wmi == 2), failed))
	}, func(m *model, me *side, i int) {
		o := m.peer(i)
		if o.mode == "Primary" {
			o.mode, o.wmi, me.wmi = "Replica", 3, 3
			o.planned = false
		} else {
			me.wmi, me.received = 1, false
		}
		me.mode, me.planned, me.fails = "Primary", false, 0
	}},
	{"AsReplica", func(_ *model, me *side, _ int) string {
		return firstOf(on(me.mode == "Primary" && me.wmi != 0, failed), on(me.power == "Off", state))
	}, func(_ *model, me *side, _ int) {
		me.mode, me.wmi, me.received, me.planned, me.task = "Replica", 2, false, false, false
	}},
	{"StartIR", func(_ *model, me *side, _ int) string {
		return firstOf(on(me.mode == "Primary", failed), on(me.wmi == 1, state))
	}, func(m *model, me *side, _ int) { m.initial(me) }},
	{"Suspend", func(_ *model, me *side, _ int) string { return on(is(me.wmi, 2, 3, 10), state) },
		func(_ *model, me *side, _ int) {
			me.task = false
			if me.wmi == 10 {
				me.wmi = 11
			} else {
				me.wmi = 7
			}
		}},
	{"Resume", func(m *model, me *side, i int) string {
		return firstOf(on(is(me.wmi, 7, 8, 9, 11, 16), state), on(me.mode != "Primary" || !is(me.wmi, 9, 11) || m.reaches(i), failed))
	}, func(m *model, me *side, i int) {
		switch {
		case me.mode == "Primary" && is(me.wmi, 9, 11):
			m.resync(me, i)
		case me.mode == "Primary" && !me.received:
			m.initial(me)
		case !me.received:
			me.wmi = 2
		default:
			me.wmi, me.fails = 3, 0
		}
	}},
	{"Resync", func(m *model, me *side, i int) string {
		return firstOf(on(is(me.wmi, 7, 8, 9, 11, 16), state), on(me.mode == "Primary", failed), on(m.reaches(i), failed))
	}, func(m *model, me *side, i int) { m.resync(me, i) }},
	{"StopResync", func(_ *model, me *side, _ int) string {
		return firstOf(on(me.mode == "Primary", failed), on(is(me.wmi, 10, 11), state))
	}, func(m *model, me *side, i int) {
		me.wmi, me.task = 9, false
		if o := m.peer(i); o.mode == "Replica" && is(o.wmi, 10, 11) {
			o.wmi = 3
		}
	}},
	{"StopIR", func(_ *model, me *side, _ int) string {
		return firstOf(on(me.mode == "Primary", failed), on(is(me.wmi, 2, 7, 8) && !me.received, state))
	}, func(_ *model, me *side, _ int) { me.wmi, me.task = 1, false }},
}

// initial is initial replication begun.
func (m *model) initial(me *side) { me.wmi, me.task = 2, true }

// resync is a resynchronization begun; the receiver shows it too.
func (m *model) resync(me *side, i int) {
	me.wmi, me.task = 10, true
	if o := m.peer(i); o.mode == "Replica" && is(o.wmi, 3, 7, 8) {
		o.wmi = 10
	}
}

// finish is the end of either, two minutes after its beginning.
func (m *model) finish(me *side, i int) {
	o := m.peer(i)
	me.task = false
	if !m.reaches(i) || o.mode != "Replica" || o.wmi != me.wmi {
		me.wmi = 8
		return
	}
	me.wmi, o.wmi, me.received, o.received, me.fails, o.planned = 3, 3, true, true, 0, false
}

// tick is the end of a replication cycle on whichever side sends.
func (m *model) tick() {
	for i := range m.s {
		me, o := &m.s[i], m.peer(i)
		if me.task {
			m.finish(me, i)
			continue // its first cycle comes later
		}
		if me.down || me.mode != "Primary" || me.wmi != 3 {
			continue
		}
		switch {
		case !m.reaches(i) || o.mode == "Replica" && o.wmi == 7:
			if me.fails++; me.fails >= 3 {
				me.wmi = 8
			}
		case o.mode == "Replica" && o.wmi == 3:
			me.fails, me.received, o.received, o.planned = 0, true, true, false
		default:
			me.wmi = 8
		}
	}
}

func (m *model) kill(i int) {
	me := &m.s[i]
	switch {
	case me.mode == "Primary" && me.power == "Running" && is(me.wmi, 3, 10, 11):
		me.wmi = 9
	case me.task, me.mode == "Primary" && me.power == "Running" && me.wmi == 2:
		me.wmi = 8
	}
	if me.power == "Running" {
		me.power = "Off"
	}
	me.down, me.task = true, false
}

// allowed are the cmdlets that would not be refused on a side.
func (m *model) allowed(i int) []string {
	var all []string
	for _, r := range rules {
		if me := &m.s[i]; !me.down && r.refuse(m, me, i) == "" {
			all = append(all, r.op)
		}
	}
	return all
}

func indexOf(op string) int { return slices.IndexFunc(rules, func(r rule) bool { return r.op == op }) }

// shownAs is what Get-VMReplication shows, by mode and WMI state.
var shownAs = map[string]map[int]hyperv.ReplicationState{
	"Primary": {0: "Disabled", 1: "ReadyForInitialReplication", 2: "InitialReplicationInProgress", 3: "Replicating", 4: "PreparedForFailover",
		7: "Suspended", 8: "Error", 9: "WaitingForStartResynchronize", 10: "Resynchronizing", 11: "ResynchronizeSuspended"},
	"Replica": {0: "Disabled", 1: "Disabled", 2: "WaitingForInitialReplication", 3: "Replicating", 4: "Disabled", 5: "FailedOverWaitingCompletion",
		6: "FailedOver", 7: "Suspended", 8: "Error", 9: "Disabled", 10: "Resynchronizing", 11: "ResynchronizeSuspended"},
}

// system is the simulator under the same operations.
type system struct {
	w     *hypersim.World
	m     [2]*hypersim.Machine
	names [2]string
}

func newSystem(t *rapid.T) *system {
	cycle := hypersim.Duration(5 * time.Minute)
	s := hypersim.Pair(1)
	s.VMs[0].ID, s.VMs[0].AutoStart = testedVM, hyperv.StartNothing
	// Cmdlets take no time; a whole copy is over before the next cycle would be.
	s.Durations = &hypersim.Durations{FirstCycle: cycle, CmdletLimit: cycle, Resync: cycle * 2 / 5, InitialReplication: cycle * 2 / 5}
	w, err := hypersim.New(s)
	if err != nil {
		t.Fatal(err)
	}
	w.Advance(time.Duration(cycle)) // the first cycle has a phase of its own
	y := &system{w: w, names: [2]string{"p1", "r1"}}
	for i, name := range y.names {
		y.m[i] = w.Machine(name)
	}
	return y
}

func (y *system) run(op string, i int) error {
	ctx, m := context.Background(), y.m[i]
	switch op {
	case "Start-VM":
		return m.StartVM(ctx, testedVM)
	case "Stop-VM -TurnOff":
		return m.StopVM(ctx, testedVM, hypersim.StopVMOptions{TurnOff: true})
	case "Save-VM":
		return m.SaveVM(ctx, testedVM)
	case "Prepare":
		return m.StartVMFailover(ctx, testedVM, hypersim.StartVMFailoverOptions{Prepare: true})
	case "Failover":
		return m.StartVMFailover(ctx, testedVM, hypersim.StartVMFailoverOptions{})
	case "Test":
		return m.StartVMFailover(ctx, testedVM, hypersim.StartVMFailoverOptions{AsTest: true})
	case "Stop-VMFailover":
		return m.StopVMFailover(ctx, testedVM)
	case "Complete":
		return m.CompleteVMFailover(ctx, testedVM)
	case "Reverse":
		return m.SetVMReplication(ctx, testedVM, hypersim.SetVMReplicationOptions{Reverse: true, ReplicaServerName: y.names[1-i]})
	case "AsReplica":
		return m.SetVMReplication(ctx, testedVM, hypersim.SetVMReplicationOptions{AsReplica: true})
	case "StartIR":
		return m.StartVMInitialReplication(ctx, testedVM, hypersim.StartVMInitialReplicationOptions{UseBackup: true})
	case "Suspend":
		return m.SuspendVMReplication(ctx, testedVM, "")
	case "Resume":
		return m.ResumeVMReplication(ctx, testedVM, hypersim.ResumeVMReplicationOptions{})
	case "StopResync":
		return m.StopVMReplication(ctx, testedVM, "")
	case "StopIR":
		return m.StopVMInitialReplication(ctx, testedVM)
	case "Resync":
		return m.ResumeVMReplication(ctx, testedVM, hypersim.ResumeVMReplicationOptions{Resynchronize: true})
	}
	panic("no such operation: " + op)
}

func TestCmdletsFollowTheTable(t *testing.T) {
	ops := []string{"tick", "tick", "cut", "mend", "kill", "boot", "break"}
	for _, r := range rules {
		ops = append(ops, r.op, r.op)
	}
	rapid.Check(t, func(t *rapid.T) {
		y := newSystem(t)
		m := &model{s: [2]side{{mode: "Primary", wmi: 3, power: "Running", received: true}, {mode: "Replica", wmi: 3, power: "Off", received: true}}}
		watch := watching{writes: map[uint32]int64{}}
		for n := range rapid.IntRange(1, 60).Draw(t, "length") {
			i := rapid.IntRange(0, 1).Draw(t, "side")
			op := rapid.SampledFrom(ops).Draw(t, "op")
			if allowed := m.allowed(i); len(allowed) > 0 && rapid.IntRange(0, 9).Draw(t, "legal") > 3 {
				op = rapid.SampledFrom(allowed).Draw(t, "allowed") // most random ones are refused
			}
			what := fmt.Sprintf("step %d: %s on %s", n, op, y.names[i])
			y.apply(t, m, op, i, what)
			y.w.Advance(0) // what takes no time is over
			y.compare(t, m, what)
			watch.look(t, y, m, what)
		}
	})
}

// apply carries out an operation on both the model and the simulator.
func (y *system) apply(t *rapid.T, m *model, op string, i int, what string) {
	me := &m.s[i]
	do := func(a hypersim.Action) {
		if err := y.w.Do(a); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	switch op {
	case "tick":
		y.w.Advance(5 * time.Minute)
		m.tick()
		return
	case "cut", "mend":
		do(hypersim.Action{Do: hypersim.DoSetLink, From: y.names[i], To: y.names[1-i], Link: &hypersim.Link{Down: op == "cut"}})
		m.cut[i] = op == "cut"
		return
	case "kill":
		do(hypersim.Action{Do: hypersim.DoKill, Host: y.names[i]})
		if !me.down {
			m.kill(i)
		}
		return
	case "break":
		do(hypersim.Action{Do: hypersim.DoBreakReplication, Host: y.names[i], VM: testedVM})
		if is(me.wmi, 2, 3, 7, 10) {
			me.wmi, me.task = 8, false
		}
		return
	case "boot":
		do(hypersim.Action{Do: hypersim.DoStart, Host: y.names[i]})
		me.down = false
		return
	}
	err := y.run(op, i)
	if me.down {
		if !errors.Is(err, hypersim.ErrHostDown) {
			t.Fatalf("%s: %v, but the host is down", what, err)
		}
		return
	}
	r := rules[indexOf(op)]
	want, got := r.refuse(m, me, i), ""
	var failure *hypersim.CmdletError
	if errors.As(err, &failure) {
		got = failure.ID
	} else if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if got != want {
		t.Fatalf("%s: error %q (%v), the table says %q; %+v", what, got, err, want, m.s)
	}
	if want == "" {
		r.effect(m, me, i)
	} else if op == "Prepare" && me.mode == "Primary" && me.wmi == 3 && me.power == "Off" && m.reaches(i) && m.peer(i).wmi != 7 {
		me.wmi = 8 // the receiver will never take it
	}
}

// compare checks that both show the same.
func (y *system) compare(t *rapid.T, m *model, what string) {
	for i, s := range m.s {
		c, ok := y.w.Copy(y.names[i], testedVM)
		if !ok {
			t.Fatalf("%s: %s has no copy", what, y.names[i])
		}
		want := fmt.Sprintf("%s/%s %s", s.mode, shownAs[s.mode][s.wmi], s.power)
		if got := fmt.Sprintf("%s/%s %s", c.Mode, c.State, c.Power); got != want {
			t.Fatalf("%s: %s shows %s, the table says %s", what, y.names[i], got, want)
		}
		if shownAs[s.mode][s.wmi] == "" {
			t.Fatalf("%s: WMI state %d of a %s is none", what, s.wmi, s.mode)
		}
	}
	tests := 0
	for _, c := range y.w.Truth().Copies {
		if c.Test {
			tests++
		}
	}
	want := 0
	for _, s := range m.s {
		if s.test {
			want++
		}
	}
	if tests != want {
		t.Fatalf("%s: %d test VMs, the table says %d", what, tests, want)
	}
}

// watching checks what must hold whatever is done.
type watching struct {
	writes map[uint32]int64 // most writes seen on each branch
	both   int              // how often both copies began to run
	were   bool
}

func (x *watching) look(t *rapid.T, y *system, m *model, what string) {
	for _, c := range y.w.Truth().Copies {
		if c.Runs && c.Writes < x.writes[c.Branch] {
			t.Fatalf("%s: branch %d went back from %d to %d writes", what, c.Branch, x.writes[c.Branch], c.Writes)
		}
		x.writes[c.Branch] = max(x.writes[c.Branch], c.Writes)
		if c.Lost < 0 {
			t.Fatalf("%s: %d writes lost", what, c.Lost)
		}
	}
	both := m.s[0].power == "Running" && m.s[1].power == "Running"
	if both && !x.were {
		x.both++
	}
	x.were = both
	if n := len(y.w.Overlaps(testedVM)); n != x.both {
		t.Fatalf("%s: %d overlaps in the history, there were %d", what, n, x.both)
	}
	if both != (len(y.w.Running(testedVM)) == 2) {
		t.Fatalf("%s: running on %v", what, y.w.Running(testedVM))
	}
	for i := range m.s {
		if m.s[i].mode == "Replica" && m.s[i].wmi == 5 && m.s[i].planned && m.peer(i).mode == "Primary" && m.peer(i).wmi == 4 {
			old, _ := y.w.Copy(y.names[1-i], testedVM)
			if c, _ := y.w.Copy(y.names[i], testedVM); c.Lost > old.Lost {
				t.Fatalf("%s: a planned failover lost %d writes", what, c.Lost-old.Lost)
			}
		}
	}
}
