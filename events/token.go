package events

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// plain reports whether a byte may stand for itself in a subject token.
func plain(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
		c == '-' || c == '_' || c == '~' || c == ':'
}

// Token escapes any string into one NATS subject token. Letters, digits and
// - _ ~ : stand for themselves; every other byte becomes =XX in upper-case
// hexadecimal, so names with dots, spaces, wildcards or Unicode are safe and
// two different names never share a token. The empty string becomes "=".
func Token(s string) string {
	if s == "" {
		return "="
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if plain(s[i]) {
			b.WriteByte(s[i])
			continue
		}
		fmt.Fprintf(&b, "=%02X", s[i])
	}
	return b.String()
}

// Untoken reverses Token. It refuses tokens that Token would not have written.
func Untoken(token string) (string, error) {
	if token == "=" {
		return "", nil
	}
	var b strings.Builder
	for i := 0; i < len(token); i++ {
		c := token[i]
		if plain(c) {
			b.WriteByte(c)
			continue
		}
		if c != '=' || i+2 >= len(token) {
			return "", fmt.Errorf("token %q: byte %d: want a plain character or =XX", token, i)
		}
		raw, err := hex.DecodeString(token[i+1 : i+3])
		if err != nil || plain(raw[0]) {
			return "", fmt.Errorf("token %q: byte %d: %q is no escape", token, i, token[i:i+3])
		}
		b.WriteByte(raw[0])
		i += 2
	}
	if s := b.String(); s != "" && Token(s) == token {
		return s, nil
	}
	return "", fmt.Errorf("token %q: not in the form Token writes", token)
}
