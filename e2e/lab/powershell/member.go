package powershell

import (
	"errors"
	"fmt"
	"strings"

	"lifeboat.io/e2e/lab/powershell/syntax"
)

func (s *Session) memberName(e syntax.Expr) (string, error) {
	if t, ok := e.(*syntax.String); ok {
		return t.Value, nil
	}
	v, err := s.eval(e)
	if err != nil {
		return "", err
	}
	return s.toString(v), nil
}

func (s *Session) memberValue(e *syntax.Member) (Value, error) {
	name, err := s.memberName(e.Name)
	if err != nil {
		return nil, err
	}
	target, err := s.eval(e.Target)
	if err != nil {
		return nil, err
	}
	if e.Static {
		return s.staticProperty(target, name)
	}
	v, found, err := s.property(target, name)
	if err == nil && !found && s.strict >= 2 {
		err = newError("System.Management.Automation.PropertyNotFoundException", "PropertyNotFoundStrict", NotSpecified,
			fmt.Sprintf("The property '%s' cannot be found on this object. Verify that the property exists.", name))
	}
	return v, err
}

// property reads a property of any value.
func (s *Session) property(v Value, name string) (_ Value, found bool, err error) {
	switch x := v.(type) {
	case nil:
		if strings.EqualFold(name, "count") || strings.EqualFold(name, "length") {
			return int32(0), s.strict < 2, nil
		}
		return nil, false, nil
	case *Hashtable:
		if val, ok := x.Get(name); ok {
			return val, true, nil
		}
	case *Object:
		if val, ok, err := s.objectProperty(x, name); ok || err != nil {
			return val, ok, err
		}
		if x.Class == classMemberSet && (strings.EqualFold(name, "properties") || strings.EqualFold(name, "members")) {
			items, err := s.members(x.Data)
			return &memberList{x.Data, items}, true, err
		}
	}
	if c := classOf(v); c != nil {
		if p := c.Property(name); p != nil {
			return p.Get(dataOf(v)), true, nil
		}
	}
	switch strings.ToLower(name) {
	case "psobject":
		return NewInstance(classMemberSet, v), true, nil
	case "pstypenames":
		return typeNamesValue(v), true, nil
	}
	if a, ok := v.(indexed); ok {
		return s.memberEnumeration(a, name)
	}
	if strings.EqualFold(name, "count") || strings.EqualFold(name, "length") {
		return s.scalarCount(v)
	}
	return nil, false, nil
}

// scalarCount is the Count that 5.1 gives what is no collection: 1, except in
// strict mode and for custom objects, which have none.
func (s *Session) scalarCount(v Value) (Value, bool, error) {
	o, isObject := v.(*Object)
	if _, isTable := v.(*Hashtable); isTable || isObject && o.Class == classCustom || s.strict >= 2 {
		return nil, false, nil
	}
	return int32(1), true, nil
}

// dataOf is what a class's functions are called with.
func dataOf(v Value) Value {
	if o, ok := v.(*Object); ok {
		return o.Data
	}
	return v
}

func (s *Session) objectProperty(o *Object, name string) (Value, bool, error) {
	i := o.find(name)
	if i < 0 {
		return nil, false, nil
	}
	n := &o.notes[i]
	switch {
	case n.get != nil:
		v, err := s.withThis(o, n.get, nil)
		return settle(v), true, err
	case n.alias != "":
		return s.property(o, n.alias)
	case n.method != nil:
		return n.method, true, nil
	}
	return n.value, true, nil
}

// withThis runs a script member with $this set.
func (s *Session) withThis(o *Object, b *ScriptBlock, args []Value) (Value, error) {
	restore := s.shadow("this", o)
	defer restore()
	return s.callBlock(b, args)
}

// memberEnumeration reads a property of each element.
func (s *Session) memberEnumeration(a indexed, name string) (Value, bool, error) {
	c := collector{s: s}
	any := false
	for i := range a.Len() {
		v, found, err := s.property(a.At(i), name)
		if err != nil {
			return nil, false, err
		}
		if !found {
			continue
		}
		any = true
		if err := enumerate(v, c.add); err != nil {
			return nil, false, err
		}
	}
	return settle(c.value()), any, nil
}

