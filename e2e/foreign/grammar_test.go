package foreign

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
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
}

// falseAlarms are forms of PowerShell that tree-sitter's grammar is known not
// to understand.
var falseAlarms = map[string]*regexp.Regexp{
	"words in a list, without quotes":                    regexp.MustCompile(`[A-Za-z]\w*[*]?\s*,\s*[A-Za-z*@]`),
	"a digit in a parameter's name":                      regexp.MustCompile(` -[A-Za-z]+[0-9]`),
	"something behind param() on its line":               regexp.MustCompile(`(?i)\bparam\s*\(.*\)[ \t]*[^\s]`),
	"the label of a break or continue":                   regexp.MustCompile(`(?i)\b(break|continue) [a-z]`),
	"several clauses of a switch on one line":            regexp.MustCompile(`(?i)\bswitch\b.*\{.*\{.*\}.*\{.*\}`),
	"a member of a number with a fraction or of a block": regexp.MustCompile(`(\d\.\d+|\})\.[A-Z]`),
	"a block as the argument of a method":                regexp.MustCompile(`\w\(\{`),
	"a multiplier behind an operator":                    regexp.MustCompile(`[-+*/] \d+[kmgtp][bB]?|[-+*/] \d+[KMGTP]B|\d[ld]\b`),
	"typographic quotes and dashes":                      regexp.MustCompile(`[\x{2013}-\x{2015}\x{2018}-\x{201E}]`),
	"a member of a cast variable":                        regexp.MustCompile(`\][ ]?\$[A-Za-z_]+\.[A-Za-z]`),
	"a typed list, dictionary or set":                    regexp.MustCompile(`\[[A-Za-z.]+\[[A-Za-z, .]+\]\]`),
}

// passed are errors its grammar lets pass.
var passed = []string{"try { 1 }", "\"he said \u201dhi\u201d\" -eq 'x'"}

// corpus are the scripts of the lab's own test data by name.
func corpus(t *testing.T) map[string]string {
	t.Helper()
	scripts := map[string]string{}
	files, err := filepath.Glob("../lab/powershell/console/testdata/*.case")
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
	transcripts, err := filepath.Glob("../lab/cmdlets/testdata/*.transcript")
	if err != nil || len(transcripts) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, file := range transcripts {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := ""
		for line := range strings.SplitSeq(string(text), "\n") {
			host, script, found := strings.Cut(line, "> ")
			switch {
			case strings.HasPrefix(line, ">> "):
				scripts[name] += "\n" + line[len(">> "):]
			case found && len(host) == len("p1"):
				name = fmt.Sprintf("%s: %.80s", strings.TrimSuffix(filepath.Base(file), ".transcript"), script)
				scripts[name] = script
			}
		}
	}
	for _, script := range broken {
		scripts["broken: "+script] = script
	}
	return scripts
}

// TestGrammarsAgreeOnTheCorpus: a script parses for both, or for neither, but
// for the forms tree-sitter's grammar is known not to understand, and for what
// the lab leaves out on purpose.
func TestGrammarsAgreeOnTheCorpus(t *testing.T) {
	if testing.Short() {
		t.Skip("the grammar is slow")
	}
	scripts := corpus(t)
	names := slices.Sorted(maps.Keys(scripts))
	texts := make([]string, len(names))
	for i, name := range names {
		texts[i] = scripts[name]
	}
	agreed, alarms := 0, 0
	for i, where := range secondOpinion(t, texts) {
		_, err := syntax.Parse("", texts[i])
		isBroken := strings.HasPrefix(names[i], "broken: ")
		switch {
		case isBroken && err == nil:
			t.Errorf("the lab parses %q", texts[i])
		case err == nil && where != "" && falseAlarm(texts[i]):
			alarms++
		case err != nil && where == "" && (slices.Contains(passed, strings.TrimSpace(texts[i])) || !isBroken && strings.Contains(err.Error(), "UnsupportedConstruct")):
			alarms++
		case (err == nil) != (where == ""):
			t.Errorf("%s:\n%s\nthe lab says %v, tree-sitter %q", names[i], texts[i], err, where)
		default:
			agreed++
		}
	}
	t.Logf("they agree on %d scripts of %d, and are known to differ on %d", agreed, len(names), alarms)
}

// falseAlarm tells whether a script has a form tree-sitter does not understand.
func falseAlarm(script string) bool {
	for _, form := range falseAlarms {
		if form.MatchString(script) {
			return true
		}
	}
	return false
}
