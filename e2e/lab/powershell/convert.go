package powershell

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"
)

// castError is a conversion that failed, with the identifier PowerShell gives it.
type castError struct{ id, message string }

func (e *castError) Error() string { return e.message }

func castFailed(v Value, t *Type) error {
	if v == nil {
		return &castError{"InvalidCastFromNull", fmt.Sprintf(`Cannot convert null to type "%s".`, t.Name)}
	}
	return &castError{"ConvertToFinalInvalidCastException",
		fmt.Sprintf(`Cannot convert the "%s" value of type "%s" to type "%s".`, plainString(v), typeOf(v).Name, t.Name)}
}

func castBecause(id string, v Value, t *Type, why string) error {
	return &castError{id, fmt.Sprintf(`Cannot convert value "%s" to type "%s". Error: "%s"`, plainString(v), t.Name, why)}
}

// convert gives a value the type wanted, as a cast does.
func (s *Session) convert(v Value, t *Type) (Value, error) {
	switch t.kind {
	case kindObject, kindPSObject:
		return v, nil
	case kindVoid:
		return nil, nil
	case kindString:
		return s.toString(v), nil
	case kindBool:
		return truth(v), nil
	case kindSwitch:
		return toSwitch(v, t)
	case kindArray:
		return s.toArray(v, t)
	case kindList:
		return s.toList(v, t)
	case kindNullable:
		if v == nil {
			return nil, nil
		}
		return s.convert(v, t.Elem)
	case kindChar:
		return toChar(v, t)
	case kindDateTime:
		return s.toDateTime(v, t)
	case kindEnum:
		return s.toEnum(v, t)
	case kindStatic:
		switch {
		case t != typeArray:
		case v == nil, isInstance(v, t):
			return v, nil
		default: // [array] is a cast to an array of objects
			return s.toArray(v, typeObjectArray)
		}
	case kindHashtable, kindOrdered, kindDictionary:
		return s.toHashtable(v, t)
	case kindCustom:
		return s.toCustom(v)
	}
	if t.numeric() {
		return toNumber(v, t)
	}
	return s.convertOther(v, t)
}

func (s *Session) convertOther(v Value, t *Type) (Value, error) {
	if v != nil && isInstance(v, t) {
		return v, nil
	}
	text, isText := v.(string)
	switch t.kind {
	case kindTimeSpan:
		if isText {
			if ts, ok := parseTimeSpan(text); ok {
				return ts, nil
			}
			return nil, castBecause("InvalidCastParseTargetInvocation", v, t, "String was not recognized as a valid TimeSpan.")
		}
		if n, err := toNumber(v, typeInt64); err == nil && v != nil {
			return TimeSpan(n.(int64)), nil
		}
	case kindGuid:
		if isText {
			g, err := ParseGuid(text)
			if err != nil {
				return nil, castBecause("InvalidCastParseTargetInvocation", v, t, err.Error())
			}
			return g, nil
		}
	case kindVersion:
		if isText {
			if ver, ok := parseVersion(text); ok {
				return ver, nil
			}
			return nil, castBecause("InvalidCastParseTargetInvocation", v, t, "Version string portion was too short or too long.")
		}
	case kindType:
		if isText {
			if found := s.namedType(text); found != nil {
				return found, nil
			}
			return nil, castBecause("InvalidCastFromStringToType", v, t, fmt.Sprintf("Unable to find type [%s].", text))
		}
	case kindException:
		if isText {
			return &Exception{Type: t.Name, Message: text, HResult: defaultHResult(t.Name)}, nil
		}
	case kindClass:
		if v == nil {
			return nil, nil
		}
		if t.Class != nil && t.statics != nil && t.statics.construct != nil {
			made, err := t.statics.construct.call(s, []Value{v})
			if err == nil {
				return made, nil
			}
			if _, parses := t.statics.methods["parse"]; parses && isText {
				return nil, castBecause("InvalidCastParseTargetInvocation", v, t, err.Error())
			}
		}
		if a, ok := v.(*Array); ok && len(a.Items) == 1 {
			return s.convert(a.Items[0], t)
		}
	case kindScriptBlock, kindErrorRecord:
		if v == nil {
			return nil, nil
		}
	}
	return nil, castFailed(v, t)
}

