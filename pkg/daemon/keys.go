package daemon

import (
	"encoding"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// maxDepth bounds how deep a configuration may nest.
const maxDepth = 32

// unknownKeys lists every key of a document that the configuration does not
// have. The decoder itself stops at the first and does not say what there is.
func unknownKeys(name string, body ast.Node, into any) error {
	w := &keyWalk{name: name}
	w.walk("", body, reflect.TypeOf(into), 0)
	return errors.Join(w.faults...)
}

type keyWalk struct {
	name   string
	faults []error
}

// walk compares a node with the type it is to become. What is not a struct, a
// list or a map of those is left to the decoder.
func (w *keyWalk) walk(path string, node ast.Node, t reflect.Type, depth int) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if depth > maxDepth || decodesItself(t) {
		return
	}
	switch t.Kind() {
	case reflect.Struct:
		mapping, ok := node.(ast.MapNode)
		if !ok {
			return
		}
		known := keysOf(t)
		for entries := mapping.MapRange(); entries.Next(); {
			key := entries.Key().GetToken()
			field, ok := known[key.Value]
			if !ok {
				w.faults = append(w.faults, fmt.Errorf("%s:%d:%d: %s is not known; %s",
					w.name, key.Position.Line, key.Position.Column, join(path, key.Value), suggest(key.Value, known)))
				continue
			}
			w.walk(join(path, key.Value), entries.Value(), field, depth+1)
		}
	case reflect.Slice, reflect.Array:
		if list, ok := node.(*ast.SequenceNode); ok {
			for i, value := range list.Values {
				w.walk(fmt.Sprintf("%s[%d]", path, i), value, t.Elem(), depth+1)
			}
		}
	case reflect.Map:
		if mapping, ok := node.(ast.MapNode); ok {
			for entries := mapping.MapRange(); entries.Next(); {
				w.walk(join(path, entries.Key().GetToken().Value), entries.Value(), t.Elem(), depth+1)
			}
		}
	}
}

// decodesItself reports whether a type reads its own text, so that its fields
// say nothing about the keys.
func decodesItself(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	for _, i := range []reflect.Type{
		reflect.TypeFor[encoding.TextUnmarshaler](),
		reflect.TypeFor[yaml.BytesUnmarshaler](),
		reflect.TypeFor[yaml.InterfaceUnmarshaler](),
	} {
		if p.Implements(i) {
			return true
		}
	}
	return false
}

// keysOf are the keys of a struct as the decoder knows them: by the yaml tag,
// else by the json tag, else the lower-case name.
func keysOf(t reflect.Type) map[string]reflect.Type {
	keys := make(map[string]reflect.Type, t.NumField())
	for i := range t.NumField() {
		field := t.Field(i)
		tag, ok := field.Tag.Lookup("yaml")
		if !ok {
			tag = field.Tag.Get("json")
		}
		key, options, _ := strings.Cut(tag, ",")
		switch {
		case key == "-" || !field.IsExported() && !field.Anonymous:
		case field.Anonymous && key == "" || strings.Contains(options, "inline"):
			embedded := field.Type
			if embedded.Kind() == reflect.Pointer {
				embedded = embedded.Elem()
			}
			if embedded.Kind() == reflect.Struct {
				maps.Copy(keys, keysOf(embedded))
			}
		case key == "":
			keys[strings.ToLower(field.Name)] = field.Type
		default:
			keys[key] = field.Type
		}
	}
	return keys
}

// suggest names the nearest key there is, or all of them.
func suggest(key string, known map[string]reflect.Type) string {
	names := slices.Sorted(maps.Keys(known))
	best, distance := "", len(key)/3+2
	for _, name := range names {
		if d := levenshtein.ComputeDistance(strings.ToLower(key), strings.ToLower(name)); d < distance {
			best, distance = name, d
		}
	}
	if best != "" {
		return "did you mean " + best + "?"
	}
	return "use one of " + strings.Join(names, ", ")
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
