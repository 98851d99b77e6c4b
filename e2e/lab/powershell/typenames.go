package powershell

import "slices"

// typeNameList is the list of type names of an object, which scripts change to
// give their objects a name of their own.
type typeNameList struct{ owner *Object }

// Len, At give the number of names and one of them.
func (l *typeNameList) Len() int       { return len(l.owner.typeNames()) }
func (l *typeNameList) At(i int) Value { return l.owner.typeNames()[i] }

// typeNamesValue is .psobject.TypeNames.
func typeNamesValue(v Value) Value {
	if o, ok := v.(*Object); ok {
		return &typeNameList{o}
	}
	return stringsArray((&Session{}).typeNamesOf(v))
}

// typeNameMethod makes a method that changes the names.
func typeNameMethod(name string, n int, change func(s *Session, names []string, a []Value) ([]string, error)) Method {
	return void(name, n, n, func(s *Session, v Value, a []Value) (Value, error) {
		o := v.(*typeNameList).owner
		names, err := change(s, slices.Clone(o.typeNames()), a)
		if err != nil {
			return nil, err
		}
		o.TypeNames = names
		return nil, s.limitItems(len(names))
	})
}

var classTypeNames = &Class{Name: "System.Collections.ObjectModel.Collection`1[[System.String]]", Properties: []Property{
	get("Count", tInt32, func(v Value) Value { return int32(v.(*typeNameList).Len()) }),
}, Methods: []Method{
	typeNameMethod("Add", 1, func(s *Session, names []string, a []Value) ([]string, error) {
		return append(names, s.toString(a[0])), nil
	}),
	typeNameMethod("Insert", 2, func(s *Session, names []string, a []Value) ([]string, error) {
		at, err := (&List{}).at(s, a[0], len(names)+1)
		if err != nil {
			return nil, err
		}
		return slices.Insert(names, at, s.toString(a[1])), nil
	}),
	typeNameMethod("RemoveAt", 1, func(s *Session, names []string, a []Value) ([]string, error) {
		at, err := (&List{}).at(s, a[0], len(names))
		if err != nil {
			return nil, err
		}
		return slices.Delete(names, at, at+1), nil
	}),
	typeNameMethod("Clear", 0, func(*Session, []string, []Value) ([]string, error) { return []string{}, nil }),
	method("Contains", 1, 1, func(s *Session, v Value, a []Value) (Value, error) {
		return slices.Contains(v.(*typeNameList).owner.typeNames(), s.toString(a[0])), nil
	}),
	method("IndexOf", 1, 1, func(s *Session, v Value, a []Value) (Value, error) {
		return int32(slices.Index(v.(*typeNameList).owner.typeNames(), s.toString(a[0]))), nil
	}),
}}

// firstTypeName is the first type name, by which objects are told apart when they
// are shown or written: that of .NET when a script took all names away.
func firstTypeName(names []string) string {
	if len(names) == 0 {
		return "System.Object"
	}
	return names[0]
}
