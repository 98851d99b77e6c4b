package command

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/spf13/cobra"

	"lifeboat.io/events"
	"lifeboat.io/pkg/bus"
	"lifeboat.io/pkg/contract"
	"lifeboat.io/services/lifeboat/lookup"
	"lifeboat.io/services/lifeboat/submission"
)

// submit submits a ticket.
func (c *cli) submit() *cobra.Command {
	var f submission.Form
	var w waitFlags
	var file string
	cmd := &cobra.Command{
		Use:   "submit",
		Short: "Ask for a test, planned or unplanned failover",
		Long: `Ask for a test, planned or unplanned failover of one or more VMs, or for anything
else a ticket can ask for. Every VM is answered on its own.

Submitting is safe to repeat: the same ticket (system, number, revision) with the
same content is one request, however often it is sent. Without --ticket a number
is made up and printed; use it to repeat. A ticket can also come from a file
(-f ticket.yaml, -f -), in the words of the schema io.lifeboat.ticket.submitted.v1;
flags go before what it says.`,
		Example: examples(
			"lifeboat ticket submit --action test --vm web01 --requester ada@acme.example --wait",
			"lifeboat ticket submit --action planned --vm db01 --vm db02 --not-before 2026-03-02T22:00:00Z --reason 'firmware'",
			"lifeboat ticket submit --action unplanned --vm app01 --override-reason 'rack without power, confirmed by phone' --wait",
			"lifeboat ticket submit -f drill.yaml --ticket DR-104",
		),
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.submitForm(cmd.Context(), f, file, w)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.Action, "action", "", "what is asked: "+strings.Join(events.Names(events.Action("")), ", "))
	flags.StringArrayVar(&f.VMs, "vm", nil, "name or id of a VM; repeat for more")
	flags.StringVarP(&file, "file", "f", "", "read the ticket from this file (JSON or YAML; - is standard input)")
	flags.StringVar(&f.NotBefore, "not-before", "", "earliest start: a time, or a span from now like +2h")
	flags.StringVar(&f.NotAfter, "not-after", "", "latest start")
	flags.StringVar(&f.RecoveryPoint, "recovery-point", "", "latest (the default), the id of a recovery point, or a time: the newest at or before it")
	flags.StringVar(&f.URL, "url", "", "where a person reads the ticket")
	flags.StringVar(&f.Switch, "switch", "", "test: virtual switch for every network adapter of the test VM")
	flags.StringArrayVar(&f.Adapters, "adapter", nil, "test: <adapter>=<switch> for one adapter; nothing behind the = disconnects it")
	flags.DurationVar(&f.HoldOpen, "hold-open", 0, "test: how long the test VM stays up without a cleanup")
	flags.BoolVar(&f.ShutDownPrimary, "shut-down-primary", false, "unplanned: allow a primary that still runs to be shut down first")
	flags.StringVar(&f.OverrideReason, "override-reason", "", "unplanned: why you are sure that a silent primary is down")
	flags.StringVar(&f.OverrideBy, "override-by", "", "unplanned: who answers for that, when not the requester")
	flags.DurationVar(&f.CommitAfter, "commit-after", 0, "unplanned: how long it can still be undone")
	flags.StringVar(&f.Choice, "choice", "", "resume: the answer to a held run")
	flags.StringVar(&f.Refers, "refers", "", "cleanup, commit, cancel, resume: number of the ticket it is about")
	formFlags(cmd, &f)
	w.add(cmd)
	_ = cmd.RegisterFlagCompletionFunc("vm", c.completeVMs)
	_ = cmd.RegisterFlagCompletionFunc("action", cobra.FixedCompletions(events.Names(events.Action("")), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// formFlags are the flags that every ticket has.
func formFlags(cmd *cobra.Command, f *submission.Form) {
	flags := cmd.Flags()
	flags.StringVar(&f.Account, "account", "", "whose VMs they are (default: the account that has them)")
	flags.StringVar(&f.Requester, "requester", "", "who asks: an e-mail address, or \"Name <address>\" (default $"+envRequester+")")
	flags.StringVar(&f.Reason, "reason", "", "why, in your words")
	flags.StringVar(&f.System, "system", "", "ticket system to submit as (default $"+envSystem+", then the inventory's only one or the one named "+submission.OperatorSystem+")")
	flags.StringVar(&f.Ticket, "ticket", "", "the ticket's number (default: a new one)")
	flags.IntVar(&f.Revision, "revision", 0, "the ticket's revision, upwards from 1 (default 1)")
}

func (c *cli) submitForm(ctx context.Context, f submission.Form, file string, w waitFlags) error {
	base, err := c.readTicket(file)
	if err != nil {
		return err
	}
	c.fromEnvironment(&f, base)
	return c.withBus(ctx, func(b *bus.Bus) error {
		inv, err := lookup.Lookup{Bus: b}.Inventory(ctx)
		if err != nil {
			return err
		}
		request, err := f.Request(base, inv.Inventory, c.Now(), c.newNumber())
		if err != nil {
			return wrong(err)
		}
		return c.send(ctx, b, request, w)
	})
}

// fromEnvironment fills in what the environment says and neither flags nor file do.
func (c *cli) fromEnvironment(f *submission.Form, base events.Request) {
	if f.Requester == "" && base.Requester.Email == "" {
		f.Requester = c.Env(envRequester)
	}
	if f.System == "" && base.System == "" {
		f.System = c.Env(envSystem)
	}
}

// maxTicketFile bounds what is read of a ticket file, in bytes; package
// submission says what is too much.
const maxTicketFile = 1 << 20

// readTicket reads a ticket file; none is an empty ticket.
func (c *cli) readTicket(file string) (events.Request, error) {
	if file == "" {
		return events.Request{}, nil
	}
	in := c.In
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return events.Request{}, wrong(err)
		}
		defer f.Close()
		in = f
	}
	raw, err := io.ReadAll(io.LimitReader(in, maxTicketFile))
	if err != nil {
		return events.Request{}, fmt.Errorf("%s: %w", file, err)
	}
	request, err := submission.Read(raw)
	if err != nil {
		return request, usage("%s %w", file, err)
	}
	return request, nil
}

// newNumber makes up a ticket's number that nobody else does.
func (c *cli) newNumber() string {
	return "op-" + c.Now().UTC().Format("20060102-150405") + "-" + strings.ToLower(rand.Text()[:6])
}

// send submits a request and waits as long as asked.
func (c *cli) send(ctx context.Context, b *bus.Bus, r events.Request, w waitFlags) error {
	e, err := submission.Event(r, c.Now())
	if err != nil {
		return c.malformed(err)
	}
	c.say("Submitting ticket %s revision %d of account %s. Safe to repeat with --ticket %s.", quote(r.Aggregate()), r.Revision, quote(r.Account), quote(r.Ticket))
	if err := c.store(ctx, b, r, e); err != nil {
		return err
	}
	return c.await(ctx, b, waited{account: r.Account, ref: r.TicketRef, content: &r}, w)
}

// malformed tells what the contract has against a ticket, field by field.
func (c *cli) malformed(err error) error {
	var wrong *contract.Error
	if !errors.As(err, &wrong) {
		return err
	}
	lines := []string{"the ticket is not well-formed; nothing was submitted:"}
	for _, r := range wrong.Reasons {
		lines = append(lines, "  "+r.String())
	}
	return usage("%s", strings.Join(lines, "\n"))
}

// store puts a ticket into the inbox and says what a failure means.
func (c *cli) store(ctx context.Context, b *bus.Bus, r events.Request, e event.Event) error {
	err := b.Submit(ctx, r.Account, e)
	switch {
	case errors.Is(err, bus.ErrUnknown):
		return fmt.Errorf("it is not known whether the ticket was stored; repeat the command with --ticket %s, which is safe: %w", quote(r.Ticket), err)
	case errors.Is(err, bus.ErrFull):
		return &exit{code: ExitRefused, err: fmt.Errorf("the inbox is full because tickets are not being answered; see whether ticket-intake runs, and try again: %w", err)}
	case err != nil:
		return fmt.Errorf("the ticket was not stored: %w", err)
	}
	return nil
}
