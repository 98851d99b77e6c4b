package view

import (
	"time"

	"lifeboat.io/events"
)

// Sighting is what was last read of one VM on one host.
type Sighting struct {
	// VM is the VM's id.
	VM string `json:"vm"`
	// Reading is what was read, and when.
	Reading events.Reading `json:"reading"`
	// Stale tells that it is too old to be taken for the present.
	Stale bool `json:"stale"`
}

// readings are what was read on hosts in an event's data.
func readings(data any) []events.Reading {
	var found []events.Reading
	add := func(rs ...*events.Reading) {
		for _, r := range rs {
			if r != nil {
				found = append(found, *r)
			}
		}
	}
	switch d := data.(type) {
	case *events.FailoverPlanned:
		return d.Evidence
	case *events.StepStarted:
		add(d.Seen)
	case *events.StepDone:
		add(d.Before, d.After)
	case *events.StepFailed:
		add(d.Before, d.After)
	case *events.FailoverHeld:
		return d.Evidence
	case *events.FailoverCommitted:
		add(d.Evidence)
	case *events.FailoverCancelled:
		return d.Evidence
	case *events.FailoverSucceeded:
		return d.Evidence
	case *events.FailoverFailed:
		return d.Evidence
	case *events.FailoverFenced:
		add(d.Before, d.After)
	}
	return found
}

// Sightings keeps the newest reading of each VM on each host.
type Sightings struct {
	byVM map[string]map[string]events.Reading
}

// Add takes in what an event tells.
func (s *Sightings) Add(e Event) {
	for _, r := range readings(e.Data) {
		s.add(e.Aggregate.ID, r)
	}
}

func (s *Sightings) add(vm string, r events.Reading) {
	if s.byVM == nil {
		s.byVM = map[string]map[string]events.Reading{}
	}
	if s.byVM[vm] == nil {
		s.byVM[vm] = map[string]events.Reading{}
	}
	if known, ok := s.byVM[vm][r.Host]; !ok || known.ReadAt.Before(r.ReadAt) {
		s.byVM[vm][r.Host] = r
	}
}

// Of is what was last read of a VM on each host, in the order of hosts.
func (s Sightings) Of(vm string, hosts []string, now time.Time) []Sighting {
	var found []Sighting
	for _, host := range hosts {
		if r, ok := s.byVM[vm][host]; ok {
			found = append(found, Sighting{VM: vm, Reading: r, Stale: !Fresh(r.ReadAt, now)})
		}
	}
	return found
}

// Host is the newest reading from a host, of whichever VM.
func (s Sightings) Host(host string) (newest Sighting, ok bool) {
	for vm, hosts := range s.byVM {
		r, seen := hosts[host]
		if seen && (!ok || newest.Reading.ReadAt.Before(r.ReadAt)) {
			newest, ok = Sighting{VM: vm, Reading: r}, true
		}
	}
	return newest, ok
}
