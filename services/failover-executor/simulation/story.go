package simulation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"lifeboat.io/events"
	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/hypersim"
	"lifeboat.io/services/failover-executor/run"
)

// Story is a schedule as it went.
type Story struct {
	Schedule Schedule
	// World is the world at the end, with its journal and truth.
	World *hypersim.World
	// Log is what was recorded.
	Log []run.Event
	// State is the fold of Log.
	State run.State
	// VM is the VM it is about.
	VM hyperv.VMID
	// Begun is when the ticket was submitted.
	Begun time.Time
	// Points is how many points the lives saw together.
	Points int
	// Err is why the story could not be told to its end.
	Err error

	// lost is what the replica lacked when the run said stated.
	lost   int64
	stated events.DataLoss

	policy  run.Policy
	hosts   map[string]hyperv.Host
	desk    *desk    // nil when a script speaks for the people
	post    []letter // orders, arrived and on their way
	kills   kill     // decides where a process dies
	fate    []Blow
	healed  bool
	hands   []hand
	byHand  map[hypersim.Entry]bool // what people did, as the journal has it
	handled map[string]bool         // orders acknowledged
	deaths  int
}

// Bounds of a story; past them it is stuck, which is a broken promise too.
const (
	maxSteps     = 20_000
	maxStoryTime = 7 * 24 * time.Hour
	lookDeadline = 10 * time.Second
)

var (
	errStuck   = errors.New("the run rests for ever without having ended")
	errEndless = errors.New("the story does not come to an end")
)

// world is the template every story begins with; making it once saves time.
func world(seed uint64) hypersim.Spec {
	spec := hypersim.Pair(1)
	spec.Seed = seed
	spec.JournalLimit = 5000
	spec.VMs[0].FrequencySec = []int{30, 300, 900}[seed%3]
	return spec
}

// Tell tells the story of a schedule.
func Tell(s Schedule) *Story {
	st, err := newStory(s, world(s.Seed))
	if err != nil {
		return &Story{Schedule: s, Err: err}
	}
	st.desk = newDesk(st)
	for _, f := range s.Faults {
		if err := st.World.Inject(f); err != nil {
			st.Err = err
			return st
		}
	}
	for _, b := range st.fate {
		if err := st.World.Schedule(st.Begun.Add(b.After), b.Action); err != nil {
			st.Err = err
			return st
		}
	}
	st.Err = st.tell()
	return st
}

// newStory sets the stage.
func newStory(s Schedule, spec hypersim.Spec) (*Story, error) {
	w, err := hypersim.New(spec)
	if err != nil {
		return nil, err
	}
	return &Story{
		Schedule: s, World: w, VM: w.Truth().Copies[0].VM, Begun: w.Now(),
		policy:  run.DefaultPolicy(),
		hosts:   map[string]hyperv.Host{"p1": w.Host("p1"), "r1": w.Host("r1")},
		fate:    s.Fate,
		handled: map[string]bool{},
		hands:   slices.Clone(s.Hands),
		byHand:  map[hypersim.Entry]bool{},
	}, nil
}

// tell lets the processes live until nothing is left to do.
func (st *Story) tell() error {
	procs := []*process{st.spawn("a")}
	if st.Schedule.Rival {
		procs = append(procs, st.spawn("b"))
	}
	for range maxSteps {
		st.heal()
		st.lendHands()
		p := ready(procs, st.World.Now())
		if p == nil {
			done, err := st.pass(procs)
			if done || err != nil {
				return err
			}
			continue
		}
		alive, err := p.step()
		if err != nil {
			return err
		}
		if !alive {
			st.deaths++
			*p = *st.spawn(p.name)
			p.until = st.World.Now().Add(time.Duration(st.deaths%4) * 5 * time.Second)
		}
		if st.World.Now().Sub(st.Begun) > maxStoryTime {
			break
		}
	}
	return errEndless
}

