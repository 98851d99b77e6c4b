package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"lifeboat.io/events"
)

const (
	// DefaultLeaseTTL outlives the election of a bucket's leader, during which no lease can be renewed.
	DefaultLeaseTTL = 30 * time.Second
	// minLeaseTTL is the shortest the server keeps time for.
	minLeaseTTL = time.Second
	// acquireTries bounds how often a lease that changes under our hands is tried for.
	acquireTries = 5
	// renewPerTTL is how often Keep renews within one time to live.
	renewPerTTL = 4
)

// ErrLost tells that a lease is not ours any more.
var ErrLost = errors.New("the lease is lost")

// Lease is the right to work on something until further notice. It spreads
// work; it does not protect it: a holder that stalls does not notice that
// another took over. What must not happen twice is fenced by Append.
type Lease struct {
	bus         *Bus
	key, holder string
	ttl         time.Duration
	token       uint64

	mu      sync.Mutex
	rev     uint64
	renewed time.Time // before the last successful renewal was sent
	lost    bool
}

// leaseBody is what a lease's key holds.
type leaseBody struct {
	Holder string `json:"holder"`
}

// Acquire takes a lease for a while, in whole seconds, at least one and better
// 30. It fails with *ErrHeld when another holder has it. The same holder gets
// its own lease again at once, so that a process that comes back after a crash
// need not wait; holders' names must therefore be unique per process.
func (b *Bus) Acquire(ctx context.Context, key, holder string, ttl time.Duration) (*Lease, error) {
	if key == "" || holder == "" || ttl < minLeaseTTL || ttl%time.Second != 0 {
		return nil, fmt.Errorf("%w: lease %q for %q of %s: want a key, a holder and whole seconds, at least 1", ErrInvalid, key, holder, ttl)
	}
	body, err := json.Marshal(leaseBody{Holder: holder})
	if err != nil {
		return nil, err
	}
	token := events.Token(key)
	for range acquireTries {
		if err := b.here(); err != nil {
			return nil, err
		}
		now, err := b.readKey(ctx, BucketLeases, token)
		if err != nil {
			return nil, err
		}
		if other := holderOf(now); other != "" && other != holder {
			return nil, &ErrHeld{Key: key, Holder: other, Renewed: now.stored}
		}
		sent := time.Now()
		rev, err := b.writeKey(ctx, BucketLeases, token, now.seq, ttl, body, "")
		if err == nil {
			return &Lease{bus: b, key: key, holder: holder, ttl: ttl, token: rev, rev: rev, renewed: sent}, nil
		}
		var moved *RevisionConflict
		if !errors.As(err, &moved) {
			return nil, fmt.Errorf("lease %s: %w", key, err)
		}
	}
	return nil, fmt.Errorf("lease %s: changed hands %d times while it was tried for", key, acquireTries)
}

// holderOf is who has a lease; "" when it is free.
func holderOf(v value) string {
	if v.gone {
		return ""
	}
	var body leaseBody
	if err := json.Unmarshal(v.data, &body); err != nil || body.Holder == "" {
		return "somebody unknown"
	}
	return body.Holder
}

// Key is what the lease is for.
func (l *Lease) Key() string { return l.key }

// Token grows from one holder to the next: a fence for those who can check it.
func (l *Lease) Token() uint64 { return l.token }

// Valid reports whether new work may be begun under the lease: it was renewed
// less than half its time to live ago. The other half is for what is under way.
func (l *Lease) Valid(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.lost && now.Sub(l.renewed) < l.ttl/2
}

// Renew extends the lease by its time to live. It fails with ErrLost when it
// is not ours any more; after any other error it may be tried again.
func (l *Lease) Renew(ctx context.Context) error {
	body, err := json.Marshal(leaseBody{Holder: l.holder})
	if err != nil {
		return err
	}
	sent := time.Now()
	rev, err := l.write(ctx, l.ttl, body, "")
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rev, l.renewed = rev, sent
	return nil
}

// Release gives the lease up at once. One that is lost is none to give up.
func (l *Lease) Release(ctx context.Context) error {
	_, err := l.write(ctx, markerTTL, nil, "DEL")
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost = true
	if errors.Is(err, ErrLost) {
		return nil
	}
	return err
}

// write changes the lease's key, expecting it as we left it.
func (l *Lease) write(ctx context.Context, ttl time.Duration, data []byte, operation string) (uint64, error) {
	l.mu.Lock()
	rev, lost := l.rev, l.lost
	l.mu.Unlock()
	if lost {
		return 0, fmt.Errorf("%w: %s", ErrLost, l.key)
	}
	rev, err := l.bus.writeKey(ctx, BucketLeases, events.Token(l.key), rev, ttl, data, operation)
	var moved *RevisionConflict
	if errors.As(err, &moved) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.lost = true
		return 0, fmt.Errorf("%w: %s", ErrLost, l.key)
	}
	if err != nil {
		return 0, fmt.Errorf("lease %s: %w", l.key, err)
	}
	return rev, nil
}

// Keep renews the lease until the context ends, when it returns nil without
// giving the lease up, or until it is lost. Failures to reach the bus are
// tried again; Valid tells meanwhile.
func (l *Lease) Keep(ctx context.Context) error {
	ticker := time.NewTicker(l.ttl / renewPerTTL)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		err := l.Renew(ctx)
		if errors.Is(err, ErrLost) {
			return err
		}
		if err != nil && ctx.Err() == nil {
			l.bus.log.Warn("lease not renewed", "lease", l.key, "error", err)
		}
	}
}
