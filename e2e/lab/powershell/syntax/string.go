package syntax

import "strings"

// StringPart is a piece of an expandable string: text, or an expression whose
// value stands in its place.
type StringPart struct {
	Text string
	Expr Expr // nil for text
}

// partsBuilder gathers the pieces of an expandable string.
type partsBuilder struct {
	text  strings.Builder
	parts []StringPart
}

func (b *partsBuilder) flush() {
	if b.text.Len() > 0 {
		b.parts = append(b.parts, StringPart{Text: b.text.String()})
		b.text.Reset()
	}
}

func (b *partsBuilder) append(parts []StringPart) {
	for _, part := range parts {
		if part.Expr == nil {
			b.text.WriteString(part.Text)
			continue
		}
		b.flush()
		b.parts = append(b.parts, part)
	}
}

func (b *partsBuilder) done() []StringPart {
	b.flush()
	return b.parts
}

// verbatim reads a single-quoted string whose opening quote, at start, is behind.
func (p *parser) verbatim(sb *strings.Builder, start int) {
	for {
		at := p.pos
		c := p.char()
		if c == eof {
			p.failIncomplete(Span{start, at}, "TerminatorExpectedAtEndOfString", "The string is missing the terminator: '.")
		}
		if IsSingleQuote(c) {
			if !IsSingleQuote(p.peekChar()) {
				return
			}
			at = p.pos // of two quotes the second one counts
		}
		p.pos = at
		p.take(sb)
	}
}

// expandable reads a double-quoted string whose opening quote, at start, is behind.
func (p *parser) expandable(start int) []StringPart {
	b := partsBuilder{}
	for {
		at := p.pos
		c := p.char()
		switch {
		case c == eof:
			p.failIncomplete(Span{start, at}, "TerminatorExpectedAtEndOfString", `The string is missing the terminator: ".`)
		case IsDoubleQuote(c):
			if !IsDoubleQuote(p.peekChar()) {
				return b.done()
			}
			p.take(&b.text)
		case c == '$' && p.expansion(&b, false):
		case c == '`' && p.peekChar() != eof && p.peekChar() != 0:
			p.escaped(&b.text)
		default:
			p.pos = at
			p.take(&b.text)
		}
	}
}

// escaped writes what the character after a backtick stands for.
func (p *parser) escaped(sb *strings.Builder) {
	c := p.peekChar()
	if e := backtick(c); e != c {
		p.char()
		sb.WriteRune(e)
		return
	}
	p.take(sb)
}

// expansion reads what follows a dollar sign in an expandable string. It tells
// false, and reads nothing, when the dollar is an ordinary character.
func (p *parser) expansion(b *partsBuilder, here bool) bool {
	start := p.pos - 1
	c := p.peekChar()
	var e Expr
	switch {
	case c == '(':
		p.char()
		e = p.stringSubExpression(start, here)
	case c == '{' || isVariableStart(c):
		saved := p.mode
		p.mode = modeExpression
		p.inString = true
		t := p.scanVariable(start, false)
		p.inString = false
		p.mode = saved
		e = &Variable{Span: p.report(t.Span), Path: t.path}
	default:
		return false
	}
	b.flush()
	b.parts = append(b.parts, StringPart{Expr: e})
	return true
}

// stringSubExpression reads $( ) inside a string the way PowerShell does: the
// text up to the matching parenthesis is taken without regard to quotes, with
// doubled double quotes made single, and then parsed by itself.
func (p *parser) stringSubExpression(start int, here bool) Expr {
	var sb strings.Builder
	body := p.pos
	for depth := 1; ; {
		at := p.pos
		c := p.char()
		switch {
		case c == eof:
			p.failIncomplete(Span{start, at}, "IncompleteDollarSubexpressionReference", "$(subexpression) is missing the closing ')'.")
		case c == '(':
			depth++
		case c == ')':
			depth--
		case (c == '`' || IsDoubleQuote(c)) && !here && IsDoubleQuote(p.peekChar()):
			at = p.pos
		}
		if depth == 0 {
			break
		}
		p.pos = at
		p.take(&sb)
	}
	inner := &parser{src: p.src, text: sb.String(), base: p.base + body, depth: p.depth}
	inner.enter(Span{0, len(inner.text)})
	block := inner.statements()
	if t := inner.peek(); t.kind != tEOF {
		inner.unexpected(t)
	}
	return &SubExpr{Span: p.report(Span{start, p.pos}), Block: block}
}

// hereString reads a here-string whose header is behind.
func (p *parser) hereString(start int, expand bool) token {
	quote, name := IsSingleQuote, "'@"
	if expand {
		quote, name = IsDoubleQuote, `"@`
	}
	for IsWhitespace(p.peekChar()) {
		p.char()
	}
	missing := func() {
		p.failIncomplete(Span{start, len(p.text)}, "TerminatorExpectedAtEndOfString", "The string is missing the terminator: %s.", name)
	}
	switch c := p.peekChar(); {
	case c == eof:
		missing()
	case !isNewline(c):
		p.fail(Span{p.pos, p.pos + 1}, "UnexpectedCharactersAfterHereStringHeader", "No characters are allowed after a here-string header but before the end of the line.")
	}
	p.newline()
	b := partsBuilder{}
	for first := true; ; first = false {
		if p.footer(quote) {
			break
		}
		if !first { // the line end before the footer is no part of the string
			b.text.WriteString(p.text[p.pos-p.lastNewline : p.pos])
		}
		for c := p.peekChar(); !isNewline(c); c = p.peekChar() {
			at := p.pos
			switch {
			case c == eof:
				missing()
			case expand && c == '$':
				p.char()
				if !p.expansion(&b, true) {
					b.text.WriteByte('$')
				}
			case expand && c == '`':
				p.char()
				if n := p.peekChar(); n == eof || n == 0 {
					b.text.WriteByte('`')
				} else {
					p.escaped(&b.text)
				}
			default:
				p.pos = at
				p.take(&b.text)
			}
		}
		p.newline()
	}
	t := token{Span: Span{start, p.pos}, kind: tExpandable, parts: b.done()}
	if !expand {
		t.kind = tString
		if len(t.parts) > 0 {
			t.text = t.parts[0].Text
		}
	}
	return t
}

// newline steps over a line end and remembers how many bytes it had.
func (p *parser) newline() {
	start := p.pos
	if p.char() == '\r' && p.peekChar() == '\n' {
		p.char()
	}
	p.lastNewline = p.pos - start
}

// footer steps over the end of a here-string, if that stands here.
func (p *parser) footer(quote func(rune) bool) bool {
	save := p.pos
	if quote(p.char()) && p.peekChar() == '@' {
		p.char()
		return true
	}
	p.pos = save
	return false
}
