package daemon_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"lifeboat.io/pkg/daemon"
)

// waits is a part that stops when it is told to, and tells when it has begun.
func waits(name string, begun chan<- string) daemon.Part {
	return daemon.Part{Name: name, Run: func(ctx context.Context) error {
		begun <- name
		<-ctx.Done()
		return nil
	}}
}

// start runs parts in the background once they have all begun.
func start(t *testing.T, ctx context.Context, grace time.Duration, begun chan string, parts ...daemon.Part) <-chan error {
	t.Helper()
	return startLogging(t, ctx, slog.New(slog.DiscardHandler), grace, begun, parts...)
}

func startLogging(t *testing.T, ctx context.Context, log *slog.Logger, grace time.Duration, begun chan string, parts ...daemon.Part) <-chan error {
	t.Helper()
	result := make(chan error, 1)
	go func() { result <- daemon.Run(ctx, log, grace, parts...) }()
	for range parts {
		select {
		case <-begun:
		case <-time.After(10 * time.Second):
			t.Fatal("a part did not begin")
		}
	}
	return result
}

func ended(t *testing.T, result <-chan error) error {
	t.Helper()
	select {
	case err := <-result:
		return err
	case <-time.After(20 * time.Second):
		t.Fatal("did not end")
		return nil
	}
}

func TestRunStopsWithItsContext(t *testing.T) {
	begun := make(chan string, 10)
	ctx, cancel := context.WithCancel(t.Context())
	result := start(t, ctx, time.Minute, begun, waits("a", begun), waits("b", begun))
	cancel()
	if err := ended(t, result); err != nil {
		t.Fatal(err)
	}
}

