package command

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"lifeboat.io/events"
	"lifeboat.io/services/lifeboat/lookup"
	"lifeboat.io/services/lifeboat/terminal"
	"lifeboat.io/services/lifeboat/view"
)

// getVMs lists VMs.
func (c *cli) getVMs() *cobra.Command {
	var f listFlags
	cmd := &cobra.Command{
		Use:     "vms",
		Aliases: []string{"vm"},
		Short:   "List the VMs of the inventory with their latest runs",
		Long: `List the VMs of the inventory with their latest runs. SEEN RUNNING is what a run
read on a host, with its age: what was not seen lately is "unknown", whatever it
was then. lifeboat doctor looks at the hosts now.`,
		Example: examples("lifeboat get vms", "lifeboat get vms --account acme -o json"),
		Args:    exactly(),
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.listVMs(cmd.Context(), f) },
	}
	f.add(cmd)
	f.addAccount(cmd)
	return cmd
}

func (c *cli) listVMs(ctx context.Context, f listFlags) error {
	return show(ctx, c, listing[view.VM]{
		none:    "The inventory has no VMs here.",
		headers: []string{"VM", "ACCOUNT", "PRIMARY", "REPLICA", "SEEN RUNNING", "LATEST RUN", "ID"},
		row:     c.vmRow,
		name:    func(v view.VM) string { return v.ID },
		list: func(ctx context.Context, look lookup.Lookup) ([]view.VM, error) {
			return look.VMs(ctx, f.account, c.Now())
		},
		changed: func(ctx context.Context, look lookup.Lookup, agg events.Aggregate) ([]view.VM, error) {
			v, _, err := look.VM(ctx, agg, c.Now())
			return []view.VM{v}, err
		},
		family: events.FamilyFailover, account: f.account,
	}, &f.output, f.watch)
}

func (c *cli) vmRow(v view.VM) []terminal.Cell {
	cells := terminal.Text(v.Name, v.Account, v.Primary, v.Replica)
	return append(cells, c.seenRunning(v.Live), c.latestRun(v.Run), terminal.Cell{Text: v.ID})
}

// seenRunning tells where a VM runs, as far as known.
func (c *cli) seenRunning(l *view.Live) terminal.Cell {
	switch {
	case l == nil:
		return terminal.Cell{Text: "unknown", Mood: terminal.Old}
	case l.Stale:
		return terminal.Cell{Text: fmt.Sprintf("unknown (%s, %s)", l.Host, c.ago(l.At)), Mood: terminal.Old}
	default:
		return terminal.Cell{Text: fmt.Sprintf("%s (%s)", l.Host, c.ago(l.At))}
	}
}

// standing are the words for runs of which only the last event is known.
var standing = map[string]string{
	"held": "held", "awaiting-cleanup": "awaiting cleanup", "awaiting-commit": "awaiting commit",
	"succeeded": "succeeded", "failed": "failed", "cancelled": "cancelled", "refused": "refused", "fenced": "fenced",
}

func (c *cli) latestRun(r *view.RunSummary) terminal.Cell {
	if r == nil {
		return terminal.Cell{Text: "none"}
	}
	word, ok := standing[r.Event]
	if !ok {
		word = "running"
	}
	cell := status(word)
	cell.Text = fmt.Sprintf("%s %s, %s", r.Kind, cell.Text, c.ago(r.At))
	if !r.Over && !view.Fresh(r.At, c.Now()) {
		cell.Text += " (old)"
	}
	return cell
}
