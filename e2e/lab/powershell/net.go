package powershell

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"math"
	"strings"

	"github.com/dlclark/regexp2"
)

// static defines the static methods of a type that has only those.
func static(name string, methods map[string]staticMethod, short ...string) *Type {
	t := define(name, kindStatic, short...)
	t.statics = &statics{methods: methods, properties: map[string]func(*Session) Value{}}
	return t
}

func fn(name string, min, max int, f func(s *Session, a []Value) (Value, error)) staticMethod {
	return staticMethod{name: name, min: min, max: max, call: f}
}

func methodTable(list ...staticMethod) map[string]staticMethod {
	m := make(map[string]staticMethod, len(list))
	for _, x := range list {
		m[strings.ToLower(x.name)] = x
	}
	return m
}

// castTo makes a method that converts its argument.
func castTo(name string, t *Type) staticMethod {
	return fn(name, 1, 2, func(s *Session, a []Value) (Value, error) {
		if len(a) == 2 && t.numeric() {
			base, err := s.convert(a[1], typeInt32)
			if err != nil {
				return nil, err
			}
			return parseBase(s.toString(a[0]), int(base.(int32)), t)
		}
		v, err := s.convert(a[0], t)
		if err != nil {
			return nil, throwNet("System.FormatException", "Input string was not in a correct format.")
		}
		return v, nil
	})
}

func bytesOf(s *Session, v Value) ([]byte, error) {
	if b, ok := v.(*Bytes); ok {
		return b.B, nil
	}
	c, err := s.convert(v, typeByteArray)
	if err != nil {
		return nil, err
	}
	if c == nil {
		return nil, throwNet("System.ArgumentNullException", "Value cannot be null.\r\nParameter name: bytes")
	}
	return c.(*Bytes).B, nil
}

func init() {
	static("System.Convert", methodTable(
		fn("ToBase64String", 1, 2, func(s *Session, a []Value) (Value, error) {
			b, err := bytesOf(s, a[0])
			if err != nil {
				return nil, err
			}
			return base64.StdEncoding.EncodeToString(b), s.limitString(len(b) * 4 / 3)
		}),
		fn("FromBase64String", 1, 1, func(s *Session, a []Value) (Value, error) {
			t := strings.Map(func(c rune) rune {
				if strings.ContainsRune(" \t\r\n", c) {
					return -1
				}
				return c
			}, s.toString(a[0]))
			b, err := base64.StdEncoding.DecodeString(t)
			if err != nil {
				return nil, throwNet("System.FormatException", "The input is not a valid Base-64 string as it contains a non-base 64 character, more than two padding characters, or an illegal character among the padding characters. ")
			}
			return &Bytes{b}, s.limitString(len(b))
		}),
		castTo("ToInt32", typeInt32), castTo("ToInt64", typeInt64), castTo("ToInt16", typeInt16), castTo("ToByte", typeUint8),
		castTo("ToUInt32", typeUint32), castTo("ToUInt64", typeUint64), castTo("ToUInt16", typeUint16), castTo("ToDouble", typeFloat64), castTo("ToDecimal", typeDecimal),
		castTo("ToBoolean", typeBool), castTo("ToDateTime", typeDateTime), castTo("ToChar", typeChar),
		fn("ToString", 1, 2, func(s *Session, a []Value) (Value, error) {
			if len(a) == 2 {
				if base, ok := a[1].(int32); ok {
					return toBase(s, a[0], int(base))
				}
			}
			return s.toString(a[0]), nil
		}),
	), "convert")
	static("System.BitConverter", methodTable(
		fn("ToString", 1, 1, func(s *Session, a []Value) (Value, error) {
			b, err := bytesOf(s, a[0])
			if err != nil {
				return nil, err
			}
			parts := make([]string, len(b))
			for i, c := range b {
				parts[i] = strings.ToUpper(hex.EncodeToString([]byte{c}))
			}
			return strings.Join(parts, "-"), nil
		}),
	), "bitconverter")
	defineMath()
	defineGuid()
	defineEnvironment()
	defineRegex()
	defineHash()
	defineNumbers()
	static("System.Management.Automation.WildcardPattern", methodTable(
		fn("Escape", 1, 1, func(s *Session, a []Value) (Value, error) { return EscapeWildcard(s.toString(a[0])), nil }),
		fn("Unescape", 1, 1, func(s *Session, a []Value) (Value, error) { return UnescapeWildcard(s.toString(a[0])), nil }),
		fn("ContainsWildcardCharacters", 1, 1, func(s *Session, a []Value) (Value, error) { return HasWildcard(s.toString(a[0])), nil }),
	), "wildcardpattern")
	static("System.GC", methodTable(staticMethod{name: "Collect", max: 1, void: true, call: func(*Session, []Value) (Value, error) { return nil, nil }}))
	cmp := static("System.StringComparer", nil)
	for name, ignore := range map[string]bool{"OrdinalIgnoreCase": true, "Ordinal": false, "InvariantCultureIgnoreCase": true, "InvariantCulture": false, "CurrentCultureIgnoreCase": true} {
		cmp.statics.properties[strings.ToLower(name)] = func(*Session) Value { return NewInstance(classComparer, ignore) }
	}
	culture := static("System.Globalization.CultureInfo", nil, "cultureinfo")
	for _, n := range []string{"InvariantCulture", "CurrentCulture", "CurrentUICulture"} {
		culture.statics.properties[strings.ToLower(n)] = func(*Session) Value { return NewInstance(classCulture, "en-US") }
	}
	for _, e := range staticEnums {
		builtinTypes[strings.ToLower(e.Name)] = &Type{Name: e.Name, kind: kindEnum, Enum: e}
		builtinTypes[strings.ToLower(strings.TrimPrefix(e.Name, "System."))] = builtinTypes[strings.ToLower(e.Name)]
	}
}

