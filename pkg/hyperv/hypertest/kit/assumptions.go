package kit

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"lifeboat.io/pkg/hyperv"
)

// Verdict is what a run says of an assumption.
type Verdict string

// Verdicts.
const (
	Confirmed    Verdict = "confirmed"
	Contradicted Verdict = "contradicted"
	NotExercised Verdict = "not exercised"
)

// merging is the operational status of a VM whose disks merge.
const merging = "MergingDisks"

// Finding is a row of docs/assumptions.md with what this run says of it.
type Finding struct {
	// ID is the row's.
	ID string `json:"id"`
	// Verdict is what the evidence comes to.
	Verdict Verdict `json:"verdict"`
	// Evidence are the answers it rests on, or why there are none.
	Evidence []string `json:"evidence"`
}

// clockSlack is how far a host's clock may jump between two answers: the
// default of failover-executor's clockSlackSeconds.
const clockSlack = 5 * time.Second

// maxEvidence bounds the answers quoted for one row.
const maxEvidence = 6

// row is an assumption a run can settle.
type row struct {
	id    string
	judge func(r *Report) (Verdict, []string)
}

// rows are the assumptions a run can settle, by the ids of docs/assumptions.md.
var rows = []row{
	{"H1", clocks},
	{"H6", removesOnlyTheTest},
	{"H7", from("AskReverseAsStored", "Reverse", func(c *Call) Verdict {
		return when(c.Error == nil && c.After != nil && c.Before != nil && strings.EqualFold(c.After.ReplicaServer, c.Before.PrimaryServer))
	})},
	{"H8", admitted},
	{"H9", notStartable},
	{"H10", startsWhileMerging},
	{"H12", from("SetTestNetwork", "SetTestNetwork", func(c *Call) Verdict {
		if c.Arguments != "" || !c.Acted || c.After == nil {
			return ""
		}
		return when(!slices.ContainsFunc(c.After.Adapters, func(a hyperv.Adapter) bool { return a.TestSwitch != "" }))
	})},
	{"H13", from("ReadAbsent", "Read", func(c *Call) Verdict {
		if c.Arguments == "" {
			return ""
		}
		return when(c.Error == nil && c.After != nil && !c.After.Present)
	})},
	{"H14", heartbeats},
	{"H15", acceptedStates},
	{"W1", lanes}, {"W2", lanes}, {"W3", lanes}, {"W4", lanes},
	{"W6", loggedOn},
	{"L1", givesUp},
	{"L2", stoppingShows},
	{"L3", from("AskCancelRunning", "ask", func(c *Call) Verdict {
		return when(c.Error == nil && c.After != nil && c.After.Power == hyperv.PowerOff)
	})},
	{"L4", busyWhileMerging},
	{"L7", from("AskReverseRunning", "ask", func(c *Call) Verdict { return when(c.Error == nil) })},
	{"L8", from("AskPrepared", "Prepare", func(c *Call) Verdict {
		if c.After == nil {
			return ""
		}
		return when(c.After.Health == hyperv.HealthWarning)
	})},
	{"L9", from("AskUnknownSwitch", "ask", func(c *Call) Verdict { return when(c.Error == nil) })},
}

// elsewhere are the rows a run cannot settle, and why.
var elsewhere = map[string]string{
	"H2":  "needs a counter of writes in the guest, and the kit logs on to none",
	"H3":  "needs a counter of writes in the guest, and the kit logs on to none",
	"H4":  "needs a guest that ignores shutdown, and could not be brought back without force",
	"H5":  "as H4",
	"H11": "needs a host that loses its power, with every VM on it",
	"H16": "needs 68 network adapters",
	"W5":  "needs faults on the wire, which two real hosts do not make on demand",
	"W7":  "needs a program that dies and a look at the shells it left: kill a run, then list them",
	"W8":  "needs several programs with one account",
	"W9":  "is a choice, not a property of hosts",
	"L5":  "needs a host that is shut down, with every VM on it",
	"L6":  "needs a host that dies in the middle of a failover, with every VM on it",
	"L10": "is told by the differences between the texts in the report and the lab's",
}

// findings judges every row.
func findings(r *Report) []Finding {
	var all []Finding
	for _, row := range rows {
		v, evidence := row.judge(r)
		if v == "" {
			v, evidence = NotExercised, append(evidence, "no case of this run got that far")
		}
		if len(evidence) > maxEvidence {
			evidence = append(evidence[:maxEvidence:maxEvidence], fmt.Sprintf("and %d more", len(evidence)-maxEvidence))
		}
		all = append(all, Finding{row.id, v, evidence})
	}
	for id, why := range elsewhere {
		all = append(all, Finding{id, NotExercised, []string{why}})
	}
	slices.SortFunc(all, func(a, b Finding) int { return order(a.ID) - order(b.ID) })
	return all
}

