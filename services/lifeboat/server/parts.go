package server

import (
	"context"
	"errors"
	"fmt"
	"os"

	"lifeboat.io/pkg/daemon"
	"lifeboat.io/pkg/hyperv/connection"
	"lifeboat.io/pkg/inventory/revisions"
	executor "lifeboat.io/services/failover-executor"
	intake "lifeboat.io/services/ticket-intake"
)

// build makes every part, in the order they are told of.
func (h *house) build() error {
	h.ready = append(h.ready, daemon.Check{Name: "bus", Test: h.bus.Healthy})
	if h.runs(TicketIntake) {
		if err := h.buildIntake(); err != nil {
			return err
		}
	}
	if h.runs(FailoverExecutor) {
		if err := h.buildExecutor(); err != nil {
			return err
		}
	}
	health, err := daemon.NewHealth(h.config.Health.Listen, h.ready...)
	if err != nil {
		return explain(err, "health", "change health.listen; port 0 takes any free one")
	}
	h.closers = append(h.closers, health.Close)
	h.log.Info("health", "url", health.URL())
	h.part("inventory", h.reload)
	h.part("health", health.Run)
	h.part("announcement", h.announce)
	return nil
}

func (h *house) part(name string, run func(context.Context) error) {
	h.parts = append(h.parts, daemon.Part{Name: name, Run: run})
}

// buildIntake makes ticket-intake, which opens its address.
func (h *house) buildIntake() error {
	traces := h.telemetry.For(TicketIntake)
	service, err := intake.New(h.config.Intake, intake.Tools{
		Bus: h.bus.As(TicketIntake, traces), Folder: h.config.Folder, Logger: h.log, Tracing: traces,
	})
	if err != nil {
		return explain(err, TicketIntake, "change intake.listen; port 0 takes any free one")
	}
	h.url = service.URL()
	h.closers = append(h.closers, service.Close)
	h.ready = append(h.ready, daemon.Check{Name: TicketIntake, Test: service.Healthy})
	h.part(TicketIntake, service.Run)
	return nil
}

// buildExecutor makes failover-executor, which learns of the inventory over the
// bus like one that runs elsewhere.
func (h *house) buildExecutor() error {
	log, traces := h.log.With("service", FailoverExecutor), h.telemetry.For(FailoverExecutor)
	var holds latest
	settings := h.config.Executor
	if settings.Instance == "" {
		var err error
		// The same name for the executor's leases and for its shells on hosts.
		if settings.Instance, err = os.Hostname(); err != nil {
			return fmt.Errorf("executor.instance: empty, and this machine does not tell its name; give one: %w", err)
		}
	}
	dialer := connection.Dialer{Folder: h.config.SecretsFolder(), Instance: settings.Instance, Tracing: traces}
	var err error
	if h.wire, err = connection.OpenWireLog(h.config.Folder, settings.WireLog); err != nil {
		return fmt.Errorf("executor.%w", err)
	}
	if h.wire != nil {
		dialer.WireLog = h.wire // not a nil *WireLog in an interface
	}
	service, err := executor.New(settings, executor.Dependencies{
		Bus: h.bus.As(FailoverExecutor, traces), Inventory: holds.inventory, Connect: dialer.Connect, Log: log, Tracing: traces,
	})
	if err != nil {
		return err
	}
	h.ready = append(h.ready, daemon.Check{Name: FailoverExecutor, Test: func() error {
		if holds.inventory() == nil {
			return errors.New("no inventory has been stored on the bus yet")
		}
		return nil
	}})
	h.part(FailoverExecutor, service.Run)
	h.part(FailoverExecutor+" inventory", func(ctx context.Context) error {
		return revisions.Watch(ctx, h.bus, log, holds.learn)
	})
	return nil
}
