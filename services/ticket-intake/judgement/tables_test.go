package judgement_test

import (
	"fmt"
	"strings"
	"testing"

	"lifeboat.io/events"
	"lifeboat.io/services/ticket-intake/judgement"
	"lifeboat.io/services/ticket-intake/ticket"
	"lifeboat.io/services/ticket-intake/vmruns"
)

// envelopeCodes are tested with the envelope.
var envelopeCodes = map[judgement.Code]bool{judgement.AccountMismatch: true, judgement.SubjectMismatch: true}

type fields = map[judgement.Code]string

func wholeCases(t *testing.T) []reasonCase {
	test := asks(events.ActionTest, named("bank-db"))
	override := func(p events.Person) events.Request {
		r := asks(events.ActionUnplanned, named("bank-db"))
		r.Unplanned = &events.UnplannedOptions{Override: &events.Override{Person: p, Reason: "the hall is under water"}}
		return r
	}
	point := func(p string) events.Request {
		r := asks(events.ActionUnplanned, named("bank-db"))
		r.RecoveryPoint = p
		return r
	}
	window := func(w events.Window) events.Request {
		return with(test, func(r *events.Request) { r.Window = &w })
	}
	mallory := events.Person{Name: "Mallory", Email: "mallory@acme.example"}
	malformed := of(t, events.Request{TicketRef: test.TicketRef, Account: "acne", Action: "tset"})
	malformed.Malformed = []events.Reason{events.NewReason("not-one-of", "action", "tset", "is not known", "write test")}
	return []reasonCase{
		{name: "account", c: of(t, with(test, func(r *events.Request) { r.Account = "acne" })),
			want: fields{judgement.AccountUnknown: "account", judgement.VMUnknown: "vms[0].name"}},
		{name: "system", c: of(t, with(test, func(r *events.Request) { r.System = "disk" })),
			want: fields{judgement.SystemUnknown: "system"}},
		{name: "system of another account", c: of(t, with(test, func(r *events.Request) { r.System = "globex-desk" })),
			want: fields{judgement.SystemNotForAccount: "system"}},
		{name: "requester", c: of(t, with(test, func(r *events.Request) { r.Requester = mallory })),
			want: fields{judgement.RequesterUnknown: "requester.email"}},
		{name: "right", c: of(t, with(asks(events.ActionPlanned, named("bank-db")), func(r *events.Request) { r.Requester = sam })),
			want: fields{judgement.RequesterNotAllowed: "requester.email"}},
		{name: "window past", c: of(t, window(events.Window{NotAfter: at(-1)})), want: fields{judgement.WindowPast: "window.notAfter"}},
		{name: "window ends now", c: of(t, window(events.Window{NotAfter: at(0)})), accepts: true},
		{name: "window begins in the past", c: of(t, window(events.Window{NotBefore: at(-60), NotAfter: at(60)})), accepts: true},
		{name: "window inverted", c: of(t, window(events.Window{NotBefore: at(20), NotAfter: at(10)})), want: fields{judgement.WindowInverted: "window.notAfter"}},
		{name: "window too far", c: of(t, window(events.Window{NotBefore: at(367 * 24 * 60)})), want: fields{judgement.WindowTooFar: "window.notBefore"}},
		{name: "window all wrong", c: of(t, window(events.Window{NotBefore: at(367 * 24 * 60), NotAfter: at(-1)})),
			want: fields{judgement.WindowTooFar: "window.notBefore", judgement.WindowInverted: "window.notAfter", judgement.WindowPast: "window.notAfter"}},
		{name: "latest", c: of(t, point("latest")), accepts: true},
		{name: "recovery point by id", c: of(t, point("7b0d0a52-9d4f-4f3a-8c58-0d9b6a6f1a11")), accepts: true},
		{name: "recovery point by time", c: of(t, point("2026-03-02T08:59:00Z")), accepts: true},
		{name: "recovery point in no form", c: of(t, point("yesterday")), want: fields{judgement.RecoveryPointForm: "recoveryPoint"}},
		{name: "recovery point to come", c: of(t, point("2026-03-02T09:00:01Z")), want: fields{judgement.RecoveryPointFuture: "recoveryPoint"}},
		{name: "override", c: of(t, override(alex)), accepts: true},
		{name: "override by an outsider", c: of(t, override(mallory)), want: fields{judgement.OverrideUnknown: "unplanned.override.person.email"}},
		{name: "override without the right", c: of(t, override(sam)), want: fields{judgement.OverrideNotAllowed: "unplanned.override.person.email"}},
		{name: "adapter twice", c: of(t, with(test, func(r *events.Request) {
			r.Test = &events.TestOptions{Adapters: []events.AdapterSwitch{{Adapter: "LAN", Switch: "a"}, {Adapter: "WAN"}, {Adapter: "LAN", Switch: "b"}}}
		})), want: fields{judgement.AdapterTwice: "test.adapters[2].adapter"}},
		{name: "malformed, and more", c: malformed,
			want: fields{"not-one-of": "action", judgement.AccountUnknown: "account", judgement.RefersWithoutRuns: "refers"}},
	}
}

