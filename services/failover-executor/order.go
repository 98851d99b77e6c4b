package executor

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"lifeboat.io/events"
	"lifeboat.io/pkg/bus"
	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/inventory"
	"lifeboat.io/services/failover-executor/run"
)

// accepted handles one accepted ticket: each of its VMs is handed to its
// worker, and the ticket is acknowledged when every one has its answer in the
// log. A crash before that delivers it again, which changes nothing.
func (x *Executor) accepted(ctx context.Context, d bus.Delivery) error {
	ticket, err := decode(d.Recorded)
	if err != nil {
		return bus.Poison(err)
	}
	return x.carryOut(ctx, d.Recorded, ticket)
}

// decode reads an accepted ticket.
func decode(r bus.Recorded) (*events.TicketAccepted, error) {
	data, err := events.Decode(r.Event)
	if err != nil {
		return nil, err
	}
	ticket, ok := data.(*events.TicketAccepted)
	if !ok {
		return nil, fmt.Errorf("event %s: want an accepted ticket", r.Event.Type())
	}
	return ticket, nil
}

// carryOut hands a ticket's items to their workers and waits for the answers.
func (x *Executor) carryOut(ctx context.Context, r bus.Recorded, ticket *events.TicketAccepted) error {
	var answers []<-chan error
	for _, item := range ticket.Items {
		if !item.Accepted() {
			continue
		}
		o, err := x.order(ctx, r, *ticket, item)
		if err != nil {
			return err
		}
		answers = append(answers, x.hand(o, r))
	}
	for _, answer := range answers {
		select {
		case err := <-answer:
			if err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// hand gives an order to its VM's worker.
func (x *Executor) hand(o run.Order, r bus.Recorded) <-chan error {
	answer := make(chan error, 1)
	agg := events.Aggregate{Family: events.FamilyFailover, Account: o.Ticket.Account, ID: o.Protection.VM.ID}
	x.worker(agg, func(w *worker) { w.post(letter{order: o, from: r, answer: answer}) })
	return answer
}

// order is an accepted item as the core wants it: with what the inventory says
// of the VM now, and whether the ticket still stands.
func (x *Executor) order(ctx context.Context, r bus.Recorded, ticket events.TicketAccepted, item events.Item) (run.Order, error) {
	o := run.Order{
		ID: r.Event.ID() + "/" + item.VM.ID, Ticket: ticket, Run: item.Run,
		AcceptedAt: r.Event.Time(), Since: time.Now(),
		Protection: run.Protection{VM: item.VM},
	}
	if !ticket.Action.Starts() {
		return o, nil
	}
	o.Protection, o.Unknown = protection(x.Inventory(), item.VM, ticket.Account)
	withdrawn, err := x.withdrawn(ctx, ticket.Account, ticket.TicketRef)
	o.Withdrawn = withdrawn
	return o, err
}

// protection is what the inventory says of a VM, or why that is not enough.
func protection(inv *inventory.Inventory, ref events.VMRef, accountID string) (run.Protection, string) {
	p := run.Protection{VM: ref}
	if inv == nil {
		return p, "there is no inventory"
	}
	vm, ok := inv.VM(ref.ID)
	account, known := inv.Account(accountID)
	if !ok || !known || vm.Account != accountID {
		return p, "the inventory has no such VM in this account any more"
	}
	p.VM.Name = vm.Name
	p.Hosts = [2]string{vm.Primary, vm.Replica}
	for i, name := range p.Hosts {
		host, ok := inv.Host(name)
		if !ok {
			return p, "the inventory has no host " + name
		}
		p.Receives[i] = receives(host)
	}
	network := vm.Network(nil)
	p.Test.Switch = network.Switch
	for _, a := range network.Adapters {
		p.Test.Adapters = append(p.Test.Adapters, events.AdapterSwitch{Adapter: a.Adapter, Switch: a.Switch})
	}
	p.HoldOpen = time.Duration(account.HoldOpenMinutes(nil)) * time.Minute
	p.CommitAfter = time.Duration(account.CommitAfterMinutes(nil)) * time.Minute
	p.ShutdownGrace = time.Duration(account.Defaults.ShutdownGraceSeconds) * time.Second
	p.AtWindowEnd = account.Defaults.AtWindowEnd
	return p, ""
}

// receives is how a host receives replication; without a word in the inventory
// a reverse replication keeps what the relationship has stored.
func receives(h inventory.Host) hyperv.ReplicaServer {
	if h.Replica == nil {
		return hyperv.ReplicaServer{}
	}
	return hyperv.ReplicaServer{
		Server: h.FQDN, Port: h.Replica.Port,
		Authentication:        hyperv.Authentication(h.Replica.Authentication),
		CertificateThumbprint: h.Replica.CertificateThumbprint,
	}
}

// withdrawn says why a ticket's revision must not begin any more.
func (x *Executor) withdrawn(ctx context.Context, account string, ticket events.TicketRef) (string, error) {
	agg := events.Aggregate{Family: events.FamilyTicket, Account: account, ID: ticket.Aggregate()}
	history, err := x.Bus.History(ctx, agg)
	if err != nil {
		return "", fmt.Errorf("ticket %s: %w", ticket, err)
	}
	for _, r := range history {
		data, err := events.Decode(r.Event)
		if err != nil {
			continue // not ours to judge; intake says so
		}
		switch d := data.(type) {
		case *events.TicketSuperseded:
			if d.Revision == ticket.Revision {
				return fmt.Sprintf("superseded by revision %d", d.By), nil
			}
		case *events.TicketCancelled:
			if d.Revision == ticket.Revision {
				return fmt.Sprintf("withdrawn by %s", d.By), nil
			}
		}
	}
	return "", nil
}

// follow lets workers that are busy hear of tickets that steer their runs,
// whichever executor's consumer is given them. It only saves time: the ticket
// itself waits at the consumer until it is answered.
func (x *Executor) follow(ctx context.Context) error {
	return x.Bus.Watch(ctx, bus.Watch{
		Filters: []string{events.TypeFilter(events.FamilyTicket, "accepted")},
		Start:   bus.FromNow(),
	}, func(r bus.Recorded) error {
		ticket, err := decode(r)
		if err != nil || ticket.Action.Starts() {
			return nil // told by the consumer
		}
		for _, item := range ticket.Items {
			if item.Accepted() {
				x.overhear(ctx, r, *ticket, item)
			}
		}
		return nil
	})
}

// overhear posts a steering order to a worker of this process, if there is one.
func (x *Executor) overhear(ctx context.Context, r bus.Recorded, ticket events.TicketAccepted, item events.Item) {
	o, err := x.order(ctx, r, ticket, item)
	if err != nil {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	agg := events.Aggregate{Family: events.FamilyFailover, Account: ticket.Account, ID: item.VM.ID}
	if w, ok := x.workers[agg]; ok {
		w.post(letter{order: o, from: r, answer: make(chan error, 1)})
	}
}

// deferral is what a timer of an order that is put off carries.
type deferral struct {
	Account string `json:"account"`
	Ticket  string `json:"ticket"` // aggregate id
	Event   string `json:"event"`  // id of the accepted event
	VM      string `json:"vm"`     // whose order, or whose run
}

// putOff arms a timer for an order that must not begin yet.
func (x *Executor) putOff(ctx context.Context, l letter, until time.Time) error {
	body, err := json.Marshal(deferral{Account: l.order.Ticket.Account, Ticket: l.order.Ticket.Aggregate(), Event: l.from.Event.ID(), VM: l.order.Protection.VM.ID})
	if err != nil {
		return err
	}
	return x.Bus.Arm(ctx, bus.Timer{Owner: name, Key: "order " + l.order.ID, Due: until, Body: body})
}

// remind arms a timer for a run that rests until a deadline.
func (x *Executor) remind(ctx context.Context, agg events.Aggregate, until time.Time) error {
	body, err := json.Marshal(deferral{Account: agg.Account, VM: agg.ID})
	if err != nil {
		return err
	}
	return x.Bus.Arm(ctx, bus.Timer{Owner: name, Key: "run " + agg.String(), Due: until, Body: body})
}

// fired handles a timer. It guards against one that comes late, early or twice
// by only looking again: the core compares times itself.
func (x *Executor) fired(ctx context.Context, f bus.Fired) error {
	var d deferral
	if err := json.Unmarshal(f.Body, &d); err != nil {
		return bus.Poison(fmt.Errorf("timer %s: %w", f.Key, err))
	}
	if d.Event == "" {
		agg := events.Aggregate{Family: events.FamilyFailover, Account: d.Account, ID: d.VM}
		x.worker(agg, func(w *worker) { w.wake() })
		return nil
	}
	history, err := x.Bus.History(ctx, events.Aggregate{Family: events.FamilyTicket, Account: d.Account, ID: d.Ticket})
	if err != nil {
		return err
	}
	for _, r := range history {
		if r.Event.ID() != d.Event {
			continue
		}
		ticket, err := decode(r)
		if err != nil {
			return bus.Poison(err)
		}
		ticket.Items = only(ticket.Items, d.VM)
		return x.carryOut(ctx, r, ticket)
	}
	return bus.Poison(fmt.Errorf("timer %s: ticket %s has no event %s", f.Key, d.Ticket, d.Event))
}

// only keeps the item of one VM.
func only(items []events.Item, vm string) []events.Item {
	var out []events.Item
	for _, i := range items {
		if i.VM.ID == vm {
			out = append(out, i)
		}
	}
	return out
}
