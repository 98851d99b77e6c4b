package powershell

import (
	"fmt"
	"strings"
)

// castRuntime makes an uncaught conversion failure a terminating error.
func (s *Session) castRuntime(err error) error {
	if c, ok := err.(*castError); ok {
		return newError("System.Management.Automation.RuntimeException", c.id, InvalidArgument, c.message)
	}
	return err
}

// nonNumeric handles arithmetic whose left side is no number: strings, arrays,
// dictionaries, dates. It tells done when it did.
func (s *Session) nonNumeric(op string, l, r Value) (v Value, done bool, err error) {
	switch a := l.(type) {
	case string:
		switch op {
		case "+":
			v, err = s.concat(a, s.toString(r))
			return v, true, err
		case "*":
			v, err = s.repeat(a, r)
			return v, true, err
		}
	case *Array, *Bytes, *List:
		switch op {
		case "+":
			v, err = s.append(l.(indexed), r)
			return v, true, err
		case "*":
			v, err = s.repeatArray(l.(indexed), r)
			return v, true, err
		}
	case *Hashtable:
		if b, ok := r.(*Hashtable); ok && op == "+" {
			v, err = mergeTables(a, b)
			return v, true, err
		}
	case DateTime, TimeSpan:
		v, err = s.dateArithmetic(op, l, r)
		return v, true, err
	case Char:
		if text, ok := r.(string); ok && op == "+" {
			return a.String() + text, true, nil
		}
	}
	return nil, false, nil
}

func (s *Session) concat(a, b string) (Value, error) {
	if err := s.limitString(len(a) + len(b)); err != nil {
		return nil, err
	}
	return a + b, nil
}

func (s *Session) repeat(a string, times Value) (Value, error) {
	n, err := s.convert(times, typeInt32)
	if err != nil {
		return nil, s.castRuntime(err)
	}
	k := int(n.(int32))
	if k < 0 {
		return nil, runtimeException("System.ArgumentOutOfRangeException", "Specified argument was out of the range of valid values.\r\nParameter name: times")
	}
	if err := s.limitString(len(a) * k); err != nil {
		return nil, err
	}
	return strings.Repeat(a, k), nil
}

func (s *Session) append(a indexed, r Value) (Value, error) {
	out := make([]Value, 0, a.Len()+1)
	for i := range a.Len() {
		out = append(out, a.At(i))
	}
	if b, ok := r.(indexed); ok {
		for i := range b.Len() {
			out = append(out, b.At(i))
		}
	} else {
		out = append(out, r)
	}
	if len(out) > s.limits.Items {
		return nil, s.limitItems(len(out))
	}
	// what grows an array usually replaces it, so most of the old one is let go
	return NewArray(out...), s.charge(int64(len(out)) * valueBytes / 4)
}

func (s *Session) repeatArray(a indexed, times Value) (Value, error) {
	n, err := s.convert(times, typeInt32)
	if err != nil {
		return nil, s.castRuntime(err)
	}
	k := int(n.(int32))
	if k < 0 {
		return nil, runtimeException("System.ArgumentOutOfRangeException", "Specified argument was out of the range of valid values.\r\nParameter name: times")
	}
	if err := s.limitItems(a.Len() * k); err != nil {
		return nil, err
	}
	out := make([]Value, 0, a.Len()*k)
	for range k {
		for i := range a.Len() {
			out = append(out, a.At(i))
		}
	}
	return NewArray(out...), nil
}

func mergeTables(a, b *Hashtable) (Value, error) {
	c := a.clone()
	for i := range b.Len() {
		k, v := b.Entry(i)
		if _, there := c.Get(k); there {
			return nil, runtimeException("System.ArgumentException", fmt.Sprintf("Item has already been added. Key in dictionary: '%s'  Key being added: '%s'", plainString(k), plainString(k)))
		}
		c.Set(k, v)
	}
	return c, nil
}

