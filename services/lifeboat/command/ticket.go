package command

import (
	"github.com/spf13/cobra"
)

// ticket submits and steers tickets.
func (c *cli) ticket() *cobra.Command {
	return group("ticket", "Submit a ticket, steer its runs, wait for it, show it",
		`Submit a ticket, steer its runs, wait for it, show it. What is asked for here is a
ticket like any other: it is judged against the inventory, and answered with
every reason when it is refused. The requester must be one of the account's
contacts with the right to ask for it; set LIFEBOAT_REQUESTER to your address.`,
		c.submit(), c.wait(), c.showTicket(),
		c.steer(steering{
			verb: "cleanup", short: "End a test failover that is held open: the test VM is removed",
			example: "lifeboat ticket cleanup desk~DR-101 --wait",
		}),
		c.steer(steering{
			verb: "commit", short: "Complete an unplanned failover before its commit window ends; cannot be undone",
			example: "lifeboat ticket commit desk~DR-301 --vm app01 --wait",
		}),
		c.steer(steering{
			verb: "cancel", short: "Withdraw a ticket that has not begun, or undo its runs as far as Hyper-V can",
			example: `lifeboat ticket cancel desk~DR-301 --reason "the primary is back" --wait`,
		}),
		c.steer(steering{
			verb: "resume", short: "Answer a held run with one of its choices",
			example: `lifeboat ticket resume desk~DR-301 --choice retry --reason "the switch is plugged in again" --wait`,
		}),
	)
}
