package simulation

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"lifeboat.io/events"
	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/hypersim"
	"lifeboat.io/services/failover-executor/run"
)

// promise is one thing that must hold at the end of every story.
type promise struct {
	name  string
	check func(*Story) []string
}

// promises are the ones of the design, as far as one VM's runs can keep them.
var promises = []promise{
	{"the story ends", ends},
	{"the log folds, and one run came of one ticket", oneRun},
	{"a ticket is answered once", answeredOnce},
	{"no step runs twice", nothingTwice},
	{"no effect without its record", nothingUnrecorded},
	{"never two live copies", neverTwo},
	{"no failover of a lost primary without evidence or a name", namedOrSeen},
	{"an old primary is fenced", fenced},
	{"two copies are said to have run only if they did", saysBeside},
	{"test and planned failover lose nothing", losesNothing},
	{"a test leaves the primary alone", testLeavesPrimaryAlone},
	{"an unplanned failover states what it may lose, and has lost no more", statesLoss},
	{"the RTO has no gap", rtoHasNoGap},
	{"refused means nothing was done", refusedMeansNothing},
	{"what succeeded is so", succeededIsSo},
}

// Broken lists the promises a story broke.
func (st *Story) Broken() []string {
	var out []string
	for _, p := range promises {
		for _, how := range p.check(st) {
			out = append(out, p.name+": "+how)
		}
	}
	return out
}

func ends(st *Story) []string {
	if st.Err != nil {
		return []string{st.Err.Error()}
	}
	return nil
}

func oneRun(st *Story) []string {
	if _, err := run.Fold(st.Log); err != nil {
		return []string{err.Error()}
	}
	planned := 0
	for _, e := range st.Log {
		if _, ok := e.Data.(*events.FailoverPlanned); ok {
			planned++
		}
	}
	if planned > 1 {
		return []string{fmt.Sprintf("%d runs", planned)}
	}
	return nil
}

// answeredOnce: whatever is delivered again, and whoever dies between answering
// and acknowledging, each ticket has one answer; in the end, each has one.
func answeredOnce(st *Story) []string {
	answers := map[string]int{}
	for _, e := range st.Log {
		switch d := e.Data.(type) {
		case *events.FailoverPlanned:
			answers[d.Ticket.String()]++
		case *events.FailoverRefused:
			answers[d.By.String()]++
		case *events.FailoverResumed:
			answers[d.By.String()]++
		case *events.FailoverInstructed:
			if d.By != nil {
				answers[d.By.String()]++
			}
		}
	}
	var out []string
	for _, l := range st.post {
		if n := answers[l.Ticket.String()]; n != 1 && (n > 1 || st.Err == nil) {
			out = append(out, fmt.Sprintf("%s has %d answers", l.Ticket.TicketRef, n))
		}
	}
	return out
}

// once are the effects that happen at most once in a run, unless the effect
// that takes them back happened in between.
var once = map[string]string{
	"Start-VMFailover -Prepare":            "Stop-VMFailover",
	"Start-VMFailover -AsTest":             "Stop-VMFailover",
	"Start-VMFailover":                     "Stop-VMFailover",
	"Start-VMFailover -VMRecoverySnapshot": "Stop-VMFailover",
	"Set-VMReplication -Reverse":           "",
	"Set-VMReplication -AsReplica":         "",
	"Complete-VMFailover":                  "",
}

// nothingTwice counts real changes on the hosts, whatever the log says.
func nothingTwice(st *Story) []string {
	var out []string
	standing := map[string]int{} // host and cmdlet → changes not taken back
	entries, dropped := st.World.Journal()
	if dropped > 0 {
		return []string{"the journal is too short to tell"}
	}
	for _, e := range entries {
		if !e.Changed || e.Cmdlet == "" || st.byHand[e] && !strings.HasPrefix(e.Cmdlet, "Stop-VMFailover") {
			continue
		}
		if strings.HasPrefix(e.Cmdlet, "Stop-VMFailover") {
			for cmdlet, undo := range once {
				if undo != "" {
					standing[e.Host+" "+cmdlet] = 0
				}
			}
			continue
		}
		if _, counted := once[e.Cmdlet]; !counted {
			continue
		}
		key := e.Host + " " + e.Cmdlet
		if standing[key]++; standing[key] > 1 {
			out = append(out, fmt.Sprintf("%s changed %d times", key, standing[key]))
		}
	}
	return append(out, doneOnce(st)...)
}

