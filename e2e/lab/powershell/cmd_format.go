package powershell

func formatCmdlets() []*Cmdlet {
	common := []string{"Property:object[],pos=0", "GroupBy:object", "InputObject:psobject,value", "Force:switch", "View:string", "Expand:string", "DisplayError:switch", "ShowError:switch"}
	return []*Cmdlet{
		{Name: "Format-Table", Aliases: []string{"ft"}, Parameters: parameters(append(common, "AutoSize:switch", "HideTableHeaders:switch", "Wrap:switch")...), Process: collectInput, End: func(c *Call) error { return formatCmdlet(c, false) }},
		{Name: "Format-List", Aliases: []string{"fl"}, Parameters: parameters(common...), Process: collectInput, End: func(c *Call) error { return formatCmdlet(c, true) }},
	}
}

// formatCmdlet gathers the objects and puts out one entry with their view.
func formatCmdlet(c *Call, list bool) error {
	rows := collected(c)
	var flat []Value
	for _, r := range rows {
		if h, ok := r.(*Hashtable); ok {
			for i := range h.Len() {
				k, v := h.Entry(i)
				flat = append(flat, NewInstance(classEntry, &entry{k, v}))
			}
			continue
		}
		if r != nil {
			flat = append(flat, r)
		}
	}
	if len(flat) == 0 {
		return nil
	}
	// what is shown by its text alone, such as strings, stays so without -Property
	if _, scalar := flat[0].(*Object); !scalar && !c.Has("Property") {
		switch flat[0].(type) {
		case TimeSpan, DateTime, Version, *Type, *ErrorRecord, *Exception, Guid:
		default:
			for _, v := range flat {
				if err := c.Write(v); err != nil {
					return err
				}
			}
			return nil
		}
	}
	v, err := formatView(c, flat, list)
	if err != nil {
		return err
	}
	return c.Write(NewInstance(classFormatEntry, &formatEntry{view: v, rows: flat}))
}

func formatView(c *Call, rows []Value, list bool) (view, error) {
	cols, err := columnsOf(c, "Property")
	if err != nil {
		return view{}, err
	}
	first := rows[0]
	var v view
	switch {
	case len(cols) > 0:
		v = view{columns: expandColumns(c.s, cols, first), autosize: true}
	case !list:
		if v = c.s.defaultView(first); v.list {
			v = view{columns: tableProperties(c.s, first), autosize: true}
		}
	default:
		v = view{columns: listProperties(c.s, first)}
	}
	v.list = list
	if !list {
		v.hide, v.wrap = c.Switch("HideTableHeaders"), c.Switch("Wrap")
		v.autosize = v.autosize || c.Switch("AutoSize")
	}
	if c.Has("GroupBy") {
		v.groupBy = c.String("GroupBy")
	}
	return v, nil
}

// expandColumns replaces patterns by the properties they match.
func expandColumns(s *Session, cols []column, first Value) []column {
	var out []column
	for _, col := range cols {
		if col.expr != nil || !HasWildcard(col.name) {
			if col.expr == nil && col.label == col.name {
				col.label = properName(s, first, col.name)
			}
			out = append(out, col)
			continue
		}
		w := NewWildcard(col.name, false)
		for _, n := range s.propertyNames(first) {
			if w.Match(n) {
				out = append(out, column{name: n, label: n})
			}
		}
	}
	return out
}

// maxTableColumns bounds the properties a table without view shows.
const maxTableColumns = 10

func tableProperties(s *Session, v Value) []column {
	names := s.propertyNames(v)
	if cl := classOf(v); cl != nil && len(cl.DefaultProperties) > 0 {
		names = cl.DefaultProperties
	}
	return named(names[:min(len(names), maxTableColumns)])
}

func listProperties(s *Session, v Value) []column {
	if cl := classOf(v); cl != nil {
		if len(cl.List) > 0 {
			return named(cl.List)
		}
		if len(cl.DefaultProperties) > 0 {
			return named(cl.DefaultProperties)
		}
	}
	names := s.propertyNames(v)
	if _, isEntry := v.(*Object); isEntry && classOf(v) == classEntry {
		names = []string{"Name", "Value"}
	}
	return named(names)
}
