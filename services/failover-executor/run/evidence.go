package run

import (
	"time"

	"lifeboat.io/events"
	"lifeboat.io/pkg/hyperv"
)

// reading turns a sight into the evidence that events carry.
func reading(host string, s Sight) events.Reading {
	if s.Fault != nil {
		return events.Reading{Host: host, ReadAt: s.At, Fault: fault(s.Fault)}
	}
	return vmReading(host, s.At, s.VM)
}

// vmReading turns a VM as read into evidence.
func vmReading(host string, at time.Time, vm hyperv.VM) events.Reading {
	r := events.Reading{Host: host, ReadAt: at, HostTime: instant(vm.HostTime), Absent: !vm.Present}
	if !vm.Present {
		return r
	}
	r.Power, r.Heartbeat, r.AutoStart = string(vm.Power), string(vm.Heartbeat), string(vm.AutoStart)
	r.Replication = replicationReading(vm.Replication)
	if vm.Extended != nil {
		r.Extended = replicationReading(*vm.Extended)
	}
	if t := vm.TestVM; t != nil {
		r.TestVM = &events.TestVMReading{ID: string(t.ID), Name: t.Name, Power: string(t.Power), Heartbeat: string(t.Heartbeat)}
	}
	r.RecoveryPoints = len(vm.RecoveryPoints)
	return r
}

func replicationReading(r hyperv.Replication) *events.ReplicationReading {
	return &events.ReplicationReading{
		Mode: string(r.Mode), State: string(r.State), Health: string(r.Health),
		FrequencySeconds: int(r.Frequency.Seconds()),
		LastReplication:  instant(r.LastReplication),
		PrimaryServer:    r.PrimaryServer, ReplicaServer: r.ReplicaServer,
	}
}

// instant is a time, or nil for the zero time.
func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// maxFaultMessage bounds the text of a fault in an event, in characters: a host
// may answer pages.
const maxFaultMessage = 2000

// fault turns a host's error into what events carry.
func fault(e *hyperv.Error) *events.Fault {
	if e == nil {
		return nil
	}
	message := e.Message
	if runes := []rune(message); len(runes) > maxFaultMessage {
		message = string(runes[:maxFaultMessage]) + "…"
	}
	return &events.Fault{Class: events.Class(e.Class), Code: e.Code, Message: message}
}

// evidence lists the newest look at each of the given hosts.
func (m Mind) evidence(hosts ...string) []events.Reading {
	var out []events.Reading
	for _, h := range hosts {
		if s, ok := m.Sights[h]; ok {
			out = append(out, reading(h, s))
		}
	}
	return out
}
