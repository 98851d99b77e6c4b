package contract

import "lifeboat.io/events"

// Code names a rule that an event's form breaks. Codes are stable: programs may
// act on them. Codes of what a well-formed ticket is refused for are
// ticket-intake's.
type Code string

// The codes of reasons.
const (
	Missing       Code = "missing"
	Empty         Code = "empty"
	UnknownMember Code = "unknown-member"
	OutOfPlace    Code = "out-of-place"
	Twice         Code = "twice"
	WrongType     Code = "wrong-type"
	WrongForm     Code = "wrong-form"
	NotOneOf      Code = "not-one-of"
	OutOfRange    Code = "out-of-range"
	TooLong       Code = "too-long"
	TooMany       Code = "too-many"
	TooLarge      Code = "too-large"
	More          Code = "more"
	NotValid      Code = "not-valid"
	BadEnvelope   Code = "envelope"
	NoSchema      Code = "no-schema"
)

// Values implements events.Enum.
func (Code) Values() []events.Value {
	return []events.Value{
		{Name: string(Missing), Doc: "Something that must be there is not."},
		{Name: string(Empty), Doc: "A text, a list or an object holds nothing."},
		{Name: string(UnknownMember), Doc: "A member is not known; its value is not repeated in the reason."},
		{Name: string(OutOfPlace), Doc: "A member has no effect with the ticket's action."},
		{Name: string(Twice), Doc: "A member or an entry is there twice."},
		{Name: string(WrongType), Doc: "A value is of another JSON type than it must be."},
		{Name: string(WrongForm), Doc: "A text, or the whole data, cannot be read as what it must be."},
		{Name: string(NotOneOf), Doc: "A value is not among those that are known."},
		{Name: string(OutOfRange), Doc: "A number is too small or too large."},
		{Name: string(TooLong), Doc: "A text has too many characters."},
		{Name: string(TooMany), Doc: "A list has too many entries."},
		{Name: string(TooLarge), Doc: "The data has too many bytes; it was not read."},
		{Name: string(More), Doc: "There are more faults than are listed."},
		{Name: string(NotValid), Doc: "The data does not fit its schema in some other way."},
		{Name: string(BadEnvelope), Doc: "An attribute of an event that lifeboat wrote is wrong."},
		{Name: string(NoSchema), Doc: "The schemas cannot be used: a fault of lifeboat itself."},
	}
}

// reason builds a reason.
func reason(code Code, field, value, problem, fix string) events.Reason {
	return events.NewReason(string(code), field, value, problem, fix)
}
