package inventory

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/goccy/go-yaml/ast"

	"lifeboat.io/pkg/secret"
)

// form compares a YAML tree with the Go types it is to be decoded into and
// lists every difference. The decoder itself stops at the first one, takes
// numbers for text, and repeats values that may be secrets.
type form struct {
	problems Problems
	// places tells where each path of the document stands.
	places map[string]place
}

// place is a position in the document, from 1.
type place struct{ line, column int }

// maxDepth bounds how deep a document may nest; a correct one needs seven.
const maxDepth = 32

// check walks node, which is to become a value of type t.
func (f *form) check(path string, node ast.Node, t reflect.Type, depth int) {
	f.places[path] = placeOf(node)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if depth > maxDepth {
		f.add(path, node, "", "is nested too deep", "write it as the documentation shows")
		return
	}
	switch node.Type() {
	case ast.AnchorType, ast.AliasType, ast.TagType, ast.MergeKeyType:
		f.add(path, node, "", "uses an anchor, an alias or a tag", "write the value out: in an inventory everything stands where it is used")
		return
	case ast.NullType:
		f.add(path, node, "", "has no value", "give it one, or leave the key out")
		return
	}
	switch t.Kind() {
	case reflect.Struct:
		f.checkMapping(path, node, t, depth)
	case reflect.Slice:
		f.checkList(path, node, t, depth)
	case reflect.String:
		f.checkText(path, node)
	case reflect.Int:
		f.checkNumber(path, node)
	default:
		panic(fmt.Sprintf("inventory: %s has type %s, which form does not know", path, t))
	}
}

// checkMapping compares the keys of a mapping with the fields of a struct.
func (f *form) checkMapping(path string, node ast.Node, t reflect.Type, depth int) {
	mapping, ok := node.(ast.MapNode)
	if !ok {
		// The value is not repeated: a secret in place of a reference ends up here.
		if t == reflect.TypeFor[secret.Ref]() {
			f.add(path, node, "", "is written into the inventory", "keep secrets out of it: write {file: <path>} or {env: <NAME>}")
			return
		}
		f.add(path, node, "", "is "+kindName(node)+" where keys are expected", "use the keys "+names(fieldsOf(t)))
		return
	}
	fields := fieldsOf(t)
	for entries := mapping.MapRange(); entries.Next(); {
		key, value := entries.Key(), entries.Value()
		name := key.GetToken().Value
		if key.IsMergeKey() {
			f.add(path, key, "", "uses a merge key", "write the values out: in an inventory everything stands where it is used")
			continue
		}
		field, known := fields[name]
		if !known {
			f.add(join(path, name), key, "", "is not known", unknownFix(name, fields))
			continue
		}
		f.check(join(path, name), value, field, depth+1)
	}
}

// checkList checks each element of a list.
func (f *form) checkList(path string, node ast.Node, t reflect.Type, depth int) {
	list, ok := node.(*ast.SequenceNode)
	if !ok {
		f.add(path, node, "", "is "+kindName(node)+" where a list is expected", "begin each element with a dash, or write [ ] around them")
		return
	}
	for i, element := range list.Values {
		f.check(path+"["+strconv.Itoa(i)+"]", element, t.Elem(), depth+1)
	}
}

// checkText accepts strings only: a number that became text may have lost its
// leading zeros on the way.
func (f *form) checkText(path string, node ast.Node) {
	switch n := node.(type) {
	case *ast.StringNode, *ast.LiteralNode:
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		raw := n.GetToken().Value
		f.add(path, node, raw, "is "+kindName(node)+" where text is expected", fmt.Sprintf("put it in quotes: %q", raw))
	default:
		f.add(path, node, "", "is "+kindName(node)+" where text is expected", "write the text behind the key")
	}
}

// checkNumber accepts whole numbers that fit.
func (f *form) checkNumber(path string, node ast.Node) {
	raw := node.GetToken().Value
	if _, ok := node.(*ast.IntegerNode); !ok {
		f.add(path, node, "", "is "+kindName(node)+" where a whole number is expected", "write the number alone, in the unit the key ends with")
		return
	}
	if _, err := strconv.ParseInt(raw, 10, 32); err != nil {
		f.add(path, node, raw, "is not a plain decimal number of this size", "write digits only")
	}
}

func (f *form) add(path string, node ast.Node, value, text, fix string) {
	at := placeOf(node)
	f.problems = append(f.problems, Problem{Line: at.line, Column: at.column, Path: path, Value: shorten(value), Text: text, Fix: fix})
}

// fieldsOf maps the keys of a struct to the types of their values.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	fields := make(map[string]reflect.Type, t.NumField())
	for i := range t.NumField() {
		field := t.Field(i)
		key, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		fields[key] = field.Type
	}
	return fields
}

// unknownFix proposes the known key that looks most like the one written.
func unknownFix(key string, fields map[string]reflect.Type) string {
	near := len(key)/3 + 1
	best, distance := "", near+1
	for name := range fields {
		d := levenshtein.ComputeDistance(strings.ToLower(key), strings.ToLower(name))
		if d < distance || d == distance && name < best {
			best, distance = name, d
		}
	}
	if best == "" {
		return "use one of " + names(fields)
	}
	return "did you mean " + best + "?"
}

// kindName is a node's kind in words.
func kindName(node ast.Node) string {
	switch node.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "a number"
	case *ast.BoolNode:
		return "true or false"
	case *ast.StringNode, *ast.LiteralNode:
		return "text"
	default:
		return "something else"
	}
}

// placeOf is where a value begins. The parser puts a block mapping at the
// colon of its first key; a reader looks for the key.
func placeOf(node ast.Node) place {
	if mapping, ok := node.(*ast.MappingNode); ok && !mapping.IsFlowStyle && len(mapping.Values) > 0 {
		node = mapping.Values[0].Key
	}
	if token := node.GetToken(); token != nil && token.Position != nil {
		return place{token.Position.Line, token.Position.Column}
	}
	return place{}
}

// join is the path of a key below a path.
func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
