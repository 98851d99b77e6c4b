package cmdlets

import (
	"context"
	"time"

	"lifeboat.io/e2e/lab/powershell"
	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/hypersim"
)

// replication is the Data of a VMReplication object. It shows the relationship
// as it is now, as machine does the VM.
type replication struct {
	*session
	ctx     context.Context
	shown   hypersim.Replication
	at      time.Time
	changes int
	gone    bool
}

func (s *session) replicationObject(ctx context.Context, r hypersim.Replication) powershell.Value {
	return powershell.NewInstance(classReplication, &replication{session: s, ctx: ctx, shown: r, at: s.host.Clock(), changes: s.changesSoFar()})
}

// look is the relationship as the object shows it.
func (r *replication) look() *hypersim.Replication {
	if r.current(r.at, r.changes) {
		return &r.shown
	}
	all, err := r.host.machine.GetVMReplication(r.host.waiting(r.ctx), r.shown.VMID)
	if err != nil {
		return &r.shown
	}
	r.at, r.changes, r.gone = r.host.Clock(), r.changesSoFar(), true
	for _, now := range all {
		if now.RelationshipType == r.shown.RelationshipType {
			r.shown, r.gone = now, false
		}
	}
	return &r.shown
}

// relationship is the Data of an object that shows one.
type relationship interface {
	look() *hypersim.Replication
	// local is a time as the object's host shows it.
	local(t time.Time) powershell.Value
}

// relationshipTime is a time of a relationship as a property.
func relationshipTime(name string, get func(r *hypersim.Replication) time.Time) powershell.Property {
	return powershell.Property{Name: name, Type: tDateTime, Get: func(v powershell.Value) powershell.Value {
		r := v.(relationship)
		return r.local(get(r.look()))
	}}
}

// shared are the properties that VMReplication and VMReplicationHealth have in
// common.
func shared() []powershell.Property {
	of := func(v powershell.Value) *hypersim.Replication { return v.(relationship).look() }
	p := func(name, typ string, get func(r *hypersim.Replication) powershell.Value) powershell.Property {
		return powershell.Property{Name: name, Type: typ, Get: func(v powershell.Value) powershell.Value { return get(of(v)) }}
	}
	state := func(r *hypersim.Replication) powershell.Value { return enum("VMReplicationState", string(r.State)) }
	health := func(r *hypersim.Replication) powershell.Value {
		return enum("VMReplicationHealthState", string(r.Health))
	}
	mode := func(r *hypersim.Replication) powershell.Value { return enum("VMReplicationMode", string(r.Mode)) }
	kind := func(r *hypersim.Replication) powershell.Value {
		return enum("VMReplicationRelationshipType", r.RelationshipType)
	}
	name := func(r *hypersim.Replication) powershell.Value { return r.VMName }
	id := func(r *hypersim.Replication) powershell.Value { return guid(string(r.VMID)) }
	return []powershell.Property{
		p("VMName", tString, name), p("VMId", tGuid, id),
		p("ReplicationState", typeSpace+".VMReplicationState", state), p("ReplicationHealth", typeSpace+".VMReplicationHealthState", health),
		p("ReplicationMode", typeSpace+".VMReplicationMode", mode), p("ReplicationRelationshipType", typeSpace+".VMReplicationRelationshipType", kind),
		p("PrimaryServerName", tString, func(r *hypersim.Replication) powershell.Value { return r.PrimaryServer }),
		p("ReplicaServerName", tString, func(r *hypersim.Replication) powershell.Value { return r.ReplicaServer }),
		p("CurrentReplicaServerName", tString, func(r *hypersim.Replication) powershell.Value { return r.CurrentReplicaServerName }),
		relationshipTime("LastReplicationTime", func(r *hypersim.Replication) time.Time { return r.LastReplication }),
		relationshipTime("LastAppliedLogTime", func(r *hypersim.Replication) time.Time { return r.LastApplied }),
		p("AllowedPrimaryServer", tString, func(r *hypersim.Replication) powershell.Value { return r.AllowedPrimaryServer }),
		p("AutoResynchronizeEnabled", tBool, func(r *hypersim.Replication) powershell.Value { return r.AutoResynchronizeEnabled }),
		p("AutoResynchronizeIntervalStart", tTimeSpan, func(r *hypersim.Replication) powershell.Value {
			return powershell.Span(r.AutoResynchronizeIntervalStart)
		}),
		p("AutoResynchronizeIntervalEnd", tTimeSpan, func(r *hypersim.Replication) powershell.Value {
			return powershell.Span(r.AutoResynchronizeIntervalEnd)
		}),
		p("State", typeSpace+".VMReplicationState", state), p("Health", typeSpace+".VMReplicationHealthState", health),
		p("Mode", typeSpace+".VMReplicationMode", mode), p("Relationship", typeSpace+".VMReplicationRelationshipType", kind),
		p("Name", tString, name), p("Id", tGuid, id),
	}
}

