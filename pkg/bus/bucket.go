package bus

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"time"
)

// Inventory is the bucket with the inventory's revisions.
func (b *Bus) Inventory() Bucket { return Bucket{bus: b, name: BucketInventory} }

// Bucket is a key-value bucket whose keys keep their former revisions.
type Bucket struct {
	bus  *Bus
	name string
}

// Entry is one revision of one key.
type Entry struct {
	// Key is the key.
	Key string
	// Value is what it held.
	Value []byte
	// Revision grows with every change in the bucket.
	Revision uint64
	// Stored is when, by the server's clock.
	Stored time.Time
}

// bucketKey is what the server's own tools take as a key.
var bucketKey = regexp.MustCompile(`^[A-Za-z0-9_=/-]+(\.[A-Za-z0-9_=/-]+)*$`)

func (k Bucket) checkKey(key string) error {
	if !bucketKey.MatchString(key) {
		return fmt.Errorf("%w: %s key %q: want letters, digits, - _ = / and dots between", ErrInvalid, k.name, key)
	}
	return nil
}

// Put stores a value as the successor of the revision the caller has read, 0
// for a key that is new, and returns its own. It fails with *RevisionConflict
// when another was faster.
func (k Bucket) Put(ctx context.Context, key string, data []byte, expect uint64) (uint64, error) {
	if err := k.checkKey(key); err != nil {
		return 0, err
	}
	return k.bus.writeKey(ctx, k.name, key, expect, 0, data, "")
}

// Get returns a key's latest revision; ok is false when there is none.
func (k Bucket) Get(ctx context.Context, key string) (e Entry, ok bool, err error) {
	if err := errors.Join(k.checkKey(key), k.bus.here()); err != nil {
		return Entry{}, false, err
	}
	v, err := k.bus.readKey(ctx, k.name, key)
	if err != nil || v.gone {
		return Entry{}, false, err
	}
	return Entry{Key: key, Value: v.data, Revision: v.seq, Stored: v.stored}, true, nil
}

// GetRevision returns a key as it was at a revision, or ErrNotFound.
func (k Bucket) GetRevision(ctx context.Context, key string, revision uint64) (Entry, error) {
	if err := errors.Join(k.checkKey(key), k.bus.here()); err != nil {
		return Entry{}, err
	}
	m, err := k.bus.leaderGet(ctx, bucketStreamPrefix+k.name, getRequest{Seq: revision})
	if err == nil && m.Subject != keySubject(k.name, key) {
		err = ErrNotFound
	}
	if err != nil {
		return Entry{}, fmt.Errorf("%s key %q revision %d: %w", k.name, key, revision, err)
	}
	return Entry{Key: key, Value: m.Data, Revision: m.Sequence, Stored: m.Time}, nil
}

// Watch calls handle with a key's latest revision, if it has one, and with
// every one after it, until the context ends (nil) or handle fails. caughtUp,
// when not nil, is called once after the first.
func (k Bucket) Watch(ctx context.Context, key string, caughtUp func(), handle func(Entry) error) error {
	if err := k.checkKey(key); err != nil {
		return err
	}
	f := follow{
		stream:   bucketStreamPrefix + k.name,
		filters:  []string{keySubject(k.name, key)},
		start:    FromLastOfEachSubject(),
		caughtUp: caughtUp,
	}
	err := k.bus.follow(ctx, f, func(m *message) error {
		if isMarker(m.header) {
			return nil
		}
		return handle(Entry{Key: key, Value: m.data, Revision: m.seq, Stored: m.stored})
	})
	if err != nil && ctx.Err() != nil {
		return nil
	}
	return err
}

// SeenOnce reports whether a key is seen for the first time within a time to
// live, of whole seconds. It is what makes a signature usable only once: two
// processes asking at the same time get one true between them. The key is
// stored as a digest.
func (b *Bus) SeenOnce(ctx context.Context, key string, ttl time.Duration) (first bool, err error) {
	if ttl < time.Second || ttl%time.Second != 0 {
		return false, fmt.Errorf("%w: time to live %s: want whole seconds, at least 1", ErrInvalid, ttl)
	}
	digest := sha256.Sum256([]byte(key))
	token := hex.EncodeToString(digest[:])
	expect := uint64(0)
	for range acquireTries {
		_, err := b.writeKey(ctx, BucketSeen, token, expect, ttl, nil, "")
		if err == nil {
			return true, nil
		}
		var moved *RevisionConflict
		if !errors.As(err, &moved) {
			return false, err
		}
		v, err := b.readKey(ctx, BucketSeen, token)
		if err != nil {
			return false, err
		}
		if !v.gone {
			return false, nil
		}
		expect = v.seq // it has expired, and only the marker of that is left
	}
	return false, fmt.Errorf("seen mark changed %d times while it was set", acquireTries)
}