// order sorts H before W before L, and by number.
func order(id string) int {
	var n int
	_, _ = fmt.Sscanf(id[1:], "%d", &n)
	return strings.IndexByte("HWL", id[0])*1000 + n
}

func when(confirmed bool) Verdict {
	if confirmed {
		return Confirmed
	}
	return Contradicted
}

// worse is the verdict of two together: a contradiction outweighs.
func worse(a, b Verdict) Verdict {
	if a == Contradicted || b == Contradicted {
		return Contradicted
	}
	if a == "" {
		return b
	}
	return a
}

// calls are the calls of a verb in a case of that name, bringing back left out;
// empty names mean any.
func (r *Report) calls(name, verb string, do func(c *CaseReport, call *Call)) {
	for i := range r.Cases {
		c := &r.Cases[i]
		if name != "" && c.Name != name {
			continue
		}
		for j := range c.Calls {
			if call := &c.Calls[j]; !call.CleanUp && (verb == "" || call.Verb == verb) {
				do(c, call)
			}
		}
	}
}

// quote is a call as evidence.
func quote(c *CaseReport, call *Call) string {
	text := fmt.Sprintf("%s, %s: %s %s", c.VM, c.Name, call.Side, call.Verb)
	if call.Arguments != "" {
		text += " (" + call.Arguments + ")"
	}
	text += ": " + call.came()
	if at := call.states(); at != "" {
		text += "; " + at
	}
	if after := call.After; after != nil && after.Health != "" && after.Health != hyperv.HealthNormal {
		text += ", health " + string(after.Health)
	}
	if call.Before != nil && slices.Contains(call.Before.OperationalStatus, merging) {
		text += ", disks were merging"
	}
	if call.Error != nil {
		text += fmt.Sprintf("; %q", call.Error.Message)
	}
	return text
}

// from judges the calls of a verb in a case one by one.
func from(name, verb string, judge func(c *Call) Verdict) func(r *Report) (Verdict, []string) {
	return func(r *Report) (v Verdict, evidence []string) {
		r.calls(name, verb, func(c *CaseReport, call *Call) {
			if one := judge(call); one != "" {
				v, evidence = worse(v, one), append(evidence, quote(c, call))
			}
		})
		return v, evidence
	}
}

// clocks looks for a host's clock that jumps. That a request held up dies on
// the host cannot be seen here.
func clocks(r *Report) (Verdict, []string) {
	if r.timeScale != 1 {
		return NotExercised, []string{"the hosts' clocks are not real"}
	}
	last := map[string][2]time.Duration{}
	var jump time.Duration
	looks := 0
	r.calls("", "", func(_ *CaseReport, c *Call) {
		if c.After == nil {
			return
		}
		ended := c.Began.Add(time.Duration(c.Millis) * time.Millisecond)
		now := [2]time.Duration{c.After.HostTime.Sub(ended), c.After.HostTime.Sub(c.Began)}
		if was, seen := last[c.Host]; seen {
			jump = max(jump, now[0]-was[1], was[0]-now[1])
		}
		last[c.Host] = now
		looks++
	})
	said := fmt.Sprintf("in %d readings no clock jumped by more than %v between two; that a request held up dies was not tried", looks, max(jump, 0).Round(time.Millisecond))
	if jump > clockSlack {
		return Contradicted, []string{fmt.Sprintf("a clock jumped by %v between two readings, the slack is %v", jump.Round(time.Millisecond), clockSlack)}
	}
	return NotExercised, []string{said}
}

// removesOnlyTheTest looks at what Stop-VMFailover left of a failover that was
// under way beside a test.
func removesOnlyTheTest(r *Report) (v Verdict, evidence []string) {
	under := false
	r.calls("AskCancelBesideTest", "ask", func(c *CaseReport, call *Call) {
		evidence = append(evidence, quote(c, call))
		switch {
		case call.Arguments == string(AskFailOver):
			under = call.Error == nil
		case call.Error != nil || call.After == nil || call.After.TestVM != "":
			v = Contradicted
		case under && call.After.State != hyperv.StateFailedOverWaitingCompletion:
			v = Contradicted
		case under:
			v = worse(v, Confirmed)
		default:
			v = worse(v, NotExercised)
			evidence = append(evidence, "nothing else could be under way: the host does not fail over beside a test VM")
		}
	})
	return v, evidence
}

// notStartable looks at Start-VM where Hyper-V must refuse it.
func notStartable(r *Report) (v Verdict, evidence []string) {
	for _, name := range []string{"AskStartReplica", "AskPrepared"} {
		one, quotes := from(name, "ask", func(c *Call) Verdict {
			if c.Arguments != string(AskStart) {
				return ""
			}
			return when(c.Error != nil)
		})(r)
		if one == "" {
			return "", evidence
		}
		v, evidence = worse(v, one), append(evidence, quotes...)
	}
	return v, evidence
}

