package intake

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
	"golang.org/x/sync/errgroup"

	"lifeboat.io/events"
	"lifeboat.io/pkg/bus"
	"lifeboat.io/pkg/inventory/revisions"
	"lifeboat.io/services/ticket-intake/progress"
	"lifeboat.io/services/ticket-intake/ticket"
	"lifeboat.io/services/ticket-intake/vmruns"
)

// Names of the durable consumers. Several processes share them, and so the work.
const (
	consumerInbox    = "ticket-intake"
	consumerProgress = "ticket-intake-progress"
)

// maxJudging bounds how long one ticket may take to be answered, or one piece
// of news to be passed on.
const maxJudging = 2 * time.Minute

// Tools are what the service works with.
type Tools struct {
	// Bus is where tickets come from and answers go.
	Bus *bus.Bus
	// Folder is where relative paths in the configuration start.
	Folder string
	// Listener takes HTTP connections; nil opens Config.Listen.
	Listener net.Listener
	// Logger is where the service writes; nil means slog's default.
	Logger *slog.Logger
	// Tracing makes the spans of HTTP requests and of answers; nil means none.
	Tracing trace.TracerProvider
	// Now is the clock; nil means the machine's.
	Now func() time.Time
}

// Service is ticket-intake. Several may run on one bus.
type Service struct {
	config   Config
	bus      *bus.Bus
	log      *slog.Logger
	tracing  trace.TracerProvider
	tracer   trace.Tracer
	now      func() time.Time
	folder   string
	listener net.Listener
	callers  []*caller
	tickets  *folds[ticket.Ticket]
	vms      *folds[vmruns.VM]
	// inventory is the revision that holds; nil before the first is known.
	inventory atomic.Pointer[revisions.Revision]
	// known is closed when inventory is set for the first time.
	known     chan struct{}
	knownOnce sync.Once
}

// New checks the configuration, reads the secrets it refers to and opens the
// listener. Run does everything else; a Service that is not run must be closed.
func New(c Config, tools Tools) (*Service, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	s := &Service{
		config: c.withDefaults(), bus: tools.Bus, log: tools.Logger, tracing: tools.Tracing,
		now: tools.Now, folder: tools.Folder, listener: tools.Listener, known: make(chan struct{}),
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	s.log = s.log.With("service", "ticket-intake")
	if s.tracing == nil {
		s.tracing = noop.NewTracerProvider()
	}
	s.tracer = s.tracing.Tracer("lifeboat.io/services/ticket-intake")
	if s.now == nil {
		s.now = time.Now
	}
	var err error
	if s.tickets, err = newFolds(s.bus, applyTicket); err != nil {
		return nil, err
	}
	if s.vms, err = newFolds(s.bus, applyVM); err != nil {
		return nil, err
	}
	if s.callers, err = readCallers(s.config.Callers, s.folder); err != nil {
		return nil, err
	}
	if s.listener == nil {
		if s.listener, err = net.Listen("tcp", s.config.Listen); err != nil {
			return nil, fmt.Errorf("intake: listen %q: %w", s.config.Listen, err)
		}
	}
	return s, nil
}

// Close frees the listener of a Service that was never run.
func (s *Service) Close() error { return s.listener.Close() }

// URL is where HTTP is reached.
func (s *Service) URL() string {
	scheme := "http"
	if s.config.TLS.Certificate != "" {
		scheme = "https"
	}
	return scheme + "://" + s.listener.Addr().String()
}

// Healthy tells whether tickets are being answered: the bus is there and the
// inventory is known.
func (s *Service) Healthy() error {
	var err error
	if s.inventory.Load() == nil {
		err = errors.New("no inventory has been stored on the bus yet; tickets wait in the inbox")
	}
	return errors.Join(err, s.bus.Healthy())
}

// Run takes tickets and passes news on until the context ends, finishes what
// it has begun, and returns nil; or it returns what made going on impossible.
// HTTP takes tickets at once; they are answered as soon as the inventory is
// known.
func (s *Service) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.serve(ctx) })
	group.Go(func() error { return revisions.Watch(ctx, s.bus, s.log, s.learn) })
	group.Go(func() error {
		if !s.knows(ctx) {
			return nil
		}
		return s.bus.Consume(ctx, bus.Consumer{
			Name: consumerInbox, Stream: bus.StreamInbox, Filters: []string{events.InboxFilter}, MaxWork: maxJudging,
		}, s.answer)
	})
	group.Go(func() error {
		return s.bus.Consume(ctx, bus.Consumer{
			Name: consumerProgress, Filters: progressFilters(), MaxWork: maxJudging,
		}, s.passOn)
	})
	return group.Wait()
}

// learn takes in a revision of the inventory.
func (s *Service) learn(r revisions.Revision) {
	s.inventory.Store(&r)
	s.log.Info("inventory", "revision", r.Number, "digest", r.Digest())
	s.knownOnce.Do(func() { close(s.known) })
}

// knows waits until there is an inventory, and reports false when the context
// ends first.
func (s *Service) knows(ctx context.Context) bool {
	select {
	case <-s.known:
		return true
	case <-ctx.Done():
		return false
	}
}

func progressFilters() []string {
	filters := make([]string, len(progress.Events))
	for i, name := range progress.Events {
		filters[i] = events.TypeFilter(events.FamilyFailover, name)
	}
	return filters
}
