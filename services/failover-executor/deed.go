package executor

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/google/uuid"

	"lifeboat.io/events"
	"lifeboat.io/pkg/bus"
	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/services/failover-executor/run"
)

// appendWithin bounds the recording of one event beyond the bus's own window,
// so that an outcome is still recorded while the executor ends.
const appendWithin = 30 * time.Second

// record appends what the core wants recorded. When somebody else was faster
// the log is read again and the core decides anew.
func (w *worker) record(ctx context.Context, ask run.Ask) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), appendWithin)
	defer cancel()
	at := w.now()
	ctx = w.within(ctx, ask)
	meta := events.Meta{
		ID:     uuid.Must(uuid.NewV7()).String(),
		Source: events.FamilyFailover.Source(), Time: at, Sequence: w.state.Count + 1,
		Correlation: w.last.correlation, Causation: w.last.id,
		TraceParent: w.last.traceParent, TraceState: w.last.traceState,
	}
	if letters := w.letters[ask.Settles]; len(letters) > 0 {
		from := letters[0].from.Event
		meta.Causation = from.ID()
		if _, begins := ask.Data.(*events.FailoverPlanned); begins || w.last.correlation == "" {
			meta.Correlation = events.Extension(from, events.ExtCorrelation)
			meta.TraceParent = events.Extension(from, events.ExtTraceParent)
			meta.TraceState = events.Extension(from, events.ExtTraceState)
		}
	}
	e, err := events.New(w.agg, meta, ask.Data)
	if err != nil {
		return err
	}
	seq, err := w.x.Bus.Append(ctx, w.agg, w.state.Seq, e)
	if conflict := (*bus.Conflict)(nil); errors.As(err, &conflict) {
		w.log.InfoContext(ctx, "somebody else recorded first; deciding anew", "conflict", conflict)
		return w.load(ctx)
	}
	if err != nil {
		return err
	}
	state, err := w.state.Apply(run.Event{Seq: seq, At: at, Data: ask.Data})
	if err != nil {
		return err
	}
	w.state, w.recorded = state, seq
	w.last.take(bus.Recorded{Seq: seq, Event: e})
	w.mind.Recorded(ask)
	w.endStretch(at)
	w.tell(ctx, ask.Data)
	if ask.Settles != "" {
		w.settle(ask.Settles, nil)
	}
	return nil
}

// take remembers what the next event follows on.
func (l *lastEvent) take(r bus.Recorded) {
	l.id = r.Event.ID()
	if r.Event.Type() == plannedType || l.correlation == "" {
		l.correlation = events.Extension(r.Event, events.ExtCorrelation)
		l.traceParent = events.Extension(r.Event, events.ExtTraceParent)
		l.traceState = events.Extension(r.Event, events.ExtTraceState)
	}
}

// plannedType is the type of the event that begins a run.
var plannedType = func() string {
	entry, _ := events.EntryOf(&events.FailoverPlanned{})
	return entry.Type
}()

// now is the time of the next event: never before the one it follows, and in
// whole milliseconds so that stretches add up.
func (w *worker) now() time.Time {
	now := time.Now().UTC().Truncate(time.Millisecond)
	if now.Before(w.state.At) {
		return w.state.At
	}
	return now
}

// tell logs an event in its own words.
func (w *worker) tell(ctx context.Context, data any) {
	entry, _ := events.EntryOf(data)
	w.log.InfoContext(ctx, entry.Sentence(data), "event", entry.Event)
}

// confirm finds out whether the run's ticket still stands.
func (w *worker) confirm(ctx context.Context) error {
	r := w.state.Run
	why, err := w.x.withdrawn(ctx, r.Account, r.Ticket)
	if err == nil {
		w.mind.Stands = run.Standing{Run: r.Run, Withdrawn: why}
	}
	return err
}

// look reads the VM on hosts, at the same time.
func (w *worker) look(ctx context.Context, hosts []string, whole bool) {
	ctx, cancel := context.WithTimeout(w.inStretch(ctx), time.Duration(w.x.config.LookSeconds)*time.Second)
	defer cancel()
	sights := make([]run.Sight, len(hosts))
	var all sync.WaitGroup
	for i, name := range hosts {
		all.Go(func() { sights[i] = w.x.sight(ctx, name, hyperv.VMID(w.agg.ID), whole) })
	}
	all.Wait()
	for i, name := range hosts {
		w.mind.Saw(name, sights[i])
	}
}

// sight is one look at a VM.
func (x *Executor) sight(ctx context.Context, name string, vm hyperv.VMID, whole bool) run.Sight {
	host, err := x.hosts.get(ctx, name)
	if err != nil {
		return run.Sight{At: time.Now(), Fault: hyperv.AsError(err)}
	}
	read := host.ReadState
	if whole {
		read = host.Read
	}
	seen, err := read(ctx, vm)
	return run.Sight{At: time.Now(), VM: seen, Whole: whole, Fault: hyperv.AsError(err)}
}

// finishWithin is how long a call that is under way may go on when the executor
// ends. What is not finished then is looked into by whoever comes next.
const finishWithin = 15 * time.Second

// act asks one effect of a host. The lease is checked last: a worker that was
// stopped for long must not act on a right it has lost.
func (w *worker) act(ctx context.Context, a run.Act) {
	if !w.lease.valid(time.Now()) {
		w.mind.Reloaded(w.state)
		return
	}
	calling, cancel := context.WithTimeout(context.WithoutCancel(w.inStretch(ctx)), a.Timeout)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(finishWithin, cancel) })
	defer stop()
	calling = hyperv.BeginBy(calling, a.BeginBy)
	var change hyperv.Change
	host, err := w.x.hosts.get(calling, a.Host)
	if err == nil {
		change, err = a.Call.Do(calling, host)
	}
	w.mind.Acted(run.Result{Act: a, At: time.Now(), Change: change, Err: hyperv.AsError(err)}, hyperv.VMID(w.agg.ID))
}
