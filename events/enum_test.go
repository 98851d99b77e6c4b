package events_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"lifeboat.io/events"
)

// source parses the Go files of this package, tests aside.
func source(t *testing.T) []*ast.File {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

// reached collects every type of this package that travels, from the catalogue
// down, by name.
func reached() map[string]reflect.Type {
	found := map[string]reflect.Type{}
	var walk func(reflect.Type)
	walk = func(t reflect.Type) {
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
			t = t.Elem()
		}
		if t.PkgPath() != reflect.TypeFor[events.Entry]().PkgPath() || found[t.Name()] != nil {
			return
		}
		found[t.Name()] = t
		if t.Kind() == reflect.Struct {
			for i := range t.NumField() {
				walk(t.Field(i).Type)
			}
		}
	}
	for _, entry := range events.Catalogue() {
		walk(reflect.TypeOf(entry.New()))
	}
	walk(reflect.TypeFor[events.Family]())
	return found
}

// enums are the enumerations that travel, by name.
func enums() map[string]events.Enum {
	found := map[string]events.Enum{}
	for name, t := range reached() {
		if e, ok := reflect.Zero(t).Interface().(events.Enum); ok {
			found[name] = e
		}
	}
	return found
}

func TestEveryEnumValueIsDocumented(t *testing.T) {
	for name, e := range enums() {
		seen := map[string]bool{}
		if len(e.Values()) < 2 {
			t.Errorf("%s has %d values", name, len(e.Values()))
		}
		for _, v := range e.Values() {
			if v.Name == "" || seen[v.Name] {
				t.Errorf("%s: value %q is empty or there twice", name, v.Name)
			}
			seen[v.Name] = true
			if !strings.HasSuffix(v.Doc, ".") || len(v.Doc) < 10 {
				t.Errorf("%s: value %q has no sentence: %q", name, v.Name, v.Doc)
			}
			if !events.Known(e, v.Name) || !slices.Contains(events.Names(e), v.Name) {
				t.Errorf("%s: value %q is not known", name, v.Name)
			}
		}
		if events.Known(e, "") || events.Known(e, "no such value") {
			t.Errorf("%s knows values it does not have", name)
		}
	}
}

// Every constant of an enumeration is among its values, and every string type
// that travels is an enumeration.
func TestEnumsAreWhole(t *testing.T) {
	all := enums()
	for name, typ := range reached() {
		if _, ok := all[name]; !ok && typ.Kind() == reflect.String {
			t.Errorf("%s travels as text but does not list its values", name)
		}
	}
	constants := map[string]int{}
	for _, file := range source(t) {
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			if typ, ok := spec.Type.(*ast.Ident); ok {
				constants[typ.Name] += len(spec.Names)
			}
			return true
		})
	}
	for name, e := range all {
		if constants[name] != len(e.Values()) {
			t.Errorf("%s has %d constants and %d values", name, constants[name], len(e.Values()))
		}
	}
}

func TestEveryFamilyHasAWriter(t *testing.T) {
	seen := map[string]bool{}
	for _, name := range events.Names(events.Family("")) {
		f := events.Family(name)
		if f.Writer() == "" || seen[f.Writer()] || f.Source() != "/lifeboat/"+f.Writer() {
			t.Errorf("family %s: writer %q, source %q", f, f.Writer(), f.Source())
		}
		seen[f.Writer()] = true
	}
	if w := events.Family("other").Writer(); w != "" {
		t.Errorf("an unknown family has the writer %q", w)
	}
}
