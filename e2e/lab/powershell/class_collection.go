package powershell

import (
	"sort"
	"strings"
)

var (
	classArray = &Class{Name: "System.Array", Properties: []Property{
		get("Count", tInt32, func(v Value) Value { return int32(v.(indexed).Len()) }),
		get("Length", tInt32, func(v Value) Value { return int32(v.(indexed).Len()) }),
		get("LongLength", tInt64, func(v Value) Value { return int64(v.(indexed).Len()) }),
		get("Rank", tInt32, func(Value) Value { return int32(1) }),
		get("IsReadOnly", tBoolean, func(Value) Value { return false }),
		get("IsFixedSize", tBoolean, func(Value) Value { return true }),
	}}
	classList = &Class{Name: "System.Collections.ArrayList", Properties: []Property{
		get("Count", tInt32, func(v Value) Value { return int32(v.(indexed).Len()) }),
		get("Capacity", tInt32, func(v Value) Value { return int32(v.(indexed).Len()) }),
	}}
	classHashtable = &Class{Name: "System.Collections.Hashtable", Properties: []Property{
		get("Count", tInt32, func(v Value) Value { return int32(v.(*Hashtable).Len()) }),
		get("Keys", "System.Collections.ICollection", func(v Value) Value { return NewArray(append([]Value(nil), v.(*Hashtable).keys...)...) }),
		get("Values", "System.Collections.ICollection", func(v Value) Value { return NewArray(append([]Value(nil), v.(*Hashtable).values...)...) }),
		get("IsReadOnly", tBoolean, func(Value) Value { return false }),
	}}
	classEntry = &Class{Name: "System.Collections.DictionaryEntry", Properties: []Property{
		get("Name", "", func(v Value) Value { return v.(*entry).key }),
		get("Key", "", func(v Value) Value { return v.(*entry).key }),
		get("Value", "", func(v Value) Value { return v.(*entry).value }),
	}, Table: []Column{{Property: "Name", Width: 30}, {Property: "Value"}}, DefaultProperties: []string{"Name", "Value"}}
)

// entry is one key with its value, as enumerating a dictionary gives it.
type entry struct{ key, value Value }

func fixedSize(*Session, Value, []Value) (Value, error) {
	return nil, throwNet("System.NotSupportedException", "Collection was of a fixed size.")
}

func (s *Session) indexOf(v indexed, x Value) int {
	cased := true
	if l, ok := v.(*List); ok {
		cased = !l.fold
	}
	for i := range v.Len() {
		if it := v.At(i); it == nil && x == nil || it != nil && x != nil && typeOf(it).Name == typeOf(x).Name && s.equal(it, x, cased) {
			return i
		}
	}
	return -1
}

func init() {
	shared := []Method{
		method("Contains", 1, 1, func(s *Session, v Value, a []Value) (Value, error) { return s.indexOf(v.(indexed), a[0]) >= 0, nil }),
		method("IndexOf", 1, 1, func(s *Session, v Value, a []Value) (Value, error) {
			return int32(s.indexOf(v.(indexed), a[0])), nil
		}),
		method("GetValue", 1, 1, func(s *Session, v Value, a []Value) (Value, error) { return s.element(v, a[0]) }),
		method("get_Item", 1, 1, func(s *Session, v Value, a []Value) (Value, error) { return s.element(v, a[0]) }),
	}
	classArray.Methods = append([]Method{
		method("Add", 1, 1, fixedSize), method("Remove", 1, 1, fixedSize), method("Insert", 2, 2, fixedSize), method("RemoveAt", 1, 1, fixedSize),
		method("GetLength", 1, 1, func(_ *Session, v Value, _ []Value) (Value, error) { return int32(v.(indexed).Len()), nil }),
		method("Clone", 0, 0, func(_ *Session, v Value, _ []Value) (Value, error) {
			switch x := v.(type) {
			case *Array:
				return &Array{Items: append([]Value{}, x.Items...), Elem: x.Elem}, nil
			case *Bytes:
				return &Bytes{append([]byte{}, x.B...)}, nil
			}
			return v, nil
		}),
		void("SetValue", 2, 2, func(s *Session, v Value, a []Value) (Value, error) { return nil, s.setElement(v, a[1], a[0]) }),
	}, shared...)
	classList.Methods = append(listMethods(), shared...)
	classHashtable.Methods = tableMethods()
	typeArray.statics = &statics{methods: map[string]staticMethod{
		"reverse": {name: "Reverse", min: 1, max: 1, void: true, call: func(_ *Session, a []Value) (Value, error) {
			reverse(a[0])
			return nil, nil
		}},
		"indexof": {name: "IndexOf", min: 2, max: 2, call: func(s *Session, a []Value) (Value, error) {
			x, ok := a[0].(indexed)
			if !ok {
				return int32(-1), nil
			}
			return int32(s.indexOf(x, a[1])), nil
		}},
		"sort": {name: "Sort", min: 1, max: 1, void: true, call: func(s *Session, a []Value) (Value, error) {
			if x, ok := a[0].(*Array); ok {
				return nil, s.sortValues(x.Items)
			}
			return nil, nil
		}},
	}}
}