var classCulture = &Class{Name: "System.Globalization.CultureInfo", String: func(v Value) string { return v.(string) }, Properties: []Property{
	get("LCID", tInt32, func(Value) Value { return int32(1033) }),
	get("Name", tString, func(v Value) Value { return v }),
	get("DisplayName", tString, func(Value) Value { return "English (United States)" }),
}, Table: []Column{{Property: "LCID", Width: 16, Right: false}, {Property: "Name", Width: 16}, {Property: "DisplayName"}}}

// staticEnums are enumerations scripts name in arguments.
var staticEnums = []*EnumType{
	enumCategory, enumDayOfWeek, enumDateTimeKind, enumActionPreference,
	{Name: "System.StringSplitOptions", Flags: true, Members: []EnumMember{{"None", 0}, {"RemoveEmptyEntries", 1}}},
	{Name: "System.StringComparison", Members: []EnumMember{{"CurrentCulture", 0}, {"CurrentCultureIgnoreCase", 1}, {"InvariantCulture", 2}, {"InvariantCultureIgnoreCase", 3}, {"Ordinal", 4}, {"OrdinalIgnoreCase", 5}}},
	{Name: "System.MidpointRounding", Members: []EnumMember{{"ToEven", 0}, {"AwayFromZero", 1}}},
	{Name: "System.Text.RegularExpressions.RegexOptions", Flags: true, Members: []EnumMember{{"None", 0}, {"IgnoreCase", 1}, {"Multiline", 2}, {"Singleline", 16}}},
}

var enumActionPreference = &EnumType{Name: "System.Management.Automation.ActionPreference", Members: []EnumMember{{"SilentlyContinue", 0}, {"Stop", 1}, {"Continue", 2}, {"Inquire", 3}, {"Ignore", 4}, {"Suspend", 5}}}

var typeActionPreference = &Type{Name: enumActionPreference.Name, kind: kindEnum, Enum: enumActionPreference}

func parseBase(text string, base int, t *Type) (Value, error) {
	switch base {
	case 2, 8, 10, 16:
	default:
		return nil, throwNet("System.ArgumentException", "Invalid Base.")
	}
	text = strings.TrimPrefix(strings.TrimPrefix(text, "0x"), "0X")
	var n uint64
	for _, c := range strings.ToLower(text) {
		d := strings.IndexRune("0123456789abcdef"[:base], c)
		if d < 0 || n > math.MaxUint64/uint64(base) {
			return nil, throwNet("System.FormatException", "Could not find any recognizable digits.")
		}
		n = n*uint64(base) + uint64(d)
	}
	if t == typeInt32 && n <= math.MaxUint32 && base != 10 {
		return int32(uint32(n)), nil
	}
	return narrow(mustDecimal(n), t)
}

