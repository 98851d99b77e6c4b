package powershell

// toArray converts to an array type, element by element.
func (s *Session) toArray(v Value, t *Type) (Value, error) {
	if v == nil {
		return nil, nil
	}
	if b, ok := v.(*Bytes); ok {
		if t.Elem == typeUint8 {
			return b, nil
		}
	}
	if a, ok := v.(*Array); ok && (t.Elem == typeObject && a.Elem == nil || a.Elem != nil && a.Elem.Name == t.Elem.Name) {
		return a, nil
	}
	var items []Value
	switch x := v.(type) {
	case indexed:
		items = make([]Value, x.Len())
		for i := range items {
			items[i] = x.At(i)
		}
	case string:
		items = []Value{x}
		if t.Elem == typeChar {
			items = chars(x)
		}
	default:
		items = []Value{v}
	}
	return s.arrayOf(items, t)
}

func (s *Session) arrayOf(items []Value, t *Type) (Value, error) {
	if t.Elem == typeObject {
		return NewArray(items...), nil
	}
	out := make([]Value, len(items))
	for i, it := range items {
		c, err := s.convert(it, t.Elem)
		if err != nil {
			return nil, err
		}
		out[i] = c
	}
	if t.Elem == typeUint8 {
		b := make([]byte, len(out))
		for i, it := range out {
			b[i] = it.(uint8)
		}
		return &Bytes{b}, nil
	}
	return &Array{Items: out, Elem: t.Elem}, nil
}

func (s *Session) toList(v Value, t *Type) (Value, error) {
	if l, ok := v.(*List); ok && l.Type.Name == t.Name {
		return l, nil
	}
	if v == nil {
		return nil, nil
	}
	l := &List{Type: t}
	items := []Value{v}
	if x, ok := v.(indexed); ok {
		items = items[:0]
		for i := range x.Len() {
			items = append(items, x.At(i))
		}
	}
	for _, it := range items {
		if t.Elem != nil {
			c, err := s.convert(it, t.Elem)
			if err != nil {
				return nil, err
			}
			it = c
		}
		l.Items = append(l.Items, it)
	}
	return l, nil
}

func (s *Session) toHashtable(v Value, t *Type) (Value, error) {
	h, ok := v.(*Hashtable)
	switch {
	case v == nil:
		return nil, nil
	case !ok:
		return nil, castFailed(v, t)
	case h.Kind.kind == t.kind:
		return h, nil
	}
	c := h.clone()
	c.Kind = t
	return c, nil
}

// toCustom makes a custom object of a dictionary; anything else stays.
func (s *Session) toCustom(v Value) (Value, error) {
	h, ok := v.(*Hashtable)
	if !ok {
		return v, nil
	}
	o := NewObject()
	for i := range h.Len() {
		k, val := h.Entry(i)
		name := plainString(k)
		if name == "PSTypeName" {
			o.TypeNames = append([]string{plainString(val)}, classCustom.typeNames()...)
			continue
		}
		o.Set(name, val)
	}
	return o, nil
}
