package layout

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
)

const (
	// maxMainLines bounds a file of a program.
	maxMainLines = 150
	// maxFunctionLines bounds a function outside tests; most read in one glance.
	maxFunctionLines = 100
	// maxFileLines bounds a file outside tests and generated code.
	maxFileLines = 700
)

// cores are the packages that decide. They are told facts and time, and say
// what to do; they have no clock, randomness, network or disk.
var cores = []string{
	"events",
	"pkg/hyperv",
	"services/failover-executor/run",
	"services/ticket-intake/judgement",
	"services/ticket-intake/progress",
	"services/ticket-intake/ticket",
	"services/ticket-intake/vmruns",
}

// outside are packages a core must not import: effects and everything that
// makes two calls with the same arguments differ.
var outside = []string{
	"net", "net/http", "os", "os/exec", "io/ioutil", "syscall", "log", "log/slog",
	"math/rand", "math/rand/v2", "crypto/rand", "database/sql", "embed",
}

// clocks are functions of package time that read or wait for the clock.
var clocks = []string{"Now", "Since", "Until", "After", "AfterFunc", "Sleep", "Tick", "NewTimer", "NewTicker"}

func TestCoresHaveNoEffects(t *testing.T) {
	found := map[string]bool{}
	for _, p := range tree(t) {
		name := strings.TrimPrefix(p.ImportPath, domain)
		if !slices.Contains(cores, name) {
			continue
		}
		found[name] = true
		for _, i := range p.Imports {
			if slices.Contains(outside, i) && (i != "embed" || name != "events") {
				t.Errorf("core %s imports %s", name, i)
			}
		}
		for _, file := range p.GoFiles {
			for _, use := range clockUses(t, path.Join(p.Dir, file)) {
				t.Errorf("core %s reads the clock: %s", name, use)
			}
		}
	}
	for _, name := range cores {
		if !found[name] {
			t.Errorf("core %s is not in the tree", name)
		}
	}
}

// clockUses lists calls of a clock function in a file.
func clockUses(t *testing.T, file string) []string {
	t.Helper()
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var uses []string
	ast.Inspect(f, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains(clocks, sel.Sel.Name) {
				uses = append(uses, fset.Position(n.Pos()).String()+": time."+sel.Sel.Name)
			}
		}
		return true
	})
	return uses
}

// TestFilesAndFunctionsStayReadable keeps the tail short: one giant function
// or file hurts more than many middling ones.
func TestFilesAndFunctionsStayReadable(t *testing.T) {
	for _, p := range tree(t) {
		for _, file := range p.GoFiles {
			full := path.Join(p.Dir, file)
			if lines := count(t, full); lines > maxFileLines {
				t.Errorf("%s/%s has %d lines, more than %d: it holds more than one idea", p.ImportPath, file, lines, maxFileLines)
			}
			fset := token.NewFileSet()
			f, err := parser.ParseFile(fset, full, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range f.Decls {
				fn, ok := d.(*ast.FuncDecl)
				if !ok {
					continue
				}
				if lines := fset.Position(fn.End()).Line - fset.Position(fn.Pos()).Line + 1; lines > maxFunctionLines {
					t.Errorf("%s: %s has %d lines, more than %d", p.ImportPath, fn.Name.Name, lines, maxFunctionLines)
				}
			}
		}
	}
}

// count is the number of lines of a file; generated files count as none.
func count(t *testing.T, file string) int {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if head, _, _ := bytes.Cut(b, []byte("\npackage ")); bytes.Contains(head, []byte("Code generated")) {
		return 0
	}
	return bytes.Count(b, []byte("\n"))
}
