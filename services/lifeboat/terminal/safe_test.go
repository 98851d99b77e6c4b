package terminal_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"lifeboat.io/services/lifeboat/terminal"
)

func TestSafe(t *testing.T) {
	for text, want := range map[string]string{
		"":                           "",
		"web01":                      "web01",
		"app's \"Zürich\" №1 日本":     "app's \"Zürich\" №1 日本",
		"a\x1b[31mred":               `a\x1b[31mred`,
		"two\nlines\r\n":             `two\nlines\r\n`,
		"tab\there":                  `tab\there`,
		"bell\a nul\x00 del\x7f":     `bell\a nul\x00 del\x7f`,
		"c1 csi \u009b31m":           `c1 csi \u009b31m`,
		"turned \u202egnihton":       `turned \u202egnihton`,
		"joined\u200bhere":           `joined\u200bhere`,
		"line\u2028separator":        `line\u2028separator`,
		"broken \xff\xfe utf-8":      `broken \xff\xfe utf-8`,
		"a real replacement: \ufffd": "a real replacement: \ufffd",
	} {
		if got := terminal.Safe(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func FuzzSafe(f *testing.F) {
	for _, seed := range []string{"", "web01", "\x1b]0;title\a", "\u202e", "\xff", "a\nb", "\u009b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := terminal.Safe(text)
		if !utf8.ValidString(got) || strings.ContainsFunc(got, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }) {
			t.Errorf("%q became %q", text, got)
		}
		if terminal.Safe(got) != got {
			t.Errorf("%q is not safe as it is", got)
		}
	})
}

func TestCut(t *testing.T) {
	for _, tt := range []struct {
		text  string
		width int
		want  string
	}{{"short", 10, "short"}, {"exactly", 7, "exactly"}, {"too long", 4, "too…"}, {"日本語", 2, "日…"}, {"no room", 0, "no room"}} {
		if got := terminal.Cut(tt.text, tt.width); got != tt.want {
			t.Errorf("%q to %d: %q, want %q", tt.text, tt.width, got, tt.want)
		}
	}
}
