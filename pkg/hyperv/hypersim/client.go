package hypersim

import (
	"context"
	"time"

	"lifeboat.io/pkg/hyperv"
)

// Host is the host of this name as lifeboat sees it from afar. Its verbs are
// carried out on the host by cmdlets, in the order a script would use them,
// and meet what the network and the host are put through. A name this world
// has no host for gives a host that never answers.
//
// Each call ends, by simulated time, when it is answered or its deadline is
// over: the one of WithDeadline, else Spec.CallDeadline. In a stepped world it
// carries time forward itself; in a live one it waits, and ends with its
// context at the latest. The time of hyperv.BeginBy is by the world's clock.
func (w *World) Host(name string) hyperv.Host {
	return &client{w: w, name: name, m: w.Machine(name)}
}

type deadlineKey struct{}

// WithDeadline gives each call of a context a deadline of d simulated time.
func WithDeadline(ctx context.Context, d time.Duration) context.Context {
	return context.WithValue(ctx, deadlineKey{}, Duration(d))
}

// client implements hyperv.Host.
type client struct {
	w      *World
	name   string
	m      *Machine
	closed bool
}

var _ hyperv.Host = (*client)(nil)

// request is one verb on its way.
type request struct {
	verb    string
	vm      hyperv.VMID
	changes bool // has an effect, so that losing sight of it leaves the outcome unknown
	next    func(v *visit) *job
}

func (c *client) Name() string { return c.name }

// Close ends the use of the client; the host is not concerned.
func (c *client) Close(context.Context) error {
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	c.closed = true
	return nil
}

// failure is an error of this verb on the way to the host or back.
func (c *client) failure(r *request, class hyperv.Class, code, message string) *hyperv.Error {
	if class == hyperv.ClassUnknown && !r.changes {
		class = hyperv.ClassRetry // reading again does no harm
	}
	return &hyperv.Error{Class: class, Code: code, Message: message, Host: c.name, Op: r.verb, VM: r.vm}
}

// deadline is when a call that begins now gives up.
func (c *client) deadline(ctx context.Context) instant {
	if d, given := ctx.Value(deadlineKey{}).(Duration); given {
		return c.w.now.plus(d)
	}
	return c.w.now.plus(c.w.deadline)
}

// call carries a request to the host and brings back whether it was answered.
// The world is locked.
func (c *client) call(ctx context.Context, r *request) *hyperv.Error {
	if c.closed {
		return c.failure(r, hyperv.ClassRefuse, "closed", "the client was closed before the call")
	}
	if err := ctx.Err(); err != nil {
		e := c.failure(r, hyperv.ClassRetry, hyperv.CodeTimeout, "the call's context had ended before it was sent")
		e.Err = err
		return e
	}
	beginBy := forever
	if t, ok := hyperv.BeginByFrom(ctx); ok {
		beginBy = c.w.instantOf(t)
	}
	if c.w.now > beginBy {
		return c.failure(r, hyperv.ClassRetry, hyperv.CodeTooLate, "the time to begin by had passed before the call was sent")
	}
	deadline := c.deadline(ctx)
	fault := c.w.verbFault(c.name, r.verb, r.vm)
	if c.m == nil || c.m.down || c.m.unreachable || fault.is(FaultUnreachable) {
		c.w.pause(ctx, min(deadline, c.w.now.plus(c.w.durations.Connect)))
		return c.failure(r, hyperv.ClassRetry, hyperv.CodeUnreachable, "no connection to the host")
	}
	if err, over := c.before(ctx, r, fault, deadline); over {
		return err
	}
	v := &visit{remote: true, beginBy: beginBy, next: r.next}
	way := c.w.durations.Visit
	if fault.is(FaultLate) {
		way = Duration(deadline-c.w.now) + fault.Delay
	}
	c.m.admit(v, way)
	answered := c.w.await(ctx, v, deadline)
	if answered && fault.is(FaultNoReply) {
		c.w.pause(ctx, deadline)
		answered = false
	}
	return c.after(r, v, fault, answered)
}

func (f *faultState) is(kind FaultKind) bool { return f != nil && f.Kind == kind }

// before is what befalls a request that never gets to be carried out.
func (c *client) before(ctx context.Context, r *request, fault *faultState, deadline instant) (*hyperv.Error, bool) {
	if fault == nil {
		return nil, false
	}
	way := min(deadline, c.w.now.plus(c.w.durations.Visit))
	switch fault.Kind {
	case FaultTimeout:
		c.w.pause(ctx, deadline)
		return c.failure(r, hyperv.ClassUnknown, hyperv.CodeTimeout, "no answer within the deadline"), true
	case FaultAccessDenied:
		c.w.pause(ctx, way)
		return c.failure(r, hyperv.ClassHold, hyperv.CodeAccessDenied, "the host refused the credentials"), true
	case FaultBusy:
		c.w.pause(ctx, way)
		return c.failure(r, hyperv.ClassRetry, hyperv.CodeBusy, "the host has no shell left"), true
	case FaultGarbageBefore:
		c.w.pause(ctx, way)
		return c.failure(r, hyperv.ClassUnknown, hyperv.CodeGarbage, "the host answered something that is no answer"), true
	}
	return nil, false
}

// after is what the caller learns of a request that was sent.
func (c *client) after(r *request, v *visit, fault *faultState, answered bool) *hyperv.Error {
	switch {
	case !answered:
		return c.failure(r, hyperv.ClassUnknown, hyperv.CodeTimeout, "no answer within the deadline")
	case v.lost, v.cut, fault.is(FaultReplyLost):
		return c.failure(r, hyperv.ClassUnknown, hyperv.CodeReplyLost, "the connection broke after the request was sent")
	case fault.is(FaultGarbage):
		return c.failure(r, hyperv.ClassUnknown, hyperv.CodeGarbage, "the host answered something that is no answer")
	case v.late:
		return c.failure(r, hyperv.ClassRetry, hyperv.CodeTooLate, "the time to begin by had passed when the host could begin")
	}
	return nil
}

