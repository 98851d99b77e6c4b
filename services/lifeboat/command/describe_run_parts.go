package command

import (
	"fmt"
	"strings"
	"time"

	"lifeboat.io/events"
	"lifeboat.io/services/lifeboat/terminal"
	"lifeboat.io/services/lifeboat/view"
)

// tellStep tells one step with its evidence.
func (c *cli) tellStep(s view.Step) {
	line := fmt.Sprintf("%s on %s", s.Step, terminal.Safe(s.Host))
	if s.Purpose != view.PurposeDo {
		line += fmt.Sprintf(" (%s)", s.Purpose)
	}
	state := c.page.In(moods[string(s.State)], fmt.Sprintf("%-9s", s.State))
	c.page.Printf("  %s  %s%s\n", state, line, c.stepTime(s))
	if s.Before != nil && s.State != view.StepPending {
		c.page.Printf("               before  %s\n", readingLine(*s.Before))
	}
	if s.After != nil {
		c.page.Printf("               after   %s\n", readingLine(*s.After))
	}
	if s.Fault != nil {
		c.page.Printf("               fault   %s\n", faultLine(*s.Fault))
	}
}

// stepTime tells how long a step took and how it came to be done.
func (c *cli) stepTime(s view.Step) string {
	var parts []string
	if took := s.Took(c.Now()); took > 0 {
		if s.EndedAt == nil && s.DeadlineSeconds > 0 {
			parts = append(parts, fmt.Sprintf("%s of at most %s", terminal.Span(took), terminal.Span(time.Duration(s.DeadlineSeconds)*time.Second)))
		} else {
			parts = append(parts, terminal.Span(took))
		}
	}
	if s.Attempts > 1 {
		parts = append(parts, fmt.Sprintf("attempt %d", s.Attempts))
	}
	if s.RetryAt != nil {
		parts = append(parts, "next try "+c.ago(*s.RetryAt))
	}
	switch s.How {
	case events.HowFound:
		parts = append(parts, "found already done")
	case events.HowAccepted:
		parts = append(parts, "accepted by a person")
	case events.HowActed:
	}
	if len(parts) == 0 {
		return ""
	}
	return ", " + strings.Join(parts, ", ")
}

// tellReasons tells why something is refused, and what would make it acceptable.
func (c *cli) tellReasons(indent string, reasons []events.Reason) {
	for _, r := range reasons {
		c.page.Printf("%s%s\n%s    fix: %s\n", indent, terminal.Safe(strings.TrimSpace(fmt.Sprintf("%s %s %s", r.Field, quoted(r.Value), r.Problem))), indent, terminal.Safe(r.Fix))
	}
}

// quoted is a value in quotes; nothing when there is none.
func quoted(value string) string {
	if value == "" {
		return ""
	}
	return fmt.Sprintf("%q", value)
}

func (c *cli) tellWitnesses(witnesses []events.Witness) {
	if len(witnesses) == 0 {
		return
	}
	c.section("Is the primary down?")
	for _, w := range witnesses {
		c.page.Printf("  %-8s  %s at %s: %s\n", terminal.Safe(string(w.Verdict)), terminal.Safe(w.Name), terminal.Clock(w.At, c.Now()), terminal.Safe(w.Detail))
	}
}

func (c *cli) tellDecisions(decisions []view.Decision) {
	if len(decisions) == 0 {
		return
	}
	c.section("Told to")
	for _, d := range decisions {
		who := "a deadline"
		if d.Person != nil {
			who = personLine(d.Person, d.Reason)
		}
		if d.By != nil {
			who = strings.TrimSpace(fmt.Sprintf("ticket %s, %s", terminal.Safe(d.By.Aggregate()), who))
		}
		c.page.Printf("  %s  %s by %s\n", terminal.Clock(d.At, c.Now()), d.What, who)
		if len(d.Refused) > 0 {
			c.page.Printf("  %s\n", c.page.In(terminal.Bad, "refused, because"))
			c.tellReasons("      ", d.Refused)
		}
	}
}

// tellMeasured tells what came of the run.
func (c *cli) tellMeasured(r view.Run) {
	if r.RTO != nil {
		c.section("Measured")
		c.page.Fields(
			[2]string{"  RTO", terminal.Measured(millis(r.RTO.Millis))},
			[2]string{"  downtime", downtime(r)},
			[2]string{"  data loss", lossLine(r.DataLoss)},
		)
		c.tellParts(*r.RTO)
	}
	if r.Why != "" {
		c.section("Failed")
		c.page.Printf("  %s\n  %s\n", terminal.Safe(r.Why), terminal.Safe(r.State))
		if r.Fault != nil {
			c.page.Printf("  %s\n", faultLine(*r.Fault))
		}
	}
	switch {
	case r.Fenced != nil && r.Fenced.WasRunning:
		c.page.Printf("\nThe old primary on %s was fenced; it %s beside the new one.\n", terminal.Safe(r.Fenced.Host), c.page.In(terminal.Bad, "HAD BEEN RUNNING"))
	case r.Fenced != nil:
		c.page.Printf("\nThe old primary on %s was fenced.\n", terminal.Safe(r.Fenced.Host))
	case r.FenceDue != "":
		c.page.Printf("\n%s\n", c.page.In(terminal.Warning, "The old primary on "+terminal.Safe(r.FenceDue)+" is not fenced yet; it is as soon as its host answers."))
	}
	if len(r.Evidence) > 0 {
		c.section("Read at the end")
		for _, e := range r.Evidence {
			c.page.Printf("  %s at %s: %s\n", terminal.Safe(e.Host), terminal.Clock(e.ReadAt, c.Now()), readingLine(e))
		}
	}
}

func millis(ms int64) time.Duration { return time.Duration(ms) * time.Millisecond }

func downtime(r view.Run) string {
	if r.Kind == events.KindTest {
		return "none: the primary was not touched"
	}
	return terminal.Measured(millis(r.DowntimeMillis))
}

func lossLine(l *events.DataLoss) string {
	if l == nil {
		return ""
	}
	return terminal.Safe(l.String() + ". " + l.Basis)
}

// tellParts tells where the RTO went.
func (c *cli) tellParts(rto events.RTO) {
	if len(rto.Parts) == 0 || rto.Millis <= 0 {
		return
	}
	c.page.Printf("  of the RTO\n")
	table := c.page.NewTable()
	for _, p := range rto.Parts {
		share := fmt.Sprintf("%3d %%", p.Millis*100/rto.Millis)
		table.Print(terminal.Text("   ", fmt.Sprintf("%-20s", p.Name), fmt.Sprintf("%8s", terminal.Measured(millis(p.Millis))), share))
	}
}

// tellHold tells what a person must decide.
func (c *cli) tellHold(h view.Hold) {
	at := ""
	if h.Step != "" {
		at = fmt.Sprintf(" at %s", h.Step)
	}
	c.page.Printf("\n%s%s since %s (%s): %s\n", c.page.In(terminal.Bad, "HELD"), at, terminal.Clock(h.Since, c.Now()), c.ago(h.Since), h.Code)
	c.page.Printf("  %s\n  %s must decide.\n", terminal.Safe(h.Why), terminal.Safe(h.Decider))
	if h.Fault != nil {
		c.page.Printf("  fault: %s\n", faultLine(*h.Fault))
	}
	for _, e := range h.Evidence {
		c.page.Printf("  read on %s at %s: %s\n", terminal.Safe(e.Host), terminal.Clock(e.ReadAt, c.Now()), readingLine(e))
	}
}
