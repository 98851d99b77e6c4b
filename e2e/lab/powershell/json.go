package powershell

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"
)

// jsonWriter writes as ConvertTo-Json of 5.1 does.
type jsonWriter struct {
	s        *Session
	sb       strings.Builder
	compress bool
	depth    int
}

func (s *Session) encodeJSON(v Value, depth int, compress bool) (string, error) {
	w := &jsonWriter{s: s, compress: compress, depth: depth}
	if err := w.value(v, 0, 0); err != nil {
		return "", err
	}
	return w.sb.String(), s.limitString(w.sb.Len())
}

// value writes one value; level counts nesting for -Depth, indent is where the
// text stands: 5.1 puts nested values under the column of their bracket.
func (w *jsonWriter) value(v Value, level, indent int) error {
	if w.sb.Len() > w.s.limits.StringBytes {
		return w.s.limitString(w.sb.Len())
	}
	if w.scalar(v) {
		return nil
	}
	if level > w.depth {
		w.text(w.s.toString(v))
		return nil
	}
	switch x := v.(type) {
	case indexed:
		return w.array(x, level, indent)
	case *Hashtable:
		names := make([]string, x.Len())
		for i := range names {
			k, _ := x.Entry(i)
			names[i] = w.s.toString(k)
		}
		return w.object(names, func(i int) (Value, error) { _, val := x.Entry(i); return val, nil }, level, indent)
	}
	names := w.s.propertyNames(v)
	return w.object(names, func(i int) (Value, error) {
		val, _, err := w.s.property(v, names[i])
		return val, err
	}, level, indent)
}

// scalar writes what is no collection and no object.
func (w *jsonWriter) scalar(v Value) bool {
	switch x := v.(type) {
	case nil:
		w.sb.WriteString("null")
	case bool:
		w.sb.WriteString(strings.ToLower(boolString(x)))
	case string:
		w.text(x)
	case Char:
		w.text(x.String())
	case Enum:
		w.sb.WriteString(strconv.FormatInt(x.Value, 10))
	case DateTime:
		ms := floorDiv(UTCTime(x.Time(w.s.zone)).Ticks-unixEpochTicks, ticksPerMillisecond)
		fmt.Fprintf(&w.sb, `"\/Date(%d)\/"`, ms)
	case Guid:
		w.text(x.String())
	case Decimal:
		w.sb.WriteString(plainString(x))
	case float64:
		w.float(x, 64)
	case float32:
		w.float(float64(x), 32)
	case *Type:
		w.text(x.Name)
	case *ScriptBlock:
		return false
	default:
		if _, ok := integer(v); !ok {
			return false
		}
		if _, isSwitch := v.(Switch); isSwitch {
			return false
		}
		w.sb.WriteString(plainString(v))
	}
	return true
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func (w *jsonWriter) float(f float64, bitSize int) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		w.text(formatDouble(f, 15))
		return
	}
	w.sb.WriteString(roundTrip(f, bitSize))
}

// roundTrip writes a number in .NET Framework's format R: 15 digits, or 17 when
// those do not give the number back.
func roundTrip(f float64, bitSize int) string {
	short, long := 15, 17
	if bitSize == 32 {
		short, long = 7, 9
	}
	t := formatDouble(f, short)
	if back, err := strconv.ParseFloat(t, bitSize); err == nil && back == f {
		return t
	}
	return formatDouble(f, long)
}

// text writes a string with the escapes of 5.1: control characters, quotes,
// backslashes and the characters < > & ' are escaped, nothing else.
func (w *jsonWriter) text(t string) {
	w.sb.WriteByte('"')
	for i := 0; i < len(t); {
		r, size := decodeWTF8(t[i:])
		switch {
		case r == '"' || r == '\\':
			w.sb.WriteByte('\\')
			w.sb.WriteRune(r)
		case r == '\n':
			w.sb.WriteString(`\n`)
		case r == '\r':
			w.sb.WriteString(`\r`)
		case r == '\t':
			w.sb.WriteString(`\t`)
		case r == '\b':
			w.sb.WriteString(`\b`)
		case r == '\f':
			w.sb.WriteString(`\f`)
		case r < 0x20 || strings.ContainsRune("<>&'", r) || r == 0x85 || r == 0x2028 || r == 0x2029:
			fmt.Fprintf(&w.sb, `\u%04x`, r)
		default:
			w.sb.WriteString(t[i : i+size])
		}
		i += size
	}
	w.sb.WriteByte('"')
}

func (w *jsonWriter) newline(indent int) {
	if !w.compress {
		w.sb.WriteString("\r\n" + strings.Repeat(" ", indent))
	}
}

// maxJSONIndent bounds the white space in front of a line.
const maxJSONIndent = 4096

