package soak_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"lifeboat.io/e2e/lab"
	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/hypersim"
	"lifeboat.io/pkg/hyperv/winrm"
	"lifeboat.io/pkg/secret"
)

var (
	length = flag.Duration("soak", 6*time.Second, "how long to go on")
	seed   = flag.Uint64("seed", 0, "where chance begins; 0 takes another one each time, but the same in -short")
)

// shortSeed is where chance begins in -short: what is run before every change
// should fail for the change's sake. Other seeds are for the long soak.
const shortSeed = 1

// The size of a round.
const (
	roundLength   = 10 * time.Second
	pairs         = 4
	vmsOfAPair    = 3
	clientsOfHost = 2
	// settlePatience is how long a healed host may take to be rid of everything.
	settlePatience = 30 * time.Second
	// everythingHappens is how long a soak must be to demand that everything happens in it.
	everythingHappens = time.Minute
	// spareHeap is how much the heap may differ between rounds, in bytes.
	spareHeap = 24 << 20
	// spareFiles is how many files and sockets the runtime itself may open meanwhile.
	spareFiles = 2
)

// standing are goroutines that outlive a round by design.
var standing = []goleak.Option{
	// The interpreter's pattern library has a clock that stops by itself a moment later.
	goleak.IgnoreAnyFunction("github.com/dlclark/regexp2.runClock"),
}

func TestSoak(t *testing.T) {
	if *seed == 0 && testing.Short() {
		*seed = shortSeed
	}
	if *seed == 0 {
		*seed = rand.Uint64N(1_000_000)
	}
	t.Logf("seed %d", *seed)
	standing = append(standing, goleak.IgnoreCurrent())
	end := time.Now().Add(*length)
	files, heap := 0, uint64(0)
	var total tally
	rounds := 0
	for ; time.Until(end) > 0 && !t.Failed(); rounds++ {
		r := newRound(t, *seed+uint64(rounds))
		total.add(r.run(t, min(roundLength, max(*length/2, time.Second))))
		if err := goleak.Find(standing...); err != nil {
			t.Errorf("round of seed %d: %v", r.seed, err)
		}
		nowFiles, nowHeap := openFiles(), heapInUse()
		switch {
		case rounds == 0: // the first one fills caches
			files, heap = nowFiles, nowHeap
		case nowFiles > files+spareFiles:
			t.Errorf("round of seed %d: %d files are open, %d were after the first round", r.seed, nowFiles, files)
		case nowHeap > heap+spareHeap:
			t.Errorf("round of seed %d: the heap has %d bytes, %d after the first round", r.seed, nowHeap, heap)
		}
	}
	t.Logf("%d rounds: %v", rounds, total)
	if total.done == 0 || total.notDone == 0 || total.read == 0 {
		t.Errorf("too little happened: %v", total)
	}
	if *length >= everythingHappens {
		total.wantEverything(t)
	}
}

// openFiles counts this process's file descriptors; 0 where that cannot be known.
func openFiles() int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(entries)
}

func heapInUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// round is one world and those who work in it.
type round struct {
	seed    uint64
	lab     *lab.Lab
	clients map[string][]*winrm.Host // by host
	pulse   pulse
}