// local is a time as PowerShell on the session's host shows it: in the host's
// time zone, null for never.
func (s *session) local(t time.Time) powershell.Value {
	if t.IsZero() {
		return nil
	}
	return powershell.LocalTime(t, s.host.settings.Zone)
}

// authType is how a relationship authenticates; one that is not set up yet has
// no type.
func authType(r *hypersim.Replication) powershell.Value {
	if r.Authentication == "" {
		return enum("ReplicationAuthenticationType", string(hyperv.AuthKerberos))
	}
	return enum("ReplicationAuthenticationType", string(r.Authentication))
}

var classReplication = &powershell.Class{
	Name: typeSpace + ".VMReplication", Bases: []string{typeSpace + ".VirtualizationObject"},
	Table: []powershell.Column{
		{Property: "VMName"}, {Property: "State"}, {Property: "Health"}, {Property: "Mode"}, {Property: "FrequencySec", Right: true},
		{Property: "PrimaryServer"}, {Property: "ReplicaServer"}, {Property: "ReplicaPort", Right: true}, {Property: "AuthType"}, {Property: "Relationship"},
	},
}

func init() {
	of := func(v powershell.Value) *hypersim.Replication { return v.(*replication).look() }
	p := func(name, typ string, get func(r *hypersim.Replication) powershell.Value) powershell.Property {
		return powershell.Property{Name: name, Type: typ, Get: func(v powershell.Value) powershell.Value { return get(of(v)) }}
	}
	frequency := func(r *hypersim.Replication) powershell.Value { return int32(r.Frequency.Seconds()) }
	port := func(r *hypersim.Replication) powershell.Value { return int32(r.ReplicaPort) }
	classReplication.Properties = append(shared(),
		p("AuthenticationType", typeSpace+".ReplicationAuthenticationType", authType),
		p("CertificateThumbprint", tString, func(r *hypersim.Replication) powershell.Value { return r.CertificateThumbprint }),
		p("CompressionEnabled", tBool, func(r *hypersim.Replication) powershell.Value { return r.CompressionEnabled }),
		p("ReplicateHostKvpItems", tBool, func(r *hypersim.Replication) powershell.Value { return r.ReplicateHostKvpItems }),
		p("BypassProxyServer", tBool, func(r *hypersim.Replication) powershell.Value { return r.BypassProxyServer }),
		p("EnableWriteOrderPreservationAcrossDisks", tBool, func(*hypersim.Replication) powershell.Value { return true }),
		relationshipTime("InitialReplicationStartTime", func(r *hypersim.Replication) time.Time { return r.InitialReplicationStartTime }),
		relationshipTime("ResynchronizeStartTime", func(r *hypersim.Replication) time.Time { return r.ResynchronizeStartTime }),
		p("RecoveryHistory", tInt32, func(r *hypersim.Replication) powershell.Value { return int32(r.RecoveryHistory) }),
		p("ReplicaServerPort", tInt32, port),
		p("ReplicationFrequencySec", tInt32, frequency),
		p("VSSSnapshotFrequencyHour", tInt32, func(r *hypersim.Replication) powershell.Value { return int32(r.VSSSnapshotFrequencyHour) }),
		p("VSSSnapshotReplicationEnabled", tBool, func(r *hypersim.Replication) powershell.Value { return r.VSSSnapshotFrequencyHour > 0 }),
		powershell.Property{Name: "TestVirtualMachine", Type: typeSpace + ".VirtualMachine", Get: testVirtualMachine},
		powershell.Property{Name: "ReplicatedDisks", Type: typeSpace + ".HardDiskDrive[]", Get: func(v powershell.Value) powershell.Value { return v.(*replication).disks(true) }},
		powershell.Property{Name: "ExcludedDisks", Type: typeSpace + ".HardDiskDrive[]", Get: func(v powershell.Value) powershell.Value { return v.(*replication).disks(false) }},
		powershell.Property{Name: "ComputerName", Type: tString, Get: func(v powershell.Value) powershell.Value { return v.(*replication).host.record.Name }},
		powershell.Property{Name: "IsDeleted", Type: tBool, Get: func(v powershell.Value) powershell.Value {
			of(v)
			return v.(*replication).gone
		}},
		p("FrequencySec", tInt32, frequency), p("ReplicaPort", tInt32, port),
		p("PrimaryServer", tString, func(r *hypersim.Replication) powershell.Value { return r.PrimaryServer }),
		p("ReplicaServer", tString, func(r *hypersim.Replication) powershell.Value { return r.ReplicaServer }),
		p("AuthType", typeSpace+".ReplicationAuthenticationType", authType),
	)
}

