package kit

import (
	"context"
	"time"

	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/hypertest"
)

// askCases put questions to Hyper-V itself that lifeboat's verbs never would:
// they check first. Each settles assumptions; see rows.
func askCases(pass func(time.Duration)) []hypertest.Case {
	return append([]hypertest.Case{
		hypertest.NewCase("AskStartReplica", func(t hypertest.T, p *hypertest.Pair) {
			ask(t, p.Replica, AskStart)
		}),
		hypertest.NewCase("AskWhileRunning", func(t hypertest.T, p *hypertest.Pair) {
			ask(t, p.Primary, AskPrepare)
			ask(t, p.Primary, AskFailOver)
			ask(t, p.Primary, AskTest)
		}),
		hypertest.NewCase("AskPrepared", func(t hypertest.T, p *hypertest.Pair) {
			prepare(t, p)
			ask(t, p.Primary, AskStart)
			ask(t, p.Primary, AskPrepare)
		}),
		hypertest.NewCase("AskShutdown", func(t hypertest.T, p *hypertest.Pair) {
			stopped := make(chan error, 1)
			go func() {
				_, err := p.Primary.Stop(t.Context(), p.VM, hyperv.StopOptions{Grace: stopGrace})
				stopped <- err
			}()
			for {
				select {
				case err := <-stopped:
					must(t, "Stop", err)
					return
				default:
					read(t, p.Primary, p.VM)
					pass(time.Second)
				}
			}
		}),
		hypertest.NewCase("AskBooting", func(t hypertest.T, p *hypertest.Pair) {
			stop(t, p, p.Primary)
			_, err := p.Primary.Start(t.Context(), p.VM)
			must(t, "Start", err)
			for waited := time.Duration(0); !read(t, p.Primary, p.VM).Heartbeat.Alive(); waited += time.Second {
				if waited > p.Patience {
					t.Fatalf("the guest did not come up within %v", p.Patience)
				}
				pass(time.Second)
			}
		}),
		hypertest.NewCase("AskReverseAsStored", func(t hypertest.T, p *hypertest.Pair) {
			prepare(t, p)
			failOver(t, p)
			_, err := p.Replica.Reverse(t.Context(), p.VM, hyperv.ReplicaServer{})
			must(t, "Reverse", err)
			_, err = p.Replica.Start(t.Context(), p.VM)
			must(t, "Start while disks may merge", err)
		}),
		hypertest.NewCase("AskReverseRunning", func(t hypertest.T, p *hypertest.Pair) {
			prepare(t, p)
			failOver(t, p)
			_, err := p.Replica.Start(t.Context(), p.VM)
			must(t, "Start", err)
			ask(t, p.Replica, AskReverse)
		}),
		hypertest.NewCase("AskCancelRunning", func(t hypertest.T, p *hypertest.Pair) {
			prepare(t, p)
			failOver(t, p)
			_, err := p.Replica.Start(t.Context(), p.VM)
			must(t, "Start", err)
			ask(t, p.Replica, AskStopFailover)
		}),
		hypertest.NewCase("AskCancelBesideTest", func(t hypertest.T, p *hypertest.Pair) {
			_, err := p.Replica.StartTestFailover(t.Context(), p.VM, "")
			must(t, "StartTestFailover", err)
			ask(t, p.Replica, AskFailOver)
			ask(t, p.Replica, AskStopFailover)
		}),
		hypertest.NewCase("AskSuspended", func(t hypertest.T, p *hypertest.Pair) {
			t.Cleanup(func() { resume(p) })
			ask(t, p.Replica, AskSuspend)
			ask(t, p.Replica, AskTest)
			ask(t, p.Replica, AskStopFailover)
			ask(t, p.Replica, AskFailOver)
			ask(t, p.Replica, AskStopFailover)
		}),
		hypertest.NewCase("AskUnknownSwitch", func(t hypertest.T, p *hypertest.Pair) {
			_, err := host(p.Replica).ask(t.Context(), AskTestSwitch, "lifeboat-test no such switch")
			must(t, "ask", err)
		}),
	}, replicationCases(pass)...)
}

// replicationCases ask what becomes of replication itself.
func replicationCases(pass func(time.Duration)) []hypertest.Case {
	return []hypertest.Case{
		hypertest.NewCase("AskReplicaPaused", func(t hypertest.T, p *hypertest.Pair) {
			t.Cleanup(func() { resume(p) })
			cycle := read(t, p.Primary, p.VM).Replication.Frequency
			ask(t, p.Replica, AskSuspend)
			for watched := time.Duration(0); watched < min(watchedCycles*cycle, p.Patience); watched += time.Second {
				if read(t, p.Primary, p.VM).Replication.State != hyperv.StateReplicating {
					return
				}
				pass(time.Second)
			}
		}),
		hypertest.NewCase("AskBecomeReplica", func(t hypertest.T, p *hypertest.Pair) {
			stop(t, p, p.Primary)
			failOver(t, p)
			_, err := host(p.Primary).ask(t.Context(), AskReplicaOf, unknownServer)
			must(t, "ask", err)
			_, err = p.Primary.BecomeReplica(t.Context(), p.VM)
			must(t, "BecomeReplica", err)
		}),
	}
}

const (
	// watchedCycles is for how many cycles a primary is watched whose replica
	// takes nothing.
	watchedCycles = 10
	// unknownServer is no host's name (RFC 2606), so no authorization entry is for it.
	unknownServer = "nobody.invalid"
)

// stopGrace is how long a guest may take to shut down.
const stopGrace = 5 * time.Minute

// host is the guarded host behind an interface; there is no other kind here.
func host(h hyperv.Host) *guarded { return h.(*guarded) }

// ask puts a question whose answer, whatever it is, is what is wanted.
func ask(t hypertest.T, h hyperv.Host, q Question) Reply {
	r, err := host(h).ask(t.Context(), q, "")
	must(t, "ask "+string(q), err)
	return r
}

// resume resumes replication that a case suspended; bringing back looks again.
func resume(p *hypertest.Pair) {
	ctx, cancel := context.WithTimeout(context.Background(), askLimit)
	defer cancel()
	for _, h := range []hyperv.Host{p.Replica, p.Primary} {
		if vm, err := h.Read(ctx, p.VM); err == nil && vm.Replication.State == hyperv.StateSuspended {
			_, _ = host(h).ask(ctx, AskResume, "")
		}
	}
}

func must(t hypertest.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

func read(t hypertest.T, h hyperv.Host, id hyperv.VMID) hyperv.VM {
	t.Helper()
	vm, err := h.Read(t.Context(), id)
	must(t, "Read", err)
	return vm
}

func stop(t hypertest.T, p *hypertest.Pair, h hyperv.Host) {
	t.Helper()
	_, err := h.Stop(t.Context(), p.VM, hyperv.StopOptions{Grace: stopGrace, Force: true})
	must(t, "Stop", err)
}

// prepare shuts the primary down and prepares it.
func prepare(t hypertest.T, p *hypertest.Pair) {
	t.Helper()
	stop(t, p, p.Primary)
	_, err := p.Primary.Prepare(t.Context(), p.VM)
	must(t, "Prepare", err)
}

func failOver(t hypertest.T, p *hypertest.Pair) {
	t.Helper()
	_, err := p.Replica.FailOver(t.Context(), p.VM, "")
	must(t, "FailOver", err)
}
