package powershell

import (
	"encoding/json"
	"reflect"
	"testing"
	"unicode/utf16"

	"pgregory.net/rapid"
)

// TestUTF16RoundTrip: every sequence of units, lone surrogates included, is a
// string and comes back from it.
func TestUTF16RoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		units := rapid.SliceOf(rapid.OneOf(rapid.Uint16(), rapid.Uint16Range(0xD800, 0xDFFF), rapid.Uint16Range(0, 0x7F))).Draw(t, "units")
		s := fromUTF16(units)
		if got := toUTF16(s); !reflect.DeepEqual(got, units) && len(units) > 0 {
			t.Fatalf("%x came back as %x", units, got)
		}
		if utf16Len(s) != len(units) {
			t.Fatalf("length %d, want %d", utf16Len(s), len(units))
		}
		if len(units) > 0 {
			i := rapid.IntRange(0, len(units)-1).Draw(t, "i")
			n := rapid.IntRange(0, len(units)-i).Draw(t, "n")
			if got := substring(s, i, n); got != fromUTF16(units[i:i+n]) {
				t.Fatalf("substring %d, %d: %q", i, n, got)
			}
			if got := charAt(s, i); uint16(got) != units[i] {
				t.Fatalf("unit %d is %x", i, got)
			}
		}
		if want := string(utf16.Decode(units)); validUTF8(s) != want {
			t.Fatalf("as UTF-8 %q, want %q", validUTF8(s), want)
		}
	})
}

// TestJSONRoundTrip: what Go writes, ConvertFrom-Json reads; what ConvertTo-Json
// writes, Go reads; and nothing is lost on the way.
func TestJSONRoundTrip(t *testing.T) {
	s := NewSession(Options{Seed: 1})
	leaf := rapid.OneOf(rapid.Just[any](nil), rapid.Custom(func(t *rapid.T) any { return rapid.String().Draw(t, "s") }),
		rapid.Custom(func(t *rapid.T) any { return rapid.Bool().Draw(t, "b") }), rapid.Custom(func(t *rapid.T) any { return float64(rapid.Int32().Draw(t, "n")) }))
	rapid.Check(t, func(t *rapid.T) {
		doc := map[string]any{"list": []any{}}
		for i := range rapid.IntRange(0, 4).Draw(t, "keys") {
			doc["k"+string(rune('a'+i))] = leaf.Draw(t, "leaf")
		}
		doc["list"] = append(doc["list"].([]any), leaf.Draw(t, "a"), map[string]any{"deep": leaf.Draw(t, "b")})
		in, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		v, err := s.decodeJSON(string(in))
		if err != nil {
			t.Fatalf("read %s: %v", in, err)
		}
		for _, compress := range []bool{true, false} {
			s.renew()
			out, err := s.encodeJSON(v, 10, compress)
			if err != nil {
				t.Fatal(err)
			}
			var back map[string]any
			if err := json.Unmarshal([]byte(out), &back); err != nil {
				t.Fatalf("%s: %v", out, err)
			}
			if !reflect.DeepEqual(back, doc) {
				t.Fatalf("%s became %s", in, out)
			}
		}
	})
}

// TestWildcardEscape: an escaped text is a pattern that fits that text alone.
func TestWildcardEscape(t *testing.T) {
	text := rapid.StringOf(rapid.SampledFrom([]rune("ab[]*?`-^!"))).Draw
	rapid.Check(t, func(t *rapid.T) {
		a, b := text(t, "a"), text(t, "b")
		w := NewWildcard(EscapeWildcard(a), true)
		if !w.Match(a) || w.Match(b) != (a == b) {
			t.Fatalf("%q as a pattern of %q: fits itself %v, fits %q %v", EscapeWildcard(a), a, w.Match(a), b, w.Match(b))
		}
		if UnescapeWildcard(EscapeWildcard(a)) != a {
			t.Fatalf("%q does not come back", a)
		}
	})
}

// TestNamesAreData: a hostile name passed to a function is that name, whatever
// it is made of.
func TestNamesAreData(t *testing.T) {
	s := NewSession(Options{Seed: 1})
	if res := s.Run(t.Context(), "function Keep { param([string]$Name) $Name }", Streams{}); res.Err != nil {
		t.Fatal(res.Err)
	}
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringOf(rapid.OneOf(rapid.Rune(), rapid.SampledFrom([]rune("'\"’‘“”„‚‛`$(){};|&@#-–—\r\n\x00")))).Draw(t, "name")
		s.setVariable("given", name)
		out, res := runPlain(s, "Keep -Name $given; Keep $given; $h = @{ Name = $given }; Keep @h; \"$given\"")
		if res.Err != nil || len(out) != 4 {
			t.Fatalf("%q: %v %q", name, res.Err, out)
		}
		for _, o := range out {
			if o != name {
				t.Fatalf("%q became %q", name, o)
			}
		}
	})
}
