package documents

import (
	"encoding/json"
	"slices"
	"strconv"

	"github.com/invopop/jsonschema"

	"lifeboat.io/events"
)

// conditions are what a submitted ticket must and must not hold depending on
// its action, from the tables in package events. A ticket whose action is not
// known meets none of them: it is refused for its action alone.
func conditions() []*jsonschema.Schema {
	var all []*jsonschema.Schema
	for _, a := range actions() {
		if needed := a.Needed(); len(needed) > 0 {
			all = append(all, &jsonschema.Schema{
				If:   actionIn(a),
				Then: &jsonschema.Schema{Required: needed},
			})
		}
	}
	for _, name := range events.Members() {
		var without []events.Action
		for _, a := range actions() {
			if !slices.Contains(events.ActionsOf(name), a) {
				without = append(without, a)
			}
		}
		all = append(all, &jsonschema.Schema{
			If:   actionIn(without...),
			Then: withProperty(name, jsonschema.FalseSchema),
		})
	}
	// A planned failover hands the last write over: there is nothing to choose.
	return append(all, &jsonschema.Schema{
		If:   actionIn(events.ActionPlanned),
		Then: withProperty("recoveryPoint", &jsonschema.Schema{Const: "latest"}),
	})
}

// actions lists every action there is.
func actions() []events.Action {
	var all []events.Action
	for _, v := range events.Action("").Values() {
		all = append(all, events.Action(v.Name))
	}
	return all
}

// actionIn holds for a ticket with one of the actions.
func actionIn(actions ...events.Action) *jsonschema.Schema {
	in := &jsonschema.Schema{}
	for _, a := range actions {
		in.Enum = append(in.Enum, string(a))
	}
	s := withProperty("action", in)
	s.Required = []string{"action"}
	return s
}

// withProperty holds when the property, where there is one, fits its schema.
func withProperty(name string, fits *jsonschema.Schema) *jsonschema.Schema {
	s := &jsonschema.Schema{Properties: jsonschema.NewProperties()}
	s.Properties.Set(name, fits)
	return s
}

func number(n int64) json.Number { return json.Number(strconv.FormatInt(n, 10)) }
