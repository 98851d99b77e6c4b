package story

import (
	"time"

	"lifeboat.io/events"
	"lifeboat.io/pkg/inventory"
)

// Document is the inventory of the stories.
const Document = `
systems:
  - {name: desk, accounts: [acme], url: "https://desk.example/tickets/{ticket}"}
accounts:
  - id: acme
    name: Acme Bank
    kind: managed
    contacts:
      - {name: Ada Example, email: ada@acme.example, may: [test, planned, unplanned, override]}
      - {name: Sam Example, email: sam@acme.example, may: [test]}
sites: [{name: ams}, {name: fra}]
credentials: [{name: hyperv, user: 'LAB\svc', password: {env: LIFEBOAT_TEST_HOST_PASSWORD}}]
hosts:
  - {name: ams-hv1, site: ams, address: 127.0.1.1, fqdn: ams-hv1.acme.example, winrm: {transport: http, credential: hyperv}}
  - {name: ams-hv2, site: ams, address: 127.0.1.2, fqdn: ams-hv2.acme.example, winrm: {transport: http, credential: hyperv}}
  - {name: fra-hv1, site: fra, address: 127.0.1.3, fqdn: fra-hv1.acme.example, winrm: {transport: http, credential: hyperv}}
  - {name: fra-hv2, site: fra, address: 127.0.1.4, fqdn: fra-hv2.acme.example, winrm: {transport: http, credential: hyperv}}
vms:
  - {id: 3b5c1d9e-7f24-4a60-9c1b-52d0e8a7f611, name: web01, account: acme, primary: ams-hv1, replica: fra-hv1, test: {switch: Isolated}, rpoMinutes: 15, rtoMinutes: 30}
  - {id: 4c6d2e0f-8035-4b71-8d2c-63e1f9b80722, name: web02, account: acme, primary: ams-hv1, replica: fra-hv1, test: {switch: Isolated}}
  - {id: 8e1f60a2-4c7d-4f19-b3a8-6d95c2e07b14, name: db01, account: acme, primary: ams-hv1, replica: fra-hv1}
  - {id: d4927c3b-0e58-4d6a-a1f7-93b6e5c8201f, name: app01, account: acme, primary: ams-hv2, replica: fra-hv2}
  - {id: 5a08e6f1-b2c9-4735-8d1e-7f40c39a6b22, name: report01, account: acme, primary: ams-hv2, replica: fra-hv2}
`

// Inventory is Document, parsed.
func Inventory() *inventory.Inventory {
	inv, err := inventory.Parse("inventory.yaml", []byte(Document))
	if err != nil {
		panic("story: " + err.Error())
	}
	return inv
}

// The VMs of the stories.
var (
	Web01 = events.VMRef{ID: "3b5c1d9e-7f24-4a60-9c1b-52d0e8a7f611", Name: "web01"}
	Web02 = events.VMRef{ID: "4c6d2e0f-8035-4b71-8d2c-63e1f9b80722", Name: "web02"}
	DB01  = events.VMRef{ID: "8e1f60a2-4c7d-4f19-b3a8-6d95c2e07b14", Name: "db01"}
	App01 = events.VMRef{ID: "d4927c3b-0e58-4d6a-a1f7-93b6e5c8201f", Name: "app01"}
)

// The people of the stories.
var (
	Ada = events.Person{Name: "Ada Example", Email: "ada@acme.example"}
	Sam = events.Person{Name: "Sam Example", Email: "sam@acme.example"}
)

// VM is a VM's aggregate.
func VM(vm events.VMRef) events.Aggregate {
	return events.Aggregate{Family: events.FamilyFailover, Account: Account, ID: vm.ID}
}

// Ticket is a ticket's aggregate.
func Ticket(number string) events.Aggregate {
	return events.Aggregate{Family: events.FamilyTicket, Account: Account, ID: events.TicketID("desk", number)}
}

// Desk is a revision of a ticket of the system desk.
func Desk(number string, revision int) events.TicketRef {
	return events.TicketRef{System: "desk", Ticket: number, Revision: revision}
}

// Begin is the time at which Days begins, and End the time after its last event.
var (
	Begin = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	End   = time.Date(2026, 3, 4, 3, 30, 0, 0, time.UTC)
)

// run writes the events of one run.
type run struct {
	log *Log
	ref events.RunRef
	// primary and replica are the hosts, in their roles when it was planned.
	primary, replica string
}

