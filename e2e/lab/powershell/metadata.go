package powershell

import (
	"encoding/json"
	"fmt"
	"sort"
	"strings"
)

// Metadata describes the cmdlets of one or more modules as data: parameter
// sets and enumerations, without anything that runs.
type Metadata struct {
	// Enums by short name; their full names are Namespace.Name once made types.
	Enums map[string]map[string]int64
	// Cmdlets by name.
	Cmdlets map[string]*CmdletMetadata
}

// CmdletMetadata is what is known of one cmdlet.
type CmdletMetadata struct {
	Module                string                              `json:"module"`
	DefaultParameterSet   string                              `json:"defaultParameterSet"`
	SupportsShouldProcess bool                                `json:"supportsShouldProcess"`
	ConfirmImpact         string                              `json:"confirmImpact"`
	Outputs               []string                            `json:"outputs"`
	ParameterSets         map[string]map[string]ParameterSpec `json:"parameterSets"`
}

// ParameterSpec is one parameter in one set.
type ParameterSpec struct {
	Type        string   `json:"type"`
	Mandatory   bool     `json:"mandatory"`
	Position    *int     `json:"position"`
	Pipeline    []string `json:"pipeline"` // ByValue, ByPropertyName
	ValidValues []string `json:"validValues"`
	Aliases     []string `json:"aliases"`
	Validation  []string `json:"validation"` // attributes, such as ValidateRange(1, 12)
}

// LoadMetadata reads metadata from JSON: an object of cmdlets by name with the
// underscore keys _meta, which is ignored, and _enums.
func LoadMetadata(data []byte) (*Metadata, error) {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return nil, fmt.Errorf("cmdlet metadata: %w", err)
	}
	m := &Metadata{Enums: map[string]map[string]int64{}, Cmdlets: map[string]*CmdletMetadata{}}
	for name, body := range raw {
		switch {
		case name == "_enums":
			if err := json.Unmarshal(body, &m.Enums); err != nil {
				return nil, fmt.Errorf("cmdlet metadata: _enums: %w", err)
			}
		case strings.HasPrefix(name, "_"):
		default:
			c := &CmdletMetadata{}
			if err := json.Unmarshal(body, c); err != nil {
				return nil, fmt.Errorf("cmdlet metadata: %s: %w", name, err)
			}
			if len(c.ParameterSets) == 0 {
				return nil, fmt.Errorf("cmdlet metadata: %s: no parameterSets", name)
			}
			m.Cmdlets[name] = c
		}
	}
	return m, nil
}

// Modules gives the names of the modules, sorted.
func (m *Metadata) Modules() []string {
	seen := map[string]bool{}
	var names []string
	for _, c := range m.Cmdlets {
		if !seen[c.Module] {
			seen[c.Module] = true
			names = append(names, c.Module)
		}
	}
	sort.Strings(names)
	return names
}

// EnumTypes makes types of the enumerations, named within a namespace.
func (m *Metadata) EnumTypes(namespace string) []*EnumType {
	names := make([]string, 0, len(m.Enums))
	for n := range m.Enums {
		names = append(names, n)
	}
	sort.Strings(names)
	list := make([]*EnumType, len(names))
	for i, n := range names {
		list[i] = NewEnumType(namespace+"."+n, m.Enums[n])
	}
	return list
}

// Cmdlet makes a cmdlet of its metadata; the caller adds what it does. The
// error name is the class a cmdlet of the module has: errorNamespace with verb
// and noun put together.
func (m *Metadata) Cmdlet(name, errorNamespace string) (*Cmdlet, error) {
	d := m.Cmdlets[name]
	if d == nil {
		return nil, fmt.Errorf("cmdlet metadata: there is no %s", name)
	}
	c := &Cmdlet{Name: name, DefaultSet: d.DefaultParameterSet, SupportsShouldProcess: d.SupportsShouldProcess,
		ConfirmImpact: impactNamed(d.ConfirmImpact), Outputs: d.Outputs,
		ErrorName: errorNamespace + "." + strings.ReplaceAll(name, "-", "")}
	byName := map[string]*Parameter{}
	sets := make([]string, 0, len(d.ParameterSets))
	for s := range d.ParameterSets {
		sets = append(sets, s)
	}
	sort.Strings(sets)
	for _, set := range sets {
		params := make([]string, 0, len(d.ParameterSets[set]))
		for p := range d.ParameterSets[set] {
			params = append(params, p)
		}
		sort.Strings(params)
		for _, pname := range params {
			// these two come with SupportsShouldProcess
			if d.SupportsShouldProcess && (pname == "WhatIf" || pname == "Confirm") {
				continue
			}
			spec := d.ParameterSets[set][pname]
			p := byName[pname]
			if p == nil {
				p = spec.parameter(pname)
				byName[pname] = p
				c.Parameters = append(c.Parameters, p)
			}
			st, err := spec.setting()
			if err != nil {
				return nil, fmt.Errorf("cmdlet metadata: %s -%s in %s: %w", name, pname, set, err)
			}
			p.Sets[set] = st
		}
	}
	return c, nil
}

func impactNamed(name string) Impact {
	switch strings.ToLower(name) {
	case "none":
		return ImpactNone
	case "low":
		return ImpactLow
	case "high":
		return ImpactHigh
	}
	return ImpactMedium
}

func (s ParameterSpec) parameter(name string) *Parameter {
	return &Parameter{Name: name, Type: s.Type, Aliases: s.Aliases, ValidValues: s.ValidValues, Validation: s.Validation, Sets: map[string]Setting{}}
}

func (s ParameterSpec) setting() (Setting, error) {
	st := Setting{Mandatory: s.Mandatory}
	if s.Position != nil {
		st.Positional, st.Position = true, *s.Position
	}
	for _, how := range s.Pipeline {
		switch how {
		case "ByValue":
			st.ByValue = true
		case "ByPropertyName":
			st.ByPropertyName = true
		default:
			return st, fmt.Errorf("pipeline %q is neither ByValue nor ByPropertyName", how)
		}
	}
	return st, nil
}
