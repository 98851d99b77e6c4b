package powershell

import (
	"math"
	"strings"
)

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
