package intake_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"lifeboat.io/events"
	"lifeboat.io/pkg/bus"
	"lifeboat.io/pkg/bus/bustest"
	"lifeboat.io/pkg/inventory/revisions"
	intake "lifeboat.io/services/ticket-intake"
)

// reference is the run that a ticket asks for.
func reference(number, vm string, kind events.Kind) events.RunRef {
	by := events.TicketRef{System: "desk", Ticket: number, Revision: 1}
	return events.RunRef{Account: "acme", Run: events.RunID(by, deskVMs[vm]), VM: events.VMRef{ID: deskVMs[vm], Name: vm}, Kind: kind, Ticket: by}
}

func planned(ref events.RunRef) *events.FailoverPlanned {
	return &events.FailoverPlanned{
		RunRef: ref, Requester: events.Person{Name: "Alex Example", Email: "alex@acme.example"},
		SubmittedAt: time.Now(), AcceptedAt: time.Now(), Primary: "hv01", Replica: "hv02",
		AtStake: events.DataLoss{Bound: events.LossNone, Basis: "a test loses nothing"}, RecoveryPoint: "latest",
		Steps: []events.PlannedStep{{Step: events.StepStartTestFailover, Host: "hv02", DeadlineSeconds: 60}},
	}
}

func succeeded(ref events.RunRef) *events.FailoverSucceeded {
	return &events.FailoverSucceeded{RunRef: ref, DataLoss: events.DataLoss{Bound: events.LossNone, Basis: "measured"}}
}

