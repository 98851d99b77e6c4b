package executor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	cloudevent "github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/uuid"

	"lifeboat.io/events"
	"lifeboat.io/pkg/bus"
	"lifeboat.io/pkg/bus/bustest"
	"lifeboat.io/pkg/contract"
	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/hypersim"
	"lifeboat.io/pkg/inventory"
)

// rig is a bus, a world of two hosts whose VMs fail over in milliseconds, and
// executors on them.
type rig struct {
	t     *testing.T
	bus   *bus.Bus
	world *hypersim.World
	inv   *inventory.Inventory
	vm    events.VMRef
	// holds is the inventory that holds; nil means always inv.
	holds func() *inventory.Inventory
	// misfit is a type of event that the contract refuses, besides its own refusals.
	misfit string
}

const waitLimit = 30 * time.Second

// fast are durations of a world in which a failover takes a moment.
func fast() *hypersim.Durations {
	ms := func(n int) hypersim.Duration { return hypersim.Duration(n) * hypersim.Duration(time.Millisecond) }
	d := hypersim.DefaultDurations()
	for _, f := range []*hypersim.Duration{
		&d.Visit, &d.Connect, &d.PowerOn, &d.PowerOff, &d.Save, &d.GuestBoot, &d.GuestShutdown, &d.Prepare, &d.Failover,
		&d.TestFailover, &d.StopFailover, &d.Complete, &d.Reverse, &d.BecomeReplica, &d.Merge, &d.FirstCycle, &d.HostBoot,
	} {
		*f = ms(20)
	}
	return &d
}

func newRig(t *testing.T) *rig {
	t.Helper()
	spec := hypersim.Pair(1)
	spec.Live, spec.Start, spec.Durations = true, time.Now(), fast()
	world, err := hypersim.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, world: world}
	r.bus = bustest.Open(t, func(c *bus.Config) { c.Check = r.check })
	r.vm = events.VMRef{ID: string(world.Truth().Copies[0].VM), Name: "vm1"}
	r.inv = sample(t, r.vm)
	stop := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case now := <-tick.C:
				world.AdvanceTo(now)
			}
		}
	})
	t.Cleanup(func() { close(stop); running.Wait() })
	return r
}

// check is the contract, and one type more that it refuses.
func (r *rig) check(e cloudevent.Event) error {
	if e.Type() == r.misfit {
		return errors.New("does not fit")
	}
	return contract.Validate(e)
}

// sample is the inventory of the world.
func sample(t *testing.T, vm events.VMRef) *inventory.Inventory {
	t.Helper()
	host := func(name, site string) inventory.Host {
		return inventory.Host{Name: name, Site: site, Address: "192.0.2.1", FQDN: name + ".hyperv.example",
			WinRM: inventory.WinRM{Credential: "hyperv"}, Replica: &inventory.Replica{Authentication: inventory.Kerberos}}
	}
	inv, err := inventory.Parse("test", fmt.Appendf(nil, `
systems: [{name: desk, accounts: [acme]}]
accounts:
  - {id: acme, kind: managed, contacts: [{name: Robin Example, email: robin@example.test, may: [test, planned, unplanned, override]}]}
sites: [{name: east}, {name: west}]
credentials: [{name: hyperv, user: 'LAB\svc', password: {env: HYPERV_PASSWORD}}]
hosts:
  - {name: p1, site: east, address: 192.0.2.1, fqdn: %s, winrm: {credential: hyperv}, replica: {authentication: Kerberos}}
  - {name: r1, site: west, address: 192.0.2.2, fqdn: %s, winrm: {credential: hyperv}, replica: {authentication: Kerberos}}
vms:
  - {id: %s, name: %s, account: acme, primary: p1, replica: r1, test: {switch: Isolated}}
`, host("p1", "").FQDN, host("r1", "").FQDN, vm.ID, vm.Name))
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

// executor starts an executor and returns how to stop it.
func (r *rig) executor(instance string) (stop func()) {
	r.t.Helper()
	holds := r.holds
	if holds == nil {
		holds = func() *inventory.Inventory { return r.inv }
	}
	x, err := New(Config{Instance: instance, SweepSeconds: 1, SilenceConfirmSeconds: 1, FenceProbeSeconds: 1, BeginWithinSeconds: 2, ClockSlackSeconds: 1, LookSeconds: 2}, Dependencies{
		Bus:       r.bus,
		Inventory: holds,
		Connect: func(_ context.Context, _ *inventory.Inventory, h inventory.Host) (hyperv.Host, error) {
			return r.world.Host(h.Name), nil
		},
		Log: bustest.Logger(r.t),
	})
	if err != nil {
		r.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- x.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			r.t.Errorf("executor %s: %v", instance, err)
		}
	})
	r.t.Cleanup(stop)
	return stop
}

