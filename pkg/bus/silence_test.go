package bus

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"lifeboat.io/events"
)

// TestSilenceBeforeTheGoal: a message is there and does not come, as when the
// request for it was lost. Whoever reads notices within goalPatience and asks
// anew; a consumer that hears of another subject stands for the lost request.
func TestSilenceBeforeTheGoal(t *testing.T) {
	t.Parallel()
	b, err := Open(t.Context(), Config{Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	if _, err := b.js.Publish(t.Context(), events.InboxSubject("acme"), nil); err != nil {
		t.Fatal(err)
	}
	consumer, err := b.js.CreateConsumer(t.Context(), StreamDeadLetters, jetstream.ConsumerConfig{AckPolicy: jetstream.AckNonePolicy})
	if err != nil {
		t.Fatal(err)
	}
	messages, err := consumer.Messages(jetstream.PullHeartbeat(watchHeartbeat))
	if err != nil {
		t.Fatal(err)
	}
	defer messages.Stop()

	f := follow{stream: StreamInbox, filters: []string{events.InboxFilter}}
	at := cursor{start: FromBeginning()}
	if err := b.setGoal(t.Context(), f, &at); err != nil || at.goal != 1 {
		t.Fatalf("goal %d, %v", at.goal, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*goalPatience)
	defer cancel()
	begun := time.Now()
	if _, err := b.next(ctx, f, &at, messages); err == nil || !strings.Contains(err.Error(), "message 1 is there") {
		t.Errorf("after %s: %v", time.Since(begun), err)
	}
}
