package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"lifeboat.io/e2e/programs"
)

// settle is how long lifeboat is left alone before its memory is read.
const settle = 15 * time.Second

// memory reads what an idle lifeboat that knows 100 hosts keeps resident.
func memory(ctx context.Context, s Setting) ([]Figure, error) {
	lab, lifeboat, err := world(ctx, s, "127.0.21.1", "--hosts", "100", "--vms", "400", "--time-scale", "1")
	if err != nil {
		return nil, err
	}
	defer func() { _ = lab.Stop() }()
	defer func() { _ = lifeboat.Stop() }()
	s.say("  leaving it alone for %s", settle)
	select {
	case <-time.After(settle):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	mb, err := resident(lifeboat.Pid())
	if err != nil {
		return nil, err
	}
	return []Figure{{Name: "lifeboat serve, idle", Value: mb, Unit: "MB", Bar: 120, How: "resident, 100 hosts and 400 VMs known, bus embedded"}}, nil
}

// world starts a lab and lifeboat on it.
func world(ctx context.Context, s Setting, address string, args ...string) (*programs.Lab, *programs.Lifeboat, error) {
	port, err := programs.FreePort()
	if err != nil {
		return nil, nil, err
	}
	lab, err := programs.StartLab(ctx, s.Programs, nil, append([]string{"--address", address, "--nats", fmt.Sprintf("nats://127.0.0.1:%d", port)}, args...)...)
	if err != nil {
		return nil, nil, err
	}
	lifeboat, err := programs.StartLifeboat(ctx, s.Programs, lab.Config, nil, nil)
	if err != nil {
		return nil, nil, errors.Join(err, lab.Stop())
	}
	return lab, lifeboat, nil
}

// resident is a process's resident memory in MB, as Linux tells it.
func resident(pid int) (float64, error) { return memoryOf(pid, "VmRSS") }
