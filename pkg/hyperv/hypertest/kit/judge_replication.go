package kit

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"lifeboat.io/pkg/hyperv"
)

// admitted looks at making a replica of a primary: not for a server that no
// entry is for, and for the one that an entry admits.
func admitted(r *Report) (Verdict, []string) {
	refused, evidence := from("AskBecomeReplica", "ask", func(c *Call) Verdict { return when(c.Error != nil) })(r)
	made, more := from("AskBecomeReplica", "BecomeReplica", func(c *Call) Verdict { return when(c.Error == nil) })(r)
	if refused == "" || made == "" {
		return "", nil
	}
	return worse(refused, made), append(evidence, more...)
}

// cyclesBeforeError is how many failed cycles a primary is assumed to take.
const cyclesBeforeError = 3

// givesUp looks at how long a primary goes on whose replica is paused, which
// stands for one that cannot be reached. All times are of the primary's clock.
func givesUp(r *Report) (v Verdict, evidence []string) {
	for i := range r.Cases {
		if c := &r.Cases[i]; c.Name == "AskReplicaPaused" {
			if one, said := c.givesUp(); one != "" {
				v, evidence = worse(v, one), append(evidence, c.VM+": "+said)
			}
		}
	}
	return v, evidence
}

func (c *CaseReport) givesUp() (Verdict, string) {
	var before, after, last, failed time.Time // of the pause: the looks around it; of the error: those before and at it
	var cycle time.Duration
	paused := false
	for i := range c.Calls {
		call := &c.Calls[i]
		switch {
		case call.Verb == "ask" && call.Arguments == string(AskSuspend):
			paused = call.Error == nil
		case call.CleanUp || call.Side != SidePrimary || call.After == nil || !failed.IsZero():
		case !paused:
			before, cycle = call.After.HostTime, time.Duration(call.After.FrequencySec)*time.Second
		case call.After.State == hyperv.StateError:
			failed = call.After.HostTime
		default:
			last = call.After.HostTime
			if after.IsZero() {
				after = last
			}
		}
	}
	switch {
	case before.IsZero() || after.IsZero() || cycle == 0:
		return "", ""
	case failed.IsZero():
		watched := last.Sub(after)
		said := fmt.Sprintf("still not in Error after %v of replicating every %v to a paused replica", watched.Round(time.Second), cycle)
		if watched <= cyclesBeforeError*cycle {
			return NotExercised, said + ", which is too short"
		}
		return Contradicted, said
	}
	earliest, latest := last.Sub(after), failed.Sub(before)
	said := fmt.Sprintf("in Error between %v and %v after its replica was paused, replicating every %v", earliest.Round(time.Second), latest.Round(time.Second), cycle)
	return when(latest > (cyclesBeforeError-1)*cycle && earliest <= cyclesBeforeError*cycle), said
}

// beginsNoMerge are verbs and questions that leave disks as they are, so that a
// merge seen after them is the one seen before.
var beginsNoMerge = []string{"Prepare", "FailOver", "BecomeReplica", "CancelFailover",
	string(AskPrepare), string(AskFailOver), string(AskStopFailover), string(AskSuspend)}

// busyWhileMerging looks for replication cmdlets that met a merge.
func busyWhileMerging(r *Report) (v Verdict, evidence []string) {
	r.calls("", "", func(c *CaseReport, call *Call) {
		if !call.Changes || call.Before == nil || !slices.Contains(call.Before.OperationalStatus, merging) {
			return
		}
		var one Verdict
		switch e := call.Error; {
		case e != nil && (e.Code == objectInUse || strings.HasPrefix(e.FullyQualifiedErrorID, objectInUse+",")):
			one = Confirmed
		case e == nil && call.After != nil && slices.Contains(call.After.OperationalStatus, merging) && (call.Acted || call.Verb == "ask") &&
			(slices.Contains(beginsNoMerge, call.Verb) || slices.Contains(beginsNoMerge, call.Arguments)):
			one = Contradicted
		default:
			return
		}
		v, evidence = worse(v, one), append(evidence, quote(c, call))
	})
	return v, evidence
}

// objectInUse is the id of a cmdlet's error while another operation runs.
const objectInUse = "ObjectInUse"
