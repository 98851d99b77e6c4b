package winrm

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/winrm/lane"
	"lifeboat.io/pkg/hyperv/winrm/script"
)

// about is what every verb about one VM says.
type about struct {
	ID hyperv.VMID `json:"id"`
}

// Info reads what the host is and what its clock says.
func (h *Host) Info(ctx context.Context) (hyperv.HostInfo, error) {
	args := struct {
		Cmdlets []string `json:"cmdlets"`
	}{script.Cmdlets}
	v, answer, err := look[infoJSON](ctx, h, call{op: "Info", verb: "info", args: args})
	if err != nil {
		return hyperv.HostInfo{}, err
	}
	return hyperv.HostInfo{ComputerName: v.ComputerName, FQDN: v.FQDN, Clock: answer.Clock.UTC(), PowerShell: v.PowerShell, Module: v.Module,
		Cmdlets: v.Cmdlets, ReplicaServer: v.ReplicaServer, Switches: v.Switches}, nil
}

// FindVM resolves a name to the one VM that has it.
func (h *Host) FindVM(ctx context.Context, name string) (hyperv.VMID, error) {
	args := struct {
		Name string `json:"name"`
	}{name}
	v, _, err := look[foundJSON](ctx, h, call{op: "FindVM", verb: "find", args: args})
	if err != nil {
		return "", err
	}
	e := &hyperv.Error{Class: hyperv.ClassRefuse, Host: h.config.Name, Op: "FindVM"}
	switch len(v.IDs) {
	case 1:
		return hyperv.VMID(v.IDs[0]), nil
	case 0:
		e.Code, e.Message = hyperv.CodeVMNotFound, fmt.Sprintf("the host has no virtual machine named %q", name)
	default:
		e.Code, e.Message = hyperv.CodeVMAmbiguous, fmt.Sprintf("the host has %d virtual machines named %q: %v", len(v.IDs), name, v.IDs)
	}
	return "", e
}

// ListVMs lists every VM of the host.
func (h *Host) ListVMs(ctx context.Context) ([]hyperv.VMSummary, error) {
	v, _, err := look[listJSON](ctx, h, call{op: "ListVMs", verb: "list", args: struct{}{}})
	if err != nil {
		return nil, err
	}
	all := make([]hyperv.VMSummary, 0, len(v.Machines))
	for _, m := range v.Machines {
		all = append(all, hyperv.VMSummary{ID: hyperv.VMID(m.ID), Name: m.Name, Power: hyperv.PowerState(m.Power), Mode: hyperv.Mode(m.Mode)})
	}
	return all, nil
}

// Read reads everything about one VM.
func (h *Host) Read(ctx context.Context, id hyperv.VMID) (hyperv.VM, error) {
	beginBy, _ := hyperv.BeginByFrom(ctx)
	return h.read(ctx, call{op: "Read", verb: "read", vm: id, args: about{id}, notAfter: beginBy})
}

// ReadState reads what failovers change and wait for.
func (h *Host) ReadState(ctx context.Context, id hyperv.VMID) (hyperv.VM, error) {
	beginBy, _ := hyperv.BeginByFrom(ctx)
	return h.readState(ctx, id, beginBy)
}

func (h *Host) readState(ctx context.Context, id hyperv.VMID, beginBy time.Time) (hyperv.VM, error) {
	return h.read(ctx, call{op: "ReadState", verb: "read-state", vm: id, args: about{id}, notAfter: beginBy})
}

func (h *Host) read(ctx context.Context, c call) (hyperv.VM, error) {
	answer, err := h.do(ctx, c)
	if err != nil {
		return hyperv.VM{}, err
	}
	vm, err := decodeVM(answer.Value)
	if err == nil && vm.Present && vm.ID != c.vm {
		err = fmt.Errorf("the answer is about VM %s", vm.ID)
	}
	if err != nil {
		return hyperv.VM{}, h.unreadable(c, err)
	}
	return vm, nil
}

// Start starts a VM.
func (h *Host) Start(ctx context.Context, id hyperv.VMID) (hyperv.Change, error) {
	return h.ensure(ctx, "Start", "start", id, about{id})
}

// SetTestNetwork sets the switches the adapters of the test VM will have.
func (h *Host) SetTestNetwork(ctx context.Context, id hyperv.VMID, switches []hyperv.AdapterSwitch) (hyperv.Change, error) {
	wanted := map[string]string{}
	for _, s := range switches {
		if other, twice := wanted[s.Adapter]; twice && other != s.Switch {
			return hyperv.Change{}, h.invalid("SetTestNetwork", id, fmt.Sprintf("adapter %q is given two switches, %q and %q: name it once", s.Adapter, other, s.Switch))
		}
		wanted[s.Adapter] = s.Switch
	}
	if switches == nil {
		switches = []hyperv.AdapterSwitch{}
	}
	args := struct {
		about
		Switches []hyperv.AdapterSwitch `json:"switches"`
	}{about{id}, switches}
	return h.ensure(ctx, "SetTestNetwork", "set-test-network", id, args)
}

// pointed is a verb about one VM from a recovery point.
type pointed struct {
	about
	Point hyperv.RecoveryPointID `json:"point"`
}

// StartTestFailover creates the test VM of a replica.
func (h *Host) StartTestFailover(ctx context.Context, id hyperv.VMID, point hyperv.RecoveryPointID) (hyperv.Change, error) {
	return h.ensure(ctx, "StartTestFailover", "start-test", id, pointed{about{id}, point})
}

// StopTestFailover removes it.
func (h *Host) StopTestFailover(ctx context.Context, id hyperv.VMID) (hyperv.Change, error) {
	return h.ensure(ctx, "StopTestFailover", "stop-test", id, about{id})
}

