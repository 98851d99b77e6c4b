package powershell

import (
	"strings"

	"lifeboat.io/e2e/lab/powershell/syntax"
)

// kind sorts types by how values are converted to them.
type kind uint8

const (
	kindObject kind = iota
	kindVoid
	kindString
	kindChar
	kindBool
	kindSwitch
	kindInt8
	kindInt16
	kindInt32
	kindInt64
	kindUint8
	kindUint16
	kindUint32
	kindUint64
	kindFloat32
	kindFloat64
	kindDecimal
	kindDateTime
	kindTimeSpan
	kindGuid
	kindVersion
	kindEnum
	kindArray
	kindList
	kindHashtable
	kindOrdered
	kindDictionary
	kindScriptBlock
	kindCustom // PSCustomObject
	kindPSObject
	kindNullable
	kindType
	kindException
	kindErrorRecord
	kindClass // objects of a Class
	kindStatic
	kindXML
)

// Type is a .NET type as a value.
type Type struct {
	// Name is the full name.
	Name string
	kind kind
	// Elem is the element type of an array, a list or a Nullable.
	Elem *Type
	// Class describes its objects, Enum its values.
	Class *Class
	Enum  *EnumType
	// bases are the names of base types, nearest first.
	bases []string
	// statics are what :: reaches.
	statics *statics
}

// statics are the static members of a type and its constructor.
type statics struct {
	properties map[string]func(s *Session) Value
	setters    map[string]func(s *Session, v Value) error
	methods    map[string]staticMethod
	construct  *staticMethod
}

type staticMethod struct {
	name     string
	min, max int
	call     func(s *Session, args []Value) (Value, error)
	void     bool
}

var builtinTypes = map[string]*Type{}

// define registers a built-in type under its full name and its short names.
func define(name string, k kind, short ...string) *Type {
	t := &Type{Name: name, kind: k}
	builtinTypes[strings.ToLower(name)] = t
	for _, s := range short {
		builtinTypes[strings.ToLower(s)] = t
	}
	return t
}

// The built-in types. Short names are PowerShell's type accelerators.
var (
	typeObject      = define("System.Object", kindObject, "object")
	_               = define("System.Void", kindVoid, "void")
	typeString      = define("System.String", kindString, "string")
	typeChar        = define("System.Char", kindChar, "char")
	typeBool        = define("System.Boolean", kindBool, "bool")
	typeSwitch      = define("System.Management.Automation.SwitchParameter", kindSwitch, "switch")
	typeInt8        = define("System.SByte", kindInt8, "sbyte")
	typeInt16       = define("System.Int16", kindInt16, "int16")
	typeInt32       = define("System.Int32", kindInt32, "int", "int32")
	typeInt64       = define("System.Int64", kindInt64, "long", "int64")
	typeUint8       = define("System.Byte", kindUint8, "byte")
	typeUint16      = define("System.UInt16", kindUint16, "uint16")
	typeUint32      = define("System.UInt32", kindUint32, "uint32")
	typeUint64      = define("System.UInt64", kindUint64, "uint64")
	typeFloat32     = define("System.Single", kindFloat32, "float", "single")
	typeFloat64     = define("System.Double", kindFloat64, "double")
	typeDecimal     = define("System.Decimal", kindDecimal, "decimal")
	typeDateTime    = define("System.DateTime", kindDateTime, "datetime")
	typeTimeSpan    = define("System.TimeSpan", kindTimeSpan, "timespan")
	typeGuid        = define("System.Guid", kindGuid, "guid")
	typeVersion     = define("System.Version", kindVersion, "version")
	typeArray       = define("System.Array", kindStatic, "array")
	typeArrayList   = define("System.Collections.ArrayList", kindList)
	typeHashtable   = define("System.Collections.Hashtable", kindHashtable, "hashtable")
	typeOrdered     = define("System.Collections.Specialized.OrderedDictionary", kindOrdered, "ordered")
	typeScriptBlock = define("System.Management.Automation.ScriptBlock", kindScriptBlock, "scriptblock")
	typeCustom      = define("System.Management.Automation.PSCustomObject", kindCustom, "pscustomobject")
	typePSObject    = define("System.Management.Automation.PSObject", kindPSObject, "psobject")
	typeType        = define("System.RuntimeType", kindType, "type", "System.Type")
	typeException   = define("System.Exception", kindException)
	typeErrorRecord = define("System.Management.Automation.ErrorRecord", kindErrorRecord)
	// what $PSBoundParameters is
	typeBoundParameters = define("System.Management.Automation.PSBoundParametersDictionary", kindDictionary)
)

