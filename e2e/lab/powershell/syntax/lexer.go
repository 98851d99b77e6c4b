package syntax

import (
	"strings"
	"unicode/utf8"
)

// mode is what the scanner takes a run of characters for.
type mode uint8

const (
	modeExpression mode = iota
	modeCommand
)

// next takes the next token in the present mode.
func (p *parser) next() token {
	if p.hasUngot {
		p.hasUngot = false
		if p.ungotMode == p.mode {
			p.pos = p.ungot.End
			return p.ungot
		}
		p.pos = p.ungot.Start
	}
	return p.scan()
}

// peek looks at the next token in the present mode.
func (p *parser) peek() token {
	t := p.next()
	p.unget(t)
	return t
}

// unget puts a token back; it is scanned again if the mode changes.
func (p *parser) unget(t token) { p.ungot, p.ungotMode, p.hasUngot = t, p.mode, true }

// resync forgets a token that was put back, so that the scanner stands before it.
func (p *parser) resync() {
	if p.hasUngot {
		p.pos, p.hasUngot = p.ungot.Start, false
	}
}

func (p *parser) char() rune {
	if p.pos >= len(p.text) {
		return eof
	}
	c, n := p.decode(p.pos)
	p.pos += n
	return c
}

func (p *parser) peekChar() rune {
	if p.pos >= len(p.text) {
		return eof
	}
	c, _ := p.decode(p.pos)
	return c
}

func (p *parser) decode(i int) (rune, int) {
	if c := p.text[i]; c < utf8.RuneSelf {
		return rune(c), 1
	}
	return utf8.DecodeRuneInString(p.text[i:])
}

// take appends the character at the present place, byte for byte, and steps over it.
func (p *parser) take(sb *strings.Builder) {
	_, n := p.decode(p.pos)
	sb.WriteString(p.text[p.pos : p.pos+n])
	p.pos += n
}

func (p *parser) token(start int, k kind) token {
	return token{Span: Span{start, p.pos}, kind: k, text: p.text[start:p.pos]}
}

// skipBlank steps over white space, comments and continued lines.
func (p *parser) skipBlank() {
	for {
		start := p.pos
		c := p.char()
		switch {
		case IsWhitespace(c):
		case c == '#':
			for c := p.peekChar(); c != eof && !isNewline(c); c = p.peekChar() {
				p.char()
			}
		case c == '<' && p.peekChar() == '#':
			end := strings.Index(p.text[p.pos+1:], "#>")
			if end < 0 {
				p.failIncomplete(Span{start, len(p.text)}, "MissingTerminatorMultiLineComment", "The terminator '#>' is missing from the multiline comment.")
			}
			p.pos += 1 + end + 2
		case c == '`':
			switch n := p.peekChar(); {
			case n == '\r':
				p.char()
				if p.peekChar() == '\n' {
					p.char()
				}
			case n == '\n' || IsWhitespace(n):
				p.char()
			default:
				p.pos = start
				return
			}
		default:
			p.pos = start
			return
		}
	}
}

// scan reads one token.
func (p *parser) scan() token {
	p.skipBlank()
	start := p.pos
	c := p.char()
	switch {
	case c == eof:
		return token{Span: Span{start, start}, kind: tEOF}
	case c == '\r':
		if p.peekChar() == '\n' {
			p.char()
		}
		return p.token(start, tNewLine)
	case c == '\n':
		return p.token(start, tNewLine)
	case IsSingleQuote(c):
		var sb strings.Builder
		p.verbatim(&sb, start)
		return token{Span: Span{start, p.pos}, kind: tString, text: sb.String()}
	case IsDoubleQuote(c):
		parts := p.expandable(start)
		return token{Span: Span{start, p.pos}, kind: tExpandable, parts: parts}
	case IsDash(c):
		return p.scanDash(start)
	case c >= '0' && c <= '9':
		if c >= '1' && c <= '6' && p.peekChar() == '>' {
			p.char()
			return p.scanRedirection(start, int(c-'0'))
		}
		p.pos = start
		return p.scanNumber(start)
	case isIdentifierStart(c):
		return p.scanWord(start)
	}
	return p.scanSymbol(start, c)
}

