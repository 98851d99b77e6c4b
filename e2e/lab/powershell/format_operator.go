package powershell

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// maxFormatWidth bounds the alignment and precision of a format item.
const maxFormatWidth = 4096

// format is the -f operator and [string]::Format.
func (s *Session) format(text string, arg Value) (string, error) {
	args := []Value{arg}
	if a, ok := arg.(indexed); ok {
		args = args[:0]
		for i := range a.Len() {
			args = append(args, a.At(i))
		}
	}
	bad := func() (string, error) {
		return "", runtimeError("FormatError", "Error formatting a string: Input string was not in a correct format..")
	}
	var sb strings.Builder
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case (c == '{' || c == '}') && i+1 < len(text) && text[i+1] == c:
			sb.WriteByte(c)
			i++
		case c == '}':
			return bad()
		case c == '{':
			end := strings.IndexByte(text[i:], '}')
			if end < 0 {
				return bad()
			}
			item, err := s.formatItem(text[i+1:i+end], args)
			if err != nil {
				return "", err
			}
			sb.WriteString(item)
			i += end
		default:
			sb.WriteByte(c)
		}
		if err := s.limitString(sb.Len()); err != nil {
			return "", err
		}
	}
	return sb.String(), nil
}

// formatArguments are the arguments of -f: the elements of an array of objects,
// or one argument. A list is one argument, and so is an array of numbers.
func formatArguments(v Value) Value {
	if a, ok := v.(*Array); ok && (a.Elem == nil || a.Elem.kind == kindString || a.Elem.kind >= kindVersion) {
		return a
	}
	return NewArray(v)
}

// formatItem writes what stands between braces: index[,width][:format].
func (s *Session) formatItem(item string, args []Value) (string, error) {
	head, format, _ := strings.Cut(item, ":")
	index, width, aligned := strings.Cut(head, ",")
	n, err := strconv.Atoi(strings.TrimSpace(index))
	if err != nil || n < 0 {
		return "", runtimeError("FormatError", "Error formatting a string: Input string was not in a correct format..")
	}
	if n >= len(args) {
		return "", runtimeError("FormatError", "Error formatting a string: Index (zero based) must be greater than or equal to zero and less than the size of the argument list..")
	}
	text, err := s.formatValue(args[n], format)
	if err != nil {
		if ne, ok := err.(*netError); ok {
			return "", runtimeError("FormatError", "Error formatting a string: %s.", ne.ex.Message)
		}
		return "", err
	}
	if !aligned {
		return text, nil
	}
	w, err := strconv.Atoi(strings.TrimSpace(width))
	if err != nil || w > maxFormatWidth || w < -maxFormatWidth {
		return "", runtimeError("FormatError", "Error formatting a string: Input string was not in a correct format..")
	}
	if w < 0 {
		return padRight(text, -w, ' '), nil
	}
	return padLeft(text, w, ' '), nil
}

func padRight(s string, width int, c rune) string {
	if n := width - utf16Len(s); n > 0 {
		return s + strings.Repeat(string(c), n)
	}
	return s
}

func padLeft(s string, width int, c rune) string {
	if n := width - utf16Len(s); n > 0 {
		return strings.Repeat(string(c), n) + s
	}
	return s
}

// formatValue is ToString(format) with culture en-US.
func (s *Session) formatValue(v Value, format string) (string, error) {
	switch x := v.(type) {
	case DateTime:
		return formatDate(x, format, s.zone)
	case TimeSpan:
		return formatSpan(x, format)
	case Guid:
		return x.format(format)
	case Enum:
		switch strings.ToLower(format) {
		case "d":
			return strconv.FormatInt(x.Value, 10), nil
		case "x":
			return fmt.Sprintf("%08X", uint32(x.Value)), nil
		}
		return x.String(), nil
	}
	switch v.(type) {
	case indexed, *Hashtable:
		// .NET writes a collection in another as its type
		return strings.NewReplacer("[[", "[", "],[", ",", "]]", "]").Replace(typeOf(v).Name), nil
	}
	if format != "" {
		if f, ok := numberAsFloat(v); ok {
			return formatNumber(v, f, format)
		}
	}
	return plainString(v), nil
}

