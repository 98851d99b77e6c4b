package events

import (
	"fmt"
	"strings"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
)

// Sentence tells an event in one line for a person. An event that cannot be
// decoded is told by its type, so that any listing can print any event.
func Sentence(e event.Event) string {
	entry, ok := EntryByType(e.Type())
	if !ok {
		return e.Type()
	}
	data, err := Decode(e)
	if err != nil {
		return e.Type() + " (data not readable)"
	}
	return entry.Sentence(data)
}

// label is a VM for people: its name, or its id where no name is known.
func (v VMRef) label() string {
	if v.Name != "" {
		return v.Name
	}
	if v.ID != "" {
		return v.ID
	}
	return "a VM"
}

// labels joins VMs for a sentence.
func labels(vms []VMRef) string {
	if len(vms) == 0 {
		return "all its VMs"
	}
	names := make([]string, len(vms))
	for i, v := range vms {
		names[i] = v.label()
	}
	return strings.Join(names, ", ")
}

// String is the ticket for people: "desk T-1", with the revision from the second on.
func (t TicketRef) String() string {
	if t.Revision > 1 {
		return fmt.Sprintf("%s %s revision %d", t.System, t.Ticket, t.Revision)
	}
	return t.System + " " + t.Ticket
}

// Aggregate is the ticket's aggregate id.
func (t TicketRef) Aggregate() string { return TicketID(t.System, t.Ticket) }

func (p Person) label() string {
	if p.Name != "" {
		return p.Name
	}
	return p.Email
}

func sayRun(r RunRef) string { return fmt.Sprintf("%s failover of %s", r.Kind, r.VM.label()) }

func reasons(rs []Reason) string {
	parts := make([]string, len(rs))
	for i, r := range rs {
		parts[i] = r.String()
	}
	return strings.Join(parts, " | ")
}

func steps(ss []PlannedStep) string {
	names := make([]string, len(ss))
	for i, s := range ss {
		names[i] = string(s.Step) + "@" + s.Host
	}
	return strings.Join(names, ", ")
}

// millis is a duration for people.
func millis(ms int64) string { return (time.Duration(ms) * time.Millisecond).String() }

// String is the data loss for people.
func (l DataLoss) String() string {
	switch l.Bound {
	case LossNone:
		return "no data lost"
	case LossAtMost:
		return fmt.Sprintf("at most %s of data lost", millis(int64(l.Seconds*1000)))
	default:
		return "data loss unknown: " + l.Basis
	}
}

func saySubmitted(e *TicketSubmitted) string {
	return fmt.Sprintf("%s asks for %s of %s (%s)", e.TicketRef, e.Action, labels(e.VMs), e.Requester.label())
}

func sayAccepted(e *TicketAccepted) string {
	var yes, no []string
	for _, i := range e.Items {
		if i.Accepted() {
			yes = append(yes, i.VM.label())
		} else {
			no = append(no, i.VM.label()+" ("+reasons(i.Reasons)+")")
		}
	}
	s := fmt.Sprintf("%s accepted: %s of %s", e.TicketRef, e.Action, strings.Join(yes, ", "))
	if len(no) > 0 {
		s += "; refused for " + strings.Join(no, ", ")
	}
	return s
}

func sayRefused(e *TicketRefused) string {
	all := append([]Reason(nil), e.Reasons...)
	for _, i := range e.Items {
		all = append(all, i.Reasons...)
	}
	return fmt.Sprintf("%s refused: %s", e.TicketRef, reasons(all))
}

func saySuperseded(e *TicketSuperseded) string {
	return fmt.Sprintf("%s superseded by revision %d", e.TicketRef, e.By)
}

func sayTicketCancelled(e *TicketCancelled) string {
	return fmt.Sprintf("%s withdrawn by %s", e.TicketRef, e.Person.label())
}

func sayProgressed(e *TicketProgressed) string {
	return fmt.Sprintf("%s %s: %s", e.TicketRef, e.Progress, e.Sentence)
}

func sayClosed(e *TicketClosed) string {
	parts := make([]string, len(e.Items))
	for i, item := range e.Items {
		parts[i] = item.VM.label() + ": " + item.Sentence
	}
	return fmt.Sprintf("%s closed, %s: %s", e.TicketRef, e.Outcome, strings.Join(parts, "; "))
}

