package syntax

import (
	"strings"
)

// Limits of a parse.
const (
	// MaxDepth is how deep constructs may nest.
	MaxDepth = 250
	// MaxText is how many bytes of script are read.
	MaxText = 8 << 20
)

type parser struct {
	src  *Source
	text string // what is scanned: the source, or the cleaned text of a nested $( )
	base int    // offset of text in the source
	pos  int

	mode        mode
	signed      bool // a sign may begin a number
	inString    bool // the variable being scanned stands in a double-quoted string
	noComma     bool // a comma ends the expression: inside method arguments
	lastNewline int
	depth       int
	requires    []string

	ungot     token
	ungotMode mode
	hasUngot  bool
}

// Parse reads a script. The error, if any, is an *Error.
func Parse(name, text string) (block *ScriptBlock, err error) {
	text = strings.TrimPrefix(text, "\uFEFF")
	p := &parser{src: &Source{Name: name, Text: text}, text: text}
	defer func() {
		switch e := recover().(type) {
		case nil:
		case *Error:
			block, err = nil, e
		default:
			panic(e)
		}
	}()
	if len(text) > MaxText {
		p.fail(Span{0, 0}, "ScriptTooLong", "The script has %d bytes; at most %d are read.", len(text), MaxText)
	}
	p.collectRequires()
	block = p.scriptBlockBody(0, false)
	if t := p.peek(); t.kind != tEOF {
		p.unexpected(t)
	}
	block.Requires = p.requires
	return block, nil
}

// collectRequires gathers the #requires lines.
func (p *parser) collectRequires() {
	for line := range strings.Lines(p.text) {
		line = strings.TrimSpace(line)
		if len(line) >= 9 && strings.EqualFold(line[:9], "#requires") {
			p.requires = append(p.requires, strings.TrimSpace(line[9:]))
		}
	}
}

// enter counts one level of nesting; leave must follow.
func (p *parser) enter(sp Span) {
	if p.depth++; p.depth > MaxDepth {
		p.fail(sp, "ScriptTooComplicated", "The script nests deeper than %d levels.", MaxDepth)
	}
}

func (p *parser) leave() { p.depth-- }

func (p *parser) unexpected(t token) {
	switch t.kind {
	case tAndAnd, tOrOr:
		p.fail(t.Span, "InvalidEndOfLine", "The token '%s' is not a valid statement separator in this version.", p.text[t.Start:t.End])
	case tAmp:
		p.fail(t.Span, "AmpersandNotAllowed", `The ampersand (&) character is not allowed. The & operator is reserved for future use; wrap an ampersand in double quotation marks ("&") to pass it as part of a string.`)
	case tRedirectIn:
		p.fail(t.Span, "RedirectionNotSupported", "The '<' operator is reserved for future use.")
	}
	p.fail(t.Span, "UnexpectedToken", "Unexpected token '%s' in expression or statement.", p.text[t.Start:t.End])
}

func (p *parser) skipNewlines() {
	for p.peek().kind == tNewLine {
		p.next()
	}
}

func (p *parser) skipSeparators() {
	for k := p.peek().kind; k == tNewLine || k == tSemi; k = p.peek().kind {
		p.next()
	}
}

// span covers from start to the end of what was read last.
func (p *parser) span(start int) Span {
	end := p.pos
	if p.hasUngot {
		end = p.lastEnd()
	}
	return p.report(Span{start, max(start, end)})
}

// lastEnd is the end of the text before the token that was put back.
func (p *parser) lastEnd() int {
	return len(strings.TrimRight(p.text[:p.ungot.Start], " \t"))
}

// scriptBlockBody reads param() and named blocks or statements, up to } or the
// end of the text.
func (p *parser) scriptBlockBody(start int, filter bool) *ScriptBlock {
	p.enter(Span{start, start + 1})
	defer p.leave()
	saved := p.mode
	savedComma := p.noComma
	p.mode, p.noComma = modeCommand, false
	defer func() { p.resync(); p.mode, p.noComma = saved, savedComma }()

	sb := &ScriptBlock{Source: p.src}
	p.skipSeparators()
	sb.Param = p.paramBlock()
	p.skipSeparators()
	if !p.namedBlocks(sb) {
		block := p.statements()
		if filter {
			sb.Process = block
		} else {
			sb.End = block
		}
	}
	sb.Span = p.span(start)
	return sb
}

// keyword looks at the next token in command mode and tells its keyword, if it is one.
func (p *parser) keyword() string {
	saved := p.mode
	p.mode = modeCommand
	t := p.peek()
	p.mode = saved
	if t.kind != tIdentifier {
		return ""
	}
	word := strings.ToLower(t.text)
	if keywords[word] {
		return word
	}
	return ""
}

func (p *parser) takeKeyword() token {
	saved := p.mode
	p.mode = modeCommand
	t := p.next()
	p.mode = saved
	return t
}

