package jaeger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"time"

	"lifeboat.io/e2e/programs"
)

// Server is a running Jaeger that keeps its traces in memory.
type Server struct {
	*programs.Program
	// OTLP is where it takes traces over HTTP.
	OTLP string
	// Query is where its API and its pages are.
	Query string
}

const (
	// readyWithin bounds how long it may take to be ready.
	readyWithin = 30 * time.Second
	// readyEvery is how often it is asked.
	readyEvery = 50 * time.Millisecond
	// starts is how often it is started: another program may take one of its
	// ports between the choice and the start.
	starts = 3
)

// Start starts an all-in-one on free ports of the loopback, and waits until it
// is ready. log gets what it writes; nil discards it.
func Start(ctx context.Context, binary string, log io.Writer) (*Server, error) {
	var failures []error
	for range starts {
		s, err := start(ctx, binary, log)
		if err == nil {
			return s, nil
		}
		failures = append(failures, err)
	}
	return nil, errors.Join(failures...)
}

// ports are the flags that name an address to listen at.
var ports = []string{
	"collector.otlp.http.host-port", "query.http-server.host-port", "admin.http.host-port",
	"collector.otlp.grpc.host-port", "query.grpc-server.host-port",
	"collector.http-server.host-port", "collector.grpc-server.host-port",
}

func start(ctx context.Context, binary string, log io.Writer) (*Server, error) {
	args := []string{"--log-level=warn"}
	address := map[string]string{}
	for _, flag := range ports {
		port, err := programs.FreePort()
		if err != nil {
			return nil, err
		}
		address[flag] = fmt.Sprintf("127.0.0.1:%d", port)
		args = append(args, "--"+flag+"="+address[flag])
	}
	program, err := programs.Start(ctx, filepath.Dir(binary), filepath.Base(binary), args, []string{"SPAN_STORAGE_TYPE=memory"}, log, nil)
	if err != nil {
		return nil, err
	}
	s := &Server{Program: program, OTLP: "http://" + address[ports[0]], Query: "http://" + address[ports[1]]}
	if err := s.await(ctx, "http://"+address[ports[2]]); err != nil {
		program.Kill()
		return nil, fmt.Errorf("jaeger: %w\n%s", err, program.Log())
	}
	return s, nil
}

// await waits until it says that it is ready.
func (s *Server) await(ctx context.Context, health string) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	tick := time.NewTicker(readyEvery)
	defer tick.Stop()
	for {
		q, err := http.NewRequestWithContext(ctx, http.MethodGet, health, nil)
		if err != nil {
			return err
		}
		if r, err := http.DefaultClient.Do(q); err == nil {
			_ = r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("it is not ready: %w", ctx.Err())
		}
		if s.Ended() {
			return errors.New("it ended at once")
		}
	}
}

// Page is where a person looks at a trace.
func (s *Server) Page(trace string) string { return s.Query + "/trace/" + trace }

// Document is where a program reads it.
func (s *Server) Document(trace string) string { return s.Query + "/api/traces/" + trace }
