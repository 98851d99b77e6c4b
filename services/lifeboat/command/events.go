package command

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lifeboat.io/events"
	"lifeboat.io/pkg/bus"
	"lifeboat.io/services/lifeboat/lookup"
	"lifeboat.io/services/lifeboat/terminal"
	"lifeboat.io/services/lifeboat/view"
)

// sinceAlways is how far back events go unless it is said: with --for to the
// beginning, without it an hour.
const sinceAlways = time.Hour

type eventFlags struct {
	output  output
	of      []string
	since   string
	account string
	watch   bool
}

// events prints the log.
func (c *cli) events() *cobra.Command {
	var f eventFlags
	cmd := &cobra.Command{
		Use:   "events",
		Short: "Print the log: every change of state, from any time, and as it happens",
		Long: `Print the log: every change of state, one line each, oldest first. --for picks what
it is about, --since from when on, -w goes on as it happens. -o json prints whole
CloudEvents, one a line, as they are stored.

--for takes ticket/<ticket>, run/<run>, vm/<name or id> or account/<account>;
several mean any of them. --since takes a span (1h), a time
(2026-03-02T09:00:00Z), a sequence of the log (4711), or 0 for the beginning.
Without it, events go back to the beginning with --for, and an hour otherwise.`,
		Example: examples(
			"lifeboat events --since 1h",
			"lifeboat events --for run/r-5r4n43hv4kgze",
			"lifeboat events --for ticket/desk~DR-101 --for vm/web01 -w",
			"lifeboat events --since 2026-03-01T00:00:00Z -o json | jq .type",
		),
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error { return c.printEvents(cmd.Context(), f) },
	}
	outputFlag(cmd, &f.output, formText, formJSON)
	cmd.Flags().StringArrayVar(&f.of, "for", nil, "what they are about: ticket/…, run/…, vm/… or account/…")
	cmd.Flags().StringVar(&f.since, "since", "", "from when on: a span, a time, or a sequence")
	cmd.Flags().StringVar(&f.account, "account", "", "the account of a ticket or VM whose name is not unique")
	cmd.Flags().BoolVarP(&f.watch, "watch", "w", false, "go on as it happens, until Ctrl-C")
	return cmd
}

func (c *cli) printEvents(ctx context.Context, f eventFlags) error {
	start, err := c.since(f.since, len(f.of) > 0)
	if err != nil {
		return err
	}
	return c.withBus(ctx, func(b *bus.Bus) error {
		pick, err := choose(ctx, lookup.Lookup{Bus: b}, f)
		if err != nil {
			return err
		}
		watching, done := context.WithCancel(ctx)
		defer done()
		w := bus.Watch{Filters: pick.filters, Start: start, CaughtUp: func() {
			if !f.watch {
				done()
			}
		}}
		w.Undecodable = func(seq uint64, subject string, err error) {
			c.say("message %d on %s is no event: %v", seq, terminal.Safe(subject), err)
		}
		count := 0
		err = b.Watch(watching, w, func(r bus.Recorded) error {
			e := view.Of(r.Seq, r.Event)
			if !pick.wants(e) {
				return nil
			}
			count++
			if !f.output.people() {
				return c.data(&f.output, r.Event, true)
			}
			c.eventLine(e)
			return nil
		})
		if err == nil && count == 0 && f.output.people() {
			c.say("No such events%s.", lately(f))
		}
		return err
	})
}

// lately says how far back was looked, when nobody said so.
func lately(f eventFlags) string {
	if f.since != "" || len(f.of) > 0 {
		return ""
	}
	return " in the last " + terminal.Span(sinceAlways) + "; --since 0 looks through the whole log"
}

// eventLine prints an event for a person.
func (c *cli) eventLine(e view.Event) {
	c.page.Printf("%s  %s\n", c.page.In(terminal.Old, terminal.Clock(e.At, c.Now())), c.page.In(eventMood(e), terminal.Safe(e.Sentence)))
}

// eventMoods colour the sentences that should not be missed.
var eventMoods = map[string]terminal.Mood{
	"held": terminal.Bad, "failed": terminal.Bad, "refused": terminal.Bad, "step-failed": terminal.Warning,
	"succeeded": terminal.Good, "awaiting-cleanup": terminal.Warning, "awaiting-commit": terminal.Warning,
	"step-started": terminal.Old,
}

