package cmdlets

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"lifeboat.io/e2e/lab/powershell"
)

// model is what a cmdlet does, besides what is published of it.
type model struct {
	// takes lists the parameters that are carried out, with blanks between
	// them. Another one that is given fails by name. ComputerName is taken by
	// every cmdlet that has it.
	takes string
	// run does it, once for each set of bound parameters.
	run func(c *call) error
}

// call is one invocation of a modelled cmdlet.
type call struct {
	*powershell.Call
	*session
	cmdlet string
}

// ctx is the context for calls into the world.
func (c *call) ctx() context.Context { return c.host.waiting(c.Context()) }

// install makes a cmdlet of its metadata do what the model says.
func (m *model) install(p *powershell.Cmdlet) {
	taken := append(strings.Fields(m.takes), "ComputerName")
	p.Begin = func(pc *powershell.Call) error {
		c := newCall(pc, p.Name)
		return pause(pc.Context(), c.host.settings.Latency)
	}
	p.Process = func(pc *powershell.Call) error {
		c := newCall(pc, p.Name)
		for _, name := range pc.Bound() {
			if !slices.Contains(taken, name) {
				return c.Fail(unsupported(fmt.Sprintf("The parameter %s of %s", name, p.Name)))
			}
		}
		here, err := c.concernsThisComputer()
		if err != nil || !here {
			return err
		}
		return m.run(c)
	}
}

func newCall(pc *powershell.Call, cmdlet string) *call {
	return &call{Call: pc, session: pc.State().(*session), cmdlet: cmdlet}
}

// refuse makes a cmdlet that is published but not modelled fail by name.
func refuse(p *powershell.Cmdlet) {
	p.Process = func(c *powershell.Call) error { return c.Fail(unsupported("The cmdlet " + p.Name)) }
}

// concernsThisComputer goes through -ComputerName: other computers are refused,
// because a session has no credentials to hand on, and the host itself is fine.
func (c *call) concernsThisComputer() (bool, error) {
	if !c.Has("ComputerName") {
		return true, nil
	}
	here := false
	for _, name := range c.Strings("ComputerName") {
		if c.host.isNamed(name) {
			here = true
			continue
		}
		refusal := accessDenied(name)
		if c.host.world.Machine(name) == nil {
			refusal = c.host.objectNotFound(name)
		}
		if err := c.fail(refusal); err != nil {
			return false, err
		}
	}
	return here, nil
}

// isNamed tells whether a name is the host's own.
func (h *Host) isNamed(name string) bool {
	for _, own := range []string{".", "localhost", "127.0.0.1", h.record.Name, h.record.FullyQualifiedDomainName} {
		if strings.EqualFold(name, own) {
			return true
		}
	}
	return false
}

// fail writes an error that does not end the cmdlet; what it returns must be
// returned.
func (c *call) fail(err error) error {
	if r := c.host.failure(c.cmdlet, err); r != nil {
		return c.Error(r)
	}
	return err
}

// write puts objects out one by one.
func (c *call) write(values []powershell.Value, err error) error {
	for _, v := range values {
		if err := c.Write(v); err != nil {
			return err
		}
	}
	if err != nil {
		return c.fail(err)
	}
	return nil
}
