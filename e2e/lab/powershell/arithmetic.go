package powershell

import (
	"math"
	"math/big"
	"strings"

	"github.com/shopspring/decimal"
)

// rank orders numbers by how far they widen.
type rank uint8

const (
	rankNone rank = iota
	rankInt32
	rankInt64
	rankUint64
	rankDecimal
	rankFloat
)

func rankOf(v Value) rank {
	switch v.(type) {
	case int32, int16, int8, uint16, uint8, bool, Char, Enum, nil, Switch:
		return rankInt32
	case int64, uint32:
		return rankInt64
	case uint64:
		return rankUint64
	case Decimal:
		return rankDecimal
	case float64, float32:
		return rankFloat
	}
	return rankNone
}

var decimalLimit = decimal.NewFromBigInt(new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 96), big.NewInt(1)), 0)

// fitDecimal rounds to what .NET's decimal holds.
func fitDecimal(d Decimal) (Value, error) {
	if d.Abs().GreaterThan(decimalLimit) {
		return nil, runtimeException("System.OverflowException", "Value was either too large or too small for a Decimal.")
	}
	if d.Exponent() < -28 {
		d = d.RoundBank(28)
	}
	if digits := int32(d.NumDigits()); digits > 29 && d.Exponent() < 0 {
		d = d.RoundBank(max(0, -d.Exponent()-(digits-29)))
	}
	return d, nil
}

// runtimeException is a RuntimeException around an arithmetic failure.
func runtimeException(typ, message string) error {
	t := newError("System.Management.Automation.RuntimeException", "RuntimeException", NotSpecified, message)
	t.Record.Exception.Inner = &Exception{Type: typ, Message: message, HResult: defaultHResult(typ)}
	return t
}

func missingOperator(l Value, op string) error {
	name := map[string]string{"+": "op_Addition", "-": "op_Subtraction", "*": "op_Multiply", "/": "op_Division", "%": "op_Modulus"}[op]
	typ := typeOf(l).Name
	if o, ok := l.(*Object); ok && o.Class == classCustom {
		typ = "System.Management.Automation.PSObject" // which wraps nothing
	}
	return runtimeError("MethodNotFound", "Method invocation failed because [%s] does not contain a method named '%s'.", typ, name).target(name)
}

// arithmetic computes + - * / %.
func (s *Session) arithmetic(op string, l, r Value) (Value, error) {
	if v, done, err := s.nonNumeric(op, l, r); done {
		return v, err
	}
	ln, lr, err := s.operand(l, op, l)
	if err != nil {
		return nil, err
	}
	rn, rr, err := s.operand(r, op, l)
	if err != nil {
		return nil, err
	}
	if l == nil && op == "+" && rankOf(r) == rankNone {
		return r, nil
	}
	return calculate(op, ln, rn, max(lr, rr))
}

// operand makes a number of one side; a string is read as a number.
func (s *Session) operand(v Value, op string, left Value) (Value, rank, error) {
	if text, ok := v.(string); ok {
		n, err := stringToNumber(text)
		if err != nil {
			return nil, 0, s.castRuntime(err)
		}
		v = n
	}
	if a, ok := v.(*Array); ok && len(a.Items) == 1 && v != left {
		return s.operand(a.Items[0], op, left)
	}
	if k := rankOf(v); k != rankNone {
		return v, k, nil
	}
	if v == left {
		return nil, 0, missingOperator(left, op)
	}
	return nil, 0, s.castRuntime(castFailed(v, typeInt32))
}

// stringToNumber reads text as the narrowest number it is.
func stringToNumber(text string) (Value, error) {
	t := strings.TrimSpace(text)
	if t == "" {
		return int32(0), nil
	}
	if d, ok := parseHex(t); ok {
		if n, err := narrow(d, typeInt32); err == nil {
			return n, nil
		}
		return narrow(d, typeInt64)
	}
	for _, typ := range []*Type{typeInt32, typeInt64} {
		if strings.ContainsAny(t, ".eE") {
			break
		}
		if n, err := parseNumber(t, typ); err == nil {
			return n, nil
		}
	}
	if f, err := parseNumber(t, typeFloat64); err == nil {
		return f, nil
	}
	_, err := parseNumber(t, typeInt32)
	return nil, err
}

func calculate(op string, l, r Value, k rank) (Value, error) {
	switch k {
	case rankFloat:
		a, b := mustFloat(l), mustFloat(r)
		return floatOp(op, a, b), nil
	case rankDecimal:
		return decimalOp(op, mustDecimal(l), mustDecimal(r))
	}
	if a, ok := l.(int32); ok {
		if b, ok := r.(int32); ok {
			if v, ok := int32Op(op, int64(a), int64(b)); ok {
				return v, nil
			}
		}
	}
	return integerOp(op, mustDecimal(l), mustDecimal(r), k)
}