func eventMood(e view.Event) terminal.Mood { return eventMoods[events.ShortName(e.Type)] }

// since reads where to begin.
func (c *cli) since(text string, picked bool) (bus.Start, error) {
	if text == "" {
		if picked {
			return bus.FromBeginning(), nil
		}
		return bus.FromTime(c.Now().Add(-sinceAlways)), nil
	}
	if seq, err := strconv.ParseUint(text, 10, 64); err == nil {
		return bus.FromSeq(seq), nil
	}
	if span, err := time.ParseDuration(text); err == nil && span >= 0 {
		return bus.FromTime(c.Now().Add(-span)), nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return bus.FromTime(at), nil
	}
	return bus.Start{}, usage("--since %q: write a span such as 1h30m, a time such as 2026-03-02T09:00:00Z, or a sequence such as 4711", text)
}

// picking is which events are wanted.
type picking struct {
	filters []string
	// accounts are those of which everything is wanted.
	accounts map[string]bool
	// runs are those wanted of a VM, nil meaning all.
	runs map[events.Aggregate]map[string]bool
}

// wants reports whether an event that matches the filters is wanted.
func (p picking) wants(e view.Event) bool {
	runs, some := p.runs[e.Aggregate]
	return !some || runs == nil || runs[e.Run.Run] || p.accounts[e.Aggregate.Account]
}

// choose turns what --for says into filters.
func choose(ctx context.Context, look lookup.Lookup, f eventFlags) (picking, error) {
	p := picking{accounts: map[string]bool{}, runs: map[events.Aggregate]map[string]bool{}}
	for _, of := range f.of {
		kind, name, ok := strings.Cut(of, "/")
		if !ok || name == "" {
			return p, usage("--for %q: write ticket/…, run/…, vm/… or account/…", of)
		}
		var err error
		switch kind {
		case "account":
			p.accounts[name] = true
			p.filters = append(p.filters, events.AccountFilter(name))
		case "ticket":
			err = p.ticket(ctx, look, f.account, name)
		case "run":
			var agg events.Aggregate
			agg, err = look.RunAggregate(ctx, name)
			p.run(agg, name)
		case "vm":
			var agg events.Aggregate
			agg, err = look.VMAggregate(ctx, f.account, name)
			p.runs[agg] = nil
			p.filters = append(p.filters, agg.Filter())
		default:
			err = usage("--for %q: there is no %q; write ticket/…, run/…, vm/… or account/…", of, kind)
		}
		if err != nil {
			return p, err
		}
	}
	p.filters = apart(p.filters)
	return p, nil
}

// ticket picks a ticket and its runs.
func (p *picking) ticket(ctx context.Context, look lookup.Lookup, account, name string) error {
	agg, err := look.TicketAggregate(ctx, account, name)
	if err != nil {
		return err
	}
	t, err := look.Ticket(ctx, agg)
	if err != nil {
		return err
	}
	p.filters = append(p.filters, agg.Filter())
	for _, r := range t.Revisions {
		for _, item := range r.Items {
			if item.Run != "" {
				p.run(events.Aggregate{Family: events.FamilyFailover, Account: t.Account, ID: item.VM.ID}, item.Run)
			}
		}
	}
	return nil
}

// run picks one run of a VM, unless all are picked already.
func (p *picking) run(agg events.Aggregate, id string) {
	runs, some := p.runs[agg]
	if some && runs == nil {
		return
	}
	if !some {
		runs = map[string]bool{}
		p.runs[agg] = runs
		p.filters = append(p.filters, agg.Filter())
	}
	runs[id] = true
}

// apart leaves out filters that another one covers: the server takes no filters
// that overlap.
func apart(filters []string) []string {
	var kept []string
	for i, f := range filters {
		covered := false
		for n, other := range filters {
			// Of two equal ones the first stays.
			covered = covered || n != i && covers(other, f) && (n < i || !covers(f, other))
		}
		if !covered {
			kept = append(kept, f)
		}
	}
	return kept
}

// covers reports whether every subject that matches the filter b matches a.
func covers(a, b string) bool {
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	for i, token := range as {
		switch {
		case token == ">":
			return len(bs) > i
		case i >= len(bs) || bs[i] == ">":
			return false
		case token != "*" && token != bs[i]:
			return false
		}
	}
	return len(as) == len(bs)
}
