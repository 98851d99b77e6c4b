package conformance_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lifeboat.io/e2e/lab"
	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/hypersim"
	"lifeboat.io/pkg/hyperv/winrm"
	"lifeboat.io/pkg/secret"
)

// What the matrix gives its calls.
const (
	// hangDeadline is the deadline of a call to a host that will not answer.
	hangDeadline = 4 * time.Second
	// callDeadline is that of every other call; none of them should need it.
	callDeadline = 30 * time.Second
	// returnSlack is how long after its deadline a call may return.
	returnSlack = time.Second
	// healPatience is how long a healed host may take to serve again, and to be left clean.
	healPatience = 30 * time.Second
	// hangsAtOnce and callsAtOnce are how many cells of either kind run at once:
	// those that hang wait and need no processor.
	hangsAtOnce, callsAtOnce = 24, 3
)

// shortVerbs are the columns that `go test -short` meets; the others are met
// without it.
var shortVerbs = []string{"Read", "Start", "FailOver"}

// outcome is what became of one call with one fault.
type outcome struct {
	// Class is the error's, or "ok".
	Class string
	// Happened is how many times the effect is in the host's own journal once
	// nothing is under way any more, before anybody tries again; -1 when either
	// may be, because the fault races with the effect.
	Happened int
}

// TestEveryFaultOnEveryVerb meets each fault with each verb, on both sides of
// the effect, and holds what the caller was told against what really happened:
//   - a call returns within its deadline;
//   - "refuse", "retry" and "hold" mean that nothing happened, "ok" that it did;
//   - "unknown" is said when neither is certain, and only then;
//   - once the fault is gone, the same call brings the effect about, and it has
//     happened exactly once in the end;
//   - no shell, process or connection is left on the host.
//
// What each cell came to is in docs/faults.md, which must agree; -write writes it.
func TestEveryFaultOnEveryVerb(t *testing.T) {
	var all []meeting
	for _, d := range disturbances {
		for _, v := range verbs {
			if d.meets(v) && strings.Contains(d.key(), *only) && (!testing.Short() || slices.Contains(shortVerbs, v.name)) {
				all = append(all, meeting{disturbance: d, verb: v})
			}
		}
	}
	if met := meetAll(t, all); !t.Failed() {
		compare(t, met)
	}
}

// meeting is a place in the matrix.
type meeting struct {
	disturbance
	verb verb
	by   *access // nil is NTLM on HTTPS
}

// meetAll meets all there is to meet, several at once, and returns what each
// came to. Those that hang wait beside those that do not.
func meetAll(t *testing.T, all []meeting) results {
	var mu sync.Mutex
	met := results{}
	var pools sync.WaitGroup
	for hangs, atOnce := range map[bool]int{true: hangsAtOnce, false: callsAtOnce} {
		pools.Go(func() {
			places := make(chan struct{}, atOnce)
			var group sync.WaitGroup
			for _, m := range all {
				if m.hangs != hangs {
					continue
				}
				places <- struct{}{}
				group.Go(func() {
					defer func() { <-places }()
					o, err := meet(t, m)
					mu.Lock()
					defer mu.Unlock()
					if err != nil {
						t.Errorf("%s, %s: %v", m.key(), m.verb.name, err)
						return
					}
					met.put(m.disturbance, m.verb, o)
				})
			}
			group.Wait()
		})
	}
	pools.Wait()
	return met
}

// total is how often the effect has happened once the call was made again.
func (o outcome) total(d disturbance, v verb) int {
	switch {
	case !v.effect:
		return 0
	case d.powerless && v.power == hyperv.PowerOff:
		return o.Happened // a VM that lost its power is off
	case d.powerless && v.power == hyperv.PowerRunning:
		return o.Happened + 1
	}
	return 1
}

// cell is one fault and one verb, in a world of their own.
type cell struct {
	lab  *lab.Lab
	dir  string
	id   hyperv.VMID
	host *lab.Host // the verb's
	verb verb
	dial winrm.Config
	// steady tells that the hosts' clocks must stay near the true time.
	steady bool
	// watching waits for the moment of a fault, until over.
	watching sync.WaitGroup
	over     chan struct{}
	failed   error // of what came then
}