// truth is what a condition makes of a value.
func truth(v Value) bool {
	switch v := v.(type) {
	case nil, noValue:
		return false
	case bool:
		return v
	case Switch:
		return bool(v)
	case string:
		return v != ""
	case Char:
		return v != 0
	case *Array:
		switch len(v.Items) {
		case 0:
			return false
		case 1:
			if inner, ok := v.Items[0].(indexed); ok {
				return inner.Len() > 0
			}
			return truth(v.Items[0])
		}
		return true
	case *List:
		if len(v.Items) == 1 {
			return truth(v.Items[0])
		}
		return len(v.Items) > 0
	case *Bytes:
		return len(v.B) > 1 || len(v.B) == 1 && v.B[0] != 0
	case Enum:
		return v.Value != 0
	case Decimal:
		return !v.IsZero()
	}
	if f, ok := numberAsFloat(v); ok {
		return f != 0
	}
	return true
}

func toSwitch(v Value, t *Type) (Value, error) {
	switch v := v.(type) {
	case Switch:
		return v, nil
	case bool:
		return Switch(v), nil
	case nil:
		return Switch(false), nil
	}
	if f, ok := numberAsFloat(v); ok {
		return Switch(f != 0), nil
	}
	return nil, castFailed(v, t)
}

func numberAsFloat(v Value) (float64, bool) {
	switch v := v.(type) {
	case int32:
		return float64(v), true
	case int64:
		return float64(v), true
	case float64:
		return v, true
	case float32:
		return float64(v), true
	case Decimal:
		return v.InexactFloat64(), true
	case int8, int16, uint8, uint16, uint32, uint64:
		d, _ := integer(v)
		return d.InexactFloat64(), true
	}
	return 0, false
}

// integer gives any integer, character or truth value as a decimal.
func integer(v Value) (Decimal, bool) {
	switch v := v.(type) {
	case int32:
		return decimal.NewFromInt32(v), true
	case int64:
		return decimal.NewFromInt(v), true
	case int8:
		return decimal.NewFromInt(int64(v)), true
	case int16:
		return decimal.NewFromInt(int64(v)), true
	case uint8:
		return decimal.NewFromInt(int64(v)), true
	case uint16:
		return decimal.NewFromInt(int64(v)), true
	case uint32:
		return decimal.NewFromInt(int64(v)), true
	case uint64:
		return decimal.NewFromUint64(v), true
	case Char:
		return decimal.NewFromInt(int64(v)), true
	case bool:
		if v {
			return decimal.NewFromInt(1), true
		}
		return Decimal{}, true
	case Switch:
		return integer(bool(v))
	case Enum:
		return decimal.NewFromInt(v.Value), true
	}
	return Decimal{}, false
}

func toNumber(v Value, t *Type) (Value, error) {
	switch x := v.(type) {
	case nil:
		return narrow(Decimal{}, t)
	case string:
		return parseNumber(x, t)
	case float32:
		return fromFloat(float64(x), t, v)
	case float64:
		return fromFloat(x, t, v)
	case Decimal:
		return narrowOr(x, t, v)
	case *Array:
		if len(x.Items) == 1 {
			return toNumber(x.Items[0], t)
		}
	case int32:
		switch t.kind {
		case kindInt32:
			return v, nil
		case kindInt64:
			return int64(x), nil
		case kindFloat64:
			return float64(x), nil
		}
	}
	if typeOf(v) == t {
		return v, nil
	}
	if d, ok := integer(v); ok {
		return narrowOr(d, t, v)
	}
	return nil, castFailed(v, t)
}

func narrowOr(d Decimal, t *Type, v Value) (Value, error) {
	n, err := narrow(d, t)
	if err != nil {
		return nil, castBecause("InvalidCastIConvertible", v, t, err.Error())
	}
	return n, nil
}