func (p *parser) scanSymbol(start int, c rune) token {
	switch c {
	case '@':
		return p.scanAt(start)
	case '$':
		if p.peekChar() == '(' {
			p.char()
			return p.token(start, tDollarParen)
		}
		return p.scanVariable(start, false)
	case '(':
		return p.token(start, tLParen)
	case ')':
		return p.token(start, tRParen)
	case '{':
		return p.token(start, tLCurly)
	case '}':
		return p.token(start, tRCurly)
	case '[':
		if p.mode == modeCommand && !forceNewToken(p.peekChar()) {
			return p.scanGeneric(start)
		}
		return p.token(start, tLBracket)
	case ']':
		return p.token(start, tRBracket)
	case ';':
		return p.token(start, tSemi)
	case ',':
		return p.token(start, tComma)
	case '|':
		if p.peekChar() == '|' {
			p.char()
			return p.token(start, tOrOr)
		}
		return p.token(start, tPipe)
	case '&':
		if p.peekChar() == '&' {
			p.char()
			return p.token(start, tAndAnd)
		}
		return p.token(start, tAmp)
	case '>':
		return p.scanRedirection(start, 1)
	case '<':
		return p.token(start, tRedirectIn)
	case '.':
		return p.scanDot(start)
	case ':':
		return p.scanColon(start)
	case '=', '+', '*', '/', '%', '!':
		return p.scanOperator(start, c)
	}
	return p.scanGeneric(start)
}

func (p *parser) scanAt(start int) token {
	switch c := p.peekChar(); {
	case c == '{':
		p.char()
		return p.token(start, tAtCurly)
	case c == '(':
		p.char()
		return p.token(start, tAtParen)
	case IsSingleQuote(c):
		p.char()
		return p.hereString(start, false)
	case IsDoubleQuote(c):
		p.char()
		return p.hereString(start, true)
	case isVariableStart(c):
		return p.scanVariable(start, true)
	}
	p.fail(Span{start, p.pos}, "UnrecognizedToken", "Unrecognized token in source text.")
	return token{}
}

func (p *parser) scanDot(start int) token {
	c := p.peekChar()
	switch {
	case c == '.':
		p.char()
		if p.mode == modeCommand && !forceNewToken(p.peekChar()) {
			return p.scanGeneric(start)
		}
		t := p.token(start, tOp)
		t.op = symbolOperators[".."]
		return t
	case c >= '0' && c <= '9':
		p.pos = start
		return p.scanNumber(start)
	case p.mode == modeCommand && !forceNewToken(c) && c != '$' && c != '"' && c != '\'':
		return p.scanGeneric(start)
	}
	return p.token(start, tDot)
}

func (p *parser) scanColon(start int) token {
	if p.peekChar() == ':' {
		p.char()
		if p.mode == modeCommand && !forceNewToken(p.peekChar()) {
			return p.scanGeneric(start)
		}
		return p.token(start, tColonColon)
	}
	if p.mode == modeCommand {
		if !isIdentifierStart(p.peekChar()) {
			return p.scanGeneric(start)
		}
		name := p.pos
		for isIdentifierFollow(p.peekChar()) {
			p.char()
		}
		if !forceNewToken(p.peekChar()) {
			return p.scanGeneric(start)
		}
		return token{Span: Span{start, p.pos}, kind: tLabel, text: p.text[name:p.pos]}
	}
	return p.token(start, tColon)
}

// scanOperator reads = + * / % ! and what may follow them.
func (p *parser) scanOperator(start int, c rune) token {
	k := tOp
	switch n := p.peekChar(); {
	case c == '=':
		k = tAssign
	case c == '+' && n == '+':
		p.char()
		k = tPlusPlus
	case n == '=' && c != '!':
		p.char()
		k = tAssign
	case c == '*' && n == '>':
		p.char()
		return p.scanRedirection(start, 0)
	case c == '+' && p.signed && (n >= '0' && n <= '9' || n == '.'):
		p.pos = start
		return p.scanNumber(start)
	case c == '!' && p.mode == modeExpression && isIdentifierStart(n):
		return p.scanGeneric(start)
	}
	if p.mode == modeCommand && !forceNewToken(p.peekChar()) {
		return p.scanGeneric(start)
	}
	t := p.token(start, k)
	if k == tOp {
		t.op = symbolOperators[t.text]
	}
	return t
}

