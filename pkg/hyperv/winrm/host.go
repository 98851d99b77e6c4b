package winrm

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"
	"go.opentelemetry.io/otel"

	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/winrm/lane"
	"lifeboat.io/pkg/hyperv/winrm/wire"
	"lifeboat.io/pkg/hyperv/winrm/wsman"
)

// Host is one Hyper-V host over WinRM. It is safe for concurrent use. A program
// should have one Host for a machine, because its limits hold for each.
type Host struct {
	config   Config
	endpoint *wire.Endpoint
	pool     *pool
	breaker  *gobreaker.TwoStepCircuitBreaker[struct{}]

	life     context.Context // ends with Close
	end      context.CancelFunc
	retiring sync.WaitGroup
	remains  remains // shells that could not be deleted yet

	swept    atomic.Bool // shells of an earlier life have been looked for
	commands atomic.Int64
	shells   atomic.Int64
}

var _ hyperv.Host = (*Host)(nil)

// run tells the shells of this process from those of an earlier one.
var run = func() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}()

// shellCount numbers the shells of this process.
var shellCount atomic.Int64

func newHost(c Config) (*Host, error) {
	if c.Name == "" {
		return nil, errors.New("name is empty: give the host's name in the inventory")
	}
	if !instanceName.MatchString(c.Instance) {
		return nil, fmt.Errorf("instance %q: use at most 64 letters, digits, dots, dashes and underscores", c.Instance)
	}
	setDefault(&c.Transport, HTTPS)
	setDefault(&c.Auth, NTLM)
	if c.Tracer == nil {
		c.Tracer = otel.Tracer("lifeboat.io/pkg/hyperv/winrm")
	}
	var err error
	if c.Limits, err = c.Limits.complete(); err != nil {
		return nil, err
	}
	h := &Host{config: c}
	if h.endpoint, err = c.endpoint(); err != nil {
		return nil, err
	}
	h.life, h.end = context.WithCancel(context.Background())
	h.pool = newPool(c.Limits.ReadLanes, c.Limits.ActionLanes, c.Limits.Waiting)
	h.breaker = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Name:        c.Name,
		Timeout:     c.Limits.SilentPause,
		ReadyToTrip: func(n gobreaker.Counts) bool { return int(n.ConsecutiveFailures) >= c.Limits.SilentCalls },
		IsExcluded:  func(err error) bool { return errors.Is(err, errInconclusive) },
	})
	return h, nil
}

// Name is the host's name in the inventory.
func (h *Host) Name() string { return h.config.Name }

// Counts are running totals of a Host, for tests and measurements.
type Counts struct {
	// Requests are HTTP requests, those of authentication included.
	Requests int64
	// Dials are TCP connections.
	Dials int64
	// Commands are requests handed to PowerShell.
	Commands int64
	// OpenShells are shells that are open now, or may be.
	OpenShells int64
}

// Counts are the host's running totals.
func (h *Host) Counts() Counts {
	w := h.endpoint.Counts()
	return Counts{Requests: w.Requests.Load(), Dials: w.Dials.Load(), Commands: h.commands.Load(), OpenShells: h.shells.Load()}
}

// Close ends calls that are under way, deletes the shells and closes the
// connections. Shells that cannot be deleted in time are told in the error and
// left to the host, which deletes idle ones itself in the end.
func (h *Host) Close(ctx context.Context) error {
	h.end()
	h.remains.mu.Lock() // whoever comes for remains has joined those who are waited for
	//lint:ignore SA2001 nothing has to be done meanwhile
	h.remains.mu.Unlock()
	failed := h.drain(ctx)
	done := make(chan struct{})
	go func() {
		h.retiring.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
		failed = errors.Join(failed, context.Cause(ctx))
	}
	within, cancel := context.WithTimeout(ctx, closeGrace)
	defer cancel()
	failed = errors.Join(failed, h.buryFinally(within))
	if failed != nil {
		return fmt.Errorf("host %s: close: %w", h.config.Name, failed)
	}
	return nil
}

// drain waits until nobody uses the slots and takes their lanes down.
func (h *Host) drain(ctx context.Context) error {
	var all []*slot
	var failed error
	for range h.pool.size {
		s, err := h.pool.take(ctx, false, time.Time{})
		if err != nil {
			failed = err
			break
		}
		all = append(all, s)
	}
	for _, s := range all {
		h.putBack(s, true)
	}
	return failed
}

// retire takes a slot's lane down without anybody waiting for it. The slot is
// free again only then, so that there are never more shells than slots.
func (h *Host) retire(s *slot) {
	old := s.lane
	s.lane = nil
	h.retiring.Add(1)
	go func() {
		defer h.retiring.Done()
		ctx, cancel := context.WithTimeout(context.Background(), closeGrace)
		defer cancel()
		if left, err := old.Close(ctx); err != nil {
			h.leave(left, err)
		} else {
			h.shells.Add(-1)
		}
		h.pool.give(s, 0, nil)
	}()
}

// putBack gives a slot back after use, with its lane if that is fit for more.
func (h *Host) putBack(s *slot, broken bool) {
	worn := s.served >= h.config.Limits.LaneRequests || time.Since(s.opened) >= h.config.Limits.LaneAge
	if s.lane != nil && (broken || worn || h.life.Err() != nil) {
		h.retire(s)
		return
	}
	h.pool.give(s, h.config.Limits.LaneIdle, h.retire)
}

// open starts a lane in an empty slot. If it fails, the slot still has what is
// to be taken down.
func (h *Host) open(ctx context.Context, s *slot) error {
	client := wsman.NewClient(h.endpoint, wsman.Settings{OperationTimeout: h.config.Limits.OperationTimeout, EnvelopeSize: envelopeSize})
	if err := h.sweep(ctx, client); err != nil {
		client.Close()
		return err
	}
	if err := h.bury(ctx, client, false); err != nil {
		client.Close()
		return err
	}
	s.lane = lane.New(client, wsman.ShellSettings{Name: h.shellName(), IdleTimeout: shellIdle})
	s.opened, s.served = time.Now(), 0
	h.shells.Add(1)
	return s.lane.Start(ctx)
}

// sweep deletes shells that an earlier life of this instance left behind. It
// is no condition for going on, unless the host cannot be reached at all.
func (h *Host) sweep(ctx context.Context, client *wsman.Client) error {
	if h.config.Instance == "" || h.swept.Load() {
		return nil
	}
	shells, err := client.Shells(ctx)
	var w *wire.Error
	if errors.As(err, &w) && w.Kind != wire.Garbage {
		return err
	}
	h.swept.Store(true)
	for _, s := range shells {
		if strings.HasPrefix(s.Name, h.shellPrefix()) && !strings.HasPrefix(s.Name, h.shellPrefix()+run+" ") {
			_ = client.Delete(ctx, s.ID) // best effort; another try comes with the next life
		}
	}
	return nil
}

// shellPrefix begins the names of this instance's shells.
func (h *Host) shellPrefix() string { return "lifeboat " + h.config.Instance + " " }

func (h *Host) shellName() string {
	return fmt.Sprintf("%s%s %d", h.shellPrefix(), run, shellCount.Add(1))
}
