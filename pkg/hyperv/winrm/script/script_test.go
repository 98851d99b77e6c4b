package script_test

import (
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"lifeboat.io/pkg/hyperv/winrm/script"
)

var update = flag.Bool("update", false, "write the library's digest into bootstrap.ps1")

var digest = regexp.MustCompile(`[0-9A-F]{64}|0{64}`)

func TestBootstrapKnowsTheLibrary(t *testing.T) {
	sum := sha256.Sum256(script.Library())
	want := strings.ToUpper(hex.EncodeToString(sum[:]))
	text, err := os.ReadFile("bootstrap.ps1")
	if err != nil {
		t.Fatal(err)
	}
	found := digest.FindAll(text, -1)
	if len(found) != 1 {
		t.Fatalf("bootstrap.ps1 has %d digests, want 1", len(found))
	}
	if string(found[0]) == want {
		return
	}
	if !*update {
		t.Fatalf("bootstrap.ps1 has digest %s, the library's is %s: run go test -update in this folder", found[0], want)
	}
	if err := os.WriteFile("bootstrap.ps1", digest.ReplaceAll(text, []byte(want)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// cmd.exe takes 8,191 characters, and WinRM may run a command through it even
// when asked not to. What stands around the bootstrap is well under 300.
func TestBootstrapFitsACommandLine(t *testing.T) {
	const limit = 8191 - 300
	if n := len(script.EncodedBootstrap()); n > limit {
		t.Errorf("the encoded bootstrap has %d characters, at most %d fit", n, limit)
	}
}

var comment = regexp.MustCompile(`(?m)^\s*#.*\n`)

// scripts are the scripts by name, without their comments.
func scripts(t *testing.T) map[string]string {
	t.Helper()
	names, err := filepath.Glob("*.ps1")
	if err != nil || len(names) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	all := map[string]string{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = comment.ReplaceAllString(string(text), "")
	}
	return all
}

func TestEveryScriptIsSent(t *testing.T) {
	library := comment.ReplaceAllString(string(script.Library()), "")
	for name, text := range scripts(t) {
		if name != "bootstrap.ps1" && !strings.Contains(library, text) {
			t.Errorf("%s is not part of the library", name)
		}
	}
}

func TestScriptsKeepTheRules(t *testing.T) {
	forbidden := []struct{ pattern, why string }{
		{`(?i)\$input\b`, "powershell.exe would read standard input itself"},
		{`(?i)-ComputerName|-CimSession`, "a host acts on itself only"},
		{`(?i)Add-Type|Invoke-Expression|\biex\b`, "no code but this"},
		{`(?i)-VMName\b|Get-VM -Name`, "a VM is meant by its id; names take wildcards"},
		{`(?i)\(Get-VM[^)]*\)\.ReplicationState|\$vm\.ReplicationState`, "wrong on some builds; Get-VMReplication tells"},
		{`[^\x00-\x7F]`, "PowerShell 5.1 reads files without a mark as ANSI, and dashes and quotes have look-alikes"},
		{`\{\{|%[sdqv]\b`, "scripts are no templates"},
	}
	for name, text := range scripts(t) {
		for _, f := range forbidden {
			if found := regexp.MustCompile(f.pattern).FindString(text); found != "" {
				t.Errorf("%s has %q: %s", name, found, f.why)
			}
		}
	}
}

// Every cmdlet that changes something must not ask and must not go on after an error.
func TestEffectsNeitherAskNorGoOn(t *testing.T) {
	effect := regexp.MustCompile(`(?m)^.*\b(Start|Stop|Set|Complete|Remove)-VM\w* .*$`)
	for name, text := range scripts(t) {
		for _, line := range effect.FindAllString(text, -1) {
			for _, must := range []string{"-Confirm:$false", "-ErrorAction Stop"} {
				if !strings.Contains(line, must) {
					t.Errorf("%s: %q lacks %s", name, strings.TrimSpace(line), must)
				}
			}
		}
	}
}

func TestCmdletsListsWhatIsUsed(t *testing.T) {
	used := map[string]bool{}
	for _, text := range scripts(t) {
		for _, name := range regexp.MustCompile(`\b(Get|Set|Start|Stop|Complete|Measure|Remove)-VM\w*`).FindAllString(text, -1) {
			used[name] = true
		}
	}
	var want []string
	for name := range used {
		want = append(want, name)
	}
	slices.Sort(want)
	if !slices.Equal(script.Cmdlets, want) {
		t.Errorf("Cmdlets is %v, the scripts use %v", script.Cmdlets, want)
	}
}

func TestLibraryHasEveryVerb(t *testing.T) {
	table := regexp.MustCompile(`(?s)\$LaneVerbs = @\{(.*?)\n\}`).FindStringSubmatch(string(script.Library()))
	if table == nil {
		t.Fatal("no table of verbs")
	}
	for _, row := range regexp.MustCompile(`'([a-z-]+)'\s*= '([A-Za-z-]+)'`).FindAllStringSubmatch(table[1], -1) {
		if !strings.Contains(string(script.Library()), "function "+row[2]+" {") {
			t.Errorf("verb %s is function %s, which is not there", row[1], row[2])
		}
	}
}

// Blocks handed to Invoke-Act see their own function's variables only as long
// as Invoke-Act and what it calls have none of the same name, in any case.
func TestBlocksSeeTheirOwnVariables(t *testing.T) {
	all := scripts(t)
	var inner []string
	for _, name := range []string{"Invoke-Act", "Confirm-Effect"} {
		body := regexp.MustCompile(`(?s)function ` + name + ` \{(.*?)\n\}`).FindString(all["check.ps1"])
		for _, v := range regexp.MustCompile(`(?:param\(|, |\]|\n\s+)\$(\w+)(?:,|\)| = )`).FindAllStringSubmatch(body, -1) {
			inner = append(inner, strings.ToLower(v[1]))
		}
	}
	if len(inner) < 5 {
		t.Fatalf("found only %v", inner)
	}
	for name, text := range all {
		for _, call := range regexp.MustCompile(`(?s)Invoke-Act \$Look \{.*?\n    \} \{.*?\n    \}`).FindAllString(text, -1) {
			for _, v := range regexp.MustCompile(`\$(\w+)`).FindAllStringSubmatch(call, -1) {
				if v := strings.ToLower(v[1]); v != "look" && v != "null" && slices.Contains(inner, v) {
					t.Errorf("%s: $%s in a block is Invoke-Act's", name, v)
				}
			}
		}
	}
}
