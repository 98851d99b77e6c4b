package powershell

import (
	"context"
	"errors"
	"strings"

	"lifeboat.io/e2e/lab/powershell/syntax"
)

// block runs statements one after the other.
func (s *Session) block(b *syntax.Block, out sink) error {
	for _, st := range b.Stmts {
		if err := s.statement(st, out); err != nil {
			if err = s.survive(err); err != nil {
				return err
			}
		}
	}
	return nil
}

// survive decides whether the script goes on after a statement that failed: it
// does after a statement-terminating error outside of any try block, when the
// error preference is not Stop.
func (s *Session) survive(err error) error {
	var t *Terminating
	if !errors.As(err, &t) {
		return err
	}
	s.ok = false
	if s.trying > 0 {
		return err
	}
	switch p := s.preference("ErrorActionPreference"); {
	case t.stop:
		return err
	case p == "silentlycontinue" || p == "ignore":
		if p != "ignore" {
			s.remember(t.Record)
		}
		return nil
	case p == "stop" || t.Thrown:
		return err
	}
	s.remember(t.Record)
	if s.streams.Error != nil {
		return s.streams.Error(t.Record)
	}
	return nil
}

// preference reads a preference variable in lower case.
func (s *Session) preference(name string) string {
	if v := s.scope.get(strings.ToLower(name)); v != nil {
		return strings.ToLower(plainString(v.value))
	}
	switch name {
	case "VerbosePreference", "DebugPreference", "InformationPreference":
		return "silentlycontinue"
	}
	return "continue"
}

// at places an error where it happened, unless it has a place.
func (s *Session) at(err error, n syntax.Node) error {
	var t *Terminating
	if err != nil && errors.As(err, &t) && t.Record.position == nil {
		t.Record.position = &position{src: s.src, span: n.Extent()}
	}
	return err
}

func (s *Session) statement(st syntax.Stmt, out sink) error {
	if err := s.step(); err != nil {
		return err
	}
	switch st := st.(type) {
	case *syntax.Pipeline:
		return s.pipeline(st, out)
	case *syntax.Assign:
		_, err := s.assign(st)
		s.ok = err == nil
		return s.at(err, st)
	case *syntax.If:
		for _, c := range st.Clauses {
			v, err := s.condition(c.Cond)
			if err != nil {
				return err
			}
			if v {
				return s.block(c.Body, out)
			}
		}
		if st.Else != nil {
			return s.block(st.Else, out)
		}
		return nil
	case *syntax.ForEach:
		return s.forEach(st, out)
	case *syntax.While:
		return s.while(st, out)
	case *syntax.Do:
		return s.do(st, out)
	case *syntax.For:
		return s.forLoop(st, out)
	case *syntax.Switch:
		return s.switchOver(st, out)
	case *syntax.Try:
		return s.try(st, out)
	case *syntax.Flow:
		return s.flow(st, out)
	case *syntax.Function:
		s.defineFunction(s.scope, st.Name, &ScriptBlock{Block: st.Body}, st.Filter)
		return nil
	}
	return runtimeError("UnsupportedConstruct", "A statement of type %T is not supported.", st)
}

// condition runs the condition of a statement and tells whether it holds.
func (s *Session) condition(c syntax.Stmt) (bool, error) {
	v, err := s.valueOf(c)
	return truth(settle(v)), s.at(err, c)
}

// valueOf runs a statement for its value.
func (s *Session) valueOf(st syntax.Stmt) (Value, error) {
	switch st := st.(type) {
	case *syntax.Pipeline:
		if e := loneExpression(st); e != nil {
			v, err := s.raw(e)
			s.ok = err == nil
			return v, err
		}
	case *syntax.Assign:
		v, err := s.assign(st)
		return v, s.at(err, st)
	}
	c := collector{s: s}
	err := s.statement(st, c.add)
	return c.value(), err
}

