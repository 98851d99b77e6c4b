package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// tracerName is the instrumentation scope of the bus's spans.
const tracerName = "lifeboat.io/pkg/bus"

// Bus is a connection to the streams, and to the embedded server when there is
// one. Its methods may be called from any goroutine.
type Bus struct {
	config Config
	inside *embedded // nil with an external server
	nc     *nats.Conn
	js     jetstream.JetStream
	log    *slog.Logger
	tracer trace.Tracer
	view   bool // made by As; closing it closes nothing
}

// Open starts the embedded server, if there is to be one, connects, and makes
// sure of the streams: those that are missing are created; one whose settings
// would break a promise is refused with a *StreamMismatch.
func Open(ctx context.Context, c Config) (*Bus, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c = c.withDefaults().anchored()
	b := &Bus{config: c, log: c.Logger.With("component", "bus"), tracer: tracerOf(c.Tracing)}
	if err := b.open(ctx); err != nil {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
		defer cancel()
		return nil, errors.Join(err, b.Close(closing))
	}
	return b, nil
}

func (b *Bus) open(ctx context.Context) error {
	var err error
	if b.config.embedded() {
		if b.inside, err = startEmbedded(b.config); err != nil {
			return err
		}
	}
	if b.nc, err = connect(ctx, b.config, b.inside); err != nil {
		return err
	}
	if b.js, err = jetstream.New(b.nc, jetstream.WithDefaultTimeout(requestTimeout)); err != nil {
		return fmt.Errorf("bus: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	return b.provision(ctx)
}

func tracerOf(p trace.TracerProvider) trace.Tracer {
	if p == nil {
		p = noop.NewTracerProvider()
	}
	return p.Tracer(tracerName)
}

// As is the same bus under another service's name in logs and traces, for
// programs that run several services. Closing it closes nothing.
func (b *Bus) As(service string, tracing trace.TracerProvider) *Bus {
	other := *b
	other.log = b.config.Logger.With("component", "bus", "service", service)
	other.tracer = tracerOf(tracing)
	other.view = true
	return &other
}

// URL is where other processes reach this bus: the configured URL, the
// embedded server's address, or "" when only this process can.
func (b *Bus) URL() string {
	if b.inside != nil {
		return b.inside.url()
	}
	return b.config.URL
}

// Healthy tells whether the bus can be written to: connected, and the log's
// stream has a leader.
func (b *Bus) Healthy() error {
	if err := b.here(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), healthTimeout)
	defer cancel()
	if _, err := b.js.Stream(ctx, StreamEvents); err != nil {
		return fmt.Errorf("stream %s does not answer: %w", StreamEvents, err)
	}
	return nil
}

// here fails with ErrAway or ErrClosed unless there is a connection.
func (b *Bus) here() error {
	switch status := b.nc.Status(); status {
	case nats.CONNECTED:
		return nil
	case nats.CLOSED, nats.DRAINING_PUBS, nats.DRAINING_SUBS:
		return ErrClosed
	default:
		return fmt.Errorf("%w: %s", ErrAway, status)
	}
}

// Close ends the connection in order: what was received is still handled, what
// was sent is still flushed. Then the embedded server stops. Stop consumers
// before, by their contexts.
func (b *Bus) Close(ctx context.Context) error {
	if b.view {
		return nil
	}
	var err error
	if b.nc != nil {
		err = b.drain(ctx)
	}
	if b.inside != nil && b.inside.server != nil {
		err = errors.Join(err, b.inside.close(ctx))
	}
	return err
}

func (b *Bus) drain(ctx context.Context) error {
	closed := b.nc.StatusChanged(nats.CLOSED)
	defer b.nc.RemoveStatusListener(closed)
	if b.nc.IsClosed() {
		return nil
	}
	if err := b.nc.Drain(); err != nil {
		// Draining takes a connection; without one there is nothing to drain.
		b.nc.Close()
		return nil
	}
	select {
	case <-closed:
		return nil
	case <-ctx.Done():
		b.nc.Close()
		return fmt.Errorf("bus: connection was cut while draining: %w", ctx.Err())
	}
}
