package executor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/trace"

	"lifeboat.io/events"
	"lifeboat.io/pkg/bus"
	"lifeboat.io/services/failover-executor/run"
)

// worker looks after one VM as long as there is something to do for it.
type worker struct {
	*mailbox
	x   *Executor
	agg events.Aggregate
	log *slog.Logger

	state   run.State
	mind    run.Mind
	letters map[string][]letter // by order id: every delivery that waits for its answer
	last    lastEvent
	loaded  bool
	lease   *lease
	stretch *stretch
	// recorded is the sequence of the last event this worker recorded itself.
	recorded uint64
}

// lastEvent is what the next event follows on.
type lastEvent struct {
	id                      string
	correlation             string
	traceParent, traceState string
}

func newWorker(x *Executor, agg events.Aggregate) *worker {
	return &worker{
		mailbox: newMailbox(), x: x, agg: agg,
		log:     x.Log.With("vm", agg.ID, "account", agg.Account),
		letters: map[string][]letter{},
	}
}

const (
	// busAwayPause is how long a worker waits before it tries the bus again.
	busAwayPause = time.Second
	// heldElsewherePause is how often a worker with something to do asks whether
	// another executor has let go of the VM.
	heldElsewherePause = 2 * time.Second
	// stayFor is how long a worker stays for a deadline itself; for a later one
	// it arms a timer and leaves.
	stayFor = time.Minute
)

// errHeldElsewhere: another executor works on the VM.
var errHeldElsewhere = errors.New("another executor works on this VM")

// work goes on until nothing is left to do or the executor ends.
func (w *worker) work(ctx context.Context) {
	defer w.end()
	for ctx.Err() == nil {
		rest, err := w.once(ctx)
		switch {
		case err == nil && !rest:
		case err == nil:
			if w.x.leave(w) {
				return
			}
		case errors.As(err, new(*run.Illegal)):
			w.log.ErrorContext(ctx, "the VM's events cannot be: nothing more is done with it until its log is understood", "error", err)
			w.refuseAll(bus.Poison(err))
			if w.x.leave(w) {
				return
			}
		case errors.Is(err, bus.ErrInvalid), errors.Is(err, bus.ErrTooLarge):
			w.log.ErrorContext(ctx, "the bus will never take the next event: the VM is left as it is until the next sweep", "error", err)
			w.refuseAll(bus.Poison(err))
			w.loaded = false
			if w.x.leave(w) {
				return
			}
		case errors.Is(err, errHeldElsewhere):
			if len(w.letters) == 0 && w.x.leave(w) {
				return
			}
			w.sleep(ctx, heldElsewherePause)
			w.loaded = false
		default:
			w.log.WarnContext(ctx, "the bus did not take or give an event; trying again", "error", err)
			w.sleep(ctx, busAwayPause)
			w.loaded = false
		}
	}
	w.x.mu.Lock()
	delete(w.x.workers, w.agg)
	w.x.mu.Unlock()
}

// end gives back what the worker holds. Orders without an answer stay with the
// bus, which delivers them again.
func (w *worker) end() {
	w.refuseAll(errors.New("the executor ends"))
	w.lease.release()
}

// refuseAll answers every waiting delivery with an error, which has the bus
// deliver it again.
func (w *worker) refuseAll(err error) {
	w.takeMail()
	for id, letters := range w.letters {
		for _, l := range letters {
			l.reply(err)
		}
		delete(w.letters, id)
	}
	w.mind.Orders = nil
}

