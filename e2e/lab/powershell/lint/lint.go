package lint

import (
	"errors"
	"fmt"
	"sort"
	"strings"

	"lifeboat.io/e2e/lab/powershell"
	"lifeboat.io/e2e/lab/powershell/syntax"
)

// File is one script.
type File struct{ Name, Text string }

// Finding is one thing outside the subset.
type Finding struct {
	File         string
	Line, Column int
	Message      string
}

// String gives file:line:column: message.
func (f Finding) String() string {
	return fmt.Sprintf("%s:%d:%d: %s", f.File, f.Line, f.Column, f.Message)
}

// Check looks at scripts that are run together: a function of one is known to
// all. The registry says which cmdlets, types and enumerations there are; nil
// means the generic ones.
func Check(r *powershell.Registry, files ...File) []Finding {
	c := &checker{inspect: powershell.NewInspector(r), functions: map[string]bool{}}
	var blocks []*syntax.ScriptBlock
	for _, f := range files {
		b, err := syntax.Parse(f.Name, f.Text)
		var e *syntax.Error
		if errors.As(err, &e) {
			c.add(e.Source, e.Span, e.Message)
			continue
		}
		blocks = append(blocks, b)
		syntax.Walk(b, func(n syntax.Node) bool {
			if fn, ok := n.(*syntax.Function); ok {
				c.functions[bare(fn.Name)] = true
			}
			return true
		})
	}
	for _, b := range blocks {
		c.src = b.Source
		syntax.Walk(b, c.visit)
	}
	sort.SliceStable(c.findings, func(i, j int) bool {
		a, b := c.findings[i], c.findings[j]
		if a.File != b.File {
			return a.File < b.File
		}
		return a.Line < b.Line || a.Line == b.Line && a.Column < b.Column
	})
	return c.findings
}

// bare is a function's name without scope, in lower case.
func bare(name string) string {
	return strings.ToLower(name[strings.IndexByte(name, ':')+1:])
}

type checker struct {
	inspect   *powershell.Inspector
	functions map[string]bool
	src       *syntax.Source
	findings  []Finding
}

func (c *checker) add(src *syntax.Source, sp syntax.Span, message string) {
	p := src.Position(sp.Start)
	c.findings = append(c.findings, Finding{src.Name, p.Line, p.Column, message})
}

func (c *checker) report(n syntax.Node, err error) {
	if err != nil {
		c.add(c.src, n.Extent(), err.Error())
	}
}

func (c *checker) visit(n syntax.Node) bool {
	switch n := n.(type) {
	case *syntax.Command:
		c.command(n)
	case *syntax.Redirection:
		c.redirection(n)
	case *syntax.Convert:
		c.report(n.Type, c.inspect.Type(n.Type))
	case *syntax.TypeExpr:
		c.report(n, c.inspect.Type(n.Type))
	case *syntax.Member:
		if n.Static {
			c.static(n, n.Target, n.Name, false)
		}
	case *syntax.Invoke:
		if n.Static {
			c.static(n, n.Target, n.Name, true)
		}
	case *syntax.Parameter:
		if n.Type != nil {
			c.report(n.Type, c.inspect.Type(n.Type))
		}
	case *syntax.Attribute:
		c.report(n, c.inspect.Attribute(n))
		return false
	case *syntax.Catch:
		for _, t := range n.Types {
			c.report(t, c.inspect.Type(t))
		}
	}
	return true
}

func (c *checker) command(n *syntax.Command) {
	name, ok := n.CommandName()
	if !ok || c.functions[bare(name)] {
		return
	}
	proper, ok := c.inspect.Cmdlet(name)
	if !ok {
		c.add(c.src, n.Elements[0].Extent(), fmt.Sprintf("The command '%s' is not in the PowerShell subset.", name))
		return
	}
	for _, e := range n.Elements[1:] {
		if p, ok := e.(*syntax.CommandParameter); ok && p.Name != "--" {
			if err := c.inspect.Parameter(proper, p.Name); err != nil {
				c.add(c.src, p.Span, proper+": "+err.Error())
			}
		}
	}
}

func (c *checker) redirection(n *syntax.Redirection) {
	if n.To != 0 {
		return
	}
	if v, ok := n.Target.(*syntax.Variable); ok && v.Path.Key == "null" {
		return
	}
	c.add(c.src, n.Span, "Redirection goes to $null or another stream only in the PowerShell subset.")
}

func (c *checker) static(n syntax.Node, target, name syntax.Expr, call bool) {
	t, ok := target.(*syntax.TypeExpr)
	member, written := name.(*syntax.String)
	if !ok || !written || c.inspect.Type(t.Type) != nil {
		return
	}
	c.report(n, c.inspect.Static(t.Type, member.Value, call))
}
