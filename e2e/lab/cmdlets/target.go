package cmdlets

import (
	"context"
	"fmt"
	"strings"

	"lifeboat.io/e2e/lab/powershell"
	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/hypersim"
)

// target is a VM that a cmdlet is to look at or act on.
type target struct {
	id    hyperv.VMID
	name  string
	power hyperv.PowerState // when it was resolved; empty when it came by its replication
	// relationship is that of the VMReplication object it came by; empty when
	// it came otherwise.
	relationship string
}

// targets are the VMs a call names: objects as they are, names and patterns as
// they resolve now. The parameter is the one for names. A name that matches
// nothing is written as an error; the error that comes back must be returned.
func (c *call) targets(parameter string) ([]target, error) {
	switch {
	case c.Has("VM"):
		return objectTargets(c.Data("VM")), nil
	case c.Has("VMReplication"):
		return objectTargets(c.Data("VMReplication")), nil
	case c.Has(parameter):
		return c.named(c.Strings(parameter))
	}
	return nil, nil
}

func objectTargets(data []any) []target {
	var all []target
	for _, d := range data {
		switch o := d.(type) {
		case *machine:
			vm := o.look()
			all = append(all, target{id: vm.ID, name: vm.Name, power: vm.State})
		case *replication:
			all = append(all, target{id: o.shown.VMID, name: o.shown.VMName, relationship: o.shown.RelationshipType})
		}
	}
	return all
}

// named resolves names and patterns, without regard to case.
func (c *call) named(names []string) ([]target, error) {
	all, err := c.host.machine.GetVMs(c.ctx())
	if err != nil {
		return nil, c.fail(err)
	}
	var found []target
	for _, name := range names {
		matching := matchingVMs(all, name)
		if len(matching) == 0 && !powershell.HasWildcard(name) {
			if err := c.fail(hypersim.VMNotFound(name)); err != nil {
				return nil, err
			}
		}
		for _, vm := range matching {
			found = append(found, target{id: vm.ID, name: vm.Name, power: vm.State})
		}
	}
	return found, nil
}

// matchingVMs are the VMs a name or a pattern means.
func matchingVMs(all []hypersim.VM, name string) []hypersim.VM {
	pattern := powershell.NewWildcard(name, false)
	var matching []hypersim.VM
	for _, vm := range all {
		if pattern.Match(vm.Name) {
			matching = append(matching, vm)
		}
	}
	return matching
}

// matches tells whether a name fits any of the patterns; without patterns
// every name does.
func matches(patterns []string, name string) bool {
	if len(patterns) == 0 {
		return true
	}
	for _, p := range patterns {
		if powershell.NewWildcard(p, false).Match(name) {
			return true
		}
	}
	return false
}

// operation is what a cmdlet does to one VM at a time.
type operation struct {
	// question is asked about each VM, with %s for its name; empty asks nothing.
	question string
	// do does it.
	do func(ctx context.Context, t target) error
	// output is what is put out in any case, pass what -Passthru puts out; the
	// VM when nil.
	output, pass func(ctx context.Context, t target) ([]powershell.Value, error)
}

// act does an operation to VMs, one after the other, having asked about each;
// with -AsJob in the background. One that fails is written as an error, and the
// next one is tried.
func (c *call) act(targets []target, o operation) error {
	var agreed []target
	for _, t := range targets {
		yes, err := c.ShouldProcess(t.name, "")
		if err == nil && yes && o.question != "" {
			yes, err = c.ShouldContinue(fmt.Sprintf(o.question, t.name), "Confirm")
		}
		if err != nil {
			return err
		}
		if yes {
			agreed = append(agreed, t)
		}
	}
	if o.pass == nil {
		o.pass = func(ctx context.Context, t target) ([]powershell.Value, error) { return c.machineByID(ctx, t.id) }
	}
	passthru := c.Switch("Passthru")
	if c.Switch("AsJob") {
		if len(agreed) == 0 {
			return nil
		}
		return c.Write(c.jobs.start(c, func(ctx context.Context, j *job) { c.inBackground(ctx, j, agreed, o, passthru) }))
	}
	for _, t := range agreed {
		values, err := o.once(c.session, c.Context(), t, passthru)
		if err := c.write(values, err); err != nil {
			return err
		}
	}
	return nil
}

// once does an operation to one VM and gives what it puts out.
func (o *operation) once(s *session, ctx context.Context, t target, passthru bool) ([]powershell.Value, error) {
	err := o.do(s.host.waiting(ctx), t)
	s.changed()
	if err != nil {
		return nil, err
	}
	var values []powershell.Value
	if o.output != nil {
		values, err = o.output(ctx, t)
	}
	if err == nil && passthru {
		var passed []powershell.Value
		passed, err = o.pass(ctx, t)
		values = append(values, passed...)
	}
	return values, err
}

// inBackground does an operation in a job.
func (c *call) inBackground(ctx context.Context, j *job, targets []target, o operation, passthru bool) {
	for _, t := range targets {
		values, err := o.once(c.session, ctx, t, passthru)
		j.put(values, nil)
		if err == nil {
			continue
		}
		r := c.host.failure(c.cmdlet, err)
		if r == nil {
			j.end(jobStopped)
			return
		}
		j.put(nil, r)
	}
	j.end("")
}

// sameID compares ids as Hyper-V does.
func sameID(a, b string) bool {
	trim := func(s string) string { return strings.ToLower(strings.Trim(s, "{}")) }
	return trim(a) == trim(b)
}