// begin accepts a ticket for one VM, and gives its run.
func begin(l *Log, ref events.TicketRef, vm events.VMRef, kind events.Kind, primary, replica string, change func(*events.Request)) run {
	r := run{l, events.RunRef{Account: Account, Run: events.RunID(ref, vm.ID), VM: vm, Kind: kind, Ticket: ref}, primary, replica}
	request := events.Request{
		TicketRef: ref, Account: Account, Requester: Ada, Action: events.Action(kind), VMs: []events.VMRef{{Name: vm.Name}},
	}
	if change != nil {
		change(&request)
	}
	submitted := l.Now
	l.After(300 * time.Millisecond).Add(events.TicketAccepted{
		Request: request, SubmittedAt: submitted, Items: []events.Item{{VM: vm, Run: r.ref.Run}},
	})
	return r
}

// steer accepts a ticket that steers the run.
func (r run) steer(ref events.TicketRef, action events.Action, choice events.Choice, reason string) {
	submitted := r.log.Now
	r.log.After(200 * time.Millisecond).Add(events.TicketAccepted{
		Request: events.Request{
			TicketRef: ref, Account: Account, Requester: Ada, Action: action, Choice: choice, Reason: reason, Refers: r.ref.Ticket.Ticket,
		},
		SubmittedAt: submitted, Items: []events.Item{{VM: r.ref.VM, Run: r.ref.Run}},
	})
}

// reading is a look at a host now.
func (r run) reading(host, power, mode, state, health string) *events.Reading {
	now := r.log.Now
	last := now.Add(-90 * time.Second)
	return &events.Reading{
		Host: host, ReadAt: now, HostTime: &now, Power: power, AutoStart: "StartIfRunning",
		Replication: &events.ReplicationReading{
			Mode: mode, State: state, Health: health, FrequencySeconds: 300, LastReplication: &last,
			PrimaryServer: r.primary + ".acme.example", ReplicaServer: r.replica + ".acme.example",
		},
	}
}

// planned records the plan.
func (r run) planned(change func(*events.FailoverPlanned), steps ...events.PlannedStep) {
	d := events.FailoverPlanned{
		RunRef: r.ref, Requester: Ada, SubmittedAt: r.log.Now.Add(-2 * time.Second), AcceptedAt: r.log.Now.Add(-1700 * time.Millisecond),
		Primary: r.primary, Replica: r.replica, Steps: steps, RecoveryPoint: "latest",
		AtStake: events.DataLoss{Bound: events.LossNone, Basis: "The primary goes on running."},
		Evidence: []events.Reading{
			*r.reading(r.primary, "Running", "Primary", "Replicating", "Normal"), *r.reading(r.replica, "Off", "Replica", "Replicating", "Normal"),
		},
	}
	if change != nil {
		change(&d)
	}
	r.log.Add(d)
	r.news(events.ProgressStarted, "planned")
}

// step records a step that is done after a while.
func (r run) step(name events.Step, host string, took time.Duration, after *events.Reading) {
	r.log.After(20 * time.Millisecond).Add(events.StepStarted{RunRef: r.ref, Step: name, Host: host, Attempt: 1})
	r.log.After(took)
	if after != nil {
		now := r.log.Now
		after.ReadAt, after.HostTime = now, &now
	}
	r.log.Add(events.StepDone{RunRef: r.ref, Step: name, Host: host, Attempt: 1, How: events.HowActed, After: after})
}

// news passes the run's last event on to its ticket.
func (r run) news(p events.Progress, sentence string) {
	d := events.TicketProgressed{TicketRef: r.ref.Ticket, VM: r.ref.VM, Run: r.ref.Run, Progress: p, Sentence: sentence, Cause: r.log.entries[len(r.log.entries)-1].event.ID()}
	r.log.After(10 * time.Millisecond).Add(d)
}

// closed is the last word on a ticket with one VM.
func (r run) closed(ref events.TicketRef, outcome events.Outcome, sentence string) {
	r.log.After(10 * time.Millisecond).Add(events.TicketClosed{TicketRef: ref, Outcome: outcome, Items: []events.ClosedItem{
		{VM: r.ref.VM, Run: r.ref.Run, Outcome: outcome, Sentence: sentence},
	}})
}

func steps(host string, names ...events.Step) []events.PlannedStep {
	out := make([]events.PlannedStep, len(names))
	for i, n := range names {
		out[i] = events.PlannedStep{Step: n, Host: host, DeadlineSeconds: 300}
	}
	return out
}
