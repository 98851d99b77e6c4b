package cmdlets

import (
	"context"
	"strings"
	"time"

	"lifeboat.io/e2e/lab/powershell"
	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/hypersim"
)

// replicationModels are the cmdlets about replication relationships, failover
// apart.
var replicationModels = map[string]*model{
	"Get-VMReplication":             {takes: "VMName VM " + replicationFilters, run: getReplication},
	"Measure-VMReplication":         {takes: "VMName VM " + replicationFilters, run: measureReplication},
	"Enable-VMReplication":          {takes: "VMName VM AsReplica AllowedPrimaryServer " + replicationSettings + " ExcludedVhd ExcludedVhdPath AsJob Passthru", run: enableReplication},
	"Set-VMReplication":             {takes: "VMName VM VMReplication Reverse AsReplica AllowedPrimaryServer " + replicationSettings + " ReplicatedDisks ReplicatedDiskPaths DisableVSSSnapshotReplication InitialReplicationStartTime AsJob Passthru", run: setReplication},
	"Start-VMInitialReplication":    {takes: "VMName VM VMReplication DestinationPath InitialReplicationStartTime UseBackup AsJob Passthru", run: startInitial},
	"Stop-VMInitialReplication":     {takes: "VMName VM VMReplication Passthru", run: stopInitial},
	"Import-VMInitialReplication":   {takes: "VMName VM VMReplication Path AsJob Passthru", run: importInitial},
	"Suspend-VMReplication":         {takes: "VMName VM VMReplication ReplicationRelationshipType Passthru", run: onRelationship((*hypersim.Machine).SuspendVMReplication, passing)},
	"Resume-VMReplication":          {takes: "VMName VM VMReplication ReplicationRelationshipType Resynchronize ResynchronizeStartTime Continue AsJob Passthru", run: resumeReplication},
	"Stop-VMReplication":            {takes: "VMName VM VMReplication ReplicationRelationshipType Passthru", run: onRelationship((*hypersim.Machine).StopVMReplication, nil)},
	"Remove-VMReplication":          {takes: "VMName VM VMReplication ReplicationRelationshipType Passthru", run: onRelationship((*hypersim.Machine).RemoveVMReplication, passing)},
	"Reset-VMReplicationStatistics": {takes: "VMName VM VMReplication ReplicationRelationshipType Passthru", run: onRelationship((*hypersim.Machine).ResetVMReplicationStatistics, passing)},
}

const (
	replicationFilters  = "ReplicaServerName PrimaryServerName ReplicationState ReplicationHealth ReplicationMode ReplicationRelationshipType TrustGroup"
	replicationSettings = "ReplicaServerName ReplicaServerPort AuthenticationType CertificateThumbprint CompressionEnabled ReplicateHostKvpItems BypassProxyServer EnableWriteOrderPreservationAcrossDisks VSSSnapshotFrequencyHour RecoveryHistory ReplicationFrequencySec AutoResynchronizeEnabled AutoResynchronizeIntervalStart AutoResynchronizeIntervalEnd"
)

// replicated are the VMs whose replications a reading cmdlet shows: those
// named, or all of the host.
func (c *call) replicated() ([]target, error) {
	if c.Has("VM") || c.Has("VMName") {
		return c.targets("VMName")
	}
	return c.named([]string{"*"})
}

// shows tells whether a relationship passes the filters of a call.
func (c *call) shows(r *hypersim.Replication) bool {
	for parameter, value := range map[string]string{
		"ReplicationState": string(r.State), "ReplicationHealth": string(r.Health), "ReplicationMode": string(r.Mode), "ReplicationRelationshipType": r.RelationshipType,
	} {
		if c.Has(parameter) && enumText(c.Value(parameter)) != value {
			return false
		}
	}
	for parameter, value := range map[string]string{"ReplicaServerName": r.ReplicaServer, "PrimaryServerName": r.PrimaryServer} {
		if c.Has(parameter) && !matches(c.Strings(parameter), value) {
			return false
		}
	}
	return !c.Has("TrustGroup") || matches(c.Strings("TrustGroup"), c.trustGroup(r))
}

// trustGroup is the group a relationship belongs to: on a replica that of the
// entry that admits its primary, elsewhere none.
func (c *call) trustGroup(r *hypersim.Replication) string {
	if r.Mode != hyperv.ModeReplica && r.Mode != hyperv.ModeExtendedReplica {
		return ""
	}
	entries, err := c.entries()
	if err != nil {
		return ""
	}
	admitted := r.AllowedPrimaryServer
	if admitted == "" {
		admitted = r.PrimaryServer
	}
	group := ""
	for _, e := range entries {
		switch {
		case strings.EqualFold(e.AllowedPrimaryServer, admitted):
			return e.TrustGroup
		case matches([]string{e.AllowedPrimaryServer}, admitted):
			group = e.TrustGroup
		}
	}
	return group
}