// loneExpression gives the expression of a pipeline that is nothing else.
func loneExpression(p *syntax.Pipeline) syntax.Expr {
	if len(p.Elements) != 1 {
		return nil
	}
	if ce, ok := p.Elements[0].(*syntax.CommandExpr); ok && len(ce.Redirections) == 0 {
		return ce.Expr
	}
	return nil
}

// turn judges what a turn of a loop ended with: done leaves the loop.
func turn(err error, label string) (done bool, _ error) {
	if err == nil {
		return false, nil
	}
	var f *flow
	if errors.As(err, &f) && f.kind <= flowContinue && f.meant(label) {
		return f.kind == flowBreak, nil
	}
	return true, err
}

func (s *Session) forEach(st *syntax.ForEach, out sink) error {
	v, err := s.valueOf(st.Over)
	if err != nil {
		return err
	}
	if v == nil {
		return nil
	}
	one := func(it Value) error {
		if err := s.step(); err != nil {
			return err
		}
		if err := s.assignVariable(st.Var.Path, it, nil, nil); err != nil {
			return s.at(err, st.Var)
		}
		done, err := turn(s.block(st.Body, out), st.Label)
		if err == nil && done {
			return errLoopDone
		}
		return err
	}
	if err = enumerate(snapshot(v), one); err == errLoopDone {
		return nil
	}
	return err
}

var errLoopDone = errors.New("loop done")

// snapshot guards a loop against a collection that changes under it.
func snapshot(v Value) Value {
	if l, ok := v.(*List); ok {
		return NewArray(append([]Value(nil), l.Items...)...)
	}
	return v
}

func (s *Session) while(st *syntax.While, out sink) error {
	for {
		if err := s.step(); err != nil {
			return err
		}
		ok, err := s.condition(st.Cond)
		if err != nil || !ok {
			return err
		}
		if done, err := turn(s.block(st.Body, out), st.Label); done {
			return err
		}
	}
}

func (s *Session) do(st *syntax.Do, out sink) error {
	for {
		if err := s.step(); err != nil {
			return err
		}
		if done, err := turn(s.block(st.Body, out), st.Label); done {
			return err
		}
		ok, err := s.condition(st.Cond)
		if err != nil || ok == st.Until {
			return err
		}
	}
}

func (s *Session) forLoop(st *syntax.For, out sink) error {
	drop := func(Value) error { return nil }
	if st.Init != nil {
		if err := s.statement(st.Init, drop); err != nil {
			return err
		}
	}
	for {
		if err := s.step(); err != nil {
			return err
		}
		if st.Cond != nil {
			if ok, err := s.condition(st.Cond); err != nil || !ok {
				return err
			}
		}
		if done, err := turn(s.block(st.Body, out), st.Label); done {
			return err
		}
		if st.Iter != nil {
			if err := s.statement(st.Iter, drop); err != nil {
				return err
			}
		}
	}
}

func (s *Session) flow(st *syntax.Flow, out sink) error {
	switch st.Keyword {
	case "break", "continue":
		f := &flow{kind: flowBreak}
		if st.Keyword == "continue" {
			f.kind = flowContinue
		}
		if st.Label != nil {
			v, err := s.eval(st.Label)
			if err != nil {
				return err
			}
			f.label = s.toString(v)
		}
		return f
	case "return":
		if st.Value != nil {
			if err := s.statement(st.Value, out); err != nil {
				return err
			}
		}
		return &flow{kind: flowReturn}
	case "exit":
		f := &flow{kind: flowExit}
		if st.Value != nil {
			v, err := s.valueOf(st.Value)
			if err != nil {
				return err
			}
			if n, err := s.convert(settle(v), typeInt32); err == nil {
				f.code = int(n.(int32))
			}
		}
		return f
	}
	return s.throw(st)
}

