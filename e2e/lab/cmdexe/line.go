package cmdexe

import (
	"fmt"
	"strings"
)

// part is one command of a line, with how it hangs together with the one
// before it and where its output goes.
type part struct {
	joint                        string // "", &, && or ||
	text                         string
	outToNul, errToNul, errToOut bool
}

// expand puts values in for %NAME%. What names no variable stays as it is.
func (s *shell) expand(line string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(line, "%")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		name, after, closed := strings.Cut(rest, "%")
		value, known := s.env[strings.ToUpper(name)]
		if !closed || !known {
			b.WriteByte('%')
			line = rest
			continue
		}
		b.WriteString(value)
		line = after
	}
}

// split takes a line apart at &, && and || outside of quotes. A caret makes the
// character behind it an ordinary one.
func split(line string) ([]part, error) {
	var parts []part
	now := part{}
	var b strings.Builder
	quoted := false
	end := func(joint string) {
		now.text = b.String()
		parts = append(parts, now)
		now = part{joint: joint}
		b.Reset()
	}
	for i := 0; i < len(line); i++ {
		c := line[i]
		if c == '"' {
			quoted = !quoted
		}
		if quoted || !strings.ContainsRune(`^&|<>()`, rune(c)) {
			b.WriteByte(c)
			continue
		}
		double := i+1 < len(line) && line[i+1] == c
		switch {
		case c == '^':
			if i+1 < len(line) {
				i++
				b.WriteByte(line[i])
			}
		case c == '&' && double, c == '|' && double:
			i++
			end(string([]byte{c, c}))
		case c == '&':
			end("&")
		case c == '>':
			n, err := now.redirect(&b, line[i:])
			if err != nil {
				return nil, err
			}
			i += n - 1
		case c == '(' || c == ')':
			b.WriteByte(c)
		default:
			return nil, fmt.Errorf("%c is not supported by the cmd.exe of this lab", c)
		}
	}
	end("")
	return parts, nil
}

// redirect reads a redirection to NUL, or 2>&1, and gives its length. The
// number of the stream stands in front of it.
func (p *part) redirect(before *strings.Builder, rest string) (int, error) {
	text := before.String()
	stream := byte('1')
	if n := len(text); n > 0 && (text[n-1] == '1' || text[n-1] == '2') && (n == 1 || text[n-2] == ' ') {
		stream = text[n-1]
		before.Reset()
		before.WriteString(text[:n-1])
	}
	target := strings.TrimLeft(rest[1:], " ")
	skipped := len(rest) - len(target)
	switch {
	case stream == '2' && strings.HasPrefix(target, "&1"):
		p.errToOut = true
		return skipped + 2, nil
	case len(target) >= 3 && strings.EqualFold(target[:3], "nul"):
		if stream == '2' {
			p.errToNul = true
		} else {
			p.outToNul = true
		}
		return skipped + 3, nil
	}
	return 0, fmt.Errorf("writing to files (%s) is not supported by the cmd.exe of this lab", strings.TrimSpace(rest))
}
