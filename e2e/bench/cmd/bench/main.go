// The program bench measures lifeboat against peers and limits, as ratios.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"lifeboat.io/e2e/bench"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := command().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func command() *cobra.Command {
	var folder string
	c := &cobra.Command{
		Use:           "bench [measure …]",
		Short:         "Measure lifeboat against peers and limits, as ratios in one run",
		Long:          "bench measures lifeboat against peers and limits, as ratios in one run.\n\nMeasures:\n" + list(),
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(c *cobra.Command, names []string) error {
			if folder == "" {
				self, err := os.Executable()
				if err != nil {
					return err
				}
				folder = filepath.Dir(self)
			}
			return measure(c.Context(), folder, names)
		},
	}
	c.Flags().StringVar(&folder, "programs", "", "`folder` with the programs (default: this program's own)")
	return c
}

func list() string {
	var b strings.Builder
	for _, m := range bench.Measures {
		fmt.Fprintf(&b, "  %-12s %s\n", m.Name, m.About)
	}
	return b.String()
}

// measure runs the measures named, or all, and prints one table.
func measure(ctx context.Context, folder string, names []string) error {
	var figures []bench.Figure
	for _, m := range bench.Measures {
		if len(names) > 0 && !slices.Contains(names, m.Name) {
			continue
		}
		fmt.Fprintln(os.Stderr, m.Name+": "+m.About)
		got, err := m.Run(ctx, bench.Setting{Programs: folder, Progress: os.Stderr})
		if err != nil {
			return fmt.Errorf("%s: %w", m.Name, err)
		}
		figures = append(figures, got...)
	}
	if missed := bench.Print(os.Stdout, figures); missed > 0 {
		fmt.Printf("%d bars were missed.\n", missed)
	}
	return nil
}
