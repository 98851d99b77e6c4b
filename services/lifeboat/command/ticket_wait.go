package command

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"lifeboat.io/events"
	"lifeboat.io/pkg/bus"
	"lifeboat.io/services/lifeboat/lookup"
	"lifeboat.io/services/lifeboat/terminal"
	"lifeboat.io/services/lifeboat/view"
	"lifeboat.io/services/lifeboat/wait"
)

// How long a submitting command stays.
const (
	// stayStored returns as soon as the ticket is stored.
	stayStored = "stored"
	// stayAnswer waits for the ticket's answer.
	stayAnswer = "answer"
	// stayRest and stayClosed wait as package wait says.
	stayRest   = string(wait.UntilRest)
	stayClosed = string(wait.UntilClosed)
)

var stays = []string{stayStored, stayAnswer, stayRest, stayClosed}

const (
	// answerPatience is how long the answer to a ticket is waited for, unless --timeout says otherwise.
	answerPatience = 30 * time.Second
	// maxFilters bounds how many subjects are followed one by one; beyond, the
	// account's runs are followed as a whole.
	maxFilters = 50
)

// waitFlags say how long to wait.
type waitFlags struct {
	stay    output
	timeout time.Duration
	output  output
}

// add gives the flags to a command that submits.
func (w *waitFlags) add(cmd *cobra.Command) {
	w.stay = output{form: stayAnswer, forms: stays}
	cmd.Flags().Var(&w.stay, "wait", "how long to stay: until the ticket is stored, has its answer, has come to rest (--wait alone), or is closed")
	cmd.Flags().Lookup("wait").NoOptDefVal = stayRest
	_ = cmd.RegisterFlagCompletionFunc("wait", cobra.FixedCompletions(stays, cobra.ShellCompDirectiveNoFileComp))
	w.common(cmd)
}

func (w *waitFlags) common(cmd *cobra.Command) {
	cmd.Flags().DurationVar(&w.timeout, "timeout", 0, "stop waiting after this long (exit code 6); what was begun goes on")
	outputFlag(cmd, &w.output, formText, formJSON, formYAML)
}

// wait waits for a ticket that was submitted before.
func (c *cli) wait() *cobra.Command {
	var w waitFlags
	var account string
	var revision int
	cmd := &cobra.Command{
		Use:   "wait <ticket>",
		Short: "Wait for a ticket that was submitted before, telling what happens",
		Long: `Wait for a ticket that was submitted before, telling what happens, until it has come
to rest: every VM has ended, waits for a person, or waits for a cleanup or a
commit. Ctrl-C stops the waiting and nothing else.`,
		Example: examples("lifeboat ticket wait desk~DR-101", "lifeboat ticket wait desk~DR-101 --until closed --timeout 2h"),
		Args:    exactly("ticket"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withBus(cmd.Context(), func(b *bus.Bus) error {
				ref, err := c.waitedTicket(cmd.Context(), b, account, args[0], revision)
				if err != nil {
					return err
				}
				return c.await(cmd.Context(), b, ref, w)
			})
		},
		ValidArgsFunction: first(c.completeTickets),
	}
	w.stay = output{form: stayRest, forms: []string{stayAnswer, stayRest, stayClosed}}
	cmd.Flags().Var(&w.stay, "until", "how long to wait: until it has its answer, has come to rest, or is closed")
	cmd.Flags().StringVar(&account, "account", "", "the ticket's account; needed for one that has no answer yet")
	cmd.Flags().IntVar(&revision, "revision", 0, "the revision to wait for (default: the latest)")
	w.common(cmd)
	return cmd
}

// waited is the ticket revision to wait for.
type waited struct {
	account string
	ref     events.TicketRef
	// content is what was submitted; nil when it is not known.
	content *events.Request
}

// waitedTicket finds the ticket to wait for. One that has no answer yet is
// found only when it is named in full.
func (c *cli) waitedTicket(ctx context.Context, b *bus.Bus, account, name string, revision int) (waited, error) {
	look := lookup.Lookup{Bus: b}
	if system, number := lookup.TicketName(name); account != "" && system != "" && revision > 0 {
		return waited{account: account, ref: events.TicketRef{System: system, Ticket: number, Revision: revision}}, nil
	}
	agg, err := look.TicketAggregate(ctx, account, name)
	if err != nil {
		return waited{}, err
	}
	t, err := look.Ticket(ctx, agg)
	if err != nil {
		return waited{}, err
	}
	if latest, ok := t.Latest(); ok && revision == 0 {
		revision = latest.Revision
	}
	return waited{account: t.Account, ref: events.TicketRef{System: t.System, Ticket: t.Ticket, Revision: revision}}, nil
}

