package powershell

import (
	"strings"
)

// formatTo lays values out as the console does, line by line: strings and
// numbers as they are, objects as tables or lists.
func (s *Session) formatTo(values []Value, width int, line func(string) error) error {
	f := &formatter{s: s, width: width, line: line}
	for _, v := range values {
		if err := f.add(v); err != nil {
			return err
		}
	}
	return f.close()
}

// formatter groups the objects it gets by shape, so that objects of one kind
// share a table. Lists and tables with a view of their own are written as their
// objects come. Other tables are written when they are complete, because their
// columns are as wide as what is in them; text that goes to the host meanwhile
// comes before them, as in PowerShell.
type formatter struct {
	s     *Session
	width int
	line  func(string) error

	shape string
	view  view
	rows  []Value
	// cols are the columns of a table that is being written row by row; open
	// tells that a table or a list is.
	cols []tableColumn
	open bool
}

// view is how a group of objects is shown.
type view struct {
	list     bool
	columns  []column
	class    *Class // for columns with a Show of their own
	show     []Column
	hide     bool // table without header
	wrap     bool
	autosize bool
	groupBy  string
}

// formatEntry is what Format-Table and Format-List put out: objects with the
// view they are to be shown in.
type formatEntry struct {
	view view
	rows []Value
}

var classFormatEntry = &Class{Name: "Microsoft.PowerShell.Commands.Internal.Format.FormatEntryData"}

// text writes lines of text that came as one string.
func (f *formatter) text(t string) error {
	for l := range strings.SplitSeq(strings.ReplaceAll(t, "\r\n", "\n"), "\n") {
		if err := f.line(l); err != nil {
			return err
		}
	}
	return nil
}

func (f *formatter) add(v Value) error {
	switch x := v.(type) {
	case nil:
		return nil
	case *Object:
		if x.Class == classFormatEntry {
			if err := f.flush(); err != nil {
				return err
			}
			f.shape = ""
			e := x.Data.(*formatEntry)
			return f.group(e.view, e.rows)
		}
		if x.Class == classCustom && len(x.notes) == 0 {
			return nil
		}
		if simple(x) {
			if err := f.flush(); err != nil {
				return err
			}
			return f.text(plainString(x))
		}
	case *Hashtable:
		for i := range x.Len() {
			k, val := x.Entry(i)
			if err := f.put(NewInstance(classEntry, &entry{k, val})); err != nil {
				return err
			}
		}
		return nil
	case *ErrorRecord:
		if err := f.flush(); err != nil {
			return err
		}
		return f.text(strings.TrimRight(x.text(f.width), "\r\n"))
	case *Exception:
		if err := f.flush(); err != nil {
			return err
		}
		return f.text(x.text())
	case indexed:
		for i := range x.Len() {
			if err := f.add(x.At(i)); err != nil {
				return err
			}
		}
		return nil
	case DateTime:
		if err := f.flush(); err != nil {
			return err
		}
		t, _ := formatDate(x, "F", f.s.zone)
		return f.lines("", t, "", "")
	case TimeSpan, Version, *Type, Guid:
		return f.put(v)
	default:
		if err := f.flush(); err != nil {
			return err
		}
		return f.text(f.s.display(v))
	}
	return f.put(v)
}

// simple tells whether an object is shown by its text alone.
func simple(o *Object) bool {
	if o.Class == classCustom || len(o.notes) > 0 {
		return false
	}
	return len(o.Class.Properties) == 0 || o.Class == classHostMessage || o.Class == classWarning || o.Class == classVerbose || o.Class == classDebug
}

func (f *formatter) lines(list ...string) error {
	for _, l := range list {
		if err := f.line(l); err != nil {
			return err
		}
	}
	return nil
}

// display writes a scalar the way the console does, with culture en-US.
func (s *Session) display(v Value) string {
	switch x := v.(type) {
	case float64:
		return formatDouble(x, 15)
	case DateTime:
		t, _ := formatDate(x, "G", s.zone)
		return t
	}
	return s.toString(v)
}

// put adds an object to the group it belongs to.
func (f *formatter) put(v Value) error {
	shape := f.shapeOf(v)
	if shape != f.shape || len(f.rows) == 0 && !f.open {
		if err := f.flush(); err != nil {
			return err
		}
		f.shape = shape
		f.view = f.s.defaultView(v)
	}
	if f.view.streams() {
		return f.stream(v)
	}
	f.rows = append(f.rows, v)
	return nil
}

// streams tells whether a view can be written before all its objects are there.
func (v view) streams() bool {
	if v.list {
		return true
	}
	for _, c := range v.show {
		if c.Width > 0 {
			return !v.autosize
		}
	}
	return false
}

