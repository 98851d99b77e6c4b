package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"lifeboat.io/e2e/programs"
	"lifeboat.io/pkg/hyperv"
	hyperwinrm "lifeboat.io/pkg/hyperv/winrm"
	"lifeboat.io/pkg/inventory"
)

const (
	labHosts = 500
	labVMs   = 10_000
	// labReadings is how often each host is asked while its lane is open.
	labReadings = 4
)

// labSize starts a large lab, opens a lane to every host and reads VMs over all
// of them, with the lanes of all hosts open together at the end.
func labSize(ctx context.Context, s Setting) ([]Figure, error) {
	began := time.Now()
	lab, err := programs.StartLab(ctx, s.Programs, nil, "--hosts", strconv.Itoa(labHosts), "--vms", strconv.Itoa(labVMs), "--ps-start", "0", "--cmdlet-latency", "0",
		"--address", "127.0.32.1", "--nats", "nats://127.0.0.1:1", "--log-level", "ERROR")
	if err != nil {
		return nil, err
	}
	defer func() { _ = lab.Stop() }()
	started := time.Since(began)
	idle, err := resident(lab.Pid())
	if err != nil {
		return nil, err
	}
	s.say("  %.0f MB when it is up; reading over %d lanes", idle, labHosts)
	if err := readEverywhere(ctx, lab); err != nil {
		return nil, err
	}
	peak, err := memoryOf(lab.Pid(), "VmHWM")
	if err != nil {
		return nil, err
	}
	return []Figure{{Name: "lab: 500 hosts, 10,000 VMs", Value: peak, Unit: "MB", Bar: 1000,
		How: fmt.Sprintf("most it ever had resident, a lane open on each host; %.0f MB when it was up after %.1f s", idle, started.Seconds())}}, nil
}

// readEverywhere reads a VM on every host, and keeps all connections until the end.
func readEverywhere(ctx context.Context, lab *programs.Lab) error {
	inv, err := inventory.Load(inventoryFile(lab))
	if err != nil {
		return err
	}
	on := map[string]hyperv.VMID{}
	for _, vm := range inv.VMs {
		on[vm.Primary] = hyperv.VMID(vm.ID)
	}
	opened := make(chan *hyperwinrm.Host, len(lab.Hosts))
	_, err = each(lab, func(h programs.LabHost) error {
		host, err := dial(ctx, lab, h)
		if err != nil {
			return err
		}
		opened <- host
		for range labReadings {
			vm, err := host.Read(ctx, on[h.Name])
			if err == nil && !vm.Present {
				err = errors.New("it is not there")
			}
			if err != nil {
				return fmt.Errorf("reading %s: %w", on[h.Name], err)
			}
		}
		return nil
	})
	close(opened)
	for host := range opened {
		err = errors.Join(err, host.Close(ctx))
	}
	return err
}

// memoryOf reads one of the sizes in /proc/<pid>/status, in MB.
func memoryOf(pid int, field string) (float64, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("memory is read from /proc: %w", err)
	}
	for line := range strings.SplitSeq(string(raw), "\n") {
		if value, ok := strings.CutPrefix(line, field+":"); ok {
			kb, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 64)
			return kb / 1024, err
		}
	}
	return 0, errors.New("/proc does not tell " + field)
}