// int32Op is the short way for the most common numbers.
func int32Op(op string, a, b int64) (Value, bool) {
	var n int64
	switch op {
	case "+":
		n = a + b
	case "-":
		n = a - b
	case "*":
		n = a * b
	case "%":
		if b == 0 {
			return nil, false
		}
		n = a % b
	case "/":
		if b == 0 || a%b != 0 {
			return nil, false
		}
		n = a / b
	}
	if n < math.MinInt32 || n > math.MaxInt32 {
		return float64(n), true
	}
	return int32(n), true
}

func mustFloat(v Value) float64 {
	if f, ok := numberAsFloat(v); ok {
		return f
	}
	d, _ := integer(v)
	return d.InexactFloat64()
}

func mustDecimal(v Value) Decimal {
	if d, ok := v.(Decimal); ok {
		return d
	}
	d, _ := integer(v)
	return d
}

func floatOp(op string, a, b float64) Value {
	switch op {
	case "+":
		return a + b
	case "-":
		return a - b
	case "*":
		return a * b
	case "/":
		return a / b
	}
	return math.Mod(a, b)
}

func divideByZero() error {
	return runtimeException("System.DivideByZeroException", "Attempted to divide by zero.")
}

func decimalOp(op string, a, b Decimal) (Value, error) {
	switch op {
	case "+":
		return fitDecimal(a.Add(b))
	case "-":
		return fitDecimal(a.Sub(b))
	case "*":
		return fitDecimal(a.Mul(b))
	}
	if b.IsZero() {
		return nil, divideByZero()
	}
	if op == "%" {
		return fitDecimal(a.Mod(b))
	}
	return fitDecimal(trimZeros(a.DivRound(b, 28)))
}

func trimZeros(d Decimal) Decimal {
	if d.Exponent() >= 0 {
		return d
	}
	t, err := decimal.NewFromString(d.String())
	if err != nil {
		return d
	}
	return t
}

// integerOp computes on integers; what does not fit becomes a double.
func integerOp(op string, a, b Decimal, k rank) (Value, error) {
	var d Decimal
	switch op {
	case "+":
		d = a.Add(b)
	case "-":
		d = a.Sub(b)
	case "*":
		d = a.Mul(b)
	default:
		if b.IsZero() {
			return nil, divideByZero()
		}
		if d = a.Mod(b); op == "/" {
			if !d.IsZero() {
				return a.InexactFloat64() / b.InexactFloat64(), nil
			}
			d = a.Div(b)
		}
	}
	t := typeInt32
	switch k {
	case rankInt64:
		t = typeInt64
	case rankUint64:
		t = typeUint64
	}
	if v, err := narrow(d, t); err == nil {
		return v, nil
	}
	return d.InexactFloat64(), nil
}

// bitwise computes -band -bor -bxor -shl -shr.
func (s *Session) bitwise(op string, l, r Value) (Value, error) {
	if e, ok := l.(Enum); ok {
		if o, err := s.convert(r, typeOf(e)); err == nil {
			return Enum{e.Type, bitOp(op, e.Value, o.(Enum).Value)}, nil
		}
	}
	a, ka, err := s.integral(l)
	if err != nil {
		return nil, err
	}
	b, kb, err := s.integral(r)
	if err != nil {
		return nil, err
	}
	if op == "shl" || op == "shr" {
		return shift(op, a, b, ka), nil
	}
	n := bitOp(op, a, b)
	switch max(ka, kb) {
	case rankInt32:
		return int32(n), nil
	case rankUint64:
		return uint64(n), nil
	}
	return n, nil
}

func bitOp(op string, a, b int64) int64 {
	switch op {
	case "band":
		return a & b
	case "bor":
		return a | b
	}
	return a ^ b
}

func shift(op string, a, b int64, k rank) Value {
	if k == rankInt32 {
		if op == "shl" {
			return int32(a) << (b & 31)
		}
		return int32(a) >> (b & 31)
	}
	if op == "shl" {
		return a << (b & 63)
	}
	return a >> (b & 63)
}

func (s *Session) integral(v Value) (int64, rank, error) {
	n, k, err := s.operand(v, "band", nil)
	if err != nil {
		return 0, 0, err
	}
	if k == rankFloat || k == rankDecimal {
		c, err := toNumber(n, typeInt64)
		if err != nil {
			return 0, 0, s.castRuntime(err)
		}
		if i := c.(int64); i >= math.MinInt32 && i <= math.MaxInt32 {
			return i, rankInt32, nil
		}
		return c.(int64), rankInt64, nil
	}
	d := mustDecimal(n)
	return d.BigInt().Int64(), k, nil
}
