package soak_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
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
	primary, replica string // the hosts by their roles, as last seen
	dice             *rand.Rand
	tally            tally
	course           course    // what it is about, and
	steps            int       // how much of that is done
	returned         time.Time // when the last call did
	// changes is how often each cmdlet changed the VM, as far as callers know;
	// doubt is how often more it may have, or may yet.
	changes, doubt map[string]int
}

// work goes on until the context ends; calls under way are let finish.
func (w *worker) work(ctx context.Context, t *testing.T) {
	for ctx.Err() == nil && !t.Failed() {
		lost := w.round.pulse.lost()
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
		end, _ := call.Deadline()
		if late, lost := w.returned.Sub(end), w.round.pulse.lost()-lost; late > returnSlack+lost {
			t.Errorf("round of seed %d: a call returned %v after its deadline, while the machine stood still for %v", w.round.seed, late, lost)
		}
		cancel()
	}
}

// client is one of those that talk to a host.
func (w *worker) client(host string) hyperv.Host {
	all := w.round.clients[host]
	return all[w.dice.IntN(len(all))]
}

// one makes one call, or looks after a VM that calls cannot help.
func (w *worker) one(ctx context.Context, t *testing.T) {
	w.look()
	switch {
	case w.dice.IntN(3) == 0:
		w.read(ctx, t)
		return
	case w.dice.IntN(4) == 0:
		cmdlet, err := w.mend(ctx)
		w.returned = time.Now()
		if cmdlet != "" {
			w.mended(ctx, t, cmdlet, err)
			return
		}
	}
	if w.dice.IntN(3) == 0 {
		_ = w.do(ctx, t, deeds[w.dice.IntN(len(deeds))])
		return
	}
	if w.steps == len(w.course.steps) {
		w.course, w.steps = courses[w.dice.IntN(len(courses))], 0
	}
	w.step(ctx, t)
}

// step makes the next call of a course. One that may not have come through is
// made again, and one that is refused ends the course.
func (w *worker) step(ctx context.Context, t *testing.T) {
	switch w.do(ctx, t, w.course.steps[w.steps]) {
	case "":
		if w.steps++; w.steps == len(w.course.steps) {
			w.tally.succeeded(w.course.name)
		}
	case hyperv.ClassRefuse, hyperv.ClassHold:
		w.course, w.steps = course{}, 0
	}
}

// do makes a call that may change something, and takes note of how it came out.
func (w *worker) do(ctx context.Context, t *testing.T, d deed) hyperv.Class {
	change, err := d.act(ctx, w, w.client(d.on(w)))
	w.returned = time.Now()
	class, code := hyperv.Class(""), ""
	if err != nil {
		e := hyperv.AsError(err)
		class, code = e.Class, e.Code
	}
	switch {
	case class == hyperv.ClassUnknown:
		w.tally.unknown++
		w.doubt[d.cmdlet]++
	case code == hyperv.CodeEffectMissing: // it was done, and undone at once by a call that was in doubt
		w.tally.notDone++
		w.changes[d.cmdlet]++
	case err != nil:
		w.tally.notDone++
	case change.Acted:
		w.tally.done++
		w.tally.succeeded(d.name)
		w.changes[d.cmdlet]++
	case !reflect.DeepEqual(change.Before, change.After): // the cmdlet failed, and its effect is there
		w.tally.unknown++
		w.doubt[d.cmdlet]++
	}
	w.account(t, fmt.Sprintf("%s on VM %s, which came to %q", d.name, w.vm, class))
	return class
}

// mended takes note of how what was done at the host itself came out. A cmdlet
// whose caller has given up goes on.
func (w *worker) mended(ctx context.Context, t *testing.T, cmdlet string, err error) {
	switch {
	case err == nil:
		w.tally.succeeded(cmdlet)
		w.changes[cmdlet]++
	case ctx.Err() != nil:
		w.doubt[cmdlet]++
	}
	w.account(t, cmdlet+" on VM "+string(w.vm))
}

// account holds what the journals of both hosts have of the VM against what
// was told. What is in doubt may come to pass at any time until the round is over.
func (w *worker) account(t *testing.T, after string) (happened int) {
	t.Helper()
	journal := w.journal()
	for cmdlet := range w.changes {
		journal[cmdlet] += 0 // those that should be there, too
	}
	for cmdlet, got := range journal {
		known, doubt := w.changes[cmdlet], w.doubt[cmdlet]
		if got < known || got > known+doubt {
			t.Errorf("round of seed %d: after %s: %s has changed the VM %d times, callers know of %d and doubt %d",
				w.round.seed, after, cmdlet, got, known, doubt)
		}
		happened += got - known
	}
	return happened
}

// settle is the account when nothing can happen any more.
func (w *worker) settle(t *testing.T) {
	t.Helper()
	w.tally.happened = w.account(t, "the end for VM "+string(w.vm))
}

// journal counts the changes of the VM by the cmdlets that made them.
func (w *worker) journal() map[string]int {
	times := map[string]int{}
	entries, _ := w.round.lab.World().Journal()
	for _, e := range entries {
		if e.VM == w.vm && e.Cmdlet != "" && e.Changed {
			times[e.Cmdlet]++
		}
	}
	return times
}

func (w *worker) read(ctx context.Context, t *testing.T) {
	host := []string{w.primary, w.replica}[w.dice.IntN(2)]
	h := w.client(host)
	var err error
	switch w.dice.IntN(4) {
	case 0:
		_, err = h.Info(ctx)
	case 1:
		_, err = h.ListVMs(ctx)
	default:
		read := h.ReadState
		if w.dice.IntN(2) == 0 {
			read = h.Read
		}
		var vm hyperv.VM
		if vm, err = read(ctx, w.vm); err == nil {
			w.compare(t, host, vm)
		}
	}
	w.returned = time.Now()
	switch e := hyperv.AsError(err); {
	case e == nil:
		w.tally.read++
	case e.Class == hyperv.ClassUnknown || e.Class == hyperv.ClassRefuse:
		t.Errorf("round of seed %d: a reading came to %v", w.round.seed, e)
	default:
		w.tally.readFailed++
	}
}

// compare holds what was read against the truth, as far as only this worker's
// own calls change it.
func (w *worker) compare(t *testing.T, host string, vm hyperv.VM) {
	t.Helper()
	truth := w.truth(host)
	switch {
	case !vm.Present:
		t.Errorf("round of seed %d: VM %s is gone from %s", w.round.seed, w.vm, host)
	case len(w.doubt) == 0 && (vm.Replication.Mode != truth.Mode || vm.Power != truth.Power):
		t.Errorf("round of seed %d: VM %s on %s reads %s and %s, and is %s and %s", w.round.seed, w.vm, host, vm.Replication.Mode, vm.Power, truth.Mode, truth.Power)
	}
}
