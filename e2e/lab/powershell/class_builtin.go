package powershell

import (
	"strings"

	"github.com/dlclark/regexp2"
	"lifeboat.io/e2e/lab/powershell/syntax"
)

// classOf gives the class of a value, nil for one without members of its own.
func classOf(v Value) *Class {
	switch v := v.(type) {
	case *Object:
		return v.Class
	case string:
		return classString
	case DateTime:
		return classDateTime
	case TimeSpan:
		return classTimeSpan
	case *Array, *Bytes:
		return classArray
	case *List:
		return classList
	case *Hashtable:
		return classHashtable
	case *ScriptBlock:
		return classScriptBlock
	case *Type:
		return classType
	case *Exception:
		return classException
	case *ErrorRecord:
		return classErrorRecord
	case Version:
		return classVersion
	case Enum:
		return classEnum
	case Switch:
		return classSwitch
	case Guid:
		return classGuid
	case *memberList:
		return classMembers
	case *typeNameList:
		return classTypeNames
	}
	return nil
}

func get(name, typ string, f func(self Value) Value) Property {
	return Property{Name: name, Type: typ, Get: f}
}

func method(name string, min, max int, f func(s *Session, self Value, args []Value) (Value, error)) Method {
	return Method{Name: name, Min: min, Max: max, Call: f}
}

func void(name string, min, max int, f func(s *Session, self Value, args []Value) (Value, error)) Method {
	return Method{Name: name, Min: min, Max: max, Call: f, Void: true}
}

const (
	tString  = "System.String"
	tInt32   = "System.Int32"
	tInt64   = "System.Int64"
	tDouble  = "System.Double"
	tBoolean = "System.Boolean"
)

// Classes of objects that have no Go type of their own.
var (
	classCustom      = &Class{Name: "System.Management.Automation.PSCustomObject"}
	classRegex       = &Class{Name: "System.Text.RegularExpressions.Regex", String: func(v Value) string { return v.(*regexp2.Regexp).String() }}
	classComparer    = &Class{Name: "System.StringComparer"}
	classWarning     = messageClass("WarningRecord")
	classVerbose     = messageClass("VerboseRecord")
	classDebug       = messageClass("DebugRecord")
	classHostMessage = &Class{Name: "System.Management.Automation.InformationRecord", String: func(v Value) string { return plainString(v.(*hostText).data) },
		Properties: []Property{get("MessageData", "System.Object", func(v Value) Value { return v.(*hostText).data })}}
	classMemberSet = &Class{Name: "System.Management.Automation.PSMemberSet"}
)

func messageClass(name string) *Class {
	return &Class{Name: "System.Management.Automation." + name, String: func(v Value) string { return v.(string) },
		Properties: []Property{get("Message", tString, func(v Value) Value { return v })}}
}

// hostText is what Write-Host and Write-Information write.
type hostText struct {
	data      Value
	noNewline bool
	host      bool // Write-Host: shown whatever $InformationPreference says
}

// hostMessage makes an information record that the host shows as it is.
func hostMessage(text string) Value {
	return NewInstance(classHostMessage, &hostText{data: text, noNewline: true, host: true})
}

// classAny are the methods everything has.
var classAny = &Class{Name: "System.Object"}

