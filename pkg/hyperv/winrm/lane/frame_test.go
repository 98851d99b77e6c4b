package lane

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"lifeboat.io/pkg/hyperv/winrm/internal/corpus"
)

// decoded is a frame as a host reads it.
func decoded(t *testing.T, line []byte) map[string]any {
	t.Helper()
	text, ended := strings.CutSuffix(string(line), "\n")
	if !ended || strings.ContainsAny(text, "\r\n") {
		t.Fatalf("a frame is one line, got %q", line)
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatalf("a frame is base64: %v", err)
	}
	var f map[string]any
	if err := json.Unmarshal(raw, &f); err != nil {
		t.Fatalf("a frame is JSON: %v", err)
	}
	return f
}

func TestFramesCarryDataOnly(t *testing.T) {
	for _, text := range corpus.Texts {
		line, err := frame("1-abc", Request{Verb: "find", Args: map[string]string{"name": text}}, 0)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		f := decoded(t, line)
		if got := f["args"].(map[string]any)["name"]; got != text {
			t.Errorf("%q became %q", text, got)
		}
		if f["id"] != "1-abc" || f["verb"] != "find" || f["notAfter"] != 0.0 {
			t.Errorf("%q changed the frame: %v", text, f)
		}
	}
}

func TestNotAfterIsTheHostsTime(t *testing.T) {
	line, err := frame("1-abc", Request{Verb: "x", NotAfter: time.Unix(0, 0).UTC()}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	// 1970-01-01T01:00:00Z in .NET's ticks.
	if got := decoded(t, line)["notAfter"]; got != 621355968000000000.0+36000000000 {
		t.Errorf("notAfter %v", got)
	}
}

func TestOverlongRequestIsRefused(t *testing.T) {
	if _, err := frame("1-abc", Request{Args: strings.Repeat("x", maxFrame)}, 0); !errors.Is(err, ErrRequest) {
		t.Errorf("%v", err)
	}
}

// answerLine is an answer as a host writes it.
func answerLine(id, json string) string {
	return mark + " " + id + " " + base64.StdEncoding.EncodeToString([]byte(json))
}

func TestAnswerIn(t *testing.T) {
	const good = `{"ok":true,"value":1,"clock":"2026-01-02T03:04:05.1234567Z"}`
	tests := map[string]struct {
		line string
		ours bool
		bad  bool
	}{
		"an answer":                {answerLine("1-abc", good), true, false},
		"with a carriage return":   {answerLine("1-abc", good) + "\r", true, false},
		"with a byte order mark":   {"\uFEFF" + answerLine("1-abc", good), true, false},
		"to another request":       {answerLine("2-abc", good), false, false},
		"with a guessed nonce":     {answerLine("1-abd", good), false, false},
		"chatter":                  {"WARNING: the disk is full", false, false},
		"another version":          {"LB2" + answerLine("1-abc", good)[3:], false, false},
		"more on the line":         {answerLine("1-abc", good) + " x", false, false},
		"empty":                    {"", false, false},
		"no base64":                {mark + " 1-abc !!", true, true},
		"no JSON":                  {answerLine("1-abc", "{"), true, true},
		"neither result nor error": {answerLine("1-abc", `{"ok":false,"clock":"2026-01-02T03:04:05Z"}`), true, true},
		"both":                     {answerLine("1-abc", `{"ok":true,"error":{"fqid":"X"},"clock":"2026-01-02T03:04:05Z"}`), true, true},
		"no clock":                 {answerLine("1-abc", `{"ok":true}`), true, true},
		"a clock of PowerShell's":  {answerLine("1-abc", `{"ok":true,"clock":"\/Date(0)\/"}`), true, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, ours, err := answerIn([]byte(tt.line), "1-abc")
			if ours != tt.ours || (err != nil) != tt.bad {
				t.Errorf("ours %v, error %v", ours, err)
			}
		})
	}
}

func FuzzAnswerIn(f *testing.F) {
	f.Add([]byte(answerLine("1-abc", `{"ok":true,"value":{},"clock":"2026-01-02T03:04:05Z"}`)))
	f.Add([]byte(answerLine("1-abc", `{"ok":false,"error":{"fqid":"A,B","message":"m"},"clock":"2026-01-02T03:04:05Z"}`)))
	f.Add([]byte("LB1 1-abc"))
	f.Fuzz(func(t *testing.T, line []byte) {
		a, ours, err := answerIn(line, "1-abc")
		if err == nil && ours && (a.OK == (a.Error != nil) || a.Clock.IsZero()) {
			t.Errorf("believed %+v", a)
		}
		if !ours && err != nil {
			t.Errorf("an error about somebody else's line: %v", err)
		}
	})
}