// formatNumber writes a number in a standard or custom .NET format.
func formatNumber(v Value, f float64, format string) (string, error) {
	precision := -1
	if len(format) > 1 {
		if n, err := strconv.Atoi(format[1:]); err == nil && n >= 0 && n <= 99 {
			precision = n
		}
	}
	if len(format) > 1 && precision < 0 {
		return customNumber(v, f, format), nil
	}
	or := func(d int) int {
		if precision >= 0 {
			return precision
		}
		return d
	}
	switch format[0] {
	case 'N', 'n':
		return group(fixed(v, f, or(2))), nil
	case 'F', 'f':
		return fixed(v, f, or(2)), nil
	case 'D', 'd':
		n, ok := wholeNumber(v)
		if !ok {
			return "", throwNet("System.FormatException", "Format specifier was invalid.")
		}
		neg := strings.HasPrefix(n, "-")
		n = padLeft(strings.TrimPrefix(n, "-"), or(0), '0')
		if neg {
			n = "-" + n
		}
		return n, nil
	case 'X', 'x':
		return hexNumber(v, or(0), format[0] == 'X')
	case 'P', 'p':
		return group(fixed(nil, f*100, or(2))) + " %", nil
	case 'C', 'c':
		text := group(fixed(v, math.Abs(f), or(2)))
		if f < 0 {
			return "($" + text + ")", nil
		}
		return "$" + text, nil
	case 'E', 'e':
		return exponential(f, or(6), format[0]), nil
	case 'G', 'g':
		if precision > 0 {
			return formatDouble(f, precision), nil
		}
		return plainString(v), nil
	case 'R', 'r':
		return roundTrip(f, 64), nil
	}
	return customNumber(v, f, format), nil
}

func exponential(f float64, precision int, letter byte) string {
	s := strconv.FormatFloat(f, 'e', precision, 64)
	mantissa, exp, _ := strings.Cut(s, "e")
	n, _ := strconv.Atoi(exp)
	return fmt.Sprintf("%s%c%+04d", mantissa, letter, n)
}

// fixed writes with a number of decimals, halves away from zero as .NET does.
func fixed(v Value, f float64, decimals int) string {
	if d, ok := integer(v); ok {
		return d.StringFixed(int32(decimals))
	}
	if d, ok := v.(Decimal); ok {
		return d.StringFixed(int32(decimals))
	}
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return formatDouble(f, 15)
	}
	d, err := toNumber(f, typeDecimal)
	if err != nil {
		return strconv.FormatFloat(f, 'f', decimals, 64)
	}
	s := d.(Decimal).StringFixed(int32(decimals))
	if strings.Trim(s, "-0.") == "" {
		s = strings.TrimPrefix(s, "-")
	}
	return s
}

func group(s string) string {
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	whole, frac, has := strings.Cut(s, ".")
	var sb strings.Builder
	for i, c := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			sb.WriteByte(',')
		}
		sb.WriteRune(c)
	}
	if has {
		sb.WriteString("." + frac)
	}
	return sign + sb.String()
}

func wholeNumber(v Value) (string, bool) {
	d, ok := integer(v)
	return d.String(), ok
}

func hexNumber(v Value, width int, upper bool) (string, error) {
	var n uint64
	switch x := v.(type) {
	case int32:
		n = uint64(uint32(x))
	case int64:
		n = uint64(x)
	case int16:
		n = uint64(uint16(x))
	case int8:
		n = uint64(uint8(x))
	default:
		d, ok := integer(v)
		if !ok {
			return "", throwNet("System.FormatException", "Format specifier was invalid.")
		}
		n = d.BigInt().Uint64()
	}
	s := strconv.FormatUint(n, 16)
	if upper {
		s = strings.ToUpper(s)
	}
	return padLeft(s, width, '0'), nil
}

// customNumber writes with 0 # . , % and literals.
func customNumber(v Value, f float64, format string) string {
	sections := strings.Split(format, ";")
	pattern := sections[0]
	if f < 0 && len(sections) > 1 {
		pattern, f, v = sections[1], -f, nil
	} else if f == 0 && len(sections) > 2 {
		pattern = sections[2]
	}
	if strings.Contains(pattern, "%") {
		f, v = f*100, nil
	}
	whole, frac, _ := strings.Cut(pattern, ".")
	minWhole := strings.Count(whole, "0")
	maxFrac := strings.Count(frac, "0") + strings.Count(frac, "#")
	text := fixed(v, math.Abs(f), maxFrac)
	if _, isFloat := v.(float64); !isFloat && v != nil && f < 0 {
		text = strings.TrimPrefix(fixed(v, f, maxFrac), "-")
	}
	digits, decimals, _ := strings.Cut(text, ".")
	for len(decimals) > strings.Count(frac, "0") && strings.HasSuffix(decimals, "0") {
		decimals = decimals[:len(decimals)-1]
	}
	digits = padLeft(strings.TrimLeft(digits, "0"), minWhole, '0')
	if strings.Contains(whole, ",") {
		digits = group(digits)
	}
	if decimals != "" {
		digits += "." + decimals
	}
	if f < 0 {
		digits = "-" + digits
	}
	return literals(pattern, digits)
}

// literals puts the digits where the placeholders stand.
func literals(pattern, digits string) string {
	first := strings.IndexAny(pattern, "0#")
	last := strings.LastIndexAny(pattern, "0#")
	if first < 0 {
		return strings.Trim(pattern, `'"`)
	}
	clean := func(s string) string { return strings.NewReplacer("'", "", `"`, "", `\`, "").Replace(s) }
	return clean(pattern[:first]) + digits + clean(strings.TrimLeft(pattern[last+1:], ".,"))
}
