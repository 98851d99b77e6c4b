package powershell

import (
	"strings"

	"lifeboat.io/e2e/lab/powershell/syntax"
)

// variable is one variable in one scope.
type variable struct {
	name     string
	value    Value
	typ      *Type       // a constraint, or nil
	checks   []validator // validation attributes
	readOnly bool
	constant bool
}

// scope holds variables and functions; names not found are looked for in the parent.
type scope struct {
	parent *scope
	vars   map[string]*variable
	funcs  map[string]*function
	script bool // the scope $script: means
}

// function is a function or filter by name.
type function struct {
	name   string
	block  *ScriptBlock
	filter bool
}

func (c *scope) get(key string) *variable {
	for ; c != nil; c = c.parent {
		if v := c.vars[key]; v != nil {
			return v
		}
	}
	return nil
}

func (c *scope) put(name string, v Value) *variable {
	if c.vars == nil {
		c.vars = map[string]*variable{}
	}
	key := strings.ToLower(name)
	if old := c.vars[key]; old != nil {
		old.value = v
		return old
	}
	n := &variable{name: name, value: v}
	c.vars[key] = n
	return n
}

func (c *scope) function(key string) *function {
	for ; c != nil; c = c.parent {
		if f := c.funcs[key]; f != nil {
			return f
		}
	}
	return nil
}

// scopeOf finds the scope a prefix names; nil when there is no such scope.
func (s *Session) scopeOf(prefix string) *scope {
	switch prefix {
	case "", "local", "private":
		return s.scope
	case "global":
		return s.global
	case "script":
		c := s.scope
		for c.parent != nil && !c.script {
			c = c.parent
		}
		return c
	}
	return nil
}

// scopeNumber finds a scope for -Scope: a name or a number of levels up.
func (s *Session) scopeNumber(text string) (*scope, error) {
	if c := s.scopeOf(strings.ToLower(text)); c != nil && text != "" {
		return c, nil
	}
	n, err := s.convert(text, typeInt32)
	if err != nil {
		return nil, newError("System.Management.Automation.PSArgumentException", "Argument", InvalidArgument,
			"Cannot process argument because the value of argument \"scopeID\" is not valid. Change the value of the \"scopeID\" argument and run the operation again.")
	}
	c := s.scope
	for range n.(int32) {
		if c.parent == nil {
			return nil, newError("System.Management.Automation.PSArgumentOutOfRangeException", "ArgumentOutOfRange", InvalidArgument,
				"The scope number '"+text+"' exceeds the number of active scopes.")
		}
		c = c.parent
	}
	return c, nil
}

// setVariable sets a variable in the present scope without any checks.
func (s *Session) setVariable(name string, v Value) { s.scope.put(name, v) }

// readVariable gives a variable's value; found is false for one nobody set.
func (s *Session) readVariable(p syntax.VariablePath) (v Value, found bool, err error) {
	switch p.Scope {
	case "", "global", "script", "local", "private", "variable":
		c := s.scope
		if p.Scope != "" && p.Scope != "variable" {
			c = s.scopeOf(p.Scope)
			if v := c.vars[p.Key]; v != nil {
				return v.value, true, nil
			}
			if c != s.global {
				return nil, false, nil
			}
		} else if v := c.get(p.Key); v != nil {
			return v.value, true, nil
		}
		return s.automatic(p.Key)
	case "env":
		if v, ok := s.env[strings.ToUpper(p.Name)]; ok {
			return v, true, nil
		}
		return nil, true, nil
	case "function":
		if f := s.scope.function(p.Key); f != nil {
			return f.block, true, nil
		}
		return nil, true, nil
	}
	return nil, false, newError("System.Management.Automation.DriveNotFoundException", "DriveNotFound", ObjectNotFound,
		"Cannot find drive. A drive with the name '"+p.Scope+"' does not exist.").target(p.Scope)
}

// assignVariable sets a variable as an assignment does.
func (s *Session) assignVariable(p syntax.VariablePath, v Value, typ *Type, checks []validator) error {
	if p.Scope == "env" {
		if v == nil || s.toString(v) == "" {
			delete(s.env, strings.ToUpper(p.Name))
			return nil
		}
		s.env[strings.ToUpper(p.Name)] = s.toString(v)
		return nil
	}
	if p.Scope == "function" {
		b, ok := v.(*ScriptBlock)
		if !ok {
			return runtimeError("UnsupportedConstruct", "Only script blocks can be assigned to functions.")
		}
		s.defineFunction(s.scope, p.Name, b, false)
		return nil
	}
	c := s.scopeOf(p.Scope)
	if p.Scope == "variable" {
		c = s.scope
	}
	if c == nil {
		return newError("System.Management.Automation.DriveNotFoundException", "DriveNotFound", ObjectNotFound,
			"Cannot find drive. A drive with the name '"+p.Scope+"' does not exist.").target(p.Scope)
	}
	if p.Key == "null" { // takes anything and keeps nothing
		return nil
	}
	if protected[p.Key] {
		return newError("System.Management.Automation.SessionStateUnauthorizedAccessException", "VariableNotWritable", WriteErrorCategory,
			"Cannot overwrite variable "+p.Name+" because it is read-only or constant.").target(p.Name)
	}
	return s.store(c, p, v, typ, checks)
}

// protected are the variables scripts may not set.
var protected = map[string]bool{
	"true": true, "false": true, "?": true, "host": true, "pid": true, "error": true, "home": true,
	"psversiontable": true, "shellid": true, "executioncontext": true,
}

func (s *Session) store(c *scope, p syntax.VariablePath, v Value, typ *Type, checks []validator) error {
	if c.vars == nil {
		c.vars = map[string]*variable{}
	}
	old := c.vars[p.Key]
	if old == nil {
		old = &variable{name: p.Name}
	} else if old.readOnly || old.constant {
		return newError("System.Management.Automation.SessionStateUnauthorizedAccessException", "VariableNotWritable", WriteErrorCategory,
			"Cannot overwrite variable "+p.Name+" because it is read-only or constant.").target(p.Name)
	}
	if typ != nil {
		old.typ = typ
	}
	if checks != nil {
		old.checks = checks
	}
	if old.typ != nil {
		converted, err := s.convert(v, old.typ)
		if err != nil {
			return s.assignmentCast(err)
		}
		v = converted
	}
	for _, check := range old.checks {
		if err := check.check(s, v); err != nil {
			return newError("System.Management.Automation.ValidationMetadataException", "ValidateSetFailure", MetadataError,
				"The variable cannot be validated because the value "+s.toString(v)+" is not a valid value for the "+p.Name+" variable.")
		}
	}
	old.value = v
	c.vars[p.Key] = old
	return nil
}

// assignmentCast reports a value that does not fit a typed variable.
func (s *Session) assignmentCast(err error) error {
	c, ok := err.(*castError)
	if !ok {
		return err
	}
	return newError("System.Management.Automation.ArgumentTransformationMetadataException", "RuntimeException", MetadataError, c.message)
}

func (s *Session) defineFunction(c *scope, name string, b *ScriptBlock, filter bool) {
	if i := strings.IndexByte(name, ':'); i >= 0 {
		if named := s.scopeOf(strings.ToLower(name[:i])); named != nil {
			c, name = named, name[i+1:]
		}
	}
	if c.funcs == nil {
		c.funcs = map[string]*function{}
	}
	c.funcs[strings.ToLower(name)] = &function{name: name, block: b, filter: filter}
}

// ofs is what stands between the elements of an array in a string.
func (s *Session) ofs() string {
	if v := s.scope.get("ofs"); v != nil {
		return plainString(v.value)
	}
	return " "
}
