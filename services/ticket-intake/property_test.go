package intake_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"lifeboat.io/events"
	"lifeboat.io/services/ticket-intake/ticket"
	"lifeboat.io/services/ticket-intake/vmruns"
)

// drawRequest draws a request of one of two tickets, in a few revisions.
func drawRequest(t *rapid.T) events.Request {
	action := rapid.SampledFrom([]events.Action{events.ActionTest, events.ActionPlanned, events.ActionUnplanned, events.ActionCleanup, events.ActionCommit, events.ActionCancel, events.ActionResume}).Draw(t, "action")
	who := rapid.SampledFrom([]string{"alex", "alex", "alex", "sam", "mallory"}).Draw(t, "who")
	r := events.Request{
		TicketRef: events.TicketRef{System: "desk", Ticket: rapid.SampledFrom([]string{"T-1", "T-2"}).Draw(t, "ticket"), Revision: rapid.IntRange(1, 4).Draw(t, "revision")},
		Account:   "acme", Requester: events.Person{Name: who, Email: who + "@acme.example"}, Action: action,
	}
	names := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"bank-db", "bank-web", "bank-app", "nowhere"}), 0, 3, rapid.ID).Draw(t, "vms")
	if action.Starts() && len(names) == 0 {
		names = []string{"bank-db"}
	}
	for _, name := range names {
		r.VMs = append(r.VMs, events.VMRef{Name: name})
	}
	if action.Starts() {
		return r
	}
	r.Refers = rapid.SampledFrom([]string{"", "T-1", "T-2", "T-3"}).Draw(t, "refers")
	if action == events.ActionResume {
		r.Choice, r.Reason = rapid.SampledFrom([]events.Choice{events.ChoiceRetry, events.ChoiceCancel}).Draw(t, "choice"), "looked"
	}
	return r
}

// TestRepetitionsAddNothing: whatever was submitted before may come again, any
// number of times, and nothing is published.
func TestRepetitionsAddNothing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := newDesk(t)
		var before []events.Request
		for range rapid.IntRange(1, 12).Draw(rt, "submissions") {
			if len(before) > 0 && rapid.Bool().Draw(rt, "repeat") {
				r := rapid.SampledFrom(before).Draw(rt, "which")
				if n := d.submit(t, r); n != 0 {
					rt.Fatalf("%s %s came again and led to %d events: %v", r.TicketRef, r.Action, n, d.said)
				}
				continue
			}
			r := drawRequest(rt)
			d.submit(t, r)
			before = append(before, r)
		}
	})
}

// TestTicketsDoNotDependOnEachOthersOrder: tickets that are about different VMs
// get the same answers in whatever order they are delivered.
func TestTicketsDoNotDependOnEachOthersOrder(t *testing.T) {
	vmOf := map[string]string{"T-1": "bank-db", "T-2": "bank-web"}
	rapid.Check(t, func(rt *rapid.T) {
		var requests []events.Request
		for range rapid.IntRange(2, 10).Draw(rt, "submissions") {
			r := drawRequest(rt)
			r.VMs, r.Refers = []events.VMRef{{Name: vmOf[r.Ticket]}}, ""
			requests = append(requests, r)
		}
		inOrder := newDesk(t)
		for _, r := range requests {
			inOrder.submit(t, r)
		}
		// Another interleaving of the same two queues, with repetitions.
		queues := map[string][]events.Request{}
		for _, r := range requests {
			queues[r.Ticket] = append(queues[r.Ticket], r)
		}
		other := newDesk(t)
		for len(queues) > 0 {
			number := rapid.SampledFrom(slices.Sorted(maps.Keys(queues))).Draw(rt, "next")
			other.submit(t, queues[number][0])
			if rapid.Bool().Draw(rt, "twice") {
				other.submit(t, queues[number][0])
			}
			if queues[number] = queues[number][1:]; len(queues[number]) == 0 {
				delete(queues, number)
			}
		}
		for agg := range inOrder.tickets {
			if a, b := ids(inOrder.tickets[agg]), ids(other.tickets[agg]); !slices.Equal(a, b) {
				rt.Fatalf("%s has events %v in one order and %v in another", agg, a, b)
			}
		}
	})
}

func ids(history []ticket.Event) []string {
	var out []string
	for _, e := range history {
		out = append(out, e.ID)
	}
	return out
}

// model is an executor that begins what it may, carries runs through and obeys
// tickets, at moments of rapid's choosing.
type model struct {
	*desk
	t testing.TB
}

// step lets the executor do one thing for one VM, if there is one to do.
func (m model) step(rt *rapid.T) {
	name := rapid.SampledFrom(slices.Sorted(maps.Keys(deskVMs))).Draw(rt, "vm")
	vm := vmruns.Fold(m.vms[deskVMs[name]])
	if vm.Active != "" {
		m.proceed(rt, vm.Runs[vm.Active])
		return
	}
	for _, number := range []string{"T-1", "T-2"} {
		for _, run := range m.fold(number).Runs() {
			known := vm.Runs[run.ID]
			if run.VM.ID == deskVMs[name] && !run.Withdrawn() && !known.Began() && !known.Over() {
				ref := events.TicketRef{System: "desk", Ticket: number, Revision: run.Revision}
				m.executor(m.t, &events.FailoverPlanned{RunRef: events.RunRef{Account: "acme", Run: run.ID, VM: run.VM, Kind: run.Kind, Ticket: ref}})
				return
			}
		}
	}
}