func (s *Session) dateArithmetic(op string, l, r Value) (Value, error) {
	switch a := l.(type) {
	case DateTime:
		switch b := r.(type) {
		case DateTime:
			if op == "-" {
				return TimeSpan(a.Ticks - b.Ticks), nil
			}
		default:
			t, err := s.convert(b, typeTimeSpan)
			if err != nil {
				return nil, s.castRuntime(err)
			}
			switch op {
			case "+":
				return netToRuntime(a.add(t.(TimeSpan)))
			case "-":
				return netToRuntime(a.add(-t.(TimeSpan)))
			}
		}
	case TimeSpan:
		if b, ok := r.(DateTime); ok && op == "+" {
			return netToRuntime(b.add(a))
		}
		if t, err := s.convert(r, typeTimeSpan); err == nil {
			switch op {
			case "+":
				return a + t.(TimeSpan), nil
			case "-":
				return a - t.(TimeSpan), nil
			}
		}
	}
	return nil, missingOperator(l, op)
}

func netToRuntime(d DateTime, err error) (Value, error) {
	if err != nil {
		return nil, runtimeException("System.ArgumentOutOfRangeException", err.Error())
	}
	return d, nil
}

// binary applies a binary operator to values that are computed already.
func (s *Session) binary(op string, cased bool, l, r Value) (Value, error) {
	switch op {
	case "+", "-", "*", "/", "%":
		return s.arithmetic(op, l, r)
	case "..":
		return s.rangeOf(l, r)
	case "eq", "ne", "gt", "ge", "lt", "le":
		return s.comparison(op, cased, l, r)
	case "like", "notlike", "match", "notmatch":
		return s.matching(op, cased, l, r)
	case "replace":
		return s.replace(l, r, cased)
	case "split":
		return s.split(l, r, cased)
	case "join":
		return s.join(l, s.toString(r))
	case "contains", "notcontains":
		return s.contains(l, r, cased) == (op == "contains"), nil
	case "in", "notin":
		return s.contains(r, l, cased) == (op == "in"), nil
	case "f":
		return s.format(s.toString(l), formatArguments(r))
	case "band", "bor", "bxor", "shl", "shr":
		return s.bitwise(op, l, r)
	case "xor":
		return truth(l) != truth(r), nil
	case "is", "isnot":
		t, err := s.typeOperand(r, op)
		if err != nil {
			return nil, err
		}
		return isInstance(l, t) == (op == "is"), nil
	case "as":
		t, err := s.typeOperand(r, op)
		if err != nil {
			return nil, err
		}
		if v, err := s.convert(l, t); err == nil {
			return v, nil
		}
		return nil, nil
	}
	return nil, runtimeError("UnexpectedOperator", "The operator -%s is not supported.", op)
}

func (s *Session) typeOperand(v Value, op string) (*Type, error) {
	if t, ok := v.(*Type); ok {
		return t, nil
	}
	if name, ok := v.(string); ok {
		if t := s.namedType(name); t != nil {
			return t, nil
		}
	}
	if op == "as" {
		return nil, runtimeError("AsOperatorRequiresType", "The right operand of '-as' must be a type.")
	}
	return nil, runtimeError("IsOperatorRequiresType", "The right operand of '-is' must be a type.")
}

func (s *Session) rangeOf(l, r Value) (Value, error) {
	a, err := s.convert(l, typeInt32)
	if err != nil {
		return nil, s.castRuntime(err)
	}
	b, err := s.convert(r, typeInt32)
	if err != nil {
		return nil, s.castRuntime(err)
	}
	from, to := int64(a.(int32)), int64(b.(int32))
	step := int64(1)
	if to < from {
		step = -1
	}
	n := (to-from)*step + 1
	if err := s.limitItems(int(n)); err != nil {
		return nil, err
	}
	items := make([]Value, n)
	for i := range items {
		items[i] = int32(from + int64(i)*step)
	}
	return NewArray(items...), nil
}

func (s *Session) join(l Value, sep string) (Value, error) {
	a, ok := l.(indexed)
	if !ok {
		return s.toString(l), nil
	}
	var sb strings.Builder
	for i := range a.Len() {
		if i > 0 {
			sb.WriteString(sep)
		}
		sb.WriteString(s.toString(a.At(i)))
		if err := s.limitString(sb.Len()); err != nil {
			return nil, err
		}
	}
	return sb.String(), nil
}

// toString converts with $OFS between the elements of an array.
func (s *Session) toString(v Value) string {
	switch v := v.(type) {
	case string:
		return v
	case indexed:
		return joined(v, s.ofs(), 0)
	}
	return plainString(v)
}
