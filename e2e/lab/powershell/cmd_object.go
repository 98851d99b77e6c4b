package powershell

import (
	"sort"
	"strings"
)

func objectCmdlets() []*Cmdlet {
	return []*Cmdlet{
		whereObject(), forEachObject(),
		{Name: "Sort-Object", Aliases: []string{"sort"}, Parameters: parameters("Property:object[],pos=0", "Descending:switch", "Unique:switch", "CaseSensitive:switch", "Culture:string", "InputObject:psobject,value"),
			Process: collectInput, End: sortObject},
		{Name: "Group-Object", Aliases: []string{"group"}, Parameters: parameters("Property:object[],pos=0", "NoElement:switch", "AsHashTable:switch,alias=AHT", "AsString:switch", "CaseSensitive:switch", "InputObject:psobject,value"),
			Process: collectInput, End: groupObject},
		{Name: "Measure-Object", Aliases: []string{"measure"}, DefaultSet: "GenericMeasure", Parameters: parameters("Property:object[],pos=0", "Sum:switch,set=GenericMeasure", "Average:switch,set=GenericMeasure",
			"Maximum:switch,set=GenericMeasure", "Minimum:switch,set=GenericMeasure", "Line:switch,set=TextMeasure", "Word:switch,set=TextMeasure", "Character:switch,set=TextMeasure", "InputObject:psobject,value"),
			Process: collectInput, End: measureObject},
		{Name: "Compare-Object", Aliases: []string{"compare", "diff"}, Parameters: parameters("ReferenceObject:psobject[],pos=0,mandatory,empty", "DifferenceObject:psobject[],pos=1,mandatory,empty,value", "Property:object[]", "IncludeEqual:switch", "ExcludeDifferent:switch", "CaseSensitive:switch", "PassThru:switch", "SyncWindow:int"),
			Process: compareGather, End: compareObject},
		{Name: "Tee-Object", Aliases: []string{"tee"}, Parameters: parameters("InputObject:psobject,value", "Variable:string,mandatory"), Process: func(c *Call) error {
			if err := collectInput(c); err != nil {
				return err
			}
			c.s.setVariable(c.String("Variable"), settle(c.Scratch.(*collector).value()))
			return c.Write(c.Value("InputObject"))
		}},
	}
}

// sortKey is one key of Sort-Object and its kin: a property or a script, with a direction.
type sortKey struct {
	name       string
	expr       *ScriptBlock
	descending bool
}

// keysOf reads the Property parameter of Sort-Object and Group-Object.
func keysOf(c *Call) []sortKey {
	var keys []sortKey
	for _, p := range c.Items("Property") {
		k := sortKey{descending: c.Has("Descending") && c.Switch("Descending")}
		switch x := p.(type) {
		case *ScriptBlock:
			k.expr, k.name = x, x.Text()
		case *Hashtable:
			for i := range x.Len() {
				name, v := x.Entry(i)
				switch n := strings.ToLower(plainString(name)); {
				case strings.HasPrefix("expression", n):
					if b, ok := v.(*ScriptBlock); ok {
						k.expr, k.name = b, b.Text()
					} else {
						k.name = plainString(v)
					}
				case strings.HasPrefix("descending", n):
					k.descending = truth(v)
				case strings.HasPrefix("ascending", n):
					k.descending = !truth(v)
				}
			}
		default:
			k.name = plainString(p)
		}
		keys = append(keys, k)
	}
	return keys
}

func (s *Session) keyValue(k sortKey, it Value) (Value, error) {
	if k.expr != nil {
		r := collector{s: s}
		err := s.inline(k.expr, it, r.add)
		return settle(r.value()), err
	}
	v, _, err := s.property(it, k.name)
	return v, err
}

type sortRow struct {
	it   Value
	keys []Value
}

