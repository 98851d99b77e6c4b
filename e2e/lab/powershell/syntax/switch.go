package syntax

import "strings"

// switchStatement reads switch with its flags and clauses.
func (p *parser) switchStatement(label string) Stmt {
	t := p.takeKeyword()
	s := &Switch{Label: label}
	p.mode = modeCommand
	for p.skipNewlines(); p.peek().kind == tParameter; p.skipNewlines() {
		flag := p.next()
		p.switchFlag(s, flag)
	}
	s.Over = p.condition("switch", openAfterWord, openAfterWordTxt)
	p.skipNewlines()
	open := p.next()
	if open.kind != tLCurly {
		p.failIncomplete(open.Span, "MissingCurlyBraceInSwitchStatement", "Missing '{' in switch statement.")
	}
	for {
		p.skipSeparators()
		if n := p.peek(); n.kind == tRCurly {
			p.next()
			break
		} else if n.kind == tEOF {
			p.failIncomplete(open.Span, "MissingEndCurlyBrace", "Missing closing '}' in statement block or type definition.")
		}
		p.switchClause(s)
	}
	s.Span = p.report(Span{t.Start, p.pos})
	return s
}

func (p *parser) switchFlag(s *Switch, flag token) {
	name := strings.ToLower(flag.text)
	is := func(full string) bool { return name != "" && strings.HasPrefix(full, name) }
	switch {
	case is("regex"):
		s.Mode = "regex"
	case is("wildcard"):
		s.Mode = "wildcard"
	case is("exact"):
		s.Mode = "exact"
	case is("casesensitive"):
		s.CaseSensitive = true
	case is("file"), is("parallel"):
		p.unsupported(flag.Span, "switch -"+flag.text)
	default:
		p.fail(flag.Span, "InvalidSwitchFlag", "The parameter %s is not valid for the switch statement.", flag.text)
	}
}

func (p *parser) switchClause(s *Switch) {
	n := p.peek()
	p.mode = modeCommand
	isDefault := n.kind == tIdentifier && strings.EqualFold(n.text, "default")
	cond := p.commandArgument(false)
	if cond == nil {
		p.failIncomplete(n.Span, "MissingSwitchConditionExpression", "Missing condition in switch statement clause.")
	}
	p.skipNewlines()
	if p.peek().kind != tLCurly {
		p.failIncomplete(n.Span, "MissingSwitchStatementClause", "Missing statement block in switch statement clause.")
	}
	body := p.block()
	if !isDefault {
		s.Clauses = append(s.Clauses, SwitchClause{cond, body})
		return
	}
	if s.Default != nil {
		p.fail(n.Span, "MultipleSwitchDefaultClauses", "A switch statement can have only one default clause.")
	}
	s.Default = body
}
