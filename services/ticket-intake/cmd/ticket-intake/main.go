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
	"lifeboat.io/pkg/telemetry"
	intake "lifeboat.io/services/ticket-intake"
)

// name is what the program is called, in logs, in traces and on the bus.
const name = "ticket-intake"

const (
	// grace is how long requests and tickets under way may take to be finished.
	grace = 45 * time.Second
	// closing is how long the bus and the last spans may take after that.
	closing = 10 * time.Second
)

// config is the program's configuration file.
type config struct {
	// Bus is where tickets come from and answers go.
	Bus bus.Config `yaml:"bus"`
	// Intake is the front door itself.
	Intake intake.Config `yaml:"intake"`
	// Health is the address that tells whether the program is ready, as host:port.
	Health string `yaml:"health"`
	// Log says how to log, Telemetry where traces go.
	Log       daemon.LogConfig `yaml:"log"`
	Telemetry telemetry.Config `yaml:"telemetry"`
}

// readyLine is what the program prints when it is ready.
type readyLine struct {
	Ready bool `json:"ready"`
	// HTTP is where tickets are submitted, Health where readiness is told.
	HTTP   string `json:"http"`
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
	var c config
	if err := daemon.Load(*path, &c); err != nil {
		return err
	}
	folder, err := daemon.Folder(*path)
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

	c.Bus.Name, c.Bus.Logger, c.Bus.Tracing, c.Bus.Check = name, log, traces.For(name), contract.Validate
	b, err := bus.Open(ctx, c.Bus)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, within(ctx, b.Close)) }()

	service, err := intake.New(c.Intake, intake.Tools{Bus: b, Folder: folder, Logger: log, Tracing: traces.For(name)})
	if err != nil {
		return err
	}
	health, err := daemon.NewHealth(c.Health, daemon.Check{Name: name, Test: service.Healthy})
	if err != nil {
		return errors.Join(err, service.Close())
	}
	if err := daemon.Ready(out, readyLine{true, service.URL(), health.URL()}); err != nil {
		return errors.Join(err, service.Close(), health.Close())
	}
	return daemon.Run(ctx, log, grace, daemon.Part{Name: name, Run: service.Run}, daemon.Part{Name: "health", Run: health.Run})
}

// within gives the end of something its time, although ctx may be over.
func within(ctx context.Context, end func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closing)
	defer cancel()
	return end(ctx)
}
