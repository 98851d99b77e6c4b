package binding_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/nats-io/nats.go"
	"pgregory.net/rapid"

	"lifeboat.io/pkg/bus/binding"
)

func TestEscapeTable(t *testing.T) {
	for _, row := range []struct{ name, value, header string }{
		{"plain", "step-started", "step-started"},
		{"space", "web 01", "web%2001"},
		{"quote and percent", `100% "sure"`, "100%25%20%22sure%22"},
		{"umlaut", "Zürich", "Z%C3%BCrich"},
		{"euro and emoji", "€😀", "%E2%82%AC%F0%9F%98%80"},
		{"header break", "a\r\nNats-Msg-Id: b", "a%0D%0ANats-Msg-Id:%20b"},
		{"edges of the plain range", "!~", "!~"},
		{"just outside the plain range", " \x7f", "%20%7F"},
		{"empty", "", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := binding.Escape(row.value)
			if err != nil || got != row.header {
				t.Fatalf("Escape(%q) = %q, %v; want %q", row.value, got, err, row.header)
			}
			back, err := binding.Unescape(got)
			if err != nil || back != row.value {
				t.Fatalf("Unescape(%q) = %q, %v; want %q", got, back, err, row.value)
			}
		})
	}
	if _, err := binding.Escape("\xff"); err == nil {
		t.Error("invalid UTF-8 was escaped")
	}
}

