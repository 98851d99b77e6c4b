package bus

import (
	"context"
	"fmt"

	"github.com/cloudevents/sdk-go/v2/event"

	"lifeboat.io/events"
)

// Submit puts a ticket's event into the inbox of an account, on behalf of a
// ticket system, and returns once it is stored. The same event (source and id)
// submitted again within the stream's duplicate window is stored once; later
// repetitions are for ticket-intake to recognise. It fails with ErrAway,
// ErrFull (try again later), ErrTooLarge, ErrInvalid or ErrUnknown.
func (b *Bus) Submit(ctx context.Context, account string, e event.Event) (err error) {
	if account == "" {
		return fmt.Errorf("%w: account is empty", ErrInvalid)
	}
	m, err := b.encode(events.InboxSubject(account), e)
	if err != nil {
		return err
	}
	ctx, span := b.startPublish(ctx, m, &e)
	defer func() { endSpan(span, err) }()
	_, err = b.send(ctx, m, sameID)
	return err
}
