package hypersim

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"lifeboat.io/pkg/hyperv"
)

// live runs a test on a live world whose time passes with the bubble's.
func live(t *testing.T, s Spec, run func(t *testing.T, w *World)) {
	synctest.Test(t, func(t *testing.T) {
		s.Live, s.Start = true, time.Now()
		w := must(t, s)
		stop := make(chan struct{})
		go func() {
			tick := time.NewTicker(100 * time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case <-stop:
					return
				case now := <-tick.C:
					w.AdvanceTo(now)
				}
			}
		}()
		run(t, w)
		close(stop)
	})
}

// TestManyAtOnce fails a hundred VMs over, each by a goroutine of its own.
func TestManyAtOnce(t *testing.T) {
	const vms = 100
	live(t, Pair(vms), func(t *testing.T, w *World) {
		p, r, ctx := w.Host("p1"), w.Host("r1"), t.Context()
		began := time.Now()
		var all sync.WaitGroup
		for i := range vms {
			all.Go(func() {
				id := w.lineages[i].id
				for _, step := range []func() (hyperv.Change, error){
					func() (hyperv.Change, error) { return p.Stop(ctx, id, gracefully) },
					func() (hyperv.Change, error) { return p.Prepare(ctx, id) },
					func() (hyperv.Change, error) { return r.FailOver(ctx, id, "") },
					func() (hyperv.Change, error) { return r.Reverse(ctx, id, hyperv.ReplicaServer{}) },
					func() (hyperv.Change, error) { return r.Start(ctx, id) },
				} {
					if c, err := step(); err != nil || !c.Acted {
						t.Errorf("vm %d: acted %v, %v", i, c.Acted, err)
					}
				}
			})
		}
		all.Wait()
		if took := time.Since(began); took > time.Minute {
			t.Errorf("it took %v", took)
		}
		for _, c := range w.Truth().Copies {
			if c.Lost != 0 && c.Host == "r1" || c.Runs != (c.Host == "r1") {
				t.Errorf("%+v", c)
			}
		}
		if o := w.Overlaps(""); len(o) != 0 {
			t.Errorf("overlaps %+v", o)
		}
	})
}

func TestLiveCallsEndWithTheirContext(t *testing.T) {
	live(t, Pair(1), func(t *testing.T, w *World) {
		id := w.lineages[0].id
		if err := w.Do(Action{Do: DoFreeze, Host: "p1"}); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		began := time.Now()
		_, err := w.Host("p1").Stop(ctx, id, hyperv.StopOptions{})
		if e := hyperv.AsError(err); e == nil || e.Class != hyperv.ClassUnknown || e.Code != hyperv.CodeTimeout {
			t.Errorf("%v", err)
		}
		if took := time.Since(began); took != 30*time.Second {
			t.Errorf("it took %v", took)
		}
		ctx, cancel = context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		if err := w.Machine("p1").StopVM(ctx, id, StopVMOptions{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		if _, err := w.Machine("p1").GetVM(ctx, id); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		if err := w.Do(Action{Do: DoUnfreeze, Host: "p1"}); err != nil {
			t.Fatal(err)
		}
		w.Advance(5 * time.Second)
		if len(w.Running(id)) != 0 {
			t.Error("what came in while it was frozen was not carried out")
		}
		// A call without an end of its own has the world's.
		if err := w.Inject(Fault{Kind: FaultTimeout}); err != nil {
			t.Fatal(err)
		}
		began = time.Now()
		_, err = w.Host("p1").Start(t.Context(), id)
		if e := hyperv.AsError(err); e == nil || e.Code != hyperv.CodeTimeout || time.Since(began) > 11*time.Minute {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

func TestLiveHostDies(t *testing.T) {
	live(t, Pair(1), func(t *testing.T, w *World) {
		id := w.lineages[0].id
		if err := w.Schedule(w.Now().Add(10*time.Second), Action{Do: DoKill, Host: "p1"}); err != nil {
			t.Fatal(err)
		}
		if err := w.Machine("p1").StopVM(t.Context(), id, StopVMOptions{}); !errors.Is(err, ErrHostDown) {
			t.Errorf("%v", err)
		}
		if err := w.Machine("p1").StartVM(t.Context(), id); !errors.Is(err, ErrHostDown) {
			t.Errorf("%v", err)
		}
	})
}

func TestNextEvent(t *testing.T) {
	w := must(t, Pair(1))
	next, ok := w.NextEvent()
	if !ok || !next.After(w.Now()) {
		t.Fatalf("%v, %v", next, ok)
	}
	if w.Step(0) {
		t.Error("something happened in no time")
	}
	if !w.Step(time.Hour) || !w.Now().Equal(next) {
		t.Errorf("stepped to %v, not %v", w.Now(), next)
	}
	if _, ok := must(t, Spec{}).NextEvent(); ok {
		t.Error("something happens in an empty world")
	}
}
