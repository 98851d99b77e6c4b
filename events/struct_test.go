package events_test

import (
	"go/ast"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"lifeboat.io/events"
)

// camel is the form of a member's name.
var camel = regexp.MustCompile(`^[a-z][a-zA-Z0-9]*$`)

func TestMembersAreNamedAlike(t *testing.T) {
	for name, typ := range reached() {
		if typ.Kind() != reflect.Struct {
			continue
		}
		for i := range typ.NumField() {
			f := typ.Field(i)
			where := name + "." + f.Name
			tag, tagged := f.Tag.Lookup("json")
			if f.Anonymous {
				if tagged {
					t.Errorf("%s is embedded, so it must have no tag", where)
				}
				continue
			}
			member, options, _ := strings.Cut(tag, ",")
			if !f.IsExported() || !camel.MatchString(member) {
				t.Errorf("%s: member %q is not in camelCase", where, member)
			}
			if options != "" && options != "omitempty" {
				t.Errorf("%s: option %q", where, options)
			}
			if f.Type.Kind() == reflect.Pointer && options != "omitempty" {
				t.Errorf("%s would be written as null", where)
			}
			if f.Type.Kind() == reflect.Struct && options == "omitempty" {
				t.Errorf("%s: omitempty leaves no struct out", where)
			}
			if k := f.Type.Kind(); k == reflect.Map || k == reflect.Interface {
				t.Errorf("%s: a %s has no schema", where, k)
			}
		}
	}
}

// A member that two embedded structs share would not be written at all.
func TestEmbeddedMembersDoNotCollide(t *testing.T) {
	var members func(reflect.Type, map[string]bool) []string
	members = func(typ reflect.Type, seen map[string]bool) []string {
		var twice []string
		for i := range typ.NumField() {
			f := typ.Field(i)
			if f.Anonymous {
				twice = append(twice, members(f.Type, seen)...)
				continue
			}
			member, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if seen[member] {
				twice = append(twice, member)
			}
			seen[member] = true
		}
		return twice
	}
	for name, typ := range reached() {
		if typ.Kind() == reflect.Struct {
			if twice := members(typ, map[string]bool{}); len(twice) > 0 {
				t.Errorf("%s has %q twice", name, twice)
			}
		}
	}
}

// The comments are what readers of schemas and catalogue get.
func TestEveryMemberIsDocumented(t *testing.T) {
	types := reached()
	documented := 0
	for _, file := range source(t) {
		ast.Inspect(file, func(n ast.Node) bool {
			decl, ok := n.(*ast.GenDecl)
			if !ok {
				return true
			}
			for _, spec := range decl.Specs {
				s, ok := spec.(*ast.TypeSpec)
				if !ok || types[s.Name.Name] == nil {
					continue
				}
				documented++
				if s.Doc.Text() == "" && decl.Doc.Text() == "" {
					t.Errorf("%s has no comment", s.Name.Name)
				}
				fields, ok := s.Type.(*ast.StructType)
				if !ok {
					continue
				}
				for _, f := range fields.Fields.List {
					if len(f.Names) > 0 && !strings.Contains(f.Doc.Text(), ".") {
						t.Errorf("%s.%s has no sentence", s.Name.Name, f.Names[0])
					}
				}
			}
			return true
		})
	}
	if documented != len(types) {
		t.Errorf("found %d types in the source, want %d", documented, len(types))
	}
}

func TestMemberTablesNameMembers(t *testing.T) {
	known := map[string]bool{}
	for _, typ := range []reflect.Type{reflect.TypeFor[events.Request](), reflect.TypeFor[events.TicketRef]()} {
		for i := range typ.NumField() {
			member, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
			known[member] = true
		}
	}
	for _, name := range events.Members() {
		if !known[name] || len(events.ActionsOf(name)) == 0 {
			t.Errorf("member %q: known %t, goes with %v", name, known[name], events.ActionsOf(name))
		}
	}
	if a := events.ActionsOf("reason"); a != nil {
		t.Errorf("reason goes with all actions, not %v", a)
	}
	for _, name := range events.Names(events.Action("")) {
		action := events.Action(name)
		for _, needed := range action.Needed() {
			if !known[needed] {
				t.Errorf("%s needs %q, which is no member", action, needed)
			}
		}
		if action.Starts() && len(action.Needed()) == 0 {
			t.Errorf("%s starts a run but needs no VM", action)
		}
	}
}