func TestRunStopsOnASignal(t *testing.T) {
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		begun := make(chan string, 10)
		result := start(t, t.Context(), time.Minute, begun, waits("a", begun), waits("b", begun))
		kill(t, s)
		if err := ended(t, result); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

func TestRunEndsWithAPart(t *testing.T) {
	boom := errors.New("the disk is gone")
	begun := make(chan string, 10)
	fails := daemon.Part{Name: "store", Run: func(context.Context) error { begun <- "store"; return boom }}
	if err := ended(t, start(t, t.Context(), time.Minute, begun, waits("a", begun), fails)); !errors.Is(err, boom) || !strings.Contains(err.Error(), "store") {
		t.Errorf("a part that fails: %v", err)
	}
	leaves := daemon.Part{Name: "lazy", Run: func(context.Context) error { begun <- "lazy"; return nil }}
	if err := ended(t, start(t, t.Context(), time.Minute, begun, waits("a", begun), leaves)); !errors.Is(err, daemon.ErrEnded) || !strings.Contains(err.Error(), "lazy") {
		t.Errorf("a part that leaves: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	unclean := daemon.Part{Name: "unclean", Run: func(ctx context.Context) error { begun <- "unclean"; <-ctx.Done(); return boom }}
	result := start(t, ctx, time.Minute, begun, waits("a", begun), unclean)
	cancel()
	if err := ended(t, result); !errors.Is(err, boom) {
		t.Errorf("a part that does not stop cleanly: %v", err)
	}
}

func TestRunDoesNotWaitForEver(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	begun := make(chan string, 10)
	deaf := daemon.Part{Name: "deaf", Run: func(context.Context) error { begun <- "deaf"; <-release; return nil }}

	ctx, cancel := context.WithCancel(t.Context())
	result := start(t, ctx, 100*time.Millisecond, begun, waits("a", begun), deaf)
	cancel()
	if err := ended(t, result); !errors.Is(err, daemon.ErrStopped) || !strings.Contains(err.Error(), "deaf") {
		t.Errorf("past the grace: %v", err)
	}

	stopping := notifyBuffer{seen: make(chan struct{})}
	result = startLogging(t, t.Context(), slog.New(slog.NewTextHandler(stopping, nil)), time.Hour, begun, deaf)
	kill(t, syscall.SIGTERM)
	<-stopping.seen
	kill(t, syscall.SIGTERM)
	if err := ended(t, result); !errors.Is(err, daemon.ErrStopped) || !strings.Contains(err.Error(), "second") || !strings.Contains(err.Error(), "deaf") {
		t.Errorf("a second signal: %v", err)
	}
}

// kill sends this process a signal.
func kill(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(os.Getpid(), s); err != nil {
		t.Fatal(err)
	}
}

// notifyBuffer tells when the stop is logged.
type notifyBuffer struct{ seen chan struct{} }

func (n notifyBuffer) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte("stopping")) {
		close(n.seen)
	}
	return len(p), nil
}

func TestHealth(t *testing.T) {
	var problem error
	h, err := daemon.NewHealth("", daemon.Check{Name: "bus", Test: func() error { return problem }}, daemon.Check{Name: "disk", Test: func() error { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(h.URL(), "http://127.0.0.1:") {
		t.Errorf("reached at %s", h.URL())
	}
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- h.Run(ctx) }()
	get := func(path string) (int, map[string]any) {
		t.Helper()
		r, err := http.Get(h.URL() + path)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		var body map[string]any
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		_ = json.Unmarshal(raw, &body)
		return r.StatusCode, body
	}
	if status, body := get("/healthz"); status != 200 || body["status"] != "ok" {
		t.Errorf("/healthz: %d %v", status, body)
	}
	if status, _ := get("/readyz"); status != 200 {
		t.Errorf("/readyz when ready: %d", status)
	}
	problem = errors.New("the bus is away")
	status, body := get("/readyz")
	checks, _ := body["checks"].(map[string]any)
	if status != 503 || checks["bus"] != "the bus is away" || checks["disk"] != "ok" {
		t.Errorf("/readyz when not ready: %d %v", status, body)
	}
	if status, _ := get("/healthz"); status != 200 {
		t.Errorf("/healthz when not ready: %d", status)
	}
	if status, _ := get("/"); status != 404 {
		t.Errorf("/: %d", status)
	}
	if _, err := daemon.NewHealth(strings.TrimPrefix(h.URL(), "http://")); err == nil {
		t.Error("the same address twice")
	}
	cancel()
	if err := ended(t, result); err != nil {
		t.Error(err)
	}
}

func TestReadyTellsSystemd(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	t.Setenv("NOTIFY_SOCKET", socket)
	heard := func() string {
		t.Helper()
		buf := make([]byte, 100)
		if err := l.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		n, err := l.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		return string(buf[:n])
	}
	var out bytes.Buffer
	line := struct {
		Ready bool   `json:"ready"`
		NATS  string `json:"nats"`
	}{true, "nats://127.0.0.1:4222"}
	if err := daemon.Ready(&out, line); err != nil {
		t.Fatal(err)
	}
	if out.String() != `{"ready":true,"nats":"nats://127.0.0.1:4222"}`+"\n" || heard() != "READY=1" {
		t.Errorf("told %q", out.String())
	}
	begun := make(chan string, 1)
	ctx, cancel := context.WithCancel(t.Context())
	result := start(t, ctx, time.Minute, begun, waits("a", begun))
	cancel()
	if err := ended(t, result); err != nil {
		t.Fatal(err)
	}
	if got := heard(); got != "STOPPING=1" {
		t.Errorf("systemd heard %q", got)
	}
}

func TestLogger(t *testing.T) {
	for _, row := range []struct {
		name   string
		config daemon.LogConfig
		want   string
		err    string
	}{
		{"as it is", daemon.LogConfig{}, `"msg":"info"`, ""},
		{"text", daemon.LogConfig{Format: "text"}, "msg=info", ""},
		{"debug", daemon.LogConfig{Level: "debug", Format: "json"}, `"msg":"debug"`, ""},
		{"bad level", daemon.LogConfig{Level: "loud"}, "", `"loud"`},
		{"bad format", daemon.LogConfig{Format: "xml"}, "", `"xml"`},
	} {
		var out bytes.Buffer
		log, err := daemon.NewLogger(&out, row.config)
		if row.err != "" {
			if err == nil || !strings.Contains(err.Error(), row.err) {
				t.Errorf("%s: %v", row.name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		log.Debug("debug")
		log.Info("info")
		if !strings.Contains(out.String(), row.want) {
			t.Errorf("%s: %s", row.name, out.String())
		}
		if row.config.Level == "" && strings.Contains(out.String(), "debug") {
			t.Errorf("%s: debug records are written", row.name)
		}
	}
}
