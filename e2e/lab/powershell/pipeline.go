package powershell

import (
	"errors"
	"strings"

	"lifeboat.io/e2e/lab/powershell/syntax"
)

// stage is one command of a pipeline.
type stage interface {
	// begin, process and end are called as the blocks of a function are.
	begin() error
	process(v Value) error
	end() error
	// connect says where output goes and where the streams of this stage lead.
	connect(out sink)
}

// pipeline runs a pipeline statement.
func (s *Session) pipeline(p *syntax.Pipeline, out sink) error {
	if e := loneExpression(p); e != nil {
		return s.expressionStatement(e, out)
	}
	if len(p.Elements) > s.limits.Stages {
		return &LimitError{"Stages", int64(s.limits.Stages)}
	}
	s.ok = true
	first, input, has, err := s.head(p)
	if err != nil {
		s.ok = false
		return err
	}
	var stages []stage
	for i, el := range p.Elements[first:] {
		ce, ok := el.(*syntax.Command)
		if !ok { // an expression with redirections
			st, err := s.expressionStage(el.(*syntax.CommandExpr))
			if err != nil {
				return err
			}
			stages = append(stages, st)
			continue
		}
		st, err := s.commandStage(ce, has || i > 0)
		if err != nil {
			s.ok = false
			return s.at(err, ce)
		}
		stages = append(stages, st)
	}
	err = s.drive(stages, input, has, out)
	if err != nil {
		s.ok = false
	}
	return s.at(err, p)
}

// expressionStatement runs an expression for its output. Increments put nothing out.
func (s *Session) expressionStatement(e syntax.Expr, out sink) error {
	v, err := s.raw(e)
	s.ok = err == nil
	if err != nil {
		return s.at(err, e)
	}
	switch e := e.(type) {
	case *syntax.Unary:
		if e.Op == "++" || e.Op == "--" {
			return nil
		}
	case *syntax.Variable:
		if v == nil {
			if _, found, _ := s.readVariable(e.Path); !found {
				return nil
			}
		}
	}
	return enumerate(v, out)
}

// head evaluates the expression a pipeline may begin with.
func (s *Session) head(p *syntax.Pipeline) (first int, v Value, has bool, err error) {
	ce, ok := p.Elements[0].(*syntax.CommandExpr)
	if !ok || len(ce.Redirections) > 0 {
		return 0, nil, false, nil
	}
	v, err = s.raw(ce.Expr)
	return 1, v, true, s.at(err, ce)
}

// behind wraps what a later stage of a pipeline ended with, so that the blocks
// of the stage in front neither catch it nor take it for theirs.
type behind struct {
	err  error
	pipe *[]stage
}

func (b *behind) Error() string { return b.err.Error() }

// drive connects the stages and runs them.
func (s *Session) drive(stages []stage, input Value, has bool, out sink) error {
	pipe := &stages
	begun := make([]bool, len(stages))
	// what an earlier begin block puts out begins a stage before its turn
	begin := func(i int) error {
		if begun[i] {
			return nil
		}
		begun[i] = true
		return stages[i].begin()
	}
	next := out
	for i := len(stages) - 1; i >= 0; i-- {
		st := stages[i]
		st.connect(next)
		next = func(v Value) error {
			err := begin(i)
			if err == nil {
				err = st.process(v)
			}
			if err != nil {
				return &behind{err, pipe}
			}
			return nil
		}
	}
	err := func() error {
		for i := range stages {
			if err := begin(i); err != nil {
				return err
			}
		}
		if has {
			return enumerate(input, stages[0].process)
		}
		return nil
	}()
	rest := stages
	for err == nil || len(rest) > 0 {
		if err != nil {
			if err = unwrap(err, pipe); !s.stops(err, &rest) {
				return err
			}
			err = nil
			continue
		}
		if len(rest) == 0 {
			return nil
		}
		err = rest[0].end()
		if err == nil {
			rest = rest[1:]
		}
	}
	return unwrap(err, pipe)
}

func unwrap(err error, pipe *[]stage) error {
	for {
		b, ok := err.(*behind)
		if !ok || b.pipe != pipe {
			return err
		}
		err = b.err
	}
}

