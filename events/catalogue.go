package events

import (
	"reflect"
	"strings"
)

// Entry is one event type's row in the catalogue.
type Entry struct {
	// Type is the CloudEvents type: io.lifeboat.<family>.<event>.v1.
	Type string
	// Family is the family it belongs to.
	Family Family
	// Event is the short name, the last token of its subject.
	Event string
	// Summary is one sentence for the catalogue.
	Summary string
	// New makes an empty data struct, as a pointer.
	New func() any
	// sentence tells a decoded event in one line.
	sentence func(data any) string
}

// Submitted reports whether others write the event type: tickets on their way
// into the inbox. All other types are written by lifeboat alone.
func (e Entry) Submitted() bool { return e.Event == "submitted" }

// Writer names who publishes the event type.
func (e Entry) Writer() string {
	if e.Submitted() {
		return "ticket systems"
	}
	return e.Family.Writer()
}

// SchemaFile is the schema's file name in this module's schema folder.
func (e Entry) SchemaFile() string { return e.Type + ".json" }

// SchemaURI is the value of the dataschema attribute.
func (e Entry) SchemaURI() string { return SchemaBase + e.SchemaFile() }

// Sentence tells data, as returned by Decode, in one line for a person.
func (e Entry) Sentence(data any) string { return e.sentence(data) }

// row builds an Entry for data type T.
func row[T any](family Family, name, summary string, sentence func(*T) string) Entry {
	return Entry{
		Type:    "io.lifeboat." + string(family) + "." + name + ".v1",
		Family:  family,
		Event:   name,
		Summary: summary,
		New:     func() any { return new(T) },
		sentence: func(data any) string {
			if d, ok := data.(*T); ok {
				return sentence(d)
			}
			return name
		},
	}
}

// catalogue is every event type there is, in the order a reader should meet
// them.
var catalogue = []Entry{
	row(FamilyTicket, "submitted", "A ticket system asks for something; published into the inbox.", saySubmitted),
	row(FamilyTicket, "accepted", "The ticket is accepted, with the run of each VM.", sayAccepted),
	row(FamilyTicket, "refused", "Nothing of the ticket is done, with every reason.", sayRefused),
	row(FamilyTicket, "superseded", "A newer revision took the place of this one before its runs began.", saySuperseded),
	row(FamilyTicket, "cancelled", "The ticket was withdrawn before its runs began.", sayTicketCancelled),
	row(FamilyTicket, "progressed", "A run of the ticket has got somewhere the requester cares about.", sayProgressed),
	row(FamilyTicket, "closed", "All runs of the ticket have ended.", sayClosed),

	row(FamilyFailover, "refused", "A run, or an instruction to one, is refused after looking at the hosts.", sayFailoverRefused),
	row(FamilyFailover, "planned", "A run begins: the steps it will take and the data at stake.", sayPlanned),
	row(FamilyFailover, "step-started", "A step's effect is about to be asked of a host.", sayStepStarted),
	row(FamilyFailover, "step-done", "A step's effect is on the host, with what was read before and after.", sayStepDone),
	row(FamilyFailover, "step-failed", "An attempt at a step failed or its outcome is unknown.", sayStepFailed),
	row(FamilyFailover, "held", "The run rests until a person decides.", sayHeld),
	row(FamilyFailover, "resumed", "A named person decided a held run.", sayResumed),
	row(FamilyFailover, "instructed", "A ticket or a deadline tells the run to clean up, to commit or to cancel.", sayInstructed),
	row(FamilyFailover, "awaiting-cleanup", "The test VM is up, until a cleanup ticket or the deadline.", sayAwaitingCleanup),
	row(FamilyFailover, "awaiting-commit", "The replica runs and can still be undone, until a commit ticket or the window's end.", sayAwaitingCommit),
	row(FamilyFailover, "committed", "The failover was completed; it can no longer be undone.", sayCommitted),
	row(FamilyFailover, "cancelled", "The run was undone on request.", sayFailoverCancelled),
	row(FamilyFailover, "succeeded", "The run did what was asked, with measured RTO and data loss.", saySucceeded),
	row(FamilyFailover, "failed", "The run ended without what was asked.", sayFailed),
	row(FamilyFailover, "fenced", "An old primary that came back was fenced.", sayFenced),
}

// Catalogue lists every event type.
func Catalogue() []Entry { return append([]Entry(nil), catalogue...) }

// EntryByType finds an event type by its CloudEvents type.
func EntryByType(ceType string) (Entry, bool) {
	for _, e := range catalogue {
		if e.Type == ceType {
			return e, true
		}
	}
	return Entry{}, false
}

// EntryOf finds the event type of a data struct or a pointer to one.
func EntryOf(data any) (Entry, bool) {
	t := reflect.TypeOf(data)
	if t == nil {
		return Entry{}, false
	}
	if t.Kind() != reflect.Pointer {
		t = reflect.PointerTo(t)
	}
	for _, e := range catalogue {
		if reflect.TypeOf(e.New()) == t {
			return e, true
		}
	}
	return Entry{}, false
}

// ShortName is the last part of a CloudEvents type: "step-done" of
// io.lifeboat.failover.step-done.v1; "" for a foreign type.
func ShortName(ceType string) string {
	parts := strings.Split(ceType, ".")
	if len(parts) != 5 || parts[0] != "io" || parts[1] != root {
		return ""
	}
	return parts[3]
}
