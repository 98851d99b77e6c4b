package powershell

import (
	"fmt"
	"strings"

	"lifeboat.io/e2e/lab/powershell/syntax"
)

// commandStage resolves a command, evaluates and binds its arguments.
func (s *Session) commandStage(c *syntax.Command, input bool) (stage, error) {
	if err := s.step(); err != nil {
		return nil, err
	}
	redir, err := s.redirections(c.Redirections)
	if err != nil {
		return nil, err
	}
	where := &position{src: s.src, span: c.Span}
	target, name, err := s.commandTarget(c)
	if err != nil {
		return nil, err
	}
	where.command = name
	args, err := s.arguments(c.Elements[1:])
	if err != nil {
		return nil, err
	}
	return s.stageOf(target, name, args, input, c.Invoke == '.', redir, where)
}

// stageOf makes the stage of a function, a script block or a cmdlet.
func (s *Session) stageOf(target any, name string, args []argument, input, dot bool, redir *redirect, where *position) (stage, error) {
	switch t := target.(type) {
	case *Cmdlet:
		st := &cmdletStage{place: s.here(redir), cmd: t, bind: newBinding(s, t.sig, where), input: input}
		if err := st.bind.bindLine(args, input); err != nil {
			return nil, err
		}
		return st, nil
	case *function:
		st := &functionStage{place: s.here(redir), block: t.block, name: t.name, dot: dot, where: where}
		return st, st.bind(args, input)
	case *ScriptBlock:
		st := &functionStage{place: s.here(redir), block: t, dot: dot, where: where}
		return st, st.bind(args, input)
	case *program:
		return &programStage{place: s.here(redir), program: t, args: s.words(args), piped: input}, nil
	}
	return nil, fmt.Errorf("no command of type %T", target)
}

// commandTarget finds what a command names.
func (s *Session) commandTarget(c *syntax.Command) (target any, name string, err error) {
	if text, ok := c.CommandName(); ok {
		return s.resolveCommand(text, c.Elements[0])
	}
	e, ok := c.Elements[0].(syntax.Expr)
	if !ok {
		return nil, "", runtimeError("BadExpression", "The expression after '&' in a pipeline element produced an object that was not valid.")
	}
	v, err := s.eval(e)
	if err != nil {
		return nil, "", err
	}
	switch x := v.(type) {
	case *ScriptBlock:
		return x, "", nil
	case string:
		return s.resolveCommand(x, e)
	case *Object:
		if x.Class == classCommandInfo {
			return x.Data.(*commandInfo).target, x.Data.(*commandInfo).name, nil
		}
	}
	op := "&"
	if c.Invoke != 0 {
		op = string(c.Invoke)
	}
	return nil, "", runtimeError("BadExpression", "The expression after '%s' in a pipeline element produced an object that was not valid. It must result in a command name, a script block, or a CommandInfo object.", op)
}

// maxAliases is how many aliases may stand for one another.
const maxAliases = 8

// alias gives what a name stands for.
func (s *Session) alias(key string) (string, bool) {
	full, ok := s.aliases[key]
	if !ok {
		full, ok = s.modules.aliases[key]
	}
	return full, ok
}

// resolveCommand finds a command by name: aliases by what they stand for, then
// functions before cmdlets, programs last.
func (s *Session) resolveCommand(name string, n syntax.Node) (any, string, error) {
	key := strings.ToLower(name)
	if i := strings.IndexByte(key, ':'); i > 0 {
		if c := s.scopeOf(key[:i]); c != nil {
			if f := c.function(key[i+1:]); f != nil {
				return f, f.name, nil
			}
		}
	}
	for range maxAliases {
		full, ok := s.alias(key)
		if !ok {
			break
		}
		name, key = full, strings.ToLower(full)
	}
	if f := s.scope.function(key); f != nil {
		return f, f.name, nil
	}
	if c := s.modules.cmdlet(name); c != nil {
		return c, c.Name, nil
	}
	if p := s.program(name); p != nil {
		return p, name, nil
	}
	if absent[key] {
		t := newError("System.NotSupportedException", "UnsupportedConstruct", NotImplemented,
			fmt.Sprintf("The command '%s' is not supported by the PowerShell subset of this host.", name)).target(name)
		t.Record.position = &position{src: s.src, span: n.Extent(), command: name}
		return nil, "", t
	}
	t := newError("System.Management.Automation.CommandNotFoundException", "CommandNotFoundException", ObjectNotFound,
		fmt.Sprintf("The term '%s' is not recognized as the name of a cmdlet, function, script file, or operable program. Check the spelling of the name, or if a path was included, verify that the path is correct and try again.", name))
	t.Record.Target = name
	t.Record.position = &position{src: s.src, span: n.Extent(), command: name}
	return nil, "", t
}

