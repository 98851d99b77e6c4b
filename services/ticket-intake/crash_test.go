package intake

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"lifeboat.io/events"
	"lifeboat.io/pkg/bus"
	"lifeboat.io/pkg/bus/bustest"
	"lifeboat.io/pkg/contract"
	"lifeboat.io/pkg/inventory"
	"lifeboat.io/pkg/inventory/revisions"
	"lifeboat.io/services/ticket-intake/judgement"
)

// crashing is a service whose steps a test takes one by one.
func crashing(t testing.TB) *Service {
	t.Helper()
	b := bustest.Open(t, func(c *bus.Config) { c.Check = contract.Validate })
	doc := inventory.Document{
		Systems:     []inventory.System{{Name: "desk", Accounts: []string{"*"}}},
		Accounts:    []inventory.Account{{ID: "acme", Kind: inventory.Managed, Contacts: []inventory.Contact{{Name: "Alex", Email: "alex@acme.example", May: []inventory.Right{"planned"}}}}},
		Sites:       []inventory.Site{{Name: "north"}},
		Credentials: []inventory.Credential{{Name: "hyperv", User: "svc"}},
	}
	doc.Credentials[0].Password.Env = "HV_PASSWORD"
	for i, name := range []string{"hv01", "hv02"} {
		doc.Hosts = append(doc.Hosts, inventory.Host{Name: name, Site: "north", Address: fmt.Sprintf("192.0.2.%d", i+1), FQDN: name + ".lab.test", WinRM: inventory.WinRM{Credential: "hyperv"}})
	}
	doc.VMs = []inventory.VM{{ID: "00000000-0000-4000-8000-000000000001", Name: "bank-db", Account: "acme", Primary: "hv01", Replica: "hv02"}}
	inv, err := inventory.New(doc)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := revisions.Store(t.Context(), b, inv); err != nil {
		t.Fatal(err)
	}
	s, err := New(Config{Listen: "127.0.0.1:0"}, Tools{Bus: b, Logger: bustest.Logger(t)})
	if err != nil {
		t.Fatal(err)
	}
	s.learn(revisions.Revision{Inventory: inv})
	return s
}

// submission is a ticket as an event.
func submission(t *testing.T, r events.Request) event.Event {
	t.Helper()
	e := event.New()
	e.SetID(fmt.Sprintf("%s-%d", r.Aggregate(), r.Revision))
	e.SetSource("/desk")
	e.SetType("io.lifeboat.ticket.submitted.v1")
	if err := e.SetData(event.ApplicationJSON, r); err != nil {
		t.Fatal(err)
	}
	return e
}

// delivery puts a ticket into the inbox and is its first delivery, as a
// process gets it that will die before it acknowledges.
func delivery(t *testing.T, s *Service, r events.Request) bus.Delivery {
	t.Helper()
	e := submission(t, r)
	if err := s.bus.Submit(t.Context(), r.Account, e); err != nil {
		t.Fatal(err)
	}
	return bus.Delivery{Recorded: bus.Recorded{Subject: events.InboxSubject(r.Account), Stored: time.Now(), Event: e}, Attempt: 1}
}

func revision(n int, action events.Action) events.Request {
	r := events.Request{
		TicketRef: events.TicketRef{System: "desk", Ticket: "T-1", Revision: n}, Account: "acme", Action: action,
		Requester: events.Person{Name: "Alex", Email: "alex@acme.example"},
	}
	if action.Starts() {
		r.VMs = []events.VMRef{{Name: "bank-db"}}
	}
	return r
}

// expect runs the service, the next life, until the inbox is empty, and compares
// the ticket's events.
func expect(t *testing.T, s *Service, want ...string) {
	t.Helper()
	marker := revision(1, events.ActionPlanned)
	marker.Ticket = "last"
	delivery(t, s, marker)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	said := func(number string) []string {
		history, err := s.bus.History(t.Context(), ticketAggregate("acme", events.TicketRef{System: "desk", Ticket: number}))
		if err != nil {
			t.Error(err)
		}
		var names []string
		for _, r := range history {
			names = append(names, events.ShortName(r.Event.Type()))
		}
		return names
	}
	bustest.Eventually(t, 30*time.Second, "the inbox is empty", func() bool { return len(said("last")) > 0 })
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if got := said("T-1"); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("events %v, want %v", got, want)
	}
}

// TestDeathBetweenAnswerAndAcknowledgement: the answer is on the log, the
// inbox does not know, and the next life must not answer again.
func TestDeathBetweenAnswerAndAcknowledgement(t *testing.T) {
	s := crashing(t)
	if err := s.answer(t.Context(), delivery(t, s, revision(1, events.ActionPlanned))); err != nil {
		t.Fatal(err)
	}
	expect(t, s, "accepted")
}

// TestDeathBetweenTwoEvents: of an answer that takes two events only the first
// is on the log, and the next life must add the second.
func TestDeathBetweenTwoEvents(t *testing.T) {
	for _, tt := range []struct {
		second events.Action
		want   []string
	}{
		{events.ActionPlanned, []string{"accepted", "superseded", "accepted"}},
		{events.ActionCancel, []string{"accepted", "cancelled", "accepted"}},
	} {
		t.Run(string(tt.second), func(t *testing.T) {
			s := crashing(t)
			if err := s.answer(t.Context(), delivery(t, s, revision(1, events.ActionPlanned))); err != nil {
				t.Fatal(err)
			}
			second := delivery(t, s, revision(2, tt.second))
			r := revision(2, tt.second)
			c := judgement.Case{Request: r, Answer: judgement.AnswerID(r), SubmittedAt: time.Now()}
			v, on, err := s.judge(t.Context(), &c)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.publish(t.Context(), written{account: "acme", on: v.On, after: on, id: v.ID, data: v.Event, because: second.Event}); err != nil {
				t.Fatal(err)
			}
			expect(t, s, tt.want...)
		})
	}
}

// TestALostRaceIsJudgedAnew: somebody else published on the ticket between our
// reading and our writing.
func TestALostRaceIsJudgedAnew(t *testing.T) {
	s := crashing(t)
	first, second := delivery(t, s, revision(1, events.ActionPlanned)), revision(2, events.ActionPlanned)
	c := judgement.Case{Request: second, Answer: judgement.AnswerID(second), SubmittedAt: time.Now()}
	v, on, err := s.judge(t.Context(), &c)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.answer(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	err = s.publish(t.Context(), written{account: "acme", on: v.On, after: on, id: v.ID, data: v.Event, because: first.Event})
	if !isConflict(err) {
		t.Fatalf("error %v, want a conflict", err)
	}
	if err := s.answer(t.Context(), delivery(t, s, second)); err != nil {
		t.Fatal(err)
	}
	expect(t, s, "accepted", "superseded", "accepted")
}
