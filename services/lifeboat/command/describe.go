package command

import (
	"github.com/spf13/cobra"

	"lifeboat.io/services/lifeboat/terminal"
)

// describe tells everything that is known of one thing.
func (c *cli) describe() *cobra.Command {
	return group("describe", "Tell everything that is known of one ticket, run, VM or host",
		`Tell everything that is known of one ticket, run, VM or host, and what can be done
next. -o json and -o yaml print the same for programs.`,
		c.describeTicket(), c.describeRun(), c.describeVM(), c.describeHost())
}

// section begins a part of a description.
func (c *cli) section(title string) { c.page.Printf("\n%s\n", title) }

// offer prints what can be done next.
func (c *cli) offer(title string, list []advice) {
	if len(list) == 0 {
		return
	}
	c.section(title)
	for _, a := range list {
		c.page.Printf("  %s\n      %s\n", a.command, a.effect)
	}
}

// coloured is a cell within a line.
func (c *cli) coloured(cell terminal.Cell) string {
	return c.page.In(cell.Mood, terminal.Safe(cell.Text))
}
