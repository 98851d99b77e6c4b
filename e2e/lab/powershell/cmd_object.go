package powershell

import (
	"sort"
	"strings"
)

// operatorSwitches are the comparison parameters of Where-Object.
var operatorSwitches = []string{"EQ", "NE", "GT", "GE", "LT", "LE", "Like", "NotLike", "Match", "NotMatch", "Contains", "NotContains", "In", "NotIn",
	"CEQ", "CNE", "CGT", "CGE", "CLT", "CLE", "CLike", "CNotLike", "CMatch", "CNotMatch", "CContains", "CNotContains", "CIn", "CNotIn", "Is", "IsNot"}

func whereObject() *Cmdlet {
	prm := parameters("InputObject:psobject,value", "FilterScript:scriptblock,pos=0,mandatory,set=ScriptBlockSet")
	property := &Parameter{Name: "Property", Type: "string", Sets: map[string]Setting{}}
	value := &Parameter{Name: "Value", Type: "object", Sets: map[string]Setting{}}
	for _, op := range operatorSwitches {
		set := op + "Set"
		property.Sets[set] = Setting{Mandatory: true, Positional: true, Position: 0}
		value.Sets[set] = Setting{Positional: true, Position: 1}
		p := &Parameter{Name: op, Type: "switch", Sets: map[string]Setting{set: {Mandatory: op != "EQ"}}}
		switch {
		case op == "EQ", op == "NE", op == "GT", op == "GE", op == "LT", op == "LE", op == "Like", op == "Match", op == "Contains", op == "In":
			p.Aliases = []string{"I" + op}
		}
		prm = append(prm, p)
	}
	return &Cmdlet{Name: "Where-Object", Aliases: []string{"where"}, DefaultSet: "ScriptBlockSet", Parameters: append(prm, property, value), Process: where}
}

func where(c *Call) error {
	if !c.HasInput {
		if !c.Has("InputObject") {
			return nil
		}
	}
	it := c.Value("InputObject")
	ok, err := whereHolds(c, it)
	if err != nil || !ok {
		return err
	}
	return c.Write(it)
}

func whereHolds(c *Call, it Value) (bool, error) {
	if test, ok := c.Value("FilterScript").(*ScriptBlock); ok {
		r := collector{s: c.s}
		if err := c.s.inline(test, it, r.add); err != nil {
			return false, err
		}
		return truth(settle(r.value())), nil
	}
	v, _, err := c.s.property(it, c.String("Property"))
	if err != nil {
		return false, err
	}
	for _, op := range operatorSwitches {
		if !c.Switch(op) {
			continue
		}
		cased := op[0] == 'C' && op != "Contains"
		name := strings.ToLower(op)
		if cased {
			name = name[1:]
		}
		r, err := c.s.binary(name, cased, v, c.Value("Value"))
		return truth(r), err
	}
	if c.Has("Value") {
		return c.s.equal(v, c.Value("Value"), false), nil
	}
	return truth(v), nil
}

func forEachObject() *Cmdlet {
	return &Cmdlet{Name: "ForEach-Object", Aliases: []string{"foreach"}, DefaultSet: "ScriptBlockSet", SupportsShouldProcess: true,
		Parameters: parameters("InputObject:psobject,value", "Begin:scriptblock,set=ScriptBlockSet", "Process:scriptblock[],pos=0,mandatory,set=ScriptBlockSet,null",
			"End:scriptblock,set=ScriptBlockSet", "RemainingScripts:scriptblock[],rest,set=ScriptBlockSet,empty",
			"MemberName:string,pos=0,mandatory,set=PropertyAndMethodSet", "ArgumentList:object[],rest,alias=Args,set=PropertyAndMethodSet"),
		Begin: forEachBegin, Process: forEachProcess, End: forEachEnd}
}

// blocks are the script blocks of a ForEach-Object: several positional ones are
// begin, process and end.
type blocks struct {
	begin, end *ScriptBlock
	process    []Value
}

func forEachBegin(c *Call) error {
	b := &blocks{process: append(c.Items("Process"), c.Items("RemainingScripts")...)}
	b.begin, _ = c.Value("Begin").(*ScriptBlock)
	b.end, _ = c.Value("End").(*ScriptBlock)
	if b.begin == nil && len(b.process) > 1 {
		b.begin, b.process = b.process[0].(*ScriptBlock), b.process[1:]
	}
	if b.end == nil && len(b.process) > 1 {
		last := len(b.process) - 1
		b.end, b.process = b.process[last].(*ScriptBlock), b.process[:last]
	}
	c.Scratch = b
	if b.begin == nil {
		return nil
	}
	return c.s.inline(b.begin, nil, c.out)
}

func forEachProcess(c *Call) error {
	it := c.Value("InputObject")
	if c.Has("MemberName") {
		return forEachMember(c, it)
	}
	for _, p := range c.Scratch.(*blocks).process {
		if b, ok := p.(*ScriptBlock); ok {
			if err := c.s.inline(b, it, c.out); err != nil {
				return err
			}
		}
	}
	return nil
}

func forEachMember(c *Call, it Value) error {
	name := c.String("MemberName")
	v, found, err := c.s.property(it, name)
	if err != nil {
		return err
	}
	if !found || c.Has("ArgumentList") {
		if m, err := c.s.method(it, name, c.Items("ArgumentList")); err == nil {
			return enumerate(m, c.out)
		} else if c.Has("ArgumentList") || !isMissingMethod(err) {
			return err
		}
		if !found && it != nil {
			if o, ok := it.(*Object); ok && HasWildcard(name) {
				for _, n := range c.s.propertyNames(o) {
					if NewWildcard(name, false).Match(n) {
						v, _, err = c.s.property(it, n)
						return errFirst(err, func() error { return enumerate(v, c.out) })
					}
				}
			}
		}
	}
	return enumerate(v, c.out)
}

