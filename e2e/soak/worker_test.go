package soak_test

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"lifeboat.io/pkg/hyperv"
)

const (
	// longestCall is the longest deadline a call gets.
	longestCall = 1500 * time.Millisecond
	// returnSlack is how long after its deadline, or after it was cancelled, a call may return.
	returnSlack = time.Second
)

// worker makes one call after another about a VM that nobody else touches.
type worker struct {
	round            *round
	vm               hyperv.VMID
	primary, replica string
	dice             *rand.Rand
	tally            tally
	// changes is how many changes of the VM have been accounted for while
	// nothing was in doubt; doubt is how many calls since then may still add one.
	changes, doubt int
}

// deed is a verb on a host.
type deed struct {
	name string
	on   func(w *worker) string
	act  func(w *worker, ctx context.Context, h hyperv.Host) (hyperv.Change, error)
}

func onPrimary(w *worker) string { return w.primary }
func onReplica(w *worker) string { return w.replica }

// deeds lead from each state of a VM to another and back. Those there is no
// way back from, Reverse, Complete and BecomeReplica, are not among them.
var deeds = []deed{
	{"SetAutoStart", onPrimary, func(w *worker, ctx context.Context, h hyperv.Host) (hyperv.Change, error) {
		return h.SetAutoStart(ctx, w.vm, []hyperv.StartAction{hyperv.StartNothing, hyperv.StartIfRunning, hyperv.StartAlways}[w.dice.IntN(3)])
	}},
	{"Stop", onPrimary, func(w *worker, ctx context.Context, h hyperv.Host) (hyperv.Change, error) {
		return h.Stop(ctx, w.vm, hyperv.StopOptions{})
	}},
	{"Start", onPrimary, func(w *worker, ctx context.Context, h hyperv.Host) (hyperv.Change, error) { return h.Start(ctx, w.vm) }},
	{"Prepare", onPrimary, func(w *worker, ctx context.Context, h hyperv.Host) (hyperv.Change, error) {
		return h.Prepare(ctx, w.vm)
	}},
	{"CancelFailover", onPrimary, func(w *worker, ctx context.Context, h hyperv.Host) (hyperv.Change, error) {
		return h.CancelFailover(ctx, w.vm)
	}},
	{"SetTestNetwork", onReplica, func(w *worker, ctx context.Context, h hyperv.Host) (hyperv.Change, error) {
		return h.SetTestNetwork(ctx, w.vm, []hyperv.AdapterSwitch{{Adapter: "Network Adapter", Switch: []string{"Production", "Isolated"}[w.dice.IntN(2)]}})
	}},
	{"StartTestFailover", onReplica, func(w *worker, ctx context.Context, h hyperv.Host) (hyperv.Change, error) {
		return h.StartTestFailover(ctx, w.vm, "")
	}},
	{"StopTestFailover", onReplica, func(w *worker, ctx context.Context, h hyperv.Host) (hyperv.Change, error) {
		return h.StopTestFailover(ctx, w.vm)
	}},
	{"FailOver", onReplica, func(w *worker, ctx context.Context, h hyperv.Host) (hyperv.Change, error) {
		return h.FailOver(ctx, w.vm, "")
	}},
	{"CancelFailover", onReplica, func(w *worker, ctx context.Context, h hyperv.Host) (hyperv.Change, error) {
		return h.CancelFailover(ctx, w.vm)
	}},
}

// work goes on until the context ends; calls under way are let finish.
func (w *worker) work(ctx context.Context, t *testing.T) {
	for ctx.Err() == nil && !t.Failed() {
		limit := time.Duration(w.dice.Int64N(int64(longestCall)))
		call, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
		if w.dice.IntN(4) == 0 { // cancelled instead
			limit /= 2
			timer := time.AfterFunc(limit, cancel)
			w.one(call, t)
			timer.Stop()
		} else {
			w.one(call, t)
		}
		if end, has := call.Deadline(); has && time.Since(end) > returnSlack {
			t.Errorf("round of seed %d: a call returned %v after its deadline", w.round.seed, time.Since(end))
		}
		cancel()
	}
}

// client is one of those that talk to a host.
func (w *worker) client(host string) hyperv.Host {
	all := w.round.clients[host]
	return all[w.dice.IntN(len(all))]
}

// one makes one call.
func (w *worker) one(ctx context.Context, t *testing.T) {
	if w.dice.IntN(3) == 0 {
		w.read(ctx, t)
		return
	}
	d := deeds[w.dice.IntN(len(deeds))]
	change, err := d.act(w, ctx, w.client(d.on(w)))
	class := hyperv.Class("")
	if err != nil {
		class = hyperv.AsError(err).Class
	}
	want := 0
	switch {
	case class == hyperv.ClassUnknown:
		w.tally.unknown++
		w.doubt++
	case err != nil:
		w.tally.notDone++
	case change.Acted:
		w.tally.done++
		want = 1
	}
	w.account(t, d.name, class, want)
}

// account holds what the journal has of the VM against what was told. What is
// in doubt may come to pass at any time until the round is over.
func (w *worker) account(t *testing.T, what string, class hyperv.Class, want int) {
	t.Helper()
	w.changes += want
	got := w.journal()
	if got < w.changes || got > w.changes+w.doubt {
		t.Errorf("round of seed %d: %s on VM %s came to %q: the VM was changed %d times in all, callers know of %d and doubt %d",
			w.round.seed, what, w.vm, class, got, w.changes, w.doubt)
	}
}

// settle is the account when nothing can happen any more.
func (w *worker) settle(t *testing.T) {
	t.Helper()
	w.account(t, "the end", "", 0)
	w.tally.happened = w.journal() - w.changes
}

// journal counts the changes of the VM that cmdlets have made.
func (w *worker) journal() int {
	n := 0
	entries, _ := w.round.lab.World().Journal()
	for _, e := range entries {
		if e.VM == w.vm && e.Cmdlet != "" && e.Changed {
			n++
		}
	}
	return n
}

func (w *worker) read(ctx context.Context, t *testing.T) {
	h := w.client([]string{w.primary, w.replica}[w.dice.IntN(2)])
	var err error
	switch w.dice.IntN(4) {
	case 0:
		_, err = h.Info(ctx)
	case 1:
		_, err = h.ListVMs(ctx)
	default:
		var vm hyperv.VM
		if vm, err = h.Read(ctx, w.vm); err == nil && !vm.Present {
			t.Errorf("round of seed %d: VM %s is gone from %s", w.round.seed, w.vm, h.Name())
		}
	}
	switch e := hyperv.AsError(err); {
	case e == nil:
		w.tally.read++
	case e.Class == hyperv.ClassUnknown || e.Class == hyperv.ClassRefuse:
		t.Errorf("round of seed %d: a reading came to %v", w.round.seed, e)
	default:
		w.tally.readFailed++
	}
}
