package foreign

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"lifeboat.io/e2e/lab/powershell/syntax"
)

// Reasons that are no construct tree-sitter misses.
const (
	// tooLenient: PowerShell and the lab refuse it, tree-sitter lets it pass.
	tooLenient = "lets errors pass"
	// leftOut: PowerShell knows it, and the lab refuses it by name.
	leftOut = "not in the subset"
)

// edit replaces a part of a script.
type edit struct {
	syntax.Span
	text string
}

// defect is a construct of PowerShell that tree-sitter's grammar does not
// understand, and how to write the same in another way.
type defect struct {
	name string
	mend func(script string, n syntax.Node) []edit
}

// defects are told by smallest scripts and in words in testdata/grammar.txt.
var defects = []defect{
	{"words in a list", func(_ string, n syntax.Node) []edit {
		var edits []edit
		if list, ok := n.(*syntax.Array); ok {
			for _, item := range list.Items {
				if word, ok := item.(*syntax.String); ok && word.Bare {
					edits = append(edits, edit{word.Span, "'" + word.Value + "'"})
				}
			}
		}
		return edits
	}},
	{"a digit in a parameter's name", func(script string, n syntax.Node) []edit {
		if p, ok := n.(*syntax.CommandParameter); ok && p.Arg == nil {
			return []edit{{p.Span, regexp.MustCompile("[0-9]").ReplaceAllString(script[p.Start:p.End], "")}}
		}
		return nil
	}},
	{"statements behind param() of a function", func(_ string, n syntax.Node) []edit {
		if f, ok := n.(*syntax.Function); ok && f.Body.Param != nil {
			return []edit{insert(f.Body.Param.End, "\n")}
		}
		return nil
	}},
	{"the label of a break or continue", func(script string, n syntax.Node) []edit {
		if f, ok := n.(*syntax.Flow); ok && f.Label != nil {
			at := f.Label.Extent()
			return []edit{{at, "'" + script[at.Start:at.End] + "'"}}
		}
		return nil
	}},
	{"clauses of a switch on one line", func(_ string, n syntax.Node) []edit {
		var edits []edit
		if s, ok := n.(*syntax.Switch); ok {
			for _, c := range s.Clauses {
				edits = append(edits, insert(c.Body.End, ";"))
			}
		}
		return edits
	}},
	{"a method named like a keyword", func(_ string, n syntax.Node) []edit {
		if call, ok := n.(*syntax.Invoke); ok {
			if name, ok := call.Name.(*syntax.String); ok && strings.EqualFold(name.Value, "foreach") {
				return []edit{{name.Span, "Each"}}
			}
		}
		return nil
	}},
	{"an empty script block", func(_ string, n syntax.Node) []edit {
		if b, ok := n.(*syntax.BlockExpr); ok && b.Block.Begin == nil && b.Block.Process == nil && b.Block.Param == nil && (b.Block.End == nil || len(b.Block.End.Stmts) == 0) {
			return []edit{{b.Span, "{ 1 }"}}
		}
		return nil
	}},
	{"a member of a number", func(_ string, n syntax.Node) []edit {
		var target syntax.Expr
		switch n := n.(type) {
		case *syntax.Invoke:
			target = n.Target
		case *syntax.Member:
			target = n.Target
		}
		if number, ok := target.(*syntax.Constant); ok {
			return []edit{insert(number.Start, "("), insert(number.End, ")")}
		}
		return nil
	}},
	{"the suffix of a number in capitals", func(script string, n syntax.Node) []edit {
		if number, ok := n.(*syntax.Constant); ok {
			return []edit{{number.Span, strings.ToLower(script[number.Start:number.End])}}
		}
		return nil
	}},
	{"a number sign in a string", func(script string, n syntax.Node) []edit {
		var at syntax.Span
		switch n := n.(type) {
		case *syntax.String:
			at = n.Span
		case *syntax.Expandable:
			at = n.Span
		}
		var edits []edit
		for i := at.Start; i < at.End && script[at.Start] == '"'; i++ {
			if script[i] == '#' {
				edits = append(edits, edit{syntax.Span{Start: i, End: i + 1}, "+"})
			}
		}
		return edits
	}},
	{"typographic quotes and dashes", func(script string, n syntax.Node) []edit {
		var edits []edit
		if b, ok := n.(*syntax.ScriptBlock); ok && b.Start == 0 {
			for i, r := range script {
				at := syntax.Span{Start: i, End: i + len(string(r))}
				switch {
				case r < 128:
				case syntax.IsDash(r):
					edits = append(edits, edit{at, "-"})
				case syntax.IsSingleQuote(r):
					edits = append(edits, edit{at, "'"})
				case syntax.IsDoubleQuote(r):
					edits = append(edits, edit{at, `"`})
				}
			}
		}
		return edits
	}},
}

func insert(at int, text string) edit { return edit{syntax.Span{Start: at, End: at}, text} }

// mended is a script without some constructs.
func mended(t *testing.T, script string, without ...defect) string {
	t.Helper()
	block, err := syntax.Parse("", script)
	if err != nil {
		t.Fatalf("%q: %v", script, err)
	}
	var edits []edit
	syntax.Walk(block, func(n syntax.Node) bool {
		for _, d := range without {
			edits = append(edits, d.mend(script, n)...)
		}
		return true
	})
	slices.SortStableFunc(edits, func(a, b edit) int { return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End)) })
	var sb strings.Builder
	done := 0
	for _, e := range edits {
		if e.Start < done {
			continue // the same construct, reached twice
		}
		sb.WriteString(script[done:e.Start] + e.text)
		done = e.End
	}
	text := sb.String() + script[done:]
	if _, err := syntax.Parse("", text); err != nil {
		t.Fatalf("%q was mended to %q: %v", script, text, err)
	}
	return text
}

