package hypersim

import "lifeboat.io/pkg/hyperv"

// arguments are what a verb is called with; each verb uses its own.
type arguments struct {
	stop      hyperv.StopOptions
	point     hyperv.RecoveryPointID
	target    hyperv.ReplicaServer
	switches  []hyperv.AdapterSwitch
	autoStart hyperv.StartAction
}

// ensure is one verb of hyperv.Host that changes something: read, act when the
// effect is not there, read again. The verbs are a table of these.
type ensure struct {
	verb string
	// there tells from a reading that the effect is there.
	there func(vm *hyperv.VM, a *arguments) bool
	// refuse tells from a reading why the verb cannot act; nil when it can.
	refuse func(m *Machine, vm *hyperv.VM, a *arguments) *hyperv.Error
	// acts are the cmdlets, in order.
	acts []act
}

// act is one cmdlet of a verb.
type act struct {
	cmdlet string
	// when tells whether it is needed; nil means always.
	when func(c *vmCopy, a *arguments) bool
	do   func(m *Machine, c *vmCopy, a *arguments) outcome
	// failed turns its failure into the verb's, or into nil to go on. A nil
	// func classifies it.
	failed func(err *CmdletError, a *arguments) *hyperv.Error
}

// ensureRun is an ensure being carried out by a visit.
type ensureRun struct {
	*ensure
	id      hyperv.VMID
	args    arguments
	read    bool // Before has been read
	next    int  // index of the act to come
	pending *job
	change  hyperv.Change
	err     *hyperv.Error
}

// proceed carries the verb on until it waits for a job; nil when it is over.
func (e *ensureRun) proceed(m *Machine) *job {
	if !e.read {
		e.read = true
		if !e.begin(m) {
			return nil
		}
	}
	if j := e.pending; j != nil {
		e.pending = nil
		if !e.settle(m, j.err, j.changed) {
			return nil
		}
	}
	for e.next < len(e.acts) {
		a := &e.acts[e.next]
		c := m.byID[e.id]
		if c != nil && a.when != nil && !a.when(c, &e.args) {
			e.next++
			continue
		}
		o := m.attempt(a.cmdlet, e.id, func(c *vmCopy) outcome { return a.do(m, c, &e.args) })
		if o.job != nil {
			e.pending = o.job
			return o.job
		}
		if !e.settle(m, o.err, o.changed) {
			return nil
		}
	}
	e.finish(m)
	return nil
}

// begin reads the VM and tells whether there is anything to do.
func (e *ensureRun) begin(m *Machine) bool {
	e.change.Before = m.read(e.id)
	before := &e.change.Before
	switch {
	case !before.Present:
		e.err = vmNotFound()
	case e.there(before, &e.args):
		e.change.After = *before
	default:
		e.err = e.refuse(m, before, &e.args)
		return e.err == nil
	}
	return false
}

// settle takes note of how an act ended and tells whether to go on. A failure
// does not count when the effect is there nonetheless.
func (e *ensureRun) settle(m *Machine, failure *CmdletError, changed bool) bool {
	a := &e.acts[e.next]
	e.next++
	if failure == nil {
		e.change.Acted = e.change.Acted || changed
		return true
	}
	if m.byID[e.id] == nil {
		e.err = vmNotFound()
		return false
	}
	if a.failed != nil {
		e.err = a.failed(failure, &e.args)
	} else {
		e.err = classify(failure)
	}
	if e.err == nil {
		return true
	}
	if after := m.read(e.id); e.there(&after, &e.args) {
		e.err, e.change.After = nil, after
	}
	return false
}

// finish reads the VM again: only an effect that is seen counts.
func (e *ensureRun) finish(m *Machine) {
	e.change.After = m.read(e.id)
	if !e.there(&e.change.After, &e.args) {
		e.err = &hyperv.Error{Class: hyperv.ClassHold, Code: hyperv.CodeEffectMissing,
			Message: "the host reported success, but what it was asked for is not to be seen"}
	}
}

// classes says what may be done about a cmdlet's error, by its id. Errors that
// are not listed are worth another try: a cmdlet that reports an error has had
// no effect, as the reading after it confirms.
var classes = map[string]struct {
	class hyperv.Class
	code  string // instead of the id, when not empty
}{
	idInvalidState:             {hyperv.ClassRefuse, hyperv.CodeWrongState},
	idInvalidParameter:         {hyperv.ClassRefuse, ""},
	idInvalidOperation:         {hyperv.ClassRefuse, ""},
	idAccessDenied:             {hyperv.ClassHold, hyperv.CodeAccessDenied}, // somebody has to give the account its rights
	"NotSupported":             {hyperv.ClassRefuse, ""},
	"CommandNotFoundException": {hyperv.ClassRefuse, ""},
	"OperationTimeout":         {hyperv.ClassUnknown, ""},
}

// classify turns a cmdlet's error into the contract's.
func classify(e *CmdletError) *hyperv.Error {
	c, known := classes[e.ID]
	if !known {
		c.class = hyperv.ClassRetry
	}
	if c.code == "" {
		c.code = e.ID
	}
	return &hyperv.Error{Class: c.class, Code: c.code, Message: e.Message, Category: e.Category, Err: e}
}

func vmNotFound() *hyperv.Error {
	return &hyperv.Error{Class: hyperv.ClassRefuse, Code: hyperv.CodeVMNotFound, Message: "the host has no virtual machine with this id"}
}
