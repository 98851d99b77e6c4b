package powershell

import (
	"bytes"
	"reflect"
	"strings"
)

// comparison applies -eq and its family; a collection on the left is filtered.
func (s *Session) comparison(op string, cased bool, l, r Value) (Value, error) {
	if a, ok := l.(indexed); ok {
		var out []Value
		for i := range a.Len() {
			ok, err := s.compareOne(op, cased, a.At(i), r)
			if err != nil {
				return nil, err
			}
			if ok {
				out = append(out, a.At(i))
			}
		}
		return NewArray(out...), nil
	}
	return s.compareOne(op, cased, l, r)
}

func (s *Session) compareOne(op string, cased bool, l, r Value) (bool, error) {
	switch op {
	case "eq":
		return s.equal(l, r, cased), nil
	case "ne":
		return !s.equal(l, r, cased), nil
	}
	n, err := s.order(l, r, cased)
	if err != nil {
		return false, err
	}
	switch op {
	case "gt":
		return n > 0, nil
	case "ge":
		return n >= 0, nil
	case "lt":
		return n < 0, nil
	}
	return n <= 0, nil
}

// equal is -eq: the right side is converted to the type of the left one.
func (s *Session) equal(l, r Value, cased bool) bool {
	if l == nil || r == nil {
		return l == nil && r == nil
	}
	switch a := l.(type) {
	case string:
		b := s.toString(r)
		if cased {
			return a == b
		}
		return strings.EqualFold(a, b)
	case bool:
		return a == truth(r)
	case Switch:
		return bool(a) == truth(r)
	case Enum:
		c, err := s.convert(r, typeOf(l))
		return err == nil && c == l
	case Char:
		if b, ok := r.(string); ok {
			return s.equal(a.String(), b, cased)
		}
		if b, ok := r.(Char); ok {
			return s.equal(a.String(), b.String(), cased)
		}
	case DateTime:
		b, err := s.convert(r, typeDateTime)
		return err == nil && b.(DateTime).Ticks == a.Ticks
	case *Bytes:
		b, ok := r.(*Bytes)
		return ok && a == b
	case TimeSpan, Guid, Version:
		b, err := s.convert(r, typeOf(l))
		return err == nil && b == l
	case *Type:
		b, err := s.convert(r, typeType)
		return err == nil && b != nil && b.(*Type).Name == a.Name
	}
	if rankOf(l) != rankNone {
		n, ok := s.compareNumbers(l, r)
		return ok && n == 0
	}
	if l == r {
		return true
	}
	return s.equalObjects(l, r, cased)
}

// equalObjects compares objects by identity, and a module's by their data.
func (s *Session) equalObjects(l, r Value, cased bool) bool {
	a, ok := l.(*Object)
	if !ok {
		return false
	}
	if text, isText := r.(string); isText && a.Class != classCustom {
		return s.equal(plainString(a), text, cased)
	}
	b, ok := r.(*Object)
	return ok && a.Class != classCustom && a.Class == b.Class && a.Data != nil && reflect.TypeOf(a.Data).Comparable() && a.Data == b.Data
}

func (s *Session) compareNumbers(l, r Value) (int, bool) {
	if text, ok := r.(string); ok {
		n, err := stringToNumber(text)
		if err != nil {
			return 0, false
		}
		r = n
	}
	if rankOf(r) == rankNone {
		return 0, false
	}
	if max(rankOf(l), rankOf(r)) == rankFloat {
		a, b := mustFloat(l), mustFloat(r)
		switch {
		case a < b:
			return -1, true
		case a > b:
			return 1, true
		}
		return 0, a == b
	}
	return mustDecimal(l).Cmp(mustDecimal(r)), true
}

func notComparable(l, r Value) error {
	return newError("System.Management.Automation.RuntimeException", "ComparisonFailure", InvalidOperation,
		`Could not compare "`+plainString(l)+`" to "`+plainString(r)+`". Error: "Cannot compare \"`+plainString(l)+`\" because it is not IComparable."`)
}

