package syntax

// kind is what a token is.
type kind uint8

const (
	tEOF kind = iota
	tNewLine
	tSemi
	tPipe
	tAndAnd
	tOrOr
	tAmp
	tLParen
	tRParen
	tLCurly
	tRCurly
	tLBracket
	tRBracket
	tDollarParen
	tAtParen
	tAtCurly
	tComma
	tDot
	tColonColon
	tColon
	tLabel
	tVariable
	tSplat
	tNumber
	tString     // verbatim string or here-string
	tExpandable // double-quoted string or here-string
	tGeneric    // bare word of command mode
	tIdentifier // plain name
	tParameter  // -name in command mode, or an unknown -name in expression mode
	tOp         // binary or unary operator
	tAssign     // = += -= *= /= %=
	tPlusPlus
	tMinusMinus
	tRedirect
	tRedirectIn
)

// token is one token; which fields mean something depends on its kind.
type token struct {
	Span
	kind  kind
	text  string // cooked text: string value, name, operator
	parts []StringPart
	value any  // number
	colon bool // parameter written as -name:
	path  VariablePath
	redir Redirection
	op    operator
}

// operator is an operator as the evaluator knows it.
type operator struct {
	name          string // lower case, without dash and without the i or c of a variant
	caseSensitive bool
	precedence    int  // 0 when it is no binary operator
	unary         bool // may stand before an operand
}

// Precedences of binary operators, loosest first.
const (
	precLogical = iota + 1
	precBitwise
	precComparison
	precAdd
	precMultiply
	precFormat
	precRange
)

// wordOperators are the operators that begin with a dash.
var wordOperators = func() map[string]operator {
	t := map[string]operator{
		"and": {precedence: precLogical}, "or": {precedence: precLogical}, "xor": {precedence: precLogical},
		"band": {precedence: precBitwise}, "bor": {precedence: precBitwise}, "bxor": {precedence: precBitwise},
		"not": {unary: true}, "bnot": {unary: true},
		"is": {precedence: precComparison}, "isnot": {precedence: precComparison}, "as": {precedence: precComparison},
		"shl": {precedence: precComparison}, "shr": {precedence: precComparison},
		"join": {precedence: precComparison, unary: true},
		"f":    {precedence: precFormat},
	}
	for _, n := range []string{
		"eq", "ne", "gt", "ge", "lt", "le", "like", "notlike", "match", "notmatch", "replace",
		"contains", "notcontains", "in", "notin", "split",
	} {
		unary := n == "split"
		t[n] = operator{name: n, precedence: precComparison, unary: unary}
		t["i"+n] = operator{name: n, precedence: precComparison, unary: unary}
		t["c"+n] = operator{name: n, precedence: precComparison, unary: unary, caseSensitive: true}
	}
	for n, op := range t {
		if op.name == "" {
			op.name = n
			t[n] = op
		}
	}
	return t
}()

var symbolOperators = map[string]operator{
	"+":  {name: "+", precedence: precAdd, unary: true},
	"-":  {name: "-", precedence: precAdd, unary: true},
	"*":  {name: "*", precedence: precMultiply},
	"/":  {name: "/", precedence: precMultiply},
	"%":  {name: "%", precedence: precMultiply},
	"..": {name: "..", precedence: precRange},
	"!":  {name: "not", unary: true},
}
