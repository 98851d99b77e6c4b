package winrm

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/winrm/lane"
	"lifeboat.io/pkg/hyperv/winrm/wsman"
)

// call is one verb on its way.
type call struct {
	op   string // the contract's verb
	verb string // the script's
	vm   hyperv.VMID
	args any
	// effect tells that the verb may change something.
	effect bool
	// notAfter is by when it must begin; zero means any time.
	notAfter time.Time
}

// errInconclusive tells the circuit breaker nothing about the host.
var errInconclusive = errors.New("inconclusive")

// do carries out a call: within its context, and more than once only as long
// as nothing can have happened.
func (h *Host) do(ctx context.Context, c call) (lane.Answer, error) {
	ctx, cancel := h.bounded(ctx, c.effect)
	defer cancel()
	ctx, span := h.config.Tracer.Start(ctx, "hyperv "+c.op, trace.WithAttributes(
		attribute.String("lifeboat.host", h.config.Name), attribute.String("lifeboat.verb", c.op), attribute.String("lifeboat.vm", string(c.vm))))
	defer span.End()

	answer, attempts, failed := h.attempts(ctx, c)
	span.SetAttributes(attribute.Int("lifeboat.attempts", attempts))
	if failed != nil {
		failed.Host, failed.Op, failed.VM = h.config.Name, c.op, c.vm
		span.SetAttributes(attribute.String("lifeboat.outcome", string(failed.Class)), attribute.String("lifeboat.code", failed.Code))
		span.SetStatus(codes.Error, failed.Code)
		return lane.Answer{}, failed
	}
	span.SetAttributes(attribute.String("lifeboat.outcome", "done"))
	return answer, nil
}

// bounded ends a context with the host, and after a while of its own when it
// has no deadline.
func (h *Host) bounded(ctx context.Context, effect bool) (context.Context, context.CancelFunc) {
	limit := h.config.Limits.ReadTimeout
	if effect {
		limit = h.config.Limits.ActTimeout
	}
	stopTimer := func() {}
	if _, has := ctx.Deadline(); !has {
		ctx, stopTimer = context.WithTimeout(ctx, limit)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	unhook := context.AfterFunc(h.life, func() { cancel(errClosed) })
	if h.life.Err() != nil {
		cancel(errClosed)
	}
	return ctx, func() {
		unhook()
		cancel(nil)
		stopTimer()
	}
}

// attempts tries until there is an answer or a reason to stop.
func (h *Host) attempts(ctx context.Context, c call) (lane.Answer, int, *hyperv.Error) {
	for n := 1; ; n++ {
		answer, failed := h.attempt(ctx, c)
		if failed == nil {
			return answer, n, nil
		}
		if !failed.again || n >= maxAttempts || ctx.Err() != nil {
			return lane.Answer{}, n, failed.err
		}
		if failed.pause && !waited(ctx, attemptPause*time.Duration(n)/2+rand.N(attemptPause*time.Duration(n))) {
			return lane.Answer{}, n, failed.err
		}
	}
}

// waited waits, and tells whether it did so to the end.
func waited(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// attempt makes one try: a free lane, a host that may be asked, the request.
func (h *Host) attempt(ctx context.Context, c call) (lane.Answer, *failure) {
	if ctx.Err() != nil {
		return lane.Answer{}, notBegun(context.Cause(ctx))
	}
	if !c.notAfter.IsZero() && time.Now().After(c.notAfter) {
		return lane.Answer{}, notBegun(errTooLate)
	}
	s, err := h.pool.take(ctx, c.effect, c.notAfter)
	if err != nil {
		return lane.Answer{}, notBegun(err)
	}
	settle, err := h.breaker.Allow()
	if err != nil {
		h.putBack(s, false)
		return lane.Answer{}, notBegun(err)
	}
	var once sync.Once
	report := func(err error) { once.Do(func() { settle(err) }) }
	began := time.Now()
	answer, err := h.ask(ctx, s, c, report)
	report(verdict(err, time.Since(began)))
	h.putBack(s, err != nil && !errors.Is(err, lane.ErrTooLate))
	if err != nil {
		return lane.Answer{}, lost(err, c.effect)
	}
	if answer.OK {
		return answer, nil
	}
	return lane.Answer{}, refused(answer, c)
}

// ask sends the request over the slot's lane, which it starts when there is none.
func (h *Host) ask(ctx context.Context, s *slot, c call, report func(error)) (lane.Answer, error) {
	if s.lane == nil {
		if err := h.open(ctx, s); err != nil {
			var f *wsman.Fault
			if errors.As(err, &f) && f.Quota() {
				h.swept.Store(false) // what was left behind may be what is in the way
			}
			return lane.Answer{}, &lane.Error{Err: err}
		}
		report(nil) // it answers; what becomes of the request says no more about that
	}
	s.served++
	h.commands.Add(1)
	return s.lane.Do(ctx, lane.Request{Verb: c.verb, NotAfter: c.notAfter, Args: c.args})
}
