package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"lifeboat.io/e2e/programs"
	"lifeboat.io/pkg/hyperv/hypersim"
	"lifeboat.io/pkg/inventory"
)

const (
	// foreignHosts is how many hosts there are, each with one VM that runs there
	// and one copy of another's.
	foreignHosts = 100
	// foreignAtOnce is Ansible's forks and pywinrm's threads.
	foreignAtOnce = 50
	// quicker is by how much the hosts' own work is quicker than by default. It
	// is the same for all clients, and waiting for it costs none of them anything:
	// at its real length it would hide what the clients do, without it a client
	// that waits badly would not show. So a guest shuts down in 0.5 s and boots in
	// 0.75 s, a preparation takes 0.1 s. Twice that is half of lifeboat's time, and
	// the ratios then tell how fast the machine runs Ansible.
	quicker = 40
)

// foreign measures the same planned failover of 100 VMs by Ansible, by a pool of
// pywinrm threads and by lifeboat, each on a lab of its own with the same world.
func foreign(ctx context.Context, s Setting) ([]Figure, error) {
	if missing := missingPeer(ctx); missing != "" && os.Getenv("LIFEBOAT_REQUIRE_FOREIGN") != "1" {
		s.say("  left out: %s is missing; the Debian packages ansible, python3-winrm and python3-requests-ntlm have it", missing)
		return nil, nil
	}
	world, own, err := foreignWorld()
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.Remove(world) }()
	s.say("  the hosts' own work for one failover takes %.1f s, whoever asks; every cmdlet 50 ms, every start of PowerShell 300 ms", own.Seconds())
	took := map[string]Usage{}
	for i, c := range []struct {
		name string
		run  func(context.Context, *fleet) (Usage, error)
	}{{"lifeboat", byServe}, {"pywinrm", byPywinrm}, {"Ansible", byAnsible}} {
		s.say("  %d VMs by %s", foreignHosts, c.name)
		u, err := onFleet(ctx, s, world, fmt.Sprintf("127.0.%d.1", 24+i), c.run)
		if err != nil {
			return nil, fmt.Errorf("by %s: %w", c.name, err)
		}
		s.say("    %s", u)
		took[c.name] = u
	}
	l, p, a := took["lifeboat"], took["pywinrm"], took["Ansible"]
	added := func(u Usage) float64 { return u.Wall.Seconds() - own.Seconds() }
	how := func(of, beside Usage, name string) string { return fmt.Sprintf("%s beside %s of %s", of, beside, name) }
	return []Figure{
		{Name: "100 planned failovers: wall time beside Ansible's", Value: l.Wall.Seconds() / a.Wall.Seconds(), Unit: "×", Bar: 0.2, How: how(l, a, "Ansible, 50 forks")},
		{Name: "100 planned failovers: CPU beside Ansible's", Value: l.CPU.Seconds() / a.CPU.Seconds(), Unit: "×", Bar: 0.1, How: "user and system time of the client's processes, not the lab's"},
		{Name: "100 planned failovers: wall time beside pywinrm's", Value: l.Wall.Seconds() / p.Wall.Seconds(), Unit: "×", Bar: 0.5, How: how(l, p, "pywinrm, 50 threads")},
		{Name: "100 planned failovers: HTTP requests beside pywinrm's", Value: float64(l.Requests) / float64(p.Requests), Unit: "×", How: fmt.Sprintf("counted by the lab; Ansible makes %d", a.Requests)},
		{Name: "100 planned failovers: peak memory beside Ansible's", Value: l.PeakMB / a.PeakMB, Unit: "×", How: fmt.Sprintf("proportional set size of all processes; pywinrm has %.0f MB", p.PeakMB)},
		{Name: "100 planned failovers: what is added to the hosts' own work beside Ansible", Value: added(l) / added(a), Unit: "×", How: fmt.Sprintf("%.1f s beside %.1f s; pywinrm adds %.1f s", added(l), added(a), added(p))},
		{Name: "100 planned failovers: wall time beside the hosts' own work", Value: l.Wall.Seconds() / own.Seconds(), Unit: "×", How: fmt.Sprintf("%.1f s for one failover, no command counted", own.Seconds())},
	}, nil
}

