package contract

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"lifeboat.io/events"
)

// violation is a reason and where in the data it lies, to put them in order.
type violation struct {
	location []string
	reason   events.Reason
}

// violations turns what the validator found wrong with data into reasons.
func violations(root *jsonschema.Schema, data any, err error) []violation {
	if err == nil {
		return nil
	}
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return []violation{{nil, reason(NotValid, wholeData, "", err.Error(), "see the schema "+root.Location)}}
	}
	t := teller{root: root, data: data}
	t.collect(invalid)
	return t.found
}

// inOrder takes the reasons out in the order of the data, at most
// events.MaxReasons of them; the last one then tells how many are left out.
func inOrder(found []violation) []events.Reason {
	slices.SortStableFunc(found, func(a, b violation) int {
		if c := compareLocations(a.location, b.location); c != 0 {
			return c
		}
		return strings.Compare(a.reason.Code, b.reason.Code)
	})
	var reasons []events.Reason
	for i, v := range found {
		if i == events.MaxReasons-1 && len(found) > events.MaxReasons {
			return append(reasons, reason(More, wholeData, "",
				fmt.Sprintf("has %d further faults", len(found)-i), "correct the ones listed first"))
		}
		reasons = append(reasons, v.reason)
	}
	return reasons
}

// teller collects the leaves of a validator's error tree.
type teller struct {
	root  *jsonschema.Schema
	data  any
	found []violation
}

// collect walks the tree: what has causes only groups them.
func (t *teller) collect(e *jsonschema.ValidationError) {
	if len(e.Causes) == 0 {
		t.tell(e)
		return
	}
	for _, cause := range e.Causes {
		t.collect(cause)
	}
}

// add notes a fault of what stands at the location.
func (t *teller) add(location []string, code Code, problem, fix string) {
	value := ""
	if v, ok := find(t.data, location); ok && len(location) > 0 {
		value = text(v)
	}
	t.addValue(location, code, value, problem, fix)
}

// addValue is add with the value to repeat.
func (t *teller) addValue(location []string, code Code, value, problem, fix string) {
	location = slices.Clone(location)
	t.found = append(t.found, violation{location, reason(code, field(t.data, location), value, problem, fix)})
}
