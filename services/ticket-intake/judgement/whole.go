package judgement

import (
	"fmt"
	"regexp"
	"time"

	"lifeboat.io/events"
	"lifeboat.io/pkg/inventory"
)

// maxWindowAhead bounds how far in the future a window may begin: inventory,
// contacts and recovery points will not be the same after a year.
const maxWindowAhead = 366 * 24 * time.Hour

// latest is the recovery point that stands for the newest data.
const latest = "latest"

var guid = regexp.MustCompile(events.PatternVMID)

// wholeRules are the rules for a ticket as a whole. A rule has nothing to say
// of a field that is empty: whether it may be is the contract's to know.
var wholeRules = []func(Case) []events.Reason{
	accountRule, systemRule, requesterRule, windowRule, recoveryPointRule, overrideRule, adapterRule,
}

// whole lists the reasons that speak against a ticket as a whole.
func whole(c Case) []events.Reason {
	var reasons []events.Reason
	for _, rule := range wholeRules {
		reasons = append(reasons, rule(c)...)
	}
	return reasons
}

func accountRule(c Case) []events.Reason {
	if _, ok := c.Inventory.Account(c.Request.Account); ok || c.Request.Account == "" {
		return nil
	}
	return []events.Reason{reason(AccountUnknown, "account", c.Request.Account,
		"is not an account in the inventory", "name the account as the inventory does, or have it added there")}
}

func systemRule(c Case) []events.Reason {
	name := c.Request.System
	system, known := c.Inventory.System(name)
	switch {
	case name == "":
		return nil
	case !known:
		return []events.Reason{reason(SystemUnknown, "system", name,
			"is not a ticket system in the inventory", "name the system as the inventory does, or have it added there")}
	case c.Request.Account != "" && !system.MaySubmitFor(c.Request.Account):
		return []events.Reason{reason(SystemNotForAccount, "system", name,
			fmt.Sprintf("may not submit tickets of account %s", c.Request.Account),
			"submit it from the account's own ticket system, or have the account added to this one in the inventory")}
	}
	return nil
}

// requesterRule checks the requester, and the right to start. The right to
// steer depends on the run, and is checked with it.
func requesterRule(c Case) []events.Reason {
	account, known := c.Inventory.Account(c.Request.Account)
	email := c.Request.Requester.Email
	if !known || email == "" {
		return nil
	}
	contact, ok := account.Contact(email)
	if !ok {
		return []events.Reason{reason(RequesterUnknown, "requester.email", email,
			fmt.Sprintf("is not a contact of account %s", account.ID), "let a contact of the account ask, or have the person added to its contacts")}
	}
	if !c.Request.Action.Starts() {
		return nil
	}
	return lacking(contact, inventory.RightTo(events.Kind(c.Request.Action)))
}

// lacking refuses a contact without a right.
func lacking(contact inventory.Contact, right inventory.Right) []events.Reason {
	if contact.Has(right) {
		return nil
	}
	return []events.Reason{reason(RequesterNotAllowed, "requester.email", contact.Email,
		fmt.Sprintf("has no right to %s failovers", right), "let somebody with this right ask, or have it added to the person's rights")}
}

func windowRule(c Case) []events.Reason {
	w := c.Request.Window
	if w == nil {
		return nil
	}
	var reasons []events.Reason
	if w.NotAfter != nil && w.NotAfter.Before(c.Now) {
		reasons = append(reasons, reason(WindowPast, "window.notAfter", stamp(*w.NotAfter),
			"is past; it is "+stamp(c.Now)+" now", "give a later one, or leave it out"))
	}
	if w.NotAfter != nil && w.NotBefore != nil && w.NotAfter.Before(*w.NotBefore) {
		reasons = append(reasons, reason(WindowInverted, "window.notAfter", stamp(*w.NotAfter),
			"is before window.notBefore, "+stamp(*w.NotBefore), "exchange them, or correct one of them"))
	}
	if w.NotBefore != nil && w.NotBefore.Sub(c.Now) > maxWindowAhead {
		reasons = append(reasons, reason(WindowTooFar, "window.notBefore", stamp(*w.NotBefore),
			"is more than a year from now", "submit the ticket when the time has come closer"))
	}
	return reasons
}

func recoveryPointRule(c Case) []events.Reason {
	point := c.Request.RecoveryPoint
	if point == "" || point == latest || guid.MatchString(point) {
		return nil
	}
	t, err := time.Parse(time.RFC3339, point)
	switch {
	case err != nil:
		return []events.Reason{reason(RecoveryPointForm, "recoveryPoint", point,
			"is neither latest, nor the id of a recovery point, nor a time", "write latest, an id in lower case without braces, or a time like 2026-03-02T09:00:00Z")}
	case t.After(c.Now):
		return []events.Reason{reason(RecoveryPointFuture, "recoveryPoint", point,
			"is still to come; it is "+stamp(c.Now)+" now", "give a time that is past, or write latest")}
	}
	return nil
}

func overrideRule(c Case) []events.Reason {
	account, known := c.Inventory.Account(c.Request.Account)
	if !known || c.Request.Unplanned == nil || c.Request.Unplanned.Override == nil {
		return nil
	}
	const field = "unplanned.override.person.email"
	email := c.Request.Unplanned.Override.Person.Email
	contact, ok := account.Contact(email)
	switch {
	case !ok:
		return []events.Reason{reason(OverrideUnknown, field, email,
			fmt.Sprintf("is not a contact of account %s", account.ID), "name a contact of the account who has the right to override")}
	case !contact.Has(inventory.MayOverride):
		return []events.Reason{reason(OverrideNotAllowed, field, email,
			"has no right to override", "name a contact of the account who has it")}
	}
	return nil
}

func adapterRule(c Case) []events.Reason {
	if c.Request.Test == nil {
		return nil
	}
	var reasons []events.Reason
	first := map[string]int{}
	for i, a := range c.Request.Test.Adapters {
		if earlier, twice := first[a.Adapter]; twice {
			reasons = append(reasons, reason(AdapterTwice, fmt.Sprintf("test.adapters[%d].adapter", i), a.Adapter,
				fmt.Sprintf("is connected by entry %d already", earlier), "keep one of them"))
			continue
		}
		first[a.Adapter] = i
	}
	return reasons
}

// stamp is a time in a reason.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