var robin = events.Person{Name: "Robin Example", Email: "robin@example.test"}

// ask publishes an accepted ticket and returns its run.
func (r *rig) ask(ticket string, q events.Request, run string) string {
	r.t.Helper()
	q.TicketRef = events.TicketRef{System: "desk", Ticket: ticket, Revision: 1}
	q.Account, q.Requester, q.VMs = "acme", robin, []events.VMRef{r.vm}
	if run == "" {
		run = events.RunID(q.TicketRef, r.vm.ID)
	}
	agg := events.Aggregate{Family: events.FamilyTicket, Account: "acme", ID: q.Aggregate()}
	now := time.Now().UTC().Truncate(time.Millisecond)
	e, err := events.New(agg, events.Meta{ID: uuid.NewString(), Source: events.FamilyTicket.Source(), Time: now, Sequence: 1, Correlation: q.Aggregate()},
		&events.TicketAccepted{Request: q, SubmittedAt: now, Items: []events.Item{{VM: r.vm, Run: run}}})
	if err != nil {
		r.t.Fatal(err)
	}
	if _, err := r.bus.Append(context.Background(), agg, 0, e); err != nil {
		r.t.Fatal(err)
	}
	return run
}

// history is what the VM's log says, as short names.
func (r *rig) history() []string {
	r.t.Helper()
	var out []string
	for _, e := range r.recorded() {
		name := events.ShortName(e.Event.Type())
		data, err := events.Decode(e.Event)
		if err != nil {
			r.t.Fatal(err)
		}
		if d, ok := data.(*events.StepDone); ok {
			name += " " + string(d.Step)
		}
		out = append(out, name)
	}
	return out
}

func (r *rig) recorded() []bus.Recorded {
	r.t.Helper()
	h, err := r.bus.History(context.Background(), events.Aggregate{Family: events.FamilyFailover, Account: "acme", ID: r.vm.ID})
	if err != nil {
		r.t.Fatal(err)
	}
	return h
}

// await waits until the VM's log contains an event.
func (r *rig) await(name string) {
	r.t.Helper()
	bustest.Eventually(r.t, waitLimit, name+" in the log", func() bool { return slices.Contains(r.history(), name) })
}

// changes counts changes on the hosts by cmdlet.
func (r *rig) changes() map[string]int {
	out := map[string]int{}
	entries, _ := r.world.Journal()
	for _, e := range entries {
		if e.Changed && e.Cmdlet != "" {
			out[e.Host+" "+e.Cmdlet]++
		}
	}
	return out
}

// effects checks that each of the hosts' changes happened exactly once.
func (r *rig) effects(want ...string) {
	r.t.Helper()
	got := r.changes()
	for _, w := range want {
		if got[w] != 1 {
			r.t.Errorf("%q changed %d times, want once", w, got[w])
		}
		delete(got, w)
	}
	for extra, n := range got {
		r.t.Errorf("%q changed %d times, want never", extra, n)
	}
}

