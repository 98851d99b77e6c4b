package powershell

import (
	"fmt"
	"math"
	"strings"

	"lifeboat.io/e2e/lab/powershell/syntax"
)

// eval computes an expression; nothing becomes $null.
func (s *Session) eval(e syntax.Expr) (Value, error) {
	v, err := s.raw(e)
	return settle(v), err
}

// raw computes an expression and keeps nothing apart from $null.
func (s *Session) raw(e syntax.Expr) (Value, error) {
	if err := s.step(); err != nil {
		return nil, err
	}
	switch e := e.(type) {
	case *syntax.String:
		return e.Value, nil
	case *syntax.Constant:
		return e.Value, nil
	case *syntax.Variable:
		return s.variableValue(e)
	case *syntax.Member:
		return s.memberValue(e)
	case *syntax.Invoke:
		return s.invoke(e)
	case *syntax.Binary:
		return s.binaryExpr(e)
	case *syntax.Expandable:
		return s.expand(e)
	case *syntax.Index:
		return s.indexExpr(e)
	case *syntax.Paren:
		return s.valueOf(e.Body)
	case *syntax.Unary:
		return s.unary(e)
	case *syntax.Array:
		return s.arrayLiteral(e)
	case *syntax.ArrayExpr:
		return s.arrayExpr(e)
	case *syntax.SubExpr:
		c := collector{s: s}
		err := s.block(e.Block, c.add)
		return c.value(), err
	case *syntax.Hash:
		return s.hashLiteral(e, NewHashtable())
	case *syntax.BlockExpr:
		return &ScriptBlock{Block: e.Block}, nil
	case *syntax.Convert:
		return s.castExpr(e)
	case *syntax.TypeExpr:
		t, err := s.resolveType(e.Type)
		return t, s.at(err, e.Type)
	case *syntax.Attributed:
		return s.eval(e.Operand)
	}
	return nil, runtimeError("UnsupportedConstruct", "An expression of type %T is not supported.", e)
}

func (s *Session) variableValue(e *syntax.Variable) (Value, error) {
	if e.Splat {
		return nil, s.at(newError("System.Management.Automation.ParseException", "SplattingNotPermitted", ParserError,
			fmt.Sprintf("The splatting operator '@' cannot be used to reference variables in an expression. '@%s' can be used only as an argument to a command. To reference variables in an expression use '$%s'.", e.Path.Name, e.Path.Name)), e)
	}
	v, found, err := s.readVariable(e.Path)
	if err != nil {
		return nil, s.at(err, e)
	}
	if !found && s.strict > 0 {
		return nil, s.at(runtimeError("VariableIsUndefined", "The variable '$%s' cannot be retrieved because it has not been set.", e.Path.Name).target(e.Path.Name), e)
	}
	return v, nil
}

func (s *Session) expand(e *syntax.Expandable) (Value, error) {
	var sb strings.Builder
	for _, p := range e.Parts {
		if p.Expr == nil {
			sb.WriteString(p.Text)
			continue
		}
		v, err := s.eval(p.Expr)
		if err != nil {
			return nil, err
		}
		sb.WriteString(s.toString(v))
		if sb.Len() > s.limits.StringBytes {
			return nil, s.limitString(sb.Len())
		}
	}
	return sb.String(), s.limitString(sb.Len())
}

func (s *Session) binaryExpr(e *syntax.Binary) (Value, error) {
	l, err := s.eval(e.Left)
	if err != nil {
		return nil, err
	}
	switch e.Op {
	case "and":
		if !truth(l) {
			return false, nil
		}
		r, err := s.eval(e.Right)
		return truth(r), err
	case "or":
		if truth(l) {
			return true, nil
		}
		r, err := s.eval(e.Right)
		return truth(r), err
	}
	r, err := s.eval(e.Right)
	if err != nil {
		return nil, err
	}
	return s.binary(e.Op, e.CaseSensitive, l, r)
}

func (s *Session) unary(e *syntax.Unary) (Value, error) {
	switch e.Op {
	case "++", "--":
		return s.increment(e)
	}
	v, err := s.eval(e.Operand)
	if err != nil {
		return nil, err
	}
	return s.unaryValue(e.Op, v)
}