// ready is the next process that has something to do.
func ready(procs []*process, now time.Time) *process {
	for i, p := range procs {
		if !p.resting && !p.until.After(now) {
			// the other one goes first next time
			procs[i], procs[len(procs)-1] = procs[len(procs)-1], procs[i]
			return p
		}
	}
	return nil
}

// pass lets time pass until something happens, and tells whether the story is
// over: everybody rests and nothing more is going to arrive.
func (st *Story) pass(procs []*process) (bool, error) {
	next := st.next()
	for _, p := range procs {
		if !p.until.IsZero() && (next.IsZero() || p.until.Before(next)) {
			next = p.until
		}
	}
	if !st.healed && (next.IsZero() || next.After(st.Begun.Add(horizon))) {
		next = st.Begun.Add(horizon)
	}
	if next.IsZero() {
		if st.State.Active() {
			return false, errStuck
		}
		return true, nil
	}
	if next.After(st.World.Now()) {
		st.World.AdvanceTo(next)
	}
	for _, p := range procs {
		p.wake()
	}
	return false, nil
}

// lostNow is how many writes the replica's copy lacks.
func (st *Story) lostNow() int64 {
	c, _ := st.World.Copy("r1", st.VM)
	return c.Lost
}

// heal undoes what fate did, once its time is over.
func (st *Story) heal() {
	if st.healed || st.World.Now().Before(st.Begun.Add(horizon)) {
		return
	}
	st.healed = true
	actions := []hypersim.Action{{Do: hypersim.DoClearFaults}}
	for _, h := range []string{"p1", "r1"} {
		for _, do := range []hypersim.ActionKind{hypersim.DoUnfreeze, hypersim.DoRestoreWinRM, hypersim.DoStart} {
			actions = append(actions, hypersim.Action{Do: do, Host: h})
		}
	}
	for _, link := range [][2]string{{"p1", "r1"}, {"r1", "p1"}} {
		actions = append(actions, hypersim.Action{Do: hypersim.DoSetLink, From: link[0], To: link[1], Link: &hypersim.Link{}})
	}
	for _, a := range actions {
		if err := st.World.Do(a); err != nil {
			panic(err) // the world is made here: an action it refuses is a slip in this file
		}
	}
}

// append stores an event if nobody else wrote first.
func (st *Story) append(data any, expect uint64) (bool, error) {
	if st.State.Seq != expect {
		return false, nil
	}
	e := run.Event{Seq: expect + 1, At: st.World.Now(), Data: data}
	next, err := st.State.Apply(e)
	if err != nil {
		return false, fmt.Errorf("the core recorded what it must not: %w", err)
	}
	st.Log = append(st.Log, e)
	st.State = next
	if d, ok := data.(*events.FailoverSucceeded); ok {
		st.lost = st.lostNow()
		st.stated = d.DataLoss
	}
	if st.desk != nil {
		st.desk.saw(e)
	}
	return true, nil
}

// process is one life of an executor.
type process struct {
	st      *Story
	name    string
	state   run.State
	mind    run.Mind
	known   map[string]bool // orders taken in
	budget  int             // points until it is killed; negative: never
	until   time.Time
	resting bool
}

// spawn begins a life: the log is read, and everything not acknowledged is
// delivered again.
func (st *Story) spawn(name string) *process {
	p := &process{st: st, name: name, state: st.State, known: map[string]bool{}, budget: -1}
	if st.deaths < len(st.Schedule.Crashes) && name == "a" {
		p.budget = st.Schedule.Crashes[st.deaths]
	}
	return p
}

// kill decides whether a process dies at a moment of what it is about to do.
type kill func(p *process, m moment, ask run.Ask) bool

// moment is where in the carrying out of an ask a process is.
type moment string

const (
	before moment = "before" // nothing of it has happened
	during moment = "during" // the host is at it
	after  moment = "after"  // it has happened, and the process does not know yet
)

