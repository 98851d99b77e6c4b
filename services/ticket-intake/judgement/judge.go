package judgement

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"lifeboat.io/events"
	"lifeboat.io/services/ticket-intake/ticket"
)

// Judge says the one thing to do next for a submitted ticket.
func Judge(c Case) Verdict {
	first, answered := c.Ticket.Revision(c.Request.Revision)
	switch {
	case answered && first.Answers(c.Answer):
		return Verdict{Do: Rest}
	case c.Ticket.Count >= MaxTicketEvents:
		return Verdict{Do: GiveUp}
	case answered:
		return c.refuse([]events.Reason{reused(c, first)}, nil)
	}
	reasons := slices.Concat(c.Malformed, whole(c))
	if latest, ok := c.Ticket.Latest(); ok && latest.Number > c.Request.Revision {
		reasons = append(reasons, reason(RevisionStale, "revision", strconv.Itoa(c.Request.Revision),
			fmt.Sprintf("is older than revision %d, which has its answer", latest.Number),
			fmt.Sprintf("submit what is wanted now as revision %d", latest.Number+1)))
	}
	switch {
	case c.Request.Action == "":
		return c.refuse(reasons, nil) // it could not be read: what would follow from it is not known
	case c.Request.Action.Starts():
		return judgeStart(c, reasons)
	default:
		return judgeSteering(c, reasons)
	}
}

// judgeStart answers a ticket that asks for failovers. An earlier revision is
// superseded first, and only by one that would be accepted: a refused revision
// changes nothing.
func judgeStart(c Case, reasons []events.Reason) Verdict {
	answer := c.answer(append(reasons, underWay(c)...), startItems(c))
	if old, ok := replaceable(c); ok && answer.accepts() {
		ref := events.TicketRef{System: c.Request.System, Ticket: c.Request.Ticket, Revision: old}
		return Verdict{
			Do:    Publish,
			Event: &events.TicketSuperseded{TicketRef: ref, By: c.Request.Revision},
			ID:    SupersededID(c.Request.Account, ref),
			On:    ref,
		}
	}
	return answer
}

// judgeSteering answers a ticket that steers runs of an earlier one. Runs that
// have not begun are withdrawn first when it is a cancel.
func judgeSteering(c Case, reasons []events.Reason) Verdict {
	more, items := steeringItems(c)
	answer := c.answer(append(reasons, more...), items)
	if old, ok := withdrawable(c); ok && answer.accepts() {
		ref := events.TicketRef{System: c.Request.System, Ticket: c.targetNumber(), Revision: old}
		return Verdict{
			Do: Publish,
			Event: &events.TicketCancelled{
				TicketRef: ref, By: c.Request.TicketRef, Person: c.Request.Requester, Reason: c.Request.Reason,
			},
			ID: CancelledID(c.Request.Account, ref, c.Request.TicketRef),
			On: ref,
		}
	}
	return answer
}

// accepts reports whether the verdict accepts the ticket.
func (v Verdict) accepts() bool {
	_, ok := v.Event.(*events.TicketAccepted)
	return ok
}

// answer accepts the ticket if nothing speaks against it as a whole and at
// least one VM is accepted, and refuses it otherwise.
func (c Case) answer(reasons []events.Reason, items []events.Item) Verdict {
	var accepted bool
	for _, item := range items {
		accepted = accepted || item.Accepted()
	}
	v := c.refuse(reasons, items)
	if len(reasons) == 0 && accepted {
		v.Event = &events.TicketAccepted{Request: c.Request, SubmittedAt: c.SubmittedAt, Items: items}
	}
	if raw, err := json.Marshal(v.Event); err != nil || len(raw) > events.MaxEventBytes {
		return c.refuse([]events.Reason{tooLarge(c, len(raw))}, nil)
	}
	return v
}

// tooLarge refuses a ticket whose answer does not fit into one event, which
// takes many VMs with long names and much to say of each.
func tooLarge(c Case, size int) events.Reason {
	return reason(AnswerTooLarge, "vms", strconv.Itoa(len(c.Request.VMs)),
		fmt.Sprintf("are so many VMs that the answer has %d bytes, more than %d", size, events.MaxEventBytes),
		"split them into several tickets, or name them by id")
}

// refuse refuses the ticket. VMs that would have been accepted are not
// listed: the reasons for the whole ticket are theirs.
func (c Case) refuse(reasons []events.Reason, items []events.Item) Verdict {
	var refused []events.Item
	for _, item := range items {
		if !item.Accepted() {
			refused = append(refused, item)
		}
	}
	return Verdict{
		Do: Publish,
		Event: &events.TicketRefused{
			TicketRef: c.Request.TicketRef, Account: c.Request.Account, Action: c.Request.Action,
			Reasons: reasons, Items: refused,
		},
		ID: c.Answer,
		On: c.Request.TicketRef,
	}
}

// reused refuses another content under a revision that has its answer.
func reused(c Case, first ticket.Revision) events.Reason {
	next := c.Request.Revision + 1
	if latest, ok := c.Ticket.Latest(); ok {
		next = latest.Number + 1
	}
	return reason(RevisionReused, "revision", strconv.Itoa(c.Request.Revision),
		fmt.Sprintf("was %s before with another content, and that answer stands", first.Status),
		fmt.Sprintf("submit the new content as revision %d", next))
}