func (s *Session) unaryValue(op string, v Value) (Value, error) {
	switch op {
	case "not":
		return !truth(v), nil
	case "bnot":
		n, k, err := s.integral(v)
		if err != nil {
			return nil, err
		}
		if k == rankInt32 {
			return int32(^n), nil
		}
		return ^n, nil
	case "+":
		return s.arithmetic("+", int32(0), v)
	case "-":
		if f, ok := v.(float64); ok {
			return -f, nil
		}
		return s.arithmetic("-", int32(0), v)
	case "join":
		return s.join(v, "")
	case "split", "csplit":
		text := v
		if t, ok := v.(string); ok {
			text = strings.TrimSpace(t)
		}
		return s.splitBy(text, `\s+`, 0, op == "csplit")
	}
	return nil, runtimeError("UnexpectedOperator", "The unary operator %s is not supported.", op)
}

// increment runs ++ and --; as a statement it gives nothing.
func (s *Session) increment(e *syntax.Unary) (Value, error) {
	old, err := s.eval(e.Operand)
	if err != nil {
		return nil, err
	}
	if old == nil {
		old = int32(0)
	}
	if rankOf(old) == rankNone {
		return nil, s.at(runtimeError("OperatorRequiresNumber", "The operator '%s' works only on numbers. The operand is a '%s'.", e.Op, typeOf(old).Name), e)
	}
	v, err := s.arithmetic(e.Op[:1], old, int32(1))
	if err != nil {
		return nil, s.at(err, e)
	}
	if err := s.assignTo(e.Operand, v); err != nil {
		return nil, s.at(err, e)
	}
	if e.Postfix {
		return old, nil
	}
	return v, nil
}

func (s *Session) arrayLiteral(e *syntax.Array) (Value, error) {
	if err := s.limitItems(len(e.Items)); err != nil {
		return nil, err
	}
	items := make([]Value, len(e.Items))
	for i, it := range e.Items {
		v, err := s.eval(it)
		if err != nil {
			return nil, err
		}
		items[i] = v
	}
	return &Array{Items: items}, nil
}

// arrayExpr is @( ): an array of what the statements put out; an array alone
// stays the array it is.
func (s *Session) arrayExpr(e *syntax.ArrayExpr) (Value, error) {
	if len(e.Block.Stmts) == 1 {
		if p, ok := e.Block.Stmts[0].(*syntax.Pipeline); ok {
			if lit, ok := loneExpression(p).(*syntax.Array); ok {
				return s.arrayLiteral(lit)
			}
		}
	}
	c := collector{s: s}
	err := s.block(e.Block, c.add)
	return NewArray(c.items...), err
}

func (s *Session) hashLiteral(e *syntax.Hash, h *Hashtable) (Value, error) {
	for _, p := range e.Pairs {
		k, err := s.eval(p.Key)
		if err != nil {
			return nil, err
		}
		if k == nil {
			return nil, s.at(runtimeError("InvalidNullKey", "A null key is not allowed in a hash literal."), p.Key)
		}
		v, err := s.valueOf(p.Value)
		if err != nil {
			return nil, err
		}
		if _, there := h.Get(k); there {
			return nil, s.at(runtimeError("DuplicateKeyInHashLiteral", "Duplicate keys '%s' are not allowed in hash literals.", s.toString(k)), p.Key)
		}
		h.Set(k, settle(v))
	}
	return h, s.limitItems(h.Len() * 2)
}

// castExpr is [type]operand; ordered and pscustomobject keep the order of a literal.
func (s *Session) castExpr(e *syntax.Convert) (Value, error) {
	if strings.EqualFold(e.Type.Name, "ref") {
		return s.referenceTo(e)
	}
	t, err := s.resolveType(e.Type)
	if err != nil {
		return nil, s.at(err, e.Type)
	}
	if lit, ok := e.Operand.(*syntax.Hash); ok && (t.kind == kindOrdered || t.kind == kindCustom) {
		v, err := s.hashLiteral(lit, NewOrdered())
		if err != nil || t.kind == kindOrdered {
			return v, err
		}
		return s.toCustom(v)
	}
	v, err := s.eval(e.Operand)
	if err != nil {
		return nil, err
	}
	v, err = s.convert(v, t)
	return v, s.castFailure(err)
}

