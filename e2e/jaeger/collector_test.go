package jaeger_test

import (
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"lifeboat.io/e2e/jaeger/trace"
)

// sink is a collector that keeps what it is sent, and passes the very same
// requests on to Jaeger when there is one: one run of the programs is seen by
// both.
type sink struct {
	url, next string

	mu     sync.Mutex
	traces map[string]trace.Trace
}

func newSink(t *testing.T, next string) *sink {
	t.Helper()
	s := &sink{next: next, traces: map[string]trace.Trace{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// ServeHTTP takes an export.
func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	sent, err := io.ReadAll(r.Body)
	if err == nil {
		err = s.keep(sent, r.Header.Get("Content-Encoding"))
	}
	if err == nil && s.next != "" {
		err = s.pass(r, sent)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
}

// pass sends an export on.
func (s *sink) pass(r *http.Request, sent []byte) error {
	q, err := http.NewRequestWithContext(r.Context(), r.Method, s.next+r.URL.Path, bytes.NewReader(sent))
	if err != nil {
		return err
	}
	for _, name := range []string{"Content-Type", "Content-Encoding"} {
		q.Header.Set(name, r.Header.Get(name))
	}
	answer, err := http.DefaultClient.Do(q)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("jaeger takes no traces: %s", answer.Status)
	}
	return nil
}

func (s *sink) keep(sent []byte, encoding string) error {
	if encoding == "gzip" {
		unzipped, err := gzip.NewReader(bytes.NewReader(sent))
		if err != nil {
			return err
		}
		if sent, err = io.ReadAll(unzipped); err != nil {
			return err
		}
	}
	var request collector.ExportTraceServiceRequest
	if err := proto.Unmarshal(sent, &request); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, resource := range request.ResourceSpans {
		service := text(resource.Resource.Attributes)["service.name"]
		for _, scope := range resource.ScopeSpans {
			for _, span := range scope.Spans {
				s.add(service, span)
			}
		}
	}
	return nil
}

// add keeps one span. mu is held.
func (s *sink) add(service string, span *otlp.Span) {
	id := hex.EncodeToString(span.TraceId)
	if s.traces[id].Spans == nil {
		s.traces[id] = trace.Trace{ID: id, Spans: map[string]trace.Span{}}
	}
	out := trace.Span{
		ID: hex.EncodeToString(span.SpanId), Service: service, Name: span.Name, Tags: text(span.Attributes),
		Start: time.Unix(0, int64(span.StartTimeUnixNano)).UTC(), End: time.Unix(0, int64(span.EndTimeUnixNano)).UTC(),
	}
	if len(span.ParentSpanId) > 0 {
		out.Refs = append(out.Refs, trace.Ref{Trace: id, Span: hex.EncodeToString(span.ParentSpanId), Parent: true})
	}
	for _, l := range span.Links {
		out.Refs = append(out.Refs, trace.Ref{Trace: hex.EncodeToString(l.TraceId), Span: hex.EncodeToString(l.SpanId)})
	}
	s.traces[id].Spans[out.ID] = out
}

func text(attributes []*common.KeyValue) map[string]string {
	out := make(map[string]string, len(attributes))
	for _, a := range attributes {
		switch v := a.Value.Value.(type) {
		case *common.AnyValue_StringValue:
			out[a.Key] = v.StringValue
		default:
			out[a.Key] = a.Value.String()
		}
	}
	return out
}

// search finds the traces with a span of the service that has all the tags.
func (s *sink) search(service string, tags map[string]string) []trace.Trace {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []trace.Trace
	for _, t := range s.traces {
		if len(t.Sorted(func(span trace.Span) bool { return span.Service == service && has(span, tags) })) > 0 {
			found = append(found, t)
		}
	}
	return found
}

func has(s trace.Span, tags map[string]string) bool {
	for name, value := range tags {
		if s.Tags[name] != value {
			return false
		}
	}
	return true
}
