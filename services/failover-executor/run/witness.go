package run

import (
	"fmt"
	"time"

	"lifeboat.io/events"
	"lifeboat.io/pkg/hyperv"
)

// Names of the witnesses.
const (
	// witnessPrimary is the primary's host itself, asked over WinRM.
	witnessPrimary = "primary-host"
	// witnessReplica is what the replica last received. It can tell how long the
	// primary has been quiet, and never that it is down.
	witnessReplica = "replica-last-received"
)

// witnesses asks every source of evidence on the primary.
func witnesses(primary, replica Sight) []events.Witness {
	return []events.Witness{askPrimary(primary), askReplica(replica)}
}

func askPrimary(s Sight) events.Witness {
	w := events.Witness{Name: witnessPrimary, At: s.At}
	switch {
	case !s.answers():
		w.Verdict = events.VerdictSilent
		w.Detail = fmt.Sprintf("no answer (%s): %s", s.Fault.Code, s.Fault.Message)
	case !s.VM.Present:
		w.Verdict = events.VerdictDown
		w.Detail = "the host answers and has no such VM"
	case lives(s.VM):
		w.Verdict = events.VerdictUp
		w.Detail = fmt.Sprintf("the host answers and the VM is %s", s.VM.Power)
	default:
		w.Verdict = events.VerdictDown
		w.Detail = fmt.Sprintf("the host answers and the VM is %s", s.VM.Power)
	}
	return w
}

func askReplica(s Sight) events.Witness {
	w := events.Witness{Name: witnessReplica, At: s.At, Verdict: events.VerdictSilent}
	if !s.answers() || s.VM.Replication.LastReplication.IsZero() {
		w.Detail = "the replica cannot tell when it last received changes"
		return w
	}
	age := s.VM.HostTime.Sub(s.VM.Replication.LastReplication)
	w.Detail = fmt.Sprintf("last received changes %s ago; due every %s", age.Round(time.Second), s.VM.Replication.Frequency)
	return w
}

// overall is what the witnesses say together: one that saw the primary running
// outweighs all others, and silence never counts as down.
func overall(ws []events.Witness) events.Verdict {
	verdict := events.VerdictSilent
	for _, w := range ws {
		switch w.Verdict {
		case events.VerdictUp:
			return events.VerdictUp
		case events.VerdictDown:
			verdict = events.VerdictDown
		case events.VerdictSilent:
		}
	}
	return verdict
}

// roles tells which of two hosts is the primary's and which the replica's.
type roles struct {
	primary, replica string
	receives         hyperv.ReplicaServer // how the primary's host receives replication
	sends            hyperv.ReplicaServer // how the replica's host receives replication: its certificate sends
}

// cast reads the roles from what both hosts report. A silent host has the role
// the other one leaves. It returns a sentence when the roles are not clear.
func cast(p Protection, sights map[string]Sight) (roles, string) {
	a, b := sights[p.Hosts[0]], sights[p.Hosts[1]]
	ab := roles{primary: p.Hosts[0], replica: p.Hosts[1], receives: p.Receives[0], sends: p.Receives[1]}
	ba := roles{primary: p.Hosts[1], replica: p.Hosts[0], receives: p.Receives[1], sends: p.Receives[0]}
	switch modeA, modeB := mode(a), mode(b); {
	case modeA == hyperv.ModePrimary && (modeB == hyperv.ModeReplica || gone(b)),
		modeB == hyperv.ModeReplica && gone(a):
		return ab, ""
	case modeB == hyperv.ModePrimary && (modeA == hyperv.ModeReplica || gone(a)),
		modeA == hyperv.ModeReplica && gone(b):
		return ba, ""
	default:
		return roles{}, fmt.Sprintf("%s says %s and %s says %s; one must be Primary and the other Replica",
			p.Hosts[0], describe(a), p.Hosts[1], describe(b))
	}
}

// gone reports whether a host is silent or has no such VM.
func gone(s Sight) bool { return !s.answers() || !s.VM.Present }

func mode(s Sight) hyperv.Mode {
	if gone(s) {
		return hyperv.ModeNone
	}
	return s.VM.Replication.Mode
}

func describe(s Sight) string {
	switch {
	case !s.answers():
		return "nothing (" + s.Fault.Code + ")"
	case !s.VM.Present:
		return "it has no such VM"
	default:
		return string(s.VM.Replication.Mode)
	}
}
