package kit

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lifeboat.io/pkg/hyperv/hypertest"
)

// Exit codes.
const (
	ExitPassed      = 0
	ExitFailed      = 1
	ExitUsage       = 2
	ExitRefused     = 3
	ExitInterrupted = 4
	ExitLeftOver    = 5
)

var exitCodes = map[Outcome]int{Passed: ExitPassed, Failed: ExitFailed, Refused: ExitRefused, Interrupted: ExitInterrupted, LeftOver: ExitLeftOver}

// exit ends the program with a code after everything has been said.
type exit struct {
	code int
	error
}

func (e *exit) Unwrap() error { return e.error }

// ExitCode is the exit code for what a Command returned.
func ExitCode(err error) int {
	var e *exit
	switch {
	case err == nil:
		return ExitPassed
	case errors.As(err, &e):
		return e.code
	}
	return ExitUsage
}

const long = `hypertest asks two real Hyper-V hosts what lifeboat assumes of them.

It runs lifeboat's conformance suite and some trials of its own on throw-away
VMs: it shuts them down, fails them over in every way there is, reverses and
cancels, and after each case brings the VM back to where it was. It writes down
every answer, compares it with what lifeboat's simulated hosts answer to the
same, and says which rows of docs/assumptions.md are confirmed or contradicted.

It uses a VM only if all of this holds, and says what does not:
  - it is listed in the configuration, and its name begins with "lifeboat-test";
  - its Notes hold the line "lifeboat-test: throw-away", on both hosts;
  - it runs on its primary with its guest up, its replica is off, both are
    Replicating with health Normal, and there is no test VM;
  - you say yes.
No other VM is touched. Ctrl-C ends the run after bringing the VM back; a second
Ctrl-C ends it at once, and --bring-back does the rest later.

The configuration:

  hosts:                      # two, written as in lifeboat's inventory
    - name: hv1
      address: hv1.corp.example
      fqdn: hv1.corp.example
      winrm: {credential: admin, ca: corp-ca.pem}
      replica: {authentication: Kerberos}
    - name: hv2
      address: hv2.corp.example
      fqdn: hv2.corp.example
      winrm: {credential: admin, ca: corp-ca.pem}
      replica: {authentication: Kerberos}
  credentials:
    - {name: admin, user: 'CORP\hypertest', password: {file: secrets/hypertest}}
  vms:
    - {name: lifeboat-test-1, primary: hv1, adapter: Network Adapter, testSwitch: Isolated}
  patienceMinutes: 20         # how long a boot or a replication may take

A VM with a small guest, replicating every 30 seconds with a few recovery points,
takes about an hour. The report is written as report.json and report.md.`

const examples = `  hypertest --config kit.yaml --dry-run         look, and say what would be done
  hypertest --config kit.yaml                   ask, then run
  hypertest --config kit.yaml --yes --cases PlannedFailover,AskPrepared
  hypertest --config kit.yaml --bring-back      after a run that was killed`

const exitHelp = `
Exit codes: 0 every case passed and no assumption is contradicted, 1 some case
failed or an assumption is contradicted, 2 wrong command line or configuration,
3 refused: nothing was changed, 4 interrupted and everything brought back,
5 something could not be brought back and is named.
`

// settings are the flags.
type settings struct {
	config, report         string
	yes, dryRun, bringBack bool
	cases                  []string
	deadline               time.Duration
}

// Command is the command line. Its error goes to ExitCode.
func Command() *cobra.Command {
	s := &settings{}
	c := &cobra.Command{
		Use: "hypertest", Short: "Ask two Hyper-V hosts what lifeboat assumes of them", Long: long, Example: examples,
		Args: cobra.NoArgs, SilenceUsage: true, SilenceErrors: true,
		RunE: func(c *cobra.Command, _ []string) error {
			return s.run(c.Context(), c.InOrStdin(), c.OutOrStdout())
		},
	}
	f := c.Flags()
	f.StringVar(&s.config, "config", "", "configuration `file`, as above")
	f.StringVar(&s.report, "report", "hypertest-report", "`folder` for the report; made when it is not there")
	f.StringSliceVar(&s.cases, "cases", nil, "`names` of the only cases to run; --dry-run lists them")
	f.BoolVar(&s.yes, "yes", false, "do not ask before beginning")
	f.BoolVar(&s.dryRun, "dry-run", false, "look at hosts and VMs, say what would be done, and do nothing")
	f.BoolVar(&s.bringBack, "bring-back", false, "only bring the VMs back to their starting state, after a run that could not")
	f.DurationVar(&s.deadline, "deadline", 6*time.Hour, "`time` after which no more is begun")
	c.SetUsageTemplate(c.UsageTemplate() + exitHelp)
	return c
}

