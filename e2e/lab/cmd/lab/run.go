package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"lifeboat.io/e2e/lab"
	"lifeboat.io/e2e/lab/admin"
	"lifeboat.io/e2e/lab/ticketing"
	"lifeboat.io/pkg/secret"
)

// shutdownGrace is how long requests to the admin API may take at the end.
const shutdownGrace = 5 * time.Second

// headerTimeout bounds how long a request's headers may take to come.
const headerTimeout = 10 * time.Second

// ready is the line that is printed when everything is up.
type ready struct {
	Ready  bool        `json:"ready"`
	Admin  string      `json:"admin"`
	Config string      `json:"config"`
	Hosts  []readyHost `json:"hosts"`
}

type readyHost struct {
	Name     string `json:"name"`
	Address  string `json:"address"`
	HTTP     string `json:"http"`
	HTTPS    string `json:"https"`
	User     string `json:"user"`
	Password string `json:"password"`
}

// run runs the lab until the context ends.
func (s *settings) run(ctx context.Context, stdout, stderr io.Writer) (err error) {
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: s.logLevel}))
	spec, err := s.spec()
	if err != nil {
		return err
	}
	zones, err := s.locations()
	if err != nil {
		return err
	}
	dir := s.dir
	if dir == "" {
		if dir, err = os.MkdirTemp("", "lifeboat-lab-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	password := "Lab-" + rand.Text()
	l, err := lab.Start(ctx, lab.Options{
		World: spec, Address: s.address, TimeScale: s.timeScale, PowerShellStart: s.psStart, CmdletLatency: s.cmdletLatency, Zones: zones,
		Password: secret.NewText(password), AllowUnencrypted: s.unencrypted,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	config, err := l.Configure(dir, s.nats)
	if err != nil {
		return err
	}
	bearer, err := lab.DeskBearer(dir)
	if err != nil {
		return err
	}
	desk := ticketing.New(ticketing.Options{URL: s.nats, System: lab.TicketSystem, Bearer: bearer, Log: log})
	listener, err := net.Listen("tcp", s.admin)
	if err != nil {
		return fmt.Errorf("--admin %s: %w", s.admin, err)
	}
	line := ready{Ready: true, Admin: "http://" + listener.Addr().String(), Config: config}
	for _, h := range l.Hosts() {
		line.Hosts = append(line.Hosts, readyHost{h.Name(), h.Address(), h.HTTP(), h.HTTPS(), lab.Administrator, password})
	}
	return serve(ctx, listener, admin.New(l, desk), desk, func() error {
		log.Info("the lab is up", "hosts", len(l.Hosts()), "admin", line.Admin, "config", config)
		return printLine(stdout, line)
	})
}

// printLine prints one line of JSON, characters as they are.
func printLine(w io.Writer, line any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(line)
}

// serve serves the admin API and runs the ticket system until the context ends.
func serve(ctx context.Context, listener net.Listener, handler http.Handler, desk *ticketing.Desk, up func() error) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: headerTimeout, BaseContext: func(net.Listener) context.Context { return ctx }}
	ctx, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	running.Go(func() { desk.Run(ctx) })
	failed := make(chan error, 1)
	running.Go(func() { failed <- server.Serve(listener) })
	if err := up(); err != nil {
		return errors.Join(err, server.Close())
	}
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.Background(), shutdownGrace)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		return server.Close()
	}
	return nil
}
