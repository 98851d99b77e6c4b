package hypersim

import (
	"fmt"
	"strings"
	"time"

	"lifeboat.io/pkg/hyperv"
)

// New makes a world. An error names the field that is wrong.
func New(s Spec) (*World, error) {
	w := &World{
		start: s.Start.UTC(), live: s.Live, random: random{s.Seed}, deadline: s.CallDeadline,
		durations: DefaultDurations(), assume: DefaultAssumptions(),
		machines: make([]*Machine, 0, len(s.Hosts)), byName: make(map[string]*Machine, 2*len(s.Hosts)),
		siteLink: map[[2]string]Link{}, hostLink: map[[2]string]Link{},
		vms: make(map[hyperv.VMID]*lineage, len(s.VMs)), log: journal{limit: s.JournalLimit, reads: s.JournalReads},
	}
	give(&w.durations, s.Durations)
	give(&w.assume, s.Assumptions)
	if err := w.durations.check(); err != nil {
		return nil, fmt.Errorf("durations: %w", err)
	}
	if s.CallDeadline < 0 || s.JournalLimit < 0 {
		return nil, fmt.Errorf("callDeadline %v, journalLimit %d: they must not be negative", time.Duration(s.CallDeadline), s.JournalLimit)
	}
	if s.Start.IsZero() {
		w.start = defaultStart
	}
	if w.deadline == 0 {
		w.deadline = defaultCallDeadline
	}
	if w.log.limit == 0 {
		w.log.limit = defaultJournalLimit
	}
	for i := range s.Hosts {
		if err := w.addHost(&s.Hosts[i]); err != nil {
			return nil, fmt.Errorf("hosts[%d]: %w", i, err)
		}
	}
	for i := range s.Links {
		l := &s.Links[i]
		err := l.check()
		if err == nil {
			err = w.setLink(l.From, l.To, l.Link)
		}
		if err == nil && !l.OneWay {
			err = w.setLink(l.To, l.From, l.Link)
		}
		if err != nil {
			return nil, fmt.Errorf("links[%d]: %w", i, err)
		}
	}
	for i := range s.VMs {
		if err := w.addVM(&s.VMs[i]); err != nil {
			return nil, fmt.Errorf("vms[%d] %q: %w", i, s.VMs[i].Name, err)
		}
	}
	return w, nil
}

func (w *World) addHost(s *HostSpec) error {
	if s.Name == "" {
		return fmt.Errorf("name is missing")
	}
	m := &Machine{
		w: w, name: s.Name, fqdn: s.FQDN, site: s.Site, skew: s.Skew, merge: w.durations.Merge, switches: s.Switches, entries: s.Entries,
		certs: s.Certificates, volumes: s.Volumes, module: s.Module, powerShell: s.PowerShell,
		processors: s.Processors, memory: s.Memory, byID: map[hyperv.VMID]*vmCopy{},
		vmPath: `C:\ProgramData\Microsoft\Windows\Hyper-V`, vhdPath: `D:\Hyper-V\Virtual Hard Disks`,
	}
	m.server = ReplicationServer{ReplicationEnabled: true, ReplicationAllowedFromAnyServer: true, DefaultStorageLocation: defaultStorage}
	give(&m.server, s.Server)
	m.server = m.server.withDefaults()
	if m.fqdn == "" {
		m.fqdn = s.Name + "." + defaultDomain
	}
	orElse(&m.module, defaultModule)
	orElse(&m.powerShell, defaultPowerShell)
	orElse(&m.processors, defaultProcessors)
	orElse(&m.memory, defaultMemory)
	if s.Switches == nil {
		m.switches = []string{"Production", "Isolated"}
	}
	if s.Volumes == nil {
		m.volumes = []Volume{
			{DriveLetter: "C", FileSystemLabel: "System", Size: defaultVolumeSize / 8, SizeRemaining: defaultVolumeSize / 16},
			{DriveLetter: "D", FileSystemLabel: "Data", Size: defaultVolumeSize, SizeRemaining: defaultVolumeSize / 2},
		}
	}
	for _, name := range s.MissingCmdlets {
		if m.missing == nil {
			m.missing = map[string]bool{}
		}
		m.missing[name] = true
	}
	for _, name := range []string{s.Name, strings.ToLower(s.Name), strings.ToLower(m.fqdn)} {
		if other := w.byName[name]; other != nil && other != m {
			return fmt.Errorf("name %q: host %s answers to it already; give it another", name, other.name)
		}
		w.byName[name] = m
	}
	w.machines = append(w.machines, m)
	return nil
}

