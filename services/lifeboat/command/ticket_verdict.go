package command

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"lifeboat.io/events"
	"lifeboat.io/services/lifeboat/terminal"
	"lifeboat.io/services/lifeboat/view"
	"lifeboat.io/services/lifeboat/wait"
)

// verdictData is the end of a wait for programs.
type verdictData struct {
	System   string          `json:"system"`
	Ticket   string          `json:"ticket"`
	Revision int             `json:"revision"`
	Account  string          `json:"account"`
	Outcome  wait.Outcome    `json:"outcome"`
	Reasons  []events.Reason `json:"reasons,omitempty"`
	Items    []itemData      `json:"items"`
}

// itemData is one VM of it.
type itemData struct {
	VM       events.VMRef    `json:"vm"`
	Run      string          `json:"run,omitempty"`
	Outcome  wait.Outcome    `json:"outcome"`
	Choices  []events.Choice `json:"choices,omitempty"`
	Reasons  []events.Reason `json:"reasons,omitempty"`
	Sentence string          `json:"sentence"`
}

// verdict tells how a wait came out and ends with its code.
func (c *cli) verdict(t waited, v wait.Verdict, f waitFlags, ended error) error {
	answered := f.stay.form == stayAnswer && v.Outcome == wait.Pending && len(v.Items) > 0
	if !f.output.people() {
		if err := c.data(&f.output, verdictOf(t, v), false); err != nil {
			return err
		}
	} else {
		c.tellVerdict(v)
	}
	switch {
	case answered:
		c.say("Accepted. Follow it: %s", commandLine("ticket", "wait", t.ref.Aggregate()))
		return quietly(answerCode(v))
	case v.Outcome == wait.Pending && len(v.Items) == 0:
		c.say("Stored, but not answered yet; is ticket-intake running? Go on waiting: %s",
			commandLine("ticket", "wait", t.ref.Aggregate(), "--account", t.account, "--revision", fmt.Sprint(t.ref.Revision)))
	case v.Outcome == wait.Pending:
		why := "Stopped waiting"
		if f.timeout > 0 && errors.Is(ended, context.DeadlineExceeded) {
			why = "Stopped waiting after " + terminal.Span(f.timeout)
		}
		c.say("%s; it goes on without this command. Go on waiting: %s", why, commandLine("ticket", "wait", t.ref.Aggregate()))
	}
	return quietly(codes[v.Outcome])
}

// answerCode is the code for a ticket that has its answer and no more is asked.
func answerCode(v wait.Verdict) int {
	for _, i := range v.Items {
		if i.Outcome == wait.Refused {
			return ExitPartial
		}
	}
	return ExitOK
}

func verdictOf(t waited, v wait.Verdict) verdictData {
	d := verdictData{
		System: t.ref.System, Ticket: t.ref.Ticket, Revision: t.ref.Revision, Account: t.account,
		Outcome: v.Outcome, Reasons: v.Reasons, Items: []itemData{},
	}
	for _, i := range v.Items {
		item := itemData{VM: i.VM, Run: i.Run, Outcome: i.Outcome, Reasons: i.Reasons, Sentence: i.Sentence}
		if i.Hold != nil {
			item.Choices = i.Hold.Choices
		}
		d.Items = append(d.Items, item)
	}
	return d
}

// tellVerdict tells each VM's end, and what can be done next.
func (c *cli) tellVerdict(v wait.Verdict) {
	if len(v.Reasons) > 0 {
		c.page.Printf("%s\n", c.page.In(terminal.Bad, "Refused, because"))
		c.tellReasons("  ", v.Reasons)
	}
	var offers []advice
	for _, i := range v.Items {
		c.tellItem(i)
		offers = append(offers, nextOf(i, c.who())...)
	}
	c.offer("Next", offers)
}

// tellItem tells how one VM came out.
func (c *cli) tellItem(i wait.Item) {
	if i.Outcome == wait.Pending {
		return
	}
	vm, outcome := terminal.Safe(label(i.VM)), c.page.In(moodOf(i.Outcome), strings.ToUpper(string(i.Outcome)))
	if len(i.Reasons) > 0 {
		c.page.Printf("%s: %s, because\n", vm, outcome)
		c.tellReasons("  ", i.Reasons)
		return
	}
	c.page.Printf("%s: %s. %s\n", vm, outcome, terminal.Safe(i.Sentence))
}

// outcomeMoods colour the ends of a wait.
var outcomeMoods = map[wait.Outcome]terminal.Mood{
	wait.Done: terminal.Good, wait.Open: terminal.Warning, wait.Held: terminal.Bad, wait.Refused: terminal.Bad,
	wait.Failed: terminal.Bad, wait.Withdrawn: terminal.Old, wait.Partial: terminal.Warning,
}

func moodOf(o wait.Outcome) terminal.Mood { return outcomeMoods[o] }

// nextOf says what a person can do about a VM that has come to rest and is not over.
func nextOf(i wait.Item, who string) []advice {
	if i.Outcome != wait.Held && i.Outcome != wait.Open {
		return nil
	}
	r := view.Run{ID: i.Run, VM: i.VM, Kind: i.Kind, Ticket: i.Ticket, Phase: i.Phase}
	if i.Hold != nil {
		r.Hold = &view.Hold{Choices: i.Hold.Choices}
	}
	return next(r, who)
}
