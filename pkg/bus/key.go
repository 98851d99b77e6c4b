package bus

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"
)

// Keys of buckets are read and written on the streams below them. The client
// library's own calls cannot renew a key's time to live, and read from
// replicas that may lag.

// headerOperation marks a deletion in a bucket.
const headerOperation = "KV-Operation"

// value is what a key holds at the moment.
type value struct {
	seq    uint64 // 0 when there never was one
	data   []byte
	stored time.Time
	gone   bool // expired or deleted; seq is the marker's
}

func keySubject(bucket, key string) string { return bucketSubjectPrefix + bucket + "." + key }

// readKey reads a key from the bucket's leader.
func (b *Bus) readKey(ctx context.Context, bucket, key string) (value, error) {
	m, err := b.leaderGet(ctx, bucketStreamPrefix+bucket, getRequest{LastFor: keySubject(bucket, key)})
	if errors.Is(err, ErrNotFound) {
		return value{gone: true}, nil
	}
	if err != nil {
		return value{}, fmt.Errorf("%s key %q: %w", bucket, key, err)
	}
	return value{seq: m.Sequence, data: m.Data, stored: m.Time, gone: isMarker(m.Header)}, nil
}

func isMarker(h nats.Header) bool {
	return h.Get(headerOperation) != "" || h.Get(jetstream.MarkerReasonHeader) != ""
}

// writeKey stores a value expecting the key at a sequence, and returns the new
// one. It fails with *RevisionConflict when the key is not there any more. A
// time to live of 0 means for ever.
func (b *Bus) writeKey(ctx context.Context, bucket, key string, expect uint64, ttl time.Duration, data []byte, operation string) (uint64, error) {
	id := nuid.Next()
	m := &nats.Msg{
		Subject: keySubject(bucket, key),
		Header: nats.Header{
			jetstream.MsgIDHeader:               {id},
			jetstream.ExpectedStreamHeader:      {bucketStreamPrefix + bucket},
			jetstream.ExpectedLastSubjSeqHeader: {strconv.FormatUint(expect, 10)},
		},
		Data: data,
	}
	if ttl > 0 {
		m.Header[jetstream.MsgTTLHeader] = []string{ttl.String()}
	}
	if operation != "" {
		m.Header[headerOperation] = []string{operation}
	}
	return b.send(ctx, m, func(ctx context.Context, duplicate uint64) (finding, bool) {
		if duplicate != 0 {
			return finding{seq: duplicate}, true
		}
		last, err := b.leaderGet(ctx, bucketStreamPrefix+bucket, getRequest{LastFor: m.Subject})
		switch {
		case errors.Is(err, ErrNotFound) && expect != 0:
			return finding{err: &RevisionConflict{Bucket: bucket, Key: key, Expected: expect}}, true
		case err != nil:
			return finding{}, false
		case last.Header.Get(jetstream.MsgIDHeader) == id:
			return finding{seq: last.Sequence}, true
		case last.Sequence != expect:
			return finding{err: &RevisionConflict{Bucket: bucket, Key: key, Expected: expect}}, true
		default:
			return finding{}, false
		}
	})
}