// doneOnce looks at the log: a step of a program is done once.
func doneOnce(st *Story) []string {
	var out []string
	done := map[events.Step]int{}
	for _, e := range st.Log {
		switch d := e.Data.(type) {
		case *events.StepDone:
			if d.How == events.HowAccepted {
				continue // nothing was done: a person let it pass
			}
			if done[d.Step]++; done[d.Step] > 1 {
				out = append(out, fmt.Sprintf("%s recorded done %d times", d.Step, done[d.Step]))
			}
		case *events.FailoverInstructed:
			if d.Action == events.ActionCancel {
				clear(done)
			}
		case *events.FailoverResumed:
			if d.Choice == events.ChoiceCancel {
				clear(done)
			}
		}
	}
	return out
}

// cmdlets are what each step may run on a host, by the beginning of the
// journal's word for it.
var cmdlets = map[events.Step][]string{
	events.StepSetTestNetwork:     {"Set-VMNetworkAdapter"},
	events.StepStartTestFailover:  {"Start-VMFailover -AsTest"},
	events.StepStartTestVM:        {"Start-VM"},
	events.StepStopTestFailover:   {"Stop-VMFailover"},
	events.StepShutDownPrimary:    {"Stop-VM"},
	events.StepPreparePrimary:     {"Start-VMFailover -Prepare"},
	events.StepFailOverReplica:    {"Start-VMFailover"},
	events.StepReverseReplication: {"Set-VMReplication -Reverse"},
	events.StepStartReplica:       {"Start-VM"},
	events.StepRestoreAutoStart:   {"Set-VM"},
	events.StepFencePrimary:       {"Set-VM"},
	events.StepCompleteFailover:   {"Complete-VMFailover"},
	events.StepStopReplica:        {"Stop-VM"},
	events.StepCancelFailover:     {"Stop-VMFailover"},
	events.StepCancelPrepare:      {"Stop-VMFailover"},
	events.StepUnfencePrimary:     {"Set-VM"},
	events.StepStartPrimary:       {"Start-VM"},
	events.StepPowerOffOldPrimary: {"Stop-VM"},
	events.StepBecomeReplica:      {"Set-VMReplication -AsReplica", "Remove-VMSavedState"},
}

// nothingUnrecorded checks that each change on a host belongs to an attempt
// recorded before it, on that host.
func nothingUnrecorded(st *Story) []string {
	var out []string
	entries, _ := st.World.Journal()
	for _, e := range entries {
		if e.Changed && e.Cmdlet != "" && !st.byHand[e] && !recordedBefore(st, e) {
			out = append(out, fmt.Sprintf("%s %s at %s", e.Host, e.Cmdlet, e.Time.Sub(st.Begun)))
		}
	}
	return out
}

func recordedBefore(st *Story, e hypersim.Entry) bool {
	for _, rec := range st.Log {
		if rec.At.After(e.Time) {
			return false
		}
		d, ok := rec.Data.(*events.StepStarted)
		if !ok || d.Host != e.Host {
			continue
		}
		for _, c := range cmdlets[d.Step] {
			if strings.HasPrefix(e.Cmdlet, c) {
				return true
			}
		}
	}
	return false
}

// neverTwo allows two running copies only where nobody could have prevented
// it: the old primary started by itself, or a named person answered for a
// primary that was silent and ran all the same. A start that was asked for cannot
// be taken back: a host may stand still in the middle of it, and go on when the
// primary answers again.
func neverTwo(st *Story) []string {
	var out []string
	for _, o := range st.World.Overlaps("") {
		asked := startAsked(st, o.From)
		switch {
		case startedByItself(st, o):
		case namedAt(st, asked) && silentAt(st, asked):
		default:
			out = append(out, fmt.Sprintf("on %v from %s", o.Hosts, o.From.Sub(st.Begun)))
		}
	}
	return out
}

