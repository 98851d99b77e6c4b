package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/oklog/run"
)

// DefaultGrace is how long parts may take to stop.
const DefaultGrace = 30 * time.Second

// Part is something that runs for as long as the program does. Run blocks until
// its context ends, finishes what it has begun and returns nil; or it returns
// earlier, with what made going on impossible.
type Part struct {
	// Name is for the log.
	Name string
	// Run is the part's life.
	Run func(context.Context) error
}

var (
	// ErrStopped tells that parts did not stop in time.
	ErrStopped = errors.New("did not stop in time")
	// ErrEnded tells that a part ended although nobody had asked it to.
	ErrEnded = errors.New("ended by itself")
)

// Run runs parts until the context ends, SIGINT or SIGTERM comes, or one of
// them returns; then it stops all and waits for them, for the grace at most. A
// second signal ends the wait. It returns nil after an orderly stop that was
// asked for, and every part's error otherwise.
//
// The parts stop together. What they need until then, such as the bus, is
// closed by the caller after Run.
func Run(ctx context.Context, log *slog.Logger, grace time.Duration, parts ...Part) error {
	if grace <= 0 {
		grace = DefaultGrace
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// Taken for the whole of the run: between two takers, a signal would kill.
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	defer signal.Stop(signals)
	var present roll
	var group run.Group
	for _, p := range parts {
		present.enter(p.Name)
		group.Add(func() error {
			err := p.outcome(ctx, p.Run(ctx))
			if err != nil {
				log.Error("part failed", "part", p.Name, "error", err)
			}
			present.leave(p.Name, err)
			return err
		}, func(error) { cancel() })
	}
	group.Add(func() error {
		select {
		case s := <-signals:
			log.Info("signal", "signal", s.String())
		case <-ctx.Done():
		}
		return nil
	}, func(error) { cancel() })

	done := make(chan struct{})
	go func() {
		defer close(done)
		// The group tells the first error only; the roll keeps all.
		_ = group.Run()
	}()
	<-ctx.Done()
	log.Info("stopping", "parts", present.list(), "grace", grace)
	if err := notify(daemon.SdNotifyStopping); err != nil {
		log.Warn("systemd was not told", "error", err)
	}
	select {
	case <-done:
		return present.errors()
	case <-time.After(grace):
		return errors.Join(fmt.Errorf("%s %w, %s", present.list(), ErrStopped, grace), present.errors())
	case s := <-signals:
		return errors.Join(fmt.Errorf("%s %w: a second %s came", present.list(), ErrStopped, s), present.errors())
	}
}

// outcome says what the end of a part means.
func (p Part) outcome(ctx context.Context, err error) error {
	asked := ctx.Err() != nil
	switch {
	case err == nil && asked, errors.Is(err, context.Canceled) && asked:
		return nil
	case err == nil:
		return fmt.Errorf("%s %w", p.Name, ErrEnded)
	default:
		return fmt.Errorf("%s: %w", p.Name, err)
	}
}

// roll knows which parts are still there, and why others are not.
type roll struct {
	mu    sync.Mutex
	names []string
	errs  []error
}

func (r *roll) enter(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.names = append(r.names, name)
}

func (r *roll) leave(name string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if i := slices.Index(r.names, name); i >= 0 {
		r.names = slices.Delete(r.names, i, i+1)
	}
	r.errs = append(r.errs, err)
}

func (r *roll) list() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.names, ", ")
}

func (r *roll) errors() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return errors.Join(r.errs...)
}