func vmCases(t *testing.T) []reasonCase {
	test := func(vms ...events.VMRef) judgement.Case { return of(t, asks(events.ActionTest, vms...)) }
	busy := func(phase ...any) judgement.Case {
		theirs := accepted(with(asks(events.ActionTest), func(r *events.Request) { r.Ticket = "T-0" }), db)
		c := test(named("bank-db"))
		c.VMs = map[string]vmruns.VM{db: vmruns.Fold(append([]any{&events.FailoverPlanned{RunRef: run(theirs, db)}}, phase...))}
		return c
	}
	theirs := run(accepted(with(asks(events.ActionTest), func(r *events.Request) { r.Ticket = "T-0" }), db), db)
	later := busy()
	later.Request.Window = &events.Window{NotBefore: at(60)}
	later.Answer = judgement.AnswerID(later.Request)
	opted := test(named("bare"))
	opted.Request.Test = &events.TestOptions{Adapters: []events.AdapterSwitch{{Adapter: "LAN"}}}
	opted.Answer = judgement.AnswerID(opted.Request)
	return []reasonCase{
		{name: "VM by name", c: test(named("nowhere")), want: fields{judgement.VMUnknown: "vms[0].name"}},
		{name: "VM by id", c: test(events.VMRef{ID: "00000000-0000-4000-8000-0000000000ff"}), want: fields{judgement.VMUnknown: "vms[0].id"}},
		{name: "VM of another account", c: test(named("theirs")), want: fields{judgement.VMUnknown: "vms[0].name"}},
		{name: "name of two VMs", c: test(named("twin")), want: fields{judgement.VMAmbiguous: "vms[0].name"}},
		{name: "one of two by id", c: test(events.VMRef{ID: twin1, Name: "twin"}), accepts: true},
		{name: "id and name of two VMs", c: test(events.VMRef{ID: db, Name: "bank-web"}), want: fields{judgement.VMOtherName: "vms[0].name"}},
		{name: "VM twice", c: test(named("bank-db"), events.VMRef{ID: db}), want: fields{judgement.VMTwice: "vms[1].id"}, accepts: true},
		{name: "no test network", c: test(named("bare")), want: fields{judgement.TestSwitchMissing: "vms[0].name"}},
		{name: "disconnected on purpose", c: opted, accepts: true},
		{name: "planned without test network", c: of(t, asks(events.ActionPlanned, named("bare"))), accepts: true},
		{name: "an answer too large", c: test(manyVMs()...), want: fields{judgement.AnswerTooLarge: "vms"}},
		{name: "in a run", c: busy(), want: fields{judgement.VMInRun: "vms[0].name"}},
		{name: "in a run that is held", c: busy(&events.FailoverHeld{RunRef: theirs}), want: fields{judgement.VMInRun: "vms[0].name"}},
		{name: "in a run that awaits cleanup", c: busy(&events.FailoverAwaitingCleanup{RunRef: theirs}), want: fields{judgement.VMInRun: "vms[0].name"}},
		{name: "in a run although another was refused", c: busy(&events.FailoverRefused{RunRef: events.RunRef{Run: "r-x"}, Action: events.ActionTest}), want: fields{judgement.VMInRun: "vms[0].name"}},
		{name: "after a run", c: busy(&events.FailoverSucceeded{RunRef: theirs}), accepts: true},
		{name: "in a run, but for later", c: later, accepts: true},
	}
}

// manyVMs are as many VMs as a ticket may have, with names that grow when they
// are encoded.
func manyVMs() []events.VMRef {
	vms := make([]events.VMRef, events.MaxVMs)
	for i := range vms {
		vms[i] = named(fmt.Sprintf("%03d", i) + strings.Repeat("<", 100))
	}
	return vms
}