// startAsked is when lifeboat asked for the start of the replica that happened at
// a time; that time itself when it was another start.
func startAsked(st *Story, started time.Time) time.Time {
	entries, _ := st.World.Journal()
	if !slices.ContainsFunc(entries, func(e hypersim.Entry) bool {
		return e.Time.Equal(started) && e.Host == "r1" && e.Cmdlet == "Start-VM" && e.Changed
	}) {
		return started
	}
	asked := started
	for _, e := range st.Log {
		if d, ok := e.Data.(*events.StepStarted); ok && d.Step == events.StepStartReplica && !e.At.After(started) {
			asked = e.At
		}
	}
	return asked
}

// namedOrSeen: an unplanned failover fails the replica over, and starts it, only
// after a witness saw the primary down, the run shut it down itself, or a named
// person took the responsibility when it was silent. Seen running afterwards,
// none of that counts any more.
func namedOrSeen(st *Story) []string {
	if st.Schedule.Kind != events.KindUnplanned {
		return nil
	}
	allowed := false
	for _, e := range st.Log {
		switch d := e.Data.(type) {
		case *events.FailoverPlanned:
			allowed = saysDown(d.Witnesses) || d.Override != nil && saysSilent(d.Witnesses)
		case *events.FailoverHeld:
			allowed = allowed && !showsRunning(d.Evidence)
		case *events.FailoverResumed:
			allowed = allowed || d.Choice == events.ChoiceOverride && d.Person.Name != ""
		case *events.StepDone:
			allowed = allowed || d.Step == events.StepShutDownPrimary && d.After != nil && d.After.Power == "Off"
		case *events.StepStarted:
			if goesLive[d.Step] && !allowed && !st.primaryWasOff(e.At) {
				return []string{fmt.Sprintf("%s at %s", d.Step, since(st.Begun, e.At))}
			}
		}
	}
	return nil
}

// goesLive are the steps that make the replica's copy live.
var goesLive = map[events.Step]bool{events.StepFailOverReplica: true, events.StepStartReplica: true}

// saysBeside leaves out stories with other hands: they may turn the live copy
// off, and the log does not see it.
func saysBeside(st *Story) []string {
	if len(st.Schedule.Hands) > 0 {
		return nil
	}
	for _, e := range st.Log {
		if d, ok := e.Data.(*events.FailoverFenced); ok && d.WasRunning && len(st.World.Overlaps("")) == 0 {
			return []string{fmt.Sprintf("the copy on %s is said to have run beside the new one", d.Host)}
		}
	}
	return nil
}

// fenced: in the end one copy runs at most, and no overlap lasts.
func fenced(st *Story) []string {
	if st.Err != nil {
		return nil
	}
	var out []string
	for _, o := range st.World.Overlaps("") {
		if o.To.IsZero() && !gaveUp(st) {
			out = append(out, fmt.Sprintf("still two copies running on %v", o.Hosts))
		}
	}
	return out
}

// gaveUp reports whether a person told the run, or its fence, to leave things.
func gaveUp(st *Story) bool {
	for _, e := range st.Log {
		if d, ok := e.Data.(*events.FailoverResumed); ok && d.Choice == events.ChoiceAbandon {
			return true
		}
	}
	return false
}

// losesNothing: a copy that runs in the end holds every write ever made, after
// a test, a planned failover, and one that was taken back before it ran.
func losesNothing(st *Story) []string {
	if st.Err != nil || st.Schedule.Kind == events.KindUnplanned || len(st.Schedule.Hands) > 0 {
		return nil
	}
	var out []string
	for _, c := range st.World.Truth().Copies {
		if c.Runs && !c.Test && c.Lost > 0 {
			out = append(out, fmt.Sprintf("the copy on %s lacks %d writes", c.Host, c.Lost))
		}
	}
	return out
}

// testLeavesPrimaryAlone: no cmdlet changed anything on the primary, and in the
// end there is no test VM.
func testLeavesPrimaryAlone(st *Story) []string {
	if st.Schedule.Kind != events.KindTest {
		return nil
	}
	var out []string
	entries, _ := st.World.Journal()
	for _, e := range entries {
		if e.Host == "p1" && e.Cmdlet != "" && e.Changed && !st.byHand[e] {
			out = append(out, e.Cmdlet+" on the primary")
		}
	}
	for _, c := range st.World.Truth().Copies {
		if c.Test && st.Err == nil && !gaveUp(st) && len(st.Schedule.Hands) == 0 {
			out = append(out, "the test VM was left behind")
		}
	}
	return out
}

