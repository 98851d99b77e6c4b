package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"lifeboat.io/pkg/bus"
	"lifeboat.io/pkg/contract"
	"lifeboat.io/pkg/daemon"
	"lifeboat.io/pkg/hyperv/connection"
	"lifeboat.io/pkg/inventory"
	"lifeboat.io/pkg/telemetry"
	"lifeboat.io/services/lifeboat/config"
)

// name is what the process is called on the bus.
const name = "lifeboat"

// ConfigError tells that the configuration or the inventory is wrong: nothing
// was started.
type ConfigError struct{ Err error }

// Error lists everything that is wrong.
func (e *ConfigError) Error() string { return e.Err.Error() }

// Unwrap is the problems.
func (e *ConfigError) Unwrap() error { return e.Err }

// house is what the services share, and the services.
type house struct {
	Options
	config    config.Config
	log       *slog.Logger
	telemetry *telemetry.Telemetry
	bus       *bus.Bus
	// reloads are the requests to read the inventory again.
	reloads chan os.Signal
	// parts are what runs; ready says of each service whether it is.
	parts []daemon.Part
	ready []daemon.Check
	// closers free what was made for parts that never ran.
	closers []func() error
	// wire is the log of what is said to hosts; nil when none is kept.
	wire *connection.WireLog
	// url is where tickets are taken over HTTP; "" when ticket-intake is not among the services.
	url string
}

// Serve runs until the context ends, SIGINT or SIGTERM comes, or a service
// fails. A second signal ends it at once. A *ConfigError means that nothing was
// started.
func Serve(ctx context.Context, o Options) (err error) {
	tendHeap()
	h := &house{Options: o, reloads: make(chan os.Signal, 1)}
	if h.Services == nil {
		h.Services = Services
	}
	// Taken from the beginning: a reload that comes early must not kill.
	signal.Notify(h.reloads, syscall.SIGHUP)
	defer signal.Stop(h.reloads)

	var inv *inventory.Inventory
	if h.config, inv, err = config.Check(o.ConfigPath); err != nil {
		return &ConfigError{err}
	}
	if h.log, err = daemon.NewLogger(o.Log, h.config.Log); err != nil {
		return &ConfigError{err}
	}
	h.config.Telemetry.Logger = h.log
	if h.telemetry, err = telemetry.Setup(ctx, h.config.Telemetry); err != nil {
		return &ConfigError{err}
	}
	defer func() { err = h.end(ctx, err, h.telemetry.Shutdown) }()
	if err := h.openBus(ctx); err != nil {
		return err
	}
	defer func() { err = h.end(ctx, err, h.bus.Close) }()
	defer func() { err = errors.Join(err, h.wire.Close()) }()
	if err := h.store(ctx, inv); err != nil {
		return err
	}
	if err := h.build(); err != nil {
		return errors.Join(err, h.abandon())
	}
	return daemon.Run(ctx, h.log, h.Grace, h.parts...)
}

// openBus starts or reaches the bus.
func (h *house) openBus(ctx context.Context) error {
	c := h.config.Bus
	c.Name, c.Logger, c.Tracing, c.Check = name, h.log, h.telemetry.For(name), contract.Validate
	var err error
	if h.bus, err = bus.Open(ctx, c); err != nil {
		return explain(err, "bus", "another lifeboat or NATS server may be running; stop it, or change bus.listen")
	}
	return nil
}

// end ends something that services were using, with time of its own. After a
// second signal nothing is waited for: whoever sends one wants out, and what
// was acknowledged is on disk.
func (h *house) end(ctx context.Context, err error, end func(context.Context) error) error {
	if errors.Is(err, daemon.ErrStopped) {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeWithin)
	defer cancel()
	return errors.Join(err, end(ctx))
}

// explain adds to an error what may be done about it.
func explain(err error, where, busy string) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s: %w; %s", where, err, busy)
	}
	return fmt.Errorf("%s: %w", where, err)
}

// runs reports whether a service is to run here.
func (h *house) runs(service string) bool { return slices.Contains(h.Services, service) }

// abandon frees what was made for parts that will not run.
func (h *house) abandon() error {
	var failed error
	for _, end := range h.closers {
		failed = errors.Join(failed, end())
	}
	return failed
}

// announce waits until everything is ready, says so in one line, and stays.
func (h *house) announce(ctx context.Context) error {
	tick := time.NewTicker(readyEvery)
	defer tick.Stop()
	begun, told := time.Now(), false
	for {
		err := h.notReady()
		if err == nil {
			break
		}
		if !told && time.Since(begun) > readyComplain {
			told = true
			h.log.WarnContext(ctx, "not ready yet", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
	line := readyLine{Ready: true, NATS: h.bus.URL(), HTTP: h.url}
	if err := daemon.Ready(h.Out, line); err != nil {
		return err
	}
	h.log.InfoContext(ctx, "ready", "nats", line.NATS, "http", line.HTTP, "services", h.Services)
	<-ctx.Done()
	return nil
}

// readyLine is what is printed when everything is ready.
type readyLine struct {
	Ready bool `json:"ready"`
	// NATS is where other processes reach the bus; absent when none can.
	NATS string `json:"nats,omitempty"`
	// HTTP is where tickets are taken; absent when ticket-intake runs elsewhere.
	HTTP string `json:"http,omitempty"`
}

// notReady says what is not ready yet.
func (h *house) notReady() error {
	for _, check := range h.ready {
		if err := check.Test(); err != nil {
			return fmt.Errorf("%s: %w", check.Name, err)
		}
	}
	return nil
}