// Prepare prepares a planned failover on the primary.
func (h *Host) Prepare(ctx context.Context, id hyperv.VMID) (hyperv.Change, error) {
	return h.ensure(ctx, "Prepare", "prepare", id, about{id})
}

// FailOver fails a replica over.
func (h *Host) FailOver(ctx context.Context, id hyperv.VMID, point hyperv.RecoveryPointID) (hyperv.Change, error) {
	return h.ensure(ctx, "FailOver", "fail-over", id, pointed{about{id}, point})
}

// Reverse makes a failed-over replica the primary.
func (h *Host) Reverse(ctx context.Context, id hyperv.VMID, target hyperv.ReplicaServer) (hyperv.Change, error) {
	args := struct {
		about
		Server         string                `json:"server"`
		Port           int                   `json:"port"`
		Authentication hyperv.Authentication `json:"authentication"`
		Thumbprint     string                `json:"thumbprint"`
	}{about{id}, target.Server, target.Port, target.Authentication, target.CertificateThumbprint}
	return h.ensure(ctx, "Reverse", "reverse", id, args)
}

// Complete completes a failover.
func (h *Host) Complete(ctx context.Context, id hyperv.VMID) (hyperv.Change, error) {
	return h.ensure(ctx, "Complete", "complete", id, about{id})
}

// CancelFailover takes back a failover or a preparation.
func (h *Host) CancelFailover(ctx context.Context, id hyperv.VMID) (hyperv.Change, error) {
	return h.ensure(ctx, "CancelFailover", "cancel-failover", id, about{id})
}

// SetAutoStart sets the automatic start action.
func (h *Host) SetAutoStart(ctx context.Context, id hyperv.VMID, action hyperv.StartAction) (hyperv.Change, error) {
	switch action {
	case hyperv.StartNothing, hyperv.StartIfRunning, hyperv.StartAlways:
	default:
		return hyperv.Change{}, h.invalid("SetAutoStart", id, fmt.Sprintf("automatic start action %q: it is Nothing, StartIfRunning or Start", action))
	}
	args := struct {
		about
		Action hyperv.StartAction `json:"action"`
	}{about{id}, action}
	return h.ensure(ctx, "SetAutoStart", "set-auto-start", id, args)
}

// BecomeReplica turns an old primary into a replica.
func (h *Host) BecomeReplica(ctx context.Context, id hyperv.VMID) (hyperv.Change, error) {
	return h.ensure(ctx, "BecomeReplica", "become-replica", id, about{id})
}

// look carries out a verb that only reads.
func look[T any](ctx context.Context, h *Host, c call) (T, lane.Answer, error) {
	c.notAfter, _ = hyperv.BeginByFrom(ctx)
	answer, err := h.do(ctx, c)
	if err != nil {
		var none T
		return none, answer, err
	}
	v, err := decode[T](answer.Value)
	if err != nil {
		return v, answer, h.unreadable(c, err)
	}
	return v, answer, nil
}

// ensure carries out a verb that may change something.
func (h *Host) ensure(ctx context.Context, op, verb string, id hyperv.VMID, args any) (hyperv.Change, error) {
	change, _, err := h.change(ctx, call{op: op, verb: verb, vm: id, args: args, effect: true, notAfter: notAfter(ctx)})
	return change, err
}

func (h *Host) change(ctx context.Context, c call) (hyperv.Change, string, error) {
	answer, err := h.do(ctx, c)
	if err != nil {
		return hyperv.Change{}, "", err
	}
	change, refusal, err := decodeChange(answer.Value)
	if err == nil && (change.Before.ID != c.vm || change.After.Present && change.After.ID != c.vm) {
		err = fmt.Errorf("the answer is about VMs %s and %s", change.Before.ID, change.After.ID)
	}
	if err != nil {
		return hyperv.Change{}, "", h.unreadable(c, err)
	}
	return change, refusal, nil
}

func decodeChange(text json.RawMessage) (hyperv.Change, string, error) {
	v, err := decode[changeJSON](text)
	if err != nil {
		return hyperv.Change{}, "", err
	}
	c := hyperv.Change{Acted: v.Acted}
	if c.Before, err = decodeVM(v.Before); err != nil {
		return hyperv.Change{}, "", fmt.Errorf("before: %w", err)
	}
	if c.After, err = decodeVM(v.After); err != nil {
		return hyperv.Change{}, "", fmt.Errorf("after: %w", err)
	}
	return c, v.Refusal, nil
}

// notAfter is by when a verb with an effect must begin: what BeginBy says, and
// never after the caller has stopped waiting.
func notAfter(ctx context.Context) time.Time {
	t, given := hyperv.BeginByFrom(ctx)
	if deadline, has := ctx.Deadline(); has && (!given || deadline.Before(t)) {
		return deadline
	}
	return t
}

// unreadable is an answer to a call that came through and makes no sense.
func (h *Host) unreadable(c call, err error) *hyperv.Error {
	e := &hyperv.Error{Class: hyperv.ClassRetry, Code: hyperv.CodeGarbage, Message: err.Error(), Host: h.config.Name, Op: c.op, VM: c.vm, Err: err}
	if c.effect {
		e.Class = hyperv.ClassUnknown
	}
	return e
}

// invalid is a call that says something the contract does not know.
func (h *Host) invalid(op string, id hyperv.VMID, message string) *hyperv.Error {
	return &hyperv.Error{Class: hyperv.ClassRefuse, Code: "InvalidParameter", Message: message, Host: h.config.Name, Op: op, VM: id}
}