// integerRange gives the limits of the integer kinds.
var integerRange = map[kind][2]Decimal{
	kindInt8:   {decimal.NewFromInt(math.MinInt8), decimal.NewFromInt(math.MaxInt8)},
	kindInt16:  {decimal.NewFromInt(math.MinInt16), decimal.NewFromInt(math.MaxInt16)},
	kindInt32:  {decimal.NewFromInt(math.MinInt32), decimal.NewFromInt(math.MaxInt32)},
	kindInt64:  {decimal.NewFromInt(math.MinInt64), decimal.NewFromInt(math.MaxInt64)},
	kindUint8:  {{}, decimal.NewFromInt(math.MaxUint8)},
	kindUint16: {{}, decimal.NewFromInt(math.MaxUint16)},
	kindUint32: {{}, decimal.NewFromInt(math.MaxUint32)},
	kindUint64: {{}, decimal.NewFromUint64(math.MaxUint64)},
}

var overflowNames = map[kind]string{
	kindInt8: "a signed byte", kindInt16: "an Int16", kindInt32: "an Int32", kindInt64: "an Int64",
	kindUint8: "an unsigned byte", kindUint16: "a UInt16", kindUint32: "a UInt32", kindUint64: "a UInt64",
}

// narrow rounds a decimal to an integer type, half to even, or makes a floating number of it.
func narrow(d Decimal, t *Type) (Value, error) {
	switch t.kind {
	case kindFloat64:
		return d.InexactFloat64(), nil
	case kindFloat32:
		return float32(d.InexactFloat64()), nil
	case kindDecimal:
		return d, nil
	}
	if !d.IsInteger() {
		d = d.RoundBank(0)
	}
	limits := integerRange[t.kind]
	if d.LessThan(limits[0]) || d.GreaterThan(limits[1]) {
		return nil, fmt.Errorf("Value was either too large or too small for %s.", overflowNames[t.kind])
	}
	n := d.IntPart()
	switch t.kind {
	case kindInt8:
		return int8(n), nil
	case kindInt16:
		return int16(n), nil
	case kindInt32:
		return int32(n), nil
	case kindInt64:
		return n, nil
	case kindUint8:
		return uint8(n), nil
	case kindUint16:
		return uint16(n), nil
	case kindUint32:
		return uint32(n), nil
	}
	return d.BigInt().Uint64(), nil
}

func fromFloat(f float64, t *Type, v Value) (Value, error) {
	switch t.kind {
	case kindFloat64:
		return f, nil
	case kindFloat32:
		return float32(f), nil
	}
	if math.IsNaN(f) || math.IsInf(f, 0) || math.Abs(f) > 1e29 {
		return nil, castBecause("InvalidCastIConvertible", v, t, "Value was either too large or too small for "+overflowNames[t.kind]+".")
	}
	if t.kind == kindDecimal {
		d, err := decimal.NewFromString(formatDoublePlain(f))
		if err != nil {
			return nil, castFailed(v, t)
		}
		return d, nil
	}
	return narrowOr(decimal.NewFromFloat(f), t, v)
}

func formatDoublePlain(f float64) string { return strconv.FormatFloat(f, 'g', 15, 64) }

// parseNumber reads text as a number, the way PowerShell casts strings: also
// hexadecimal, with white space around and exponents.
func parseNumber(text string, t *Type) (Value, error) {
	s := strings.TrimSpace(text)
	if s == "" {
		return narrow(Decimal{}, t)
	}
	id := "InvalidCastFromStringToInteger"
	switch t.kind {
	case kindFloat64, kindFloat32:
		id = "InvalidCastFromStringToDoubleOrSingle"
	case kindDecimal:
		id = "InvalidCastFromStringToDecimal"
	}
	bad := func(why string) (Value, error) { return nil, castBecause(id, text, t, why) }
	if d, ok := parseHex(s); ok {
		n, err := narrow(d, t)
		if err != nil {
			return bad(err.Error())
		}
		return n, nil
	}
	if t.kind == kindFloat64 || t.kind == kindFloat32 {
		if f, ok := parseFloat(s); ok {
			return fromFloat(f, t, text)
		}
		return bad("Input string was not in a correct format.")
	}
	plain := strings.TrimPrefix(strings.ReplaceAll(s, ",", ""), "+")
	if strings.ContainsAny(plain, "_xXpPiInN") {
		return bad("Input string was not in a correct format.")
	}
	d, err := decimal.NewFromString(plain)
	if err != nil || d.Exponent() > 300 || d.Exponent() < -300 {
		return bad("Input string was not in a correct format.")
	}
	n, err := narrow(d, t)
	if err != nil {
		return bad(err.Error())
	}
	return n, nil
}

