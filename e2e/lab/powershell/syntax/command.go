package syntax

import "strings"

// pipeline reads an assignment or a pipeline; nil when nothing of the kind stands here.
func (p *parser) pipeline() Stmt {
	start := p.peek().Start
	e := p.expression()
	if e != nil {
		saved := p.mode
		p.mode = modeExpression
		t := p.peek()
		p.mode = saved
		if t.kind == tAssign {
			return p.assignment(start, e)
		}
	}
	pl := &Pipeline{}
	for {
		el := p.pipelineElement(e, len(pl.Elements) > 0)
		if el == nil {
			if len(pl.Elements) == 0 && p.peek().kind != tPipe {
				return nil
			}
			p.failIncomplete(p.peek().Span, "EmptyPipeElement", "An empty pipe element is not allowed.")
		}
		pl.Elements = append(pl.Elements, el)
		if p.peek().kind != tPipe {
			break
		}
		p.next()
		p.skipNewlines()
		e = p.expression()
	}
	switch t := p.peek(); t.kind {
	case tAndAnd, tOrOr, tAmp:
		p.unexpected(t)
	}
	pl.Span = p.span(start)
	return pl
}

func (p *parser) assignment(start int, target Expr) Stmt {
	saved := p.mode
	p.mode = modeExpression
	op := p.next()
	p.mode = modeCommand
	p.checkTarget(target)
	p.skipNewlines()
	var value Stmt
	switch word := p.keyword(); word {
	case "if", "while", "do", "for", "foreach", "switch", "try":
		value = p.keywordStatement(word, "")
	default:
		if value = p.pipeline(); value == nil {
			p.failIncomplete(Span{op.End, op.End + 1}, "ExpectedValueExpression", "You must provide a value expression following the '%s' operator.", op.text)
		}
	}
	p.mode = saved
	return &Assign{Span: p.span(start), Op: op.text, Target: target, Value: value}
}

// checkTarget refuses what cannot be assigned to.
func (p *parser) checkTarget(e Expr) {
	switch e := e.(type) {
	case *Variable:
		if !e.Splat {
			return
		}
	case *Index:
		return
	case *Member:
		return
	case *Convert:
		p.checkTarget(e.Operand)
		return
	case *Attributed:
		p.checkTarget(e.Operand)
		return
	case *Array:
		for _, it := range e.Items {
			p.checkTarget(it)
		}
		return
	case *Paren:
		if pl, ok := e.Body.(*Pipeline); ok && len(pl.Elements) == 1 {
			if ce, ok := pl.Elements[0].(*CommandExpr); ok && len(ce.Redirections) == 0 {
				if a, ok := ce.Expr.(*Array); ok {
					p.checkTarget(a)
					return
				}
			}
		}
	}
	panic(&Error{ID: "InvalidLeftHandSide", Source: p.src, Span: e.Extent(),
		Message: "The assignment expression is not valid. The input to an assignment operator must be an object that is able to accept assignments, such as a variable or a property."})
}

// pipelineElement reads one command; e is the expression it begins with, if any.
func (p *parser) pipelineElement(e Expr, later bool) Node {
	if e == nil {
		if c := p.command(); c != nil {
			return c
		}
		return nil
	}
	if later {
		panic(&Error{ID: "ExpressionsMustBeFirstInPipeline", Source: p.src, Span: e.Extent(), Message: "Expressions are only allowed as the first element of a pipeline."})
	}
	ce := &CommandExpr{Expr: e}
	saved := p.mode
	p.mode = modeExpression
	for p.peek().kind == tRedirect {
		ce.Redirections = p.redirection(ce.Redirections, p.next())
	}
	p.mode = saved
	sp := e.Extent()
	if n := len(ce.Redirections); n > 0 {
		sp.End = ce.Redirections[n-1].End
	}
	ce.Span = sp
	return ce
}

// command reads a command with its arguments; nil when none begins here.
func (p *parser) command() *Command {
	saved, savedComma := p.mode, p.noComma
	p.resync()
	p.mode, p.noComma = modeCommand, false
	defer func() { p.resync(); p.mode, p.noComma = saved, savedComma }()
	first := p.peek()
	p.enter(first.Span)
	defer p.leave()
	c := &Command{}
	switch first.kind {
	case tDot:
		p.next()
		c.Invoke = '.'
	case tAmp:
		p.next()
		c.Invoke = '&'
	}
	end := first.End
	for p.commandElement(c) {
		end = p.lastTokenEnd()
	}
	if len(c.Elements) == 0 {
		if c.Invoke != 0 {
			p.fail(first.Span, "MissingExpression", "Missing expression after '%c' in pipeline element.", c.Invoke)
		}
		return nil
	}
	c.Span = p.report(Span{first.Start, end})
	return c
}

func (p *parser) lastTokenEnd() int {
	if p.hasUngot {
		return p.lastEnd()
	}
	return p.pos
}

