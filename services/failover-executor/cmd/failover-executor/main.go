package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"lifeboat.io/pkg/bus"
	"lifeboat.io/pkg/contract"
	"lifeboat.io/pkg/daemon"
	"lifeboat.io/pkg/hyperv/connection"
	"lifeboat.io/pkg/inventory/revisions"
	"lifeboat.io/pkg/telemetry"
	executor "lifeboat.io/services/failover-executor"
)

// name is what the program is called, in logs, in traces and on the bus.
const name = "failover-executor"

const (
	// grace is how long effects under way may take to be finished.
	grace = 30 * time.Second
	// closing is how long the bus and the last spans may take after that.
	closing = 10 * time.Second
)

// config is the program's configuration file.
type config struct {
	// Bus is where it hears of tickets and records runs.
	Bus bus.Config `yaml:"bus"`
	// Executor is the executor itself.
	Executor executor.Config `yaml:"executor"`
	// Secrets is the folder where relative paths of the inventory start:
	// passwords and certificate authorities. The file's own folder when left out.
	Secrets string `yaml:"secrets"`
	// Health is the address that tells whether the program is ready, as host:port.
	Health string `yaml:"health"`
	// Log says how to log, Telemetry where traces go.
	Log       daemon.LogConfig `yaml:"log"`
	Telemetry telemetry.Config `yaml:"telemetry"`
}

// readyLine is what the program prints when it is ready.
type readyLine struct {
	Ready bool `json:"ready"`
	// Health is where readiness is told.
	Health string `json:"health"`
}

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run is the program, with its surroundings as arguments.
func run(ctx context.Context, args []string, out, errs io.Writer) (err error) {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(errs)
	path := flags.String("config", name+".yaml", "the configuration `file`")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	c, err := load(*path)
	if err != nil {
		return err
	}
	log, err := daemon.NewLogger(errs, c.Log)
	if err != nil {
		return err
	}
	c.Telemetry.Logger = log
	traces, err := telemetry.Setup(ctx, c.Telemetry)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, within(ctx, traces.Shutdown)) }()

	tracing := traces.For(name)
	c.Bus.Name, c.Bus.Logger, c.Bus.Tracing, c.Bus.Check = name, log, tracing, contract.Validate
	b, err := bus.Open(ctx, c.Bus)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, within(ctx, b.Close)) }()

	var holds latest
	dialer := connection.Dialer{Folder: c.Secrets, Instance: c.Executor.Instance, Tracing: tracing}
	wire, err := connection.OpenWireLog(c.Bus.Folder, c.Executor.WireLog)
	if err != nil {
		return fmt.Errorf("executor.%w", err)
	}
	if wire != nil {
		defer func() { err = errors.Join(err, wire.Close()) }()
		dialer.WireLog = wire
	}
	service, err := executor.New(c.Executor, executor.Dependencies{
		Bus: b, Inventory: holds.inventory, Connect: dialer.Connect, Log: log, Tracing: tracing,
	})
	if err != nil {
		return err
	}
	health, err := daemon.NewHealth(c.Health, daemon.Check{Name: "bus", Test: b.Healthy}, daemon.Check{Name: "inventory", Test: holds.known})
	if err != nil {
		return err
	}
	if err := daemon.Ready(out, readyLine{true, health.URL()}); err != nil {
		return errors.Join(err, health.Close())
	}
	return daemon.Run(ctx, log, grace,
		daemon.Part{Name: name, Run: service.Run},
		daemon.Part{Name: "inventory", Run: func(ctx context.Context) error { return revisions.Watch(ctx, b, log, holds.learn) }},
		daemon.Part{Name: "health", Run: health.Run})
}

// within gives the end of something its time, although ctx may be over.
func within(ctx context.Context, end func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closing)
	defer cancel()
	return end(ctx)
}
