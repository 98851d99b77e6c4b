package house

import (
	"context"
	"sync"
	"testing"
	"time"

	"lifeboat.io/events"
	"lifeboat.io/pkg/bus"
	"lifeboat.io/pkg/bus/bustest"
	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/hypersim"
	"lifeboat.io/pkg/inventory"
	executor "lifeboat.io/services/failover-executor"
	"lifeboat.io/services/lifeboat/internal/story"
	intake "lifeboat.io/services/ticket-intake"
)

// StartWorld is the hosts of the stories, with VMs that fail over in a moment.
// Time in it is the machine's.
func StartWorld(t testing.TB) *hypersim.World {
	t.Helper()
	moment := hypersim.Duration(20 * time.Millisecond)
	quick := hypersim.DefaultDurations()
	for _, d := range []*hypersim.Duration{
		&quick.Visit, &quick.Connect, &quick.PowerOn, &quick.PowerOff, &quick.GuestBoot, &quick.GuestShutdown, &quick.Prepare, &quick.Failover,
		&quick.TestFailover, &quick.StopFailover, &quick.Complete, &quick.Reverse, &quick.BecomeReplica, &quick.Merge, &quick.FirstCycle,
	} {
		*d = moment
	}
	spec := hypersim.Spec{Live: true, Start: time.Now(), Durations: &quick}
	inv := story.Inventory()
	for _, h := range inv.Hosts {
		spec.Hosts = append(spec.Hosts, hypersim.HostSpec{Name: h.Name, FQDN: h.FQDN, Site: h.Site})
	}
	for _, v := range inv.VMs {
		spec.VMs = append(spec.VMs, hypersim.VMSpec{ID: hyperv.VMID(v.ID), Name: v.Name, Host: v.Primary, Replica: v.Replica, RecoveryHistory: 2})
	}
	w, err := hypersim.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	whileTestRuns(t, func(ctx context.Context) error {
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return nil
			case now := <-tick.C:
				w.AdvanceTo(now)
			}
		}
	})
	return w
}

// whileTestRuns runs something until the test ends.
func whileTestRuns(t testing.TB, run func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var ended sync.WaitGroup
	ended.Go(func() {
		if err := run(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); ended.Wait() })
}

// StartServices runs both services on a world until the test ends, each on its
// own connection to the bus.
func StartServices(t testing.TB, forIntake, forExecutor *bus.Bus, w *hypersim.World) {
	t.Helper()
	front, err := intake.New(intake.Config{Listen: "127.0.0.1:0"}, intake.Tools{Bus: forIntake, Logger: bustest.Logger(t)})
	if err != nil {
		t.Fatal(err)
	}
	inv := story.Inventory()
	x, err := executor.New(executor.Config{Instance: "test", SweepSeconds: 1, LookSeconds: 2, LookPatienceSeconds: 2, SilenceConfirmSeconds: 1, BeginWithinSeconds: 2, ClockSlackSeconds: 1,
		DeadlineSeconds: map[string]int{string(events.StepAwaitTestHeartbeat): 2}},
		executor.Dependencies{
			Bus: forExecutor, Inventory: func() *inventory.Inventory { return inv }, Log: bustest.Logger(t),
			Connect: func(_ context.Context, _ *inventory.Inventory, h inventory.Host) (hyperv.Host, error) {
				return w.Host(h.Name), nil
			},
		})
	if err != nil {
		t.Fatal(err)
	}
	whileTestRuns(t, front.Run)
	whileTestRuns(t, x.Run)
}