// commandElement reads the next element, and tells false at the end of the command.
func (p *parser) commandElement(c *Command) bool {
	named := len(c.Elements) > 0
	switch t := p.peek(); t.kind {
	case tPipe, tRCurly, tRParen, tEOF, tNewLine, tSemi, tAndAnd, tOrOr, tAmp:
		return false
	case tRedirectIn:
		p.unexpected(t)
	case tComma:
		p.fail(t.Span, "MissingArgument", "Missing argument in parameter list.")
	case tMinusMinus:
		p.next()
		c.Elements = append(c.Elements, &CommandParameter{Span: p.report(t.Span), Name: "--"})
	case tParameter:
		p.next()
		if !named || sawDashDash(c) {
			c.Elements = append(c.Elements, &String{Span: p.report(t.Span), Value: p.text[t.Start:t.End], Bare: true})
			return true
		}
		c.Elements = append(c.Elements, p.commandParameter(t))
	case tRedirect:
		p.next()
		if !named {
			p.fail(t.Span, "MissingExpression", "Missing expression after '%s' in pipeline element.", p.text[t.Start:t.End])
		}
		c.Redirections = p.redirection(c.Redirections, t)
	default:
		if t.kind == tGeneric && named && t.text == "--%" {
			p.unsupported(t.Span, "the stop-parsing token --%")
		}
		e := p.commandArgument(named)
		if e == nil {
			p.unexpected(t)
		}
		c.Elements = append(c.Elements, e)
	}
	return true
}

func sawDashDash(c *Command) bool {
	for _, e := range c.Elements {
		if cp, ok := e.(*CommandParameter); ok && cp.Name == "--" {
			return true
		}
	}
	return false
}

func (p *parser) commandParameter(t token) Node {
	cp := &CommandParameter{Span: p.report(t.Span), Name: t.text}
	if t.colon && p.peek().kind != tComma {
		if cp.Arg = p.commandArgument(true); cp.Arg == nil {
			p.fail(Span{t.End, t.End + 1}, "ParameterRequiresArgument", "Parameter -%s: requires an argument.", t.text)
		}
		cp.Span.End = cp.Arg.Extent().End
	}
	return cp
}

// commandArgument reads one argument in command mode, with list a whole comma
// list; nil when none stands here.
func (p *parser) commandArgument(list bool) Expr {
	saved := p.mode
	p.mode = modeCommand
	defer func() { p.mode = saved }()
	start := p.peek().Start
	e := p.singleArgument()
	if e == nil || !list || p.peek().kind != tComma {
		return e
	}
	a := &Array{Items: []Expr{e}}
	for p.peek().kind == tComma {
		p.next()
		p.skipNewlines()
		t := p.peek()
		if e = p.singleArgument(); e == nil {
			p.failIncomplete(t.Span, "MissingExpression", "Missing expression after ',' in pipeline element.")
		}
		a.Items = append(a.Items, e)
	}
	a.Span = Span{p.base + start, e.Extent().End}
	return a
}

func (p *parser) singleArgument() Expr {
	t := p.peek()
	switch t.kind {
	case tPipe, tRCurly, tRParen, tEOF, tNewLine, tSemi, tRedirect, tRedirectIn, tAndAnd, tOrOr, tAmp, tMinusMinus, tComma:
		return nil
	case tVariable, tSplat, tNumber, tString, tExpandable, tLParen, tDollarParen, tAtParen, tAtCurly, tLCurly:
		return p.primary(true)
	case tGeneric:
		p.next()
		if t.parts != nil {
			return &Expandable{Span: p.report(t.Span), Parts: t.parts, Bare: true}
		}
		return &String{Span: p.report(t.Span), Value: t.text, Bare: true}
	}
	p.next()
	return &String{Span: p.report(t.Span), Value: p.text[t.Start:t.End], Bare: true}
}

var streamNames = [...]string{"all", "output", "error", "warning", "verbose", "debug", "information"}

func (p *parser) redirection(list []Redirection, t token) []Redirection {
	r := t.redir
	if r.To == 2 || r.To == r.From && r.To != 0 {
		p.fail(t.Span, "RedirectionNotSupported", "The '%s' operator is reserved for future use.", p.text[t.Start:t.End])
	}
	for _, other := range list {
		if other.From == r.From {
			p.fail(t.Span, "StreamAlreadyRedirected", "The %s stream for this command is already redirected.", streamNames[r.From])
		}
	}
	r.Span = p.report(t.Span)
	if r.To == 0 {
		saved := p.mode
		p.mode = modeCommand
		if p.peek().kind != tComma {
			r.Target = p.singleArgument()
		}
		p.mode = saved
		if r.Target == nil {
			p.failIncomplete(Span{t.End, t.End + 1}, "MissingFileSpecification", "Missing file specification after redirection operator.")
		}
		r.Span.End = r.Target.Extent().End
	}
	return append(list, r)
}

// CommandName gives the name a command is called by, when it is written out.
func (c *Command) CommandName() (string, bool) {
	if s, ok := c.Elements[0].(*String); ok {
		return s.Value, true
	}
	return "", false
}

// IsKeyword tells whether a word begins or belongs to a statement.
func IsKeyword(word string) bool { return keywords[strings.ToLower(word)] }
