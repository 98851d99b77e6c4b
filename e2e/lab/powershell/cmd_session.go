package powershell

import (
	"fmt"
	"maps"
	"sort"
	"strings"
)

func sessionCmdlets() []*Cmdlet {
	scope := "Scope:string"
	return []*Cmdlet{
		{Name: "Import-Module", Aliases: []string{"ipmo"}, Parameters: parameters("Name:string[],pos=0,mandatory,value", "Force:switch", "PassThru:switch", "DisableNameChecking:switch", "NoClobber:switch",
			"Global:switch", "Prefix:string", "Function:string[]", "Cmdlet:string[]", "MinimumVersion:version", "RequiredVersion:version", "SkipEditionCheck:switch", "Scope:string"), Process: importModule},
		{Name: "Remove-Module", Aliases: []string{"rmo"}, Parameters: parameters("Name:string[],pos=0,mandatory,value", "Force:switch"), SupportsShouldProcess: true, Process: func(*Call) error { return nil }},
		{Name: "Get-Module", Aliases: []string{"gmo"}, Parameters: parameters("Name:string[],pos=0,value", "ListAvailable:switch", "All:switch", "Refresh:switch"), Process: getModule},
		{Name: "Get-Command", Aliases: []string{"gcm"}, Parameters: parameters("Name:string[],pos=0,value", "Module:string[],alias=PSSnapin", "CommandType:string[],alias=Type", "Noun:string[]", "Verb:string[]", "All:switch", "Syntax:switch", "ListImported:switch", "TotalCount:int"), Process: getCommand},
		{Name: "Set-StrictMode", DefaultSet: "Version", Parameters: parameters("Version:object,mandatory,alias=v,set=Version", "Off:switch,mandatory,set=Off"), Process: setStrictMode},
		{Name: "Set-Variable", Aliases: []string{"set", "sv"}, Parameters: parameters("Name:string[],pos=0,mandatory,name", "Value:object,pos=1,value,name", scope, "Option:string", "Force:switch", "PassThru:switch", "Description:string", "Visibility:string"), SupportsShouldProcess: true, Process: setVariable},
		{Name: "New-Variable", Aliases: []string{"nv"}, Parameters: parameters("Name:string,pos=0,mandatory,name", "Value:object,pos=1,value,name", scope, "Option:string", "Force:switch", "PassThru:switch", "Description:string", "Visibility:string"), SupportsShouldProcess: true, Process: setVariable},
		{Name: "Get-Variable", Aliases: []string{"gv"}, Parameters: parameters("Name:string[],pos=0,value,name", "ValueOnly:switch", scope), Process: getVariable},
		{Name: "Remove-Variable", Aliases: []string{"rv"}, Parameters: parameters("Name:string[],pos=0,mandatory,name", scope, "Force:switch"), SupportsShouldProcess: true, Process: removeVariable},
		{Name: "Clear-Variable", Aliases: []string{"clv"}, Parameters: parameters("Name:string[],pos=0,mandatory,name", scope, "Force:switch", "PassThru:switch"), SupportsShouldProcess: true, Process: func(c *Call) error {
			for _, n := range c.Strings("Name") {
				if v := c.s.scope.get(strings.ToLower(n)); v != nil {
					v.value = nil
				}
			}
			return nil
		}},
		{Name: "Test-Path", Parameters: parameters("Path:string[],pos=0,mandatory,value,alias=LiteralPath,empty", "PathType:string,alias=Type", "IsValid:switch"), Process: testPath},
		{Name: "Invoke-Command", Aliases: []string{"icm"}, DefaultSet: "InProcess", Parameters: invokeCommandParameters(), Process: invokeCommand},
		{Name: "Invoke-Expression", Aliases: []string{"iex"}, Parameters: parameters("Command:string,pos=0,mandatory,value"), Process: func(c *Call) error {
			b, err := parseCached("", c.String("Command"))
			if err != nil {
				return err
			}
			defer func(src *position) { c.s.where = src }(c.s.where)
			saved := c.s.src
			c.s.src = b.Source
			defer func() { c.s.src = saved }()
			return c.s.runScript(&ScriptBlock{Block: b}, c.out)
		}},
		{Name: "Join-Path", Parameters: parameters("Path:string[],pos=0,mandatory,value,name,alias=PSPath", "ChildPath:string,pos=1,mandatory,name,empty"), Process: func(c *Call) error {
			for _, p := range c.Strings("Path") {
				if err := c.Write(strings.TrimRight(p, `\/`) + `\` + strings.TrimLeft(c.String("ChildPath"), `\/`)); err != nil {
					return err
				}
			}
			return nil
		}},
		{Name: "Split-Path", DefaultSet: "ParentSet", Parameters: parameters("Path:string[],pos=0,mandatory,value,name", "Parent:switch,set=ParentSet", "Leaf:switch,set=LeafSet", "Qualifier:switch,set=QualifierSet"), Process: splitPath},
		{Name: "Get-Culture", Process: func(c *Call) error { return c.Write(NewInstance(classCulture, "en-US")) }},
		{Name: "Get-Host", Process: func(c *Call) error { return c.Write(NewInstance(classHost, c.s)) }},
		{Name: "Get-Alias", Aliases: []string{"gal"}, Parameters: parameters("Name:string[],pos=0,value", "Definition:string[]"), Process: getAlias},
		{Name: "Set-Alias", Aliases: []string{"sal"}, Parameters: aliasParameters(), SupportsShouldProcess: true, Process: setAlias},
		{Name: "New-Alias", Aliases: []string{"nal"}, Parameters: aliasParameters(), SupportsShouldProcess: true, Process: setAlias},
		{Name: "Set-ExecutionPolicy", Parameters: parameters("ExecutionPolicy:string,pos=0,mandatory", "Scope:string,pos=1", "Force:switch"), SupportsShouldProcess: true, Process: func(*Call) error { return nil }},
		{Name: "Get-ExecutionPolicy", Parameters: parameters("Scope:string,pos=0", "List:switch"), Process: func(c *Call) error { return c.Write("Bypass") }},
		{Name: "Add-Type", Parameters: parameters("TypeDefinition:string,pos=0", "AssemblyName:string[],alias=AN", "MemberDefinition:string", "Name:string", "Namespace:string", "PassThru:switch", "Path:string[]"), Process: func(c *Call) error {
			if c.Has("AssemblyName") && !c.Has("TypeDefinition") && !c.Has("MemberDefinition") {
				return nil
			}
			return c.Fail(NewErrorRecord("System.NotSupportedException", "UnsupportedConstruct", NotImplemented, "The PowerShell subset of this host compiles no C#, so Add-Type takes -AssemblyName only."))
		}},
		{Name: "Read-Host", Parameters: parameters("Prompt:object,pos=0,rest", "AsSecureString:switch"), Process: func(c *Call) error {
			return nonInteractive("Read-Host", c.String("Prompt"))
		}},
	}
}

var classModuleInfo = &Class{Name: "System.Management.Automation.PSModuleInfo", String: func(v Value) string { return v.(*Module).Name }, Properties: []Property{
	get("ModuleType", tString, func(Value) Value { return "Binary" }),
	get("Version", "System.Version", func(v Value) Value {
		ver, ok := parseVersion(v.(*Module).Version)
		if !ok {
			return Version{2, 0, 0, 0}
		}
		return ver
	}),
	get("Name", tString, func(v Value) Value { return v.(*Module).Name }),
	get("ExportedCommands", "", func(v Value) Value {
		h := NewHashtable()
		for _, c := range v.(*Module).Cmdlets {
			h.Set(c.Name, c.Name)
		}
		return h
	}),
}, Table: []Column{{Property: "ModuleType", Width: 10}, {Property: "Version", Width: 10}, {Property: "Name", Width: 35}, {Property: "ExportedCommands"}},
	DefaultProperties: []string{"ModuleType", "Version", "Name", "ExportedCommands"}}

// alwaysThere are modules every host has, whether registered or not.
var alwaysThere = map[string]bool{"microsoft.powershell.utility": true, "microsoft.powershell.management": true, "microsoft.powershell.core": true, "microsoft.powershell.security": true, "cimcmdlets": true}

func importModule(c *Call) error {
	for _, n := range c.Strings("Name") {
		m := c.s.modules.module(n)
		if m == nil && !alwaysThere[strings.ToLower(n)] {
			r := NewErrorRecord("System.IO.FileNotFoundException", "Modules_ModuleNotFound", ResourceUnavailable,
				fmt.Sprintf("The specified module '%s' was not loaded because no valid module file was found in any module directory.", n))
			r.Target = n
			if err := c.Error(r); err != nil {
				return err
			}
			continue
		}
		if m == nil {
			continue
		}
		c.s.markImported(m.Name)
		if c.Switch("PassThru") {
			if err := c.Write(NewInstance(classModuleInfo, m)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Session) markImported(name string) {
	if s.imported == nil {
		s.imported = map[string]bool{}
	}
	s.imported[strings.ToLower(name)] = true
}

func getModule(c *Call) error {
	for _, m := range c.s.modules.modules {
		names := c.Strings("Name")
		if len(names) > 0 && !anyMatch(names, m.Name) {
			continue
		}
		if !c.Switch("ListAvailable") && !c.s.imported[strings.ToLower(m.Name)] && !alwaysThere[strings.ToLower(m.Name)] {
			continue
		}
		if err := c.Write(NewInstance(classModuleInfo, m)); err != nil {
			return err
		}
	}
	return nil
}

func getCommand(c *Call) error {
	var found []*commandInfo
	add := func(i *commandInfo) {
		verb, noun, _ := strings.Cut(i.name, "-")
		if kinds := c.Strings("CommandType"); len(kinds) > 0 && !anyMatch(kinds, i.kind) && !anyMatch(kinds, "All") ||
			c.Has("Module") && !anyMatch(c.Strings("Module"), i.module) ||
			c.Has("Verb") && !anyMatch(c.Strings("Verb"), verb) || c.Has("Noun") && !anyMatch(c.Strings("Noun"), noun) {
			return
		}
		found = append(found, i)
	}
	names := c.Strings("Name")
	match := func(n string) bool { return len(names) == 0 || anyMatch(names, n) }
	for sc := c.s.scope; sc != nil; sc = sc.parent {
		for _, f := range sc.funcs {
			if match(f.name) {
				add(&commandInfo{name: f.name, kind: "Function", target: f})
			}
		}
	}
	for _, name := range c.s.modules.Cmdlets() {
		if cmd := c.s.modules.cmdlet(name); match(name) {
			add(&commandInfo{name: name, kind: "Cmdlet", module: cmd.module, version: c.s.modules.module(cmd.module).Version, target: cmd})
		}
	}
	for a, full := range c.s.modules.aliases {
		if len(names) > 0 && match(a) {
			if cmd := c.s.modules.cmdlet(full); cmd != nil {
				add(&commandInfo{name: a + " -> " + full, kind: "Alias", module: cmd.module, target: cmd})
			}
		}
	}
	sort.SliceStable(found, func(i, j int) bool {
		return strings.ToLower(found[i].name) < strings.ToLower(found[j].name)
	})
	for _, i := range found {
		if err := c.Write(NewInstance(classCommandInfo, i)); err != nil {
			return err
		}
	}
	for _, n := range names {
		if len(found) == 0 && !HasWildcard(n) {
			r := NewErrorRecord("System.Management.Automation.CommandNotFoundException", "CommandNotFoundException", ObjectNotFound,
				fmt.Sprintf("The term '%s' is not recognized as the name of a cmdlet, function, script file, or operable program. Check the spelling of the name, or if a path was included, verify that the path is correct and try again.", n))
			r.Target = n
			if err := c.Error(r); err != nil {
				return err
			}
		}
	}
	return nil
}

func aliasParameters() []*Parameter {
	return parameters("Name:string,pos=0,mandatory,name", "Value:string,pos=1,mandatory,name", "Scope:string", "Option:string", "Force:switch", "Description:string", "PassThru:switch")
}

// setAlias makes an alias for the session, whatever the scope.
func setAlias(c *Call) error {
	key := strings.ToLower(c.String("Name"))
	if _, there := c.s.alias(key); there && c.cmd.Name == "New-Alias" && !c.Switch("Force") {
		r := NewErrorRecord("System.Management.Automation.SessionStateException", "AliasAlreadyExists", ResourceExists,
			"The alias is not allowed, because an alias with the name '"+c.String("Name")+"' already exists.")
		r.Target = c.String("Name")
		return c.Fail(r)
	}
	if c.s.aliases == nil {
		c.s.aliases = map[string]string{}
	}
	c.s.aliases[key] = c.String("Value")
	if c.Switch("PassThru") {
		return c.Write(NewInstance(classCommandInfo, &commandInfo{name: c.String("Name") + " -> " + c.String("Value"), kind: "Alias"}))
	}
	return c.s.limitGrowth(len(c.s.aliases))
}

func getAlias(c *Call) error {
	all := maps.Clone(c.s.modules.aliases)
	maps.Copy(all, c.s.aliases)
	var names []string
	for a := range all {
		if !c.Has("Name") || anyMatch(c.Strings("Name"), a) {
			names = append(names, a)
		}
	}
	sort.Strings(names)
	for _, a := range names {
		if err := c.Write(NewInstance(classCommandInfo, &commandInfo{name: a + " -> " + all[a], kind: "Alias"})); err != nil {
			return err
		}
	}
	return nil
}

// strictLatest is the version Latest stands for: it adds array bounds to 2.
const strictLatest = 3

func setStrictMode(c *Call) error {
	if c.Switch("Off") {
		c.s.strict = 0
		return nil
	}
	v := c.Value("Version")
	if text, ok := v.(string); ok && strings.EqualFold(text, "latest") {
		c.s.strict = strictLatest
		return nil
	}
	n, err := c.s.convert(v, typeFloat64)
	if err != nil {
		ver, verr := c.s.convert(v, typeVersion)
		if verr != nil {
			return c.Fail(badArgument("InvalidVersion", "Cannot convert value \"%s\" to type \"System.Version\".", c.s.toString(v)))
		}
		n = float64(ver.(Version).Major)
	}
	c.s.strict = min(int(n.(float64)), strictLatest)
	return nil
}

func setVariable(c *Call) error {
	target := c.s.scope
	if c.Has("Scope") {
		var err error
		if target, err = c.s.scopeNumber(c.String("Scope")); err != nil {
			return err
		}
	}
	for _, n := range c.Strings("Name") {
		if protected[strings.ToLower(n)] {
			return c.Fail(NewErrorRecord("System.Management.Automation.SessionStateUnauthorizedAccessException", "VariableNotWritable", WriteErrorCategory, "Cannot overwrite variable "+n+" because it is read-only or constant."))
		}
		if old := target.vars[strings.ToLower(n)]; old != nil && (old.constant || old.readOnly && !c.Switch("Force")) {
			return c.Fail(NewErrorRecord("System.Management.Automation.SessionStateUnauthorizedAccessException", "VariableNotWritable", WriteErrorCategory, "Cannot overwrite variable "+n+" because it is read-only or constant."))
		}
		v := target.put(n, c.Value("Value"))
		switch strings.ToLower(c.String("Option")) {
		case "readonly":
			v.readOnly = true
		case "constant":
			v.constant = true
		}
	}
	return nil
}

var classVariable = &Class{Name: "System.Management.Automation.PSVariable", Properties: []Property{
	get("Name", tString, func(v Value) Value { return v.(*variable).name }),
	{Name: "Value", Get: func(v Value) Value { return settle(v.(*variable).value) }, Set: func(v, n Value) error { v.(*variable).value = n; return nil }},
}, Table: []Column{{Property: "Name", Width: 30}, {Property: "Value"}}}

func getVariable(c *Call) error {
	for _, n := range c.Strings("Name") {
		var found []*variable
		if HasWildcard(n) {
			w := NewWildcard(n, false)
			for sc := c.s.scope; sc != nil; sc = sc.parent {
				for _, v := range sc.vars {
					if w.Match(v.name) {
						found = append(found, v)
					}
				}
			}
			sort.Slice(found, func(i, j int) bool { return found[i].name < found[j].name })
		} else if v := c.s.scope.get(strings.ToLower(n)); v != nil {
			found = []*variable{v}
		} else if v, ok, _ := c.s.automatic(strings.ToLower(n)); ok {
			found = []*variable{{name: n, value: v}}
		} else {
			r := NewErrorRecord("System.Management.Automation.ItemNotFoundException", "VariableNotFound", ObjectNotFound, "Cannot find a variable with the name '"+n+"'.")
			r.Target = n
			if err := c.Error(r); err != nil {
				return err
			}
		}
		for _, v := range found {
			var out Value = NewInstance(classVariable, v)
			if c.Switch("ValueOnly") {
				out = settle(v.value)
			}
			if err := c.Write(out); err != nil {
				return err
			}
		}
	}
	return nil
}

func removeVariable(c *Call) error {
	for _, n := range c.Strings("Name") {
		key := strings.ToLower(n)
		sc := c.s.scope
		for sc != nil && sc.vars[key] == nil {
			sc = sc.parent
		}
		if sc == nil {
			r := NewErrorRecord("System.Management.Automation.ItemNotFoundException", "VariableNotFound", ObjectNotFound, "Cannot find a variable with the name '"+n+"'.")
			r.Target = n
			if err := c.Error(r); err != nil {
				return err
			}
			continue
		}
		delete(sc.vars, key)
	}
	return nil
}

func testPath(c *Call) error {
	for _, p := range c.Strings("Path") {
		drive, name, ok := strings.Cut(p, ":")
		key := strings.TrimLeft(strings.ToLower(name), `\/`)
		found := false
		switch {
		case ok && strings.EqualFold(drive, "variable"):
			found = c.s.scope.get(key) != nil
		case ok && strings.EqualFold(drive, "function"):
			found = c.s.scope.function(key) != nil
		case ok && strings.EqualFold(drive, "env"):
			_, found = c.s.env[strings.ToUpper(key)]
		default:
			return c.Fail(NewErrorRecord("System.NotSupportedException", "UnsupportedConstruct", NotImplemented,
				"The PowerShell subset of this host has no file system; Test-Path knows Variable:, Function: and Env: only, not '"+p+"'."))
		}
		if err := c.Write(found); err != nil {
			return err
		}
	}
	return nil
}

// invokeCommandParameters: the block comes first, or second behind the names of
// computers.
func invokeCommandParameters() []*Parameter {
	list := parameters("ScriptBlock:scriptblock,pos=0,mandatory,alias=Command,set=InProcess", "NoNewScope:switch,set=InProcess", "InputObject:psobject,value", "ArgumentList:object[],alias=Args",
		"ComputerName:string[],pos=0,mandatory,alias=Cn,set=ComputerName", "Credential:object,set=ComputerName", "Port:int,set=ComputerName", "UseSSL:switch,set=ComputerName",
		"Authentication:string,set=ComputerName", "HideComputerName:switch,set=ComputerName", "ThrottleLimit:int,set=ComputerName")
	list[0].Sets["ComputerName"] = Setting{Mandatory: true, Positional: true, Position: 1}
	return list
}

func invokeCommand(c *Call) error {
	if c.Set() != "InProcess" {
		if c.HasInput && c.Scratch != nil {
			return nil // it was refused at the first object
		}
		c.Scratch = true
		return refuseComputers(c)
	}
	b := c.Value("ScriptBlock").(*ScriptBlock)
	args := make([]argument, 0, 4)
	for _, v := range c.Items("ArgumentList") {
		args = append(args, argument{value: v})
	}
	st, err := c.s.stageOf(b, "", args, c.HasInput, c.Switch("NoNewScope"), nil, c.bind.where)
	if err != nil {
		return err
	}
	return c.s.drive([]stage{st}, c.Input, c.HasInput, c.out)
}

// refuseComputers gives the error of a second hop for each computer: a session
// has no credentials to hand on. It names neither command nor place.
func refuseComputers(c *Call) error {
	for _, name := range c.Strings("ComputerName") {
		r := NewErrorRecord("System.Management.Automation.Remoting.PSRemotingTransportException", "AccessDenied,PSSessionStateBroken", OpenError,
			fmt.Sprintf("[%s] Connecting to remote server %[1]s failed with the following error message : Access is denied. For more information, see the about_Remote_Troubleshooting Help topic.", name))
		r.Target = name
		if err := c.s.writeError(r, c.ctl); err != nil {
			return err
		}
	}
	return nil
}

func splitPath(c *Call) error {
	for _, p := range c.Strings("Path") {
		i := strings.LastIndexAny(strings.TrimRight(p, `\/`), `\/`)
		out := ""
		switch {
		case c.Switch("Leaf"):
			out = strings.TrimRight(p, `\/`)[i+1:]
		case c.Switch("Qualifier"):
			if len(p) > 1 && p[1] == ':' {
				out = p[:2]
			}
		case i >= 0:
			out = p[:i]
			if strings.HasSuffix(out, ":") {
				out += `\`
			}
		}
		if err := c.Write(out); err != nil {
			return err
		}
	}
	return nil
}
