package syntax

import (
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"
)

// multipliers of numeric literals.
var multipliers = map[string]int64{"kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30, "tb": 1 << 40, "pb": 1 << 50}

// literal is a numeric literal taken apart.
type literal struct {
	sign, digits string
	hex, real    bool
	suffix       byte // 'l', 'd' or 0
	multiplier   int64
}

// scanNumber reads a number from start, or a bare word when it is none.
func (p *parser) scanNumber(start int) token {
	l, ok := p.numberParts()
	c := p.peekChar()
	if ok && !forceNewToken(c) && (p.mode != modeExpression || !forceNewTokenAfterNumber(c)) {
		ok = false
	}
	if !ok {
		return p.scanGeneric(start)
	}
	v, ok := l.value()
	if !ok {
		if p.mode != modeExpression {
			return p.scanGeneric(start)
		}
		p.fail(Span{start, p.pos}, "BadNumericConstant", "The numeric constant %s is not valid.", p.text[start:p.pos])
	}
	t := p.token(start, tNumber)
	t.value = v
	return t
}

func (p *parser) digits(ok func(rune) bool) string {
	start := p.pos
	for ok(p.peekChar()) {
		p.pos++
	}
	return p.text[start:p.pos]
}

func decimalDigit(c rune) bool { return c >= '0' && c <= '9' }

func hexDigit(c rune) bool {
	return decimalDigit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// numberParts reads sign, digits, fraction, exponent, suffix and multiplier.
func (p *parser) numberParts() (l literal, ok bool) {
	if c := p.peekChar(); c == '+' || IsDash(c) {
		p.char()
		if c != '+' {
			l.sign = "-"
		}
	}
	rest := p.text[p.pos:]
	if len(rest) > 1 && rest[0] == '0' && (rest[1] == 'x' || rest[1] == 'X') {
		p.pos += 2
		l.hex = true
		if l.digits = p.digits(hexDigit); l.digits == "" {
			return l, false
		}
	} else if l.digits, ok = p.decimalParts(&l); !ok {
		return l, false
	}
	if c := p.peekChar(); c == 'l' || c == 'L' || c == 'd' || c == 'D' {
		p.pos++
		l.suffix = byte(c | 0x20)
	}
	l.multiplier = 1
	if rest := p.text[p.pos:]; len(rest) >= 2 {
		if m, found := multipliers[strings.ToLower(rest[:2])]; found {
			p.pos += 2
			l.multiplier = m
		}
	}
	return l, true
}

func (p *parser) decimalParts(l *literal) (string, bool) {
	start := p.pos
	p.digits(decimalDigit)
	if p.peekChar() == '.' && !strings.HasPrefix(p.text[p.pos:], "..") {
		p.pos++
		l.real = true
		p.digits(decimalDigit)
	}
	if c := p.peekChar(); c == 'e' || c == 'E' {
		p.pos++
		l.real = true
		if c := p.peekChar(); c == '+' || IsDash(c) {
			p.char()
		}
		if p.digits(decimalDigit) == "" {
			return "", false
		}
	}
	text := strings.Map(func(c rune) rune {
		if IsDash(c) {
			return '-'
		}
		return c
	}, p.text[start:p.pos])
	return text, text != "." && text != ""
}

// value gives the literal the type 5.1 gives it: Int32, Int64, Decimal or
// Double, whichever holds it first.
func (l literal) value() (any, bool) {
	switch {
	case l.hex:
		return l.hexValue()
	case l.suffix == 'd':
		return l.decimalValue()
	case l.real:
		f, err := strconv.ParseFloat(l.sign+l.digits, 64)
		if err != nil && !math.IsInf(f, 0) {
			return nil, false
		}
		f *= float64(l.multiplier)
		if l.suffix == 'l' {
			if f != math.Trunc(f) {
				f = math.RoundToEven(f)
			}
			if f < math.MinInt64 || f >= math.MaxInt64 {
				return nil, false
			}
			return int64(f), true
		}
		return f, true
	}
	n, ok := new(big.Int).SetString(l.sign+l.digits, 10)
	if !ok {
		return nil, false
	}
	return fit(n.Mul(n, big.NewInt(l.multiplier)), l.suffix)
}

// maxExponent is beyond what a decimal can be written with.
const maxExponent = 60

func (l literal) decimalValue() (any, bool) {
	d, err := decimal.NewFromString(l.sign + l.digits)
	if err != nil || d.Exponent() > maxExponent || d.Exponent() < -10*maxExponent {
		return nil, false
	}
	if d = d.Mul(decimal.NewFromInt(l.multiplier)); d.Exponent() < -28 {
		d = d.RoundBank(28)
	}
	return d, d.Abs().LessThanOrEqual(decimal.NewFromBigInt(maxDecimal, 0))
}

// hexValue reads hexadecimal digits: eight of them are an Int32 with its sign
// bit, sixteen an Int64.
func (l literal) hexValue() (any, bool) {
	n, err := strconv.ParseUint(l.digits, 16, 64)
	if err != nil {
		return nil, false
	}
	v := int64(n)
	if len(l.digits) <= 8 && n <= math.MaxUint32 {
		v = int64(int32(uint32(n)))
	}
	b := big.NewInt(v)
	if l.sign == "-" {
		b.Neg(b)
	}
	return fit(b.Mul(b, big.NewInt(l.multiplier)), l.suffix)
}

var maxDecimal = func() *big.Int {
	n := new(big.Int).Lsh(big.NewInt(1), 96)
	return n.Sub(n, big.NewInt(1))
}()

func fit(n *big.Int, suffix byte) (any, bool) {
	switch {
	case suffix == 'd':
		return decimal.NewFromBigInt(n, 0), true
	case n.IsInt64():
		v := n.Int64()
		if suffix == 0 && v >= math.MinInt32 && v <= math.MaxInt32 {
			return int32(v), true
		}
		return v, true
	case suffix == 'l':
		return nil, false
	case n.CmpAbs(maxDecimal) <= 0:
		return decimal.NewFromBigInt(n, 0), true
	}
	f, _ := new(big.Float).SetInt(n).Float64()
	return f, true
}
