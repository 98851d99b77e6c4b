package demo

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"lifeboat.io/e2e/programs"
)

// sceneWithin bounds each scene.
const sceneWithin = 90 * time.Second

// The people and the VMs of the lab's default world.
const (
	account   = "acme"
	requester = "Alex Example"
	address   = "alex@acme.example"
)

// play gives the scenes.
func (s *stage) play(ctx context.Context) error {
	for _, scene := range []func(context.Context) error{
		s.refused, s.testFailover, s.plannedFailover, s.executorKilled, s.unplannedFailover,
	} {
		limited, cancel := context.WithTimeout(ctx, sceneWithin)
		err := scene(limited)
		cancel()
		if err != nil {
			return err
		}
	}
	return nil
}

// request is a ticket's request.
type request map[string]any

// String is the request for a reader: what, of what.
func (r request) String() string {
	what := fmt.Sprint(r["action"])
	if vms, ok := r["vms"].([]map[string]string); ok {
		for _, vm := range vms {
			what += " of " + vm["name"]
		}
	}
	if refers, ok := r["refers"]; ok {
		what += fmt.Sprint(" for ", refers)
	}
	return what
}

func ask(action, vm string, more request) request {
	r := request{
		"account": account, "action": action,
		"requester": map[string]string{"name": requester, "email": address},
	}
	if vm != "" {
		r["vms"] = []map[string]string{{"name": vm}}
	}
	for k, v := range more {
		r[k] = v
	}
	return r
}

// submit has the ticket system submit a request.
func (s *stage) submit(ctx context.Context, r request, times int) (string, error) {
	id, err := s.lab.Submit(ctx, r, times)
	if err == nil {
		s.say("The ticket system submits %s: %s.", id, r)
	}
	return id, err
}

// closed waits until a ticket has ended and checks how.
func (s *stage) closed(ctx context.Context, id, outcome string) error {
	t, err := s.lab.Await(ctx, id, func(t programs.Ticket) bool { return t.Outcome() != "" })
	if err != nil {
		return err
	}
	if t.Outcome() != outcome {
		return fmt.Errorf("%s ended otherwise: %s", id, t.Said())
	}
	return nil
}

// refused: a ticket with four mistakes gets four reasons, each with its fix.
func (s *stage) refused(ctx context.Context) error {
	s.scene("A ticket that cannot be: every reason at once, each with what would make it acceptable")
	id, err := s.submit(ctx, ask("planned", "web99", request{
		"requester": map[string]string{"name": "Mallory Example", "email": "mallory@elsewhere.example"},
		"window":    map[string]string{"notAfter": "2020-01-01T00:00:00Z"},
	}), 1)
	if err != nil {
		return err
	}
	t, err := s.lab.Await(ctx, id, func(t programs.Ticket) bool { return t.Outcome() != "" })
	if err == nil {
		said := t.Said()
		for _, part := range []string{"web99", "mallory@elsewhere.example", "2020-01-01"} {
			if !strings.Contains(said, part) {
				err = errors.Join(err, fmt.Errorf("the refusal does not speak of %s", part))
			}
		}
	}
	s.note("a ticket with three mistakes was refused with all three reasons", err)
	return nil
}

// testFailover: asked for three times, run once, and the primary never noticed.
func (s *stage) testFailover(ctx context.Context) error {
	s.scene("A test failover, asked for by the same ticket three times, and its cleanup")
	before, err := s.lab.Changes(ctx)
	if err != nil {
		return err
	}
	id, err := s.submit(ctx, ask("test", "app01", request{"test": request{"switch": "Isolated"}}), 3)
	if err != nil {
		return err
	}
	if _, err := s.lab.Await(ctx, id, upForCleanup); err != nil {
		return err
	}
	s.say("The test VM is up and answers; the primary runs on. Now the cleanup ticket.")
	cleanup, err := s.submit(ctx, ask("cleanup", "", request{"refers": id}), 1)
	if err != nil {
		return err
	}
	err = s.closed(ctx, id, "succeeded")
	s.note("a test failover ran and was cleaned up by "+cleanup, err)
	changes, err := s.since(ctx, before)
	s.note("the same ticket three times was one failover", errors.Join(err, once(changes, "Start-VMFailover -AsTest")))
	s.note("the test changed nothing on the primary", untouched(changes, "hv01"))
	return nil
}

