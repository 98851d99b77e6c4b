package winrm_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// sources are this package's Go files and those below it, without tests.
func sources(t *testing.T) map[string]*ast.File {
	t.Helper()
	all := map[string]*ast.File{}
	err := filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasPrefix(path, "internal") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		all[path] = file
		return err
	})
	if err != nil || len(all) == 0 {
		t.Fatalf("no sources: %v", err)
	}
	return all
}

// calls finds the calls of a method or function by its last name.
func calls(file *ast.File, name string) []*ast.CallExpr {
	var found []*ast.CallExpr
	ast.Inspect(file, func(n ast.Node) bool {
		if c, ok := n.(*ast.CallExpr); ok {
			if s, ok := c.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == name {
				found = append(found, c)
			}
		}
		return true
	})
	return found
}

// TestOnlyConstantsAreRun makes sure that what a host runs is literals and the
// embedded bootstrap, that what it is sent to run is the embedded library, and
// that nothing makes text for PowerShell out of values.
func TestOnlyConstantsAreRun(t *testing.T) {
	started := 0
	for path, file := range sources(t) {
		for _, imported := range file.Imports {
			switch strings.Trim(imported.Path.Value, `"`) {
			case "text/template", "html/template":
				t.Errorf("%s imports %s", path, imported.Path.Value)
			case "fmt":
				if filepath.Dir(path) == "script" {
					t.Errorf("%s formats text", path)
				}
			}
		}
		if path == "runscript.go" {
			// It runs what the caller gives it, which no verb does: in this
			// package nobody is to call it.
			continue
		}
		if len(calls(file, "RunScript")) > 0 {
			t.Errorf("%s runs a script; verbs go over lanes", path)
		}
		if filepath.Dir(path) != "lane" {
			if len(calls(file, "Command")) > 0 && filepath.Dir(path) != "wsman" {
				t.Errorf("%s starts a command; only a lane does", path)
			}
			continue
		}
		for _, c := range calls(file, "Command") {
			started++
			for _, arg := range c.Args[2:] { // after the context and the shell's id
				if !constant(arg) {
					t.Errorf("%s: a command is started with something other than literals and the bootstrap", path)
				}
			}
		}
		for _, c := range calls(file, "exchange") {
			if id, named := c.Args[1].(*ast.Ident); !named || id.Name != "library" && id.Name != "nil" {
				t.Errorf("%s: something other than the library is sent before a frame", path)
			}
		}
	}
	if started != 1 {
		t.Errorf("%d places start a command, want 1", started)
	}
}

func constant(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BasicLit:
		return true
	case *ast.Ident: // a constant of the package, which is one of literals
		return e.Name == "Program"
	case *ast.CallExpr:
		s, ok := e.Fun.(*ast.SelectorExpr)
		return ok && s.Sel.Name == "EncodedBootstrap"
	}
	return false
}
