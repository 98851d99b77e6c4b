package command

import (
	"fmt"
	"strings"
	"time"

	"lifeboat.io/events"
	"lifeboat.io/services/lifeboat/terminal"
)

// readingLine is what was read of a VM on a host, in one line.
func readingLine(r events.Reading) string {
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	switch {
	case r.Fault != nil:
		add("no answer: %s", faultLine(*r.Fault))
	case r.Absent:
		add("no such VM there")
	default:
		add("%s", r.Power)
		if r.Heartbeat != "" {
			add("heartbeat %s", r.Heartbeat)
		}
		if r.AutoStart != "" {
			add("auto-start %s", r.AutoStart)
		}
		if rep := r.Replication; rep != nil {
			add("%s", replicationLine(*rep, r.HostTime))
		}
		if r.Extended != nil {
			add("extended: %s", replicationLine(*r.Extended, r.HostTime))
		}
		if t := r.TestVM; t != nil {
			add("test VM %q %s %s", t.Name, t.Power, t.Heartbeat)
		}
		if r.RecoveryPoints > 0 {
			add("%d recovery points", r.RecoveryPoints)
		}
	}
	return terminal.Safe(strings.TrimSpace(strings.Join(parts, ", ")))
}

// replicationLine is a replication in a few words. How old its last changes
// were is told by the host's own clock.
func replicationLine(r events.ReplicationReading, hostTime *time.Time) string {
	line := fmt.Sprintf("%s %s, health %s", r.Mode, r.State, r.Health)
	if r.LastReplication != nil && hostTime != nil {
		line += fmt.Sprintf(", last changes %s before", terminal.Span(hostTime.Sub(*r.LastReplication)))
	}
	return line
}

// faultLine is an error of a host in one line.
func faultLine(f events.Fault) string {
	return terminal.Safe(fmt.Sprintf("%s (%s): %s", f.Code, f.Class, f.Message))
}