func TestUnescapeOfOtherWriters(t *testing.T) {
	for _, row := range []struct{ name, header, want, wantErr string }{
		{"lower-case hexadecimal", "Z%c3%bcrich", "Zürich", ""},
		{"needlessly encoded", "%61%62", "ab", ""},
		{"one round only", "%2541", "%41", ""},
		{"quoted string", `"a b"`, "a b", ""},
		{"quoted string with escapes", `"a \"b\" \\"`, `a "b" \`, ""},
		{"quoted, then percent-encoded", `"a%20b"`, "a b", ""},
		{"raw space", "a b", "a b", ""},
		{"raw UTF-8", "Zürich", "Zürich", ""},
		{"lone quote", `"`, `"`, ""},
		{"raw percent sign", "100%", "", "write %25"},
		{"no hexadecimal", "%zz", "", "no escape"},
		{"overlong UTF-8", "%C0%80", "", "not valid UTF-8"},
		{"surrogate", "%ED%A0%80", "", "not valid UTF-8"},
		{"cut UTF-8", "%E2%82", "", "not valid UTF-8"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := binding.Unescape(row.header)
			if row.wantErr == "" && (err != nil || got != row.want) {
				t.Fatalf("Unescape(%q) = %q, %v; want %q", row.header, got, err, row.want)
			}
			if row.wantErr != "" && (err == nil || !strings.Contains(err.Error(), row.wantErr)) {
				t.Fatalf("Unescape(%q) = %q, %v; want an error with %q", row.header, got, err, row.wantErr)
			}
		})
	}
}

func sample(t testing.TB) event.Event {
	t.Helper()
	e := event.New()
	e.SetID("e-1")
	e.SetSource("/lifeboat/test")
	e.SetType("io.lifeboat.failover.step-done.v1")
	e.SetSubject(`failover/acme/VM "Zürich 1" 100%`)
	e.SetTime(time.Date(2026, 1, 31, 12, 0, 0, 5, time.UTC))
	e.SetDataSchema("https://lifeboat.io/schema/x.json")
	e.SetExtension("sequence", "0000000007")
	if err := e.SetData(event.ApplicationJSON, map[string]string{"vm": "web01"}); err != nil {
		t.Fatal(err)
	}
	return e
}

func TestBinaryHeaders(t *testing.T) {
	h, payload, err := binding.Binary(sample(t))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"ce-specversion":     "1.0",
		"ce-id":              "e-1",
		"ce-source":          "/lifeboat/test",
		"ce-type":            "io.lifeboat.failover.step-done.v1",
		"ce-subject":         "failover/acme/VM%20%22Z%C3%BCrich%201%22%20100%25",
		"ce-time":            "2026-01-31T12:00:00.000000005Z",
		"ce-datacontenttype": "application/json",
		"ce-dataschema":      "https://lifeboat.io/schema/x.json",
		"ce-sequence":        "0000000007",
	}
	if len(h) != len(want) {
		t.Errorf("headers %v: want exactly %d", h, len(want))
	}
	for name, value := range want {
		if got := h[name]; len(got) != 1 || got[0] != value {
			t.Errorf("header %s = %q, want %q", name, got, value)
		}
	}
	if string(payload) != `{"vm":"web01"}` {
		t.Errorf("payload %q", payload)
	}
}

func TestStructuredSaysSo(t *testing.T) {
	h, payload, err := binding.Structured(sample(t))
	if err != nil {
		t.Fatal(err)
	}
	if got := h[binding.ContentType]; len(got) != 1 || got[0] != "application/cloudevents+json" {
		t.Fatalf("content type %q", got)
	}
	e, err := binding.Decode(h, payload)
	if err != nil {
		t.Fatal(err)
	}
	if e.Subject() != sample(t).Subject() || e.ID() != "e-1" {
		t.Fatalf("came back as %s", e)
	}
}

// header makes the smallest valid binary header, changed by pairs.
func header(pairs ...string) nats.Header {
	h := nats.Header{"ce-specversion": {"1.0"}, "ce-id": {"1"}, "ce-source": {"/s"}, "ce-type": {"t"}}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == "-" {
			delete(h, pairs[i])
			continue
		}
		h[pairs[i]] = append(h[pairs[i]], pairs[i+1])
	}
	return h
}

func TestDecodeTable(t *testing.T) {
	structured := func(contentType string) nats.Header { return nats.Header{"content-type": {contentType}} }
	const minimal = `{"specversion":"1.0","id":"1","source":"/s","type":"t"}`
	for _, row := range []struct {
		name    string
		header  nats.Header
		payload string
		wantErr string
	}{
		{"smallest binary", header(), "", ""},
		{"binary with another content type", header("Content-Type", "application/json"), "{}", ""},
		{"header names in any case", nats.Header{"CE-SpecVersion": {"1.0"}, "Ce-Id": {"1"}, "cE-source": {"/s"}, "Ce-Type": {"t"}}, "", ""},
		{"unknown headers are not attributes", header("Nats-Msg-Id", "x", "ce", "y", "ce-", "z"), "", ""},
		{"smallest structured", structured("application/cloudevents+json"), minimal, ""},
		{"structured with charset", structured("Application/CloudEvents+JSON; charset=utf-8"), minimal, ""},

		{"no event at all", nats.Header{}, "{}", "not a CloudEvent"},
		{"no headers", nil, "", "not a CloudEvent"},
		{"no id", header("ce-id", "-"), "", "id"},
		{"old specversion", header("ce-specversion", "-", "Ce-Specversion", "0.3"), "", `want "1.0"`},
		{"attribute twice", header("ce-id", "2"), "", "more than once"},
		{"attribute twice in other case", header("Ce-Id", "2"), "", "more than once"},
		{"empty subject", header("ce-subject", ""), "", "must not be empty"},
		{"time is none", header("ce-time", "yesterday"), "", "RFC 3339"},
		{"relative schema", header("ce-dataschema", "x y z"), "", "dataschema"},
		{"bad extension name", header("ce-a_b", "1"), "", "a_b"},
		{"bad escape", header("ce-ext", "100%"), "", "attribute ext"},
		{"bad media type", header("ce-datacontenttype", "no media type"), "", "datacontenttype"},
		{"batch", structured("application/cloudevents-batch+json"), "[]", "no batch mode"},
		{"other event format", structured("application/cloudevents+xml"), "<a/>", "not supported"},
		{"no event format", structured("application/cloudevents"), minimal, "not supported"},
		{"content type twice", nats.Header{"Content-Type": {"a/b"}, "content-type": {"a/b"}}, "", "more than once"},
		{"structured, not JSON", structured("application/cloudevents+json"), "ce", "not valid JSON"},
		{"structured, array", structured("application/cloudevents+json"), "[1]", "not a JSON object"},
		{"structured, member twice", structured("application/cloudevents+json"), `{"specversion":"1.0","id":"1","id":"2","source":"/s","type":"t"}`, "given twice"},
		{"structured, trailing text", structured("application/cloudevents+json"), minimal + "{}", "not valid JSON"},
		{"structured, not UTF-8", structured("application/cloudevents+json"), "{\"id\":\"\xff\"}", "not valid UTF-8"},
		{"structured, old specversion", structured("application/cloudevents+json"), `{"specversion":"0.3","id":"1","source":"/s","type":"t"}`, `want "1.0"`},
		{"structured, no specversion", structured("application/cloudevents+json"), `{"id":"1","source":"/s","type":"t"}`, "specversion"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := binding.Decode(row.header, []byte(row.payload))
			if row.wantErr == "" && err != nil {
				t.Fatalf("refused: %v", err)
			}
			if row.wantErr != "" && (err == nil || !strings.Contains(err.Error(), row.wantErr)) {
				t.Fatalf("error %v; want one with %q", err, row.wantErr)
			}
		})
	}
}

func TestManyAttributesAreRefused(t *testing.T) {
	h := header()
	for i := range 200 {
		h["ce-x"+strings.Repeat("a", i+1)] = []string{"1"}
	}
	if _, err := binding.Decode(h, nil); err == nil || !strings.Contains(err.Error(), "more than 100") {
		t.Fatalf("200 attributes: %v", err)
	}
}

// anyEvent draws an event with hostile text in every place that takes text.
func anyEvent(t *rapid.T) event.Event {
	text := rapid.StringN(1, 30, 200).Filter(func(s string) bool { return strings.TrimSpace(s) != "" })
	e := event.New()
	e.SetID(text.Draw(t, "id"))
	e.SetSource("/s/" + rapid.StringMatching(`[a-z0-9/._~-]{0,20}`).Draw(t, "source"))
	e.SetType(text.Draw(t, "type"))
	if rapid.Bool().Draw(t, "hasSubject") {
		e.SetSubject(text.Draw(t, "subject"))
	}
	if rapid.Bool().Draw(t, "hasTime") {
		e.SetTime(time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "seconds"), rapid.Int64Range(0, 999999999).Draw(t, "nanos")).UTC())
	}
	for _, name := range rapid.SliceOfNDistinct(rapid.StringMatching(`x[a-z0-9]{1,15}`), 0, 5, rapid.ID).Draw(t, "names") {
		e.SetExtension(name, rapid.String().Draw(t, name))
	}
	if rapid.Bool().Draw(t, "hasData") {
		data := rapid.SliceOfN(rapid.Byte(), 1, 200).Draw(t, "data")
		if err := e.SetData("application/octet-stream", data); err != nil {
			t.Fatal(err)
		}
	}
	return e
}

// same compares what must survive a journey.
func same(t *rapid.T, want, got event.Event) {
	for _, pair := range [][2]string{
		{want.ID(), got.ID()}, {want.Source(), got.Source()}, {want.Type(), got.Type()},
		{want.Subject(), got.Subject()}, {want.DataContentType(), got.DataContentType()},
	} {
		if pair[0] != pair[1] {
			t.Fatalf("%q came back as %q", pair[0], pair[1])
		}
	}
	if !want.Time().Equal(got.Time()) {
		t.Fatalf("time %s came back as %s", want.Time(), got.Time())
	}
	if len(want.Extensions()) != len(got.Extensions()) {
		t.Fatalf("extensions %v came back as %v", want.Extensions(), got.Extensions())
	}
	for name, value := range want.Extensions() {
		if got.Extensions()[name] != value {
			t.Fatalf("extension %s: %q came back as %q", name, value, got.Extensions()[name])
		}
	}
	if !bytes.Equal(want.Data(), got.Data()) {
		t.Fatalf("data %q came back as %q", want.Data(), got.Data())
	}
}

// wire sends headers through the client's own header encoding and back.
func wire(t interface{ Fatalf(string, ...any) }, h nats.Header, payload []byte) (nats.Header, []byte) {
	var b strings.Builder
	b.WriteString("NATS/1.0\r\n")
	for name, values := range h {
		for _, value := range values {
			if strings.ContainsAny(value, "\r\n") {
				t.Fatalf("header %s carries a line break: %q", name, value)
			}
			b.WriteString(name + ": " + value + "\r\n")
		}
	}
	b.WriteString("\r\n")
	back, err := nats.DecodeHeadersMsg([]byte(b.String()))
	if err != nil {
		t.Fatalf("headers do not survive the wire: %v", err)
	}
	return back, payload
}

func TestRoundTripProperty(t *testing.T) {
	for name, encode := range map[string]func(event.Event) (nats.Header, []byte, error){
		"binary": binding.Binary, "structured": binding.Structured,
	} {
		t.Run(name, rapid.MakeCheck(func(t *rapid.T) {
			want := anyEvent(t)
			h, payload, err := encode(want)
			if err != nil {
				t.Fatalf("encode: %v", err)
			}
			h, payload = wire(t, h, payload)
			got, err := binding.Decode(h, payload)
			if err != nil {
				t.Fatalf("decode: %v", err)
			}
			same(t, want, got)
		}))
	}
}

func FuzzUnescape(f *testing.F) {
	for _, seed := range []string{"", "a%20b", `"a\"b"`, "%", "%C0%80", "Z%c3%bcrich", `"`, `"\`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		value, err := binding.Unescape(header)
		if err != nil {
			return
		}
		again, err := binding.Escape(value)
		if err != nil {
			t.Fatalf("Unescape(%q) = %q, which cannot be escaped: %v", header, value, err)
		}
		back, err := binding.Unescape(again)
		if err != nil || back != value {
			t.Fatalf("%q became %q, then %q (%v)", value, again, back, err)
		}
	})
}

// FuzzDecode feeds any headers and payload: no panic, and what is accepted can
// be written again and then reads the same.
func FuzzDecode(f *testing.F) {
	f.Add("application/cloudevents+json", `{"specversion":"1.0","id":"1","source":"/s","type":"t","data":{"a":1}}`, "ce-ext", "v")
	f.Add("application/cloudevents+json", `{"specversion":"1.0","id":"1","source":"/s","type":"t","data_base64":"AAE="}`, "", "")
	f.Add("application/cloudevents+json", `{"specversion":"1.0","id":"1","source":"/s","type":"t","time":"2026-01-31T12:00:00Z","x":null}`, "", "")
	f.Add("", "{}", "ce-subject", "VM%20%22Z%C3%BCrich")
	f.Add("text/plain", "x", "CE-Time", "2026-01-31T12:00:00Z")
	f.Add("application/cloudevents-batch+json", "[]", "ce-id", "2")
	f.Fuzz(func(t *testing.T, contentType, payload, name, value string) {
		h := header()
		if contentType != "" {
			h["Content-Type"] = []string{contentType}
		}
		if name != "" {
			h[name] = append(h[name], value)
		}
		e, err := binding.Decode(h, []byte(payload))
		if err != nil {
			return
		}
		h2, payload2, err := binding.Binary(e)
		if err != nil {
			t.Fatalf("accepted, but cannot be written again: %v\n%s", err, e)
		}
		h2, payload2 = wire(t, h2, payload2)
		again, err := binding.Decode(h2, payload2)
		if err != nil {
			t.Fatalf("written again, but not read again: %v", err)
		}
		if again.ID() != e.ID() || again.Type() != e.Type() || again.Subject() != e.Subject() || !bytes.Equal(again.Data(), e.Data()) {
			t.Fatalf("%s\ncame back as\n%s", e, again)
		}
	})
}

func BenchmarkBinary(b *testing.B) {
	e := sample(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := binding.Binary(e); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	h, payload, err := binding.Binary(sample(b))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := binding.Decode(h, payload); err != nil {
			b.Fatal(err)
		}
	}
}