func TestATicketOverTheBusIsAnswered(t *testing.T) {
	h := open(t)
	submitted := time.Now().Add(-time.Minute).UTC().Truncate(time.Millisecond)
	e := ticketEvent(t, wants("T-1", events.ActionTest, "bank-db"))
	e.SetTime(submitted)
	e.SetExtension(events.ExtTraceParent, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	if err := h.bus.Submit(t.Context(), "acme", e); err != nil {
		t.Fatal(err)
	}
	h.awaits("T-1", "accepted")
	got := h.history("T-1")[0].Event
	data, err := events.Decode(got)
	if err != nil {
		t.Fatal(err)
	}
	accepted, ok := data.(*events.TicketAccepted)
	if !ok || len(accepted.Items) != 1 {
		t.Fatalf("answered %+v", data)
	}
	want := events.Item{VM: events.VMRef{ID: deskVMs["bank-db"], Name: "bank-db"}, Run: reference("T-1", "bank-db", "").Run}
	if item := accepted.Items[0]; item.VM != want.VM || item.Run != want.Run || !item.Accepted() {
		t.Errorf("item %+v, want %+v", item, want)
	}
	if !accepted.SubmittedAt.Equal(submitted) {
		t.Errorf("submitted at %s, want %s", accepted.SubmittedAt, submitted)
	}
	for name, want := range map[string]string{
		events.ExtCorrelation: "desk~T-1", events.ExtCausation: e.ID(), events.ExtSequence: "0000000001",
		events.ExtTraceParent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
	} {
		if got := events.Extension(got, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestATicketFromTheFutureIsSubmittedWhenItArrived(t *testing.T) {
	h := open(t)
	e := ticketEvent(t, wants("T-1", events.ActionTest, "bank-db"))
	e.SetTime(time.Now().Add(time.Hour))
	if err := h.bus.Submit(t.Context(), "acme", e); err != nil {
		t.Fatal(err)
	}
	h.awaits("T-1", "accepted")
	data, err := events.Decode(h.history("T-1")[0].Event)
	if err != nil {
		t.Fatal(err)
	}
	if at := data.(*events.TicketAccepted).SubmittedAt; at.After(time.Now()) {
		t.Errorf("submitted at %s, which is to come", at)
	}
}

func TestNewsIsPassedOnAndTheTicketClosed(t *testing.T) {
	h := open(t)
	h.submits(wants("T-1", events.ActionTest, "bank-db", "bank-web"))
	h.awaits("T-1", "accepted")
	db, web := reference("T-1", "bank-db", events.KindTest), reference("T-1", "bank-web", events.KindTest)
	h.records(planned(db), db)
	h.awaits("T-1", "accepted progressed")
	h.records(&events.StepStarted{RunRef: db, Step: events.StepStartTestFailover, Host: "hv02", Attempt: 1}, db)
	h.records(&events.FailoverAwaitingCleanup{RunRef: db, TestVM: events.VMRef{ID: deskVMs["bank-app"], Name: "bank-db - Test"}, Until: time.Now().Add(time.Hour)}, db)
	h.awaits("T-1", "accepted progressed progressed")
	h.records(succeeded(db), db)
	h.records(&events.FailoverRefused{RunRef: web, Action: events.ActionTest, By: web.Ticket, Reasons: []events.Reason{events.NewReason("roles-unclear", "vms", web.VM.ID, "is nowhere", "repair it")}}, web)
	h.awaits("T-1", "accepted progressed progressed closed")
	data, err := events.Decode(h.history("T-1")[3].Event)
	if err != nil {
		t.Fatal(err)
	}
	closed := data.(*events.TicketClosed)
	if closed.Outcome != events.OutcomeMixed || closed.Items[0].Outcome != events.OutcomeSucceeded || closed.Items[1].Outcome != events.OutcomeRefused {
		t.Errorf("closed %+v", closed)
	}
	// What has ended is known as such.
	cleanup := wants("T-3", events.ActionCleanup, "bank-db")
	cleanup.Refers = "T-1"
	h.submits(cleanup)
	h.awaits("T-3", "refused")
	if data := string(h.history("T-3")[0].Event.Data()); !strings.Contains(data, "run-ended") {
		t.Errorf("refused with %s", data)
	}
	// The VM is free again.
	h.submits(wants("T-2", events.ActionTest, "bank-db"))
	h.awaits("T-2", "accepted")
}

func TestAVMInARunIsRefused(t *testing.T) {
	h := open(t)
	ref := reference("T-1", "bank-db", events.KindTest)
	h.records(planned(ref), ref)
	h.submits(wants("T-2", events.ActionPlanned, "bank-db"))
	h.awaits("T-2", "refused")
	if data := string(h.history("T-2")[0].Event.Data()); !strings.Contains(data, "vm-in-run") || !strings.Contains(data, ref.Run) {
		t.Errorf("refused with %s", data)
	}
}

func TestOneAnswerHoweverManyCopiesAndServices(t *testing.T) {
	const tickets, copies = 20, 4
	first := open(t)
	second := start(t, first.bus)
	var senders sync.WaitGroup
	for n := range copies {
		senders.Go(func() {
			for i := range tickets {
				r := wants(fmt.Sprintf("T-%d", i), events.ActionTest, []string{"bank-db", "bank-web", "bank-app"}[i%3])
				e := ticketEvent(t, r)
				e.SetID(fmt.Sprintf("%s-copy-%d", e.ID(), n)) // the inbox itself must not tell them apart
				if err := first.bus.Submit(context.Background(), "acme", e); err != nil {
					t.Error(err)
				}
			}
		})
	}
	senders.Wait()
	for i := range tickets {
		first.awaits(fmt.Sprintf("T-%d", i), "accepted")
	}
	first.awaitsEmptyInbox()
	for i := range tickets {
		if got := first.said(fmt.Sprintf("T-%d", i)); got != "accepted" {
			t.Errorf("T-%d has events %q", i, got)
		}
	}
	second.stop()
}

// awaitsEmptyInbox waits until every ticket in the inbox was handled, by
// submitting one more and waiting for what comes of it.
func (h *house) awaitsEmptyInbox() {
	h.t.Helper()
	h.submits(wants("last", events.ActionTest, "nowhere"))
	h.awaits("last", "refused")
}

func TestTicketsWaitForTheInventory(t *testing.T) {
	b := openBus(t)
	h := start(t, b)
	if err := h.Healthy(); err == nil || !strings.Contains(err.Error(), "inventory") {
		t.Errorf("healthy without inventory: %v", err)
	}
	h.submits(wants("T-1", events.ActionTest, "bank-db"))
	storeInventory(t, b)
	h.awaits("T-1", "accepted")
	if err := h.Healthy(); err != nil {
		t.Error(err)
	}
}

func TestANewInventoryHolds(t *testing.T) {
	h := open(t)
	h.submits(wants("T-1", events.ActionTest, "bank-db"))
	h.awaits("T-1", "accepted")
	doc := deskInventory(t).Document
	doc.Accounts[0].Contacts = nil
	inv, err := inventoryOf(doc)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := revisions.Store(t.Context(), h.bus, inv); err != nil {
		t.Fatal(err)
	}
	bustest.Eventually(t, patience, "the new revision is known", func() bool { return strings.Contains(h.log.String(), inv.Digest()) })
	h.submits(wants("T-2", events.ActionTest, "bank-db"))
	h.awaits("T-2", "refused")
}

// TestWhatCannotBeAnsweredIsKept: what names no ticket becomes a dead letter,
// what names one is refused with its reasons, and neither stops anything.
func TestWhatCannotBeAnsweredIsKept(t *testing.T) {
	b := bustest.Open(t, func(c *bus.Config) { c.Listen = "127.0.0.1:0" })
	storeInventory(t, b)
	h := start(t, b)
	nc, err := nats.Connect(b.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	attributes := nats.Header{"ce-specversion": {"1.0"}, "ce-id": {"1"}, "ce-source": {"/desk"}, "ce-type": {"io.lifeboat.ticket.submitted.v1"}}
	dead := map[string]*nats.Msg{
		"no event":      {Subject: "lifeboat.inbox.acme", Data: []byte("help!")},
		"no JSON":       {Subject: "lifeboat.inbox.acme", Header: attributes, Data: []byte("help!")},
		"no ticket":     {Subject: "lifeboat.inbox.acme", Header: attributes, Data: []byte(`{"system":"desk","revision":1}`)},
		"no revision":   {Subject: "lifeboat.inbox.acme", Header: attributes, Data: []byte(`{"system":"desk","ticket":"T-1","revision":"one"}`)},
		"no such inbox": {Subject: "lifeboat.inbox.ac=6de", Header: attributes, Data: []byte(`{}`)},
	}
	for _, m := range dead {
		if _, err := nc.RequestMsg(m, patience); err != nil {
			t.Fatal(err)
		}
	}
	refused := map[string]struct{ data, reason string }{
		"T-2": {`{"system":"desk","ticket":"T-2","revision":1,"account":"acme","action":"test"}`, "requester"},
		"T-3": {`{"system":"desk","ticket":"T-3","revision":1,"account":"globex","action":"cancel","requester":{"name":"Alex","email":"alex@acme.example"}}`, "account-mismatch"},
		"T-4": {`{"system":"desk","ticket":"T-4","revision":1,"account":"acme","action":"explode","requester":{"name":"Alex","email":"alex@acme.example"}}`, "not-one-of"},
	}
	for _, r := range refused {
		if _, err := nc.RequestMsg(&nats.Msg{Subject: "lifeboat.inbox.acme", Header: attributes, Data: []byte(r.data)}, patience); err != nil {
			t.Fatal(err)
		}
	}
	for number, r := range refused {
		h.awaits(number, "refused")
		if data := string(h.history(number)[0].Event.Data()); !strings.Contains(data, r.reason) {
			t.Errorf("%s was refused with %s, want %s", number, data, r.reason)
		}
	}
	var letters []bus.DeadLetter
	bustest.Eventually(t, patience, "the dead letters are there", func() bool {
		letters, err = b.DeadLetters(t.Context(), bus.DeadLetterQuery{Stream: bus.StreamInbox})
		return err != nil || len(letters) == len(dead)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range letters {
		if l.Reason == "" || l.Consumer != "ticket-intake" {
			t.Errorf("dead letter %+v says too little", l)
		}
	}
}

func TestSubjectAttributeAndDataMustAgree(t *testing.T) {
	h := open(t)
	right := ticketEvent(t, wants("T-1", events.ActionTest, "bank-db"))
	right.SetSubject("ticket/acme/desk~T-1")
	wrong := ticketEvent(t, wants("T-2", events.ActionTest, "bank-db"))
	wrong.SetSubject("ticket/acme/desk~T-1")
	for _, e := range []func() error{
		func() error { return h.bus.Submit(t.Context(), "acme", right) },
		func() error { return h.bus.Submit(t.Context(), "acme", wrong) },
	} {
		if err := e(); err != nil {
			t.Fatal(err)
		}
	}
	h.awaits("T-1", "accepted")
	h.awaits("T-2", "refused")
	if data := string(h.history("T-2")[0].Event.Data()); !strings.Contains(data, "subject-mismatch") {
		t.Errorf("refused with %s", data)
	}
}

// TestTheServiceComesBack: tickets and news that came while no service ran are
// dealt with by the next one, once.
func TestTheServiceComesBack(t *testing.T) {
	h := open(t)
	h.submits(wants("T-1", events.ActionTest, "bank-db"))
	h.awaits("T-1", "accepted")
	h.stop()
	h.submits(wants("T-2", events.ActionTest, "bank-web"))
	ref := reference("T-1", "bank-db", events.KindTest)
	h.records(planned(ref), ref)
	h.records(succeeded(ref), ref)
	again := start(t, h.bus)
	again.awaits("T-2", "accepted")
	again.awaits("T-1", "accepted progressed closed")
}

func TestSecretsStayOutOfTheLog(t *testing.T) {
	h := open(t)
	h.asks("POST", "/v1/tickets?access_token="+deskToken, "{}", nil)
	h.asks("POST", "/v1/tickets", "{}", asDesk)
	h.stop()
	for _, s := range []string{deskToken, deskKey} {
		if strings.Contains(h.log.String(), s) {
			t.Errorf("the log holds a secret:\n%s", h.log)
		}
	}
}

func TestTheViewOfATicketIsStable(t *testing.T) {
	raw, err := json.Marshal(intake.View("acme", "desk", "T-1", past()))
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"system":"desk","ticket":"T-1","account":"acme","revisions":[` +
		`{"revision":1,"action":"test","status":"superseded","answeredAt":"2026-03-02T09:00:00Z","items":[{"vm":{"name":"bank-db"},"run":"r-1"}],"supersededBy":2},` +
		`{"revision":2,"action":"cleanup","status":"refused","answeredAt":"2026-03-02T09:00:00Z","reasons":[{"code":"c","field":"f","value":"v","problem":"p","fix":"x"}],` +
		`"disputes":[{"at":"2026-03-02T09:00:00Z","reasons":[{"code":"d","field":"f","value":"v","problem":"p","fix":"x"}]}]}]}`
	if string(raw) != want {
		t.Errorf("view\n%s, want\n%s", raw, want)
	}
}