func (p *parser) scanDash(start int) token {
	k := tOp
	switch n := p.peekChar(); {
	case IsDash(n):
		p.char()
		k = tMinusMinus
	case n == '=':
		p.char()
		k = tAssign
	case isLetter(n) || n == '_' || n == '?':
		return p.scanParameter(start)
	case p.signed && (n >= '0' && n <= '9' || n == '.'):
		p.pos = start
		return p.scanNumber(start)
	}
	if p.mode == modeCommand && !forceNewToken(p.peekChar()) {
		return p.scanGeneric(start)
	}
	t := p.token(start, k)
	switch k {
	case tOp:
		t.op = symbolOperators["-"]
	case tAssign:
		t.text = "-="
	case tMinusMinus:
		t.text = "--"
	}
	return t
}

// scanParameter reads what follows a dash: an operator in expression mode, a
// parameter in command mode.
func (p *parser) scanParameter(start int) token {
	name := p.pos
	for {
		c := p.peekChar()
		letter := c < 128 && isASCII(c, asciiIdentifierStart) && c != '_'
		switch {
		case letter:
			p.char()
			continue
		case c == eof || IsWhitespace(c) || strings.ContainsRune("{}();,|&.[\r\n\x00", c):
		case c == ':':
			t := token{Span: Span{start, p.pos}, kind: tParameter, text: p.text[name:p.pos]}
			if p.mode == modeCommand {
				p.char()
				t.End, t.colon = p.pos, true
			}
			return p.operatorOr(t)
		case IsSingleQuote(c) || IsDoubleQuote(c):
			if p.mode == modeCommand {
				return p.scanGeneric(start)
			}
		case p.mode == modeCommand:
			p.char()
			continue
		}
		return p.operatorOr(token{Span: Span{start, p.pos}, kind: tParameter, text: p.text[name:p.pos]})
	}
}

func (p *parser) operatorOr(t token) token {
	if p.mode != modeExpression {
		return t
	}
	if op, ok := wordOperators[strings.ToLower(t.text)]; ok {
		t.kind, t.op, t.text = tOp, op, p.text[t.Start:t.End]
	}
	return t
}

func (p *parser) scanWord(start int) token {
	for isIdentifierFollow(p.peekChar()) {
		p.char()
	}
	if p.mode == modeCommand && !forceNewToken(p.peekChar()) {
		return p.scanGeneric(start)
	}
	return p.token(start, tIdentifier)
}

// scanGeneric reads a bare word of command mode from start.
func (p *parser) scanGeneric(start int) token {
	p.pos = start
	b := partsBuilder{}
	for !forceNewToken(p.peekChar()) {
		at := p.pos
		c := p.char()
		switch {
		case c == '`':
			if n := p.peekChar(); n != eof && n != 0 {
				p.escaped(&b.text)
				continue
			}
			b.text.WriteByte('`')
		case IsSingleQuote(c):
			p.verbatim(&b.text, at)
		case IsDoubleQuote(c):
			b.append(p.expandable(at))
		case c == '$' && p.expansion(&b, false):
		default:
			p.pos = at
			p.take(&b.text)
		}
	}
	if p.pos == start { // a character that starts no token at all
		p.take(&b.text)
	}
	parts := b.done()
	t := token{Span: Span{start, p.pos}, kind: tGeneric}
	if len(parts) <= 1 && (len(parts) == 0 || parts[0].Expr == nil) {
		if len(parts) == 1 {
			t.text = parts[0].Text
		}
		return t
	}
	t.parts = parts
	t.text = p.text[start:p.pos]
	return t
}

func (p *parser) scanRedirection(start, from int) token {
	t := token{Span: Span{start, p.pos}, kind: tRedirect}
	t.redir = Redirection{From: from}
	switch p.peekChar() {
	case '>':
		p.char()
		t.redir.Append = true
	case '&':
		save := p.pos
		p.char()
		if c := p.peekChar(); c == '1' || c == '2' && from != 0 {
			p.char()
			t.redir.To = int(c - '0')
		} else {
			p.pos = save
		}
	}
	t.End = p.pos
	t.redir.Span = t.Span
	return t
}
