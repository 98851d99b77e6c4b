// Package soak lets several clients work on the hosts of a lab for as long as
// one likes, with faults of every kind, verbs, deadlines and cancels drawn from
// a seed, and checks what only shows in the long run: that nothing is left on
// the hosts, that this process keeps no goroutine, file or memory, and that
// what callers were told adds up with what happened.
//
// It goes on in rounds, each a world of its own, so that what a round leaves
// behind is seen by itself: make soak SOAK=10m SOAK_SEED=1.
//
// What this package is not: it has no code of its own besides tests, and says
// nothing of single faults; package conformance does.
package soak