func (s *Session) sortValues(items []Value) error {
	var failed error
	sort.SliceStable(items, func(i, j int) bool {
		n, err := s.order(items[i], items[j], true)
		if err != nil {
			failed = err
		}
		return n < 0
	})
	return failed
}

func reverse(v Value) {
	switch x := v.(type) {
	case *Array:
		for i, j := 0, len(x.Items)-1; i < j; i, j = i+1, j-1 {
			x.Items[i], x.Items[j] = x.Items[j], x.Items[i]
		}
	case *List:
		for i, j := 0, len(x.Items)-1; i < j; i, j = i+1, j-1 {
			x.Items[i], x.Items[j] = x.Items[j], x.Items[i]
		}
	case *Bytes:
		for i, j := 0, len(x.B)-1; i < j; i, j = i+1, j-1 {
			x.B[i], x.B[j] = x.B[j], x.B[i]
		}
	}
}

// element converts a value to what a list holds.
func (l *List) fit(s *Session, v Value) (Value, error) {
	if l.Type.Elem == nil {
		return v, nil
	}
	return s.convert(v, l.Type.Elem)
}

func (l *List) at(s *Session, v Value, end int) (int, error) {
	n, err := s.convert(v, typeInt32)
	if err != nil {
		return 0, err
	}
	if i := int(n.(int32)); i >= 0 && i < end {
		return i, nil
	}
	return 0, throwNet("System.ArgumentOutOfRangeException", "Index was out of range. Must be non-negative and less than the size of the collection.\r\nParameter name: index")
}

// is tells what kind of collection a list is, by the name of its type.
func (l *List) is(name string) bool { return strings.HasPrefix(l.Type.short(), name) }

// take removes and gives one end of a queue or a stack.
func (l *List) take(remove bool) (Value, error) {
	n := len(l.Items)
	if n == 0 {
		return nil, throwNet("System.InvalidOperationException", "%s empty.", l.Type.short()[:5])
	}
	at := 0
	if l.is("Stack") {
		at = n - 1
	}
	v := l.Items[at]
	if remove {
		l.Items = append(l.Items[:at], l.Items[at+1:]...)
	}
	return v, nil
}

// listAdd adds an element: an ArrayList gives its place, a HashSet whether it
// is new, other lists give nothing.
func listAdd(s *Session, v Value, a []Value) (Value, error) {
	l := v.(*List)
	x, err := l.fit(s, a[0])
	if err != nil {
		return nil, err
	}
	if l.is("HashSet") {
		if s.indexOf(l, x) >= 0 {
			return false, nil
		}
		l.Items = append(l.Items, x)
		return true, s.limitItems(len(l.Items) / 8)
	}
	if l.Items = append(l.Items, x); len(l.Items) > s.limits.Items {
		return nil, s.limitItems(len(l.Items))
	}
	if l.Type.Elem != nil || l.Type != typeArrayList {
		return nothing, s.limitItems(1)
	}
	return int32(len(l.Items) - 1), s.limitItems(1)
}

func listMethods() []Method {
	return []Method{
		method("Add", 1, 1, listAdd), void("Enqueue", 1, 1, listAdd), void("Push", 1, 1, listAdd),
		method("Dequeue", 0, 0, func(_ *Session, v Value, _ []Value) (Value, error) { return v.(*List).take(true) }),
		method("Pop", 0, 0, func(_ *Session, v Value, _ []Value) (Value, error) { return v.(*List).take(true) }),
		method("Peek", 0, 0, func(_ *Session, v Value, _ []Value) (Value, error) { return v.(*List).take(false) }),
		void("AddRange", 1, 1, func(s *Session, v Value, a []Value) (Value, error) {
			return nil, enumerate(a[0], func(it Value) error { _, err := listAdd(s, v, []Value{it}); return err })
		}),
		void("Clear", 0, 0, func(_ *Session, v Value, _ []Value) (Value, error) { v.(*List).Items = nil; return nil, nil }),
		void("Insert", 2, 2, func(s *Session, v Value, a []Value) (Value, error) {
			l := v.(*List)
			i, err := l.at(s, a[0], len(l.Items)+1)
			if err != nil {
				return nil, err
			}
			x, err := l.fit(s, a[1])
			if err != nil {
				return nil, err
			}
			l.Items = append(l.Items[:i], append([]Value{x}, l.Items[i:]...)...)
			return nil, s.limitItems(len(l.Items))
		}),
		method("Remove", 1, 1, func(s *Session, v Value, a []Value) (Value, error) {
			l := v.(*List)
			i := s.indexOf(l, a[0])
			if i >= 0 {
				l.Items = append(l.Items[:i], l.Items[i+1:]...)
			}
			if l.Type == typeArrayList {
				return nothing, nil
			}
			return i >= 0, nil
		}),
		void("RemoveAt", 1, 1, func(s *Session, v Value, a []Value) (Value, error) {
			l := v.(*List)
			i, err := l.at(s, a[0], len(l.Items))
			if err == nil {
				l.Items = append(l.Items[:i], l.Items[i+1:]...)
			}
			return nil, err
		}),
		void("Reverse", 0, 0, func(_ *Session, v Value, _ []Value) (Value, error) { reverse(v); return nil, nil }),
		void("Sort", 0, 0, func(s *Session, v Value, _ []Value) (Value, error) { return nil, s.sortValues(v.(*List).Items) }),
		method("ToArray", 0, 0, func(_ *Session, v Value, _ []Value) (Value, error) {
			l := v.(*List)
			a := &Array{Items: append([]Value{}, l.Items...), Elem: l.Type.Elem}
			if a.Elem == typeObject {
				a.Elem = nil
			}
			return a, nil
		}),
	}
}

