package powershell

import (
	"errors"
	"fmt"
	"strings"

	"lifeboat.io/e2e/lab/powershell/syntax"
)

// functionStage runs a function, a filter or a script block.
type functionStage struct {
	place
	block *ScriptBlock
	name  string
	dot   bool // in the scope of the caller
	where *position
	out   sink

	binding *binding
	ctl     *control
	own     *scope
	fed     bool    // a pipeline feeds it
	queue   []Value // input for $input
	left    bool    // a return ended it
}

// bind binds the arguments of the call.
func (f *functionStage) bind(args []argument, input bool) error {
	g, err := f.s.signatureOf(f.block, f.name)
	if err != nil {
		return err
	}
	f.fed = input
	f.binding = newBinding(f.s, g, f.where)
	return f.binding.bindLine(args, input)
}

func (f *functionStage) connect(out sink) {
	f.out = f.redir.wrap(f.s, out)
	f.ctl = newControl(f.binding.common)
	f.out = f.gatherOutput(f.ctl, f.out)
}

// inside goes into the function's scope and gives the way back.
func (f *functionStage) inside() (func(), error) {
	s := f.s
	if s.depth++; s.depth > s.limits.Depth {
		s.depth--
		return nil, callDepthOverflow()
	}
	back := f.enter()
	if f.ctl.gathers() {
		streams := *s.streams
		streams.caller = &caller{f.ctl, streams.caller}
		s.streams = &streams
	}
	if f.own != nil {
		s.scope = f.own
	}
	s.src = f.block.Block.Source
	s.frames = append(s.frames, frame{name: f.name, call: f.where})
	return func() {
		s.frames = s.frames[:len(s.frames)-1]
		s.depth--
		back()
	}, nil
}

func callDepthOverflow() error {
	t := newError("System.Management.Automation.ScriptCallDepthException", "CallDepthOverflow", InvalidOperation,
		"The script failed due to call depth overflow.").target(int32(0))
	t.Record.Reason = "ParentContainsErrorRecordException"
	return t
}

func (f *functionStage) begin() error {
	s := f.s
	if !f.dot {
		f.own = &scope{parent: f.scope, vars: map[string]*variable{}}
		for k, v := range f.block.closure {
			c := *v
			f.own.vars[k] = &c
		}
	}
	back := f.enter()
	s.startGathering(f.ctl)
	back()
	leave, err := f.inside()
	if err != nil {
		return err
	}
	defer leave()
	if err := f.declare(); err != nil {
		return err
	}
	return f.run(f.block.Block.Begin)
}

// declare sets the function's parameters and automatic variables.
func (f *functionStage) declare() error {
	s := f.s
	if f.binding.sig.advanced {
		f.preferences()
	}
	if !f.dot || len(f.binding.rest) > 0 {
		if !f.binding.sig.advanced {
			rest := f.binding.rest
			if rest == nil {
				rest = []Value{}
			}
			s.scope.put("args", &Array{Items: rest})
		}
	}
	if len(f.binding.sig.params) == 0 {
		return nil
	}
	bound := &Hashtable{Kind: typeBoundParameters}
	s.scope.put("PSBoundParameters", bound)
	for _, p := range f.binding.sig.params {
		if err := f.declareParam(p, bound); err != nil {
			return err
		}
	}
	for k, v := range f.binding.common {
		bound.Set(commonName(k), v)
	}
	return nil
}

func commonName(key string) string {
	for _, p := range append(append([]*param(nil), commonParams...), shouldParams...) {
		if strings.EqualFold(p.name, key) {
			return p.name
		}
	}
	return key
}

func (f *functionStage) declareParam(p *param, bound *Hashtable) error {
	s := f.s
	v, given := f.binding.values[strings.ToLower(p.name)]
	if given {
		bound.Set(p.name, v)
	} else {
		var err error
		if v, err = f.defaultOf(p); err != nil {
			return err
		}
	}
	n := s.scope.put(p.name, v)
	n.typ, n.checks = p.typ, nil
	if p.typ.kind == kindObject || p.typ.kind == kindClass || p.typ.kind == kindArray && p.typ.Elem.kind == kindClass {
		n.typ = nil
	}
	if given {
		n.checks = p.checks
	}
	return nil
}

// defaultOf computes a parameter's default, or the empty value of its type.
func (f *functionStage) defaultOf(p *param) (Value, error) {
	s := f.s
	if p.def == nil {
		switch {
		case p.isSwitch():
			return Switch(false), nil
		case p.typ.kind == kindString:
			return "", nil
		case p.typ.kind == kindBool || p.typ.numeric() || p.typ.kind == kindChar:
			return s.convert(nil, p.typ)
		}
		return nil, nil
	}
	v, err := s.eval(p.def)
	if err != nil {
		return nil, err
	}
	if p.typ.kind == kindClass && v == nil {
		return nil, nil
	}
	c, err := s.convert(v, p.typ)
	if err != nil {
		return nil, s.at(f.binding.cannotConvert(p, err), p.def)
	}
	return c, nil
}

// preferences make the common parameters of a function hold for what it calls.
func (f *functionStage) preferences() {
	set := func(name, value string) {
		if value != "" {
			f.s.setVariable(name, value)
		}
	}
	set("ErrorActionPreference", f.ctl.errorAction)
	set("WarningPreference", f.ctl.warningAction)
	set("InformationPreference", f.ctl.infoAction)
	on := func(name string, v Value) {
		if v == nil {
			return
		}
		if truth(v) {
			f.s.setVariable(name, "Continue")
		} else {
			f.s.setVariable(name, "SilentlyContinue")
		}
	}
	on("VerbosePreference", f.ctl.verbose)
	on("DebugPreference", f.ctl.debug)
	if f.ctl.whatIf != nil {
		f.s.setVariable("WhatIfPreference", truth(f.ctl.whatIf))
	}
	if f.ctl.confirm != nil {
		if truth(f.ctl.confirm) {
			f.s.setVariable("ConfirmPreference", "Low")
		} else {
			f.s.setVariable("ConfirmPreference", "None")
		}
	}
	if f.binding.sig.advanced {
		f.s.scope.put("PSCmdlet", NewInstance(classPSCmdlet, &scriptCmdlet{f: f}))
	}
}

