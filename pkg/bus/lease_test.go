package bus_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lifeboat.io/pkg/bus"
	"lifeboat.io/pkg/bus/bustest"
)

func TestLease(t *testing.T) {
	t.Parallel()
	for name, open := range eachKind {
		t.Run(name, func(t *testing.T) {
			b := open(t)
			const ttl = 2 * time.Second
			a, err := b.Acquire(t.Context(), "vm/web 01", "worker-a", ttl)
			if err != nil {
				t.Fatal(err)
			}
			_, err = b.Acquire(t.Context(), "vm/web 01", "worker-b", ttl)
			var held *bus.ErrHeld
			if !errors.As(err, &held) || held.Holder != "worker-a" || held.Renewed.IsZero() {
				t.Fatalf("a second holder: %v; want to be told of worker-a", err)
			}
			if _, err := b.Acquire(t.Context(), "vm/web 02", "worker-b", ttl); err != nil {
				t.Fatalf("another lease: %v", err)
			}

			// The same holder, come back after a crash, need not wait; what it
			// held before is worth nothing any more.
			again, err := b.Acquire(t.Context(), "vm/web 01", "worker-a", ttl)
			if err != nil || again.Token() <= a.Token() {
				t.Fatalf("again: %v, token %d after %d", err, again.Token(), a.Token())
			}
			if err := a.Renew(t.Context()); !errors.Is(err, bus.ErrLost) || a.Valid(time.Now()) {
				t.Fatalf("renewing what was taken over: %v, valid %v", err, a.Valid(time.Now()))
			}

			// Renewals keep it past its time to live.
			until := time.Now().Add(ttl + time.Second)
			for time.Now().Before(until) {
				if err := again.Renew(t.Context()); err != nil {
					t.Fatal(err)
				}
				<-time.After(ttl / 4)
			}
			if _, err := b.Acquire(t.Context(), "vm/web 01", "worker-b", ttl); !errors.As(err, &held) {
				t.Fatalf("a renewed lease was lost: %v", err)
			}

			// Without them it ends.
			if again.Valid(time.Now().Add(ttl)) {
				t.Error("valid although not renewed for its whole time to live")
			}
			var c *bus.Lease
			bustest.Eventually(t, 15*time.Second, "the lease expires", func() bool {
				c, err = b.Acquire(t.Context(), "vm/web 01", "worker-c", ttl)
				return err == nil
			})
			if c.Token() <= again.Token() {
				t.Errorf("token %d after %d", c.Token(), again.Token())
			}
			if err := again.Renew(t.Context()); !errors.Is(err, bus.ErrLost) {
				t.Errorf("renewing what expired: %v", err)
			}

			// Released, it is free at once.
			if err := c.Release(t.Context()); err != nil {
				t.Fatal(err)
			}
			if c.Valid(time.Now()) || c.Release(t.Context()) != nil {
				t.Error("a released lease is still something")
			}
			if _, err := b.Acquire(t.Context(), "vm/web 01", "worker-d", ttl); err != nil {
				t.Fatalf("after the release: %v", err)
			}
		})
	}
}

