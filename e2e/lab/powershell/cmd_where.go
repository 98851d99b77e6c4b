package powershell

import (
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