// statesLoss compares what a run said with what the disks really hold.
func statesLoss(st *Story) []string {
	for _, e := range st.Log {
		d, ok := e.Data.(*events.FailoverSucceeded)
		if !ok {
			continue
		}
		switch {
		case d.Kind != events.KindUnplanned && d.DataLoss.Bound != events.LossNone:
			return []string{fmt.Sprintf("%s failover says %s", d.Kind, d.DataLoss)}
		case d.Kind == events.KindUnplanned:
			return lossStated(st, st.stated)
		}
	}
	return nil
}

// lossSlack is what the stated loss may fall short by: a cycle on its way and
// the rounding of counters.
const lossSlack = 2 * time.Second

func lossStated(st *Story, stated events.DataLoss) []string {
	if stated.Bound != events.LossAtMost {
		return []string{"no bound was stated"}
	}
	for _, o := range st.World.Overlaps("") {
		if o.To.IsZero() || o.To.Sub(o.From) > 0 {
			return nil // what a second running copy wrote is not this failover's loss
		}
	}
	if slices.ContainsFunc(st.Schedule.Hands, func(h hand) bool { return h.what == handReplicaOff }) {
		return nil // nor is what the old primary wrote, once a person had turned the new one off
	}
	const writesPerSecond = 10
	if lost := time.Duration(st.lost) * time.Second / writesPerSecond; lost > time.Duration(stated.Seconds*float64(time.Second))+lossSlack {
		return []string{fmt.Sprintf("stated %.1f s, lost %s of writes", stated.Seconds, lost)}
	}
	return nil
}

func rtoHasNoGap(st *Story) []string {
	for _, e := range st.Log {
		d, ok := e.Data.(*events.FailoverSucceeded)
		if !ok {
			continue
		}
		at, sum := st.Begun.UnixMilli(), int64(0)
		for _, p := range d.RTO.Parts {
			if p.From.UnixMilli() != at {
				return []string{fmt.Sprintf("a gap before %s", p.Name)}
			}
			at += p.Millis
			sum += p.Millis
		}
		if sum != d.RTO.Millis || sum <= 0 {
			return []string{fmt.Sprintf("parts of %d ms in an RTO of %d ms", sum, d.RTO.Millis)}
		}
	}
	return nil
}

// refusedMeansNothing: a run that was refused, or that failed saying that
// nothing was changed, left no change in the journal.
func refusedMeansNothing(st *Story) []string {
	untouched := st.State.Run == nil
	for _, e := range st.Log {
		if d, ok := e.Data.(*events.FailoverFailed); ok && strings.HasPrefix(d.State, "Nothing was changed") {
			untouched = true
		}
	}
	if !untouched {
		return nil
	}
	var out []string
	entries, _ := st.World.Journal()
	for _, e := range entries {
		if e.Changed && e.Cmdlet != "" && !st.byHand[e] {
			out = append(out, e.Host+" "+e.Cmdlet)
		}
	}
	return out
}

// succeededIsSo compares the end with the truth.
func succeededIsSo(st *Story) []string {
	r := st.State.Run
	if st.Err != nil || r == nil || r.Outcome != events.OutcomeSucceeded || len(st.Schedule.Hands) > 0 {
		return nil
	}
	here, _ := st.World.Copy("p1", st.VM)
	there, _ := st.World.Copy("r1", st.VM)
	var out []string
	want := func(ok bool, what string) {
		if !ok {
			out = append(out, fmt.Sprintf("%s: p1 %s %s %s, r1 %s %s %s", what, here.Power, here.Mode, here.State, there.Power, there.Mode, there.State))
		}
	}
	switch r.Kind {
	case events.KindTest:
		want(here.Mode == hyperv.ModePrimary && there.Mode == hyperv.ModeReplica, "roles are as before the test")
	case events.KindPlanned:
		want(there.Mode == hyperv.ModePrimary && here.Mode == hyperv.ModeReplica && !here.Runs, "roles are swapped")
	case events.KindUnplanned:
		want(there.State == hyperv.StateFailedOver, "the failover is complete")
		want(!here.Runs || st.State.Fence != nil || abandonedFence(st), "the old primary is down")
	}
	return out
}