// orElse gives a field its default.
func orElse[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// addVM puts a VM into the world, as it would be after replicating for a day.
func (w *World) addVM(s *VMSpec) error {
	p := w.machine(s.Host)
	if p == nil {
		return fmt.Errorf("host %q: this world has none of that name", s.Host)
	}
	if err := s.check(); err != nil {
		return err
	}
	id := hyperv.VMID(strings.ToLower(string(s.ID)))
	if id == "" {
		id = w.random.vmID()
	}
	if w.vms[id] != nil {
		return fmt.Errorf("id %q: another VM of this world has it", id)
	}
	c := s.primary(p, id)
	p.add(c)
	born := content{branch: &branch{owner: c, lastWrite: -instant(history)}, asOf: -instant(history)}
	w.branches++
	born.branch.number = w.branches
	c.life.branches = append(c.life.branches, born.branch)
	c.content = s.grown(born, 0)
	born.branch.head, born.branch.lastWrite = c.content.writes, c.content.asOf
	if !s.Off {
		c.bootedFrom = -instant(history)
		c.power = hyperv.PowerRunning
		c.startWriting()
	}
	if s.Replica == "" {
		return nil
	}
	return w.replicate(s, c, born)
}

// grown is what a VM's disks held at a moment of the time before the world began.
func (s *VMSpec) grown(born content, at instant) content {
	return content{branch: born.branch, asOf: at, writes: s.Guest.writesIn(at - born.asOf)}
}

func (s *VMSpec) check() error {
	switch {
	case s.Name == "":
		return fmt.Errorf("name is missing")
	case s.AutoStart != "" && !validStartAction(s.AutoStart):
		return fmt.Errorf("autoStart %q: it is Nothing, StartIfRunning or Start", s.AutoStart)
	case s.AutoStop != "" && !validStopAction(s.AutoStop):
		return fmt.Errorf("autoStop %q: it is TurnOff, Save or ShutDown", s.AutoStop)
	case s.Extended != "" && s.Replica == "":
		return fmt.Errorf("extended %q: there is no replica to extend", s.Extended)
	case s.FrequencySec != 0 && s.FrequencySec != 30 && s.FrequencySec != 300 && s.FrequencySec != 900:
		return fmt.Errorf("frequencySec %d: it is 30, 300 or 900", s.FrequencySec)
	case s.ExtendedFrequencySec != 0 && s.ExtendedFrequencySec != 300 && s.ExtendedFrequencySec != 900:
		return fmt.Errorf("extendedFrequencySec %d: it is 300 or 900", s.ExtendedFrequencySec)
	case s.RecoveryHistory < 0 || s.RecoveryHistory > maxRecoveryHistory:
		return fmt.Errorf("recoveryHistory %d: it is 0 to %d", s.RecoveryHistory, maxRecoveryHistory)
	case s.VSSHours < 0 || s.VSSHours > maxVSSHours || s.VSSHours > 0 && s.RecoveryHistory == 0:
		return fmt.Errorf("vssHours %d: it is 0 to %d, and needs a recoveryHistory", s.VSSHours, maxVSSHours)
	case s.Authentication != "" && s.Authentication != authKerberos && s.Authentication != authCertificate:
		return fmt.Errorf("authentication %q: it is Kerberos or Certificate", s.Authentication)
	case s.Authentication == authCertificate && s.CertificateThumbprint == "":
		return fmt.Errorf("certificateThumbprint is missing, with authentication Certificate")
	case s.AutoStartDelay < 0:
		return fmt.Errorf("autoStartDelay %v: it must not be negative", time.Duration(s.AutoStartDelay))
	}
	for i, d := range s.Disks {
		if d.Size < 0 {
			return fmt.Errorf("disks[%d]: size %d: it must not be negative", i, d.Size)
		}
	}
	return s.Guest.check()
}

// primary makes the VM itself.
func (s *VMSpec) primary(m *Machine, id hyperv.VMID) *vmCopy {
	c := &vmCopy{
		m: m, id: id, name: s.Name, notes: s.Notes, config: s.Config.withDefaults(), guest: s.Guest,
		autoStart: s.AutoStart, autoStop: s.AutoStop, autoDelay: s.AutoStartDelay,
		power: hyperv.PowerOff, mode: hyperv.ModeNone,
	}
	orElse(&c.autoStart, hyperv.StartIfRunning)
	orElse(&c.autoStop, StopSave)
	c.rel = newRelation(c, false)
	adapters := s.Adapters
	if adapters == nil {
		adapters = []AdapterSpec{{Name: "Network Adapter"}}
		if len(m.switches) > 0 {
			adapters[0].Switch = m.switches[0]
		}
	}
	c.adapters = make([]adapter, len(adapters))
	for i, a := range adapters {
		c.adapters[i] = adapter{id: m.w.random.guid(), name: a.Name, switchName: a.Switch, testSwitch: a.TestSwitch, mac: m.w.random.mac()}
	}
	disks := s.Disks
	if disks == nil {
		disks = []DiskSpec{{}}
	}
	c.disks = make([]disk, len(disks))
	for i, d := range disks {
		orElse(&d.Path, fmt.Sprintf(`%s\%s-%d.vhdx`, m.vhdPath, id, i))
		orElse(&d.Size, defaultDiskSize)
		c.disks[i] = disk{id: m.w.random.guid(), path: d.Path, size: d.Size, controller: "SCSI", location: i,
			shared: d.Shared, passDisk: d.PassThrough, replicated: !d.Excluded && !d.Shared && d.PassThrough == nil}
	}
	return c
}

// replicate gives a VM its replica, and that its own when it is extended.
func (w *World) replicate(s *VMSpec, c *vmCopy, born content) error {
	to := w.machine(s.Replica)
	if to == nil || to == c.m {
		return fmt.Errorf("replica %q: name another host of this world", s.Replica)
	}
	how := enabling{frequency: s.FrequencySec, history: s.RecoveryHistory, vss: s.VSSHours, auto: s.AutoResync,
		auth: s.Authentication, thumbprint: s.CertificateThumbprint}
	orElse(&how.frequency, int(time.Duration(frequencyMiddle).Seconds()))
	orElse(&how.auth, authKerberos)
	c.mode = hyperv.ModePrimary
	r := w.pair(&c.rel, to, how)
	r.vm.mode = hyperv.ModeReplica
	phase := w.random.below(int64(c.rel.frequency))
	w.caughtUp(&c.rel, r, s, born, instant(phase)-instant(c.rel.frequency))
	for i := range s.Adapters {
		r.vm.adapters[i].switchName = s.Adapters[i].ReplicaSwitch
		r.vm.adapters[i].testSwitch = s.Adapters[i].TestSwitch
	}
	if s.Extended == "" {
		return nil
	}
	third := w.machine(s.Extended)
	if third == nil || third == c.m || third == to {
		return fmt.Errorf("extended %q: name a third host of this world", s.Extended)
	}
	how.frequency, how.vss = s.ExtendedFrequencySec, 0
	orElse(&how.frequency, int(time.Duration(frequencyLong).Seconds()))
	x := newRelation(r.vm, true)
	r.vm.extended = &x
	e := w.pair(&x, third, how)
	e.vm.mode = hyperv.ModeExtendedReplica
	phase = w.random.below(int64(x.frequency))
	w.caughtUp(&x, e, s, born, min(instant(phase)-instant(x.frequency), r.lastReplication))
	return nil
}

// enabling is how a relationship of a Spec is enabled.
type enabling struct {
	frequency, history, vss int
	auto                    bool
	auth, thumbprint        string
}

// pair gives a sending relationship its receiver.
func (w *World) pair(r *relation, to *Machine, how enabling) *relation {
	c := r.vm
	r.frequency = Duration(how.frequency) * Duration(time.Second)
	r.history, r.vssHours, r.auto.on = how.history, how.vss, how.auto
	r.auth, r.thumbprint, r.port = how.auth, how.thumbprint, to.server.portFor(how.auth)
	r.primaryServer, r.replicaServer = c.m.fqdn, to.fqdn
	peer := to.placeholder(c)
	peer.rel = newRelation(peer, false)
	p := &peer.rel
	p.settingsFrom(r)
	p.port, p.primaryServer, p.replicaServer = r.port, c.m.fqdn, to.fqdn
	if how.auth == authCertificate {
		p.thumbprint = to.server.CertificateThumbprint
	}
	return p
}

// caughtUp makes both sides replicate, the last cycle having been at last.
func (w *World) caughtUp(r, peer *relation, s *VMSpec, born content, last instant) {
	c := peer.vm
	for h := r.history; h > 0; h-- {
		at := last - instant(h)*instant(time.Hour) + instant(time.Hour)
		c.content = s.grown(born, at)
		kind := SnapshotReplica
		if r.vssHours > 0 && h%r.vssHours == 0 {
			kind, peer.lastVSS = SnapshotAppConsistentReplica, at
		}
		peer.addPoint(kind, at, c.content)
		peer.lastPoint = at
	}
	c.content = s.grown(born, last)
	r.sent = c.content
	r.lastReplication, peer.lastReplication, peer.lastApplied = last, last, last
	r.lastType, peer.lastType = hyperv.TypeRegular, hyperv.TypeRegular
	r.wmi, peer.wmi = wmiReplicating, wmiReplicating
	w.schedule(last.plus(r.frequency), r, r.turn)
}
