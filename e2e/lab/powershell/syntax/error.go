package syntax

import "fmt"

// Error is the first thing wrong with a script.
type Error struct {
	// ID is PowerShell's identifier of the error, such as UnexpectedToken, or
	// UnsupportedConstruct for PowerShell outside the subset.
	ID string
	// Message is PowerShell's English text.
	Message string
	// Source and Span say where.
	Source *Source
	Span   Span
	// Incomplete tells that more text might have made the script right.
	Incomplete bool
}

// Error gives name:line:column: message.
func (e *Error) Error() string {
	p := e.Source.Position(e.Span.Start)
	name := e.Source.Name
	if name == "" {
		name = "script"
	}
	return fmt.Sprintf("%s:%d:%d: %s [%s]", name, p.Line, p.Column, e.Message, e.ID)
}

// UnsupportedConstruct is the error id of PowerShell that is outside the subset.
const UnsupportedConstruct = "UnsupportedConstruct"

func (p *parser) fail(sp Span, id, format string, args ...any) {
	panic(&Error{ID: id, Message: fmt.Sprintf(format, args...), Source: p.src, Span: p.report(sp)})
}

func (p *parser) failIncomplete(sp Span, id, format string, args ...any) {
	panic(&Error{ID: id, Message: fmt.Sprintf(format, args...), Source: p.src, Span: p.report(sp), Incomplete: true})
}

func (p *parser) unsupported(sp Span, what string) {
	p.fail(sp, UnsupportedConstruct, "The PowerShell subset of this host does not support %s.", what)
}

// report maps a span of the text being scanned to one of the source.
func (p *parser) report(sp Span) Span {
	return Span{p.base + sp.Start, p.base + sp.End}
}
