package powershell

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// plainString converts a value to a string as an expandable string does, with
// the invariant culture and a space between the elements of an array.
func plainString(v Value) string { return joined(v, " ", 0) }

// maxStringDepth bounds how deep custom objects are written into a string.
const maxStringDepth = 8

func joined(v Value, sep string, depth int) string {
	switch v := v.(type) {
	case nil, noValue:
		return ""
	case string:
		return v
	case bool:
		return boolString(v)
	case Switch:
		return boolString(bool(v))
	case DateTime:
		s, _ := formatDate(v, invariantDate, nil)
		return s
	case indexed:
		if depth > 0 {
			return typeOf(v).Name
		}
		var sb strings.Builder
		for i := range v.Len() {
			if i > 0 {
				sb.WriteString(sep)
			}
			sb.WriteString(joined(v.At(i), sep, depth+1))
		}
		return sb.String()
	case *Hashtable:
		return v.Kind.Name
	case *ScriptBlock:
		return v.Text()
	case *Object:
		return v.text(depth)
	case *Type:
		return v.Name
	case *ErrorRecord:
		return v.Message()
	case *Exception:
		return v.text()
	}
	return scalarString(v)
}

func scalarString(v Value) string {
	switch v := v.(type) {
	case float64:
		return formatDouble(v, 15)
	case float32:
		return formatDouble(float64(v), 7)
	case Decimal:
		return v.StringFixed(max(0, -v.Exponent()))
	case Version:
		return v.String()
	case fmt.Stringer:
		return v.String()
	}
	return fmt.Sprint(v)
}

func boolString(b bool) string {
	if b {
		return "True"
	}
	return "False"
}

// formatDouble writes a floating number as .NET Framework does by default.
func formatDouble(f float64, digits int) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case f == 0:
		return "0"
	}
	s := strconv.FormatFloat(f, 'e', digits-1, 64)
	mantissa, exponent, _ := strings.Cut(s, "e")
	exp, _ := strconv.Atoi(exponent)
	if exp >= -5 && exp < digits {
		s = strconv.FormatFloat(f, 'f', max(0, digits-1-exp), 64)
		if strings.Contains(s, ".") {
			s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
		}
		return s
	}
	if strings.Contains(mantissa, ".") {
		mantissa = strings.TrimRight(strings.TrimRight(mantissa, "0"), ".")
	}
	return fmt.Sprintf("%sE%+03d", mantissa, exp)
}

// Text is the code between the braces.
func (b *ScriptBlock) Text() string {
	sp := b.Block.Span
	text := b.Block.Source.Slice(sp)
	if strings.HasPrefix(text, "{") && strings.HasSuffix(text, "}") {
		return text[1 : len(text)-1]
	}
	return text
}

func (o *Object) text(depth int) string {
	if o.Class != classCustom {
		if o.Class.String != nil {
			return o.Class.String(o.Data)
		}
		return o.Class.Name
	}
	if depth >= maxStringDepth {
		return ""
	}
	if len(o.notes) == 0 {
		return ""
	}
	var sb strings.Builder
	sb.WriteString("@{")
	n := 0
	for _, p := range o.notes {
		if p.method != nil {
			continue
		}
		if n > 0 {
			sb.WriteString("; ")
		}
		n++
		sb.WriteString(p.name + "=" + joined(p.value, " ", depth+1))
	}
	return sb.String() + "}"
}

func (e *Exception) text() string {
	s := e.Type + ": " + e.Message
	if e.Inner != nil {
		s += " ---> " + e.Inner.text() + "\r\n   --- End of inner exception stack trace ---"
	}
	return s
}

// String gives the parts that are there.
func (v Version) String() string {
	s := fmt.Sprintf("%d.%d", v.Major, v.Minor)
	if v.Build >= 0 {
		s += fmt.Sprintf(".%d", v.Build)
		if v.Revision >= 0 {
			s += fmt.Sprintf(".%d", v.Revision)
		}
	}
	return s
}

func parseVersion(text string) (Version, bool) {
	v := Version{Build: -1, Revision: -1}
	parts := strings.Split(text, ".")
	if len(parts) < 2 || len(parts) > 4 {
		return v, false
	}
	for i, slot := range []*int32{&v.Major, &v.Minor, &v.Build, &v.Revision}[:len(parts)] {
		n, err := strconv.ParseUint(strings.TrimSpace(parts[i]), 10, 31)
		if err != nil {
			return v, false
		}
		*slot = int32(n)
	}
	return v, true
}
