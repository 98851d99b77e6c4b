package command

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"lifeboat.io/services/lifeboat/lookup"
	"lifeboat.io/services/lifeboat/terminal"
	"lifeboat.io/services/lifeboat/view"
)

// vmWithRuns is what `describe vm -o json` prints.
type vmWithRuns struct {
	view.VM
	// Runs are its runs, newest first, without their steps.
	Runs []view.Run `json:"runs"`
}

// maxRunsShown is how many runs the description of a VM lists.
const maxRunsShown = 10

// describeVM tells one VM.
func (c *cli) describeVM() *cobra.Command {
	var o output
	var account string
	cmd := &cobra.Command{
		Use:     "vm <vm>",
		Aliases: []string{"vms"},
		Short:   "Tell one VM: where it belongs, what was last seen of it, its runs",
		Example: examples("lifeboat describe vm web01", "lifeboat describe vm 3b5c1d9e-7f24-4a60-9c1b-52d0e8a7f611 -o json"),
		Args:    exactly("vm"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withLookup(cmd.Context(), func(look lookup.Lookup) error {
				return c.tellVMNamed(cmd.Context(), look, account, args[0], &o)
			})
		},
		ValidArgsFunction: first(c.completeVMs),
	}
	cmd.Flags().StringVar(&account, "account", "", "the VM's account, when two accounts have a VM of this name")
	outputFlag(cmd, &o, formText, formJSON, formYAML)
	return cmd
}

func (c *cli) tellVMNamed(ctx context.Context, look lookup.Lookup, account, name string, o *output) error {
	agg, err := look.VMAggregate(ctx, account, name)
	if err != nil {
		return err
	}
	vm, runs, err := look.VM(ctx, agg, c.Now())
	if err != nil {
		return err
	}
	newest := vmWithRuns{VM: vm, Runs: []view.Run{}}
	for i := len(runs) - 1; i >= 0; i-- {
		runs[i].Steps = nil
		newest.Runs = append(newest.Runs, runs[i])
	}
	if !o.people() {
		return c.data(o, newest, false)
	}
	c.tellVM(newest)
	return nil
}

func (c *cli) tellVM(v vmWithRuns) {
	c.page.Printf("VM %s of account %s\n\n", terminal.Safe(v.Name), terminal.Safe(v.Account))
	listed := ""
	if v.Unlisted {
		listed = c.page.In(terminal.Warning, "no; what follows is from the log")
	}
	c.page.Fields(
		[2]string{"id", v.ID},
		[2]string{"in inventory", listed},
		[2]string{"primary", terminal.Safe(v.Primary)},
		[2]string{"replica", terminal.Safe(v.Replica)},
		[2]string{"extended", terminal.Safe(v.Extended)},
		[2]string{"objectives", objectives(v.VM)},
		[2]string{"seen running", c.coloured(c.seenRunning(v.Live))},
	)
	if len(v.Seen) > 0 {
		c.section("Last seen")
		for _, s := range v.Seen {
			line := fmt.Sprintf("%s, %s: %s", s.Reading.Host, c.ago(s.Reading.ReadAt), readingLine(s.Reading))
			cell := terminal.Cell{Text: line}
			if s.Stale {
				cell = terminal.Cell{Text: "(old) " + line, Mood: terminal.Old}
			}
			c.page.Printf("  %s\n", c.coloured(cell))
		}
	}
	if len(v.Runs) == 0 {
		c.page.Printf("\nNo runs.\n")
		return
	}
	c.section("Runs, newest first")
	table := c.page.NewTable()
	for i, r := range v.Runs {
		if i == maxRunsShown {
			c.page.Printf("  and %d older ones: lifeboat get runs --vm %s --since 9600h\n", len(v.Runs)-i, v.ID)
			break
		}
		row := append(terminal.Text("  "+r.ID, string(r.Kind)), status(r.Status()))
		table.Print(append(row, terminal.Text(c.ago(r.BeganAt), r.Ticket.Aggregate(), terminal.Cut(r.News, 100))...))
	}
	c.offer("Next", next(v.Runs[0], c.who()))
}

func objectives(v view.VM) string {
	switch {
	case v.RPOMinutes > 0 && v.RTOMinutes > 0:
		return fmt.Sprintf("RPO %d min, RTO %d min", v.RPOMinutes, v.RTOMinutes)
	case v.RPOMinutes > 0:
		return fmt.Sprintf("RPO %d min", v.RPOMinutes)
	case v.RTOMinutes > 0:
		return fmt.Sprintf("RTO %d min", v.RTOMinutes)
	default:
		return ""
	}
}
