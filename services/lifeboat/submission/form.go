package submission

import (
	"errors"
	"fmt"
	"net/mail"
	"regexp"
	"strings"
	"time"

	"lifeboat.io/events"
	"lifeboat.io/pkg/inventory"
)

// Form is what an operator says of a ticket. Every field is text as it was
// written; empty means it was left out.
type Form struct {
	// System is the ticket system to submit as; found in the inventory when empty.
	System string
	// Ticket is the ticket's number; a new one when empty.
	Ticket string
	// Revision numbers the ticket's versions; 1 when 0.
	Revision int
	// Account is whose VMs they are; found by the VMs when empty.
	Account string
	// Requester is who asks: an e-mail address, or "Name <address>".
	Requester string
	// Action is what is asked, Reason why.
	Action, Reason string
	// VMs are names or ids.
	VMs []string
	// Refers is the ticket that a cleanup, commit, cancel or resume is about.
	Refers string
	// Choice answers a held run.
	Choice string
	// NotBefore and NotAfter bound the start: RFC 3339, or +2h from now.
	NotBefore, NotAfter string
	// RecoveryPoint is latest, an id or a time.
	RecoveryPoint string
	// URL is where a person reads the ticket.
	URL string
	// Switch and Adapters ("adapter=switch") are a test's network.
	Switch   string
	Adapters []string
	// HoldOpen is how long a test VM stays up; whole minutes.
	HoldOpen time.Duration
	// ShutDownPrimary allows a running primary to be shut down.
	ShutDownPrimary bool
	// OverrideReason is why the named person is sure that a silent primary is down.
	OverrideReason string
	// OverrideBy is that person; the requester when empty.
	OverrideBy string
	// CommitAfter is how long an unplanned failover can be undone; whole minutes.
	CommitAfter time.Duration
}

var vmID = regexp.MustCompile(events.PatternVMID)

// Request is the ticket a form asks for, on top of base, which a file may have
// given. number is the ticket's number when neither says one. The error lists
// everything that cannot be read, each with its flag.
func (f Form) Request(base events.Request, inv *inventory.Inventory, now time.Time, number string) (events.Request, error) {
	r := base
	var faults faults
	set(&r.System, f.System)
	set(&r.Ticket, f.Ticket)
	set(&r.Account, f.Account)
	set(&r.Action, events.Action(f.Action))
	set(&r.Reason, f.Reason)
	set(&r.Refers, f.Refers)
	set(&r.Choice, events.Choice(f.Choice))
	set(&r.RecoveryPoint, f.RecoveryPoint)
	set(&r.URL, f.URL)
	set(&r.Revision, f.Revision)
	set(&r.Revision, max(r.Revision, 1))
	if r.Ticket == "" {
		r.Ticket = number
	}
	if len(f.VMs) > 0 {
		r.VMs = vmRefs(f.VMs)
	}
	r.Window = f.window(r.Window, now, &faults)
	r.Test = f.test(r.Test, &faults)
	f.lookUp(&r, inv, &faults)
	if f.Requester != "" {
		r.Requester = person("--requester", f.Requester, inv, r.Account, &faults)
	}
	if r.Requester.Email == "" {
		faults.add("--requester is missing: say who asks, as an e-mail address of one of the account's contacts (or set LIFEBOAT_REQUESTER)")
	}
	r.Unplanned = f.unplanned(r.Unplanned, r.Requester, inv, r.Account, &faults)
	return r, errors.Join(faults...)
}

// lookUp finds account and system in the inventory when neither form nor file
// name them.
func (f Form) lookUp(r *events.Request, inv *inventory.Inventory, faults *faults) {
	var err error
	if r.Account == "" {
		if r.Account, err = AccountOf(inv, r.VMs); err != nil {
			faults.add("--account is missing: %w", err)
			return
		}
	}
	if r.System == "" {
		if r.System, err = SystemFor(inv, r.Account); err != nil {
			faults.add("--system is missing: %w", err)
		}
	}
}

// faults are everything that is wrong with a form.
type faults []error

func (f *faults) add(format string, args ...any) { *f = append(*f, fmt.Errorf(format, args...)) }

// set replaces a field unless the new value is empty.
func set[T comparable](field *T, value T) {
	var none T
	if value != none {
		*field = value
	}
}

