package syntax

import "strings"

// keywords that begin a statement or belong to one.
var keywords = func() map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(`begin break catch class continue data define do dynamicparam else elseif end enum
		exit filter finally for foreach from function if in param process return switch throw trap try until using var while
		workflow parallel sequence inlinescript configuration`) {
		m[w] = true
	}
	return m
}()

// statements reads statements up to }, ) or the end.
func (p *parser) statements() *Block {
	saved := p.mode
	p.mode = modeCommand
	defer func() { p.resync(); p.mode = saved }()
	b := &Block{}
	p.skipSeparators()
	start := p.peek().Start
	for {
		p.skipSeparators()
		switch p.peek().kind {
		case tEOF, tRCurly, tRParen:
			b.Span = p.span(start)
			return b
		}
		b.Stmts = append(b.Stmts, p.statement())
	}
}

// statement reads one statement and, when it is a pipeline, checks its end.
func (p *parser) statement() Stmt {
	t := p.peek()
	p.enter(t.Span)
	defer p.leave()
	if t.kind == tLabel {
		return p.labeled()
	}
	if word := p.keyword(); word != "" {
		if s := p.keywordStatement(word, ""); s != nil {
			return s
		}
	}
	s := p.pipeline()
	if s == nil {
		p.unexpected(p.peek())
	}
	p.endOfStatement()
	return s
}

func (p *parser) endOfStatement() {
	switch t := p.peek(); t.kind {
	case tSemi, tNewLine, tRParen, tRCurly, tEOF:
	default:
		p.unexpected(t)
	}
}

func (p *parser) labeled() Stmt {
	l := p.next()
	p.skipNewlines()
	switch word := p.keyword(); word {
	case "for", "foreach", "while", "do", "switch":
		return p.keywordStatement(word, l.text)
	}
	p.fail(l.Span, "MissingStatementAfterLabel", "Missing statement body after label ':%s'.", l.text)
	return nil
}

func (p *parser) keywordStatement(word, label string) Stmt {
	switch word {
	case "if":
		return p.ifStatement()
	case "while":
		return p.whileStatement(label)
	case "do":
		return p.doStatement(label)
	case "for":
		return p.forStatement(label)
	case "foreach":
		return p.foreachStatement(label)
	case "switch":
		return p.switchStatement(label)
	case "try":
		return p.tryStatement()
	case "function", "filter":
		return p.function()
	case "break", "continue", "return", "throw", "exit":
		return p.flow(word)
	case "class", "enum", "using", "data", "trap", "workflow", "parallel", "sequence", "inlinescript", "configuration", "dynamicparam":
		if p.startsDeclaration(word) {
			p.unsupported(p.peek().Span, "the keyword '"+word+"'")
		}
		return nil
	case "from", "define", "var":
		p.fail(p.peek().Span, "ReservedKeywordNotAllowed", "The '%s' keyword is not supported in this version of the language.", word)
	case "param":
		return nil // the name of a command, as PowerShell takes it here
	case "begin", "process", "end":
		p.fail(p.peek().Span, "UnexpectedToken", "Unexpected token '%s' in expression or statement.", p.peek().text)
	case "catch", "finally", "else", "elseif", "in", "until":
		return nil // likewise
	}
	return nil
}

// startsDeclaration tells whether a word that is a keyword only in front of a
// name or a block has such a thing behind it.
func (p *parser) startsDeclaration(word string) bool {
	switch word {
	case "parallel", "sequence", "inlinescript", "configuration", "workflow", "data":
		save := p.peek()
		p.takeKeyword()
		k := p.peek().kind
		p.pos, p.hasUngot = save.Start, false
		return k == tLCurly || k == tIdentifier || k == tGeneric
	}
	return true
}

// condition reads ( pipeline ) of if, while, do and switch.
func (p *parser) condition(word, missingOpen, openText string) Stmt {
	p.skipNewlines()
	open := p.next()
	if open.kind != tLParen {
		p.failIncomplete(open.Span, missingOpen, openText, word)
	}
	saved, savedComma := p.mode, p.noComma
	p.mode, p.noComma = modeCommand, false
	p.skipNewlines()
	s := p.pipeline()
	if s == nil {
		p.failIncomplete(open.Span, "IfStatementMissingCondition", "Missing condition in %s statement after '%s ('.", word, word)
	}
	p.skipNewlines()
	if t := p.next(); t.kind != tRParen {
		p.failIncomplete(Span{t.Start, max(t.Start+1, t.End)}, "MissingEndParenthesisAfterStatement", "Missing closing ')' after expression in '%s' statement.", word)
	}
	p.mode, p.noComma = saved, savedComma
	return s
}

