package powershell

import "strings"

// Scripts ask whether they run as an administrator before they begin. Here
// everybody who may run a script is one.

var enumBuiltInRole = &EnumType{Name: "System.Security.Principal.WindowsBuiltInRole", Members: []EnumMember{{"Administrator", 544}, {"User", 545},
	{"Guest", 546}, {"PowerUser", 547}, {"AccountOperator", 548}, {"SystemOperator", 549}, {"PrintOperator", 550}, {"BackupOperator", 551}, {"Replicator", 552}}}

var classWindowsIdentity = &Class{Name: "System.Security.Principal.WindowsIdentity", Properties: []Property{
	get("Name", tString, func(v Value) Value { return v }),
	get("AuthenticationType", tString, func(Value) Value { return "Kerberos" }),
	get("IsAuthenticated", tBoolean, func(Value) Value { return true }),
	get("IsSystem", tBoolean, func(Value) Value { return false }),
}}

var classWindowsPrincipal = &Class{Name: "System.Security.Principal.WindowsPrincipal", Properties: []Property{
	get("Identity", classWindowsIdentity.Name, func(v Value) Value { return NewInstance(classWindowsIdentity, v) }),
}, Methods: []Method{
	method("IsInRole", 1, 1, func(s *Session, _ Value, a []Value) (Value, error) {
		role := strings.ToLower(s.toString(a[0]))
		switch strings.TrimPrefix(role, `builtin\`) {
		case "administrator", "administrators", "user", "users", "544", "545":
			return true, nil
		}
		return false, nil
	}),
}}

func init() {
	role := &Type{Name: enumBuiltInRole.Name, kind: kindEnum, Enum: enumBuiltInRole}
	builtinTypes[strings.ToLower(role.Name)] = role
	builtinTypes[strings.ToLower(strings.TrimPrefix(role.Name, "System."))] = role
	identity := define("System.Security.Principal.WindowsIdentity", kindClass, "security.principal.windowsidentity")
	identity.Class = classWindowsIdentity
	identity.statics = &statics{methods: methodTable(fn("GetCurrent", 0, 0, func(s *Session, _ []Value) (Value, error) {
		return NewInstance(classWindowsIdentity, s.opts.User), nil
	}))}
	principal := define("System.Security.Principal.WindowsPrincipal", kindClass, "security.principal.windowsprincipal")
	principal.Class = classWindowsPrincipal
	principal.statics = &statics{construct: &staticMethod{name: ".ctor", min: 1, max: 1, call: func(_ *Session, a []Value) (Value, error) {
		o, ok := a[0].(*Object)
		if !ok || o.Class.Name != classWindowsIdentity.Name {
			return nil, throwNet("System.ArgumentException", "A WindowsIdentity is needed.")
		}
		return NewInstance(classWindowsPrincipal, o.Data), nil
	}}}
}
