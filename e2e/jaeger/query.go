package jaeger

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"lifeboat.io/e2e/jaeger/trace"
)

const (
	// maxTraces and lookback bound an answer.
	maxTraces = "1500"
	lookback  = "24h"
	// maxAnswer bounds an answer, in bytes.
	maxAnswer = 256 << 20
)

// answer is Jaeger's answer to a search.
type answer struct {
	Data []struct {
		TraceID   string                                  `json:"traceID"`
		Spans     []span                                  `json:"spans"`
		Processes map[string]struct{ ServiceName string } `json:"processes"`
	} `json:"data"`
	Errors []struct {
		Msg string `json:"msg"`
	} `json:"errors"`
}

// span is a span as Jaeger tells it; times are in microseconds.
type span struct {
	SpanID        string `json:"spanID"`
	OperationName string `json:"operationName"`
	References    []struct {
		RefType string `json:"refType"`
		TraceID string `json:"traceID"`
		SpanID  string `json:"spanID"`
	} `json:"references"`
	StartTime int64  `json:"startTime"`
	Duration  int64  `json:"duration"`
	ProcessID string `json:"processID"`
	Tags      []struct {
		Key   string `json:"key"`
		Value any    `json:"value"`
	} `json:"tags"`
}

// Search finds the traces to which a service has contributed a span with all
// the tags; nil tags find all of the service.
func (s *Server) Search(ctx context.Context, service string, tags map[string]string) ([]trace.Trace, error) {
	query := url.Values{"service": {service}, "limit": {maxTraces}, "lookback": {lookback}}
	if len(tags) > 0 {
		raw, err := json.Marshal(tags)
		if err != nil {
			return nil, err
		}
		query.Set("tags", string(raw))
	}
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Query+"/api/traces?"+query.Encode(), nil)
	if err != nil {
		return nil, err
	}
	r, err := http.DefaultClient.Do(q)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Body.Close() }()
	var a answer
	if err := json.NewDecoder(io.LimitReader(r.Body, maxAnswer)).Decode(&a); err != nil {
		return nil, fmt.Errorf("jaeger: %s answers %s: %w", q.URL, r.Status, err)
	}
	if len(a.Errors) > 0 || r.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("jaeger: %s answers %s: %v", q.URL, r.Status, a.Errors)
	}
	return a.traces(), nil
}

func (a answer) traces() []trace.Trace {
	var out []trace.Trace
	for _, d := range a.Data {
		t := trace.Trace{ID: d.TraceID, Spans: make(map[string]trace.Span, len(d.Spans))}
		for _, s := range d.Spans {
			t.Spans[s.SpanID] = s.span(d.Processes[s.ProcessID].ServiceName)
		}
		out = append(out, t)
	}
	return out
}

func (s span) span(service string) trace.Span {
	start := time.UnixMicro(s.StartTime).UTC()
	out := trace.Span{
		ID: s.SpanID, Service: service, Name: s.OperationName,
		Start: start, End: start.Add(time.Duration(s.Duration) * time.Microsecond),
		Tags: make(map[string]string, len(s.Tags)),
	}
	for _, r := range s.References {
		out.Refs = append(out.Refs, trace.Ref{Trace: r.TraceID, Span: r.SpanID, Parent: r.RefType == "CHILD_OF"})
	}
	for _, tag := range s.Tags {
		out.Tags[tag.Key] = fmt.Sprint(tag.Value)
	}
	return out
}