// meet meets a verb with a disturbance. An error is a broken promise.
func meet(t *testing.T, m meeting) (o outcome, err error) {
	ctx, d, v := t.Context(), m.disturbance, m.verb
	c, err := newCell(ctx, m)
	if err != nil {
		return o, fmt.Errorf("the cell itself: %w", err)
	}
	defer func() { err = errors.Join(err, c.close()) }()
	for _, prepare := range []func(*cell) error{d.ahead, v.prepare} {
		if prepare == nil {
			continue
		}
		if err := prepare(c); err != nil {
			return o, fmt.Errorf("the preparation: %w", err)
		}
	}
	config := c.dial
	if d.config != nil {
		closing, err := d.config(&config)
		if err != nil {
			return o, fmt.Errorf("the configuration: %w", err)
		}
		defer closing()
	}
	h, err := winrm.Dial(ctx, config)
	if err != nil {
		return o, err
	}
	if !d.cold {
		if _, err := h.Read(ctx, c.id); err != nil {
			return o, errors.Join(fmt.Errorf("the call before the fault: %w", err), h.Close(ctx))
		}
	}
	if err := d.arm(c); err != nil {
		return o, errors.Join(fmt.Errorf("the fault: %w", err), h.Close(ctx))
	}
	began := c.journal()
	o.Class, err = c.call(ctx, h, d)
	err = errors.Join(err, c.heal(d))
	closed, cancel := context.WithTimeout(ctx, healPatience)
	defer cancel()
	if e := h.Close(closed); e != nil {
		err = errors.Join(err, fmt.Errorf("close: %w", e))
	}
	err = errors.Join(err, c.clean(ctx))
	if err != nil {
		return o, err
	}
	o.Happened = c.journal() - began
	if err := o.sound(v.effect); err != nil {
		return o, err
	}
	if err := c.again(ctx, began, o.total(d, v)); err != nil {
		return o, err
	}
	if d.races {
		o.Happened = -1
	}
	return o, nil
}

func newCell(ctx context.Context, m meeting) (*cell, error) {
	spec := hypersim.Pair(1)
	spec.Durations = &hypersim.Durations{} // nothing takes time but what a fault holds up
	spec.VMs[0].AutoStart = hyperv.StartNothing
	password := secret.NewText(pass)
	options := lab.Options{World: spec, Address: "127.0.0.1", TimeScale: 1, Password: password}
	if m.options != nil {
		m.options(&options)
	}
	if m.by != nil && m.by.options != nil {
		m.by.options(&options)
	}
	l, err := lab.Start(ctx, options)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "lifeboat-matrix-")
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	c := &cell{lab: l, dir: dir, host: l.Host(m.verb.host), verb: m.verb, id: l.World().Truth().Copies[0].VM, over: make(chan struct{})}
	ca := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(ca, l.CertificateAuthority(), 0o600); err != nil {
		return nil, errors.Join(err, l.Close(), os.RemoveAll(dir))
	}
	_, port := c.host.Ports()
	c.dial = winrm.Config{Name: m.verb.host, Address: c.host.Address(), Port: port, CAFile: ca, User: lab.Administrator,
		Password: func() (secret.Text, error) { return password, nil },
		Limits:   winrm.Limits{OperationTimeout: 2 * time.Second, AnswerSlack: 2 * callDeadline}}
	if m.by != nil {
		if err := m.by.config(c, &c.dial); err != nil {
			return nil, errors.Join(err, c.close())
		}
	}
	return c, nil
}

// close takes the cell down.
func (c *cell) close() error {
	return errors.Join(c.lab.Close(), os.RemoveAll(c.dir))
}

// machine is a host of the cell's world.
func (c *cell) machine(name string) *hypersim.Machine { return c.lab.World().Machine(name) }

// journal counts how often something was changed on the verb's host.
func (c *cell) journal() int {
	n := 0
	entries, _ := c.lab.World().Journal()
	for _, e := range entries {
		if e.Host == c.host.Name() && e.Cmdlet != "" && e.Changed {
			n++
		}
	}
	return n
}