func toBase(s *Session, v Value, base int) (Value, error) {
	n, err := s.convert(v, typeInt64)
	if err != nil {
		return nil, err
	}
	u := uint64(n.(int64))
	if _, small := v.(int32); small {
		u = uint64(uint32(u))
	}
	if base != 2 && base != 8 && base != 10 && base != 16 {
		return nil, throwNet("System.ArgumentException", "Invalid Base.")
	}
	if u == 0 {
		return "0", nil
	}
	var out []byte
	for ; u > 0; u /= uint64(base) {
		out = append([]byte{"0123456789abcdef"[u%uint64(base)]}, out...)
	}
	return string(out), nil
}

func defineMath() {
	one := func(name string, f func(float64) float64) staticMethod {
		return fn(name, 1, 1, func(s *Session, a []Value) (Value, error) {
			n, err := s.convert(a[0], typeFloat64)
			if err != nil {
				return nil, err
			}
			return f(n.(float64)), nil
		})
	}
	pick := func(name string, want int) staticMethod {
		return fn(name, 2, 2, func(s *Session, a []Value) (Value, error) {
			l, kl, err := s.operand(a[0], "+", nil)
			if err != nil {
				return nil, err
			}
			r, kr, err := s.operand(a[1], "+", nil)
			if err != nil {
				return nil, err
			}
			best := l
			if n, _ := s.compareNumbers(r, l); n == want {
				best = r
			}
			return calculate("+", best, int32(0), max(kl, kr))
		})
	}
	t := static("System.Math", methodTable(
		one("Floor", math.Floor), one("Ceiling", math.Ceil), one("Sqrt", math.Sqrt), one("Truncate", math.Trunc), one("Exp", math.Exp),
		one("Sin", math.Sin), one("Cos", math.Cos), one("Log10", math.Log10),
		pick("Max", 1), pick("Min", -1),
		fn("Abs", 1, 1, func(s *Session, a []Value) (Value, error) {
			if n, _ := s.order(a[0], int32(0), false); n < 0 {
				return s.arithmetic("-", int32(0), a[0])
			}
			return s.arithmetic("+", int32(0), a[0])
		}),
		fn("Pow", 2, 2, func(s *Session, a []Value) (Value, error) {
			x, err := s.convert(a[0], typeFloat64)
			if err != nil {
				return nil, err
			}
			y, err := s.convert(a[1], typeFloat64)
			if err != nil {
				return nil, err
			}
			return math.Pow(x.(float64), y.(float64)), nil
		}),
		fn("Log", 1, 2, func(s *Session, a []Value) (Value, error) {
			x, err := s.convert(a[0], typeFloat64)
			if err != nil || len(a) == 1 {
				if err != nil {
					return nil, err
				}
				return math.Log(x.(float64)), nil
			}
			b, err := s.convert(a[1], typeFloat64)
			if err != nil {
				return nil, err
			}
			return math.Log(x.(float64)) / math.Log(b.(float64)), nil
		}),
		fn("Sign", 1, 1, func(s *Session, a []Value) (Value, error) {
			n, err := s.order(a[0], int32(0), false)
			return int32(n), err
		}),
		fn("Round", 1, 3, mathRound),
	), "math")
	t.statics.properties["pi"] = func(*Session) Value { return math.Pi }
	t.statics.properties["e"] = func(*Session) Value { return math.E }
}

// mathRound rounds half to even, or away from zero when asked.
func mathRound(s *Session, a []Value) (Value, error) {
	digits, away := int32(0), false
	for _, x := range a[1:] {
		if n, ok := x.(int32); ok {
			digits = n
		} else {
			away = strings.EqualFold(s.toString(x), "AwayFromZero")
		}
	}
	if digits < 0 || digits > 28 {
		return nil, throwNet("System.ArgumentOutOfRangeException", "Rounding digits must be between 0 and 15, inclusive.\r\nParameter name: digits")
	}
	_, isDecimal := a[0].(Decimal)
	if f, ok := numberAsFloat(a[0]); ok && (math.IsNaN(f) || math.IsInf(f, 0) || math.Abs(f) > 1e15) {
		return f, nil
	}
	n, err := s.convert(a[0], typeDecimal)
	if err != nil {
		return nil, err
	}
	d := n.(Decimal)
	if away {
		d = d.Round(digits)
	} else {
		d = d.RoundBank(digits)
	}
	if isDecimal {
		return d, nil
	}
	return d.InexactFloat64(), nil
}