// difference is a script the two grammars judge differently: where, and what
// explains it, nothing when it cannot be explained.
type difference struct {
	where, reasons string
	err            error // the lab's
}

// account finds the scripts on which the grammars differ. A false alarm is
// explained by the fewest constructs without which tree-sitter understands the
// whole script, so that none hides another.
func account(t *testing.T, scripts map[string]string) (found map[string]difference, agreed int) {
	t.Helper()
	names := slices.Sorted(maps.Keys(scripts))
	texts := make([]string, len(names))
	for i, name := range names {
		texts[i] = scripts[name]
	}
	found = map[string]difference{}
	var alarms, tries []string
	without := map[string][]int{} // a false alarm's place in tries, and by construct that of the try that has it only
	for i, where := range secondOpinion(t, texts) {
		_, err := syntax.Parse("", texts[i])
		var refused *syntax.Error
		switch isBroken := strings.HasPrefix(names[i], brokenName); {
		case isBroken && err == nil:
			t.Errorf("the lab parses %q", texts[i])
		case (err == nil) == (where == ""):
			agreed++
		case err == nil:
			found[names[i]] = difference{where: where}
			alarms = append(alarms, names[i])
			all := mended(t, texts[i], defects...)
			places := []int{len(tries)}
			tries = append(tries, all)
			for j := range defects {
				but := mended(t, texts[i], slices.Delete(slices.Clone(defects), j, j+1)...)
				if but == all { // the script has no such construct
					places = append(places, -1)
					continue
				}
				places = append(places, len(tries))
				tries = append(tries, but)
			}
			without[names[i]] = places
		case errors.As(err, &refused):
			at := refused.Source.Position(refused.Span.Start)
			reason := tooLenient
			if refused.ID == syntax.UnsupportedConstruct {
				reason = leftOut
			}
			found[names[i]] = difference{fmt.Sprintf("%d:%d", at.Line, at.Column), reason, err}
		default:
			t.Fatalf("%s: %v", names[i], err)
		}
	}
	opinions := secondOpinion(t, tries)
	for _, name := range alarms {
		places := without[name]
		if rest := opinions[places[0]]; rest != "" {
			t.Logf("%s: without all known constructs still an error at %s", name, rest)
			continue
		}
		var reasons []string
		for j, d := range defects {
			if at := places[1+j]; at >= 0 && opinions[at] != "" {
				reasons = append(reasons, d.name)
			}
		}
		found[name] = difference{where: found[name].where, reasons: strings.Join(reasons, " + ")}
	}
	return found, agreed
}

// accounts are what testdata/grammar.txt says.
type accounts struct {
	smallest map[string]string // by defect
	cases    map[string]entry  // by the script's name
}

type entry struct{ where, reasons string }

const accountsFile = "testdata/grammar.txt"

var casePattern = regexp.MustCompile(`^[0-9]+:[0-9]+ `)

// writeAccounts writes the differences that are explained under their reasons.
// What the file says of the reasons stays.
func writeAccounts(t *testing.T, found map[string]difference) {
	t.Helper()
	text, err := os.ReadFile(accountsFile)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, _ := strings.Cut(string(text), "\n=== ")
	var reasons []string // as they come
	said := map[string]string{}
	for section := range strings.SplitSeq(rest, "\n=== ") {
		reason, lines, _ := strings.Cut(section, "\n")
		reasons = append(reasons, reason)
		for line := range strings.SplitSeq(lines, "\n") {
			if line != "" && !casePattern.MatchString(line) {
				said[reason] += line + "\n"
			}
		}
	}
	cases := map[string][]string{}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		is := found[name]
		cases[is.reasons] = append(cases[is.reasons], is.where+" "+name)
	}
	for _, reason := range slices.Sorted(maps.Keys(cases)) {
		if !slices.Contains(reasons, reason) && reason != "" {
			reasons = append(reasons, reason)
		}
	}
	out := head
	for _, reason := range reasons {
		if said[reason] != "" || len(cases[reason]) > 0 {
			out = strings.TrimRight(out, "\n") + "\n\n=== " + reason + "\n" + said[reason] + strings.Join(cases[reason], "\n")
		}
	}
	if err := os.WriteFile(accountsFile, []byte(strings.TrimRight(out, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}

func readAccounts(t *testing.T) accounts {
	t.Helper()
	const path = accountsFile
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	all := accounts{map[string]string{}, map[string]entry{}}
	reasons := ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		first, rest, _ := strings.Cut(line, " ")
		switch _, twice := all.cases[rest]; {
		case line == "" || first == "#":
		case first == "===":
			reasons = rest
		case first == "smallest":
			all.smallest[reasons] = rest
		case reasons == "" || !casePattern.MatchString(line):
			t.Fatalf("%s: %q is neither a comment, a reason (===), a smallest script nor line:column and a script's name", path, line)
		case twice:
			t.Fatalf("%s: %q stands there twice", path, rest)
		default:
			all.cases[rest] = entry{first, reasons}
		}
	}
	return all
}
