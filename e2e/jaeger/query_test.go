package jaeger_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"lifeboat.io/e2e/jaeger"
	"lifeboat.io/e2e/jaeger/trace"
)

// answered is what Jaeger 1.76 answers to a search, shortened.
const answered = `{"data":[{"traceID":"t1","spans":[
 {"traceID":"t1","spanID":"a","operationName":"POST /v1/tickets","references":[],"startTime":1772442000000250,"duration":1500,
  "tags":[{"key":"http.response.status_code","type":"int64","value":202},{"key":"span.kind","type":"string","value":"server"}],"processID":"p1"},
 {"traceID":"t1","spanID":"b","operationName":"step StartReplica","references":[{"refType":"CHILD_OF","traceID":"t1","spanID":"a"},{"refType":"FOLLOWS_FROM","traceID":"t2","spanID":"z"}],
  "startTime":1772442001000000,"duration":0,"tags":[],"processID":"p2"}],
 "processes":{"p1":{"serviceName":"ticket-intake","tags":[]},"p2":{"serviceName":"failover-executor","tags":[]}},"warnings":null}],
 "total":0,"limit":0,"offset":0,"errors":null}`

func TestSearch(t *testing.T) {
	asked := ""
	status, body := http.StatusOK, answered
	fake := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.Query().Get("service") + " " + r.URL.Query().Get("tags")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	defer fake.Close()
	s := &jaeger.Server{Query: fake.URL}
	traces, err := s.Search(t.Context(), "ticket-intake", map[string]string{"ticket": "T-1"})
	if err != nil || len(traces) != 1 || asked != `ticket-intake {"ticket":"T-1"}` {
		t.Fatalf("asked %s: %v, %v", asked, traces, err)
	}
	tr := traces[0]
	a, b := tr.Spans["a"], tr.Spans["b"]
	start := time.Date(2026, 3, 2, 9, 0, 0, 250_000, time.UTC)
	if a.Service != "ticket-intake" || !a.Start.Equal(start) || a.End.Sub(a.Start) != 1500*time.Microsecond || a.Tags["http.response.status_code"] != "202" {
		t.Errorf("the first span is %+v", a)
	}
	if want := []trace.Ref{{Trace: "t1", Span: "a", Parent: true}, {Trace: "t2", Span: "z"}}; !slices.Equal(b.Refs, want) || b.Service != "failover-executor" {
		t.Errorf("the second span is %+v", b)
	}
	if got := slices.Sorted(maps.Keys(tr.Spans)); len(got) != 2 || len(tr.Unreached()) != 0 {
		t.Errorf("spans %v, unreached %v", got, tr.Unreached())
	}

	status, body = http.StatusBadRequest, `{"data":null,"errors":[{"code":400,"msg":"unable to parse param 'lookback'"}]}`
	if _, err := s.Search(t.Context(), "x", nil); err == nil || !strings.Contains(err.Error(), "lookback") {
		t.Errorf("a refusal of Jaeger's is %v", err)
	}
}
