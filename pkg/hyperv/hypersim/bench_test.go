package hypersim

import (
	"context"
	"testing"
	"time"

	"lifeboat.io/pkg/hyperv"
)

// must is the world of a Spec that is right.
func must(t testing.TB, s Spec) *World {
	t.Helper()
	w, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func BenchmarkWorldCreate(b *testing.B) {
	s := Pair(1)
	b.ReportAllocs()
	for b.Loop() {
		must(b, s)
	}
}

// BenchmarkPlannedFailoverStepped creates a world of two hosts and fails its
// VM over as an executor would: some forty calls, half of them readings.
func BenchmarkPlannedFailoverStepped(b *testing.B) {
	s := Pair(1)
	b.ReportAllocs()
	for b.Loop() {
		w := must(b, s)
		calls := plannedFailover(b, w, "p1", "r1", w.lineages[0].id)
		if calls < 35 {
			b.Fatalf("%d calls", calls)
		}
	}
}

// plannedFailover fails a VM over and waits for its guest, and tells how many
// calls that took.
func plannedFailover(t testing.TB, w *World, from, to string, id hyperv.VMID) int {
	t.Helper()
	ctx := context.Background()
	p, r := w.Host(from), w.Host(to)
	calls := 0
	look := func() (hyperv.VM, hyperv.VM) {
		a, errA := p.Read(ctx, id)
		b, errB := r.Read(ctx, id)
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		calls += 2
		return a, b
	}
	do := func(c hyperv.Change, err error) {
		t.Helper()
		calls++
		if err != nil || !c.Acted {
			t.Fatalf("acted %v: %v", c.Acted, err)
		}
		look()
	}
	look()
	do(p.Stop(ctx, id, hyperv.StopOptions{Grace: 5 * time.Minute, Force: true}))
	do(p.Prepare(ctx, id))
	do(r.FailOver(ctx, id, ""))
	do(r.Reverse(ctx, id, hyperv.ReplicaServer{Server: from}))
	do(r.Start(ctx, id))
	do(p.SetAutoStart(ctx, id, hyperv.StartNothing))
	for range 10 {
		_, b := look()
		if b.Heartbeat.Alive() {
			break
		}
		w.Advance(4 * time.Second)
	}
	return calls
}