func newRound(t *testing.T, seed uint64) *round {
	t.Helper()
	spec := hypersim.Spec{Seed: seed, Durations: &hypersim.Durations{}, JournalLimit: 1 << 20}
	for p := range pairs {
		primary, replica := fmt.Sprintf("p%d", p), fmt.Sprintf("r%d", p)
		spec.Hosts = append(spec.Hosts, hypersim.HostSpec{Name: primary, Site: "east"}, hypersim.HostSpec{Name: replica, Site: "west"})
		for v := range vmsOfAPair {
			spec.VMs = append(spec.VMs, hypersim.VMSpec{Name: fmt.Sprintf("vm%d-%d", p, v), Host: primary, Replica: replica, AutoStart: hyperv.StartNothing,
				Adapters: []hypersim.AdapterSpec{{Name: "Network Adapter", Switch: "Production", ReplicaSwitch: "Production", TestSwitch: "Isolated"}}})
		}
	}
	password := secret.NewText("s\u00f6ak 1!")
	l, err := lab.Start(t.Context(), lab.Options{World: spec, Address: "127.0.0.1", TimeScale: 1, Password: password})
	if err != nil {
		t.Fatal(err)
	}
	r := &round{seed: seed, lab: l, clients: map[string][]*winrm.Host{}}
	ca := filepath.Join(t.TempDir(), fmt.Sprintf("ca-%d.pem", seed))
	if err := os.WriteFile(ca, l.CertificateAuthority(), 0o600); err != nil {
		t.Fatal(err)
	}
	for i, h := range l.Hosts() {
		http, https := h.Ports()
		for n := range clientsOfHost {
			c := winrm.Config{Name: h.Name(), Address: h.Address(), Port: https, CAFile: ca, User: lab.Administrator,
				Auth:     []winrm.Auth{winrm.NTLM, winrm.Basic}[(i+n)%2],
				Password: func() (secret.Text, error) { return password, nil },
				Limits: winrm.Limits{OperationTimeout: time.Second, AnswerSlack: time.Second, LaneRequests: 25, LaneIdle: 300 * time.Millisecond,
					SilentCalls: 3, SilentPause: 100 * time.Millisecond, Waiting: 8}}
			if i%3 == 0 {
				c.Transport, c.Port, c.CAFile, c.Auth = winrm.HTTP, http, "", winrm.NTLM // sealed
			}
			client, err := winrm.Dial(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			r.clients[h.Name()] = append(r.clients[h.Name()], client)
		}
	}
	return r
}

// run lets everybody work for a while, heals the world, and looks at what is
// left.
func (r *round) run(t *testing.T, d time.Duration) tally {
	ctx, stop := context.WithTimeout(t.Context(), d)
	defer stop()
	var chaos, work sync.WaitGroup
	felt, still := context.WithCancel(t.Context())
	defer still()
	chaos.Go(func() { r.pulse.run(felt) })
	for i, h := range r.lab.Hosts() {
		dice := rand.New(rand.NewPCG(r.seed, uint64(i)))
		chaos.Go(func() { trouble(ctx, t, r.lab, h, dice) })
	}
	var workers []*worker
	for i, c := range r.lab.World().Truth().Copies {
		if c.Mode != hyperv.ModePrimary {
			continue
		}
		w := &worker{round: r, vm: c.VM, primary: c.Host, replica: "r" + c.Host[1:], dice: rand.New(rand.NewPCG(r.seed, 1000+uint64(i))),
			changes: map[string]int{}, doubt: map[string]int{}}
		workers = append(workers, w)
		work.Go(func() { w.work(ctx, t) })
	}
	work.Wait()
	still()
	chaos.Wait()
	r.close(t)
	var total tally
	for _, w := range workers {
		w.settle(t)
		total.add(w.tally)
	}
	if err := r.lab.Close(); err != nil {
		t.Error(err)
	}
	return total
}

// close heals the hosts, closes the clients, and waits until the hosts are
// rid of them.
func (r *round) close(t *testing.T) {
	t.Helper()
	for _, h := range r.lab.Hosts() {
		if err := heal(r.lab, h); err != nil {
			t.Errorf("round of seed %d: %v", r.seed, err)
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), settlePatience)
	defer cancel()
	var closing sync.WaitGroup
	for _, clients := range r.clients {
		for _, c := range clients {
			closing.Go(func() {
				if err := c.Close(ctx); err != nil {
					t.Errorf("round of seed %d: %v", r.seed, err)
				}
			})
		}
	}
	closing.Wait()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		left := r.left()
		if left == nil {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Errorf("round of seed %d: %v", r.seed, left)
			return
		}
	}
}

// left tells what of the clients is left on the hosts.
func (r *round) left() error {
	var all error
	for _, h := range r.lab.Hosts() {
		now := h.WinRM().Stats()
		_, running := h.PowerShells()
		if now.Shells+now.Processes+now.Connections+int(running) != 0 {
			all = errors.Join(all, fmt.Errorf("%s has %d shells, %d processes, %d connections, %d PowerShells left", h.Name(), now.Shells, now.Processes, now.Connections, running))
		}
	}
	return all
}
