package ansible

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// separator stands between the script that would run the payload and the payload.
var separator = []byte("\x00\x00\x00\x00")

// Payload is what Ansible sends to have one module run.
type Payload struct {
	// Actions are the wrappers around the module, the outermost first.
	Actions []string
	// Arguments are the module's, with Ansible's own, whose names begin with
	// _ansible_.
	Arguments map[string]any
	// Environment is set for what the module starts.
	Environment map[string]string
}

// Read takes standard input apart. It returns false for what is no payload.
func Read(input []byte) (*Payload, bool) {
	script, document, found := bytes.Cut(input, separator)
	if !found || len(bytes.TrimSpace(script)) == 0 {
		return nil, false
	}
	var parts struct {
		Entry       *string         `json:"module_entry"`
		Actions     []string        `json:"actions"`
		Arguments   map[string]any  `json:"module_args"`
		Environment json.RawMessage `json:"environment"`
	}
	if err := json.Unmarshal(document, &parts); err != nil || parts.Entry == nil || len(parts.Actions) == 0 || parts.Arguments == nil {
		return nil, false
	}
	p := &Payload{Actions: parts.Actions, Arguments: parts.Arguments, Environment: map[string]string{}}
	var environment map[string]any
	if json.Unmarshal(parts.Environment, &environment) == nil { // an empty one comes as a list
		for name, value := range environment {
			p.Environment[name] = fmt.Sprint(value)
		}
	}
	return p, true
}

// Module is the module's name without its collection.
func (p *Payload) Module() string {
	name := p.text("_ansible_module_name")
	return name[strings.LastIndexByte(name, '.')+1:]
}

// text is an argument as text; empty when it was not given.
func (p *Payload) text(name string) string {
	switch v := p.Arguments[name].(type) {
	case nil:
		return ""
	case string:
		return v
	default:
		return fmt.Sprint(v)
	}
}

// list is an argument that is a list of text.
func (p *Payload) list(name string) []string {
	values, _ := p.Arguments[name].([]any)
	var all []string
	for _, v := range values {
		all = append(all, fmt.Sprint(v))
	}
	return all
}

// checkMode tells that the module shall only say what it would change.
func (p *Payload) checkMode() bool {
	on, _ := p.Arguments["_ansible_check_mode"].(bool)
	return on
}
