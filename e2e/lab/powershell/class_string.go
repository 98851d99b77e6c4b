package powershell

import (
	"strings"
	"unicode"
	"unicode/utf16"
)

func toArgs(s *Session, args []Value) []string {
	out := make([]string, len(args))
	for i, a := range args {
		out[i] = s.toString(a)
	}
	return out
}

// text makes a method of a function on strings.
func text(name string, min, max int, f func(s *Session, t string, args []Value) (Value, error)) Method {
	return method(name, min, max, func(s *Session, v Value, args []Value) (Value, error) { return f(s, v.(string), args) })
}

// ignoresCase reads a StringComparison argument.
func ignoresCase(s *Session, args []Value, i int) bool {
	return i < len(args) && strings.Contains(strings.ToLower(s.toString(args[i])), "ignorecase")
}

func fold(t string, ignore bool) string {
	if ignore {
		return strings.ToLower(t)
	}
	return t
}

// cutset gives the characters of Trim's arguments.
func cutset(s *Session, args []Value) string {
	var sb strings.Builder
	for _, a := range args {
		if l, ok := a.(indexed); ok {
			for i := range l.Len() {
				sb.WriteString(s.toString(l.At(i)))
			}
			continue
		}
		sb.WriteString(s.toString(a))
	}
	return sb.String()
}

func trimmer(f func(string, string) string, blank func(string, func(rune) bool) string) func(s *Session, t string, args []Value) (Value, error) {
	return func(s *Session, t string, args []Value) (Value, error) {
		if set := cutset(s, args); set != "" {
			return f(t, set), nil
		}
		return blank(t, unicode.IsSpace), nil
	}
}

// span checks a start and length against a string.
func spanOf(s *Session, t string, args []Value) (start, length int, err error) {
	a, err := s.convert(args[0], typeInt32)
	if err != nil {
		return 0, 0, err
	}
	start, size := int(a.(int32)), utf16Len(t)
	length = size - start
	if len(args) > 1 {
		n, err := s.convert(args[1], typeInt32)
		if err != nil {
			return 0, 0, err
		}
		length = int(n.(int32))
	}
	switch {
	case start < 0:
		return 0, 0, throwNet("System.ArgumentOutOfRangeException", "StartIndex cannot be less than zero.\r\nParameter name: startIndex")
	case start > size:
		return 0, 0, throwNet("System.ArgumentOutOfRangeException", "startIndex cannot be larger than length of string.\r\nParameter name: startIndex")
	case length < 0:
		return 0, 0, throwNet("System.ArgumentOutOfRangeException", "Length cannot be less than zero.\r\nParameter name: length")
	case start+length > size:
		return 0, 0, throwNet("System.ArgumentOutOfRangeException", "Index and length must refer to a location within the string.\r\nParameter name: length")
	}
	return start, length, nil
}

var classString = &Class{Name: tString, Properties: []Property{
	get("Length", tInt32, func(v Value) Value { return int32(utf16Len(v.(string))) }),
}}

func init() {
	classString.Methods = stringMethods()
	typeString.statics = stringStatics()
}