// await waits for a ticket as long as the flags say, tells what happens and how
// it came out.
func (c *cli) await(ctx context.Context, b *bus.Bus, t waited, f waitFlags) error {
	if f.stay.form == stayStored {
		c.say("Stored. Its answer: %s", commandLine("ticket", "wait", t.ref.Aggregate(), "--account", t.account, "--revision", fmt.Sprint(t.ref.Revision)))
		return nil
	}
	if f.timeout == 0 && f.stay.form == stayAnswer {
		f.timeout = answerPatience
	}
	until := wait.UntilRest
	if f.stay.form == stayClosed {
		until = wait.UntilClosed
	}
	waiting, stop := ctx, context.CancelFunc(func() {})
	if f.timeout > 0 {
		waiting, stop = context.WithTimeout(ctx, f.timeout)
	}
	defer stop()
	if f.stay.form != stayAnswer {
		c.say("Waiting. You may press Ctrl-C at any time: what was begun goes on without this command.")
	}
	v := vigil{cli: c, bus: b, wait: wait.New(t.account, t.ref, until), quiet: !f.output.people()}
	if t.content != nil {
		v.wait.Submitted(*t.content)
	}
	verdict, err := v.keep(waiting, f.stay.form == stayAnswer)
	if err != nil {
		return err
	}
	return c.verdict(t, verdict, f, waiting.Err())
}

// vigil is a wait under way.
type vigil struct {
	*cli
	bus  *bus.Bus
	wait *wait.Wait
	// quiet tells what happens on standard error, because a program reads the other.
	quiet bool
}

// errOver ends the following of the log.
var errOver = errors.New("nothing more to wait for")

// keep follows the log until the wait is over or the context ends. With
// answerOnly the answer of the ticket is all that is waited for.
func (v vigil) keep(ctx context.Context, answerOnly bool) (wait.Verdict, error) {
	// First the ticket's own history, until it has its answer.
	err := v.follow(ctx, []string{v.wait.Aggregate().Filter()}, bus.FromBeginning(), v.wait.Answered)
	if err != nil || !v.wait.Answered() || answerOnly {
		return v.wait.Verdict(), err
	}
	// Then what its runs did before, and from there on what they do.
	from, err := v.past(ctx)
	if err != nil && ctx.Err() != nil {
		return v.wait.Verdict(), nil
	}
	if err != nil || v.over() {
		return v.wait.Verdict(), err
	}
	err = v.follow(ctx, v.filters(), bus.FromSeq(from+1), v.over)
	return v.wait.Verdict(), err
}

func (v vigil) over() bool { return v.wait.Verdict().Outcome != wait.Pending }

// follow takes events in until enough, or until the context ends.
func (v vigil) follow(ctx context.Context, filters []string, start bus.Start, enough func() bool) error {
	err := v.bus.Watch(ctx, bus.Watch{Filters: filters, Start: start}, func(r bus.Recorded) error {
		v.take(view.Of(r.Seq, r.Event))
		if enough() {
			return errOver
		}
		return nil
	})
	if errors.Is(err, errOver) {
		return nil
	}
	return err
}

// past takes in the histories that the wait reads, and returns the sequence up
// to which all of them are known.
func (v vigil) past(ctx context.Context) (uint64, error) {
	var from uint64
	for i, agg := range v.wait.Reads() {
		history, err := v.bus.History(ctx, agg)
		if err != nil {
			return 0, err
		}
		var last uint64
		for _, r := range history {
			v.take(view.Of(r.Seq, r.Event))
			last = r.Seq
		}
		if i == 0 {
			from = last // what comes after is read again where it was read already
		}
	}
	return from, nil
}

// filters are the subjects to follow.
func (v vigil) filters() []string {
	reads := v.wait.Reads()
	if len(reads) > maxFilters {
		account := reads[0].Account
		return []string{events.AccountFilter(account)}
	}
	filters := make([]string, len(reads))
	for i, agg := range reads {
		filters[i] = agg.Filter()
	}
	return apart(filters)
}

// take takes an event in, and tells it when it is news.
func (v vigil) take(e view.Event) {
	if !v.wait.Apply(e) {
		return
	}
	if v.quiet {
		v.say("%s  %s", terminal.Clock(e.At, v.Now()), terminal.Safe(e.Sentence))
		return
	}
	v.eventLine(e)
}
