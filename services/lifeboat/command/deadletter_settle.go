package command

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"lifeboat.io/pkg/bus"
)

// deadletterReplay hands dead letters to their consumers again.
func (c *cli) deadletterReplay() *cobra.Command {
	return c.settle("replay", "Hand dead letters to their consumers again, once the cause is mended",
		"handed to its consumer again", (*bus.Bus).Replay)
}

// deadletterDiscard leaves dead letters be.
func (c *cli) deadletterDiscard() *cobra.Command {
	return c.settle("discard", "Leave dead letters be; they stay in the list until they age out",
		"left be", (*bus.Bus).Discard)
}

// settle is a command that does something about dead letters, each on its own.
func (c *cli) settle(verb, short, done string, do func(*bus.Bus, context.Context, uint64, string, string) error) *cobra.Command {
	var by, reason string
	cmd := &cobra.Command{
		Use:     verb + " <id>...",
		Short:   short,
		Example: examples("lifeboat deadletter " + verb + ` 17 18 --by ada@acme.example --reason "account added to the inventory"`),
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("%s: <id> is missing; lifeboat deadletter list shows them", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if by == "" {
				by = c.Env(envRequester)
			}
			if strings.TrimSpace(by) == "" || strings.TrimSpace(reason) == "" {
				return usage("say who does it with --by (or $%s), and why with --reason", envRequester)
			}
			ids := make([]uint64, len(args))
			for i, arg := range args {
				var err error
				if ids[i], err = letterID(arg); err != nil {
					return err
				}
			}
			return c.withBus(cmd.Context(), func(b *bus.Bus) error {
				var failed []error
				for _, id := range ids {
					if err := do(b, cmd.Context(), id, by, reason); err != nil {
						failed = append(failed, err)
						continue
					}
					c.page.Printf("dead letter %d is %s\n", id, done)
				}
				return partly(failed, len(ids))
			})
		},
	}
	cmd.Flags().StringVar(&by, "by", "", "who does it (default $"+envRequester+")")
	cmd.Flags().StringVar(&reason, "reason", "", "why")
	return cmd
}

// partly gives the errors of several independent things the code that tells
// whether some of them were done.
func partly(failed []error, of int) error {
	err := errors.Join(failed...)
	if len(failed) == 0 || len(failed) == of {
		return err
	}
	return &exit{code: ExitPartial, err: fmt.Errorf("%d of %d failed:\n%w", len(failed), of, err)}
}
