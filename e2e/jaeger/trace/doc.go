// Package trace is a trace as a store of traces gives it back, and what can be
// asked of it without knowing who made it: is it one story, with nothing that
// hangs in the air and no time that nobody accounts for.
//
// What this package is not: it makes no spans and fetches none.
package trace
