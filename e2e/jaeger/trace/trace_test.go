package trace_test

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"lifeboat.io/e2e/jaeger/trace"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// story builds a trace from lines "id name from-to refs…", times in
// milliseconds after noon; a reference is the id of a parent, ~id of a link,
// or other/id in another trace.
func story(t *testing.T, lines ...string) trace.Trace {
	t.Helper()
	out := trace.Trace{ID: "t", Spans: map[string]trace.Span{}}
	for _, line := range lines {
		words := strings.Fields(line)
		from, to, _ := strings.Cut(words[2], "-")
		s := trace.Span{ID: words[0], Service: "x", Name: words[1], Start: at(t, from), End: at(t, to)}
		for _, ref := range words[3:] {
			r := trace.Ref{Trace: "t", Parent: true}
			r.Span, r.Parent = strings.TrimPrefix(ref, "~"), !strings.HasPrefix(ref, "~")
			if other, id, found := strings.Cut(r.Span, "/"); found {
				r.Trace, r.Span = other, id
			}
			s.Refs = append(s.Refs, r)
		}
		out.Spans[s.ID] = s
	}
	return out
}

func at(t *testing.T, millis string) time.Time {
	t.Helper()
	d, err := time.ParseDuration(millis + "ms")
	if err != nil {
		t.Fatal(err)
	}
	return noon.Add(d)
}

func ids(spans []trace.Span) string {
	var out []string
	for _, s := range spans {
		out = append(out, s.ID)
	}
	return strings.Join(out, " ")
}

func TestWhatHangsInTheAir(t *testing.T) {
	for _, row := range []struct {
		name             string
		lines            []string
		roots, unreached string
	}{
		{"a chain", []string{"a post 0-9", "b publish 1-2 a", "c process 3-4 b"}, "a", ""},
		{"a link is enough", []string{"a post 0-9", "c process 3-4 gone ~a"}, "a", ""},
		{"a parent is missing", []string{"a post 0-9", "c process 3-4 gone", "d call 3-4 c"}, "a", "c d"},
		{"two roots", []string{"a post 0-9", "b post 1-2"}, "a b", ""},
		{"caused by another trace", []string{"a post 0-9", "b process 1-2 ~other/z"}, "a b", ""},
		{"a circle", []string{"a post 0-9", "b x 1-2 c", "c y 2-3 b"}, "a", "b c"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := story(t, row.lines...)
			if roots, unreached := ids(got.Roots()), ids(got.Unreached()); roots != row.roots || unreached != row.unreached {
				t.Errorf("roots %q, unreached %q; want %q, %q", roots, unreached, row.roots, row.unreached)
			}
		})
	}
}

func TestTimeNobodyAccountsFor(t *testing.T) {
	for _, row := range []struct {
		name  string
		lines []string
		want  string
	}{
		{"one after the other", []string{"a x 0-40", "b x 40-100"}, ""},
		{"one within the other", []string{"a x 0-100", "b x 10-20"}, ""},
		{"a hole", []string{"a x 0-40", "b x 45-100"}, "40-45"},
		{"late", []string{"a x 3-100"}, "0-3"},
		{"cut short", []string{"a x 0-90"}, "90-100"},
		{"and after", []string{"b x 0-100", "c x 120-130"}, ""},
		{"only after", []string{"c x 120-130"}, "0-100"},
		{"nothing", nil, "0-100"},
		{"two holes", []string{"a x 10-40", "b x 20-30", "c x 50-200"}, "0-10 40-50"},
	} {
		t.Run(row.name, func(t *testing.T) {
			var got []string
			for _, g := range trace.Gaps(slices.Collect(maps.Values(story(t, row.lines...).Spans)), noon, noon.Add(100*time.Millisecond)) {
				got = append(got, millis(g.From)+"-"+millis(g.To))
			}
			if s := strings.Join(got, " "); s != row.want {
				t.Errorf("gaps %q, want %q", s, row.want)
			}
		})
	}
}

func millis(t time.Time) string { return strconv.FormatInt(t.Sub(noon).Milliseconds(), 10) }

func TestTell(t *testing.T) {
	tr := story(t, "a POST 0-9", "s step 10-1500 a", "c hyperv_Start 20-900 s", "r winrm_Send 30-40 c", "p publish 1400-1500 s")
	for id, change := range map[string]trace.Span{
		"s": {Name: "step StartReplica", Tags: map[string]string{trace.TagEvent: "step-done", trace.TagHost: "hv11", trace.TagOutcome: "acted"}},
		"c": {Name: "hyperv Start"}, "r": {Name: "winrm Send"},
	} {
		s := tr.Spans[id]
		s.Name, s.Tags = change.Name, change.Tags
		tr.Spans[id] = s
	}
	var b strings.Builder
	trace.Tell(&b, tr)
	const want = "    0.000s   0.009s  x                  POST\n" +
		"    0.010s   1.490s  x                  step StartReplica on hv11 (acted) · 1 calls to hosts in 1 requests\n"
	if b.String() != want {
		t.Errorf("told\n%s\nwant\n%s", b.String(), want)
	}
}