func getReplication(c *call) error {
	targets, err := c.replicated()
	if err != nil {
		return err
	}
	for _, t := range targets {
		all, err := c.host.machine.GetVMReplication(c.ctx(), t.id)
		var objects []powershell.Value
		for _, r := range all {
			if c.shows(&r) {
				objects = append(objects, c.replicationObject(c.Context(), r))
			}
		}
		if err := c.write(objects, err); err != nil {
			return err
		}
	}
	return nil
}

func measureReplication(c *call) error {
	targets, err := c.replicated()
	if err != nil {
		return err
	}
	for _, t := range targets {
		all, err := c.host.machine.MeasureVMReplication(c.ctx(), t.id)
		var objects []powershell.Value
		for _, m := range all {
			if c.shows(&m.Replication) {
				objects = append(objects, powershell.NewInstance(classReplicationHealth, &measurement{c.session, m}))
			}
		}
		if err := c.write(objects, err); err != nil {
			return err
		}
	}
	return nil
}

// passing makes what -Passthru of a cmdlet on a relationship puts out: the one
// that was meant.
func passing(c *call) func(ctx context.Context, t target) ([]powershell.Value, error) {
	return func(ctx context.Context, t target) ([]powershell.Value, error) {
		kind := c.relationshipOf(t)
		if kind == "" {
			kind = hypersim.RelationSimple
		}
		all, err := c.host.machine.GetVMReplication(c.host.waiting(ctx), t.id)
		var objects []powershell.Value
		for _, r := range all {
			if r.RelationshipType == kind {
				objects = append(objects, c.replicationObject(ctx, r))
			}
		}
		return objects, err
	}
}

// passSender is what -Passthru of a cmdlet puts out that sets up sending: the
// relationship the VM sends by, which Get-VMReplication gives last.
func (c *call) passSender(ctx context.Context, t target) ([]powershell.Value, error) {
	all, err := c.host.machine.GetVMReplication(c.host.waiting(ctx), t.id)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return []powershell.Value{c.replicationObject(ctx, all[len(all)-1])}, nil
}

// warnIgnored warns of a setting Hyper-V has fixed since 2012 R2.
func (c *call) warnIgnored() error {
	if !c.Has("EnableWriteOrderPreservationAcrossDisks") {
		return nil
	}
	return c.Warning("The EnableWriteOrderPreservationAcrossDisks parameter is ignored: write order is always preserved.")
}

func enableReplication(c *call) error {
	targets, err := c.targets("VMName")
	if err == nil {
		err = c.warnIgnored()
	}
	if err != nil {
		return err
	}
	o := hypersim.EnableVMReplicationOptions{
		AsReplica: c.Switch("AsReplica"), AllowedPrimaryServer: c.String("AllowedPrimaryServer"),
		ReplicaServerName: c.String("ReplicaServerName"), ReplicaServerPort: int(c.Int("ReplicaServerPort")),
		AuthenticationType: enumText(c.Value("AuthenticationType")), CertificateThumbprint: c.String("CertificateThumbprint"),
		CompressionEnabled: !c.Has("CompressionEnabled") || c.Switch("CompressionEnabled"),
		BypassProxyServer:  c.flag("BypassProxyServer"), ReplicateHostKvpItems: c.flag("ReplicateHostKvpItems"),
		ReplicationFrequencySec: int(c.Int("ReplicationFrequencySec")), RecoveryHistory: int(c.Int("RecoveryHistory")),
		VSSSnapshotFrequencyHour: int(c.Int("VSSSnapshotFrequencyHour")), AutoResynchronizeEnabled: c.Switch("AutoResynchronizeEnabled"),
		ExcludedVhdPath: append(c.Strings("ExcludedVhdPath"), drivePaths(c.Data("ExcludedVhd"))...),
	}
	if d := c.span("AutoResynchronizeIntervalStart"); d != nil {
		o.AutoResynchronizeIntervalStart = *d
	}
	if d := c.span("AutoResynchronizeIntervalEnd"); d != nil {
		o.AutoResynchronizeIntervalEnd = *d
	}
	return c.act(targets, operation{
		do:   func(ctx context.Context, t target) error { return c.host.machine.EnableVMReplication(ctx, t.id, o) },
		pass: c.passSender,
	})
}

// span is a TimeSpan parameter; nil when it was not given.
func (c *call) span(name string) *time.Duration {
	s, given := c.Value(name).(powershell.TimeSpan)
	if !given {
		return nil
	}
	d := time.Duration(s) * 100 // ticks are 100 ns
	return &d
}

// moment is a DateTime parameter; zero when it was not given.
func (c *call) moment(name string) time.Time {
	d, given := c.Value(name).(powershell.DateTime)
	if !given {
		return time.Time{}
	}
	return d.Time(c.Zone())
}

// flag is a Boolean parameter, number a whole number; nil when not given.
func (c *call) flag(name string) *bool {
	if !c.Has(name) {
		return nil
	}
	b := c.Switch(name)
	return &b
}

