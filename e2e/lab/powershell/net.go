package powershell

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
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
	defineConvert()
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

func defineConvert() {
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
}
