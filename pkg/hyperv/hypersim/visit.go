package hypersim

import (
	"context"

	"lifeboat.io/pkg/hyperv"
)

// forever is after everything.
const forever instant = 1<<63 - 1

// visit is one call being carried out on a host: a cmdlet, or a verb made of
// several. It runs until it has to wait for a job and goes on when that is
// done, whether its caller still waits or has given up, as a script on a real
// host does. It never blocks, so one goroutine can carry any number of them.
type visit struct {
	m       *Machine
	beginBy instant // not begun after this
	next    func(v *visit) *job
	remote  bool // the caller is not on the host itself
	done    bool
	lost    bool          // the host died under it
	late    bool          // beginBy had passed when it could begin
	cut     bool          // the way back to the caller is gone
	ended   chan struct{} // closed when the caller need wait no more; live worlds only
}

// admit brings a visit to its host after d.
func (m *Machine) admit(v *visit, d Duration) *visit {
	v.m = m
	if m.w.live {
		v.ended = make(chan struct{})
	}
	m.visits = append(m.visits, v)
	if d == 0 && !m.frozen {
		v.fire(m.w, 0) // a live world need not wait for time to pass
	} else {
		m.w.schedule(m.w.now.plus(d), v, 0)
	}
	return v
}

func (v *visit) on() *Machine { return v.m }

func (v *visit) fire(w *World, _ uint32) {
	switch {
	case v.done:
	case v.m.down:
		v.lose()
	case w.now > v.beginBy:
		v.late = true
		v.end()
	default:
		v.proceed()
	}
}

// proceed runs the visit until it waits for a job or is over.
func (v *visit) proceed() {
	for !v.done {
		j := v.next(v)
		switch {
		case j == nil:
			v.end()
		case !j.done:
			j.waiter = v
			return
		}
	}
}

// lose ends a visit because its host died.
func (v *visit) lose() {
	v.lost = true
	v.end()
}

func (v *visit) end() {
	v.done = true
	v.m.visits = without(v.m.visits, v)
	v.release()
}

// release lets the caller go.
func (v *visit) release() {
	if v.ended != nil {
		close(v.ended)
		v.ended = nil
	}
}

// over tells whether the caller has nothing more to wait for.
func (v *visit) over() bool { return v.done || v.cut }

// await lets time pass until the visit is over, and tells whether it is. In a
// stepped world the caller carries time forward itself, up to limit; in a live
// one it waits for whoever does, until its context ends. The world is locked.
func (w *World) await(ctx context.Context, v *visit, limit instant) bool {
	if !w.live {
		for !v.over() && w.step(limit) {
		}
		return v.over()
	}
	if ended := v.ended; ended != nil {
		if v.remote {
			w.schedule(limit, (*expiring)(v), 0)
		}
		w.mu.Unlock()
		select {
		case <-ended:
		case <-ctx.Done():
		}
		w.mu.Lock()
	}
	return v.over()
}

// expiring is a visit whose caller gives up at its deadline.
type expiring visit

func (e *expiring) on() *Machine { return nil }

func (e *expiring) fire(*World, uint32) { (*visit)(e).release() }

// pause lets time pass until an instant, or until the context ends in a live
// world. The world is locked.
func (w *World) pause(ctx context.Context, until instant) {
	if !w.live {
		for w.step(until) {
		}
		return
	}
	p := &pausing{ended: make(chan struct{})}
	w.schedule(until, p, 0)
	w.mu.Unlock()
	select {
	case <-p.ended:
	case <-ctx.Done():
	}
	w.mu.Lock()
}

// pausing is a caller that waits for a time.
type pausing struct{ ended chan struct{} }

func (p *pausing) on() *Machine { return nil }

func (p *pausing) fire(*World, uint32) { close(p.ended) }

// outcome is what a cmdlet comes to: an error, a job that will have the effect,
// or neither, when it was done at once.
type outcome struct {
	err     *CmdletError
	job     *job
	changed bool
}

func fails(err *CmdletError) outcome { return outcome{err: err} }
func runs(j *job) outcome            { return outcome{job: j} }
func did(changed bool) outcome       { return outcome{changed: changed} }

// attempt carries out one cmdlet on one VM: what every cmdlet has in common,
// around the body that is its own.
func (m *Machine) attempt(what string, id hyperv.VMID, body func(c *vmCopy) outcome) outcome {
	c := m.byID[id]
	var o outcome
	if f := m.w.cmdletFault(m, what, id); f != nil {
		o = f.outcome(m, c)
	} else if c == nil {
		o = fails(vmIDNotFound(id))
	} else {
		o = body(c)
	}
	if o.job != nil {
		o.job.what = what
		return o
	}
	m.w.log.cmdletOn(m, what, id, o.changed && o.err == nil, o.err)
	return o
}

// call carries out a changing cmdlet and waits for its end.
func (m *Machine) call(ctx context.Context, what string, id hyperv.VMID, body func(c *vmCopy) outcome) error {
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	var pending *job
	var failed *CmdletError
	begun := false
	return m.through(ctx, func(*visit) *job {
		if begun {
			failed = pending.err
			return nil
		}
		begun = true
		o := m.attempt(what, id, body)
		pending, failed = o.job, o.err
		return o.job
	}, &failed)
}

// look carries out a cmdlet that only reads. What it read is taken while the
// world is still locked, because a visit may outlive its caller.
func look[T any](ctx context.Context, m *Machine, what string, body func() (T, *CmdletError)) (T, error) {
	return reading(ctx, m, what, "", body)
}

// lookAt carries out a cmdlet that only reads one VM.
func lookAt[T any](ctx context.Context, m *Machine, what string, id hyperv.VMID, body func(c *vmCopy) T) (T, error) {
	return reading(ctx, m, what, id, func() (T, *CmdletError) {
		c := m.byID[id]
		if c == nil {
			var none T
			return none, vmIDNotFound(id)
		}
		return body(c), nil
	})
}

func reading[T any](ctx context.Context, m *Machine, what string, id hyperv.VMID, body func() (T, *CmdletError)) (T, error) {
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	var answer, none T
	var failed *CmdletError
	err := m.through(ctx, func(*visit) *job {
		if f := m.w.cmdletFault(m, what, id); f != nil {
			failed = f.outcome(m, nil).err
		} else {
			answer, failed = body()
		}
		m.w.log.read(m, what, id, failed)
		return nil
	}, &failed)
	if err != nil {
		return none, err
	}
	return answer, nil
}

// through brings a call to the host and waits until it is over. The world is
// locked.
func (m *Machine) through(ctx context.Context, next func(*visit) *job, failed **CmdletError) error {
	w := m.w
	if err := ctx.Err(); err != nil {
		return err
	}
	if m.down {
		return ErrHostDown
	}
	v := m.admit(&visit{beginBy: forever, next: next}, 0)
	switch {
	case !w.await(ctx, v, w.now.plus(w.durations.CmdletLimit)):
		if err := ctx.Err(); err != nil {
			return err
		}
		return ErrNoAnswer
	case v.lost:
		return ErrHostDown
	case *failed != nil:
		return *failed
	}
	return nil
}
