package kit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	_ "embed"

	"lifeboat.io/pkg/hyperv"
	"lifeboat.io/pkg/hyperv/connection"
	"lifeboat.io/pkg/hyperv/hypertest"
	"lifeboat.io/pkg/hyperv/winrm"
)

// labRecording is what the lab answered; a test in e2e/kit writes it anew.
//
//go:embed lab.txt
var labRecording string

// Limits of a run.
const (
	// askLimit bounds one question beside the lanes.
	askLimit = 10 * time.Minute
	// checkLimit bounds what is looked at before anything is done.
	checkLimit = 5 * time.Minute
	// caseLimits times the patience bounds a case, in which several things are waited for.
	caseLimits = 8
	// closeLimit bounds closing the connections.
	closeLimit = 30 * time.Second
)

// Refusal is why nothing was done.
type Refusal struct{ Reasons []string }

// Error lists the reasons.
func (r *Refusal) Error() string { return strings.Join(r.Reasons, "\n") }

// Run is a run on the VMs of a configuration.
type Run struct {
	config   *Config
	hosts    map[string]*winrm.Host
	subjects []*subject
	cases    []hypertest.Case
	say      func(format string, args ...any)
	report   Report
}

// subject is one VM, checked.
type subject struct {
	vm    VM
	pair  *hypertest.Pair
	book  *book
	start hypertest.Settings
}

// New makes a run and connects to nothing yet. only names the cases to run; none means
// all. Progress is told line by line.
func New(ctx context.Context, c *Config, only []string, progress io.Writer) (*Run, error) {
	r := &Run{config: c, hosts: map[string]*winrm.Host{}}
	var mu sync.Mutex
	r.say = func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		_, _ = fmt.Fprintf(progress, format+"\n", args...)
	}
	if err := r.choose(only); err != nil {
		return nil, err
	}
	dialer := connection.Dialer{Folder: c.folder, Instance: "hypertest"}
	for _, h := range c.Hosts {
		settings, err := dialer.Config(c.inv, h)
		if err != nil {
			return nil, err
		}
		host, err := winrm.Dial(ctx, settings)
		if err != nil {
			return nil, err
		}
		r.hosts[h.Name] = host
	}
	return r, nil
}

// choose picks the cases.
func (r *Run) choose(only []string) error {
	if slices.Contains(only, completing) && !slices.Contains(only, wayBack) {
		only = append(slices.Clone(only), wayBack)
	}
	var names []string
	for _, c := range inOrder(append(hypertest.Cases(), askCases(r.wait)...)) {
		names = append(names, c.Name)
		if len(only) == 0 || slices.Contains(only, c.Name) {
			r.cases = append(r.cases, c)
		}
	}
	for _, name := range only {
		if !slices.Contains(names, name) {
			return fmt.Errorf("--cases %q: there is no such case; there are %s", name, strings.Join(names, ", "))
		}
	}
	return nil
}

const (
	// completing is the case that completes a failover, which nothing takes back.
	completing = "Complete"
	// wayBack is the case that goes the way back from there, from where it can
	// still be turned round if a host refuses it.
	wayBack = "AskBecomeReplica"
)

// inOrder puts the case of no return behind all others.
func inOrder(all []hypertest.Case) []hypertest.Case {
	slices.SortStableFunc(all, func(a, b hypertest.Case) int {
		switch {
		case a.Name == completing && b.Name != completing:
			return 1
		case b.Name == completing && a.Name != completing:
			return -1
		}
		return 0
	})
	return all
}

// mayComplete tells whether the way back has been gone with a VM in this run.
func (r *Run) mayComplete(vm string) bool {
	return slices.ContainsFunc(r.report.Cases, func(c CaseReport) bool { return c.VM == vm && c.Name == wayBack && c.Outcome == CasePassed })
}

// wait lets about that much of the hosts' time pass. It is never long: what
// waits for a change looks every few seconds.
func (r *Run) wait(d time.Duration) {
	t := time.NewTimer(time.Duration(float64(d) / r.config.TimeScale))
	defer t.Stop()
	<-t.C
}

// Close closes the connections.
func (r *Run) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeLimit)
	defer cancel()
	var failed error
	for _, h := range r.hosts {
		failed = errors.Join(failed, h.Close(ctx))
	}
	return failed
}

