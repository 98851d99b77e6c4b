package bustest

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"lifeboat.io/pkg/bus"
)

// closeTimeout bounds the end of a test's bus.
const closeTimeout = 20 * time.Second

// Open opens an embedded bus of the test's own, which only this process can
// reach, and closes it with the test. Each change may adapt the configuration.
func Open(t testing.TB, changes ...func(*bus.Config)) *bus.Bus {
	t.Helper()
	return OpenConfig(t, Config(t), changes...)
}

// Config is the configuration that Open uses: a temporary directory, and a log
// that goes into the test's.
func Config(t testing.TB) bus.Config {
	t.Helper()
	return bus.Config{Dir: t.TempDir(), Logger: Logger(t)}
}

// OpenConfig opens a bus as configured and closes it with the test.
func OpenConfig(t testing.TB, c bus.Config, changes ...func(*bus.Config)) *bus.Bus {
	t.Helper()
	for _, change := range changes {
		change(&c)
	}
	b, err := bus.Open(t.Context(), c)
	if err != nil {
		t.Fatalf("open the bus: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		if err := b.Close(ctx); err != nil {
			t.Errorf("close the bus: %v", err)
		}
	})
	return b
}

// Logger writes into the test's output, from Warn up.
func Logger(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// Eventually polls a condition until it holds, and fails the test with what
// was waited for when it does not within the limit.
func Eventually(t testing.TB, limit time.Duration, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(limit)
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", limit, what)
		}
		<-ticker.C
	}
}