// namedBlocks reads begin, process and end, if the body has them.
func (p *parser) namedBlocks(sb *ScriptBlock) bool {
	found := false
	for {
		word := p.keyword()
		var slot **Block
		switch word {
		case "begin":
			slot = &sb.Begin
		case "process":
			slot = &sb.Process
		case "end":
			slot = &sb.End
		case "dynamicparam":
			p.unsupported(p.peek().Span, "dynamicparam blocks")
		default:
			if t := p.peek(); found && t.kind != tEOF && t.kind != tRCurly {
				p.fail(t.Span, "MissingNamedBlocks", "unexpected token '%s', expected 'begin', 'process', 'end', or 'dynamicparam'.", p.text[t.Start:t.End])
			}
			return found
		}
		t := p.takeKeyword()
		if *slot != nil {
			p.fail(t.Span, "DuplicateScriptCommandClause", "Script command clause '%s' has already been defined.", word)
		}
		p.skipNewlines()
		if p.peek().kind != tLCurly {
			p.failIncomplete(t.Span, "MissingNamedStatementBlock", "Missing statement block after '%s'.", word)
		}
		*slot = p.block()
		found = true
		p.skipSeparators()
	}
}

// block reads { statements }.
func (p *parser) block() *Block {
	open := p.next()
	p.enter(open.Span)
	defer p.leave()
	saved, savedComma := p.mode, p.noComma
	p.mode, p.noComma = modeCommand, false
	b := p.statements()
	p.closeCurly(open)
	p.mode, p.noComma = saved, savedComma
	b.Span = p.report(Span{open.Start, p.pos})
	return b
}

func (p *parser) closeCurly(open token) {
	p.skipNewlines()
	if t := p.next(); t.kind != tRCurly {
		p.failIncomplete(open.Span, "MissingEndCurlyBrace", "Missing closing '}' in statement block or type definition.")
	}
}

// paramBlock reads attributes and param( ), or nothing.
func (p *parser) paramBlock() *ParamBlock {
	p.resync()
	save := p.pos
	var attributes []*Attribute
	for {
		p.skipSeparators()
		p.resync()
		p.skipBlank()
		if p.peekChar() != '[' {
			break
		}
		a, ok := p.tryAttribute()
		if !ok {
			break
		}
		attributes = append(attributes, a)
	}
	if p.keyword() != "param" {
		p.hasUngot = false
		p.pos = save
		return nil
	}
	t := p.takeKeyword()
	p.skipNewlines()
	if p.peek().kind != tLParen {
		p.hasUngot = false
		p.pos = save
		return nil
	}
	b := &ParamBlock{Attributes: attributes}
	b.Params = p.parameters()
	b.Span = p.report(Span{t.Start, p.pos})
	return b
}

// tryAttribute reads an attribute or a type constraint in front of param; it
// gives up, to be called again by nobody, when what follows is neither.
func (p *parser) tryAttribute() (a *Attribute, ok bool) {
	save := p.pos
	defer func() {
		if e := recover(); e != nil {
			if _, mine := e.(*Error); !mine {
				panic(e)
			}
			p.pos, p.hasUngot, ok = save, false, false
		}
	}()
	p.char()
	a = p.attribute(save)
	return a, true
}

// parameters reads ( parameter, ... ).
func (p *parser) parameters() []*Parameter {
	open := p.next()
	saved, savedComma := p.mode, p.noComma
	p.mode, p.noComma = modeExpression, true
	defer func() { p.resync(); p.mode, p.noComma = saved, savedComma }()
	var list []*Parameter
	seen := map[string]bool{}
	for {
		p.skipNewlines()
		t := p.peek()
		if t.kind == tRParen && len(list) == 0 {
			p.next()
			return list
		}
		prm := p.parameter()
		if prm == nil {
			if t := p.peek(); t.kind == tEOF {
				p.failIncomplete(open.Span, "MissingEndParenthesisInFunctionParameterList", "Missing ')' in function parameter list.")
			}
			p.fail(p.peek().Span, "MissingEndParenthesisInFunctionParameterList", "Missing ')' in function parameter list.")
		}
		key := strings.ToLower(prm.Name)
		if seen[key] {
			p.fail(Span{t.Start, p.pos}, "DuplicateFormalParameter", "Duplicate parameter $%s in parameter list.", prm.Name)
		}
		seen[key] = true
		list = append(list, prm)
		p.skipNewlines()
		switch t := p.next(); t.kind {
		case tComma:
		case tRParen:
			return list
		default:
			p.failIncomplete(t.Span, "MissingEndParenthesisInFunctionParameterList", "Missing ')' in function parameter list.")
		}
	}
}

func (p *parser) parameter() *Parameter {
	prm := &Parameter{}
	start := p.peek().Start
	for p.peek().kind == tLBracket {
		open := p.next()
		a := p.attribute(open.Start)
		if len(a.Positional) == 0 && len(a.Named) == 0 && !a.Called {
			if prm.Type == nil {
				prm.Type = a.Type
			}
		} else {
			prm.Attributes = append(prm.Attributes, a)
		}
		p.skipNewlines()
	}
	t := p.next()
	if t.kind != tVariable {
		p.unget(t)
		return nil
	}
	prm.Name = t.path.Name
	p.skipNewlines()
	if t := p.peek(); t.kind == tAssign && t.text == "=" {
		p.next()
		p.skipNewlines()
		if prm.Default = p.expression(); prm.Default == nil {
			p.failIncomplete(p.peek().Span, "MissingExpressionAfterToken", "Missing expression after '='.")
		}
	}
	prm.Span = p.span(start)
	return prm
}