func sortObject(c *Call) error {
	keys := keysOf(c)
	rows, err := rowsOf(c, keys)
	if err != nil {
		return err
	}
	descending := []bool{c.Switch("Descending")}
	if len(keys) > 0 {
		descending = descending[:0]
		for _, k := range keys {
			descending = append(descending, k.descending)
		}
	}
	cased := c.Switch("CaseSensitive")
	sort.SliceStable(rows, func(i, j int) bool { return lessRow(c.s, rows[i], rows[j], descending, cased) })
	for i, r := range rows {
		if c.Switch("Unique") && i > 0 && sameRow(c.s, rows[i-1], r, cased) {
			continue
		}
		if err := c.Write(r.it); err != nil {
			return err
		}
	}
	return nil
}

func rowsOf(c *Call, keys []sortKey) ([]sortRow, error) {
	var rows []sortRow
	for _, it := range collected(c) {
		if it == nil {
			continue
		}
		r := sortRow{it: it, keys: []Value{it}}
		if len(keys) > 0 {
			r.keys = make([]Value, len(keys))
			for i, k := range keys {
				v, err := c.s.keyValue(k, it)
				if err != nil {
					return nil, err
				}
				r.keys[i] = v
			}
		}
		rows = append(rows, r)
	}
	return rows, nil
}

func lessRow(s *Session, a, b sortRow, descending []bool, cased bool) bool {
	for i := range a.keys {
		n, err := s.order(a.keys[i], b.keys[i], cased)
		if err != nil {
			n = compareText(plainString(a.keys[i]), plainString(b.keys[i]), cased)
		}
		if n != 0 {
			return n < 0 != descending[i]
		}
	}
	return false
}

func sameRow(s *Session, a, b sortRow, cased bool) bool {
	for i := range a.keys {
		if n, err := s.order(a.keys[i], b.keys[i], cased); err != nil || n != 0 {
			if err == nil || !s.equal(plainString(a.keys[i]), plainString(b.keys[i]), cased) {
				return false
			}
		}
	}
	return true
}

var classGroupInfo = &Class{Name: "Microsoft.PowerShell.Commands.GroupInfo"}

func groupObject(c *Call) error {
	keys := keysOf(c)
	rows, err := rowsOf(c, keys)
	if err != nil {
		return err
	}
	var names []string
	groups := map[string]*sortRow{}
	members := map[string]*Array{}
	cased := c.Switch("CaseSensitive")
	for _, r := range rows {
		parts := make([]string, len(r.keys))
		for i, k := range r.keys {
			parts[i] = c.s.toString(k)
		}
		key := fold(strings.Join(parts, "\x00"), !cased)
		if groups[key] == nil {
			row := r
			groups[key], members[key] = &row, NewArray()
			names = append(names, key)
		}
		members[key].Items = append(members[key].Items, r.it)
	}
	if c.Switch("AsHashTable") {
		h := NewHashtable()
		for _, n := range names {
			k := groups[n].keys[0]
			if c.Switch("AsString") {
				k = c.s.toString(k)
			}
			h.Set(k, members[n])
		}
		return c.Write(h)
	}
	for _, n := range names {
		texts := make([]string, len(groups[n].keys))
		for i, k := range groups[n].keys {
			texts[i] = c.s.toString(k)
		}
		o := NewObject()
		o.TypeNames = append([]string{classGroupInfo.Name}, classCustom.typeNames()...)
		if c.Switch("NoElement") {
			o.TypeNames = append([]string{"Microsoft.PowerShell.Commands.GroupInfoNoElement"}, o.TypeNames...)
		}
		o.Set("Values", NewArray(groups[n].keys...)).Set("Count", int32(len(members[n].Items)))
		if !c.Switch("NoElement") {
			o.Set("Group", members[n])
		} else {
			o.Set("Group", NewArray())
		}
		o.Set("Name", strings.Join(texts, ", "))
		if err := c.Write(o); err != nil {
			return err
		}
	}
	return nil
}
