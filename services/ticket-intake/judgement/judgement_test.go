package judgement_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"lifeboat.io/events"
	"lifeboat.io/pkg/inventory"
	"lifeboat.io/services/ticket-intake/judgement"
	"lifeboat.io/services/ticket-intake/ticket"
)

const (
	db    = "00000000-0000-4000-8000-000000000001"
	web   = "00000000-0000-4000-8000-000000000002"
	twin1 = "00000000-0000-4000-8000-000000000003"
	twin2 = "00000000-0000-4000-8000-000000000004"
	bare  = "00000000-0000-4000-8000-000000000005"
	other = "00000000-0000-4000-8000-000000000006"
)

var (
	now  = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	alex = events.Person{Name: "Alex Example", Email: "alex@acme.example"}
	sam  = events.Person{Name: "Sam Example", Email: "sam@acme.example"}
)

// world is the inventory of these tests: two accounts, a system for each and
// one for both, twins of one name and a VM without a test network.
func world(t testing.TB) *inventory.Inventory {
	t.Helper()
	vm := func(id, name, account, testSwitch string) inventory.VM {
		return inventory.VM{ID: id, Name: name, Account: account, Primary: "hv01", Replica: "hv02", Test: inventory.TestNetwork{Switch: testSwitch}}
	}
	host := func(name, address string) inventory.Host {
		return inventory.Host{Name: name, Site: "north", Address: address, FQDN: name + ".lab.test", WinRM: inventory.WinRM{Credential: "hyperv"}}
	}
	login := inventory.Credential{Name: "hyperv", User: "svc"}
	login.Password.Env = "HV_PASSWORD"
	inv, err := inventory.New(inventory.Document{
		Systems: []inventory.System{{Name: "desk", Accounts: []string{"*"}}, {Name: "globex-desk", Accounts: []string{"globex"}}},
		Accounts: []inventory.Account{
			{ID: "acme", Kind: inventory.Managed, Contacts: []inventory.Contact{
				{Name: alex.Name, Email: "Alex@acme.example", May: []inventory.Right{"test", "planned", "unplanned", "override"}},
				{Name: sam.Name, Email: sam.Email, May: []inventory.Right{"test"}},
			}},
			{ID: "globex", Kind: inventory.Unmanaged},
		},
		Sites:       []inventory.Site{{Name: "north"}},
		Credentials: []inventory.Credential{login},
		Hosts:       []inventory.Host{host("hv01", "192.0.2.1"), host("hv02", "192.0.2.2")},
		VMs: []inventory.VM{
			vm(db, "bank-db", "acme", "Isolated"), vm(web, "bank-web", "acme", "Isolated"),
			vm(twin1, "twin", "acme", "Isolated"), vm(twin2, "twin", "acme", "Isolated"),
			vm(bare, "bare", "acme", ""), vm(other, "theirs", "globex", "Isolated"),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

// asks is a request of ticket T-1 in its first revision.
func asks(action events.Action, vms ...events.VMRef) events.Request {
	return events.Request{
		TicketRef: events.TicketRef{System: "desk", Ticket: "T-1", Revision: 1},
		Account:   "acme", Requester: alex, Action: action, VMs: vms,
	}
}

func named(name string) events.VMRef { return events.VMRef{Name: name} }

// with changes a request.
func with(r events.Request, change func(*events.Request)) events.Request {
	change(&r)
	return r
}

func at(minutes int) *time.Time {
	t := now.Add(time.Duration(minutes) * time.Minute)
	return &t
}

// of is the case of a request without any history.
func of(t testing.TB, r events.Request) judgement.Case {
	return judgement.Case{
		Request: r, Answer: judgement.AnswerID(r), SubmittedAt: now.Add(-time.Minute), Inventory: world(t), Now: now,
	}
}

// past is a history of accepted and other events of ticket T-1.
func past(data ...any) ticket.Ticket {
	var t ticket.Ticket
	for i, d := range data {
		id := "e" + string(rune('0'+i))
		if a, ok := d.(*events.TicketAccepted); ok {
			id = judgement.AnswerID(a.Request)
		}
		t = t.Apply(ticket.Event{Seq: uint64(i + 1), ID: id, At: now.Add(-time.Hour), Data: d})
	}
	return t
}

// accepted is the event that accepts a request for the given VMs.
func accepted(r events.Request, vms ...string) *events.TicketAccepted {
	names := map[string]string{db: "bank-db", web: "bank-web", twin1: "twin", twin2: "twin", bare: "bare"}
	a := &events.TicketAccepted{Request: r, SubmittedAt: now}
	for _, id := range vms {
		a.Items = append(a.Items, events.Item{VM: events.VMRef{ID: id, Name: names[id]}, Run: events.RunID(r.TicketRef, id)})
	}
	return a
}

// run is the reference in the events of a run that an accepted ticket asked for.
func run(a *events.TicketAccepted, vm string) events.RunRef {
	return events.RunRef{Account: "acme", Run: events.RunID(a.TicketRef, vm), VM: events.VMRef{ID: vm, Name: vm}, Kind: events.Kind(a.Action), Ticket: a.TicketRef}
}

// codes are the codes of all reasons of a verdict, and the fields they name.
func codes(v judgement.Verdict) map[string]string {
	found := map[string]string{}
	add := func(rs []events.Reason) {
		for _, r := range rs {
			found[r.Code] = r.Field
		}
	}
	switch e := v.Event.(type) {
	case *events.TicketRefused:
		add(e.Reasons)
		for _, item := range e.Items {
			add(item.Reasons)
		}
	case *events.TicketAccepted:
		for _, item := range e.Items {
			add(item.Reasons)
		}
	}
	return found
}

// reasonCase is one row of the table of refusals.
type reasonCase struct {
	name string
	c    judgement.Case
	// want are the codes with the fields they name; all of them.
	want map[judgement.Code]string
	// accepts tells that the ticket is accepted for its other VMs.
	accepts bool
}

func (r reasonCase) check(t *testing.T) {
	v := judgement.Judge(r.c)
	want := map[string]string{}
	for code, field := range r.want {
		want[string(code)] = field
	}
	if got := codes(v); !maps.Equal(got, want) {
		t.Errorf("reasons %v, want %v\n%+v", got, want, v.Event)
	}
	if _, ok := v.Event.(*events.TicketAccepted); ok != r.accepts {
		t.Errorf("verdict %T, want accepted %t", v.Event, r.accepts)
	}
	if v.ID != r.c.Answer || v.Do != judgement.Publish {
		t.Errorf("verdict %s with id %s, want an answer with id %s", v.Do, v.ID, r.c.Answer)
	}
	for _, reason := range allReasons(v) {
		if reason.Problem == "" || reason.Fix == "" || reason.Field == "" {
			t.Errorf("a reason without field, problem or fix: %+v", reason)
		}
	}
}

func allReasons(v judgement.Verdict) []events.Reason {
	refused, ok := v.Event.(*events.TicketRefused)
	if !ok {
		return nil
	}
	all := slices.Clone(refused.Reasons)
	for _, item := range refused.Items {
		all = append(all, item.Reasons...)
	}
	return all
}

func TestEveryReason(t *testing.T) {
	table := slices.Concat(wholeCases(t), vmCases(t), revisionCases(t), steeringCases(t))
	tested := map[string]bool{}
	for _, row := range table {
		for code := range row.want {
			tested[string(code)] = true
		}
		t.Run(row.name, row.check)
	}
	for _, code := range events.Names(judgement.Code("")) {
		if !tested[code] && !envelopeCodes[judgement.Code(code)] {
			t.Errorf("no row of the table gives reason %s", code)
		}
	}
}

func TestAcceptedTicketsGetRuns(t *testing.T) {
	for _, action := range []events.Action{events.ActionTest, events.ActionPlanned, events.ActionUnplanned} {
		r := asks(action, named("bank-db"), events.VMRef{ID: web})
		v := judgement.Judge(of(t, r))
		got, ok := v.Event.(*events.TicketAccepted)
		if !ok {
			t.Fatalf("%s: %+v", action, v.Event)
		}
		want := accepted(r, db, web)
		if !slices.EqualFunc(got.Items, want.Items, func(a, b events.Item) bool { return a.VM == b.VM && a.Run == b.Run && a.Accepted() }) {
			t.Errorf("%s: items %+v, want %+v", action, got.Items, want.Items)
		}
		if !got.SubmittedAt.Equal(now.Add(-time.Minute)) || v.ID != judgement.AnswerID(r) {
			t.Errorf("%s: submitted at %s with id %s", action, got.SubmittedAt, v.ID)
		}
	}
}

func TestBulkIsAnsweredItemByItem(t *testing.T) {
	v := judgement.Judge(of(t, asks(events.ActionTest, named("nowhere"), named("bank-db"), named("twin"))))
	got, ok := v.Event.(*events.TicketAccepted)
	if !ok {
		t.Fatalf("%+v", v.Event)
	}
	if got.Items[0].Accepted() || !got.Items[1].Accepted() || got.Items[2].Accepted() {
		t.Errorf("items %+v, want only the second accepted", got.Items)
	}
	if got.Items[0].Run != "" || got.Items[0].VM != named("nowhere") {
		t.Errorf("a refused item has run %q and VM %+v", got.Items[0].Run, got.Items[0].VM)
	}
}

func TestARepeatedRevisionIsAnsweredOnce(t *testing.T) {
	r := with(asks(events.ActionTest, named("bank-db")), func(r *events.Request) { r.Window = &events.Window{NotAfter: at(60)} })
	c := of(t, r)
	c.Ticket = past(accepted(r, db))
	if v := judgement.Judge(c); v.Do != judgement.Rest {
		t.Errorf("verdict %+v, want rest", v)
	}
	// The same instant in another zone is the same content.
	zoned := at(60).In(time.FixedZone("", 7200))
	r.Window = &events.Window{NotAfter: &zoned}
	if id := judgement.AnswerID(r); id != c.Answer {
		t.Errorf("the zone of a time changed the id %s to %s", c.Answer, id)
	}
}

func TestADisputeIsAnsweredOnce(t *testing.T) {
	first := asks(events.ActionTest, named("bank-db"))
	second := of(t, with(first, func(r *events.Request) { r.Action = events.ActionPlanned }))
	second.Ticket = past(accepted(first, db))
	v := judgement.Judge(second)
	if _, ok := codes(v)[string(judgement.RevisionReused)]; !ok {
		t.Fatalf("verdict %+v", v.Event)
	}
	second.Ticket = second.Ticket.Apply(ticket.Event{Seq: 2, ID: v.ID, Data: v.Event})
	if v := judgement.Judge(second); v.Do != judgement.Rest {
		t.Errorf("verdict %+v, want rest", v)
	}
	again, _ := second.Ticket.Revision(1)
	if again.Status != ticket.Accepted || again.Accepted == nil {
		t.Errorf("the dispute overwrote the first answer: %+v", again)
	}
}

func TestATicketWithTooManyEventsIsGivenUp(t *testing.T) {
	c := of(t, asks(events.ActionTest, named("bank-db")))
	c.Ticket.Count = judgement.MaxTicketEvents
	if v := judgement.Judge(c); v.Do != judgement.GiveUp {
		t.Errorf("verdict %+v, want give-up", v)
	}
}

func TestReads(t *testing.T) {
	c := of(t, asks(events.ActionTest, named("bank-web"), named("nowhere"), named("twin"), events.VMRef{ID: web}))
	c.Ticket = past(accepted(asks(events.ActionTest), db))
	if got := judgement.Reads(c); !slices.Equal(got, []string{db, web}) {
		t.Errorf("reads %v", got)
	}
	c = of(t, with(asks(events.ActionCancel), func(r *events.Request) { r.Refers = "T-0" }))
	c.Ticket = past(accepted(asks(events.ActionTest), db))
	c.Target = past(accepted(asks(events.ActionTest), web))
	if got := judgement.Reads(c); !slices.Equal(got, []string{web}) {
		t.Errorf("reads %v", got)
	}
}

func TestVMsOfOtherAccountsAreUnknown(t *testing.T) {
	known := judgement.Judge(of(t, asks(events.ActionTest, named("theirs"), events.VMRef{ID: other})))
	unknown := judgement.Judge(of(t, asks(events.ActionTest, named("theirx"), events.VMRef{ID: "00000000-0000-4000-8000-0000000000ff"})))
	a, b := allReasons(known), allReasons(unknown)
	if len(a) != 2 || len(b) != 2 {
		t.Fatalf("reasons %+v and %+v", a, b)
	}
	for i := range a {
		a[i].Value, b[i].Value = "", ""
		if a[i] != b[i] {
			t.Errorf("another account's VM is told from one that is nowhere: %+v and %+v", a[i], b[i])
		}
	}
}
