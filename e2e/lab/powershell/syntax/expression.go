package syntax

import "strings"

// expression reads an expression; nil when none begins here.
func (p *parser) expression() Expr {
	saved := p.mode
	p.mode = modeExpression
	defer func() { p.mode = saved }()
	p.enter(Span{p.pos, p.pos + 1})
	defer p.leave()
	left := p.arrayLiteral()
	if left == nil {
		return nil
	}
	operands := []Expr{left}
	var ops []token
	reduce := func() {
		n := len(operands)
		op := ops[len(ops)-1]
		l, r := operands[n-2], operands[n-1]
		b := &Binary{Span: Span{l.Extent().Start, r.Extent().End}, Op: op.op.name, CaseSensitive: op.op.caseSensitive, Left: l, Right: r, OpSpan: p.report(op.Span)}
		operands, ops = append(operands[:n-2], b), ops[:len(ops)-1]
	}
	for {
		t := p.peek()
		if t.kind == tParameter {
			p.unexpected(t)
		}
		if t.kind != tOp || t.op.precedence == 0 {
			break
		}
		p.next()
		for len(ops) > 0 && t.op.precedence <= ops[len(ops)-1].op.precedence {
			reduce()
		}
		p.skipNewlines()
		right := p.arrayLiteral()
		if right == nil {
			p.failIncomplete(Span{t.End, t.End + 1}, "ExpectedValueExpression", "You must provide a value expression following the '%s' operator.", p.text[t.Start:t.End])
		}
		operands, ops = append(operands, right), append(ops, t)
	}
	for len(ops) > 0 {
		reduce()
	}
	return operands[0]
}

func (p *parser) arrayLiteral() Expr {
	e := p.unary()
	if e == nil || p.noComma || p.peek().kind != tComma {
		return e
	}
	a := &Array{Items: []Expr{e}}
	for p.peek().kind == tComma {
		comma := p.next()
		p.skipNewlines()
		if e = p.unary(); e == nil {
			p.failIncomplete(Span{comma.End, comma.End + 1}, "MissingExpressionAfterToken", "Missing expression after ','.")
		}
		a.Items = append(a.Items, e)
	}
	a.Span = Span{a.Items[0].Extent().Start, e.Extent().End}
	return a
}

func (p *parser) unary() Expr {
	if p.hasUngot && p.ungot.kind == tOp && (p.ungot.op.name == "-" || p.ungot.op.name == "+") {
		p.resync()
	}
	p.signed = true
	t := p.peek()
	p.signed = false
	p.enter(t.Span)
	defer p.leave()
	var e Expr
	switch {
	case t.kind == tComma && p.noComma:
		return nil
	case t.kind == tComma || t.kind == tOp && t.op.unary || t.kind == tPlusPlus || t.kind == tMinusMinus:
		e = p.prefixed()
	case t.kind == tLBracket:
		e = p.bracketed()
	default:
		e = p.primary(true)
	}
	if e == nil {
		return nil
	}
	if n := p.peek(); n.kind == tPlusPlus || n.kind == tMinusMinus {
		p.next()
		p.checkTarget(e)
		e = &Unary{Span: Span{e.Extent().Start, p.report(n.Span).End}, Op: n.text, Operand: e, Postfix: true}
	}
	return e
}

func (p *parser) prefixed() Expr {
	p.signed = true
	t := p.next()
	p.signed = false
	p.skipNewlines()
	operand := p.unary()
	if operand == nil {
		p.failIncomplete(Span{t.End, t.End + 1}, "MissingExpressionAfterOperator", "Missing expression after unary operator '%s'.", p.text[t.Start:t.End])
	}
	sp := Span{p.report(t.Span).Start, operand.Extent().End}
	switch t.kind {
	case tComma:
		return &Array{Span: sp, Items: []Expr{operand}}
	case tPlusPlus, tMinusMinus:
		p.checkTarget(operand)
		return &Unary{Span: sp, Op: t.text, Operand: operand}
	}
	op := t.op.name
	if t.op.caseSensitive {
		op = "c" + op
	}
	return &Unary{Span: sp, Op: op, Operand: operand}
}

// bracketed reads what begins with [ : a type, a cast or an attributed expression.
func (p *parser) bracketed() Expr {
	open := p.next()
	a := p.attribute(open.Start)
	if a.Called {
		p.skipNewlines()
		operand := p.unary()
		if operand == nil {
			p.failIncomplete(Span{open.Start, p.pos}, "UnexpectedAttribute", "Unexpected attribute '%s'.", a.Type)
		}
		return &Attributed{Span: Span{a.Start, operand.Extent().End}, Attribute: a, Operand: operand}
	}
	if p.atMember() && p.peekChar() != '[' {
		return p.postfix(&TypeExpr{Span: a.Span, Type: a.Type})
	}
	if k := p.peek().kind; k != tNewLine && k != tComma {
		if operand := p.unary(); operand != nil {
			return &Convert{Span: Span{a.Start, operand.Extent().End}, Type: a.Type, Operand: operand}
		}
	}
	return &TypeExpr{Span: a.Span, Type: a.Type}
}