func defineGuid() {
	typeGuid.statics = &statics{
		properties: map[string]func(*Session) Value{"empty": func(*Session) Value { return Guid{} }},
		methods: methodTable(
			fn("NewGuid", 0, 0, func(s *Session, _ []Value) (Value, error) {
				var g Guid
				for i := 0; i < 16; i += 8 {
					n := s.random().Uint64()
					for j := range 8 {
						g[i+j] = byte(n >> (8 * j))
					}
				}
				g[6], g[8] = g[6]&0x0F|0x40, g[8]&0x3F|0x80
				return g, nil
			}),
			fn("Parse", 1, 1, func(s *Session, a []Value) (Value, error) { return ParseGuid(s.toString(a[0])) }),
		),
		construct: &staticMethod{name: ".ctor", min: 1, max: 1, call: func(s *Session, a []Value) (Value, error) { return ParseGuid(s.toString(a[0])) }},
	}
	typeVersion.statics = &statics{construct: &staticMethod{name: ".ctor", min: 1, max: 4, call: func(s *Session, a []Value) (Value, error) {
		return s.convert(strings.Join(toArgs(s, a), "."), typeVersion)
	}}, methods: methodTable(castTo("Parse", typeVersion))}
}

func defineEnvironment() {
	t := static("System.Environment", methodTable(
		fn("GetEnvironmentVariable", 1, 2, func(s *Session, a []Value) (Value, error) {
			if v, ok := s.env[strings.ToUpper(s.toString(a[0]))]; ok {
				return v, nil
			}
			return nil, nil
		}),
		fn("ExpandEnvironmentVariables", 1, 1, func(s *Session, a []Value) (Value, error) {
			out := s.toString(a[0])
			for k, v := range s.env {
				if i := strings.Index(strings.ToUpper(out), "%"+k+"%"); i >= 0 {
					out = out[:i] + v + out[i+len(k)+2:]
				}
			}
			return out, nil
		}),
		fn("Exit", 1, 1, func(s *Session, a []Value) (Value, error) {
			n, err := s.convert(a[0], typeInt32)
			if err != nil {
				return nil, err
			}
			return nil, &flow{kind: flowExit, code: int(n.(int32))}
		}),
	), "environment")
	for name, f := range map[string]func(*Session) Value{
		"MachineName": func(s *Session) Value { return s.env["COMPUTERNAME"] }, "UserName": func(s *Session) Value { return s.env["USERNAME"] },
		"UserDomainName": func(s *Session) Value { return s.env["USERDOMAIN"] }, "NewLine": func(*Session) Value { return "\r\n" },
		"ProcessorCount": func(*Session) Value { return int32(4) }, "Is64BitProcess": func(*Session) Value { return true },
		"Is64BitOperatingSystem": func(*Session) Value { return true }, "UserInteractive": func(*Session) Value { return false },
		"TickCount":        func(s *Session) Value { return int32(s.now().UnixMilli()) },
		"OSVersion":        func(*Session) Value { return NewInstance(classOS, nil) },
		"CurrentDirectory": func(*Session) Value { return `C:\Windows\system32` },
	} {
		t.statics.properties[strings.ToLower(name)] = f
	}
}

var classOS = &Class{Name: "System.OperatingSystem", String: func(Value) string { return "Microsoft Windows NT 10.0.20348.0" }, Properties: []Property{
	get("Platform", tString, func(Value) Value { return "Win32NT" }),
	get("Version", "System.Version", func(Value) Value { return Version{10, 0, 20348, 0} }),
	get("VersionString", tString, func(Value) Value { return "Microsoft Windows NT 10.0.20348.0" }),
}}

func defineHash() {
	class := &Class{Name: "System.Security.Cryptography.SHA256Managed", Methods: []Method{
		method("ComputeHash", 1, 1, func(s *Session, _ Value, a []Value) (Value, error) {
			b, err := bytesOf(s, a[0])
			if err != nil {
				return nil, err
			}
			sum := sha256.Sum256(b)
			return &Bytes{sum[:]}, nil
		}),
		void("Dispose", 0, 0, func(*Session, Value, []Value) (Value, error) { return nil, nil }),
		void("Clear", 0, 0, func(*Session, Value, []Value) (Value, error) { return nil, nil }),
	}}
	create := func(*Session, []Value) (Value, error) { return NewInstance(class, nil), nil }
	static("System.Security.Cryptography.SHA256", methodTable(fn("Create", 0, 0, create)))
	for _, n := range []string{"SHA256Managed", "SHA256CryptoServiceProvider"} {
		define("System.Security.Cryptography."+n, kindStatic).statics = &statics{construct: &staticMethod{name: ".ctor", call: create}}
	}
}