// ask carries out a verb that only reads. What it read is taken while the
// world is still locked, because a visit may outlive its caller.
func ask[T any](ctx context.Context, c *client, verb string, vm hyperv.VMID, body func(m *Machine) (T, *hyperv.Error)) (T, error) {
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	var answer, none T
	var failed *hyperv.Error
	r := &request{verb: verb, vm: vm, next: func(v *visit) *job {
		if f := v.m.w.cmdletFault(v.m, "Get-VM", vm); f != nil {
			failed = classify(f.outcome(v.m, nil).err)
		} else {
			answer, failed = body(v.m)
		}
		return nil
	}}
	if err := c.call(ctx, r); err != nil {
		return none, err
	}
	if failed != nil {
		failed.Host, failed.Op, failed.VM = c.name, verb, vm
		return none, failed
	}
	return answer, nil
}

// change carries out a verb of the table.
func (c *client) change(ctx context.Context, e *ensure, vm hyperv.VMID, a arguments) (hyperv.Change, error) {
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	run := &ensureRun{ensure: e, id: vm, args: a}
	r := &request{verb: e.verb, vm: vm, changes: true, next: func(v *visit) *job { return run.proceed(v.m) }}
	if err := c.call(ctx, r); err != nil {
		return hyperv.Change{}, err
	}
	if err := run.err; err != nil {
		err.Host, err.Op, err.VM = c.name, e.verb, vm
		if run.change.Before.Present {
			before := run.change.Before.State()
			err.Before = &before
		}
		return hyperv.Change{}, err
	}
	if e != verbSetTestNetwork {
		run.change.Before, run.change.After = run.change.Before.State(), run.change.After.State()
	}
	return run.change, nil
}

func (c *client) Info(ctx context.Context) (hyperv.HostInfo, error) {
	return ask(ctx, c, "Info", "", func(m *Machine) (hyperv.HostInfo, *hyperv.Error) { return m.info(), nil })
}

func (c *client) ListVMs(ctx context.Context) ([]hyperv.VMSummary, error) {
	return ask(ctx, c, "ListVMs", "", func(m *Machine) ([]hyperv.VMSummary, *hyperv.Error) { return m.list(), nil })
}

func (c *client) Read(ctx context.Context, id hyperv.VMID) (hyperv.VM, error) {
	return ask(ctx, c, "Read", id, func(m *Machine) (hyperv.VM, *hyperv.Error) { return m.read(id), nil })
}

func (c *client) ReadState(ctx context.Context, id hyperv.VMID) (hyperv.VM, error) {
	return ask(ctx, c, "ReadState", id, func(m *Machine) (hyperv.VM, *hyperv.Error) { return m.read(id).State(), nil })
}

func (c *client) FindVM(ctx context.Context, name string) (hyperv.VMID, error) {
	return ask(ctx, c, "FindVM", "", func(m *Machine) (hyperv.VMID, *hyperv.Error) { return m.find(name) })
}

func (c *client) Stop(ctx context.Context, id hyperv.VMID, o hyperv.StopOptions) (hyperv.Change, error) {
	return c.change(ctx, verbStop, id, arguments{stop: o})
}

func (c *client) Start(ctx context.Context, id hyperv.VMID) (hyperv.Change, error) {
	return c.change(ctx, verbStart, id, arguments{})
}

func (c *client) SetTestNetwork(ctx context.Context, id hyperv.VMID, switches []hyperv.AdapterSwitch) (hyperv.Change, error) {
	return c.change(ctx, verbSetTestNetwork, id, arguments{switches: switches})
}

func (c *client) StartTestFailover(ctx context.Context, id hyperv.VMID, point hyperv.RecoveryPointID) (hyperv.Change, error) {
	return c.change(ctx, verbStartTestFailover, id, arguments{point: point})
}

func (c *client) StopTestFailover(ctx context.Context, id hyperv.VMID) (hyperv.Change, error) {
	return c.change(ctx, verbStopTestFailover, id, arguments{})
}

func (c *client) Prepare(ctx context.Context, id hyperv.VMID) (hyperv.Change, error) {
	return c.change(ctx, verbPrepare, id, arguments{})
}

func (c *client) FailOver(ctx context.Context, id hyperv.VMID, point hyperv.RecoveryPointID) (hyperv.Change, error) {
	return c.change(ctx, verbFailOver, id, arguments{point: point})
}

func (c *client) Reverse(ctx context.Context, id hyperv.VMID, target hyperv.ReplicaServer) (hyperv.Change, error) {
	return c.change(ctx, verbReverse, id, arguments{target: target})
}

func (c *client) Complete(ctx context.Context, id hyperv.VMID) (hyperv.Change, error) {
	return c.change(ctx, verbComplete, id, arguments{})
}

func (c *client) CancelFailover(ctx context.Context, id hyperv.VMID) (hyperv.Change, error) {
	return c.change(ctx, verbCancelFailover, id, arguments{})
}

func (c *client) SetAutoStart(ctx context.Context, id hyperv.VMID, action hyperv.StartAction) (hyperv.Change, error) {
	return c.change(ctx, verbSetAutoStart, id, arguments{autoStart: action})
}

func (c *client) BecomeReplica(ctx context.Context, id hyperv.VMID) (hyperv.Change, error) {
	return c.change(ctx, verbBecomeReplica, id, arguments{})
}
