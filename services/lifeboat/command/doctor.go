package command

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"lifeboat.io/pkg/bus"
	"lifeboat.io/pkg/hyperv/connection"
	"lifeboat.io/pkg/inventory"
	"lifeboat.io/services/lifeboat/config"
	"lifeboat.io/services/lifeboat/doctor"
	"lifeboat.io/services/lifeboat/lookup"
	"lifeboat.io/services/lifeboat/terminal"
)

// doctorFlags are the flags of doctor.
type doctorFlags struct {
	output output
	hosts  []string
	all    bool
	wire   string
	looker doctor.Looker
}

// doctor answers whether lifeboat could do its work now.
func (c *cli) doctor() *cobra.Command {
	var f doctorFlags
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Answer whether lifeboat could do its work now, on each host",
		Long: `Answer whether lifeboat could do its work now: does each host let it in, is its clock
right, does it have every cmdlet, does it accept replication; is each VM on its
hosts in the roles the inventory says, with the switches its tests need; is the
bus well, with the inventory of the file. Nothing is changed anywhere.

It needs the configuration and its secrets, so it runs where lifeboat runs. What is
in order is summed up; -v lists it. The exit code is that of the worst finding:
0 ok, 5 warnings, 3 failures.

--wire-log adds to a file what is said to hosts and what they answer, for whoever
is asked for help: one JSON object a line for each message, its values replaced by
their lengths. It has names of hosts and users, but no password and no script.`,
		Example: examples(
			"lifeboat doctor --config lifeboat.yaml",
			"lifeboat doctor --config lifeboat.yaml --host ams-hv1 -v",
			"lifeboat doctor --config lifeboat.yaml -o json",
			"lifeboat doctor --config lifeboat.yaml --host ams-hv1 --wire-log wire.jsonl",
		),
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error { return c.examine(cmd.Context(), f) },
	}
	outputFlag(cmd, &f.output, formTable, formJSON, formYAML)
	cmd.Flags().StringArrayVar(&f.hosts, "host", nil, "only this host; repeat for more")
	cmd.Flags().BoolVarP(&f.all, "verbose", "v", false, "list what is in order too")
	cmd.Flags().StringVar(&f.wire, "wire-log", "", "add what is said to hosts to this `file`, without values")
	cmd.Flags().DurationVar(&f.looker.Patience, "timeout", doctor.DefaultPatience, "how long one host may take")
	cmd.Flags().IntVar(&f.looker.Parallel, "parallel", doctor.DefaultParallel, "how many hosts are looked at a time")
	_ = cmd.RegisterFlagCompletionFunc("host", c.completeHosts)
	return cmd
}

// examine looks at the bus and at hosts, and tells what it found.
func (c *cli) examine(ctx context.Context, f doctorFlags) error {
	conf, inv, err := c.checkedConfig()
	if err != nil {
		return err
	}
	if f.looker.Parallel < 1 || f.looker.Patience <= 0 {
		return usage("--parallel and --timeout must be more than 0")
	}
	hosts, err := chosenHosts(inv, f.hosts)
	if err != nil {
		return err
	}
	dialer := connection.Dialer{Folder: conf.SecretsFolder()}
	if f.wire != "" {
		log, err := connection.OpenWireLog("", connection.WireLogConfig{File: f.wire})
		if err != nil {
			return usage("--wire-log %q: %w", f.wire, err)
		}
		defer func() { _ = log.Close() }()
		dialer.WireLog = log
	}
	findings := doctor.JudgeBus(c.lookAtBus(ctx, conf), inv.Digest())
	f.looker.Inventory, f.looker.Now = inv, c.Now
	f.looker.Connect = dialer.Connect
	f.looker.Progress = c.hostProgress(len(hosts))
	findings = append(findings, doctor.Judge(inv, f.looker.Look(ctx, hosts))...)
	if ctx.Err() != nil {
		return quietly(ExitRunning)
	}
	return c.tellFindings(findings, f)
}

// chosenHosts are the hosts to look at; all when none is named.
func chosenHosts(inv *inventory.Inventory, names []string) ([]inventory.Host, error) {
	if len(names) == 0 {
		return inv.Hosts, nil
	}
	var chosen []inventory.Host
	for _, name := range names {
		h, ok := inv.Host(name)
		if !ok {
			return nil, usage("--host %q is not in the inventory; it has %s", name, hostNames(inv))
		}
		chosen = append(chosen, h)
	}
	return chosen, nil
}

// hostProgress tells a watching person how far it has come.
func (c *cli) hostProgress(of int) func(int) {
	if !terminal.IsTerminal(c.Err) {
		return nil
	}
	return func(done int) {
		c.aside.Printf("\rlooked at %d of %d hosts", done, of)
		if done == of {
			c.aside.Printf("\n")
		}
	}
}

// lookAtBus asks the bus how it is.
func (c *cli) lookAtBus(ctx context.Context, conf config.Config) doctor.BusFacts {
	facts := doctor.BusFacts{URL: "bus"}
	client, err := c.busConfig()
	if err != nil {
		facts.Err = err
		return facts
	}
	facts.URL = client.URL
	b, err := c.open(ctx)
	if err != nil {
		facts.Err = err
		return facts
	}
	defer c.close(ctx, b)
	if facts.Err = b.Healthy(); facts.Err != nil {
		return facts
	}
	look := lookup.Lookup{Bus: b}
	if stored, err := look.Inventory(ctx); err == nil {
		facts.Digest = stored.Digest()
	}
	letters, err := b.DeadLetters(ctx, bus.DeadLetterQuery{OpenOnly: true})
	facts.Letters, facts.LettersErr = len(letters), err
	runs, err := look.Runs(ctx, lookup.Query{Since: c.Now()})
	for _, r := range runs {
		if r.Hold != nil {
			facts.Held++
		}
	}
	facts.RunsErr = err
	return facts
}

// tellFindings prints what was found, and ends with the code of the worst.
func (c *cli) tellFindings(findings []doctor.Finding, f doctorFlags) error {
	if !f.output.people() {
		if err := c.data(&f.output, findings, false); err != nil {
			return err
		}
		return quietly(doctorCodes[doctor.Worst(findings)])
	}
	findings = slices.Clone(findings)
	counts := []any{doctor.Count(findings, doctor.OK), doctor.Count(findings, doctor.Warn), doctor.Count(findings, doctor.Fail)}
	worst := doctor.Worst(findings)
	if !f.all {
		findings = slices.DeleteFunc(findings, func(f doctor.Finding) bool { return f.Level == doctor.OK })
	}
	rows := make([][]terminal.Cell, len(findings))
	for i, finding := range findings {
		rows[i] = append([]terminal.Cell{status(string(finding.Level))}, terminal.Text(finding.Check, finding.Subject, finding.Detail)...)
	}
	if len(rows) > 0 {
		table := c.page.NewTable("", "CHECK", "WHAT", "FOUND")
		table.Fit(rows...)
		for i, row := range rows {
			table.Print(row)
			if fix := findings[i].Fix; fix != "" {
				c.page.Printf("       fix: %s\n", terminal.Safe(fix))
			}
		}
		c.page.Printf("\n")
	}
	c.page.Printf("%d ok, %d warnings, %d failures\n", counts...)
	return quietly(doctorCodes[worst])
}

// doctorCodes are the exit codes of the worst finding.
var doctorCodes = map[doctor.Level]int{doctor.OK: ExitOK, doctor.Warn: ExitPartial, doctor.Fail: ExitRefused}
