// Package syntax reads Windows PowerShell 5.1: its tokenizer, its grammar and
// the tree a script becomes.
//
// The tokenizer follows the one PowerShell has, because scripts depend on its
// oddities: it works in a command mode and an expression mode, four characters
// are single quotes, four are double quotes and four are dashes, and the text
// inside $( ) of a double-quoted string is found by counting parentheses before
// it is parsed.
//
// What it accepts is a subset; the constructs left out (classes, enums, using,
// data sections, workflows, trap, dynamicparam, configuration, background jobs)
// are refused by name with the error id UnsupportedConstruct. Everything else
// that is refused carries the error id and the text PowerShell gives.
//
// It is not an evaluator, it resolves no command and no type, and it recovers
// from nothing: the first error ends a parse.
package syntax
