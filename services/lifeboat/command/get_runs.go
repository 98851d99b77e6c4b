package command

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"lifeboat.io/events"
	"lifeboat.io/services/lifeboat/lookup"
	"lifeboat.io/services/lifeboat/terminal"
	"lifeboat.io/services/lifeboat/view"
)

// getRuns lists runs.
func (c *cli) getRuns() *cobra.Command {
	var f listFlags
	cmd := &cobra.Command{
		Use:     "runs",
		Aliases: []string{"run"},
		Short:   "List runs: those that wait for a person first, then the newest",
		Example: examples(
			"lifeboat get runs                  # under way, and those of the last week",
			"lifeboat get runs --since 720h     # of the last 30 days",
			"lifeboat get runs --vm web01 -o json",
			"lifeboat get runs -w               # and whatever changes",
		),
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error { return c.listRuns(cmd.Context(), f) },
	}
	f.add(cmd)
	f.addAccount(cmd)
	f.addSince(cmd)
	cmd.Flags().StringVar(&f.vm, "vm", "", "only those of this VM (name or id)")
	_ = cmd.RegisterFlagCompletionFunc("vm", c.completeVMs)
	return cmd
}

func (c *cli) listRuns(ctx context.Context, f listFlags) error {
	query := func(ctx context.Context, look lookup.Lookup) (lookup.Query, error) {
		q := lookup.Query{Account: f.account, Since: c.Now().Add(-f.since)}
		if f.vm == "" {
			return q, nil
		}
		agg, err := look.VMAggregate(ctx, f.account, f.vm)
		q.VM, q.Account = agg.ID, agg.Account
		return q, err
	}
	return show(ctx, c, listing[view.Run]{
		none:    fmt.Sprintf("No runs under way, and none that ended in the last %s. Older ones: --since.", terminal.Span(f.since)),
		headers: []string{"RUN", "KIND", "VM", "ACCOUNT", "STATUS", "STEP", "BEGAN", "HEARD", "TICKET"},
		row:     c.runRow,
		name:    func(r view.Run) string { return r.ID },
		list: func(ctx context.Context, look lookup.Lookup) ([]view.Run, error) {
			q, err := query(ctx, look)
			if err != nil {
				return nil, err
			}
			return look.Runs(ctx, q)
		},
		changed: func(ctx context.Context, look lookup.Lookup, agg events.Aggregate) ([]view.Run, error) {
			q, err := query(ctx, look)
			if err != nil || q.VM != "" && agg.ID != q.VM {
				return nil, err
			}
			runs, err := look.RunsOf(ctx, agg)
			return slices.DeleteFunc(runs, func(r view.Run) bool { return r.Over() && r.ChangedAt.Before(q.Since) }), err
		},
		family: events.FamilyFailover, account: f.account,
	}, &f.output, f.watch)
}

func (c *cli) runRow(r view.Run) []terminal.Cell {
	cells := terminal.Text(r.ID, string(r.Kind), label(r.VM), r.Account)
	cells = append(cells, status(r.Status()))
	cells = append(cells, terminal.Text(atStep(r), c.ago(r.BeganAt))...)
	return append(cells, c.heard(r.ChangedAt, r.Over()), terminal.Cell{Text: r.Ticket.Aggregate()})
}

// atStep says how far a run has come: the step it is at, of how many, or that
// its old primary is still to be fenced.
func atStep(r view.Run) string {
	switch {
	case r.FenceDue != "":
		return "fence due on " + terminal.Safe(r.FenceDue)
	case r.Outcome != "":
		return ""
	}
	taken := 0
	for i, s := range r.Steps {
		if s.State == view.StepDone || s.State == view.StepNotTaken {
			taken = i + 1
			continue
		}
		return fmt.Sprintf("%s %d/%d", s.Step, i+1, len(r.Steps))
	}
	if len(r.Steps) == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%d", taken, len(r.Steps))
}

// label is a VM for people.
func label(vm events.VMRef) string {
	if vm.Name != "" {
		return vm.Name
	}
	return vm.ID
}