// arguments evaluates the arguments of a command.
func (s *Session) arguments(elements []syntax.Node) ([]argument, error) {
	args := make([]argument, 0, len(elements))
	literal := false // after --
	for _, el := range elements {
		switch e := el.(type) {
		case *syntax.CommandParameter:
			if e.Name == "--" && e.Arg == nil {
				literal = true
				continue
			}
			a := argument{name: e.Name, node: e, text: "-" + e.Name, at: e.Span, nameAt: e.Span}
			if e.Arg != nil {
				a.at = e.Arg.Extent()
				v, err := s.argumentOf(e.Arg)
				if err != nil {
					return nil, err
				}
				a.value, a.hasValue = v, true
				a.text += ":"
			}
			args = append(args, a)
		case *syntax.Variable:
			if e.Splat && !literal {
				more, err := s.splat(e)
				if err != nil {
					return nil, err
				}
				args = append(args, more...)
				continue
			}
			v, err := s.argumentOf(e)
			if err != nil {
				return nil, err
			}
			args = append(args, argument{value: v, node: e, at: e.Span})
		default:
			v, err := s.argumentOf(el.(syntax.Expr))
			if err != nil {
				return nil, err
			}
			args = append(args, argument{value: v, node: el, at: el.Extent()})
		}
	}
	return args, nil
}

func (s *Session) argumentOf(e syntax.Expr) (Value, error) {
	if c, ok := e.(*syntax.Constant); ok {
		return c.Value, nil
	}
	return s.eval(e)
}

// splat spreads a hashtable or an array over a command's parameters.
func (s *Session) splat(e *syntax.Variable) ([]argument, error) {
	v, _, err := s.readVariable(e.Path)
	if err != nil {
		return nil, s.at(err, e)
	}
	var args []argument
	switch x := settle(v).(type) {
	case nil:
	case *Hashtable:
		for i := range x.Len() {
			k, val := x.Entry(i)
			name := s.toString(k)
			args = append(args, argument{name: name, value: val, hasValue: true, node: e, at: e.Span, nameAt: e.Span, text: "-" + name + ":"})
		}
	case indexed:
		for i := range x.Len() {
			args = append(args, argument{value: x.At(i), node: e, at: e.Span})
		}
	default:
		args = append(args, argument{value: x, node: e, at: e.Span})
	}
	return args, nil
}

// cmdletStage runs a cmdlet written in Go.
type cmdletStage struct {
	place
	cmd   *Cmdlet
	bind  *binding
	call  *Call
	input bool
	out   sink
}

func (c *cmdletStage) connect(out sink) {
	c.out = c.redir.wrap(c.s, out)
	ctl := newControl(c.bind.common)
	c.out = c.gatherOutput(ctl, c.out)
	c.call = &Call{s: c.s, cmd: c.cmd, bind: c.bind, ctl: ctl, stage: c}
	c.call.out = func(v Value) error {
		if err := c.s.step(); err != nil {
			return err
		}
		return c.out(v)
	}
}

func (c *cmdletStage) run(f func(*Call) error) error {
	if f == nil {
		return nil
	}
	if err := c.s.step(); err != nil {
		return err
	}
	err := f(c.call)
	return c.failure(err)
}

// failure makes a terminating error of whatever a cmdlet returned.
func (c *cmdletStage) failure(err error) error {
	switch e := err.(type) {
	case nil:
		return nil
	case *Terminating:
		if e.stop { // written as non-terminating: complete already
			return e
		}
		c.call.own(e.Record)
		c.s.gather(c.call.ctl, (*control).errorList, e.Record)
		return e
	case *netError:
		t := Throw(&ErrorRecord{Exception: e.ex, ID: e.ex.Type, Category: NotSpecified})
		c.call.own(t.Record)
		return t
	case *castError:
		t := newError("System.Management.Automation.PSInvalidCastException", e.id, InvalidArgument, e.message)
		c.call.own(t.Record)
		return t
	}
	return err
}

func (c *cmdletStage) begin() error {
	defer c.enter()()
	c.s.startGathering(c.call.ctl)
	return c.run(c.cmd.Begin)
}

func (c *cmdletStage) process(v Value) error {
	defer c.enter()()
	if err := c.s.step(); err != nil {
		return err
	}
	rec, err := c.bind.bindObject(v)
	if err != nil {
		return err
	}
	if rec != nil {
		return c.call.Error(rec)
	}
	c.call.Input, c.call.HasInput = v, true
	return c.run(c.cmd.Process)
}

func (c *cmdletStage) end() error {
	defer c.enter()()
	if !c.input {
		if err := c.run(c.cmd.Process); err != nil {
			return err
		}
	}
	return c.run(c.cmd.End)
}
