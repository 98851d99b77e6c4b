package powershell

import (
	"math"
	"strings"
)

func defineMath() {
	one := func(name string, f func(float64) float64) staticMethod {
		return fn(name, 1, 1, func(s *Session, a []Value) (Value, error) {
			n, err := s.convert(a[0], typeFloat64)
			if err != nil {
				return nil, err
			}
			return f(n.(float64)), nil
		})
	}
	pick := func(name string, want int) staticMethod {
		return fn(name, 2, 2, func(s *Session, a []Value) (Value, error) {
			l, kl, err := s.operand(a[0], "+", nil)
			if err != nil {
				return nil, err
			}
			r, kr, err := s.operand(a[1], "+", nil)
			if err != nil {
				return nil, err
			}
			best := l
			if n, _ := s.compareNumbers(r, l); n == want {
				best = r
			}
			return calculate("+", best, int32(0), max(kl, kr))
		})
	}
	t := static("System.Math", methodTable(
		one("Floor", math.Floor), one("Ceiling", math.Ceil), one("Sqrt", math.Sqrt), one("Truncate", math.Trunc), one("Exp", math.Exp),
		one("Sin", math.Sin), one("Cos", math.Cos), one("Log10", math.Log10),
		pick("Max", 1), pick("Min", -1),
		fn("Abs", 1, 1, func(s *Session, a []Value) (Value, error) {
			if n, _ := s.order(a[0], int32(0), false); n < 0 {
				return s.arithmetic("-", int32(0), a[0])
			}
			return s.arithmetic("+", int32(0), a[0])
		}),
		fn("Pow", 2, 2, mathPow), fn("Log", 1, 2, mathLog),
		fn("Sign", 1, 1, func(s *Session, a []Value) (Value, error) {
			n, err := s.order(a[0], int32(0), false)
			return int32(n), err
		}),
		fn("Round", 1, 3, mathRound),
	), "math")
	t.statics.properties["pi"] = func(*Session) Value { return math.Pi }
	t.statics.properties["e"] = func(*Session) Value { return math.E }
}

// mathRound rounds half to even, or away from zero when asked.
func mathRound(s *Session, a []Value) (Value, error) {
	digits, away := int32(0), false
	for _, x := range a[1:] {
		if n, ok := x.(int32); ok {
			digits = n
		} else {
			away = strings.EqualFold(s.toString(x), "AwayFromZero")
		}
	}
	if digits < 0 || digits > 28 {
		return nil, throwNet("System.ArgumentOutOfRangeException", "Rounding digits must be between 0 and 15, inclusive.\r\nParameter name: digits")
	}
	_, isDecimal := a[0].(Decimal)
	if f, ok := numberAsFloat(a[0]); ok && (math.IsNaN(f) || math.IsInf(f, 0) || math.Abs(f) > 1e15) {
		return f, nil
	}
	n, err := s.convert(a[0], typeDecimal)
	if err != nil {
		return nil, err
	}
	d := n.(Decimal)
	if away {
		d = d.Round(digits)
	} else {
		d = d.RoundBank(digits)
	}
	if isDecimal {
		return d, nil
	}
	return d.InexactFloat64(), nil
}

func mathPow(s *Session, a []Value) (Value, error) {
	x, err := s.convert(a[0], typeFloat64)
	if err != nil {
		return nil, err
	}
	y, err := s.convert(a[1], typeFloat64)
	if err != nil {
		return nil, err
	}
	return math.Pow(x.(float64), y.(float64)), nil
}

// mathLog is the natural logarithm, or one to a base.
func mathLog(s *Session, a []Value) (Value, error) {
	x, err := s.convert(a[0], typeFloat64)
	if err != nil {
		return nil, err
	}
	if len(a) == 1 {
		return math.Log(x.(float64)), nil
	}
	b, err := s.convert(a[1], typeFloat64)
	if err != nil {
		return nil, err
	}
	return math.Log(x.(float64)) / math.Log(b.(float64)), nil
}
