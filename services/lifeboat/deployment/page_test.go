package deployment

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"lifeboat.io/services/lifeboat/command"
)

// page is the operator's page.
const page = "../../../docs/operate.md"

// typed is a command line of the page: a line of a block, or text in backquotes.
var typed = regexp.MustCompile("(?m)(?:^|`)(lifeboat [a-z][^`\n]*)")

// word is an argument as a shell sees it, as far as the page goes.
var word = regexp.MustCompile(`"[^"]*"|[^\s"]+`)

// usageLine is the line of a help text that says how a command is written.
var usageLine = regexp.MustCompile(`(?m)^Usage:\n  (lifeboat.*)$`)

// help runs a command line with --help behind it.
func help(t *testing.T, args []string) (string, int) {
	t.Helper()
	var out bytes.Buffer
	p := command.Program{In: strings.NewReader(""), Out: &out, Err: &out, Env: func(string) string { return "" }, Now: time.Now}
	code := p.Run(t.Context(), append(args, "--help"))
	return out.String(), code
}

// TestThePagesCommands: every command on the page is one of the program's, with
// its flags and with no more arguments than it takes.
func TestThePagesCommands(t *testing.T) {
	text := readPage(t)
	seen := map[string]bool{}
	for _, m := range typed.FindAllStringSubmatch(text, -1) {
		line, _, _ := strings.Cut(m[1], " #")
		line, _, _ = strings.Cut(line, " > ")
		args := word.FindAllString(line, -1)[1:]
		if len(args) == 0 || !known(t, args[0]) {
			continue // prose, or the name of a unit
		}
		seen[args[0]] = true
		out, code := help(t, args)
		use := usageLine.FindStringSubmatch(out)
		if code != command.ExitOK || use == nil {
			t.Errorf("%s: exit code %d\n%s", line, code, out)
			continue
		}
		given := 0
		for _, arg := range args {
			if strings.HasPrefix(arg, "-") {
				break
			}
			given++
		}
		path, _, _ := strings.Cut(strings.TrimSuffix(use[1], " [flags]")+" <", " <")
		path, _, _ = strings.Cut(path, " --")
		if want := len(strings.Fields(path)) - 1; given > want+strings.Count(use[1], " <") || given < want {
			t.Errorf("%s: the program knows only %q", line, use[1])
		}
	}
	for _, name := range []string{"ticket", "get", "describe", "events", "serve", "doctor", "config", "deadletter", "completion"} {
		if !seen[name] {
			t.Errorf("the page says nothing of lifeboat %s", name)
		}
	}
}

// known reports whether a word is a command.
func known(t *testing.T, name string) bool {
	t.Helper()
	out, _ := help(t, nil)
	return regexp.MustCompile(`(?m)^  ` + regexp.QuoteMeta(name) + ` `).MatchString(out)
}

func readPage(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// TestThePagesExitCodes: the page's table is what the program says of itself.
func TestThePagesExitCodes(t *testing.T) {
	text := readPage(t)
	out, _ := help(t, []string{"exit-codes"})
	codes := regexp.MustCompile(`(?m)^  (\d)  (.*)$`).FindAllStringSubmatch(out, -1)
	if len(codes) != 7 {
		t.Fatalf("%d exit codes in\n%s", len(codes), out)
	}
	for _, c := range codes {
		if row := "| " + c[1] + " | " + c[2] + " |"; !strings.Contains(text, row) {
			t.Errorf("the page has no row %q", row)
		}
	}
}

// TestThePagesFiles: what the page copies from deploy/ is there, and every
// sample is on the page.
func TestThePagesFiles(t *testing.T) {
	text := readPage(t)
	for _, m := range regexp.MustCompile(`deploy/[A-Za-z0-9._/-]+`).FindAllString(text, -1) {
		if _, err := os.Stat(filepath.Join("../../..", m)); err != nil {
			t.Error(err)
		}
	}
	err := filepath.WalkDir(deploy, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !strings.Contains(text, d.Name()) {
			t.Errorf("the page does not tell of %s", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