// stream writes one object of a list or of a table with widths of its own.
func (f *formatter) stream(v Value) error {
	if f.view.list {
		if !f.open {
			if err := f.line(""); err != nil {
				return err
			}
			f.open = true
		}
		return f.listEntry(f.view, v)
	}
	cells := f.classCells(f.view, []Value{v})
	if !f.open {
		f.cols = fitColumns(cells, f.width, false)
		if err := f.tableHead(f.view, f.cols); err != nil {
			return err
		}
		f.open = true
	}
	texts := make([]string, len(f.cols))
	for i := range texts {
		texts[i] = cells[i].cells[0]
	}
	return f.line(tableRow(f.cols, texts))
}

// shapeOf tells objects of different groups apart. Custom objects share a group
// whatever their properties, as in PowerShell: the first one decides.
func (f *formatter) shapeOf(v Value) string {
	names := f.s.typeNamesOf(v)
	if len(names) == 0 {
		return ""
	}
	return names[0]
}

func (f *formatter) flush() error {
	if f.open {
		f.open = false
		return f.lines("", "")
	}
	if len(f.rows) == 0 {
		return nil
	}
	rows := f.rows
	f.rows = nil
	return f.group(f.view, rows)
}

func (f *formatter) close() error { return f.flush() }

// maxImplicitColumns is up to how many properties an object without a view is a table.
const maxImplicitColumns = 4

// defaultView chooses how an object is shown when nobody said.
func (s *Session) defaultView(v Value) view {
	c := classOf(v)
	o, isObject := v.(*Object)
	if c != nil && (!isObject || o.TypeNames == nil) {
		if len(c.Table) > 0 {
			v := view{class: c, show: c.Table}
			if c == classMemberDefinition {
				v.groupBy = "TypeName"
			}
			return v
		}
		if len(c.List) > 0 {
			return view{list: true, columns: named(c.List)}
		}
	}
	names := s.propertyNames(v)
	if c != nil && len(c.DefaultProperties) > 0 && (!isObject || o.Class == c && o.TypeNames == nil) {
		names = c.DefaultProperties
	}
	if isObject && o.Class == classCustom && len(o.TypeNames) > 0 {
		switch o.TypeNames[0] {
		case classGroupInfo.Name:
			return view{columns: []column{{name: "Count", label: "Count", width: 5}, {name: "Name", label: "Name", width: 25}, {name: "Group", label: "Group"}}}
		case "Microsoft.PowerShell.Commands.GroupInfoNoElement":
			return view{columns: []column{{name: "Count", label: "Count", width: 5}, {name: "Name", label: "Name", width: 25}}}
		case "Microsoft.PowerShell.Commands.GenericMeasureInfo":
			return view{list: true, columns: named(names)}
		}
	}
	if len(names) > maxImplicitColumns {
		return view{list: true, columns: named(names)}
	}
	return view{columns: named(names), autosize: true}
}

func named(names []string) []column {
	cols := make([]column, len(names))
	for i, n := range names {
		cols[i] = column{name: n, label: n}
	}
	return cols
}

// group shows objects in a view.
func (f *formatter) group(v view, rows []Value) error {
	if v.groupBy == "" {
		if v.list {
			return f.list(v, rows)
		}
		return f.table(v, rows)
	}
	for start := 0; start < len(rows); {
		key, _, err := f.s.property(rows[start], v.groupBy)
		if err != nil {
			return err
		}
		end := start + 1
		for ; end < len(rows); end++ {
			k, _, err := f.s.property(rows[end], v.groupBy)
			if err != nil {
				return err
			}
			if !f.s.equal(f.s.toString(k), f.s.toString(key), false) {
				break
			}
		}
		if start == 0 {
			if err := f.lines("", ""); err != nil {
				return err
			}
		}
		if err := f.line("   " + v.groupBy + ": " + f.s.display(key)); err != nil {
			return err
		}
		inner := v
		inner.groupBy = ""
		if err := f.group(inner, rows[start:end]); err != nil {
			return err
		}
		start = end
	}
	return nil
}

// enumerationLimit is $FormatEnumerationLimit.
const enumerationLimit = 4

// cell writes a property's value for a table or a list.
func (f *formatter) cell(v Value, format string) string {
	if format != "" {
		if t, err := f.s.format(bracedFormat(format), NewArray(v)); err == nil {
			return t
		}
	}
	switch x := v.(type) {
	case indexed:
		return f.braced(x.Len(), x.At)
	case *Hashtable:
		return f.braced(x.Len(), func(i int) Value { k, _ := x.Entry(i); return k })
	}
	return f.s.display(v)
}

// braced writes the first elements of a collection.
func (f *formatter) braced(n int, at func(int) Value) string {
	parts := make([]string, min(n, enumerationLimit))
	for i := range parts {
		parts[i] = f.s.display(at(i))
	}
	t := "{" + strings.Join(parts, ", ")
	if n > enumerationLimit {
		t += "..."
	}
	return t + "}"
}

func bracedFormat(format string) string {
	if strings.Contains(format, "{") {
		return format
	}
	return "{0:" + format + "}"
}