func stringsArray(names []string) *Array {
	items := make([]Value, len(names))
	for i, n := range names {
		items[i] = n
	}
	return &Array{Items: items, Elem: typeString}
}

func (s *Session) typeNamesOf(v Value) []string {
	if o, ok := v.(*Object); ok {
		return o.typeNames()
	}
	if v == nil {
		return nil
	}
	return typeOf(v).typeNames()
}

// assignMember stores target.name = v.
func (s *Session) assignMember(e *syntax.Member, v Value) error {
	name, err := s.memberName(e.Name)
	if err != nil {
		return err
	}
	target, err := s.eval(e.Target)
	if err != nil {
		return err
	}
	if e.Static {
		return s.setStatic(target, name, v)
	}
	return s.setProperty(target, name, v)
}

func (s *Session) setProperty(target Value, name string, v Value) error {
	missing := func() error {
		return runtimeError("PropertyNotFound", "The property '%s' cannot be found on this object. Verify that the property exists and can be set.", name)
	}
	switch x := target.(type) {
	case nil:
		return missing()
	case *Hashtable:
		x.Set(name, v)
		return nil
	case *Object:
		if i := x.find(name); i >= 0 {
			n := &x.notes[i]
			if n.get != nil || n.method != nil {
				return s.readOnly(name)
			}
			if n.alias != "" {
				return s.setProperty(target, n.alias, v)
			}
			n.value = v
			return nil
		}
	case indexed:
		for i := range x.Len() {
			if err := s.setProperty(x.At(i), name, v); err != nil {
				return err
			}
		}
		if x.Len() == 0 {
			return missing()
		}
		return nil
	}
	c := classOf(target)
	if c == nil {
		return missing()
	}
	p := c.Property(name)
	if p == nil {
		return missing()
	}
	if p.Set == nil {
		return s.readOnly(name)
	}
	if err := p.Set(dataOf(target), v); err != nil {
		var t *Terminating
		if errors.As(err, &t) {
			return err
		}
		return newError("System.Management.Automation.SetValueInvocationException", "ExceptionWhenSetting", NotSpecified,
			fmt.Sprintf("Exception setting \"%s\": \"%s\"", name, err))
	}
	return nil
}

func (s *Session) readOnly(name string) error {
	return runtimeError("PropertyAssignmentException", "'%s' is a ReadOnly property.", name)
}

// invoke calls a method.
func (s *Session) invoke(e *syntax.Invoke) (Value, error) {
	name, err := s.memberName(e.Name)
	if err != nil {
		return nil, err
	}
	target, err := s.eval(e.Target)
	if err != nil {
		return nil, err
	}
	args := make([]Value, len(e.Args))
	for i, a := range e.Args {
		if args[i], err = s.eval(a); err != nil {
			return nil, err
		}
	}
	if e.Static {
		return s.staticMethod(target, name, args)
	}
	return s.method(target, name, args)
}

func methodMissing(v Value, name string) error {
	return runtimeError("MethodNotFound", "Method invocation failed because [%s] does not contain a method named '%s'.", typeOf(v).Name, name).target(name)
}

// method calls a method of any value.
func (s *Session) method(v Value, name string, args []Value) (Value, error) {
	if v == nil {
		return nil, runtimeError("InvokeMethodOnNull", "You cannot call a method on a null-valued expression.")
	}
	if o, ok := v.(*Object); ok {
		if i := o.find(name); i >= 0 && o.notes[i].method != nil {
			return s.withThis(o, o.notes[i].method, args)
		}
	}
	if c := classOf(v); c != nil {
		if m := c.Method(name); m != nil {
			return s.callMethod(m, dataOf(v), args)
		}
	}
	if m := classAny.Method(name); m != nil {
		return s.callMethod(m, v, args)
	}
	if a, ok := v.(indexed); ok && a.Len() > 0 {
		c := collector{s: s}
		for i := range a.Len() {
			r, err := s.method(a.At(i), name, args)
			if err != nil {
				if isMissingMethod(err) {
					return nil, methodMissing(a.At(i), name)
				}
				return nil, err
			}
			if err := enumerate(r, c.add); err != nil {
				return nil, err
			}
		}
		return c.value(), nil
	}
	return nil, methodMissing(v, name)
}

