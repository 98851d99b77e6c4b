package powershell

import (
	"fmt"
	"strings"
)

// parameters reads a compact description of a cmdlet's parameters, one each:
//
//	Name:type[,attribute...]
//
// with the attributes pos=N, mandatory, value (from the pipeline), name (from a
// property of the pipeline object), rest (what is left over), alias=A, set=S
// (repeatable), null, empty and in=A|B (a ValidateSet).
func parameters(list ...string) []*Parameter {
	out := make([]*Parameter, len(list))
	for i, text := range list {
		out[i] = parameter(text)
	}
	return out
}

func parameter(text string) *Parameter {
	fields := strings.Split(text, ",")
	name, typ, _ := strings.Cut(fields[0], ":")
	p := &Parameter{Name: name, Type: typ}
	var st Setting
	var sets []string
	for _, f := range fields[1:] {
		key, val, _ := strings.Cut(f, "=")
		switch key {
		case "pos":
			st.Positional = true
			if _, err := fmt.Sscan(val, &st.Position); err != nil {
				panic(fmt.Sprintf("parameter %q: %v", text, err))
			}
		case "mandatory":
			st.Mandatory = true
		case "value":
			st.ByValue = true
		case "name":
			st.ByPropertyName = true
		case "rest":
			st.Remaining = true
		case "alias":
			p.Aliases = append(p.Aliases, val)
		case "set":
			sets = append(sets, val)
		case "null":
			p.AllowNull = true
		case "empty":
			p.AllowEmpty, p.AllowNull = true, true
		case "in":
			p.ValidValues = strings.Split(val, "|")
		default:
			panic(fmt.Sprintf("parameter %q: unknown attribute %s", text, key))
		}
	}
	if len(sets) == 0 {
		sets = []string{""}
	}
	p.Sets = map[string]Setting{}
	for _, s := range sets {
		p.Sets[s] = st
	}
	return p
}

const commandsNamespace = "Microsoft.PowerShell.Commands."

// genericModule has the cmdlets that belong to no Windows feature.
func genericModule() *Module {
	m := &Module{Name: "Microsoft.PowerShell.Utility", Version: "3.1.0.0", Enums: nil}
	for _, list := range [][]*Cmdlet{objectCmdlets(), selectCmdlets(), outputCmdlets(), formatCmdlets(), dataCmdlets(), sessionCmdlets(), timeCmdlets(), textCmdlets(), htmlCmdlets()} {
		m.Cmdlets = append(m.Cmdlets, list...)
	}
	for _, c := range m.Cmdlets {
		if c.ErrorName == "" {
			verb, noun, _ := strings.Cut(c.Name, "-")
			c.ErrorName = commandsNamespace + verb + noun + "Command"
		}
	}
	m.Aliases = map[string]string{"?": "Where-Object", "%": "ForEach-Object"}
	return m
}

// collectInput gathers pipeline input for cmdlets that need all of it.
func collectInput(c *Call) error {
	if !c.Has("InputObject") {
		return nil
	}
	all, _ := c.Scratch.(*collector)
	if all == nil {
		all = &collector{s: c.s}
		c.Scratch = all
	}
	if c.HasInput {
		return all.add(c.Value("InputObject"))
	}
	return enumerate(c.Value("InputObject"), all.add)
}

func collected(c *Call) []Value {
	if all, ok := c.Scratch.(*collector); ok {
		return all.items
	}
	return nil
}

// badArgument is an error about what a cmdlet was given.
func badArgument(id, format string, args ...any) *ErrorRecord {
	return NewErrorRecord("System.Management.Automation.PSArgumentException", id, InvalidArgument, fmt.Sprintf(format, args...))
}