func TestPlannedFailover(t *testing.T) {
	r := newRig(t)
	r.executor("a")
	r.ask("T-1", events.Request{Action: events.ActionPlanned}, "")
	r.await("succeeded")
	r.effects("p1 Stop-VM", "p1 Start-VMFailover -Prepare", "r1 Start-VMFailover", "r1 Set-VMReplication -Reverse", "r1 Start-VM")
	var done []string
	for _, h := range r.history() {
		if step, ok := strings.CutPrefix(h, "step-done "); ok {
			done = append(done, step)
		}
	}
	if got, want := strings.Join(done, " "), "ShutDownPrimary PreparePrimary FailOverReplica ReverseReplication StartReplica AwaitHeartbeat RestoreAutoStart VerifyReplication"; got != want {
		t.Errorf("steps done:\n got %s\nwant %s", got, want)
	}
	for i, e := range r.recorded() {
		if got, want := events.Extension(e.Event, events.ExtSequence), fmt.Sprintf("%010d", i+1); got != want {
			t.Errorf("event %d has sequence %s", i+1, got)
		}
		if got := events.Extension(e.Event, events.ExtCorrelation); got != "desk~T-1" {
			t.Errorf("event %d has correlation %q", i+1, got)
		}
	}
	if live := r.world.Running(hyperv.VMID(r.vm.ID)); !slices.Equal(live, []string{"r1"}) {
		t.Errorf("the VM runs on %v", live)
	}
}

func TestTestFailoverUntilItsCleanupTicket(t *testing.T) {
	r := newRig(t)
	r.executor("a")
	run := r.ask("T-1", events.Request{Action: events.ActionTest, Test: &events.TestOptions{Switch: "Production"}}, "")
	r.await("awaiting-cleanup")
	r.ask("T-2", events.Request{Action: events.ActionCleanup}, run)
	r.await("succeeded")
	r.effects("r1 Set-VMNetworkAdapter", "r1 Start-VMFailover -AsTest", "r1 Start-VM", "r1 Stop-VMFailover")
}

func TestUnplannedFailoverOfALostPrimary(t *testing.T) {
	r := newRig(t)
	r.executor("a")
	r.do(hypersim.Action{Do: hypersim.DoKill, Host: "p1"})
	run := r.ask("T-1", events.Request{Action: events.ActionUnplanned}, "")
	r.await("held")
	r.ask("T-2", events.Request{Action: events.ActionResume, Choice: events.ChoiceOverride, Reason: "the site is flooded"}, run)
	r.await("awaiting-commit")
	r.ask("T-3", events.Request{Action: events.ActionCommit}, run)
	r.await("succeeded")
	r.effects("r1 Start-VMFailover", "r1 Start-VM", "r1 Complete-VMFailover")
	r.do(hypersim.Action{Do: hypersim.DoStart, Host: "p1"})
	r.await("fenced")
	r.await("step-done BecomeReplica")
	if live := r.world.Running(hyperv.VMID(r.vm.ID)); !slices.Equal(live, []string{"r1"}) {
		t.Errorf("the VM runs on %v", live)
	}
}

func (r *rig) do(a hypersim.Action) {
	r.t.Helper()
	if err := r.world.Do(a); err != nil {
		r.t.Fatal(err)
	}
}

// TestTicketsDeliveredAgainAndToTwoExecutors: the same ticket twice, two
// executors, one run.
func TestTicketsDeliveredAgainAndToTwoExecutors(t *testing.T) {
	r := newRig(t)
	r.executor("a")
	r.executor("b")
	run := r.ask("T-1", events.Request{Action: events.ActionPlanned}, "")
	r.ask("T-1-again", events.Request{Action: events.ActionPlanned}, run)
	r.await("succeeded")
	r.effects("p1 Stop-VM", "p1 Start-VMFailover -Prepare", "r1 Start-VMFailover", "r1 Set-VMReplication -Reverse", "r1 Start-VM")
	if n := strings.Count(strings.Join(r.history(), " "), "planned"); n != 1 {
		t.Errorf("%d runs were planned", n)
	}
}

// TestASecondTicketForTheVMIsRefused: one VM is never in two runs.
func TestASecondTicketForTheVMIsRefused(t *testing.T) {
	r := newRig(t)
	r.executor("a")
	r.ask("T-1", events.Request{Action: events.ActionTest}, "")
	r.await("awaiting-cleanup")
	r.ask("T-2", events.Request{Action: events.ActionPlanned}, "")
	r.await("refused")
	for _, e := range r.recorded() {
		data, _ := events.Decode(e.Event)
		if d, ok := data.(*events.FailoverRefused); ok && d.Reasons[0].Code != "vm-in-run" {
			t.Errorf("refused for %s", d.Reasons[0])
		}
	}
}