// foreignWorld writes the world down and tells how long one failover takes on
// its hosts when no command takes any time.
func foreignWorld() (path string, own time.Duration, err error) {
	spec := hypersim.Large(foreignHosts, foreignHosts)
	d := hypersim.DefaultDurations()
	for _, one := range []*hypersim.Duration{&d.PowerOn, &d.PowerOff, &d.GuestBoot, &d.GuestShutdown, &d.Prepare, &d.Failover, &d.Reverse, &d.Merge, &d.FirstCycle} {
		*one /= quicker
	}
	spec.Durations = &d
	// The first delta back arrives while the guest boots.
	own = time.Duration(d.GuestShutdown + d.Prepare + d.Failover + d.Reverse + d.PowerOn + max(d.GuestBoot, d.FirstCycle))
	text, err := json.Marshal(spec)
	if err != nil {
		return "", 0, err
	}
	f, err := os.CreateTemp("", "lifeboat-bench-*.json")
	if err != nil {
		return "", 0, err
	}
	_, err = f.Write(text)
	if closed := f.Close(); err == nil {
		err = closed
	}
	return f.Name(), own, err
}

// fleet is a lab with the VMs to fail over.
type fleet struct {
	lab *programs.Lab
	inv *inventory.Inventory
	dir string
	s   Setting
}

// onFleet runs a client on a lab of its own, and looks afterwards into the
// lab's books: every VM came through, with every write, and never ran twice.
func onFleet(ctx context.Context, s Setting, world, address string, run func(context.Context, *fleet) (Usage, error)) (Usage, error) {
	port, err := programs.FreePort()
	if err != nil {
		return Usage{}, err
	}
	lab, err := programs.StartLab(ctx, s.Programs, nil, "--world", world, "--address", address, "--nats", fmt.Sprintf("nats://127.0.0.1:%d", port),
		"--ps-start", "300ms", "--cmdlet-latency", "50ms", "--log-level", "ERROR")
	if err != nil {
		return Usage{}, err
	}
	defer func() { _ = lab.Stop() }()
	inv, err := inventory.Load(inventoryFile(lab))
	if err != nil {
		return Usage{}, err
	}
	dir, err := os.MkdirTemp("", "lifeboat-bench-")
	if err != nil {
		return Usage{}, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	u, err := run(ctx, &fleet{lab, inv, dir, s})
	if err != nil {
		return u, err
	}
	if u.Requests, err = httpRequests(ctx, lab); err != nil {
		return u, err
	}
	return u, cameThrough(ctx, lab, inv)
}

func httpRequests(ctx context.Context, lab *programs.Lab) (uint64, error) {
	var stats struct {
		Hosts []struct {
			HTTPRequests uint64 `json:"httpRequests"`
		} `json:"hosts"`
	}
	err := lab.Get(ctx, "/v1/stats", &stats)
	var n uint64
	for _, h := range stats.Hosts {
		n += h.HTTPRequests
	}
	return n, err
}

// cameThrough checks that each VM runs on its replica's host and nowhere else.
func cameThrough(ctx context.Context, lab *programs.Lab, inv *inventory.Inventory) error {
	truth, err := lab.Truth(ctx)
	if err != nil {
		return err
	}
	if len(truth.Overlaps) > 0 {
		return fmt.Errorf("two copies ran at once: %+v", truth.Overlaps[0])
	}
	lost := map[string]int64{}
	for _, c := range truth.Copies {
		if c.Runs && !c.Test {
			lost[c.Name] += c.Lost
		}
	}
	for _, vm := range inv.VMs {
		if where := truth.Running(vm.Name); len(where) != 1 || where[0] != vm.Replica || lost[vm.Name] != 0 {
			return fmt.Errorf("%s runs on %v instead of %s, and %d writes are lost", vm.Name, where, vm.Replica, lost[vm.Name])
		}
	}
	return nil
}

// byServe is lifeboat as it is run: bus, journal, intake and executor in one
// process that is up already, a ticket for each VM.
func byServe(ctx context.Context, f *fleet) (Usage, error) {
	lifeboat, err := programs.StartLifeboat(ctx, f.s.Programs, f.lab.Config, nil, nil)
	if err != nil {
		return Usage{}, err
	}
	defer func() { _ = lifeboat.Stop() }()
	watch := watchTree(lifeboat.Pid())
	wall, err := byLifeboat(ctx, f.lab, f.inv, f.inv.VMs)
	peak := watch.stop()
	if err != nil {
		return Usage{}, err
	}
	cpu, err := cpuOf(lifeboat.Pid())
	return Usage{Wall: wall, CPU: cpu, PeakMB: peak}, err
}
