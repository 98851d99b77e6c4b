package events

import "fmt"

// Reason says why something is refused and what would make it acceptable.
type Reason struct {
	// Code names the rule that was broken, for programs: kebab-case, stable.
	Code string `json:"code"`
	// Field is the field of the request or the place on the host that is wrong, such as "vms[0].name".
	Field string `json:"field"`
	// Value is what was found there, as text; cut at 200 characters.
	Value string `json:"value"`
	// Problem is what is wrong with it, for a person.
	Problem string `json:"problem"`
	// Fix is what would make the request acceptable.
	Fix string `json:"fix"`
}

// maxReasonValue bounds how much of a refused value is echoed, in characters.
const maxReasonValue = 200

// NewReason builds a Reason, cutting an overlong value.
func NewReason(code, field, value, problem, fix string) Reason {
	if runes := []rune(value); len(runes) > maxReasonValue {
		value = string(runes[:maxReasonValue]) + "…"
	}
	return Reason{Code: code, Field: field, Value: value, Problem: problem, Fix: fix}
}

// String is the reason as one line.
func (r Reason) String() string {
	if r.Value == "" {
		return fmt.Sprintf("%s: %s; %s", r.Field, r.Problem, r.Fix)
	}
	return fmt.Sprintf("%s %q: %s; %s", r.Field, r.Value, r.Problem, r.Fix)
}
