package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// Protocols of the export.
const (
	// ProtocolHTTP is OTLP as protobuf over HTTP, usually on port 4318.
	ProtocolHTTP = "http/protobuf"
	// ProtocolGRPC is OTLP over gRPC, usually on port 4317.
	ProtocolGRPC = "grpc"
)

const (
	// tracesPath is where a collector takes traces over HTTP when the endpoint names no path.
	tracesPath = "/v1/traces"
	// complaintEvery is how often failures of the export are logged at most.
	complaintEvery = time.Minute
	// exportDelay is how long an ended span waits for others to go out with it,
	// unless OTEL_BSP_SCHEDULE_DELAY says otherwise. It is a tenth of the
	// usual, because what waits is lost when the process is killed.
	exportDelay = 500 * time.Millisecond
)

// Config says where traces go. The zero value is off, unless the standard
// variables say otherwise.
type Config struct {
	// Endpoint is the collector, such as "http://127.0.0.1:4318"; https for
	// TLS. Empty leaves it to the standard variables, and off without them.
	Endpoint string `json:"endpoint,omitempty" yaml:"endpoint,omitempty"`
	// Protocol is ProtocolHTTP or ProtocolGRPC; empty means the standard
	// variables', and ProtocolHTTP without them.
	Protocol string `json:"protocol,omitempty" yaml:"protocol,omitempty"`

	// Version is the program's version, on every span's resource.
	Version string `json:"-" yaml:"-"`
	// Logger is where failures of the export are written; nil means slog's default.
	Logger *slog.Logger `json:"-" yaml:"-"`
}

// Validate tells what is wrong with the configuration.
func (c Config) Validate() error {
	var faults []error
	if c.Endpoint != "" {
		u, err := url.Parse(c.Endpoint)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
			faults = append(faults, fmt.Errorf("telemetry: endpoint %q: want http://host:port or https://host:port, without user and password", redact(c.Endpoint)))
		}
	}
	if c.Protocol != "" && c.Protocol != ProtocolHTTP && c.Protocol != ProtocolGRPC {
		faults = append(faults, fmt.Errorf("telemetry: protocol %q: want %q or %q", c.Protocol, ProtocolHTTP, ProtocolGRPC))
	}
	return errors.Join(faults...)
}

// redact leaves out what stands before an @.
func redact(endpoint string) string {
	if _, after, found := strings.Cut(endpoint, "@"); found {
		return "…@" + after
	}
	return endpoint
}

// on reports whether traces are to be exported, by the configuration and the
// standard variables.
func (c Config) on() bool {
	if strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true") {
		return false
	}
	switch exporter := os.Getenv("OTEL_TRACES_EXPORTER"); {
	case exporter == "none":
		return false
	case exporter == "otlp", c.Endpoint != "":
		return true
	default:
		return os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != ""
	}
}

func (c Config) protocol() string {
	for _, p := range []string{c.Protocol, os.Getenv("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"), os.Getenv("OTEL_EXPORTER_OTLP_PROTOCOL")} {
		if p != "" {
			return p
		}
	}
	return ProtocolHTTP
}

// Telemetry is the tracing of one process.
type Telemetry struct {
	version   string
	base      *resource.Resource
	processor sdktrace.SpanProcessor // nil when off
}

// Setup begins tracing as configured. It reaches for no collector: one that is
// absent costs spans, never time. Failures of the export are logged once a
// minute at most.
func Setup(ctx context.Context, c Config) (*Telemetry, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	otel.SetTextMapPropagator(propagation.TraceContext{})
	t := &Telemetry{version: c.Version}
	if !c.on() {
		return t, nil
	}
	log := c.Logger
	if log == nil {
		log = slog.Default()
	}
	otel.SetErrorHandler(&complaints{log: log, every: complaintEvery})
	var err error
	if t.base, err = resource.New(ctx, resource.WithFromEnv(), resource.WithTelemetrySDK(), resource.WithHost()); err != nil {
		return nil, fmt.Errorf("telemetry: OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	exporter, err := c.exporter(ctx)
	if err != nil {
		return nil, fmt.Errorf("telemetry: %w", err)
	}
	var options []sdktrace.BatchSpanProcessorOption
	if os.Getenv("OTEL_BSP_SCHEDULE_DELAY") == "" {
		options = append(options, sdktrace.WithBatchTimeout(exportDelay))
	}
	t.processor = sdktrace.NewBatchSpanProcessor(exporter, options...)
	return t, nil
}

func (c Config) exporter(ctx context.Context) (sdktrace.SpanExporter, error) {
	switch protocol := c.protocol(); protocol {
	case ProtocolGRPC:
		var options []otlptracegrpc.Option
		if c.Endpoint != "" {
			options = append(options, otlptracegrpc.WithEndpointURL(c.Endpoint))
		}
		return otlptrace.New(ctx, otlptracegrpc.NewClient(options...))
	case ProtocolHTTP:
		var options []otlptracehttp.Option
		if c.Endpoint != "" {
			u, err := url.Parse(c.Endpoint)
			if err != nil {
				return nil, err
			}
			if u.Path == "" || u.Path == "/" {
				u.Path = tracesPath
			}
			options = append(options, otlptracehttp.WithEndpointURL(u.String()))
		}
		return otlptrace.New(ctx, otlptracehttp.NewClient(options...))
	default:
		return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL %q: want %q or %q", protocol, ProtocolHTTP, ProtocolGRPC)
	}
}

// On reports whether spans are recorded at all.
func (t *Telemetry) On() bool { return t.processor != nil }

// For is the tracing of one service of this process: its spans carry its name,
// and go out through the queue that all services share. It costs nothing when
// tracing is off.
func (t *Telemetry) For(service string) trace.TracerProvider {
	if !t.On() {
		return noop.NewTracerProvider()
	}
	attributes := []attribute.KeyValue{attribute.String("service.name", service)}
	if t.version != "" {
		attributes = append(attributes, attribute.String("service.version", t.version))
	}
	own, err := resource.Merge(t.base, resource.NewSchemaless(attributes...))
	if err != nil {
		// Only schema addresses can disagree, and ours has none.
		own = resource.NewSchemaless(attributes...)
	}
	return sdktrace.NewTracerProvider(sdktrace.WithResource(own), sdktrace.WithSpanProcessor(t.processor), sdktrace.WithIDGenerator(ids{}))
}

// Shutdown exports what is queued, for as long as the context allows, and ends
// tracing.
func (t *Telemetry) Shutdown(ctx context.Context) error {
	if !t.On() {
		return nil
	}
	if err := t.processor.Shutdown(ctx); err != nil {
		return fmt.Errorf("telemetry: the last spans were not exported: %w", err)
	}
	return nil
}