// testVirtualMachine is the test VM of a replica, null without one.
func testVirtualMachine(v powershell.Value) powershell.Value {
	r := v.(*replication)
	id := r.look().TestVirtualMachine
	if id == "" {
		return nil
	}
	objects, err := r.machineByID(r.ctx, id)
	if err != nil {
		return nil
	}
	return objects[0]
}

// disks are the drives of the VM that are replicated, or that are not.
func (r *replication) disks(replicated bool) powershell.Value {
	drives, err := r.host.machine.GetVMHardDiskDrive(r.host.waiting(r.ctx), r.shown.VMID)
	if err != nil {
		return powershell.NewArray()
	}
	all := powershell.NewArray()
	for _, d := range drives {
		if d.Replicated == replicated {
			all.Items = append(all.Items, powershell.NewInstance(classHardDiskDrive, &drive{HardDiskDrive: d, vm: r.shown.VMName}))
		}
	}
	return all
}

// measurement is the Data of a VMReplicationHealth object: the relationship as
// it was measured.
type measurement struct {
	*session
	hypersim.Measurement
}

// look is the relationship as it was.
func (m *measurement) look() *hypersim.Replication { return &m.Measurement.Replication }

var classReplicationHealth = &powershell.Class{
	Name: typeSpace + ".VMReplicationHealth", Bases: []string{typeSpace + ".VirtualizationObject"},
	Table: []powershell.Column{
		{Property: "VMName"}, {Property: "State"}, {Property: "Health"}, {Property: "LReplTime"},
		{Label: "PReplSize(M)", Show: func(v powershell.Value) powershell.Value {
			return megabytes(v.(*measurement).PendingReplicationSize)
		}, Right: true},
		{Property: "AvgLatency"},
		{Label: "AvgReplSize(M)", Show: func(v powershell.Value) powershell.Value {
			return megabytes(v.(*measurement).AverageReplicationSize)
		}, Right: true},
		{Property: "Relationship"},
	},
}

// megabytes is a size as the health table shows it: with two digits.
func megabytes(bytes int64) powershell.Value {
	return float64(bytes*100>>20) / 100
}

