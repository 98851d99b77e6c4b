package intake

import (
	"context"
	"fmt"

	"lifeboat.io/events"
	"lifeboat.io/pkg/bus"
	"lifeboat.io/services/ticket-intake/judgement"
	"lifeboat.io/services/ticket-intake/progress"
	"lifeboat.io/services/ticket-intake/ticket"
	"lifeboat.io/services/ticket-intake/vmruns"
)

// passOn tells the tickets concerned of a failover event.
func (s *Service) passOn(ctx context.Context, d bus.Delivery) error {
	agg, _, err := events.ParseSubject(d.Subject)
	if err != nil {
		return bus.Poison(err)
	}
	data, err := events.Decode(d.Event)
	if err != nil {
		return bus.Poison(err)
	}
	vm, err := s.vms.read(ctx, agg)
	if err != nil {
		return err
	}
	for _, to := range progress.Concerned(data, vm) {
		if err := s.tell(ctx, agg.Account, to, d, data); err != nil {
			return fmt.Errorf("tell %s: %w", to, err)
		}
	}
	return nil
}

// tell publishes on one ticket what a failover event means to it, until
// nothing is left to say.
func (s *Service) tell(ctx context.Context, account string, to events.TicketRef, d bus.Delivery, data any) error {
	for range maxRounds {
		t, err := s.readTicket(ctx, account, to)
		if err != nil {
			return err
		}
		news, id, err := s.news(ctx, account, t, to, d, data)
		if err != nil || news == nil {
			return err
		}
		err = s.publish(ctx, written{account: account, on: to, after: t, id: id, data: news, because: d.Event})
		if err != nil && !isConflict(err) {
			return err
		}
	}
	return errMoving
}

// news is the next thing to say to a ticket; nil when there is nothing.
func (s *Service) news(ctx context.Context, account string, t ticket.Ticket, to events.TicketRef, d bus.Delivery, data any) (any, string, error) {
	if p, ok := progress.Progressed(t, to, d.Event.ID(), data); ok {
		return p, judgement.ProgressedID(account, to, d.Event.ID()), nil
	}
	if !progress.MayClose(data) || !progress.Open(t, to.Revision) {
		return nil, "", nil
	}
	target := t
	if number := progress.Target(t, to); number != to.Ticket {
		var err error
		if target, err = s.readTicket(ctx, account, events.TicketRef{System: to.System, Ticket: number}); err != nil {
			return nil, "", err
		}
	}
	vms := map[string]vmruns.VM{}
	for _, id := range progress.Reads(t, to.Revision) {
		vm, err := s.vms.read(ctx, vmAggregate(account, id))
		if err != nil || !progress.Settled(t, target, to, id, vm) {
			return nil, "", err
		}
		vms[id] = vm
	}
	if last, ok := progress.Closed(t, target, to, vms); ok {
		return last, judgement.ClosedID(account, to), nil
	}
	return nil, "", nil
}
