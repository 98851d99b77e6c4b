package telemetry_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"lifeboat.io/pkg/telemetry"
)

// sink is a collector that remembers which service sent which span.
type sink struct {
	collector.UnimplementedTraceServiceServer
	mu    sync.Mutex
	spans []string // service/span
	attrs map[string]string
}

func (s *sink) Export(_ context.Context, r *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.attrs == nil {
		s.attrs = map[string]string{}
	}
	for _, rs := range r.ResourceSpans {
		service := ""
		for _, a := range rs.Resource.Attributes {
			s.attrs[a.Key] = a.Value.GetStringValue()
			if a.Key == "service.name" {
				service = a.Value.GetStringValue()
			}
		}
		for _, ss := range rs.ScopeSpans {
			for _, span := range ss.Spans {
				s.spans = append(s.spans, service+"/"+span.Name)
			}
		}
	}
	return &collector.ExportTraceServiceResponse{}, nil
}

func (s *sink) sorted() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := slices.Clone(s.spans)
	slices.Sort(out)
	return out
}

// serveHTTP is the sink as a collector over HTTP.
func (s *sink) serveHTTP(t *testing.T) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/traces" {
			t.Errorf("traces arrived at %s", r.URL.Path)
		}
		body := io.Reader(r.Body)
		if r.Header.Get("Content-Encoding") == "gzip" {
			unzipped, err := gzip.NewReader(r.Body)
			if err != nil {
				t.Error(err)
				return
			}
			body = unzipped
		}
		raw, err := io.ReadAll(body)
		if err != nil {
			t.Error(err)
			return
		}
		var request collector.ExportTraceServiceRequest
		if err := proto.Unmarshal(raw, &request); err != nil {
			t.Error(err)
			return
		}
		_, _ = s.Export(r.Context(), &request)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// serveGRPC is the sink as a collector over gRPC.
func (s *sink) serveGRPC(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	collector.RegisterTraceServiceServer(server, s)
	go func() { _ = server.Serve(l) }()
	t.Cleanup(server.Stop)
	return "http://" + l.Addr().String()
}

// clean removes variables of the environment that would decide.
func clean(t *testing.T) {
	for _, name := range []string{"OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
		"OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_TRACES_SAMPLER", "OTEL_RESOURCE_ATTRIBUTES", "OTEL_SERVICE_NAME"} {
		t.Setenv(name, "")
	}
}