var (
	typeObjectArray = arrayOf(typeObject)
	typeByteArray   = arrayOf(typeUint8)
)

func arrayOf(t *Type) *Type {
	return &Type{Name: t.Name + "[]", kind: kindArray, Elem: t, bases: []string{"System.Array"}}
}

// short is the name without its namespace.
func (t *Type) short() string {
	if strings.Contains(t.Name, "`") {
		return t.Name[strings.LastIndexByte(t.Name[:strings.IndexByte(t.Name, '`')], '.')+1:]
	}
	return t.Name[strings.LastIndexByte(t.Name, '.')+1:]
}

func (t *Type) numeric() bool { return t.kind >= kindInt8 && t.kind <= kindDecimal }

// typeNamesOf gives the names of a type and its bases.
func (t *Type) typeNames() []string {
	switch {
	case t.Class != nil:
		return t.Class.typeNames()
	case t.kind == kindException:
		return append(exceptionLineage(t.Name), "System.Object")
	case t.kind == kindEnum:
		return []string{t.Name, "System.Enum", "System.ValueType", "System.Object"}
	case t.kind >= kindChar && t.kind <= kindGuid:
		return []string{t.Name, "System.ValueType", "System.Object"}
	case t == typeObject:
		return []string{t.Name}
	}
	return append(append([]string{t.Name}, t.bases...), "System.Object")
}

// typeOf gives the type of a value that is not $null.
func typeOf(v Value) *Type {
	switch v := v.(type) {
	case string:
		return typeString
	case bool:
		return typeBool
	case int32:
		return typeInt32
	case int64:
		return typeInt64
	case float64:
		return typeFloat64
	case Char:
		return typeChar
	case Switch:
		return typeSwitch
	case int8:
		return typeInt8
	case int16:
		return typeInt16
	case uint8:
		return typeUint8
	case uint16:
		return typeUint16
	case uint32:
		return typeUint32
	case uint64:
		return typeUint64
	case float32:
		return typeFloat32
	case Decimal:
		return typeDecimal
	case DateTime:
		return typeDateTime
	case TimeSpan:
		return typeTimeSpan
	case Guid:
		return typeGuid
	case Version:
		return typeVersion
	case Enum:
		return &Type{Name: v.Type.Name, kind: kindEnum, Enum: v.Type}
	case *Array:
		if v.Elem != nil {
			return arrayOf(v.Elem)
		}
		return typeObjectArray
	case *Bytes:
		return typeByteArray
	case *List:
		return v.Type
	case *Hashtable:
		return v.Kind
	case *ScriptBlock:
		return typeScriptBlock
	case *Type:
		return typeType
	case *Exception:
		return &Type{Name: v.Type, kind: kindException}
	case *ErrorRecord:
		return typeErrorRecord
	case *Object:
		if v.Class == classCustom {
			return typeCustom
		}
		return &Type{Name: v.Class.Name, kind: kindClass, Class: v.Class}
	}
	return typeObject
}

// resolveType finds the type a script names, or gives a TypeNotFound error.
func (s *Session) resolveType(n *syntax.TypeName) (*Type, error) {
	t := s.namedType(n.Name)
	if t == nil || len(n.Args) > 0 {
		var err error
		if t, err = s.genericType(n); err != nil {
			return nil, err
		}
	}
	for range n.Ranks {
		t = arrayOf(t)
	}
	return t, nil
}

func (s *Session) namedType(name string) *Type {
	key := strings.ToLower(name)
	for _, k := range [...]string{key, "system." + key} {
		if t := builtinTypes[k]; t != nil {
			return t
		}
		if t := s.modules.types[k]; t != nil {
			return t
		}
		if exceptionBases[k] != nil {
			return &Type{Name: exceptionBases[k].name, kind: kindException}
		}
	}
	return nil
}

