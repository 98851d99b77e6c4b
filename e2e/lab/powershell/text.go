package powershell

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// utf16Len is the length .NET gives a string.
func utf16Len(s string) int {
	n := 0
	for i := 0; i < len(s); {
		if s[i] < utf8.RuneSelf {
			n, i = n+1, i+1
			continue
		}
		r, size := decodeWTF8(s[i:])
		if r > 0xFFFF {
			n++
		}
		n, i = n+1, i+size
	}
	return n
}

// decodeWTF8 reads one code point, lone surrogates included.
func decodeWTF8(s string) (rune, int) {
	r, size := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && size == 1 && len(s) >= 3 && s[0] == 0xED && s[1] >= 0xA0 && s[1] <= 0xBF && s[2]&0xC0 == 0x80 {
		return rune(0xD000) | rune(s[1]&0x3F)<<6 | rune(s[2]&0x3F), 3
	}
	return r, size
}

// toUTF16 gives the units of a string.
func toUTF16(s string) []uint16 {
	u := make([]uint16, 0, len(s))
	for i := 0; i < len(s); {
		r, size := decodeWTF8(s[i:])
		if r > 0xFFFF {
			u = utf16.AppendRune(u, r)
		} else {
			u = append(u, uint16(r))
		}
		i += size
	}
	return u
}

// fromUTF16 makes a string of units; surrogates without a partner stay.
func fromUTF16(u []uint16) string {
	var sb strings.Builder
	sb.Grow(len(u))
	for i := 0; i < len(u); i++ {
		c := rune(u[i])
		switch {
		case !utf16.IsSurrogate(c):
			sb.WriteRune(c)
		case i+1 < len(u) && utf16.DecodeRune(c, rune(u[i+1])) != utf8.RuneError:
			sb.WriteRune(utf16.DecodeRune(c, rune(u[i+1])))
			i++
		default:
			sb.Write([]byte{0xED, byte(0x80 | c>>6&0x3F), byte(0x80 | c&0x3F)})
		}
	}
	return sb.String()
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// substring cuts by UTF-16 units.
func substring(s string, start, length int) string {
	if isASCII(s) {
		return s[start : start+length]
	}
	return fromUTF16(toUTF16(s)[start : start+length])
}

// charAt gives the unit at an index.
func charAt(s string, i int) Char {
	if isASCII(s) {
		return Char(s[i])
	}
	return Char(toUTF16(s)[i])
}

// chars gives the units of a string as values.
func chars(s string) []Value {
	u := toUTF16(s)
	v := make([]Value, len(u))
	for i, c := range u {
		v[i] = Char(c)
	}
	return v
}

func (c Char) String() string { return fromUTF16([]uint16{uint16(c)}) }

// validUTF8 replaces what no UTF-8 encoder would write: lone surrogates become
// U+FFFD, as in .NET.
func validUTF8(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var sb strings.Builder
	for i := 0; i < len(s); {
		r, size := decodeWTF8(s[i:])
		if r >= 0xD800 && r <= 0xDFFF {
			r = utf8.RuneError
		}
		sb.WriteRune(r)
		i += size
	}
	return sb.String()
}

// UTF16LE decodes the bytes of a UTF-16 text, as -EncodedCommand carries it.
func UTF16LE(b []byte) string {
	u := make([]uint16, len(b)/2)
	for i := range u {
		u[i] = uint16(b[2*i]) | uint16(b[2*i+1])<<8
	}
	return fromUTF16(u)
}

// EncodeUTF16LE encodes a text as UTF-16.
func EncodeUTF16LE(s string) []byte {
	u := toUTF16(s)
	b := make([]byte, 0, 2*len(u))
	for _, c := range u {
		b = append(b, byte(c), byte(c>>8))
	}
	return b
}
