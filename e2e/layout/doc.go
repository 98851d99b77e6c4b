// Package layout holds the tests that keep the house in shape: which module
// and service may import which, what a core must not touch, what folders are
// called, and that every package says what it is. They read the tree with
// go list and go/ast.
//
// What this package is not: a style guide. What a linter checks, it leaves to
// the linter.
package layout
