package hypersim

import (
	"slices"

	"lifeboat.io/pkg/hyperv"
)

// kill takes the host's power away: its VMs stop at once, what its services
// were doing is gone. It does nothing to a host that is down.
func (m *Machine) kill() {
	if m.down {
		return
	}
	m.w.log.effect(m, "host-killed", "")
	m.endCalls()
	for _, c := range m.copies {
		c.wasRunning = c.power == hyperv.PowerRunning || c.power == hyperv.PowerStopping
		if c.wasRunning && c.mode == hyperv.ModePrimary {
			c.rel.logLeftOpen()
		}
		if c.power != hyperv.PowerSaved {
			c.setPower(hyperv.PowerOff)
		}
	}
	m.stopServices()
}

// logLeftOpen is what a crash with the VM running leaves on the primary: the
// tracking log was not closed, so the next thing it needs is to compare all.
func (r *relation) logLeftOpen() {
	switch r.wmi {
	case wmiReplicating, wmiResyncing, wmiResyncPaused:
		r.stopTask()
		r.to(wmiWaitingResync)
	case wmiWaitingIR:
		r.stopTask()
		r.loseExport()
	}
}

// endCalls ends what the host's services are asked to do just now. Whoever
// asked is left without an answer.
func (m *Machine) endCalls() {
	for _, j := range slices.Clone(m.jobs) {
		j.cancel()
	}
	for _, v := range slices.Clone(m.visits) {
		v.lose()
	}
	for _, c := range m.copies {
		c.stopping, c.merge = nil, nil
	}
}

// stopServices marks the host down and stops its side of replication.
func (m *Machine) stopServices() {
	m.down, m.goingDown, m.frozen, m.held = true, false, false, nil
	m.boot++
	for _, c := range m.copies {
		for _, r := range c.relations() {
			r.turn++
			r.sending = false
			if r.task != nil {
				r.task = nil
				r.to(wmiCritical)
			}
		}
	}
}

// relations are the copy's relationships, Simple first.
func (c *vmCopy) relations() []*relation {
	if c.extended != nil {
		return []*relation{&c.rel, c.extended}
	}
	return []*relation{&c.rel}
}

// shutDown shuts the host down gracefully: each VM by its automatic stop
// action, then the host. It returns at once; the host goes down when the last
// guest has.
func (m *Machine) shutDown() {
	if m.down || m.goingDown {
		return
	}
	m.goingDown = true
	m.w.log.effect(m, "host-shutting-down", "")
	longest := Duration(0)
	for _, c := range m.copies {
		c.wasRunning = c.power == hyperv.PowerRunning || c.power == hyperv.PowerStopping
		if !c.wasRunning && c.power != hyperv.PowerPaused {
			continue
		}
		switch {
		case c.autoStop == StopTurnOff || c.isTest():
			c.setPower(hyperv.PowerOff)
		case c.autoStop == StopShutDown && c.power == hyperv.PowerRunning:
			longest = max(longest, min(c.askGuest(), m.w.durations.ShutdownLimit))
		default:
			c.setPower(hyperv.PowerSaved)
			longest = max(longest, m.w.durations.Save)
		}
	}
	m.w.schedule(m.w.now.plus(longest+m.w.durations.HostShutdown), (*poweringDown)(m), m.boot)
}

// poweringDown is a host whose graceful shutdown ends.
type poweringDown Machine

func (d *poweringDown) on() *Machine { return nil }

func (d *poweringDown) fire(w *World, turn uint32) {
	m := (*Machine)(d)
	if turn != m.boot || m.down {
		return
	}
	for _, c := range m.copies {
		switch c.power {
		case hyperv.PowerOff, hyperv.PowerSaved:
		default:
			c.setPower(hyperv.PowerOff)
		}
		if c.mode == hyperv.ModePrimary && c.rel.in(wmiReplicating, wmiWaitingIR, wmiResyncing) && w.assume.GracefulStopErrors {
			c.rel.stopTask()
			c.rel.to(wmiCritical)
		}
	}
	w.log.effect(m, "host-down", "")
	m.endCalls()
	m.stopServices()
}

// switchOn switches the host on. After Durations.HostBoot its services run and
// decide which VMs start.
func (m *Machine) switchOn() {
	if !m.down {
		return
	}
	m.boot++
	m.w.schedule(m.w.now.plus(m.w.durations.HostBoot), (*booting)(m), m.boot)
}

// booting is a host whose services are about to run.
type booting Machine

func (b *booting) on() *Machine { return nil }

func (b *booting) fire(w *World, turn uint32) {
	m := (*Machine)(b)
	if turn != m.boot || !m.down {
		return
	}
	m.down = false
	w.log.effect(m, "host-up", "")
	for _, c := range m.copies {
		for _, r := range c.relations() {
			if r.sends() && r.cycles() {
				w.schedule(w.now.plus(w.durations.FirstCycle), r, r.turn)
			}
			if r.sends() && r.wmi == wmiWaitingResync && r.auto.on {
				w.schedule(r.auto.next(w, m), (*autoResyncDue)(r), r.turn)
			}
		}
		if c.autoStart == hyperv.StartAlways || c.autoStart == hyperv.StartIfRunning && c.wasRunning {
			w.schedule(w.now.plus(c.autoDelay), (*autoStarting)(c), m.boot)
		}
	}
}

// autoStarting is a VM whose automatic start is due.
type autoStarting vmCopy

func (a *autoStarting) on() *Machine { return a.m }

func (a *autoStarting) fire(w *World, turn uint32) {
	c := (*vmCopy)(a)
	if turn != c.m.boot || c.m.down || c.removed || c.op != nil || c.startRefused() != "" {
		return
	}
	if c.power == hyperv.PowerOff || c.power == hyperv.PowerSaved {
		w.log.effect(c.m, "auto-start", c.id)
		c.beginStart()
	}
}

// freeze stops the host's management from answering and acting, while its VMs
// run on. Unfreeze lets it go on with all that came in meanwhile.
func (m *Machine) freeze() {
	if !m.frozen && !m.down {
		m.frozen = true
		m.w.log.effect(m, "host-frozen", "")
	}
}

// unfreeze ends what Freeze began.
func (m *Machine) unfreeze() {
	if !m.frozen {
		return
	}
	m.frozen = false
	m.w.log.effect(m, "host-unfrozen", "")
	held := m.held
	m.held = nil
	for _, e := range held {
		m.w.schedule(m.w.now, e.what, e.turn)
	}
}

// setReachable cuts or restores WinRM to the host. The host and its VMs go on,
// and so does replication.
func (m *Machine) setReachable(reachable bool) {
	if m.unreachable == !reachable {
		return
	}
	m.unreachable = !reachable
	effect := "winrm-restored"
	if !reachable {
		effect = "winrm-cut"
		for _, v := range m.visits {
			if v.remote {
				v.cut = true
				v.release()
			}
		}
	}
	m.w.log.effect(m, effect, "")
}

// Condition is how a host is.
type Condition struct {
	// Down: it has no power or is not up yet.
	Down bool `json:"down"`
	// Frozen: its management neither answers nor acts.
	Frozen bool `json:"frozen"`
	// Unreachable: WinRM to it is cut.
	Unreachable bool `json:"unreachable"`
}

// Condition tells how the host is now.
func (m *Machine) Condition() Condition {
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	return Condition{Down: m.down, Frozen: m.frozen, Unreachable: m.unreachable}
}