func (w *jsonWriter) array(a indexed, level, indent int) error {
	if err := w.s.step(); err != nil {
		return err
	}
	w.sb.WriteByte('[')
	if a.Len() == 0 {
		if !w.compress {
			w.sb.WriteString("\r\n\r\n" + strings.Repeat(" ", indent))
		}
		w.sb.WriteByte(']')
		return nil
	}
	inner := min(indent+4, maxJSONIndent)
	for i := range a.Len() {
		if i > 0 {
			w.sb.WriteByte(',')
		}
		w.newline(inner)
		if err := w.value(a.At(i), level+1, inner); err != nil {
			return err
		}
	}
	w.newline(indent)
	w.sb.WriteByte(']')
	return nil
}

func (w *jsonWriter) object(names []string, get func(i int) (Value, error), level, indent int) error {
	if err := w.s.step(); err != nil {
		return err
	}
	w.sb.WriteByte('{')
	if len(names) == 0 {
		if !w.compress {
			w.sb.WriteString("\r\n\r\n" + strings.Repeat(" ", indent))
		}
		w.sb.WriteByte('}')
		return nil
	}
	inner := min(indent+4, maxJSONIndent)
	for i, n := range names {
		if i > 0 {
			w.sb.WriteByte(',')
		}
		w.newline(inner)
		w.text(n)
		w.sb.WriteByte(':')
		if !w.compress {
			w.sb.WriteString("  ")
		}
		v, err := get(i)
		if err != nil {
			return err
		}
		// a nested bracket opens below the text in front of it
		if err := w.value(v, level+1, min(inner+utf16Len(n)+5, maxJSONIndent)); err != nil {
			return err
		}
	}
	w.newline(indent)
	w.sb.WriteByte('}')
	return nil
}

// decodeJSON reads as ConvertFrom-Json of 5.1 does: objects become custom
// objects, whole numbers the narrowest of Int32, Int64 and Decimal, others
// Decimal or Double, and /Date(n)/ a DateTime.
func (s *Session) decodeJSON(text string) (Value, error) {
	if err := s.limitString(len(text)); err != nil {
		return nil, err
	}
	p := &jsonReader{s: s, t: text}
	p.blank()
	v, err := p.value(0)
	if err == nil {
		if p.blank(); p.i < len(p.t) {
			err = p.fail("Invalid JSON primitive: %s.", clip(p.t[p.i:], 40))
		}
	}
	if err != nil {
		if msg, ok := err.(jsonError); ok {
			return nil, newError("System.ArgumentException", "System.ArgumentException", NotSpecified, string(msg))
		}
		return nil, err
	}
	return v, nil
}

type jsonError string

func (e jsonError) Error() string { return string(e) }

// maxJSONDepth is how deep documents may nest.
const maxJSONDepth = 100

type jsonReader struct {
	s *Session
	t string
	i int
}

func (p *jsonReader) fail(format string, args ...any) error {
	return jsonError(fmt.Sprintf(format, args...))
}

func (p *jsonReader) blank() {
	for p.i < len(p.t) && strings.IndexByte(" \t\r\n", p.t[p.i]) >= 0 {
		p.i++
	}
}

func (p *jsonReader) value(depth int) (Value, error) {
	if err := p.s.step(); err != nil {
		return nil, err
	}
	if depth > maxJSONDepth {
		return nil, p.fail("RecursionLimit exceeded.")
	}
	if p.i >= len(p.t) {
		return nil, p.fail("Invalid JSON primitive: .")
	}
	switch p.t[p.i] {
	case '{':
		return p.object(depth)
	case '[':
		return p.array(depth)
	case '"', '\'':
		if d, ok := p.date(); ok {
			return d, nil
		}
		return p.text()
	}
	start := p.i
	for p.i < len(p.t) && strings.IndexByte(" \t\r\n,:]}", p.t[p.i]) < 0 {
		p.i++
	}
	return p.primitive(p.t[start:p.i])
}

