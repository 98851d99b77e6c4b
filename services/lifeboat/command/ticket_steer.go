package command

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"lifeboat.io/events"
	"lifeboat.io/pkg/bus"
	"lifeboat.io/services/lifeboat/lookup"
	"lifeboat.io/services/lifeboat/submission"
	"lifeboat.io/services/lifeboat/view"
)

// steering is a command that steers the runs of a ticket.
type steering struct {
	verb, short, example string
}

// steer submits a ticket that refers to another one.
func (c *cli) steer(s steering) *cobra.Command {
	var f submission.Form
	var w waitFlags
	cmd := &cobra.Command{
		Use:   s.verb + " <ticket>",
		Short: s.short,
		Long: s.short + `.

This submits a ticket of its own that refers to <ticket>, which is written
<system>~<number>, or the number alone when only one system has it. Without --vm
it is about every VM of that ticket. The requester needs the right to the kind of
failover it steers.`,
		Example: examples(s.example),
		Args:    exactly("ticket"),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.Action = s.verb
			if err := s.check(f); err != nil {
				return err
			}
			return c.steerTicket(cmd.Context(), args[0], f, w)
		},
		ValidArgsFunction: first(c.completeTickets),
	}
	cmd.Flags().StringArrayVar(&f.VMs, "vm", nil, "only this VM of the ticket (name or id); repeat for more")
	if s.verb == string(events.ActionResume) {
		cmd.Flags().StringVar(&f.Choice, "choice", "", "one of the choices the hold offers: "+strings.Join(events.Names(events.Choice("")), ", "))
		_ = cmd.RegisterFlagCompletionFunc("choice", cobra.FixedCompletions(events.Names(events.Choice("")), cobra.ShellCompDirectiveNoFileComp))
	}
	formFlags(cmd, &f)
	w.add(cmd)
	return cmd
}

// check wants what the contract would want, before anything is sent.
func (s steering) check(f submission.Form) error {
	if s.verb != string(events.ActionResume) {
		return nil
	}
	switch {
	case f.Choice == "":
		return usage("--choice is missing; lifeboat describe run shows what a held run offers")
	case f.Reason == "":
		return usage("--reason is missing; whoever decides a held run says why")
	}
	return nil
}

// steerTicket finds the ticket to refer to, and submits one about it as the same
// system: a ticket can refer only to tickets of its own system.
func (c *cli) steerTicket(ctx context.Context, name string, f submission.Form, w waitFlags) error {
	if f.Requester == "" {
		f.Requester = c.Env(envRequester)
	}
	return c.withBus(ctx, func(b *bus.Bus) error {
		look := lookup.Lookup{Bus: b}
		target, err := look.TicketAggregate(ctx, f.Account, name)
		if err != nil {
			return err
		}
		system, number := view.SplitTicket(target.ID)
		if f.System != "" && f.System != system {
			return usage("--system %q: a ticket can steer only tickets of its own system, and %s is of %s", f.System, name, system)
		}
		f.System, f.Refers, f.Account = system, number, target.Account
		inv, err := look.Inventory(ctx)
		if err != nil {
			return err
		}
		request, err := f.Request(events.Request{}, inv.Inventory, c.Now(), c.newNumber())
		if err != nil {
			return wrong(err)
		}
		if request.Ticket == number {
			return usage("--ticket %q is the ticket to steer itself; leave it out, or give the new ticket its own number", number)
		}
		return c.send(ctx, b, request, w)
	})
}
