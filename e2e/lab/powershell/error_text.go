package powershell

import "strings"

// Text is the error record as the console of 5.1 shows it at a width of 120
// columns: the command, the message, the position, category and identifier.
func (r *ErrorRecord) Text() string { return r.text(120) }

func (r *ErrorRecord) text(width int) string {
	var sb strings.Builder
	if r.position != nil && r.position.command != "" {
		sb.WriteString(r.position.command + " : ")
	}
	sb.WriteString(r.Message())
	if r.Category != ParserError {
		if m := r.position.message(); m != "" {
			sb.WriteString("\r\n" + m)
		}
	}
	sb.WriteString("\r\n" + indented("+ CategoryInfo          : "+r.CategoryMessage(), width))
	sb.WriteString("\r\n" + indented("+ FullyQualifiedErrorId : "+r.FullyQualifiedErrorID(), width))
	return sb.String() + "\r\n "
}

// indented puts four columns in front of a line, and again in front of what
// goes beyond the width, on the same line: what 5.1 does.
func indented(line string, width int) string {
	const indent = "    "
	u := toUTF16(line)
	room := max(width-len(indent)-2, 10)
	var sb strings.Builder
	for len(u) > 0 {
		n := min(room, len(u))
		sb.WriteString(indent + fromUTF16(u[:n]))
		u = u[n:]
	}
	return sb.String()
}