func defineNumbers() {
	for _, t := range []*Type{typeInt8, typeInt16, typeInt32, typeInt64, typeUint8, typeUint16, typeUint32, typeUint64, typeFloat32, typeFloat64, typeDecimal, typeBool} {
		st := &statics{properties: map[string]func(*Session) Value{}, methods: methodTable(
			fn("Parse", 1, 3, func(s *Session, a []Value) (Value, error) {
				if text := strings.TrimSpace(s.toString(a[0])); text == "" || t == typeBool && !strings.EqualFold(text, "true") && !strings.EqualFold(text, "false") {
					return nil, throwNet("System.FormatException", "Input string was not in a correct format.")
				} else if t == typeBool {
					return strings.EqualFold(text, "true"), nil
				}
				v, err := s.convert(s.toString(a[0]), t)
				if err != nil {
					return nil, throwNet("System.FormatException", "Input string was not in a correct format.")
				}
				return v, nil
			}),
			fn("TryParse", 2, 4, tryParse(t)),
		)}
		if r, ok := integerRange[t.kind]; ok {
			st.properties["minvalue"] = func(*Session) Value { v, _ := narrow(r[0], t); return v }
			st.properties["maxvalue"] = func(*Session) Value { v, _ := narrow(r[1], t); return v }
		}
		t.statics = st
	}
	for name, v := range map[string]float64{"maxvalue": math.MaxFloat64, "minvalue": -math.MaxFloat64, "nan": math.NaN(), "positiveinfinity": math.Inf(1), "negativeinfinity": math.Inf(-1), "epsilon": math.SmallestNonzeroFloat64} {
		typeFloat64.statics.properties[name] = func(*Session) Value { return v }
	}
	typeDecimal.statics.properties["maxvalue"] = func(*Session) Value { return decimalLimit }
	typeDateTime.statics.methods["tryparse"] = fn("TryParse", 2, 4, tryParse(typeDateTime))
	typeTimeSpan.statics.methods["tryparse"] = fn("TryParse", 2, 3, tryParse(typeTimeSpan))
	typeGuid.statics.methods["tryparse"] = fn("TryParse", 2, 2, tryParse(typeGuid))
}

// tryParse converts text and stores it through a [ref].
func tryParse(t *Type) func(s *Session, a []Value) (Value, error) {
	return func(s *Session, a []Value) (Value, error) {
		ref, ok := a[len(a)-1].(*Object)
		if !ok || ref.Class != classRef {
			return nil, throwNet("System.ArgumentException", "The last argument must be a [ref].")
		}
		text := s.toString(a[0])
		v, err := s.convert(text, t)
		failed := err != nil || strings.TrimSpace(text) == ""
		if failed {
			v, err = s.convert(nil, t)
			if err != nil {
				v = nil
			}
		}
		return !failed, s.setProperty(ref, "Value", v)
	}
}

// reference is what [ref]$x is.
type reference struct {
	v *variable
}

var classRef = &Class{Name: "System.Management.Automation.PSReference", Properties: []Property{
	{Name: "Value", Get: func(v Value) Value { return v.(*reference).v.value }, Set: func(v, n Value) error {
		v.(*reference).v.value = n
		return nil
	}},
}}

