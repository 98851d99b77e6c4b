// The program demo starts the lab and lifeboat and tells lifeboat's story.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"lifeboat.io/e2e/demo"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := command().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func command() *cobra.Command {
	o := demo.Options{Out: os.Stdout}
	c := &cobra.Command{
		Use:   "demo",
		Short: "Tell lifeboat's story on a simulated world, with the real programs",
		Long: `demo starts the lab and lifeboat, sends tickets as a ticket system would, kills
a host and an executor, and tells what happens. At the end it checks against the
lab's truth. It exits with 0 only if everything really happened.`,
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(c *cobra.Command, _ []string) error {
			if o.Programs == "" {
				self, err := os.Executable()
				if err != nil {
					return err
				}
				o.Programs = filepath.Dir(self)
			}
			return demo.Run(c.Context(), o)
		},
	}
	c.Flags().StringVar(&o.Programs, "programs", "", "`folder` with the programs lab, lifeboat and failover-executor (default: this program's own)")
	c.Flags().StringVar(&o.Keep, "keep", "", "`folder` that gets the programs' logs (default: they are not kept)")
	return c
}
