package intake

import (
	"fmt"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"lifeboat.io/events"
	"lifeboat.io/pkg/bus"
)

// BenchmarkAnswer is the time from a delivery to its answer on the log, which
// is flushed to disk each time.
func BenchmarkAnswer(b *testing.B) {
	s := crashing(b)
	n := 0
	for b.Loop() {
		n++
		r := revision(1, events.ActionPlanned)
		r.Ticket = fmt.Sprintf("T-%d", n)
		e := event.New()
		e.SetID(r.Ticket)
		e.SetSource("/desk")
		e.SetType("io.lifeboat.ticket.submitted.v1")
		if err := e.SetData(event.ApplicationJSON, r); err != nil {
			b.Fatal(err)
		}
		d := bus.Delivery{Recorded: bus.Recorded{Subject: events.InboxSubject(r.Account), Stored: time.Now(), Event: e}, Attempt: 1}
		if err := s.answer(b.Context(), d); err != nil {
			b.Fatal(err)
		}
	}
}
