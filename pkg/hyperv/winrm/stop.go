package winrm

import (
	"context"
	"errors"
	"fmt"
	"time"

	"lifeboat.io/pkg/hyperv"
)

// How Stop waits for a guest.
const (
	// shutdownWait is how long the first visit stays to see the guest off,
	// in whole seconds. A lane is not kept from others for longer.
	shutdownWait = 2 * time.Second
	// pollFirst and pollLast are how long Stop waits between looks: longer each time.
	pollFirst, pollLast = 250 * time.Millisecond, 4 * time.Second
)

// Stop brings a VM to Off. The guest's grace is measured by the host's clock,
// from when it was asked.
func (h *Host) Stop(ctx context.Context, id hyperv.VMID, o hyperv.StopOptions) (hyperv.Change, error) {
	if o.Grace <= 0 {
		return h.ensure(ctx, "Stop", "turn-off", id, about{id})
	}
	args := struct {
		about
		Force   bool  `json:"force"`
		WaitSec int64 `json:"waitSec"`
	}{about{id}, o.Force, int64(max(time.Second, min(shutdownWait, o.Grace)) / time.Second)}
	change, refusal, err := h.change(ctx, call{op: "Stop", verb: "stop", vm: id, args: args, effect: true, notAfter: notAfter(ctx)})
	if err != nil {
		return hyperv.Change{}, err
	}
	if refusal == "" {
		change.After, err = h.awaitOff(ctx, change.After, change.Before.HostTime.Add(o.Grace))
	}
	switch {
	case err != nil:
		return hyperv.Change{}, h.stillStopping(id, &change.Before, err)
	case change.After.Power == hyperv.PowerOff:
		return change, nil
	case o.Force:
		return h.turnOffAfterAll(ctx, id, change)
	}
	if refusal == "" {
		refusal = fmt.Sprintf("the guest did not shut down within %v", o.Grace)
	}
	return hyperv.Change{}, &hyperv.Error{Class: hyperv.ClassHold, Code: hyperv.CodeGuestWontStop, Message: refusal,
		Host: h.config.Name, Op: "Stop", VM: id, Before: &change.Before}
}

// awaitOff looks at a VM until it is off or its host's clock says that it is
// time. Looks that fail for now are not the end of it.
func (h *Host) awaitOff(ctx context.Context, vm hyperv.VM, until time.Time) (hyperv.VM, error) {
	for step := pollFirst; vm.Present && vm.Power != hyperv.PowerOff && vm.HostTime.Before(until); step = min(2*step, pollLast) {
		if !waited(ctx, min(step, until.Sub(vm.HostTime))) {
			return vm, context.Cause(ctx)
		}
		seen, err := h.readState(ctx, vm.ID, time.Time{})
		switch {
		case err == nil:
			vm = seen
		case ctx.Err() != nil:
			return vm, context.Cause(ctx)
		case hyperv.AsError(err).Class != hyperv.ClassRetry:
			return vm, err
		}
	}
	return vm, nil
}

// turnOffAfterAll takes the power from a guest that did not go by itself. The
// call has begun long ago, so the time it had to begin by says nothing any more.
func (h *Host) turnOffAfterAll(ctx context.Context, id hyperv.VMID, asked hyperv.Change) (hyperv.Change, error) {
	deadline, _ := ctx.Deadline()
	change, _, err := h.change(ctx, call{op: "Stop", verb: "turn-off", vm: id, args: about{id}, effect: true, notAfter: deadline})
	if err != nil {
		e := hyperv.AsError(err)
		e.Before = &asked.Before
		return hyperv.Change{}, e
	}
	return hyperv.Change{Acted: true, Before: asked.Before, After: change.After}, nil
}

// stillStopping is a guest that was asked to shut down and that the caller, or
// the host, does not wait for any more: it may yet do so.
func (h *Host) stillStopping(id hyperv.VMID, before *hyperv.VM, err error) *hyperv.Error {
	code := hyperv.CodeTimeout
	var e *hyperv.Error
	if errors.As(err, &e) {
		code = e.Code
	}
	return &hyperv.Error{Class: hyperv.ClassUnknown, Code: code, Message: "the guest was asked to shut down and has not been seen off: " + err.Error(),
		Host: h.config.Name, Op: "Stop", VM: id, Before: before, Err: err}
}
