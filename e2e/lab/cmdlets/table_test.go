package cmdlets

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"lifeboat.io/e2e/lab/powershell"
)

var rewriteTable = flag.Bool("rewrite-table", false, "write CMDLETS.md anew; review the difference")

const tableHead = `# The cmdlets of a host

Written by ` + "`go test ./lab/cmdlets -run TestTable -rewrite-table`" + ` from what the models take and what is published.

Every parameter set that is published is bound as published. A set is *carried out* when its mandatory parameters
are, and one at least of those that make it a set of its own.
What is given and not carried out fails by name, with the error id ` + "`NotSupportedByLab`" + `; so does every cmdlet of the last list.
` + "`ComputerName`" + ` may name the host itself; another one is refused, because a remote session has no credentials to hand on.
` + "`CimSession` and `Credential`" + ` are not carried out anywhere. The common parameters, ` + "`WhatIf` and `Confirm`" + ` are, wherever they are published.

| cmdlet | sets carried out | sets not carried out | parameters not carried out |
|---|---|---|---|
`

// everywhere are parameters the head speaks of.
var everywhere = []string{"ComputerName", "CimSession", "Credential", "WhatIf", "Confirm"}

// row is what the table says of a cmdlet that is modelled.
func row(name string, m *model) string {
	taken := append(strings.Fields(m.takes), everywhere...)
	var done, undone []string
	refused := map[string]bool{}
	sets := metadata().Cmdlets[name].ParameterSets
	for _, set := range slices.Sorted(maps.Keys(sets)) {
		whole := true
		own, ownTaken := 0, 0 // parameters that make the set what it is
		for parameter, p := range sets[set] {
			takes := slices.Contains(taken, parameter)
			if !takes {
				refused[parameter] = true
				whole = whole && !p.Mandatory
			}
			if !inAll(sets, parameter) && !slices.Contains(everywhere, parameter) {
				own++
				if takes {
					ownTaken++
				}
			}
		}
		if whole && (own == 0 || ownTaken > 0) {
			done = append(done, set)
		} else {
			undone = append(undone, set)
		}
	}
	return fmt.Sprintf("| %s | %s | %s | %s |\n", name, strings.Join(done, ", "), strings.Join(undone, ", "), strings.Join(slices.Sorted(maps.Keys(refused)), ", "))
}

// inAll tells whether every set has a parameter.
func inAll(sets map[string]map[string]powershell.ParameterSpec, parameter string) bool {
	for _, set := range sets {
		if _, has := set[parameter]; !has {
			return false
		}
	}
	return true
}

func TestTable(t *testing.T) {
	var b strings.Builder
	b.WriteString(tableHead)
	for _, name := range Modelled() {
		b.WriteString(row(name, models[name]))
	}
	b.WriteString("\nNot modelled:")
	for _, name := range notModelled {
		b.WriteString("\n- " + name)
	}
	b.WriteString("\n")
	const file = "CMDLETS.md"
	if *rewriteTable {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	is, err := os.ReadFile(file)
	if err != nil || string(is) != b.String() {
		t.Errorf("%s is not what the models say (%v); write it anew with -rewrite-table", file, err)
	}
}

// replicationCmdlets are the published cmdlets of replication.
func replicationCmdlets() (all []string) {
	for _, name := range Published() {
		if strings.Contains(name, "VMReplication") || strings.Contains(name, "VMInitialReplication") || strings.Contains(name, "VMFailover") || strings.Contains(name, "FailoverConfiguration") {
			all = append(all, name)
		}
	}
	return all
}

// TestEveryReplicationCmdletIsDocumented: each has its section of examples.
func TestEveryReplicationCmdletIsDocumented(t *testing.T) {
	text, err := os.ReadFile("testdata/documented.transcript")
	if err != nil {
		t.Fatal(err)
	}
	var sections []string
	for line := range strings.SplitSeq(string(text), "\n") {
		if name, found := strings.CutPrefix(line, "=== "); found {
			sections = append(sections, name)
		}
	}
	if want := replicationCmdlets(); !slices.Equal(sections, want) {
		t.Errorf("there are examples of\n%v\nand cmdlets\n%v", sections, want)
	}
	for _, name := range replicationCmdlets() {
		if models[name] == nil {
			t.Errorf("%s is not modelled", name)
		}
	}
}
