package powershell

import (
	"fmt"
	"strings"

	"lifeboat.io/e2e/lab/powershell/syntax"
)

func selectCmdlets() []*Cmdlet {
	return []*Cmdlet{
		{Name: "Select-Object", Aliases: []string{"select"}, DefaultSet: "DefaultParameter", Parameters: parameters(
			"InputObject:psobject,value", "Property:object[],pos=0,set=DefaultParameter,set=SkipLastParameter", "ExcludeProperty:string[],set=DefaultParameter,set=SkipLastParameter",
			"ExpandProperty:string,set=DefaultParameter,set=SkipLastParameter", "Unique:switch", "Last:int,set=DefaultParameter", "First:int,set=DefaultParameter",
			"Skip:int,set=DefaultParameter", "SkipLast:int,set=SkipLastParameter", "Wait:switch,set=DefaultParameter,set=IndexParameter", "Index:int[],set=IndexParameter"),
			Begin: selectBegin, Process: selectProcess, End: selectEnd},
		{Name: "Get-Member", Aliases: []string{"gm"}, Parameters: parameters("Name:string[],pos=0", "InputObject:psobject,value", "MemberType:string[],alias=Type", "Static:switch", "Force:switch", "View:string"),
			Process: getMember},
		{Name: "Add-Member", DefaultSet: "TypeNameSet", Parameters: parameters("InputObject:psobject,mandatory,value",
			"MemberType:string,pos=0,mandatory,alias=Type,set=MemberSet,in=NoteProperty|ScriptProperty|ScriptMethod|AliasProperty",
			"Name:string,pos=1,mandatory,set=MemberSet", "Value:object,pos=2,set=MemberSet", "SecondValue:object,pos=3,set=MemberSet",
			"TypeName:string,mandatory,set=TypeNameSet",
			"NotePropertyName:string,pos=0,mandatory,set=NotePropertySingleMemberSet", "NotePropertyValue:object,pos=1,mandatory,null,empty,set=NotePropertySingleMemberSet",
			"NotePropertyMembers:hashtable,pos=0,mandatory,set=NotePropertyMultiMemberSet",
			"Force:switch", "PassThru:switch"), Process: addMember},
		{Name: "New-Object", DefaultSet: "Net", Parameters: parameters("TypeName:string,pos=0,mandatory,set=Net", "ArgumentList:object[],pos=1,alias=Args,set=Net", "ComObject:string,pos=0,mandatory,set=Com", "Strict:switch,set=Com", "Property:hashtable"),
			Process: newObject},
		{Name: "Get-Unique", Aliases: []string{"gu"}, Parameters: parameters("InputObject:psobject,value", "AsString:switch", "OnType:switch"), Process: func(c *Call) error {
			last, ok := c.Scratch.(*Value)
			v := c.Value("InputObject")
			if ok && c.s.equal(c.s.toString(*last), c.s.toString(v), true) {
				return nil
			}
			c.Scratch = &v
			return c.Write(v)
		}},
	}
}

// selection is the state of one Select-Object.
type selection struct {
	seen    int
	sent    int
	queue   []Value // the last ones
	unique  []Value
	columns []column
}

// column is one property to select or to show: a name, a pattern or a
// calculation.
type column struct {
	label  string
	name   string
	expr   *ScriptBlock
	width  int
	align  string
	format string
}

func selectBegin(c *Call) error {
	st := &selection{}
	cols, err := columnsOf(c, "Property")
	st.columns = cols
	c.Scratch = st
	return err
}

// columnsOf reads a list of properties: names, patterns and hashtables with
// Name, Label, Expression, Width, Alignment and FormatString.
func columnsOf(c *Call, param string) ([]column, error) {
	var cols []column
	for _, p := range c.Items(param) {
		switch x := p.(type) {
		case *ScriptBlock:
			cols = append(cols, column{label: x.Text(), expr: x})
		case *Hashtable:
			col, err := calculated(c, x)
			if err != nil {
				return nil, err
			}
			cols = append(cols, col)
		default:
			cols = append(cols, column{name: plainString(p), label: plainString(p)})
		}
	}
	return cols, nil
}