func (s *settings) run(ctx context.Context, in io.Reader, out io.Writer) (err error) {
	if s.config == "" {
		return errors.New("--config: is missing; give the configuration file, hypertest --help shows one")
	}
	if s.deadline <= 0 {
		return fmt.Errorf("--deadline %v: give a time that is not over yet, such as 6h", s.deadline)
	}
	config, err := Load(s.config)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, s.deadline, fmt.Errorf("the deadline of %v is over", s.deadline))
	defer cancel()
	r, err := New(ctx, config, s.cases, out)
	if err != nil {
		return err
	}
	defer func() {
		if failed := r.Close(); err == nil && failed != nil {
			r.say("%v", failed)
		}
	}()
	if err := r.Check(ctx, !s.bringBack); err != nil {
		r.say("Refused, nothing was changed:\n%v", err)
		return &exit{ExitRefused, errors.New("refused")}
	}
	r.plan(s.bringBack)
	if s.dryRun {
		r.say("Dry run: nothing was changed.")
		return nil
	}
	if !s.yes && !confirmed(in, r.say) {
		r.say("Refused, nothing was changed.")
		return &exit{ExitRefused, errors.New("nobody said yes")}
	}
	return s.carryOut(ctx, r)
}

// confirmed asks a person.
func confirmed(in io.Reader, say func(string, ...any)) bool {
	say(`Type "yes" to go on:`)
	line, _ := bufio.NewReader(io.LimitReader(in, 64)).ReadString('\n')
	return strings.TrimSpace(line) == "yes"
}

// plan says what will be done.
func (r *Run) plan(bringBack bool) {
	for _, s := range r.subjects {
		r.say("VM %s (%s): primary on %s, replica on %s, marked on both", s.vm.Name, s.pair.VM, s.pair.Primary.Name(), s.pair.Replica.Name())
	}
	if bringBack {
		r.say("Each will be brought back: tests and failovers stopped, failed back, started on its primary.")
		return
	}
	var names []string
	for _, c := range r.cases {
		names = append(names, c.Name)
	}
	r.say("Each will be shut down, failed over and brought back many times, in %d cases:\n  %s", len(names), strings.Join(names, ", "))
}

// beforeFile keeps the settings of the VMs as they were before a run.
const beforeFile = "before.json"

// carryOut runs, and writes the report whatever happens.
func (s *settings) carryOut(ctx context.Context, r *Run) error {
	if err := os.MkdirAll(s.report, 0o755); err != nil {
		return fmt.Errorf("--report: %w", err)
	}
	path := filepath.Join(s.report, beforeFile)
	before := map[string]hypertest.Settings{}
	var report *Report
	if s.bringBack {
		if text, err := os.ReadFile(path); err == nil {
			if err := json.Unmarshal(text, &before); err != nil {
				return fmt.Errorf("%s: %w; remove it to go by the settings of now", path, err)
			}
		}
		report = r.BringBack(ctx, before)
	} else {
		for _, x := range r.subjects {
			before[x.vm.Name] = x.start
		}
		if err := write(path, before); err != nil {
			return fmt.Errorf("--report: %w", err)
		}
		report = r.Execute(ctx)
	}
	return s.finish(r, report)
}

// finish writes the report and says how it ended.
func (s *settings) finish(r *Run, report *Report) error {
	failed := errors.Join(write(filepath.Join(s.report, "report.json"), report),
		os.WriteFile(filepath.Join(s.report, "report.md"), []byte(report.Markdown()), 0o644),
		os.WriteFile(filepath.Join(s.report, "answers.txt"), []byte(report.Recording()), 0o644))
	count := map[Verdict]int{}
	for _, f := range report.Findings {
		count[f.Verdict]++
	}
	r.say("Assumptions: %d confirmed, %d contradicted, %d not exercised. Differences from the lab: %d.",
		count[Confirmed], count[Contradicted], count[NotExercised], len(report.Differences))
	for _, l := range report.LeftOver {
		r.say("LEFT OVER, look after it by hand or with --bring-back: %s", l)
	}
	r.say("%s %s\nThe report is in %s.", strings.ToUpper(string(report.Outcome)), report.Why, s.report)
	switch code := exitCodes[report.Outcome]; {
	case code != ExitPassed:
		return &exit{code, errors.Join(errors.New(string(report.Outcome)), failed)}
	case failed != nil:
		return &exit{ExitFailed, failed}
	}
	return nil
}

// write writes a document as JSON.
func write(path string, document any) error {
	text, err := json.MarshalIndent(document, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}