// point is a moment at which the process can be killed; true means it is.
func (p *process) point(m moment, ask run.Ask) bool {
	p.st.Points++
	if p.st.kills != nil {
		return p.st.kills(p, m, ask)
	}
	p.budget--
	return p.budget == -1
}

// wake ends a rest when an order has arrived or its time has come.
func (p *process) wake() {
	now := p.st.World.Now()
	if p.take() || !p.until.IsZero() && !p.until.After(now) {
		p.resting = false
		p.until = time.Time{}
		p.mind.Waited()
	}
}

// take takes in the orders that are due, and tells whether there were any.
func (p *process) take() bool {
	took := false
	for _, o := range p.st.due(p.st.World.Now()) {
		if p.known[o.ID] || p.st.handled[o.ID] {
			continue
		}
		p.known[o.ID] = true
		o.Since = p.st.World.Now()
		p.mind.Orders = append(p.mind.Orders, o)
		took = true
	}
	return took
}

// step does one thing. alive is false when the process was killed.
func (p *process) step() (alive bool, err error) {
	if !p.until.IsZero() {
		p.mind.Waited()
		p.until = time.Time{}
	}
	p.take()
	st := p.st
	ask := run.Decide(st.policy, p.state, p.mind, st.World.Now())
	switch ask.Do {
	case run.DoWait, run.DoRest:
		p.until = ask.Until
		p.resting = ask.Until.IsZero()
		return true, nil
	case run.DoSettle:
		p.settle(ask.Settles)
		return true, nil
	case run.DoDefer:
		return true, errors.New("a ticket without a window was put off")
	case run.DoConfirm:
		p.mind.Stands = run.Standing{Run: p.state.Run.Run}
		return true, nil
	default:
	}
	if p.point(before, ask) {
		return false, nil
	}
	switch ask.Do {
	case run.DoRecord:
		return p.record(ask)
	case run.DoLook:
		p.look(ask.Hosts, ask.Whole)
	case run.DoAct:
		if !p.act(ask) {
			return false, nil
		}
	default:
		return true, fmt.Errorf("unknown ask %q", ask.Do)
	}
	return !p.point(after, ask), nil
}

// settle acknowledges an order.
func (p *process) settle(id string) {
	p.mind.Settle(id)
	p.st.handled[id] = true
}

// record appends, or reads the log again when somebody else was first.
func (p *process) record(ask run.Ask) (bool, error) {
	st := p.st
	st.World.Advance(time.Millisecond) // nothing is recorded in no time
	ok, err := st.append(ask.Data, p.state.Seq)
	if err != nil {
		return true, err
	}
	if p.point(after, ask) {
		return false, nil // stored, and nobody knows
	}
	p.state = st.State
	if !ok {
		p.mind.Reloaded(p.state)
		return true, nil
	}
	p.mind.Recorded(ask)
	if ask.Settles != "" {
		st.handled[ask.Settles] = true
	}
	return true, nil
}

func (p *process) look(hosts []string, whole bool) {
	st := p.st
	ctx := hypersim.WithDeadline(context.Background(), lookDeadline)
	for _, h := range hosts {
		read := st.hosts[h].ReadState
		if whole {
			read = st.hosts[h].Read
		}
		vm, err := read(ctx, st.VM)
		p.mind.Saw(h, run.Sight{At: st.World.Now(), VM: vm, Whole: whole, Fault: hyperv.AsError(err)})
	}
}

// act asks an effect of a host. A process may be killed while the host is at it.
func (p *process) act(ask run.Ask) bool {
	st, a := p.st, ask.Act
	timeout, killed := a.Timeout, false
	if p.point(during, ask) {
		timeout, killed = time.Second, true
	}
	ctx := hypersim.WithDeadline(hyperv.BeginBy(context.Background(), a.BeginBy), timeout)
	change, err := a.Call.Do(ctx, st.hosts[a.Host])
	if killed {
		return false
	}
	p.mind.Acted(run.Result{Act: a, At: st.World.Now(), Change: change, Err: hyperv.AsError(err)}, st.VM)
	return true
}
