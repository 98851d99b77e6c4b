// Package progress decides what a ticket is told of the runs it asked for or
// steered: that a run has got somewhere, and, once all have ended, how.
//
// The last word is computed from the runs as they stand, never from the order
// in which news came in, so it is the same whatever was delivered twice, late
// or never.
//
// What this package is not: it reads no clock and no bus.
package progress
