package events_test

import (
	"strings"
	"testing"

	"lifeboat.io/events"
)

var someAggregates = []events.Aggregate{
	{Family: events.FamilyTicket, Account: "acme", ID: events.TicketID("desk", "DR-1")},
	{Family: events.FamilyFailover, Account: "a.b", ID: "3b5c1d9e-7f24-4a60-9c1b-52d0e8a7f611"},
	{Family: events.FamilyAlert, Account: "Zürich / 1", ID: ""},
	{Family: events.FamilyCloud, Account: "", ID: "*.>"},
}

func TestSubjects(t *testing.T) {
	for _, agg := range someAggregates {
		subject := agg.Subject("step-done")
		got, event, err := events.ParseSubject(subject)
		if err != nil || got != agg || event != "step-done" {
			t.Errorf("ParseSubject(%q) = %+v, %q, %v, want %+v", subject, got, event, err, agg)
		}
		if back, err := events.ParseAggregate(agg.String()); err != nil || back != agg {
			t.Errorf("ParseAggregate(%q) = %+v, %v", agg.String(), back, err)
		}
		for _, filter := range []string{agg.Filter(), events.FamilyFilter(agg.Family), events.TypeFilter(agg.Family, "step-done"), events.AccountFilter(agg.Account)} {
			if !matches(filter, subject) {
				t.Errorf("filter %s does not match %s", filter, subject)
			}
		}
		if other := (events.Aggregate{Family: agg.Family, Account: agg.Account, ID: "other"}); matches(other.Filter(), subject) {
			t.Errorf("filter %s matches %s", other.Filter(), subject)
		}
	}
	if s := events.InboxSubject("a.b"); s != "lifeboat.inbox.a=2Eb" || !matches(events.InboxFilter, s) {
		t.Errorf("inbox subject %q", s)
	}
	// What others write is not among what a listener of an account hears.
	if matches(events.AccountFilter("acme"), events.InboxSubject("acme")) {
		t.Error("an account's filter matches its inbox")
	}
}

// matches is NATS's rule for wildcards.
func matches(filter, subject string) bool {
	want, have := strings.Split(filter, "."), strings.Split(subject, ".")
	for i, token := range want {
		if token == ">" {
			return len(have) > i
		}
		if i >= len(have) || token != "*" && token != have[i] {
			return false
		}
	}
	return len(want) == len(have)
}

func TestParseSubjectRefuses(t *testing.T) {
	for _, subject := range []string{
		"", "lifeboat", "lifeboat.ticket.acme.x", "lifeboat.ticket.acme.x.accepted.more", "other.ticket.acme.x.accepted",
		"lifeboat.order.acme.x.accepted", "lifeboat.ticket..x.accepted", "lifeboat.ticket.acme..accepted", "lifeboat.ticket.acme.x.",
		"lifeboat.ticket.*.x.accepted", "lifeboat.ticket.acme.x.*", "lifeboat.ticket.acme.x.>", "lifeboat.ticket.a=zz.x.accepted",
	} {
		if agg, event, err := events.ParseSubject(subject); err == nil {
			t.Errorf("ParseSubject(%q) = %+v, %q, want an error", subject, agg, event)
		}
	}
	for _, subject := range []string{"", "ticket", "ticket/acme", "ticket/acme/x/y", "order/acme/x", "ticket//x", "ticket/acme/a.b"} {
		if agg, err := events.ParseAggregate(subject); err == nil {
			t.Errorf("ParseAggregate(%q) = %+v, want an error", subject, agg)
		}
	}
}

// The longest subject a submitted ticket can lead to fits a NATS protocol line.
func TestLongestSubjectFits(t *testing.T) {
	const protocolLine = 4096 // nats-server's default max_control_line
	agg := events.Aggregate{
		Family:  events.FamilyTicket,
		Account: strings.Repeat("\U0001F6F6", events.MaxID),
		ID:      events.TicketID(strings.Repeat(".", events.MaxID), strings.Repeat("!", events.MaxID)),
	}
	const reply = 200 // HPUB, the reply subject and two sizes
	if n := len(agg.Subject("superseded")) + reply; n > protocolLine {
		t.Errorf("%d bytes on the protocol line", n)
	}
}

func FuzzParseSubject(f *testing.F) {
	for _, agg := range someAggregates {
		f.Add(agg.Subject("planned"))
		f.Add(agg.String())
	}
	f.Add("lifeboat.ticket.*.x.>")
	f.Fuzz(func(t *testing.T, subject string) {
		if agg, event, err := events.ParseSubject(subject); err == nil && agg.Subject(event) != subject {
			t.Fatalf("ParseSubject(%q) = %+v, %q, which is published on %q", subject, agg, event, agg.Subject(event))
		}
		if agg, err := events.ParseAggregate(subject); err == nil && agg.String() != subject {
			t.Fatalf("ParseAggregate(%q) = %+v, which is written %q", subject, agg, agg.String())
		}
	})
}
