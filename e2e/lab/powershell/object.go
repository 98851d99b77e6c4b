package powershell

import (
	"strings"
	"sync"
)

// Class describes the objects of one .NET type: what members they have and how
// they are shown.
type Class struct {
	// Name is the full .NET name.
	Name string
	// Bases are the full names of the types it derives from, nearest first,
	// without System.Object.
	Bases []string
	// Properties in the order they are shown and serialised.
	Properties []Property
	// Methods that scripts may call.
	Methods []Method
	// Table is the default view as a table; with neither Table nor List the
	// view follows the number of properties, as PowerShell does.
	Table []Column
	// List names the properties of the default list view.
	List []string
	// DefaultProperties is what Select-Object *, Format-Table and Format-List
	// without a view fall back to; empty means all of Properties.
	DefaultProperties []string
	// String is what ToString gives; nil gives Name.
	String func(self Value) string

	once       sync.Once
	properties map[string]*Property
	methods    map[string]*Method
}

// Property is one property of a class.
type Property struct {
	Name string
	// Type is the full .NET name, for Get-Member; empty means System.Object.
	Type string
	// Get reads it. self is the object's Data, or the value itself for a
	// built-in type.
	Get func(self Value) Value
	// Set writes it; nil makes it read only.
	Set func(self Value, v Value) error
}

// Method is one method of a class.
type Method struct {
	Name string
	// Call runs it. An error that is no *Terminating becomes a
	// MethodInvocationException.
	Call func(s *Session, self Value, args []Value) (Value, error)
	// Min and Max bound the number of arguments; another number is an error.
	Min, Max int
	// Void tells that it gives nothing to the pipeline, not even $null.
	Void bool
}

// Column is one column of a table view.
type Column struct {
	// Label heads the column; empty means Property.
	Label string
	// Property is shown, unless Show is there.
	Property string
	Show     func(self Value) Value
	// Width in characters; 0 shares the space.
	Width int
	// Right aligns to the right.
	Right bool
}

func (c *Class) index() {
	c.properties = make(map[string]*Property, len(c.Properties))
	for i := range c.Properties {
		c.properties[strings.ToLower(c.Properties[i].Name)] = &c.Properties[i]
	}
	c.methods = make(map[string]*Method, len(c.Methods))
	for i := range c.Methods {
		c.methods[strings.ToLower(c.Methods[i].Name)] = &c.Methods[i]
	}
}

// Property finds a property without regard to case.
func (c *Class) Property(name string) *Property {
	c.once.Do(c.index)
	return c.properties[strings.ToLower(name)]
}

// Method finds a method without regard to case.
func (c *Class) Method(name string) *Method {
	c.once.Do(c.index)
	return c.methods[strings.ToLower(name)]
}

// Object is an object with properties: one a module made (Class and Data), or a
// custom object (properties only).
type Object struct {
	Class *Class
	// Data is what the class's functions are called with.
	Data Value
	// TypeNames, if not nil, replace the type names of the class.
	TypeNames []string

	notes []note
	index map[string]int // only for objects with many notes
}

// note is a property or method added to an object.
type note struct {
	name   string
	value  Value
	get    *ScriptBlock // script property
	method *ScriptBlock // script method
	alias  string       // alias property
}

const indexedNotes = 12

// NewObject makes an empty custom object.
func NewObject() *Object { return &Object{Class: classCustom} }

// NewInstance makes an object of a class.
func NewInstance(c *Class, data Value) *Object { return &Object{Class: c, Data: data} }

func (o *Object) find(name string) int {
	if o.index != nil {
		if i, ok := o.index[strings.ToLower(name)]; ok {
			return i
		}
		return -1
	}
	for i := range o.notes {
		if strings.EqualFold(o.notes[i].name, name) {
			return i
		}
	}
	return -1
}

func (o *Object) addNote(n note) {
	if i := o.find(n.name); i >= 0 {
		o.notes[i] = n
		return
	}
	o.notes = append(o.notes, n)
	switch {
	case o.index != nil:
		o.index[strings.ToLower(n.name)] = len(o.notes) - 1
	case len(o.notes) > indexedNotes:
		o.index = make(map[string]int, len(o.notes))
		for i := range o.notes {
			o.index[strings.ToLower(o.notes[i].name)] = i
		}
	}
}

// Set adds a note property or changes one.
func (o *Object) Set(name string, v Value) *Object {
	o.addNote(note{name: name, value: v})
	return o
}

// Get gives a property that needs no script to be read.
func (o *Object) Get(name string) (Value, bool) {
	if i := o.find(name); i >= 0 {
		if n := &o.notes[i]; n.get == nil && n.method == nil && n.alias == "" {
			return n.value, true
		}
		return nil, false
	}
	if p := o.Class.Property(name); p != nil {
		return p.Get(o.Data), true
	}
	return nil, false
}

func (o *Object) remove(name string) bool {
	i := o.find(name)
	if i < 0 {
		return false
	}
	o.notes = append(o.notes[:i], o.notes[i+1:]...)
	if o.index != nil {
		o.index = nil
		rest := o.notes
		o.notes = nil
		for _, n := range rest {
			o.addNote(n)
		}
	}
	return true
}

// typeNames are the names of an object's type and its bases.
func (o *Object) typeNames() []string {
	if o.TypeNames != nil {
		return o.TypeNames
	}
	return o.Class.typeNames()
}

func (c *Class) typeNames() []string {
	n := append([]string{c.Name}, c.Bases...)
	if c.Name != "System.Object" {
		n = append(n, "System.Object")
	}
	return n
}