func init() {
	classAny.Methods = []Method{
		method("ToString", 0, 2, func(s *Session, v Value, args []Value) (Value, error) {
			if len(args) > 0 {
				return s.formatValue(v, s.toString(args[0]))
			}
			switch x := v.(type) {
			case DateTime:
				return s.formatValue(x, "")
			case indexed:
				return typeOf(v).Name, nil
			case *Hashtable:
				return x.Kind.Name, nil
			}
			return s.toString(v), nil
		}),
		method("GetType", 0, 0, func(_ *Session, v Value, _ []Value) (Value, error) { return typeOf(v), nil }),
		method("Equals", 1, 2, func(s *Session, v Value, args []Value) (Value, error) {
			if len(args) == 2 {
				if t, ok := v.(string); ok {
					return s.equal(t, args[0], !strings.Contains(strings.ToLower(s.toString(args[1])), "ignorecase")), nil
				}
			}
			return args[0] != nil && typeOf(v).Name == typeOf(args[0]).Name && s.equal(v, args[0], true), nil
		}),
		method("GetHashCode", 0, 0, func(s *Session, v Value, _ []Value) (Value, error) {
			var h uint32 = 2166136261
			for _, b := range []byte(s.toString(v)) {
				h = (h ^ uint32(b)) * 16777619
			}
			return int32(h), nil
		}),
		method("CompareTo", 1, 1, func(s *Session, v Value, args []Value) (Value, error) {
			n, err := s.order(v, args[0], true)
			return int32(max(-1, min(1, n))), err
		}),
		method("ForEach", 1, 2, forEachMethod),
		method("Where", 1, 3, whereMethod),
	}
	classMemberSet.Properties = []Property{
		get("TypeNames", "", typeNamesValue),
		get("BaseObject", "", func(v Value) Value { return v }),
		get("Methods", "", func(v Value) Value { return NewArray() }),
	}
	classMemberSet.Methods = []Method{
		method("Copy", 0, 0, func(_ *Session, v Value, _ []Value) (Value, error) {
			if o, ok := v.(*Object); ok {
				c := *o
				c.notes = append([]note(nil), o.notes...)
				return &c, nil
			}
			return v, nil
		}),
	}
}

// forEachMethod is .ForEach({ }) and .ForEach('Name').
func forEachMethod(s *Session, v Value, args []Value) (Value, error) {
	c := collector{s: s}
	err := enumerate(v, func(it Value) error {
		switch a := args[0].(type) {
		case *ScriptBlock:
			return s.inline(a, it, c.add)
		case *Type:
			r, err := s.convert(it, a)
			if err != nil {
				return s.castFailure(err)
			}
			return c.add(r)
		}
		r, _, err := s.property(it, s.toString(args[0]))
		if err != nil {
			return err
		}
		return enumerate(r, c.add)
	})
	return NewArray(c.items...), err
}

// whereMethod is .Where({ }, mode, count).
func whereMethod(s *Session, v Value, args []Value) (Value, error) {
	test, ok := args[0].(*ScriptBlock)
	if !ok {
		return nil, throwNet("System.ArgumentException", "A script block is needed.")
	}
	mode, count := "default", 0
	if len(args) > 1 {
		mode = strings.ToLower(s.toString(args[1]))
	}
	if len(args) > 2 {
		n, err := s.convert(args[2], typeInt32)
		if err != nil {
			return nil, err
		}
		count = int(n.(int32))
	}
	var hit, missed []Value
	met := false // one was hit
	err := enumerate(v, func(it Value) error {
		r := collector{s: s}
		if met && (mode == "until" || mode == "skipuntil") {
			hit = append(hit, it)
			return s.step()
		}
		if err := s.inline(test, it, r.add); err != nil {
			return err
		}
		is := truth(settle(r.value()))
		met = met || is
		if is && (mode != "split" || count == 0 || len(hit) < count) {
			hit = append(hit, it)
		} else {
			missed = append(missed, it)
		}
		return s.limitGrowth(len(hit) + len(missed))
	})
	if err != nil {
		return nil, err
	}
	first := func(list []Value) []Value {
		if count > 0 {
			return list[:min(count, len(list))]
		}
		return list
	}
	switch n := max(count, 1); mode {
	case "default":
		return NewArray(first(hit)...), nil
	case "first":
		return NewArray(hit[:min(n, len(hit))]...), nil
	case "last":
		return NewArray(hit[max(0, len(hit)-n):]...), nil
	case "split":
		return NewArray(NewArray(hit...), NewArray(missed...)), nil
	case "until":
		return NewArray(first(missed)...), nil
	case "skipuntil":
		return NewArray(first(hit)...), nil
	}
	return nil, throwNet("System.ArgumentException", "The mode %s of Where is not known.", mode)
}

// memberList is the Properties collection of .psobject.
type memberList struct {
	owner Value
	items []Value
}

// Len, At give the number of members and one of them.
func (l *memberList) Len() int       { return len(l.items) }
func (l *memberList) At(i int) Value { return l.items[i] }

func (l *memberList) named(name string) Value {
	for _, m := range l.items {
		if strings.EqualFold(m.(*Object).Data.(*memberInfo).name, name) {
			return m
		}
	}
	return nil
}