func (c *call) number(name string) *int {
	if !c.Has(name) {
		return nil
	}
	n := int(c.Int(name))
	return &n
}

func setReplication(c *call) error {
	targets, err := c.targets("VMName")
	if err == nil {
		err = c.warnIgnored()
	}
	if err != nil {
		return err
	}
	o := hypersim.SetVMReplicationOptions{
		Reverse: c.Switch("Reverse"), AsReplica: c.Switch("AsReplica"), AllowedPrimaryServer: c.String("AllowedPrimaryServer"),
		ReplicaServerName: c.String("ReplicaServerName"), ReplicaServerPort: int(c.Int("ReplicaServerPort")),
		AuthenticationType: enumText(c.Value("AuthenticationType")), CertificateThumbprint: c.String("CertificateThumbprint"),
		ReplicationFrequencySec: c.number("ReplicationFrequencySec"), RecoveryHistory: c.number("RecoveryHistory"),
		VSSSnapshotFrequencyHour: c.number("VSSSnapshotFrequencyHour"), DisableVSSSnapshotReplication: c.Switch("DisableVSSSnapshotReplication"),
		CompressionEnabled: c.flag("CompressionEnabled"), BypassProxyServer: c.flag("BypassProxyServer"), ReplicateHostKvpItems: c.flag("ReplicateHostKvpItems"),
		AutoResynchronizeEnabled:       c.flag("AutoResynchronizeEnabled"),
		AutoResynchronizeIntervalStart: c.span("AutoResynchronizeIntervalStart"), AutoResynchronizeIntervalEnd: c.span("AutoResynchronizeIntervalEnd"),
	}
	if at := c.moment("InitialReplicationStartTime"); !at.IsZero() {
		o.InitialReplicationStartTime = &at
	}
	if c.Has("ReplicatedDisks") || c.Has("ReplicatedDiskPaths") {
		o.ReplicatedDiskPaths = append(c.Strings("ReplicatedDiskPaths"), drivePaths(c.Data("ReplicatedDisks"))...)
	}
	return c.act(targets, operation{
		do:   func(ctx context.Context, t target) error { return c.host.machine.SetVMReplication(ctx, t.id, o) },
		pass: c.passSender,
	})
}

func startInitial(c *call) error {
	targets, err := c.targets("VMName")
	if err != nil {
		return err
	}
	o := hypersim.StartVMInitialReplicationOptions{DestinationPath: c.String("DestinationPath"), UseBackup: c.Switch("UseBackup"), InitialReplicationStartTime: c.moment("InitialReplicationStartTime")}
	if c.Has("InitialReplicationStartTime") && c.Switch("AsJob") {
		return c.fail(invalid("InitialReplicationStartTime and AsJob cannot be used together."))
	}
	return c.act(targets, operation{do: func(ctx context.Context, t target) error {
		return c.host.machine.StartVMInitialReplication(ctx, t.id, o)
	}})
}

func stopInitial(c *call) error { return c.simply((*hypersim.Machine).StopVMInitialReplication) }

func importInitial(c *call) error {
	return c.simply(func(m *hypersim.Machine, ctx context.Context, id hyperv.VMID) error {
		return m.ImportVMInitialReplication(ctx, id, c.String("Path"))
	})
}

// onRelationship is a cmdlet that does one thing to one relationship of each
// VM: the one asked for, or that of the object it was given. Without passes
// -Passthru puts out the VM.
func onRelationship(do func(m *hypersim.Machine, ctx context.Context, id hyperv.VMID, relationship string) error,
	passes func(*call) func(context.Context, target) ([]powershell.Value, error),
) func(*call) error {
	return func(c *call) error {
		targets, err := c.targets("VMName")
		if err != nil {
			return err
		}
		o := operation{do: func(ctx context.Context, t target) error { return do(c.host.machine, ctx, t.id, c.relationshipOf(t)) }}
		if passes != nil {
			o.pass = passes(c)
		}
		return c.act(targets, o)
	}
}

// relationshipOf is the kind of relationship a call means; empty leaves it to
// the cmdlet.
func (c *call) relationshipOf(t target) string {
	if asked := enumText(c.Value("ReplicationRelationshipType")); asked != "" {
		return asked
	}
	return t.relationship
}

func resumeReplication(c *call) error {
	targets, err := c.targets("VMName")
	if err != nil {
		return err
	}
	if c.Has("ResynchronizeStartTime") && !c.Switch("Resynchronize") {
		return c.fail(invalid("ResynchronizeStartTime needs Resynchronize."))
	}
	o := hypersim.ResumeVMReplicationOptions{Resynchronize: c.Switch("Resynchronize"), ResynchronizeStartTime: c.moment("ResynchronizeStartTime"), Continue: c.Switch("Continue")}
	return c.act(targets, operation{
		do: func(ctx context.Context, t target) error {
			mine := o
			mine.Relationship = c.relationshipOf(t)
			return c.host.machine.ResumeVMReplication(ctx, t.id, mine)
		},
		pass: passing(c),
	})
}
