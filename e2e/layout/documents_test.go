package layout

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// link is a link of Markdown that leads somewhere within the repository.
var link = regexp.MustCompile(`\]\(([^)#\s:]+)(#[^)\s]*)?\)`)

// documents are the Markdown files of the repository.
func documents(t *testing.T, root string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(root, func(p string, d os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git" || d.Name() == "bin"):
			return filepath.SkipDir
		case strings.HasSuffix(p, ".md"):
			out = append(out, p)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestLinksLeadSomewhere follows every link of every document.
func TestLinksLeadSomewhere(t *testing.T) {
	docs := documents(t, "../..")
	if len(docs) < 5 {
		t.Fatalf("only %d documents; is this the repository?", len(docs))
	}
	for _, doc := range docs {
		text, err := os.ReadFile(doc)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(doc), m[1])); err != nil {
				t.Errorf("%s links to %s, which is not there", doc, m[1])
			}
		}
	}
}

// TestReadmeListsEveryScenario keeps the README's table of promises whole.
func TestReadmeListsEveryScenario(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../scenarios/testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios found: %v", err)
	}
	for _, f := range files {
		if at := strings.TrimPrefix(filepath.ToSlash(f), "../"); !strings.Contains(string(readme), "e2e/"+at) {
			t.Errorf("the README does not link the scenario e2e/%s", at)
		}
	}
}