// primary reads an operand; nil when none stands here.
func (p *parser) primary(members bool) Expr {
	p.signed = p.mode == modeExpression
	t := p.next()
	p.signed = false
	sp := p.report(t.Span)
	var e Expr
	switch t.kind {
	case tVariable, tSplat:
		if t.path.Scope == "using" {
			p.unsupported(t.Span, "$using: variables")
		}
		e = &Variable{Span: sp, Path: t.path, Splat: t.kind == tSplat}
	case tNumber:
		e = &Constant{Span: sp, Value: t.value}
	case tString:
		e = &String{Span: sp, Value: t.text}
	case tExpandable:
		e = expandableOrString(sp, t.parts)
	case tLParen:
		e = p.paren(t)
	case tDollarParen, tAtParen:
		e = p.subExpression(t)
	case tAtCurly:
		e = p.hash(t)
	case tLCurly:
		block := p.scriptBlockBody(t.Start, false)
		p.closeCurly(t)
		block.Span = p.report(Span{t.Start, p.pos})
		e = &BlockExpr{Span: block.Span, Block: block}
	default:
		p.unget(t)
		return nil
	}
	if !members {
		return e
	}
	return p.postfix(e)
}

func expandableOrString(sp Span, parts []StringPart) Expr {
	if len(parts) == 0 {
		return &String{Span: sp}
	}
	if len(parts) == 1 && parts[0].Expr == nil {
		return &String{Span: sp, Value: parts[0].Text}
	}
	return &Expandable{Span: sp, Parts: parts}
}

// inner runs a read with commas allowed and newlines to be skipped by it.
func (p *parser) inner(read func()) {
	saved, savedComma := p.mode, p.noComma
	p.noComma = false
	read()
	p.mode, p.noComma = saved, savedComma
}

func (p *parser) paren(open token) Expr {
	var e Expr
	p.inner(func() {
		p.mode = modeCommand
		p.skipNewlines()
		body := p.pipeline()
		if body == nil {
			p.failIncomplete(Span{open.End, open.End + 1}, "ExpectedExpression", "An expression was expected after '('.")
		}
		p.skipNewlines()
		t := p.next()
		if t.kind != tRParen {
			p.failIncomplete(Span{t.Start, max(t.End, t.Start+1)}, "MissingEndParenthesisInExpression", "Missing closing ')' in expression.")
		}
		e = &Paren{Span: p.report(Span{open.Start, t.End}), Body: body}
	})
	return e
}

func (p *parser) subExpression(open token) Expr {
	var e Expr
	p.inner(func() {
		p.mode = modeCommand
		block := p.statements()
		p.skipNewlines()
		t := p.next()
		if t.kind != tRParen {
			p.failIncomplete(Span{t.Start, max(t.End, t.Start+1)}, "MissingEndParenthesisInSubexpression", "Missing closing ')' in subexpression.")
		}
		sp := p.report(Span{open.Start, t.End})
		if open.kind == tAtParen {
			e = &ArrayExpr{Span: sp, Block: block}
		} else {
			e = &SubExpr{Span: sp, Block: block}
		}
	})
	return e
}

func (p *parser) hash(open token) Expr {
	h := &Hash{}
	p.inner(func() {
		for {
			p.mode = modeExpression
			p.skipSeparators()
			t := p.peek()
			if t.kind == tRCurly {
				p.next()
				break
			}
			key := p.hashKey()
			if key == nil {
				p.failIncomplete(open.Span, "IncompleteHashLiteral", "The hash literal was incomplete.")
			}
			h.Pairs = append(h.Pairs, HashPair{key, p.hashValue(key)})
			switch t := p.peek(); t.kind {
			case tSemi, tNewLine, tRCurly:
			default:
				p.failIncomplete(t.Span, "IncompleteHashLiteral", "The hash literal was incomplete.")
			}
		}
	})
	p.duplicateKeys(h)
	h.Span = p.report(Span{open.Start, p.pos})
	return h
}

func (p *parser) hashKey() Expr {
	t := p.peek()
	if t.kind == tIdentifier {
		p.next()
		return &String{Span: p.report(t.Span), Value: t.text, Bare: true}
	}
	saved := p.noComma
	p.noComma = true
	defer func() { p.noComma = saved }()
	if t.kind == tOp || t.kind == tLBracket {
		return p.unary()
	}
	return p.primary(true)
}

func (p *parser) hashValue(key Expr) Stmt {
	p.skipNewlines()
	t := p.next()
	if t.kind != tAssign || t.text != "=" {
		p.failIncomplete(Span{t.Start, max(t.End, t.Start+1)}, "MissingEqualsInHashLiteral", "Missing '=' operator after key in hash literal.")
	}
	p.mode = modeCommand
	p.skipNewlines()
	switch word := p.keyword(); word {
	case "if", "while", "do", "for", "foreach", "switch", "try":
		return p.keywordStatement(word, "")
	}
	v := p.pipeline()
	if v == nil {
		p.failIncomplete(Span{t.End, t.End + 1}, "MissingStatementInHashLiteral", "Missing statement after '=' in hash literal.")
	}
	return v
}

