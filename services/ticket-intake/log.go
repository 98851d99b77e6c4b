package intake

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/cloudevents/sdk-go/v2/event"

	"lifeboat.io/events"
	"lifeboat.io/pkg/bus"
	"lifeboat.io/pkg/telemetry/journey"
	"lifeboat.io/services/ticket-intake/ticket"
	"lifeboat.io/services/ticket-intake/vmruns"
)

// readTicket folds the ticket that ref is a revision of.
func (s *Service) readTicket(ctx context.Context, account string, ref events.TicketRef) (ticket.Ticket, error) {
	return s.tickets.read(ctx, ticketAggregate(account, ref))
}

// applyTicket is a ticket after an event.
func applyTicket(t ticket.Ticket, r bus.Recorded, data any) ticket.Ticket {
	return t.Apply(ticket.Event{Seq: r.Seq, ID: r.Event.ID(), At: r.Event.Time(), Data: data})
}

// applyVM is a VM after an event.
func applyVM(vm vmruns.VM, _ bus.Recorded, data any) vmruns.VM { return vm.Apply(data) }

func ticketAggregate(account string, ref events.TicketRef) events.Aggregate {
	return events.Aggregate{Family: events.FamilyTicket, Account: account, ID: ref.Aggregate()}
}

func vmAggregate(account, id string) events.Aggregate {
	return events.Aggregate{Family: events.FamilyFailover, Account: account, ID: id}
}

// decode reads an event's data; nil for a type that only a newer version knows.
func decode(r bus.Recorded) (any, error) {
	if _, known := events.EntryByType(r.Event.Type()); !known {
		return nil, nil
	}
	return events.Decode(r.Event)
}

// ends are the events after which a VM is in no run, whatever came before.
var ends = []string{"cancelled", "succeeded", "failed"}

// readRuns folds the runs of VMs. With onlyActive it may leave out runs that
// are over, and reads no more than it must to know.
func (s *Service) readRuns(ctx context.Context, account string, ids []string, onlyActive bool) (map[string]vmruns.VM, error) {
	vms := make(map[string]vmruns.VM, len(ids))
	for _, id := range ids {
		agg := vmAggregate(account, id)
		if onlyActive {
			last, any, err := s.bus.Last(ctx, agg)
			if err != nil {
				return nil, err
			}
			if !any || slices.Contains(ends, events.ShortName(last.Event.Type())) {
				continue
			}
		}
		vm, err := s.vms.read(ctx, agg)
		if err != nil {
			return nil, err
		}
		vms[id] = vm
	}
	return vms, nil
}

// written is a ticket event to be published.
type written struct {
	account string
	// on is the ticket revision it is about, after the ticket as it was read.
	on    events.TicketRef
	after ticket.Ticket
	// id and data are the event.
	id   string
	data any
	// because is the event that led to it.
	because event.Event
}

// publish appends a ticket event. It fails with *bus.Conflict when the ticket
// moved on.
func (s *Service) publish(ctx context.Context, w written) error {
	agg := ticketAggregate(w.account, w.on)
	meta := events.Meta{
		ID: w.id, Source: events.FamilyTicket.Source(), Time: s.now(), Sequence: w.after.Count + 1,
		Correlation: w.on.Aggregate(), Causation: w.because.ID(),
	}
	journey.Continue(w.because, &meta)
	journey.Begin(ctx, &meta)
	e, err := events.New(agg, meta, w.data)
	if err != nil {
		return bus.Poison(fmt.Errorf("ticket %s: %w", w.on, err))
	}
	_, err = s.bus.Append(ctx, agg, w.after.Seq, e)
	if errors.Is(err, bus.ErrInvalid) || errors.Is(err, bus.ErrTooLarge) {
		return bus.Poison(fmt.Errorf("ticket %s: %w", w.on, err)) // it will be no better next time
	}
	return err
}

func isConflict(err error) bool {
	var conflict *bus.Conflict
	return errors.As(err, &conflict)
}
