package command

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"lifeboat.io/events"
	"lifeboat.io/services/lifeboat/lookup"
	"lifeboat.io/services/lifeboat/terminal"
	"lifeboat.io/services/lifeboat/view"
)

// describeTicket tells one ticket.
func (c *cli) describeTicket() *cobra.Command {
	cmd := c.showTicket()
	cmd.Use, cmd.Aliases = "ticket <ticket>", []string{"tickets"}
	cmd.Example = examples("lifeboat describe ticket desk~DR-101", "lifeboat describe ticket DR-101 -o yaml")
	return cmd
}

// showTicket is the same under the name `ticket show`.
func (c *cli) showTicket() *cobra.Command {
	var o output
	var account string
	cmd := &cobra.Command{
		Use:     "show <ticket>",
		Short:   "Tell one ticket: its answers, where its runs stand, what can be done next",
		Example: examples("lifeboat ticket show desk~DR-101", "lifeboat ticket show DR-101 -o json"),
		Args:    exactly("ticket"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withLookup(cmd.Context(), func(look lookup.Lookup) error {
				return c.tellTicketNamed(cmd.Context(), look, account, args[0], &o)
			})
		},
		ValidArgsFunction: first(c.completeTickets),
	}
	cmd.Flags().StringVar(&account, "account", "", "the ticket's account, when two accounts have a ticket of this name")
	outputFlag(cmd, &o, formText, formJSON, formYAML)
	return cmd
}

func (c *cli) tellTicketNamed(ctx context.Context, look lookup.Lookup, account, name string, o *output) error {
	agg, err := look.TicketAggregate(ctx, account, name)
	if err != nil {
		return err
	}
	t, err := look.Ticket(ctx, agg)
	if err != nil {
		return err
	}
	if !o.people() {
		return c.data(o, t, false)
	}
	runs, err := c.runsOf(ctx, look, t)
	if err != nil {
		return err
	}
	c.tellTicket(t, runs)
	return nil
}

// runsOf reads the runs a ticket is about, by id.
func (c *cli) runsOf(ctx context.Context, look lookup.Lookup, t view.Ticket) (map[string]view.Run, error) {
	runs := map[string]view.Run{}
	read := map[string]bool{}
	for _, revision := range t.Revisions {
		for _, item := range revision.Items {
			if item.Run == "" || read[item.VM.ID] {
				continue
			}
			read[item.VM.ID] = true
			of, err := look.RunsOf(ctx, events.Aggregate{Family: events.FamilyFailover, Account: t.Account, ID: item.VM.ID})
			if err != nil {
				return nil, err
			}
			for _, r := range of {
				runs[r.ID] = r
			}
		}
	}
	return runs, nil
}

// tellTicket tells a ticket with its runs.
func (c *cli) tellTicket(t view.Ticket, runs map[string]view.Run) {
	latest, _ := t.Latest()
	c.page.Printf("ticket %s of account %s\n\n", terminal.Safe(t.ID), terminal.Safe(t.Account))
	fields := [][2]string{
		{"status", c.coloured(status(t.Status())) + ", heard of " + c.coloured(c.heard(t.ChangedAt, t.Over()))},
		{"asks for", string(latest.Action)},
	}
	if q := latest.Request; q != nil {
		fields = append(fields, [][2]string{
			{"asked by", personLine(&q.Requester, q.Reason)},
			{"refers to", terminal.Safe(q.Refers)},
			{"choice", string(q.Choice)},
			{"window", c.windowLine(q.Window)},
			{"link", terminal.Safe(q.URL)},
		}...)
	}
	c.page.Fields(append(fields, [2]string{"trace", t.Trace})...)
	for i := len(t.Revisions) - 1; i >= 0; i-- {
		c.tellRevision(t.Revisions[i], runs)
	}
	var offers []advice
	for _, item := range latest.Items {
		if run, ok := runs[item.Run]; ok && latest.Action.Starts() {
			offers = append(offers, next(run, c.who())...)
		}
	}
	c.offer("Next", offers)
}

func (c *cli) windowLine(w *events.Window) string {
	if w == nil {
		return ""
	}
	var parts []string
	if w.NotBefore != nil {
		parts = append(parts, fmt.Sprintf("not before %s (%s)", terminal.Clock(*w.NotBefore, c.Now()), c.ago(*w.NotBefore)))
	}
	if w.NotAfter != nil {
		parts = append(parts, fmt.Sprintf("not after %s (%s)", terminal.Clock(*w.NotAfter, c.Now()), c.ago(*w.NotAfter)))
	}
	return strings.Join(parts, ", ")
}

// tellRevision tells one answered revision.
func (c *cli) tellRevision(r view.Revision, runs map[string]view.Run) {
	c.section(fmt.Sprintf("Revision %d, answered %s: %s", r.Revision, terminal.Clock(r.AnsweredAt, c.Now()), c.coloured(status(string(r.Status)))))
	c.tellReasons("  ", r.Reasons)
	if r.SupersededBy > 0 {
		c.page.Printf("  superseded by revision %d\n", r.SupersededBy)
	}
	if d := r.Cancelled; d != nil {
		c.page.Printf("  withdrawn by %s with ticket %s\n", personLine(&d.Person, d.Reason), terminal.Safe(d.By.Aggregate()))
	}
	for _, item := range r.Items {
		if !item.Accepted() {
			c.page.Printf("  %s: %s\n", terminal.Safe(label(item.VM)), c.page.In(terminal.Bad, "refused"))
			c.tellReasons("      ", item.Reasons)
			continue
		}
		run, known := runs[item.Run]
		if !known {
			c.page.Printf("  %s: run %s has not begun\n", terminal.Safe(label(item.VM)), item.Run)
			continue
		}
		c.page.Printf("  %s: run %s %s, %s\n      %s\n", terminal.Safe(label(item.VM)), item.Run, c.coloured(status(run.Status())), c.ago(run.ChangedAt), terminal.Safe(run.News))
	}
	if r.Closed != nil {
		c.page.Printf("  closed: %s\n", c.coloured(status(string(r.Closed.Outcome))))
	}
}