func isMissingMethod(err error) bool {
	var t *Terminating
	return errors.As(err, &t) && t.Record.ID == "MethodNotFound"
}

func (s *Session) callMethod(m *Method, self Value, args []Value) (Value, error) {
	if len(args) < m.Min || len(args) > m.Max {
		return nil, newError("System.Management.Automation.MethodException", "MethodCountCouldNotFindBest", NotSpecified,
			fmt.Sprintf(`Cannot find an overload for "%s" and the argument count: "%d".`, m.Name, len(args)))
	}
	v, err := m.Call(s, self, args)
	if err != nil {
		return nil, s.methodFailure(err, m.Name, len(args))
	}
	if m.Void {
		return nothing, nil
	}
	return v, nil
}

// methodFailure wraps what a method threw.
func (s *Session) methodFailure(err error, name string, n int) error {
	var ne *netError
	if errors.As(err, &ne) {
		return invocationError(name, n, ne.ex)
	}
	var c *castError
	if errors.As(err, &c) {
		return newError("System.Management.Automation.MethodException", "MethodArgumentConversionInvalidCastArgument", NotSpecified,
			fmt.Sprintf("Cannot convert argument for \"%s\": \"%s\"", name, c.message))
	}
	return err
}

// staticProperty reads [type]::name.
func (s *Session) staticProperty(target Value, name string) (Value, error) {
	t, ok := target.(*Type)
	if !ok {
		if target == nil {
			return nil, nil
		}
		t = typeOf(target)
	}
	if t.Enum != nil {
		if e, ok := t.Enum.lookup(name); ok {
			return e, nil
		}
	}
	if t.statics != nil {
		if get := t.statics.properties[strings.ToLower(name)]; get != nil {
			return get(s), nil
		}
	}
	if s.strict >= 2 {
		return nil, newError("System.Management.Automation.PropertyNotFoundException", "PropertyNotFoundStrict", NotSpecified,
			fmt.Sprintf("The property '%s' cannot be found on this object. Verify that the property exists.", name))
	}
	return nil, nil
}

func (s *Session) setStatic(target Value, name string, v Value) error {
	if t, ok := target.(*Type); ok && t.statics != nil {
		if set := t.statics.setters[strings.ToLower(name)]; set != nil {
			return set(s, v)
		}
	}
	return runtimeError("PropertyNotFound", "The property '%s' cannot be found on this object. Verify that the property exists and can be set.", name)
}

// staticMethod calls [type]::name(...).
func (s *Session) staticMethod(target Value, name string, args []Value) (Value, error) {
	t, ok := target.(*Type)
	if !ok {
		if target == nil {
			return nil, runtimeError("InvokeMethodOnNull", "You cannot call a method on a null-valued expression.")
		}
		t = typeOf(target)
	}
	if strings.EqualFold(name, "new") {
		return s.construct(t, args)
	}
	if t.statics != nil {
		if m, ok := t.statics.methods[strings.ToLower(name)]; ok {
			return s.callStatic(m, args)
		}
	}
	if t.Enum != nil && strings.EqualFold(name, "GetNames") {
		return stringsArray(t.Enum.names()), nil
	}
	if m := classAny.Method(name); m != nil && len(args) >= m.Min && len(args) <= m.Max {
		return s.callMethod(m, t, args)
	}
	return nil, runtimeError("MethodNotFound", "Method invocation failed because [%s] does not contain a method named '%s'.", t.Name, name).target(name)
}

