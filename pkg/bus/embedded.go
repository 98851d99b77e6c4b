package bus

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"github.com/nats-io/nats-server/v2/server"
)

const (
	// lockFile is held locked in the directory for as long as a server uses it.
	lockFile = "lifeboat.lock"
	// startTimeout bounds the start of the embedded server, recovery of its streams included.
	startTimeout = 2 * time.Minute
)

// embedded is a NATS server inside this process.
type embedded struct {
	server *server.Server
	lock   *flock.Flock
	log    *serverLog
}

// startEmbedded starts a server on the configured directory. It takes no
// signals, writes its log into ours and forces every acknowledged write to
// disk: an acknowledged "step started" must survive a power cut.
func startEmbedded(c Config) (*embedded, error) {
	lock, err := lockDir(c.Dir)
	if err != nil {
		return nil, err
	}
	e := &embedded{lock: lock, log: &serverLog{log: c.Logger.With("component", "nats-server")}}
	if err := e.start(c); err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	return e, nil
}

func (e *embedded) start(c Config) error {
	options, err := serverOptions(c)
	if err != nil {
		return err
	}
	e.server, err = server.NewServer(options)
	if err != nil {
		return fmt.Errorf("bus: embedded server: %w", err)
	}
	e.server.SetLoggerV2(e.log, false, false, false)
	e.server.Start()
	// A server that cannot listen says so once and then waits for ever.
	if reason := e.log.fatal(); reason != "" || !e.server.ReadyForConnections(startTimeout) || !e.server.JetStreamEnabled() {
		e.stop()
		return fmt.Errorf("bus: embedded server on dir %q does not start: %s", c.Dir, cmp.Or(reason, "not ready within "+startTimeout.String()))
	}
	return nil
}

// lockDir makes the directory and takes it for this process alone. The server
// itself does not notice a second one on the same directory, and two would
// destroy each other's streams.
func lockDir(dir string) (*flock.Flock, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("bus: dir: %w", err)
	}
	lock := flock.New(filepath.Join(dir, lockFile), flock.SetPermissions(0o600))
	taken, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("bus: dir %q: lock: %w", dir, err)
	}
	if !taken {
		return nil, fmt.Errorf("bus: dir %q is in use by another process; stop it, connect to it by url, or name another dir", dir)
	}
	return lock, nil
}

// serverOptions merges the server's own configuration file with ours.
func serverOptions(c Config) (*server.Options, error) {
	options := &server.Options{}
	if c.ServerConfig != "" {
		var err error
		if options, err = server.ProcessConfigFile(c.ServerConfig); err != nil {
			return nil, fmt.Errorf("bus: serverConfig: %w", err)
		}
	}
	options.JetStream = true
	options.StoreDir = c.Dir
	options.SyncAlways = true
	options.NoSigs = true
	options.NoLog = true
	options.DisableJetStreamBanner = true
	if options.ServerName == "" {
		options.ServerName = c.Name
	}
	switch {
	case c.Listen != "":
		host, port, err := net.SplitHostPort(c.Listen)
		if err != nil {
			return nil, fmt.Errorf("bus: listen %q: %w", c.Listen, err)
		}
		number, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			return nil, fmt.Errorf("bus: listen %q: port: %w", c.Listen, err)
		}
		options.Host, options.Port = host, int(number)
		if number == 0 {
			options.Port = server.RANDOM_PORT
		}
	case c.ServerConfig == "":
		options.DontListen = true
	}
	return options, nil
}

// url is where clients of other processes connect, or "".
func (e *embedded) url() string {
	if e.server.Addr() == nil {
		return ""
	}
	return e.server.ClientURL()
}

// stop ends the server in order and frees the directory.
func (e *embedded) stop() {
	e.server.Shutdown()
	e.server.WaitForShutdown()
}

func (e *embedded) close(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		e.stop()
	}()
	select {
	case <-done:
		return e.lock.Unlock()
	case <-ctx.Done():
		return fmt.Errorf("bus: embedded server is still stopping: %w", ctx.Err())
	}
}

// serverLog passes the server's log on and keeps its last words, which are the
// only way to learn why it did not start.
type serverLog struct {
	log *slog.Logger

	mu   sync.Mutex
	last string
}

func (l *serverLog) Noticef(format string, v ...any) { l.log.Debug(text(format, v)) }
func (l *serverLog) Warnf(format string, v ...any)   { l.log.Warn(text(format, v)) }
func (l *serverLog) Errorf(format string, v ...any)  { l.log.Error(text(format, v)) }
func (l *serverLog) Debugf(string, ...any)           {}
func (l *serverLog) Tracef(string, ...any)           {}

func (l *serverLog) Fatalf(format string, v ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = text(format, v)
	l.log.Error(l.last)
}

func (l *serverLog) fatal() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

func text(format string, v []any) string { return strings.TrimSpace(fmt.Sprintf(format, v...)) }
