package syntax

// Walk visits a node and what is below it, parents first. visit tells whether
// to go on below a node.
func Walk(n Node, visit func(Node) bool) {
	if n == nil || !visit(n) {
		return
	}
	switch n := n.(type) {
	case *ScriptBlock:
		walkScriptBlock(n, visit)
	case *Block:
		for _, s := range n.Stmts {
			Walk(s, visit)
		}
	case *Attribute:
		walkExprs(n.Positional, visit)
		for _, a := range n.Named {
			walkExpr(a.Value, visit)
		}
	default:
		if !walkStatement(n, visit) {
			walkExpression(n, visit)
		}
	}
}

func walkExpr(e Expr, visit func(Node) bool) {
	if e != nil {
		Walk(e, visit)
	}
}

func walkExprs(list []Expr, visit func(Node) bool) {
	for _, e := range list {
		walkExpr(e, visit)
	}
}

func walkBlock(b *Block, visit func(Node) bool) {
	if b != nil {
		Walk(b, visit)
	}
}

func walkScriptBlock(b *ScriptBlock, visit func(Node) bool) {
	if b.Param != nil {
		for _, a := range b.Param.Attributes {
			Walk(a, visit)
		}
		for _, p := range b.Param.Params {
			if visit(p) {
				for _, a := range p.Attributes {
					Walk(a, visit)
				}
				walkExpr(p.Default, visit)
			}
		}
	}
	walkBlock(b.Begin, visit)
	walkBlock(b.Process, visit)
	walkBlock(b.End, visit)
}

// walkStatement goes below a statement, and tells false for anything else.
func walkStatement(n Node, visit func(Node) bool) bool {
	stmt := func(s Stmt) {
		if s != nil {
			Walk(s, visit)
		}
	}
	switch n := n.(type) {
	case *Pipeline:
		for _, e := range n.Elements {
			Walk(e, visit)
		}
	case *Assign:
		walkExpr(n.Target, visit)
		stmt(n.Value)
	case *If:
		for _, c := range n.Clauses {
			stmt(c.Cond)
			walkBlock(c.Body, visit)
		}
		walkBlock(n.Else, visit)
	case *While:
		stmt(n.Cond)
		walkBlock(n.Body, visit)
	case *Do:
		walkBlock(n.Body, visit)
		stmt(n.Cond)
	case *For:
		stmt(n.Init)
		stmt(n.Cond)
		stmt(n.Iter)
		walkBlock(n.Body, visit)
	case *ForEach:
		stmt(n.Over)
		walkBlock(n.Body, visit)
	case *Switch:
		stmt(n.Over)
		for _, c := range n.Clauses {
			walkExpr(c.Cond, visit)
			walkBlock(c.Body, visit)
		}
		walkBlock(n.Default, visit)
	case *Try:
		walkBlock(n.Body, visit)
		for _, c := range n.Catches {
			if visit(c) {
				walkBlock(c.Body, visit)
			}
		}
		walkBlock(n.Finally, visit)
	case *Flow:
		walkExpr(n.Label, visit)
		stmt(n.Value)
	case *Function:
		Walk(n.Body, visit)
	case *CommandExpr:
		walkExpr(n.Expr, visit)
		walkRedirections(n.Redirections, visit)
	case *Command:
		for _, e := range n.Elements {
			Walk(e, visit)
		}
		walkRedirections(n.Redirections, visit)
	default:
		return false
	}
	return true
}

func walkRedirections(list []Redirection, visit func(Node) bool) {
	for i := range list {
		if visit(&list[i]) {
			walkExpr(list[i].Target, visit)
		}
	}
}

func walkExpression(n Node, visit func(Node) bool) {
	switch n := n.(type) {
	case *CommandParameter:
		walkExpr(n.Arg, visit)
	case *Expandable:
		for _, p := range n.Parts {
			walkExpr(p.Expr, visit)
		}
	case *Binary:
		walkExpr(n.Left, visit)
		walkExpr(n.Right, visit)
	case *Unary:
		walkExpr(n.Operand, visit)
	case *Convert:
		walkExpr(n.Operand, visit)
	case *Attributed:
		Walk(n.Attribute, visit)
		walkExpr(n.Operand, visit)
	case *Member:
		walkExpr(n.Target, visit)
		walkExpr(n.Name, visit)
	case *Invoke:
		walkExpr(n.Target, visit)
		walkExpr(n.Name, visit)
		walkExprs(n.Args, visit)
	case *Index:
		walkExpr(n.Target, visit)
		walkExpr(n.Index, visit)
	case *Array:
		walkExprs(n.Items, visit)
	case *ArrayExpr:
		walkBlock(n.Block, visit)
	case *SubExpr:
		walkBlock(n.Block, visit)
	case *Paren:
		Walk(n.Body, visit)
	case *Hash:
		for _, p := range n.Pairs {
			walkExpr(p.Key, visit)
			Walk(p.Value, visit)
		}
	case *BlockExpr:
		Walk(n.Block, visit)
	}
}
