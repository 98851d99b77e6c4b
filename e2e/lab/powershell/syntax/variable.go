package syntax

import "strings"

// VariablePath is a variable's name with the scope or drive it is in.
type VariablePath struct {
	// Scope is the part before the colon in lower case: global, script, local,
	// private, using, env, function, variable or a drive nobody has; empty
	// when the name has none.
	Scope string
	// Name is the name as written, Key in lower case.
	Name, Key string
}

// ParsePath splits the text of a variable reference.
func ParsePath(text string) VariablePath {
	if i := strings.IndexByte(text, ':'); i > 0 {
		name := text[i+1:]
		return VariablePath{Scope: strings.ToLower(text[:i]), Name: name, Key: strings.ToLower(name)}
	}
	return VariablePath{Name: text, Key: strings.ToLower(text)}
}

// scanVariable reads a variable whose sigil, at start, is behind.
func (p *parser) scanVariable(start int, splat bool) token {
	if p.peekChar() == '{' {
		return p.scanBraced(start)
	}
	c := p.peekChar()
	if !isVariableStart(c) {
		return p.scanGeneric(start)
	}
	p.char()
	if c == '$' || c == '?' || c == '^' {
		if p.mode == modeCommand && !splat && !forceNewToken(p.peekChar()) && !strings.ContainsRune(".[=", p.peekChar()) {
			return p.scanGeneric(start)
		}
		return p.variable(start, p.text[start+1:p.pos], splat)
	}
	for {
		at := p.pos
		c := p.char()
		switch {
		case c < 128 && isASCII(c, asciiIdentifierStart|asciiDigit), c == '?':
			continue
		case c == ':' && p.peekChar() != ':':
			continue
		case c < 128 && (forceNewToken(c) || c == '.' || c == '[' || c == '=' || c == ':'):
		case isLetterOrDigit(c):
			continue
		case p.mode == modeCommand && !forceNewToken(c):
			return p.scanGeneric(start)
		}
		p.pos = at
		return p.variable(start, p.text[start+1:p.pos], splat)
	}
}

func (p *parser) scanBraced(start int) token {
	p.char()
	var sb strings.Builder
	for {
		at := p.pos
		c := p.char()
		switch {
		case c == eof:
			p.failIncomplete(Span{start, at}, "IncompleteDollarVariableReference", "${variable} reference starting is missing the closing '}'.")
		case c == '}':
			if sb.Len() == 0 {
				p.fail(Span{at, p.pos}, "EmptyVariableReference", "An empty ${} variable reference was found. A name is required inside the braces.")
			}
			if p.mode == modeCommand && !forceNewToken(p.peekChar()) && p.peekChar() != '.' && p.peekChar() != '[' {
				return p.scanGeneric(start)
			}
			return p.variable(start, sb.String(), false)
		case c == '{':
			p.fail(Span{at, p.pos}, "OpenBraceNeedsToBeBackTickedInVariableName", "Use `{ instead of { in variable names.")
		case c == '`' && p.peekChar() != eof:
			p.escaped(&sb)
			continue
		case IsDoubleQuote(c) && p.inString && IsDoubleQuote(p.peekChar()):
			at = p.pos
		}
		p.pos = at
		p.take(&sb)
	}
}

func (p *parser) variable(start int, name string, splat bool) token {
	path := ParsePath(name)
	if path.Name == "" {
		text := "Variable reference is not valid. '$' was not followed by a valid variable name character. Consider using ${} to delimit the name."
		id := "InvalidVariableReference"
		if path.Scope != "" {
			text = "Variable reference is not valid. ':' was not followed by a valid variable name character. Consider using ${} to delimit the name."
			id = "InvalidVariableReferenceWithDrive"
		}
		p.fail(Span{start, p.pos}, id, "%s", text)
	}
	t := token{Span: Span{start, p.pos}, kind: tVariable, path: path, text: name}
	if splat {
		t.kind = tSplat
	}
	return t
}
