package contract

import (
	"maps"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// nearest returns the known name most like a misspelt one, or "" when none is
// like it: up to a third of its letters may differ.
func nearest(name string, known []string) string {
	if len(name) > maxFieldName {
		return ""
	}
	best, least := "", max(1, len(name)/3)+1
	for _, k := range known {
		if d := levenshtein.ComputeDistance(strings.ToLower(name), strings.ToLower(k)); d < least {
			best, least = k, d
		}
	}
	return best
}

// membersOf lists the members an object may have, sorted.
func membersOf(s *jsonschema.Schema) []string {
	s = follow(s)
	if s == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(s.Properties))
}

// place is an object somewhere in a document, by the path to its members.
type place struct {
	schema *jsonschema.Schema
	path   string
}

// elsewhere returns where in the document a member of this name belongs, such
// as unplanned.override: the place nearest to the top, or "" when there is none
// or several are equally near.
func elsewhere(root *jsonschema.Schema, name string) string {
	level := []place{{root, ""}}
	for range maxDepth {
		var found []string
		var next []place
		for _, p := range level {
			object := follow(p.schema)
			if _, ok := object.Properties[name]; ok {
				found = append(found, p.path+name)
			}
			for _, member := range membersOf(object) {
				next = append(next, below(object.Properties[member], p.path+member))
			}
		}
		if len(found) > 0 || len(next) == 0 {
			if len(found) == 1 {
				return found[0]
			}
			return ""
		}
		level = next
	}
	return ""
}

// below is the place inside a member, or inside the entries of a list.
func below(member *jsonschema.Schema, path string) place {
	if s := follow(member); s.Items2020 != nil {
		return place{s.Items2020, path + "[]."}
	}
	return place{member, path + "."}
}
