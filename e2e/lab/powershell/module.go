package powershell

import (
	"fmt"
	"sort"
	"strings"
	"sync"
)

// Impact is a ConfirmImpact.
type Impact uint8

// The impacts, lowest first.
const (
	ImpactNone Impact = iota
	ImpactLow
	ImpactMedium
	ImpactHigh
)

// Module is a set of cmdlets with the types they use.
type Module struct {
	// Name is what Import-Module and Get-Module call it.
	Name    string
	Version string
	Cmdlets []*Cmdlet
	Classes []*Class
	Enums   []*EnumType
	// Aliases by name, for what no cmdlet declares itself.
	Aliases map[string]string
}

// Cmdlet is a command written in Go.
type Cmdlet struct {
	// Name is Verb-Noun.
	Name    string
	Aliases []string
	// ErrorName is what FullyQualifiedErrorId carries behind the comma, by
	// convention the full name of the .NET class; empty means Name.
	ErrorName string
	// DefaultSet is the parameter set taken when nothing tells them apart.
	DefaultSet string
	Parameters []*Parameter
	// SupportsShouldProcess gives it -WhatIf and -Confirm.
	SupportsShouldProcess bool
	ConfirmImpact         Impact
	// Outputs are the type names it says it puts out.
	Outputs []string
	// Begin and End run once, Process for each set of bound parameters: once
	// without pipeline input, otherwise for each object that was bound. Those
	// that are nil do nothing.
	Begin, Process, End func(c *Call) error

	module string
	sig    *signature
}

// Parameter is one parameter of a cmdlet.
type Parameter struct {
	Name    string
	Aliases []string
	// Type is a type's name, full, short or an accelerator, with [] for arrays.
	Type string
	// Sets tell how it stands in each parameter set; the key "" means all of
	// them. Nil means all, optional and named.
	Sets map[string]Setting
	// ValidValues restrict it like ValidateSet.
	ValidValues []string
	// Validation are validation attributes in PowerShell's notation, such as
	// ValidateRange(1, 12).
	Validation []string
	// AllowNull, AllowEmpty let a mandatory parameter be null or empty.
	AllowNull, AllowEmpty bool
}

// Setting is how a parameter stands in one set.
type Setting struct {
	Mandatory bool
	// Positional tells that it may be given by Position, from 0.
	Positional bool
	Position   int
	// ByValue and ByPropertyName take it from the pipeline.
	ByValue, ByPropertyName bool
	// Remaining takes all arguments left over.
	Remaining bool
}

// Registry is what a session's scripts find: the generic cmdlets and modules.
// It does not change once made, so sessions share it.
type Registry struct {
	modules []*Module
	cmdlets map[string]*Cmdlet
	aliases map[string]string
	types   map[string]*Type
}

// generic is the registry of a session without modules, made at its first use.
var generic func() *Registry

func init() {
	generic = sync.OnceValue(func() *Registry {
		r, err := NewRegistry()
		if err != nil {
			panic(err)
		}
		return r
	})
}

// NewRegistry gathers modules beside the generic cmdlets. It fails when a
// module is not well formed: a cmdlet twice, a parameter of a type nobody
// knows, a validation nobody understands.
func NewRegistry(modules ...*Module) (*Registry, error) {
	r := &Registry{cmdlets: map[string]*Cmdlet{}, aliases: map[string]string{}, types: map[string]*Type{}}
	for _, m := range append([]*Module{genericModule()}, modules...) {
		if err := r.add(m); err != nil {
			return nil, fmt.Errorf("module %s: %w", m.Name, err)
		}
	}
	return r, nil
}

func (r *Registry) add(m *Module) error {
	if r.module(m.Name) != nil {
		return fmt.Errorf("registered twice")
	}
	r.modules = append(r.modules, m)
	for _, c := range m.Classes {
		t := &Type{Name: c.Name, kind: kindClass, Class: c}
		r.types[strings.ToLower(c.Name)] = t
	}
	for _, e := range m.Enums {
		r.types[strings.ToLower(e.Name)] = &Type{Name: e.Name, kind: kindEnum, Enum: e}
	}
	for _, c := range m.Cmdlets {
		key := strings.ToLower(c.Name)
		if r.cmdlets[key] != nil {
			return fmt.Errorf("cmdlet %s is there twice", c.Name)
		}
		// a copy, so that one definition may be registered more than once
		own := *c
		own.module = m.Name
		sig, err := r.signature(&own)
		if err != nil {
			return fmt.Errorf("cmdlet %s: %w", c.Name, err)
		}
		own.sig = sig
		r.cmdlets[key] = &own
		for _, a := range c.Aliases {
			r.aliases[strings.ToLower(a)] = c.Name
		}
	}
	for a, name := range m.Aliases {
		r.aliases[strings.ToLower(a)] = name
	}
	return nil
}

func (r *Registry) module(name string) *Module {
	for _, m := range r.modules {
		if strings.EqualFold(m.Name, name) {
			return m
		}
	}
	return nil
}

// cmdlet finds a cmdlet by name or alias, with or without its module in front.
func (r *Registry) cmdlet(name string) *Cmdlet {
	key := strings.ToLower(name)
	if i := strings.LastIndexByte(key, '\\'); i > 0 {
		c := r.cmdlets[key[i+1:]]
		if c != nil && strings.EqualFold(c.module, key[:i]) {
			return c
		}
		return nil
	}
	if full, ok := r.aliases[key]; ok {
		key = strings.ToLower(full)
	}
	if c := r.cmdlets[key]; c != nil {
		return c
	}
	return r.cmdlets["get-"+key] // the verb Get may be left out
}

// Cmdlets gives the names of all cmdlets, sorted.
func (r *Registry) Cmdlets() []string {
	names := make([]string, 0, len(r.cmdlets))
	for _, c := range r.cmdlets {
		names = append(names, c.Name)
	}
	sort.Strings(names)
	return names
}

// typeNamed finds the type of a parameter by the name it was declared with.
func (r *Registry) typeNamed(name string) *Type {
	if elem, ok := strings.CutSuffix(name, "[]"); ok {
		if t := r.typeNamed(elem); t != nil {
			return arrayOf(t)
		}
		return nil
	}
	key := strings.ToLower(name)
	for _, k := range [...]string{key, "system." + key, "system.management.automation." + key} {
		if t := builtinTypes[k]; t != nil {
			return t
		}
		if t := r.types[k]; t != nil {
			return t
		}
	}
	var found *Type
	for k, t := range r.types {
		if strings.HasSuffix(k, "."+key) && (found == nil || t.Name < found.Name) {
			found = t
		}
	}
	return found
}

// foreignType stands for a type that no module describes: only objects that
// bear its name fit.
func foreignType(name string) *Type {
	if elem, ok := strings.CutSuffix(name, "[]"); ok {
		return arrayOf(foreignType(elem))
	}
	return &Type{Name: name, kind: kindClass}
}