func (s *Session) genericType(n *syntax.TypeName) (*Type, error) {
	args := make([]*Type, len(n.Args))
	for i, a := range n.Args {
		var err error
		if args[i], err = s.resolveType(a); err != nil {
			return nil, err
		}
	}
	name := strings.TrimPrefix(strings.ToLower(n.Name), "system.")
	if i := strings.IndexByte(name, '`'); i > 0 {
		name = name[:i]
	}
	switch {
	case name == "nullable" && len(args) == 1:
		return &Type{Name: "System.Nullable`1[[" + args[0].Name + "]]", kind: kindNullable, Elem: args[0]}, nil
	case (name == "collections.generic.list" || name == "collections.objectmodel.collection") && len(args) == 1:
		proper := "System.Collections.Generic.List`1"
		if strings.HasSuffix(name, "collection") {
			proper = "System.Collections.ObjectModel.Collection`1"
		}
		return &Type{Name: proper + "[[" + args[0].Name + "]]", kind: kindList, Elem: args[0]}, nil
	case (name == "collections.generic.hashset" || name == "collections.generic.queue" || name == "collections.generic.stack") && len(args) == 1:
		proper := map[string]string{"hashset": "HashSet", "queue": "Queue", "stack": "Stack"}[name[len("collections.generic."):]]
		return &Type{Name: "System.Collections.Generic." + proper + "`1[[" + args[0].Name + "]]", kind: kindList, Elem: args[0]}, nil
	case name == "collections.generic.dictionary" && len(args) == 2:
		return &Type{Name: "System.Collections.Generic.Dictionary`2[[" + args[0].Name + "],[" + args[1].Name + "]]", kind: kindDictionary, Elem: args[1]}, nil
	}
	return nil, newError("System.Management.Automation.RuntimeException", "TypeNotFound", InvalidOperation,
		"Unable to find type ["+n.String()+"].").target(n.String())
}

// isInstance tells whether a value is of a type, as -is does.
func isInstance(v Value, t *Type) bool {
	if v == nil {
		return false
	}
	switch t.kind {
	case kindObject:
		return true
	case kindPSObject, kindCustom:
		o, ok := v.(*Object)
		return ok && (t.kind == kindPSObject || o.Class == classCustom)
	case kindNullable:
		return isInstance(v, t.Elem)
	}
	if t == typeArray {
		switch v.(type) {
		case *Array, *Bytes:
			return true
		}
		return false
	}
	own := typeOf(v)
	if strings.EqualFold(own.Name, t.Name) {
		return true
	}
	if own.kind == kindArray && t.kind == kindArray && t.Elem == typeObject {
		return own.Elem.kind >= kindPSObject || own.Elem == typeString
	}
	for _, n := range own.typeNames() {
		if strings.EqualFold(n, t.Name) {
			return true
		}
	}
	return implements(v, t.Name)
}

// implements answers -is for the interfaces scripts ask about.
func implements(v Value, name string) bool {
	switch strings.ToLower(name) {
	case "system.collections.ienumerable":
		switch v.(type) {
		case *Array, *Bytes, *List, *Hashtable, string:
			return true
		}
	case "system.collections.icollection":
		switch v.(type) {
		case *Array, *Bytes, *List, *Hashtable:
			return true
		}
	case "system.collections.ilist":
		switch v.(type) {
		case *Array, *Bytes, *List:
			return true
		}
	case "system.collections.idictionary":
		_, ok := v.(*Hashtable)
		return ok
	case "system.valuetype":
		k := typeOf(v).kind
		return k >= kindChar && k <= kindEnum
	}
	return false
}

func init() {
	for _, n := range []string{"IEnumerable", "ICollection", "IList", "IDictionary"} {
		define("System.Collections."+n, kindStatic)
	}
	define("System.Collections.Queue", kindList)
	define("System.Collections.Stack", kindList)
	define("System.ValueType", kindStatic)
}
