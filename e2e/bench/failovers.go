package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"sync"
	"time"

	"lifeboat.io/e2e/programs"
	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/connection"
	"lifeboat.io/pkg/inventory"
)

const failoversAtOnce = 100

// failovers measures 100 planned failovers on 100 hosts at once, from the first
// ticket to the last one closed, beside the lab's own critical path: one
// failover alone, its commands sent by hand one right after the other.
func failovers(ctx context.Context, s Setting) ([]Figure, error) {
	lab, lifeboat, err := world(ctx, s, "127.0.22.1", "--hosts", "100", "--vms", fmt.Sprint(failoversAtOnce+1), "--ps-start", "300ms", "--cmdlet-latency", "50ms")
	if err != nil {
		return nil, err
	}
	defer func() { _ = lab.Stop() }()
	defer func() { _ = lifeboat.Stop() }()
	inv, err := inventory.Load(inventoryFile(lab))
	if err != nil {
		return nil, err
	}
	s.say("  one by hand")
	alone, err := byHand(ctx, lab, inv, inv.VMs[failoversAtOnce])
	if err != nil {
		return nil, fmt.Errorf("by hand: %w", err)
	}
	s.say("  %d by lifeboat", failoversAtOnce)
	all, err := byLifeboat(ctx, lab, inv, inv.VMs[:failoversAtOnce])
	if err != nil {
		return nil, fmt.Errorf("by lifeboat: %w", err)
	}
	return []Figure{{Name: "100 planned failovers at once: wall time", Value: all.Seconds() / alone.Seconds(), Unit: "×", Bar: 1.3,
		How: fmt.Sprintf("%.1f s beside %.1f s of one alone by hand, same lab, 300 ms PowerShell start, 50 ms a cmdlet", all.Seconds(), alone.Seconds())}}, nil
}

// byHand fails one VM over through bare connections to its hosts, until changes
// flow back.
func byHand(ctx context.Context, lab *programs.Lab, inv *inventory.Inventory, vm inventory.VM) (time.Duration, error) {
	d := connection.Dialer{Folder: filepath.Dir(lab.Config), Instance: "bench"}
	connect := func(name string) (hyperv.Host, error) {
		h, ok := inv.Host(name)
		if !ok {
			return nil, errors.New("no such host: " + name)
		}
		return d.Connect(ctx, inv, h)
	}
	p, err := connect(vm.Primary)
	if err != nil {
		return 0, err
	}
	defer func() { _ = p.Close(ctx) }()
	r, err := connect(vm.Replica)
	if err != nil {
		return 0, err
	}
	defer func() { _ = r.Close(ctx) }()
	id := hyperv.VMID(vm.ID)
	home, _ := inv.Host(vm.Primary)
	began := time.Now()
	for _, step := range []func() error{
		func() error { _, err := p.Read(ctx, id); return err },
		func() error {
			_, err := p.Stop(ctx, id, hyperv.StopOptions{Grace: 5 * time.Minute, Force: true})
			return err
		},
		func() error { _, err := p.Prepare(ctx, id); return err },
		func() error { _, err := r.FailOver(ctx, id, ""); return err },
		func() error { _, err := r.Reverse(ctx, id, hyperv.ReplicaServer{Server: home.FQDN}); return err },
		func() error { _, err := r.Start(ctx, id); return err },
		func() error { return poll(ctx, r, id, func(v hyperv.VM) bool { return v.Heartbeat.Alive() }) },
		func() error {
			return poll(ctx, p, id, func(v hyperv.VM) bool { return v.Replication.State == hyperv.StateReplicating })
		},
	} {
		if err := step(); err != nil {
			return 0, err
		}
	}
	return time.Since(began), nil
}

// poll reads a VM once a second until it is as wanted.
func poll(ctx context.Context, h hyperv.Host, id hyperv.VMID, ok func(hyperv.VM) bool) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		v, err := h.Read(ctx, id)
		if err != nil {
			return err
		}
		if ok(v) {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// byLifeboat submits a ticket for each VM and waits until all are closed.
//
// The clock starts when the lab's ticket system has found the bus: how seldom it
// looks for one that was away is not lifeboat's doing.
func byLifeboat(ctx context.Context, lab *programs.Lab, inv *inventory.Inventory, vms []inventory.VM) (time.Duration, error) {
	if err := lab.AwaitBus(ctx); err != nil {
		return 0, err
	}
	began := time.Now()
	errs := make(chan error, len(vms))
	var all sync.WaitGroup
	for _, vm := range vms {
		all.Go(func() { errs <- oneByLifeboat(ctx, lab, inv, vm) })
	}
	all.Wait()
	took := time.Since(began)
	close(errs)
	var failed []error
	for err := range errs {
		failed = append(failed, err)
	}
	return took, errors.Join(failed...)
}

func oneByLifeboat(ctx context.Context, lab *programs.Lab, inv *inventory.Inventory, vm inventory.VM) error {
	account, _ := inv.Account(vm.Account)
	if len(account.Contacts) == 0 {
		return errors.New("account " + vm.Account + " has no contacts")
	}
	who := account.Contacts[0]
	id, err := lab.Submit(ctx, map[string]any{
		"account": vm.Account, "action": "planned", "requester": map[string]string{"name": who.Name, "email": who.Email},
		"vms": []map[string]string{{"id": vm.ID}},
	}, 1)
	if err != nil {
		return err
	}
	t, err := awaitClosed(ctx, lab, id)
	if err != nil {
		return err
	}
	if t.Outcome() != "succeeded" {
		return fmt.Errorf("%s: %s", vm.Name, t.Said())
	}
	return nil
}

// awaitClosed waits for the end of a ticket by a request that the lab holds
// back: a hundred that ask ten times a second would be measured along.
func awaitClosed(ctx context.Context, lab *programs.Lab, id string) (programs.Ticket, error) {
	for {
		var t programs.Ticket
		err := lab.Get(ctx, "/v1/tickets/"+url.PathEscape(id)+"?state=closed&wait=20s", &t)
		if status := (*programs.StatusError)(nil); err == nil || !errors.As(err, &status) || status.Status != http.StatusConflict {
			return t, err
		}
		if t, err = lab.Ticket(ctx, id); err != nil || t.Outcome() != "" {
			return t, err // refused
		}
	}
}