// once does one thing. rest is true when the worker may leave.
func (w *worker) once(ctx context.Context) (rest bool, err error) {
	if !w.loaded {
		if err := w.load(ctx); err != nil {
			return false, err
		}
	}
	w.takeMail()
	ask := run.Decide(w.x.policy, w.state, w.mind, time.Now())
	if ask.Do == run.DoSettle {
		w.settle(ask.Settles, nil)
		return false, nil
	}
	if ask.Do == run.DoRest {
		return w.rest(ctx, ask.Until)
	}
	if fresh, err := w.own(ctx); err != nil || fresh {
		return false, err // what was decided before the lease may be old news
	}
	switch ask.Do {
	case run.DoRecord:
		return false, w.record(ctx, ask)
	case run.DoLook:
		w.look(ctx, ask.Hosts, ask.Whole)
	case run.DoAct:
		w.act(ctx, ask.Act)
	case run.DoConfirm:
		return false, w.confirm(ctx)
	case run.DoWait:
		w.sleep(ctx, time.Until(ask.Until))
		w.mind.Waited()
	case run.DoDefer:
		return false, w.putOff(ctx, ask)
	default:
		return false, fmt.Errorf("the core asks for %q, which this executor does not know", ask.Do)
	}
	return false, nil
}

// own makes sure of the VM's lease before anything is done. fresh tells that it
// was just taken and the log read again, because whoever had the VM before may
// have recorded something.
func (w *worker) own(ctx context.Context) (fresh bool, err error) {
	if w.lease.valid(time.Now()) {
		return false, nil
	}
	w.lease.release()
	w.lease, err = w.x.acquire(ctx, w.agg)
	if err != nil {
		return false, err
	}
	if err := w.load(ctx); err != nil {
		return true, err
	}
	w.retell(ctx)
	return true, nil
}

// load reads the log and folds it.
func (w *worker) load(ctx context.Context) error {
	history, err := w.x.Bus.History(ctx, w.agg)
	if err != nil {
		return err
	}
	folded := make([]run.Event, 0, len(history))
	w.last = lastEvent{}
	for _, r := range history {
		e, err := event(r)
		if err != nil {
			return err
		}
		folded = append(folded, e)
		w.last.take(r)
	}
	state, err := run.Fold(folded)
	if err != nil {
		return err
	}
	w.state = state
	w.mind.Reloaded(state)
	w.loaded = true
	return nil
}

// event is a recorded event as the core sees it. One that cannot be read is
// illegal: a state that leaves it out would be a guess.
func event(r bus.Recorded) (run.Event, error) {
	data, err := events.Decode(r.Event)
	if err != nil {
		return run.Event{}, &run.Illegal{Event: events.ShortName(r.Event.Type()), Detail: fmt.Sprintf("sequence %d: %v", r.Seq, err)}
	}
	return run.Event{Seq: r.Seq, At: r.Event.Time(), Data: data}, nil
}

// takeMail takes in what has arrived.
func (w *worker) takeMail() {
	letters, woken := w.take()
	if woken {
		w.mind.Waited()
	}
	for _, l := range letters {
		id := l.order.ID
		if len(w.letters[id]) == 0 {
			w.mind.Orders = append(w.mind.Orders, l.order)
		}
		w.letters[id] = append(w.letters[id], l)
	}
}

// settle tells everybody who waits for an order's answer that it is there.
func (w *worker) settle(id string, err error) {
	w.mind.Settle(id)
	for _, l := range w.letters[id] {
		l.reply(err)
	}
	delete(w.letters, id)
}

// putOff arms a timer for an order that must not begin yet.
func (w *worker) putOff(ctx context.Context, ask run.Ask) error {
	if letters := w.letters[ask.Settles]; len(letters) > 0 {
		ctx = trace.ContextWithRemoteSpanContext(ctx, letters[0].from.Trace)
		if err := w.x.putOff(ctx, letters[0], ask.Until); err != nil {
			return err
		}
	}
	w.settle(ask.Settles, nil)
	return nil
}

// rest waits for a deadline that is near, and arms a timer for one that is far.
func (w *worker) rest(ctx context.Context, until time.Time) (bool, error) {
	w.mind.Waited()
	if until.IsZero() {
		w.x.resting(w.agg, w.state.Seq)
		return true, nil
	}
	if left := time.Until(until); left <= stayFor {
		w.sleep(ctx, left)
		return false, nil
	}
	if err := w.x.remind(w.inStretch(ctx), w.agg, until); err != nil {
		return false, err
	}
	w.x.resting(w.agg, w.state.Seq)
	return true, nil
}

// sleep waits for a while, for mail, or for the end.
func (w *worker) sleep(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-w.bell:
	case <-ctx.Done():
	}
}
