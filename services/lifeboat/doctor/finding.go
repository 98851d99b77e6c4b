package doctor

import (
	"cmp"
	"slices"

	"lifeboat.io/events"
)

// Level is how bad a finding is.
type Level string

const (
	// OK means it is as it should be.
	OK Level = "ok"
	// Warn means lifeboat works, and somebody should look.
	Warn Level = "warn"
	// Fail means something lifeboat may be asked for would not work.
	Fail Level = "fail"
)

// Values implements events.Enum.
func (Level) Values() []events.Value {
	return []events.Value{
		{Name: string(OK), Doc: "It is as it should be."},
		{Name: string(Warn), Doc: "lifeboat works; somebody should look."},
		{Name: string(Fail), Doc: "Something lifeboat may be asked for would not work."},
	}
}

// Finding is the answer to one question.
type Finding struct {
	// Level is how bad it is.
	Level Level `json:"level"`
	// Check names the question, such as "log-on".
	Check string `json:"check"`
	// Subject is what it is about: a host, a VM, the bus.
	Subject string `json:"subject"`
	// Detail is what was found.
	Detail string `json:"detail"`
	// Fix is what to do about it; empty when nothing is to be done.
	Fix string `json:"fix,omitempty"`
}

// Checks.
const (
	checkReach       = "log-on"
	checkClock       = "clock"
	checkCmdlets     = "cmdlets"
	checkReplication = "replication"
	checkVM          = "vm"
	checkVMs         = "vms"
	checkSwitch      = "test switch"
	checkBus         = "bus"
	checkInventory   = "inventory"
	checkLetters     = "dead letters"
	checkRuns        = "runs"
)

// severity orders levels.
var severity = map[Level]int{OK: 0, Warn: 1, Fail: 2}

// Worst is the worst level among findings; OK without any.
func Worst(findings []Finding) Level {
	worst := OK
	for _, f := range findings {
		if severity[f.Level] > severity[worst] {
			worst = f.Level
		}
	}
	return worst
}

// Count is how many findings have a level.
func Count(findings []Finding, level Level) int {
	n := 0
	for _, f := range findings {
		if f.Level == level {
			n++
		}
	}
	return n
}

// sorted puts the worst first, and keeps the order otherwise.
func sorted(findings []Finding) []Finding {
	slices.SortStableFunc(findings, func(a, b Finding) int { return cmp.Compare(severity[b.Level], severity[a.Level]) })
	return findings
}
