package bus

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"lifeboat.io/events"
)

// streamTable is every stream with the settings our promises rest on.
func streamTable(c Config) []jetstream.StreamConfig {
	table := []jetstream.StreamConfig{
		{
			Name:        StreamEvents,
			Description: "Every change of state, once, in order.",
			Subjects:    eventFilters(),
			Discard:     jetstream.DiscardNew,
			DenyDelete:  true,
			DenyPurge:   true,
			MaxAge:      eventsMaxAge,
			MaxBytes:    c.EventsMaxBytes,
			MaxMsgSize:  maxEventMessage,
			Compression: jetstream.S2Compression,
		},
		{
			// A work queue, so that what is answered makes room for what is
			// not: a full inbox then means tickets arrive faster than they are
			// answered, and says so to whoever submits.
			Name:        StreamInbox,
			Description: "Submitted tickets until they are answered.",
			Subjects:    []string{events.InboxFilter},
			Retention:   jetstream.WorkQueuePolicy,
			Discard:     jetstream.DiscardNew,
			MaxMsgs:     inboxMaxMsgs,
			MaxBytes:    inboxMaxBytes,
			MaxMsgSize:  maxInboxMessage,
		},
		{
			// The server has no schedules in streams that discard new
			// messages, so this one is bounded by its subjects: one timer each.
			Name:              StreamTimers,
			Description:       "Timers, armed and due.",
			Subjects:          []string{armedFilter, dueFilter},
			Discard:           jetstream.DiscardOld,
			MaxMsgsPerSubject: 1,
			MaxMsgSize:        maxSmallMessage,
			AllowMsgSchedules: true,
			AllowMsgTTL:       true,
			AllowRollup:       true,
		},
		{
			Name:        StreamSamples,
			Description: "Figures of the last two days.",
			Subjects:    []string{SampleFilter},
			Discard:     jetstream.DiscardOld,
			MaxAge:      samplesMaxAge,
			MaxBytes:    samplesMaxBytes,
			MaxMsgSize:  maxSmallMessage,
			Compression: jetstream.S2Compression,
		},
		{
			Name:        StreamDeadLetters,
			Description: "What could not be handled, and what was done about it.",
			Subjects:    []string{deadFilter, replayFilter, discardFilter, exhaustedFilter, terminatedFilter},
			Discard:     jetstream.DiscardOld,
			DenyDelete:  true,
			DenyPurge:   true,
			MaxAge:      deadMaxAge,
			MaxMsgs:     deadMaxMsgs,
			MaxBytes:    deadMaxBytes,
			MaxMsgSize:  maxDeadMessage,
		},
		bucketStream(BucketInventory, "The inventory's revisions.", inventoryHistory, maxInventoryValue),
		expiring(bucketStream(BucketLeases, "Who works on what.", 1, maxSmallMessage)),
		expiring(bucketStream(BucketSeen, "What may be used only once.", 1, maxSmallMessage)),
	}
	for i := range table {
		s := &table[i]
		s.Storage = jetstream.FileStorage
		s.Replicas = c.Replicas
		s.AllowDirect = true
		s.Duplicates = duplicateWindow
	}
	return table
}

// bucketStream is the stream under a key-value bucket, as the client library
// lays it out, so that one table and one check serve streams and buckets.
func bucketStream(bucket, description string, history int64, maxValue int32) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name:              bucketStreamPrefix + bucket,
		Description:       description,
		Subjects:          []string{bucketSubjectPrefix + bucket + ".>"},
		Discard:           jetstream.DiscardNew,
		MaxMsgsPerSubject: history,
		MaxMsgSize:        maxValue,
		AllowRollup:       true,
		DenyDelete:        true,
	}
}

// expiring lets single keys of a bucket expire and leave a marker for watchers.
func expiring(s jetstream.StreamConfig) jetstream.StreamConfig {
	s.AllowMsgTTL = true
	s.SubjectDeleteMarkerTTL = markerTTL
	return s
}

// provision makes sure that every stream is there and keeps our promises.
// Streams that exist are never changed: whoever runs the servers may have
// reasons, and a silent change of a log's settings is none of ours.
func (b *Bus) provision(ctx context.Context) error {
	var mismatches []error
	for _, want := range streamTable(b.config) {
		have, err := b.ensureStream(ctx, want)
		if err != nil {
			return fmt.Errorf("bus: stream %s: %w", want.Name, err)
		}
		if differences := compare(have, want); len(differences) > 0 {
			mismatches = append(mismatches, &StreamMismatch{Stream: want.Name, Differences: differences})
		}
	}
	if b.config.Attach {
		for _, m := range mismatches {
			b.log.Warn("a stream is not as it should be", "error", m)
		}
		return nil
	}
	return errors.Join(mismatches...)
}

// ensureStream returns the settings of a stream, creating it when it is not there.
func (b *Bus) ensureStream(ctx context.Context, want jetstream.StreamConfig) (jetstream.StreamConfig, error) {
	stream, err := b.js.Stream(ctx, want.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) && b.config.Attach {
		return jetstream.StreamConfig{}, fmt.Errorf("%w on this server; start lifeboat on it first, or look at another", ErrNotFound)
	}
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		stream, err = b.js.CreateStream(ctx, want)
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
			// Another process was faster; its settings are compared like any others.
			stream, err = b.js.Stream(ctx, want.Name)
		}
	}
	var api *jetstream.APIError
	if errors.As(err, &api) && api.ErrorCode == codeReplicasNotSupported {
		return jetstream.StreamConfig{}, fmt.Errorf("replicas %d: the server is not part of a cluster; set replicas to 1 to accept that the loss of its disk loses the log: %w", want.Replicas, err)
	}
	if err != nil {
		return jetstream.StreamConfig{}, err
	}
	return stream.CachedInfo().Config, nil
}
