package trace

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// Trace is what is known of one trace.
type Trace struct {
	// ID is its id, in hexadecimal.
	ID string
	// Spans are its spans by id. A span that was told twice is there once.
	Spans map[string]Span
}

// Span is one span.
type Span struct {
	// ID is its id, in hexadecimal.
	ID string
	// Service made it.
	Service string
	// Name says what it spans.
	Name string
	// Start and End are its times, to the microsecond.
	Start, End time.Time
	// Refs lead to what caused it: its parent, and what it follows from.
	Refs []Ref
	// Tags are its attributes, as text.
	Tags map[string]string
}

// Ref leads from a span to another one, of this trace or another.
type Ref struct {
	// Trace and Span are the ids it leads to.
	Trace, Span string
	// Parent tells a parent from a link.
	Parent bool
}

// Names of the attributes that are read here.
const (
	TagVM      = "lifeboat.vm"
	TagHost    = "lifeboat.host"
	TagKind    = "lifeboat.kind"
	TagOutcome = "lifeboat.outcome"
	TagEvent   = "lifeboat.event"
	TagStep    = "lifeboat.step"
	TagTicket  = "messaging.message.conversation_id"
)

// Sorted are the spans that a condition holds for, in order of their
// beginning; nil means all.
func (t Trace) Sorted(is func(Span) bool) []Span {
	var out []Span
	for _, s := range t.Spans {
		if is == nil || is(s) {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b Span) int {
		return cmp.Or(a.Start.Compare(b.Start), b.End.Compare(a.End), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// Services names who made the spans, in order of the names.
func (t Trace) Services() []string {
	seen := map[string]bool{}
	for _, s := range t.Spans {
		seen[s.Service] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

// Roots are the spans that nothing in this trace caused.
func (t Trace) Roots() []Span {
	return t.Sorted(func(s Span) bool { return len(t.within(s)) == 0 })
}

// within are the references that stay in the trace, whether what they lead to
// is known or not.
func (t Trace) within(s Span) []Ref {
	var out []Ref
	for _, r := range s.Refs {
		if r.Trace == t.ID {
			out = append(out, r)
		}
	}
	return out
}

// Unreached are the spans from which no chain of parents and links leads to a
// root: something on the way is missing.
func (t Trace) Unreached() []Span {
	reached := map[string]bool{}
	for _, s := range t.Roots() {
		reached[s.ID] = true
	}
	for found := true; found; {
		found = false
		for _, s := range t.Spans {
			if !reached[s.ID] && slices.ContainsFunc(t.within(s), func(r Ref) bool { return reached[r.Span] }) {
				reached[s.ID], found = true, true
			}
		}
	}
	return t.Sorted(func(s Span) bool { return !reached[s.ID] })
}

// Children are the spans whose parent is the given one, or that follow from it
// when no parent of theirs is known.
func (t Trace) Children(of Span) []Span {
	return t.Sorted(func(s Span) bool { return t.parent(s) == of.ID && s.ID != of.ID })
}

// parent is the id of the span under which a span is told; "" for none.
func (t Trace) parent(s Span) string {
	id := ""
	for _, r := range t.within(s) {
		if _, known := t.Spans[r.Span]; known && (r.Parent || id == "") {
			id = r.Span
			if r.Parent {
				break
			}
		}
	}
	return id
}

// Gap is a time that no span accounts for.
type Gap struct{ From, To time.Time }

// Gaps are the times between from and to that none of the spans covers.
func Gaps(spans []Span, from, to time.Time) []Gap {
	ordered := slices.SortedFunc(slices.Values(spans), func(a, b Span) int { return a.Start.Compare(b.Start) })
	var gaps []Gap
	for _, s := range ordered {
		if s.Start.After(from) && from.Before(to) {
			gaps = append(gaps, Gap{from, earlier(s.Start, to)})
		}
		if s.End.After(from) {
			from = s.End
		}
	}
	if from.Before(to) {
		gaps = append(gaps, Gap{from, to})
	}
	return gaps
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// Tickets are the aggregate ids of the tickets that spans of the trace are about.
func (t Trace) Tickets() []string {
	seen := map[string]bool{}
	for _, s := range t.Spans {
		if id := s.Tags[TagTicket]; id != "" {
			seen[id] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// IsStretch reports whether a span accounts for time between two events of a
// ticket or a run, as opposed to the work done in it.
func (s Span) IsStretch() bool { return s.Tags[TagEvent] != "" || s.Name == "answer ticket" }

// IsRequest reports whether a span is one HTTP request to a host.
func (s Span) IsRequest() bool { return strings.HasPrefix(s.Name, "winrm ") }

// IsCall reports whether a span is one verb asked of a host.
func (s Span) IsCall() bool { return strings.HasPrefix(s.Name, "hyperv ") }