func TestLeaseValidityIsHalfItsLife(t *testing.T) {
	b := bustest.Open(t)
	before := time.Now()
	l, err := b.Acquire(t.Context(), "k", "me", 30*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if !l.Valid(before.Add(14 * time.Second)) {
		t.Error("not valid within half its life")
	}
	if l.Valid(time.Now().Add(15 * time.Second)) {
		t.Error("valid after half its life")
	}
}

func TestKeepRenewsAndTellsOfLoss(t *testing.T) {
	t.Parallel()
	b := bustest.Open(t)
	l, err := b.Acquire(t.Context(), "k", "me", 2*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	result := make(chan error, 1)
	go func() { result <- l.Keep(t.Context()) }()
	end := time.Now().Add(3 * time.Second)
	bustest.Eventually(t, 10*time.Second, "longer than its life", func() bool {
		if !l.Valid(time.Now()) {
			t.Fatal("a kept lease is not valid")
		}
		return time.Now().After(end)
	})
	if _, err := b.Acquire(t.Context(), "k", "me", 2*time.Second); err != nil {
		t.Fatal(err)
	}
	if err := receive(t, "Keep notices", result); !errors.Is(err, bus.ErrLost) {
		t.Fatalf("Keep ended with %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Keep(ctx); err != nil {
		t.Fatalf("Keep told to stop: %v", err)
	}
}

// TestOneOfManyGetsTheLease lets many ask at once.
func TestOneOfManyGetsTheLease(t *testing.T) {
	b := bustest.Open(t)
	var won atomic.Int32
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			_, err := b.Acquire(t.Context(), "k", fmt.Sprint("worker-", i), 30*time.Second)
			var held *bus.ErrHeld
			switch {
			case err == nil:
				won.Add(1)
			case !errors.As(err, &held):
				t.Errorf("worker %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Fatalf("%d got the lease", won.Load())
	}
}

func TestLeaseArgumentsAreChecked(t *testing.T) {
	b := bustest.Open(t)
	for _, row := range []struct {
		key, holder string
		ttl         time.Duration
	}{{"", "me", time.Minute}, {"k", "", time.Minute}, {"k", "me", 0}, {"k", "me", 1500 * time.Millisecond}} {
		if _, err := b.Acquire(t.Context(), row.key, row.holder, row.ttl); !errors.Is(err, bus.ErrInvalid) {
			t.Errorf("%+v: %v", row, err)
		}
	}
}

func TestSeenOnce(t *testing.T) {
	b := bustest.Open(t)
	var firsts atomic.Int32
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			first, err := b.SeenOnce(t.Context(), "signature \r\n *.>", 2*time.Second)
			if err != nil {
				t.Error(err)
			}
			if first {
				firsts.Add(1)
			}
		})
	}
	wg.Wait()
	if firsts.Load() != 1 {
		t.Fatalf("%d saw it first", firsts.Load())
	}
	if first, err := b.SeenOnce(t.Context(), "another", time.Minute); err != nil || !first {
		t.Fatalf("another: %v, %v", first, err)
	}
	bustest.Eventually(t, 15*time.Second, "it is forgotten", func() bool {
		first, err := b.SeenOnce(t.Context(), "signature \r\n *.>", 2*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		return first
	})
	if _, err := b.SeenOnce(t.Context(), "k", time.Millisecond); !errors.Is(err, bus.ErrInvalid) {
		t.Errorf("too short a life: %v", err)
	}
}

func TestInventoryRevisions(t *testing.T) {
	b := bustest.Open(t)
	inventory := b.Inventory()
	if _, ok, err := inventory.Get(t.Context(), "current"); ok || err != nil {
		t.Fatalf("an empty bucket has %v, %v", ok, err)
	}
	first, err := inventory.Put(t.Context(), "current", []byte("one"), 0)
	if err != nil {
		t.Fatal(err)
	}
	seen := make(chan bus.Entry, 10)
	caughtUp := make(chan struct{}, 1)
	background(t, func(ctx context.Context) error {
		return inventory.Watch(ctx, "current", func() { caughtUp <- struct{}{} }, func(e bus.Entry) error {
			seen <- e
			return nil
		})
	})
	receive(t, "the watch has caught up", caughtUp)
	second, err := inventory.Put(t.Context(), "current", []byte("two"), first)
	if err != nil {
		t.Fatal(err)
	}
	for _, expect := range []uint64{0, first, second + 1} {
		_, err := inventory.Put(t.Context(), "current", []byte("late"), expect)
		var conflict *bus.RevisionConflict
		if !errors.As(err, &conflict) || conflict.Expected != expect {
			t.Errorf("expecting %d: %v", expect, err)
		}
	}
	if e, ok, err := inventory.Get(t.Context(), "current"); err != nil || !ok || string(e.Value) != "two" || e.Revision != second || e.Stored.IsZero() {
		t.Errorf("latest %+v, %v, %v", e, ok, err)
	}
	if e, err := inventory.GetRevision(t.Context(), "current", first); err != nil || string(e.Value) != "one" {
		t.Errorf("first %+v, %v", e, err)
	}
	if _, err := inventory.GetRevision(t.Context(), "other", first); !errors.Is(err, bus.ErrNotFound) {
		t.Errorf("another key's revision: %v", err)
	}
	for _, want := range []string{"one", "two"} {
		if e := receive(t, want, seen); string(e.Value) != want {
			t.Errorf("watch saw %q, want %q", e.Value, want)
		}
	}
	if _, err := inventory.Put(t.Context(), "a key", nil, 0); !errors.Is(err, bus.ErrInvalid) {
		t.Errorf("a key with a space: %v", err)
	}
}