// proceed takes a run one event further.
func (m model) proceed(rt *rapid.T, run vmruns.Run) {
	by := events.TicketRef{System: "desk", Ticket: rapid.SampledFrom([]string{"T-1", "T-2"}).Draw(rt, "by"), Revision: rapid.IntRange(1, 4).Draw(rt, "byRevision")}
	data := rapid.SampledFrom([]any{
		&events.FailoverHeld{RunRef: run.RunRef, Choices: []events.Choice{events.ChoiceRetry, events.ChoiceCancel}},
		&events.FailoverAwaitingCleanup{RunRef: run.RunRef},
		&events.FailoverInstructed{RunRef: run.RunRef, Action: events.ActionCancel, By: &by},
		&events.FailoverRefused{RunRef: run.RunRef, Action: events.ActionCleanup, By: by},
		succeeded(run.RunRef),
		&events.FailoverCancelled{RunRef: run.RunRef},
		&events.FailoverFailed{RunRef: run.RunRef},
	}).Draw(rt, "event")
	m.executor(m.t, data)
}

// TestAnswersHoldWhateverTheExecutorDoesMeanwhile: submissions and an executor
// run against each other, the executor also between two events of one answer.
func TestAnswersHoldWhateverTheExecutorDoesMeanwhile(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := newDesk(t)
		m := model{d, t}
		// Meanwhile the executor acts, but does not publish on a ticket in the
		// midst of another publication on it: on the bus that would be a conflict.
		meddling := false
		d.between = func() {
			if meddling || !rapid.Bool().Draw(rt, "meanwhile") {
				return
			}
			meddling = true
			defer func() { meddling = false }()
			m.step(rt)
		}
		for range rapid.IntRange(1, 25).Draw(rt, "moves") {
			if rapid.Bool().Draw(rt, "submit") {
				d.submit(t, drawRequest(rt))
			} else {
				m.step(rt)
			}
			for number, history := range d.tickets {
				checkTicket(rt, number, history, d)
			}
		}
	})
}

// checkTicket holds a ticket's events against what must be true of any.
func checkTicket(rt *rapid.T, number string, history []ticket.Event, d *desk) {
	first, closed, passedOn := map[int]string{}, map[int]int{}, map[string]int{}
	for _, e := range history {
		switch data := e.Data.(type) {
		case *events.TicketAccepted:
			if first[data.Revision] != "" {
				rt.Fatalf("%s: revision %d was accepted although it had its answer", number, data.Revision)
			}
			first[data.Revision] = "accepted"
		case *events.TicketRefused:
			if first[data.Revision] == "" {
				first[data.Revision] = "refused"
			}
		case *events.TicketProgressed:
			passedOn[fmt.Sprint(data.Revision, data.Cause)]++
		case *events.TicketClosed:
			closed[data.Revision]++
			for _, item := range data.Items {
				checkItem(rt, number, item, d)
			}
		}
	}
	for revision, n := range closed {
		if n > 1 || first[revision] != "accepted" {
			rt.Fatalf("%s: revision %d (%s) was closed %d times", number, revision, first[revision], n)
		}
	}
	for cause, n := range passedOn {
		if n > 1 {
			rt.Fatalf("%s: %s was passed on %d times", number, cause, n)
		}
	}
}

// checkItem: what a ticket is told of an end agrees with the run.
func checkItem(rt *rapid.T, number string, item events.ClosedItem, d *desk) {
	if item.Run == "" {
		return
	}
	run := vmruns.Fold(d.vms[item.VM.ID]).Runs[item.Run]
	if item.Outcome == events.OutcomeSucceeded && run.Began() && !run.Over() && run.Committed == "" && len(run.Steering) == 0 {
		rt.Fatalf("%s: closed as succeeded while run %s is %s", number, item.Run, run.Phase)
	}
}

// TestNewsInAnyOrderEndsTheSame: failover events delivered late, twice or in
// another order lead to the same last words.
func TestNewsInAnyOrderEndsTheSame(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		inOrder, shuffled := newDesk(t), newDesk(t)
		r := events.Request{
			TicketRef: events.TicketRef{System: "desk", Ticket: "T-1", Revision: 1}, Account: "acme", Action: events.ActionTest,
			Requester: events.Person{Name: "alex", Email: "alex@acme.example"},
			VMs:       []events.VMRef{{Name: "bank-db"}, {Name: "bank-web"}},
		}
		inOrder.submit(t, r)
		shuffled.submit(t, r)
		type delivery struct {
			vm  string
			nth int
		}
		var deliveries []delivery
		for _, name := range []string{"bank-db", "bank-web"} {
			ref := inOrder.run(r.TicketRef, name, events.KindTest)
			end := rapid.SampledFrom([]any{succeeded(ref), &events.FailoverFailed{RunRef: ref}}).Draw(rt, "end")
			for i, data := range []any{&events.FailoverPlanned{RunRef: ref}, &events.FailoverAwaitingCleanup{RunRef: ref}, end} {
				inOrder.executor(t, data)
				shuffled.vms[ref.VM.ID] = append(shuffled.vms[ref.VM.ID], data)
				deliveries = append(deliveries, delivery{ref.VM.ID, i})
			}
		}
		deliveries = append(deliveries, rapid.SliceOfN(rapid.SampledFrom(deliveries), 0, 6).Draw(rt, "repetitions")...)
		for _, next := range rapid.Permutation(deliveries).Draw(rt, "order") {
			shuffled.passOn(t, next.vm, next.nth)
		}
		a, b := ids(inOrder.tickets["desk~T-1"]), ids(shuffled.tickets["desk~T-1"])
		slices.Sort(a)
		slices.Sort(b)
		if !slices.Equal(a, b) {
			rt.Fatalf("events %v in order, %v otherwise", a, b)
		}
	})
}
