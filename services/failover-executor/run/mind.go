package run

import (
	"time"

	"lifeboat.io/events"
	"lifeboat.io/pkg/hyperv"
)

// Sight is one look at the VM on one host.
type Sight struct {
	// At is when the look came back.
	At time.Time
	// VM is what was read; zero when Fault is set.
	VM hyperv.VM
	// Whole tells that adapters and recovery points were read, too.
	Whole bool
	// Fault is why nothing could be read.
	Fault *hyperv.Error
}

// answers reports whether the host could be read.
func (s Sight) answers() bool { return s.Fault == nil }

// Act is one effect to be asked of one host.
type Act struct {
	// Step and Attempt are the record it belongs to.
	Step    events.Step
	Attempt int
	// Host is the host's inventory name.
	Host string
	// Call is what to ask.
	Call Call
	// BeginBy is when the host must have begun, or not begin at all.
	BeginBy time.Time
	// Timeout bounds the whole call.
	Timeout time.Duration
}

// Call is one hyperv.Host verb with its arguments.
type Call struct {
	// Verb names the method.
	Verb Verb
	// VM is the VM it is about: the run's own, or its test VM.
	VM hyperv.VMID
	// Stop goes with VerbStop.
	Stop hyperv.StopOptions
	// Point goes with VerbStartTestFailover and VerbFailOver.
	Point hyperv.RecoveryPointID
	// Switches goes with VerbSetTestNetwork.
	Switches []hyperv.AdapterSwitch
	// Target goes with VerbReverse.
	Target hyperv.ReplicaServer
	// AutoStart goes with VerbSetAutoStart.
	AutoStart hyperv.StartAction
}

// Verb names a method of hyperv.Host.
type Verb string

// The verbs that change something, as hyperv.Host has them.
const (
	VerbStop              Verb = "Stop"
	VerbStart             Verb = "Start"
	VerbSetTestNetwork    Verb = "SetTestNetwork"
	VerbStartTestFailover Verb = "StartTestFailover"
	VerbStopTestFailover  Verb = "StopTestFailover"
	VerbPrepare           Verb = "Prepare"
	VerbFailOver          Verb = "FailOver"
	VerbReverse           Verb = "Reverse"
	VerbComplete          Verb = "Complete"
	VerbCancelFailover    Verb = "CancelFailover"
	VerbSetAutoStart      Verb = "SetAutoStart"
	VerbBecomeReplica     Verb = "BecomeReplica"
)

// Result is how an Act came back.
type Result struct {
	Act    Act
	At     time.Time
	Change hyperv.Change
	Err    *hyperv.Error
}

// Mind is what one process has learned and not yet recorded. Losing it in a
// crash must cost nothing but time.
type Mind struct {
	// Orders wait to be answered, oldest first.
	Orders []Order
	// Sights are the newest look at each host.
	Sights map[string]Sight
	// Answers are the newest look that each host answered: unlike Sights, they
	// stay, and no decision to act rests on them.
	Answers map[string]Sight
	// Licence is the act whose step-started this process has just recorded.
	Licence *Act
	// Result is the outcome of the act just made.
	Result *Result
	// Stands is what was found out about the ticket of a run that has not begun
	// its first step.
	Stands Standing
}

// Standing is whether a run's ticket still stood when it was last asked.
type Standing struct {
	// Run is the run; empty when nothing was asked.
	Run string
	// Withdrawn says why it does not stand; empty when it does.
	Withdrawn string
}

// Saw takes in a look at a host.
func (m *Mind) Saw(host string, s Sight) {
	if m.Sights == nil {
		m.Sights = map[string]Sight{}
	}
	m.Sights[host] = s
	if s.answers() {
		if m.Answers == nil {
			m.Answers = map[string]Sight{}
		}
		m.Answers[host] = s
	}
}

// Acted takes in the outcome of an act. What was seen before it is old news,
// on every host: Hyper-V Replica carries effects from one to the other. What the
// host read afterwards of vm, the run's VM, is the newest look at it; what it
// read of a test VM is not.
func (m *Mind) Acted(r Result, vm hyperv.VMID) {
	m.Licence = nil
	m.Result = &r
	m.Sights = map[string]Sight{}
	if r.Err == nil && r.Change.After.ID == vm {
		m.Sights[r.Act.Host] = Sight{At: r.At, VM: r.Change.After, Whole: r.Act.Call.Verb == VerbSetTestNetwork}
	}
}

