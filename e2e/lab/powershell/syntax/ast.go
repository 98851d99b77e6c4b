package syntax

// Node is any part of the tree.
type Node interface{ Extent() Span }

// Stmt is a statement, Expr an expression.
type (
	Stmt interface{ Node }
	Expr interface{ Node }
)

// ScriptBlock is a script, the body of a function or a { } literal.
type ScriptBlock struct {
	Span
	Source *Source
	Param  *ParamBlock // nil without param()
	// Begin, Process and End are the named blocks; statements outside of any
	// named block are the End block, or the Process block of a filter.
	Begin, Process, End *Block
	// Requires are the #requires lines of a script.
	Requires []string
}

// Block is a list of statements.
type Block struct {
	Span
	Stmts []Stmt
}

// ParamBlock is param( ) with the attributes before it.
type ParamBlock struct {
	Span
	Attributes []*Attribute
	Params     []*Parameter
}

// Parameter is one declared parameter.
type Parameter struct {
	Span
	Name       string
	Type       *TypeName // nil when untyped
	Attributes []*Attribute
	Default    Expr // nil without
}

// Attribute is [Name(positional, name = value)].
type Attribute struct {
	Span
	Type       *TypeName
	Positional []Expr
	Named      []NamedArgument
	Called     bool // written with parentheses
}

// NamedArgument is one name = value of an attribute; a missing value means true.
type NamedArgument struct {
	Name  string
	Value Expr
}

// TypeName is a type as written: name, generic arguments and the number of
// array brackets behind it.
type TypeName struct {
	Span
	Name  string
	Args  []*TypeName
	Ranks int
}

// Statements.
type (
	// Pipeline is one or more commands; a lone expression is one as well.
	Pipeline struct {
		Span
		Elements []Node // *Command or *CommandExpr
	}
	// Assign is Target op Value, op being "=", "+=" and so on.
	Assign struct {
		Span
		Op     string
		Target Expr
		Value  Stmt
	}
	// If is the whole chain of if, elseif and else.
	If struct {
		Span
		Clauses []IfClause
		Else    *Block
	}
	// IfClause is one condition with its block.
	IfClause struct {
		Cond Stmt
		Body *Block
	}
	// While is a while loop.
	While struct {
		Span
		Label string
		Cond  Stmt
		Body  *Block
	}
	// Do is do { } while or do { } until.
	Do struct {
		Span
		Label string
		Body  *Block
		Cond  Stmt
		Until bool
	}
	// For is a for loop; each of its three parts may be nil.
	For struct {
		Span
		Label            string
		Init, Cond, Iter Stmt
		Body             *Block
	}
	// ForEach is the foreach statement.
	ForEach struct {
		Span
		Label string
		Var   *Variable
		Over  Stmt
		Body  *Block
	}
	// Switch is the switch statement.
	Switch struct {
		Span
		Label         string
		Mode          string // "", regex, wildcard, exact
		CaseSensitive bool
		Over          Stmt
		Clauses       []SwitchClause
		Default       *Block
	}
	// SwitchClause is one condition of a switch with its block.
	SwitchClause struct {
		Cond Expr
		Body *Block
	}
	// Try is try with its catches and finally.
	Try struct {
		Span
		Body    *Block
		Catches []*Catch
		Finally *Block
	}
	// Catch is one catch block; without types it catches everything.
	Catch struct {
		Span
		Types []*TypeName
		Body  *Block
	}
	// Flow is break, continue, return, throw or exit.
	Flow struct {
		Span
		Keyword string
		Label   Expr // break and continue
		Value   Stmt // return, throw and exit
	}
	// Function declares a function or a filter.
	Function struct {
		Span
		Name   string
		Filter bool
		Body   *ScriptBlock
	}
)

// Elements of a pipeline.
type (
	// CommandExpr is an expression standing where a command may.
	CommandExpr struct {
		Span
		Expr         Expr
		Redirections []Redirection
	}
	// Command is a command with its arguments; the first element names it.
	Command struct {
		Span
		Invoke       byte // '&', '.' or 0
		Elements     []Node
		Redirections []Redirection
	}
	// CommandParameter is -Name or -Name:value as an element of a command.
	CommandParameter struct {
		Span
		Name string
		Arg  Expr // only with a colon
	}
	// Redirection sends a stream to a file or into another stream.
	Redirection struct {
		Span
		From   int // 0 stands for all
		To     int // the stream merged into; 0 when Target is a file
		Append bool
		Target Expr
	}
)

// Expressions.
type (
	// Constant is a numeric literal: int32, int64, float64 or a decimal.
	Constant struct {
		Span
		Value any
	}
	// String is a string without expansion; Bare tells that it had no quotes.
	String struct {
		Span
		Value string
		Bare  bool
	}
	// Expandable is a string with parts to fill in.
	Expandable struct {
		Span
		Parts []StringPart
		Bare  bool
	}
	// Variable is a variable, or with Splat a splatted one.
	Variable struct {
		Span
		Path  VariablePath
		Splat bool
	}
	// Binary is Left op Right.
	Binary struct {
		Span
		Op            string
		CaseSensitive bool
		Left, Right   Expr
		OpSpan        Span
	}
	// Unary is op Operand; ++ and -- stand before it unless Postfix.
	Unary struct {
		Span
		Op      string
		Operand Expr
		Postfix bool
	}
	// Convert is [type]Operand.
	Convert struct {
		Span
		Type    *TypeName
		Operand Expr
	}
	// Attributed is [Attribute(...)]Operand.
	Attributed struct {
		Span
		Attribute *Attribute
		Operand   Expr
	}
	// TypeExpr is a type by itself.
	TypeExpr struct {
		Span
		Type *TypeName
	}
	// Member is Target.Name or, with Static, Target::Name. Name is a *String
	// when it is written out.
	Member struct {
		Span
		Target Expr
		Name   Expr
		Static bool
	}
	// Invoke is a call of a member.
	Invoke struct {
		Span
		Target Expr
		Name   Expr
		Static bool
		Args   []Expr
	}
	// Index is Target[Index].
	Index struct {
		Span
		Target, Index Expr
	}
	// Array is a, b, c.
	Array struct {
		Span
		Items []Expr
	}
	// ArrayExpr is @( ).
	ArrayExpr struct {
		Span
		Block *Block
	}
	// SubExpr is $( ).
	SubExpr struct {
		Span
		Block *Block
	}
	// Paren is ( ) around a statement.
	Paren struct {
		Span
		Body Stmt
	}
	// HashPair is one key = value of a hash literal.
	HashPair struct {
		Key   Expr
		Value Stmt
	}
	// Hash is @{ }.
	Hash struct {
		Span
		Pairs []HashPair
	}
	// BlockExpr is { }.
	BlockExpr struct {
		Span
		Block *ScriptBlock
	}
)