// trace makes one span each for two services and ends tracing.
func trace(t *testing.T, tel *telemetry.Telemetry) error {
	for _, service := range []string{"ticket-intake", "failover-executor"} {
		_, span := tel.For(service).Tracer("test").Start(t.Context(), "work")
		span.End()
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return tel.Shutdown(ctx)
}

var both = []string{"failover-executor/work", "ticket-intake/work"}

func TestSetup(t *testing.T) {
	for _, row := range []struct {
		name   string
		config func(http, grpc string) telemetry.Config
		env    func(http, grpc string) map[string]string
		want   []string
	}{
		{"off", nil, nil, nil},
		{"endpoint", func(h, _ string) telemetry.Config { return telemetry.Config{Endpoint: h} }, nil, both},
		{"endpoint over gRPC", func(_, g string) telemetry.Config {
			return telemetry.Config{Endpoint: g, Protocol: telemetry.ProtocolGRPC}
		}, nil, both},
		{"variables", nil, func(h, _ string) map[string]string { return map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": h} }, both},
		{"variables over gRPC", nil, func(_, g string) map[string]string {
			return map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": g, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
		}, both},
		{"disabled", func(h, _ string) telemetry.Config { return telemetry.Config{Endpoint: h} },
			func(_, _ string) map[string]string { return map[string]string{"OTEL_SDK_DISABLED": "true"} }, nil},
		{"no exporter", func(h, _ string) telemetry.Config { return telemetry.Config{Endpoint: h} },
			func(_, _ string) map[string]string { return map[string]string{"OTEL_TRACES_EXPORTER": "none"} }, nil},
		{"sampled away", func(h, _ string) telemetry.Config { return telemetry.Config{Endpoint: h} },
			func(_, _ string) map[string]string { return map[string]string{"OTEL_TRACES_SAMPLER": "always_off"} }, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			clean(t)
			var s sink
			h, g := s.serveHTTP(t), s.serveGRPC(t)
			if row.env != nil {
				for name, value := range row.env(h, g) {
					t.Setenv(name, value)
				}
			}
			var c telemetry.Config
			if row.config != nil {
				c = row.config(h, g)
			}
			tel, err := telemetry.Setup(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			if err := trace(t, tel); err != nil {
				t.Fatal(err)
			}
			if got := s.sorted(); !slices.Equal(got, row.want) {
				t.Errorf("collected %v, want %v", got, row.want)
			}
		})
	}
}

func TestResource(t *testing.T) {
	clean(t)
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=lab,service.name=somebody")
	var s sink
	tel, err := telemetry.Setup(t.Context(), telemetry.Config{Endpoint: s.serveHTTP(t), Version: "1.2.3"})
	if err != nil {
		t.Fatal(err)
	}
	if err := trace(t, tel); err != nil {
		t.Fatal(err)
	}
	if got := s.sorted(); !slices.Equal(got, both) {
		t.Errorf("collected %v: the services' own names must stand", got)
	}
	for name, want := range map[string]string{"deployment.environment": "lab", "service.version": "1.2.3", "telemetry.sdk.language": "go"} {
		if s.attrs[name] != want {
			t.Errorf("resource attribute %s = %q, want %q", name, s.attrs[name], want)
		}
	}
}

// TestAbsentCollector makes far more spans than the queue holds while nobody
// collects: making them never waits, the log has one line, and the end is bounded.
func TestAbsentCollector(t *testing.T) {
	clean(t)
	t.Setenv("OTEL_BSP_MAX_QUEUE_SIZE", "64")
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "10")
	t.Setenv("OTEL_BSP_EXPORT_TIMEOUT", "50")
	var log lockedBuffer
	tel, err := telemetry.Setup(t.Context(), telemetry.Config{Endpoint: "http://127.0.0.1:1", Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	tracer := tel.For("x").Tracer("test")
	deadline := time.Now().Add(20 * time.Second)
	for !strings.Contains(log.String(), "traces are not exported") {
		if time.Now().After(deadline) {
			t.Fatal("nobody complained of the absent collector")
		}
		for range 1000 {
			_, span := tracer.Start(t.Context(), "work")
			span.End()
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- tel.Shutdown(ctx) }()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Fatal("the end waits for the collector")
	}
	if lines := strings.Count(log.String(), "\n"); lines != 1 {
		t.Errorf("%d lines in the log, want 1:\n%s", lines, log.String())
	}
}

func TestConfigIsChecked(t *testing.T) {
	clean(t)
	for _, row := range []struct {
		config telemetry.Config
		want   string
	}{
		{telemetry.Config{Endpoint: "127.0.0.1:4318"}, "http://host:port"},
		{telemetry.Config{Endpoint: "ftp://127.0.0.1"}, "http://host:port"},
		{telemetry.Config{Endpoint: "http://me:hunter2@host"}, "without user and password"},
		{telemetry.Config{Protocol: "carrier pigeon"}, "carrier pigeon"},
	} {
		_, err := telemetry.Setup(t.Context(), row.config)
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%+v: %v; want it to say %q", row.config, err, row.want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Error("the error shows the password")
		}
	}
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")
	if _, err := telemetry.Setup(t.Context(), telemetry.Config{}); err == nil || !strings.Contains(err.Error(), "http/json") {
		t.Errorf("an unknown protocol in the environment: %v", err)
	}
}

func TestLogHandlerAddsTheTrace(t *testing.T) {
	clean(t)
	var s sink
	tel, err := telemetry.Setup(t.Context(), telemetry.Config{Endpoint: s.serveHTTP(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tel.Shutdown(context.Background()) }()
	ctx, span := tel.For("x").Tracer("test").Start(t.Context(), "work")
	defer span.End()
	var buf bytes.Buffer
	log := slog.New(telemetry.LogHandler(slog.NewTextHandler(&buf, nil))).With("service", "x")
	log.InfoContext(ctx, "inside")
	log.Info("outside")
	log.WithGroup("g").InfoContext(ctx, "grouped", "error", errors.New("no"))
	lines := strings.Split(strings.TrimSpace(buf.String()), "\n")
	ids := fmt.Sprintf("trace_id=%s span_id=%s", span.SpanContext().TraceID(), span.SpanContext().SpanID())
	if !strings.Contains(lines[0], ids) || !strings.Contains(lines[0], "service=x") {
		t.Errorf("inside: %s", lines[0])
	}
	if strings.Contains(lines[1], "trace_id") {
		t.Errorf("outside: %s", lines[1])
	}
	if !strings.Contains(lines[2], span.SpanContext().TraceID().String()) {
		t.Errorf("grouped: %s", lines[2])
	}
}

// lockedBuffer is a log that may be read while it is written.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}
