package judgement

import (
	"github.com/cloudevents/sdk-go/v2/event"

	"lifeboat.io/events"
)

// Envelope lists where the address a ticket was submitted to, its event's
// attributes and its data contradict each other. inbox is the account whose
// inbox it came into.
func Envelope(inbox string, e event.Event, t events.TicketSubmitted) []events.Reason {
	var reasons []events.Reason
	if t.Account != "" && t.Account != inbox {
		reasons = append(reasons, reason(AccountMismatch, "account", t.Account,
			"is not the account it was submitted to, which is "+inbox, "name that account, or submit it to the other one"))
	}
	about := events.Aggregate{Family: events.FamilyTicket, Account: t.Account, ID: t.Aggregate()}.String()
	if s := e.Subject(); s != "" && t.Account != "" && s != about {
		reasons = append(reasons, reason(SubjectMismatch, "subject", s,
			"is not the ticket that the data is about", "write "+about+", or leave the attribute out"))
	}
	return reasons
}
