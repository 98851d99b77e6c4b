package powershell

import (
	"strings"
	"unicode"
)

// Wildcard is a PowerShell wildcard pattern: * ? [set] and ` to escape.
type Wildcard struct {
	parts []wildPart
	cased bool
}

type wildPart struct {
	kind byte // '*', '?', '[' or 0 for a literal
	char rune
	set  [][2]rune
}

// NewWildcard reads a pattern; it never fails, an open bracket is literal.
func NewWildcard(pattern string, caseSensitive bool) *Wildcard {
	w := &Wildcard{cased: caseSensitive}
	r := []rune(pattern)
	for i := 0; i < len(r); i++ {
		switch c := r[i]; c {
		case '*':
			if n := len(w.parts); n == 0 || w.parts[n-1].kind != '*' {
				w.parts = append(w.parts, wildPart{kind: '*'})
			}
		case '?':
			w.parts = append(w.parts, wildPart{kind: '?'})
		case '`':
			if i+1 < len(r) {
				i++
			}
			w.parts = append(w.parts, wildPart{char: w.fold(r[i])})
		case '[':
			if set, end := w.bracket(r, i+1); end > 0 {
				w.parts = append(w.parts, wildPart{kind: '[', set: set})
				i = end
				continue
			}
			w.parts = append(w.parts, wildPart{char: c})
		default:
			w.parts = append(w.parts, wildPart{char: w.fold(c)})
		}
	}
	return w
}

// bracket reads a set from after its bracket; end is the closing one, or 0.
func (w *Wildcard) bracket(r []rune, i int) (set [][2]rune, end int) {
	for first := true; i < len(r); i, first = i+1, false {
		if r[i] == ']' && !first {
			return set, i
		}
		c := r[i]
		if c == '`' && i+1 < len(r) {
			i++
			c = r[i]
		}
		hi := c
		if i+2 < len(r) && r[i+1] == '-' && r[i+2] != ']' {
			hi = r[i+2]
			i += 2
		}
		set = append(set, [2]rune{w.fold(c), w.fold(hi)})
	}
	return nil, 0
}

func (w *Wildcard) fold(c rune) rune {
	if w.cased {
		return c
	}
	return unicode.ToLower(unicode.ToUpper(c))
}

func (p wildPart) matches(c rune) bool {
	switch p.kind {
	case '?':
		return true
	case '[':
		for _, s := range p.set {
			if c >= s[0] && c <= s[1] {
				return true
			}
		}
		return false
	}
	return p.char == c
}

// Match tells whether the whole text fits the pattern.
func (w *Wildcard) Match(text string) bool {
	t := []rune(text)
	i, p := 0, 0
	star, mark := -1, 0
	for i < len(t) {
		switch {
		case p < len(w.parts) && w.parts[p].kind == '*':
			star, mark = p, i
			p++
		case p < len(w.parts) && w.parts[p].matches(w.fold(t[i])):
			i++
			p++
		case star >= 0:
			mark++
			i, p = mark, star+1
		default:
			return false
		}
	}
	for p < len(w.parts) && w.parts[p].kind == '*' {
		p++
	}
	return p == len(w.parts)
}

// HasWildcard tells whether a text has characters a pattern takes for more than themselves.
func HasWildcard(text string) bool {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '`':
			i++
		case '*', '?', '[':
			return true
		}
	}
	return false
}

// EscapeWildcard escapes a text so that it matches only itself.
func EscapeWildcard(text string) string {
	return strings.NewReplacer("[", "`[", "]", "`]", "*", "`*", "?", "`?", "`", "``").Replace(text)
}

// UnescapeWildcard takes the escapes away.
func UnescapeWildcard(text string) string {
	var sb strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '`' && i+1 < len(text) && strings.IndexByte("[]*?`", text[i+1]) >= 0 {
			i++
		}
		sb.WriteByte(text[i])
	}
	return sb.String()
}
