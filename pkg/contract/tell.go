package contract

import (
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"lifeboat.io/events"
)

// tell turns one leaf of the validator's errors into reasons for a person.
func (t *teller) tell(e *jsonschema.ValidationError) {
	where := e.InstanceLocation
	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		for _, name := range k.Missing {
			t.missing(append(where[:len(where):len(where)], name))
		}
	case *kind.AdditionalProperties:
		for _, name := range k.Properties {
			t.unknown(where, name)
		}
	case *kind.FalseSchema:
		t.outOfPlace(where)
	case *kind.Type:
		t.wrongType(where, k)
	case *kind.Enum:
		t.notOneOf(where, k)
	case *kind.Const:
		t.add(where, NotOneOf, "is not what this action takes", fmt.Sprintf("write %q, or leave it out", k.Want))
	case *kind.Pattern:
		problem, fix := patternText(k)
		t.add(where, WrongForm, problem, fix)
	case *kind.Format:
		t.add(where, WrongForm, "is not a time", "write date, time and zone like 2026-03-02T09:00:00Z")
	default:
		t.outOfBounds(where, e.ErrorKind)
	}
}

// outOfBounds tells what breaks a limit.
func (t *teller) outOfBounds(where []string, broken jsonschema.ErrorKind) {
	switch k := broken.(type) {
	case *kind.MinLength:
		t.add(where, Empty, "is empty", "write something"+t.orLeaveOut(where))
	case *kind.MaxLength:
		t.add(where, TooLong, fmt.Sprintf("is %d characters long", k.Got), fmt.Sprintf("use at most %d", k.Want))
	case *kind.MinItems:
		t.add(where, Empty, "is an empty list", "give at least one entry"+t.orLeaveOut(where))
	case *kind.MaxItems:
		t.addValue(where, TooMany, "", fmt.Sprintf("has %d entries", k.Got), fmt.Sprintf("use at most %d", k.Want))
	case *kind.MinProperties:
		t.add(where, Empty, "is empty", "give "+strings.Join(membersOf(at(t.root, where)), " or "))
	case *kind.UniqueItems:
		again := append(where[:len(where):len(where)], fmt.Sprint(k.Duplicates[1]))
		t.add(again, Twice, "is there twice", fmt.Sprintf("keep entry %d and leave this one out", k.Duplicates[0]))
	case *kind.Minimum:
		t.add(where, OutOfRange, "is too small", "use at least "+k.Want.RatString())
	case *kind.Maximum:
		t.add(where, OutOfRange, "is too large", "use at most "+k.Want.RatString())
	default:
		t.add(where, NotValid, broken.LocalizedString(message.NewPrinter(language.English)), "see the schema "+t.root.Location)
	}
}

// missing tells a member that is not there, with what it is for.
func (t *teller) missing(where []string) {
	problem := "is missing"
	if action, ok := t.data.(map[string]any)["action"].(string); ok && len(where) == 1 &&
		slices.Contains(events.Action(action).Needed(), where[0]) {
		problem = "is missing, and " + action + " needs it"
	}
	fix := "add it"
	if s := at(t.root, where); s != nil && s.Description != "" {
		fix = "add it: " + strings.TrimSuffix(s.Description, ".")
	}
	t.addValue(where, Missing, "", problem, fix)
}

// unknown tells a member nobody knows. Its value is not repeated: it was not
// meant for lifeboat, so it may be anything, a password too.
func (t *teller) unknown(where []string, name string) {
	known := membersOf(at(t.root, where))
	fix := "leave it out; known here are " + strings.Join(known, ", ")
	if like := nearest(name, known); like != "" {
		fix = "write " + like
	} else if other := elsewhere(t.root, name); other != "" {
		fix = "write it as " + other
	}
	t.addValue(append(where[:len(where):len(where)], name), UnknownMember, "", "is not known here", fix)
}

// outOfPlace tells a member that has no effect with the ticket's action.
func (t *teller) outOfPlace(where []string) {
	problem, fix := "is not allowed here", "leave it out"
	if actions := events.ActionsOf(where[len(where)-1]); len(where) == 1 && actions != nil {
		names := make([]string, len(actions))
		for i, a := range actions {
			names[i] = string(a)
		}
		action, _ := find(t.data, []string{"action"})
		problem = fmt.Sprintf("has no effect with action %s", text(action))
		fix = "leave it out; it goes with " + strings.Join(names, ", ")
	}
	t.add(where, OutOfPlace, problem, fix)
}

// typeNames are JSON's types in plain words.
var typeNames = map[string]string{
	"object": "an object", "array": "a list", "string": "a text", "integer": "a whole number",
	"number": "a number", "boolean": "true or false", "null": "null",
}

// wrongType tells a value of the wrong type.
func (t *teller) wrongType(where []string, k *kind.Type) {
	fix := "write " + typeNames[k.Want[0]]
	if k.Got == "null" {
		fix += t.orLeaveOut(where)
	}
	got := typeNames[k.Got]
	if k.Got == "boolean" {
		got = "a boolean"
	}
	t.add(where, WrongType, "is "+got, fix)
}

// notOneOf tells a value that an enumeration does not have.
func (t *teller) notOneOf(where []string, k *kind.Enum) {
	known := make([]string, len(k.Want))
	for i, v := range k.Want {
		known[i] = text(v)
	}
	fix := "use one of " + strings.Join(known, ", ")
	if got, ok := k.Got.(string); ok {
		if like := nearest(got, known); like != "" {
			fix = "write " + like + "; known are " + strings.Join(known, ", ")
		}
	}
	t.add(where, NotOneOf, "is not a value known here", fix)
}

// orLeaveOut adds to a fix that a member may be left out, where it may.
func (t *teller) orLeaveOut(where []string) string {
	if len(where) == 0 {
		return ""
	}
	name := where[len(where)-1]
	object := follow(at(t.root, where[:len(where)-1]))
	if object == nil || object.Properties[name] == nil || slices.Contains(object.Required, name) {
		return ""
	}
	return ", or leave it out"
}

// patternText tells what a text that does not fit a pattern should look like.
func patternText(k *kind.Pattern) (problem, fix string) {
	switch k.Want {
	case events.PatternVMID:
		return "is not a VMId", vmIDFix(k.Got)
	case events.PatternSystem:
		return "is not the name of a ticket system", "use letters, digits, dot, hyphen and underscore, beginning with a letter or digit"
	case events.PatternTicket:
		return "is not a ticket's number", "use printable ASCII without spaces"
	case events.PatternURL:
		return "is not a web address", "begin with https:// or http:// and use printable ASCII without spaces"
	case events.PatternEmail:
		return "is not an e-mail address", "write it like ada@acme.example"
	case events.PatternText:
		return "is blank", "write something"
	case events.PatternCode:
		return "is not a code", "use lower-case words joined by hyphens"
	default:
		return "does not have the form it should", "make it match " + k.Want
	}
}

// vmIDFix writes the VMId the way it should have been, where it can be seen.
func vmIDFix(got string) string {
	plain := strings.ToLower(strings.Trim(strings.TrimSpace(got), "{}()"))
	if isVMID(plain) {
		return "write " + plain
	}
	return "write the GUID in lower case without braces, like d4927c3b-0e58-4d6a-a1f7-93b6e5c8201f"
}
