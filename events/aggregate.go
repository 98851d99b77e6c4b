package events

import (
	"fmt"
	"strings"
)

// Family is the kind of thing an event is about. Each family has exactly one
// writing service; asking something of another service is an event of the
// asker's own family.
type Family string

const (
	// FamilyTicket holds what was asked and what was answered. Written by ticket-intake.
	FamilyTicket Family = "ticket"
	// FamilyFailover holds runs, step by step. Written by failover-executor.
	FamilyFailover Family = "failover"
	// FamilyReplication holds the state of replications. Written by replication-manager.
	FamilyReplication Family = "replication"
	// FamilyCloud holds what happens in Azure Site Recovery. Written by azure-asr-bridge.
	FamilyCloud Family = "cloud"
	// FamilyAlert holds judgements on health, space, bandwidth and drills. Written by monitor.
	FamilyAlert Family = "alert"
)

// Values implements Enum.
func (Family) Values() []Value {
	return []Value{
		{string(FamilyTicket), "What was asked and what was answered; written by ticket-intake."},
		{string(FamilyFailover), "Failover runs, step by step; written by failover-executor."},
		{string(FamilyReplication), "The state of replications; written by replication-manager."},
		{string(FamilyCloud), "What happens in Azure Site Recovery; written by azure-asr-bridge."},
		{string(FamilyAlert), "Judgements on health, space, bandwidth and drills; written by monitor."},
	}
}

// Writer names the one service that publishes events of the family.
func (f Family) Writer() string {
	switch f {
	case FamilyTicket:
		return "ticket-intake"
	case FamilyFailover:
		return "failover-executor"
	case FamilyReplication:
		return "replication-manager"
	case FamilyCloud:
		return "azure-asr-bridge"
	case FamilyAlert:
		return "monitor"
	default:
		return ""
	}
}

// Source is the CloudEvents source of the family's writer: "/lifeboat/" and the
// service. A writer may add a further path, such as its instance.
func (f Family) Source() string { return "/" + root + "/" + f.Writer() }

// Aggregate identifies one thing whose state is the fold of its events. All
// events of an aggregate are totally ordered: each one is published expecting
// the one before it.
//
// The aggregates are: for ticket, one ticket of one ticket system (all its
// revisions); for failover, one VM (all its runs), which is what makes two
// runs on one VM impossible rather than unlikely.
type Aggregate struct {
	// Family is the family the aggregate's events belong to.
	Family Family
	// Account is the customer's account as written in the inventory.
	Account string
	// ID is the aggregate's identifier, unescaped: a VMId GUID for failover,
	// TicketID(system, ticket) for ticket.
	ID string
}

// root is the first token of every subject lifeboat writes.
const root = "lifeboat"

// Subject is where the event with the given short name ("step-done") of this
// aggregate is published.
func (a Aggregate) Subject(event string) string {
	return strings.Join([]string{root, string(a.Family), Token(a.Account), Token(a.ID), event}, ".")
}

// Filter matches every event of the aggregate. It is the filter of the
// expected-last-sequence, so every writer must use exactly this string.
func (a Aggregate) Filter() string { return a.Subject(">") }

// String is the aggregate as it stands in the CloudEvents subject attribute.
func (a Aggregate) String() string {
	return string(a.Family) + "/" + Token(a.Account) + "/" + Token(a.ID)
}

// ParseAggregate reverses Aggregate.String: it reads the CloudEvents subject
// attribute.
func ParseAggregate(subject string) (Aggregate, error) {
	parts := strings.Split(subject, "/")
	if len(parts) != 3 {
		return Aggregate{}, fmt.Errorf("subject %q: want <family>/<account>/<id>", subject)
	}
	return parseAggregate(subject, parts)
}

// ParseSubject splits a NATS subject back into its aggregate and the event's
// short name.
func ParseSubject(subject string) (Aggregate, string, error) {
	tokens := strings.Split(subject, ".")
	if len(tokens) != 5 || tokens[0] != root {
		return Aggregate{}, "", fmt.Errorf("subject %q: want lifeboat.<family>.<account>.<id>.<event>", subject)
	}
	if tokens[4] == "" || Token(tokens[4]) != tokens[4] {
		return Aggregate{}, "", fmt.Errorf("subject %q: event %q: want letters, digits and hyphens", subject, tokens[4])
	}
	agg, err := parseAggregate(subject, tokens[1:4])
	if err != nil {
		return Aggregate{}, "", err
	}
	return agg, tokens[4], nil
}

// parseAggregate reads family, account and id, the latter two escaped.
func parseAggregate(subject string, parts []string) (Aggregate, error) {
	if !Known(Family(""), parts[0]) {
		return Aggregate{}, fmt.Errorf("subject %q: family %q: want one of %s", subject, parts[0], strings.Join(Names(Family("")), ", "))
	}
	account, err := Untoken(parts[1])
	if err != nil {
		return Aggregate{}, fmt.Errorf("subject %q: account: %w", subject, err)
	}
	id, err := Untoken(parts[2])
	if err != nil {
		return Aggregate{}, fmt.Errorf("subject %q: id: %w", subject, err)
	}
	return Aggregate{Family: Family(parts[0]), Account: account, ID: id}, nil
}

// FamilyFilter matches every event of a family, in every account.
func FamilyFilter(f Family) string { return root + "." + string(f) + ".>" }

// TypeFilter matches every event of one family with one short name, such as
// all ticket.accepted events.
func TypeFilter(f Family, event string) string {
	return strings.Join([]string{root, string(f), "*", "*", event}, ".")
}

// AccountFilter matches every event of one account, in every family.
func AccountFilter(account string) string {
	return strings.Join([]string{root, "*", Token(account), ">"}, ".")
}

// InboxSubject is where a ticket system publishes the tickets of an account.
func InboxSubject(account string) string { return root + ".inbox." + Token(account) }

// InboxFilter matches every submitted ticket.
const InboxFilter = root + ".inbox.*"

// TicketID is the aggregate id of a ticket: its system and its number in that
// system. The tilde cannot appear in a system's name, so the two cannot be
// confused.
func TicketID(system, ticket string) string { return system + "~" + ticket }
