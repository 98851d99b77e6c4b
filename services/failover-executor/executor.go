package executor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
	"golang.org/x/sync/errgroup"

	"lifeboat.io/events"
	"lifeboat.io/pkg/bus"
	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/inventory"
	"lifeboat.io/services/failover-executor/run"
)

// name is the service's name: of its durable consumers, its timers and its traces.
const name = "failover-executor"

// Dependencies are what an Executor works with.
type Dependencies struct {
	// Bus is where it hears and records.
	Bus *bus.Bus
	// Inventory is the inventory that holds now; nil before there is one.
	Inventory func() *inventory.Inventory
	// Connect gives a host to talk to. It is called once per host and inventory entry; it need not reach the host.
	Connect func(ctx context.Context, inv *inventory.Inventory, h inventory.Host) (hyperv.Host, error)
	// Log and Tracing may be nil.
	Log     *slog.Logger
	Tracing trace.TracerProvider
}

// Executor carries out runs.
type Executor struct {
	Dependencies
	config Config
	policy run.Policy
	hosts  *hosts
	tracer trace.Tracer

	// life is the context of Run: workers outlive the handler that called them.
	life context.Context

	mu      sync.Mutex
	workers map[events.Aggregate]*worker
	rested  map[events.Aggregate]uint64 // VMs left at rest, at which sequence
	running sync.WaitGroup
}

// New makes an executor; Run starts it.
func New(c Config, d Dependencies) (*Executor, error) {
	c, err := c.complete()
	if err != nil {
		return nil, err
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	if d.Tracing == nil {
		d.Tracing = noop.NewTracerProvider()
	}
	return &Executor{
		Dependencies: d,
		config:       c,
		policy:       c.policy(),
		hosts:        newHosts(d.Inventory, d.Connect),
		tracer:       d.Tracing.Tracer("lifeboat.io/services/failover-executor"),
		workers:      map[events.Aggregate]*worker{},
		rested:       map[events.Aggregate]uint64{},
	}, nil
}

// maxSteering is how long a steering ticket may wait for a step under way, and
// a starting one for hosts that do not answer; longer than any step's deadline.
const maxSteering = 2 * time.Hour

// Run works from when there is an inventory until the context ends, and returns
// when every worker has come to a point at which it can be left: between steps,
// or in the middle of a call when its time is over, which the next executor
// looks into.
func (x *Executor) Run(ctx context.Context) error {
	if !x.inventoried(ctx) {
		return nil
	}
	group, working := errgroup.WithContext(ctx)
	x.life = working
	group.Go(func() error {
		return x.Bus.Consume(working, bus.Consumer{
			Name:       name,
			Filters:    []string{events.TypeFilter(events.FamilyTicket, "accepted")},
			Lanes:      x.config.MaxOrders,
			MaxWork:    maxSteering,
			MaxDeliver: -1, // an accepted ticket is answered, however long its hosts are away
		}, x.accepted)
	})
	group.Go(func() error { return x.Bus.ConsumeTimers(working, name, x.fired) })
	group.Go(func() error { return x.follow(working) })
	group.Go(func() error { return x.sweep(working) })
	err := group.Wait()
	x.running.Wait()
	x.hosts.close()
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// inventoryEvery is how often a new executor asks for the inventory.
const inventoryEvery = 20 * time.Millisecond

// inventoried waits until there is an inventory, and reports false when the
// context ends first: an executor that has just begun has not heard of it yet,
// and would refuse tickets that are good.
func (x *Executor) inventoried(ctx context.Context) bool {
	tick := time.NewTicker(inventoryEvery)
	defer tick.Stop()
	for x.Inventory() == nil {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// worker finds or starts the worker of a VM. The function runs while the worker
// cannot leave.
func (x *Executor) worker(agg events.Aggregate, do func(*worker)) {
	x.mu.Lock()
	defer x.mu.Unlock()
	w, ok := x.workers[agg]
	if !ok {
		w = newWorker(x, agg)
		x.workers[agg] = w
		x.running.Add(1)
		go func() {
			defer x.running.Done()
			w.work(x.life)
		}()
	}
	do(w)
}

// leave ends a worker unless something has arrived for it meanwhile.
func (x *Executor) leave(w *worker) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if w.hasMail() {
		return false
	}
	delete(x.workers, w.agg)
	return true
}

// resting notes that a worker left its VM with nothing to do before a timer
// fires, a ticket comes or the log moves.
func (x *Executor) resting(agg events.Aggregate, seq uint64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.rested[agg] = seq
}

// rests reports whether a VM was left at rest at a sequence.
func (x *Executor) rests(agg events.Aggregate, seq uint64) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.rested[agg] == seq
}

// sweep looks for VMs that have something to do and nobody who does it: at the
// start, and every now and then because other executors die.
func (x *Executor) sweep(ctx context.Context) error {
	tick := time.NewTicker(time.Duration(x.config.SweepSeconds) * time.Second)
	defer tick.Stop()
	for {
		if err := x.sweepOnce(ctx); err != nil && ctx.Err() == nil {
			x.Log.WarnContext(ctx, "runs left behind could not be looked for; trying again", "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

func (x *Executor) sweepOnce(ctx context.Context) error {
	for last, err := range x.Bus.LastOfEach(ctx, events.FamilyFailover) {
		if err != nil {
			return err
		}
		if atRest(last) {
			continue
		}
		agg, _, err := events.ParseSubject(last.Subject)
		if err != nil {
			return fmt.Errorf("sequence %d: %w", last.Seq, err)
		}
		if !x.rests(agg, last.Seq) {
			x.worker(agg, func(*worker) {})
		}
	}
	return nil
}

// atRest reports whether a VM's last event says by itself that nothing is left
// to do. An event that does not is only a reason to look.
func atRest(last bus.Recorded) bool {
	data, err := events.Decode(last.Event)
	if err != nil {
		return false // the worker says what is wrong with it
	}
	switch d := data.(type) {
	case *events.FailoverSucceeded:
		return d.FenceDue == "" && d.Kind != events.KindUnplanned
	case *events.FailoverFailed:
		return d.FenceDue == ""
	case *events.FailoverCancelled:
		return true
	default:
		return false
	}
}