func (s *Session) callStatic(m staticMethod, args []Value) (Value, error) {
	if len(args) < m.min || len(args) > m.max {
		return nil, newError("System.Management.Automation.MethodException", "MethodCountCouldNotFindBest", NotSpecified,
			fmt.Sprintf(`Cannot find an overload for "%s" and the argument count: "%d".`, m.name, len(args)))
	}
	v, err := m.call(s, args)
	if err != nil {
		return nil, s.methodFailure(err, m.name, len(args))
	}
	if m.void {
		return nothing, nil
	}
	return v, nil
}

// construct is [type]::new and New-Object.
func (s *Session) construct(t *Type, args []Value) (Value, error) {
	if t.statics != nil && t.statics.construct != nil {
		return s.callStatic(*t.statics.construct, args)
	}
	switch t.kind {
	case kindObject, kindPSObject, kindCustom:
		if len(args) == 0 {
			return NewObject(), nil
		}
		return args[0], nil
	case kindException:
		e := &Exception{Type: t.Name, HResult: defaultHResult(t.Name)}
		if len(args) > 0 {
			e.Message = s.toString(args[0])
		} else {
			e.Message = "Exception of type '" + t.Name + "' was thrown."
		}
		if len(args) > 1 {
			if inner, ok := args[1].(*Exception); ok {
				e.Inner = inner
			}
		}
		return e, nil
	case kindHashtable, kindOrdered, kindDictionary:
		return s.newTable(t, args)
	case kindList:
		return s.newList(t, args)
	case kindArray:
		if len(args) == 1 {
			return s.newArray(t.Elem, args[0])
		}
	}
	return nil, newError("System.Management.Automation.MethodException", "ConstructorInvokedThrowException", NotSpecified,
		fmt.Sprintf("The type [%s] cannot be constructed with %d argument(s) in the PowerShell subset of this host.", t.Name, len(args)))
}

// newList makes a list of a collection, or an empty one; a comparer says how the
// elements of a set are told apart.
func (s *Session) newList(t *Type, args []Value) (Value, error) {
	l := &List{Type: t}
	for _, a := range args {
		if o, ok := a.(*Object); ok && o.Class == classComparer {
			l.fold = o.Data.(bool)
		}
	}
	for _, a := range args {
		if o, comparer := a.(*Object); comparer && o.Class == classComparer {
			continue
		}
		if _, capacity := a.(int32); capacity && len(args) == 1 {
			continue
		}
		if err := enumerate(a, func(v Value) error { _, err := listAdd(s, l, []Value{v}); return err }); err != nil {
			return nil, err
		}
	}
	return l, nil
}

func (s *Session) newTable(t *Type, args []Value) (Value, error) {
	h := &Hashtable{Kind: t, CaseSensitive: t.kind == kindDictionary || t.kind == kindHashtable || t.kind == kindOrdered}
	for _, a := range args {
		switch x := a.(type) {
		case *Hashtable:
			for i := range x.Len() {
				h.Set(x.Entry(i))
			}
		case *Object: // a comparer
			if x.Class == classComparer {
				h.CaseSensitive = !x.Data.(bool)
			}
		}
	}
	return h, nil
}

func (s *Session) newArray(elem *Type, size Value) (Value, error) {
	n, err := s.convert(size, typeInt32)
	if err != nil {
		return nil, err
	}
	if n.(int32) < 0 {
		return nil, throwNet("System.OverflowException", "Arithmetic operation resulted in an overflow.")
	}
	if err := s.limitItems(int(n.(int32))); err != nil {
		return nil, err
	}
	if elem == typeUint8 {
		return &Bytes{make([]byte, n.(int32))}, nil
	}
	a := &Array{Items: make([]Value, n.(int32)), Elem: elem}
	if elem == typeObject {
		a.Elem = nil
	}
	if elem.kind != kindObject && elem.kind != kindString && elem.kind < kindGuid {
		for i := range a.Items {
			if a.Items[i], err = s.convert(nil, elem); err != nil {
				a.Items[i] = nil
			}
		}
	}
	return a, nil
}
