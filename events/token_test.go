package events_test

import (
	"strings"
	"testing"
	"testing/quick"

	"lifeboat.io/events"
)

func TestToken(t *testing.T) {
	for name, token := range map[string]string{
		"":                  "=",
		"=":                 "=3D",
		"acme":              "acme",
		"desk~DR-1":         "desk~DR-1",
		"a.b":               "a=2Eb",
		"*":                 "=2A",
		">":                 "=3E",
		"a b\n":             "a=20b=0A",
		"Zürich":            "Z=C3=BCrich",
		"not UTF-8: \xff":   "not=20UTF-8:=20=FF",
		"under_score/slash": "under_score=2Fslash",
	} {
		if got := events.Token(name); got != token {
			t.Errorf("Token(%q) = %q, want %q", name, got, token)
		}
		if got, err := events.Untoken(token); err != nil || got != name {
			t.Errorf("Untoken(%q) = %q, %v, want %q", token, got, err, name)
		}
	}
}

func TestUntokenRefuses(t *testing.T) {
	for _, token := range []string{"", "a.b", "a b", "*", ">", "a=", "a=2", "=2e", "=61", "a=zz", "==", "=3d", "ü", "a\x00"} {
		if got, err := events.Untoken(token); err == nil {
			t.Errorf("Untoken(%q) = %q, want an error", token, got)
		}
	}
}

// Any two names have different tokens, and each is one token of a subject.
func TestTokenRoundTrips(t *testing.T) {
	roundTrip := func(raw []byte) bool {
		name := string(raw)
		back, err := events.Untoken(events.Token(name))
		return err == nil && back == name && safeToken(events.Token(name))
	}
	if err := quick.Check(roundTrip, &quick.Config{MaxCount: 5000}); err != nil {
		t.Error(err)
	}
}

// safeToken reports whether a text can stand as one token of a NATS subject.
func safeToken(token string) bool {
	return token != "" && !strings.ContainsAny(token, ".*> \t\r\n\x00")
}

func FuzzToken(f *testing.F) {
	for _, seed := range []string{"", "=", "a.b", "Zürich", "\xff\x00", "==3D"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		token := events.Token(s)
		if back, err := events.Untoken(token); err != nil || back != s || !safeToken(token) {
			t.Fatalf("Token(%q) = %q, back %q, %v", s, token, back, err)
		}
		// The same text, taken for a token: it is refused, or is what Token writes.
		if name, err := events.Untoken(s); err == nil && events.Token(name) != s {
			t.Fatalf("Untoken(%q) = %q, whose token is %q", s, name, events.Token(name))
		}
	})
}
