package syntax

import "strings"

// attribute reads what follows the opening bracket at start: an attribute with
// arguments, or a type.
func (p *parser) attribute(start int) *Attribute {
	t := p.typeName(true)
	a := &Attribute{Type: t}
	p.resync()
	p.skipTypeBlank()
	if p.peekChar() == '(' {
		p.char()
		a.Called = true
		p.attributeArguments(a)
		p.resync()
		p.skipTypeBlank()
	}
	if p.char() != ']' {
		p.fail(Span{start, p.pos}, "EndSquareBracketExpectedAtEndOfAttribute", "Missing ] at end of attribute or type literal.")
	}
	a.Span = p.report(Span{start, p.pos})
	t.Span = a.Span
	return a
}

// attributeArguments reads up to and with the closing parenthesis.
func (p *parser) attributeArguments(a *Attribute) {
	saved, savedComma := p.mode, p.noComma
	p.mode, p.noComma = modeExpression, true
	defer func() { p.resync(); p.mode, p.noComma = saved, savedComma }()
	for {
		p.skipNewlines()
		t := p.next()
		if t.kind == tRParen {
			return
		}
		if t.kind == tIdentifier {
			n := NamedArgument{Name: t.text}
			p.skipNewlines()
			if e := p.peek(); e.kind == tAssign && e.text == "=" {
				p.next()
				p.skipNewlines()
				if n.Value = p.expression(); n.Value == nil {
					p.fail(p.peek().Span, "MissingExpressionInNamedArgument", "Missing statement after '=' in named argument.")
				}
			}
			a.Named = append(a.Named, n)
		} else {
			p.unget(t)
			e := p.expression()
			if e == nil {
				p.fail(t.Span, "MissingExpressionAfterToken", "Missing expression after '('.")
			}
			a.Positional = append(a.Positional, e)
		}
		p.skipNewlines()
		switch t := p.next(); t.kind {
		case tComma:
		case tRParen:
			return
		default:
			p.failIncomplete(t.Span, "MissingEndParenthesisInExpression", "Missing closing ')' in expression.")
		}
	}
}

func (p *parser) skipTypeBlank() {
	for {
		p.skipBlank()
		if !isNewline(p.peekChar()) {
			return
		}
		p.char()
	}
}

// typeName reads a type's name with generic arguments and array brackets, but
// not the bracket that closes it.
func (p *parser) typeName(outer bool) *TypeName {
	p.enter(Span{p.pos, p.pos + 1})
	defer p.leave()
	p.resync()
	p.skipTypeBlank()
	start := p.pos
	for {
		c := p.peekChar()
		if isIdentifierFollow(c) || c == '.' || c == '`' || c == '+' || c == '\\' || c == '$' {
			p.char()
			continue
		}
		break
	}
	name := p.text[start:p.pos]
	if name == "" {
		p.failIncomplete(Span{start, start + 1}, "MissingTypename", "Missing type name after '['.")
	}
	t := &TypeName{Name: strings.TrimSuffix(name, "`1")}
	t.Span = p.report(Span{start, p.pos})
	p.typeSuffix(t)
	if p.skipTypeBlank(); outer && p.peekChar() == ',' {
		p.unsupported(Span{start, p.pos}, "assembly-qualified type names")
	}
	return t
}

// typeSuffix reads [] and [argument, ...].
func (p *parser) typeSuffix(t *TypeName) {
	for p.peekChar() == '[' {
		open := p.pos
		p.char()
		p.skipTypeBlank()
		switch p.peekChar() {
		case ']':
			p.char()
			t.Ranks++
			continue
		case ',':
			p.unsupported(Span{open, p.pos}, "arrays of more than one dimension")
		}
		if t.Ranks > 0 || len(t.Args) > 0 {
			p.fail(Span{open, p.pos}, "UnexpectedToken", "Unexpected token '[' in expression or statement.")
		}
		for {
			bracketed := p.peekChar() == '['
			if bracketed {
				p.char()
			}
			t.Args = append(t.Args, p.typeName(false))
			p.skipTypeBlank()
			if bracketed {
				p.closeType(open)
				p.skipTypeBlank()
			}
			if p.peekChar() != ',' {
				break
			}
			p.char()
			p.skipTypeBlank()
		}
		p.closeType(open)
	}
}

func (p *parser) closeType(open int) {
	if p.char() != ']' {
		p.failIncomplete(Span{open, p.pos}, "EndSquareBracketExpectedAtEndOfType", "Missing ] at end of type token.")
	}
}

// String gives the type as it is written.
func (t *TypeName) String() string {
	s := t.Name
	if len(t.Args) > 0 {
		args := make([]string, len(t.Args))
		for i, a := range t.Args {
			args[i] = a.String()
		}
		s += "[" + strings.Join(args, ",") + "]"
	}
	return s + strings.Repeat("[]", t.Ranks)
}