const (
	openAfterIf      = "MissingOpenParenthesisInIfStatement"
	openAfterIfText  = "Missing '(' after '%s' in if statement."
	openAfterWord    = "MissingOpenParenthesisAfterKeyword"
	openAfterWordTxt = "Missing opening '(' after keyword '%s'."
)

// body reads the block of a statement.
func (p *parser) body(id, text string) *Block {
	p.skipNewlines()
	if t := p.peek(); t.kind != tLCurly {
		p.failIncomplete(t.Span, id, "%s", text)
	}
	return p.block()
}

func (p *parser) ifStatement() Stmt {
	t := p.takeKeyword()
	s := &If{}
	for word := "if"; ; {
		cond := p.condition(word, openAfterIf, openAfterIfText)
		s.Clauses = append(s.Clauses, IfClause{cond, p.body("MissingStatementBlock", "Missing statement block after "+word+" ( condition ).")})
		save := p.pos
		p.skipNewlines()
		next := p.keyword()
		if next != "elseif" && next != "else" {
			p.hasUngot, p.pos = false, save
			break
		}
		p.takeKeyword()
		if word = next; word == "else" {
			s.Else = p.body("MissingStatementBlockAfterElse", "Missing statement block after 'else' keyword.")
			break
		}
	}
	s.Span = p.report(Span{t.Start, p.pos})
	return s
}

func (p *parser) whileStatement(label string) Stmt {
	t := p.takeKeyword()
	s := &While{Label: label, Cond: p.condition("while", openAfterWord, openAfterWordTxt)}
	s.Body = p.body("MissingLoopStatement", "Missing statement body in while loop.")
	s.Span = p.report(Span{t.Start, p.pos})
	return s
}

func (p *parser) doStatement(label string) Stmt {
	t := p.takeKeyword()
	s := &Do{Label: label, Body: p.body("MissingLoopStatement", "Missing statement body in do loop.")}
	p.skipNewlines()
	word := p.keyword()
	if word != "while" && word != "until" {
		p.failIncomplete(p.peek().Span, "MissingWhileOrUntilInDoWhile", "Missing while or until keyword in do loop.")
	}
	p.takeKeyword()
	s.Until = word == "until"
	s.Cond = p.condition(word, openAfterWord, openAfterWordTxt)
	s.Span = p.report(Span{t.Start, p.pos})
	return s
}

func (p *parser) forStatement(label string) Stmt {
	t := p.takeKeyword()
	s := &For{Label: label}
	p.skipNewlines()
	open := p.next()
	if open.kind != tLParen {
		p.failIncomplete(open.Span, openAfterWord, openAfterWordTxt, "for")
	}
	for i, slot := range []*Stmt{&s.Init, &s.Cond, &s.Iter} {
		p.skipNewlines()
		if k := p.peek().kind; k != tSemi && k != tRParen {
			*slot = p.pipeline()
		}
		if k := p.peek().kind; i < 2 && (k == tSemi || k == tNewLine) {
			p.next()
		}
	}
	p.skipNewlines()
	if t := p.next(); t.kind != tRParen {
		p.failIncomplete(Span{t.Start, t.End}, "MissingEndParenthesisAfterStatement", "Missing closing ')' after expression in '%s' statement.", "for")
	}
	s.Body = p.body("MissingLoopStatement", "Missing statement body in for loop.")
	s.Span = p.report(Span{t.Start, p.pos})
	return s
}

const foreachForm = "\nThe correct form is: foreach ($a in $b) {...}"

func (p *parser) foreachStatement(label string) Stmt {
	t := p.takeKeyword()
	p.skipNewlines()
	if n := p.peek(); n.kind == tParameter {
		p.unsupported(n.Span, "parameters of the foreach statement")
	}
	open := p.next()
	if open.kind != tLParen {
		p.failIncomplete(open.Span, openAfterWord, openAfterWordTxt, "foreach")
	}
	p.skipNewlines()
	v := p.next()
	if v.kind != tVariable {
		p.failIncomplete(v.Span, "MissingVariableNameAfterForeach", "Missing variable name after foreach."+foreachForm)
	}
	p.skipNewlines()
	if p.keyword() != "in" {
		p.failIncomplete(p.peek().Span, "MissingInInForeach", "Missing 'in' after variable in foreach loop."+foreachForm)
	}
	p.takeKeyword()
	p.skipNewlines()
	s := &ForEach{Label: label, Var: &Variable{Span: p.report(v.Span), Path: v.path}, Over: p.pipeline()}
	if s.Over == nil {
		p.failIncomplete(p.peek().Span, "MissingForeachExpression", "Missing expression in foreach loop."+foreachForm)
	}
	p.skipNewlines()
	if t := p.next(); t.kind != tRParen {
		p.failIncomplete(t.Span, "MissingEndParenthesisAfterForeach", "Missing closing ')' after expression part of foreach loop."+foreachForm)
	}
	s.Body = p.body("MissingForeachStatement", "Missing statement body in foreach loop."+foreachForm)
	s.Span = p.report(Span{t.Start, p.pos})
	return s
}

