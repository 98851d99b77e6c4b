package intake

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/net/netutil"
)

// Time limits of HTTP.
const (
	// headerTime bounds the arrival of a request's head, bodyTime of the whole request.
	headerTime = 5 * time.Second
	bodyTime   = 15 * time.Second
	// answerTime bounds a request from its head to the end of its answer.
	answerTime = bodyTime + requestTime + 5*time.Second
	// idleTime is how long a connection may rest between two requests.
	idleTime = time.Minute
	// stopTime is how long requests under way may go on after the end was asked for.
	stopTime = requestTime + 5*time.Second
	// maxHead bounds a request's head, in bytes.
	maxHead = 16 << 10
)

// Handler is everything that is served over HTTP:
//
//	POST    /v1/tickets                     submit a ticket, a CloudEvent
//	OPTIONS /v1/tickets                     the handshake of CloudEvents webhooks
//	GET     /v1/tickets/{system}/{ticket}   a ticket as it stands (?account=)
//	GET     /schema/{file}                  the JSON Schema of an event type
//	GET     /catalogue                      every event type
//	GET     /asyncapi.yaml                  the AsyncAPI document
func (s *Service) Handler() http.Handler {
	mux := http.NewServeMux()
	for route, handle := range map[string]http.HandlerFunc{
		"POST /v1/tickets":                  s.submit,
		"OPTIONS /v1/tickets":               s.handshake,
		"GET /v1/tickets/{system}/{ticket}": s.show,
		"GET /schema/{file}":                schema,
		"GET /catalogue":                    catalogue,
		"GET /asyncapi.yaml":                asyncAPI,
	} {
		mux.HandleFunc(route, func(w http.ResponseWriter, r *http.Request) {
			trace.SpanFromContext(r.Context()).SetName(route) // known only once the request is routed
			handle(w, r)
		})
	}
	traced := otelhttp.NewHandler(s.bounded(mux), "ticket-intake",
		otelhttp.WithTracerProvider(s.tracing),
		otelhttp.WithPropagators(propagation.TraceContext{}))
	return hideToken(traced)
}

// bounded works on so many requests at a time and for so long each. A request
// takes its place only when it has arrived as a whole, so that slow senders
// hold nothing but their connection.
func (s *Service) bounded(next http.Handler) http.Handler {
	places := make(chan struct{}, s.config.Limits.Concurrent)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		body, p := readBody(w, r)
		if p != nil {
			p.write(w)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		select {
		case places <- struct{}{}:
			defer func() { <-places }()
		default:
			problemBusy.write(w)
			return
		}
		defer s.survive(w, r)
		ctx, cancel := context.WithTimeout(r.Context(), requestTime)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// survive turns a panic into an answer.
func (s *Service) survive(w http.ResponseWriter, r *http.Request) {
	if cause := recover(); cause != nil {
		s.log.ErrorContext(r.Context(), "a request made the server panic", "method", r.Method, "path", r.URL.Path, "panic", cause)
		problemInternal.write(w)
	}
}

// serve takes HTTP requests until the context ends, and finishes those under way.
func (s *Service) serve(ctx context.Context) error {
	server := &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: headerTime,
		ReadTimeout:       bodyTime,
		WriteTimeout:      answerTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHead,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		TLSConfig:         &tls.Config{MinVersion: tls.VersionTLS12},
	}
	listener := netutil.LimitListener(s.listener, s.config.Limits.Connections)
	failed := make(chan error, 1)
	go func() {
		if c := s.config.TLS; c.Certificate != "" {
			failed <- server.ServeTLS(listener, s.path(c.Certificate), s.path(c.Key))
			return
		}
		failed <- server.Serve(listener)
	}()
	select {
	case err := <-failed:
		return fmt.Errorf("intake: http: %w", err)
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	err := server.Shutdown(stopping)
	if err != nil {
		err = errors.Join(fmt.Errorf("intake: http: requests were cut off: %w", err), server.Close())
	}
	<-failed
	return err
}

// path is a file of the configuration.
func (s *Service) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(s.folder, name)
}