// referenceTo is [ref]$x: an object through which the variable can be set.
func (s *Session) referenceTo(e *syntax.Convert) (Value, error) {
	x, ok := e.Operand.(*syntax.Variable)
	if !ok {
		v, err := s.eval(e.Operand)
		return NewInstance(classRef, &reference{&variable{value: v}}), err
	}
	if x.Path.Key == "null" {
		return NewInstance(classRef, &reference{&variable{}}), nil
	}
	v := s.scope.get(x.Path.Key)
	if v == nil {
		return nil, s.at(runtimeError("NonExistingVariableReference", "[ref] cannot be applied to a variable that does not exist."), e)
	}
	return NewInstance(classRef, &reference{v}), nil
}

// castFailure reports a cast that failed.
func (s *Session) castFailure(err error) error {
	c, ok := err.(*castError)
	if !ok {
		return err
	}
	t := newError("System.Management.Automation.RuntimeException", c.id, InvalidArgument, c.message)
	t.Record.Exception.Inner = &Exception{Type: "System.Management.Automation.PSInvalidCastException", Message: c.message, HResult: -2147467262}
	return t
}

func (s *Session) indexExpr(e *syntax.Index) (Value, error) {
	target, err := s.eval(e.Target)
	if err != nil {
		return nil, err
	}
	i, err := s.eval(e.Index)
	if err != nil {
		return nil, err
	}
	return s.element(target, i)
}

// element is target[index].
func (s *Session) element(target, index Value) (Value, error) {
	if target == nil {
		return nil, runtimeError("NullArray", "Cannot index into a null array.")
	}
	if h, ok := target.(*Hashtable); ok {
		return s.dictionaryElement(h, index)
	}
	if many, ok := index.(*Array); ok {
		out := make([]Value, 0, len(many.Items))
		for _, i := range many.Items {
			v, err := s.element(target, i)
			if err != nil {
				return nil, err
			}
			if n, in := s.position(target, i); in && n >= 0 {
				out = append(out, v)
			}
		}
		return NewArray(out...), nil
	}
	if l, ok := target.(*memberList); ok {
		if name, ok := index.(string); ok {
			return l.named(name), nil
		}
	}
	if o, ok := target.(*Object); ok {
		if m := o.Class.Method("get_Item"); m != nil {
			return m.Call(s, o.Data, []Value{index})
		}
	}
	n, in := s.position(target, index)
	if n == badIndex {
		_, err := s.convert(index, typeInt32)
		return nil, s.castRuntime(err)
	}
	if !in {
		if s.strict >= 3 {
			return nil, newError("System.IndexOutOfRangeException", "System.IndexOutOfRangeException", OperationStopped, "Index was outside the bounds of the array.")
		}
		return nil, nil
	}
	switch t := target.(type) {
	case string:
		return charAt(t, n), nil
	case indexed:
		return t.At(n), nil
	}
	if n == 0 { // a scalar is indexed like an array of one
		return target, nil
	}
	return nil, nil
}

const badIndex = math.MinInt

// position turns an index into a place from 0, and tells whether it is inside.
func (s *Session) position(target, index Value) (int, bool) {
	c, err := s.convert(index, typeInt32)
	if err != nil {
		return badIndex, false
	}
	n, size := int(c.(int32)), 1
	switch t := target.(type) {
	case string:
		size = utf16Len(t)
	case indexed:
		size = t.Len()
	default:
		if n == -1 {
			n = 0
		}
		return n, n == 0
	}
	if n < 0 {
		n += size
	}
	return n, n >= 0 && n < size
}

func (s *Session) dictionaryElement(h *Hashtable, index Value) (Value, error) {
	if many, ok := index.(*Array); ok {
		out := make([]Value, len(many.Items))
		for i, k := range many.Items {
			out[i], _ = h.Get(k)
		}
		return NewArray(out...), nil
	}
	if v, ok := h.Get(index); ok {
		return v, nil
	}
	if n, ok := index.(int32); ok && h.Kind == typeOrdered {
		i := int(n)
		if i < 0 {
			i += h.Len()
		}
		if i >= 0 && i < h.Len() {
			_, v := h.Entry(i)
			return v, nil
		}
	}
	if h.Kind.kind == kindDictionary && index != nil {
		return nil, nil
	}
	return nil, nil
}