func parseHex(s string) (Decimal, bool) {
	if len(s) > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X') {
		if n, err := strconv.ParseUint(s[2:], 16, 64); err == nil {
			if len(s) <= 10 {
				return decimal.NewFromInt32(int32(uint32(n))), true
			}
			return decimal.NewFromInt(int64(n)), true
		}
	}
	return Decimal{}, false
}

func parseFloat(s string) (float64, bool) {
	switch s {
	case "Infinity":
		return math.Inf(1), true
	case "-Infinity":
		return math.Inf(-1), true
	case "NaN":
		return math.NaN(), true
	}
	if strings.ContainsAny(s, "_xXpPiInN") {
		return 0, false
	}
	f, err := strconv.ParseFloat(strings.ReplaceAll(s, ",", ""), 64)
	return f, err == nil || math.IsInf(f, 0)
}

func toChar(v Value, t *Type) (Value, error) {
	switch x := v.(type) {
	case Char:
		return x, nil
	case string:
		if utf16Len(x) == 1 {
			return charAt(x, 0), nil
		}
		return nil, castBecause("InvalidCastParseTargetInvocation", v, t, "String must be exactly one character long.")
	}
	n, err := toNumber(v, typeUint16)
	if err != nil || v == nil {
		return nil, castFailed(v, t)
	}
	return Char(n.(uint16)), nil
}

func (s *Session) toDateTime(v Value, t *Type) (Value, error) {
	switch x := v.(type) {
	case DateTime:
		return x, nil
	case string:
		if d, ok := parseDateTime(x, s.zone, s.now()); ok {
			return d, nil
		}
		return nil, castBecause("InvalidCastParseTargetInvocationWithFormatProvider", v, t, "String was not recognized as a valid DateTime.")
	case nil:
		return nil, castFailed(v, t)
	}
	n, err := toNumber(v, typeInt64)
	if err != nil {
		return nil, castFailed(v, t)
	}
	return DateTime{n.(int64), Unspecified}, nil
}

func (s *Session) toEnum(v Value, t *Type) (Value, error) {
	switch x := v.(type) {
	case Enum:
		if x.Type == t.Enum {
			return x, nil
		}
		v = x.String()
	case nil:
		return nil, &castError{"InvalidCastFromNull", fmt.Sprintf(`Cannot convert null to type "%s" due to enumeration values that are not valid. Specify one of the following enumeration values and try again. The possible enumeration values are "%s".`, t.Name, strings.Join(t.Enum.names(), ","))}
	case *Array:
		if len(x.Items) == 1 || t.Enum.Flags {
			v = joined(x, ",", 0)
		}
	}
	if text, ok := v.(string); ok {
		e, err := t.Enum.parse(text)
		if err != nil {
			return nil, castBecause("SubstringDisambiguationEnumParseThrewAnException", text, t, err.Error())
		}
		return e, nil
	}
	n, ok := integer(v)
	if !ok {
		return nil, castFailed(v, t)
	}
	e := Enum{t.Enum, n.IntPart()}
	if !t.Enum.Flags && e.String() == strconv.FormatInt(e.Value, 10) {
		return nil, &castError{"InvalidCastExceptionIntegerToEnum", fmt.Sprintf(`Cannot convert value "%d" to type "%s" due to enumeration values that are not valid. Specify one of the following enumeration values and try again. The possible enumeration values are "%s".`, e.Value, t.Name, strings.Join(t.Enum.names(), ","))}
	}
	return e, nil
}