func (p *parser) tryStatement() Stmt {
	t := p.takeKeyword()
	s := &Try{Body: p.body("MissingTryStatementBlock", "The Try statement is missing its statement block.")}
	for {
		save := p.pos
		p.skipNewlines()
		word := p.keyword()
		switch word {
		case "catch":
			if n := len(s.Catches); n > 0 && len(s.Catches[n-1].Types) == 0 {
				p.fail(p.peek().Span, "EmptyCatchNotLast", "Catch block must be the last catch block.")
			}
			s.Catches = append(s.Catches, p.catch())
			continue
		case "finally":
			p.takeKeyword()
			s.Finally = p.body("MissingFinallyStatementBlock", "The Finally block is missing its statement block.")
		default:
			p.hasUngot, p.pos = false, save
		}
		break
	}
	if len(s.Catches) == 0 && s.Finally == nil {
		p.failIncomplete(Span{p.pos, p.pos + 1}, "MissingCatchOrFinally", "The Try statement is missing its Catch or Finally block.")
	}
	s.Span = p.report(Span{t.Start, p.pos})
	return s
}

func (p *parser) catch() *Catch {
	t := p.takeKeyword()
	c := &Catch{}
	for {
		p.skipNewlines()
		p.resync()
		p.skipBlank()
		if p.peekChar() != '[' {
			break
		}
		start := p.pos
		p.char()
		c.Types = append(c.Types, p.attribute(start).Type)
		p.skipNewlines()
		if p.peek().kind == tComma {
			p.next()
		}
	}
	c.Body = p.body("MissingCatchHandlerBlock", "The Catch block is missing its statement block.")
	c.Span = p.report(Span{t.Start, p.pos})
	return c
}

func (p *parser) flow(word string) Stmt {
	t := p.takeKeyword()
	s := &Flow{Keyword: word}
	if word == "break" || word == "continue" {
		switch n := p.peek(); n.kind {
		case tIdentifier, tGeneric, tLabel:
			p.next()
			s.Label = &String{Span: p.report(n.Span), Value: n.text, Bare: true}
		case tVariable, tString, tExpandable, tLParen, tDollarParen:
			s.Label = p.primary(true)
		}
	} else {
		s.Value = p.pipeline()
	}
	s.Span = p.span(t.Start)
	p.endOfStatement()
	return s
}

func (p *parser) function() Stmt {
	t := p.takeKeyword()
	f := &Function{Filter: strings.EqualFold(t.text, "filter")}
	name := p.next()
	switch name.kind {
	case tIdentifier, tGeneric, tNumber, tOp, tParameter:
		f.Name = p.text[name.Start:name.End]
	default:
		p.failIncomplete(Span{t.Start, t.End}, "MissingNameAfterKeyword", "Missing name after %s keyword.", strings.ToLower(t.text))
	}
	if i := strings.IndexByte(f.Name, ':'); i >= 0 {
		switch strings.ToLower(f.Name[:i]) {
		case "global", "script", "local", "private":
		default:
			p.fail(name.Span, "InvalidFunctionName", "The function name '%s' is not valid.", f.Name)
		}
	}
	p.skipNewlines()
	var params []*Parameter
	if open := p.peek(); open.kind == tLParen {
		params = p.parameters()
		if params == nil {
			params = []*Parameter{}
		}
		p.skipNewlines()
	}
	open := p.next()
	if open.kind != tLCurly {
		p.failIncomplete(Span{t.Start, name.End}, "MissingFunctionBody", "Missing function body in function declaration.")
	}
	f.Body = p.scriptBlockBody(open.Start, f.Filter)
	p.closeCurly(open)
	f.Body.Span = p.report(Span{open.Start, p.pos})
	if params != nil {
		if f.Body.Param != nil && len(params) > 0 {
			p.fail(Span{t.Start, name.End}, "OnlyOneParameterListAllowed", "Only one parameter list is allowed in a function declaration.")
		}
		if f.Body.Param == nil {
			f.Body.Param = &ParamBlock{Span: p.report(name.Span), Params: params}
		}
	}
	f.Span = p.report(Span{t.Start, p.pos})
	return f
}