// call makes the call, and watches its deadline.
func (c *cell) call(ctx context.Context, h hyperv.Host, d disturbance) (class string, err error) {
	limit := callDeadline
	if d.hangs {
		limit = hangDeadline
	}
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	began := time.Now()
	err = c.verb.call(bounded, h, c.id)
	took := time.Since(began)
	switch {
	case took > limit+returnSlack:
		return "", fmt.Errorf("it returned after %v, its deadline was %v", took, limit)
	case !d.hangs && took > limit:
		return "", fmt.Errorf("it used up its deadline of %v: %w", limit, err)
	case err == nil:
		return "ok", nil
	}
	return string(hyperv.AsError(err).Class), nil
}

// sound tells what an outcome says that is not so.
func (o outcome) sound(effect bool) error {
	unknown := o.Class == string(hyperv.ClassUnknown)
	switch {
	case !effect && (o.Happened != 0 || unknown):
		return fmt.Errorf("a reading came to %q and changed something %d times", o.Class, o.Happened)
	case o.Happened > 1:
		return fmt.Errorf("it happened %d times", o.Happened)
	case effect && o.Class == "ok" && o.Happened != 1:
		return errors.New("it was reported done and is not")
	case effect && o.Class != "ok" && !unknown && o.Happened != 0:
		return fmt.Errorf("it was reported %q, which means not done, and it is done", o.Class)
	}
	return nil
}

// heal takes every fault away.
func (c *cell) heal(d disturbance) error {
	close(c.over)
	c.watching.Wait()
	s := c.host.WinRM()
	s.DisarmAll()
	err := errors.Join(c.failed, c.lab.ClearInjected(""))
	for _, a := range []hypersim.Action{
		{Do: hypersim.DoStart, Host: c.host.Name()}, {Do: hypersim.DoSetMerge, Host: c.host.Name()},
		{Do: hypersim.DoUnfreeze, Host: c.host.Name()}, {Do: hypersim.DoRestoreWinRM, Host: c.host.Name()},
		{Do: hypersim.DoSetLink, From: "p1", To: "r1", Link: &hypersim.Link{}}, {Do: hypersim.DoSetLink, From: "r1", To: "p1", Link: &hypersim.Link{}},
		{Do: hypersim.DoSetSpace, Host: "r1", Drive: "D", Bytes: 1 << 40}, {Do: hypersim.DoSetSpace, Host: "p1", Drive: "D", Bytes: 1 << 40},
	} {
		err = errors.Join(err, c.lab.Do(a))
	}
	if s.Frozen() {
		s.Thaw()
	}
	if !s.Listening() {
		err = errors.Join(err, s.Resume())
	}
	if d.undo != nil {
		err = errors.Join(err, d.undo(c))
	}
	if !c.steady {
		err = errors.Join(err, c.lab.Clock().Advance(2*hangs)) // what hangs in a cmdlet is over then
	}
	return err
}

// clean waits until nothing of the client is left on the host.
func (c *cell) clean(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, healPatience)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		now := c.host.WinRM().Stats()
		_, running := c.host.PowerShells()
		if now.Shells == 0 && now.Processes == 0 && now.Connections == 0 && running == 0 {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("left on the host: %d shells, %d processes, %d connections, %d PowerShells", now.Shells, now.Processes, now.Connections, running)
		}
	}
}

// again makes the call once more, as its caller would: with the fault gone it
// comes to its end, and the effect has happened as often in all as it must.
func (c *cell) again(ctx context.Context, began, want int) error {
	ctx, cancel := context.WithTimeout(ctx, healPatience)
	defer cancel()
	h, err := winrm.Dial(ctx, c.dial)
	if err != nil {
		return err
	}
	for {
		err = c.verb.call(ctx, h, c.id)
		if err == nil || hyperv.AsError(err).Class != hyperv.ClassRetry || ctx.Err() != nil {
			break
		}
	}
	if err != nil {
		err = fmt.Errorf("the same call without a fault: %w", err)
	}
	err = errors.Join(err, h.Close(ctx), c.clean(ctx))
	if n := c.journal() - began; n != want && err == nil {
		err = fmt.Errorf("in the end it happened %d times, not %d", n, want)
	}
	return err
}
