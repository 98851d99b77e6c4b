package executor

import (
	"fmt"
	"os"
	"time"

	"lifeboat.io/events"
	conn "lifeboat.io/pkg/hyperv/connection"
	"lifeboat.io/services/failover-executor/run"
)

// Config is the executor's part of lifeboat.yaml, under "executor". What is
// left out is as DefaultConfig says.
type Config struct {
	// Instance tells executors apart; must be unique per running process, and
	// the same after a restart. Empty means the host's name.
	Instance string `json:"instance,omitempty"`
	// LeaseSeconds is how long a VM stays with an executor that has died before
	// another takes it over; at least 10. Below 30 an election of a bus cluster
	// may let leases lapse, which costs time and nothing else.
	LeaseSeconds int `json:"leaseSeconds,omitempty"`
	// SweepSeconds is how often runs left behind by dead executors are looked for.
	SweepSeconds int `json:"sweepSeconds,omitempty"`
	// LookSeconds bounds one look at a host.
	LookSeconds int `json:"lookSeconds,omitempty"`
	// MaxOrders is how many accepted tickets are worked on at a time.
	MaxOrders int `json:"maxOrders,omitempty"`

	// BeginWithinSeconds, LookPatienceSeconds, SilenceConfirmSeconds,
	// FenceProbeSeconds, ClockSlackSeconds and Attempts are limits of a run; see run.Policy.
	BeginWithinSeconds    int `json:"beginWithinSeconds,omitempty"`
	ClockSlackSeconds     int `json:"clockSlackSeconds,omitempty"`
	LookPatienceSeconds   int `json:"lookPatienceSeconds,omitempty"`
	SilenceConfirmSeconds int `json:"silenceConfirmSeconds,omitempty"`
	FenceProbeSeconds     int `json:"fenceProbeSeconds,omitempty"`
	Attempts              int `json:"attempts,omitempty"`
	// DeadlineSeconds bounds single steps, by step name.
	DeadlineSeconds map[string]int `json:"deadlineSeconds,omitempty"`

	// WireLog keeps what is said to hosts on the wire, without values, for
	// support; nothing when left out. Whoever makes the Dialer opens it.
	WireLog conn.WireLogConfig `json:"wireLog,omitzero"`
}

// DefaultConfig is what holds where a configuration says nothing.
func DefaultConfig() Config {
	return Config{LeaseSeconds: 30, SweepSeconds: 10, LookSeconds: 15, MaxOrders: 512}
}

// bound is one limit with its field's name and least value.
type bound struct {
	field string
	value int
	least int
}

// complete fills in defaults and lists what is wrong, each with its field, its
// value and the fix.
func (c Config) complete() (Config, error) {
	d := DefaultConfig()
	for _, f := range []struct{ have, def *int }{
		{&c.LeaseSeconds, &d.LeaseSeconds}, {&c.SweepSeconds, &d.SweepSeconds},
		{&c.LookSeconds, &d.LookSeconds}, {&c.MaxOrders, &d.MaxOrders},
	} {
		if *f.have == 0 {
			*f.have = *f.def
		}
	}
	if c.Instance == "" {
		name, err := os.Hostname()
		if err != nil {
			return c, fmt.Errorf("executor.instance: empty, and this host does not tell its name (%w); give one", err)
		}
		c.Instance = name
	}
	for _, b := range []bound{
		{"leaseSeconds", c.LeaseSeconds, 10}, {"sweepSeconds", c.SweepSeconds, 1}, {"lookSeconds", c.LookSeconds, 1},
		{"maxOrders", c.MaxOrders, 1}, {"beginWithinSeconds", c.BeginWithinSeconds, 0}, {"clockSlackSeconds", c.ClockSlackSeconds, 0},
		{"lookPatienceSeconds", c.LookPatienceSeconds, 0}, {"silenceConfirmSeconds", c.SilenceConfirmSeconds, 0},
		{"fenceProbeSeconds", c.FenceProbeSeconds, 0}, {"attempts", c.Attempts, 0},
	} {
		if b.value < b.least {
			return c, fmt.Errorf("executor.%s: %d: must be at least %d", b.field, b.value, b.least)
		}
	}
	if err := c.WireLog.Validate(); err != nil {
		return c, fmt.Errorf("executor.%w", err)
	}
	if age := run.DefaultPolicy().SightAge; time.Duration(c.LookSeconds)*time.Second >= age {
		return c, fmt.Errorf("executor.lookSeconds: %d: must be less than %d, the age at which a look is old news", c.LookSeconds, int(age.Seconds()))
	}
	for step, seconds := range c.DeadlineSeconds {
		if !events.Known(events.Step(""), step) {
			return c, fmt.Errorf("executor.deadlineSeconds.%s: there is no such step; lifeboat events --help lists them", step)
		}
		if seconds < 1 {
			return c, fmt.Errorf("executor.deadlineSeconds.%s: %d: must be at least 1", step, seconds)
		}
	}
	return c, nil
}

// Validate tells what is wrong with the configuration.
func (c Config) Validate() error {
	_, err := c.complete()
	return err
}

// policy is the limits of a run as configured.
func (c Config) policy() run.Policy {
	p := run.DefaultPolicy()
	for _, f := range []struct {
		have int
		to   *time.Duration
	}{
		{c.BeginWithinSeconds, &p.BeginWithin}, {c.ClockSlackSeconds, &p.ClockSlack}, {c.LookPatienceSeconds, &p.LookPatience},
		{c.SilenceConfirmSeconds, &p.SilenceConfirm}, {c.FenceProbeSeconds, &p.FenceProbe},
	} {
		if f.have > 0 {
			*f.to = time.Duration(f.have) * time.Second
		}
	}
	if c.Attempts > 0 {
		p.Attempts = c.Attempts
	}
	for step, seconds := range c.DeadlineSeconds {
		p.Deadlines[events.Step(step)] = time.Duration(seconds) * time.Second
	}
	return p
}