func upForCleanup(t programs.Ticket) bool {
	return t.Progressed("awaiting-cleanup") || t.Outcome() != ""
}

// plannedFailover: the VM moves, replicates back, and has lost nothing.
func (s *stage) plannedFailover(ctx context.Context) error {
	s.scene("A planned failover that reverses: web01 moves to the other site and replicates back")
	id, err := s.submit(ctx, ask("planned", "web01", nil), 1)
	if err != nil {
		return err
	}
	err = s.closed(ctx, id, "succeeded")
	s.note("a planned failover handed web01 over and reversed", errors.Join(err, s.runsOn(ctx, "web01", "hv11", true)))
	return nil
}

// executorKilled: kill -9 in the middle of a run.
func (s *stage) executorKilled(ctx context.Context) error {
	s.scene("The executor is killed in the middle of a run")
	before, err := s.lab.Changes(ctx)
	if err != nil {
		return err
	}
	id, err := s.submit(ctx, ask("planned", "app01", nil), 1)
	if err != nil {
		return err
	}
	if err := s.awaitChange(ctx, before, "Start-VMFailover -Prepare"); err != nil {
		return err
	}
	s.say("kill -9 failover-executor (process %d).", s.executor.Pid())
	s.executor.Kill()
	s.say("It is gone. Starting it again; it reads the log, looks at the hosts, and goes on.")
	if err := s.startExecutor(ctx); err != nil {
		return err
	}
	err = s.closed(ctx, id, "succeeded")
	s.note("the run went on after kill -9 and ended well", errors.Join(err, s.runsOn(ctx, "app01", "hv11", true)))
	changes, err := s.since(ctx, before)
	for _, effect := range []string{"Stop-VM", "Start-VMFailover -Prepare", "Start-VMFailover", "Set-VMReplication -Reverse", "Start-VM"} {
		err = errors.Join(err, once(changes, effect))
	}
	s.note("no step ran twice", err)
	return nil
}

// unplannedFailover: the lab takes a host's power away.
func (s *stage) unplannedFailover(ctx context.Context) error {
	s.scene("A host loses its power, and an unplanned failover saves sql01")
	if err := s.lab.Host(ctx, "hv01", "kill"); err != nil {
		return err
	}
	s.say("The lab takes hv01's power away. Nobody can show that it is down for good, so a named person answers for it.")
	id, err := s.submit(ctx, ask("unplanned", "sql01", request{
		"reason": "hv01 has no power",
		"unplanned": request{
			"override":           request{"person": map[string]string{"name": requester, "email": address}, "reason": "I stand in front of the dark rack"},
			"commitAfterMinutes": 60,
		},
	}), 1)
	if err != nil {
		return err
	}
	if _, err := s.lab.Await(ctx, id, func(t programs.Ticket) bool { return t.Progressed("awaiting-commit") || t.Outcome() != "" }); err != nil {
		return err
	}
	s.say("sql01 runs on its replica and could still be undone. The customer is content: a commit ticket.")
	if _, err := s.submit(ctx, ask("commit", "", request{"refers": id}), 1); err != nil {
		return err
	}
	err = s.closed(ctx, id, "succeeded")
	s.note("an unplanned failover saved sql01 from a dead host", errors.Join(err, s.runsOn(ctx, "sql01", "hv11", false)))
	s.say("hv01 gets its power back and starts its old copies by itself …")
	if err := s.lab.Host(ctx, "hv01", "start"); err != nil {
		return err
	}
	s.note("the old primary was fenced when it came back, and turned into a replica", s.fenced(ctx, "sql01", "hv01"))
	return nil
}
