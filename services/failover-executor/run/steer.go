package run

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"lifeboat.io/events"
)

// decideOrders answers the oldest order that can be answered now. An order that
// steers a run waits while an effect is under way, so that what it decides on
// is known.
func decideOrders(p Policy, s State, m Mind, now time.Time) (Ask, bool) {
	for _, o := range m.Orders {
		if s.settled(o) {
			return Ask{Do: DoSettle, Settles: o.ID}, true
		}
		if o.Ticket.Action.Starts() {
			if _, busy := s.underWay(); busy && !s.Active() {
				continue // the fence is at work on this VM
			}
			return begin(p, s, m, o, now), true
		}
		if _, busy := s.underWay(); busy {
			continue
		}
		return steer(p, s, m, o), true
	}
	return Ask{}, false
}

// settled reports whether an order has its answer: it was given before, its run
// is known, or it was withdrawn.
func (s State) settled(o Order) bool {
	if s.Answered[o.key()] {
		return true
	}
	if !o.Ticket.Action.Starts() {
		return false
	}
	_, ended := s.Ended[o.Run]
	return ended || o.Withdrawn != "" || s.Run != nil && s.Run.Run == o.Run
}

// steer answers an order to clean up, commit, cancel or resume.
func steer(p Policy, s State, m Mind, o Order) Ask {
	r := s.Run
	fenceHeld := s.Fence != nil && s.Fence.Held && s.Fence.Run == o.Run
	if r == nil || r.Run != o.Run || r.Phase == PhaseEnded && !fenceHeld {
		return no(s, o, "no-such-run", "refers", o.Run, "the run is over or never began", "lifeboat get runs lists the runs that can be steered")
	}
	switch o.Ticket.Action {
	case events.ActionResume:
		return resume(p, s, o)
	case events.ActionCancel:
		return cancel(p, s, o)
	default:
		return open(s, o)
	}
}

// no refuses an order that steers.
func no(s State, o Order, code, field, value, problem, fix string) Ask {
	ref := o.ref()
	if s.Run != nil && s.Run.Run == o.Run {
		ref = s.Run.RunRef
	} else {
		ref.Kind = ""
	}
	return answer(o, &events.FailoverRefused{
		RunRef: ref, Action: o.Ticket.Action, By: o.Ticket.TicketRef,
		Reasons: []events.Reason{events.NewReason(code, field, value, problem, fix)},
	})
}

// open answers a cleanup or a commit: it lets the run through its gate.
func open(s State, o Order) Ask {
	r, action := s.Run, o.Ticket.Action
	waits := r.Phase == PhaseAwaitingCleanup || r.Phase == PhaseAwaitingCommit ||
		r.Phase == PhaseHeld && r.Held.Code == events.HoldWindowEnded
	step, ok := r.current()
	if !waits || !ok || gates[step.Step] != action {
		return no(s, o, "not-now", "action", string(action), fmt.Sprintf("the %s failover is %s", r.Kind, r.Phase), notNow(r, action))
	}
	person := o.Ticket.Requester
	by := o.Ticket.TicketRef
	return answer(o, &events.FailoverInstructed{RunRef: r.RunRef, Action: action, By: &by, Person: &person, Reason: o.Ticket.Reason, Steps: r.Program[r.Next:]})
}

func notNow(r *Run, action events.Action) string {
	switch {
	case r.Kind == events.KindTest && action == events.ActionCommit:
		return "a test failover is cleaned up, not committed"
	case r.Kind != events.KindTest && action == events.ActionCleanup:
		return "only a test failover is cleaned up"
	case r.Kind == events.KindPlanned:
		return "a planned failover needs no commit; ask for a planned failover back to undo it"
	default:
		return "wait until the run asks for it, or cancel the run"
	}
}

// cancel answers a cancel: the run is told to undo itself, if Hyper-V can.
func cancel(p Policy, s State, o Order) Ask {
	r := s.Run
	if r.Undoing {
		return no(s, o, "already-undoing", "action", string(events.ActionCancel), "the run is being undone already", "wait until it has ended")
	}
	steps, final, ok := s.undoing(p)
	if !ok {
		return no(s, o, "cannot-be-undone", "action", string(events.ActionCancel), fmt.Sprintf("%s has been done or begun, which Hyper-V cannot take back", final),
			"let the run end, then ask for a planned failover back")
	}
	person := o.Ticket.Requester
	by := o.Ticket.TicketRef
	return answer(o, &events.FailoverInstructed{RunRef: r.RunRef, Action: events.ActionCancel, By: &by, Person: &person, Reason: o.Ticket.Reason, Steps: steps})
}

// resume answers a held run.
func resume(p Policy, s State, o Order) Ask {
	r, choice := s.Run, o.Ticket.Choice
	choices := []events.Choice{events.ChoiceRetry, events.ChoiceAbandon}
	switch {
	case r.Phase == PhaseHeld:
		choices = r.Held.Choices
	case s.Fence == nil || !s.Fence.Held:
		return no(s, o, "not-held", "action", string(events.ActionResume), fmt.Sprintf("the run is %s, not held", r.Phase), "nothing to decide; lifeboat describe run shows where it stands")
	}
	if !slices.Contains(choices, choice) {
		return no(s, o, "not-a-choice", "choice", string(choice), "this hold does not offer it", "answer with one of: "+join(choices))
	}
	d := &events.FailoverResumed{RunRef: r.RunRef, By: o.Ticket.TicketRef, Person: o.Ticket.Requester, Choice: choice, Reason: o.Ticket.Reason}
	if choice == events.ChoiceCancel {
		steps, final, ok := s.undoing(p)
		if !ok {
			return no(s, o, "cannot-be-undone", "choice", string(choice), fmt.Sprintf("%s has been done or begun, which Hyper-V cannot take back", final), "choose another answer")
		}
		d.Steps = steps
	}
	return answer(o, d)
}

func join(choices []events.Choice) string {
	names := make([]string, len(choices))
	for i, c := range choices {
		names[i] = string(c)
	}
	return strings.Join(names, ", ")
}
