package command

import (
	"github.com/spf13/cobra"
)

// deadletter is for what could not be handled.
func (c *cli) deadletter() *cobra.Command {
	return group("deadletter", "See and settle what could not be handled",
		`See and settle what could not be handled. A message that a service gave up on, after
bounded retries or because it can never be read, is kept with the reason. Look
at it, mend the cause, then replay it; or discard it. Both record who did so and
why, and nothing is ever deleted.`,
		c.deadletterList(), c.deadletterShow(), c.deadletterReplay(), c.deadletterDiscard())
}
