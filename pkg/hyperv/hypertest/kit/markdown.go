package kit

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Markdown is the report for people.
func (r *Report) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Hyper-V answers: %s\n\n%s to %s.", r.Outcome, r.Began.UTC().Format(time.RFC3339), r.Ended.UTC().Format(time.RFC3339))
	if r.Why != "" {
		b.WriteString(" " + r.Why)
	}
	b.WriteString("\n\n| host | address | computer | Windows PowerShell | Hyper-V module |\n|---|---|---|---|---|\n")
	for _, h := range r.Hosts {
		fmt.Fprintf(&b, "| %s | %s (%s, %s) | %s | %s | %s |\n", cell(h.Name), cell(h.Address), h.Transport, h.Auth, cell(h.Info.FQDN), cell(h.Info.PowerShell), cell(h.Info.Module))
	}
	list(&b, "Left over: look after these by hand", r.LeftOver)
	b.WriteString("\n## Assumptions\n\nThe ids are those of docs/assumptions.md.\n\n| # | verdict | evidence |\n|---|---|---|\n")
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", f.ID, f.Verdict, cell(strings.Join(f.Evidence, "\n")))
	}
	if len(r.Differences) == 0 {
		b.WriteString("\n## Differences from the lab\n\nNone: every answer compared is the lab's.\n")
	}
	list(&b, "Differences from the lab", r.Differences)
	r.caseTable(&b)
	r.durations(&b)
	r.errors(&b)
	return b.String()
}

func list(b *strings.Builder, title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(b, "\n## %s\n\n", title)
	for _, l := range lines {
		fmt.Fprintf(b, "- %s\n", oneLine(l))
	}
}

func (r *Report) caseTable(b *strings.Builder) {
	b.WriteString("\n## Cases\n\n| VM | case | outcome | took | |\n|---|---|---|---|---|\n")
	for _, c := range r.Cases {
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", cell(c.VM), c.Name, c.Outcome, took(c.Millis), cell(strings.Join(c.Messages, "\n")))
	}
}

// durations are how long each verb took that acted.
func (r *Report) durations(b *strings.Builder) {
	all := map[string][]int64{}
	r.calls("", "", func(_ *CaseReport, c *Call) {
		if c.Error == nil && (c.Acted || !c.Changes) {
			name := c.Verb
			if c.Verb == "ask" {
				name += " " + c.Arguments
			}
			all[name] = append(all[name], c.Millis)
		}
	})
	b.WriteString("\n## How long things took\n\n| verb | times | least | median | most |\n|---|---|---|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(all)) {
		times := all[name]
		slices.Sort(times)
		fmt.Fprintf(b, "| %s | %d | %s | %s | %s |\n", cell(name), len(times), took(times[0]), took(times[len(times)/2]), took(times[len(times)-1]))
	}
}

// errors are the errors of hosts, each once, word for word. What lifeboat
// itself refused is in report.json.
func (r *Report) errors(b *strings.Builder) {
	seen := map[CallError]int{}
	r.calls("", "", func(_ *CaseReport, c *Call) {
		if c.Error != nil && c.Error.Category != "" {
			seen[*c.Error]++
		}
	})
	if len(seen) == 0 {
		return
	}
	all := slices.SortedFunc(maps.Keys(seen), func(a, b CallError) int {
		return cmp.Or(cmp.Compare(a.FullyQualifiedErrorID, b.FullyQualifiedErrorID), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message))
	})
	b.WriteString("\n## Errors, word for word\n\n| times | FullyQualifiedErrorId or code | category | HResult | message |\n|---|---|---|---|---|\n")
	for _, e := range all {
		id := e.Code
		if e.FullyQualifiedErrorID != "" {
			id = e.FullyQualifiedErrorID
		}
		fmt.Fprintf(b, "| %d | %s | %s | 0x%08X | %s |\n", seen[e], cell(id), cell(e.Category), uint32(e.HResult), cell(e.Message))
	}
}

func took(millis int64) string { return (time.Duration(millis) * time.Millisecond).String() }

// cell is text within a table: what hosts say must not end the cell.
func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "\r\n", "<br>", "\n", "<br>", "<VM", "&lt;VM", "<primary", "&lt;primary", "<replica", "&lt;replica",
		"<adapter", "&lt;adapter", "<test switch", "&lt;test switch").Replace(s)
}

func oneLine(s string) string { return strings.NewReplacer("\r", " ", "\n", " ").Replace(s) }
