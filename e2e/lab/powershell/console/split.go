package console

import "strings"

// Split splits a command line the way CommandLineToArgvW does: white space
// separates, quotes hold together, backslashes escape only in front of a quote.
func Split(line string) []string {
	var args []string
	i := 0
	for {
		for i < len(line) && (line[i] == ' ' || line[i] == '\t') {
			i++
		}
		if i >= len(line) {
			return args
		}
		var arg string
		if len(args) == 0 {
			arg, i = program(line, i)
		} else {
			arg, i = argument(line, i)
		}
		args = append(args, arg)
	}
}

// program reads the first argument, in which backslashes escape nothing.
func program(line string, i int) (string, int) {
	if line[i] == '"' {
		end := strings.IndexByte(line[i+1:], '"')
		if end < 0 {
			return line[i+1:], len(line)
		}
		return line[i+1 : i+1+end], i + end + 2
	}
	end := strings.IndexAny(line[i:], " \t")
	if end < 0 {
		return line[i:], len(line)
	}
	return line[i : i+end], i + end
}

func argument(line string, i int) (string, int) {
	var sb strings.Builder
	quoted := false
	for i < len(line) {
		c := line[i]
		switch {
		case c == '\\':
			n := 0
			for i < len(line) && line[i] == '\\' {
				n, i = n+1, i+1
			}
			if i < len(line) && line[i] == '"' {
				sb.WriteString(strings.Repeat(`\`, n/2))
				if n%2 == 1 {
					sb.WriteByte('"')
					i++
				}
			} else {
				sb.WriteString(strings.Repeat(`\`, n))
			}
			continue
		case c == '"':
			if quoted && i+1 < len(line) && line[i+1] == '"' {
				sb.WriteByte('"')
				i++
			} else {
				quoted = !quoted
			}
		case !quoted && (c == ' ' || c == '\t'):
			return sb.String(), i
		default:
			sb.WriteByte(c)
		}
		i++
	}
	return sb.String(), i
}
