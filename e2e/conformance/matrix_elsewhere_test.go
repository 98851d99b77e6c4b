package conformance_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// elsewhere are faults that make no row, as they strike something else than one
// call of a verb, or need more than one: what they are, and the test or the
// file that shows what comes of them. Paths are those of the repository.
var elsewhere = []struct{ what, where, test string }{
	{"a fault on any of the requests that open a lane, and on a sealed connection", "e2e/conformance", "TestFaultMatrix"},
	{"a host that goes down and comes back between two calls", "e2e/conformance", "TestRebootIsSurvived"},
	{"a frozen host, and a caller that gives up", "e2e/conformance", "TestFrozenHost"},
	{"a request held up until it is too late", "e2e/conformance", "TestHeldUpRequestDies"},
	{"the same, in a run", "e2e/scenarios/testdata/a-late-request-dies.txt", ""},
	{"a lost answer, in a run", "e2e/scenarios/testdata/it-never-guesses.txt", ""},
	{"a primary without power, in a run, and its return", "e2e/scenarios/testdata/the-primary-comes-back.txt", ""},
	{"shells left by a program that was killed", "e2e/conformance", "TestShellsOfAnEarlierLife"},
	{"a quota used up by somebody else", "e2e/conformance", "TestQuotaOfShells"},
	{"PowerShell that ends at once, as constrained by policy", "e2e/conformance", "TestEndOfPowerShell"},
	{"a host without Hyper-V", "e2e/conformance", "TestHostWithoutHyperV"},
	{"log-ons that are refused: passwords, accounts, ways the host does not offer", "e2e/conformance", "TestLogOnRefused"},
	{"certificate faults, and what is said about them", "e2e/conformance", "TestCertificateOfTheHost"},
	{"a certificate renewed under open connections", "e2e/conformance", "TestCertificateIsRenewed"},
	{"a certificate that is not the pinned one", "e2e/conformance", "TestInventoryKnowsEveryWay"},
	{"a name that does not resolve, and what is said about it", "e2e/conformance", "TestNameThatDoesNotResolve"},
	{"a KDC that is down, a wrong password, an unknown service, a clock too far off for tickets", "e2e/conformance", "TestKerberos"},
	{"a host that stays silent and is left alone for a while", "pkg/hyperv/winrm", "TestSilentHostIsLeftAlone"},
	{"errors of cmdlets by their ids, and what the host has done by then", "pkg/hyperv/winrm", "TestErrorsOfTheHost"},
	{"answers without end", "pkg/hyperv/winrm/wire", "TestEndlessAnswerIsCutOff"},
	{"all of it at random, for as long as one likes", "e2e/soak", "TestSoak"},
}

// tellElsewhere tells of them in the document.
func tellElsewhere(b *strings.Builder) {
	b.WriteString("\n## Shown elsewhere\n\nWhat is not one fault in one call is no row here:\n\n| what | where |\n|---|---|\n")
	for _, e := range elsewhere {
		where := fmt.Sprintf("[%s](../%s)", strings.TrimSuffix(e.where, "/"), e.where)
		if e.test != "" {
			where = fmt.Sprintf("`%s` in %s", e.test, where)
		}
		fmt.Fprintf(b, "| %s | %s |\n", e.what, where)
	}
	b.WriteString("\nHow to make each fault by hand: [FAULTS.md](../e2e/lab/admin/FAULTS.md) of the lab.\n")
}

// TestElsewhereIsThere: what the document points to exists.
func TestElsewhereIsThere(t *testing.T) {
	root := filepath.Join("..", "..")
	for _, e := range elsewhere {
		at := filepath.Join(root, filepath.FromSlash(e.where))
		if e.test == "" {
			if _, err := os.Stat(at); err != nil {
				t.Error(err)
			}
			continue
		}
		files, err := filepath.Glob(filepath.Join(at, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		declared, found := regexp.MustCompile(`(?m)^func `+e.test+`\(`), false
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			found = found || declared.Match(text)
		}
		if !found {
			t.Errorf("%s: there is no test %s in %s", e.what, e.test, e.where)
		}
	}
}
