package intake_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"lifeboat.io/events"
	"lifeboat.io/pkg/contract"
	"lifeboat.io/pkg/inventory"
	"lifeboat.io/services/ticket-intake/judgement"
	"lifeboat.io/services/ticket-intake/progress"
	"lifeboat.io/services/ticket-intake/ticket"
	"lifeboat.io/services/ticket-intake/vmruns"
)

// desk is the three cores around a log in memory: what the service does, with
// the bus left out. Its account is acme and its system desk.
type desk struct {
	inv *inventory.Inventory
	now time.Time
	// tickets and vms are the events of each aggregate.
	tickets map[string][]ticket.Event
	vms     map[string][]any
	// said tells every event published, in order.
	said []string
	seq  uint64
	// between, when set, runs before each event is published: what others do meanwhile.
	between func()
}

var deskVMs = map[string]string{
	"bank-db":  "00000000-0000-4000-8000-000000000001",
	"bank-web": "00000000-0000-4000-8000-000000000002",
	"bank-app": "00000000-0000-4000-8000-000000000003",
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	return &desk{inv: deskInventory(t), now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), tickets: map[string][]ticket.Event{}, vms: map[string][]any{}}
}

// deskInventory has account acme with three VMs, and the contacts Alex, who
// may do everything, and Sam, who may test.
func deskInventory(t testing.TB) *inventory.Inventory {
	t.Helper()
	doc := inventory.Document{
		Systems: []inventory.System{{Name: "desk", Accounts: []string{"*"}}},
		Accounts: []inventory.Account{{ID: "acme", Kind: inventory.Managed, Contacts: []inventory.Contact{
			{Name: "Alex Example", Email: "alex@acme.example", May: []inventory.Right{"test", "planned", "unplanned", "override"}},
			{Name: "Sam Example", Email: "sam@acme.example", May: []inventory.Right{"test"}},
		}}, {ID: "globex", Kind: inventory.Unmanaged}},
		Sites:       []inventory.Site{{Name: "north"}},
		Credentials: []inventory.Credential{{Name: "hyperv", User: "svc"}},
	}
	doc.Credentials[0].Password.Env = "HV_PASSWORD"
	for i, name := range []string{"hv01", "hv02"} {
		doc.Hosts = append(doc.Hosts, inventory.Host{Name: name, Site: "north", Address: fmt.Sprintf("192.0.2.%d", i+1), FQDN: name + ".lab.test", WinRM: inventory.WinRM{Credential: "hyperv"}})
	}
	for name, id := range deskVMs {
		doc.VMs = append(doc.VMs, inventory.VM{ID: id, Name: name, Account: "acme", Primary: "hv01", Replica: "hv02", Test: inventory.TestNetwork{Switch: "Isolated"}})
	}
	inv, err := inventory.New(doc)
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

func (d *desk) fold(number string) ticket.Ticket {
	return ticket.Fold(d.tickets[events.TicketID("desk", number)])
}

func (d *desk) runs(ids []string) map[string]vmruns.VM {
	runs := map[string]vmruns.VM{}
	for _, id := range ids {
		runs[id] = vmruns.Fold(d.vms[id])
	}
	return runs
}

// submit judges a ticket to its end. It returns how many events that took.
func (d *desk) submit(t testing.TB, r events.Request) int {
	t.Helper()
	const enough = 10
	for published := range enough {
		c := judgement.Case{
			Request: r, Answer: judgement.AnswerID(r), SubmittedAt: d.now, Inventory: d.inv,
			Ticket: d.fold(r.Ticket), Target: d.fold(r.Refers), Now: d.now,
		}
		c.VMs = d.runs(judgement.Reads(c))
		v := judgement.Judge(c)
		if v.Do != judgement.Publish {
			return published
		}
		d.publish(t, v.On, v.ID, v.Event)
	}
	t.Fatalf("%s is still not answered after %d events", r.TicketRef, enough)
	return 0
}

func (d *desk) publish(t testing.TB, on events.TicketRef, id string, data any) {
	t.Helper()
	if d.between != nil {
		d.between()
	}
	agg := on.Aggregate()
	if slices.ContainsFunc(d.tickets[agg], func(e ticket.Event) bool { return e.ID == id }) {
		t.Errorf("event id %s is used twice on %s", id, agg)
	}
	about := events.Aggregate{Family: events.FamilyTicket, Account: "acme", ID: agg}
	e, err := events.New(about, events.Meta{
		ID: id, Source: events.FamilyTicket.Source(), Time: d.now, Sequence: uint64(len(d.tickets[agg]) + 1), Correlation: agg,
	}, data)
	if err != nil {
		t.Fatal(err)
	}
	if err := contract.Validate(e); err != nil {
		t.Errorf("%v\n%s", err, e.Data())
	}
	d.seq++
	d.tickets[agg] = append(d.tickets[agg], ticket.Event{Seq: d.seq, ID: id, At: d.now, Data: data})
	entry, ok := events.EntryOf(data)
	if !ok {
		t.Fatalf("no event type for %T", data)
	}
	d.said = append(d.said, entry.Event+": "+entry.Sentence(data))
}

// executor records a failover event and passes it on. It returns how many
// ticket events that took.
func (d *desk) executor(t testing.TB, data any) int {
	t.Helper()
	ref, ok := progress.Run(data)
	if !ok {
		t.Fatalf("%T is about no run", data)
	}
	d.vms[ref.VM.ID] = append(d.vms[ref.VM.ID], data)
	return d.passOn(t, ref.VM.ID, len(d.vms[ref.VM.ID])-1)
}

// passOn delivers the nth event of a VM to the tickets.
func (d *desk) passOn(t testing.TB, vm string, nth int) int {
	t.Helper()
	data, published := d.vms[vm][nth], 0
	for _, to := range progress.Concerned(data, vmruns.Fold(d.vms[vm])) {
		own := d.fold(to.Ticket)
		cause := fmt.Sprintf("%s-%d", vm, nth)
		if p, ok := progress.Progressed(own, to, cause, data); ok {
			d.publish(t, to, judgement.ProgressedID("acme", to, cause), p)
			published++
			own = d.fold(to.Ticket)
		}
		target := d.fold(progress.Target(own, to))
		if !progress.MayClose(data) {
			continue
		}
		if last, ok := progress.Closed(own, target, to, d.runs(progress.Reads(own, to.Revision))); ok {
			d.publish(t, to, judgement.ClosedID("acme", to), last)
			published++
		}
	}
	return published
}

// run is the reference to a run of a ticket.
func (d *desk) run(by events.TicketRef, vm string, kind events.Kind) events.RunRef {
	id := deskVMs[vm]
	return events.RunRef{Account: "acme", Run: events.RunID(by, id), VM: events.VMRef{ID: id, Name: vm}, Kind: kind, Ticket: by}
}

func deskRef(s string) (events.TicketRef, error) {
	number, revision, ok := strings.Cut(s, "/")
	ref := events.TicketRef{System: "desk", Ticket: number, Revision: 1}
	if ok {
		if _, err := fmt.Sscanf(revision, "%d", &ref.Revision); err != nil {
			return ref, fmt.Errorf("revision %q: %w", revision, err)
		}
	}
	return ref, nil
}

func inventoryOf(doc inventory.Document) (*inventory.Inventory, error) { return inventory.New(doc) }

// past is a ticket with a superseded revision and a refused one with a dispute.
func past() ticket.Ticket {
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	one, two := events.TicketRef{System: "desk", Ticket: "T-1", Revision: 1}, events.TicketRef{System: "desk", Ticket: "T-1", Revision: 2}
	return ticket.Fold([]ticket.Event{
		{Seq: 1, ID: "a", At: at, Data: &events.TicketAccepted{
			Request: events.Request{TicketRef: one, Action: events.ActionTest}, Items: []events.Item{{VM: events.VMRef{Name: "bank-db"}, Run: "r-1"}}}},
		{Seq: 2, ID: "b", At: at, Data: &events.TicketSuperseded{TicketRef: one, By: 2}},
		{Seq: 3, ID: "c", At: at, Data: &events.TicketRefused{TicketRef: two, Action: events.ActionCleanup,
			Reasons: []events.Reason{events.NewReason("c", "f", "v", "p", "x")}}},
		{Seq: 4, ID: "d", At: at, Data: &events.TicketRefused{TicketRef: two, Reasons: []events.Reason{events.NewReason("d", "f", "v", "p", "x")}}},
	})
}
