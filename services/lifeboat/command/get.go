package command

import (
	"time"

	"github.com/spf13/cobra"
)

// defaultSince is how far back lists go for what is over.
const defaultSince = 7 * 24 * time.Hour

// get lists tickets, runs, VMs and hosts.
func (c *cli) get() *cobra.Command {
	return group("get", "List tickets, runs, VMs or hosts",
		`List tickets, runs, VMs or hosts. -w goes on printing what changes; -o json and
-o yaml print everything that is known, for programs.`,
		c.getTickets(), c.getRuns(), c.getVMs(), c.getHosts())
}

// listFlags are the flags of lists.
type listFlags struct {
	output  output
	account string
	vm      string
	since   time.Duration
	watch   bool
}

func (f *listFlags) add(cmd *cobra.Command) {
	outputFlag(cmd, &f.output, formTable, formJSON, formYAML, formName)
	cmd.Flags().BoolVarP(&f.watch, "watch", "w", false, "go on printing what changes, until Ctrl-C")
}

func (f *listFlags) addAccount(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.account, "account", "", "only those of this account")
}

func (f *listFlags) addSince(cmd *cobra.Command) {
	cmd.Flags().DurationVar(&f.since, "since", defaultSince, "how far back to list what is over; what is not over is always listed")
}
