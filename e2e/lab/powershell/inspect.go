package powershell

import (
	"fmt"
	"strings"

	"lifeboat.io/e2e/lab/powershell/syntax"
)

// Inspector answers what a session of a registry would find, without running
// anything: for linters.
type Inspector struct{ s *Session }

// NewInspector makes an inspector; nil means the generic cmdlets alone.
func NewInspector(r *Registry) *Inspector {
	return &Inspector{NewSession(Options{Modules: r, Seed: 1})}
}

// Cmdlet finds a cmdlet by name or alias, and gives its proper name.
func (i *Inspector) Cmdlet(name string) (proper string, ok bool) {
	if c := i.s.modules.cmdlet(name); c != nil {
		return c.Name, true
	}
	return "", false
}

// Parameter finds a parameter of a cmdlet the way the binder does.
func (i *Inspector) Parameter(cmdlet, name string) error {
	c := i.s.modules.cmdlet(cmdlet)
	if c == nil {
		return fmt.Errorf("there is no cmdlet %s", cmdlet)
	}
	p, err := newBinding(i.s, c.sig, nil).lookup(name)
	if err == nil && p == nil {
		err = fmt.Errorf("A parameter cannot be found that matches parameter name '%s'.", name)
	}
	return err
}

// Type tells whether a type is known.
func (i *Inspector) Type(n *syntax.TypeName) error {
	if strings.EqualFold(n.Name, "ref") {
		return nil
	}
	_, err := i.s.resolveType(n)
	return err
}

// Static tells whether a type has a static member.
func (i *Inspector) Static(n *syntax.TypeName, member string, call bool) error {
	t, err := i.s.resolveType(n)
	if err != nil {
		return err
	}
	key := strings.ToLower(member)
	ok := false
	switch {
	case call:
		ok = key == "new" || t.Enum != nil && key == "getnames"
		if t.statics != nil && !ok {
			_, ok = t.statics.methods[key]
		}
	default:
		if t.Enum != nil {
			_, ok = t.Enum.lookup(member)
		}
		if t.statics != nil && !ok {
			_, ok = t.statics.properties[key]
		}
	}
	if !ok {
		return fmt.Errorf("The type [%s] has no static member '%s' in the PowerShell subset.", t.Name, member)
	}
	return nil
}

// Attribute tells whether an attribute is known.
func (i *Inspector) Attribute(a *syntax.Attribute) error {
	switch name := attributeName(a); {
	case name == "cmdletbinding" || name == "parameter" || name == "alias" || name == "outputtype" || strings.HasPrefix(name, "allow") || known[name]:
		return nil
	case strings.HasPrefix(name, "validate"):
		if _, err := i.s.validatorOf(a); err != nil {
			return err
		}
		return nil
	}
	return fmt.Errorf("The attribute [%s] is not in the PowerShell subset.", a.Type.Name)
}
