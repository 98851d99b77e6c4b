// Package inventory is what lifeboat is told of the world it looks after: who
// may ask for what, which hosts there are and how to log in to them, and which
// VM lives where. It is one declarative YAML document; names in it are the
// names used everywhere else.
//
// A Document is what is written; an Inventory is a document that passed every
// check, completed with the documented defaults and indexed. There is no other
// way to get an Inventory, so whoever holds one need not check it again.
//
// A mistake in the document is answered with all mistakes at once, each with
// its place, the value found there and what to write instead. Keys that are
// not known are mistakes too. Secrets are named by reference (pkg/secret); one
// that is written into the document is refused and never repeated in the
// answer.
//
// What this package is not: it holds wishes and addresses, not observations.
// Which host is primary at this moment is read from the hosts. Apart from
// Load everything here is pure; its revisions on the bus are package revisions.
package inventory
