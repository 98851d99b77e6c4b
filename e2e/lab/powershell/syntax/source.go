package syntax

import (
	"sort"
	"strings"
	"sync"
	"unicode/utf8"
)

// Span is a half-open range of byte offsets in a Source.
type Span struct{ Start, End int }

// Extent returns the span itself, so that every node that embeds one has it.
func (s Span) Extent() Span { return s }

// Source is a script's text with the name it is reported under.
type Source struct {
	// Name is the path of the file, or empty for text that came from no file.
	Name string
	// Text is the script, in UTF-8. Lone surrogates of the UTF-16 original
	// stand as their three-byte form, which is not valid UTF-8.
	Text string

	once  sync.Once
	lines []int // byte offset of the start of each line
}

// Position is a place in a script, as PowerShell counts: both from 1, columns
// in UTF-16 units.
type Position struct{ Line, Column int }

func (s *Source) index() {
	s.lines = []int{0}
	for i := 0; i < len(s.Text); i++ {
		switch s.Text[i] {
		case '\n':
			s.lines = append(s.lines, i+1)
		case '\r':
			if i+1 < len(s.Text) && s.Text[i+1] == '\n' {
				i++
			}
			s.lines = append(s.lines, i+1)
		}
	}
}

// Position tells the line and column of a byte offset.
func (s *Source) Position(offset int) Position {
	s.once.Do(s.index)
	offset = max(0, min(offset, len(s.Text)))
	line := sort.SearchInts(s.lines, offset+1) - 1
	return Position{Line: line + 1, Column: utf16Len(s.Text[s.lines[line]:offset]) + 1}
}

// Line returns the text of a line, counted from 1, without its end.
func (s *Source) Line(n int) string {
	s.once.Do(s.index)
	if n < 1 || n > len(s.lines) {
		return ""
	}
	end := len(s.Text)
	if n < len(s.lines) {
		end = s.lines[n]
	}
	return strings.TrimRight(s.Text[s.lines[n-1]:end], "\r\n")
}

// Slice returns the text of a span; offsets outside the text are clamped.
func (s *Source) Slice(sp Span) string {
	start := max(0, min(sp.Start, len(s.Text)))
	return s.Text[start:max(start, min(sp.End, len(s.Text)))]
}

// utf16Len counts the UTF-16 units of a text.
func utf16Len(t string) int {
	n := 0
	for _, r := range t {
		if r > 0xFFFF {
			n++
		}
		n++
	}
	// A lone surrogate is three invalid bytes, counted above as three units.
	return n - 2*loneSurrogates(t)
}

func loneSurrogates(t string) int {
	n := 0
	for i := 0; i+2 < len(t); i++ {
		if t[i] == 0xED && t[i+1] >= 0xA0 && t[i+1] <= 0xBF && !utf8.ValidString(t[i:i+3]) {
			n++
			i += 2
		}
	}
	return n
}