func (p *jsonReader) primitive(t string) (Value, error) {
	switch t {
	case "null":
		return nil, nil
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	if !json.Valid([]byte(t)) || t == "" || t[0] != '-' && (t[0] < '0' || t[0] > '9') {
		return nil, p.fail("Invalid JSON primitive: %s.", clip(t, 80))
	}
	if n, err := strconv.ParseInt(t, 10, 64); err == nil {
		if n == int64(int32(n)) {
			return int32(n), nil
		}
		return n, nil
	}
	if !strings.ContainsAny(t, "eE") {
		if d, err := decimal.NewFromString(t); err == nil && d.Abs().LessThanOrEqual(decimalLimit) {
			return fitDecimal(d)
		}
	}
	f, err := strconv.ParseFloat(t, 64)
	if err != nil {
		return nil, p.fail("Invalid JSON primitive: %s.", clip(t, 80))
	}
	return f, nil
}

// date reads "\/Date(milliseconds)\/". Only this spelling is a date: the same
// text with plain slashes is a string.
func (p *jsonReader) date() (Value, bool) {
	inner, ok := strings.CutPrefix(p.t[p.i:], `"\/Date(`)
	if !ok {
		return nil, false
	}
	digits, _, ok := strings.Cut(inner, `)\/"`)
	if !ok {
		return nil, false
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n > 253402300799999 || n < -62135596800000 {
		return nil, false
	}
	p.i += len(`"\/Date(`) + len(digits) + len(`)\/"`)
	return DateTime{n*ticksPerMillisecond + unixEpochTicks, UTC}, true
}

func (p *jsonReader) text() (string, error) {
	quote := p.t[p.i]
	p.i++
	var units []uint16
	var sb strings.Builder
	flush := func() {
		if len(units) > 0 {
			sb.WriteString(fromUTF16(units))
			units = units[:0]
		}
	}
	for p.i < len(p.t) {
		c := p.t[p.i]
		p.i++
		switch {
		case c == quote:
			flush()
			return sb.String(), nil
		case c == '\\':
			if p.i >= len(p.t) {
				return "", p.fail("Unterminated string passed in.")
			}
			e := p.t[p.i]
			p.i++
			if e == 'u' {
				if p.i+4 > len(p.t) {
					return "", p.fail("Unrecognized escape sequence.")
				}
				n, err := strconv.ParseUint(p.t[p.i:p.i+4], 16, 16)
				if err != nil {
					return "", p.fail("Unrecognized escape sequence.")
				}
				p.i += 4
				units = append(units, uint16(n))
				continue
			}
			flush()
			at := strings.IndexByte(`"'\/bfnrt`, e)
			if at < 0 {
				return "", p.fail("Unrecognized escape sequence.")
			}
			sb.WriteByte("\"'\\/\b\f\n\r\t"[at])
		default:
			flush()
			sb.WriteByte(c)
		}
	}
	return "", p.fail("Unterminated string passed in.")
}

func (p *jsonReader) array(depth int) (Value, error) {
	p.i++
	a := NewArray()
	for first := true; ; first = false {
		p.blank()
		if p.i < len(p.t) && p.t[p.i] == ']' && first {
			p.i++
			return a, nil
		}
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		a.Items = append(a.Items, v)
		p.blank()
		if p.i >= len(p.t) || p.t[p.i] != ',' && p.t[p.i] != ']' {
			return nil, p.fail("Invalid array passed in, ',' expected. (%d): %s", p.i, clip(p.t, 80))
		}
		p.i++
		if p.t[p.i-1] == ']' {
			return a, p.s.limitItems(len(a.Items))
		}
	}
}

func (p *jsonReader) object(depth int) (Value, error) {
	p.i++
	o := NewObject()
	for first := true; ; first = false {
		p.blank()
		if p.i < len(p.t) && p.t[p.i] == '}' && first {
			p.i++
			return o, nil
		}
		if p.i >= len(p.t) || p.t[p.i] != '"' && p.t[p.i] != '\'' {
			return nil, p.fail("Invalid object passed in, member name expected. (%d): %s", p.i, clip(p.t, 80))
		}
		name, err := p.text()
		if err != nil {
			return nil, err
		}
		p.blank()
		if p.i >= len(p.t) || p.t[p.i] != ':' {
			return nil, p.fail("Invalid object passed in, ':' or '}' expected. (%d): %s", p.i, clip(p.t, 80))
		}
		p.i++
		p.blank()
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if i := o.find(name); i >= 0 && o.notes[i].name != name {
			return nil, newError("System.InvalidOperationException", "DuplicateKeysInJsonString", InvalidOperation,
				fmt.Sprintf("Cannot convert the JSON string because a dictionary that was converted from the string contains the duplicated keys '%s' and '%s'.", o.notes[i].name, name))
		}
		if name == "" {
			return nil, newError("System.InvalidOperationException", "EmptyKeyInJsonString", InvalidOperation, "Cannot process argument because the value of argument \"name\" is not valid. Change the value of the \"name\" argument and run the operation again.")
		}
		o.Set(name, v)
		p.blank()
		if p.i >= len(p.t) || p.t[p.i] != ',' && p.t[p.i] != '}' {
			return nil, p.fail("Invalid object passed in, ':' or '}' expected. (%d): %s", p.i, clip(p.t, 80))
		}
		p.i++
		if p.t[p.i-1] == '}' {
			return o, nil
		}
	}
}
