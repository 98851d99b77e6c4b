package foreign

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"lifeboat.io/e2e/lab/powershell/syntax"
)

// secondOpinion asks tree-sitter's grammar of PowerShell about scripts: for
// each, whether it parses, and where not.
func secondOpinion(t *testing.T, scripts []string) []string {
	t.Helper()
	const folder = "../interop/js"
	needPrograms(t, "node")
	_, err := os.Stat(folder + "/node_modules/tree-sitter-powershell")
	need(t, err == nil, "the npm package tree-sitter-powershell (npm ci in e2e/interop/js)")
	input, err := json.Marshal(scripts)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "parse-powershell.mjs")
	cmd.Dir, cmd.Stdin = folder, bytes.NewReader(input)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	var places []*struct{ Row, Column int }
	if err := json.Unmarshal(out, &places); err != nil || len(places) != len(scripts) {
		t.Fatalf("%d answers for %d scripts: %v", len(places), len(scripts), err)
	}
	opinions := make([]string, len(places))
	for i, p := range places {
		if p != nil {
			opinions[i] = fmt.Sprintf("%d:%d", p.Row, p.Column)
		}
	}
	return opinions
}

// TestGrammarsAgreeOnOurScripts: what lifeboat sends to hosts parses for both.
func TestGrammarsAgreeOnOurScripts(t *testing.T) {
	paths, err := filepath.Glob("../../pkg/hyperv/winrm/script/*.ps1")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	var scripts []string
	for _, p := range paths {
		text, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		scripts = append(scripts, string(text))
	}
	for i, where := range secondOpinion(t, scripts) {
		if where != "" {
			t.Errorf("%s:%s: tree-sitter does not understand it", paths[i], where)
		}
		if _, err := syntax.Parse(paths[i], scripts[i]); err != nil {
			t.Errorf("%v", err)
		}
	}
}

// broken are scripts PowerShell does not parse.
var broken = []string{
	"if (", "if ($x) {", "{ 1", "1)", "foreach ($x in) { }", "$x = ", "function { }", "'open", `"open $(1`, "@'\nopen", "while { }",
	"param($x", "switch (1) { 1 }", "1 + ", "$a[", "@{ a = }", "try { 1 }", "do { 1 }", "} 1",
	"a && b", "a &", "$a ? 1 : 2", "5 = 3", "@{ a = 1; A = 2 }", "1 | 2", "x |", "$x.", "f(1", "[int", "a > b > c", "<# x", "foreach (x in y) { }", "$x = 1 2",
}

// corpus are the scripts of the lab's own test data by name: a case by its own,
// a line of a transcript by its text.
func corpus(t *testing.T) map[string]string {
	t.Helper()
	scripts := map[string]string{}
	files, err := filepath.Glob("../lab/powershell/*/testdata/*.case")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for part := range strings.SplitSeq("\n"+string(text), "\n=== ") {
			name, rest, found := strings.Cut(part, "\n")
			script, _, cases := strings.Cut(rest, "\n--- ")
			if found && cases {
				scripts[strings.TrimSuffix(filepath.Base(file), ".case")+": "+name] = script
			}
		}
	}
	type named struct{ name, text string }
	var typed []named
	transcripts, err := filepath.Glob("../lab/cmdlets/testdata/*.transcript")
	if err != nil || len(transcripts) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, file := range transcripts {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.SplitSeq(string(text), "\n") {
			host, script, found := strings.Cut(line, "> ")
			switch {
			case strings.HasPrefix(line, ">> "):
				typed[len(typed)-1].text += "\n" + line[len(">> "):]
			case found && len(host) == len("p1"):
				typed = append(typed, named{strings.TrimSuffix(filepath.Base(file), ".transcript") + ": " + script, script})
			}
		}
	}
	for _, script := range typed {
		name := script.name
		for n := 2; scripts[name] != "" && scripts[name] != script.text; n++ {
			name = fmt.Sprintf("%s (%d)", script.name, n) // begins like another and goes on differently
		}
		scripts[name] = script.text
	}
	for _, script := range broken {
		scripts[brokenName+strings.ReplaceAll(script, "\n", " ")] = script
	}
	return scripts
}

// brokenName begins the names of broken scripts.
const brokenName = "broken: "

var rewriteAccounts = flag.Bool("rewrite", false, "write the differences of the grammars into testdata/grammar.txt; review the difference")

// TestGrammarsAgreeOnTheCorpus: a script parses for both, or for neither, but
// for those accounted for in testdata/grammar.txt, each by its name, the place
// of the first error and the constructs that explain it wholly.
func TestGrammarsAgreeOnTheCorpus(t *testing.T) {
	if testing.Short() {
		t.Skip("the grammar is slow")
	}
	scripts := corpus(t)
	found, agreed := account(t, scripts)
	if *rewriteAccounts {
		writeAccounts(t, found)
	}
	accounts := readAccounts(t)
	for name, is := range found {
		switch said, listed := accounts.cases[name]; {
		case is.reasons == "":
			t.Errorf("%s:\n%s\nnew disagreement at %s that no known construct explains: the lab says %v", name, scripts[name], is.where, is.err)
		case !listed:
			t.Errorf("new disagreement; add it with -rewrite if its reason is right:\n=== %s\n%s %s", is.reasons, is.where, name)
		case said != (entry{is.where, is.reasons}):
			t.Errorf("%s: testdata/grammar.txt says %s at %s, it is %s at %s", name, said.reasons, said.where, is.reasons, is.where)
		}
	}
	for name := range accounts.cases {
		switch _, differ := found[name]; {
		case scripts[name] == "":
			t.Errorf("there is no script %q any more; remove it from testdata/grammar.txt", name)
		case !differ:
			t.Errorf("%q agrees now; remove it from testdata/grammar.txt", name)
		}
	}
	t.Logf("they agree on %d scripts of %d; %d differences are accounted for", agreed, len(scripts), len(found))
}

// TestDefectsOfTheGrammar: every construct by which differences are explained
// fails in the smallest script that has it, and parses when it is written
// another way.
func TestDefectsOfTheGrammar(t *testing.T) {
	accounts := readAccounts(t)
	if testing.Short() {
		t.Skip("the grammar is slow")
	}
	var texts []string
	for _, d := range defects {
		text, listed := accounts.smallest[d.name]
		if !listed {
			t.Fatalf("testdata/grammar.txt has no smallest script of %q", d.name)
		}
		texts = append(texts, text, mended(t, text, d))
	}
	for i, where := range secondOpinion(t, texts) {
		switch {
		case i%2 == 0 && where == "":
			t.Errorf("%s: tree-sitter understands %q now; remove the construct", defects[i/2].name, texts[i])
		case i%2 == 1 && where != "":
			t.Errorf("%s: tree-sitter does not understand %q either, at %s", defects[i/2].name, texts[i], where)
		}
	}
}