// TestAnotherExecutorGoesOn: an executor ends in the middle of a run, another
// takes it over.
func TestAnotherExecutorGoesOn(t *testing.T) {
	r := newRig(t)
	if err := r.world.Do(hypersim.Action{Do: hypersim.DoSetGuest, VM: hyperv.VMID(r.vm.ID), Guest: &hypersim.Guest{Boot: hypersim.Duration(3 * time.Second)}}); err != nil {
		t.Fatal(err)
	}
	stop := r.executor("a")
	r.ask("T-1", events.Request{Action: events.ActionPlanned}, "")
	r.await("step-done StartReplica")
	stop()
	if slices.Contains(r.history(), "succeeded") {
		t.Fatal("the run had ended before its executor; the test shows nothing")
	}
	r.executor("b")
	r.await("succeeded")
	r.effects("p1 Stop-VM", "p1 Start-VMFailover -Prepare", "r1 Start-VMFailover", "r1 Set-VMReplication -Reverse", "r1 Start-VM")
}

// TestWindowInTheFutureIsWaitedFor: an accepted ticket whose window has not begun
// waits on a timer.
func TestWindowInTheFutureIsWaitedFor(t *testing.T) {
	r := newRig(t)
	r.executor("a")
	soon := time.Now().Add(3 * time.Second).UTC()
	r.ask("T-1", events.Request{Action: events.ActionTest, Window: &events.Window{NotBefore: &soon}}, "")
	r.await("planned")
	for _, e := range r.recorded() {
		if events.ShortName(e.Event.Type()) == "planned" && e.Event.Time().Before(soon.Add(-time.Second)) {
			t.Errorf("planned at %s, the window begins at %s", e.Event.Time(), soon)
		}
	}
}

// TestAWithdrawnTicketIsNotCarriedOut: superseded after it was accepted.
func TestAWithdrawnTicketIsNotCarriedOut(t *testing.T) {
	r := newRig(t)
	r.ask("T-1", events.Request{Action: events.ActionPlanned}, "")
	agg := events.Aggregate{Family: events.FamilyTicket, Account: "acme", ID: "desk~T-1"}
	last, _, err := r.bus.Last(t.Context(), agg)
	if err != nil {
		t.Fatal(err)
	}
	e, err := events.New(agg, events.Meta{ID: uuid.NewString(), Source: events.FamilyTicket.Source(), Time: time.Now(), Sequence: 2, Correlation: "desk~T-1"},
		&events.TicketSuperseded{TicketRef: events.TicketRef{System: "desk", Ticket: "T-1", Revision: 1}, By: 2})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.bus.Append(t.Context(), agg, last.Seq, e); err != nil {
		t.Fatal(err)
	}
	r.executor("a")
	run := r.ask("T-2", events.Request{Action: events.ActionTest}, "")
	r.await("awaiting-cleanup")
	if got := r.history(); got[0] != "planned" || strings.Count(strings.Join(got, " "), "planned") != 1 {
		t.Errorf("the withdrawn ticket left %v (run of the other: %s)", got, run)
	}
}

