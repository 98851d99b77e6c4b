package command

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"lifeboat.io/events"
	"lifeboat.io/services/lifeboat/lookup"
	"lifeboat.io/services/lifeboat/terminal"
	"lifeboat.io/services/lifeboat/view"
)

// getTickets lists tickets.
func (c *cli) getTickets() *cobra.Command {
	var f listFlags
	cmd := &cobra.Command{
		Use:     "tickets",
		Aliases: []string{"ticket"},
		Short:   "List tickets, those heard of last first",
		Long: `List tickets that have their answer, those heard of last first. A ticket that was
just submitted has its answer in a moment; one that could not be read at all is
among the dead letters (lifeboat deadletter list).`,
		Example: examples(
			"lifeboat get tickets",
			"lifeboat get tickets --account acme --since 720h -o json",
		),
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error { return c.listTickets(cmd.Context(), f) },
	}
	f.add(cmd)
	f.addAccount(cmd)
	f.addSince(cmd)
	return cmd
}

func (c *cli) listTickets(ctx context.Context, f listFlags) error {
	return show(ctx, c, listing[view.Ticket]{
		none:    fmt.Sprintf("No tickets under way, and none closed in the last %s. Older ones: --since.", terminal.Span(f.since)),
		headers: []string{"TICKET", "REV", "ACTION", "STATUS", "VMS", "ACCOUNT", "BY", "HEARD"},
		row:     c.ticketRow,
		name:    func(t view.Ticket) string { return t.ID },
		list: func(ctx context.Context, look lookup.Lookup) ([]view.Ticket, error) {
			return look.Tickets(ctx, lookup.Query{Account: f.account, Since: c.Now().Add(-f.since)})
		},
		changed: func(ctx context.Context, look lookup.Lookup, agg events.Aggregate) ([]view.Ticket, error) {
			t, err := look.Ticket(ctx, agg)
			return []view.Ticket{t}, err
		},
		family: events.FamilyTicket, account: f.account,
	}, &f.output, f.watch)
}

func (c *cli) ticketRow(t view.Ticket) []terminal.Cell {
	latest, _ := t.Latest()
	by := ""
	if latest.Request != nil {
		by = latest.Request.Requester.Name
	}
	cells := terminal.Text(t.ID, strconv.Itoa(latest.Revision), string(latest.Action))
	cells = append(cells, status(t.Status()))
	cells = append(cells, terminal.Text(vmsOf(latest), t.Account, by)...)
	return append(cells, c.heard(t.ChangedAt, t.Over()))
}

// maxVMsShown is how many VMs a table lists by name.
const maxVMsShown = 3

func vmsOf(r view.Revision) string {
	names := make([]string, 0, maxVMsShown)
	for i, item := range r.Items {
		if i == maxVMsShown {
			names = append(names, fmt.Sprintf("+%d", len(r.Items)-i))
			break
		}
		names = append(names, label(item.VM))
	}
	return strings.Join(names, ", ")
}
