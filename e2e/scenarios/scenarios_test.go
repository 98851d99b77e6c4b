package scenarios

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lifeboat.io/services/failover-executor/simulation"
)

var rewrite = flag.Bool("rewrite", false, "write the golden traces anew")

// line stands between a script and its trace.
const line = "\n----\n"

func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			script, golden, _ := strings.Cut(string(raw), line)
			trace, err := simulation.Play(script)
			if err != nil {
				t.Fatalf("%v\nafter\n%s", err, trace)
			}
			if *rewrite {
				if err := os.WriteFile(file, []byte(strings.TrimRight(script, "\n")+line+trace), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if trace != golden {
				t.Errorf("the trace differs; read it, then -rewrite if it is right\n got:\n%s\nwant:\n%s", trace, golden)
			}
		})
	}
}

// TestScenariosAreReproducible: a trace that is not the same twice proves nothing.
func TestScenariosAreReproducible(t *testing.T) {
	const script = "fault reply-lost r1 FailOver\nticket T-1 planned\nwait succeeded\ntruth\n"
	first, err := simulation.Play(script)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := simulation.Play(script); err != nil || first != second {
		t.Errorf("%v\n%s\n%s", err, first, second)
	}
}

// TestScriptsAreChecked: a slip in a script is an error, not a scenario that
// proves less than it says.
func TestScriptsAreChecked(t *testing.T) {
	for script, want := range map[string]string{
		"tickets T-1 planned":                 `line 1: "tickets" is no verb`,
		"\nticket T-1":                        "line 2: ticket: 1 words are missing",
		`ticket T-1 planned reason="unclosed`: "line 1: a quote is not closed",
		"ticket T-1 planned soon":             `line 1: "soon": want key=value`,
		"host p9 kill":                        "line 1: action kill",
		"fault gremlins p1":                   "line 1: fault: kind",
		"wait succeeded":                      "line 1: nothing more happens",
		"hand wave":                           `line 1: hand: "wave"`,
	} {
		if _, err := simulation.Play(script); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %s…", script, err, want)
		}
	}
}
