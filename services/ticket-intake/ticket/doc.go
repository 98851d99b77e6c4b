// Package ticket folds the events of one ticket of one ticket system, all its
// revisions, into what is known of it.
//
// The first answer to a revision stands. A later refusal under the same number
// is the answer to another content that came with it, and changes nothing.
//
// What this package is not: it decides nothing. What to answer is package
// judgement's, what to pass on is package progress's. It is pure.
package ticket
