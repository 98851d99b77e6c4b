package telemetry

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"

	"go.opentelemetry.io/otel/trace"
)

// keyed is the id of the next span below a certain one.
type keyed struct {
	below trace.SpanID // not valid: below none
	id    trace.SpanID
}

// keyedKey is where Keyed leaves it.
type keyedKey struct{}

// Keyed gives the next span that is begun with this context an id that follows
// from a key and is the same in every process; spans further below have ids of
// their own. So a span that one process began and another ends is one span. A
// key must name one span of a trace, for good.
func Keyed(ctx context.Context, key string) context.Context {
	sum := sha256.Sum256([]byte(key))
	next := keyed{below: trace.SpanContextFromContext(ctx).SpanID()}
	copy(next.id[:], sum[:])
	return context.WithValue(ctx, keyedKey{}, next)
}

// ids generates random ids, except where a key was given.
type ids struct{}

// NewIDs implements the SDK's IDGenerator.
func (g ids) NewIDs(ctx context.Context) (trace.TraceID, trace.SpanID) {
	var id trace.TraceID
	for !id.IsValid() {
		binary.BigEndian.PutUint64(id[:8], rand.Uint64())
		binary.BigEndian.PutUint64(id[8:], rand.Uint64())
	}
	return id, g.NewSpanID(ctx, id)
}

// NewSpanID implements the SDK's IDGenerator.
func (ids) NewSpanID(ctx context.Context, _ trace.TraceID) trace.SpanID {
	next, ok := ctx.Value(keyedKey{}).(keyed)
	if ok && next.id.IsValid() && next.below == trace.SpanContextFromContext(ctx).SpanID() {
		return next.id
	}
	var id trace.SpanID
	for !id.IsValid() {
		binary.BigEndian.PutUint64(id[:], rand.Uint64())
	}
	return id
}
