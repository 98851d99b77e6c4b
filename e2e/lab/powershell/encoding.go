package powershell

import (
	"strings"
	"unicode/utf8"
)

// encoding is one System.Text.Encoding.
type encoding struct {
	name   string
	bom    []byte
	encode func(s string) []byte
	decode func(b []byte) string
}

var classEncoding = &Class{Name: "System.Text.Encoding", String: func(v Value) string { return "System.Text." + v.(*encoding).name },
	Properties: []Property{
		get("EncodingName", tString, func(v Value) Value { return v.(*encoding).name }),
		get("WebName", tString, func(v Value) Value { return strings.ToLower(v.(*encoding).name) }),
	}}

func init() {
	encodings := map[string]*encoding{
		"utf8":             {name: "UTF8Encoding", bom: []byte{0xEF, 0xBB, 0xBF}, encode: func(s string) []byte { return []byte(validUTF8(s)) }, decode: decodeUTF8},
		"unicode":          {name: "UnicodeEncoding", bom: []byte{0xFF, 0xFE}, encode: EncodeUTF16LE, decode: UTF16LE},
		"ascii":            {name: "ASCIIEncoding", encode: func(s string) []byte { return narrowBytes(s, 0x7F) }, decode: func(b []byte) string { return widen(b, 0x7F) }},
		"default":          {name: "SBCSCodePageEncoding", encode: func(s string) []byte { return narrowBytes(s, 0xFF) }, decode: func(b []byte) string { return widen(b, 0xFF) }},
		"bigendianunicode": {name: "UnicodeEncoding", bom: []byte{0xFE, 0xFF}, encode: func(s string) []byte { return swap(EncodeUTF16LE(s)) }, decode: func(b []byte) string { return UTF16LE(swap(b)) }},
	}
	t := static("System.Text.Encoding", methodTable(fn("GetEncoding", 1, 1, func(s *Session, a []Value) (Value, error) {
		switch strings.ToLower(s.toString(a[0])) {
		case "utf-8", "65001":
			return NewInstance(classEncoding, encodings["utf8"]), nil
		case "utf-16", "unicode", "1200":
			return NewInstance(classEncoding, encodings["unicode"]), nil
		case "us-ascii", "20127":
			return NewInstance(classEncoding, encodings["ascii"]), nil
		case "iso-8859-1", "28591", "windows-1252", "1252", "437":
			return NewInstance(classEncoding, encodings["default"]), nil
		}
		return nil, throwNet("System.ArgumentException", "'%s' is not a supported encoding name.", s.toString(a[0]))
	})))
	for name, e := range encodings {
		t.statics.properties[name] = func(*Session) Value { return NewInstance(classEncoding, e) }
	}
	for short, e := range map[string]string{"UTF8Encoding": "utf8", "UnicodeEncoding": "unicode", "ASCIIEncoding": "ascii"} {
		define("System.Text."+short, kindStatic).statics = &statics{construct: &staticMethod{name: ".ctor", max: 2, call: func(*Session, []Value) (Value, error) {
			return NewInstance(classEncoding, encodings[e]), nil
		}}}
	}
	classEncoding.Methods = []Method{
		method("GetBytes", 1, 1, func(s *Session, v Value, a []Value) (Value, error) {
			text := cutset(s, a)
			if err := s.limitString(2 * len(text)); err != nil {
				return nil, err
			}
			return &Bytes{v.(*encoding).encode(text)}, nil
		}),
		method("GetString", 1, 3, func(s *Session, v Value, a []Value) (Value, error) {
			b, err := bytesOf(s, a[0])
			if err != nil {
				return nil, err
			}
			if len(a) == 3 {
				start, err1 := s.convert(a[1], typeInt32)
				n, err2 := s.convert(a[2], typeInt32)
				if err1 != nil || err2 != nil || start.(int32) < 0 || n.(int32) < 0 || int(start.(int32))+int(n.(int32)) > len(b) {
					return nil, throwNet("System.ArgumentOutOfRangeException", "Index and count must refer to a location within the buffer.\r\nParameter name: bytes")
				}
				b = b[start.(int32) : start.(int32)+n.(int32)]
			}
			out := v.(*encoding).decode(b)
			return out, s.limitString(len(out))
		}),
		method("GetByteCount", 1, 1, func(s *Session, v Value, a []Value) (Value, error) {
			return int32(len(v.(*encoding).encode(s.toString(a[0])))), nil
		}),
		method("GetPreamble", 0, 0, func(_ *Session, v Value, _ []Value) (Value, error) { return &Bytes{v.(*encoding).bom}, nil }),
	}
}

// decodeUTF8 reads UTF-8; what is none becomes U+FFFD.
func decodeUTF8(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	return strings.ToValidUTF8(string(b), "\uFFFD")
}

func narrowBytes(s string, limit rune) []byte {
	u := toUTF16(s)
	b := make([]byte, len(u))
	for i, c := range u {
		if b[i] = byte(c); rune(c) > limit {
			b[i] = '?'
		}
	}
	return b
}

func widen(b []byte, limit byte) string {
	u := make([]uint16, len(b))
	for i, c := range b {
		if u[i] = uint16(c); c > limit {
			u[i] = '?'
		}
	}
	return fromUTF16(u)
}

func swap(b []byte) []byte {
	out := append([]byte{}, b...)
	for i := 0; i+1 < len(out); i += 2 {
		out[i], out[i+1] = out[i+1], out[i]
	}
	return out
}
