package demo

import (
	"context"
	"fmt"
	"slices"
	"time"

	"lifeboat.io/e2e/programs"
)

// truthEvery is how often the truth is asked while something is awaited.
const truthEvery = 100 * time.Millisecond

// until asks until there is no objection any more, and returns the last one
// when the time is over.
func until(ctx context.Context, objection func() error) error {
	tick := time.NewTicker(truthEvery)
	defer tick.Stop()
	for {
		err := objection()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-tick.C:
		}
	}
}

// runsOn checks where a VM really runs, alone, and that nothing was lost when
// nothing may be.
func (s *stage) runsOn(ctx context.Context, vm, host string, lossless bool) error {
	t, err := s.lab.Truth(ctx)
	if err != nil {
		return err
	}
	if running := t.Running(vm); !slices.Equal(running, []string{host}) {
		return fmt.Errorf("%s runs on %v, not on %s", vm, running, host)
	}
	for _, c := range t.Copies {
		if c.Name == vm && c.Runs && !c.Test && lossless && c.Lost > 0 {
			return fmt.Errorf("%s on %s lacks %d writes", vm, c.Host, c.Lost)
		}
	}
	for _, o := range t.Overlaps {
		if s.name(t, o.VM) == vm {
			return fmt.Errorf("two copies of %s ran at once, on %v", vm, o.Hosts)
		}
	}
	return nil
}

func (s *stage) name(t programs.Truth, id string) string {
	for _, c := range t.Copies {
		if c.VM == id && !c.Test {
			return c.Name
		}
	}
	return id
}

// fenced waits until the old copy is off and a replica.
func (s *stage) fenced(ctx context.Context, vm, host string) error {
	return until(ctx, func() error {
		t, err := s.lab.Truth(ctx)
		if err != nil {
			return err
		}
		for _, c := range t.Copies {
			if c.Name == vm && c.Host == host && !c.Test {
				if c.Runs || c.Mode != "Replica" {
					return fmt.Errorf("%s on %s is %s and %s", vm, host, c.Power, c.Mode)
				}
				return nil
			}
		}
		return fmt.Errorf("%s has no copy of %s", host, vm)
	})
}

// since lists the changes on the hosts since an earlier list.
func (s *stage) since(ctx context.Context, before []programs.Entry) ([]programs.Entry, error) {
	all, err := s.lab.Changes(ctx)
	if err != nil || len(all) < len(before) {
		return nil, err
	}
	return all[len(before):], nil
}

// awaitChange waits until a cmdlet has changed something.
func (s *stage) awaitChange(ctx context.Context, before []programs.Entry, cmdlet string) error {
	return until(ctx, func() error {
		changes, err := s.since(ctx, before)
		if err != nil {
			return err
		}
		for _, c := range changes {
			if c.Cmdlet == cmdlet {
				return nil
			}
		}
		return fmt.Errorf("%s has not run", cmdlet)
	})
}

// once checks that a cmdlet changed something exactly once.
func once(changes []programs.Entry, cmdlet string) error {
	n := 0
	for _, c := range changes {
		if c.Cmdlet == cmdlet {
			n++
		}
	}
	if n != 1 {
		return fmt.Errorf("%s changed something %d times", cmdlet, n)
	}
	return nil
}

// untouched checks that no cmdlet changed anything on a host.
func untouched(changes []programs.Entry, host string) error {
	for _, c := range changes {
		if c.Host == host && c.Cmdlet != "" {
			return fmt.Errorf("%s ran on %s", c.Cmdlet, host)
		}
	}
	return nil
}
