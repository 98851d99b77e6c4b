package command

import (
	"fmt"
	"slices"

	"lifeboat.io/events"
	"lifeboat.io/services/lifeboat/terminal"
	"lifeboat.io/services/lifeboat/view"
	"lifeboat.io/services/ticket-intake/vmruns"
)

// advice is a command that may be wanted next, and what it does.
type advice struct {
	command string
	effect  string
}

// steerArgs is a command that steers the run of one VM of a ticket.
func steerArgs(verb string, ticket events.TicketRef, vm events.VMRef, more ...string) string {
	args := append([]string{"ticket", verb, ticket.Aggregate(), "--vm", vm.ID}, more...)
	return commandLine(args...)
}

// placeholders stand for what only the person can fill in.
const (
	requesterHere = " --requester <email>"
	reasonHere    = " --reason <why>"
)

// who stands for the requester in a command, unless the environment says who it is.
func (c *cli) who() string {
	if c.Env(envRequester) != "" {
		return ""
	}
	return requesterHere
}

// next says what a person can do about a run as it stands; who stands for the
// requester.
func next(r view.Run, who string) []advice {
	switch {
	case r.Hold != nil:
		return answers(r, who)
	case r.Phase == vmruns.AwaitingCleanup:
		return []advice{{steerArgs("cleanup", r.Ticket, r.VM) + who, "remove the test VM"}}
	case r.Phase == vmruns.AwaitingCommit:
		return []advice{
			{steerArgs("commit", r.Ticket, r.VM) + who, "complete the failover; cannot be undone"},
			{steerArgs("cancel", r.Ticket, r.VM) + who + reasonHere, "undo it; what the replica wrote is discarded"},
		}
	case r.Outcome == events.OutcomeRefused:
		return nil // the reasons say what would make it acceptable
	case r.Outcome == "":
		return []advice{
			{commandLine("ticket", "wait", r.Ticket.Aggregate()), "follow it"},
			{steerArgs("cancel", r.Ticket, r.VM) + who + reasonHere, "undo it as far as Hyper-V can"},
		}
	case r.FenceDue != "":
		return []advice{{commandLine("events", "--for", "vm/"+r.VM.ID, "-w"), fmt.Sprintf("hear when %s is fenced", terminal.Safe(r.FenceDue))}}
	default:
		return nil
	}
}

// answers are the choices of a held run, each as the command that gives it.
func answers(r view.Run, who string) []advice {
	var out []advice
	docs := events.Choice("").Values()
	for _, choice := range r.Hold.Choices {
		at := slices.IndexFunc(docs, func(v events.Value) bool { return v.Name == string(choice) })
		effect := string(choice)
		if at >= 0 {
			effect = docs[at].Doc
		}
		out = append(out, advice{steerArgs("resume", r.Ticket, r.VM, "--choice", string(choice)) + who + reasonHere, effect})
	}
	return out
}
