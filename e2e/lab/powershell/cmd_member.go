package powershell

import (
	"fmt"
	"strings"

	"lifeboat.io/e2e/lab/powershell/syntax"
)

var classMemberDefinition = &Class{Name: "Microsoft.PowerShell.Commands.MemberDefinition", Properties: []Property{
	get("TypeName", tString, func(v Value) Value { return v.([4]string)[0] }),
	get("Name", tString, func(v Value) Value { return v.([4]string)[1] }),
	get("MemberType", tString, func(v Value) Value { return v.([4]string)[2] }),
	get("Definition", tString, func(v Value) Value { return v.([4]string)[3] }),
}, Table: []Column{{Property: "Name"}, {Property: "MemberType"}, {Property: "Definition"}}}

// accelerators are the names Get-Member has for types.
var accelerators = map[string]string{"System.String": "string", "System.Boolean": "bool", "System.Int32": "int", "System.Int64": "long", "System.UInt32": "uint32",
	"System.UInt64": "uint64", "System.Double": "double", "System.Single": "float", "System.DateTime": "datetime", "System.TimeSpan": "timespan", "System.Guid": "guid",
	"System.Version": "version", "System.String[]": "string[]"}

func getMember(c *Call) error {
	v := c.Value("InputObject")
	if v == nil {
		return c.Error(badArgument("NoObjectInGetMember", "You must specify an object for the Get-Member cmdlet."))
	}
	typ := firstTypeName(c.s.typeNamesOf(v))
	seen, _ := c.Scratch.(map[string]bool)
	if seen == nil {
		seen = map[string]bool{}
		c.Scratch = seen
	}
	if seen[typ] {
		return nil
	}
	seen[typ] = true
	var rows [][4]string
	if cl := classOf(v); cl != nil {
		for _, m := range cl.Methods {
			rows = append(rows, [4]string{typ, m.Name, "Method", m.Name + "()"})
		}
	}
	for _, n := range c.s.propertyNames(v) {
		kind, def := "Property", "System.Object"
		if o, ok := v.(*Object); ok && o.find(n) >= 0 {
			kind = "NoteProperty"
			x, _ := o.Get(n)
			def = n + "=" + plainString(x)
			if x != nil {
				short := accelerators[typeOf(x).Name]
				if short == "" {
					short = typeOf(x).short()
				}
				def = short + " " + def
			}
			if n := o.notes[o.find(n)]; n.get != nil {
				kind = "ScriptProperty"
			}
		} else if p := classOf(v).Property(n); p != nil {
			if p.Type != "" {
				def = p.Type
			}
			if short := accelerators[def]; short != "" {
				def = short
			}
			acc := "{get;}"
			if p.Set != nil {
				acc = "{get;set;}"
			}
			def += " " + n + " " + acc
		}
		rows = append(rows, [4]string{typ, n, kind, def})
	}
	for _, r := range rows {
		if names := c.Strings("Name"); len(names) > 0 && !anyMatch(names, r[1]) {
			continue
		}
		if kinds := c.Strings("MemberType"); len(kinds) > 0 && !memberKind(kinds, r[2]) {
			continue
		}
		if err := c.Write(NewInstance(classMemberDefinition, r)); err != nil {
			return err
		}
	}
	return nil
}

func memberKind(kinds []string, kind string) bool {
	for _, k := range kinds {
		if strings.EqualFold(k, "All") || strings.EqualFold(k, kind) || strings.EqualFold(k, "Properties") && strings.HasSuffix(kind, "Property") || strings.EqualFold(k, "Methods") && strings.HasSuffix(kind, "Method") {
			return true
		}
	}
	return false
}

func anyMatch(patterns []string, text string) bool {
	for _, p := range patterns {
		if NewWildcard(p, false).Match(text) {
			return true
		}
	}
	return false
}

func addMember(c *Call) error {
	v := c.Value("InputObject")
	o, ok := v.(*Object)
	if !ok {
		if h, isTable := v.(*Hashtable); isTable && c.Has("NotePropertyName") {
			h.Set(c.String("NotePropertyName"), c.Value("NotePropertyValue"))
			return nil
		}
		return c.Error(badArgument("UnsupportedConstruct", "The PowerShell subset of this host adds members to objects only, not to a value of type %s.", typeOf(v).Name))
	}
	add := func(n note) error {
		if o.find(n.name) >= 0 && !c.Switch("Force") {
			r := NewErrorRecord("System.InvalidOperationException", "MemberAlreadyExists", InvalidOperation, fmt.Sprintf("Cannot add a member with the name \"%s\" because a member with that name already exists. To overwrite the member anyway, add the Force parameter to your command.", n.name))
			r.Target = o
			return c.Error(r)
		}
		o.addNote(n)
		return nil
	}
	var err error
	switch c.Set() {
	case "TypeNameSet":
		o.TypeNames = append([]string{c.String("TypeName")}, o.typeNames()...)
	case "NotePropertySingleMemberSet":
		err = add(note{name: c.String("NotePropertyName"), value: c.Value("NotePropertyValue")})
	case "NotePropertyMultiMemberSet":
		h := c.Value("NotePropertyMembers").(*Hashtable)
		for i := 0; i < h.Len() && err == nil; i++ {
			k, x := h.Entry(i)
			err = add(note{name: plainString(k), value: x})
		}
	default:
		n := note{name: c.String("Name")}
		block, _ := c.Value("Value").(*ScriptBlock)
		switch strings.ToLower(c.String("MemberType")) {
		case "noteproperty":
			n.value = c.Value("Value")
		case "scriptproperty":
			n.get = block
		case "scriptmethod":
			n.method = block
		case "aliasproperty":
			n.alias = c.String("Value")
		}
		err = add(n)
	}
	if err == nil && c.Switch("PassThru") {
		err = c.Write(o)
	}
	return err
}

func newObject(c *Call) error {
	if c.Has("ComObject") {
		return c.Fail(NewErrorRecord("System.Runtime.InteropServices.COMException", "NoCOMClassIdentified", ResourceUnavailable,
			"The PowerShell subset of this host has no COM classes, so not "+c.String("ComObject")+"."))
	}
	name := c.String("TypeName")
	block, err := parseCached("", "["+name+"]")
	if err != nil {
		return err
	}
	v, err := c.s.eval(block.End.Stmts[0].(*syntax.Pipeline).Elements[0].(*syntax.CommandExpr).Expr)
	t, ok := v.(*Type)
	if err != nil || !ok {
		return c.Fail(NewErrorRecord("System.Management.Automation.PSArgumentException", "TypeNotFound", InvalidType, "Cannot find type ["+name+"]: verify that the assembly containing this type is loaded."))
	}
	made, err := c.s.construct(t, c.Items("ArgumentList"))
	if err != nil {
		if te, ok := err.(*Terminating); ok && te.Record.Exception.Inner != nil {
			te.Record.ID = "ConstructorInvokedThrowException"
		}
		return err
	}
	if h, ok := c.Value("Property").(*Hashtable); ok {
		for i := range h.Len() {
			k, x := h.Entry(i)
			if o, isObject := made.(*Object); isObject && o.Class == classCustom {
				o.Set(plainString(k), x)
				continue
			}
			if err := c.s.setProperty(made, plainString(k), x); err != nil {
				return err
			}
		}
	}
	return c.Write(made)
}
