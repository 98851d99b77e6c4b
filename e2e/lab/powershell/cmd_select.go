package powershell

import (
	"fmt"
	"strings"
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
	if len(st.columns) > 0 || c.Has("ExcludeProperty") && c.Has("ExpandProperty") {
		// -ExcludeProperty by itself does nothing in 5.1
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
		o.TypeNames = append([]string{"Selected." + firstTypeName(c.s.typeNamesOf(it))}, classCustom.typeNames()...)
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