// Execute runs the cases on each VM, and brings each back after each case. It
// goes on after a case that failed, and ends after one that left something over.
func (r *Run) Execute(ctx context.Context) *Report {
	r.report.Began, r.report.timeScale = time.Now().UTC(), r.config.TimeScale
	failed := false
	for _, s := range r.subjects {
		for i, c := range r.cases {
			if ctx.Err() != nil {
				return r.end(Interrupted, context.Cause(ctx).Error())
			}
			if err := r.stillMarked(ctx, s); err != nil {
				return r.end(Interrupted, err.Error())
			}
			report := CaseReport{VM: s.vm.Name, Name: c.Name}
			if c.Name == completing && !r.mayComplete(s.vm.Name) {
				c = hypertest.NewCase(c.Name, func(t hypertest.T, _ *hypertest.Pair) {
					t.Skipf("%s did not pass, so nobody knows whether the VM could be brought back", wayBack)
				})
			}
			dirty := runCase(ctx, caseLimits*r.config.patience(), c, s.pair, s.book, &report)
			r.report.Cases = append(r.report.Cases, report)
			r.say("%s  %2d/%d  %-28s %-8s %s", s.vm.Name, i+1, len(r.cases), c.Name, report.Outcome, took(report.Millis))
			if dirty {
				r.report.LeftOver = append(r.report.LeftOver, fmt.Sprintf("VM %s after case %s: %s", s.vm.Name, c.Name, last(report.Messages)))
				return r.end(LeftOver, "a VM could not be brought back")
			}
			failed = failed || report.Outcome == CaseFailed && ctx.Err() == nil
		}
	}
	switch {
	case ctx.Err() != nil:
		return r.end(Interrupted, context.Cause(ctx).Error())
	case failed:
		return r.end(Failed, "some cases failed")
	}
	return r.end(Passed, "")
}

func last(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return lines[len(lines)-1]
}

// end draws the conclusions.
func (r *Run) end(o Outcome, why string) *Report {
	p := &r.report
	p.Ended, p.Outcome, p.Why = time.Now().UTC(), o, why
	p.Differences = differences(p.Cases, parseRecording(labRecording))
	p.Findings = findings(p)
	if o == Passed && slices.ContainsFunc(p.Findings, func(f Finding) bool { return f.Verdict == Contradicted }) {
		p.Outcome, p.Why = Failed, "an assumption is contradicted"
	}
	return p
}

// BringBack brings every VM back to its starting state, after a run that could
// not. before are the settings written down then; those of now where there are none.
func (r *Run) BringBack(ctx context.Context, before map[string]hypertest.Settings) *Report {
	r.report.Began = time.Now().UTC()
	for _, s := range r.subjects {
		start, known := before[s.vm.Name]
		if !known {
			start = s.start
		}
		if err := s.pair.BringBack(ctx, start); err != nil {
			r.report.LeftOver = append(r.report.LeftOver, fmt.Sprintf("VM %s: %v", s.vm.Name, err))
			continue
		}
		r.say("%s  is back in its starting state", s.vm.Name)
	}
	if len(r.report.LeftOver) > 0 {
		return r.end(LeftOver, "a VM could not be brought back")
	}
	return r.end(Passed, "")
}

// resumption is hypertest.Pair's Resume, seeding its Seed.
func resumption(h hyperv.Host) error { return carried(h, AskResume, "resuming replication") }

func seeding(h hyperv.Host) error { return carried(h, AskSeed, "seeding the other copy") }

// saving is hypertest.Pair's Save.
func saving(t hypertest.T, h hyperv.Host) { must(t, "Save", carried(h, AskSave, "saving")) }

// carried has a cmdlet carried out that none of lifeboat's verbs does.
func carried(h hyperv.Host, q Question, what string) error {
	ctx, cancel := context.WithTimeout(context.Background(), askLimit)
	defer cancel()
	r, err := host(h).ask(ctx, q, "")
	switch {
	case err != nil:
		return err
	case !r.OK:
		return fmt.Errorf("%s: %s: %s: %s", h.Name(), what, r.FullyQualifiedErrorID, r.Message)
	}
	return nil
}