// run runs one of the blocks; a return leaves the block.
func (f *functionStage) run(b *syntax.Block) error {
	if b == nil || f.left {
		return nil
	}
	err := f.s.block(b, f.out)
	var r *flow
	if errors.As(err, &r) && r.kind == flowReturn {
		return nil
	}
	return err
}

func (f *functionStage) process(v Value) error {
	leave, err := f.inside()
	if err != nil {
		return err
	}
	defer leave()
	if err := f.s.step(); err != nil {
		return err
	}
	if f.binding.sig.pipeline {
		rec, err := f.binding.bindObject(v)
		if err != nil {
			return err
		}
		if rec != nil {
			return f.s.writeError(rec, f.ctl)
		}
		if err := f.redeclare(); err != nil {
			return err
		}
	} else if f.binding.sig.advanced && len(f.binding.sig.params) > 0 {
		return f.s.writeError(f.binding.notBound("InputObjectNotBound", "The input object cannot be bound to any parameters for the command either because the command does not take pipeline input or the input and its properties do not match any of the parameters that take pipeline input.", v), f.ctl)
	}
	if f.block.Block.Process == nil {
		f.queue = append(f.queue, v)
		return f.s.limitItems(1)
	}
	f.s.scope.put("_", v)
	return f.run(f.block.Block.Process)
}

// redeclare sets the parameters that come from the pipeline.
func (f *functionStage) redeclare() error {
	boundVar := f.s.scope.get("psboundparameters")
	for _, p := range f.binding.sig.params {
		if !p.any(f.binding.sig.all, func(st Setting) bool { return st.ByValue || st.ByPropertyName }) {
			continue
		}
		v, given := f.binding.values[strings.ToLower(p.name)]
		if !given {
			continue
		}
		f.s.scope.put(p.name, v)
		if h, ok := boundVar.value.(*Hashtable); ok {
			h.Set(p.name, v)
		}
	}
	return nil
}

func (f *functionStage) end() error {
	leave, err := f.inside()
	if err != nil {
		return err
	}
	defer leave()
	if !f.fed && f.block.Block.Process != nil {
		if err := f.run(f.block.Block.Process); err != nil {
			return err
		}
	}
	if f.fed || f.queue != nil {
		f.s.scope.put("input", NewArray(f.queue...))
	}
	if f.block.Block.End == nil {
		return nil
	}
	if err := f.run(f.block.Block.End); err != nil {
		return err
	}
	return nil
}

// callBlock calls a script block with arguments and gives its value. Its code
// runs in a scope of its own.
func (s *Session) callBlock(b *ScriptBlock, args []Value) (Value, error) {
	c := collector{s: s}
	list := make([]argument, len(args))
	for i, a := range args {
		list[i] = argument{value: a}
	}
	st, err := s.stageOf(b, "", list, false, false, nil, &position{src: s.src, span: b.Block.Span})
	if err != nil {
		return nil, err
	}
	err = s.drive([]stage{st}, nil, false, c.add)
	return c.value(), err
}

// inline runs a script block in the present scope with $_ set, as
// ForEach-Object and Where-Object do.
func (s *Session) inline(b *ScriptBlock, v Value, out sink) error {
	if b.Block.Param != nil || b.Block.Begin != nil || b.Block.Process != nil {
		return s.inlineFull(b, v, out)
	}
	if b.Block.End == nil {
		return nil
	}
	if s.depth++; s.depth > s.limits.Depth {
		s.depth--
		return callDepthOverflow()
	}
	restore := s.shadow("_", v)
	src := s.src
	s.src = b.Block.Source
	err := s.block(b.Block.End, out)
	s.src = src
	restore()
	s.depth--
	var r *flow
	if errors.As(err, &r) && r.kind == flowReturn {
		return nil
	}
	return err
}

func (s *Session) inlineFull(b *ScriptBlock, v Value, out sink) error {
	restore := s.shadow("_", v)
	defer restore()
	st, err := s.stageOf(b, "", nil, false, true, nil, &position{src: s.src, span: b.Block.Span})
	if err != nil {
		return err
	}
	return s.drive([]stage{st}, nil, false, out)
}

// scriptCmdlet is what $PSCmdlet is.
type scriptCmdlet struct {
	f      *functionStage
	answer byte
}

func (c *scriptCmdlet) set() string {
	if c.f.binding.set < 0 {
		return allSetsName
	}
	return c.f.binding.sig.sets[c.f.binding.set]
}

func (c *scriptCmdlet) shouldProcess(args []Value) (Value, error) {
	s := c.f.s
	target, action := s.toString(args[0]), c.f.name
	if len(args) > 1 {
		action = s.toString(args[1])
	}
	ok, err := s.shouldProcess(c.f.binding.sig, c.f.ctl, target, action, &c.answer)
	var t *Terminating
	if errors.As(err, &t) {
		return nil, &netError{t.Record.Exception}
	}
	return ok, err
}

func (c *scriptCmdlet) record(v Value) (*ErrorRecord, error) {
	r, ok := v.(*ErrorRecord)
	if !ok {
		return nil, fmt.Errorf("an error record is needed")
	}
	if r.Command == "" {
		r.Command = c.f.name
	}
	return r, nil
}