func defineRegex() {
	t := define("System.Text.RegularExpressions.Regex", kindClass, "regex")
	t.Class = classRegex
	compile := func(s *Session, pattern Value, options []Value) (*regexp2.Regexp, error) {
		var opt regexp2.RegexOptions
		cased := true
		for _, o := range options {
			for name := range strings.SplitSeq(strings.ToLower(s.toString(o)), ",") {
				switch strings.TrimSpace(name) {
				case "ignorecase":
					cased = false
				case "multiline":
					opt |= regexp2.Multiline
				case "singleline":
					opt |= regexp2.Singleline
				}
			}
		}
		return s.regex(s.toString(pattern), cased, opt)
	}
	on := func(name string, min, max int, f func(s *Session, re *regexp2.Regexp, a []Value) (Value, error)) staticMethod {
		classRegex.Methods = append(classRegex.Methods, method(name, min-1, max-1, func(s *Session, v Value, a []Value) (Value, error) {
			return f(s, v.(*regexp2.Regexp), a)
		}))
		return fn(name, min, max+1, func(s *Session, a []Value) (Value, error) {
			n := min - 1
			if name == "Replace" {
				n = 2
			}
			var options []Value
			if len(a) > n+1 {
				options = a[n+1:]
			}
			re, err := compile(s, a[1], options)
			if err != nil {
				return nil, err
			}
			rest := append([]Value{a[0]}, a[2:min]...)
			return f(s, re, rest)
		})
	}
	t.statics = &statics{methods: methodTable(
		on("IsMatch", 2, 2, func(s *Session, re *regexp2.Regexp, a []Value) (Value, error) {
			ok, err := re.MatchString(s.toString(a[0]))
			if err != nil {
				return nil, s.regexFailed(err)
			}
			return ok, nil
		}),
		on("Match", 2, 2, func(s *Session, re *regexp2.Regexp, a []Value) (Value, error) {
			m, err := re.FindStringMatch(s.toString(a[0]))
			if err != nil {
				return nil, s.regexFailed(err)
			}
			return matchObject(m), nil
		}),
		on("Matches", 2, 2, func(s *Session, re *regexp2.Regexp, a []Value) (Value, error) {
			var out []Value
			m, err := re.FindStringMatch(s.toString(a[0]))
			for ; m != nil && err == nil; m, err = re.FindNextMatch(m) {
				out = append(out, matchObject(m))
				if err := s.limitItems(len(out)); err != nil {
					return nil, err
				}
			}
			if err != nil {
				return nil, s.regexFailed(err)
			}
			return NewArray(out...), nil
		}),
		on("Replace", 3, 3, func(s *Session, re *regexp2.Regexp, a []Value) (Value, error) {
			out, err := re.Replace(s.toString(a[0]), s.toString(a[1]), -1, -1)
			if err != nil {
				return nil, s.regexFailed(err)
			}
			return out, s.limitString(len(out))
		}),
		on("Split", 2, 2, func(s *Session, re *regexp2.Regexp, a []Value) (Value, error) {
			parts, err := splitText(re, s.toString(a[0]), 0)
			if err != nil {
				return nil, s.regexFailed(err)
			}
			return &Array{Items: parts, Elem: typeString}, nil
		}),
		fn("Escape", 1, 1, func(s *Session, a []Value) (Value, error) { return regexp2.Escape(s.toString(a[0])), nil }),
		fn("Unescape", 1, 1, func(s *Session, a []Value) (Value, error) { return regexp2.Unescape(s.toString(a[0])) }),
	), construct: &staticMethod{name: ".ctor", min: 1, max: 2, call: func(s *Session, a []Value) (Value, error) {
		re, err := compile(s, a[0], a[1:])
		if err != nil {
			return nil, err
		}
		return NewInstance(classRegex, re), nil
	}}}
}

var classMatch = &Class{Name: "System.Text.RegularExpressions.Match", String: func(v Value) string {
	if m := v.(*regexp2.Match); m != nil {
		return m.String()
	}
	return ""
}}

var classGroup = &Class{Name: "System.Text.RegularExpressions.Group", String: func(v Value) string { return v.(*regexp2.Group).String() }, Properties: []Property{
	get("Success", tBoolean, func(v Value) Value { return len(v.(*regexp2.Group).Captures) > 0 }),
	get("Index", tInt32, func(v Value) Value { return int32(v.(*regexp2.Group).Index) }),
	get("Length", tInt32, func(v Value) Value { return int32(v.(*regexp2.Group).Length) }),
	get("Value", tString, func(v Value) Value { return v.(*regexp2.Group).String() }),
}}

func matchObject(m *regexp2.Match) Value { return NewInstance(classMatch, m) }

func init() {
	on := func(f func(m *regexp2.Match) Value, none Value) func(v Value) Value {
		return func(v Value) Value {
			if m := v.(*regexp2.Match); m != nil {
				return f(m)
			}
			return none
		}
	}
	classMatch.Properties = []Property{
		get("Groups", "", on(func(m *regexp2.Match) Value {
			h := NewOrdered()
			for i, g := range m.Groups() {
				var key Value = int32(i)
				if g.Name != "" && g.Name[0] > '9' {
					key = g.Name
				}
				h.Set(key, NewInstance(classGroup, &g))
			}
			return h
		}, NewOrdered())),
		get("Success", tBoolean, on(func(*regexp2.Match) Value { return true }, false)),
		get("Index", tInt32, on(func(m *regexp2.Match) Value { return int32(m.Index) }, int32(0))),
		get("Length", tInt32, on(func(m *regexp2.Match) Value { return int32(m.Length) }, int32(0))),
		get("Value", tString, on(func(m *regexp2.Match) Value { return m.String() }, "")),
	}
}