func sayFailoverRefused(e *FailoverRefused) string {
	return fmt.Sprintf("%s of %s refused: %s", e.Action, e.VM.label(), reasons(e.Reasons))
}

func sayPlanned(e *FailoverPlanned) string {
	return fmt.Sprintf("%s planned from %s to %s, %s at stake: %s",
		sayRun(e.RunRef), e.Primary, e.Replica, e.AtStake.stake(), steps(e.Steps))
}

// stake is the data loss as a prospect.
func (l DataLoss) stake() string {
	switch l.Bound {
	case LossNone:
		return "nothing"
	case LossAtMost:
		return "up to " + millis(int64(l.Seconds*1000)) + " of data"
	default:
		return "an unknown amount of data (" + l.Basis + ")"
	}
}

func sayStepStarted(e *StepStarted) string {
	s := fmt.Sprintf("%s on %s started for %s", e.Step, e.Host, e.VM.label())
	if e.Attempt > 1 {
		s += fmt.Sprintf(", attempt %d", e.Attempt)
	}
	return s
}

func sayStepDone(e *StepDone) string {
	s := fmt.Sprintf("%s on %s done for %s", e.Step, e.Host, e.VM.label())
	switch e.How {
	case HowFound:
		s += " (found already done)"
	case HowAccepted:
		s += " (accepted by a person)"
	case HowActed:
	}
	return s
}

func sayStepFailed(e *StepFailed) string {
	return fmt.Sprintf("%s on %s failed for %s (%s, %s): %s",
		e.Step, e.Host, e.VM.label(), e.Fault.Class, e.Fault.Code, e.Fault.Message)
}

func sayHeld(e *FailoverHeld) string {
	choices := make([]string, len(e.Choices))
	for i, c := range e.Choices {
		choices[i] = string(c)
	}
	return fmt.Sprintf("%s held: %s %s must decide: %s", sayRun(e.RunRef), e.Why, e.Decider, strings.Join(choices, ", "))
}

func sayResumed(e *FailoverResumed) string {
	return fmt.Sprintf("%s resumed by %s: %s, because %s", sayRun(e.RunRef), e.Person.label(), e.Choice, e.Reason)
}

func sayInstructed(e *FailoverInstructed) string {
	who := "a deadline"
	if e.Person != nil {
		who = e.Person.label()
	}
	what := steps(e.Steps)
	if what == "" {
		what = "nothing has to be undone"
	}
	return fmt.Sprintf("%s told to %s by %s: %s", sayRun(e.RunRef), e.Action, who, what)
}

func sayAwaitingCleanup(e *FailoverAwaitingCleanup) string {
	return fmt.Sprintf("%s is up as %q until cleanup, at the latest %s", e.VM.label(), e.TestVM.label(), e.Until.UTC().Format(time.RFC3339))
}

func sayAwaitingCommit(e *FailoverAwaitingCommit) string {
	return fmt.Sprintf("%s runs on its replica and can be undone until %s", e.VM.label(), e.Until.UTC().Format(time.RFC3339))
}

func sayCommitted(e *FailoverCommitted) string {
	return fmt.Sprintf("%s committed", sayRun(e.RunRef))
}

func sayFailoverCancelled(e *FailoverCancelled) string {
	return fmt.Sprintf("%s undone on request of %s", sayRun(e.RunRef), e.By.label())
}

func saySucceeded(e *FailoverSucceeded) string {
	s := fmt.Sprintf("%s succeeded: RTO %s, %s", sayRun(e.RunRef), millis(e.RTO.Millis), e.DataLoss)
	if e.FenceDue != "" {
		s += "; " + e.FenceDue + " is fenced as soon as it answers"
	}
	return s
}

func sayFailed(e *FailoverFailed) string {
	return fmt.Sprintf("%s failed: %s %s", sayRun(e.RunRef), e.Why, e.State)
}

func sayFenced(e *FailoverFenced) string {
	s := fmt.Sprintf("old primary of %s on %s fenced", e.VM.label(), e.Host)
	if e.WasRunning {
		s += "; it HAD BEEN RUNNING beside the new primary"
	}
	return s
}
