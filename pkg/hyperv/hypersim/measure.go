package hypersim

import (
	"context"
	"fmt"
	"time"

	"lifeboat.io/pkg/hyperv"
)

// Replication is what Get-VMReplication shows of one relationship.
type Replication struct {
	VMID             hyperv.VMID
	VMName           string
	RelationshipType string // Simple or Extended
	hyperv.Replication
	RecoveryHistory                int
	VSSSnapshotFrequencyHour       int
	CompressionEnabled             bool
	BypassProxyServer              bool
	ReplicateHostKvpItems          bool
	AutoResynchronizeEnabled       bool
	AutoResynchronizeIntervalStart time.Duration
	AutoResynchronizeIntervalEnd   time.Duration
	AllowedPrimaryServer           string
	CurrentReplicaServerName       string
	InitialReplicationStartTime    time.Time // by the host's clock; zero when none is scheduled
	ResynchronizeStartTime         time.Time
	ReplicatedDisks, ExcludedDisks []string // paths
	TestVirtualMachine             hyperv.VMID
	// WMIState is the relationship's number in WMI.
	WMIState int
}

// show is the relationship as Get-VMReplication shows it.
func (r *relation) show() Replication {
	c := r.vm
	s := Replication{
		VMID: c.id, VMName: c.name, RelationshipType: r.kind(), Replication: r.read(),
		RecoveryHistory: r.history, VSSSnapshotFrequencyHour: r.vssHours, CompressionEnabled: r.compress,
		BypassProxyServer: r.bypass, ReplicateHostKvpItems: r.kvp,
		AutoResynchronizeEnabled: r.auto.on, AutoResynchronizeIntervalStart: r.auto.start, AutoResynchronizeIntervalEnd: r.auto.end,
		AllowedPrimaryServer: r.allowed, CurrentReplicaServerName: r.replicaServer,
		InitialReplicationStartTime: c.m.clock(r.irAt), ResynchronizeStartTime: c.m.clock(r.resyncAt), WMIState: int(r.wmi),
	}
	for _, d := range c.disks {
		if d.replicated {
			s.ReplicatedDisks = append(s.ReplicatedDisks, d.path)
		} else {
			s.ExcludedDisks = append(s.ExcludedDisks, d.path)
		}
	}
	if c.testVM != nil {
		s.TestVirtualMachine = c.testVM.id
	}
	return s
}

// GetVMReplication is Get-VMReplication -VM: one object for each relationship
// of the VM, none when it is not replicated.
func (m *Machine) GetVMReplication(ctx context.Context, id hyperv.VMID) ([]Replication, error) {
	return lookAt(ctx, m, "Get-VMReplication", id, func(c *vmCopy) []Replication {
		var all []Replication
		if c.mode == hyperv.ModeNone {
			return nil
		}
		for _, r := range c.relations() {
			all = append(all, r.show())
		}
		return all
	})
}

// Measurement is what Measure-VMReplication shows of one relationship.
type Measurement struct {
	Replication
	MonitoringStartTime, MonitoringEndTime time.Time
	LastReplicationType                    hyperv.ReplicationType
	LastTestFailoverInitiatedTime          time.Time // zero when never
	LastVSSSnapshotTime                    time.Time
	InitialReplicationSize                 int64 // bytes, until the first replication is through
	PendingReplicationSize                 int64 // bytes, on the sending side
	AverageReplicationSize                 int64
	MaximumReplicationSize                 int64
	AverageReplicationLatency              time.Duration
	MaximumReplicationLatency              time.Duration
	ReplicationErrors                      uint32
	SuccessfulReplicationCount             uint32
	MissedReplicationCount                 uint32
	ReplicationHealthDetails               []string
}

// MeasureVMReplication is Measure-VMReplication -VM.
func (m *Machine) MeasureVMReplication(ctx context.Context, id hyperv.VMID) ([]Measurement, error) {
	return lookAt(ctx, m, "Measure-VMReplication", id, func(c *vmCopy) []Measurement {
		var all []Measurement
		if c.mode == hyperv.ModeNone {
			return nil
		}
		for _, r := range c.relations() {
			all = append(all, r.measure())
		}
		return all
	})
}

func (r *relation) measure() Measurement {
	m := r.vm.m
	r.newInterval()
	s := &r.stats
	v := Measurement{
		Replication: r.show(), MonitoringStartTime: m.clock(s.since), MonitoringEndTime: m.clock(m.w.now),
		LastReplicationType: r.lastType, LastTestFailoverInitiatedTime: m.clock(r.lastTest), LastVSSSnapshotTime: m.clock(r.lastVSS),
		MaximumReplicationSize: s.biggest, MaximumReplicationLatency: time.Duration(s.worst),
		ReplicationErrors: s.errors, SuccessfulReplicationCount: s.good, MissedReplicationCount: s.missed,
	}
	if r.sends() {
		v.PendingReplicationSize = r.pending(r.vm.holds())
	}
	if r.lastReplication == never {
		for _, d := range r.vm.disks {
			if d.replicated {
				v.InitialReplicationSize += r.vm.vhd(d).FileSize
			}
		}
	}
	if s.good > 0 {
		v.AverageReplicationSize = s.bytes / int64(s.good)
		v.AverageReplicationLatency = (time.Duration(s.latency) / time.Duration(s.good)).Truncate(time.Second)
	}
	for i := range healthRules {
		if h := &healthRules[i]; h.detail != "" && h.when(r) {
			v.ReplicationHealthDetails = append(v.ReplicationHealthDetails, fmt.Sprintf(h.detail, r.vm.name))
		}
	}
	return v
}
