package inventory

import (
	"fmt"
	"strings"
)

// Problem is one mistake in an inventory document.
type Problem struct {
	// File is the document's name as it was given; may be empty.
	File string
	// Line and Column are where the mistake is, from 1; 0 when there is no such place.
	Line, Column int
	// Path is the field, such as "hosts[1].winrm.port"; empty for the document as a whole.
	Path string
	// Value is what was found there; empty where nothing was found, and where it could be a secret.
	Value string
	// Text is what is wrong with it.
	Text string
	// Fix is what to write instead.
	Fix string
}

// String is the problem in one line, with its place first as compilers write it.
func (p Problem) String() string {
	var b strings.Builder
	if p.File != "" {
		b.WriteString(p.File + ":")
	}
	if p.Line > 0 {
		fmt.Fprintf(&b, "%d:%d:", p.Line, p.Column)
	}
	if b.Len() > 0 {
		b.WriteByte(' ')
	}
	if p.Path != "" {
		b.WriteString(p.Path + ": ")
	}
	if p.Value != "" {
		fmt.Fprintf(&b, "%q ", p.Value)
	}
	b.WriteString(p.Text + "; " + p.Fix)
	return b.String()
}

// Problems are all mistakes of a document; never empty as an error.
type Problems []Problem

// Error is one problem a line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// maxProblems bounds how many mistakes are told at once. A document with more
// is of another kind altogether.
const maxProblems = 200

// maxValue bounds how much of a refused value is repeated, in characters.
const maxValue = 100

// shorten cuts an overlong value.
func shorten(value string) string {
	if runes := []rune(value); len(runes) > maxValue {
		return string(runes[:maxValue]) + "…"
	}
	return value
}