func calculated(c *Call, h *Hashtable) (column, error) {
	var col column
	for i := range h.Len() {
		k, v := h.Entry(i)
		key := strings.ToLower(plainString(k))
		is := func(full string) bool { return key != "" && strings.HasPrefix(full, key) }
		switch {
		case is("name") || is("label"):
			col.label = plainString(v)
		case is("expression"):
			if b, ok := v.(*ScriptBlock); ok {
				col.expr = b
			} else {
				col.name = plainString(v)
			}
		case is("width"):
			n, err := c.s.convert(v, typeInt32)
			if err != nil {
				return col, err
			}
			col.width = int(n.(int32))
		case is("alignment"):
			col.align = strings.ToLower(plainString(v))
		case is("formatstring"):
			col.format = plainString(v)
		default:
			return col, c.Fail(NewErrorRecord("System.NotSupportedException", "DictionaryKeyIllegal", InvalidArgument, fmt.Sprintf("The %s key is not valid.", plainString(k))))
		}
	}
	if col.label == "" {
		col.label = col.name
		if col.expr != nil {
			col.label = col.expr.Text()
		}
	}
	return col, nil
}

func (s *Session) columnValue(col column, it Value) (Value, error) {
	if col.expr == nil {
		v, _, err := s.property(it, col.name)
		return v, err
	}
	r := collector{s: s}
	if err := s.inline(col.expr, it, r.add); err != nil {
		if t, ok := err.(*Terminating); ok {
			s.remember(t.Record)
			return nil, nil
		}
		return nil, err
	}
	return settle(r.value()), nil
}

func selectProcess(c *Call) error {
	st := c.Scratch.(*selection)
	if c.Has("InputObject") && !c.HasInput {
		return selectOne(c, st, c.Value("InputObject"))
	}
	if !c.HasInput {
		return nil
	}
	it := c.Value("InputObject")
	n := st.seen
	st.seen++
	if c.Has("Index") {
		for _, i := range c.Items("Index") {
			if c.s.equal(i, int32(n), false) {
				return selectOne(c, st, it)
			}
		}
		return nil
	}
	if c.Has("Last") || c.Has("SkipLast") {
		if c.Has("First") && n < int(c.Int("First")) {
			return selectOne(c, st, it)
		}
		keep := int(c.Int("Last") + c.Int("SkipLast") + c.Int("Skip"))
		if keep < 0 {
			keep = 0
		}
		st.queue = append(st.queue, it)
		if len(st.queue) > keep {
			out := st.queue[0]
			st.queue = st.queue[1:]
			if c.Has("SkipLast") {
				return selectOne(c, st, out)
			}
		}
		return nil
	}
	if n < int(c.Int("Skip")) {
		return nil
	}
	if c.Has("First") {
		limit := int(c.Int("First"))
		if st.sent >= limit {
			return c.stopUpstream()
		}
		st.sent++
		if err := selectOne(c, st, it); err != nil {
			return err
		}
		if st.sent == limit && !c.Switch("Wait") && !c.Switch("Unique") {
			return c.stopUpstream()
		}
		return nil
	}
	return selectOne(c, st, it)
}

// stopUpstream ends the commands in front of this one.
func (c *Call) stopUpstream() error { return &stopUpstream{c.stage} }

func selectEnd(c *Call) error {
	st := c.Scratch.(*selection)
	if c.Has("Last") {
		q := st.queue
		if skip := int(c.Int("Skip")); skip > 0 {
			q = q[:max(0, len(q)-skip)]
		}
		if n := int(c.Int("Last")); len(q) > n {
			q = q[len(q)-n:]
		}
		for _, it := range q {
			if err := selectOne(c, st, it); err != nil {
				return err
			}
		}
	}
	if c.Switch("Unique") {
		return enumerate(NewArray(st.unique...), c.out)
	}
	return nil
}

// selectOne projects an object and puts it out, or keeps it for -Unique.
func selectOne(c *Call, st *selection, it Value) error {
	out := it
	if len(st.columns) > 0 || c.Has("ExcludeProperty") {
		o, err := project(c, st, it)
		if err != nil {
			return err
		}
		out = o
	}
	if c.Has("ExpandProperty") {
		return expandProperty(c, st, it, out)
	}
	return selectEmit(c, st, out)
}