// duplicateKeys refuses literal keys that are there twice.
func (p *parser) duplicateKeys(h *Hash) {
	seen := map[string]bool{}
	for _, pair := range h.Pairs {
		s, ok := pair.Key.(*String)
		if !ok {
			continue
		}
		k := strings.ToLower(s.Value)
		if seen[k] {
			panic(&Error{ID: "DuplicateKeyInHashLiteral", Source: p.src, Span: s.Span, Message: "Duplicate keys '" + s.Value + "' are not allowed in hash literals."})
		}
		seen[k] = true
	}
}

// atMember tells whether a member access follows without white space.
func (p *parser) atMember() bool {
	if p.hasUngot {
		return false
	}
	switch p.peekChar() {
	case '[':
		return true
	case '.':
		rest := p.text[p.pos+1:]
		return !strings.HasPrefix(rest, ".")
	case ':':
		return strings.HasPrefix(p.text[p.pos:], "::")
	}
	return false
}

// postfix reads the member accesses, calls and indexes behind an operand.
func (p *parser) postfix(e Expr) Expr {
	for n := 0; p.atMember(); n++ {
		if n > MaxDepth {
			p.fail(Span{p.pos, p.pos + 1}, "ScriptTooComplicated", "The expression has more than %d member accesses.", MaxDepth)
		}
		switch p.char() {
		case '[':
			e = p.index(e)
		case ':':
			p.char()
			e = p.member(e, true)
		default:
			if p.mode == modeCommand && forceNewToken(p.peekChar()) { // a dot that ends an argument
				p.pos--
				return e
			}
			e = p.member(e, false)
		}
	}
	return e
}

func (p *parser) index(target Expr) Expr {
	open := p.pos - 1
	var e Expr
	p.inner(func() {
		p.mode = modeExpression
		p.skipNewlines()
		i := p.expression()
		if i == nil {
			p.failIncomplete(Span{open + 1, open + 2}, "MissingArrayIndexExpression", "Array index expression is missing or not valid.")
		}
		p.skipNewlines()
		if t := p.next(); t.kind != tRBracket {
			p.failIncomplete(Span{t.Start, max(t.End, t.Start+1)}, "MissingEndSquareBracket", "Missing ']' after array index expression.")
		}
		e = &Index{Span: Span{target.Extent().Start, p.base + p.pos}, Target: target, Index: i}
	})
	return e
}

func (p *parser) member(target Expr, static bool) Expr {
	op := p.pos
	p.skipTypeBlank()
	name := p.memberName()
	if name == nil {
		p.failIncomplete(Span{op, op + 1}, "MissingPropertyName", "Missing property name after reference operator.")
	}
	start := target.Extent().Start
	if p.hasUngot || p.peekChar() != '(' && p.peekChar() != '{' {
		return &Member{Span: Span{start, name.Extent().End}, Target: target, Name: name, Static: static}
	}
	inv := &Invoke{Target: target, Name: name, Static: static}
	if p.peekChar() == '{' {
		saved := p.mode
		p.mode = modeExpression
		inv.Args = []Expr{p.primary(false)}
		p.mode = saved
	} else {
		p.char()
		inv.Args = p.arguments()
	}
	inv.Span = Span{start, p.base + p.pos}
	return inv
}

func (p *parser) memberName() Expr {
	start := p.pos
	if isIdentifierStart(p.peekChar()) {
		for isIdentifierFollow(p.peekChar()) {
			p.char()
		}
		return &String{Span: p.report(Span{start, p.pos}), Value: p.text[start:p.pos], Bare: true}
	}
	saved := p.mode
	p.mode = modeExpression
	defer func() { p.mode = saved }()
	e := p.primary(false)
	if e == nil {
		p.resync()
	}
	return e
}

// arguments reads method arguments up to and with the closing parenthesis.
func (p *parser) arguments() []Expr {
	open := p.pos - 1
	saved, savedComma := p.mode, p.noComma
	p.mode, p.noComma = modeExpression, true
	defer func() { p.mode, p.noComma = saved, savedComma }()
	var args []Expr
	for {
		p.skipNewlines()
		if p.peek().kind == tRParen && len(args) == 0 {
			p.next()
			return args
		}
		a := p.expression()
		if a == nil {
			t := p.peek()
			if len(args) > 0 {
				p.failIncomplete(t.Span, "MissingExpressionAfterToken", "Missing expression after ','.")
			}
			p.failIncomplete(Span{open, open + 1}, "MissingEndParenthesisInMethodCall", "Missing ')' in method call.")
		}
		args = append(args, a)
		p.skipNewlines()
		switch t := p.next(); t.kind {
		case tComma:
		case tRParen:
			return args
		default:
			p.failIncomplete(Span{t.Start, max(t.End, t.Start+1)}, "MissingEndParenthesisInMethodCall", "Missing ')' in method call.")
		}
	}
}
