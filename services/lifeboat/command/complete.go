package command

import (
	"context"
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"lifeboat.io/services/lifeboat/lookup"
	"lifeboat.io/services/lifeboat/terminal"
)

// completion completes one word.
type completion = func(cmd *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective)

// first completes the first argument only.
func first(complete completion) completion {
	return func(cmd *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return complete(cmd, args, begun)
	}
}

// completing asks the bus, if it answers quickly, and says nothing otherwise:
// whoever presses TAB wants no error.
func (c *cli) completing(find func(context.Context, lookup.Lookup) ([]cobra.Completion, error)) ([]cobra.Completion, cobra.ShellCompDirective) {
	ctx, cancel := context.WithTimeout(context.Background(), quickly)
	defer cancel()
	config, err := c.busConfig()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	config.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	b, err := openQuickly(ctx, config)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	found, err := find(ctx, lookup.Lookup{Bus: b})
	if err != nil {
		found = nil
	}
	return found, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
}

// word is one completion with what it stands for.
func word(text, meaning string) cobra.Completion {
	return cobra.CompletionWithDesc(text, terminal.Safe(meaning))
}

func (c *cli) completeRuns(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return c.completing(func(ctx context.Context, look lookup.Lookup) ([]cobra.Completion, error) {
		runs, err := look.Runs(ctx, lookup.Query{Since: c.Now().Add(-defaultSince)})
		var words []cobra.Completion
		for _, r := range runs {
			words = append(words, word(r.ID, string(r.Kind)+" of "+label(r.VM)+", "+r.Status()))
		}
		return words, err
	})
}

func (c *cli) completeTickets(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return c.completing(func(ctx context.Context, look lookup.Lookup) ([]cobra.Completion, error) {
		tickets, err := look.Tickets(ctx, lookup.Query{Since: c.Now().Add(-defaultSince)})
		var words []cobra.Completion
		for _, t := range tickets {
			latest, _ := t.Latest()
			words = append(words, word(t.ID, string(latest.Action)+" of "+vmsOf(latest)+", "+t.Status()))
		}
		return words, err
	})
}

func (c *cli) completeVMs(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return c.completing(func(ctx context.Context, look lookup.Lookup) ([]cobra.Completion, error) {
		inv, err := look.Inventory(ctx)
		if err != nil {
			return nil, err
		}
		var words []cobra.Completion
		for _, v := range inv.VMs {
			words = append(words, word(v.Name, v.Account+" "+v.ID))
		}
		return words, nil
	})
}

func (c *cli) completeHosts(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return c.completing(func(ctx context.Context, look lookup.Lookup) ([]cobra.Completion, error) {
		inv, err := look.Inventory(ctx)
		if err != nil {
			return nil, err
		}
		var words []cobra.Completion
		for _, h := range inv.Hosts {
			words = append(words, word(h.Name, h.Site+" "+h.Address))
		}
		return words, nil
	})
}