// stops tells whether an error means that a stage wants no more input; what is
// left to end then is what stands behind it.
func (s *Session) stops(err error, rest *[]stage) bool {
	var stop *stopUpstream
	if !errors.As(err, &stop) {
		return false
	}
	for i, st := range *rest {
		if st == stop.stage {
			*rest = (*rest)[i+1:]
			return true
		}
	}
	return false
}

// place is where a stage was created: its code runs with the scope and the
// streams of that place, whoever feeds it.
type place struct {
	s      *Session
	scope  *scope
	stream *Streams
	src    *syntax.Source
	trying int
	redir  *redirect
}

func (s *Session) here(r *redirect) place {
	return place{s: s, scope: s.scope, stream: s.streams, src: s.src, trying: s.trying, redir: r}
}

// enter goes to the place and gives the way back.
func (p *place) enter() func() {
	s := p.s
	scope, stream, src, trying := s.scope, s.streams, s.src, s.trying
	s.scope, s.streams, s.src, s.trying = p.scope, p.stream, p.src, p.trying
	if p.redir != nil {
		s.streams = p.redir.streams
	}
	return func() { s.scope, s.streams, s.src, s.trying = scope, stream, src, trying }
}

// expressionStage is an expression whose streams are redirected.
type expressionStage struct {
	place
	expr syntax.Expr
	out  sink
}

func (s *Session) expressionStage(ce *syntax.CommandExpr) (stage, error) {
	r, err := s.redirections(ce.Redirections)
	return &expressionStage{place: s.here(r), expr: ce.Expr}, err
}

func (x *expressionStage) connect(out sink)    { x.out = x.redir.wrap(x.s, out) }
func (x *expressionStage) begin() error        { return nil }
func (x *expressionStage) process(Value) error { return nil }

func (x *expressionStage) end() error {
	defer x.enter()()
	return x.s.expressionStatement(x.expr, x.out)
}

// redirect is where the streams of one command go.
type redirect struct {
	discard [7]bool // by stream number; 0 is not used
	merge   [7]bool
	streams *Streams // set by wrap
}

const (
	streamOutput = 1 + iota
	streamError
	streamWarning
	streamVerbose
	streamDebug
	streamInformation
)

// redirections evaluates the redirections of a command. Files are out of reach:
// only $null and other streams can be named.
func (s *Session) redirections(list []syntax.Redirection) (*redirect, error) {
	if len(list) == 0 {
		return nil, nil
	}
	r := &redirect{}
	for _, d := range list {
		var target Value
		if d.To == 0 {
			var err error
			if target, err = s.eval(d.Target); err != nil {
				return nil, err
			}
			if target != nil && !strings.EqualFold(s.toString(target), "nul") {
				return nil, s.at(runtimeError("UnsupportedConstruct", "The PowerShell subset of this host redirects to $null and to other streams only, not to the file '%s'.", s.toString(target)), d.Target)
			}
		}
		for n := 1; n <= 6; n++ {
			if d.From == n || d.From == 0 {
				if d.To == 0 {
					r.discard[n] = true
				} else if n != 1 {
					r.merge[n] = true
				}
			}
		}
	}
	return r, nil
}

// wrap gives the output of a command with these redirections, and makes the
// streams that the command will see.
func (r *redirect) wrap(s *Session, out sink) sink {
	if r == nil {
		return out
	}
	if r.discard[streamOutput] {
		out = func(Value) error { return nil }
	}
	st := *s.streams
	if r.merge[streamError] {
		st.Error = func(e *ErrorRecord) error { return out(e) }
	}
	text := func(class *Class) func(string) error {
		return func(t string) error { return out(NewInstance(class, t)) }
	}
	if r.merge[streamWarning] {
		st.Warning = text(classWarning)
	}
	if r.merge[streamVerbose] {
		st.Verbose = text(classVerbose)
	}
	if r.merge[streamDebug] {
		st.Debug = text(classDebug)
	}
	if r.merge[streamInformation] {
		st.Information = func(v Value) error { return out(v) }
	}
	r.silence(&st)
	r.streams = &st
	return out
}

func (r *redirect) silence(st *Streams) {
	if r.discard[streamError] {
		st.Error = nil
	}
	if r.discard[streamWarning] {
		st.Warning = nil
	}
	if r.discard[streamVerbose] {
		st.Verbose = nil
	}
	if r.discard[streamDebug] {
		st.Debug = nil
	}
	if r.discard[streamInformation] {
		st.Information = nil
	}
}