// order compares for -lt and sorting: negative, zero or positive.
func (s *Session) order(l, r Value, cased bool) (int, error) {
	if l == nil || r == nil {
		return orderNull(l, r), nil
	}
	switch a := l.(type) {
	case string:
		return compareText(a, s.toString(r), cased), nil
	case Char:
		if b, ok := r.(string); ok {
			return compareText(a.String(), b, cased), nil
		}
	case DateTime:
		b, err := s.convert(r, typeDateTime)
		if err != nil {
			return 0, s.castRuntime(err)
		}
		return compareInts(a.Ticks, b.(DateTime).Ticks), nil
	case TimeSpan:
		b, err := s.convert(r, typeTimeSpan)
		if err != nil {
			return 0, s.castRuntime(err)
		}
		return compareInts(int64(a), int64(b.(TimeSpan))), nil
	case Enum:
		b, err := s.convert(r, typeOf(l))
		if err != nil {
			return 0, s.castRuntime(err)
		}
		return compareInts(a.Value, b.(Enum).Value), nil
	case Guid:
		b, err := s.convert(r, typeGuid)
		if err != nil {
			return 0, s.castRuntime(err)
		}
		g := b.(Guid)
		return bytes.Compare(a[:], g[:]), nil
	case Version:
		b, err := s.convert(r, typeVersion)
		if err != nil {
			return 0, s.castRuntime(err)
		}
		return compareVersions(a, b.(Version)), nil
	case bool:
		return s.order(boolNumber(a), boolNumber(truth(r)), cased)
	}
	if rankOf(l) != rankNone {
		if n, ok := s.compareNumbers(l, r); ok {
			return n, nil
		}
		_, err := s.convert(r, typeOf(l))
		if err == nil {
			return 0, nil
		}
		return 0, s.castRuntime(err)
	}
	if s.equal(l, r, cased) {
		return 0, nil
	}
	return 0, notComparable(l, r)
}

// orderNull puts $null before everything, except that numbers compare with it as with 0.
func orderNull(l, r Value) int {
	switch {
	case l == nil && r == nil:
		return 0
	case l == nil:
		if n, ok := numberAsFloat(r); ok && n < 0 {
			return 1
		}
		return -1
	}
	if n, ok := numberAsFloat(l); ok && n < 0 {
		return -1
	}
	return 1
}

func boolNumber(b bool) Value {
	if b {
		return int32(1)
	}
	return int32(0)
}

func compareInts(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func compareVersions(a, b Version) int {
	for _, p := range [][2]int32{{a.Major, b.Major}, {a.Minor, b.Minor}, {a.Build, b.Build}, {a.Revision, b.Revision}} {
		if c := compareInts(int64(p[0]), int64(p[1])); c != 0 {
			return c
		}
	}
	return 0
}

// compareText orders strings as a culture does: letters first without regard to
// case, then lower case before upper.
func compareText(a, b string, cased bool) int {
	x, y := collate(a), collate(b)
	if n := strings.Compare(x, y); n != 0 || !cased {
		return n
	}
	// of letters that differ in case only, lower case sorts first
	for i := 0; i < len(a) && i < len(b); i++ {
		if a[i] != b[i] {
			if a[i] > b[i] {
				return -1
			}
			return 1
		}
	}
	return len(a) - len(b)
}

// collate gives a key that sorts punctuation before digits before letters.
func collate(s string) string {
	lower := strings.ToLower(s)
	var sb strings.Builder
	sb.Grow(len(lower) + 8)
	for _, c := range lower {
		switch {
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c > 127:
			sb.WriteRune(c)
		default:
			sb.WriteByte(1)
			sb.WriteRune(c)
		}
	}
	return sb.String()
}

// contains is -contains: an element equal to the value.
func (s *Session) contains(l, r Value, cased bool) bool {
	a, ok := l.(indexed)
	if !ok {
		return s.equal(l, r, cased)
	}
	for i := range a.Len() {
		if s.equal(a.At(i), r, cased) {
			return true
		}
	}
	return false
}
