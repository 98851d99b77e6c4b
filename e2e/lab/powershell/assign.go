package powershell

import (
	"lifeboat.io/e2e/lab/powershell/syntax"
)

// assign runs an assignment and gives what was assigned.
func (s *Session) assign(st *syntax.Assign) (Value, error) {
	v, err := s.valueOf(st.Value)
	if err != nil {
		return nil, err
	}

	if st.Op != "=" {
		old, err := s.currentValue(st.Target)
		if err != nil {
			return nil, err
		}
		if v, err = s.compound(st.Op[:1], old, settle(v)); err != nil {
			return nil, err
		}
	}
	return v, s.assignTo(st.Target, v)
}

// compound is the operator of += and its kin. A list that is added to grows as
// an array, as in PowerShell.
func (s *Session) compound(op string, old, v Value) (Value, error) {
	if old == nil && op == "+" {
		if rankOf(v) != rankNone && v != nil {
			return s.arithmetic(op, int32(0), v)
		}
		return v, nil
	}
	return s.binary(op, false, old, v)
}

// currentValue reads the target of a compound assignment.
func (s *Session) currentValue(target syntax.Expr) (Value, error) {
	switch t := target.(type) {
	case *syntax.Convert:
		return s.currentValue(t.Operand)
	case *syntax.Attributed:
		return s.currentValue(t.Operand)
	}
	return s.eval(target)
}

// assignTo stores a value in a target.
func (s *Session) assignTo(target syntax.Expr, v Value) error {
	switch t := target.(type) {
	case *syntax.Variable:
		return s.assignVariable(t.Path, v, nil, nil)
	case *syntax.Convert, *syntax.Attributed:
		return s.assignTyped(target, settle(v))
	case *syntax.Member:
		return s.assignMember(t, settle(v))
	case *syntax.Index:
		return s.assignElement(t, settle(v))
	case *syntax.Array:
		return s.assignMany(t, settle(v))
	case *syntax.Paren:
		if p, ok := t.Body.(*syntax.Pipeline); ok {
			if e := loneExpression(p); e != nil {
				return s.assignTo(e, v)
			}
		}
	}
	return runtimeError("InvalidLeftHandSide", "The assignment expression is not valid.")
}

// assignTyped assigns to [type]$x, [Validate...()]$x and combinations.
func (s *Session) assignTyped(target syntax.Expr, v Value) error {
	var typ *Type
	var checks []validator
	for {
		switch t := target.(type) {
		case *syntax.Convert:
			resolved, err := s.resolveType(t.Type)
			if err != nil {
				return s.at(err, t)
			}
			if typ == nil {
				typ = resolved
			}
			target = t.Operand
			continue
		case *syntax.Attributed:
			check, err := s.validatorOf(t.Attribute)
			if err != nil {
				return s.at(err, t)
			}
			if check != nil {
				checks = append(checks, check)
			}
			target = t.Operand
			continue
		}
		break
	}
	if x, ok := target.(*syntax.Variable); ok {
		return s.assignVariable(x.Path, v, typ, checks)
	}
	if typ != nil {
		c, err := s.convert(v, typ)
		if err != nil {
			return s.assignmentCast(err)
		}
		v = c
	}
	return s.assignTo(target, v)
}

func (s *Session) assignMany(t *syntax.Array, v Value) error {
	items := []Value{v}
	if a, ok := v.(indexed); ok {
		items = items[:0]
		for i := range a.Len() {
			items = append(items, a.At(i))
		}
	}
	for i, target := range t.Items {
		var it Value
		switch {
		case i >= len(items):
		case i == len(t.Items)-1 && len(items) > len(t.Items):
			it = NewArray(items[i:]...)
		default:
			it = items[i]
		}
		if err := s.assignTo(target, it); err != nil {
			return err
		}
	}
	return nil
}

func (s *Session) assignElement(t *syntax.Index, v Value) error {
	target, err := s.eval(t.Target)
	if err != nil {
		return err
	}
	index, err := s.eval(t.Index)
	if err != nil {
		return err
	}
	return s.setElement(target, index, v)
}

func (s *Session) setElement(target, index, v Value) error {
	outside := func() error {
		return newError("System.IndexOutOfRangeException", "System.IndexOutOfRangeException", OperationStopped, "Index was outside the bounds of the array.")
	}
	switch x := target.(type) {
	case nil:
		return runtimeError("NullArray", "Cannot index into a null array.")
	case *Hashtable:
		if index == nil {
			return runtimeError("NullArrayIndex", "Index operation failed; the array index evaluated to null.")
		}
		if n, ok := index.(int32); ok && x.Kind == typeOrdered {
			if int(n) >= 0 && int(n) < x.Len() {
				k, _ := x.Entry(int(n))
				x.Set(k, v)
				return nil
			}
		}
		x.Set(index, v)
		return s.limitItems(x.Len() / 64)
	case *Array:
		n, in := s.position(target, index)
		if !in {
			return outside()
		}
		if x.Elem != nil {
			c, err := s.convert(v, x.Elem)
			if err != nil {
				return s.castFailure(err)
			}
			v = c
		}
		x.Items[n] = v
		return nil
	case *Bytes:
		n, in := s.position(target, index)
		if !in {
			return outside()
		}
		c, err := s.convert(v, typeUint8)
		if err != nil {
			return s.castFailure(err)
		}
		x.B[n] = c.(uint8)
		return nil
	case *List:
		n, in := s.position(target, index)
		if !in {
			return outside()
		}
		x.Items[n] = v
		return nil
	}
	return runtimeError("CannotIndex", "Unable to index into an object of type %s.", typeOf(target).Name)
}