// throw raises what a throw statement names, or what is being handled.
func (s *Session) throw(st *syntax.Flow) error {
	var v Value
	if st.Value != nil {
		var err error
		if v, err = s.valueOf(st.Value); err != nil {
			return err
		}
		v = settle(v)
	} else if r, ok := s.current().(*ErrorRecord); ok {
		v = r
	}
	t := &Terminating{Thrown: true}
	switch x := v.(type) {
	case *ErrorRecord:
		t.Record = x
	case *Exception:
		t.Record = &ErrorRecord{Exception: x, ID: x.Message, Category: OperationStopped}
	case nil:
		t.Record = NewErrorRecord("System.Management.Automation.RuntimeException", "ScriptHalted", OperationStopped, "ScriptHalted")
	default:
		text := s.toString(v)
		t.Record = NewErrorRecord("System.Management.Automation.RuntimeException", text, OperationStopped, text)
		t.Record.Target = v
	}
	return s.at(t, st)
}

// current is $_.
func (s *Session) current() Value {
	if v := s.scope.get("_"); v != nil {
		return v.value
	}
	return nil
}

func (s *Session) try(st *syntax.Try, out sink) error {
	s.trying++
	err := s.block(st.Body, out)
	s.trying--
	var t *Terminating
	if err != nil && errors.As(err, &t) {
		if c := s.catchFor(st, t); c != nil {
			s.remember(t.Record)
			err = s.handle(c, t, out)
		}
	}
	if st.Finally == nil {
		return err
	}
	// a finally block runs to its end even when the run was cancelled or ran
	// into a limit, except that it may not itself go beyond one
	saved := s.ctx
	var f *flow
	if err != nil && !errors.As(err, &t) && !errors.As(err, &f) && !stopsPipeline(err) {
		s.ctx = s.graceful()
	}
	to := out
	if s.ctx != saved || stopsPipeline(err) { // nobody listens any more
		to = func(Value) error { return nil }
	}
	ferr := s.block(st.Finally, to)
	s.ctx = saved
	if ferr != nil {
		return ferr
	}
	return err
}

// stopsPipeline tells whether a block ends because nobody wants its output.
func stopsPipeline(err error) bool {
	var stop *stopUpstream
	if b, ok := err.(*behind); ok {
		err = b.err
	}
	return errors.As(err, &stop)
}

// graceful gives the context finally blocks run in once a run must end. All of
// them share one grace period, steps and bytes included.
func (s *Session) graceful() context.Context {
	if s.grace == nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), finallyGrace)
		s.grace, s.endGrace = ctx, cancel
		s.renew()
	}
	return s.grace
}

// catchFor finds the catch block of an error.
func (s *Session) catchFor(st *syntax.Try, t *Terminating) *syntax.Catch {
	for _, c := range st.Catches {
		if len(c.Types) == 0 {
			return c
		}
		for _, n := range c.Types {
			if s.catches(n, t.Record.Exception) {
				return c
			}
		}
	}
	return nil
}

func (s *Session) catches(n *syntax.TypeName, e *Exception) bool {
	for ; e != nil; e = e.Inner {
		if e.isA(n.Name) || e.isA("System."+n.Name) {
			return true
		}
		// an exception that PowerShell wrapped is caught by its own type
		switch e.short() {
		case "MethodInvocationException", "RuntimeException", "SetValueInvocationException", "GetValueInvocationException", "CmdletInvocationException":
		default:
			return false
		}
	}
	return false
}

// handle runs a catch block with $_ set to the error.
func (s *Session) handle(c *syntax.Catch, t *Terminating, out sink) error {
	restore := s.shadow("_", t.Record)
	defer restore()
	return s.block(c.Body, out)
}

// shadow sets a variable of the present scope and gives the way back.
func (s *Session) shadow(name string, v Value) func() {
	key := strings.ToLower(name)
	c := s.scope
	old, had := c.vars[key], false
	var was Value
	if old != nil {
		had, was = true, old.value
	}
	c.put(name, v)
	return func() {
		if had {
			c.vars[key] = old
			old.value = was
		} else {
			delete(c.vars, key)
		}
	}
}