func selectEmit(c *Call, st *selection, out Value) error {
	if !c.Switch("Unique") {
		return c.Write(out)
	}
	for _, u := range st.unique {
		if same(c.s, u, out) {
			return nil
		}
	}
	st.unique = append(st.unique, out)
	return nil
}

// same compares for -Unique: custom objects by their properties.
func same(s *Session, a, b Value) bool {
	x, ok1 := a.(*Object)
	y, ok2 := b.(*Object)
	if ok1 && ok2 && x.Class == classCustom && y.Class == classCustom {
		if len(x.notes) != len(y.notes) {
			return false
		}
		for i := range x.notes {
			if v, ok := y.Get(x.notes[i].name); !ok || !same(s, x.notes[i].value, v) {
				return false
			}
		}
		return true
	}
	return s.equal(a, b, true)
}

func expandProperty(c *Call, st *selection, it, projected Value) error {
	name := c.String("ExpandProperty")
	v, found, err := c.s.property(it, name)
	if err != nil {
		return err
	}
	if !found {
		r := badArgument("ExpandPropertyNotFound", "Property \"%s\" cannot be found.", name)
		r.Target = it
		return c.Error(r)
	}
	if v == nil {
		return nil
	}
	return enumerate(v, func(x Value) error {
		if o, ok := projected.(*Object); ok && len(st.columns) > 0 {
			if xo, isObject := x.(*Object); isObject {
				cp := *xo
				cp.notes, cp.index = append([]note(nil), xo.notes...), nil
				for _, n := range o.notes {
					cp.addNote(n)
				}
				x = &cp
			}
		}
		return selectEmit(c, st, x)
	})
}

// project makes the object that has only the selected properties.
func project(c *Call, st *selection, it Value) (Value, error) {
	o := NewObject()
	if it != nil {
		o.TypeNames = append([]string{"Selected." + c.s.typeNamesOf(it)[0]}, classCustom.typeNames()...)
	}
	exclude := c.Strings("ExcludeProperty")
	excluded := func(name string) bool {
		for _, x := range exclude {
			if NewWildcard(x, false).Match(name) {
				return true
			}
		}
		return false
	}
	columns := st.columns
	if len(columns) == 0 {
		columns = []column{{name: "*", label: "*"}}
	}
	for _, col := range columns {
		if col.expr == nil && HasWildcard(col.name) {
			w := NewWildcard(col.name, false)
			for _, n := range c.s.propertyNames(it) {
				if !w.Match(n) || excluded(n) {
					continue
				}
				v, _, err := c.s.property(it, n)
				if err != nil {
					return nil, err
				}
				o.Set(n, v)
			}
			continue
		}
		if excluded(col.label) {
			continue
		}
		v, err := c.s.columnValue(col, it)
		if err != nil {
			return nil, err
		}
		label := col.label
		if col.expr == nil && col.label == col.name {
			label = properName(c.s, it, col.name)
		}
		o.Set(label, v)
	}
	return o, nil
}

// properName gives a property's name in the case it was declared with.
func properName(s *Session, it Value, name string) string {
	for _, n := range s.propertyNames(it) {
		if strings.EqualFold(n, name) {
			return n
		}
	}
	return name
}

var classMemberDefinition = &Class{Name: "Microsoft.PowerShell.Commands.MemberDefinition", Properties: []Property{
	get("TypeName", tString, func(v Value) Value { return v.([4]string)[0] }),
	get("Name", tString, func(v Value) Value { return v.([4]string)[1] }),
	get("MemberType", tString, func(v Value) Value { return v.([4]string)[2] }),
	get("Definition", tString, func(v Value) Value { return v.([4]string)[3] }),
}, Table: []Column{{Property: "Name"}, {Property: "MemberType"}, {Property: "Definition"}}}

func getMember(c *Call) error {
	v := c.Value("InputObject")
	if v == nil {
		return c.Error(badArgument("NoObjectInGetMember", "You must specify an object for the Get-Member cmdlet."))
	}
	typ := c.s.typeNamesOf(v)[0]
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
				def = typeOf(x).short() + " " + def
			}
			if n := o.notes[o.find(n)]; n.get != nil {
				kind = "ScriptProperty"
			}
		} else if p := classOf(v).Property(n); p != nil {
			if p.Type != "" {
				def = p.Type
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
