package layout

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

const domain = "lifeboat.io/"

// modules in dependency order: each may import itself and those before it.
var modules = []string{"events", "pkg", "services", "e2e"}

// pkg is what go list tells of a package.
type pkg struct {
	ImportPath   string
	Dir          string
	Name         string
	Doc          string
	GoFiles      []string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

// tree lists every package of the workspace.
func tree(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Dir,Name,Doc,GoFiles,Imports,TestImports,XTestImports", "work")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list work: %v", err)
	}
	var pkgs []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("go list work: %v", err)
		}
		pkgs = append(pkgs, p)
	}
	if len(pkgs) < 10 {
		t.Fatalf("go list work names %d packages; is this the workspace?", len(pkgs))
	}
	return pkgs
}

// imports are all packages of ours that p imports, tests included.
func (p pkg) imports() []string {
	var out []string
	for _, list := range [][]string{p.Imports, p.TestImports, p.XTestImports} {
		for _, i := range list {
			if strings.HasPrefix(i, domain) && !slices.Contains(out, i) {
				out = append(out, i)
			}
		}
	}
	return out
}

// segment is the nth part of an import path of ours: 0 is the module.
func segment(importPath string, n int) string {
	parts := strings.Split(strings.TrimPrefix(importPath, domain), "/")
	if n >= len(parts) {
		return ""
	}
	return parts[n]
}

func TestModulesImportDownwards(t *testing.T) {
	for _, p := range tree(t) {
		own := slices.Index(modules, segment(p.ImportPath, 0))
		for _, i := range p.imports() {
			if slices.Index(modules, segment(i, 0)) > own {
				t.Errorf("%s imports %s; the order is %s", p.ImportPath, i, strings.Join(modules, " <- "))
			}
		}
	}
}

// TestServicesDoNotImportOneAnother: services talk over the bus only. The one
// program that composes them is services/lifeboat.
func TestServicesDoNotImportOneAnother(t *testing.T) {
	for _, p := range tree(t) {
		if segment(p.ImportPath, 0) != "services" || segment(p.ImportPath, 1) == "lifeboat" {
			continue
		}
		for _, i := range p.imports() {
			if segment(i, 0) == "services" && segment(i, 1) != segment(p.ImportPath, 1) {
				t.Errorf("%s imports %s; services talk over the bus only", p.ImportPath, i)
			}
		}
	}
}

// TestEventsStandsAlone: other teams import events; it drags nothing in but the
// CloudEvents event model.
func TestEventsStandsAlone(t *testing.T) {
	for _, p := range tree(t) {
		if segment(p.ImportPath, 0) != "events" {
			continue
		}
		for _, i := range p.Imports {
			outside := strings.Contains(strings.Split(i, "/")[0], ".") && !strings.HasPrefix(i, domain)
			if outside && !strings.HasPrefix(i, "github.com/cloudevents/sdk-go/v2/") {
				t.Errorf("%s imports %s; its one dependency is the CloudEvents event model", p.ImportPath, i)
			}
		}
	}
}

// vague are names that say nothing of what a folder holds.
var vague = []string{"util", "utils", "common", "helper", "helpers", "misc", "shared", "lib", "base", "manager", "managers"}

func TestFoldersAreNouns(t *testing.T) {
	for _, p := range tree(t) {
		for part := range strings.SplitSeq(strings.TrimPrefix(p.ImportPath, domain), "/") {
			if slices.Contains(vague, part) {
				t.Errorf("%s: folder %q says nothing of what is in it", p.ImportPath, part)
			}
		}
	}
}

// TestPackagesSayWhatTheyAre: every package that is not a program or a test has
// a doc.go that says what it is and what it is not.
func TestPackagesSayWhatTheyAre(t *testing.T) {
	for _, p := range tree(t) {
		if p.Doc == "" {
			t.Errorf("%s has no package comment", p.ImportPath)
			continue
		}
		if p.Name == "main" || len(p.GoFiles) == 0 {
			continue
		}
		if !slices.Contains(p.GoFiles, "doc.go") {
			t.Errorf("%s has no doc.go", p.ImportPath)
		}
	}
}

// TestProgramsAreTiny: what a program does lives in a package that can be
// imported and tested; main only wires.
func TestProgramsAreTiny(t *testing.T) {
	for _, p := range tree(t) {
		if p.Name != "main" {
			continue
		}
		for _, file := range p.GoFiles {
			if lines := count(t, path.Join(p.Dir, file)); lines > maxMainLines {
				t.Errorf("%s/%s has %d lines; a main has at most %d", p.ImportPath, file, lines, maxMainLines)
			}
		}
	}
}