// TestALogThatCannotBeIsLeftAlone: an event that is not legal stops everything
// on that VM, visibly, and nothing on the host.
func TestALogThatCannotBeIsLeftAlone(t *testing.T) {
	r := newRig(t)
	agg := events.Aggregate{Family: events.FamilyFailover, Account: "acme", ID: r.vm.ID}
	run := events.RunID(events.TicketRef{System: "desk", Ticket: "T-0", Revision: 1}, r.vm.ID)
	e, err := events.New(agg, events.Meta{ID: uuid.NewString(), Source: events.FamilyFailover.Source(), Time: time.Now(), Sequence: 1, Correlation: "desk~T-0"},
		&events.FailoverCommitted{RunRef: events.RunRef{Account: "acme", Run: run, VM: r.vm, Kind: events.KindTest, Ticket: events.TicketRef{System: "desk", Ticket: "T-0", Revision: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.bus.Append(context.Background(), agg, 0, e); err != nil {
		t.Fatal(err)
	}
	r.executor("a")
	r.ask("T-1", events.Request{Action: events.ActionPlanned}, "")
	bustest.Eventually(t, waitLimit, "a dead letter", func() bool {
		letters, err := r.bus.DeadLetters(context.Background(), bus.DeadLetterQuery{Consumer: name})
		if err != nil {
			t.Fatal(err)
		}
		return len(letters) == 1 && strings.Contains(letters[0].Reason, "not legal")
	})
	r.effects()
}

// TestAnEventThatDoesNotFitIsSeen: a plan that the contract refuses is a mistake
// of the program's own. The ticket must not wait for ever for nobody to see it.
func TestAnEventThatDoesNotFitIsSeen(t *testing.T) {
	r := newRig(t)
	r.misfit = plannedType
	r.executor("a")
	r.ask("T-1", events.Request{Action: events.ActionPlanned}, "")
	bustest.Eventually(t, waitLimit, "a dead letter", func() bool {
		letters, err := r.bus.DeadLetters(context.Background(), bus.DeadLetterQuery{Consumer: name})
		if err != nil {
			t.Fatal(err)
		}
		return len(letters) == 1 && strings.Contains(letters[0].Reason, "does not fit")
	})
	r.effects()
}

func TestConfig(t *testing.T) {
	for want, c := range map[string]Config{
		"executor.leaseSeconds: 5: must be at least 10":                 {LeaseSeconds: 5},
		"executor.sweepSeconds: -1: must be at least 1":                 {SweepSeconds: -1},
		"executor.deadlineSeconds.StartReplicas: there is no such step": {DeadlineSeconds: map[string]int{"StartReplicas": 1}},
		"executor.deadlineSeconds.StartReplica: 0: must be at least 1":  {DeadlineSeconds: map[string]int{"StartReplica": 0}},
	} {
		if err := c.Validate(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s…", err, want)
		}
	}
	if err := DefaultConfig().Validate(); err != nil {
		t.Error(err)
	}
	if p := (Config{BeginWithinSeconds: 3, DeadlineSeconds: map[string]int{"StartReplica": 7}}).policy(); p.BeginWithin != 3*time.Second || p.Deadlines[events.StepStartReplica] != 7*time.Second {
		t.Error("the configuration does not reach the policy")
	}
}

func TestHostsAreConnectedAnewWhenTheInventoryChanges(t *testing.T) {
	r := newRig(t)
	made := 0
	h := newHosts(func() *inventory.Inventory { return r.inv }, func(_ context.Context, _ *inventory.Inventory, e inventory.Host) (hyperv.Host, error) {
		made++
		if e.Name == "r1" {
			return nil, errors.New("no password in HYPERV_PASSWORD")
		}
		return r.world.Host(e.Name), nil
	})
	for range 2 {
		if _, err := h.get(t.Context(), "p1"); err != nil {
			t.Fatal(err)
		}
	}
	r.inv = sample(t, events.VMRef{ID: r.vm.ID, Name: "vm1"})
	doc := r.inv.Document
	doc.Hosts = slices.Clone(doc.Hosts)
	doc.Hosts[0].Address = "192.0.2.9"
	changed, err := inventory.New(doc)
	if err != nil {
		t.Fatal(err)
	}
	r.inv = changed
	if _, err := h.get(t.Context(), "p1"); err != nil || made != 2 {
		t.Errorf("connected %d times (%v), want 2", made, err)
	}
	for name, class := range map[string]hyperv.Class{"r1": hyperv.ClassHold, "nowhere": hyperv.ClassHold} {
		if _, err := h.get(t.Context(), name); hyperv.AsError(err).Class != class {
			t.Errorf("%s: %v", name, err)
		}
	}
	h.close()
}
