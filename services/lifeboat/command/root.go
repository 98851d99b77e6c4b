package command

import (
	"context"
	"fmt"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// root is the program itself.
func (c *cli) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "lifeboat",
		Short: "Disaster recovery for Microsoft Hyper-V, driven by tickets",
		Long: strings.TrimSpace(`
lifeboat runs disaster recovery for Microsoft Hyper-V. A ticket asks; lifeboat
checks, acts on the hosts step by step, and records every change of state.

This program runs the services (lifeboat serve) and is how an operator asks,
watches and decides. It talks to the bus only: --nats, LIFEBOAT_NATS or the
configuration say where that is.`),
		Example: examples(
			"lifeboat serve --config lifeboat.yaml",
			"lifeboat ticket submit --action test --vm web01 --requester ada@acme.example --wait",
			"lifeboat get runs -w",
			"lifeboat describe run r-5r4n43hv4kgze",
			"lifeboat events --for vm/web01 -w",
		),
		Args:          cobra.ArbitraryArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRun: func(cmd *cobra.Command, _ []string) {
			if cmd.Name() != serveName { // which takes signals itself, and a second one too
				cmd.SetContext(untilInterrupt(cmd.Context()))
			}
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			return cmd.Help()
		},
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage("%w", err) })
	c.reach.flags(root.PersistentFlags())
	root.AddGroup(&cobra.Group{ID: groupAsk, Title: "Ask and decide:"}, &cobra.Group{ID: groupSee, Title: "See:"}, &cobra.Group{ID: groupRun, Title: "Run and check:"})
	root.AddCommand(
		in(groupAsk, c.ticket()),
		in(groupSee, c.get()), in(groupSee, c.describe()), in(groupSee, c.events()),
		in(groupRun, c.serve()), in(groupRun, c.doctor()), in(groupRun, c.config()), in(groupRun, c.deadletter()),
		in(groupRun, c.version()),
		exitCodesTopic(),
	)
	return root
}

// untilInterrupt is a context that ends with the first SIGINT or SIGTERM. A
// second one ends the program the hard way.
func untilInterrupt(ctx context.Context) context.Context {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx
}

// Groups of commands in the help.
const (
	groupAsk = "ask"
	groupSee = "see"
	groupRun = "run"
)

func in(group string, cmd *cobra.Command) *cobra.Command {
	cmd.GroupID = group
	return cmd
}

// exitCodesTopic is what `lifeboat help exit-codes` prints.
func exitCodesTopic() *cobra.Command {
	var b strings.Builder
	b.WriteString("Every command ends with one of these codes:\n\n")
	for _, e := range exitCodes {
		fmt.Fprintf(&b, "  %d  %s\n", e.code, e.text)
	}
	return &cobra.Command{Use: "exit-codes", Short: "What the exit codes mean", Long: b.String()}
}