func stringMethods() []Method {
	return []Method{
		text("ToUpper", 0, 1, func(_ *Session, t string, _ []Value) (Value, error) { return strings.ToUpper(t), nil }),
		text("ToLower", 0, 1, func(_ *Session, t string, _ []Value) (Value, error) { return strings.ToLower(t), nil }),
		text("ToUpperInvariant", 0, 0, func(_ *Session, t string, _ []Value) (Value, error) { return strings.ToUpper(t), nil }),
		text("ToLowerInvariant", 0, 0, func(_ *Session, t string, _ []Value) (Value, error) { return strings.ToLower(t), nil }),
		text("Trim", 0, 16, trimmer(strings.Trim, strings.TrimFunc)),
		text("TrimStart", 0, 16, trimmer(strings.TrimLeft, strings.TrimLeftFunc)),
		text("TrimEnd", 0, 16, trimmer(strings.TrimRight, strings.TrimRightFunc)),
		text("Contains", 1, 1, func(s *Session, t string, a []Value) (Value, error) {
			return strings.Contains(t, s.toString(a[0])), nil
		}),
		text("StartsWith", 1, 3, func(s *Session, t string, a []Value) (Value, error) {
			ic := ignoresCase(s, a, 1) || len(a) == 3 && truth(a[1])
			return strings.HasPrefix(fold(t, ic), fold(s.toString(a[0]), ic)), nil
		}),
		text("EndsWith", 1, 3, func(s *Session, t string, a []Value) (Value, error) {
			ic := ignoresCase(s, a, 1) || len(a) == 3 && truth(a[1])
			return strings.HasSuffix(fold(t, ic), fold(s.toString(a[0]), ic)), nil
		}),
		text("IndexOf", 1, 3, stringIndex(false)),
		text("LastIndexOf", 1, 3, stringIndex(true)),
		text("IndexOfAny", 1, 1, func(s *Session, t string, a []Value) (Value, error) {
			if i := strings.IndexAny(t, cutset(s, a)); i >= 0 {
				return int32(utf16Len(t[:i])), nil
			}
			return int32(-1), nil
		}),
		text("Substring", 1, 2, func(s *Session, t string, a []Value) (Value, error) {
			start, n, err := spanOf(s, t, a)
			if err != nil {
				return nil, err
			}
			return substring(t, start, n), nil
		}),
		text("Remove", 1, 2, func(s *Session, t string, a []Value) (Value, error) {
			start, n, err := spanOf(s, t, a)
			if err != nil {
				return nil, err
			}
			return substring(t, 0, start) + substring(t, start+n, utf16Len(t)-start-n), nil
		}),
		text("Insert", 2, 2, func(s *Session, t string, a []Value) (Value, error) {
			start, _, err := spanOf(s, t, a[:1])
			if err != nil {
				return nil, err
			}
			return substring(t, 0, start) + s.toString(a[1]) + substring(t, start, utf16Len(t)-start), nil
		}),
		text("Replace", 2, 2, func(s *Session, t string, a []Value) (Value, error) {
			old := s.toString(a[0])
			if old == "" {
				return nil, throwNet("System.ArgumentException", "String cannot be of zero length.\r\nParameter name: oldValue")
			}
			with := s.toString(a[1])
			if err := s.limitString(len(t) + strings.Count(t, old)*len(with)); err != nil {
				return nil, err
			}
			return strings.ReplaceAll(t, old, with), nil
		}),
		text("Split", 0, 8, stringSplit),
		text("PadLeft", 1, 2, stringPad(padLeft)),
		text("PadRight", 1, 2, stringPad(padRight)),
		text("ToCharArray", 0, 0, func(_ *Session, t string, _ []Value) (Value, error) {
			return &Array{Items: chars(t), Elem: typeChar}, nil
		}),
		text("Normalize", 0, 0, func(_ *Session, t string, _ []Value) (Value, error) { return t, nil }),
		text("get_Chars", 1, 1, func(s *Session, t string, a []Value) (Value, error) { return s.element(t, a[0]) }),
	}
}

func stringStatics() *statics {
	return &statics{
		properties: map[string]func(*Session) Value{"empty": func(*Session) Value { return "" }},
		methods: map[string]staticMethod{
			"isnullorempty": {name: "IsNullOrEmpty", min: 1, max: 1, call: func(s *Session, a []Value) (Value, error) { return s.toString(a[0]) == "", nil }},
			"isnullorwhitespace": {name: "IsNullOrWhiteSpace", min: 1, max: 1, call: func(s *Session, a []Value) (Value, error) {
				return strings.TrimSpace(s.toString(a[0])) == "", nil
			}},
			"join": {name: "Join", min: 2, max: 64, call: func(s *Session, a []Value) (Value, error) {
				if len(a) == 2 {
					return s.join(a[1], s.toString(a[0]))
				}
				return s.join(NewArray(a[1:]...), s.toString(a[0]))
			}},
			"format": {name: "Format", min: 1, max: 64, call: func(s *Session, a []Value) (Value, error) {
				if len(a) == 2 {
					return s.format(s.toString(a[0]), a[1])
				}
				return s.format(s.toString(a[0]), NewArray(a[1:]...))
			}},
			"concat": {name: "Concat", min: 1, max: 64, call: func(s *Session, a []Value) (Value, error) { return strings.Join(toArgs(s, a), ""), nil }},
			"compare": {name: "Compare", min: 2, max: 3, call: func(s *Session, a []Value) (Value, error) {
				ic := len(a) == 3 && (truth(a[2]) && !isText(a[2]) || ignoresCase(s, a, 2))
				return int32(max(-1, min(1, compareText(s.toString(a[0]), s.toString(a[1]), !ic)))), nil
			}},
			"equals": {name: "Equals", min: 2, max: 3, call: func(s *Session, a []Value) (Value, error) {
				return fold(s.toString(a[0]), ignoresCase(s, a, 2)) == fold(s.toString(a[1]), ignoresCase(s, a, 2)), nil
			}},
		},
		construct: &staticMethod{name: ".ctor", min: 1, max: 3, call: newString},
	}
}

func isText(v Value) bool { _, ok := v.(string); return ok }

// newString is [string]::new(char[]) and [string]::new(char, count).
func newString(s *Session, a []Value) (Value, error) {
	if len(a) == 2 {
		n, err := s.convert(a[1], typeInt32)
		if err != nil {
			return nil, err
		}
		if n.(int32) < 0 {
			return nil, throwNet("System.ArgumentOutOfRangeException", "'count' must be non-negative.\r\nParameter name: count")
		}
		if err := s.limitString(int(n.(int32)) * 3); err != nil {
			return nil, err
		}
		return strings.Repeat(s.toString(a[0]), int(n.(int32))), nil
	}
	return cutset(s, a), nil
}