func revisionCases(t *testing.T) []reasonCase {
	first := accepted(asks(events.ActionTest), db)
	second := func(r events.Request) judgement.Case {
		c := of(t, with(r, func(r *events.Request) { r.Revision = 2 }))
		c.Ticket = past(first)
		return c
	}
	reused := of(t, asks(events.ActionPlanned, named("bank-db")))
	reused.Ticket = past(first)
	stale := of(t, asks(events.ActionTest, named("bank-db")))
	stale.Ticket = past(accepted(with(asks(events.ActionTest), func(r *events.Request) { r.Revision = 2 }), db))
	running := second(asks(events.ActionTest, named("bank-db")))
	running.VMs = map[string]vmruns.VM{db: vmruns.Fold([]any{&events.FailoverPlanned{RunRef: run(first, db)}})}
	ended := second(asks(events.ActionTest, named("bank-db")))
	ended.VMs = map[string]vmruns.VM{db: vmruns.Fold([]any{&events.FailoverPlanned{RunRef: run(first, db)}, &events.FailoverFailed{RunRef: run(first, db)}})}
	// A run that began at the very moment its revision was superseded.
	superseded := running
	superseded.Ticket = past(first, &events.TicketSuperseded{TicketRef: first.TicketRef, By: 2})
	return []reasonCase{
		{name: "revision with another content", c: reused, want: fields{judgement.RevisionReused: "revision"}},
		{name: "older than what was answered", c: stale, want: fields{judgement.RevisionStale: "revision"}},
		{name: "beside its own runs", c: running, want: fields{judgement.RevisionRunning: "revision"}},
		{name: "beside its own superseded runs", c: superseded, want: fields{judgement.RevisionRunning: "revision"}},
		{name: "after its own runs", c: ended, accepts: true},
		{name: "refused revisions replace nothing", c: second(asks(events.ActionTest, named("nowhere"))), want: fields{judgement.VMUnknown: "vms[0].name"}},
	}
}

// steering builds a case of ticket T-2 that steers the runs of T-1.
func steering(t *testing.T, action events.Action, kind events.Action, change func(*events.Request), phases map[string][]any) judgement.Case {
	target := accepted(asks(kind), db, web)
	r := asks(action)
	r.Ticket, r.Refers = "T-2", "T-1"
	if change != nil {
		change(&r)
	}
	c := of(t, r)
	c.Target = past(target)
	c.VMs = map[string]vmruns.VM{}
	for vm, phase := range phases {
		history := append([]any{&events.FailoverPlanned{RunRef: run(target, vm)}}, phase...)
		c.VMs[vm] = vmruns.Fold(history)
	}
	return c
}

