package intake

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"lifeboat.io/events"
	"lifeboat.io/pkg/bus"
	"lifeboat.io/pkg/contract"
	"lifeboat.io/services/ticket-intake/judgement"
	"lifeboat.io/services/ticket-intake/ticket"
)

// maxRounds bounds how often a ticket is judged anew because of what was
// published meanwhile, by us or by others.
const maxRounds = 50

// errMoving means that others kept publishing on the ticket. It is tried again
// later.
var errMoving = fmt.Errorf("the ticket was written to %d times while it was being answered", maxRounds)

// answer answers a submitted ticket. What cannot be answered, because it does
// not even say which ticket it is, becomes a dead letter.
func (s *Service) answer(ctx context.Context, d bus.Delivery) error {
	account, err := inboxAccount(d.Subject)
	if err != nil {
		return bus.Poison(err)
	}
	submitted, malformed := contract.ValidateSubmitted(d.Event)
	if submitted.System == "" || submitted.Ticket == "" || submitted.Revision == 0 {
		return bus.Poison(fmt.Errorf("nobody to answer: system, ticket or revision cannot be read: %s", joinReasons(malformed)))
	}
	c := judgement.Case{
		Request:     submitted.Request,
		Malformed:   append(malformed, judgement.Envelope(account, d.Event, submitted)...),
		Answer:      judgement.AnswerID(submitted.Request),
		SubmittedAt: submittedAt(d.Event.Time(), d.Stored),
	}
	if len(malformed) > 0 {
		c.Answer = judgement.MalformedID(submitted.Request, d.Event.Data())
	}
	c.Request.Account = account // who may write to this inbox was decided by the bus
	log := s.log.With("account", account, "ticket", c.Request.String(), "action", c.Request.Action)
	for range maxRounds {
		v, on, err := s.judge(ctx, &c)
		if err != nil {
			return err
		}
		switch v.Do {
		case judgement.Rest:
			return nil
		case judgement.GiveUp:
			return bus.Poison(fmt.Errorf("ticket %s has %d events; it gets no further answers", c.Request.TicketRef, c.Ticket.Count))
		}
		err = s.publish(ctx, written{
			account: account, on: v.On, after: on, id: v.ID, data: v.Event, because: d.Event,
		})
		switch {
		case isConflict(err):
			continue
		case err != nil:
			return err
		}
		log.InfoContext(ctx, "said", "event", fmt.Sprintf("%T", v.Event))
		if v.ID == c.Answer {
			s.traceAnswer(ctx, c, v)
			return nil
		}
	}
	return errMoving
}

// traceAnswer makes the span of how long a ticket waited for its answer, from
// its submission on, wherever it waited: the first part of the time that its
// failover takes.
func (s *Service) traceAnswer(ctx context.Context, c judgement.Case, v judgement.Verdict) {
	_, span := s.tracer.Start(ctx, "answer ticket", trace.WithTimestamp(c.SubmittedAt))
	defer span.End()
	entry, _ := events.EntryOf(v.Event)
	span.SetAttributes(
		attribute.String("lifeboat.account", c.Request.Account),
		attribute.String("lifeboat.action", string(c.Request.Action)),
		attribute.String("lifeboat.outcome", entry.Event),
		attribute.String("messaging.message.conversation_id", c.Request.Aggregate()),
	)
}

// judge reads everything anew and asks for the next thing to do. It returns
// the state of the ticket that the verdict is about.
func (s *Service) judge(ctx context.Context, c *judgement.Case) (judgement.Verdict, ticket.Ticket, error) {
	var err error
	if c.Ticket, err = s.readTicket(ctx, c.Request.Account, c.Request.TicketRef); err != nil {
		return judgement.Verdict{}, ticket.Ticket{}, err
	}
	if r := c.Request; r.Refers != "" && r.Refers != r.Ticket {
		other := events.TicketRef{System: r.System, Ticket: r.Refers}
		if c.Target, err = s.readTicket(ctx, r.Account, other); err != nil {
			return judgement.Verdict{}, ticket.Ticket{}, err
		}
	}
	c.Inventory, c.Now = s.inventory.Load().Inventory, s.now().UTC()
	fresh := c.Request.Action.Starts() && len(c.Ticket.Runs()) == 0
	if c.VMs, err = s.readRuns(ctx, c.Request.Account, judgement.Reads(*c), fresh); err != nil {
		return judgement.Verdict{}, ticket.Ticket{}, err
	}
	v := judgement.Judge(*c)
	if v.On.Ticket != c.Request.Ticket {
		return v, c.Target, nil
	}
	return v, c.Ticket, nil
}

// inboxAccount is the account an inbox belongs to.
func inboxAccount(subject string) (string, error) {
	prefix := strings.TrimSuffix(events.InboxFilter, "*")
	token, ok := strings.CutPrefix(subject, prefix)
	if !ok {
		return "", fmt.Errorf("subject %q is no account's inbox", subject)
	}
	account, err := events.Untoken(token)
	if err != nil || account == "" {
		return "", errors.Join(fmt.Errorf("subject %q names no account", subject), err)
	}
	return account, nil
}

// submittedAt is when a ticket was submitted: by its own word, unless it says
// nothing or a time after the bus took it, which a clock that is ahead does.
func submittedAt(said, stored time.Time) time.Time {
	if said.IsZero() || said.After(stored) {
		return stored.UTC()
	}
	return said.UTC()
}

func joinReasons(reasons []events.Reason) string {
	lines := make([]string, len(reasons))
	for i, r := range reasons {
		lines[i] = r.String()
	}
	return strings.Join(lines, " | ")
}
