package powershell

import (
	"sync"
)

// automatic gives the variables PowerShell provides.
func (s *Session) automatic(key string) (Value, bool, error) {
	switch key {
	case "true":
		return true, true, nil
	case "false":
		return false, true, nil
	case "null":
		return nil, true, nil
	case "?":
		return s.ok, true, nil
	case "error":
		return s.errors, true, nil
	case "lastexitcode":
		return s.lastExit, true, nil
	case "psversiontable":
		return versionTable().clone(), true, nil
	case "host":
		return NewInstance(classHost, s), true, nil
	case "pid":
		return int32(4242), true, nil
	case "pwd":
		return `C:\Windows\system32`, true, nil
	case "home":
		return `C:\Users\` + s.env["USERNAME"], true, nil
	case "myinvocation":
		return s.invocation(), true, nil
	case "psculture", "psuiculture":
		return "en-US", true, nil
	case "pshome":
		return `C:\Windows\System32\WindowsPowerShell\v1.0`, true, nil
	case "psscriptroot", "pscommandpath":
		return "", true, nil
	case "shellid":
		return "Microsoft.PowerShell", true, nil
	case "args":
		return NewArray(), true, nil
	case "input":
		return NewArray(s.piped...), true, nil
	case "ofs", "matches", "_", "psitem", "this", "psboundparameters", "pscmdlet", "stacktrace":
		if key == "psitem" {
			return s.current(), true, nil
		}
		return nil, true, nil
	case "erroractionpreference", "warningpreference", "progresspreference":
		return enumActionPreference.Of("Continue"), true, nil
	case "verbosepreference", "debugpreference", "informationpreference":
		return enumActionPreference.Of("SilentlyContinue"), true, nil
	case "confirmpreference":
		return "High", true, nil
	case "whatifpreference":
		return false, true, nil
	case "formatenumerationlimit":
		return int32(4), true, nil
	case "maximumhistorycount":
		return int32(4096), true, nil
	case "outputencoding":
		return builtinTypes["system.text.encoding"].statics.properties["ascii"](s), true, nil
	}
	return nil, false, nil
}

var versionTable = sync.OnceValue(func() *Hashtable {
	h := NewHashtable()
	v := Version{5, 1, 20348, 2849}
	h.Set("PSVersion", v)
	h.Set("PSEdition", "Desktop")
	h.Set("PSCompatibleVersions", NewArray(Version{1, 0, -1, -1}, Version{2, 0, -1, -1}, Version{3, 0, -1, -1}, Version{4, 0, -1, -1}, Version{5, 0, -1, -1}, v))
	h.Set("BuildVersion", Version{10, 0, 20348, 2849})
	h.Set("CLRVersion", Version{4, 0, 30319, 42000})
	h.Set("WSManStackVersion", Version{3, 0, -1, -1})
	h.Set("PSRemotingProtocolVersion", Version{2, 3, -1, -1})
	h.Set("SerializationVersion", Version{1, 1, 0, 1})
	return h
})

// invocation is $MyInvocation, as far as it goes.
func (s *Session) invocation() *Object {
	o := NewObject()
	name := ""
	var line int32
	if n := len(s.frames); n > 0 {
		name = s.frames[n-1].name
		line = int32(placeOf(s.frames[n-1].call).line)
	}
	o.Set("MyCommand", NewObject().Set("Name", name).Set("CommandType", "Function"))
	o.Set("InvocationName", name)
	o.Set("ScriptLineNumber", line)
	bound := Value(NewHashtable())
	if v := s.scope.get("psboundparameters"); v != nil {
		bound = v.value
	}
	return o.Set("BoundParameters", bound)
}

var classHost = &Class{Name: "System.Management.Automation.Internal.Host.InternalHost", Properties: []Property{
	get("Name", tString, func(Value) Value { return "ConsoleHost" }),
	get("Version", "System.Version", func(Value) Value { return Version{5, 1, 20348, 2849} }),
	get("InstanceId", "System.Guid", func(Value) Value { return Guid{} }),
	get("UI", "", func(v Value) Value { return NewInstance(classHostUI, v) }),
	get("CurrentCulture", "", func(Value) Value { return NewInstance(classCulture, "en-US") }),
	get("CurrentUICulture", "", func(Value) Value { return NewInstance(classCulture, "en-US") }),
}, Methods: []Method{
	void("SetShouldExit", 1, 1, func(s *Session, _ Value, a []Value) (Value, error) {
		n, err := s.convert(a[0], typeInt32)
		if err != nil {
			return nil, err
		}
		return nil, &flow{kind: flowExit, code: int(n.(int32))}
	}),
}}

var classHostUI = &Class{Name: "System.Management.Automation.Internal.Host.InternalHostUserInterface", Methods: []Method{
	void("WriteLine", 0, 3, func(s *Session, _ Value, a []Value) (Value, error) {
		text := ""
		if len(a) > 0 {
			text = s.toString(a[len(a)-1])
		}
		return nil, s.writeHost(text + "\r\n")
	}),
	void("Write", 1, 3, func(s *Session, _ Value, a []Value) (Value, error) { return nil, s.writeHost(s.toString(a[len(a)-1])) }),
	void("WriteErrorLine", 1, 1, func(s *Session, _ Value, a []Value) (Value, error) {
		return nil, s.consoleWrite(toErr, s.toString(a[0])+"\r\n")
	}),
}}

func (s *Session) writeHost(text string) error {
	if s.streams.Information == nil {
		return nil
	}
	return s.streams.Information(hostMessage(text))
}

// classPSCmdlet is $PSCmdlet.
var classPSCmdlet = &Class{Name: "System.Management.Automation.PSScriptCmdlet", Properties: []Property{
	get("ParameterSetName", tString, func(v Value) Value { return v.(*scriptCmdlet).set() }),
	get("MyInvocation", "", func(v Value) Value {
		f := v.(*scriptCmdlet).f
		return f.s.invocation().Set("ExpectingInput", f.fed)
	}),
}}

func init() {
	classPSCmdlet.Methods = []Method{
		method("ShouldProcess", 1, 2, func(_ *Session, v Value, a []Value) (Value, error) { return v.(*scriptCmdlet).shouldProcess(a) }),
		method("ShouldContinue", 2, 2, func(s *Session, _ Value, a []Value) (Value, error) {
			return nil, nonInteractive("ShouldContinue", s.toString(a[0]))
		}),
		void("ThrowTerminatingError", 1, 1, func(_ *Session, v Value, a []Value) (Value, error) {
			r, err := v.(*scriptCmdlet).record(a[0])
			if err != nil {
				return nil, throwNet("System.ArgumentException", "%s", err)
			}
			t := Throw(r)
			if r.position == nil {
				r.position = v.(*scriptCmdlet).f.where
			}
			r.Activity = v.(*scriptCmdlet).f.name
			return nil, t
		}),
		void("WriteError", 1, 1, func(s *Session, v Value, a []Value) (Value, error) {
			r, err := v.(*scriptCmdlet).record(a[0])
			if err != nil {
				return nil, throwNet("System.ArgumentException", "%s", err)
			}
			r.Activity = v.(*scriptCmdlet).f.name
			return nil, s.writeError(r, v.(*scriptCmdlet).f.ctl)
		}),
		void("WriteVerbose", 1, 1, func(s *Session, v Value, a []Value) (Value, error) {
			return nil, s.writeVerbose(s.toString(a[0]), v.(*scriptCmdlet).f.ctl)
		}),
		void("WriteWarning", 1, 1, func(s *Session, v Value, a []Value) (Value, error) {
			return nil, s.writeWarning(s.toString(a[0]), v.(*scriptCmdlet).f.ctl)
		}),
		void("WriteObject", 1, 2, func(_ *Session, v Value, a []Value) (Value, error) {
			if len(a) > 1 && truth(a[1]) {
				return nil, enumerate(a[0], v.(*scriptCmdlet).f.out)
			}
			return nil, v.(*scriptCmdlet).f.out(a[0])
		}),
	}
}

// commandInfo is what Get-Command gives.
type commandInfo struct {
	name, kind, module, version string
	target                      any
}

var classCommandInfo = &Class{Name: "System.Management.Automation.CommandInfo", String: func(v Value) string { return v.(*commandInfo).name }, Properties: []Property{
	get("CommandType", tString, func(v Value) Value { return v.(*commandInfo).kind }),
	get("Name", tString, func(v Value) Value { return v.(*commandInfo).name }),
	get("Version", tString, func(v Value) Value { return v.(*commandInfo).version }),
	get("Source", tString, func(v Value) Value { return v.(*commandInfo).module }),
	get("ModuleName", tString, func(v Value) Value { return v.(*commandInfo).module }),
	get("Parameters", "", func(v Value) Value {
		h := NewHashtable()
		if c, ok := v.(*commandInfo).target.(*Cmdlet); ok {
			for _, p := range append(append([]*param(nil), c.sig.params...), c.sig.extras()...) {
				h.Set(p.name, p.typ.Name)
			}
		}
		return h
	}),
}, Table: []Column{{Property: "CommandType", Width: 15}, {Property: "Name", Width: 50}, {Property: "Version", Width: 10}, {Property: "Source"}},
	DefaultProperties: []string{"CommandType", "Name", "Version", "Source"}}