func tableMethods() []Method {
	return []Method{
		void("Add", 2, 2, func(s *Session, v Value, a []Value) (Value, error) {
			h := v.(*Hashtable)
			if a[0] == nil {
				return nil, throwNet("System.ArgumentNullException", "Key cannot be null.\r\nParameter name: key")
			}
			if _, there := h.Get(a[0]); there {
				return nil, throwNet("System.ArgumentException", "Item has already been added. Key in dictionary: '%s'  Key being added: '%[1]s'", s.toString(a[0]))
			}
			h.Set(a[0], a[1])
			if h.Len() > s.limits.Items {
				return nil, s.limitItems(h.Len())
			}
			return nil, s.limitItems(2)
		}),
		void("Insert", 3, 3, func(s *Session, v Value, a []Value) (Value, error) {
			h := v.(*Hashtable)
			if h.Kind.kind != kindOrdered {
				return nil, methodMissing(v, "Insert")
			}
			at, err := tablePlace(s, h, a[0], h.Len()+1)
			if err != nil {
				return nil, err
			}
			if _, there := h.Get(a[1]); there || a[1] == nil {
				return nil, throwNet("System.ArgumentException", "Item has already been added. Key in dictionary: '%s'  Key being added: '%[1]s'", s.toString(a[1]))
			}
			h.insert(at, a[1], a[2])
			return nil, s.limitItems(h.Len())
		}),
		void("RemoveAt", 1, 1, func(s *Session, v Value, a []Value) (Value, error) {
			h := v.(*Hashtable)
			if h.Kind.kind != kindOrdered {
				return nil, methodMissing(v, "RemoveAt")
			}
			at, err := tablePlace(s, h, a[0], h.Len())
			if err != nil {
				return nil, err
			}
			h.Delete(h.keys[at])
			return nil, s.limitItems(1)
		}),
		method("ContainsKey", 1, 1, tableHas), method("Contains", 1, 1, tableHas),
		method("ContainsValue", 1, 1, func(s *Session, v Value, a []Value) (Value, error) {
			return s.indexOf(NewArray(v.(*Hashtable).values...), a[0]) >= 0, nil
		}),
		void("Remove", 1, 1, func(_ *Session, v Value, a []Value) (Value, error) { v.(*Hashtable).Delete(a[0]); return nil, nil }),
		void("Clear", 0, 0, func(_ *Session, v Value, _ []Value) (Value, error) {
			h := v.(*Hashtable)
			h.keys, h.values, h.index = nil, nil, nil
			return nil, nil
		}),
		method("Clone", 0, 0, func(_ *Session, v Value, _ []Value) (Value, error) { return v.(*Hashtable).clone(), nil }),
		method("TryGetValue", 2, 2, func(s *Session, v Value, a []Value) (Value, error) {
			ref, ok := a[1].(*Object)
			if h := v.(*Hashtable); h.Kind.kind != kindDictionary {
				return nil, methodMissing(v, "TryGetValue")
			}
			if !ok || ref.Class != classRef {
				return nil, throwNet("System.ArgumentException", "The second argument must be a [ref].")
			}
			x, there := v.(*Hashtable).Get(a[0])
			return there, s.setProperty(ref, "Value", x)
		}),
		method("get_Item", 1, 1, func(_ *Session, v Value, a []Value) (Value, error) { x, _ := v.(*Hashtable).Get(a[0]); return x, nil }),
		void("set_Item", 2, 2, func(_ *Session, v Value, a []Value) (Value, error) { v.(*Hashtable).Set(a[0], a[1]); return nil, nil }),
		method("GetEnumerator", 0, 0, func(_ *Session, v Value, _ []Value) (Value, error) {
			h := v.(*Hashtable)
			out := make([]Value, h.Len())
			for i := range out {
				k, x := h.Entry(i)
				out[i] = NewInstance(classEntry, &entry{k, x})
			}
			return NewArray(out...), nil
		}),
	}
}

// tablePlace is the place of an entry of an ordered dictionary.
func tablePlace(s *Session, h *Hashtable, v Value, end int) (int, error) {
	return (&List{}).at(s, v, end)
}

func tableHas(_ *Session, v Value, a []Value) (Value, error) {
	_, ok := v.(*Hashtable).Get(a[0])
	return ok, nil
}