func steeringCases(t *testing.T) []reasonCase {
	ref := func(kind events.Action, vm string) events.RunRef { return run(accepted(asks(kind)), vm) }
	both := func(kind events.Action, phase func(events.RunRef) any) map[string][]any {
		if phase == nil {
			return map[string][]any{db: nil, web: nil}
		}
		return map[string][]any{db: {phase(ref(kind, db))}, web: {phase(ref(kind, web))}}
	}
	up := func(r events.RunRef) any { return &events.FailoverAwaitingCleanup{RunRef: r} }
	waits := func(r events.RunRef) any { return &events.FailoverAwaitingCommit{RunRef: r} }
	over := func(r events.RunRef) any { return &events.FailoverSucceeded{RunRef: r} }
	undoing := func(r events.RunRef) any {
		return &events.FailoverInstructed{RunRef: r, Action: events.ActionCancel}
	}
	held := func(r events.RunRef) any {
		return &events.FailoverHeld{RunRef: r, Choices: []events.Choice{events.ChoiceRetry, events.ChoiceOverride}}
	}
	choose := func(choice events.Choice) func(*events.Request) {
		return func(r *events.Request) { r.Choice, r.Reason = choice, "looked" }
	}
	only := func(vms ...events.VMRef) func(*events.Request) { return func(r *events.Request) { r.VMs = vms } }
	by := func(p events.Person) func(*events.Request) { return func(r *events.Request) { r.Requester = p } }

	unknown := steering(t, events.ActionCleanup, events.ActionTest, nil, nil)
	unknown.Target = ticket.Ticket{}
	noRuns := steering(t, events.ActionCleanup, events.ActionTest, nil, nil)
	noRuns.Target = past(&events.TicketRefused{TicketRef: events.TicketRef{System: "desk", Ticket: "T-1", Revision: 1}})
	alone := of(t, asks(events.ActionCancel))
	withdrawn := steering(t, events.ActionCancel, events.ActionTest, nil, nil)
	withdrawn.Target = past(accepted(asks(events.ActionTest), db), &events.TicketCancelled{
		TicketRef: events.TicketRef{System: "desk", Ticket: "T-1", Revision: 1}, By: events.TicketRef{System: "desk", Ticket: "T-9", Revision: 1}})
	twins := steering(t, events.ActionCleanup, events.ActionTest, only(named("twin")), nil)
	twins.Target = past(accepted(asks(events.ActionTest), twin1, twin2))

	refers, kind := "refers", events.ActionTest
	return []reasonCase{
		{name: "cleanup", c: steering(t, events.ActionCleanup, kind, nil, both(kind, up)), accepts: true},
		{name: "cleanup by the right to test alone", c: steering(t, events.ActionCleanup, kind, by(sam), both(kind, up)), accepts: true},
		{name: "cleanup of one VM", c: steering(t, events.ActionCleanup, kind, only(named("bank-web")), both(kind, up)), accepts: true},
		{name: "cleanup of a planned failover", c: steering(t, events.ActionCleanup, events.ActionPlanned, nil, both(events.ActionPlanned, nil)),
			want: fields{judgement.RunOfOtherKind: "action"}},
		{name: "cleanup before the beginning", c: steering(t, events.ActionCleanup, kind, nil, nil), want: fields{judgement.RunNotBegun: refers}},
		{name: "cleanup after the end", c: steering(t, events.ActionCleanup, kind, nil, both(kind, over)), want: fields{judgement.RunEnded: refers}},
		{name: "cleanup while undoing", c: steering(t, events.ActionCleanup, kind, nil, both(kind, undoing)), want: fields{judgement.RunUndoing: refers}},
		{name: "cleanup of a stranger", c: steering(t, events.ActionCleanup, kind, only(named("bare"), named("bank-db")), both(kind, up)),
			want: fields{judgement.VMNotInTicket: "vms[0].name"}, accepts: true},
		{name: "cleanup of twins", c: twins, want: fields{judgement.VMAmbiguous: "vms[0].name"}},
		{name: "cleanup of a VM twice", c: steering(t, events.ActionCleanup, kind, only(named("bank-db"), events.VMRef{ID: db}), both(kind, up)),
			want: fields{judgement.VMTwice: "vms[1].id"}, accepts: true},
		{name: "cleanup by id and another name", c: steering(t, events.ActionCleanup, kind, only(events.VMRef{ID: db, Name: "bank-web"}), both(kind, up)),
			want: fields{judgement.VMOtherName: "vms[0].name"}},
		{name: "commit", c: steering(t, events.ActionCommit, events.ActionUnplanned, nil, both(events.ActionUnplanned, waits)), accepts: true},
		{name: "commit of a test", c: steering(t, events.ActionCommit, kind, nil, both(kind, up)), want: fields{judgement.RunOfOtherKind: "action"}},
		{name: "commit without the right", c: steering(t, events.ActionCommit, events.ActionUnplanned, by(sam), both(events.ActionUnplanned, waits)),
			want: fields{judgement.RequesterNotAllowed: "requester.email"}},
		{name: "cancel", c: steering(t, events.ActionCancel, kind, nil, both(kind, nil)), accepts: true},
		{name: "cancel after the end", c: steering(t, events.ActionCancel, kind, nil, both(kind, over)), want: fields{judgement.RunEnded: refers}},
		{name: "cancel twice", c: steering(t, events.ActionCancel, kind, nil, both(kind, undoing)), want: fields{judgement.RunUndoing: refers}},
		{name: "cancel what another withdrew", c: withdrawn, want: fields{judgement.RunWithdrawn: refers}},
		{name: "cancel in part", c: steering(t, events.ActionCancel, kind, only(named("bank-db")), nil), want: fields{judgement.WithdrawnInPart: "vms"}},
		{name: "cancel what runs, leave what waits", c: steering(t, events.ActionCancel, kind, only(named("bank-db")), map[string][]any{db: nil}), accepts: true},
		{name: "resume", c: steering(t, events.ActionResume, kind, choose(events.ChoiceRetry), both(kind, held)), accepts: true},
		{name: "resume what is not held", c: steering(t, events.ActionResume, kind, choose(events.ChoiceRetry), both(kind, up)), want: fields{judgement.RunNotHeld: refers}},
		{name: "resume by another choice", c: steering(t, events.ActionResume, kind, choose(events.ChoiceAbandon), both(kind, held)), want: fields{judgement.ChoiceNotOffered: "choice"}},
		{name: "resume by override", c: steering(t, events.ActionResume, kind, choose(events.ChoiceOverride), both(kind, held)), accepts: true},
		{name: "resume by override without the right", c: steering(t, events.ActionResume, kind, func(r *events.Request) {
			choose(events.ChoiceOverride)(r)
			r.Requester = sam
		}, both(kind, held)), want: fields{judgement.OverrideNotAllowed: "requester.email"}},
		{name: "resume the fencing after the end", c: steering(t, events.ActionResume, kind, choose(events.ChoiceRetry),
			map[string][]any{db: {over(ref(kind, db)), held(ref(kind, db))}, web: {over(ref(kind, web))}}), want: fields{judgement.RunEnded: refers}, accepts: true},
		{name: "unknown ticket", c: unknown, want: fields{judgement.RefersUnknown: refers}},
		{name: "ticket without runs", c: noRuns, want: fields{judgement.RefersWithoutRuns: refers}},
		{name: "own ticket without earlier revision", c: alone, want: fields{judgement.RefersWithoutRuns: refers}},
	}
}