func stringIndex(last bool) func(s *Session, t string, a []Value) (Value, error) {
	return func(s *Session, t string, a []Value) (Value, error) {
		from, size := 0, utf16Len(t)
		ic := false
		for i := 1; i < len(a); i++ {
			if n, ok := a[i].(int32); ok && i == 1 {
				from = int(n)
			} else {
				ic = ignoresCase(s, a, i)
			}
		}
		if from < 0 || from > size {
			return nil, throwNet("System.ArgumentOutOfRangeException", "Index was out of range. Must be non-negative and less than the size of the collection.\r\nParameter name: startIndex")
		}
		needle := fold(s.toString(a[0]), ic)
		if last {
			i := strings.LastIndex(fold(t, ic), needle)
			if i < 0 {
				return int32(-1), nil
			}
			return int32(utf16Len(t[:i])), nil
		}
		rest := substring(t, from, size-from)
		i := strings.Index(fold(rest, ic), needle)
		if i < 0 {
			return int32(-1), nil
		}
		return int32(from + utf16Len(rest[:min(i, len(rest))])), nil
	}
}

// stringSplit is String.Split: any of the characters, or with options.
func stringSplit(s *Session, t string, a []Value) (Value, error) {
	limit, removeEmpty := -1, false
	set := ""
	for i, x := range a {
		switch v := x.(type) {
		case int32:
			if i > 0 {
				limit = int(v)
				continue
			}
		case string:
			if i > 0 && strings.EqualFold(v, "RemoveEmptyEntries") {
				removeEmpty = true
				continue
			}
			if i > 0 && strings.EqualFold(v, "None") {
				continue
			}
		case Enum:
			removeEmpty = v.Value == 1
			continue
		}
		set += cutset(s, []Value{x})
	}
	isSep := func(c rune) bool { return strings.ContainsRune(set, c) }
	if set == "" {
		isSep = unicode.IsSpace
	}
	var out []Value
	for start := 0; ; {
		i := strings.IndexFunc(t[start:], isSep)
		if i < 0 || limit > 0 && len(out) == limit-1 {
			if part := t[start:]; part != "" || !removeEmpty {
				out = append(out, part)
			}
			break
		}
		if part := t[start : start+i]; part != "" || !removeEmpty {
			out = append(out, part)
		}
		_, n := decodeWTF8(t[start+i:])
		start += i + n
	}
	return &Array{Items: out, Elem: typeString}, s.limitItems(len(out))
}

func stringPad(f func(string, int, rune) string) func(s *Session, t string, a []Value) (Value, error) {
	return func(s *Session, t string, a []Value) (Value, error) {
		n, err := s.convert(a[0], typeInt32)
		if err != nil {
			return nil, err
		}
		if n.(int32) < 0 {
			return nil, throwNet("System.ArgumentOutOfRangeException", "Non-negative number required.\r\nParameter name: totalWidth")
		}
		if err := s.limitString(int(n.(int32))); err != nil {
			return nil, err
		}
		c := Char(' ')
		if len(a) > 1 {
			v, err := s.convert(a[1], typeChar)
			if err != nil {
				return nil, err
			}
			c = v.(Char)
		}
		return f(t, int(n.(int32)), rune(c)), nil
	}
}

var charTests = map[string]func(rune) bool{
	"IsDigit": unicode.IsDigit, "IsLetter": unicode.IsLetter, "IsWhiteSpace": unicode.IsSpace, "IsUpper": unicode.IsUpper,
	"IsLower": unicode.IsLower, "IsLetterOrDigit": func(c rune) bool { return unicode.IsLetter(c) || unicode.IsDigit(c) },
	"IsControl": unicode.IsControl, "IsSurrogate": utf16.IsSurrogate, "IsPunctuation": unicode.IsPunct,
}

func init() {
	st := &statics{methods: map[string]staticMethod{}}
	for name, f := range charTests {
		st.methods[strings.ToLower(name)] = staticMethod{name: name, min: 1, max: 1, call: func(s *Session, a []Value) (Value, error) {
			c, err := s.convert(a[0], typeChar)
			if err != nil {
				return nil, err
			}
			return f(rune(c.(Char))), nil
		}}
	}
	st.methods["toupper"] = staticMethod{name: "ToUpper", min: 1, max: 1, call: charMap(unicode.ToUpper)}
	st.methods["tolower"] = staticMethod{name: "ToLower", min: 1, max: 1, call: charMap(unicode.ToLower)}
	typeChar.statics = st
}

func charMap(f func(rune) rune) func(s *Session, a []Value) (Value, error) {
	return func(s *Session, a []Value) (Value, error) {
		c, err := s.convert(a[0], typeChar)
		if err != nil {
			return nil, err
		}
		return Char(f(rune(c.(Char)))), nil
	}
}
