package inventory

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// maxDocumentBytes bounds an inventory document: 10,000 VMs need some 3 MB.
const maxDocumentBytes = 32 << 20

// Load reads and parses the document at path. A document with mistakes gives
// Problems.
func Load(path string) (*Inventory, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("inventory: %w", err)
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxDocumentBytes+1))
	if err != nil {
		return nil, fmt.Errorf("inventory: %w", err)
	}
	return Parse(path, raw)
}

// Parse makes an Inventory of a YAML document, of which JSON is a form. file
// is only for messages. A document with mistakes gives Problems, which lists
// all of them: first those of form, and only without any of these those of
// content.
func Parse(file string, raw []byte) (*Inventory, error) {
	doc, form, problems := decode(raw)
	if len(problems) == 0 {
		complete(&doc)
		problems = form.locate(validate(doc))
	}
	if len(problems) == 0 {
		return newInventory(doc), nil
	}
	for i := range problems {
		problems[i].File = file
	}
	problems.sort()
	return nil, problems.bounded()
}

// New makes an Inventory of a document that was built in memory. Errors are
// Problems without places.
func New(doc Document) (*Inventory, error) {
	doc = clone(doc)
	complete(&doc)
	if problems := validate(doc); len(problems) > 0 {
		return nil, problems.bounded()
	}
	return newInventory(doc), nil
}

// decode turns text into a Document of the right form.
func decode(raw []byte) (doc Document, f *form, problems Problems) {
	f = &form{places: map[string]place{}}
	body, problems := parseTree(raw)
	if len(problems) > 0 || body == nil {
		return doc, f, problems
	}
	f.check("", body, reflect.TypeFor[Document](), 0)
	if len(f.problems) > 0 {
		return doc, f, f.problems
	}
	if err := yaml.NodeToValue(body, &doc, yaml.Strict()); err != nil {
		return doc, f, Problems{syntaxProblem(err)}
	}
	return doc, f, nil
}

// parseTree parses the text into the one tree it may hold; nil when it holds
// nothing but comments, which is an empty inventory. The parser's own panics
// on broken text become problems.
func parseTree(raw []byte) (body ast.Node, problems Problems) {
	defer func() {
		if recover() != nil {
			body, problems = nil, Problems{{Text: "is not YAML", Fix: "compare it with the documented example"}}
		}
	}()
	if len(raw) > maxDocumentBytes {
		return nil, Problems{{Text: fmt.Sprintf("is larger than %d bytes", maxDocumentBytes), Fix: "give the path of the inventory document"}}
	}
	file, err := parser.ParseBytes(raw, 0)
	if err != nil {
		return nil, Problems{syntaxProblem(err)}
	}
	var bodies []ast.Node
	for _, doc := range file.Docs {
		if doc.Body != nil && doc.Body.Type() != ast.CommentType && doc.Body.Type() != ast.NullType {
			bodies = append(bodies, doc.Body)
		}
	}
	switch len(bodies) {
	case 0:
		return nil, nil
	case 1:
		return bodies[0], nil
	default:
		at := placeOf(bodies[1])
		return nil, Problems{{Line: at.line, Column: at.column, Text: "a second document begins here", Fix: "put everything into one and remove the --- between them"}}
	}
}

// syntaxProblem tells a parser's error without the lines of the document that
// the parser would print along, as these may hold secrets.
func syntaxProblem(err error) Problem {
	p := Problem{Text: "is not YAML", Fix: "correct the line"}
	var located yaml.Error
	if errors.As(err, &located) {
		message, _, _ := strings.Cut(located.GetMessage(), "\n")
		p.Text = "is not YAML: " + shorten(message)
		if token := located.GetToken(); token != nil && token.Position != nil {
			p.Line, p.Column = token.Position.Line, token.Position.Column
		}
	}
	return p
}

// locate gives each problem the place of its field, or of the nearest field
// around it that stands in the document.
func (f *form) locate(problems Problems) Problems {
	for i, p := range problems {
		for path := p.Path; ; path = parent(path) {
			if at, ok := f.places[path]; ok {
				problems[i].Line, problems[i].Column = at.line, at.column
				break
			}
			if path == "" {
				break
			}
		}
	}
	return problems
}

// parent is the path one level up; "" is the top.
func parent(path string) string {
	if i := strings.LastIndexAny(path, ".["); i >= 0 {
		return path[:i]
	}
	return ""
}

// sort puts problems in the order of the document.
func (ps Problems) sort() {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}

// bounded cuts a list of problems that nobody would read to its end.
func (ps Problems) bounded() Problems {
	if len(ps) <= maxProblems {
		return ps
	}
	rest := len(ps) - maxProblems
	return append(ps[:maxProblems:maxProblems], Problem{File: ps[0].File, Text: fmt.Sprintf("has %d more problems", rest), Fix: "correct these first"})
}
