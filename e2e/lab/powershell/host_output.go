package powershell

import (
	"context"
	"errors"
	"strings"

	"lifeboat.io/e2e/lab/powershell/syntax"
)

// Formatter lays out a run's output for a host, object by object.
type Formatter struct{ f *formatter }

// NewFormatter makes a formatter of the session's width that writes lines.
func (s *Session) NewFormatter(line func(string) error) *Formatter {
	return &Formatter{&formatter{s: s, width: s.width, line: line}}
}

// Add lays out one object; a table appears when it is complete.
func (f *Formatter) Add(v Value) error { return f.f.add(v) }

// Close shows what is still open.
func (f *Formatter) Close() error { return f.f.close() }

// HostText is the text of an information record, as the host shows it.
func HostText(v Value) string {
	if o, ok := v.(*Object); ok && o.Class == classHostMessage {
		t := o.Data.(*hostText)
		if t.noNewline {
			return plainString(t.data)
		}
		return plainString(t.data) + "\r\n"
	}
	return plainString(v) + "\r\n"
}

// ValidUTF8 gives a string's text with lone surrogates replaced by U+FFFD.
func ValidUTF8(s string) string { return validUTF8(s) }

// UTF16 gives the units of a string.
func UTF16(s string) []uint16 { return toUTF16(s) }

// ErrorLines gives an error record as lines of the session's width.
func (s *Session) ErrorLines(r *ErrorRecord) []string { return s.WrapText(r.text(s.width)) }

// WrapText breaks text into lines no longer than the session's width, at white
// space where there is some, as the console does with errors.
func (s *Session) WrapText(text string) []string {
	var out []string
	for line := range strings.SplitSeq(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
		for utf16Len(line) > s.width-1 {
			cut := s.width - 1
			if i := strings.LastIndexByte(substring(line, 0, cut), ' '); i > 0 && isASCII(line) {
				cut = i + 1
			}
			out = append(out, substring(line, 0, cut))
			line = substring(line, cut, utf16Len(line)-cut)
		}
		out = append(out, line)
	}
	return out
}

// Incomplete tells whether more text might make a script right.
func Incomplete(script string) bool {
	_, err := syntax.Parse("", script)
	var e *syntax.Error
	return errors.As(err, &e) && e.Incomplete
}

// ReadLine gives the console's next line of input, false at its end.
func (c *Console) ReadLine(ctx context.Context) (line string, ok bool, err error) {
	return c.in.ReadLine(ctx)
}