var classMembers = &Class{Name: "System.Management.Automation.PSMemberInfoIntegratingCollection"}

// memberInfo is one property as .psobject.Properties shows it.
type memberInfo struct {
	owner Value
	name  string
	value Value
	kind  string
}

var classMemberInfo = &Class{Name: "System.Management.Automation.PSNoteProperty", Properties: []Property{
	get("Name", tString, func(v Value) Value { return v.(*memberInfo).name }),
	{Name: "Value", Get: func(v Value) Value { return v.(*memberInfo).value }, Set: func(v, n Value) error {
		m := v.(*memberInfo)
		m.value = n
		if o, ok := m.owner.(*Object); ok {
			o.Set(m.name, n)
		}
		return nil
	}},
	get("MemberType", "", func(v Value) Value { return v.(*memberInfo).kind }),
	get("TypeNameOfValue", tString, func(v Value) Value {
		if x := v.(*memberInfo).value; x != nil {
			return typeOf(x).Name
		}
		return "System.Object"
	}),
	get("IsSettable", tBoolean, func(v Value) Value { return v.(*memberInfo).kind == "NoteProperty" }),
	get("IsGettable", tBoolean, func(Value) Value { return true }),
}}

// members lists the properties of a value.
func (s *Session) members(v Value) ([]Value, error) {
	names := s.propertyNames(v)
	out := make([]Value, 0, len(names))
	for _, n := range names {
		val, _, err := s.property(v, n)
		if err != nil {
			val = nil
		}
		kind := "Property"
		if o, ok := v.(*Object); ok && o.find(n) >= 0 {
			kind = "NoteProperty"
		}
		out = append(out, NewInstance(classMemberInfo, &memberInfo{owner: v, name: n, value: val, kind: kind}))
	}
	return out, nil
}

func init() {
	classMembers.Methods = []Method{
		method("get_Item", 1, 1, func(s *Session, v Value, args []Value) (Value, error) {
			return v.(*memberList).named(s.toString(args[0])), nil
		}),
		method("Match", 1, 1, func(s *Session, v Value, args []Value) (Value, error) {
			w := NewWildcard(s.toString(args[0]), false)
			var out []Value
			for _, m := range v.(*memberList).items {
				if w.Match(m.(*Object).Data.(*memberInfo).name) {
					out = append(out, m)
				}
			}
			return NewArray(out...), nil
		}),
		void("Remove", 1, 1, func(s *Session, v Value, args []Value) (Value, error) {
			if o, ok := v.(*memberList).owner.(*Object); ok {
				o.remove(s.toString(args[0]))
			}
			return nil, nil
		}),
		void("Add", 1, 1, func(s *Session, v Value, args []Value) (Value, error) {
			m, ok := args[0].(*Object)
			o, isObject := v.(*memberList).owner.(*Object)
			if ok && isObject && m.Class == classMemberInfo {
				o.Set(m.Data.(*memberInfo).name, m.Data.(*memberInfo).value)
			}
			return nil, nil
		}),
	}
}

// propertyNames gives the names of a value's properties in order.
func (s *Session) propertyNames(v Value) []string {
	var names []string
	if c := classOf(v); c != nil {
		for i := range c.Properties {
			names = append(names, c.Properties[i].Name)
		}
	}
	if o, ok := v.(*Object); ok {
		for i := range o.notes {
			if o.notes[i].method == nil {
				names = append(names, o.notes[i].name)
			}
		}
	}
	return names
}

