package simulation

import (
	"slices"
	"strings"
	"time"

	"lifeboat.io/events"
	"lifeboat.io/pkg/hyperv/hypersim"
)

// What the log and the world tell of the primary at some time, for the promises
// to judge by.

// startedByItself reports whether an overlap began with an automatic start.
func startedByItself(st *Story, o hypersim.Overlap) bool {
	entries, _ := st.World.Journal()
	for _, e := range entries {
		if e.Effect == "auto-start" && !e.Time.After(o.From) && o.From.Sub(e.Time) < 2*time.Minute {
			return true
		}
	}
	return false
}

// namedAt reports whether a named person answered for the primary being down at
// a time, and it was not seen running since they said so.
func namedAt(st *Story, t time.Time) bool {
	named := false
	for _, e := range st.Log {
		if e.At.After(t) {
			break
		}
		switch d := e.Data.(type) {
		case *events.FailoverPlanned:
			named = d.Override != nil && !saysUp(d.Witnesses)
		case *events.FailoverHeld:
			named = named && !showsRunning(d.Evidence)
		case *events.FailoverResumed:
			named = named || d.Choice == events.ChoiceOverride && d.Person.Name != ""
		}
	}
	return named
}

// showsRunning reports whether evidence shows the primary running.
func showsRunning(evidence []events.Reading) bool {
	return slices.ContainsFunc(evidence, func(r events.Reading) bool { return r.Host == "p1" && r.Power == "Running" })
}

// silentAt reports whether the primary was last seen silent before an overlap
// began, by the evidence in the log.
func silentAt(st *Story, t time.Time) bool {
	silent := false
	for _, e := range st.Log {
		if e.At.After(t) {
			break
		}
		switch d := e.Data.(type) {
		case *events.FailoverPlanned:
			silent = saysSilent(d.Witnesses)
		case *events.FailoverHeld:
			if len(d.Witnesses) > 0 {
				silent = saysSilent(d.Witnesses)
			}
		}
	}
	return silent
}

func saysUp(ws []events.Witness) bool {
	return slices.ContainsFunc(ws, func(w events.Witness) bool { return w.Verdict == events.VerdictUp })
}

func saysDown(ws []events.Witness) bool {
	for _, w := range ws {
		if w.Verdict == events.VerdictDown {
			return true
		}
	}
	return false
}

func saysSilent(ws []events.Witness) bool {
	for _, w := range ws {
		if w.Verdict != events.VerdictSilent {
			return false
		}
	}
	return true
}

// primaryWasOff reports whether the primary's host was up, and the VM off on
// it, at a time: then the look right before was the evidence.
func (st *Story) primaryWasOff(t time.Time) bool {
	up, off := true, false
	entries, _ := st.World.Journal()
	for _, e := range entries {
		if e.Time.After(t) || e.Host != "p1" {
			continue
		}
		switch {
		case e.Effect == "host-killed", e.Effect == "host-down":
			up, off = false, true
		case e.Effect == "host-up":
			up = true
		case e.Effect == "auto-start", e.Changed && e.Cmdlet == "Start-VM":
			off = false
		case e.Changed && strings.HasPrefix(e.Cmdlet+" ", "Stop-VM "):
			off = true
		}
	}
	return up && off
}

// abandonedFence reports whether a person told lifeboat to leave the old primary
// as it is.
func abandonedFence(st *Story) bool {
	held := events.HoldCode("")
	for _, e := range st.Log {
		switch d := e.Data.(type) {
		case *events.FailoverHeld:
			held = d.Code
		case *events.FailoverResumed:
			if (held == events.HoldFenceAmbiguous || held == events.HoldLiveCopyOff) && d.Choice == events.ChoiceAbandon {
				return true
			}
		}
	}
	return false
}
