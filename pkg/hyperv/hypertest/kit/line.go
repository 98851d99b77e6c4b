package kit

import (
	"fmt"
	"slices"
	"strings"

	"lifeboat.io/pkg/hyperv"
)

// line is a call as it is compared: who was asked what, and what it came to,
// without times, texts in a host's language and names of one site. Empty for
// readings that went well, of which there are as many as patience needs.
func (c *Call) line() string {
	if c.CleanUp || !c.Changes && c.Error == nil && c.Verb != "FindVM" {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", c.Side, c.Verb)
	if c.Arguments != "" {
		fmt.Fprintf(&b, " (%s)", c.Arguments)
	}
	b.WriteString(": " + c.came())
	if at := c.states(); at != "" {
		b.WriteString("; " + at)
	}
	return b.String()
}

// came is what a call came to.
func (c *Call) came() string {
	switch e := c.Error; {
	case e == nil && c.Acted:
		return "acted"
	case e == nil && c.Changes:
		return "nothing to do"
	case e == nil:
		return "found"
	case c.Verb == "ask" && e.Class == "":
		return "failed, " + e.FullyQualifiedErrorID + ", " + e.Category
	default:
		return string(e.Class) + ", " + e.Code
	}
}

// states are what was read before and after.
func (c *Call) states() string {
	before, after := c.state(c.Before), c.state(c.After)
	switch {
	case before == "" || before == after:
		return after
	case after == "":
		return before
	}
	return before + " -> " + after
}

// state is a reading, apart from what a verb has nothing to do with.
func (c *Call) state(r *Reading) string {
	switch {
	case r == nil:
		return ""
	case !r.Present:
		return "not there"
	}
	s := fmt.Sprintf("%s %s/%s", r.Power, r.Mode, r.State)
	if r.Mode == hyperv.ModePrimary && (c.Verb == "BecomeReplica" || strings.HasPrefix(c.Arguments, string(AskReplicaOf))) {
		// Whether it has noticed that its replica was failed over is a matter of time.
		s = fmt.Sprintf("%s %s", r.Power, r.Mode)
	}
	if r.FailedOver != "" && r.FailedOver != hyperv.TypeNone {
		s += " failed over " + string(r.FailedOver)
	}
	if r.TestVM != "" {
		s += ", test VM " + string(r.TestVM)
	}
	if c.Verb == "SetAutoStart" {
		s += ", automatic start " + string(r.AutoStart)
	}
	return s
}

// lines are the comparable lines of a case.
func (c *CaseReport) lines() []string {
	var all []string
	for i := range c.Calls {
		if l := c.Calls[i].line(); l != "" {
			all = append(all, l)
		}
	}
	return all
}

// answers maps a case's name to its outcome and lines.
type answers map[string]recorded

type recorded struct {
	outcome CaseOutcome
	lines   []string
}

// caseHead begins a case in a recording.
const caseHead = "== "

// Recording is what a run answered, as text to compare others with.
func (r *Report) Recording() string {
	var b strings.Builder
	for i := range r.Cases {
		c := &r.Cases[i]
		fmt.Fprintf(&b, "%s%s: %s\n", caseHead, c.Name, c.Outcome)
		for _, l := range c.lines() {
			b.WriteString(l + "\n")
		}
	}
	return b.String()
}

// parseRecording reads what Recording wrote.
func parseRecording(text string) answers {
	all, name := answers{}, ""
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if head, is := strings.CutPrefix(line, caseHead); is {
			var outcome string
			name, outcome, _ = strings.Cut(head, ": ")
			all[name] = recorded{outcome: CaseOutcome(outcome)}
			continue
		}
		r := all[name]
		r.lines = append(r.lines, line)
		all[name] = r
	}
	return all
}

// maxDifferences bounds the differences told of one case: after the first few
// the two are simply elsewhere.
const maxDifferences = 5

// differences lists where cases answered otherwise than the recording.
func differences(cases []CaseReport, lab answers) []string {
	var all []string
	for i := range cases {
		c := &cases[i]
		known, there := lab[c.Name]
		if !there {
			all = append(all, fmt.Sprintf("%s, %s: the lab has no recording of it", c.VM, c.Name))
			continue
		}
		all = append(all, c.against(known)...)
	}
	return all
}

// against compares one case.
func (c *CaseReport) against(lab recorded) []string {
	var all []string
	where := c.VM + ", " + c.Name
	if c.Outcome != lab.outcome {
		all = append(all, fmt.Sprintf("%s: %s here, %s in the lab", where, c.Outcome, lab.outcome))
	}
	here := c.lines()
	for i := range max(len(here), len(lab.lines)) {
		h, l := at(here, i), at(lab.lines, i)
		if h == l {
			continue
		}
		all = append(all, fmt.Sprintf("%s, answer %d: here %q, in the lab %q", where, i+1, h, l))
		if len(all) >= maxDifferences {
			return append(all, where+": more follow; the report has every answer")
		}
	}
	return slices.Clip(all)
}

// at is a line, or that there is none.
func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(nothing)"
}
