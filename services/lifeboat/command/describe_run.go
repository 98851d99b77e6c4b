package command

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"lifeboat.io/events"
	"lifeboat.io/services/lifeboat/lookup"
	"lifeboat.io/services/lifeboat/terminal"
	"lifeboat.io/services/lifeboat/view"
)

// describeRun tells one run.
func (c *cli) describeRun() *cobra.Command {
	var o output
	cmd := &cobra.Command{
		Use:     "run <run>",
		Aliases: []string{"runs"},
		Short:   "Tell one run: every step with its evidence, what was measured, what it waits for",
		Example: examples("lifeboat describe run r-5r4n43hv4kgze", "lifeboat describe run r-5r4n43hv4kgze -o json"),
		Args:    exactly("run"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withLookup(cmd.Context(), func(look lookup.Lookup) error {
				run, err := look.Run(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				if !o.people() {
					return c.data(&o, run, false)
				}
				c.tellRun(run)
				return nil
			})
		},
		ValidArgsFunction: first(c.completeRuns),
	}
	outputFlag(cmd, &o, formText, formJSON, formYAML)
	return cmd
}

// tellRun tells a run from its head to what comes next.
func (c *cli) tellRun(r view.Run) {
	c.page.Printf("%s failover of %s\n\n", r.Kind, terminal.Safe(label(r.VM)))
	c.page.Fields(c.runHead(r)...)
	if len(r.Reasons) > 0 {
		c.section("Refused, because")
		c.tellReasons("  ", r.Reasons)
	}
	c.tellWitnesses(r.Witnesses)
	if len(r.Steps) > 0 {
		c.section("Steps")
		for _, s := range r.Steps {
			c.tellStep(s)
		}
	}
	c.tellDecisions(r.Decisions)
	c.tellMeasured(r)
	if r.Hold != nil {
		c.tellHold(*r.Hold)
		c.offer("Answer with one of", next(r, c.who()))
		return
	}
	c.offer("Next", next(r, c.who()))
}

// runHead are the facts at the head of a run.
func (c *cli) runHead(r view.Run) [][2]string {
	standing := c.coloured(status(r.Status()))
	switch {
	case r.Outcome != "" && r.EndedAt != nil:
		standing += fmt.Sprintf(" at %s (%s)", terminal.Clock(*r.EndedAt, c.Now()), c.ago(*r.EndedAt))
		if r.FenceDue != "" {
			standing += "; " + c.page.In(terminal.Bad, "the old primary on "+terminal.Safe(r.FenceDue)+" is not fenced yet")
		}
	default:
		standing += ", heard of " + c.coloured(c.heard(r.ChangedAt, r.Over()))
	}
	fields := [][2]string{
		{"run", r.ID},
		{"status", standing},
		{"account", terminal.Safe(r.Account)},
		{"vm", terminal.Safe(r.VM.Name) + " " + r.VM.ID},
		{"ticket", terminal.Safe(r.Ticket.Aggregate()) + fmt.Sprintf(" revision %d", r.Ticket.Revision)},
		{"asked by", personLine(r.Requester, r.Reason)},
		{"began", fmt.Sprintf("%s (%s)", terminal.Clock(r.BeganAt, c.Now()), c.ago(r.BeganAt))},
		{"until", c.untilLine(r)},
		{"direction", direction(r)},
		{"at stake", stakeLine(r.AtStake)},
		{"override", overrideLine(r.Override)},
		{"test VM", testVMLine(r.TestVM)},
		{"trace", r.Trace},
	}
	if r.Committed != nil {
		fields = append(fields, [2]string{"committed", terminal.Clock(*r.Committed, c.Now())})
	}
	return fields
}

func (c *cli) untilLine(r view.Run) string {
	if r.Until == nil {
		return ""
	}
	return fmt.Sprintf("%s (%s)", terminal.Clock(*r.Until, c.Now()), c.ago(*r.Until))
}

func personLine(p *events.Person, reason string) string {
	if p == nil {
		return ""
	}
	line := fmt.Sprintf("%s <%s>", p.Name, p.Email)
	if reason != "" {
		line += ": " + reason
	}
	return terminal.Safe(line)
}

func overrideLine(o *events.Override) string {
	if o == nil {
		return ""
	}
	return personLine(&o.Person, o.Reason)
}

func direction(r view.Run) string {
	if r.Primary == "" {
		return ""
	}
	line := fmt.Sprintf("%s -> %s", r.Primary, r.Replica)
	if r.RecoveryPoint != "" {
		line += ", recovery point " + r.RecoveryPoint
	}
	return terminal.Safe(line)
}

func stakeLine(l *events.DataLoss) string {
	if l == nil {
		return ""
	}
	amount := "nothing"
	switch l.Bound {
	case events.LossAtMost:
		amount = "up to " + terminal.Span(seconds(l.Seconds)) + " of data"
	case events.LossUnknown:
		amount = "an unknown amount of data"
	case events.LossNone:
	}
	return terminal.Safe(amount + ". " + l.Basis)
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

func testVMLine(vm *events.VMRef) string {
	if vm == nil {
		return ""
	}
	return terminal.Safe(vm.Name) + " " + vm.ID
}