func vmRefs(names []string) []events.VMRef {
	refs := make([]events.VMRef, len(names))
	for i, name := range names {
		if id := inventory.NormalVMID(name); vmID.MatchString(id) {
			refs[i].ID = id
		} else {
			refs[i].Name = name
		}
	}
	return refs
}

// person reads "Name <address>" or an address alone, and takes the name of an
// address alone from the account's contacts.
func person(flag, text string, inv *inventory.Inventory, account string, faults *faults) events.Person {
	address, err := mail.ParseAddress(text)
	if err != nil {
		faults.add("%s %q: write an e-mail address, or \"Name <address>\"", flag, text)
		return events.Person{}
	}
	p := events.Person{Name: address.Name, Email: address.Address}
	if p.Name == "" {
		p.Name = p.Email
		if a, ok := inv.Account(account); ok {
			if contact, known := a.Contact(p.Email); known {
				p.Name = contact.Name
			}
		}
	}
	return p
}

// moment reads a time: RFC 3339, or a span from now such as +2h.
func moment(flag, text string, now time.Time, faults *faults) *time.Time {
	if text == "" {
		return nil
	}
	if span, ok := strings.CutPrefix(text, "+"); ok {
		if d, err := time.ParseDuration(span); err == nil && d >= 0 {
			at := now.Add(d).UTC().Truncate(time.Second)
			return &at
		}
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		faults.add("%s %q: write a time like 2026-03-02T22:00:00Z, or a span from now like +2h30m", flag, text)
		return nil
	}
	return &at
}

func (f Form) window(w *events.Window, now time.Time, faults *faults) *events.Window {
	before, after := moment("--not-before", f.NotBefore, now, faults), moment("--not-after", f.NotAfter, now, faults)
	if before == nil && after == nil {
		return w
	}
	var out events.Window
	if w != nil {
		out = *w
	}
	set(&out.NotBefore, before)
	set(&out.NotAfter, after)
	return &out
}

// minutes turns a span into whole minutes, which is what tickets count in.
func minutes(flag string, d time.Duration, faults *faults) int {
	if d < 0 || d%time.Minute != 0 {
		faults.add("%s %s: write whole minutes, such as 90m or 4h", flag, d)
		return 0
	}
	return int(d / time.Minute)
}

func (f Form) test(t *events.TestOptions, faults *faults) *events.TestOptions {
	if f.Switch == "" && len(f.Adapters) == 0 && f.HoldOpen == 0 {
		return t
	}
	var out events.TestOptions
	if t != nil {
		out = *t
	}
	set(&out.Switch, f.Switch)
	set(&out.HoldOpenMinutes, minutes("--hold-open", f.HoldOpen, faults))
	if len(f.Adapters) > 0 {
		out.Adapters = nil
	}
	for _, text := range f.Adapters {
		adapter, network, ok := strings.Cut(text, "=")
		if !ok || adapter == "" {
			faults.add("--adapter %q: write <adapter>=<switch>; nothing behind the = leaves the adapter disconnected", text)
			continue
		}
		out.Adapters = append(out.Adapters, events.AdapterSwitch{Adapter: adapter, Switch: network})
	}
	return &out
}

func (f Form) unplanned(u *events.UnplannedOptions, requester events.Person, inv *inventory.Inventory, account string, faults *faults) *events.UnplannedOptions {
	if !f.ShutDownPrimary && f.OverrideReason == "" && f.OverrideBy == "" && f.CommitAfter == 0 {
		return u
	}
	var out events.UnplannedOptions
	if u != nil {
		out = *u
	}
	set(&out.ShutDownPrimary, f.ShutDownPrimary)
	set(&out.CommitAfterMinutes, minutes("--commit-after", f.CommitAfter, faults))
	switch {
	case f.OverrideReason != "":
		by := requester
		if f.OverrideBy != "" {
			by = person("--override-by", f.OverrideBy, inv, account, faults)
		}
		out.Override = &events.Override{Person: by, Reason: f.OverrideReason}
	case f.OverrideBy != "":
		faults.add("--override-by %q: say in --override-reason what makes the person sure that the primary is down", f.OverrideBy)
	}
	return &out
}
