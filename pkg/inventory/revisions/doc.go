// Package revisions keeps the inventory on the bus: whoever has the document
// stores it, and every service that needs it watches it. Former revisions stay
// readable, so that a run can say which inventory it was planned with.
//
// What this package is not: it does not merge. A new document replaces the old
// one as a whole.
package revisions
