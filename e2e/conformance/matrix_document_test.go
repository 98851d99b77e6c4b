package conformance_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"lifeboat.io/pkg/hyperv"
)

var (
	write = flag.Bool("write", false, "write docs/faults.md anew, from what the whole matrix came to")
	only  = flag.String("only", "", "meet only the faults of docs/faults.md with this in their name")
)

// results are outcomes by row and column, as the document writes them.
type results map[string]map[string]string

func (r results) put(d disturbance, v verb, o outcome) {
	row := r[d.key()]
	if row == nil {
		row = map[string]string{}
		r[d.key()] = row
	}
	row[v.name] = o.text(v.effect)
}

// text is an outcome in a cell.
func (o outcome) text(effect bool) string {
	happened := fmt.Sprint(o.Happened)
	if o.Happened < 0 {
		happened = "?"
	}
	if !effect || o.Class == "ok" {
		return o.Class
	}
	return o.Class + " · " + happened
}

// compare holds what was met against the document, or writes that.
func compare(t *testing.T, met results) {
	if *write {
		if testing.Short() || *only != "" {
			t.Fatal("-write needs the whole matrix: leave -short and -only out")
		}
		if err := os.WriteFile(document, []byte(page(met)), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	text, err := readDocument()
	if err != nil {
		t.Fatal(err)
	}
	told := parsePage(text)
	for _, d := range disturbances {
		for _, name := range slices.Sorted(maps.Keys(met[d.key()])) {
			if got, want := met[d.key()][name], told[d.key()][name]; got != want {
				t.Errorf("%s: %s came to %q, docs/faults.md says %q", d.key(), name, got, want)
			}
		}
	}
	if !testing.Short() && *only == "" && text != page(met) {
		t.Error("docs/faults.md is not what -write would write: go test -run TestEveryFault ./e2e/conformance -write")
	}
}

const head = `# What a caller is told when things go wrong

Generated from what happened: make faults. Each cell is one call of one verb of
hyperv.Host over WinRM, by a client of its own, on a pair of lab hosts of its
own, with one fault. The test that writes this page is e2e/conformance; it fails
when a cell comes to something else than is written here.

A cell says what the caller was told:

| word | what it promises |
|---|---|
| ok | the effect is there |
| refuse | nothing happened, and trying again is pointless |
| retry | nothing happened, and a later try may do |
| hold | nothing more happens until a person has decided |
| unknown | the effect may have happened; only a look at the host tells |

The number behind a word is how often the effect really happened, by the host's
own journal, once nothing was under way any more. A question mark stands where
the fault races with the effect. "unknown" with 0 and with 1 is why a step with
that outcome is never simply tried again.

In every cell it is also checked that the call returned within its deadline (a
fault that hangs costs the deadline and not more), that no shell, process or
connection stayed behind on the host, and that the same call, made again with
the fault gone, came to its end with the effect having happened exactly once.

The side tells where the fault strikes:

| side | on the way | on the host |
|---|---|---|
| at the start | no lane to the host is open yet | the same |
| before | the request is lost | it is so before the verb is carried out |
| meanwhile | the acknowledgement of a request is lost that the host has begun with | the same |
| after | the answer to a request is lost that was carried out | it is so once the effect is there |

Where a host has lost its power, a VM that was to be started has to be started
once more, and one that was to be stopped is off: "exactly once" is not asked of
these three verbs then. That disks that merge keep replication from being changed
is an assumption, L4 in [assumptions.md](assumptions.md).
`

// page is the whole document.
func page(met results) string {
	var b strings.Builder
	b.WriteString(head)
	b.WriteString("\n## Verbs that read\n\n")
	table(&b, met, func(v verb) bool { return !v.effect })
	b.WriteString("\n## Verbs that change something\n\n")
	table(&b, met, func(v verb) bool { return v.effect })
	tellOtherWays(&b)
	tellElsewhere(&b)
	return b.String()
}

func table(b *strings.Builder, met results, shown func(verb) bool) {
	b.WriteString("| fault | side |")
	rule := "|---|---|"
	for _, v := range verbs {
		if shown(v) {
			b.WriteString(" " + v.name + " |")
			rule += "---|"
		}
	}
	b.WriteString("\n" + rule + "\n")
	for _, d := range disturbances {
		var cells []string
		for _, v := range verbs {
			if shown(v) && d.meets(v) {
				cells = append(cells, met[d.key()][v.name])
			}
		}
		if len(cells) > 0 {
			fmt.Fprintf(b, "| %s | %s |\n", d.key(), strings.Join(cells, " | "))
		}
	}
}

// parsePage reads the tables of the document back.
func parsePage(text string) results {
	all := results{}
	var columns []string
	for line := range strings.Lines(text) {
		fields := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range fields {
			fields[i] = strings.TrimSpace(fields[i])
		}
		switch {
		case len(fields) < 3:
			columns = nil
		case fields[0] == "fault" && fields[1] == "side":
			columns = fields[2:]
		case strings.HasPrefix(fields[0], "---"): // the rule below the column names
		case columns != nil && len(fields) == len(columns)+2:
			key := fields[0] + " | " + fields[1]
			if all[key] == nil {
				all[key] = map[string]string{}
			}
			for i, name := range columns {
				all[key][name] = fields[i+2]
			}
		}
	}
	return all
}

// TestTheDocumentIsReadBack: what is compared is what is written.
func TestTheDocumentIsReadBack(t *testing.T) {
	met := results{}
	for i, d := range disturbances {
		for j, v := range verbs {
			if d.meets(v) {
				met.put(d, v, outcome{Class: []string{"ok", string(hyperv.ClassUnknown), string(hyperv.ClassRetry)}[(i+j)%3], Happened: (i + j) % 2})
			}
		}
	}
	told := parsePage(page(met))
	for row, cells := range met {
		if !maps.Equal(cells, told[row]) {
			t.Errorf("%s: %v was read back as %v", row, cells, told[row])
		}
	}
	if len(told) != len(disturbances) {
		t.Errorf("%d rows were read back, want %d: two have the same name", len(told), len(disturbances))
	}
}
