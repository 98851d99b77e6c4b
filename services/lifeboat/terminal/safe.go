package terminal

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Safe makes a text from outside fit for a terminal: names of VMs, reasons of
// people and messages of hosts could hold control characters that move the
// cursor, change colours or fake further lines. Those, characters that turn the
// direction of writing, and broken UTF-8 are shown as Go escapes.
func Safe(s string) string {
	if !strings.ContainsFunc(s, unsafeRune) && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], string(utf8.RuneError)):
			b.WriteString(`\x` + strconv.FormatUint(uint64(s[i]), 16))
		case unsafeRune(r):
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// unsafeRune reports whether a character does anything but show itself.
func unsafeRune(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029'
}

// Cut shortens a text to at most width characters, the last being "…" then.
func Cut(s string, width int) string {
	if utf8.RuneCountInString(s) <= width || width < 1 {
		return s
	}
	return string([]rune(s)[:width-1]) + "…"
}