// stoppingShows looks at the power state while a guest shuts down.
func stoppingShows(r *Report) (v Verdict, evidence []string) {
	for i := range r.Cases {
		c := &r.Cases[i]
		if c.Name != "AskShutdown" {
			continue
		}
		at := slices.IndexFunc(c.Calls, func(call Call) bool { return call.Verb == "Stop" && call.Error == nil && !call.CleanUp })
		if at < 0 {
			continue
		}
		stop, looks := c.Calls[at], 0
		ended := stop.Began.Add(time.Duration(stop.Millis) * time.Millisecond)
		for _, call := range c.Calls {
			if call.Verb != "Read" || call.Side != SidePrimary || call.After == nil || call.Began.Before(stop.Began) || call.Began.After(ended) || call.After.Power == hyperv.PowerOff {
				continue
			}
			looks++
			if call.After.Power != hyperv.PowerRunning {
				return Contradicted, append(evidence, quote(c, &call))
			}
		}
		if looks > 0 {
			v, evidence = Confirmed, append(evidence, fmt.Sprintf("%s: Running in all of %d readings while the guest shut down", c.VM, looks))
		}
	}
	return v, evidence
}

// startsWhileMerging looks for a Start that met a merge.
func startsWhileMerging(r *Report) (v Verdict, evidence []string) {
	r.calls("", "Start", func(c *CaseReport, call *Call) {
		if call.Before != nil && slices.Contains(call.Before.OperationalStatus, merging) && call.Before.Power == hyperv.PowerOff {
			v, evidence = worse(v, when(call.Error == nil)), append(evidence, quote(c, call))
		}
	})
	return v, evidence
}

// heartbeats looks at the order of heartbeats while a guest boots.
func heartbeats(r *Report) (v Verdict, evidence []string) {
	for i := range r.Cases {
		c := &r.Cases[i]
		if c.Name != "AskBooting" {
			continue
		}
		var seen []string
		started := false
		for _, call := range c.Calls {
			started = started || call.Verb == "Start"
			if !started || call.CleanUp || call.After == nil {
				continue
			}
			if h := string(call.After.Heartbeat); len(seen) == 0 || seen[len(seen)-1] != h {
				seen = append(seen, h)
			}
		}
		switch {
		case len(seen) < 2:
			evidence = append(evidence, c.VM+": no look fell into the boot")
		default:
			alive := slices.IndexFunc(seen, func(h string) bool { return hyperv.Heartbeat(h).Alive() })
			v = worse(v, when(alive == len(seen)-1))
			evidence = append(evidence, c.VM+": "+strings.Join(seen, ", then "))
		}
	}
	return v, evidence
}

// acceptedStates looks at what Start-VMFailover accepts and refuses.
func acceptedStates(r *Report) (v Verdict, evidence []string) {
	judge := func(c *Call) Verdict {
		if c.Before == nil {
			return ""
		}
		replica := c.Before.Mode == hyperv.ModeReplica && c.Before.TestVM == ""
		steady := c.Before.State == hyperv.StateReplicating || c.Before.State == hyperv.StateSuspended
		switch Question(c.Arguments) {
		case AskPrepare:
			return when((c.Error == nil) == (c.Before.Mode == hyperv.ModePrimary && c.Before.State == hyperv.StateReplicating && c.Before.Power == hyperv.PowerOff))
		case AskTest, AskFailOver:
			if replica && !steady || c.Before.TestVM != "" {
				return ""
			}
			return when((c.Error == nil) == (replica && steady))
		}
		return ""
	}
	for _, name := range []string{"AskWhileRunning", "AskPrepared", "AskSuspended"} {
		one, quotes := from(name, "ask", judge)(r)
		if one == "" {
			return "", evidence
		}
		v, evidence = worse(v, one), append(evidence, quotes...)
	}
	return v, evidence
}

// lanes tells whether a PowerShell answered one request after the other.
func lanes(r *Report) (Verdict, []string) {
	answered := 0
	r.calls("", "", func(_ *CaseReport, c *Call) {
		if c.Error == nil && c.Verb != "ask" {
			answered++
		}
	})
	if answered < 2 {
		return "", nil
	}
	return Confirmed, []string{fmt.Sprintf("%d requests were answered over lanes", answered)}
}

// loggedOn tells of NTLM, which is used wherever it is configured.
func loggedOn(r *Report) (v Verdict, evidence []string) {
	if one, _ := lanes(r); one == "" {
		return "", nil
	}
	for _, h := range r.Hosts {
		if h.Auth == "ntlm" {
			v, evidence = Confirmed, append(evidence, fmt.Sprintf("%s: logged on by NTLM over %s", h.Name, h.Transport))
		}
	}
	return v, evidence
}
