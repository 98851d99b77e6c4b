package kit

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"lifeboat.io/pkg/hyperv/hypertest"
)

// trial is hypertest.T where the suite is a command: it keeps what a test would
// print.
type trial struct {
	ctx    context.Context
	report *CaseReport

	mu       sync.Mutex
	cleanups []func()
	failed   bool
	skipped  bool
}

var _ hypertest.T = (*trial)(nil)

// runCase runs a case in its own goroutine, so that it can be ended at any
// point, then its clean-up in another. It tells whether the clean-up failed.
func runCase(ctx context.Context, limit time.Duration, c hypertest.Case, p *hypertest.Pair, b *book, report *CaseReport) (dirty bool) {
	// The context has no deadline, which a call would take for its own; it ends.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timer := time.AfterFunc(limit, func() { cancel(fmt.Errorf("the case took longer than %v", limit)) })
	defer timer.Stop()
	t := &trial{ctx: ctx, report: report}
	began := time.Now()
	b.open(report)
	defer b.close()
	t.within(func() { c.Run(t, p) })
	failed := t.failed
	b.clean()
	t.failed = false
	for i := len(t.cleanups) - 1; i >= 0; i-- {
		t.within(t.cleanups[i])
	}
	dirty = t.failed
	report.Millis = time.Since(began).Milliseconds()
	switch {
	case failed || dirty:
		report.Outcome = CaseFailed
	case t.skipped:
		report.Outcome = CaseSkipped
	default:
		report.Outcome = CasePassed
	}
	return dirty
}

// within runs something that may end its goroutine, or panic.
func (t *trial) within(do func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if p := recover(); p != nil {
				t.Errorf("panic: %v\n%s", p, debug.Stack())
			}
		}()
		do()
	}()
	<-done
}

func (t *trial) say(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.report.Messages = append(t.report.Messages, strings.TrimSpace(text))
}

func (t *trial) fail() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failed = true
}

// Helper implements hypertest.T.
func (t *trial) Helper() {}

// Context implements hypertest.T.
func (t *trial) Context() context.Context { return t.ctx }

// Cleanup implements hypertest.T.
func (t *trial) Cleanup(f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cleanups = append(t.cleanups, f)
}

// Error implements hypertest.T.
func (t *trial) Error(args ...any) { t.say(fmt.Sprintln(args...)); t.fail() }

// Errorf implements hypertest.T.
func (t *trial) Errorf(format string, args ...any) { t.say(fmt.Sprintf(format, args...)); t.fail() }

// Fatal implements hypertest.T.
func (t *trial) Fatal(args ...any) { t.Error(args...); runtime.Goexit() }

// Fatalf implements hypertest.T.
func (t *trial) Fatalf(format string, args ...any) { t.Errorf(format, args...); runtime.Goexit() }

// Skip implements hypertest.T.
func (t *trial) Skip(args ...any) { t.say(fmt.Sprintln(args...)); t.skip() }

// Skipf implements hypertest.T.
func (t *trial) Skipf(format string, args ...any) { t.say(fmt.Sprintf(format, args...)); t.skip() }

func (t *trial) skip() {
	t.mu.Lock()
	t.skipped = true
	t.mu.Unlock()
	runtime.Goexit()
}