func errFirst(err error, f func() error) error {
	if err != nil {
		return err
	}
	return f()
}

func forEachEnd(c *Call) error {
	if b := c.Scratch.(*blocks).end; b != nil {
		return c.s.inline(b, nil, c.out)
	}
	return nil
}

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

func measureObject(c *Call) error {
	if len(c.Items("Property")) == 0 {
		return measureOne(c, "", collected(c))
	}
	for _, p := range c.Strings("Property") {
		var values []Value
		for _, it := range collected(c) {
			v, found, err := c.s.property(it, p)
			if err != nil {
				return err
			}
			if found && v != nil {
				values = append(values, v)
			}
		}
		if err := measureOne(c, p, values); err != nil {
			return err
		}
	}
	return nil
}

func measureOne(c *Call, property string, values []Value) error {
	o := NewObject()
	if c.Set() == "TextMeasure" {
		return measureText(c, o, values)
	}
	o.TypeNames = append([]string{"Microsoft.PowerShell.Commands.GenericMeasureInfo"}, classCustom.typeNames()...)
	o.Set("Count", int32(len(values)))
	sum, numbers := 0.0, 0
	var high, low Value
	for _, v := range values {
		if c.Switch("Sum") || c.Switch("Average") {
			n, err := c.s.convert(v, typeFloat64)
			if err != nil {
				r := NewErrorRecord("System.Management.Automation.PSInvalidCastException", "NonNumericInputObject", InvalidType, `Input object "`+c.s.toString(v)+`" is not numeric.`)
				r.Target = v
				if err := c.Error(r); err != nil {
					return err
				}
				continue
			}
			sum += n.(float64)
			numbers++
		}
		if n, err := c.s.order(v, high, false); high == nil || err == nil && n > 0 {
			high = v
		}
		if n, err := c.s.order(v, low, false); low == nil || err == nil && n < 0 {
			low = v
		}
	}
	o.Set("Average", pickIf(c.Switch("Average") && numbers > 0, sum/float64(max(1, numbers))))
	o.Set("Sum", pickIf(c.Switch("Sum"), sum))
	o.Set("Maximum", pickIf(c.Switch("Maximum"), measureNumber(high)))
	o.Set("Minimum", pickIf(c.Switch("Minimum"), measureNumber(low)))
	o.Set("Property", nil)
	if property != "" {
		o.Set("Property", property)
	}
	return c.Write(o)
}

// measureNumber makes a double of a number, as 5.1 shows maximum and minimum.
func measureNumber(v Value) Value {
	if f, ok := numberAsFloat(v); ok {
		return f
	}
	return v
}

func pickIf(ok bool, v Value) Value {
	if ok {
		return v
	}
	return nil
}

func measureText(c *Call, o *Object, values []Value) error {
	o.TypeNames = append([]string{"Microsoft.PowerShell.Commands.TextMeasureInfo"}, classCustom.typeNames()...)
	var lines, words, characters int32
	for _, v := range values {
		t := c.s.toString(v)
		lines += int32(strings.Count(t, "\n") + 1)
		words += int32(len(strings.Fields(t)))
		characters += int32(utf16Len(t))
	}
	o.Set("Lines", pickIf(c.Switch("Line"), lines)).Set("Words", pickIf(c.Switch("Word"), words)).Set("Characters", pickIf(c.Switch("Character"), characters)).Set("Property", nil)
	return c.Write(o)
}

func compareGather(c *Call) error {
	all, _ := c.Scratch.(*collector)
	if all == nil {
		all = &collector{s: c.s}
		c.Scratch = all
	}
	return enumerate(c.Value("DifferenceObject"), all.add)
}

func compareObject(c *Call) error {
	left, right := c.Items("ReferenceObject"), collected(c)
	keys := keysOf(c)
	key := func(v Value) (string, error) {
		if len(keys) == 0 {
			return fold(c.s.toString(v), !c.Switch("CaseSensitive")), nil
		}
		var parts []string
		for _, k := range keys {
			x, err := c.s.keyValue(k, v)
			if err != nil {
				return "", err
			}
			parts = append(parts, c.s.toString(x))
		}
		return fold(strings.Join(parts, "\x00"), !c.Switch("CaseSensitive")), nil
	}
	used := make([]bool, len(left))
	var equal, only []Value
	emit := func(v Value, side string) Value {
		if c.Switch("PassThru") {
			return v
		}
		o := NewObject()
		if len(keys) == 0 {
			o.Set("InputObject", v)
		}
		for _, k := range keys {
			x, _ := c.s.keyValue(k, v)
			o.Set(k.name, x)
		}
		return o.Set("SideIndicator", side)
	}
	for _, r := range right {
		rk, err := key(r)
		if err != nil {
			return err
		}
		found := false
		for i, l := range left {
			if used[i] {
				continue
			}
			lk, err := key(l)
			if err != nil {
				return err
			}
			if lk == rk {
				used[i], found = true, true
				equal = append(equal, emit(l, "=="))
				break
			}
		}
		if !found {
			only = append(only, emit(r, "=>"))
		}
	}
	for i, l := range left {
		if !used[i] {
			only = append(only, emit(l, "<="))
		}
	}
	if c.Switch("IncludeEqual") {
		if err := enumerate(NewArray(equal...), c.out); err != nil {
			return err
		}
	}
	if c.Switch("ExcludeDifferent") {
		return nil
	}
	return enumerate(NewArray(only...), c.out)
}
