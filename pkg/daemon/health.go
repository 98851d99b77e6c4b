package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

const (
	// DefaultHealthListen is a free port that only this machine reaches.
	DefaultHealthListen = "127.0.0.1:0"
	// healthTimeout bounds one request to the health address.
	healthTimeout = 10 * time.Second
	// healthClose bounds the end of the health address.
	healthClose = time.Second
)

// Check is one thing that must be well for the program to be ready.
type Check struct {
	// Name is what the answer calls it.
	Name string
	// Test returns what is wrong; nil when nothing is. It must return within seconds.
	Test func() error
}

// Health answers whether the program lives (/healthz: 200 as long as it
// answers at all) and whether it is ready (/readyz: 200, or 503 with what is
// wrong). Both answer JSON, and tell nothing that is secret.
type Health struct {
	listener net.Listener
	checks   []Check
}

// NewHealth opens the address; empty means DefaultHealthListen.
func NewHealth(listen string, checks ...Check) (*Health, error) {
	if listen == "" {
		listen = DefaultHealthListen
	}
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return nil, fmt.Errorf("health: listen %q: %w", listen, err)
	}
	return &Health{listener: l, checks: checks}, nil
}

// URL is where it is reached.
func (h *Health) URL() string { return "http://" + h.listener.Addr().String() }

// Handler serves both paths, for programs that have an address already.
func (h *Health) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		status, checks := h.ready()
		answer(w, status, map[string]any{"status": http.StatusText(status), "checks": checks})
	})
	return mux
}

// ready asks every check.
func (h *Health) ready() (status int, checks map[string]string) {
	status, checks = http.StatusOK, make(map[string]string, len(h.checks))
	for _, c := range h.checks {
		checks[c.Name] = "ok"
		if err := c.Test(); err != nil {
			checks[c.Name] = err.Error()
			status = http.StatusServiceUnavailable
		}
	}
	return status, checks
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	// Whoever asked may be gone; there is nobody to tell.
	_ = json.NewEncoder(w).Encode(body)
}

// Run serves until the context ends.
func (h *Health) Run(ctx context.Context) error {
	server := &http.Server{
		Handler:           h.Handler(),
		ReadHeaderTimeout: healthTimeout,
		ReadTimeout:       healthTimeout,
		WriteTimeout:      healthTimeout,
		MaxHeaderBytes:    8 << 10,
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(h.listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("health: %w", err)
	case <-ctx.Done():
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), healthClose)
	defer cancel()
	if err := server.Shutdown(closing); err != nil {
		return errors.Join(fmt.Errorf("health: %w", err), server.Close())
	}
	return nil
}

// Close frees the address of a Health that was never run.
func (h *Health) Close() error { return h.listener.Close() }