func init() {
	p := func(name, typ string, get func(m *hypersim.Measurement) powershell.Value) powershell.Property {
		return powershell.Property{Name: name, Type: typ, Get: func(v powershell.Value) powershell.Value { return get(&v.(*measurement).Measurement) }}
	}
	at := func(name string, get func(m *hypersim.Measurement) time.Time) powershell.Property {
		return powershell.Property{Name: name, Type: tDateTime, Get: func(v powershell.Value) powershell.Value {
			m := v.(*measurement)
			return m.local(get(&m.Measurement))
		}}
	}
	kind := func(t hyperv.ReplicationType) powershell.Value {
		if t == "" {
			t = hyperv.TypeNone
		}
		return enum("VMReplicationType", string(t))
	}
	latency := func(m *hypersim.Measurement) powershell.Value {
		if m.SuccessfulReplicationCount == 0 {
			return nil
		}
		return powershell.Span(m.AverageReplicationLatency)
	}
	pending := func(m *hypersim.Measurement) powershell.Value { return uint64(m.PendingReplicationSize) }
	average := func(m *hypersim.Measurement) powershell.Value { return uint64(m.AverageReplicationSize) }
	classReplicationHealth.Properties = append(
		shared(),
		p("CurrentTask", typeSpace+".VMCurrentTask[]", func(*hypersim.Measurement) powershell.Value { return powershell.NewArray() }),
		at("MonitoringStartTime", func(m *hypersim.Measurement) time.Time { return m.MonitoringStartTime }),
		at("MonitoringEndTime", func(m *hypersim.Measurement) time.Time { return m.MonitoringEndTime }),
		p("LastReplicationType", typeSpace+".VMReplicationType", func(m *hypersim.Measurement) powershell.Value { return kind(m.LastReplicationType) }),
		p("FailedOverReplicationType", typeSpace+".VMReplicationType", func(m *hypersim.Measurement) powershell.Value { return kind(m.FailedOver) }),
		at("LastTestFailoverInitiatedTime", func(m *hypersim.Measurement) time.Time { return m.LastTestFailoverInitiatedTime }),
		at("LastVSSSnapshotTime", func(m *hypersim.Measurement) time.Time { return m.LastVSSSnapshotTime }),
		p("InitialReplicationSize", tUInt64, func(m *hypersim.Measurement) powershell.Value { return uint64(m.InitialReplicationSize) }),
		p("PendingReplicationSize", tUInt64, pending), p("AverageReplicationSize", tUInt64, average),
		p("MaximumReplicationSize", tUInt64, func(m *hypersim.Measurement) powershell.Value { return uint64(m.MaximumReplicationSize) }),
		p("AverageReplicationLatency", tTimeSpan, latency),
		p("MaximumReplicationLatency", tTimeSpan, func(m *hypersim.Measurement) powershell.Value { return powershell.Span(m.MaximumReplicationLatency) }),
		p("ReplicationErrors", tUInt32, func(m *hypersim.Measurement) powershell.Value { return m.ReplicationErrors }),
		p("SuccessfulReplicationCount", tUInt32, func(m *hypersim.Measurement) powershell.Value { return m.SuccessfulReplicationCount }),
		p("MissedReplicationCount", tUInt32, func(m *hypersim.Measurement) powershell.Value { return m.MissedReplicationCount }),
		p("ReplicationHealthDetails", tString+"[]", func(m *hypersim.Measurement) powershell.Value {
			all := powershell.NewArray()
			for _, d := range m.ReplicationHealthDetails {
				all.Items = append(all.Items, d)
			}
			return all
		}),
		at("LReplTime", func(m *hypersim.Measurement) time.Time { return m.LastReplication }),
		p("PReplSize", tUInt64, pending), p("AvgReplSize", tUInt64, average), p("AvgLatency", tTimeSpan, latency),
	)
}