// Waited takes in that time has passed: what was seen before it is not looked
// at again, so that every wait ends in a look.
func (m *Mind) Waited() { m.Sights = nil }

// Recorded takes in that what ask wanted recorded is in the log.
func (m *Mind) Recorded(ask Ask) {
	m.Licence = ask.Licence
	m.Result = nil
	if ask.Settles != "" {
		m.Settle(ask.Settles)
	}
}

// Settle drops an order that has its answer.
func (m *Mind) Settle(order string) {
	kept := m.Orders[:0]
	for _, o := range m.Orders {
		if o.ID != order {
			kept = append(kept, o)
		}
	}
	m.Orders = kept
}

// fresh returns the sight of a host if it is younger than age.
func (m Mind) fresh(host string, now time.Time, age time.Duration) (Sight, bool) {
	s, ok := m.Sights[host]
	return s, ok && now.Sub(s.At) < age
}

// freshWhole returns the sight of a host if it is younger than age and nothing
// was left out.
func (m Mind) freshWhole(host string, now time.Time, age time.Duration) (Sight, bool) {
	s, ok := m.fresh(host, now, age)
	return s, ok && (s.Whole || !s.answers())
}

// Doing is what an Ask wants of the shell.
type Doing string

const (
	// DoRecord appends Data to the log, expecting the state it was decided on.
	DoRecord Doing = "record"
	// DoLook reads the VM on Hosts.
	DoLook Doing = "look"
	// DoAct asks Act of a host.
	DoAct Doing = "act"
	// DoConfirm finds out whether the run's ticket still stands.
	DoConfirm Doing = "confirm"
	// DoWait does nothing until Until, or until an order arrives.
	DoWait Doing = "wait"
	// DoSettle tells that the order Settles has been answered before.
	DoSettle Doing = "settle"
	// DoDefer puts the order Settles off until Until.
	DoDefer Doing = "defer"
	// DoRest means nothing is to be done until an order arrives or, when it is set, Until.
	DoRest Doing = "rest"
)

// Ask is the one thing the core wants done next.
type Ask struct {
	Do Doing
	// Data is the event data to record: a struct of package events.
	Data any
	// Settles is the order that Data answers, if any.
	Settles string
	// Licence is the act that recording Data permits, if any.
	Licence *Act
	// Hosts are the hosts to look at.
	Hosts []string
	// Whole asks to read adapters and recovery points, too.
	Whole bool
	// Act is the effect to ask.
	Act Act
	// Until bounds a wait or a rest; zero on a rest means until an order arrives.
	Until time.Time
}

// record asks for an event.
func record(data any) Ask { return Ask{Do: DoRecord, Data: data} }

// answer asks for an event that answers an order.
func answer(o Order, data any) Ask { return Ask{Do: DoRecord, Data: data, Settles: o.ID} }

// look asks for a look at the VM's state on hosts.
func look(hosts ...string) Ask { return Ask{Do: DoLook, Hosts: hosts} }

// lookWhole asks for a look at all there is to read of the VM on hosts.
func lookWhole(hosts ...string) Ask { return Ask{Do: DoLook, Hosts: hosts, Whole: true} }

// wait asks for patience.
func wait(until time.Time) Ask { return Ask{Do: DoWait, Until: until} }

// Reloaded takes in that the log was read anew because somebody else has
// written to it. A licence is void then; the outcome of an act is kept only if
// its attempt is still the open one.
func (m *Mind) Reloaded(s State) {
	m.Licence = nil
	if m.Result == nil {
		return
	}
	for _, o := range []*Open{s.Step.Open, s.Duty.Open} {
		if o != nil && o.Step == m.Result.Act.Step && o.Attempt == m.Result.Act.Attempt && o.Host == m.Result.Act.Host {
			return
		}
	}
	m.Result = nil
}
