package hypersim

import (
	"encoding/json"
	"fmt"
	"reflect"
	"time"
)

// Duration is a time.Duration that is written as text, such as "20s", so that
// a Spec reads well as JSON.
type Duration time.Duration

// MarshalText writes the duration as Go writes it.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads what time.ParseDuration reads.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("duration %q: write it like 20s or 5m: %w", text, err)
	}
	*d = Duration(v)
	return nil
}

// Durations say how long things take in simulated time. A zero duration takes
// no time at all. Start from DefaultDurations and change what matters; JSON
// that leaves a field out keeps its default.
type Durations struct {
	// Visit is the way to the host and back, paid once by each verb of World.Host.
	Visit Duration `json:"visit"`
	// Connect is what it costs to find out that a host does not answer at all.
	Connect Duration `json:"connect"`
	// PowerOn is Start-VM until the VM is Running.
	PowerOn Duration `json:"powerOn"`
	// PowerOff is Stop-VM -TurnOff.
	PowerOff Duration `json:"powerOff"`
	// Save is Save-VM and restoring from a saved state.
	Save Duration `json:"save"`
	// GuestBoot is from Running until the guest's heartbeat is there.
	GuestBoot Duration `json:"guestBoot"`
	// GuestShutdown is from the request until the guest has powered off.
	GuestShutdown Duration `json:"guestShutdown"`
	// ShutdownLimit is how long Stop-VM waits for the guest before it gives up, or turns off with -Force.
	ShutdownLimit Duration `json:"shutdownLimit"`
	// Prepare is Start-VMFailover -Prepare besides the transfer of the last delta.
	Prepare Duration `json:"prepare"`
	// Failover is Start-VMFailover on the replica.
	Failover Duration `json:"failover"`
	// TestFailover is Start-VMFailover -AsTest.
	TestFailover Duration `json:"testFailover"`
	// StopFailover is Stop-VMFailover, of any kind.
	StopFailover Duration `json:"stopFailover"`
	// Complete is Complete-VMFailover besides the merge.
	Complete Duration `json:"complete"`
	// Reverse is Set-VMReplication -Reverse.
	Reverse Duration `json:"reverse"`
	// BecomeReplica is Set-VMReplication -AsReplica.
	BecomeReplica Duration `json:"becomeReplica"`
	// Merge is the background merge after Complete, Reverse or removing replication.
	Merge Duration `json:"merge"`
	// Enable is Enable-VMReplication.
	Enable Duration `json:"enable"`
	// InitialReplication is the full first copy, besides its transfer when the link has a bandwidth.
	InitialReplication Duration `json:"initialReplication"`
	// Resync is a block compare: resynchronization, and initial replication with -UseBackup.
	Resync Duration `json:"resync"`
	// FirstCycle is from the moment a relationship begins to replicate to its first delta.
	FirstCycle Duration `json:"firstCycle"`
	// HostBoot is from switching a host on until its services run.
	HostBoot Duration `json:"hostBoot"`
	// HostShutdown is what a graceful host shutdown takes after its VMs are down.
	HostShutdown Duration `json:"hostShutdown"`
	// CmdletLimit bounds a blocking cmdlet call in stepped mode, so that a frozen host cannot stop a test for ever.
	CmdletLimit Duration `json:"cmdletLimit"`
}

// DefaultDurations are what a small VM on ordinary hardware takes.
func DefaultDurations() Durations {
	const s = Duration(time.Second)
	const ms = Duration(time.Millisecond)
	return Durations{
		Visit: 200 * ms, Connect: 5 * s,
		PowerOn: 2 * s, PowerOff: 1 * s, Save: 5 * s,
		GuestBoot: 30 * s, GuestShutdown: 20 * s, ShutdownLimit: 300 * s,
		Prepare: 4 * s, Failover: 6 * s, TestFailover: 8 * s, StopFailover: 4 * s,
		Complete: 3 * s, Reverse: 6 * s, BecomeReplica: 3 * s, Merge: 20 * s,
		Enable: 5 * s, InitialReplication: 600 * s, Resync: 120 * s, FirstCycle: 5 * s,
		HostBoot: 120 * s, HostShutdown: 10 * s,
		CmdletLimit: 3600 * s,
	}
}

// UnmarshalJSON keeps the default of every field that is left out.
func (d *Durations) UnmarshalJSON(text []byte) error {
	type plain Durations
	p := plain(DefaultDurations())
	if err := json.Unmarshal(text, &p); err != nil {
		return err
	}
	*d = Durations(p)
	return nil
}

// check names a duration that is negative.
func (d *Durations) check() error {
	v := reflect.ValueOf(*d)
	for i := range v.NumField() {
		if v.Field(i).Int() < 0 {
			return fmt.Errorf("%s %v: it must not be negative", v.Type().Field(i).Tag.Get("json"), time.Duration(v.Field(i).Int()))
		}
	}
	return nil
}
