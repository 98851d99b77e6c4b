package terminal

import (
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// Mood is what a colour underlines. The words beside it say the same.
type Mood int

const (
	// Plain is everything that is as it should be or neither.
	Plain Mood = iota
	// Good is what has been done and verified.
	Good
	// Warning is what somebody should look at.
	Warning
	// Bad is what failed, or waits for a person.
	Bad
	// Old is what may not be true any more, or did not happen.
	Old
)

// colours are ANSI's.
var colours = map[Mood]string{Good: "\x1b[32m", Warning: "\x1b[33m", Bad: "\x1b[31m", Old: "\x1b[90m"}

const plainAgain = "\x1b[0m"

// Page is where a command prints for people.
type Page struct {
	// W is where it goes.
	W io.Writer
	// Colour tells whether W shows colours.
	Colour bool
}

// NewPage prints on w, in colours when w is a terminal and nobody asks for none
// (NO_COLOR, TERM=dumb).
func NewPage(w io.Writer) *Page {
	return &Page{W: w, Colour: IsTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

// IsTerminal reports whether a person watches w.
func IsTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// In writes a text in the colour of a mood.
func (p *Page) In(m Mood, text string) string {
	if !p.Colour || m == Plain || text == "" {
		return text
	}
	return colours[m] + text + plainAgain
}

// Printf prints as it stands. What is from outside must be Safe.
func (p *Page) Printf(format string, args ...any) { fmt.Fprintf(p.W, format, args...) }

// Fields prints names and values below each other, leaving out empty values.
// Further lines of a value are set below its first. Values must be Safe.
func (p *Page) Fields(fields ...[2]string) {
	width := 0
	for _, f := range fields {
		if f[1] != "" {
			width = max(width, len(f[0]))
		}
	}
	for _, f := range fields {
		if f[1] == "" {
			continue
		}
		for i, line := range strings.Split(f[1], "\n") {
			name := f[0]
			if i > 0 {
				name = ""
			}
			fmt.Fprintf(p.W, "%-*s  %s\n", width, name, line)
		}
	}
}
