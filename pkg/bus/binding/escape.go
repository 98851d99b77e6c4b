package binding

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

const upperHex = "0123456789ABCDEF"

// printable reports whether a byte stands for itself in a header value.
func printable(c byte) bool { return c >= 0x21 && c <= 0x7E && c != '"' && c != '%' }

// Escape percent-encodes an attribute value for a header. It refuses text that
// is not valid UTF-8, because no reader could take it out again.
func Escape(value string) (string, error) {
	if !utf8.ValidString(value) {
		return "", fmt.Errorf("value %q is not valid UTF-8", value)
	}
	plain := 0
	for plain < len(value) && printable(value[plain]) {
		plain++
	}
	if plain == len(value) {
		return value, nil
	}
	var b strings.Builder
	b.Grow(len(value) + 8)
	b.WriteString(value[:plain])
	for i := plain; i < len(value); i++ {
		c := value[i]
		if printable(c) {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(upperHex[c>>4])
		b.WriteByte(upperHex[c&15])
	}
	return b.String(), nil
}

// Unescape takes an attribute value out of a header: one round of quoted
// string, if it is one, then one round of percent-decoding, in either case of
// hexadecimal. Characters a writer should have encoded but did not are taken
// as they are; a percent sign that begins no escape is refused, and so is a
// result that is not valid UTF-8.
func Unescape(header string) (string, error) {
	raw := header
	if len(raw) >= 2 && raw[0] == '"' && raw[len(raw)-1] == '"' {
		raw = unquote(raw[1 : len(raw)-1])
	}
	if strings.IndexByte(raw, '%') >= 0 {
		decoded, err := percentDecode(raw)
		if err != nil {
			return "", err
		}
		raw = decoded
	}
	if !utf8.ValidString(raw) {
		return "", fmt.Errorf("value %q: not valid UTF-8 after percent-decoding", header)
	}
	return raw, nil
}

// unquote resolves the backslash escapes of a quoted string's inside.
func unquote(inside string) string {
	if strings.IndexByte(inside, '\\') < 0 {
		return inside
	}
	var b strings.Builder
	for i := 0; i < len(inside); i++ {
		if inside[i] == '\\' && i+1 < len(inside) {
			i++
		}
		b.WriteByte(inside[i])
	}
	return b.String()
}

func percentDecode(raw string) (string, error) {
	var b strings.Builder
	b.Grow(len(raw))
	for i := 0; i < len(raw); i++ {
		if raw[i] != '%' {
			b.WriteByte(raw[i])
			continue
		}
		if i+2 >= len(raw) {
			return "", fmt.Errorf("value %q: byte %d: percent sign without two hexadecimal digits; write %%25 for a percent sign", raw, i)
		}
		high, ok1 := fromHex(raw[i+1])
		low, ok2 := fromHex(raw[i+2])
		if !ok1 || !ok2 {
			return "", fmt.Errorf("value %q: byte %d: %q is no escape; write %%25 for a percent sign", raw, i, raw[i:i+3])
		}
		b.WriteByte(high<<4 | low)
		i += 2
	}
	return b.String(), nil
}

func fromHex(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	default:
		return 0, false
	}
}