var (
	classScriptBlock = &Class{Name: "System.Management.Automation.ScriptBlock"}
	classSwitch      = &Class{Name: "System.Management.Automation.SwitchParameter", Properties: []Property{get("IsPresent", tBoolean, func(v Value) Value { return bool(v.(Switch)) })}}
	classGuid        = &Class{Name: "System.Guid", Properties: []Property{get("Guid", tString, func(v Value) Value { return v.(Guid).String() })}, Methods: []Method{method("ToByteArray", 0, 0, func(_ *Session, v Value, _ []Value) (Value, error) {
		g := v.(Guid)
		return &Bytes{[]byte{g[3], g[2], g[1], g[0], g[5], g[4], g[7], g[6], g[8], g[9], g[10], g[11], g[12], g[13], g[14], g[15]}}, nil
	})}}
	classVersion = &Class{Name: "System.Version", Properties: []Property{
		get("Major", tInt32, func(v Value) Value { return v.(Version).Major }),
		get("Minor", tInt32, func(v Value) Value { return v.(Version).Minor }),
		get("Build", tInt32, func(v Value) Value { return v.(Version).Build }),
		get("Revision", tInt32, func(v Value) Value { return v.(Version).Revision }),
		get("MajorRevision", "System.Int16", func(v Value) Value { return int16(v.(Version).Revision >> 16) }),
		get("MinorRevision", "System.Int16", func(v Value) Value { return int16(v.(Version).Revision) }),
	}, Table: []Column{{Property: "Major", Width: 6}, {Property: "Minor", Width: 6}, {Property: "Build", Width: 6}, {Property: "Revision", Width: 8}}}
	classEnum = &Class{Name: "System.Enum", Properties: []Property{get("value__", tInt32, func(v Value) Value { return int32(v.(Enum).Value) })},
		Methods: []Method{method("HasFlag", 1, 1, func(s *Session, v Value, args []Value) (Value, error) {
			f, err := s.convert(args[0], typeOf(v))
			if err != nil {
				return nil, err
			}
			return v.(Enum).Value&f.(Enum).Value == f.(Enum).Value, nil
		})}}
	classType = &Class{Name: "System.RuntimeType", Properties: []Property{
		get("Name", tString, func(v Value) Value { return v.(*Type).short() }),
		get("FullName", tString, func(v Value) Value { return v.(*Type).Name }),
		get("Namespace", tString, func(v Value) Value {
			n := v.(*Type).Name
			return n[:max(0, strings.LastIndexByte(n, '.'))]
		}),
		get("IsEnum", tBoolean, func(v Value) Value { return v.(*Type).Enum != nil }),
		get("IsArray", tBoolean, func(v Value) Value { return v.(*Type).kind == kindArray }),
		get("IsValueType", tBoolean, func(v Value) Value { k := v.(*Type).kind; return k >= kindChar && k <= kindEnum }),
		get("BaseType", "System.Type", func(v Value) Value {
			n := v.(*Type).typeNames()
			if len(n) < 2 {
				return nil
			}
			return &Type{Name: n[1], kind: kindStatic}
		}),
	}, Table: []Column{
		{Label: "IsPublic", Width: 8, Show: func(Value) Value { return true }}, {Label: "IsSerial", Width: 8, Show: func(Value) Value { return true }},
		{Property: "Name", Width: 40}, {Property: "BaseType"},
	}}
)

func init() {
	classScriptBlock.Methods = []Method{
		method("Invoke", 0, 64, func(s *Session, v Value, args []Value) (Value, error) {
			r, err := s.callBlock(v.(*ScriptBlock), args)
			c := collector{s: s}
			if err == nil {
				err = enumerate(r, c.add)
			}
			return NewArray(c.items...), err
		}),
		method("InvokeReturnAsIs", 0, 64, func(s *Session, v Value, args []Value) (Value, error) {
			return s.callBlock(v.(*ScriptBlock), args)
		}),
		method("GetNewClosure", 0, 0, func(s *Session, v Value, _ []Value) (Value, error) {
			b := *v.(*ScriptBlock)
			b.closure = map[string]*variable{}
			for k, x := range s.scope.vars {
				c := *x
				b.closure[k] = &c
			}
			return &b, nil
		}),
		method("ToString", 0, 0, func(_ *Session, v Value, _ []Value) (Value, error) { return v.(*ScriptBlock).Text(), nil }),
	}
	typeScriptBlock.statics = &statics{methods: map[string]staticMethod{
		"create": {name: "Create", min: 1, max: 1, call: func(s *Session, args []Value) (Value, error) {
			return s.createBlock(s.toString(args[0]))
		}},
	}}
}

// createBlock parses text into a script block, as [scriptblock]::Create does.
func (s *Session) createBlock(text string) (Value, error) {
	b, err := parseCached("", text)
	if err != nil {
		if t, ok := err.(*Terminating); ok {
			return nil, invocationError("Create", 1, t.Record.Exception)
		}
		return nil, err
	}
	return &ScriptBlock{Block: b}, nil
}

var _ syntax.Node = (*syntax.Block)(nil)
